"""Exposures split at sixteen months: spells, counts at each end, and halves of a cohort."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from collsec.core.schema import Role
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.split_exposure import (
    PRINTED,
    MedianSplit,
    SplitExposure,
    by_arrival,
    by_clock,
    chosen,
    estimate_halves,
    estimate_split,
    rows_of,
)
from collsec.designs.time_varying import lay_out
from collsec.hypothesis.specification import ExposureSpec
from made_up_cohorts import SPEC, STUDY, inputs_of, prepared_of
from riskset import cox_ph

ZERO = pd.Timestamp("2000-01-01")
#: Sixteen months are 487 days, to the day.
CUT = 487
DAYS = [90, 200, 340, 500, 620, 800, 950, 487, 130, 610, 700, 875, 560, 530, 720, 945, 490, 660]
SPELLS = {
    0: (20, None),
    2: (100, 487),
    3: (40, None),
    4: (487, None),
    5: (488, 790),
    6: (486, 520),
    7: (200, None),
    9: (500, None),
    11: (50, None),
    12: (510, None),
    15: (600, 900),
    17: (10, 488),
}


def after(days: float) -> pd.Timestamp:
    return ZERO + pd.Timedelta(days=days)


def wars() -> Prepared:
    n = len(DAYS)
    units = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(n)],
            "episode_id": [f"{i}-1" for i in range(n)],
            "conflict_id": range(n),
            "time_zero": ZERO,
            "exit_date": [after(day) for day in DAYS],
            "gwno_host": [i % 9 for i in range(n)],
            "region": 1,
            "is_event": [i != 6 for i in range(n)],
        }
    )
    calendar = pd.DataFrame(
        [(w, after(on), pd.NaT if off is None else after(off)) for w, (on, off) in SPELLS.items()],
        columns=["conflict_id", "on_date", "off_date"],
    )
    prepared = prepared_of(units, calendar, lag=0)
    return dataclasses.replace(
        prepared, rows=prepared.rows.assign(gwno_host=prepared.rows["gwno_host"])
    )


def inputs() -> Inputs:
    return inputs_of(spec=SPEC, study=STUDY)


def spells_of(split: SplitExposure) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    first, second = (
        list(zip(own.unit.tolist(), own.on.tolist(), own.off.tolist(), strict=True))
        for own in (split.first, split.second)
    )
    return first, second


NEVER = math.inf
EARLY = [(0, 20, NEVER), (2, 100, CUT), (3, 40, NEVER), (4, CUT, NEVER), (6, 486, 520)]
EARLY += [(7, 200, NEVER), (11, 50, NEVER), (17, 10, 488)]
LATE = [(5, 488, 790), (9, 500, NEVER), (12, 510, NEVER), (15, 600, 900)]
# In force before the day, and after it: a spell that begins or ends on it lies on one side alone.
YOUNG = [(0, 20, CUT), (2, 100, CUT), (3, 40, CUT), (6, 486, CUT), (7, 200, CUT), (11, 50, CUT)]
YOUNG += [(17, 10, CUT)]
OLD = [(0, CUT, NEVER), (3, CUT, NEVER), (4, CUT, NEVER), (5, 488, 790), (6, CUT, 520)]
OLD += [(7, CUT, NEVER), (9, 500, NEVER), (11, CUT, NEVER), (12, 510, NEVER), (15, 600, 900)]
OLD += [(17, CUT, 488)]


def test_presence_is_early_up_to_the_day_itself_or_young_before_it() -> None:
    early = by_arrival(wars(), "un_troops", 16)
    assert spells_of(early) == (EARLY, LATE)
    assert list(early.names.values()) == ["early_16", "late_16", "early_against_late_16"]
    assert early.titles["first"] == "UN troops present: came within 16 months of onset"
    other = by_arrival(wars(), "peacekeepers", 16, is_own=False)
    assert other.names["second"] == "late_16.peacekeepers"
    young = by_clock(wars(), "un_troops", 16)
    assert spells_of(young) == (YOUNG, OLD)
    assert list(young.names.values()) == ["young_16", "old_16", "young_against_old_16"]
    spells = wars().spells
    assert spells is not None
    assert chosen(spells, spells.unit > 11).assigned.tolist() == [510, 600, 10]


@pytest.mark.parametrize("kind", [by_arrival, by_clock])
def test_counts_at_each_end_are_those_of_the_rows(kind: object) -> None:
    """Who is at risk and exposed, by part, from the rows and from the redrawing's own layout."""
    prepared = wars()
    halves = kind(prepared, "un_troops", 16)  # type: ignore[operator]
    rows, design = rows_of(prepared, halves), lay_out(inputs(), prepared)
    assert list(rows.columns) == [
        *("unit_id", "conflict_id", "start", "stop", "event", "first", "second"),
        *("gwno_host", "region", "present"),
    ]
    assert (rows["present"] == rows["first"] + rows["second"]).all()
    counts = halves.split(design)(design.unit[None, :])
    for part, (at_risk, events) in zip(("first", "second"), counts, strict=True):
        for place, time in enumerate(design.event_counts.time):
            risk = (rows["start"] < time) & (rows["stop"] >= time) & (rows[part] == 1)
            assert at_risk[0, place] == risk.sum()
            assert events[0, place] == (risk & rows["event"] & (rows["stop"] == time)).sum()
    moved = np.where(design.unit == 4, -1, design.unit)
    fewer = halves.split(design)(moved[None, :])
    lost = [float((own[0] - less[0]).sum()) for own, less in zip(counts, fewer, strict=True)]
    # The fifth war is exposed after day 487 up to its end on day 620, with nine ends in between.
    ends = sum(CUT < day <= 620 for war, day in enumerate(DAYS) if war != 6)
    assert lost == ([ends, 0] if kind is by_arrival else [0, ends])


def test_both_parts_are_set_beside_none_and_beside_each_other() -> None:
    prepared, exposure = wars(), ExposureSpec("un_troops", 3, "plausible")
    halves = by_arrival(prepared, "un_troops", 16)
    found = estimate_split(inputs(), prepared, exposure, halves, draws=99)
    assert [e.estimate_id for e in found] == [f"h1.{name}" for name in halves.names.values()]
    assert [e.estimand for e in found] == ["hazard_ratio"] * 2 + ["ratio_of_hazard_ratios"]
    rows = rows_of(prepared, halves)
    for columns, one in zip(
        (["first", "second"], ["second", "first"], ["first", "present"]), found, strict=True
    ):
        fit = cox_ph(rows, columns, start="start", stop="stop", event="event", cluster="gwno_host")
        beta, error = float(fit.params.iloc[0]), float(fit.std_errors.iloc[0])
        assert math.log(one.estimate) == pytest.approx(beta, abs=1e-4)
        assert one.std_error == pytest.approx(error, rel=1e-4)
        assert math.log(one.cluster_high) == pytest.approx(beta + 1.95996 * error, abs=1e-3)
        assert (one.validity, one.lag_months, one.level) == ("plausible", 3, 0.95)
    early, late, ratio = found
    ends = {part: (rows["event"] & (rows[part] == 1)).sum() for part in ("first", "second")}
    assert (early.exposed_events, late.exposed_events) == (ends["first"], ends["second"])
    assert (early.exposed_units, late.exposed_units, ratio.exposed_units) == (8, 4, 4)
    assert ratio.expected_events == late.expected_events > 0


# Halves -----------------------------------------------------------------------------------------

ASKED = MedianSplit("ties", "Ties")
#: Errors from one that a level of 95 % and a power of 80 % ask for.
Z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)


def test_a_cohort_is_split_above_its_median_without_those_that_are_not_known() -> None:
    """Fifteen indices 0 to 14: eight up to the median of seven, seven above it."""
    prepared = wars()
    known = [f"{i}-1" for i in range(15)]
    index = pd.Series(range(15), index=known, dtype=float)
    index["16-1"] = np.nan
    found = ASKED.of(dataclasses.replace(prepared, strata=("region",)), index)
    assert found.units["unit_id"].tolist() == known
    assert found.units["is_above_median"].tolist() == [0] * 8 + [1] * 7
    assert set(found.rows["unit_id"]) == set(known)
    assert found.rows.groupby("unit_id")["is_above_median"].first()["7-1"] == 0
    assert found.strata == ("region", "is_above_median")
    assert ASKED.words["ratio"] == "Ties, above the median over up to it"
    named = [(one.estimates, one.digits) for one in ASKED.variables]
    assert named == [
        ("ties.high", None),
        ("ties.low", None),
        ("ties.ratio", None),
        ("ties.ratio", 1),
    ]
    assert PRINTED["{name}.ends"] == "exposed_events"


def halves_of(index: list[float], draws: int = 99) -> dict[str, Estimate]:
    values = pd.Series(index, index=[f"{i}-1" for i in range(len(DAYS))])
    found = estimate_halves(inputs(), ASKED.of(wars(), values), ASKED, draws=draws)
    return {one.estimate_id.removeprefix("h1.ties."): one for one in found}


def test_each_half_has_a_baseline_of_its_own() -> None:
    index = [float(i % 2) if i < 16 else 0.0 for i in range(18)]
    found = halves_of(index)
    above = ASKED.of(wars(), pd.Series(index, index=[f"{i}-1" for i in range(18)]))
    for half, value in (("high", 1), ("low", 0)):
        rows = above.rows[above.rows["is_above_median"] == value]
        one = found[half]
        fit = cox_ph(rows, ["x"], start="start", stop="stop", event="event", cluster="gwno_host")
        assert math.log(one.estimate) == pytest.approx(float(fit.params["x"]), abs=1e-4)
        assert one.std_error == pytest.approx(float(fit.std_errors["x"]), rel=1e-4)
        assert one.n_units == rows["unit_id"].nunique()
        # Without an effect an end tells p (1 − p), with the exposed share p of those at risk.
        at_risk = [
            rows.loc[(rows["start"] < end) & (rows["stop"] >= end), "x"]
            for end in rows.loc[rows["event"], "stop"]
        ]
        told = sum(own.mean() * (1 - own.mean()) for own in at_risk)
        assert math.log(one.mde_high) == pytest.approx(Z / math.sqrt(told), rel=1e-6)
        assert one.estimand == "hazard_ratio"
    ratio = found["ratio"]
    logs = math.log(found["high"].estimate) - math.log(found["low"].estimate)
    assert math.log(ratio.estimate) == pytest.approx(logs, abs=1e-4)
    assert (ratio.n_units, ratio.role, ratio.validity) == (18, Role.INTERACTION, "plausible")
    assert ratio.estimand == "ratio_of_hazard_ratios" and math.isnan(ratio.std_error)
    assert ratio.label.endswith("above the median over up to it (exploratory)")
    # Information adds up over what was learned of each half: the ratio can show less than either.
    assert ratio.mde_high > max(found["high"].mde_high, found["low"].mde_high)


def test_a_half_with_too_few_exposed_ends_has_its_counts_and_so_has_the_ratio() -> None:
    index = [float(i in (1, 8, 10, 13, 0, 4, 14)) for i in range(18)]
    found = halves_of(index)
    assert found["high"].note.startswith("Not estimable: exposed terminations 2,")
    assert found["ratio"].note == found["high"].note
    assert math.isfinite(found["low"].estimate) and found["low"].note == ""
    few = halves_of(index, draws=3)
    assert all(math.isnan(one.estimate) for one in few.values())
    assert few["low"].note != found["high"].note
