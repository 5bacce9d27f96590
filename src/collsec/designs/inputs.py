"""What a design works on, and the units it follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from collsec import measures
from collsec.histories.cohorts import Cohort, select
from collsec.histories.followup import follow_until, merge_gaps
from collsec.histories.panels import (
    UnitSpells,
    arrange,
    clock,
    exposure_column,
    unit_spells,
    with_strata,
)
from collsec.hypothesis.multiverse import AS_DECLARED, Choices, adjusted_for, rules_of
from collsec.hypothesis.specification import ExposureSpec, Spec
from collsec.hypothesis.study import Study
from collsec.measures.interest import COMPONENTS, P5, salience_index, standardized

Made = TypeVar("Made")
# Types, rules, years of a gap, last year.
Followed = tuple[tuple[str, ...], tuple[str, ...], int, int | None]
# Components, powers, weights.
Index = tuple[tuple[str, ...], tuple[str, ...], str]
CARRIED = ("gwno_host", "region", "period", "earlier_episodes_group", "type_group")
# All that the rows of a panel are made from.
LAID_OUT = ("unit_id", "conflict_id", "time_zero", "exit_date", "is_ended", "outcome", *CARRIED)


@dataclass(frozen=True, slots=True)
class Inputs:
    """One hypothesis and the data it is put to.

    Attributes
    ----------
    spec, study : Spec, Study
        The specification and the choices shared by all hypotheses.
    episodes, ties : DataFrame
        Linked episodes; ties of each power to each host before onset.
    missions, acts : DataFrame
        Missions × conflicts with the missions' dates; Council acts × conflicts.
    timelines : dict of DataFrame
        Step functions by family.
    tables : dict of DataFrame
        Typed raw tables that some part needs as they are, by name.
    """

    spec: Spec
    study: Study
    episodes: pd.DataFrame
    ties: pd.DataFrame
    missions: pd.DataFrame
    acts: pd.DataFrame
    timelines: dict[str, pd.DataFrame]
    tables: dict[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A cohort laid out for one exposure and one outcome.

    Attributes
    ----------
    units : DataFrame
        One row per unit followed.
    outcome : DataFrame
        ``exit_date, is_event`` aligned with ``units``.
    rows : DataFrame
        ``(start, stop]`` rows with the exposure in ``column`` and ``adjustment`` beside it.
    column : str
    adjustment : tuple of str
    strata : tuple of str
    spells : UnitSpells or None
        Spells of a time-varying exposure; none for a covariate fixed before onset.
    attrition : DataFrame
    """

    units: pd.DataFrame
    outcome: pd.DataFrame
    rows: pd.DataFrame
    column: str
    adjustment: tuple[str, ...]
    strata: tuple[str, ...]
    spells: UnitSpells | None
    attrition: pd.DataFrame

    def only(self, keep: Callable[[pd.DataFrame], pd.Series]) -> Prepared:
        """The same panel for some of its units.

        Parameters
        ----------
        keep : callable
            Says of a frame, by columns that units and rows both have, which rows stay.
        """
        kept = keep(self.units).to_numpy(bool)
        if kept.all():
            return self
        spells = self.spells
        if spells is not None:
            place, stays = np.cumsum(kept) - 1, kept[spells.unit]
            spells = UnitSpells(
                place[spells.unit[stays]],
                spells.assigned[stays],
                spells.on[stays],
                spells.off[stays],
            )
        return replace(
            self,
            units=self.units[kept].reset_index(drop=True),
            outcome=self.outcome[kept].reset_index(drop=True),
            rows=self.rows[keep(self.rows)].reset_index(drop=True),
            spells=spells,
        )


def prepare(
    inputs: Inputs,
    exposure: ExposureSpec,
    *,
    outcome: str | None = None,
    choices: Choices = AS_DECLARED,
) -> Prepared:
    """Select the cohort and lay out one exposure, as declared or as one specification chooses.

    Units already exposed at time zero are left out (they never were at risk of becoming
    exposed), as are units without a covariate that the model needs; both stand in the attrition.
    """
    bench = Bench(inputs, covariates=adjusted_for(inputs.spec, choices))
    return bench.prepare(exposure, outcome=outcome, choices=choices)


class Bench:
    """Prepares many specifications of one hypothesis; what they share is made once.

    Parameters
    ----------
    inputs : Inputs
    covariates : sequence of str
        Every covariate that some specification adjusts for.
    columns : sequence of str, optional
        Columns of the episodes that are carried along with the units, all unless named: wide
        tables are slow to cut.
    """

    def __init__(
        self, inputs: Inputs, covariates: Sequence[str], columns: Sequence[str] | None = None
    ) -> None:
        self.inputs = inputs
        self.covariates = tuple(covariates)
        self.columns = None if columns is None else list(columns)
        self._made: dict[tuple[Any, ...], Any] = {}

    def _once(self, make: Callable[..., Made], *key: Any) -> Made:
        name = (make.__name__, *key)
        if name not in self._made:
            self._made[name] = make(*key)
        made: Made = self._made[name]
        return made

    def prepare(
        self,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Prepared:
        """As :func:`prepare`."""
        spec = self.inputs.spec
        lag = exposure.lag_months if choices.lag_months is None else choices.lag_months
        prepared = self._once(
            self._completed,
            adjusted_for(spec, choices),
            choices.drop_countries,
            choices.measure or exposure.measure,
            lag,
            outcome or spec.outcome,
            _index_of(choices),
            _cohort_of(spec, choices),
        )
        return replace(prepared, strata=spec.strata if choices.strata is None else choices.strata)

    def _completed(
        self, adjustment: tuple[str, ...], countries: tuple[int, ...], *key: Any
    ) -> Prepared:
        """The panel without units that lack a covariate, and without some countries."""
        prepared = replace(self._once(self._lay_out, *key), adjustment=adjustment)
        needed = list(adjustment)
        if prepared.spells is None and prepared.column not in needed:
            needed.append(prepared.column)
        if needed:
            prepared = prepared.only(lambda frame: frame[needed].notna().all(axis=1))
            prepared = replace(
                prepared,
                attrition=_step(
                    prepared.attrition,
                    "covariates known before onset",
                    "Known for the host: " + "; ".join(measures.get(n).title for n in needed),
                    prepared.units,
                ),
            )
        if countries:
            prepared = prepared.only(lambda frame: ~frame["gwno_host"].isin(countries))
        return prepared

    def _lay_out(
        self, name: str, lag: int, outcome: str, index: Index | None, followed: Followed
    ) -> Prepared:
        cohort = self._once(self._select, followed)
        units = cohort.units if self.columns is None else cohort.units[self.columns]
        attrition = cohort.attrition
        measure = measures.get(name)
        values = {c: self._once(self._covariate, c, None, followed) for c in self.covariates}
        if measure.kind == "covariate":
            values[name] = self._once(self._covariate, name, index, followed)
        units = units.assign(**values)
        if measure.known_until is not None:
            units, attrition = _begun_before(units, measure.known_until, attrition)

        spells = None
        exposures: dict[str, UnitSpells] = {}
        column = name
        if measure.kind != "covariate":
            calendar = self._once(self._calendar, name)
            if measure.kind == "ever":
                units = units.assign(**{column: _ever(units, calendar)})
            else:
                units, attrition = _new_users(units, calendar, attrition)
                column = exposure_column(name, lag)
                spells = unit_spells(units, calendar, lag)
                exposures = {column: spells}
        ends = measures.get(outcome).function(units)
        if measure.known_until is not None:
            ends = followed_until(ends, measure.known_until)
        carried = [*CARRIED, *values, *([name] if measure.kind == "ever" else [])]
        rows = arrange(units, ends, exposures, list(dict.fromkeys(carried)))
        return Prepared(units, ends, rows, column, (), (), spells, attrition)

    def _select(self, followed: Followed) -> Cohort:
        types, rules, gap_years, last_year = followed
        episodes = self.inputs.episodes
        if gap_years > 1:
            episodes = merge_gaps(episodes, gap_years)
        if last_year is not None:
            episodes = follow_until(episodes, last_year)
        cohort = select(episodes, self.inputs.timelines, list(types), list(rules))
        return Cohort(with_strata(cohort.units), cohort.attrition)

    def _covariate(self, name: str, index: Index | None, followed: Followed) -> np.ndarray:
        units = self._once(self._select, followed).units
        if index is None:
            values = measures.get(name).function(units, self.inputs.ties)
        else:
            values = standardized(self._once(self._index, index).reindex(units["episode_id"]))
        return np.asarray(values, dtype=float)

    def _index(self, index: Index) -> pd.Series:
        components, powers, weights = index
        return salience_index(self.inputs.ties, powers, components, weights)

    def _calendar(self, name: str) -> pd.DataFrame:
        calendar: pd.DataFrame = measures.get(name).function(self.inputs.timelines)
        return calendar


def _cohort_of(spec: Spec, choices: Choices) -> Followed:
    return (
        choices.types or spec.cohort.types,
        tuple(rules_of(spec, choices)),
        choices.gap_years or 1,
        choices.last_year,
    )


def _index_of(choices: Choices) -> Index | None:
    """An interest index that is not the registered one: components, powers, weights."""
    if choices.components is None and choices.powers is None and choices.weights is None:
        return None
    return (choices.components or COMPONENTS, choices.powers or P5, choices.weights or "equal")


def _ever(units: pd.DataFrame, calendar: pd.DataFrame) -> np.ndarray:
    """Whether each unit was exposed at any time before its exit, 0 or 1."""
    ever = np.zeros(len(units))
    ever[unit_spells(units, calendar, 0).unit] = 1.0
    return ever


def _new_users(
    units: pd.DataFrame, calendar: pd.DataFrame, attrition: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out units whose exposure had begun by time zero and had not ended."""
    pairs = units[["unit_id", "conflict_id", "time_zero"]].merge(calendar, on="conflict_id")
    prevalent = pairs[
        (pairs["on_date"] <= pairs["time_zero"])
        & (pairs["off_date"].isna() | (pairs["off_date"] > pairs["time_zero"]))
    ]
    kept = units[~units["unit_id"].isin(prevalent["unit_id"])].reset_index(drop=True)
    return kept, _step(
        attrition,
        "not yet exposed at onset",
        "Exposure begun before onset was never at risk of beginning",
        kept,
    )


def _begun_before(
    units: pd.DataFrame, last_day: pd.Timestamp, attrition: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out units that began when the record of the exposure had ended."""
    kept = units[units["time_zero"] < last_day].reset_index(drop=True)
    return kept, _step(
        attrition,
        "begun while the record goes on",
        f"The exposure is recorded to {last_day:%Y-%m-%d}",
        kept,
    )


def followed_until(outcome: pd.DataFrame, last_day: pd.Timestamp) -> pd.DataFrame:
    """The same outcomes with follow-up ending on a day: what came later is not known."""
    is_known = outcome["exit_date"] <= last_day
    return pd.DataFrame(
        {
            "exit_date": outcome["exit_date"].where(is_known, last_day),
            "is_event": outcome["is_event"].astype(bool) & is_known,
        }
    )


def _step(attrition: pd.DataFrame, step: str, rule: str, kept: pd.DataFrame) -> pd.DataFrame:
    before = int(attrition["n_units"].iloc[-1])
    row = {
        "step": step,
        "rule": rule,
        "n_units": len(kept),
        "n_events": int(kept["is_ended"].sum()),
        "dropped": before - len(kept),
    }
    return pd.concat([attrition, pd.DataFrame([row])], ignore_index=True)


def codes(units: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Integer codes of the combinations of some columns (zeros where there are none)."""
    if not columns:
        return np.zeros(len(units), dtype=np.int64)
    return units.groupby(list(columns), sort=True).ngroup().to_numpy(np.int64)


__all__ = [
    "AS_DECLARED",
    "CARRIED",
    "LAID_OUT",
    "Bench",
    "Cohort",
    "Inputs",
    "Prepared",
    "clock",
    "codes",
    "prepare",
]
