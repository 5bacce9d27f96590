"""A table of models as a journal prints it, for LaTeX, Word, HTML and text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MINUS = "−"
LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        MINUS: "$-$",
    }
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True, slots=True, repr=False)
class JournalTable:
    """A table of models, its cells ready to print.

    Attributes
    ----------
    columns : tuple of str
        Names of the models.
    rows : tuple of tuple of str
        Label and one cell per model; an error or interval stands in a row of its own, below its
        estimate, with an empty label.
    facts : tuple of tuple of str
        Rows below the line.
    title, note : str
        Empty for none.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    facts: tuple[tuple[str, ...], ...]
    title: str
    note: str

    def to_text(self) -> str:
        """Return the table as aligned text."""
        lines = [("", *self.columns), *self.rows, *self.facts]
        widths = [max(len(line[j]) for line in lines) for j in range(len(lines[0]))]

        def line(cells: tuple[str, ...]) -> str:
            first = cells[0].ljust(widths[0])
            others = (c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True))
            return "  ".join((first, *others)).rstrip()

        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        body = [
            line(("", *self.columns)),
            rule,
            *map(line, self.rows),
            rule,
            *map(line, self.facts),
        ]
        return "\n".join(filter(None, (self.title, *body, self.note)))

    def to_latex(self) -> str:
        """Return the table for LaTeX with the package booktabs."""

        def line(cells: Iterable[str]) -> str:
            return " & ".join(cell.translate(LATEX) for cell in cells) + r" \\"

        parts = [r"\begin{table}[htbp]", r"\centering"]
        if self.title:
            parts.append(rf"\caption{{{self.title.translate(LATEX)}}}")
        parts += [rf"\begin{{tabular}}{{l{'r' * len(self.columns)}}}", r"\toprule"]
        parts += [line(("", *self.columns)), r"\midrule", *map(line, self.rows)]
        parts += [r"\midrule", *map(line, self.facts), r"\bottomrule", r"\end{tabular}"]
        if self.note:
            parts.append(rf"\par\smallskip\footnotesize {self.note.translate(LATEX)}")
        return "\n".join([*parts, r"\end{table}"]) + "\n"

    def to_html(self) -> str:
        """Return the table as HTML."""

        def line(cells: tuple[str, ...], kind: str = "td") -> str:
            first = f'<th scope="row">{escape(cells[0])}</th>'
            if kind == "th":
                first = "<td></td>"
            opening = '<th scope="col">' if kind == "th" else "<td>"
            others = "".join(f"{opening}{escape(c)}</{kind}>" for c in cells[1:])
            return f"<tr>{first}{others}</tr>"

        parts = ['<table class="models">']
        if self.title:
            parts.append(f"<caption>{escape(self.title)}</caption>")
        parts += ["<thead>", line(("", *self.columns), "th"), "</thead>"]
        parts += ["<tbody>", *map(line, self.rows), "</tbody>"]
        parts += ["<tbody>", *map(line, self.facts), "</tbody>"]
        if self.note:
            width = len(self.columns) + 1
            parts.append(f'<tfoot><tr><td colspan="{width}">{escape(self.note)}</td></tr></tfoot>')
        return "\n".join([*parts, "</table>"]) + "\n"

    def to_word(self) -> bytes:
        """Return the table as a Word document (.docx); equal tables give equal bytes."""
        pages = {
            "[Content_Types].xml": (
                f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
                '"application/vnd.openxmlformats-package.relationships+xml"/>'
                '<Override PartName="/word/document.xml" ContentType="application/vnd.'
                'openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
            ),
            "_rels/.rels": (
                f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
                f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
            ),
            "word/document.xml": self._word_document(),
        }
        out = BytesIO()
        with ZipFile(out, "w", ZIP_DEFLATED) as archive:
            for name, text in pages.items():
                entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type = ZIP_DEFLATED
                archive.writestr(entry, '<?xml version="1.0" encoding="UTF-8"?>' + text)
        return out.getvalue()

    def _word_document(self) -> str:
        def paragraph(text: str, side: str = "left") -> str:
            spacing = '<w:spacing w:before="0" w:after="0"/>'
            run = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
            return f'<w:p><w:pPr>{spacing}<w:jc w:val="{side}"/></w:pPr>{run}</w:p>'

        def row(cells: tuple[str, ...], borders: str = "") -> str:
            lines = "".join(f'<w:{b} w:val="single" w:sz="6"/>' for b in borders.split())
            look = f"<w:tcPr><w:tcBorders>{lines}</w:tcBorders></w:tcPr>"
            inner = (
                f"<w:tc>{look}{paragraph(text, 'right' if j else 'left')}</w:tc>"
                for j, text in enumerate(cells)
            )
            return f"<w:tr>{''.join(inner)}</w:tr>"

        grid = "<w:gridCol/>" * (len(self.columns) + 1)
        body = [row(("", *self.columns), "top bottom"), *map(row, self.rows)]
        for j, cells in enumerate(self.facts):
            last = j == len(self.facts) - 1
            body.append(row(cells, " ".join(["top"] * (j == 0) + ["bottom"] * last)))
        table = f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{''.join(body)}</w:tbl>"
        above = paragraph(self.title) if self.title else ""
        return (
            f'<w:document xmlns:w="{WORD}"><w:body>{above}{table}{paragraph(self.note)}'
            "</w:body></w:document>"
        )

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return self.to_text()
