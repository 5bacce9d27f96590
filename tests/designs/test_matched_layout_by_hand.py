"""Acts on five wars with the wars at risk on their days, and the days of war that followed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from by_hand import rows, told
from collsec.core.errors import BadSpec
from collsec.designs.inputs import Inputs
from collsec.designs.months_at_war import Matched, lay_out, window_of
from collsec.histories.registry import Extent
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from made_up_cohorts import SPEC, inputs_of, presence_of, wars_of

DAY = pd.Timestamp
TROOPS = ExposureSpec("un_troops", 0)
#: A year is 365 days, six months are 183, eighteen 548.
WARS = wars_of(
    ("a", 1, 10, "2000-01-01", "2005-01-01", True),
    ("b", 2, 20, "2000-06-01", "2001-06-01", True),
    ("c", 3, 30, "2000-06-01", "2003-03-01", True),
    ("d", 4, 40, "1999-01-01", "2010-12-31", False),
    ("e", 5, 40, "2008-01-01", "2010-12-31", False),
    region=[1, 1, 2, 1, 2],
)
STEPS = presence_of(
    *((1, "2000-01-01", 1), (1, "2000-01-05", 0), (1, "2001-01-01", 1)),
    *((1, "2001-12-31", 0), (1, "2005-01-01", 1)),
    (3, "2002-01-01", 1),
    *((4, "2009-12-31", 1), (4, "2010-01-05", 0)),
    (5, "2010-01-01", 1),
)
TALKS = rows(
    "conflict_id known_from agreements",
    *((1, "2000-10-01", 1), (4, "2000-12-31", 1), (3, "2001-01-01", 1)),
)
EXTENTS = {"agreements": Extent(DAY("1999-01-01"), DAY("2001-12-31"))}


def inputs(**more: object) -> Inputs:
    spec = dataclasses.replace(SPEC, strata=(), exposure=TROOPS)
    timelines = STEPS | {"peace_process": TALKS}
    given = {"spec": spec, "episodes": WARS, "timelines": timelines, "extents": EXTENTS}
    return inputs_of(**(given | more))


def laid_out(choices: Choices = AS_DECLARED, *, lag: int = 0, months: int = 12) -> Matched:
    exposure = dataclasses.replace(TROOPS, lag_months=lag)
    return lay_out(inputs(), exposure, f"months_at_war_{months}", choices)


def days(matched: Matched) -> list[tuple[int, str, int]]:
    """Act, war, and days at war in the window."""
    found = np.round(matched.outcome * 30.4375).astype(int)
    members = matched.sets.members
    return list(zip(members["act"], members["unit_id"], found.tolist(), strict=True))


ALL = [
    *((0, "a", 365), (0, "b", 151), (0, "c", 365), (0, "d", 365)),
    # On New Year's Day of 2002 troops have left the first war, on the eve.
    *((1, "a", 365), (1, "c", 365), (1, "d", 365)),
    *((2, "d", 365), (2, "e", 365)),
]


def test_an_act_is_set_beside_the_wars_at_risk_on_its_day() -> None:
    """Not on the first day of a war nor on its last; the window of the last act is not complete."""
    found = laid_out()
    assert told(found.sets.acts, "day", "unit_id", "strata", "comparable") == [
        ("2001-01-01", "a", 0, 3),
        ("2002-01-01", "c", 0, 2),
        ("2009-12-31", "d", 0, 1),
    ]
    assert days(found) == ALL
    assert told(found.attrition, "step", "rule", "n_units", "n_events", "dropped") == [
        ("acts", "UN troops present: begun during a war", 4, 4, 0),
        ("a complete window", "12 months of record follow", 3, 3, 1),
        ("a comparable war", "Another war was at risk on that day", 3, 3, 0),
    ]
    assert (found.window, found.shift) == (12, 0)
    assert found.counts("gwno_host") == {
        "nobs": 9,
        "n_units": 5,
        "n_events": 9,
        "n_clusters": 4,
        "exposed_units": 3,
        "exposed_events": 3,
        "exposed_clusters": 3,
    }
    numbers = found.numbers("gwno_host")
    assert numbers.set_of.tolist() == [0] * 4 + [1] * 3 + [2] * 2
    assert np.flatnonzero(numbers.is_treated).tolist() == [0, 5, 7]
    assert numbers.cluster.tolist() == [0, 1, 2]
    assert numbers.outcome is found.outcome


def test_a_window_may_begin_after_the_act() -> None:
    found = laid_out(lag=6)
    # Of 2001-07-03 to 2002-07-03; the second war is over.
    assert days(found)[:4] == [(0, "a", 365), (0, "b", 0), (0, "c", 365), (0, "d", 365)]
    # From 2002-07-03 on the war goes on for 241 days.
    assert days(found)[4:] == [(1, "a", 365), (1, "c", 241), (1, "d", 365)]
    assert told(found.attrition, "rule", "n_units")[1] == ("18 months of record follow", 2)
    assert (found.window, found.shift) == (12, 6)
    assert days(laid_out(Choices(lag_months=6))) == days(found)
    assert days(laid_out(Choices(lag_months=0), lag=6)) == ALL


def test_a_choice_of_countries_years_or_strata_takes_the_place_of_what_is_declared() -> None:
    others = laid_out(Choices(drop_countries=(10, 20)))
    assert days(others)[:2] == [(0, "c", 365), (0, "d", 365)]
    assert len(days(laid_out(Choices(last_year=2003)))) == 7
    # A year after the first act is one day after the last of 2001.
    assert days(laid_out(Choices(last_year=2001))) == []
    within = laid_out(Choices(strata=("region",)))
    assert days(within)[:3] == [(0, "a", 365), (0, "b", 151), (0, "d", 365)]
    assert told(within.sets.acts, "unit_id", "strata") == [("a", 1), ("c", 0), ("d", 0)]
    absorbed = laid_out(Choices(measure="un_troops_absorbing"))
    assert told(absorbed.sets.acts, "unit_id", "day") == [("c", "2002-01-01"), ("d", "2009-12-31")]
    assert days(absorbed)[:2] == [(0, "c", 365), (0, "d", 365)]


def test_a_stratum_of_the_day_is_asked_where_its_record_reaches() -> None:
    """Of two years of agreements before 2001-01-01 the first day is 1999-01-01: just on record."""
    found = laid_out(Choices(strata=("agreement_24m", "region")))
    assert told(found.sets.acts, "unit_id", "day", "strata") == [("a", "2001-01-01", 2)]
    # Signed on the day itself is not on its eve.
    assert days(found) == [(0, "a", 365), (0, "d", 365)]
    assert told(found.attrition, "step", "rule", "n_units", "dropped")[2] == (
        "agreement 24m",
        "A peace agreement was signed in the conflict in the 24 months before the day: on record",
        1,
        2,
    )
    late = {"agreements": Extent(DAY("1999-01-02"), DAY("2002-01-01"))}
    other = lay_out(
        inputs(extents=late), TROOPS, "x_12", Choices(strata=("region", "agreement_24m"))
    )
    assert told(other.sets.acts, "unit_id", "day") == [("c", "2002-01-01")]


def test_an_act_after_the_record_of_the_exposure_is_no_act() -> None:
    council = STEPS["deployment"].rename(columns={"un_troops": "resolutions"})
    council = council[council["conflict_id"].isin([3, 4])]
    exposure = ExposureSpec("resolution_so_far", 0)

    def kept(last: str) -> list[tuple[object, ...]]:
        extents = {"resolutions": Extent(DAY("1946-01-01"), DAY(last))}
        given = inputs(timelines=STEPS | {"council": council}, extents=extents)
        return told(lay_out(given, exposure, "x_12", AS_DECLARED).sets.acts, "unit_id")

    assert kept("2009-12-31") == [("c",), ("d",)]
    assert kept("2009-12-30") == [("c",)]
    assert kept("2002-01-01") == [("c",)]
    assert kept("2001-12-31") == []


def test_sets_keep_members_whose_war_goes_on_longer_and_lose_those_of_one() -> None:
    """From 2001-01-01 the second war lasts 151 days, and five months are 152."""
    found = laid_out()
    assert days(found.going_on_after(4)) == ALL
    assert days(found.going_on_after(5)) == [ALL[0], *ALL[2:]]
    # From 2002-01-01 the third lasts 424 days: its act goes with it, for fourteen months are 426.
    later = found.going_on_after(14)
    assert days(later) == [ALL[0], *ALL[2:4]]
    assert told(later.sets.acts, "unit_id") == [("a",)]
    # The last act lies 365 days before the end: of more than twelve months nobody is known.
    assert len(days(found.going_on_after(12))) == 3 + 3
    assert days(found.going_on_after(40)) == [(0, "a", 365), (0, "d", 365)]
    assert days(found.going_on_after(60)) == []
    # Without the fourth country the first war goes on alone after 26 months, which are 791 days.
    fewer = laid_out(Choices(drop_countries=(40,)))
    assert days(fewer.going_on_after(25)) == [(0, "a", 365), (0, "c", 365)]
    assert days(fewer.going_on_after(26)) == []


def test_acts_may_be_those_from_a_day_on() -> None:
    found = laid_out()
    late = found.since(DAY("2002-01-01"))
    assert days(late) == [(act - 1, unit, own) for act, unit, own in ALL[4:]]
    assert told(late.sets.acts, "unit_id") == [("c",), ("d",)]
    assert [r[0] for r in days(found.since(DAY("2002-01-02")))] == [0, 0]
    assert days(found.since(DAY("2001-01-01"))) == ALL


def test_a_window_is_the_number_at_the_end_of_the_outcomes_name() -> None:
    assert window_of("a_b_7") == 7
    with pytest.raises(BadSpec, match="no window"):
        window_of("x_7_")
