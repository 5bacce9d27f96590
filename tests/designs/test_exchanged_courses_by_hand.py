"""Courses of exposure among a few wars: who may receive one, and each refit beside a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

from collsec.designs.inputs import Prepared
from collsec.designs.multi_state import redraw_on_the_eve, refits, rejected_courses
from made_up_cohorts import prepared_of
from riskset import BinaryExposure

ZERO = pd.Timestamp("2000-01-01")


def after(days: float) -> pd.Timestamp:
    return ZERO + pd.Timedelta(days=days)


def cohort(exits: list[int], spells: list[tuple[int, int, int | None]], lag: int = 0) -> Prepared:
    """Wars with days to their ends, and spells: war, first and last day."""
    n = len(exits)
    units = pd.DataFrame(
        {
            "unit_id": [str(i) for i in range(n)],
            "conflict_id": range(n),
            "time_zero": ZERO,
            "exit_date": [after(day) for day in exits],
            "gwno_host": [i % 3 for i in range(n)],
            "is_event": True,
        }
    )
    calendar = pd.DataFrame(
        [(w, after(on), pd.NaT if off is None else after(off)) for w, on, off in spells],
        columns=["conflict_id", "on_date", "off_date"],
    ).astype({"off_date": "datetime64[ns]"})
    return prepared_of(units, calendar, lag)


# Who is at risk ---------------------------------------------------------------------------------

STOP = np.array([5, 5, 5, 8, 8, 3, 9, 9, 4, 4, 4, 6, 7, 7, 2, 8], dtype=float)
EVENT = np.array([1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1], dtype=bool)
STRATUM = pd.Series([0] * 8 + [1] * 8)
CLUSTER = pd.Series(
    ["a", "b", "c", "c", "a", "b", "c", "a", "b", "b", "a", "c", "a", "c", "a", "b"]
)
EXPOSED = np.array([1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0, 1], dtype=bool)


def log_likelihood(beta: float, since: np.ndarray, kept: np.ndarray) -> float:
    """Efron's partial likelihood of exposure after some day, one event time after the other."""
    found = 0.0
    for stratum, time in sorted(set(zip(STRATUM[EVENT], STOP[EVENT], strict=True))):
        of_stratum = (stratum == STRATUM).to_numpy()
        risk = died = 0.0
        ties = 0
        for unit in np.flatnonzero(kept & of_stratum & (time <= STOP)):
            own = beta * (since[unit] < time)
            risk += math.exp(own)
            if STOP[unit] == time and EVENT[unit]:
                died, found, ties = died + math.exp(own), found + own, ties + 1
        found -= sum(math.log(risk - k / ties * died) for k in range(ties))
    return found


def best(since: np.ndarray, kept: np.ndarray | None = None) -> float:
    everyone = np.ones(16, bool) if kept is None else kept
    found = minimize_scalar(
        lambda beta: -log_likelihood(beta, since, everyone),
        bounds=(-6, 6),
        options={"xatol": 1e-9},
    )
    return float(found.x)


def test_units_are_at_risk_up_to_their_last_day_within_their_stratum() -> None:
    quick = BinaryExposure.of(
        np.array([2.0, 3.0, 3.0, 3.0]),
        np.array([True, True, False, True]),
        pd.Series([0, 0, 0, 1]),
        pd.Series(["z", "y", "z", "z"]),
    )
    assert quick.times.tolist() == [2, 3, 3]
    assert quick.at_risk.tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert quick.fails.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert (quick.cluster.tolist(), quick.n_clusters) == ([1, 0, 1, 1], 2)


@pytest.mark.parametrize("day", [0.0, 3.5])
def test_all_refits_are_those_of_a_plain_likelihood(day: float) -> None:
    quick = BinaryExposure.of(STOP, EVENT, STRATUM, CLUSTER)
    since, owner = np.where(EXPOSED, day, np.inf), CLUSTER.to_numpy()
    exposed = EXPOSED if day == 0 else since[:, None] < quick.times
    found = quick.estimates(exposed)
    expected = [best(since, owner != name) for name in "abc"]
    assert found == pytest.approx([*expected, best(since)], abs=1e-5)
    refit = quick.refit(exposed)
    assert refit(np.ones(16, bool)) == found[3]
    assert [refit(owner != name) for name in "abc"] == found[:3].tolist()


def test_a_ratio_that_never_stops_rising_is_none() -> None:
    """All exposed end before anyone else, but for one of cluster a, without which it is open."""
    stop = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    cluster = pd.Series(["b", "b", "c", "c", "b", "c", "a", "b"])
    quick = BinaryExposure.of(stop, np.ones(8, bool), pd.Series(np.zeros(8)), cluster)
    exposed = np.array([1, 1, 1, 1, 0, 0, 1, 0], dtype=bool)
    found = quick.estimates(exposed)
    assert math.isnan(found[0]) and np.isfinite(found[1:]).all()
    nothing = quick.estimates(np.zeros(8, bool))
    assert np.isnan(nothing).all() and np.isnan(quick.estimates(np.ones(8, bool))).all()
    assert np.isnan(quick.estimates(~exposed)).tolist() == [True, False, False, False]
    assert quick.estimates(~exposed)[1:] == pytest.approx(-found[1:], abs=1e-9)


# Courses ----------------------------------------------------------------------------------------


def test_a_course_is_in_force_after_its_first_day_up_to_its_last_beyond_the_exit_too() -> None:
    prepared = cohort([10, 20, 30, 40], [(0, 5, 20), (2, 10, None)])
    quick, paths = refits(prepared, prepared.units["gwno_host"])
    assert quick.times.tolist() == [10, 20, 30, 40]
    assert paths.tolist() == [
        [True, True, False, False],
        [False] * 4,
        [False, True, True, True],
        [False] * 4,
    ]
    assert quick.at_risk.sum(axis=0).tolist() == [4, 3, 2, 1]
    assert quick.cluster.tolist() == [0, 1, 2, 0]


def test_a_course_goes_to_a_free_war_of_the_stratum_that_goes_on_after_its_day() -> None:
    """The first, on day 60, has three wars to go to; the last one, on day 90, none is left for."""
    prepared = cohort(
        [100, 61, 60, 100, 100, 95],
        [(0, 60, 70), (0, 80, None), (3, 90, None), (4, 50, None), (5, 94, None)],
    )
    stratum = np.array([0, 0, 0, 1, 1, 2])
    donors, chosen = redraw_on_the_eve(prepared, stratum, 40, np.random.default_rng(1))
    assert donors.tolist() == [4, 0, 3, 5]
    assert set(chosen[:, 0].tolist()) == {3, 4}
    assert set(chosen[:, 1].tolist()) == {0, 1}
    assert (chosen[:, 2] == 7 - chosen[:, 0]).all()
    assert (chosen[:, 3] == 5).all()
    lone = cohort([100, 80], [(0, 60, None), (1, 70, None)])
    _, given = redraw_on_the_eve(lone, np.zeros(2), 40, np.random.default_rng(1))
    assert {tuple(row) for row in given.tolist()} == {(0, 1), (1, 0)}


def test_a_course_without_a_free_war_is_placed_nowhere() -> None:
    prepared = cohort([100, 62], [(0, 60, None), (1, 61, None)])
    early = cohort([100, 100], [(0, 60, None), (1, 70, None)])
    # The second war ends on day 62: if it has the first course, day 61 leaves the first war.
    _, chosen = redraw_on_the_eve(prepared, np.zeros(2), 30, np.random.default_rng(1))
    assert {tuple(row) for row in chosen.tolist()} == {(0, 1), (1, 0)}
    late = cohort([100, 71], [(0, 60, None), (1, 70, None)])
    late.units.loc[1, "exit_date"] = after(70)
    late.outcome.loc[1, "exit_date"] = after(70)
    _, chosen = redraw_on_the_eve(late, np.zeros(2), 30, np.random.default_rng(1))
    assert {tuple(row) for row in chosen.tolist()} == {(0, -1), (1, 0)}
    _, chosen = redraw_on_the_eve(early, np.array([0, 1]), 5, np.random.default_rng(1))
    assert chosen.tolist() == [[0, 1]] * 5


def test_a_war_about_to_end_is_five_times_as_likely_to_receive() -> None:
    """From day 60 six months are 183 days: they reach an end on day 243, not one on day 244."""
    prepared = cohort([400, 243, 244, 100], [(0, 60, None)])
    _, chosen = redraw_on_the_eve(prepared, np.zeros(4), 12_000, np.random.default_rng(1))
    shares = np.bincount(chosen[:, 0], minlength=4) / 12_000
    assert shares == pytest.approx([1 / 12, 5 / 12, 1 / 12, 5 / 12], abs=0.015)


def test_a_test_of_courses_counts_those_that_it_rejects() -> None:
    quick, owner = BinaryExposure.of(STOP, EVENT, STRATUM, CLUSTER), CLUSTER.to_numpy()

    def p_value(since: np.ndarray) -> float:
        whole = best(since)
        spread = sum((best(since, owner != name) - whole) ** 2 for name in "abc")
        return float(2 * stats.t.sf(abs(whole) / math.sqrt(2 / 3 * spread), 2))

    rng = np.random.default_rng(5)
    since = [np.where(rng.random(16) < 0.5, 0.0, np.inf) for _ in range(6)]
    given = [one for one in since if abs(best(one)) < 5]
    nobody = np.zeros((16, 9), dtype=bool)
    courses = [nobody, *(one[:, None] < quick.times for one in given)]
    found = rejected_courses(quick, CLUSTER, courses)
    rejected = sum(p_value(one) < 0.05 for one in given)
    assert 0 < rejected < found.draws == len(given)
    assert found.rejection_rate == pytest.approx(rejected / len(given))
    assert found.estimates == pytest.approx([best(one) for one in given], abs=1e-5)
    assert found.mean_exposed_events == np.mean([(EVENT & (one == 0)).sum() for one in given])
    nothing = rejected_courses(quick, CLUSTER, [nobody])
    assert (nothing.draws, nothing.mean_exposed_events) == (0, 0.0)
