"""Peace processes before troops: whether agreements, and not troops, end the wars that get them.

Troops often come where an agreement has been signed. Deployments are therefore redrawn among wars
with the same status on the eve of each, and the hazard ratio is adjusted for that status. What is
signed after troops have come lies on the path from them to the end, and is never conditioned on:
the status of an exposed war is frozen on the eve of its deployment. Wars outside the years of the
record are left out and counted. All of this was declared after first estimates had been seen.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison, identity, sandwich_ratio
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.designs.printed import Column, RecordTable
from collsec.designs.time_varying import (
    EPOCH,
    StatusOf,
    Window,
    lay_out,
    rerandomized,
    within_window,
)
from collsec.histories.panels import UnitSpells, arrange
from collsec.histories.timelines import as_of
from collsec.hypothesis.options import Choices
from riskset.inference import ExposureDesign, InferenceError
from riskset.inference.exposure_design import at_risk_on

#: Months before the day of a deployment in which an agreement, or talks, count.
WINDOWS = (24, 48)
#: Quiet years that end an episode, where an end is one that holds.
HOLDS = 3
#: What is compared between a deployment and its risk set: name, column of the timeline, months.
BALANCE = (
    ("agreements_24", "Agreement in the 24 months before", "agreements", 24),
    ("agreements_48", "Agreement in the 48 months before", "agreements", 48),
    (
        "peacekeeping_48",
        "… with a clause on peacekeepers, 48 months",
        "agreements_peacekeeping",
        48,
    ),
    ("ceasefire_24", "… with a ceasefire, 24 months", "agreements_ceasefire", 24),
)
STATUS = "agreed"

BALANCE_TABLE = RecordTable(
    name="balance",
    record="balance",
    rows="rows",
    caption="Deployments of UN troops against the wars that each is redrawn among: those at risk, "
    "and without troops, on the same day. Means over {n_deployments} deployments from "
    "{first_year} to {last_year}, the years in which agreements are on record, each against the "
    "mean of its own risk set; {n_outside} deployments in other years are left out. Standardized "
    "difference: over the standard deviation within the risk sets. It says how far deployments "
    "were from falling at random; the null calibration does not.",
    columns=(
        Column("On the eve of the deployment", "title", width=34),
        Column("Wars that got troops", "deployed", Unit.NUMBER, width=14),
        Column("Their risk sets", "at_risk", Unit.NUMBER, width=14),
        Column("Risk sets in the same region", "in_region", Unit.NUMBER, width=16),
        Column("Standardized difference", "difference", Unit.NUMBER, width=14),
    ),
)


@part(
    roles=(Role.SENSITIVITY,),
    tables=(
        BALANCE_TABLE,
        TableOf(
            "peace-process",
            (Role.SENSITIVITY,),
            "The primary by status of the peace process on the eve of deployment, and by a "
            "stricter end: hazard ratios of the end of war. Redrawn: intervals by redrawn "
            "deployments; adjusted: by the cluster sandwich. Declared after first estimates had "
            "been seen.",
        ),
    ),
    variables=(
        VariablesOf(
            "process.*",
            {
                "{name}.hr": "estimate",
                "{name}.ci": "interval",
                "{name}.p": "p_value",
                "{name}.ends": "exposed_events",
                "{name}.units": "exposed_units",
                "{name}.expected": "expected_events",
            },
        ),
    ),
    uses=(
        "peace_process.conflict_id",
        "peace_process.known_from",
        "peace_process.agreements",
        "peace_process.agreements_ceasefire",
        "peace_process.agreements_peacekeeping",
        "talks.conflict_id",
        "talks.known_from",
        "talks.months_of_talks",
        "negotiation_coverage.conflict_id",
        "negotiation_coverage.coverage",
        "battle_deaths.deaths_of_year",
    ),
    designs=("time_varying",),
)
def peace_process(context: Context) -> Part:
    """The primary within and adjusted for the status of the peace process; the balance of it."""
    inputs, exposure = context.inputs, context.inputs.spec.exposure
    made: list[Estimate] = []

    def redrawn(
        name: str,
        label: str,
        prepared: Prepared,
        window: Window | None = None,
        status: StatusOf | None = None,
    ) -> None:
        made.append(
            rerandomized(
                inputs,
                prepared,
                exposure,
                estimate_id=f"{context.name}.process.{name}",
                role=Role.SENSITIVITY,
                draws=context.draws.rerandomization_draws,
                level=inputs.study.usual_level,
                label=label,
                window=window,
                status=status,
            )
        )

    for months in WINDOWS:
        window = covered(inputs, "agreements", months)
        status = within(inputs, "peace_process", "agreements", months)
        said = f"Years in which agreements of the past {months} months are on record"
        redrawn(f"covered_{months}", said, context.prepared, window)
        said = f"… redrawn by agreement in the {months} months before"
        redrawn(f"strata_{months}", said, context.prepared, window, status)
        made.append(adjusted(inputs, context.prepared, months, window))
    of_talks = talked_of(inputs, context.prepared)
    window = covered(inputs, "negotiations", WINDOWS[0])
    status = within(inputs, "talks", "months_of_talks", WINDOWS[0])
    redrawn("talks_covered", "States whose talks are on record", of_talks, window)
    redrawn("talks_strata", "… redrawn by talks in the 24 months before", of_talks, window, status)
    held = prepare(inputs, exposure, choices=Choices(gap_years=HOLDS))
    redrawn("gap_3", "An end that holds: three quiet years", held)
    window = covered(inputs, "agreements", WINDOWS[0])
    status = within(inputs, "peace_process", "agreements", WINDOWS[0])
    redrawn("gap_3_strata", "… redrawn by agreement in the 24 months before", held, window, status)

    quantities, balance = balanced(inputs, context.prepared)
    return Part(made, quantities=quantities, records={"balance": balance})


def covered(inputs: Inputs, record: str, months: int) -> Window:
    """From when to when it is known whether there was something in so many months before."""
    extent = inputs.extents[record]
    return extent.first_day + pd.DateOffset(months=months), extent.last_day


def within(inputs: Inputs, timeline: str, column: str, months: int) -> StatusOf:
    """Whether a running count of a timeline rose in the months before each day, strictly."""
    steps = inputs.timelines[timeline]

    def status(units: pd.DataFrame, days: pd.Series) -> np.ndarray:
        conflict = units["conflict_id"].to_numpy()
        day = pd.to_datetime(days.to_numpy())
        asked = pd.DataFrame(
            {
                "conflict_id": np.tile(conflict, len(day)),
                "date": np.repeat(day.to_numpy(), len(conflict)),
            }
        )
        now = as_of(steps, "conflict_id", asked, column)
        asked["date"] -= pd.DateOffset(months=months)
        before = as_of(steps, "conflict_id", asked, column)
        rose: np.ndarray = (now > before).to_numpy().astype(np.int64)
        return rose.reshape(len(day), len(conflict))

    return status


def talked_of(inputs: Inputs, prepared: Prepared) -> Prepared:
    """The wars of the states whose negotiations are on record throughout."""
    coverage = inputs.frames["negotiation_coverage"]
    known = set(coverage.loc[coverage["coverage"] == "region", "conflict_id"].astype(int))
    return prepared.only(lambda frame: frame["conflict_id"].astype(int).isin(known))


def adjusted(inputs: Inputs, prepared: Prepared, months: int, window: Window) -> Estimate:
    """The primary's model with the status as a covariate, frozen on the eve of deployment."""
    exposure, spec = inputs.spec.exposure, inputs.spec
    frozen = within_window(with_status(inputs, prepared, months), window)
    comparison = Comparison.of(frozen, spec.cluster)
    known = identity(
        inputs,
        exposure,
        estimate_id=f"{spec.hypothesis}.process.adjusted_{months}",
        role=Role.SENSITIVITY,
        label=f"… adjusted for an agreement in the {months} months before",
    )
    return sandwich_ratio(
        comparison, level=inputs.study.usual_level, power=inputs.study.power, **known
    )


def with_status(inputs: Inputs, prepared: Prepared, months: int) -> Prepared:
    """Rows cut also where a war's status changes; that of an exposed war stays as on the eve."""
    spells, units = prepared.spells, prepared.units
    assert spells is not None
    status = status_spells(inputs, prepared, months)
    columns = {prepared.column: spells, STATUS: status}
    drawn = {"unit_id", "conflict_id", "start", "stop", "event", prepared.column}
    carried = [c for c in prepared.rows.columns if c not in drawn]
    rows = arrange(units, prepared.outcome, columns, carried)
    return dataclasses.replace(prepared, rows=rows, adjustment=(*prepared.adjustment, STATUS))


def status_spells(inputs: Inputs, prepared: Prepared, months: int) -> UnitSpells:
    """Spells in which an agreement lies at most so many months back, on the units' clocks."""
    units, spells = prepared.units, prepared.spells
    assert spells is not None
    steps = inputs.timelines["peace_process"].sort_values(["conflict_id", "known_from"])
    pairs = (
        units[["conflict_id", "time_zero"]]
        .assign(unit=np.arange(len(units)))
        .astype({"conflict_id": "int64"})
        .merge(steps[["conflict_id", "known_from"]], on="conflict_id")
        .sort_values(["unit", "known_from"])
    )
    until = pairs["known_from"] + pd.DateOffset(months=months)
    pairs["on"] = (pairs["known_from"] - pairs["time_zero"]).dt.days.astype(float)
    pairs["off"] = (until - pairs["time_zero"]).dt.days.astype(float)
    eve = pd.Series(spells.assigned).groupby(spells.unit).min().to_dict()
    found: list[tuple[int, float, float]] = []
    for unit, own in pairs.groupby("unit"):
        merged = _joined(own[["on", "off"]].to_numpy())
        day = eve.get(int(str(unit)))
        found += [(int(str(unit)), on, off) for on, off in _frozen(merged, day)]
    unit_, on, off = np.array(found, dtype=float).reshape(-1, 3).T
    return UnitSpells(unit_.astype(np.int64), on, on, off)


def _joined(spans: np.ndarray) -> list[tuple[float, float]]:
    """Overlapping spans as one, in order of their beginning."""
    out: list[tuple[float, float]] = []
    for on, off in spans:
        if out and on <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], float(off)))
        else:
            out.append((float(on), float(off)))
    return out


def _frozen(spans: list[tuple[float, float]], day: float | None) -> list[tuple[float, float]]:
    """Spans as they were on the eve of a day, and so from then on."""
    if day is None:
        return spans
    before = [(on, off) for on, off in spans if on < day]
    if before and before[-1][1] >= day:
        before[-1] = (before[-1][0], np.inf)
    return before


def balanced(inputs: Inputs, prepared: Prepared) -> tuple[dict[str, Quantity], dict[str, Any]]:
    """Each deployment against the wars at risk and without troops on its day."""
    window = covered(inputs, "agreements", max(WINDOWS))
    inside = within_window(prepared, window)
    try:
        design = lay_out(inputs, inside, window=window)
        every = lay_out(inputs, prepared).n_spells
    except InferenceError:
        return {}, {"rows": [], "n_deployments": 0, "n_outside": 0}
    units = _followed(inside, window)
    day_of = EPOCH + pd.to_timedelta(design.assigned, unit="D")
    days = pd.Series(day_of)
    exposed = np.zeros((design.n_spells, design.n_units), dtype=bool)
    for spell in range(design.n_spells):
        busy = np.zeros(design.n_units, dtype=bool)
        earlier = slice(0, spell)
        is_on = design.off[earlier] >= design.assigned[spell]
        busy[design.unit[earlier][is_on]] = True
        exposed[spell] = busy
    rows = []
    for name, title, value in _compared(inputs, units, design.origin, days):
        rows.append(_row(design, exposed, name, title, value))
    quantities = {
        f"balance.{row['name']}.{key}": Quantity(row[key], Unit.SHARE)
        for row in rows
        for key in ("deployed", "at_risk", "in_region")
        if row["name"] in {name for name, *_ in BALANCE}
    }
    quantities["balance.deployments"] = Quantity(design.n_spells, Unit.COUNT)
    quantities["balance.outside"] = Quantity(every - design.n_spells, Unit.COUNT)
    return quantities, {
        "rows": rows,
        "n_deployments": design.n_spells,
        "n_outside": every - design.n_spells,
        "first_year": window[0].year,
        "last_year": window[1].year,
    }


def _followed(prepared: Prepared, window: Window) -> pd.DataFrame:
    """The units of :func:`lay_out` within a window, in its order."""
    kept = prepared.rows["unit_id"].unique()
    return prepared.units[prepared.units["unit_id"].isin(kept)].reset_index(drop=True)


def _compared(
    inputs: Inputs, units: pd.DataFrame, origin: np.ndarray, days: pd.Series
) -> list[tuple[str, str, np.ndarray]]:
    """What is compared: name, title and values, shape (n_days, n_units)."""
    made: list[tuple[str, str, np.ndarray]] = [
        (name, title, within(inputs, "peace_process", column, months)(units, days))
        for name, title, column, months in BALANCE
    ]
    on = (days - EPOCH).dt.days.to_numpy(float)
    age = (on[:, None] - origin[None, :]) / 365.25
    made.append(("age", "Years since onset", age))
    asked = pd.DataFrame(
        {
            "conflict_id": np.tile(units["conflict_id"].to_numpy(), len(days)),
            "date": np.repeat(days.to_numpy(), len(units)),
        }
    )
    deaths = as_of(inputs.timelines["battle_deaths"], "conflict_id", asked, "deaths_of_year")
    logs = np.log1p(deaths.to_numpy(float)).reshape(len(days), len(units))
    made.append(("deaths", "Battle deaths of the last full year, log of one plus", logs))
    again = np.tile((units["earlier_episodes"] > 0).to_numpy(float), (len(days), 1))
    made.append(("renewed", "The conflict had an earlier episode", again))
    return made


def _row(
    design: ExposureDesign, exposed: np.ndarray, name: str, title: str, value: np.ndarray
) -> dict[str, Any]:
    """Mean over deployments, over their risk sets, and over those in the same region."""
    own, pool, region, spread = [], [], [], []
    for spell, unit in enumerate(design.unit):
        at_risk = at_risk_on(design.origin, design.entry, design.exit, design.assigned[spell])
        among = at_risk & ~exposed[spell]
        near = among & (design.assignment_strata[:, 0] == design.assignment_strata[unit, 0])
        own.append(value[spell, unit])
        pool.append(value[spell, among].mean())
        region.append(value[spell, near].mean())
        spread.append(value[spell, among].var())
    deviation = float(np.sqrt(np.mean(spread)))
    difference = (np.mean(own) - np.mean(pool)) / deviation if deviation > 0 else np.nan
    return {
        "name": name,
        "title": title,
        "deployed": float(np.mean(own)),
        "at_risk": float(np.mean(pool)),
        "in_region": float(np.mean(region)),
        "difference": float(difference),
    }
