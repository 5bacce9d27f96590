"""Deaths around four made-up arrivals: every number against sums, or a regression with dummies."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs.arrivals import Mean, StackedDesign
from collsec.histories.registry import Extent
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.measures import MEASURES
from collsec.measures.months import HOST_MONTHS
from collsec.measures.registry import measure
from made_up_arrivals import (
    AFTER,
    DESIGN,
    DRAWS,
    MONTHS,
    REFERENCE,
    RELATIVE,
    TROOPS,
    by_regression,
    by_sums,
    deaths,
    inputs,
    laid,
    world,
)
from made_up_cohorts import STUDY


def test_each_arrival_is_a_stack() -> None:
    one = laid()
    assert [own.tolist() for own in one.arrivals.hosts] == [
        [10, 40, 50, 60, 70],
        [20, 40, 50, 60, 70],
        [30, 40, 50, 60, 70],
        [40, 10, 20, 30, 50, 70],
    ]
    assert [own.weight for own in one.stacks] == [1.0] * 4
    for own in one.averaged(Mean.ARITHMETIC).stacks:
        assert own.weight == pytest.approx(1 / own.counts[0, :12].sum())
    rows, attrition = DESIGN.panel(inputs())
    assert rows["unit_id"].tolist()[:6] == ["0-10", "0-40", "0-50", "0-60", "0-70", "1-20"]
    assert rows["event"].tolist() == ([True] + [False] * 4) * 3 + [True] + [False] * 5
    assert (rows["stop"] == 60.0).all() and (rows["start"] == 0.0).all()
    begun = MONTHS.get_loc(pd.Timestamp("1990-01-01"))
    first = sum(deaths(50, i, MONTHS[i]) for i in range(begun, begun + 60))
    assert rows["deaths"].iloc[2] == first and rows["conflict_id"].iloc[2] == 10
    assert attrition["n_units"].iloc[-1] == 4
    groups = DESIGN.groups(inputs(), one).tolist()
    assert groups == (["Arrival"] + ["Control"] * 4) * 3 + ["Arrival"] + ["Control"] * 5
    assert DESIGN.counts(inputs(), one)["exposed_events"] == 4
    assert DESIGN.survival(inputs(), one) == [] and math.isnan(DESIGN.calibrate_biased(inputs(), 1))


def own_log_ratios(one: StackedDesign) -> np.ndarray:
    """Log ratio of the host of each arrival from its arrival on, by sums."""
    return np.array([by_sums(own.counts, AFTER == 0)[0] for own in one.stacks])


def test_every_ratio_is_that_of_sums_or_of_a_regression_with_dummies() -> None:
    found = {e.estimate_id: e for e in DESIGN.tasks(inputs(), DRAWS)["primary"]().estimates}
    assert {n: (e.role, e.label) for n, e in found.items()} == {
        "h7.primary": (Role.PRIMARY, "UN troops present"),
        "h7.same_status": (Role.SECONDARY, "Controls in the same strata on the day"),
        "h7.arithmetic": (Role.SECONDARY, "Arithmetic mean over arrivals"),
        "h7.pooled": (Role.SECONDARY, "Every death alike"),
        "h7.never": (Role.SECONDARY, "Controls that never had an arrival"),
        "h7.not_yet": (Role.SECONDARY, "Controls whose arrival comes later"),
    }
    one = laid()
    logs = own_log_ratios(one)
    means = {"primary": (logs.mean(), logs.std(ddof=1) / 2)}
    for mean in (Mean.ARITHMETIC, Mean.POOLED):
        used = (AFTER == 0) | REFERENCE
        log, error, _ = by_regression(one.averaged(mean), AFTER, used)
        means[mean] = (log[0], float(error))
    for name, (log, error) in means.items():
        own = found[f"h7.{name}"]
        assert own.estimate == pytest.approx(math.exp(log), rel=1e-5)
        assert own.std_error == pytest.approx(error, rel=1e-3)
        limits = [math.exp(log + z * error) for z in (-1.9599640, 1.9599640)]
        assert [own.cluster_low, own.cluster_high] == pytest.approx(limits, rel=1e-3)
        # What could be detected follows from the width of the interval itself.
        half = math.log(own.ci_high / own.ci_low) / 2 / 1.9599640
        assert own.mde_high == pytest.approx(math.exp((1.9599640 + 0.8416212) * half), rel=1e-3)
    # Only hosts with nobody ever: 40 is no control of the first three, but 10 to 30 of the last.
    assert found["h7.never"].nobs == 48 * (3 * 4 + 6)
    # Only one whose arrival comes later: 40, for three arrivals.
    assert found["h7.not_yet"].nobs == 48 * 3 * 2
    # 10 had signed, as nobody else; 20 and 40 not, like all controls; 30 had, as 50.
    assert found["h7.same_status"].nobs == 48 * (5 + 2 + 6)
    assert found["h7.same_status"].exposed_events == 3
    without = DESIGN.without_draws(inputs(), one, 0.95)
    assert without.ci_low == pytest.approx(found["h7.primary"].cluster_low)
    assert without.inference == "cluster_sandwich"
    plain = world(strata=())
    ids = [e.estimate_id for e in DESIGN.tasks(plain, DRAWS)["primary"]().estimates]
    assert ids == [f"h7.{n}" for n in ("primary", "arithmetic", "pooled", "never", "not_yet")]
    [other] = DESIGN.tasks(plain, DRAWS)["secondary.peacekeepers"]().estimates
    assert (other.estimate_id, other.role) == ("h7.peacekeepers", Role.SECONDARY)
    assert other.estimate == pytest.approx(found["h7.primary"].estimate)


def test_the_p_value_is_the_share_of_redrawn_arrivals_as_far_from_expected() -> None:
    one = laid()
    values = [by_sums(own.counts, AFTER == 0) for own in one.stacks]
    sums = np.array([sum(v) for v in itertools.product(*values)])
    seen = sum(v[0] for v in values)
    exact = 2 * min((sums >= seen - 1e-9).mean(), (sums <= seen + 1e-9).mean())
    given = {"estimate_id": "h7.x", "role": Role.PRIMARY, "level": 0.8, "draws": 4000}
    found = DESIGN.estimate(inputs(), one, inputs().spec.exposure, **given)  # type: ignore[arg-type]
    assert found.p_value == pytest.approx(min(exact, 1.0), abs=0.012)
    assert found.ci_low < found.estimate < found.ci_high and found.level == 0.8
    # As many are rejected as lie in the outer twentieth of all that can be drawn.
    above = (sums[None, :] >= sums[:, None] - 1e-9).mean(axis=1)
    below = (sums[None, :] <= sums[:, None] + 1e-9).mean(axis=1)
    size = (2 * np.minimum(above, below) < 0.05).mean()
    made = DESIGN.calibrate(inputs(), one, 2000, 0)
    assert made.rejection_rate == pytest.approx(size, abs=0.02)
    assert made.draws == 2000 and made.mean_exposed_events == 4.0
    # Blocks of draws know nothing of each other: there is one.
    again = DESIGN.calibrate(inputs(), one, 2000, 1)
    assert (again.estimates == made.estimates).all() and DESIGN.calibration_blocks == 1
    assert made.estimates.mean() == pytest.approx(sums.mean() / 4, abs=0.01)
    assert made.estimates.std() == pytest.approx(sums.std() / 4, rel=0.08)


def test_arrivals_that_prefer_some_hosts_are_redrawn_by_their_weights() -> None:
    one = laid()
    values = [by_sums(own.counts, AFTER == 0) for own in one.stacks]
    sums = np.array([sum(v) for v in itertools.product(*values)])
    above = (sums[None, :] >= sums[:, None] - 1e-9).mean(axis=1)
    below = (sums[None, :] <= sums[:, None] + 1e-9).mean(axis=1)
    is_out = 2 * np.minimum(above, below) < 0.05

    def rate(weights: list[list[float]]) -> float:
        chance = [np.array(w) / sum(w) for w in weights]
        return float(np.array([math.prod(c) for c in itertools.product(*chance)])[is_out].sum())

    # The war of host 60 ends within six months of January 1994 alone: five times as likely.
    eve = [[1.0] * 5, [1.0] * 5, [1, 1, 1, 5, 1], [1.0] * 6]
    found = DESIGN.anticipation(inputs(), one)
    assert found.rejection_rate == pytest.approx(rate(eve), abs=0.02)
    assert 0 <= found.ci_low < found.rejection_rate < found.ci_high
    # Two of four arrivals had signed; of controls, a quarter at the third.
    odds = (2.5 / 2.5) / (0.75 / 4.25)
    signed = [[odds, 1, 1, 1, 1], [1.0] * 5, [odds, 1, odds, 1, 1], [1.0] * 6]
    assert DESIGN.by_status(inputs(), one).rejection_rate == pytest.approx(rate(signed), abs=0.02)


def test_the_trend_before_is_that_of_the_last_twelve_months_against_the_reference() -> None:
    one = laid()
    trend = DESIGN.trend_before(inputs(), one)
    lead = (RELATIVE >= -12) & (RELATIVE < 0)
    log = np.mean([by_sums(own.counts, lead)[0] for own in one.stacks])
    assert trend.log_ratio == pytest.approx(log, abs=1e-6)
    low, high = trend.interval.low, trend.interval.high
    width = (high - low) / 2 / 1.9599640
    assert trend.detectable == pytest.approx(width * (1.9599640 + 0.8416212), rel=1e-6)
    assert low < trend.log_ratio < high and 0 < trend.interval.p_value <= 1
    two = one.only(lambda place: np.full(6 if place == 3 else 5, place > 1))
    assert len(two.stacks) == 2
    none = DESIGN.trend_before(inputs(), two)
    assert math.isnan(none.log_ratio) and math.isnan(none.detectable)
    assert math.isnan(none.interval.p_value)
    given = {"estimate_id": "h7.x", "role": Role.PRIMARY, "level": 0.95, "draws": 10}
    few = DESIGN.estimate(inputs(), two, inputs().spec.exposure, **given)  # type: ignore[arg-type]
    assert few.note == "Not estimable: arrivals 2; at least 3 are required"


def test_robustness_quantities_and_specifications() -> None:
    one, checks = laid(), DESIGN.robustness(inputs())
    checked = checks.records
    assert checked["without"]["left_out"] == ["10", "20", "30", "40"]
    assert checked["without"]["kind"] == ["conflict"] * 4
    logs = [own_log_ratios(one.without(p)).mean() for p in range(4)]
    assert checked["without"]["hazard_ratio"] == pytest.approx(list(np.exp(logs)), rel=1e-5)
    assert checked["engines_agree"] and 0 <= checked["engine_gap"] < 1e-6
    assert checked["describes"] == []
    trend = DESIGN.trend_before(inputs(), one)
    _, told = DESIGN.curves(inputs(), one)
    before = [stack.counts[0, :12].sum() for stack in one.stacks]
    after = sum(stack.counts[0, 24:].sum() for stack in one.stacks)
    told |= checks.quantities
    values = {name: quantity.value for name, quantity in told.items()}
    assert (values["arrivals"], values["shared"], values["deaths.after"]) == (4, 0, after)
    assert values["deaths.before"] == sum(before)
    assert values["deaths.largest_share"] == pytest.approx(max(before) / sum(before))
    assert values["trend_before.ratio"] == pytest.approx(math.exp(trend.log_ratio))
    assert values["trend_before.high"] == pytest.approx(math.exp(trend.interval.high))
    assert values["trend_before.low"] == pytest.approx(math.exp(trend.interval.low))
    assert values["trend_before.p"] == trend.interval.p_value
    # Two of four arrivals had signed, and one in four controls of one of the four.
    assert (values["by_status.own"], values["by_status.others"]) == (0.5, 0.25 / 4)
    assert told["eve_of_peace.rejection"].digits == told["by_status.rejection"].digits == 1
    less = Choices(drop_countries=(10, 20))
    few = Specification("b", {"left_out": "two"}, "plausible", ("left_out",), less, "un_troops", 0)
    whole = Specification("a", {"left_out": "0"}, "principled", (), AS_DECLARED, "un_troops", 0)
    rows = DESIGN.specified(inputs(), [whole, few])
    logs = own_log_ratios(one)
    assert rows["estimate"].iloc[0] == pytest.approx(math.exp(logs.mean()), rel=1e-6)
    assert rows["std_error"].iloc[0] == pytest.approx(logs.std(ddof=1) / 2, rel=1e-5)
    assert math.isnan(rows["estimate"].iloc[1]) and rows["exposed_events"].tolist() == [4, 2]
    assert rows["departures"].tolist() == [0, 1] and rows["axis_left_out"].tolist() == ["0", "two"]


def test_what_speaks_against_a_ratio_is_said() -> None:
    strict = dataclasses.replace(STUDY, calibration_bounds=(0.0, 0.01))
    chosen = DESIGN.by_status(inputs(), laid())
    by_status = {"code": "by_status", "values": {"rate": chosen.rejection_rate, "high": 0.01}}
    said = DESIGN.robustness(dataclasses.replace(inputs(), study=strict)).records["describes"]
    assert said == [by_status]
    # A rate whose interval begins at the bound is not surely above it.
    at_bound = dataclasses.replace(STUDY, calibration_bounds=(0.0, chosen.ci_low))
    given = dataclasses.replace(inputs(), study=at_bound)
    assert DESIGN.robustness(given).records["describes"] == []
    # Where deaths stay as they were, a trend of the size of the effect could not have been seen.
    flat = world()
    violence = flat.timelines["violence"]
    place = violence["from_date"].map({day: i for i, day in enumerate(MONTHS)})
    host = violence["gwno_host"]
    level = (host * 7 + place * 5 + host * place) % 13 + 1.0
    flat.timelines["violence"] = violence.assign(deaths_in_month=level)
    unseen = next(
        r for r in DESIGN.robustness(flat).records["describes"] if r["code"][:5] == "trend"
    )
    found = DESIGN.trend_before(flat, DESIGN.prepare(flat, flat.spec.exposure))
    assert unseen["code"] == "trend_unseen"
    assert unseen["values"]["ratio"] == pytest.approx(math.exp(found.detectable))
    # Deaths that doubled in the year before are a trend.
    rising = world()
    on = pd.to_datetime(host.map({h: days[0] for h, days in TROOPS.items()}))
    is_lead = (violence["from_date"] < on) & (
        violence["from_date"] >= on - pd.DateOffset(months=12)
    )
    rising.timelines["violence"] = violence.assign(
        deaths_in_month=violence["deaths_in_month"] * (1 + is_lead)
    )
    trend = next(
        r for r in DESIGN.robustness(rising).records["describes"] if r["code"][:5] == "trend"
    )
    assert trend["code"] == "trend_before" and 0 < trend["values"]["p"] < 0.05


def test_arrivals_from_a_month_on() -> None:
    for day, number in (("1992-01-31", 4), ("1993-01-01", 3), ("1993-02-01", 2), ("2002-04-01", 0)):
        late = DESIGN.since(inputs(), pd.Timestamp(day), 0.9)
        assert late.exposed_events == number and late.level == 0.9
        assert math.isnan(late.estimate) == (number < 3)
    # The last ten years of the record are 2000 to 2009; a record to January 2004 begins in 1994.
    assert DESIGN.outcomes_per_year(inputs()) == pytest.approx(0.1)
    for last, number in (("2003-12-31", 2), ("2004-01-31", 1)):
        ends = dataclasses.replace(
            inputs(), extents={"deaths_by_month": Extent(MONTHS[0], pd.Timestamp(last))}
        )
        assert DESIGN.outcomes_per_year(ends) == pytest.approx(number / 10)


def test_later_arrivals_keep_hosts_strata_and_controls_of_their_own_stacks() -> None:
    late = laid().since(pd.Timestamp("1993-01-01"))
    assert len(late.stacks) == 3 and len(laid().stacks) == 4
    kept = late.arrivals
    for whole, own in (
        (laid().arrivals.hosts, kept.hosts),
        (laid().arrivals.later, kept.later),
        (laid().arrivals.ending, kept.ending),
        (laid().arrivals.status, kept.status),
    ):
        assert [one.tolist() for one in own] == [one.tolist() for one in whole[1:]]
    assert kept.events["gwno_host"].tolist() == [20, 30, 40]
    assert len(DESIGN.groups(inputs(), late)) == sum(len(s.counts) for s in late.stacks)


@pytest.mark.usefixtures("registers")
def test_another_outcome_is_counted_in_place_of_the_primary_s() -> None:
    @measure(
        "outcome", "Twice all deaths", uses=("violence.deaths_in_month",), counted_in=HOST_MONTHS
    )
    def twice_all_deaths(violence: pd.DataFrame) -> pd.DataFrame:
        return MEASURES["deaths_in_host_by_month"].function(violence).eval("count = count * 2")

    given = world(outcomes=("twice_all_deaths",))
    tasks = DESIGN.tasks(given, DRAWS)
    assert list(tasks)[-1] == "outcome.twice_all_deaths"
    [found] = tasks["outcome.twice_all_deaths"]().estimates
    assert (found.estimate_id, found.role) == ("h7.twice_all_deaths", Role.OUTCOME)
    assert found.label == "Twice all deaths"
    primary = DESIGN.estimate(
        given,
        DESIGN.prepare(given, given.spec.exposure),
        given.spec.exposure,
        estimate_id="h7.primary",
        role=Role.PRIMARY,
        level=0.95,
        draws=0,
    )
    assert found.n_events == 2 * primary.n_events
    # Twice all deaths have nearly the ratio of all: half a death is added to either.
    assert found.estimate == pytest.approx(primary.estimate, rel=0.1)
