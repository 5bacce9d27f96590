"""What must leave a Cox model unchanged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from for_all_tests import examples
from riskset import CoxDesign, CoxResult, EstimationError, cox_ph
from riskset.risk_sets import RiskSets

#: The same likelihood summed in another order: rounding, enlarged by the solve.
REORDERED = 1e-9
#: Refits stop 1e-4 standard errors away and take that step: its square, in errors of up to 1.
REFITTED = 1e-7
#: Cutting a spell changes no risk set; stated by the design notes of the study.
SPLIT = 1e-10
#: A gradient at the maximum: 1e-10 standard errors times the root of an information below 1e3.
VANISHES = 1e-8
#: Sums of two dozen numbers near one.
SUMMED = 1e-12
#: Central differences with a relative step of 1e-4 leave its square times a third derivative.
DERIVATIVE = 1e-5

quick = examples(40, suppress_health_check=[HealthCheck.filter_too_much])


def sample(seed: int, n: int = 60, *, grid: int = 20) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = rng.integers(0, grid // 2, n).astype(float)
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + rng.integers(1, grid, n),
            "event": (rng.random(n) < 0.6).astype(int),
            "x": rng.normal(size=n),
            "z": rng.integers(0, 2, n).astype(float),
            "cluster": rng.integers(0, n // 4, n),
            "region": rng.integers(0, 3, n),
            "count": rng.integers(0, 4, n),
            "w": rng.uniform(0.2, 3, n),
        }
    )


def fit(data: pd.DataFrame, **options) -> CoxResult:
    options = {"start": "start", "stop": "stop", "event": "event", "cluster": "cluster"} | options
    return cox_ph(data, ["x", "z"], **options)


def same(one: CoxResult, other: CoxResult, tolerance: float) -> None:
    np.testing.assert_allclose(one.params, other.params, rtol=0, atol=tolerance)
    np.testing.assert_allclose(one.cov, other.cov, rtol=0, atol=tolerance)
    np.testing.assert_allclose(one.loglik, other.loglik, rtol=tolerance, atol=tolerance)


seeds = st.integers(0, 10**6)
ties = st.sampled_from(["efron", "breslow"])


@quick
@given(seeds, ties)
def test_the_order_of_rows_does_not_matter(seed: int, ties: str) -> None:
    data = sample(seed)
    shuffled = data.sample(frac=1, random_state=seed)
    same(
        fit(data, ties=ties, weights="w", strata="region"),
        fit(shuffled, ties=ties, weights="w", strata="region"),
        REORDERED,
    )


@quick
@given(seeds, ties, st.floats(0.01, 1000), st.floats(-500, 500))
def test_the_unit_and_origin_of_time_do_not_matter(
    seed: int, ties: str, unit: float, origin: float
) -> None:
    data = sample(seed)
    moved = data.assign(start=data["start"] * unit + origin, stop=data["stop"] * unit + origin)
    same(fit(data, ties=ties), fit(moved, ties=ties), REORDERED)


@quick
@given(seeds, ties, st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_the_unit_of_a_covariate_scales_its_coefficient(
    seed: int, ties: str, unit: float, origin: float
) -> None:
    data = sample(seed)
    one, other = fit(data, ties=ties), fit(data.assign(x=data["x"] * unit + origin), ties=ties)
    assert other.params["x"] * unit == pytest.approx(one.params["x"], abs=REORDERED)
    assert other.std_errors["x"] * unit == pytest.approx(one.std_errors["x"], abs=REORDERED)
    assert other.params["z"] == pytest.approx(one.params["z"], abs=REORDERED)


@quick
@given(seeds, ties)
def test_frequency_weights_are_copies_of_rows(seed: int, ties: str) -> None:
    data = sample(seed)
    copies = data.loc[data.index.repeat(data["count"])]
    weighted = fit(data, ties=ties, weights="count", weight_kind="frequency")
    copied = fit(copies, ties=ties)
    same(weighted, copied, REORDERED)
    assert weighted.n_events == copied.n_events
    again = fit(data, ties=ties).design.reweighted(data["count"].to_numpy(), "frequency")
    np.testing.assert_allclose(again.estimate(), copied.params, rtol=0, atol=REFITTED)
    near = copied.params.to_numpy() + 0.05
    np.testing.assert_allclose(again.estimate(near), copied.params, rtol=0, atol=REFITTED)


@quick
@given(seeds)
def test_case_weights_are_another_estimator_than_copies_under_efron(seed: int) -> None:
    data = sample(seed, grid=8)
    case = fit(data, weights="count")
    frequency = fit(data, weights="count", weight_kind="frequency")
    assert np.abs(case.params - frequency.params).max() > REORDERED
    same(
        fit(data, weights="count", ties="breslow"),
        fit(data, weights="count", weight_kind="frequency", ties="breslow"),
        REORDERED,
    )


@quick
@given(seeds, ties, st.floats(0.01, 100))
def test_the_scale_of_case_weights_moves_no_estimate(seed: int, ties: str, scale: float) -> None:
    data = sample(seed)
    one, other = (fit(d, weights="w", ties=ties) for d in (data, data.assign(w=data["w"] * scale)))
    np.testing.assert_allclose(one.params, other.params, rtol=0, atol=REORDERED)
    np.testing.assert_allclose(one.cov, other.cov, rtol=0, atol=REORDERED)


@quick
@given(seeds, ties)
def test_a_spell_cut_at_the_event_of_another_is_the_same_spell(seed: int, ties: str) -> None:
    """Catches every risk set that is closed on the left."""
    data = sample(seed)
    rng = np.random.default_rng(seed)
    events = np.unique(data.loc[data["event"] == 1, "stop"])
    cut = rng.choice(events, len(data))
    inside = (data["start"] < cut) & (cut < data["stop"])
    first = data[inside].assign(stop=cut[inside], event=0)
    second = data[inside].assign(start=cut[inside])
    parts = pd.concat([data[~inside], first, second], ignore_index=True)
    assert len(parts) > len(data)
    whole, pieces = fit(data, ties=ties, weights="w"), fit(parts, ties=ties, weights="w")
    same(whole, pieces, SPLIT)
    np.testing.assert_allclose(whole.baseline()["hazard"], pieces.baseline()["hazard"], rtol=SPLIT)


@quick
@given(seeds, ties)
def test_strata_are_separate_baselines(seed: int, ties: str) -> None:
    """One stratified model is the product of the likelihoods of its strata."""
    data = sample(seed, n=90)
    model = fit(data, ties=ties, strata="region")
    beta = model.params.to_numpy()
    baseline = model.baseline()
    total, information = 0.0, np.zeros((2, 2))
    for region, part in data.groupby("region"):
        design = CoxDesign.from_frame(
            part, ["x", "z"], start="start", stop="stop", event="event", ties=ties
        )
        at = design.evaluate(beta * design.scale)
        total += at.loglik
        information += at.information * np.outer(design.scale, design.scale)
        alone = design.slots.by_moment(at.hazard) * np.exp(-at.shift - design.center @ beta)
        joint = baseline[baseline["stratum"] == region]
        np.testing.assert_allclose(joint["hazard"], alone, rtol=REORDERED)
    assert model.loglik[1] == pytest.approx(total, rel=REORDERED)
    np.testing.assert_allclose(np.linalg.inv(model.model_cov), information, rtol=REORDERED)


@quick
@given(seeds, ties)
def test_several_strata_columns_are_their_combinations(seed: int, ties: str) -> None:
    data = sample(seed, n=90).assign(both=lambda d: d["region"] * 10 + d["count"] % 2)
    data["even"] = data["count"] % 2
    same(
        fit(data, ties=ties, strata=["region", "even"]),
        fit(data, ties=ties, strata="both"),
        REORDERED,
    )


@quick
@given(seeds, ties)
def test_near_ties_are_ties(seed: int, ties: str) -> None:
    data = sample(seed)
    noise = np.random.default_rng(seed).uniform(-1e-13, 1e-13, len(data))
    same(fit(data, ties=ties), fit(data.assign(stop=data["stop"] * (1 + noise)), ties=ties), SPLIT)


@quick
@given(seeds, ties)
def test_residuals_sum_to_what_theory_says(seed: int, ties: str) -> None:
    data = sample(seed)
    model = fit(data, ties=ties, weights="w", strata="region")
    martingale, scores = model.martingale(), model.score_residuals()
    np.testing.assert_allclose((martingale * data["w"]).sum(), 0, atol=VANISHES)
    np.testing.assert_allclose((scores.mul(data["w"], axis=0)).sum(), 0, atol=VANISHES)
    per_row = fit(data.assign(row=range(len(data))), ties=ties, cluster="row")
    debiased = cox_ph(
        data.assign(row=range(len(data))),
        ["x", "z"],
        start="start",
        stop="stop",
        event="event",
        ties=ties,
        cluster="row",
        group_debias=True,
    )
    np.testing.assert_allclose(
        debiased.cov, per_row.cov * len(data) / (len(data) - 1), rtol=REORDERED
    )


@quick
@given(seeds)
def test_risk_sets_are_what_the_definition_says(seed: int) -> None:
    data = sample(seed, n=25)
    start, stop = data["start"].to_numpy(), data["stop"].to_numpy()
    event, region = data["event"].to_numpy() == 1, data["region"].to_numpy()
    sets = RiskSets.build(start, stop, event, region)
    x = data["x"].to_numpy()
    for k, (time, stratum) in enumerate(zip(sets.time, sets.stratum, strict=True)):
        there = (start < time) & (time <= stop) & (region == stratum)
        assert set(sets.rows[(sets.first <= k) & (k < sets.past)]) == set(np.flatnonzero(there))
        assert sets.at_risk(x[sets.rows])[k] == pytest.approx(x[there].sum(), abs=SUMMED)
        dying = there & event & (stop == time)
        assert set(sets.rows[sets.failures[sets.failure_moment == k]]) == set(np.flatnonzero(dying))


@quick
@given(seeds, ties)
def test_influence_is_the_derivative_by_the_weight(seed: int, ties: str) -> None:
    """Clustered errors of survival square ∂Λ(t)/∂w, which a small change of a weight measures."""
    data = sample(seed, n=30).assign(row=range(30))
    options = {"weights": "w", "ties": ties}
    at, times = {"x": 0.3, "z": 1.0}, [4.0, 9.0, 15.0]

    def hazard(frame: pd.DataFrame) -> np.ndarray:
        curve = fit(frame, **options).predict_survival(at, times=times)
        return curve["cumulative_hazard"].to_numpy()

    step = 1e-4
    squares = np.zeros(len(times))
    try:
        model = fit(data, cluster="row", **options)
    except EstimationError:
        return
    for row in data["row"]:
        up, down = (
            data.assign(w=data["w"].where(data["row"] != row, data["w"] * f))
            for f in (1 + step, 1 - step)
        )
        squares += ((hazard(up) - hazard(down)) / (2 * step)) ** 2
    errors = model.predict_survival(at, times=times)["std_error"].to_numpy()
    np.testing.assert_allclose(errors**2, squares, rtol=DERIVATIVE)


@quick
@given(seeds)
def test_a_constant_path_is_fixed_covariates(seed: int) -> None:
    model = fit(sample(seed))
    path = pd.DataFrame({"start": [0.0, 5.0], "stop": [5.0, 60.0], "x": 0.3, "z": 1.0})
    fixed = model.predict_survival({"x": 0.3, "z": 1.0}, times=[3, 5, 11])
    pd.testing.assert_frame_equal(fixed, model.predict_survival(path=path, times=[3, 5, 11]))
    switched = path.assign(z=[0.0, 1.0])
    late = model.predict_survival(path=switched, times=[5, 11])["cumulative_hazard"]
    off = model.predict_survival({"x": 0.3, "z": 0.0}, times=[5])["cumulative_hazard"].iloc[0]
    on = fixed["cumulative_hazard"]
    assert late.tolist() == pytest.approx([off, off + on.iloc[2] - on.iloc[1]])
