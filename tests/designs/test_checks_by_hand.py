"""What is asked of a primary, on a handful of wars: rates, engines, missions, signs."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from by_hand import estimate
from collsec.designs import checks
from collsec.designs.checks import judge, judged, leave_one_out, pooled, rejections, sign_flips
from collsec.designs.inputs import Prepared
from made_up_cohorts import SPEC, inputs_of, prepared_of

ZERO = pd.Timestamp("2000-01-01")


def after(days: float) -> pd.Timestamp:
    return ZERO + pd.Timedelta(days=days)


# Rates ------------------------------------------------------------------------------------------


def test_a_rate_of_rejections_has_wilsons_interval() -> None:
    found = rejections(2, 3.5, np.arange(8.0))
    n, share, z = 8, 0.25, 1.959963984540054
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert (found.rejection_rate, found.alpha, found.draws) == (0.25, 0.05, 8)
    assert (found.ci_low, found.ci_high) == pytest.approx((middle - half, middle + half))
    assert found.mean_exposed_events == 3.5
    assert found.estimates.tolist() == list(range(8))


def test_blocks_are_pooled_by_their_draws() -> None:
    nothing = rejections(0, 9.0, np.array([]))
    assert (nothing.draws, nothing.alpha, nothing.mean_exposed_events) == (0, 0.05, 0.0)
    assert np.isnan([nothing.rejection_rate, nothing.ci_low, nothing.ci_high]).all()
    first, second = rejections(1, 2.0, np.ones(4)), rejections(3, 5.0, np.zeros(8))
    both = pooled([first, nothing, second])
    assert (both.rejection_rate, both.draws, both.mean_exposed_events) == (4 / 12, 12, 4.0)
    assert both.estimates.tolist() == [1.0] * 4 + [0.0] * 8
    assert pooled([nothing, first]) is first and pooled([nothing, nothing]) is nothing


# Engines ----------------------------------------------------------------------------------------


def rows_of(n: int = 60) -> pd.DataFrame:
    """Wars in one-day rows or so that begin where others end, with ties, in two strata."""
    rng = np.random.default_rng(2)
    start = rng.integers(0, 4, n)
    return pd.DataFrame(
        {
            "unit_id": range(n),
            "conflict_id": range(n),
            "start": start.astype(float),
            "stop": start + rng.integers(1, 4, n).astype(float),
            "event": rng.random(n) < 0.7,
            "x": 40.0 + 10 * rng.standard_normal(n),
            "z": rng.standard_normal(n),
            "gwno_host": range(n),
            "half": rng.integers(0, 2, n),
        }
    )


def laid_out(rows: pd.DataFrame, **more: object) -> Prepared:
    nothing = pd.DataFrame()
    given = {"adjustment": (), "strata": (), "spells": None, "attrition": nothing} | more
    return Prepared(nothing, nothing, rows, "x", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("strata", [(), ("half",)])
def test_two_engines_agree_on_rows_that_begin_where_others_end(strata: tuple[str, ...]) -> None:
    agree, gap = checks.engines_agree(laid_out(rows_of(), adjustment=("z",), strata=strata))
    assert agree and gap < 1e-8


def test_engines_disagree_beyond_a_millionth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the step a row is at risk on the day on which it begins."""
    monkeypatch.setattr(checks, "HALF_STEP", 0.0)
    agree, gap = checks.engines_agree(laid_out(rows_of()))
    assert not agree and gap > 1e-4
    monkeypatch.setattr(checks, "ENGINE_TOLERANCE", gap)
    assert checks.engines_agree(laid_out(rows_of()))[0]


def test_where_nothing_varies_there_is_nothing_to_disagree_on_and_nothing_to_leave_out() -> None:
    flat = laid_out(rows_of().assign(x=1.0))
    assert checks.engines_agree(flat) == (True, 0.0)
    without = leave_one_out(inputs_of(), flat)
    assert without.empty and list(without) == ["kind", "left_out", "hazard_ratio"]
    assert without["hazard_ratio"].dtype == float
    assert math.isnan(checks.proportional_hazards(flat))
    assert 0 < checks.proportional_hazards(laid_out(rows_of())) < 1


# Placebos ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "detectable", "fails_if", "outcome"),
    [
        (1.0, 1.5, 2.0, "either", "passed"),
        (1.001, 1.5, 9.0, "either", "failed"),
        (1.001, 1.5, 2.0, "below_one", "passed"),
        (0.5, 1.0, 2.0, "either", "passed"),
        (0.5, 0.999, 9.0, "either", "failed"),
        (0.5, 0.999, 2.0, "above_one", "passed"),
        (1.001, 1.5, 2.0, "above_one", "failed"),
        (0.5, 0.999, 2.0, "below_one", "failed"),
        (0.5, 1.5, 2.0, "either", "passed"),
        (0.5, 1.5, 2.001, "either", "uninformative"),
        (math.inf, math.inf, 2.0, "either", "passed"),
        (0.5, 1.5, math.nan, "either", "uninformative"),
    ],
)
def test_a_placebo_at_its_edges(
    low: float, high: float, detectable: float, fails_if: str, outcome: str
) -> None:
    primary = estimate(0.5, 0.2, mde_high=2.0)
    placebo = estimate(0.1, 0.2, ci_low=low, ci_high=high, mde_high=detectable)
    assert judge(placebo, primary, fails_if) == outcome
    found = judged(placebo, primary, fails_if)
    assert (found.estimate, found.outcome) == (placebo, outcome)


def test_nothing_could_be_detected_where_no_finite_ratio_could() -> None:
    blind = estimate(0.5, 0.2, mde_high=math.inf)
    inside = estimate(0.1, 0.2, mde_high=math.inf)
    assert judge(inside, blind) == "uninformative"


# Leaving out ------------------------------------------------------------------------------------


def wars() -> Prepared:
    """Eight wars, four of them exposed from day 10; the last two are over before it counts."""
    units = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(8)],
            "conflict_id": range(8),
            "time_zero": ZERO,
            "exit_date": [after(day) for day in (40, 25, 60, 30, 50, 35, 20, 22)],
            "gwno_host": range(8),
            "is_event": True,
        }
    )
    calendar = pd.DataFrame({"conflict_id": [0, 1, 2, 3], "on_date": after(10), "off_date": pd.NaT})
    return prepared_of(units, calendar, lag=0)


def log_ratio(rows: pd.DataFrame) -> float:
    """Of a yes-or-no exposure without ties: the root of the score, event by event."""
    start, stop, event, x = rows[["start", "stop", "event", "x"]].to_numpy(float).T
    ends = np.flatnonzero(event)
    at_risk = [(start < stop[k]) & (stop >= stop[k]) for k in ends]
    sizes = [
        (x[k], (risk & (x == 1)).sum(), risk.sum()) for k, risk in zip(ends, at_risk, strict=True)
    ]

    def score(beta: float) -> float:
        odds = math.exp(beta)
        return float(sum(own - one * odds / (one * odds + n - one) for own, one, n in sizes))

    low, high = -9.0, 9.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > 0 else (low, middle)
    return low


def test_each_exposed_conflict_is_left_out_in_turn() -> None:
    prepared = wars()
    spec = dataclasses.replace(
        SPEC, exposure=dataclasses.replace(SPEC.exposure, measure="veto_12m")
    )
    without = leave_one_out(inputs_of(spec=spec), prepared)
    assert without["left_out"].tolist() == ["0", "1", "2", "3"]
    assert set(without["kind"]) == {"conflict"}
    rows = prepared.rows
    expected = [log_ratio(rows[rows["conflict_id"] != c]) for c in range(4)]
    assert np.log(without["hazard_ratio"]).tolist() == pytest.approx(expected, abs=1e-6)
    # Known before onset, a covariate exposes every war.
    fixed = dataclasses.replace(prepared, spells=None)
    assert leave_one_out(inputs_of(spec=spec), fixed)["left_out"].tolist() == list("01234567")


def test_without_the_only_exposed_conflict_there_is_no_ratio() -> None:
    prepared = wars()
    lone = prepared.rows.assign(x=prepared.rows["x"].where(prepared.rows["conflict_id"] == 0, 0))
    one = dataclasses.replace(prepared, rows=lone)
    spec = dataclasses.replace(
        SPEC, exposure=dataclasses.replace(SPEC.exposure, measure="veto_12m")
    )
    without = leave_one_out(inputs_of(spec=spec), one)
    assert without["left_out"].tolist() == ["0"] and np.isnan(without["hazard_ratio"]).all()


def test_a_mission_concerns_wars_that_it_reached_while_they_were_followed() -> None:
    """Day by day: not on the day of the exit, but on the very day of the onset."""
    spans = [
        ("before", 0, -9, -1),
        ("to_the_onset", 0, -9, 0),
        ("on_the_last_but_one", 1, 24, 90),
        ("on_the_last", 1, 25, 90),
        ("unexposed", 4, 1, 9),
        ("nowhere", None, 1, 9),
    ]
    missions = pd.DataFrame(
        [
            {
                "mission_id": name,
                "sponsor": "un",
                "conflict_id": conflict,
                "has_troops": True,
                "link_basis": "file",
                "link_confidence": 3,
                "first_troops_basis": "file",
                "first_troops_date": after(first),
                "from_date": after(-999),
                "last_troops_date": after(last),
                "end_date": pd.NaT,
                "to_date": pd.NaT,
            }
            for name, conflict, first, last in spans
        ]
    ).astype({"has_troops": "boolean", "conflict_id": "Int64"})
    found = checks.units_of_missions(inputs_of(missions=missions), wars())
    assert found == {"to_the_onset": {"0-1"}, "on_the_last_but_one": {"1-1"}}
    fixed = dataclasses.replace(wars(), spells=None)
    assert checks.units_of_missions(inputs_of(missions=missions), fixed) == {}


def test_a_ratio_of_one_turns_no_sign() -> None:
    without = pd.DataFrame(
        {"kind": "conflict", "left_out": ["1", "2", "3"], "hazard_ratio": [1.0, 0.99, 1.6]}
    )
    assert sign_flips(1.01, without, {"2": "Mali"}) == ["conflict 2 (Mali)"]
    assert sign_flips(0.5, without) == ["conflict 3"]
