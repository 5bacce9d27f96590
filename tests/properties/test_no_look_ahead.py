"""No look-ahead: tables cut at a date give the same timelines before that date."""

from __future__ import annotations

import datetime

import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from for_all_tests import examples
from study import all_timelines, raw_tables, study_timelines

DATES = st.dates(datetime.date(1948, 1, 1), datetime.date(2024, 12, 30))
# Columns whose date, the earliest of them, says when the row itself came to be: the row is unknown
# before. UNGOMAP's people were there half a year before the resolution that confirmed them.
BORN = {
    "missions": ["authorized_date", "first_personnel_date"],
    "vetoes": ["veto_date"],
    "draft_conflicts": ["date"],
    "resolution_conflicts": ["date"],
    "monthly_strength": ["from_month"],
    "council_members": ["from_date"],
    "peace_agreements": ["signed_date"],
    "negotiations": ["month"],
    "violence_months": ["from_month"],
    "un_sanctions": ["from_date"],
    "ceasefires": ["from_month"],
}
# Outcomes are exempt by design: an end is known only from the silence that follows.
EXEMPT = {"episodes", "outcomes", "host_states", "p5_ties"}


def cut(tables: dict[str, pd.DataFrame], at: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Tables as someone would have known them at the end of a day."""
    out = {}
    for name, frame in tables.items():
        if name not in EXEMPT:
            frame = frame.copy()
            if name in BORN:
                frame = frame[~(frame[BORN[name]].min(axis=1) > at)]
            if name in ("violence_months", "ceasefires"):
                # A run of months that goes on is known to the last month that is over.
                over = (at + pd.Timedelta(days=1)).to_period("M").start_time - pd.Timedelta(days=1)
                frame["to_month"] = frame["to_month"].where(frame["to_month"] <= at, over)
            for column in frame.select_dtypes("datetime").columns:
                frame[column] = frame[column].where(~(frame[column] > at))
        out[name] = frame
    # A link is known with its mission, unless the mission took that conflict up only later.
    links = tables["mission_conflicts"]
    arrived = tables["missions"].set_index("mission_id")["first_personnel_date"]
    later = links["from_date"] > links["mission_id"].map(arrived)
    known = links["mission_id"].isin(out["missions"]["mission_id"])
    out["mission_conflicts"] = out["mission_conflicts"][
        known & ~(later & (links["from_date"] > at))
    ]
    return out


def before(frame: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    kept = frame[frame["known_from"] <= at]
    return kept.sort_values(list(frame.columns[:3])).reset_index(drop=True)


@examples(25)
@given(DATES)
@example(datetime.date(1988, 5, 1))
@example(datetime.date(1992, 1, 1))
@example(datetime.date(2000, 10, 1))
def test_timelines_before_a_date_rest_on_nothing_after_it(day: datetime.date) -> None:
    at = pd.Timestamp(day)
    whole = study_timelines()
    partial = all_timelines(cut(raw_tables(), at))
    for family in whole:
        if family == "war":
            continue
        pd.testing.assert_frame_equal(
            before(whole[family], at),
            before(partial[family], at),
            check_dtype=False,
            obj=f"{family} before {day}",
        )


def test_a_year_of_war_is_known_only_after_it() -> None:
    war = study_timelines()["war"]
    assert (war["known_from"].dt.year == war["from_date"].dt.year + 1).all()
