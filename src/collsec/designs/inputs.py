"""What a design works on, and the units it follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec import measures
from collsec.cohorts import Cohort, select
from collsec.hypothesis import ExposureSpec, Spec, Study, VariantSpec
from collsec.panels import UnitSpells, arrange, clock, exposure_column, unit_spells, with_strata

CARRIED = ("gwno_host", "region", "period", "earlier_episodes_group", "type_group")
AS_DECLARED = VariantSpec(id="primary", validity="principled", label="as declared")


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


def prepare(
    inputs: Inputs,
    exposure: ExposureSpec,
    *,
    outcome: str | None = None,
    variant: VariantSpec = AS_DECLARED,
) -> Prepared:
    """Select the cohort and lay out one exposure, as declared or as one variant asks.

    Units already exposed at time zero are left out (they never were at risk of becoming
    exposed), as are units without a covariate that the model needs; both stand in the attrition.
    """
    spec = inputs.spec
    cohort = select(
        inputs.episodes, inputs.timelines, list(variant.types or spec.cohort.types),
        [*spec.cohort.rules, *variant.add_rules],
    )
    units, attrition = with_strata(cohort.units), cohort.attrition
    if variant.drop_countries:
        units = units[~units["gwno_host"].isin(variant.drop_countries)].reset_index(drop=True)
    name = variant.measure or exposure.measure
    lag = exposure.lag_months if variant.lag_months is None else variant.lag_months
    adjustment = spec.adjustment if variant.adjustment is None else variant.adjustment
    strata = spec.strata if variant.strata is None else variant.strata
    kind = measures.get(name).kind
    values = {c: measures.get(c).function(units, inputs.ties) for c in adjustment}
    if kind == "covariate":
        values[name] = measures.get(name).function(units, inputs.ties)
    for column, series in values.items():
        units[column] = np.asarray(series, dtype=float)
    units, attrition = _complete(units, list(values), attrition)
    known_until = measures.get(name).known_until
    if known_until is not None:
        units, attrition = _begun_before(units, known_until, attrition)

    spells = None
    exposures: dict[str, UnitSpells] = {}
    column = name
    if kind != "covariate":
        calendar = measures.get(name).function(inputs.timelines)
        if kind == "ever":
            units[column] = units["conflict_id"].isin(_ever(units, calendar)).astype(float)
        else:
            units, attrition = _new_users(units, calendar, attrition)
            column = exposure_column(name, lag)
            spells = unit_spells(units, calendar, lag)
            exposures = {column: spells}
    ends = measures.get(outcome or spec.outcome).function(units)
    if known_until is not None:
        ends = followed_until(ends, known_until)
    carried = [*CARRIED, *values, *([name] if kind == "ever" else [])]
    rows = arrange(units, ends, exposures, list(dict.fromkeys(carried)))
    return Prepared(units, ends, rows, column, tuple(adjustment), tuple(strata), spells, attrition)


def _ever(units: pd.DataFrame, calendar: pd.DataFrame) -> np.ndarray:
    """Conflicts of units that were exposed at any time before their exit."""
    spells = unit_spells(units, calendar, 0)
    conflicts: np.ndarray = units["conflict_id"].to_numpy()[np.unique(spells.unit)]
    return conflicts


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
    return kept, _step(attrition, "not yet exposed at onset",
                       "Exposure begun before onset was never at risk of beginning", kept)


def _complete(
    units: pd.DataFrame, columns: list[str], attrition: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out units without a covariate that the model needs."""
    if not columns:
        return units, attrition
    kept = units[units[columns].notna().all(axis=1)].reset_index(drop=True)
    return kept, _step(attrition, "covariates known before onset",
                       "No value is known for: " + ", ".join(columns), kept)


def _begun_before(
    units: pd.DataFrame, last_day: pd.Timestamp, attrition: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out units that began when the record of the exposure had ended."""
    kept = units[units["time_zero"] < last_day].reset_index(drop=True)
    return kept, _step(attrition, "begun while the record goes on",
                       f"The exposure is recorded to {last_day:%Y-%m-%d}", kept)


def followed_until(outcome: pd.DataFrame, last_day: pd.Timestamp) -> pd.DataFrame:
    """The same outcomes with follow-up ending on a day: what came later is not known."""
    is_known = outcome["exit_date"] <= last_day
    return pd.DataFrame({
        "exit_date": outcome["exit_date"].where(is_known, last_day),
        "is_event": outcome["is_event"].astype(bool) & is_known,
    })


def _step(attrition: pd.DataFrame, step: str, rule: str, kept: pd.DataFrame) -> pd.DataFrame:
    before = int(attrition["n_units"].iloc[-1])
    row = {"step": step, "rule": rule, "n_units": len(kept),
           "n_events": int(kept["is_ended"].sum()), "dropped": before - len(kept)}
    return pd.concat([attrition, pd.DataFrame([row])], ignore_index=True)


def codes(units: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Integer codes of the combinations of some columns (zeros where there are none)."""
    if not columns:
        return np.zeros(len(units), dtype=np.int64)
    return units.groupby(list(columns), sort=True).ngroup().to_numpy(np.int64)


__all__ = ["AS_DECLARED", "CARRIED", "Cohort", "Inputs", "Prepared", "clock", "codes", "prepare"]
