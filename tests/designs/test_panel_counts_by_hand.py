"""Counts by period: panels of a few cells, worked on paper or by a second engine."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.estimate import Estimate
from collsec.designs.panel_counts import (
    Panel,
    PanelCounts,
    engine_gap,
    fitted,
    p_of,
    ratio_of,
    turns,
)
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import CohortSpec, ExposureSpec, InferenceSpec
from collsec.hypothesis.study import Draws
from collsec.measures.registry import MEASURES, measure
from made_up_cohorts import SPEC, episodes_of, inputs_of

DESIGN = PanelCounts()
NAN = math.nan


def panel(counts: object, exposure: object, shared: list[int] | None = None) -> Panel:
    y, x = np.array(counts, dtype=float), np.array(exposure, dtype=float)
    own = None if shared is None else np.array(shared)
    names, years = np.array([f"u{i}" for i in range(len(y))]), 2000 + np.arange(y.shape[1])
    return Panel(names, years, y, x, pd.DataFrame(), own)


def by_regression(one: Panel, dead: tuple[int, ...] = ()) -> tuple[float, float]:
    """Log ratio and its error between units (periods of a single series), by statsmodels."""
    rows, columns = np.nonzero(one.known)
    several = len(one.units) > 1
    parts = [one.exposure[rows, columns][:, None], pd.get_dummies(rows, dtype=float).to_numpy()]
    if several:
        parts.append(pd.get_dummies(columns, dtype=float).iloc[:, 1:].to_numpy())
    model = sm.GLM(one.counts[rows, columns], np.column_stack(parts), sm.families.Poisson())
    groups = {"groups": rows if several else columns, "use_correction": False}
    fit = model.fit(cov_type="cluster", cov_kwds=groups, tol=1e-14, maxiter=300)
    size = len(one.units) if several else one.counts.shape[1]
    return float(fit.params[0]), float(fit.bse[0]) * math.sqrt(size / (size - 1))


# A panel's own numbers --------------------------------------------------------------------------

COUNTS = [[1, 0, 2, NAN], [3, 1, 0, 0], [0, 0, 5, 0]]
IS_EXPOSED = [[0, 1, 1, 0], [0, 0, 0, NAN], [0, 0, 0, 0]]


def test_cells_on_record_are_counted_and_those_exposed() -> None:
    keys = ["nobs", "n_units", "n_events", "n_clusters"]
    keys += ["exposed_units", "exposed_events", "exposed_clusters"]
    one = panel(COUNTS, IS_EXPOSED)
    # Two cells of twelve are not on record: no count, or no exposure.
    assert one.numbers() == dict(zip(keys, [10, 3, 12, 3, 1, 2, 1], strict=True))
    # In degrees, every cell is exposed to some degree.
    degrees = panel(COUNTS, [[0, 1, 2, 0], *IS_EXPOSED[1:]])
    assert degrees.numbers() == dict(zip(keys, [10, 3, 12, 3, 3, 10, 3], strict=True))


def test_paths_are_each_unit_s_own_unless_shared() -> None:
    own, shared = panel(COUNTS, IS_EXPOSED), panel(COUNTS, IS_EXPOSED, [0, 2, 1])
    assert (own.path.tolist(), own.n_paths) == ([0, 1, 2], 3)
    assert (shared.path.tolist(), shared.n_paths) == ([0, 2, 1], 3)
    some = shared.only(np.array([1, 2]))
    assert some.shared is not None and some.shared.tolist() == [1, 0] and some.n_paths == 2
    assert some.units.tolist() == ["u1", "u2"] and some.counts[1, 2] == 5
    assert own.only(np.array([0])).shared is None
    assert own.only(np.array([], dtype=int)).n_paths == 0


# The fit ----------------------------------------------------------------------------------------


def test_means_without_an_effect_are_products_of_shares() -> None:
    one = panel([[2, 8, 5], [3, 4, 8]], [[0, 1, 0], [0, 0, 0]])
    # Rows 15 and 15, columns 5, 12 and 13, of 30.
    assert fitted(one, 0.0) == pytest.approx(np.array([[2.5, 6.0, 6.5]] * 2))
    # A series of one unit has one mean.
    assert fitted(panel([[2, NAN, 4]], [[0, 1, 1]]), 0.0)[0].tolist() == [3.0, 0.0, 3.0]
    # Under a doubling: six deaths are one share without exposure and two with it.
    assert fitted(panel([[2, 4]], [[0, 1]]), math.log(2)) == pytest.approx(np.array([[2.0, 4.0]]))


def test_a_ratio_of_two_by_two_cells_is_that_of_its_cross_products() -> None:
    assert ratio_of(panel([[2, 8], [3, 4]], [[0, 1], [0, 0]])).estimate == pytest.approx(
        math.log(8 * 3 / (2 * 4))
    )
    # 370 to one is within the bounds of a log ratio of six, 450 to one is beyond.
    for most, is_known in ((370, True), (450, False)):
        both = (
            panel([[1, most], [1, 1]], [[0, 1], [0, 0]]),
            panel([[most, 1], [1, 1]], [[0, 1]] * 1 + [[0, 0]]),
        )
        for one, sign in zip(both, (1, -1), strict=True):
            found = ratio_of(one).estimate
            assert (
                (found == pytest.approx(sign * math.log(most))) if is_known else math.isnan(found)
            )


UNEVEN = panel(
    [[4, 9, NAN, 2, 6], [3, 1, 2, 7, 0], [5, 6, 8, 1, 3], [0, 2, 2, 5, NAN]],
    [[0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, NAN], [1, 0, 0, 1, 1]],
)
#: Each unit has three periods, two of them the next unit's: proportional fitting is slow here.
STAIRS = panel(
    [
        [(3 * i + 5 * j) % 7 + 1 + 9 * (i == j) if 0 <= j - i <= 2 else NAN for j in range(14)]
        for i in range(12)
    ],
    [[float((i * i + j) % 3 == 0) for j in range(14)] for i in range(12)],
)
DEGREES = panel([[2, 7, 1, 8, 2, 8]], [[0.5, 1.5, -0.5, 2.0, 0.0, NAN]])


@pytest.mark.parametrize("one", [UNEVEN, STAIRS, DEGREES], ids=["uneven", "stairs", "series"])
def test_ratio_and_error_are_those_of_a_poisson_regression(one: Panel) -> None:
    found = ratio_of(one)
    log, error = by_regression(one)
    assert found.estimate == pytest.approx(log, abs=1e-8)
    assert found.std_error == pytest.approx(error, rel=1e-6)
    assert engine_gap(one) < 1e-7
    mean = fitted(one, found.estimate)
    assert mean.sum(axis=1) == pytest.approx(np.nansum(np.where(one.known, one.counts, 0), axis=1))


def test_a_unit_or_a_period_without_any_count_says_nothing() -> None:
    more = panel(
        np.vstack([np.c_[UNEVEN.counts, np.zeros(4)], np.zeros(6)]),
        np.vstack([np.c_[UNEVEN.exposure, np.ones(4)], [0, 1, 0, 1, 0, 1]]),
    )
    assert ratio_of(more).estimate == pytest.approx(ratio_of(UNEVEN).estimate, abs=1e-7)
    assert engine_gap(more) < 1e-7
    # A unit and a period with a single count are part of the fit.
    thin = panel(
        np.vstack([np.c_[UNEVEN.counts, [0, 0, 1, 0]], [0, 0, 1, 0, 0, 0]]),
        np.vstack([np.c_[UNEVEN.exposure, [0, 1, 0, 1]], [1, 0, 0, 1, 0, 0]]),
    )
    assert engine_gap(thin) < 1e-7
    assert ratio_of(thin).estimate == pytest.approx(by_regression(thin)[0], abs=1e-7)
    assert abs(ratio_of(thin).estimate - ratio_of(UNEVEN).estimate) > 0.01
    # Nothing varies: no ratio, and nothing for a second engine to disagree on.
    same = panel([[1, 2], [3, 4]], [[1, 1], [1, 1]])
    assert math.isnan(ratio_of(same).estimate) and math.isnan(ratio_of(same).std_error)
    assert engine_gap(same) == 0.0


# Turned paths -----------------------------------------------------------------------------------


def turned_by_loops(one: Panel, effect: float) -> np.ndarray:
    """Scores of a full panel, whose means without an effect are products of shares."""
    freed = one.counts * np.exp(-effect * one.exposure)
    mean = freed.sum(axis=1)[:, None] * freed.sum(axis=0) / freed.sum()
    units, periods = freed.shape
    out = np.zeros((units, periods))
    for unit in range(units):
        for shift in range(periods):
            for period in range(periods):
                x = one.exposure[unit, (period - shift) % periods]
                out[unit, shift] += x * (freed[unit, period] - mean[unit, period])
    return out


def test_every_turn_of_a_path_has_the_score_of_its_cells() -> None:
    full = panel(
        [[4, 9, 2, 6], [3, 1, 7, 0], [5, 6, 1, 3]], [[0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 0]]
    )
    for effect in (0.0, 0.7):
        expected = turned_by_loops(full, effect)
        assert turns(full, effect) == pytest.approx(expected)
        together = dataclasses.replace(full, shared=np.array([1, 0, 1]))
        assert turns(together, effect) == pytest.approx(
            np.array([expected[1], expected[0] + expected[2]])
        )
    # Of a series with a gap: mean three; the path may be turned onto the gap and finds nothing.
    gap = panel([[2, NAN, 4]], [[0, 1, 1]])
    assert turns(gap, 0.0)[0].tolist() == pytest.approx([1.0, 0.0, -1.0])


def test_a_p_value_counts_turns_that_are_as_large_and_as_small() -> None:
    scores = np.array([[3.0, 1.0], [2.0, 0.0]])
    picks = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    # Sums 5, 3, 3, 1, and the observed 5: of five, two are as large.
    assert p_of(scores, picks) == pytest.approx(0.8)
    assert p_of(scores, np.array([[1, 1]] * 39)) == pytest.approx(2 / 40)
    assert p_of(-scores, np.array([[1, 1]] * 39)) == pytest.approx(2 / 40)
    assert p_of(scores, np.array([[0, 0]] * 3)) == 1.0
    # Sums that differ by rounding alone are ties.
    assert p_of(np.array([[4.0, 4.0 - 3e-9]]), np.array([[1]] * 39)) == 1.0
    assert p_of(np.array([[4.0, 4.0 - 6e-9]]), np.array([[1]] * 39)) == pytest.approx(2 / 40)
    assert p_of(np.array([[4.0, 4.0 + 3e-9]]), np.array([[1]] * 39)) == 1.0


# The design -------------------------------------------------------------------------------------

#: Incidents of two wars by year, and the years in which a seat was held; 2004 has no incidents.
INCIDENTS = {1: [2, 8, 5, 1], 2: [3, 4, 8, 0]}
SEATS = {1: [0, 1, 0, 0, 1], 2: [0, 0, 0, 1, 1]}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two counts and two exposures by period, for the length of a test."""
    before = dict(MEASURES)

    def incidents_in_year(incidents: pd.DataFrame) -> pd.DataFrame:
        return incidents

    def deaths_in_year(incidents: pd.DataFrame) -> pd.DataFrame:
        return incidents.assign(count=incidents["count"] * 10.0)

    def seat(seats: pd.DataFrame) -> pd.DataFrame:
        return seats

    def seat_shared(seats: pd.DataFrame) -> pd.DataFrame:
        return seats.assign(path="all")

    for one in (incidents_in_year, deaths_in_year):
        measure("outcome", one.__name__.replace("_", " "), uses=("incidents.count",))(one)
    for two in (seat, seat_shared):
        measure("by_period", two.__name__.replace("_", " "), uses=("seats.exposure",))(two)
    yield
    MEASURES.clear()
    MEASURES.update(before)


def world(**more: object) -> Inputs:
    def long(values: dict[int, list[int]], name: str) -> pd.DataFrame:
        rows = [(u, 2000 + i, float(v)) for u, own in values.items() for i, v in enumerate(own)]
        return pd.DataFrame(rows, columns=["unit_id", "period", name])

    spec = dataclasses.replace(
        SPEC,
        hypothesis="h9",
        cohort=CohortSpec(("intrastate",)),
        exposure=ExposureSpec("seat"),
        outcome="incidents_in_year",
        secondary=(ExposureSpec("seat_shared"),),
        outcomes=("deaths_in_year",),
        inference=InferenceSpec("turned_paths"),
        parts=(),
    )
    return inputs_of(
        spec=dataclasses.replace(spec, **more),  # type: ignore[arg-type]
        episodes=episodes_of(("1-1", 1, 10, "2000-02-01", "2004-03-01", True)),
        frames={"incidents": long(INCIDENTS, "count"), "seats": long(SEATS, "exposure")},
    )


@pytest.mark.usefixtures("measured")
def test_counts_and_exposure_are_laid_out_where_both_are_known() -> None:
    inputs = world()
    found = DESIGN.prepare(inputs, inputs.spec.exposure)
    assert found.units.tolist() == [1, 2] and found.periods.tolist() == [2000, 2001, 2002, 2003]
    assert found.counts.tolist() == [[2, 8, 5, 1], [3, 4, 8, 0]]
    assert found.exposure.tolist() == [[0, 1, 0, 0], [0, 0, 0, 1]]
    assert found.shared is None
    assert found.attrition.to_numpy().tolist() == [
        ["counted", "incidents in year", 8, 31, 0],
        ["exposure on record", "seat", 8, 31, 0],
    ]
    # A count beyond the record of seats is left out.
    inputs.frames["seats"] = inputs.frames["seats"].query("period < 2003 or unit_id == 2")
    fewer = DESIGN.prepare(inputs, inputs.spec.exposure).attrition
    assert fewer[["n_units", "n_events", "dropped"]].to_numpy().tolist() == [[8, 31, 0], [7, 30, 1]]
    inputs = world()
    shared = DESIGN.prepare(inputs, inputs.spec.secondary[0], outcome="deaths_in_year")
    assert shared.shared is not None and shared.shared.tolist() == [0, 0]
    assert shared.counts[0].tolist() == [20, 80, 50, 10]
    chosen = DESIGN.prepare(inputs, inputs.spec.exposure, choices=Choices(measure="seat_shared"))
    assert chosen.n_paths == 1
    rows, attrition = DESIGN.panel(inputs)
    assert rows.to_numpy().tolist()[:2] == [
        ["1", 0.0, 1.0, True, 2.0, 0.0],
        ["1", 1.0, 2.0, True, 8.0, 1.0],
    ]
    assert rows["event"].tolist() == [True] * 7 + [False] and len(attrition) == 2
    assert rows["start"].tolist() == [0.0, 1.0, 2.0, 3.0] * 2
    assert DESIGN.groups(inputs, found).tolist() == ["All units", "All units"]
    assert DESIGN.counts(inputs, found)["nobs"] == 8


@pytest.mark.usefixtures("measured")
def test_every_task_estimates_what_it_is_called() -> None:
    made = DESIGN.tasks(world(), Draws(0, 0, 0, 0))
    found: dict[str, Estimate] = {name: task().estimates[0] for name, task in made.items()}
    told = {n: (e.estimate_id, e.role, e.label, e.measure, e.n_events) for n, e in found.items()}
    assert told == {
        "primary": ("h9.primary", Role.PRIMARY, "seat", "seat", 31),
        "secondary.seat_shared": ("h9.seat_shared", "secondary", "seat shared", "seat_shared", 31),
        "outcome.deaths_in_year": ("h9.deaths_in_year", "outcome", "deaths in year", "seat", 310),
    }
    one = DESIGN.prepare(world(), world().spec.exposure)
    log, error = by_regression(one)
    primary = found["primary"]
    # Two units leave one degree of freedom, whose quantile at 95 % is 12.7062.
    assert primary.estimate == pytest.approx(math.exp(log), rel=1e-7)
    assert primary.ci_high == pytest.approx(math.exp(log + 12.7062047 * error), rel=1e-5)
    assert primary.inference == "cluster_sandwich" and primary.level == 0.95
    assert found["outcome.deaths_in_year"].estimate == pytest.approx(primary.estimate, rel=1e-7)


@pytest.mark.usefixtures("measured")
def test_specifications_robustness_and_later_years() -> None:
    inputs = world()
    as_is = Specification("a1", {"exposure": "seat"}, "principled", (), AS_DECLARED, "seat", 0)
    shared = Choices(measure="seat_shared")
    other = Specification(
        "b2", {"exposure": "s"}, "plausible", ("exposure",), shared, "seat_shared", 0
    )
    rows = DESIGN.specified(inputs, [as_is, other])
    log, error = by_regression(DESIGN.prepare(inputs, inputs.spec.exposure))
    assert rows["departures"].tolist() == [0, 1] and rows["axis_exposure"].tolist() == ["seat", "s"]
    assert rows["measure"].tolist() == ["seat", "seat_shared"]
    assert rows["estimate"].tolist() == pytest.approx([math.exp(log)] * 2)
    assert rows["ci_low"].tolist() == pytest.approx([math.exp(log - 1.9599640 * error)] * 2)
    assert rows["exposed_events"].tolist() == [2, 2] and rows["nobs"].tolist() == [8, 8]
    checked = DESIGN.robustness(inputs)
    assert checked["engines_agree"] and checked["engine_gap"] < 1e-7
    assert checked["describes"] == [{"code": "one_series", "values": {"units": 2}}]
    # From 2001 on: cells of 2001 to 2003; none from 2004 on.
    late = DESIGN.since(inputs, pd.Timestamp("2001-12-31"), 0.9)
    assert (late.nobs, late.n_events, late.exposed_events, late.level) == (6, 26, 2, 0.9)
    none = DESIGN.since(inputs, pd.Timestamp("2004-01-01"), 0.9)
    assert none.note == "Not estimable: nothing is counted from 2004 on"
    assert (none.nobs, none.n_units, none.exposed_clusters) == (0, 0, 0)
    assert DESIGN.since(inputs, pd.Timestamp("2003-01-01"), 0.9).nobs == 2
    assert DESIGN.outcomes_per_year(inputs) == pytest.approx(2 / 10)
    assert math.isnan(DESIGN.calibrate_biased(inputs, 10))
    # Five units are enough not to be described; a decade counts the last ten years alone.
    inputs.frames["incidents"] = pd.DataFrame(
        [(u, 1990 + p, float((u * p + p) % 5 + 1)) for u in range(5) for p in range(14)],
        columns=["unit_id", "period", "count"],
    )
    inputs.frames["seats"] = pd.DataFrame(
        [(u, 1990 + p, float(p in (u, u + 4))) for u in range(5) for p in range(14)],
        columns=["unit_id", "period", "exposure"],
    )
    assert DESIGN.robustness(inputs)["describes"] == []
    # Seats in 1990 to 1998; 1994 begins the decade: one of 1990 to 1993's units, then all five.
    assert DESIGN.outcomes_per_year(inputs) == pytest.approx((1 + 5) / 10)
    fine = DESIGN.prepare(inputs, inputs.spec.exposure)
    assert DESIGN.without_draws(inputs, fine, 0.95).p_value == pytest.approx(
        2 * stats.t.sf(abs(np.divide(*by_regression(fine))), 4), rel=1e-5
    )


def redrawn(one: Panel, level: float, draws: int = 400) -> Estimate:
    given = {"estimate_id": "h9.x", "role": Role.PRIMARY, "draws": draws}
    return DESIGN.estimate(world(), one, world().spec.exposure, level=level, **given)  # type: ignore[arg-type]


@pytest.mark.usefixtures("measured")
def test_the_interval_holds_the_effects_that_turned_paths_do_not_reject() -> None:
    """A series of six: each turn has one sixth of the draws."""
    one = panel([[2, 3, 9, 4, 1, 2]], [[0, 0, 1, 0, 0, 0]])
    found = redrawn(one, 0.5, 4000)
    assert found.estimate == pytest.approx(9 / (12 / 5))
    # Nine is the largest of six: one draw in six is as large.
    assert found.p_value == pytest.approx(2 / 6, abs=0.03)
    # Freed of an effect it is still the largest while above four. It is the smallest once below
    # one; between, two draws in six are as large or as small, and 2 / 3 is not rejected.
    assert found.ci_low == pytest.approx(9 / 4, rel=2e-5)
    assert found.ci_high == pytest.approx(9 / 1, rel=2e-5)
    half = 0.6744898
    width = math.log(4) / (2 * half)
    assert found.mde_high == pytest.approx(math.exp((half + 0.8416212) * width), rel=1e-3)
    assert found.inference == "turned_paths"
    # At a level that nothing of six turns can reject, both limits are open.
    wide = redrawn(one, 0.9)
    assert (wide.ci_low, wide.ci_high) == (0.0, math.inf) and math.isnan(wide.mde_high)
    still = redrawn(panel([[1, 2]], [[1, 1]]), 0.9)
    assert still.note == "Not estimable: the exposure does not vary"


@pytest.mark.usefixtures("measured")
def test_turned_paths_that_change_nothing_are_rejected_as_often_as_they_can_be() -> None:
    """Of fifty turns the largest and the smallest are beyond five in a hundred; of thirty none."""
    for size, rate in ((50, 0.04), (30, 0.0)):
        counts = np.arange(size, dtype=float)[None, :] + 1
        exposure = np.zeros((1, size))
        exposure[0, 7] = 1.0
        found = DESIGN.calibrate(world(), panel(counts, exposure), 2000, 0)
        assert found.rejection_rate == pytest.approx(rate, abs=0.015 if rate else 0)
        assert found.draws == 2000 and found.mean_exposed_events == 1
        assert found.estimates.std() == pytest.approx(0.1)
        assert found.estimates.mean() == pytest.approx(0.0, abs=1e-12)
        # Turns are alike, so that draws are even on both sides of their mean.
        assert np.unique(found.estimates).size == size
    flat = DESIGN.calibrate(world(), panel([[3.0] * 9], [[0.0] * 8 + [1.0]]), 20, 0)
    assert (flat.estimates == 0).all() and flat.rejection_rate == 0
