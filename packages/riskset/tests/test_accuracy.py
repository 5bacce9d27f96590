"""Ranking, error and calibration of predictions: by hand, by simulation, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import riskset as rs

EXACT = 1e-12
TIMES = {"stop": "stop", "event": "event"}


def spells(n: int = 60, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 6, n)
    time, end = rng.exponential(6 / np.exp(0.4 * x)), rng.exponential(6, n)
    data = pd.DataFrame({"stop": np.minimum(time, end).round(1) + 0.1, "event": (time <= end) * 1})
    return data.assign(risk=x, group=np.arange(n) % 24)


def uncensored(data: pd.DataFrame, t: float) -> float:
    """P(uncensored just before t), term by term: events leave before those censored with them."""
    chance = 1.0
    for c in sorted(data.loc[data["event"] == 0, "stop"].unique()):
        if c < t:
            gone = ((data["stop"] == c) & (data["event"] == 0)).sum()
            chance *= 1 - gone / (gone + (data["stop"] > c).sum())
    return chance


@pytest.mark.parametrize("weighting", ["pairs", "ipcw"])
def test_concordance_pair_by_pair(weighting: str) -> None:
    data = spells(30)
    right = whole = 0.0
    for a, b in itertools.permutations(data.to_dict("records"), 2):
        later = b["stop"] > a["stop"] or (b["stop"] == a["stop"] and b["event"] == 0)
        if a["event"] == 1 and later:
            weight = uncensored(data, a["stop"]) ** -2 if weighting == "ipcw" else 1.0
            whole += weight
            right += weight * ((a["risk"] > b["risk"]) + 0.5 * (a["risk"] == b["risk"]))
    found = rs.concordance(data, "risk", weighting=weighting, **TIMES)
    assert found.estimate == pytest.approx(right / whole, rel=EXACT)
    assert sum(found.pairs.values()) == pytest.approx(whole, rel=EXACT)


def test_concordance_by_strata_and_time() -> None:
    """Two strata far apart in time are two samples; each time has its own share."""
    data = spells()
    found = rs.concordance(data, "risk", strata="group", **TIMES).pairs
    each = [rs.concordance(part, "risk", **TIMES).pairs
            for _, part in data.groupby("group") if _comparable(part)]  # fmt: skip
    for name, value in found.items():
        assert value == sum(pairs[name] for pairs in each)
    table = rs.concordance(data, "risk", **TIMES).by_time
    mean = np.average(table["concordance"].fillna(0), weights=table["pairs"])
    assert mean == pytest.approx(rs.concordance(data, "risk", **TIMES).estimate, rel=EXACT)


def _comparable(part: pd.DataFrame) -> bool:
    first = part.loc[part["event"] == 1, "stop"].min()
    return bool((part["stop"] > first).any())


def test_cut_rows_are_the_same_pairs() -> None:
    """A unit cut in two is one unit to its clusters, and to every pair."""
    data = spells().assign(unit=lambda d: np.arange(len(d)), start=0.0)
    cut = rs.split_episodes(data, at=[2.05, 4.05], start="start", stop="stop", event="event")
    whole = rs.concordance(data, "risk", start="start", cluster="unit", **TIMES)
    found = rs.concordance(cut, "risk", start="start", cluster="unit", unit="unit", **TIMES)
    assert (found.estimate, found.std_error) == pytest.approx((whole.estimate, whole.std_error))


def test_uno_does_not_depend_on_the_censoring() -> None:
    """Of one population, heavily and lightly censored: Harrell's moves, Uno's stays."""
    rng = np.random.default_rng(11)
    n = 4000
    risk = rng.integers(0, 2, n)
    # Of those at high risk half go first, before anybody else, and half last.
    first, last = rng.uniform(0, 1, n), rng.uniform(5, 6, n)
    high = np.where(rng.random(n) < 0.5, first, last)
    data = pd.DataFrame({"risk": risk, "time": np.where(risk == 1, high, rng.uniform(1, 5, n))})
    found = {}
    for name, most in (("light", 60.0), ("heavy", 5.0)):
        end = rng.uniform(0, most, n)
        seen = data.assign(
            stop=np.minimum(data["time"], end), event=(data["time"] <= end).astype(int)
        )
        for weighting in ("pairs", "ipcw"):
            fit = rs.concordance(seen, "risk", weighting=weighting, horizon=4.0, **TIMES)
            found[name, weighting] = fit
    apart = {w: abs(found["light", w].estimate - found["heavy", w].estimate)
             for w in ("pairs", "ipcw")}  # fmt: skip
    error = np.hypot(*(found[name, "ipcw"].std_error for name in ("light", "heavy")))
    assert apart["ipcw"] < 3 * error < apart["pairs"]


def test_brier_row_by_row() -> None:
    data, times = spells(), [1.0, 2.5]
    rng = np.random.default_rng(4)
    survival = np.sort(rng.random((60, 2)))[:, ::-1]
    found = rs.brier_score(data, survival, times, **TIMES)
    for t, when in enumerate(times):
        weights, squares = [], []
        for i, row in enumerate(data.itertuples()):
            done = row.stop <= when and row.event == 1
            if row.stop < when and not done:
                continue
            chance = uncensored(data, row.stop if done else when)
            weights.append(1 / chance)
            squares.append((done - (1 - survival[i, t])) ** 2)
        mean = np.average(squares, weights=weights)
        assert found.table["brier"][t] == pytest.approx(mean, rel=EXACT)
        moved = np.array(weights) * (np.array(squares) - mean) / np.sum(weights)
        assert found.table["std_error"][t] == pytest.approx(np.sqrt((moved**2).sum()), rel=EXACT)
    assert found.integrated is not None
    assert found.integrated.estimate == pytest.approx(found.table["brier"].mean(), rel=EXACT)


def test_a_competing_end_is_known_and_no_event() -> None:
    """Without censoring: plain means, and the AUC of events by then against all others."""
    data = pd.DataFrame({"stop": [1, 2, 3, 4, 5, 6.0], "event": [1, 0, 1, 0, 0, 1]})
    data = data.assign(other=1 - data["event"], risk=[5, 4, 3, 6, 1, 2])
    incidence = np.array([0.9, 0.4, 0.3, 0.2, 0.1, 0.2])
    found = rs.brier_score(data, 1 - incidence, 3.5, competing="other", **TIMES)
    assert found.table["brier"][0] == pytest.approx(
        (0.1**2 + 0.4**2 + 0.7**2 + 0.2**2 + 0.1**2 + 0.2**2) / 6, rel=EXACT
    )
    # Cases 5 and 3 against 4, 6, 1, 2: 3 + 2 of 8 pairs.
    auc = rs.time_auc(data, "risk", 3.5, competing="other", **TIMES)
    assert auc["auc"][0] == 5 / 8
    assert auc["cases"][0] == 2
    table = rs.calibration(
        data.assign(p=incidence), "p", horizon=3.5, competing="other", groups=1, **TIMES
    )
    assert table["observed"][0] == pytest.approx(2 / 6, rel=EXACT)
    assert table["predicted"][0] == pytest.approx(incidence.mean(), rel=EXACT)


def test_auc_pair_by_pair() -> None:
    data, when = spells(), 2.0
    right = whole = 0.0
    for a, b in itertools.permutations(data.to_dict("records"), 2):
        past = b["stop"] > when or (b["stop"] == when and b["event"] == 0)
        if a["stop"] <= when and a["event"] == 1 and past:
            weight = 1 / uncensored(data, a["stop"])
            whole += weight
            right += weight * ((a["risk"] > b["risk"]) + 0.5 * (a["risk"] == b["risk"]))
    found = rs.time_auc(data, "risk", when, **TIMES)
    assert found["auc"][0] == pytest.approx(right / whole, rel=EXACT)


@pytest.mark.full
def test_errors_are_those_of_many_samples() -> None:
    """Standard deviation over 200 samples against the mean of the errors, within a seventh."""
    found = []
    for seed in range(200):
        data = spells(120, 1000 + seed)
        auc = rs.time_auc(data, "risk", 2.0, **TIMES)
        ranked = rs.concordance(data, "risk", **TIMES)
        brier = rs.brier_score(data, np.full(120, 0.5) + data["risk"] / 20, 2.0, **TIMES).table
        found.append([auc["auc"][0], ranked.estimate, brier["brier"][0],
                      auc["std_error"][0], ranked.std_error, brier["std_error"][0]])  # fmt: skip
    spread = np.array(found)
    np.testing.assert_allclose(spread[:, 3:].mean(axis=0), spread[:, :3].std(axis=0), rtol=1 / 7)


def test_calibration_is_the_curve_of_each_group() -> None:
    data = spells().assign(p=lambda d: 0.1 + d["risk"] / 10)
    table = rs.calibration(data, "p", horizon=2.0, groups=3, **TIMES)
    assert table["rows"].sum() == 60
    assert table["predicted"].is_monotonic_increasing
    last = data[data["p"] > data["p"].quantile(2 / 3)]
    survival = rs.kaplan_meier(last, **TIMES).at([2.0])
    assert table["observed"].iloc[-1] == pytest.approx(1 - survival["survival"][0], rel=EXACT)
    assert table["std_error"].iloc[-1] == pytest.approx(survival["std_error"][0], rel=1e-9)


def test_events_expected_under_late_entry() -> None:
    """The model's own cumulative hazard expects as many events as there are."""
    data = spells().assign(start=lambda d: np.where(d["group"] % 3 == 0, d["stop"] / 2, 0.0))
    fit = rs.cox_ph(data, ["risk"], start="start", ties="breslow", **TIMES)
    data["expected"] = data["event"] - fit.martingale()
    whole = rs.expected_events(data, "expected", event="event")
    assert whole["ratio"][0] == pytest.approx(1.0, rel=1e-9)
    assert whole["std_error"][0] == pytest.approx(1 / np.sqrt(data["event"].sum()), rel=EXACT)
    by = rs.expected_events(data, "expected", event="event", by="risk", groups=2, cluster="group")
    low = data[data["risk"] <= data["risk"].median()]
    ratio = low["event"].sum() / low["expected"].sum()
    assert by["ratio"][0] == pytest.approx(ratio, rel=EXACT)
    away = (low["event"] - ratio * low["expected"]).groupby(low["group"]).sum()
    error = np.sqrt((away**2).sum()) / low["event"].sum()
    assert by["std_error"][0] == pytest.approx(error, rel=EXACT)


def test_refusals() -> None:
    data = spells().assign(late=lambda d: np.where(d.index == 3, 0.05, 0.0), p=0.2)
    late = {"start": "late", **TIMES}
    for call in (
        lambda: rs.concordance(data, "risk", weighting="ipcw", **late),
        lambda: rs.brier_score(data, np.full(60, 0.5), 2.0, **late),
        lambda: rs.time_auc(data, "risk", 2.0, **late),
        lambda: rs.calibration(data, "p", horizon=2.0, **late),
    ):
        with pytest.raises(rs.EstimationError, match="all from one start"):
            call()
    with pytest.raises(rs.EstimationError, match="'pairs' or 'ipcw', not 'uno'"):
        rs.concordance(data, "risk", weighting="uno", **TIMES)  # type: ignore[arg-type]
    with pytest.raises(rs.EstimationError, match="ipcw takes no strata"):
        rs.concordance(data, "risk", weighting="ipcw", strata="group", **TIMES)
    with pytest.raises(rs.EstimationError, match="no pair is comparable"):
        rs.concordance(data.assign(stop=1.0, event=1), "risk", **TIMES)
    with pytest.raises(rs.EstimationError, match=r"shape \(60, 1\); 60 rows and 2 times"):
        rs.brier_score(data, np.full((60, 1), 0.5), [1.0, 2.0], **TIMES)
    with pytest.raises(rs.EstimationError, match="prediction of row 4 is missing or outside"):
        rs.brier_score(data, np.where(np.arange(60) == 4, np.nan, 0.5), 2.0, **TIMES)
    with pytest.raises(rs.EstimationError, match="within follow-up"):
        rs.brier_score(data, np.full(60, 0.5), 900.0, **TIMES)
    with pytest.raises(rs.EstimationError, match="times must increase"):
        rs.time_auc(data, "risk", [2.0, 1.0], **TIMES)
    with pytest.raises(rs.EstimationError, match="nobody, or everybody"):
        rs.time_auc(data, "risk", 0.01, **TIMES)
    with pytest.raises(rs.EstimationError, match="'risk' of row 1 is no probability"):
        rs.calibration(data.assign(risk=lambda d: np.where(d.index == 1, 2, 0.1)), "risk",
                       horizon=2.0, **TIMES)  # fmt: skip
    with pytest.raises(rs.EstimationError, match="ends in 'event' and in 'again'"):
        rs.brier_score(data.assign(again=data["event"]), np.full(60, 0.5), 2.0, competing="again",
                       **TIMES)  # fmt: skip
    table = pd.DataFrame({"row": [0, 1], "time": 2.0, "estimate": 0.5})
    with pytest.raises(rs.EstimationError, match="of other rows"):
        rs.brier_score(data, table, 2.0, **TIMES)
    with pytest.raises(rs.EstimationError, match="'p' is negative in row 0"):
        rs.expected_events(data.assign(p=-0.1), "p", event="event")
