"""Stacks by hand, another engine, and known effects on simulated counts found again."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from collsec.designs import Inputs
from collsec.designs.arrivals import BEFORE, Mean, StackedDesign, counts_by_month
from collsec.designs.monthly_violence import MonthlyViolence, by_month
from collsec.hypothesis.validation import load
from collsec.measures import get
from for_all_tests import first
from riskset import EventStack, stacked_poisson
from riskset.inference import moved_events
from riskset.inference.moved_events import move_events, moved_p_value, preference
from riskset.regression.stacked_poisson import stack_means, stacked_ratios
from study import PROJECT, study_inputs

DESIGN = MonthlyViolence()
DATA_SETS = 60


@functools.cache
def inputs() -> Inputs:
    return study_inputs(load(PROJECT, "h7"))


@functools.cache
def laid() -> StackedDesign:
    return DESIGN.prepare(inputs(), inputs().spec.exposure)


def test_fitted_means_have_the_sums_of_the_counts() -> None:
    counts = np.random.default_rng(1).poisson(20, (6, 10)).astype(float)
    counts[2, :4] = np.nan
    mean = stack_means(EventStack(counts))
    np.testing.assert_allclose(mean.sum(axis=1), np.nansum(counts, axis=1), rtol=1e-7)
    np.testing.assert_allclose(mean.sum(axis=0), np.nansum(counts, axis=0), rtol=1e-7)
    assert (mean[2, :4] == 0).all()


def test_ratios_are_those_of_a_poisson_regression_with_dummies() -> None:
    rng = np.random.default_rng(2)
    counts = rng.poisson(15, (5, 12)).astype(float)
    counts[1, 3] = np.nan
    group = np.r_[np.full(4, -1), np.zeros(3, int), np.ones(5, int)]
    found = stacked_ratios([EventStack(counts)], group)
    rows, columns = np.nonzero(~np.isnan(counts))
    x = np.column_stack(
        [
            (rows == 0) & (group[columns] == 0),
            (rows == 0) & (group[columns] == 1),
            *(rows == r for r in range(5)),
            *(columns == c for c in range(1, 12)),
        ]
    ).astype(float)
    fitted = sm.GLM(counts[rows, columns], x, family=sm.families.Poisson()).fit(tol=1e-13)
    np.testing.assert_allclose(found, fitted.params[:2], atol=1e-6)
    one = stacked_poisson([EventStack(counts)] * 2, group >= 0)
    x = np.column_stack([x[:, 0] + x[:, 1], x[:, 2:]])
    fitted = sm.GLM(counts[rows, columns], x, family=sm.families.Poisson()).fit(tol=1e-13)
    assert one.estimate == pytest.approx(float(fitted.params[0]), abs=1e-6)


def test_months_without_a_count_are_missing_and_never_zero() -> None:
    deaths, shared = counts_by_month(get("deaths_in_host_by_month")(inputs().timelines))
    assert deaths.isna().to_numpy().any() and (deaths == 0).to_numpy().any()
    assert set(np.unique(shared)) <= {0, 1}
    # Sudan before its present borders is not on record.
    sudan = deaths.loc[625]
    assert sudan.loc[: 2011 * 12].isna().all()


def test_the_study_s_own_arrivals_obey_the_rules() -> None:
    found = laid().arrivals
    spells = (
        inputs()
        .calendar("un_troops")
        .merge(
            inputs().episodes[["conflict_id", "gwno_host"]].drop_duplicates("conflict_id"),
            on="conflict_id",
        )
    )
    on = spells["on_date"].dt.year * 12 + spells["on_date"].dt.month - 1
    ended = spells["off_date"].dt.year * 12 + spells["off_date"].dt.month - 1
    for place, row in enumerate(found.events.itertuples()):
        assert found.hosts[place][0] == row.gwno_host
        first, last = int(row.month) - BEFORE, int(row.month) + 35
        there = (on <= last) & ~(ended < first)
        assert not set(found.hosts[place][1:]) & set(spells.loc[there, "gwno_host"])
    assert list(found.attrition["n_units"]) == sorted(found.attrition["n_units"], reverse=True)
    assert 10 <= len(found.events) <= 25


def simulated(rng: np.random.Generator, ratio: float, trend: float = 1.0) -> StackedDesign:
    """The study's stacks with counts drawn anew, in bursts; arrivals on hosts at random."""
    stacks, hosts, ending = [], [], []
    for stack, own, last in zip(
        laid().stacks, laid().arrivals.hosts, laid().arrivals.ending, strict=True
    ):
        order = rng.permutation(len(own))
        level = rng.lognormal(3.0, 0.7, size=(len(own), 1))
        months = np.exp(0.3 * rng.standard_normal(stack.counts.shape[1]))
        burst = rng.gamma(1.0, 1.0, size=stack.counts.shape)
        counts = rng.poisson(level * months * burst).astype(float)
        counts[~stack.known[order]] = np.nan
        counts[0, BEFORE:] = np.round(counts[0, BEFORE:] * ratio)
        counts[0, BEFORE // 2 : BEFORE] = np.round(counts[0, BEFORE // 2 : BEFORE] * trend)
        stacks.append(EventStack(counts))
        hosts.append(own[order])
        ending.append(last[order])
    found = dataclasses.replace(
        laid().arrivals, stacks=tuple(stacks), hosts=tuple(hosts), ending=tuple(ending)
    )
    return StackedDesign(found, found.stacks)


@pytest.mark.parametrize("mean", first(Mean.GEOMETRIC, Mean.ARITHMETIC, Mean.POOLED))
@pytest.mark.parametrize("ratio", first(0.5, 1.0))
def test_a_known_effect_is_found_and_none_is_not(ratio: float, mean: Mean) -> None:
    found, covered, rejected = [], 0, 0
    for number in range(DATA_SETS):
        made = simulated(np.random.default_rng([7, number]), ratio)
        made = made.averaged(mean)
        picks, window = move_events(made.stacks, 400, number), made.window(made.after)
        truth, none = window.statistics(math.log(ratio)), window.statistics(0.0)
        found.append(made.ratio(made.after).estimate)
        # The interval holds every effect that is not rejected.
        covered += moved_p_value(truth, picks) > 0.05
        rejected += moved_p_value(none, picks) < 0.05
    middle, error = np.mean(found), np.std(found) / math.sqrt(DATA_SETS)
    # A mean of ratios to noisy references lies above their ratio by the squared coefficient of
    # variation of one reference: that of a month's burst is one, and it has twelve months.
    above = math.log(1 + 1 / 12) if mean is Mean.ARITHMETIC else 0.0
    assert abs(middle - math.log(ratio) - above) < 3 * error + 0.03
    assert covered / DATA_SETS >= 0.88
    if ratio == 1.0:
        assert rejected / DATA_SETS <= 0.12
    else:
        assert np.mean(np.array(found) < 0) > 0.97 and rejected / DATA_SETS > 0.7


def test_the_interval_holds_the_effects_that_are_not_rejected() -> None:
    made = simulated(np.random.default_rng(3), 0.5)
    window = made.window(made.after)
    found = moved_events(window, draws=400, level=0.95, seed=1)
    picks, low, high = move_events(made.stacks, 400, 1), found.low, found.high
    assert found.p_value < 0.05 and low < math.log(0.5) < high < 0
    for effect, inside in ((low + 0.02, True), (high - 0.02, True), (high + 0.05, False)):
        assert (moved_p_value(window.statistics(effect), picks) > 0.05) == inside


def test_a_trend_before_the_arrival_is_found_and_leaves_a_description() -> None:
    given = inputs()
    flat = DESIGN.trend_before(given, simulated(np.random.default_rng(5), 1.0))
    falling = DESIGN.trend_before(given, simulated(np.random.default_rng(5), 1.0, trend=0.3))
    assert flat.interval.p_value > 0.05 and falling.interval.p_value < 0.05
    assert falling.log_ratio < math.log(0.5)


def test_arrivals_alike_are_rejected_as_often_as_the_level_says() -> None:
    found = DESIGN.calibrate(inputs(), laid(), 2000, 0)
    assert found.ci_low < 0.06 and found.ci_high > 0.03
    eve = DESIGN.anticipation(inputs(), laid())
    assert 0 <= eve.ci_low <= eve.rejection_rate <= eve.ci_high <= 1


def test_the_panel_holds_every_host_of_every_stack() -> None:
    rows, attrition = DESIGN.panel(inputs())
    assert len(rows) == sum(len(h) for h in laid().arrivals.hosts)
    assert rows["event"].sum() == len(laid().stacks) == attrition["n_units"].iloc[-1]
    assert isinstance(rows, pd.DataFrame)


def test_the_preference_of_the_check_is_that_of_the_arrivals() -> None:
    signed, not_signed = np.array([True, False, False]), np.array([False, False, True])
    # Two of three arrivals had signed, one in six controls: (2.5 / 1.5) / (1 / 3).
    assert preference([signed, signed, not_signed]) == pytest.approx((2.5 / 1.5) / (1.0 / 3.0))
    # A status that arrivals avoid is preferred by none.
    assert preference([not_signed, not_signed]) == 1.0
    # A stack without controls says nothing.
    assert preference([signed, np.array([True])]) == preference([signed])


def test_every_month_around_the_arrivals_is_shown_with_its_counts() -> None:
    rows = pd.DataFrame(by_month(laid()))
    assert rows["month"].tolist() == list(range(-24, 36))
    assert rows["arrivals"].max() == len(laid().stacks)
    assert (rows["arrivals"].diff().dropna() <= 0).all()  # the record ends before some windows do
    counted = sum(float(stack.values[0].sum()) for stack in laid().stacks)
    assert rows["deaths"].sum() == counted
    assert (rows["ratio"] > 0).all()
