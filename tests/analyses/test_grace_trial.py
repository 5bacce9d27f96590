"""Trial A: the gate, whom it counts, and that a known effect comes back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from collsec_page.h1.grace_trial import emulate

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Prepared
from collsec.designs.parts import Part
from collsec.hypothesis.specification import ExposureSpec
from made_up_cohorts import inputs_of, prepared_of
from study import texts_of

EXPOSURE = ExposureSpec("un_troops")


def world(n: int, n_treated: int, hazard_ratio: float, seed: int = 4) -> Prepared:
    """Wars of some three years; the first ``n_treated`` may get troops in their first year."""
    rng = np.random.default_rng(seed)
    zero = pd.Timestamp("1980-01-01") + pd.to_timedelta(rng.integers(0, 9000, n), unit="D")
    arrives = np.where(np.arange(n) < n_treated, rng.integers(10, 360, n), 10**6)
    plain = rng.exponential(1100, n) + 1
    ends = np.where(plain > arrives, arrives + (plain - arrives) / hazard_ratio, plain)
    units = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(n)],
            "conflict_id": np.arange(n),
            "time_zero": zero,
            "gwno_host": np.arange(n),
            "region": rng.integers(1, 6, n),
            "onset_year": zero.year,
            "earlier_episodes": rng.integers(0, 2, n),
            "is_event": True,
        }
    )
    units["exit_date"] = zero + pd.to_timedelta(np.ceil(ends), unit="D")
    came = arrives < np.ceil(ends)
    calendar = pd.DataFrame(
        {
            "conflict_id": np.flatnonzero(came),
            "off_date": pd.NaT,
            "on_date": zero[came] + pd.to_timedelta(arrives[came], unit="D"),
        }
    )
    return prepared_of(units, calendar, lag=0)


def emulated(prepared: Prepared, months: int = 12, draws: int = 40) -> Estimate:
    return emulate(inputs_of(), prepared, EXPOSURE, months, draws=draws)[0]


def test_behind_the_gate_there_is_no_number_but_the_counts() -> None:
    found = emulated(world(300, 8, 1.0))
    assert np.isnan(found.estimate)
    assert found.exposed_units <= 8
    assert f"{found.exposed_units} of 300 wars" in found.note
    part = Part([found])
    assert texts_of("trial_grace", part)["trial_a.un_troops_12.result"] == "not estimable"


def test_only_arrivals_within_the_grace_period_count_as_treated() -> None:
    prepared = world(300, 120, 1.0)
    arrived = prepared.rows.loc[prepared.rows["x"] > 0].groupby("unit_id")["start"].min()
    assert emulated(prepared, 6).exposed_units == int((arrived <= 183).sum())
    assert emulated(prepared, 12).exposed_units == int((arrived <= 365).sum())


@pytest.mark.parametrize(("hazard_ratio", "low", "high"), [(1.0, -6, 6), (3.0, -25, -5)])
def test_a_known_effect_comes_back(hazard_ratio: float, low: float, high: float) -> None:
    """At a hazard ratio of three, about twelve of the mean 26 months within 60 are saved."""
    found, trial = emulate(inputs_of(), world(800, 350, hazard_ratio), EXPOSURE, 12, draws=25)
    assert low < found.estimate < high
    assert found.ci_low < found.estimate < found.ci_high
    assert (found.ci_high < 0) == (hazard_ratio > 1)
    assert trial is not None and trial.diagnostics["mean"].between(0.5, 2).all()
