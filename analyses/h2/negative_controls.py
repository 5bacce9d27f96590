"""Vetoes that concern no war, and drafts that nobody tabled.

Admissions of members, the choice of a Secretary-General and thematic drafts were vetoed in the
same months in which wars went on. Such a veto does nothing to a war: if wars end more slowly after
it, then the times are slow, and not the vetoed wars.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.checks import judge
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.exclusions import MOST_DRAWS
from collsec.designs.inputs import Prepared
from collsec.designs.jackknife import hazard_ratio
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.histories.cohorts.episodes import PERIOD_STARTS
from collsec.histories.panels import clock
from collsec.measures.veto import WINDOW_MONTHS

from .vetoes import COUNTS_COLUMNS, exposure_alone

QUESTIONS = (
    ("any", "has_control", "A veto that concerns no war in the past 12 months", ("type_group",)),
    ("count", "controls", "… their number: from none to the usual one", ("type_group",)),
    (
        "count_in_period",
        "controls",
        "… their number, and a baseline by period of history",
        ("type_group", "calendar_period"),
    ),
)


@part(
    roles=(Role.FALSIFICATION,),
    tables=(
        TableOf(
            "controls",
            (Role.FALSIFICATION, Role.SENSITIVITY),
            "Vetoes that should do nothing to a war, and the hidden veto as a sensitivity "
            "analysis: hazard ratios of the end. For vetoes that concern no war the clusters are "
            f"calendar years. {COUNTS_COLUMNS}",
        ),
    ),
    variables=(
        VariablesOf("calendar_placebo.*", {"{name}.hr": "estimate", "{name}.ci": "interval"}),
    ),
    uses=(
        "vetoes_on_no_war.item_id",
        "vetoes_on_no_war.date",
    ),
    exposures=("veto_12m",),
    after_primary=True,
)
def calendar_placebo(context: Context, primary: Estimate) -> Part:
    """A placebo on calendar time: vetoes that concern no war, the same months for all wars."""
    study = context.inputs.study
    dates = context.inputs.frames["vetoes_on_no_war"]["date"]
    rows = calendar_rows(context.prepared, dates)
    made, outcomes = [], {}
    for name, column, label, strata in QUESTIONS:
        found = hazard_ratio(
            Comparison(
                rows,
                column,
                strata=strata,
                cluster="calendar_year",
                alongside=context.inputs.spec.cluster,
            ),
            level=study.usual_level,
            power=study.power,
            hypothesis=context.name,
            estimate_id=f"{context.name}.calendar_placebo.{name}",
            role=Role.FALSIFICATION,
            label=label,
            measure="veto_on_no_war",
            lag_months=0,
        )
        made.append(found)
        outcomes[name] = judge(found, primary)
    return Part(
        made,
        quantities={"calendar_placebo.vetoes": Quantity(len(dates), Unit.COUNT)}
        | {
            f"calendar_placebo.{name}.outcome": Quantity(outcome, Unit.TEXT)
            for name, outcome in outcomes.items()
        },
        records={"calendar_placebo": {"vetoes": len(dates), "outcomes": outcomes}},
    )


def calendar_rows(prepared: Prepared, dates: pd.Series) -> pd.DataFrame:
    """The cohort's wars cut wherever the count of the past twelve months changes, and each year.

    Returns
    -------
    DataFrame
        ``(start, stop]`` rows with ``has_control``; ``controls``, the log of one plus the count, 1
        at the count of the median day that has any; ``calendar_year``, ``calendar_period`` and the
        cohort's strata.
    """
    outcome, units = prepared.outcome, prepared.units
    followed = (outcome["exit_date"] >= units["time_zero"]).to_numpy()
    units, outcome = units[followed].reset_index(drop=True), outcome[followed]
    zero = units["time_zero"].to_numpy("datetime64[D]").astype(np.int64)
    exits = clock(units.assign(exit_date=outcome["exit_date"].to_numpy()))
    on = dates.to_numpy("datetime64[D]").astype(np.int64)
    off = (dates + pd.DateOffset(months=WINDOW_MONTHS)).to_numpy("datetime64[D]").astype(np.int64)
    first, last = units["time_zero"].min().year, int(outcome["exit_date"].max().year)
    # The last day of each year: a row begins with the day after.
    year_ends = np.array([f"{y}-12-31" for y in range(first, last + 1)], "datetime64[D]")
    cuts = np.unique(np.concatenate([on, off, year_ends.astype(np.int64)]))
    stretches = []
    for i, (start, length) in enumerate(zip(zero, exits, strict=True)):
        inside = cuts[(cuts > start) & (cuts < start + length)] - start
        ends = np.append(inside.astype(float), length)
        stretches.append(np.column_stack([np.full(len(ends), i), np.append(0.0, ends[:-1]), ends]))
    unit, begin, end = np.concatenate(stretches).T
    unit = unit.astype(int)
    day = zero[unit] + begin
    count = number_on(day, on, off)
    out = pd.DataFrame(
        {
            "unit_id": units["unit_id"].to_numpy()[unit],
            "start": begin,
            "stop": end,
            "event": outcome["is_event"].to_numpy(bool)[unit] & (end == exits[unit]),
            "has_control": (count > 0).astype(float),
            "controls": np.log1p(count) / np.log1p(usual_count(on, off)),
        }
    )
    # The days of a row follow its first moment, so the next day tells the year.
    next_day = (day.astype(np.int64) + 1).astype("datetime64[D]")
    out["calendar_year"] = next_day.astype("datetime64[Y]").astype(int) + 1970
    out["calendar_period"] = np.searchsorted(PERIOD_STARTS, out["calendar_year"], side="right")
    for column in ("gwno_host", "type_group"):
        out[column] = units[column].to_numpy()[unit]
    return out


def number_on(day: np.ndarray, on: np.ndarray, off: np.ndarray) -> np.ndarray:
    """How many spells hold just after each day: begun by it, and not ended."""
    begun: np.ndarray = np.searchsorted(np.sort(on), day, side="right")
    return begun - np.searchsorted(np.sort(off), day, side="right")


def usual_count(on: np.ndarray, off: np.ndarray) -> float:
    """Median number over the days that have any; spells hold after ``on`` up to ``off``."""
    count = number_on(np.arange(on.min(), off.max()), on, off)
    return float(np.median(count[count > 0]))


@part(
    roles=(Role.SENSITIVITY,),
    variables=(
        VariablesOf(
            "sensitivity.veto_until_resolution",
            {
                "hidden_veto.hr": "estimate",
                "hidden_veto.ci": "interval",
                "hidden_veto.ends": "exposed_events",
            },
        ),
    ),
    uses=("veto_until_resolution",),
    exposures=("veto_12m",),
)
def hidden_veto(context: Context) -> Part:
    """A sensitivity analysis only: after a veto, silence of the Council counts as blocked too."""
    draws = min(context.draws.rerandomization_draws, MOST_DRAWS)
    found = exposure_alone(
        context.inputs, "veto_until_resolution", Role.SENSITIVITY, draws, validity="plausible"
    )
    return Part([found])
