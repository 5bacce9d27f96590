"""The files of a figure or table: pictures, numbers, and all of it as one.

Each says itself what it is from, wherever it goes: version, data, profile, and result id stand in
the metadata of pictures, and in the last column of numbers.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from collsec.reports.figures import Drawing
from collsec.reports.figures.style import DARK, INK, SOURCE
from collsec.reports.pages import generated
from collsec.reports.pages.catalog import Item
from collsec.reports.pages.citation import TEXT_LICENSE

if TYPE_CHECKING:
    import pandas as pd

_ALONE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{words}</title>
<style>
body {{ margin: 1rem auto; max-width: 60rem; padding: 0 1rem; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; }}
@media (prefers-color-scheme: dark) {{ body {{ background: {dark}; color: {ink}; }} }}
svg {{ width: 100%; height: auto; }}
p {{ margin: 0.5rem 0; }}
</style>
</head>
<body>
<main>
{svg}
<p role="heading" aria-level="1">{words}</p>
<p>{source}</p>
<details><summary>Show it within another page</summary>
<p>Put this file next to that page, and there:
<code>&lt;iframe src=&quot;{name}.html&quot; title=&quot;{name}&quot; width=&quot;100%&quot;
height=&quot;600&quot;&gt;&lt;/iframe&gt;</code></p>
</details>
</main>
</body>
</html>
"""


#: Column of a table of numbers that says what it is from.
FROM = "made_by"
#: Signature and header of a PNG: what is said of it follows.
_HEAD_BYTES = 33


def write_item(folder: Path, item: Item, origin: str) -> None:
    """Write the files of a figure or table.

    Parameters
    ----------
    folder : Path
    item : Item
    origin : str
        What it is from: version, data, profile, and the id of its result where it has one.
    """
    content = item.content
    if isinstance(content, Drawing):
        content = replace(
            content,
            svg=_svg_from(content.svg, origin),
            narrow=_svg_from(content.narrow, origin),
            png=_png_from(content.png, origin),
        )
        (folder / "figures" / f"{item.name}.svg").write_bytes(content.svg)
        (folder / "figures" / f"{item.name}.png").write_bytes(content.png)
        alone = folder / "figures" / f"{item.name}.html"
        alone.write_text(_alone(item, content), encoding="utf-8", newline="\n")
        if content.narrow:
            (folder / "figures" / "narrow" / f"{item.name}.svg").write_bytes(content.narrow)
    else:
        text = f"{content.markdown()}\n{generated.table_files(item.name)}"
        path = folder / f"_tbl-{item.name}.md"
        path.write_text(text, encoding="utf-8", newline="\n")
    write_numbers(content.data, (folder / item.file).with_suffix(".csv"), origin)
    if isinstance(content, Drawing):
        _bundle(folder / "figures", item, content, origin)


def write_numbers(data: pd.DataFrame, path: Path, origin: str) -> None:
    """Write numbers as CSV, with what they are from in the last column."""
    data.assign(**{FROM: origin}).to_csv(path, index=False)


def _svg_from(svg: bytes, origin: str) -> bytes:
    """An SVG whose metadata name its origin; an absent one stays so."""
    said = f"<cc:Work>\n    <dc:source>{escape(origin)}</dc:source>".encode()
    return svg.replace(b"<cc:Work>", said, 1)


def _png_from(png: bytes, origin: str) -> bytes:
    """A PNG with a text chunk *Source*, behind its header."""
    text = b"tEXtSource\0" + origin.encode("latin-1", errors="replace")
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    return png[:_HEAD_BYTES] + chunk + png[_HEAD_BYTES:]


def _alone(item: Item, drawing: Drawing) -> str:
    """A page of one figure that needs no other file: to be sent, or shown within another page."""
    svg = drawing.svg.decode()
    return _ALONE.format(
        svg=svg[svg.index("<svg") :],
        name=item.name,
        dark=DARK["#ffffff"],
        ink=DARK[INK],
        words=escape(drawing.alternative),
        source=escape(SOURCE),
    )


def _bundle(folder: Path, item: Item, drawing: Drawing, origin: str) -> None:
    """Put a figure, its numbers, and what it is into one file, for whoever takes it elsewhere."""
    about = {
        "figure": item.name,
        "shows": drawing.alternative,
        "numbers_from": item.numbers,
        "rule": item.rule,
        FROM: origin,
        "code": "collsec step reports",
        "license": TEXT_LICENSE,
    }
    files = {
        f"{item.name}.svg": drawing.svg,
        f"{item.name}.png": drawing.png,
        f"{item.name}.csv": (folder / f"{item.name}.csv").read_bytes(),
        "about.json": json.dumps(about, ensure_ascii=False, indent=1).encode(),
    }
    with zipfile.ZipFile(folder / f"{item.name}.zip", "w") as bundle:
        for name, content in files.items():
            # Without a date of its own: same inputs, same bytes.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(entry, content)
