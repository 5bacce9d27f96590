"""On a terminal: a hypothesis in one screen, several side by side, references, power."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from collsec.evidence.citation import Used, reference_of
from collsec.evidence.detectable import RATIOS
from collsec.evidence.record import VERDICT_LABELS, Record
from collsec.hypothesis.study import Study
from collsec.reports.tables import pipetables
from collsec.reports.words import summary as briefing
from collsec.reports.words import wording

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

#: Columns and lines of the screen that one hypothesis has to fit.
WIDTH, LINES = 100, 48
#: Lines of the list of estimates that are no estimate: heads, and what stands beneath.
_AROUND = 7
_COLORS = {
    "supported": "green",
    "contradicted": "dark_orange3",
    "mixed": "magenta",
    "no-effect": "blue",
}
#: Checks by the first words of their names on the pages.
_SHORT = {
    "A second engine": "Second engine",
    "Random exposure": "Under the null",
    "One conflict": "Leave one out",
    "Principled": "Agreement in sign",
    "The effect is the same": "Proportional",
}


def show(
    record: Record,
    title: str,
    study: Study,
    p_holm: Mapping[str, float],
    *,
    is_whole: bool = False,
) -> list[RenderableType]:
    """Return what one screen says of a hypothesis.

    Parameters
    ----------
    record : Record
    title : str
        The question, as its report is headed.
    study : Study
        Choices shared by all hypotheses.
    p_holm : mapping of str to float
        Holm's p-values over the primaries, by hypothesis.
    is_whole : bool
        Every estimate, however long the list.

    Returns
    -------
    list of renderables
        For a terminal of :data:`WIDTH` columns; less is cut or wrapped.
    """
    from rich.text import Text

    code = record.verdict["code"]
    head = Text.assemble(
        (f"{record.hypothesis.upper()}  {title}", "bold"), "\n", (briefing.cited(record), "dim")
    )
    sentence = str(record.verdict["sentence"]).split(": ", 1)[-1]
    verdict = Text.assemble(
        (f"\n{VERDICT_LABELS[code].upper()}  ", f"bold {_COLORS.get(code, '')}".strip()),
        sentence,
        *(f"\n  · {reason}" for reason in record.verdict["reasons"]),
        "\n",
    )
    told = _facts(briefing.facts(record, study, p_holm.get(record.hypothesis, math.nan)))
    checks = _checks(record)
    rows = math.inf if is_whole else LINES - _AROUND - _lines(head, verdict, told, checks)
    return [head, verdict, told, _estimates(record, rows), checks]


def _lines(*parts: RenderableType) -> int:
    """How many lines some parts take."""
    from rich.console import Console

    console = Console(width=WIDTH)
    return sum(len(console.render_lines(part)) for part in parts)


def _facts(told: Mapping[str, str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column()
    for name, text in told.items():
        grid.add_row(name, Text(text))
    return grid


def _estimates(record: Record, rows: float) -> Table:
    """So many estimates by role; of a long role the first few, with their number."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 1),
        title_justify="left",
        caption=briefing.beneath(record),
        caption_justify="left",
        expand=True,
        title="\nEstimates (hazard ratios, unless a unit is named)",
        title_style="bold",
    )
    table.add_column("role", no_wrap=True, style="dim")
    table.add_column("", no_wrap=True, ratio=1, overflow="ellipsis")
    for name in ("value", "interval", "p", "exposed\nends"):
        table.add_column(name, justify="right", no_wrap=True)
    for role, own, left_out in briefing.by_role(record.estimates, rows):
        names = [role.replace("_", " ")]
        if left_out:
            names.append(f" {len(own)} of {len(own) + left_out}")
        for place, row in enumerate(own.to_dict(orient="records")):
            style = "bold" if role == "primary" else "dim" if role == "known_biased" else ""
            name = names[place] if place < len(names) else ""
            if place == len(own) - 1 and len(names) > len(own):
                name = "".join(names)
            table.add_row(name, *(Text(cell, style=style) for cell in briefing.cells(row)))
    return table


def _checks(record: Record) -> Table:
    """What was asked of the primary, as on its page."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 1),
        show_header=False,
        title="\nChecks",
        title_justify="left",
        title_style="bold",
        expand=True,
    )
    table.add_column(ratio=3, overflow="ellipsis", no_wrap=True)
    table.add_column(ratio=2)
    for check, outcome in briefing.checks(record).items():
        table.add_row(check, Text(outcome))
    return table


def compare(
    records: Sequence[Record], titles: Sequence[str], study: Study, p_holm: Mapping[str, float]
) -> Table:
    """Return hypotheses side by side, one a column.

    Parameters
    ----------
    records : sequence of Record
    titles : sequence of str
    study : Study
    p_holm : mapping of str to float
        Holm's p-values over the primaries, by hypothesis.
    """
    from rich.table import Table
    from rich.text import Text

    columns = [_column(r, t, study, p_holm) for r, t in zip(records, titles, strict=True)]
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_lines=False, expand=True)
    table.add_column("", style="bold", no_wrap=True)
    for record in records:
        table.add_column(record.hypothesis.upper(), ratio=1)
    for name in dict.fromkeys(name for column in columns for name in column):
        table.add_row(name, *(Text(column.get(name, pipetables.NONE)) for column in columns))
    return table


def _short(check: str) -> str:
    """The name of a check that fits beside columns."""
    return next((short for begin, short in _SHORT.items() if check.startswith(begin)), check)


def _column(
    record: Record, title: str, study: Study, p_holm: Mapping[str, float]
) -> dict[str, str]:
    """One hypothesis, fact by fact."""
    primary = record.primary
    told = briefing.facts(record, study, p_holm.get(record.hypothesis, math.nan))
    asked = briefing.checks(record)
    placebos = {k.removeprefix("Placebo: "): v for k, v in asked.items() if k.startswith("Placebo")}
    rest = {k: v for k, v in asked.items() if not k.startswith("Placebo")}
    return {
        "Question": title,
        "Verdict": f"{VERDICT_LABELS[record.verdict['code']]}: "
        f"{'; '.join(record.verdict['reasons'])}",
        **told,
        "Hazard ratio": f"{pipetables.in_unit(primary['estimate'], 'hazard_ratio')} "
        f"({pipetables.interval(primary['ci_low'], primary['ci_high'], 'hazard_ratio')})",
        "Placebos": "; ".join(f"{name}: {outcome}" for name, outcome in placebos.items()),
        **{_short(name): outcome for name, outcome in rest.items()},
        "Result": briefing.cited(record),
    }


def cited(used: Sequence[Used]) -> RenderableType:
    """Return the references of what was used, with the columns that rest on each."""
    from rich.text import Text

    text = Text()
    for use in used:
        if use.source is not None:
            columns = "; ".join(f"{t}: {', '.join(c)}" for t, c in _by_table(use.columns).items())
            text.append(f"{use.key}\n", "bold").append(f"{reference_of(use.source)}\n")
            text.append(f"{columns}\n\n", "dim")
    documents = [use for use in used if use.source is None]
    if documents:
        text.append(f"{len(documents)} documents, named by rows\n", "bold")
        text.append("".join(f"{use.key}\n" for use in documents))
    return text


def _by_table(columns: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for column in columns:
        table, _, name = column.partition(".")
        found.setdefault(table, []).append(name)
    return found


def powers(
    rows: pd.DataFrame, made: pd.DataFrame, *, share: float, alpha: float, power: float
) -> list[RenderableType]:
    """Return the effects that could be seen, and those that the study's primaries could show.

    Parameters
    ----------
    rows, made : DataFrame
        From :mod:`collsec.evidence.detectable`.
    share, alpha, power : float
        What the rows rest on.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in (
        "exposed\nends",
        "seen if hazard\nratio above",
        "or\nbelow",
        *(f"power at\n{r:g}" for r in RATIOS),
    ):
        table.add_column(name, justify="right")
    for row in rows.to_dict(orient="records"):
        table.add_row(
            pipetables.count(row["exposed_events"]),
            wording.number(row["above"]),
            wording.number(row["below"]),
            *(wording.percent(row[f"power_{r:g}"]) for r in RATIOS),
        )
    told = (
        f"Two-sided test at level {alpha:.3g} with power {wording.percent(power)}; "
        f"{wording.percent(share)} of those at risk are exposed when a war ends. Each design "
        "has a share and strata of its own, so that the primaries of the study stand apart."
    )
    lines = [
        f"{row['hypothesis'].upper()}, with {row['exposed_events']} exposed ends: above "
        f"{wording.number(row['above'])} or below {wording.number(row['below'])}"
        for row in made.to_dict(orient="records")
    ] or ["nothing is estimated yet: run `collsec run`"]
    return [table, f"\n{told}\n", *lines]
