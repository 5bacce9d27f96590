"""What a design works on, and the units it follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from collsec import measures
from collsec.histories.cohorts import STRATA, Cohort, select, with_strata
from collsec.histories.panels import (
    UnitSpells,
    arrange,
    clock,
    exposure_column,
    unit_spells,
)
from collsec.histories.registry import Extent
from collsec.histories.variants import follow_until, merge_gaps
from collsec.hypothesis.multiverse import adjusted_for, rules_of
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec, Spec
from collsec.hypothesis.study import Study

Made = TypeVar("Made")
# Types, rules, years of a gap, last year.
Followed = tuple[tuple[str, ...], tuple[str, ...], int, int | None]
# Options of a measure, by name, in order.
Options = tuple[tuple[str, Any], ...]
CARRIED = ("gwno_host", *STRATA)
# All that the rows of a panel are made from.
LAID_OUT = (
    "unit_id",
    "conflict_id",
    "time_zero",
    "onset_date",
    "exit_date",
    "is_ended",
    "outcome",
    *CARRIED,
)


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
    frames : dict of DataFrame
        Further linked frames, and raw tables that a measure takes as they are, by name.
    extents : mapping of str to Extent
        From which day to which each record reaches.
    made : dict
        Cohorts, covariates and calendars that have been made from these: every task of a
        hypothesis asks for the same ones. Inputs that are replaced begin without any.
    """

    spec: Spec
    study: Study
    episodes: pd.DataFrame
    ties: pd.DataFrame
    missions: pd.DataFrame
    acts: pd.DataFrame
    timelines: dict[str, pd.DataFrame]
    frames: dict[str, pd.DataFrame]
    extents: Mapping[str, Extent]
    made: dict[tuple[Any, ...], Any] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def once(self, key: tuple[Any, ...], make: Callable[[], Made]) -> Made:
        """What follows from the inputs and a key, made when it is first asked for."""
        if key not in self.made:
            self.made[key] = make()
        made: Made = self.made[key]
        return made

    def following(self, episodes: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Every frame and timeline by name, as measures and rules take them.

        Parameters
        ----------
        episodes : DataFrame
            Those that are followed, in place of all.
        """
        return {
            **self.frames,
            **self.timelines,
            "ties": self.ties,
            "missions": self.missions,
            "acts": self.acts,
            "episodes": episodes,
        }

    def calendar(self, exposure: str) -> pd.DataFrame:
        """Spells of an exposure on conflicts: ``conflict_id, on_date, off_date``."""
        spells: pd.DataFrame = measures.get(exposure)(self.following(self.episodes))
        return spells

    def known_until(self, *names: str) -> pd.Timestamp | None:
        """Last day to which all of some measures are on record; none where none has an end."""
        known = (measures.get(name).known_until for name in names)
        return min((self.extents[k].last_day for k in known if k is not None), default=None)

    def outcome(self, name: str, units: pd.DataFrame) -> pd.DataFrame:
        """When each unit's follow-up ends, and whether with the outcome.

        Returns
        -------
        DataFrame
            ``exit_date, is_event``, aligned with ``units``; what lies after the record of the
            outcome is censored.
        """
        ends: pd.DataFrame = measures.get(name)(self.following(units))
        last_day = self.known_until(name)
        return ends if last_day is None else followed_until(ends, last_day)


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
        ``(start, stop]`` rows with the exposure in ``column`` and ``adjustment`` alongside.
    column : str
    adjustment : tuple of str
    strata : tuple of str
    spells : UnitSpells or None
        Spells of a time-varying exposure; none for a covariate fixed before onset.
    attrition : DataFrame
    estimand : str
        What a ratio of the rates of the outcome is called.
    """

    units: pd.DataFrame
    outcome: pd.DataFrame
    rows: pd.DataFrame
    column: str
    adjustment: tuple[str, ...]
    strata: tuple[str, ...]
    spells: UnitSpells | None
    attrition: pd.DataFrame
    estimand: str = "hazard_ratio"

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

    def since(self, day: pd.Timestamp) -> Prepared:
        """The same panel on follow-up from a day on: rows around it enter late, those before go."""
        zero = pd.Series(self.units["time_zero"].to_numpy(), self.units["unit_id"].to_numpy())
        entry = (day - zero[self.rows["unit_id"].to_numpy()]).dt.days.to_numpy(float)
        start = np.maximum(self.rows["start"].to_numpy(), entry)
        kept = start < self.rows["stop"].to_numpy()
        return replace(self, rows=self.rows.assign(start=start)[kept].reset_index(drop=True))


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
    builder = PanelBuilder(inputs, covariates=adjusted_for(inputs.spec, choices))
    return builder.prepare(exposure, outcome=outcome, choices=choices)


class PanelBuilder:
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

    # Whether units that are exposed already when their clock begins are left out.
    follows_new_users = True
    # Column of the day on which they are left out if exposed.
    new_on = "time_zero"
    # Columns of the units that rows are made from, beyond those of every cohort.
    further_columns: tuple[str, ...] = ()

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

    def _of_inputs(self, make: Callable[..., Made], *key: Any) -> Made:
        """What follows from the inputs alone, whichever builder of the kind is asked first."""
        return self.inputs.once((type(self), make.__name__, *key), partial(make, *key))

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
            _options_of(choices.measure or exposure.measure, choices),
            cohort_of(spec, choices),
        )
        return replace(prepared, strata=spec.strata if choices.strata is None else choices.strata)

    def _completed(
        self, adjustment: tuple[str, ...], countries: tuple[int, ...], *key: Any
    ) -> Prepared:
        """The panel without units that lack a covariate, and without some countries."""
        prepared = replace(self._once(self._lay_out, *key), adjustment=adjustment)
        needed = list(adjustment)
        if _is_covariate(prepared.column) and prepared.column not in needed:
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
        self, name: str, lag: int, outcome: str, options: Options, followed: Followed
    ) -> Prepared:
        cohort = self._of_inputs(self.select, followed)
        units = cohort.units if self.columns is None else cohort.units[self.columns]
        attrition = cohort.attrition
        kind, known_until = measures.get(name).kind, self.inputs.known_until(name)
        values = {c: self._of_inputs(self._covariate, c, (), followed) for c in self.covariates}
        if kind == "covariate":
            values[name] = self._of_inputs(self._covariate, name, options, followed)
        units = units.assign(**values)
        if known_until is not None:
            units, attrition = _begun_before(units, known_until, attrition)

        spells = None
        exposures: dict[str, UnitSpells] = {}
        column = name
        if kind != "covariate":
            calendar = self._of_inputs(self._calendar, name, options)
            if kind == "ever":
                units = units.assign(**{column: _ever(units, calendar)})
            else:
                if self.follows_new_users:
                    units, attrition = _new_users(units, calendar, attrition, self.new_on)
                units, column, spells = self.exposures(name, units, lag, calendar)
                exposures = {} if spells is None else {column: spells}
        ends = self.inputs.outcome(outcome, units)
        if known_until is not None:
            ends = followed_until(ends, known_until)
        carried = [*CARRIED, *values, *([name] if name in units else [])]
        rows = arrange(units, ends, exposures, list(dict.fromkeys(carried)))
        estimand = measures.get(outcome).estimand
        return Prepared(units, ends, rows, column, (), (), spells, attrition, estimand)

    def cohort(self, followed: Followed) -> Cohort:
        """The units of a cohort, made once."""
        return self._of_inputs(self.select, followed)

    def calendar(self, name: str) -> pd.DataFrame:
        """Spells of an exposure on conflicts, made once."""
        return self._of_inputs(self._calendar, name, ())

    def select(self, followed: Followed) -> Cohort:
        """The units of a cohort, as :func:`cohort_of` says which."""
        types, rules, gap_years, last_year = followed
        episodes = self.inputs.episodes
        if gap_years > 1:
            episodes = merge_gaps(episodes, gap_years)
        if last_year is not None:
            episodes = follow_until(episodes, last_year)
        cohort = select(episodes, self.inputs.following(episodes), types, rules)
        return self.units_of(Cohort(with_strata(cohort.units), cohort.attrition), episodes)

    def exposures(
        self, name: str, units: pd.DataFrame, lag: int, calendar: pd.DataFrame
    ) -> tuple[pd.DataFrame, str, UnitSpells | None]:
        """Units, column and spells of an exposure: it changes in time, on each unit's clock."""
        return units, exposure_column(name, lag), unit_spells(units, calendar, lag)

    def units_of(self, cohort: Cohort, episodes: pd.DataFrame) -> Cohort:
        """The units that a cohort of wars gives: the wars themselves."""
        return cohort

    def _covariate(self, name: str, options: Options, followed: Followed) -> np.ndarray:
        units = self._of_inputs(self.select, followed).units
        measure = measures.get(name)
        values = measure(self.inputs.following(units), **dict(options))
        return np.asarray(values, dtype=float)

    def _calendar(self, name: str, options: Options) -> pd.DataFrame:
        measure, frames = measures.get(name), self.inputs.following(self.inputs.episodes)
        calendar: pd.DataFrame = measure(frames, **dict(options))
        return calendar


def cohort_of(spec: Spec, choices: Choices) -> Followed:
    """All that decides which wars a specification follows."""
    return (
        choices.types or spec.cohort.types,
        tuple(rules_of(spec, choices)),
        choices.gap_years or 1,
        choices.last_year,
    )


def _options_of(measure: str, choices: Choices) -> Options:
    """What a specification chooses for a measure, of the options that the measure has."""
    made = choices.made()
    return tuple((name, made[name]) for name in measures.get(measure).options if name in made)


def _is_covariate(column: str) -> bool:
    """Whether a column of a panel is a measure that was known before onset."""
    return column in measures.MEASURES and measures.get(column).kind == "covariate"


def _ever(units: pd.DataFrame, calendar: pd.DataFrame) -> np.ndarray:
    """Whether each unit was exposed at any time before its exit, 0 or 1."""
    ever = np.zeros(len(units))
    ever[unit_spells(units, calendar, 0).unit] = 1.0
    return ever


def _new_users(
    units: pd.DataFrame, calendar: pd.DataFrame, attrition: pd.DataFrame, day: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out units whose exposure had begun by a day of theirs and had not ended."""
    pairs = units[["unit_id", "conflict_id", day]].merge(calendar, on="conflict_id")
    prevalent = pairs[
        (pairs["on_date"] <= pairs[day])
        & (pairs["off_date"].isna() | (pairs["off_date"] > pairs[day]))
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
    "Cohort",
    "Inputs",
    "PanelBuilder",
    "Prepared",
    "clock",
    "codes",
    "cohort_of",
    "prepare",
]
