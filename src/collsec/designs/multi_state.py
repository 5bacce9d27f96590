"""Wars on their course: from war to an agreement, to the end, to the conflict's next war.

Each transition has a Cox model of its own among the wars in the state that it leaves, on a clock
that starts anew with the state. The exposure changes in time, and may have begun in an earlier
state of the same war. Clusters hold wars in all states, so that errors allow for it where two
transitions are compared. What is followed ends with the record of agreements.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.checks import rejected_by_jackknife
from collsec.designs.comparison import Comparison, identity, sandwich_ratio
from collsec.designs.cox_based import CoxBased, with_time_zero
from collsec.designs.curves import COLUMNS, whole_months
from collsec.designs.estimate import Estimate, Quantity, Unit, seed_for
from collsec.designs.inputs import (
    AS_DECLARED,
    Cohort,
    Inputs,
    PanelBuilder,
    Prepared,
    codes,
    cohort_of,
)
from collsec.designs.jackknife import Refit, hazard_ratio
from collsec.designs.parts import Context, CurveKind, CurveOf, Part, part
from collsec.designs.printed import Column, RecordTable
from collsec.designs.registry import ASSIGNMENT, LAG, LAGS, STRATA, design
from collsec.designs.time_varying import EVE_DRAWS, EVE_MONTHS, EVE_WEIGHT
from collsec.histories.cohorts import courses as histories
from collsec.histories.cohorts.courses import STAYS, TRANSITIONS, State, Transition, on_one_clock
from collsec.histories.panels import DAYS_PER_MONTH, UnitSpells, clock, days_of, unit_spells
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from riskset import BinaryExposure, EstimationError, joint_effects
from riskset.inference import Calibration, permute_within
from riskset.multistate.transition_probabilities import transition_probabilities


def refits(prepared: Prepared, cluster: pd.Series) -> tuple[BinaryExposure, np.ndarray]:
    """All refits at once, and each war's exposure at every event time, beyond its exit too."""
    units, spells = prepared.units, prepared.spells
    assert spells is not None
    quick = BinaryExposure.of(
        clock(units.assign(exit_date=prepared.outcome["exit_date"])),
        prepared.outcome["is_event"].to_numpy(bool),
        pd.Series(codes(units, prepared.strata)),
        cluster,
    )
    paths = np.zeros((len(units), len(quick.times)), dtype=bool)
    inside = (spells.on[:, None] < quick.times) & (quick.times <= spells.off[:, None])
    np.logical_or.at(paths, spells.unit, inside)
    return quick, paths


def redraw_on_the_eve(
    prepared: Prepared, stratum: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Give each course of exposure to a war of its stratum, to one about to end more often.

    Parameters
    ----------
    prepared : Prepared
    stratum : ndarray of int, shape (n_units,)
    draws : int
    rng : Generator

    Returns
    -------
    donors : ndarray of int, shape (n_donors,)
        Wars with any exposure.
    receivers : ndarray of int, shape (draws, n_donors)
        Who gets the course of each: a war still in the state on the day, on its own clock, on which
        the exposure came to the donor; −1 where none was free.
    """
    spells = prepared.spells
    assert spells is not None
    exits = clock(prepared.units.assign(exit_date=prepared.outcome["exit_date"]))
    came = pd.Series(spells.assigned).groupby(spells.unit).min().sort_values(kind="stable")
    donors = came.index.to_numpy()
    receivers = np.full((draws, len(donors)), -1, dtype=np.int64)
    free = np.ones((draws, len(exits)), dtype=bool)
    for place, (donor, day) in enumerate(zip(donors, came.to_numpy(), strict=True)):
        candidates = free & ((exits > day) & (stratum == stratum[donor]))
        weight = np.where(exits - day <= days_of(EVE_MONTHS), math.log(EVE_WEIGHT), 0.0)
        noise = weight + rng.gumbel(size=candidates.shape)
        pick = np.where(candidates, noise, -np.inf).argmax(axis=1)
        placed = np.flatnonzero(candidates.any(axis=1))
        receivers[placed, place] = pick[placed]
        free[placed, pick[placed]] = False
    return donors, receivers


def rejected_courses(
    quick: BinaryExposure, cluster: pd.Series, courses: Iterable[np.ndarray]
) -> Calibration:
    """How often the primary's test rejects, of courses of exposure that change nothing."""

    def made(course: np.ndarray) -> tuple[Refit, float]:
        return quick.refit(course), float((quick.fails * course).sum())

    return rejected_by_jackknife(courses, made, cluster.to_numpy())


JACKKNIFE, SANDWICH = "cluster_jackknife", "cluster_sandwich"
#: What a ratio of the rates of a transition is called, by the state that it leads to.
ESTIMANDS = {
    State.AGREEMENT: "hazard_ratio_of_outcome",
    State.END: "hazard_ratio",
    State.RELAPSE: "hazard_ratio_of_recurrence",
}
#: What a reader calls the transitions.
LABELS = {
    (State.WAR, State.AGREEMENT): "From war to an agreement",
    (State.WAR, State.END): "From war to its end without an agreement",
    (State.AGREEMENT, State.END): "From an agreement to the end",
    (State.END, State.RELAPSE): "From the end to the conflict's next war",
}


class CourseBuilder(PanelBuilder):
    """Wars in the state that a transition leaves."""

    transition: Transition = (State.WAR, State.END)
    # Whoever was exposed at onset never was at risk of becoming so; later states carry exposure on.
    new_on = "onset_date"

    def courses(self, cohort: Cohort, episodes: pd.DataFrame) -> Cohort:
        """The wars of a cohort on their course, within the record of agreements."""
        signed = self.inputs.timelines["peace_process"]
        return histories.courses(cohort, episodes, signed, self.inputs.extents["agreements"])

    def units_of(self, cohort: Cohort, episodes: pd.DataFrame) -> Cohort:
        """Those that came to the state, followed from that day."""
        return histories.between(self.courses(cohort, episodes), self.transition)

    def exposures(
        self, name: str, units: pd.DataFrame, lag: int, calendar: pd.DataFrame
    ) -> tuple[pd.DataFrame, str, UnitSpells | None]:
        """Spells since the onset of the war, on the clock of the state."""
        whole = unit_spells(units.assign(time_zero=units["onset_date"]), calendar, lag)
        waited = (units["time_zero"] - units["onset_date"]).dt.days.to_numpy(float)[whole.unit]
        left = whole.off > waited
        assigned, on, off = (a[left] - waited[left] for a in (whole.assigned, whole.on, whole.off))
        _, column, _ = super().exposures(name, units, lag, calendar)
        return units, column, UnitSpells(whole.unit[left], assigned, on, off)


@functools.cache
def between(origin: State, target: State) -> type[CourseBuilder]:
    """A builder of the wars in one state, whose event is the transition to another."""
    if (origin, target) not in TRANSITIONS:
        raise ValueError(f"no transition leads from {origin} to {target}")
    name = f"{origin.title()}To{target.title()}"
    return type(name, (CourseBuilder,), {"transition": (origin, target)})


@design
class MultiState(CoxBased):
    """One Cox model for each transition; the primary's is that of its builder."""

    name = "multi_state"
    kind = "exposure"
    honors = frozenset({LAGS, LAG, ASSIGNMENT, STRATA})
    methods = (JACKKNIFE,)
    further_methods = (JACKKNIFE, SANDWICH)
    calibration_blocks = 8
    builder: type[CourseBuilder] = between(State.WAR, State.END)

    def rows(self, inputs: Inputs, laid_out: Prepared) -> pd.DataFrame:
        """Rows of the primary's transition, with the day on which each clock starts."""
        return with_time_zero(laid_out.rows, laid_out)

    def along(self, inputs: Inputs, exposure: ExposureSpec, transition: Transition) -> Prepared:
        """The wars in another state than the primary's, laid out for one exposure."""
        prepared = between(*transition)(inputs, ()).prepare(exposure)
        return dataclasses.replace(prepared, estimand=ESTIMANDS[transition[1]])

    def alongside(
        self, inputs: Inputs, laid_out: Prepared, primary: Estimate, draws: Draws
    ) -> list[Estimate]:
        """The other transitions."""
        return self.others(inputs)

    def others(self, inputs: Inputs) -> list[Estimate]:
        """The exposure's ratio on every other transition, and the primary's beside its like."""
        own, exposure = self.builder.transition, inputs.spec.exposure
        made, like = [], []
        for one in TRANSITIONS:
            if one == own:
                continue
            prepared = self.along(inputs, exposure, one)
            made.append(
                self.estimate(
                    inputs,
                    prepared,
                    exposure,
                    estimate_id=f"{inputs.spec.hypothesis}.{'_to_'.join(one)}",
                    role=Role.SECONDARY,
                    level=inputs.study.usual_level,
                    draws=0,
                    label=LABELS[one],
                )
            )
            if one[1] == own[1] and math.isfinite(made[-1].estimate):
                like.append((one, prepared))
        return made + [self._against(inputs, one, prepared) for one, prepared in like]

    def _against(self, inputs: Inputs, other: Transition, prepared: Prepared) -> Estimate:
        """The primary's ratio over that of another transition to the same state, jointly."""
        level, exposure = inputs.study.usual_level, inputs.spec.exposure
        own = self.prepare(inputs, exposure)
        rows, columns = stacked([own, prepared])
        label = f"Primary against: {LABELS[other][0].lower()}{LABELS[other][1:]}"
        estimate_id = f"{inputs.spec.hypothesis}.against_{'_to_'.join(other)}"
        known = identity(
            inputs, exposure, estimate_id=estimate_id, role=Role.INTERACTION, label=label
        )
        known |= {"estimand": "ratio_of_hazard_ratios", "inference": JACKKNIFE}
        known |= self.counts(inputs, own)
        try:
            found = joint_effects(
                rows,
                columns,
                adjustment=(),
                strata=("transition", *own.strata),
                cluster=inputs.spec.cluster,
            )
        except EstimationError as error:
            return Estimate.missing(error, level=level, **known)
        log, spread = found.of(np.array([1.0, -1.0]))
        return Estimate.from_fit(
            log, spread, level=level, degrees=found.degrees, power=inputs.study.power, **known
        )

    def estimate(
        self,
        inputs: Inputs,
        prepared: Prepared,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """By the jackknife over clusters; by the sandwich where asked; counts where too few."""
        comparison, power = Comparison.of(prepared, inputs.spec.cluster), inputs.study.power
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        if (exposure.inference or inputs.spec.inference.method) == SANDWICH:
            return sandwich_ratio(comparison, level=level, power=power, **known)
        return hazard_ratio(comparison, level=level, power=power, **known)

    def calibrate(self, inputs: Inputs, prepared: Prepared, draws: int, block: int) -> Calibration:
        """Rejection rate where courses of exposure are exchanged among the wars of a stratum.

        Each war keeps its transitions and receives the course of another, on the clock of the
        state.
        """
        units = prepared.units
        names = (*prepared.strata, *inputs.spec.inference.assignment_strata)
        stratum, cluster = codes(units, names), units[inputs.spec.cluster]
        quick, paths = refits(prepared, cluster)
        receivers = np.arange(len(units))
        courses = (
            paths[permute_within(receivers, stratum, rng)]
            for rng in self.generators(inputs, draws, block)
        )
        return rejected_courses(quick, cluster, courses)

    def anticipation(self, inputs: Inputs, laid_out: Prepared) -> Calibration:
        """Rejection rate of exposures that change nothing but prefer wars about to end."""
        units, name = laid_out.units, f"{inputs.spec.hypothesis}.eve"
        names = (*laid_out.strata, *inputs.spec.inference.assignment_strata)
        rng = np.random.default_rng(seed_for(inputs.study.seed, name))
        cluster = units[inputs.spec.cluster]
        quick, paths = refits(laid_out, cluster)
        donors, chosen = redraw_on_the_eve(laid_out, codes(units, names), EVE_DRAWS, rng)
        courses = []
        for receivers in chosen:
            drawn, placed = np.zeros_like(paths), receivers >= 0
            drawn[receivers[placed]] = paths[donors[placed]]
            courses.append(drawn)
        return rejected_courses(quick, cluster, courses)

    def curves(
        self, inputs: Inputs, prepared: Prepared
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """None beyond survival in the state; counts of each transition."""
        found: dict[str, Quantity] = {}
        for one in TRANSITIONS:
            panel = self.along(inputs, inputs.spec.exposure, one)
            comparison = Comparison.of(panel, inputs.spec.cluster)
            counts, step = comparison.counts(), "_to_".join(one)
            for field in ("n_units", "n_events", "exposed_events"):
                found[f"{step}.{field}"] = Quantity(counts[field], Unit.COUNT)
            expected = comparison.expected()
            found[f"{step}.expected_events"] = Quantity(expected, Unit.NUMBER, digits=1)
        return [], found


def stacked(panels: Sequence[Prepared]) -> tuple[pd.DataFrame, list[str]]:
    """Rows of several transitions with an exposure column of each, zero on the others' rows.

    Returns
    -------
    rows : DataFrame
        With ``transition``, the number of the panel, as a stratum.
    columns : list of str
    """
    columns = [f"exposed_{number}" for number in range(len(panels))]
    made = []
    for number, one in enumerate(panels):
        rows = one.rows.assign(transition=number, **dict.fromkeys(columns, 0.0))
        rows[columns[number]] = rows[one.column].astype(float)
        made.append(rows)
    return pd.concat(made, ignore_index=True), columns


CURVE = "state_occupation"
#: What a reader calls the states.
NAMES = {
    State.WAR: "At war, no agreement",
    State.AGREEMENT: "At war after an agreement",
    State.END: "At peace",
    State.RELAPSE: "At war again",
}
#: Parts of the horizon that the table shows.
SHOWN = (0.2, 0.6, 1.0)


def occupied(rows: pd.DataFrame, cluster: str, horizon: int) -> pd.DataFrame:
    """Share of wars in each state at whole months since onset.

    Parameters
    ----------
    rows : DataFrame
        As :func:`~collsec.histories.cohorts.courses.on_one_clock` gives them.
    cluster : str
    horizon : int
        Months.

    Returns
    -------
    DataFrame
        Rows of the curves table, by state; intervals at 95 % allow for clusters. Where no war has
        left a state or come to it, the share is its own interval.
    """
    months = whole_months(horizon)
    last = horizon * DAYS_PER_MONTH
    later = rows["stop"] > last
    followed = rows.assign(stop=rows["stop"].clip(upper=last), to=rows["to"].mask(later, STAYS))
    found = transition_probabilities(
        followed[followed["start"] < last],
        start="start",
        stop="stop",
        state="state",
        to="to",
        unit="unit_id",
        censored=STAYS,
        initial=str(State.WAR),
        cluster=cluster,
    ).occupation((months * DAYS_PER_MONTH).tolist())
    made = []
    for state, name in NAMES.items():
        at = found[found["state"] == state]
        if at.empty:
            continue
        share = at["probability"].to_numpy()
        made.append(
            pd.DataFrame(
                {
                    "curve": CURVE,
                    "group": name,
                    "time_months": months,
                    "estimate": share,
                    "ci_low": at["ci_low"].fillna(at["probability"]).to_numpy(),
                    "ci_high": at["ci_high"].fillna(at["probability"]).to_numpy(),
                    "at_risk": math.nan,
                }
            )
        )
    return pd.concat(made, ignore_index=True)[COLUMNS]


@part(
    curves=(CurveOf(CURVE, CurveKind.STATES, "Wars in each state"),),
    tables=(
        RecordTable(
            "occupation",
            CURVE,
            "Where wars stand, by months since onset: share of the wars that began within the "
            "record of agreements (Aalen–Johansen), with intervals at 95 % that allow for "
            "clusters. Where no war has left a state or come to it, the share is its own interval.",
            (Column("State", "group", width=26),),
            spread="month",
            repeated=(
                Column("Month {}", "{estimate} ({ci_low} to {ci_high})", Unit.SHARE, width=20),
            ),
        ),
    ),
    uses=("peace_process.known_from", "episodes.onset_date", "episodes.is_ended"),
)
def state_occupation(context: Context) -> Part:
    """The share of wars in each state over the months since onset, agreement or not, peace or not.

    All wars of the cohort that began within the record of agreements, exposed or not. Later wars of
    the same conflict are units of their own: a war that has resumed is not followed further.
    """
    inputs = context.inputs
    builder = between(State.WAR, State.END)(inputs, ())
    units = builder.cohort(cohort_of(inputs.spec, AS_DECLARED)).units
    horizon = inputs.study.horizon_months
    found = occupied(on_one_clock(units, inputs.spec.cluster), inputs.spec.cluster, horizon)
    months = [round(horizon * part_of) for part_of in SHOWN]
    shown = found[found["time_months"].isin(months)].assign(
        month=lambda rows: rows["time_months"].astype(int)
    )
    at_end = found[found["time_months"] == horizon].set_index("group")
    quantities = {"occupation.horizon": Quantity(horizon, Unit.MONTHS, digits=0)}
    for state, name in NAMES.items():
        for end, column in (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high")):
            share = at_end[column].get(name, math.nan)
            quantities[f"occupation.{state}{end}"] = Quantity(share, Unit.SHARE)
    keys = ["group", "month", "estimate", "ci_low", "ci_high"]
    return Part(
        curves=found,
        quantities=quantities,
        records={CURVE: shown[keys].to_dict(orient="records")},
    )
