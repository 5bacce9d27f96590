"""Names and texts that would act if a page let them: every page shows them, and none runs them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import report_study as study
from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.reports.render import build
from for_all_tests import first

MARK = "canary"
#: What somebody could write into a cell, a label, or a title.
HOSTILE = (
    f"<script>alert('{MARK}')</script>",
    f"<img src=x onerror=alert('{MARK}')>",
    f"[{MARK}](javascript:alert(1))",
    f"![{MARK}](https://example.org/pixel.png)",
    f"[{MARK}]{{onclick=alert(1)}}",
    f"`<b>{MARK}</b>`{{=html}}",
    f"{{{{< include /etc/passwd >}}}} {MARK}",
    f"{{{{< include ../../../etc/passwd >}}}} {MARK}",
    f"{{{{< var h1.result_id >}}}} {MARK}",
    f'#raw("{MARK}") #import "/etc/passwd"',
    f"$\\input{{/etc/passwd}}$ {MARK}",
    f"\\newcommand{{\\x}}{{{MARK}}} \\x",
    f"<!-- {MARK} --> &lt;script&gt;",
    f"@{MARK} [@gleditsch2002] ^[{MARK}]",
    f"::: {{.{MARK} onclick=alert(1)}}",
    f"| {MARK} | cells |",
    f'" onmouseover="alert(1)" {MARK}',
    f"x</title><script>{MARK}</script>",
)
#: Elements and attributes that run or load something.
ACTIVE = {"script", "iframe", "object", "embed", "form", "base", "applet", "foreignobject"}
SCHEMES = ("http:", "https:", "mailto:", "#", "data:image/", "data:,")


#: Scripts that the project writes itself, each a file beside the pages, named by its template.
OWN = re.compile(
    r"explorer\.js|specifications\.js|data/conflicts/index\.js|data/h\d+-specifications\.js"
)


class Live(HTMLParser):
    """What of a page would act."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_own = tag == "script" and len(attrs) == 1 and OWN.fullmatch(dict(attrs).get("src") or "")
        if tag in ACTIVE and not is_own:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            text = re.sub(r"[\s\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or name == "srcdoc":
                self.found.append(f"{tag} {name}={value}")
            if name in ("href", "src") and ":" in text and not text.startswith(SCHEMES):
                self.found.append(f"{tag} {name}={value}")
            if name == "src" and text.startswith("http"):
                self.found.append(f"{tag} loads {value}")


def poison(folder: Path, text: str) -> None:
    """Put a text wherever a name or a text of the data reaches a page."""
    processed = folder / "data" / "processed"
    columns = {
        "estimates/h1": ["label", "note"],
        "estimates/h1-multiverse": ["label"],
        "panels/h1-attrition": ["step", "rule"],
        "episodes/missions": ["acronym", "name", "note"],
        "episodes/episodes": ["location"],
        "episodes/links": ["family"],
        "episodes/acts": ["subject", "title"],
    }
    for name, own in columns.items():
        path = processed / f"{name}.parquet"
        frame = pd.read_parquet(path)
        for column in frame.columns.intersection(own):
            frame[column] = text
        frame.to_parquet(path)
    path = processed / "estimates" / "h1.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    for check in record["diagnostics"].get("falsification", []):
        check["label"] = text
    for option in record["multiverse"].get("options", []):
        option["label"] = text
    path.write_text(json.dumps(record), encoding="utf-8")
    claims = folder / "data" / "raw" / "coded" / "claims.csv"
    frame = pd.read_csv(claims, dtype=str, keep_default_na=False)
    for column in ("statement", "reason"):
        frame[column] = text
    frame["quote"] = " ".join(text.split()[:20])
    frame.to_csv(claims, index=False)
    sources = folder / "data" / "raw" / "sources.toml"
    written = re.sub(
        r'(?m)^(producer|title|coverage|citation|licence) = ".*"$',
        lambda found: f"{found[1]} = {json.dumps(text)}",
        sources.read_text(encoding="utf-8"),
    )
    sources.write_text(written, encoding="utf-8")
    citation = folder / "CITATION.cff"
    cff = citation.read_text(encoding="utf-8")
    citation.write_text(cff.replace("The invented authors", "X"), encoding="utf-8")
    cff = re.sub(r"- name: .*", lambda _: f"- name: {json.dumps(text)}", cff)
    citation.write_text(cff, encoding="utf-8")


@pytest.fixture(autouse=True)
def without_quarto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render with the project's own renderer, whatever is on this machine."""
    monkeypatch.setattr("collsec.reports.render.quarto.is_available", lambda: False)


@pytest.mark.parametrize("start", first(*range(0, len(HOSTILE), 6)))
def test_pages_show_what_the_data_hold_and_run_nothing(
    start: int, tmp_path: Path, repository: Path
) -> None:
    folder = study.write_study(tmp_path / "study", repository, ("h1",))
    poison(folder, " ".join(HOSTILE[start : start + 6]))
    build(Project(folder), ["h1"])
    site = folder / "reports" / "site"
    pages = sorted(site.rglob("*.html"))
    assert len(pages) >= 3
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not Live(text).found, (page.name, Live(text).found)
        assert "root:" not in text, page.name
    for drawing in site.rglob("*.svg"):
        assert not Live(drawing.read_text(encoding="utf-8")).found, drawing.name
    assert any(MARK in page.read_text(encoding="utf-8") for page in pages)


@pytest.mark.parametrize(
    "body",
    first(
        "{{< include /etc/passwd >}}",
        "{{< include ../../data/raw/sources.toml >}}",
        "{{< include ~/.bashrc >}}",
        "[x](javascript:alert(1))",
        "[x]( JaVaScRiPt:alert(1))",
        "[x](data:text/html,x)",
        "[x]{onclick=alert(1)}",
        "![A picture.](figures/h1-forest.svg){#fig-h1-forest fig-alt='x' onload=alert(1)}",
        "::: {style='position:fixed'}\nx\n:::",
    ),
)
def test_what_acts_is_refused_on_a_page_that_its_author_wrote(
    body: str, tmp_path: Path, repository: Path
) -> None:
    folder = study.write_study(tmp_path / "study", repository, ("h1",))
    page = next((folder / "analyses").glob("h1-*.qmd"))
    page.write_text(f"{page.read_text(encoding='utf-8')}\n\n{body}\n", encoding="utf-8")
    with pytest.raises(CollsecError):
        build(Project(folder), ["h1"])
    assert not (folder / "reports" / "site" / "index.html").exists()
