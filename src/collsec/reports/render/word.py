"""What a file for Word looks like: page, header, and numbers of pages, put into pandoc's own."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from xml.sax.saxutils import escape

from collsec.reports import pandoc

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
#: A4 with margins, in twentieths of a point.
PAGE = {"w": 11906, "h": 16838, "margin": 1304, "edge": 680}
_SECTION = (
    '<w:headerReference w:type="default" r:id="rIdHeader"/>'
    '<w:footerReference w:type="default" r:id="rIdFooter"/>'
    '<w:footnotePr><w:numRestart w:val="eachSect"/></w:footnotePr>'
    '<w:pgSz w:w="{w}" w:h="{h}"/>'
    '<w:pgMar w:top="{margin}" w:right="{margin}" w:bottom="{margin}" w:left="{margin}" '
    'w:header="{edge}" w:footer="{edge}" w:gutter="0"/>'
)
_LINE = (
    '<?xml version="1.0" encoding="UTF-8"?><w:{part} xmlns:w="{word}"><w:p><w:pPr>'
    '<w:jc w:val="{side}"/></w:pPr>{runs}</w:p></w:{part}>'
)
_RUN = '<w:r><w:rPr><w:sz w:val="16"/></w:rPr>{}</w:r>'
_FIELD = (
    '<w:fldChar w:fldCharType="begin"/>',
    '<w:instrText xml:space="preserve"> {} </w:instrText>',
    '<w:fldChar w:fldCharType="separate"/>',
    "<w:t>1</w:t>",
    '<w:fldChar w:fldCharType="end"/>',
)


def reference(header: str) -> bytes:
    """Return pandoc's model of a document with the page set up.

    Parameters
    ----------
    header : str
        What stands at the head of each page; its number stands at the foot.
    """
    parts = _default()
    section = re.compile(r"<w:sectPr\b[^>]*>.*?</w:sectPr>|<w:sectPr\b[^>]*/>", re.DOTALL)
    body = parts["word/document.xml"].decode()
    parts["word/document.xml"] = section.sub(
        f"<w:sectPr>{_SECTION.format(**PAGE)}</w:sectPr>", body
    ).encode()
    text = _RUN.format(f'<w:t xml:space="preserve">{escape(header)}</w:t>')
    number = _field("PAGE") + _RUN.format("<w:t> / </w:t>") + _field("NUMPAGES")
    for name, part, side, runs in (
        ("Header", "hdr", "left", text),
        ("Footer", "ftr", "right", number),
    ):
        file = f"{name.lower()}1.xml"
        line = _LINE.format(part=part, word=_WORD, side=side, runs=runs)
        parts[f"word/{file}"] = line.encode()
        _into(
            parts,
            "word/_rels/document.xml.rels",
            f'<Relationship Type="{_OFFICE}/{name.lower()}" Id="rId{name}" Target="{file}"/>',
        )
        _into(
            parts,
            "[Content_Types].xml",
            f'<Override PartName="/word/{file}" ContentType="{_TYPE}.{name.lower()}+xml"/>',
        )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file_of:
        for name, content in parts.items():
            file_of.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return made.getvalue()


def _default() -> dict[str, bytes]:
    """The parts of pandoc's own model."""
    done = subprocess.run(
        [pandoc.executable(), "--print-default-data-file", "reference.docx"],
        capture_output=True,
        check=True,
    )
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as model:
        return {name: model.read(name) for name in model.namelist()}


def _field(name: str) -> str:
    """What Word fills in, such as the number of the page."""
    return "".join(_RUN.format(part.format(name)) for part in _FIELD)


def _into(parts: dict[str, bytes], name: str, element: str) -> None:
    """Put an element at the end of the root of a part."""
    before, end, after = parts[name].decode().rpartition("</")
    parts[name] = f"{before}{element}{end}{after}".encode()
