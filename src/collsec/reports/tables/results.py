"""Tables of a hypothesis: each function takes a tidy frame and returns its `Table`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from collsec.designs.estimate import Unit
from collsec.designs.printed import Column
from collsec.reports.tables.table import Table, escaped
from collsec.reports.words import wording
from collsec.reports.words.wording import NONE, with_unit

# Conflicts and missions named where the sign changes; the record of the estimates has all.
_MOST_NAMED = 3
INTERVAL_CELL = "{ci_low}\u00a0to\u00a0{ci_high}"

VALUE = Column("Value", "estimate", unit_of="estimand", width=8)
INTERVAL = Column("Interval", INTERVAL_CELL, unit_of="estimand", width=20)
P_VALUE = Column("*p*", "p_value", Unit.P_VALUE, width=9)


def _count(heading: str, name: str, width: int = 10) -> Column:
    return Column(heading, name, Unit.COUNT, width=width)


_REGRESSION = (
    Column("Model", "model", width=30),
    Column("Lag, months", "lag_months", Unit.COUNT, width=20),
    Column("Hazard ratio of termination", "estimate", Unit.RATIO),
    Column("Interval", INTERVAL_CELL, Unit.RATIO),
    Column("Interval, cluster sandwich", "{cluster_low}\u00a0to\u00a0{cluster_high}", Unit.RATIO),
    Column("Level of the intervals, %", "level", Unit.LEVEL),
    Column("Inference", "method"),
    P_VALUE,
    Column("Standard error of the log", "std_error", Unit.NUMBER, digits=3),
    Column("Detectable if above", "mde_high", Unit.NUMBER),
    Column("Detectable if below", "mde_low", Unit.NUMBER),
    Column("Rejects under the null, %", "null_rejection", Unit.LEVEL),
    _count("Units", "n_units"),
    _count("Terminations", "n_events"),
    _count("Clusters", "n_clusters"),
    _count("Exposed units", "exposed_units"),
    _count("Exposed terminations", "exposed_events"),
    Column("Expected without an effect", "expected_events", Unit.NUMBER, digits=1),
    _count("Exposed clusters", "exposed_clusters"),
    _count("Start–stop rows", "nobs"),
    Column("Validity", "validity"),
)


#: Headings of the regression table where the ratios are not of the end of war.
_OTHERWISE = {
    "Hazard ratio of termination": "Ratio",
    "Terminations": "Outcomes",
    "Exposed terminations": "Exposed outcomes",
    "Start–stop rows": "Rows",
}
_ENDS = (
    "Cox models of the termination of a war on start–stop rows, with Efron's method for ties. A "
    "hazard ratio above one means that wars end sooner. Exposed terminations: wars that ended "
    "while they were exposed. Expected: those that would have without an effect, given who was at "
    "risk at each end."
)
_RATIOS = "The main estimate and its variants, as ratios: one means no difference."
_MODELS_READ = (
    "The first interval is that of the inference named below. Detectable: the smallest effect that "
    "would show at the study's power. Rejects under the null: how often the test, at a level of "
    "5 %, rejects when the exposure is random."
)


def regression(estimates: pd.DataFrame, *, hypothesis: str) -> Table:
    """Return the regression table: models as columns, with counts, clusters and errors named.

    Parameters
    ----------
    estimates : pandas.DataFrame
        Rows of an estimates table with hazard ratios, one a model: the primary and its lags.
    hypothesis : str
        Identifier, such as `h1`.
    """
    models = estimates.assign(
        model=[
            f"({place}) {wording.labeled(row)}"
            for place, row in enumerate(estimates.to_dict(orient="records"), 1)
        ],
        estimate=_values(estimates),
        method=[_method(name) for name in estimates["inference"]],
    )
    of_ends = set(estimates["estimand"]) <= {"hazard_ratio"}
    columns: tuple[Column, ...] = _REGRESSION
    if not of_ends:
        columns = tuple(
            dataclasses.replace(c, heading=_OTHERWISE.get(c.heading, c.heading))
            for c in _REGRESSION
        )
    return Table(
        columns,
        models,
        f"{_ENDS if of_ends else _RATIOS} {_MODELS_READ}",
        f"tbl-{hypothesis}-regression",
        is_transposed=True,
        published=estimates,
    )


def _method(name: str) -> str:
    return name.removeprefix("risk_set_").replace("rerandom", "re-random").replace("_", " ")


def estimate_list(estimates: pd.DataFrame, *, hypothesis: str) -> Table:
    """Return every estimate of a hypothesis, one a row, whatever its estimand."""
    is_of_ends = "hazard_ratio" in set(estimates.loc[estimates["role"] == "primary", "estimand"])
    named = ": hazard ratios, unless a unit is named" * is_of_ends
    rows = estimates.assign(
        named=_labels(estimates),
        estimate=_values(estimates),
        role=[str(r).replace("_", " ") for r in estimates["role"]],
    )
    return Table(
        (
            Column("Estimate", "named", width=44),
            Column("Role", "role", width=15),
            VALUE,
            INTERVAL,
            P_VALUE,
            _count("Exposed terminations" if is_of_ends else "Exposed outcomes", "exposed_events"),
            Column("Validity", "validity", width=14),
        ),
        rows,
        "All estimates, with the interval of each one's own inference, at "
        f"{_levels(estimates)}{named}. The intervals are not "
        "adjusted for the number of rows. Variants change one choice of the primary, with "
        "intervals of the cluster sandwich.",
        f"tbl-{hypothesis}-estimates",
        published=estimates,
    )


def _values(estimates: pd.DataFrame) -> list[Any]:
    """Estimates, and in place of a ratio of zero what was counted and what was expected."""
    return [
        wording.none_ended(row)
        or (wording.missing(row) if row.get("withheld") else row["estimate"])
        for row in estimates.to_dict(orient="records")
    ]


def _labels(estimates: pd.DataFrame) -> list[str]:
    return [
        with_unit(wording.labeled(row), str(row["estimand"]))
        for row in estimates.to_dict(orient="records")
    ]


def _levels(estimates: pd.DataFrame) -> str:
    """The most frequent level of the intervals, and which roles have another."""
    levels = estimates["level"].round(6)
    common = levels.mode().iloc[0]
    others = estimates[levels != common]
    text = wording.level(common)
    for other, rows in others.groupby(levels, sort=False):
        roles = ", ".join(dict.fromkeys(str(r).replace("_", " ") for r in rows["role"]))
        text += f", {wording.level(float(str(other)))} for some rows of role {roles}"
    return text


def of_roles(estimates: pd.DataFrame, *, caption: str, identifier: str) -> Table:
    """Return estimates with their counts, and the reason where there is no number.

    Parameters
    ----------
    estimates : DataFrame
        Rows of an estimates table.
    caption, identifier : str
    """
    # What the act is stands in the label, and what its ratio is in the caption.
    is_act = estimates["estimand"] == "hazard_ratio_of_action"
    plain = [
        with_unit(str(one), str(of))
        for one, of in zip(estimates["label"], estimates["estimand"], strict=True)
    ]
    named = pd.Series(plain, index=estimates.index).where(~is_act, estimates["label"])
    known = estimates["estimate"].notna()
    is_everyone = (estimates["exposed_units"] == estimates["n_units"]).map({True: 1, False: 0})
    rows = estimates.assign(
        named=named.where(known, named + ". " + estimates["note"]),
        value=[
            value
            if isinstance(value, str)
            else wording.in_unit(value, str(estimand))
            if pd.notna(value)
            else wording.NOT_ESTIMABLE
            for value, estimand in zip(_values(estimates), estimates["estimand"], strict=True)
        ],
    )
    counts = {"units": "n_units", "events": "n_events", "clusters": "n_clusters"}
    # Of a count, exposed outcomes are periods or acts and events are what is counted in them.
    is_count = estimates["estimand"] == "rate_ratio"
    for name, every in counts.items():
        # All alone where every unit is exposed, as to a tie in degrees.
        is_whole = is_everyone.astype(bool) | (is_count & (name == "events"))
        rows[f"of_{name}"] = [
            wording.count(total) if whole else f"{wording.count(exposed)} of {wording.count(total)}"
            for exposed, total, whole in zip(
                estimates[f"exposed_{name}"], estimates[every], is_whole, strict=True
            )
        ]
    return Table(
        (
            Column("Estimate", "named", width=38),
            Column("Value", "value", align="right", width=10),
            Column("Interval", INTERVAL_CELL, unit_of="estimand", width=18),
            Column("*p*", "p_value", Unit.P_VALUE, width=8),
            Column("Units", "of_units", align="right", width=14),
            Column("Events", "of_events", align="right", width=12),
            Column("Clusters", "of_clusters", align="right", width=10),
        ),
        rows,
        caption,
        identifier,
        published=estimates,
    )


def checks(diagnostics: Mapping[str, Any], *, hypothesis: str) -> Table:
    """Return what was asked of the primary estimate and what came of it.

    Parameters
    ----------
    diagnostics : mapping
        `engine_gap` (text), `null_calibration` (`rejection_rate`, `draws`), `falsification`
        (`label`, `outcome`), `sign_flips`, `principled_agreement` (share),
        `proportional_hazards_p`.
    """
    calibration = diagnostics["null_calibration"]
    flips = diagnostics["sign_flips"]
    without = NONE if flips is None else "the sign never changes"
    if flips:
        others = len(flips) - _MOST_NAMED
        more = f" and {wording.count(others)} more" if others > 0 else ""
        without = f"the sign changes without {', '.join(flips[:_MOST_NAMED])}{more}"
    rejects = _share(calibration["rejection_rate"])
    p = diagnostics["proportional_hazards_p"]
    lines = [
        ("A second engine gives the same coefficient", f"gap {diagnostics['engine_gap']}"),
        (
            "Random exposure, at the actual counts and dates",
            f"rejects in {rejects} of {wording.count(calibration['draws'])} draws",
        ),
        *((f"Placebo: {p['label']}", str(p["outcome"])) for p in diagnostics["falsification"]),
        ("One conflict or mission left out at a time", without),
        (
            "Principled specifications that agree in sign",
            _share(diagnostics["principled_agreement"]),
        ),
    ]
    if p is not None and not math.isnan(p):
        trend = "The effect is the same at all times since the clock began (proportional hazards)"
        lines.append((trend, f"p {wording.cell(p, Unit.P_VALUE)}"))
    return Table(
        (
            Column("Check of the primary estimate", "check", width=55),
            Column("Outcome", "outcome", width=45),
        ),
        pd.DataFrame(lines, columns=["check", "outcome"]),
        "Checks. A placebo that could not have found an effect that the primary could find is "
        "uninformative, not passed. Random exposure tests the test under its own assignment, not "
        "whether real exposure was as if at random.",
        f"tbl-{hypothesis}-checks",
    )


def _share(share: float | None) -> str:
    return NONE if share is None else wording.percent(share, 1)


def multiverse(summary: Mapping[str, Any], *, hypothesis: str) -> Table:
    """Return the specifications of the multiverse by validity.

    Parameters
    ----------
    summary : mapping
        By tag (`principled`, `plausible`, `known_biased`) and for principled and plausible ones
        together (`summarized`): `n`, `n_estimable`, `share_positive`,
        `share_positive_excluding_zero`, `share_negative_excluding_zero`, and `lowest`, `median`,
        `highest` as log hazard ratios.
    """
    names = {
        "principled": "Principled",
        "plausible": "Plausible",
        "summarized": "Both together",
        "known_biased": "Known to be biased",
    }
    data = pd.DataFrame(
        [
            {"specifications": name, **summary[tag]}
            for tag, name in names.items()
            if summary[tag]["n"]
        ]
    )
    logs = ("lowest", "median", "highest")
    shown = data.assign(**{k: [_ratio(v) for v in data[k]] for k in logs if k in data})
    return Table(
        (
            Column("Specifications", "specifications", width=22),
            _count("Declared", "n"),
            _count("Estimable", "n_estimable", 11),
            Column("Above 1", "share_positive", Unit.SHARE, width=9),
            Column("Interval above 1", "share_positive_excluding_zero", Unit.SHARE),
            Column("Interval below 1", "share_negative_excluding_zero", Unit.SHARE),
            *(Column(k.capitalize(), k, Unit.RATIO, width=9) for k in logs),
        ),
        shown,
        "Ratios of all declared specifications, by the weakest of their choices.",
        f"tbl-{hypothesis}-multiverse-summary",
        published=data,
    )


def _ratio(log: float | None) -> float:
    return math.nan if log is None or pd.isna(log) else math.exp(log)


def attrition(
    steps: pd.DataFrame, *, hypothesis: str, unit: str = "unit", counted: str = "of which ended"
) -> Table:
    """Return the attrition table: each step, why, who remains and who was dropped.

    Parameters
    ----------
    steps : DataFrame
    hypothesis : str
    unit : str
        What remains, in the singular.
    counted : str
        What is counted in it; not shown where it says the same of every step.
    """
    is_said = not (steps["n_units"] == steps["n_events"]).all()
    return Table(
        (
            Column("Step", "named", width=26),
            Column("Rule", "rule", width=44),
            _count(f"{wording.begun(wording.plural(unit))} remaining", "n_units"),
            *([_count(wording.begun(counted), "n_events")] if is_said else []),
            _count("Dropped", "dropped"),
        ),
        steps.assign(named=[wording.begun(str(step)) for step in steps["step"]]),
        "From all episodes to those followed.",
        f"tbl-{hypothesis}-attrition",
        published=steps,
    )


def exposed(wars: pd.DataFrame, *, hypothesis: str) -> Table:
    """Return the exposed wars, each linked to what is on record of its conflict."""
    names = [escaped(name) for name in wars["war"]]
    days = {
        name: pd.to_datetime(wars[f"{name}_date"]).dt.strftime("%Y-%m-%d")
        for name in ("onset", "vote", "talks", "agreement", "exposed", "end")
    }
    ends = [
        f"{day} *" if is_exposed else day
        for day, is_exposed in zip(days["end"], wars["ended_exposed"], strict=True)
    ]
    shown = wars.assign(**days | {"shown": names, "end": ends})
    return Table(
        (
            Column("War", "[{shown}](explorer.qmd#{conflict_id})", width=30, is_markup=True),
            Column("Onset", "onset", width=11),
            Column("Mission authorized", "vote", width=12),
            Column("First talks", "talks", width=11),
            Column("First agreement", "agreement", width=11),
            Column("Exposed from", "exposed", width=11),
            Column("End", "end", width=13),
        ),
        shown,
        "The exposed wars, in the order of the months from onset to exposure. First talks and "
        "first agreement are those within the episode and the years that their records cover. An "
        "asterisk: ended while exposed. Each war leads to all that is on record of its conflict.",
        f"tbl-{hypothesis}-exposed",
        published=wars,
    )


#: A day that does not break at a hyphen.
_DAY = "%Y\u2011%m\u2011%d"


def course(wars: pd.DataFrame, *, name: str) -> Table:
    """Return the course of the exposed wars, each linked to what is on record of its conflict.

    Parameters
    ----------
    wars : DataFrame
        From :func:`collsec.evidence.exposed.exposed_wars`.
    name : str
        Of the table, such as ``q1-wars``.
    """
    days = {
        end: pd.to_datetime(wars[f"{end}_date"]).dt.strftime(_DAY).fillna("")
        for end in ("exposed", "until", "end", "again")
    }
    ends = [
        f"{day}: {str(outcome).replace('_', ' ')}" if day else "goes on"
        for day, outcome in zip(days["end"], wars["outcome"], strict=True)
    ]
    again = [
        day or ("no" if end else NONE) for day, end in zip(days["again"], days["end"], strict=True)
    ]
    shown = wars.assign(
        shown=[escaped(war) for war in wars["war"]],
        exposed=days["exposed"],
        until=days["until"],
        how=ends,
        again=again,
    )
    return Table(
        (
            Column(
                "Armed conflict", "[{shown}](explorer.qmd#{conflict_id})", width=28, is_markup=True
            ),
            Column("Since", "exposed", width=12),
            Column("Until", "until", width=12),
            Column("Days", "exposed_days", Unit.COUNT, width=8),
            Column("How it ended", "how", width=26),
            Column("Active again from", "again", width=14),
        ),
        shown,
        "The armed conflicts that were exposed, in the order of the months from onset to exposure: "
        "since when, until when, and for how many days they are followed; how the episode ended; "
        "and from when the same conflict was active again. Each leads to all that is on record.",
        f"tbl-{name}",
        published=wars,
    )


def amendments(entries: Sequence[Mapping[str, str]], *, hypothesis: str) -> Table:
    """Return what was changed after estimates had been seen: the day, the change, the reason."""
    columns = ["day", "change", "reason"]
    rows = pd.DataFrame([[entry[c] for c in columns] for entry in entries], columns=columns)
    nothing = pd.DataFrame([[None, "Nothing", None]], columns=columns)
    return Table(
        (
            Column("Day", "day", width=12),
            Column("What was changed", "change", width=44),
            Column("Why", "reason", width=44),
        ),
        rows if len(rows) else nothing,
        "Changes of the specification and of its inference after first estimates.",
        f"tbl-{hypothesis}-amendments",
        published=rows,
    )
