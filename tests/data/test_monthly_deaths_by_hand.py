"""Deaths by host and month, people at the end of the month before, and what was there earlier."""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from collsec.designs import Inputs
from collsec.designs.panel_counts import Panel
from collsec.hypothesis.validation import load
from collsec.measures import get
from study import PROJECT, known, study_inputs


@functools.cache
def inputs() -> Inputs:
    return study_inputs(load(PROJECT, "h20", known()))


@functools.cache
def beside() -> SimpleNamespace:
    """The names of the module beside the page, which the file has loaded."""
    inputs()
    return SimpleNamespace(**get("troops_before").function.__globals__)


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def month(text: str) -> int:
    return int(text[:4]) * 12 + int(text[5:7]) - 1


EPISODES = pd.DataFrame({"gwno_host": [500, 600], "conflict_id": [1, 2]})
#: One operation in both hosts, one in the second alone that nobody counted, one of a region.
MISSIONS = pd.DataFrame(
    {
        "mission_id": ["both", "both", "unknown", "region"],
        "host_gwno": ["500;600", "500;600", "600", "500"],
        "sponsor": ["un", "un", "un", "regional"],
        "first_personnel_date": [
            day(text) for text in ("1990-12-05", "1990-12-05", "1991-04-10", "1990-11-01")
        ],
        "end_date": [day("1991-03-15"), day("1991-03-15"), pd.NaT, pd.NaT],
    }
)
STRENGTH = pd.DataFrame(
    {
        "mission_id": ["both", "both", "region"],
        "from_month": [day("1990-12-31"), day("1991-01-31"), day("1990-11-30")],
        "to_month": [day("1990-12-31"), day("1991-02-28"), day("1991-06-30")],
        "total": [1500, 3300, 9999],
        "troops": pd.array([None, 3000, 9999], dtype="Int64"),
        "mean_police": pd.array([None, 200, 0], dtype="Int64"),
    }
)


def exposed(name: str) -> pd.Series:
    found = get(name).function(EPISODES, MISSIONS, STRENGTH)
    return found.set_index(["unit_id", "period"])["exposure"]


def test_troops_are_those_at_the_end_of_the_month_before() -> None:
    inputs()
    found = exposed("troops_before")
    # Counted from November 1990 to June 1991: known from December to July.
    assert found.index.get_level_values(1).min() == month("1990-12")
    assert found.index.get_level_values(1).max() == month("1991-07")
    # In December nobody had come; then all people where kinds are not distinguished, then troops.
    assert found[500, month("1990-12")] == 0
    assert found[500, month("1991-01")] == pytest.approx(math.log(2.5))
    assert found[500, month("1991-02")] == found[500, month("1991-03")] == math.log(4)
    # At the end of March it had ended; a regional operation is none of the UN's.
    assert (found[500].loc[month("1991-04") :] == 0).all()
    # It counts whole in the other host, where another one serves from April on, uncounted.
    assert found[600, month("1991-02")] == math.log(4)
    assert found[600, month("1991-04")] == 0
    assert found[600].loc[month("1991-05") :].isna().all()


def test_kinds_that_are_not_distinguished_are_not_known() -> None:
    found = exposed("police_before")
    assert math.isnan(found[500, month("1991-01")])
    assert found[500, month("1991-02")] == pytest.approx(math.log(1.2))


def test_troops_to_come_are_asked_for_where_none_went_before() -> None:
    inputs()
    longer = STRENGTH.assign(
        from_month=STRENGTH["from_month"] + pd.offsets.MonthEnd(8),
        to_month=STRENGTH["to_month"] + pd.offsets.MonthEnd(8),
    )
    early = pd.DataFrame(
        {
            "mission_id": ["region", "region"],
            "from_month": [day("1990-11-30"), day("1992-12-31")],
            "to_month": [day("1990-11-30"), day("1992-12-31")],
            "total": [1, 1],
            "troops": pd.array([1, 1], dtype="Int64"),
        }
    )
    later = MISSIONS.assign(
        first_personnel_date=day("1991-08-05"), end_date=day("1991-11-15")
    ).query("mission_id == 'both'")
    given = (EPISODES, later, pd.concat([longer, early]))
    found = get("troops_in_six_months").function(*given)
    found = found.set_index(["unit_id", "period"])["exposure"]
    # 1,500 at the end of August 1991 are six months after February; in September they are there.
    assert found[500, month("1991-02")] == pytest.approx(math.log(2.5))
    assert found[500, month("1991-01")] == 0
    assert math.isnan(found[500, month("1991-09")])
    twelve = get("troops_in_twelve_months").function(*given)
    twelve = twelve.set_index(["unit_id", "period"])["exposure"]
    assert twelve[500, month("1990-12")] == 0 and month("1990-08") not in twelve[500].index


def test_presence_is_asked_at_the_end_of_the_month_before() -> None:
    inputs()
    steps = pd.DataFrame(
        {
            "gwno_host": [500, 500],
            "known_from": [day("2000-01-10"), day("2000-03-05")],
            "un_troops": [1, 0],
        }
    )
    violence = pd.DataFrame({"from_date": [day("2000-01-31"), day("2000-05-31")]})
    found = get("presence_before").function(EPISODES, steps, violence)
    own = found[found["unit_id"] == 500].set_index("period")["exposure"]
    assert own.tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert own.index[0] == month("2000-01")


def test_months_without_a_count_and_hosts_of_others_are_left_out() -> None:
    inputs()
    violence = pd.DataFrame(
        {
            "gwno_host": [500, 500, 700],
            "from_date": [day("2000-01-31"), day("2020-02-29"), day("2000-01-31")],
            "deaths_in_month": [7.0, np.nan, 9.0],
            "deaths_in_month_scaled": [7.0, 4.0, 9.0],
        }
    )
    whole = get("deaths_of_month").function(EPISODES, violence)
    assert whole[["unit_id", "period", "count"]].to_numpy().tolist() == [[500, 24000, 7.0]]
    scaled = get("scaled_deaths_of_month").function(EPISODES, violence)
    assert scaled["count"].tolist() == [7.0, 4.0]


def test_history_ends_before_the_month_at_whose_end_people_are_counted() -> None:
    first = month("2001-01")
    periods = np.arange(first, first + 30)
    shape = (1, 30)
    panel = Panel(
        np.array([500]), periods, np.ones(shape), np.zeros(shape), pd.DataFrame(), per_year=12
    )
    months = pd.date_range("2000-01-31", periods=24, freq="ME")
    violence = pd.DataFrame(
        {"gwno_host": 500, "from_date": months, "deaths_in_month": np.arange(1.0, 25.0)}
    )
    signed = pd.DataFrame({"gwno_host": [500], "from_date": [day("2001-02-10")]})
    deaths, agreed = beside().history(panel, violence, signed)
    # In February 2001 people are those at the end of January; 2000 is the year before that month.
    assert math.isnan(deaths[0, 0])
    assert deaths[0, 1] == pytest.approx(math.log(1 + sum(range(1, 13))))
    assert deaths[0, 2] == pytest.approx(math.log(1 + sum(range(2, 14))))
    # Signed in February: before the count at the end of March, which is that of April.
    assert agreed[0].tolist() == [0.0] * 3 + [1.0] * 24 + [0.0] * 3


def test_a_month_since_year_zero_ends_on_its_last_day() -> None:
    months = pd.Series([month("2000-02"), month("1999-12")])
    assert beside().last_day_of(months).tolist() == [day("2000-02-29"), day("1999-12-31")]
    assert beside().month_of(pd.Series([day("2000-02-29")])).tolist() == [24001]
