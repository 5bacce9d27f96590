"""The terminal view: a hypothesis on one screen, several side by side, references, power.

Estimates and checks are the tables of the pages, printed for a terminal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import Unit
from collsec.designs.printed import Column
from collsec.evidence.citation import Used, reference_of
from collsec.evidence.detectable import RATIOS
from collsec.evidence.record import Record
from collsec.evidence.trace import Trace
from collsec.hypothesis.study import Study
from collsec.reports.tables import results
from collsec.reports.tables.table import Table
from collsec.reports.words import quantities, summary, verdicts, wording
from collsec.reports.words.questions import Answered

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table as RichTable

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
#: Roles in the order of the screen; further ones follow, and known-biased estimates come last.
_ORDER = (Role.PRIMARY, Role.LAG, Role.SECONDARY, Role.OUTCOME)
#: Roles reported elsewhere: placebos among the checks, variants in one line.
_ELSEWHERE = (Role.FALSIFICATION, Role.VARIANT)
#: Units that stand behind a number; a hazard ratio has none.
_UNITS = {
    "probability": "%",
    "probability_difference": "pp",
    "rmst_difference_months": "months",
    "months_per_year_of_delay": "months/yr",
    "ratio_of_hazard_ratios": "HR/HR",
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

    code = record.verdict.code
    head = Text.assemble(
        (f"{record.hypothesis.upper()}  {title}", "bold"), "\n", (summary.cited(record), "dim")
    )
    verdict = Text.assemble(
        (f"\n{verdicts.answer(record.verdict).upper()}  ", f"bold {_COLORS.get(code, '')}".strip()),
        verdicts.without_label(record.verdict),
        *(f"\n  · {reason}" for reason in quantities.reasons(record)),
        "\n",
    )
    facts = _facts(summary.facts(record, study, p_holm.get(record.hypothesis, math.nan)))
    checked = _checks(record).terminal(title="\nChecks", is_cut=True)
    rows = math.inf if is_whole else LINES - _AROUND - _lines(head, verdict, facts, checked)
    return [head, verdict, facts, _estimates(record, rows), checked]


def question(found: Answered) -> list[RenderableType]:
    """Return what one screen says of a question: its finding, and each outcome with its answer."""
    from rich.text import Text

    head = Text.assemble(
        (found.question, "dim"), "\n", (found.title, "bold"), f"\n{found.subtitle}\n"
    )
    parts: list[RenderableType] = [head]
    for one in found.answers:
        parts.append(
            Text.assemble(
                f"{one.outcome.about} ({one.outcome.hypothesis.upper()}): ",
                (one.answer, "bold"),
                f"\n  {one.finding}\n",
            )
        )
    return parts


def _lines(*parts: RenderableType) -> int:
    """How many lines some parts take."""
    from rich.console import Console

    console = Console(width=WIDTH)
    return sum(len(console.render_lines(part)) for part in parts)


def _facts(facts: Mapping[str, str]) -> RichTable:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column()
    for name, text in facts.items():
        grid.add_row(name, Text(text))
    return grid


def _estimates(record: Record, rows: float) -> RichTable:
    """So many estimates by role; of a long role the first few, with their number."""
    lines, styles = [], []
    for role, own, n_hidden in by_role(record.estimates, rows):
        names = [role.replace("_", " ")]
        if n_hidden:
            names.append(f" {len(own)} of {len(own) + n_hidden}")
        for place in range(len(own)):
            name = names[place] if place < len(names) else ""
            if place == len(own) - 1 and len(names) > len(own):
                name = "".join(names)
            lines.append(own.iloc[place].to_dict() | {"shown_role": name})
            styles.append({"primary": "bold", "known_biased": "dim"}.get(role, ""))
    table = estimate_table(pd.DataFrame(lines), summary.beneath(record))
    title = "\nEstimates (hazard ratios, unless a unit is named)"
    return table.terminal(title=title, styles=styles, is_cut=True)


def estimate_table(estimates: pd.DataFrame, caption: str) -> Table:
    """Return estimates with their units behind their values, and why where there is no number.

    Parameters
    ----------
    estimates : DataFrame
        Rows of an estimates table, with `shown_role`.
    caption : str
    """
    rows = estimates.assign(
        named=[_named(row) for row in estimates.to_dict(orient="records")],
        valued=[_valued(row) for row in estimates.to_dict(orient="records")],
    )
    return Table(
        (
            Column("role", "shown_role", is_grouped=True),
            Column("", "named", width=40),
            Column("value", "valued", align="right"),
            Column(
                "interval", "{ci_low}\u00a0to\u00a0{ci_high}", unit_of="estimand", align="right"
            ),
            Column("p", "p_value", Unit.P_VALUE),
            Column("exposed\nends", "exposed_events", Unit.COUNT),
        ),
        rows,
        caption,
    )


def _named(row: Mapping[Any, Any]) -> str:
    estimand, label = str(row["estimand"]), str(row["label"])
    if pd.isna(row["estimate"]) and row["note"]:
        return f"{label}. {row['note']}"
    # The label of an act names the act, and a unit behind the value the estimand.
    if estimand in ("hazard_ratio", "hazard_ratio_of_action") or estimand in _UNITS:
        return label
    return f"{estimand.replace('_', ' ')}: {label}"


def _valued(row: Mapping[Any, Any]) -> str:
    value = wording.in_unit(row["estimate"], str(row["estimand"]))
    if row.get("withheld"):
        return wording.missing(row)
    if pd.isna(row["estimate"]) or row["estimand"] not in _UNITS:
        return value
    return f"{value} {_UNITS[row['estimand']]}"


def _checks(record: Record) -> Table:
    """What was asked of the primary, as on its page, without head and caption."""
    asked = results.checks(record.diagnostics, hypothesis=record.hypothesis)
    columns = (Column("", "check", width=60), Column("", "outcome", width=40))
    return Table(columns, asked.rows)


def by_role(estimates: pd.DataFrame, rows: float) -> list[tuple[str, pd.DataFrame, int]]:
    """Return each role with its first estimates and the number left out.

    The longest role gives way first, so that every role is seen.

    Parameters
    ----------
    estimates : DataFrame
        With `role` and `lag_months`. Placebos and variants are reported elsewhere, and the primary
        stands once, not among its lags again.
    rows : float
        How many rows there may be, at least one a role.
    """
    is_primary = estimates["role"] == Role.PRIMARY
    is_again = (estimates["role"] == "lag") & estimates["lag_months"].isin(
        estimates.loc[is_primary, "lag_months"]
    )
    shown = estimates[~estimates["role"].isin(_ELSEWHERE) & ~is_again]
    found = list(dict.fromkeys(shown["role"]))
    roles = [str(r) for r in _ORDER if r in found]
    roles += [r for r in found if r not in (*_ORDER, "known_biased")]
    roles += [r for r in ("known_biased",) if r in found]
    counts = {role: int((shown["role"] == role).sum()) for role in roles}
    kept = dict(counts)
    while sum(kept.values()) > rows and max(kept.values()) > 1:
        longest = max(roles, key=lambda role: (kept[role], roles.index(role)))
        kept[longest] -= 1
    return [
        (role, shown[shown["role"] == role].head(kept[role]), counts[role] - kept[role])
        for role in roles
    ]


def compare(
    records: Sequence[Record], titles: Sequence[str], study: Study, p_holm: Mapping[str, float]
) -> RichTable:
    """Return hypotheses side by side, one a column.

    Parameters
    ----------
    records : sequence of Record
    titles : sequence of str
    study : Study
    p_holm : mapping of str to float
        Holm's p-values over the primaries, by hypothesis.
    """
    from rich.table import Table as RichTable
    from rich.text import Text

    columns = [_column(r, t, study, p_holm) for r, t in zip(records, titles, strict=True)]
    table = RichTable(box=None, pad_edge=False, padding=(0, 1), show_lines=False, expand=True)
    table.add_column("", style="bold", no_wrap=True)
    for record in records:
        table.add_column(record.hypothesis.upper(), ratio=1)
    for name in dict.fromkeys(name for column in columns for name in column):
        table.add_row(name, *(Text(column.get(name, wording.NONE)) for column in columns))
    return table


def _short(check: str) -> str:
    """The name of a check that fits next to columns."""
    return next((short for begin, short in _SHORT.items() if check.startswith(begin)), check)


def _column(
    record: Record, title: str, study: Study, p_holm: Mapping[str, float]
) -> dict[str, str]:
    """One hypothesis, fact by fact."""
    primary = record.primary
    facts = summary.facts(record, study, p_holm.get(record.hypothesis, math.nan))
    asked = dict(_checks(record).cells())
    placebos = {k.removeprefix("Placebo: "): v for k, v in asked.items() if k.startswith("Placebo")}
    rest = {k: v for k, v in asked.items() if not k.startswith("Placebo")}
    ratio = wording.ratio(primary["estimate"])
    interval = wording.interval_in_unit(primary["ci_low"], primary["ci_high"], "hazard_ratio")
    return {
        "Question": title,
        "Verdict": f"{verdicts.answer(record.verdict)}. {'; '.join(quantities.reasons(record))}",
        **facts,
        "Estimate": primary.get("withheld") or f"{ratio} ({interval})",
        "Placebos": "; ".join(f"{name}: {outcome}" for name, outcome in placebos.items()),
        **{_short(name): outcome for name, outcome in rest.items()},
        "Result": summary.cited(record),
    }


def traced(found: Trace) -> list[RenderableType]:
    """Return the chain behind a number: its value, its files, its wars, and its sources."""
    from rich.table import Table as RichTable
    from rich.text import Text

    kept = (
        "label",
        "withheld",
        "estimate",
        "ci_low",
        "ci_high",
        "level",
        "value",
        "unit",
        "n_units",
    )
    values = ", ".join(f"{k} {found.values[k]}" for k in kept if k in found.values)
    parts: list[RenderableType] = [Text(found.result_id, "bold"), Text(f"{values}\n")]
    chain = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for one in found.stages:
        chain.add_row(Text(one.stage, "bold"), Text(one.file), Text(one.holds))
    parts.append(chain)
    if len(found.wars):
        parts.append(Text("\nExposed wars, and what is on record of them", "bold"))
        facts = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for heading in ("War", "Day", "What", "Source"):
            facts.add_column(heading, overflow="fold")
        for row in found.rows.to_dict(orient="records"):
            what = f"{row['kind']}: {row['name']}"
            day = f"{row['from_date']:%Y-%m-%d}"
            facts.add_row(*map(Text, (row["war"], day, what, str(row["source"]))))
        parts.append(facts)
    parts += [Text("\nSources", "bold"), cited(found.used)]
    return parts


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
    table = Table(
        (
            Column("exposed\nends", "exposed_events", Unit.COUNT),
            Column("seen if hazard\nratio above", "above", Unit.NUMBER),
            Column("or\nbelow", "below", Unit.NUMBER),
            *(Column(f"power at\n{r:g}", f"power_{r:g}", Unit.SHARE, digits=0) for r in RATIOS),
        ),
        rows,
    )
    basis = (
        f"Two-sided test at level {alpha:.3g} with power {wording.percent(power)}; "
        f"{wording.percent(share)} of those at risk are exposed when a war ends. Each design "
        "has a share and strata of its own, so the primaries of the study are listed separately."
    )
    lines = [
        f"{row['hypothesis'].upper()}, with {row['exposed_events']} "
        f"{wording.plural(row['outcome'], row['exposed_events'])}: "
        + (
            row["withheld"]
            or f"above {wording.number(row['above'])} or below {wording.number(row['below'])}"
        )
        for row in made.to_dict(orient="records")
    ] or ["nothing is estimated yet: run `collsec run`"]
    return [table.terminal(), f"\n{basis}\n", *lines]
