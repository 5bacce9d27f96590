"""Tables of the study as a whole: its claims, links, sources, and where each item comes from."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.designs.estimate import Unit
from collsec.designs.printed import Column
from collsec.evidence.record import Record
from collsec.evidence.withheld import PRIMARY
from collsec.reports.tables.results import INTERVAL_CELL, P_VALUE
from collsec.reports.tables.table import Table, escaped
from collsec.reports.words.verdicts import answer

#: Classes of verdict, in the order in which they are shown, and how each is headed.
CLASSES = {
    "tested": "Claims that an estimate speaks to",
    "not-estimable": "Claims on which data exist, with too few cases for an estimate",
    "deferred": "Claims that can be tested and have not been yet",
    "not-testable": "Claims that no data could decide",
    "not-empirical": "Premises, norms, statements of law and recommendations",
}
QUICK = "Quick profile: fewer draws than the published numbers need; do not cite."
_CLAIM = "{claim_id} “{quote}”"
#: Columns of the page's tables by class; tested claims are cards.
_COLUMNS = {
    "deferred": (
        Column("The article", _CLAIM, width=28),
        Column("As the study reads it", "statement", width=26),
        Column("What would be compared", "estimand", width=20),
        Column("Obstacle", "reason", width=28),
    ),
    "not-estimable": (
        Column("The article", _CLAIM, width=32),
        Column("As the study reads it", "statement", width=30),
        Column("How many cases there are", "reason", width=34),
    ),
    "not-testable": (
        Column("The article", _CLAIM, width=32),
        Column("As the study reads it", "statement", width=30),
        Column("Why", "reason", width=34),
    ),
    "not-empirical": (
        Column("The article", _CLAIM, width=36),
        Column("As the study reads it", "statement", width=32),
        Column("What it is", "reason", width=28),
    ),
}
_FINDING = "{finding}\nHow sure? {how_sure}\nWhat would change it? {what_would_change}"
#: Columns on a terminal, after claim and statement.
_ON_TERMINAL = {
    "tested": (Column("Answer", "answer", width=14), Column("Finding", _FINDING, width=40)),
    "deferred": (Column("Why", "reason", width=40),),
}


@dataclass(frozen=True, slots=True)
class Cards:
    """Claims as blocks of text, one each, with the rows that they were written from."""

    rows: pd.DataFrame
    pages: Mapping[str, str]

    @property
    def data(self) -> pd.DataFrame:
        """The rows of the ledger."""
        return self.rows

    def markdown(self) -> str:
        """Return one block a claim, as the overview has one a hypothesis."""
        rows = self.rows.fillna("").to_dict(orient="records")
        quick = f"{QUICK}\n\n" if any(row["is_quick"] for row in rows) else ""
        cards = "\n".join(self._card({str(k): v for k, v in row.items()}) for row in rows)
        return f"{quick}::: {{.verdicts}}\n{cards}:::\n"

    def _card(self, row: Mapping[str, Any]) -> str:
        h = row["hypothesis"]
        place = f"[{h.upper()}]({self.pages[h]}.qmd)" if h in self.pages else h.upper()
        return (
            f"::: {{.verdict .verdict-{row['standing']}}}\n"
            f"[{row['answer']}]{{.verdict-label}} "
            f"[{row['claim_id']}, {place}]{{.verdict-number}}\n\n"
            f"**{escaped(row['statement'])}**\n\n"
            f"The article: “{escaped(row['quote'])}” (*{escaped(row['section'])}*). "
            f"{escaped(row['reason'])}\n\n"
            f"{escaped(row['finding'])}\n\n"
            + "".join(
                f"*{question}* {escaped(row[key])}\n\n"
                for question, key in (
                    ("How sure?", "how_sure"),
                    ("What would change it?", "what_would_change"),
                )
                if row[key]
            )
            + ":::\n"
        )


def claims(ledger: pd.DataFrame, pages: Mapping[str, str]) -> dict[str, Table | Cards]:
    """Return what a page shows of each class of verdict, by name (``claims-tested``).

    Parameters
    ----------
    ledger : DataFrame
        The claims with their standings in words.
    pages : mapping of str to str
        Name of the report of each hypothesis, for links.
    """
    made: dict[str, Table | Cards] = {}
    for name, caption in CLASSES.items():
        rows = ledger[ledger["verdict_class"] == name]
        made[f"claims-{name}"] = (
            Cards(rows, pages)
            if name == "tested"
            else Table(
                _COLUMNS[name],
                rows.fillna(""),
                f"{caption}.",
                f"tbl-claims-{name}",
                published=rows,
            )
        )
    return made


def claims_of_question(ledger: pd.DataFrame, pages: Mapping[str, str], *, name: str) -> Table:
    """Return the claims of one question with their answers.

    Parameters
    ----------
    ledger : DataFrame
        Rows of the claims with their standings in words.
    pages : mapping of str to str
        Name of the report of each hypothesis, for links.
    name : str
        Of the table, such as ``q1-claims``.
    """
    rows = ledger.fillna("")
    found = [
        f"{row['finding']} ([{str(row['hypothesis']).upper()}]({pages[row['hypothesis']]}.qmd))"
        if row["finding"] and row["hypothesis"] in pages
        else row["reason"]
        for row in rows.assign(
            **{c: [escaped(str(v)) for v in rows[c]] for c in ("finding", "reason")}
        ).to_dict(orient="records")
    ]
    statements = [
        escaped(f"{i} {s}") for i, s in zip(rows["claim_id"], rows["statement"], strict=True)
    ]
    return Table(
        (
            Column("Claim", "claim", width=34, is_markup=True),
            Column("Answer", "answer", width=16),
            Column("What was found, or why nothing", "found", width=50, is_markup=True),
        ),
        rows.assign(claim=statements, found=found),
        "Claims of the article in the study's words, each with its answer.",
        f"tbl-{name}",
        published=ledger,
    )


def claims_on_terminal(ledger: pd.DataFrame) -> list[tuple[str, Table]]:
    """Return a title and a table for each class of verdict, for a terminal of 100 columns."""
    made = []
    for name, caption in CLASSES.items():
        rows = ledger[ledger["verdict_class"] == name]
        table = Table(
            (
                Column("Claim", "claim_id"),
                Column("As the study reads it", "statement", width=30),
                *_ON_TERMINAL.get(name, (Column("Why", "reason", width=40),)),
            ),
            rows.fillna(""),
            QUICK if rows["is_quick"].any() else "",
        )
        made.append((f"{caption} ({len(rows)})", table))
    return made


def claims_as_json(ledger: pd.DataFrame) -> str:
    """Return the ledger as a JSON list of objects, missing cells as null."""
    rows = ledger.astype(object).where(ledger.notna() & (ledger != ""), None)
    return json.dumps(rows.to_dict(orient="records"), ensure_ascii=False, indent=1)


def literature(rows: pd.DataFrame) -> Table:
    """Return what other studies found, with ours alongside.

    Parameters
    ----------
    rows : DataFrame
        From :func:`collsec.reports.words.claims.literature`.
    """
    return Table(
        (
            Column("Study", "[{who}]({source})", width=16, is_markup=True),
            Column("Question and unit", "{question} {study_unit}.", width=24),
            Column("Found", "found", width=26),
            Column("Here", "our_number", width=26),
            Column("How far they compare", "comparison", width=22),
        ),
        rows,
        "Earlier studies of the same questions. A number in parentheses is as the linked document "
        "gives it; where there is none, the document that was read has none.",
        "tbl-literature",
        published=rows,
    )


def replications(rows: pd.DataFrame) -> Table:
    """Return reference numbers of earlier studies, and ours from the same data.

    Parameters
    ----------
    rows : DataFrame
        The ledger of replications, with what is shown as text.
    """
    return Table(
        (
            Column("Study and model", "[{who}]({source}), {model}", width=26, is_markup=True),
            Column("Quantity", "quantity", width=28),
            Column("Reference", "printed", width=12),
            Column("Computed here", "computed", width=14),
            Column("Difference", "difference", width=12),
            Column("Where the reference is from", "where", width=28),
        ),
        rows,
        "Earlier studies computed again from their authors' own data. The difference is that of "
        "our number, rounded as the reference is, from the reference.",
        "tbl-replications",
        published=rows,
    )


def changes(rows: pd.DataFrame) -> Table:
    """Return the primaries of each release and of now, one a row."""
    return Table(
        (
            Column("Primary", "hypothesis", width=10, is_grouped=True),
            Column("Release", "release", width=22),
            Column("Hazard ratio", "estimate", Unit.RATIO, width=10),
            Column("Interval", "{ci_low}\u00a0to\u00a0{ci_high}", Unit.RATIO, width=16),
            Column("*p*", "p_value", Unit.P_VALUE, width=9),
            Column("Wars", "n_units", Unit.COUNT, width=8),
            Column("Exposed terminations", "exposed_events", Unit.COUNT, width=12),
            Column("Verdict", "verdict", width=22),
        ),
        rows,
        "The primary estimates as each release published them, and as they are on this site.",
        "tbl-changes",
        published=rows,
    )


def links(report: pd.DataFrame, *, identifier: str) -> Table:
    """Return the link report: how much of each family found its conflict."""
    names = {"n_rows": "Rows", "n_none": "To none"}
    counts = [c for c in report.columns if c.startswith("n_")]
    heads = {c: names.get(c, c.removeprefix("n_").replace("_", " ").capitalize()) for c in counts}
    return Table(
        (
            Column("Family", "named", width=30),
            *(Column(heads[c], c, Unit.COUNT, width=14) for c in counts),
        ),
        report.assign(named=[str(f).replace("_", " ").capitalize() for f in report["family"]]),
        "Rows of the record, and how many are linked to a conflict by a coded key. To none: coded "
        "as concerning no conflict. Unmatched: a key that no conflict has. Recalled: links that "
        "rest on general knowledge alone, kept out of primary analyses.",
        identifier,
        published=report,
    )


def sources(table: pd.DataFrame) -> Table:
    """Return the data sources: what each is, its version, its years and its license.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `title`, `producer`, `version`, `coverage`, `license`.
    """
    return Table(
        (
            Column("Source", "title", width=32),
            Column("Producer", "producer", width=26),
            Column("Version", "version", width=9),
            Column("Years", "coverage", width=13),
            Column("License", "license", width=20),
        ),
        table,
        "Sources of the study's tables of facts.",
        "tbl-sources",
    )


def item_list(entries: Sequence[tuple[str, str, str, str]], *, hypothesis: str) -> Table:
    """Return the table that maps each table and figure to its rule and its file.

    Parameters
    ----------
    entries : sequence of (identifier, rule, input, output)
        Cross-reference identifier, the rule that made its numbers, the file those stand in, and
        its own file.
    hypothesis : str
    """
    return Table(
        (
            Column("Table or figure", "@{identifier}", width=12, is_markup=True),
            Column("Rule", "`{rule}`", width=12, is_markup=True),
            Column("Numbers from", "`{input}`", width=38, is_markup=True),
            Column("File", "`{output}`", width=38, is_markup=True),
        ),
        pd.DataFrame(entries, columns=["identifier", "rule", "input", "output"]),
        "Where each table and figure comes from.",
        f"tbl-{hypothesis}-items",
    )


def primaries(
    records: Sequence[Record], p_holm: Mapping[str, float], q_value: Mapping[str, float]
) -> Table:
    """Return the main estimate of each hypothesis, one a row."""
    rows = pd.DataFrame([record.primary for record in records])
    codes = [answer(record.verdict) for record in records]
    adjusted = [
        math.nan
        if PRIMARY in record.withheld
        else {**q_value, **p_holm}.get(record.hypothesis, math.nan)
        for record in records
    ]
    shown = rows.assign(
        named=[record.hypothesis.upper() for record in records], verdict=codes, adjusted=adjusted
    )
    return Table(
        (
            Column("Estimate", "{named} {label}", width=30),
            Column("Ratio", "estimate", Unit.RATIO, width=9),
            Column("Interval", INTERVAL_CELL, Unit.RATIO, width=16),
            Column("Level, %", "level", Unit.LEVEL, width=8),
            P_VALUE,
            Column("Adjusted *p*", "adjusted", Unit.P_VALUE, width=9),
            Column("Units", "n_units", Unit.COUNT, width=7),
            Column("Exposed", "exposed_units", Unit.COUNT, width=9),
            Column("Exposed outcomes", "exposed_events", Unit.COUNT, width=9),
            Column("Verdict", "verdict", width=14),
        ),
        shown.reset_index(drop=True),
        "The main estimate of each hypothesis. What a ratio is of, and which units are compared, "
        "stands in each report; of the end of war, one above one means that wars end sooner. "
        "Adjusted: by Holm within the family of main claims; by Benjamini and Hochberg (a "
        "*q*-value) over the main estimates of all other hypotheses, where one that cannot be "
        "estimated counts as having found nothing.",
        "tbl-primaries",
    )


def numbers(
    record: Record,
    shortcodes: Iterable[tuple[str, str]],
    variables: Mapping[str, str],
    origins: Mapping[str, str],
) -> Table:
    """Return every number that a text prints: value, result id, file, and rows that it rests on.

    Parameters
    ----------
    record : Record
    shortcodes : iterable of (kind, argument)
        Those of the text, in its order.
    variables : mapping of str to str
        What each variable prints.
    origins : mapping of str to str
        Result id of each variable that has one.
    """
    h = record.hypothesis
    rows_of = record.estimates.set_index("estimate_id")["nobs"]
    named = dict.fromkeys(argument.strip("\"'") for kind, argument in shortcodes if kind == "var")
    rows = []
    for variable in named:
        if variable not in origins:
            continue
        name = origins[variable].partition("@")[0]
        is_estimate = name in rows_of.index
        rows.append(
            {
                "variable": variable,
                "value": variables[variable],
                "result": origins[variable],
                "file": f"data/processed/estimates/{h}.{'parquet' if is_estimate else 'json'}",
                "rows": int(rows_of[name]) if is_estimate else None,
            }
        )
    columns = ["variable", "value", "result", "file", "rows"]
    return Table(
        (
            Column("Number", "variable", width=30),
            Column("Printed", "value", width=30),
            Column("Result", "result", width=26),
            Column("File", "file", width=30),
            Column("Input rows", "rows", Unit.COUNT, width=10),
        ),
        pd.DataFrame(rows, columns=columns),
        "Numbers of the text, in its order.",
        f"tbl-{h}-numbers",
    )
