"""What must hold of survival curves, cumulative incidence and log-rank tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from for_all_tests import examples
from riskset import (
    EstimationError,
    aalen_johansen,
    cox_ph,
    kaplan_meier,
    logrank,
    rmst,
    rmst_difference,
)

#: Products and sums in another order.
ROUNDING = 1e-10
#: Square roots of variances that cancel to nothing: the root of the rounding.
ROOT = 1e-7

quick = examples(40)
seeds = st.integers(0, 10**6)


def sample(seed: int, n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = np.where(np.arange(n) < n // 2, 0, rng.integers(0, 8, n)).astype(float)
    cause = rng.integers(0, 3, n)
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "start": start,
            "stop": start + rng.integers(1, 15, n),
            "cause": cause,
            "ended": (cause > 0).astype(int),
            "arm": rng.integers(0, 2, n),
            "country": rng.integers(0, 15, n),
            "count": rng.integers(1, 4, n),
            "w": rng.uniform(0.3, 2, n),
        }
    )


ROWS = {"start": "start", "stop": "stop"}


@quick
@given(seeds, st.sampled_from([None, "w"]))
def test_incidence_of_all_causes_sums_to_one_less_survival(seed: int, weights: str | None) -> None:
    options = ROWS | ({"weights": "w", "cluster": "unit"} if weights else {})
    data = sample(seed)
    fit = aalen_johansen(data, cause="cause", **options)
    total = fit.table.pivot_table(index="time", columns="cause", values="incidence").sum(axis=1)
    survival = kaplan_meier(data, event="ended", **options).table.set_index("time")["survival"]
    np.testing.assert_allclose(total, 1 - survival, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(fit.survival, survival, rtol=0, atol=ROUNDING)


@quick
@given(seeds, st.sampled_from([None, "country"]))
def test_one_cause_has_the_error_of_survival(seed: int, cluster: str | None) -> None:
    data = sample(seed)
    one = aalen_johansen(data, cause="ended", cluster=cluster, **ROWS).table
    curve = kaplan_meier(data, event="ended", cluster=cluster, **ROWS).table
    np.testing.assert_allclose(one["incidence"], 1 - curve["survival"], atol=ROUNDING)
    alive = curve["survival"] > 0
    np.testing.assert_allclose(
        one.loc[alive, "std_error"], curve.loc[alive, "std_error"], atol=ROOT
    )


@quick
@given(seeds)
def test_the_variance_of_incidence_is_that_of_its_definition(seed: int) -> None:
    """The delta method spelled out, with multinomial events at each time."""
    data = sample(seed, n=40)
    fit = aalen_johansen(data, cause="cause", **ROWS)
    part = fit.table[fit.table["cause"] == 2]
    n, own, f = (part[c].to_numpy() for c in ("n_risk", "n_event", "incidence"))
    d = fit.table.groupby("time")["n_event"].sum().to_numpy()
    before = np.concatenate(([1.0], fit.survival.to_numpy()[:-1]))
    for t in range(len(f)):
        variance = 0.0
        for k in range(t + 1):
            p = np.array([own[k], d[k] - own[k]]) / n[k]
            later = (f[t] - f[k]) / (1 - p.sum()) if p.sum() < 1 else 0.0
            slope = np.array([before[k] - later, -later])
            spread = (np.diag(p) - np.outer(p, p)) / n[k]
            variance += slope @ spread @ slope
        assert part["std_error"].iloc[t] == pytest.approx(np.sqrt(variance), abs=ROOT)


@quick
@given(seeds)
def test_frequency_weights_are_copies_of_rows(seed: int) -> None:
    data = sample(seed)
    copies = data.loc[data.index.repeat(data["count"])]
    weighted = ROWS | {"weights": "count", "weight_kind": "frequency"}
    pd.testing.assert_frame_equal(
        kaplan_meier(data, event="ended", **weighted).table,
        kaplan_meier(copies, event="ended", **ROWS).table,
    )
    pd.testing.assert_frame_equal(
        aalen_johansen(data, cause="cause", **weighted).table,
        aalen_johansen(copies, cause="cause", **ROWS).table,
    )
    one = rmst(data, event="ended", horizon=9, **weighted)
    two = rmst(copies, event="ended", horizon=9, **ROWS)
    assert one.estimate == pytest.approx(two.estimate, rel=ROUNDING)
    assert one.std_error == pytest.approx(two.std_error, rel=ROUNDING)


@quick
@given(seeds)
def test_order_of_rows_and_cuts_change_nothing(seed: int) -> None:
    data = sample(seed)
    cut = data["start"] + np.random.default_rng(seed).integers(1, 6, len(data))
    inside = cut < data["stop"]
    parts = pd.concat(
        [
            data[~inside],
            data[inside].assign(stop=cut[inside], ended=0, cause=0),
            data[inside].assign(start=cut[inside]),
        ]
    ).sample(frac=1, random_state=seed)
    for options in ({}, {"cluster": "unit"}, {"cluster": "unit", "weights": "w"}):
        pd.testing.assert_frame_equal(
            kaplan_meier(data, event="ended", **ROWS, **options).table,
            kaplan_meier(parts, event="ended", **ROWS, **options).table,
            rtol=ROUNDING,
        )
        pd.testing.assert_frame_equal(
            aalen_johansen(data, cause="cause", **ROWS, **options).table,
            aalen_johansen(parts, cause="cause", **ROWS, **options).table,
            rtol=ROOT * 10,
            atol=ROOT,
        )
    for options in ({}, {"cluster": "country"}):
        whole = logrank(data, group="arm", event="ended", **ROWS, **options)
        pieces = logrank(parts, group="arm", event="ended", **ROWS, **options)
        assert whole.chi2 == pytest.approx(pieces.chi2, rel=ROOT, abs=ROOT)


@quick
@given(seeds, st.floats(1.0, 12.0))
def test_the_restricted_mean_is_the_area_under_the_curve(seed: int, horizon: float) -> None:
    data = sample(seed)
    curve = kaplan_meier(data, event="ended", **ROWS)
    grid = (np.arange(20000) + 0.5) / 20000 * horizon
    area = curve.at(grid[::50].tolist())["survival"].mean() * horizon
    assert rmst(data, event="ended", horizon=horizon, **ROWS).estimate == pytest.approx(
        area, abs=horizon * 0.02
    )


@quick
@given(seeds)
def test_clusters_in_both_arms_covary(seed: int) -> None:
    data = sample(seed)
    rows = ROWS | {"event": "ended", "horizon": 8.0}
    apart = rmst_difference(data, by="arm", cluster="unit", **rows)
    arms = [rmst(data[data["arm"] == a], cluster="unit", **rows) for a in (0, 1)]
    assert apart.estimate == pytest.approx(arms[1].estimate - arms[0].estimate)
    assert apart.std_error == pytest.approx(np.hypot(arms[0].std_error, arms[1].std_error))
    twins = pd.concat([data.assign(arm=0), data.assign(arm=1)])
    same = rmst_difference(twins, by="arm", cluster="unit", **rows)
    assert same.estimate == pytest.approx(0, abs=ROUNDING)
    assert same.std_error == pytest.approx(0, abs=ROUNDING)


@quick
@given(seeds)
def test_logrank_with_clusters_is_the_robust_score_test_of_cox(seed: int) -> None:
    data = sample(seed)
    assume(data["arm"].nunique() == 2)
    test = logrank(data, group="arm", event="ended", cluster="country", weights="w", **ROWS)
    model = cox_ph(data, ["arm"], event="ended", weights="w", ties="breslow", **ROWS)
    null = model.design.evaluate(np.zeros(1))
    from riskset.cox.residuals import score_residuals

    scores = score_residuals(model.design, null)[:, 0] * data["w"]
    by_cluster = scores.groupby(data["country"]).sum()
    assert test.chi2 == pytest.approx(by_cluster.sum() ** 2 / (by_cluster**2).sum(), rel=ROOT)


def test_early_risk_sets_that_die_out_are_refused() -> None:
    rows = pd.DataFrame({"start": [0, 3, 3], "stop": [2, 9, 8], "ended": [1, 1, 0]})
    with pytest.raises(EstimationError, match="nobody is at risk between 2 and 3"):
        kaplan_meier(rows, start="start", stop="stop", event="ended")
    rows.loc[1, "start"] = 1
    rows.loc[1, "stop"] = 2
    with pytest.raises(EstimationError, match=r"everybody at risk at time 2|nobody is at risk"):
        kaplan_meier(rows, start="start", stop="stop", event="ended")


def test_what_the_nonparametric_room_refuses() -> None:
    data = sample(1)
    with pytest.raises(EstimationError, match="case weights need cluster"):
        kaplan_meier(data, event="ended", weights="w", **ROWS)
    with pytest.raises(EstimationError, match="interval must be"):
        kaplan_meier(data, event="ended", interval="arcsine", **ROWS)
    with pytest.raises(EstimationError, match="horizon 90 lies beyond the last follow-up"):
        rmst(
            data.assign(ended=data["ended"] * (data["stop"] < 15)),
            event="ended",
            horizon=90,
            **ROWS,
        )
    with pytest.raises(EstimationError, match="must hold two groups, not 15"):
        rmst_difference(data, by="country", event="ended", horizon=5, **ROWS)
    with pytest.raises(EstimationError, match="cause 'cause' is missing in row 3"):
        aalen_johansen(
            data.assign(cause=data["cause"].where(data["unit"] != 3)), cause="cause", **ROWS
        )
    with pytest.raises(EstimationError, match="weights need cluster"):
        logrank(data, group="arm", event="ended", weights="w", **ROWS)
    with pytest.raises(EstimationError, match="never shares a risk set"):
        logrank(data, group="arm", event="ended", strata="arm", **ROWS)
    with pytest.raises(EstimationError, match="'stop' is negative"):
        kaplan_meier(data.assign(stop=-1.0), stop="stop", event="ended")


def test_curves_are_read_between_their_steps() -> None:
    wars = pd.DataFrame({"months": [3, 5, 5, 8, 12], "ended": [1, 1, 0, 1, 0]})
    curve = kaplan_meier(wars, stop="months", event="ended")
    table = curve.at([0, 2.9, 3, 7, 12])
    np.testing.assert_allclose(table["survival"], [1, 1, 0.8, 0.6, 0.3])
    assert table["at_risk"].tolist() == [5, 5, 5, 2, 1]
    assert curve.quantile(0.5)[0] == 8
    assert curve.quantile(0.9)[0] == np.inf
    with pytest.raises(EstimationError, match="beyond the last follow-up"):
        curve.at([13])
