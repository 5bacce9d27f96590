"""Mean cumulative functions, Gray's test and weighted log-rank tests: by hand and by simulation."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import riskset as rs

EXACT = 1e-10
ROWS = {"start": "start", "stop": "stop"}


def ends(n: int = 90, seed: int = 5) -> pd.DataFrame:
    """One row a unit: causes 1 and 2 or none, late entry, times that tie."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 3, n) * (np.arange(n) > 20)
    stop = start + rng.integers(1, 9, n)
    data = pd.DataFrame({"start": start, "stop": stop, "cause": rng.integers(0, 3, n)})
    return data.assign(
        unit=np.arange(n), group=rng.integers(0, 3, n), one=(data["cause"] == 1) * 1,
        any=(data["cause"] > 0) * 1, cluster=np.arange(n) % 30,
    )  # fmt: skip


def test_a_last_event_is_one_less_survival() -> None:
    """Event and terminal in one: Kaplan–Meier, its error by unit or by cluster."""
    for options in ({}, {"cluster": "cluster"}):
        found = rs.mean_cumulative(
            ends(), **ROWS, event="any", terminal="any", unit="unit", **options
        ).table
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cluster = options.get("cluster", "unit")
            curve = rs.kaplan_meier(ends(), **ROWS, event="any", cluster=cluster).table
        np.testing.assert_allclose(found["estimate"], 1 - curve["survival"], rtol=EXACT)
        known = curve["std_error"].notna()
        np.testing.assert_allclose(found["std_error"][known], curve["std_error"][known], rtol=EXACT)


def test_an_event_among_competing_ones_is_its_incidence() -> None:
    found = rs.mean_cumulative(ends(), **ROWS, event="one", terminal="any", unit="unit").table
    curve = rs.aalen_johansen(ends(), **ROWS, cause="cause", cluster="unit").table
    curve = curve[(curve["cause"] == 1) & (curve["n_event"] > 0)]
    np.testing.assert_allclose(found["estimate"], curve["incidence"], rtol=EXACT)
    np.testing.assert_allclose(found["std_error"], curve["std_error"], rtol=EXACT)


def coups(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Poisson events at a rate of each unit's own, until it ends or is censored."""
    rate, ended, seen = rng.gamma(2, 0.5, n), rng.exponential(3, n), rng.uniform(1, 5, n)
    rows = []
    for unit in range(n):
        last, at = min(ended[unit], seen[unit]), 0.0
        while (following := at + rng.exponential(1 / rate[unit])) < last:
            rows.append((unit, at, following, 1, 0))
            at = following
        rows.append((unit, at, last, 0, int(ended[unit] < seen[unit])))
    return pd.DataFrame(rows, columns=["unit", "start", "stop", "coup", "gone"])


CALL = {"start": "start", "stop": "stop", "event": "coup", "unit": "unit"}


def test_recurrent_events_by_hand() -> None:
    """Four units: at 2 one event of 4; at 3 one ends; at 4 two events of the 3 left."""
    data = pd.DataFrame(
        [(1, 0, 2, 1, 0), (1, 2, 4, 1, 0), (1, 4, 6, 0, 0), (2, 0, 3, 0, 1), (3, 0, 4, 1, 0),
         (3, 4, 6, 0, 0), (4, 0, 6, 0, 0)],
        columns=["unit", "start", "stop", "coup", "gone"],
    )  # fmt: skip
    found = rs.mean_cumulative(data, terminal="gone", **CALL)
    assert found.table["estimate"].tolist() == pytest.approx([1 / 4, 1 / 4 + 3 / 4 * 2 / 3])
    assert found.at([1, 3, 6])["estimate"].tolist() == pytest.approx([0, 1 / 4, 3 / 4])
    without = rs.mean_cumulative(data, **CALL).table["estimate"]
    assert without.tolist() == pytest.approx([1 / 4, 1 / 4 + 2 / 3])


def test_the_curve_is_drawn() -> None:
    pytest.importorskip("matplotlib")
    curve = rs.mean_cumulative(coups(20, np.random.default_rng(1)), terminal="gone", **CALL)
    axes = curve.plot()
    assert axes.get_ylabel() == "Mean number of events"
    assert axes.lines[0].get_ydata()[-1] == pytest.approx(curve.table["estimate"].iloc[-1])
    assert "estimate: mean number of events" in str(curve)


@pytest.mark.full
def test_mean_of_recurrent_events_in_many_samples() -> None:
    """At a mean rate of one until an end at rate 1/3: 3 (1 − exp(−t/3)); errors as they spread."""
    found = np.array(
        [
            rs.mean_cumulative(coups(80, np.random.default_rng(seed)), terminal="gone", **CALL)
            .at(3.0)[["estimate", "std_error"]]
            .to_numpy()[0]
            for seed in range(300)
        ]
    )
    truth = 3 * (1 - np.exp(-1))
    assert found[:, 0].mean() == pytest.approx(truth, abs=4 * found[:, 0].std() / np.sqrt(300))
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.15)


def test_recurrent_refusals() -> None:
    data = coups(20, np.random.default_rng(1))
    on = data.assign(gone=(data["coup"] == 1) * 1)
    with pytest.raises(rs.EstimationError, match="has the event in row 0 and goes on"):
        rs.mean_cumulative(on, terminal="gone", **CALL)
    with pytest.raises(rs.EstimationError, match="no event in"):
        rs.mean_cumulative(data.assign(coup=0), **CALL)
    with pytest.raises(rs.EstimationError, match="overlap"):
        rs.mean_cumulative(data.assign(start=0.0), **CALL)


GRAY = {"group": "group", "stop": "stop", "cause": "cause", "of": 1}


def test_gray_by_its_definition() -> None:
    """Observed less expected, time by time, without entry times."""
    data = ends().assign(start=0)
    observed, expected = np.zeros(3), np.zeros(3)
    survival, incidence = np.ones(3), np.zeros(3)
    for t in sorted(data["stop"].unique()):
        there = data[data["stop"] >= t]
        at_risk = np.array([(there["group"] == g).sum() for g in range(3)])
        now = there[there["stop"] == t]
        ours = np.array([((now["group"] == g) & (now["cause"] == 1)).sum() for g in range(3)])
        every = np.array([((now["group"] == g) & (now["cause"] > 0)).sum() for g in range(3)])
        if every.sum():
            stand = at_risk * (1 - incidence) / survival
            observed += ours
            expected += stand * ours.sum() / stand.sum()
            incidence = incidence + survival * ours / at_risk
            survival = survival * (1 - every / at_risk)
        if (survival == 0).any():
            break
    found = rs.gray_test(data, **GRAY)
    np.testing.assert_allclose(found.table["observed"], observed)
    np.testing.assert_allclose(found.table["expected"], expected, rtol=EXACT)


def test_gray_without_other_ends_is_log_rank() -> None:
    rng = np.random.default_rng(9)
    data = pd.DataFrame({"stop": rng.permutation(120) + 1.0, "group": rng.integers(0, 3, 120)})
    data = data.assign(cause=rng.integers(0, 2, 120), start=np.where(data.index < 30, 0.5, 0.0))
    for options in ({}, {"start": "start"}):
        gray = rs.gray_test(data, **GRAY, **options)
        plain = rs.logrank(data, group="group", stop="stop", event="cause", **options)
        assert (gray.chi2, gray.df) == (pytest.approx(plain.chi2, rel=1e-9), plain.df)
    assert "Gray's, incidence of 1" in str(gray)


def rivals(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """One incidence of cause 1 in both groups, though cause 2 comes at quite other times."""
    group = np.arange(n) % 2
    first = rng.random(n) < 0.5
    time = rng.exponential(1.0, n)
    other = np.where(group == 1, rng.exponential(0.15, n), rng.exponential(2.0, n))
    time = np.where(first, time, other)
    end = rng.uniform(0.5, 3, n)
    cause = np.where(time <= end, np.where(first, 1, 2), 0)
    return pd.DataFrame({"group": group, "stop": np.minimum(time, end), "cause": cause})


@pytest.mark.full
def test_gray_keeps_its_size_where_log_rank_does_not() -> None:
    by_unit, model, naive = [], [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(400):
            data = rivals(120, np.random.default_rng(seed)).assign(unit=range(120))
            model.append(rs.gray_test(data, **GRAY).p_value < 0.05)
            by_unit.append(rs.gray_test(data, cluster="unit", **GRAY).p_value < 0.05)
            event = data.assign(event=(data["cause"] == 1) * 1)
            test = rs.logrank(event, group="group", stop="stop", event="event")
            naive.append(test.p_value < 0.05)
    assert 0.025 <= np.mean(model) <= 0.08
    assert 0.025 <= np.mean(by_unit) <= 0.085
    assert np.mean(naive) > 0.2


def test_gray_clusters_of_one_come_near_the_model() -> None:
    data = rivals(1200, np.random.default_rng(3)).assign(unit=range(1200))
    data["cause"] = np.where((data["group"] == 1) & (data.index % 9 == 0), 0, data["cause"])
    one = rs.gray_test(data, cluster="unit", **GRAY)
    assert one.chi2 == pytest.approx(rs.gray_test(data, **GRAY).chi2, rel=0.1)


def test_gray_strata_add_up() -> None:
    """Copies in strata of their own: twice the excess, twice the variance."""
    data = rivals(80, np.random.default_rng(8))
    both = pd.concat([data.assign(s=0), data.assign(s=1)], ignore_index=True)
    once, twice = rs.gray_test(data, **GRAY), rs.gray_test(both, strata="s", **GRAY)
    assert twice.chi2 == pytest.approx(2 * once.chi2, rel=EXACT)


def test_refusals_of_tests() -> None:
    data = ends().assign(event=lambda d: d["any"])
    with pytest.raises(rs.EstimationError, match="no row of 'cause' holds 7"):
        rs.gray_test(data, **(GRAY | {"of": 7}))
    with pytest.raises(rs.EstimationError, match="holds one group"):
        rs.gray_test(data.assign(group=1), **GRAY)
    with pytest.raises(rs.EstimationError, match="rho must be a number, zero or more, not -1"):
        rs.logrank(data, group="group", stop="stop", event="event", rho=-1)


def test_late_weights_by_hand() -> None:
    """Events at 1, 2, 3 of four units: weights 0, 1/4, 1/2 with gamma = 1."""
    data = pd.DataFrame({"stop": [1, 2, 3, 4], "event": [1, 1, 1, 0], "group": [0, 1, 0, 1]})
    found = rs.logrank(data, group="group", stop="stop", event="event", gamma=1)
    assert found.table["observed"].tolist() == pytest.approx([0.5, 0.25])
    excess = 0.5 - (2 / 3 * 0 + 1 / 4 * 1 / 3 + 1 / 2 * 1 / 2)
    variance = (1 / 4) ** 2 * 2 / 9 + (1 / 2) ** 2 / 4
    assert found.chi2 == pytest.approx(excess**2 / variance, rel=EXACT)
    assert "Fleming–Harrington (0, 1)" in str(found)


def test_weights_of_time_with_clusters() -> None:
    """Each unit a cluster: near the hypergeometric variance in a large sample."""
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"stop": rng.exponential(1, 3000), "group": rng.integers(0, 2, 3000)})
    data = data.assign(event=1, unit=range(3000))
    plain = rs.logrank(data, group="group", stop="stop", event="event", rho=1)
    by_unit = rs.logrank(data, group="group", stop="stop", event="event", rho=1, cluster="unit")
    assert by_unit.chi2 == pytest.approx(plain.chi2, rel=0.1)
