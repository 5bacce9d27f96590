"""The design of counts by period: two wars over four years, and series whose turns are counted."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.estimate import Estimate
from collsec.designs.panel_counts import (
    Panel,
    PanelCounts,
    engine_gap,
)
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import CohortSpec, ExposureSpec, InferenceSpec
from collsec.hypothesis.study import Draws
from collsec.measures.registry import measure
from made_up_cohorts import SPEC, episodes_of, inputs_of
from made_up_panels import by_regression, panel
from riskset import EstimationError, two_way_poisson

DESIGN = PanelCounts()
NAN = math.nan


# The design -------------------------------------------------------------------------------------

#: Incidents of two wars by year, and the years in which a seat was held; 2004 has no incidents.
INCIDENTS = {1: [2, 8, 5, 1], 2: [3, 4, 8, 0]}
SEATS = {1: [0, 1, 0, 0, 1], 2: [0, 0, 0, 1, 1]}


@pytest.fixture
def measured(registers: None) -> None:
    """Two counts and two exposures by period, for the length of a test."""

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
    assert shared.numbers()["n_clusters"] == shared.numbers()["exposed_clusters"] == 1
    assert found.numbers()["n_clusters"] == found.numbers()["exposed_clusters"] == 2
    chosen = DESIGN.prepare(inputs, inputs.spec.exposure, choices=Choices(measure="seat_shared"))
    assert chosen.paths.n_paths == 1
    rows, attrition = DESIGN.panel(inputs)
    assert rows.to_numpy().tolist()[:2] == [
        ["1", 0.0, 1.0, True, 2.0, 0.0],
        ["1", 1.0, 2.0, True, 8.0, 1.0],
    ]
    assert rows["event"].tolist() == [True] * 7 + [False] and len(attrition) == 2
    assert rows["start"].tolist() == [0.0, 1.0, 2.0, 3.0] * 2
    assert DESIGN.groups(inputs, found).tolist() == ["All units", "All units"]
    assert DESIGN.counts(inputs, found)["nobs"] == 8


def test_a_panel_by_month_is_cut_at_a_month_and_counts_ten_years() -> None:
    first = 1990 * 12
    counts, periods = np.ones((1, 240)), np.arange(first, first + 240)
    monthly = Panel(
        np.array([1]), periods, counts, np.ones_like(counts), pd.DataFrame(), per_year=12
    )
    late = monthly.since(pd.Timestamp("2003-03-31"))
    assert late.periods[0] == 2003 * 12 + 2 and late.counts.shape == (1, 82)
    # Of twenty years, the last ten.
    assert DESIGN.recent_outcomes(world(), monthly) == 120
    yearly = dataclasses.replace(monthly, periods=np.arange(1800, 2040), per_year=1)
    assert DESIGN.recent_outcomes(world(), yearly) == 10
    assert yearly.since(pd.Timestamp("2003-03-31")).periods[0] == 2003


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
def test_a_panel_without_a_fit_is_not_compared_with_another_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs = world()
    monkeypatch.setattr(
        "riskset.regression.two_way_poisson.TOLERATED", -1.0
    )  # no sum is near enough
    with pytest.raises(EstimationError, match="did not converge"):
        engine_gap(DESIGN.prepare(inputs, inputs.spec.exposure))
    checked = DESIGN.robustness(inputs).records
    assert checked["engines_agree"] and checked["engine_gap"] == 0.0


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
    assert rows["estimate"].iloc[0] == pytest.approx(math.exp(log))
    assert rows["ci_low"].iloc[0] == pytest.approx(math.exp(log - 1.9599640 * error))
    # Units that share a path are one cluster, and one cluster has no error: nothing is estimated.
    assert rows.loc[1, ["estimate", "ci_low"]].isna().all()
    assert rows["exposed_events"].tolist() == [2, 2] and rows["nobs"].tolist() == [8, 8]
    checked = DESIGN.robustness(inputs).records
    assert checked["engines_agree"] and checked["engine_gap"] < 1e-7
    assert checked["describes"] == [{"code": "one_series", "values": {"units": 2}}]
    # From 2001 on: cells of 2001 to 2003; none from 2004 on.
    late = DESIGN.since(inputs, pd.Timestamp("2001-12-31"), 0.9)
    assert (late.nobs, late.n_events, late.exposed_events, late.level) == (6, 26, 2, 0.9)
    none = DESIGN.since(inputs, pd.Timestamp("2004-01-01"), 0.9)
    assert none.note == "Not estimable: nothing is counted in these years"
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
    assert DESIGN.robustness(inputs).records["describes"] == []
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
        # Blocks of draws know nothing of each other: there is one.
        again = DESIGN.calibrate(world(), panel(counts, exposure), 2000, 1)
        assert (again.estimates == found.estimates).all() and DESIGN.calibration_blocks == 1
        # Turns are alike, so that draws are even on both sides of their mean.
        assert np.unique(found.estimates).size == size
    flat = DESIGN.calibrate(world(), panel([[3.0] * 9], [[0.0] * 8 + [1.0]]), 20, 0)
    assert (flat.estimates == 0).all() and flat.rejection_rate == 0


@pytest.mark.usefixtures("measured")
def test_units_depend_on_one_another_where_the_outcome_names_their_cluster() -> None:
    """Six wars of three hosts: the error is that between hosts, referred to two degrees."""
    inputs = world()
    cells = [(u, 1990 + p, float((u * p + u + 3 * p) % 7)) for u in range(6) for p in range(8)]
    counts = pd.DataFrame(cells, columns=["unit_id", "period", "count"])
    inputs.frames["seats"] = pd.DataFrame(
        [(u, 1990 + p, float(p in (u, u + 2))) for u in range(6) for p in range(8)],
        columns=["unit_id", "period", "exposure"],
    )
    inputs.frames["incidents"] = counts
    alone = DESIGN.without_draws(inputs, DESIGN.prepare(inputs, inputs.spec.exposure), 0.95)
    inputs.frames["incidents"] = counts.assign(gwno_host=counts["unit_id"] // 2)
    laid_out = DESIGN.prepare(inputs, inputs.spec.exposure)
    found = DESIGN.without_draws(inputs, laid_out, 0.95)
    assert (alone.n_clusters, found.n_clusters, found.exposed_clusters) == (6, 3, 3)
    expected = two_way_poisson(laid_out.counts, laid_out.exposure, cluster=[0, 0, 1, 1, 2, 2])
    assert found.std_error == pytest.approx(expected.std_error)
    assert found.std_error != pytest.approx(alone.std_error)
    assert found.p_value == pytest.approx(
        2 * stats.t.sf(abs(expected.estimate / expected.std_error), 2)
    )
