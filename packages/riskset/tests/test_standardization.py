"""Standardized survival: against the definition, and its error against small changes of weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from for_all_tests import examples
from riskset import (
    CoxResult,
    EstimationError,
    StepPath,
    cox_ph,
    fit_design,
    standardize,
    switches_on,
)

HORIZON = 24.0
#: Central differences with a step of 1e-4 leave about 1e-8 of the derivative.
DERIVATIVE = 1e-5
#: The same step functions integrated in another order.
SAME_SUM = 1e-10

quick = examples(15)
seeds = st.integers(0, 10**6)


def panel(seed: int, units: int = 90) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units with an exposure that switches on within the spell, and the cohort at time zero."""
    rng = np.random.default_rng(seed)
    rows, cohort = [], []
    for unit in range(units):
        end = float(rng.integers(2, 60))
        switch = float(rng.integers(1, 40))
        event, x, region = int(rng.random() < 0.7), rng.normal(), unit % 2
        base = {"unit": unit, "country": unit % 18, "region": region, "x": x}
        cohort.append(base)
        for begin, stop, on in ((0.0, min(switch, end), 0.0), (switch, end, 1.0)):
            if begin < stop:
                last = event if stop == end else 0
                rows.append(base | {"start": begin, "stop": stop, "event": last, "present": on})
    rows.append(rows[0] | {"start": 0.0, "stop": 61.0, "event": 0, "present": 0.0})
    rows.append(rows[-1] | {"region": 1})
    return pd.DataFrame(rows), pd.DataFrame(cohort)


def fit(rows: pd.DataFrame, **options) -> CoxResult:
    options = {"strata": "region", "cluster": "country"} | options
    return cox_ph(rows, ["present", "x"], start="start", stop="stop", event="event", **options)


def test_an_event_at_the_horizon_belongs_to_the_curve() -> None:
    rows, cohort = panel(3)
    model = fit(rows, strata=None)
    horizon = float(np.sort(rows.loc[rows["event"] == 1, "stop"])[20])
    never = {"present": switches_on(np.inf)}
    found = standardize(model, cohort, never, horizon=horizon)
    want = [
        model.predict_survival({"present": 0, "x": x}, times=[horizon])["survival"].iloc[0]
        for x in cohort["x"]
    ]
    assert found.curve["time"].iloc[-1] == horizon
    assert found.curve["survival"].iloc[-1] == pytest.approx(np.mean(want), rel=1e-12)


@quick
@given(seeds, st.sampled_from(["efron", "breslow"]))
def test_the_mean_is_the_mean_of_the_units_own_curves(seed: int, ties: str) -> None:
    rows, cohort = panel(seed)
    model = fit(rows, ties=ties)
    got = standardize(model, cohort, {"present": switches_on(6)}, horizon=HORIZON, strata="region")
    fine = np.arange(0, HORIZON, 0.5) + 0.25
    curves = []
    for unit in cohort.itertuples():
        path = pd.DataFrame({"start": [0, 6], "stop": [6, 99], "present": [0.0, 1.0], "x": unit.x})
        curve = model.predict_survival(path=path, times=fine.tolist(), stratum=unit.region)
        curves.append(curve["survival"].to_numpy())
    # Events fall on whole months, so the midpoints of half months integrate exactly.
    np.testing.assert_allclose(got.unit_rmst, np.sum(curves, axis=1) * 0.5, rtol=SAME_SUM)
    assert got.rmst == pytest.approx(np.mean(curves, axis=0).sum() * 0.5, rel=SAME_SUM)
    assert got.curve["survival"].is_monotonic_decreasing


@quick
@given(seeds)
def test_the_error_is_the_derivative_by_the_clusters_weights(seed: int) -> None:
    rows, cohort = panel(seed, units=60)
    rows = rows.assign(w=1.0)
    options = {"horizon": HORIZON, "strata": "region", "cluster": "country"}
    early, late = {"present": switches_on(6)}, {"present": switches_on(18)}
    design = fit(rows, weights="w").design

    def cost(country: int | None, factor: float) -> float:
        weights = np.where(rows["country"] == country, factor, 1.0)
        of_units = np.where(cohort["country"] == country, factor, 1.0)
        model = fit_design(design.reweighted(weights))
        arms = [
            standardize(model, cohort, path, cohort_weights=of_units, **options).rmst
            for path in (late, early)
        ]
        return arms[0] - arms[1]

    model = fit_design(design)
    difference = standardize(model, cohort, late, **options).minus(
        standardize(model, cohort, early, **options)
    )
    assert difference.estimate == pytest.approx(cost(None, 1.0), abs=SAME_SUM)
    step = 1e-4
    squares = sum(
        ((cost(country, 1 + step) - cost(country, 1 - step)) / (2 * step)) ** 2
        for country in cohort["country"].unique()
    )
    assert difference.std_error == pytest.approx(np.sqrt(squares), rel=DERIVATIVE)


def test_clusters_of_the_model_and_of_the_cohort_need_not_be_the_same() -> None:
    """A cluster that only one of them has is moved by that one alone."""
    rows, cohort = panel(4)
    cohort = cohort[cohort["country"] < 9].assign(
        country=lambda d: d["country"].where(d["country"] != 3, 99)
    )
    model, options = fit(rows), {"horizon": HORIZON, "strata": "region"}
    path = {"present": switches_on(6)}
    found = standardize(model, cohort, path, **options, cluster="country")
    of_model = standardize(model, cohort, path, **options).influence
    away = (found.unit_rmst - found.rmst) / len(cohort)
    of_cohort = away.groupby(cohort["country"]).sum()
    assert found.influence is not None and of_model is not None
    assert sorted(found.influence.index) == [*range(18), 99]
    for country, value in found.influence.items():
        want = of_model.get(country, 0.0) + of_cohort.get(country, 0.0)
        assert value == pytest.approx(want, abs=1e-12)


def test_a_harmless_exposure_costs_nothing() -> None:
    rows, cohort = panel(5)
    options = {"horizon": HORIZON, "strata": "region"}
    model = fit(rows)
    never = standardize(model, cohort, {"present": switches_on(np.inf)}, **options)
    late = standardize(model, cohort, {"present": switches_on(HORIZON)}, **options)
    assert late.rmst == never.rmst
    sign = np.sign(model.params["present"])
    early = standardize(model, cohort, {"present": switches_on(3)}, **options)
    assert np.sign(never.rmst - early.rmst) == sign


def test_paths_hold_their_values_up_to_and_at_the_break() -> None:
    path = StepPath((6.0, 12.0), (0.0, 1.0, 0.5))
    assert path.at(np.array([0, 6, 6.1, 12, 13])).tolist() == [0, 0, 1, 1, 0.5]
    window = switches_on(2, until=4)
    assert window.at(np.array([2, 3, 4, 5])).tolist() == [0, 1, 1, 0]


def test_what_cannot_be_standardized_is_refused() -> None:
    rows, cohort = panel(3)
    model = fit(rows)
    on = {"present": switches_on(6)}
    with pytest.raises(EstimationError, match="2 strata; name their columns"):
        standardize(model, cohort, on, horizon=HORIZON)
    with pytest.raises(EstimationError, match=r"follow-up of stratum 0 ends at 61.*horizon 90"):
        standardize(model, cohort, on, horizon=90, strata="region")
    with pytest.raises(EstimationError, match="'troops', which is no covariate"):
        standardize(model, cohort, {"troops": switches_on(6)}, horizon=HORIZON, strata="region")
    with pytest.raises(EstimationError, match="no column 'x'"):
        standardize(model, cohort.drop(columns="x"), on, horizon=HORIZON, strata="region")
    with pytest.raises(EstimationError, match="stratum 7 of the cohort is not in the model"):
        standardize(model, cohort.assign(region=7), on, horizon=HORIZON, strata="region")
    with pytest.raises(EstimationError, match="one value more"):
        StepPath((1.0,), (0.0,))
    assert np.isnan(
        standardize(fit(rows, cluster=None), cohort, on, horizon=HORIZON, strata="region")
        .estimate()
        .std_error
    )
