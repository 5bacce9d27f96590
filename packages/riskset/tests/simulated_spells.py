"""Simulated data sets of units and exposure spells, for the tests of the inference room."""

from __future__ import annotations

import numpy as np

from riskset.inference.exposure_design import ExposureDesign, exposure_design

YEAR = 365.0


def simulate(
    rng: np.random.Generator,
    *,
    hazard_ratio: float = 1.0,
    n_units: int = 250,
    n_spells: int = 45,
    n_regions: int = 3,
    years: float = 30.0,
    mean_years: float = 3.0,
    frailty: float = 0.5,
    lag: float = 0.0,
    length: float = np.inf,
    eve: float = 1.0,
    region_hazard: float = 1.0,
    region_favor: float = 1.0,
) -> ExposureDesign:
    """Draw a data set in which acts fall on a region first, then at random on its units at risk.

    Exposure multiplies the hazard by ``hazard_ratio`` while it lasts. ``frailty`` is the
    standard deviation of the log hazard of a unit. With ``eve`` above 1, a unit within half a
    year of its (unexposed) end is that many times as likely to receive a spell. Units of region
    0 have ``region_hazard`` times the hazard of the others, and the region receives
    ``region_favor`` times as many spells as another one: confounding by region.
    """
    day_range = years * YEAR
    origin = np.floor(rng.uniform(0, day_range, n_units))
    region = rng.integers(0, n_regions, n_units)
    hazard = np.exp(frailty * rng.standard_normal(n_units)) / (mean_years * YEAR)
    hazard *= np.where(region == 0, region_hazard, 1.0)
    exit_ = np.ceil(rng.exponential(size=n_units) / hazard)
    planned = np.sort(np.floor(rng.uniform(0.05, 0.98, n_spells) * day_range))
    busy_until = np.full(n_units, -np.inf)
    unit, assigned = [], []
    for day in planned:
        free = (origin < day) & (day < origin + exit_) & (busy_until < day)
        eligible = np.flatnonzero(np.bincount(region[free], minlength=n_regions) >= 2)
        if eligible.size == 0:
            continue
        favor = np.where(eligible == 0, region_favor, 1.0)
        pool = np.flatnonzero(free & (region == rng.choice(eligible, p=favor / favor.sum())))
        weight = np.where(origin[pool] + exit_[pool] - day <= YEAR / 2, eve, 1.0)
        chosen = rng.choice(pool, p=weight / weight.sum())
        busy_until[chosen] = day + lag + length
        begin = max(day + lag - origin[chosen], 0.0)
        if exit_[chosen] > begin:
            residual = (exit_[chosen] - begin) / hazard_ratio
            if residual > length:
                residual = length + (residual - length) * hazard_ratio
            exit_[chosen] = begin + np.ceil(residual)
        unit.append(chosen)
        assigned.append(day)
    close = day_range * 1.05
    event = origin + exit_ <= close
    exit_ = np.minimum(exit_, close - origin)
    assigned_day = np.array(assigned)
    return exposure_design(
        origin=origin,
        entry=np.zeros(n_units),
        exit=exit_,
        event=event,
        outcome_strata=np.zeros(n_units, dtype=np.int64),
        assignment_strata=region,
        spell_unit=np.array(unit),
        spell_assigned=assigned_day,
        spell_on=assigned_day + lag,
        spell_off=assigned_day + lag + length,
    )
