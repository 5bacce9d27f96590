"""Months at war after four made-up acts: days counted in a loop, redraws enumerated."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math

import numpy as np
import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.estimate import seed_for
from collsec.designs.months_at_war import Matched, MonthsAtWar
from collsec.designs.preference import explaining
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import CohortSpec, ExposureSpec, InferenceSpec
from collsec.hypothesis.study import Draws
from made_up_cohorts import SPEC, STUDY, episodes_of, inputs_of

DESIGN = MonthsAtWar()
WARS = (
    ("1-1", 1, 10, "1995-01-01", "2001-01-01", True),  # ends on the day of the second act
    ("2-1", 2, 20, "1996-01-01", "2003-01-01", True),
    ("3-1", 3, 30, "1997-01-01", "2002-07-01", True),  # 181 days after its act; again later
    ("3-2", 3, 30, "2003-01-01", "2004-01-01", True),
    ("4-1", 4, 40, "1998-01-01", "2010-12-31", True),  # alone in region 3
    ("5-1", 5, 50, "1990-01-01", "2000-07-02", True),  # 183 days after the first act
    ("6-1", 6, 60, "1990-01-01", "2002-03-01", True),
    ("7-1", 7, 70, "1990-01-01", "2015-12-31", False),
)
ACTS = {1: "2000-01-01", 2: "2001-01-01", 3: "2002-01-01", 4: "2003-01-01"}
#: Wars of each act's set, its own first.
SETS = {1: ["1-1", "2-1", "3-1", "5-1", "6-1", "7-1"], 2: ["2-1", "3-1", "6-1", "7-1"]}
SETS |= {3: ["3-1", "6-1", "7-1"], 4: ["4-1", "7-1"]}


def at_war(war: str, day: pd.Timestamp) -> bool:
    own = war.split("-")[0]
    spans = [(on, off) for name, _, _, on, off, _ in WARS if name.split("-")[0] == own]
    return any(pd.Timestamp(on) <= day < pd.Timestamp(off) for on, off in spans)


def months(war: str, act: int, window: int, shift: int = 0) -> float:
    """Days at war among those of a window, one by one."""
    first = pd.Timestamp(ACTS[act]) + pd.Timedelta(days=round(shift * 30.4375))
    days = range(round(window * 30.4375))
    return sum(at_war(war, first + pd.Timedelta(days=d)) for d in days) / 30.4375


@functools.cache
def outcomes(window: int = 36, shift: int = 0) -> dict[int, list[float]]:
    return {act: [months(w, act, window, shift) for w in own] for act, own in SETS.items()}


def ratio_of(values: dict[int, list[float]]) -> tuple[float, float]:
    """Log ratio of sums and its error by the delta method, each act a cluster."""
    own = np.array([v[0] for v in values.values()])
    others = np.array([float(np.mean(v[1:])) for v in values.values()])
    ratio, size = own.sum() / others.sum(), len(own)
    spread = math.sqrt(size / (size - 1) * ((own - ratio * others) ** 2).sum())
    return math.log(ratio), spread / (ratio * others.sum())


def world(**more: object) -> Inputs:
    episodes = episodes_of(*WARS)
    episodes["region"] = np.where(episodes["conflict_id"] == 4, 3, 4)
    troops = pd.DataFrame(list(ACTS.items()), columns=["conflict_id", "known_from"])
    troops = troops.astype({"known_from": "datetime64[s]"}).assign(un_troops=1, peacekeepers=1)
    spec = dataclasses.replace(
        SPEC,
        hypothesis="h5",
        cohort=CohortSpec(("intrastate",)),
        exposure=ExposureSpec("un_troops"),
        secondary=(ExposureSpec("peacekeepers"),),
        outcome="months_at_war_36",
        outcomes=("months_at_war_60",),
        lags_months=(0, 6),
        strata=("region",),
        inference=InferenceSpec("set_rerandomization"),
    )
    return inputs_of(
        spec=dataclasses.replace(spec, **more),  # type: ignore[arg-type]
        episodes=episodes,
        timelines={"deployment": troops},
    )


@functools.cache
def inputs() -> Inputs:
    return world()


@functools.cache
def matched() -> Matched:
    return DESIGN.prepare(inputs(), inputs().spec.exposure)


def test_the_panel_holds_each_set_with_its_months_at_war() -> None:
    rows, attrition = DESIGN.panel(inputs())
    expected = [
        (f"{war}@{act - 1}", place == 0, pytest.approx(value))
        for act in SETS
        for place, (war, value) in enumerate(zip(SETS[act], outcomes()[act], strict=True))
    ]
    found = list(zip(rows["unit_id"], rows["event"], rows["months_at_war"], strict=True))
    assert sorted(found) == sorted(expected, key=lambda one: one[0])
    assert (rows["start"] == 0).all() and (rows["stop"] == 1096).all()
    assert attrition["n_units"].tolist()[-1] == 4
    groups = DESIGN.groups(inputs(), matched())
    assert (groups == "After the act").sum() == 4 and len(set(groups)) == 2
    assert DESIGN.counts(inputs(), matched())["nobs"] == 15
    assert math.isnan(DESIGN.calibrate_biased(inputs(), 1))


def test_every_task_has_the_ratio_of_its_own_window() -> None:
    tasks = DESIGN.tasks(inputs(), Draws(4000, 0, 0, 0))
    assert list(tasks) == ["primary", "lag.6", "secondary.peacekeepers", "outcome.months_at_war_60"]
    made = {e.estimate_id: e for task in tasks.values() for e in task().estimates}
    still = {1: (0, 1, 2, 4, 5), 2: (0, 1, 2, 3), 4: (0, 1)}
    values = {a: [outcomes(36, 6)[a][i] for i in keep] for a, keep in still.items()}
    expected = {
        "h5.primary": (Role.PRIMARY, "UN troops present", outcomes()),
        "h5.still_at_war": (
            Role.SECONDARY,
            "Still at war in month 6: window from then on",
            values,
        ),
        "h5.lag_06": (Role.LAG, "Window from month 6 after the act", outcomes(36, 6)),
        "h5.peacekeepers": (
            Role.SECONDARY,
            "Any peacekeeping troops present (UN, regional, coalition)",
            outcomes(),
        ),
        "h5.months_at_war_60": (
            Role.OUTCOME,
            "Months at war in the 60 months that follow",
            outcomes(60),
        ),
    }
    for name, (role, label, own) in expected.items():
        one, (log, error) = made[name], ratio_of(own)
        assert (one.role, one.label) == (role, label)
        assert one.estimate == pytest.approx(math.exp(log)), name
        assert one.std_error == pytest.approx(error), name
        assert one.cluster_low == pytest.approx(math.exp(log - 1.9599640 * error))
        assert one.exposed_events == len(own)
    assert [e.estimate_id for e in tasks["primary"]().estimates] == [
        "h5.primary",
        "h5.difference",
        "h5.still_at_war",
    ]
    assert made["h5.lag_06"].lag_months == made["h5.still_at_war"].lag_months == 6
    difference = made["h5.difference"]
    apart = np.array([v[0] - np.mean(v[1:]) for v in outcomes().values()])
    # Four clusters leave three degrees of freedom: 3.18245 at 95 %.
    error = float(apart.std(ddof=1)) / 2
    assert difference.estimate == pytest.approx(apart.mean())
    assert difference.std_error == pytest.approx(error)
    assert difference.ci_high == pytest.approx(apart.mean() + 3.1824463 * error)
    assert (difference.role, difference.measure) == (Role.SECONDARY, "un_troops")


def sums_of(values: dict[int, list[float]]) -> np.ndarray:
    return np.array([sum(v) for v in itertools.product(*values.values())])


def rejected(values: dict[int, list[float]], weights: dict[int, list[float]]) -> float:
    """Chance that one way in which acts may fall is among the outer twentieth of all ways."""
    sums = sums_of(values)
    above = (sums[None, :] >= sums[:, None] - 1e-9).mean(axis=1)
    below = (sums[None, :] <= sums[:, None] + 1e-9).mean(axis=1)
    chance = [np.array(w) / sum(w) for w in weights.values()]
    ways = np.array([math.prod(c) for c in itertools.product(*chance)])
    return float(ways[2 * np.minimum(above, below) < 0.05].sum())


def test_the_p_value_counts_the_ways_in_which_acts_may_fall() -> None:
    given = {"estimate_id": "h5.x", "role": Role.PRIMARY, "level": 0.8}
    exposure = inputs().spec.exposure
    found = DESIGN.estimate(inputs(), matched(), exposure, draws=6000, **given)  # type: ignore[arg-type]
    sums, seen = sums_of(outcomes()), sum(v[0] for v in outcomes().values())
    exact = 2 * min((sums >= seen - 1e-9).mean(), (sums <= seen + 1e-9).mean())
    assert found.p_value == pytest.approx(min(exact, 1.0), abs=0.03)
    assert found.ci_low < found.estimate < found.ci_high
    # What could be detected follows from the width of the interval: 1.28155 at 80 %.
    half = math.log(found.ci_high / found.ci_low) / 2 / 1.2815516
    assert found.mde_high == pytest.approx(math.exp((1.2815516 + 0.8416212) * half), rel=1e-4)
    without = DESIGN.without_draws(inputs(), matched(), 0.9)
    log, error = ratio_of(outcomes())
    assert without.ci_low == pytest.approx(math.exp(log - 1.6448536 * error))
    assert (without.inference, without.role) == ("cluster_sandwich", Role.PRIMARY)
    none = DESIGN.estimate(inputs(), matched(), exposure, draws=0, **given)  # type: ignore[arg-type]
    assert none.ci_low == pytest.approx(math.exp(log - 1.2815516 * error))


def test_acts_that_change_nothing_are_rejected_as_often_as_an_enumeration_says() -> None:
    alike = {act: [1.0] * len(own) for act, own in SETS.items()}
    made = DESIGN.calibrate(inputs(), matched(), 2000, 0)
    assert made.rejection_rate == pytest.approx(rejected(outcomes(), alike), abs=0.03)
    assert made.mean_exposed_events == 4.0 and made.draws == 2000
    # Blocks of draws know nothing of each other: there is one.
    again = DESIGN.calibrate(inputs(), matched(), 2000, 1)
    assert (again.estimates == made.estimates).all() and DESIGN.calibration_blocks == 1
    # Wars that end within 183 days: 5 after the first act, 6 and 3 after the third.
    eve = {1: [1, 1, 1, 5, 1, 1], 2: [1.0] * 4, 3: [5, 5, 1], 4: [1.0, 1]}
    found = DESIGN.anticipation(inputs(), matched())
    assert found.rejection_rate == pytest.approx(rejected(outcomes(), eve), abs=0.03)
    assert found.ci_low < found.rejection_rate < found.ci_high and found.draws == 2000
    assert rejected(outcomes(), eve) > rejected(outcomes(), alike) + 0.03


def test_shares_at_war_by_month_are_counted_day_by_day() -> None:
    own, others = DESIGN.survival(inputs(), matched())
    for curve, who in ((own, slice(0, 1)), (others, slice(1, None))):
        assert curve["time_months"].tolist() == list(range(37))
        for month in (0, 3, 6, 12, 25, 36):
            shares = []
            for act in SETS:
                day = pd.Timestamp(ACTS[act]) + pd.Timedelta(days=round(month * 30.4375))
                shares.append(np.mean([at_war(war, day) for war in SETS[act][who]]))
            assert curve["estimate"].iloc[month] == pytest.approx(np.mean(shares)), month
    assert own["at_risk"].iloc[0] == 4 and others["at_risk"].iloc[0] == 11
    assert own["group"].iloc[0] == "After the act"
    later = DESIGN.prepare(inputs(), ExposureSpec("un_troops", lag_months=6))
    assert DESIGN.survival(inputs(), later)[0]["time_months"].max() == 42


def test_what_a_page_says_of_acts_and_wars() -> None:
    _, told = DESIGN.curves(inputs(), matched())
    told |= DESIGN.robustness(inputs()).quantities
    values = {name: quantity.value for name, quantity in told.items()}
    own = [v[0] for v in outcomes().values()]
    others = [np.mean(v[1:]) for v in outcomes().values()]
    # The act in region 3 is compared without its region.
    assert (values["acts"], values["window"], values["coarsened"]) == (4, 36, 1)
    assert values["own.months"] == pytest.approx(np.mean(own))
    assert values["others.months"] == pytest.approx(np.mean(others))
    onset = {name: pd.Timestamp(on) for name, _, _, on, _, _ in WARS}

    def age(war: str, act: int) -> float:
        return (pd.Timestamp(ACTS[act]) - onset[war]).days / 30.4375

    ages = {act: [age(war, act) for war in wars] for act, wars in SETS.items()}
    assert values["own.age"] == pytest.approx(np.mean([a[0] for a in ages.values()]))
    assert values["others.age"] == pytest.approx(np.mean([np.mean(a[1:]) for a in ages.values()]))
    digits = {name: quantity.digits for name, quantity in told.items()}
    assert [digits[n] for n in ("window", "own.age", "others.age", "own.months")] == [0, 0, 0, None]
    rates = [f"eve_of_peace.{n}rejection" for n in ("", "lag_06.", "still_at_war.")]
    assert [digits[name] for name in rates] == [
        1,
        1,
        1,
    ] and "eve_of_peace.lag_00.rejection" not in told
    assert values[rates[0]] == DESIGN.anticipation(inputs(), matched()).rejection_rate
    shifted = DESIGN.prepare(inputs(), ExposureSpec("un_troops", lag_months=6))
    assert values[rates[1]] == DESIGN.anticipation(inputs(), shifted).rejection_rate
    still = DESIGN.anticipation(inputs(), shifted.going_on_after(6), 6)
    assert values[rates[2]] == still.rejection_rate
    # The preference for wars about to end that would explain the ratio, on those of the sets.
    soon = matched().sets.members["days_to_end"].to_numpy() <= 183
    sets = matched().numbers("gwno_host")
    seed = seed_for(STUDY.seed, "h5.preference")
    found = explaining(sets, soon, alpha=1 - STUDY.level_of("h5"), seed=seed)
    assert values["preference.way"] == ("prefer" if found.is_toward else "avoid")
    told_of = (values["preference.point"], values["preference.limit"])
    assert told_of == (found.point, found.limit) and found.point > 1


def test_specifications_robustness_and_acts_from_a_day_on() -> None:
    six, log = Choices(lag_months=6), ratio_of(outcomes())[0]
    points = [
        Specification("a", {"window": "act"}, "principled", (), AS_DECLARED, "un_troops", 0),
        Specification("b", {"window": "six"}, "plausible", ("window",), six, "un_troops", 6),
    ]
    rows = DESIGN.specified(inputs(), points)
    for place, values in enumerate((outcomes(), outcomes(36, 6))):
        one, error = ratio_of(values)
        assert rows["estimate"].iloc[place] == pytest.approx(math.exp(one))
        assert rows["ci_high"].iloc[place] == pytest.approx(math.exp(one + 1.9599640 * error))
    assert rows["departures"].tolist() == [0, 1] and rows["axis_window"].tolist() == ["act", "six"]
    assert rows["lag_months"].tolist() == [0, 6] and rows["exposed_events"].tolist() == [4, 4]
    checked = DESIGN.robustness(inputs()).records
    assert checked["without"]["left_out"] == ["1", "2", "3", "4"]
    without = [ratio_of({a: v for a, v in outcomes().items() if a != out})[0] for out in SETS]
    assert checked["without"]["hazard_ratio"] == pytest.approx(list(np.exp(without)))
    assert checked["engines_agree"] and 0 <= checked["engine_gap"] < 1e-8
    rate = DESIGN.anticipation(inputs(), matched()).rejection_rate
    strict = dataclasses.replace(STUDY, calibration_bounds=(0.0, 0.005))
    given = dataclasses.replace(inputs(), study=strict)
    assert rate > 0.005 and DESIGN.robustness(given).records["describes"] == []
    late = DESIGN.since(inputs(), pd.Timestamp("2001-01-01"), 0.9)
    assert (late.exposed_events, late.level) == (3, 0.9)
    few = DESIGN.since(inputs(), pd.Timestamp("2001-01-02"), 0.9)
    assert few.note == "Not estimable: acts with a complete window 2; at least 3 are required"
    # The last windows begin on 30 December 2012: ten years before, one act is yet to come.
    assert DESIGN.outcomes_per_year(inputs()) == pytest.approx(0.1)
    assert math.exp(log) == pytest.approx(
        DESIGN.since(inputs(), pd.Timestamp("2000-01-01"), 0.9).estimate
    )


def test_what_has_no_ratio_says_why() -> None:
    nothing = dataclasses.replace(matched(), outcome=np.zeros(15))
    given = {"estimate_id": "h5.x", "role": Role.PRIMARY, "level": 0.9, "draws": 10}
    none = DESIGN.estimate(inputs(), nothing, inputs().spec.exposure, **given)  # type: ignore[arg-type]
    assert none.note == "Not estimable: no month at war on one of the sides"
    few = matched().since(pd.Timestamp("2002-01-01"))
    primary = DESIGN.without_draws(inputs(), matched(), 0.95)
    assert DESIGN.difference(inputs(), few, primary).note.endswith(
        "too few acts with a complete window"
    )
    three = matched().since(pd.Timestamp("2001-01-01"))
    assert math.isfinite(DESIGN.difference(inputs(), three, primary).estimate)
    acts = matched().sets.acts.assign(gwno_host=1)
    alone = dataclasses.replace(matched(), sets=dataclasses.replace(matched().sets, acts=acts))
    assert DESIGN.difference(inputs(), alone, primary).note.endswith("all acts in one cluster")
    two = acts.assign(gwno_host=[1, 1, 2, 2])
    pairs = dataclasses.replace(matched(), sets=dataclasses.replace(matched().sets, acts=two))
    apart = np.array([v[0] - np.mean(v[1:]) for v in outcomes().values()])
    centered = apart - apart.mean()
    sums = centered[:2].sum() ** 2 + centered[2:].sum() ** 2
    found = DESIGN.difference(inputs(), pairs, primary)
    assert found.std_error == pytest.approx(math.sqrt(2 * sums) / 4)
