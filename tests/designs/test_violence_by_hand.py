"""Deaths around four made-up arrivals: every number against a regression with dummies."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.event_study import event_study, periods_of
from collsec.designs.monthly_violence import MonthlyViolence
from collsec.designs.parts import Context
from collsec.designs.redrawn_arrivals import Laid
from collsec.histories.registry import Extent
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import CohortSpec, ExposureSpec, InferenceSpec
from collsec.hypothesis.study import Draws
from made_up_cohorts import SPEC, STUDY, episodes_of, inputs_of

DESIGN = MonthlyViolence()
DRAWS = Draws(2000, 0, 0, 0)
#: Host → months of the arrival of troops and of their leaving; 50 to 70 never have any.
TROOPS = {
    10: ("1992-01-01", "1996-01-01"),
    20: ("1993-01-01", "1996-06-01"),
    30: ("1994-01-01", "1997-01-01"),
    40: ("2002-03-01", None),
}
SIGNED = {10: "1991-06-01", 30: "1993-06-01", 50: "1993-02-01"}
MONTHS = pd.date_range("1988-01-01", "2009-12-01", freq="MS")


def deaths(host: int, place: int, day: pd.Timestamp) -> float:
    on = TROOPS.get(host, (None,))[0]
    level = (host * 7 + place * 5 + host * place) % 13 + 1
    return float(level if on is None or day < pd.Timestamp(on) else (level + 1) // 2)


def world(**more: object) -> Inputs:
    wars = [
        (f"{h}-1", h, h, "1980-01-01", "1994-05-31" if h == 60 else "2009-12-31", h == 60)
        for h in range(10, 80, 10)
    ]
    rows = [(h, d, deaths(h, i, d), 0.0) for h in range(10, 80, 10) for i, d in enumerate(MONTHS)]
    violence = pd.DataFrame(
        rows, columns=["gwno_host", "from_date", "deaths_in_month", "is_shared_month"]
    )
    steps = [(h, d, n) for h, (a, b) in TROOPS.items() for d, n in ((a, 1), (b, 0)) if d]
    troops = pd.DataFrame(steps, columns=["conflict_id", "known_from", "un_troops"])
    troops = troops.astype({"known_from": "datetime64[s]"})
    signed = pd.DataFrame(list(SIGNED.items()), columns=["conflict_id", "known_from"])
    spec = dataclasses.replace(
        SPEC,
        hypothesis="h7",
        cohort=CohortSpec(("intrastate",)),
        exposure=ExposureSpec("un_troops"),
        secondary=(ExposureSpec("peacekeepers"),),
        outcome="deaths_in_host_by_month",
        strata=("agreement_24m",),
        inference=InferenceSpec("set_rerandomization"),
    )
    return inputs_of(
        spec=dataclasses.replace(spec, **more),  # type: ignore[arg-type]
        episodes=episodes_of(*wars),
        timelines={
            "violence": violence,
            "deployment": troops.assign(peacekeepers=troops["un_troops"]),
            "peace_process": signed.astype({"known_from": "datetime64[s]"}).assign(agreements=1),
        },
        extents={"deaths_by_month": Extent(MONTHS[0], pd.Timestamp("2009-12-31"))},
    )


@functools.cache
def inputs() -> Inputs:
    return world()


@functools.cache
def laid() -> Laid:
    return DESIGN.prepare(inputs(), inputs().spec.exposure)


def by_regression(
    one: Laid, group: np.ndarray, used: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log ratios by group; errors between stacks (of one group); means of treated rows."""
    frames = []
    for place, own in enumerate(one.stacks):
        rows, columns = np.nonzero(own.known & (True if used is None else used))
        frames.append(pd.DataFrame({"stack": place, "row": rows, "column": columns}))
        frames[-1]["y"], frames[-1]["weight"] = own.counts[rows, columns], own.weight
    data = pd.concat(frames, ignore_index=True)
    which = np.where(data["row"] == 0, group[data["column"]], -1)
    x = [(which == g).astype(float) for g in range(group.max() + 1)]
    x.append(pd.get_dummies(data["stack"] * 100 + data["row"], dtype=float).to_numpy().T)
    for place in range(len(one.stacks)):
        column = data["column"].where(data["stack"] == place)
        x.append(pd.get_dummies(column, dtype=float).iloc[:, 1:].to_numpy().T)
    design = np.vstack([np.atleast_2d(part) for part in x]).T
    fit = sm.GLM(data["y"], design, sm.families.Poisson(), freq_weights=data["weight"]).fit(
        tol=1e-13, maxiter=100
    )
    data["mean"], data["short"] = fit.mu, (data["y"] - fit.mu) * data["weight"]
    score = data[which == 0].groupby("stack")["short"].sum()
    size = len(one.stacks)
    spread = math.sqrt(size / (size - 1) * (score**2).sum()) if size > 1 else math.nan
    errors = spread * np.asarray(fit.normalized_cov_params)[0, 0]
    own = data[data["row"] == 0].pivot_table(index="stack", columns="column", values="mean")
    return np.asarray(fit.params)[: group.max() + 1], errors, own.to_numpy()


AFTER = np.where(np.arange(-24, 36) >= 0, 0, -1)


def test_stacks_weigh_each_arrival_by_its_deaths_before() -> None:
    one = laid()
    assert [own.tolist() for own in one.found.hosts] == [
        [10, 40, 50, 60, 70],
        [20, 40, 50, 60, 70],
        [30, 40, 50, 60, 70],
        [40, 10, 20, 30, 50, 70],
    ]
    for own in one.stacks:
        assert own.weight == pytest.approx(1 / own.counts[0, :24].sum())
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


def test_every_ratio_is_that_of_a_regression_with_dummies() -> None:
    found = {e.estimate_id: e for e in DESIGN.tasks(inputs(), DRAWS)["primary"]().estimates}
    assert {n: (e.role, e.label) for n, e in found.items()} == {
        "h7.primary": (Role.PRIMARY, "UN troops present"),
        "h7.same_status": (Role.SECONDARY, "Controls in the same strata on the day"),
        "h7.pooled": (Role.SECONDARY, "Every death alike"),
        "h7.never": (Role.SECONDARY, "Controls that never had an arrival"),
        "h7.not_yet": (Role.SECONDARY, "Controls whose arrival comes later"),
    }
    one = laid()
    for name, other in (("primary", one), ("pooled", one.pooled())):
        log, error, _ = by_regression(other, AFTER)
        own = found[f"h7.{name}"]
        assert own.estimate == pytest.approx(math.exp(log[0]), rel=1e-5)
        assert own.std_error == pytest.approx(float(error), rel=1e-3)
        limits = [math.exp(log[0] + z * error) for z in (-1.9599640, 1.9599640)]
        assert [own.cluster_low, own.cluster_high] == pytest.approx(limits, rel=1e-3)
        # What could be detected follows from the width of the interval itself.
        half = math.log(own.ci_high / own.ci_low) / 2 / 1.9599640
        assert own.mde_high == pytest.approx(math.exp((1.9599640 + 0.8416212) * half), rel=1e-3)
    # Only hosts with nobody ever: 40 is no control of the first three, but 10 to 30 of the last.
    assert found["h7.never"].nobs == 60 * (3 * 4 + 6)
    # Only one whose arrival comes later: 40, for three arrivals.
    assert found["h7.not_yet"].nobs == 60 * 3 * 2
    # 10 had signed, as nobody else; 20 and 40 not, like all controls; 30 had, as 50.
    assert found["h7.same_status"].nobs == 60 * (5 + 2 + 6)
    assert found["h7.same_status"].exposed_events == 3
    without = DESIGN.without_draws(inputs(), one, 0.95)
    assert without.ci_low == pytest.approx(found["h7.primary"].cluster_low)
    assert without.inference == "cluster_sandwich"
    plain = world(strata=())
    ids = [e.estimate_id for e in DESIGN.tasks(plain, DRAWS)["primary"]().estimates]
    assert ids == ["h7.primary", "h7.pooled", "h7.never", "h7.not_yet"]
    [other] = DESIGN.tasks(plain, DRAWS)["secondary.peacekeepers"]().estimates
    assert (other.estimate_id, other.role) == ("h7.peacekeepers", Role.SECONDARY)
    assert other.estimate == pytest.approx(found["h7.primary"].estimate)


def test_the_p_value_is_the_share_of_redrawn_arrivals_as_far_from_expected() -> None:
    one, values = laid(), []
    for own in one.stacks:
        y = own.counts
        short = y[:, 24:].sum(axis=1) - y.sum(axis=1) * y[:, 24:].sum() / y.sum()
        values.append(short / y[:, :24].sum(axis=1))
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
    assert made.estimates.mean() == pytest.approx(sums.mean() / 4, abs=0.01)
    assert made.estimates.std() == pytest.approx(sums.std() / 4, rel=0.08)


def test_arrivals_that_prefer_some_hosts_are_redrawn_by_their_weights() -> None:
    one = laid()
    values = []
    for own in one.stacks:
        y = own.counts
        short = y[:, 24:].sum(axis=1) - y.sum(axis=1) * y[:, 24:].sum() / y.sum()
        values.append(short / y[:, :24].sum(axis=1))
    sums = np.array([sum(v) for v in itertools.product(*values)])
    above = (sums[None, :] >= sums[:, None] - 1e-9).mean(axis=1)
    below = (sums[None, :] <= sums[:, None] + 1e-9).mean(axis=1)
    is_out = 2 * np.minimum(above, below) < 0.05

    def rate(weights: list[list[float]]) -> float:
        chance = [np.array(w) / sum(w) for w in weights]
        return float(np.array([math.prod(c) for c in itertools.product(*chance)])[is_out].sum())

    # The war of host 60 ends within six months of January 1994 alone: five times as likely.
    eve = [[1.0] * 5, [1.0] * 5, [1, 1, 1, 5, 1], [1.0] * 6]
    found = DESIGN.on_the_eve(inputs(), one)
    assert found["rate"] == pytest.approx(rate(eve), abs=0.02)
    assert 0 <= found["low"] < found["rate"] < found["high"]
    # Two of four arrivals had signed; of controls, a quarter at the third.
    odds = (2.5 / 2.5) / (0.75 / 4.25)
    signed = [[odds, 1, 1, 1, 1], [1.0] * 5, [odds, 1, odds, 1, 1], [1.0] * 6]
    assert DESIGN.by_status(inputs(), one)["rate"] == pytest.approx(rate(signed), abs=0.02)


def test_the_trend_before_is_that_of_the_last_twelve_months_against_the_reference() -> None:
    one = laid()
    trend = DESIGN.trend_before(inputs(), one)
    lead = np.where((np.arange(-24, 36) >= -12) & (np.arange(-24, 36) < 0), 0, -1)
    log, _, _ = by_regression(one, lead, np.arange(-24, 36) < 0)
    assert trend["ratio"] == pytest.approx(log[0], abs=1e-5)
    width = (trend["high"] - trend["low"]) / 2 / 1.9599640
    assert trend["detectable"] == pytest.approx(width * (1.9599640 + 0.8416212), rel=1e-6)
    assert trend["low"] < trend["ratio"] < trend["high"] and 0 < trend["p"] <= 1
    two = one.only(lambda place: np.full(6 if place == 3 else 5, place > 1))
    assert len(two.stacks) == 2
    assert all(math.isnan(v) for v in DESIGN.trend_before(inputs(), two).values())
    given = {"estimate_id": "h7.x", "role": Role.PRIMARY, "level": 0.95, "draws": 10}
    few = DESIGN.estimate(inputs(), two, inputs().spec.exposure, **given)  # type: ignore[arg-type]
    assert few.note == "Not estimable: arrivals 2; at least 3 are required"


def test_robustness_quantities_and_specifications() -> None:
    one, checked = laid(), DESIGN.robustness(inputs())
    assert checked["without"]["left_out"] == ["10", "20", "30", "40"]
    assert checked["without"]["kind"] == ["conflict"] * 4
    logs = [by_regression(one.without(p), AFTER)[0][0] for p in range(4)]
    assert checked["without"]["hazard_ratio"] == pytest.approx(list(np.exp(logs)), rel=1e-5)
    assert checked["engines_agree"] and 0 <= checked["engine_gap"] < 1e-6
    assert checked["describes"] == []
    trend = DESIGN.trend_before(inputs(), one)
    _, told = DESIGN.curves(inputs(), one)
    before = [stack.counts[0, :24].sum() for stack in one.stacks]
    after = sum(stack.counts[0, 24:].sum() for stack in one.stacks)
    values = {name: quantity.value for name, quantity in told.items()}
    assert (values["arrivals"], values["shared"], values["deaths.after"]) == (4, 0, after)
    assert values["deaths.before"] == sum(before)
    assert values["deaths.largest_share"] == pytest.approx(max(before) / sum(before))
    assert values["trend_before.ratio"] == pytest.approx(math.exp(trend["ratio"]))
    assert values["trend_before.high"] == pytest.approx(math.exp(trend["high"]))
    assert values["trend_before.low"] == pytest.approx(math.exp(trend["low"]))
    assert values["trend_before.p"] == trend["p"]
    # Two of four arrivals had signed, and one in four controls of one of the four.
    assert (values["by_status.own"], values["by_status.others"]) == (0.5, 0.25 / 4)
    assert told["eve_of_peace.rejection"].digits == told["by_status.rejection"].digits == 1
    less = Choices(drop_countries=(10, 20))
    few = Specification("b", {"left_out": "two"}, "plausible", ("left_out",), less, "un_troops", 0)
    whole = Specification("a", {"left_out": "0"}, "principled", (), AS_DECLARED, "un_troops", 0)
    rows = DESIGN.specified(inputs(), [whole, few])
    log, error, _ = by_regression(one, AFTER)
    assert rows["estimate"].iloc[0] == pytest.approx(math.exp(log[0]), rel=1e-5)
    assert rows["std_error"].iloc[0] == pytest.approx(float(error), rel=1e-3)
    assert math.isnan(rows["estimate"].iloc[1]) and rows["exposed_events"].tolist() == [4, 2]
    assert rows["departures"].tolist() == [0, 1] and rows["axis_left_out"].tolist() == ["0", "two"]


def test_what_speaks_against_a_ratio_is_said() -> None:
    strict = dataclasses.replace(STUDY, calibration_bounds=(0.0, 0.01))
    chosen, eve = (f(inputs(), laid())["rate"] for f in (DESIGN.by_status, DESIGN.on_the_eve))
    by_status = {"code": "by_status", "values": {"rate": chosen, "high": 0.01}}
    on_the_eve = {"code": "on_the_eve", "values": {"rate": eve, "high": 0.01}}
    said = DESIGN.robustness(dataclasses.replace(inputs(), study=strict))["describes"]
    assert said == [by_status, on_the_eve]
    # A rate whose interval begins at the bound is not surely above it.
    lows = [f(inputs(), laid())["low"] for f in (DESIGN.by_status, DESIGN.on_the_eve)]
    for low, codes in ((lows[0], []), (lows[1], ["by_status"])):
        given = dataclasses.replace(STUDY, calibration_bounds=(0.0, low))
        told = DESIGN.robustness(dataclasses.replace(inputs(), study=given))["describes"]
        assert [one["code"] for one in told] == codes
    plain = dataclasses.replace(world(strata=()), study=strict)
    assert [one["code"] for one in DESIGN.robustness(plain)["describes"]] == ["on_the_eve"]
    # Where deaths stay as they were, a trend of the size of the effect could not have been seen.
    flat = world()
    violence = flat.timelines["violence"]
    place = violence["from_date"].map({day: i for i, day in enumerate(MONTHS)})
    host = violence["gwno_host"]
    level = (host * 7 + place * 5 + host * place) % 13 + 1.0
    flat.timelines["violence"] = violence.assign(deaths_in_month=level)
    unseen = next(r for r in DESIGN.robustness(flat)["describes"] if r["code"][:5] == "trend")
    found = DESIGN.trend_before(flat, DESIGN.prepare(flat, flat.spec.exposure))
    assert unseen["code"] == "trend_unseen"
    assert unseen["values"]["ratio"] == pytest.approx(math.exp(found["detectable"]))
    # Deaths that doubled in the year before are a trend.
    rising = world()
    on = pd.to_datetime(host.map({h: days[0] for h, days in TROOPS.items()}))
    is_lead = (violence["from_date"] < on) & (
        violence["from_date"] >= on - pd.DateOffset(months=12)
    )
    rising.timelines["violence"] = violence.assign(
        deaths_in_month=violence["deaths_in_month"] * (1 + is_lead)
    )
    trend = next(r for r in DESIGN.robustness(rising)["describes"] if r["code"][:5] == "trend")
    assert trend["code"] == "trend_before" and 0 < trend["values"]["p"] < 0.05


def test_arrivals_from_a_month_on() -> None:
    for day, number in (("1992-01-31", 4), ("1993-01-01", 3), ("1993-02-01", 2), ("2002-04-01", 0)):
        late = DESIGN.since(inputs(), pd.Timestamp(day), 0.9)
        assert late.exposed_events == number and late.level == 0.9
        assert math.isnan(late.estimate) == (number < 2)
    # The last ten years of the record are 2000 to 2009; a record to January 2004 begins in 1994.
    assert DESIGN.outcomes_per_year(inputs()) == pytest.approx(0.1)
    for last, number in (("2003-12-31", 2), ("2004-01-31", 1)):
        ends = dataclasses.replace(
            inputs(), extents={"deaths_by_month": Extent(MONTHS[0], pd.Timestamp(last))}
        )
        assert DESIGN.outcomes_per_year(ends) == pytest.approx(number / 10)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_period_without_a_death_has_no_ratio() -> None:
    counts = [stack.counts.copy() for stack in laid().stacks]
    for own in counts:
        own[0, 24:30] = 0.0
    quiet = tuple(
        dataclasses.replace(one, counts=own) for one, own in zip(laid().stacks, counts, strict=True)
    )
    found = event_study(Context(inputs(), Laid(laid().found, quiet), DRAWS))  # type: ignore[arg-type]
    notes = [one.note for one in found.estimates]
    assert notes == ["", "", "Not estimable: no death counted or expected", "", "", ""]
    alike = dataclasses.replace(laid().stacks[0], weight=1.0)
    same = Laid(laid().found, (alike, alike))
    found = event_study(Context(inputs(), same, DRAWS))  # type: ignore[arg-type]
    # Arrivals that do not differ show no error.
    assert {one.note for one in found.estimates} == {notes[2]}


def test_the_event_study_is_one_regression_of_all_periods() -> None:
    one = laid()
    group = periods_of(np.arange(-24, 36))
    sizes = [12, 6, 6, 6, 6, 12, 12]
    assert group.tolist() == [g for g, n in zip(range(-1, 6), sizes, strict=True) for _ in range(n)]
    found = event_study(Context(inputs(), one, DRAWS))  # type: ignore[arg-type]
    logs, _, means = by_regression(one, group)
    leave = np.array([by_regression(one.without(p), group)[0] for p in range(4)])
    errors = np.sqrt(3 / 4 * ((leave - leave.mean(axis=0)) ** 2).sum(axis=0))
    assert [e.estimate for e in found.estimates] == pytest.approx(list(np.exp(logs)), rel=1e-5)
    assert [e.std_error for e in found.estimates] == pytest.approx(list(errors), rel=1e-4)
    # Four stacks leave three degrees of freedom: 3.18245 at 95 %.
    highs = np.exp(logs + 3.1824463 * errors)
    assert [e.ci_high for e in found.estimates] == pytest.approx(list(highs), rel=1e-4)
    assert [e.label for e in found.estimates][:3] == [
        "Months −12 to −7",
        "Months −6 to −1",
        "Months 0 to 5",
    ]
    assert found.estimates[5].estimate_id == "h7.months.5"
    record = found.records["event_study"]
    assert record["periods"][2]["first"] == 0 and record["periods"][2]["last"] == 5
    assert record["periods"][2]["estimate"] == found.estimates[2].estimate
    weights = np.array([stack.weight for stack in one.stacks])
    counts = np.array([stack.counts[0] for stack in one.stacks])
    free = means / np.exp(np.r_[logs, 0.0][group])
    for place, month in enumerate(record["months"]):
        assert (month["month"], month["arrivals"]) == (place - 24, 4)
        assert month["deaths"] == counts[:, place].sum()
        ratio = weights @ counts[:, place] / (weights @ free[:, place])
        assert month["ratio"] == pytest.approx(ratio, rel=1e-4)
