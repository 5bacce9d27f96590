"""Timelines of peace processes, violence and sanctions: counts, days, and what stays missing."""

from __future__ import annotations

import pandas as pd
import pytest

from collsec.histories.processes import battle_deaths, peace_process, sanctions, talks, violence
from collsec.histories.timelines import as_of
from study import raw_tables, study_extents, study_timelines


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def test_agreements_are_counted_by_kind_and_clause() -> None:
    table = study_timelines()["peace_process"]
    links = raw_tables()["peace_agreements"]
    last = table.groupby("conflict_id").last()
    assert last["agreements"].sum() == len(links) == 382
    kinds = ["agreements_full", "agreements_partial", "agreements_process"]
    assert (table[kinds].sum(axis=1) == table["agreements"]).all()
    assert last["agreements_peacekeeping"].sum() == links["has_peacekeeping"].sum()
    # Rwanda: Arusha, 4 August 1993, known strictly after its day.
    asked = pd.DataFrame(
        {"conflict_id": [374, 374], "date": [day("1993-08-04"), day("1993-08-05")]}
    )
    found = as_of(table, "conflict_id", asked, "agreements_full")
    assert found.tolist() == [0, 1]


def test_talks_are_known_at_the_end_of_the_month() -> None:
    table = study_timelines()["talks"]
    assert (table["known_from"].dt.is_month_end).all()
    last = table.groupby("conflict_id").last()
    assert last["months_of_talks"].sum() == 1498 and last["mediated_months"].sum() == 1209


def test_deaths_by_month_are_those_of_the_runs() -> None:
    table = study_timelines()["violence"]
    assert len(table) == 17828 and not table.duplicated(["gwno_host", "from_date"]).any()
    # Not covered, or after 2019, the last year in which the record is whole.
    assert table["deaths_in_month"].isna().sum() == 2906
    late = table[table["from_date"] >= day("2020-01-01")]
    assert late["deaths_in_month"].isna().all() and late["deaths_in_month_scaled"].sum() > 500_000
    rwanda = table[table["gwno_host"] == 517].set_index("from_date")
    assert rwanda.loc["1994-04-30", "deaths_in_month"] == 546
    year = rwanda.loc["1993-08-31":"1994-07-31", "deaths_in_month"]
    assert len(year) == 12
    assert rwanda.loc["1994-07-31", "deaths_in_year"] == year.sum()


def test_a_year_of_months_is_whole_or_missing() -> None:
    runs = pd.DataFrame(
        {
            "gwno_host": [1, 1, 1, 2],
            "from_month": [
                day("2000-01-31"),
                day("2000-12-31"),
                day("2002-03-31"),
                day("2000-02-29"),
            ],
            "to_month": [
                day("2000-11-30"),
                day("2001-01-31"),
                day("2003-02-28"),
                day("2000-03-31"),
            ],
            "deaths": pd.array([1, 5, 2, None], dtype="Int64"),
            "scaled_deaths": pd.array([1, 5, 2, None], dtype="Int64"),
            "is_shared": pd.array([False, True, False, False], dtype="boolean"),
            "is_host": pd.array([True] * 4, dtype="boolean"),
            "is_whole": pd.array([True] * 4, dtype="boolean"),
        }
    )
    table = violence(runs).set_index(["gwno_host", "from_date"])
    assert len(table) == 11 + 2 + 12 + 2
    year = table["deaths_in_year"].dropna()
    # December 2000 and January 2001; no sum over the gap until twelve months have passed.
    assert year.to_dict() == {
        (1, day("2000-12-31")): 16.0,
        (1, day("2001-01-31")): 20.0,
        (1, day("2003-02-28")): 24.0,
    }
    assert table.loc[(2, day("2000-03-31")), "deaths_in_month"] != 0
    assert table["is_shared_month"].sum() == 2


def test_battle_deaths_are_known_after_the_year() -> None:
    years = pd.DataFrame(
        {
            "conflict_id": [5, 5, 5],
            "year": [1990, 1991, 1992],
            "ucdp_deaths_best": pd.array([100, None, None], dtype="Int64"),
            "prio_deaths_best": pd.array([90, 80, None], dtype="Int64"),
        }
    )
    table = battle_deaths(years)
    assert (
        table["deaths_of_year"].tolist()[:2] == [100, 80]
        and table["deaths_of_year"].isna().sum() == 1
    )
    assert table["known_from"].tolist() == [day("1991-01-01"), day("1992-01-01"), day("1993-01-01")]


def test_sanctions_are_in_force_between_their_days() -> None:
    regimes = pd.DataFrame(
        {
            "conflict_id": pd.array([1, 1, None], dtype="Int64"),
            "from_date": [day("1990-08-06"), day("1991-01-01"), day("1980-01-01")],
            "to_date": [day("1992-05-01"), pd.NaT, pd.NaT],
        }
    )
    table = sanctions(regimes)
    assert table["sanctions_in_force"].tolist() == [1, 2, 1]
    assert table["from_date"].iloc[-1] == day("1992-05-02")
    whole = study_timelines()["sanctions"]
    assert (whole["sanctions_in_force"] >= 0).all()
    assert whole["conflict_id"].nunique() == raw_tables()["un_sanctions"]["conflict_id"].nunique()


def test_signatures_of_one_day_are_one_step() -> None:
    signed = pd.DataFrame(
        {
            "conflict_id": [1, 1],
            "signed_date": [day("1999-07-10")] * 2,
            "kind": ["full", "process"],
            "has_ceasefire": [True, False],
            "has_peacekeeping": [False, False],
        }
    )
    table = peace_process(signed)
    assert len(table) == 1 and table["agreements"].iloc[0] == 2
    months = pd.DataFrame(
        {
            "conflict_id": [1, 1],
            "month": [day("1999-01-31"), day("1999-03-31")],
            "is_mediated": [True, False],
        }
    )
    assert talks(months)[["months_of_talks", "mediated_months"]].to_numpy().tolist() == [
        [1, 1],
        [2, 1],
    ]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("agreements", "1975-01-01", "2021-12-31"),
        ("negotiations", "1989-01-01", "2023-12-31"),
        ("deaths_by_month", "1990-01-01", "2019-12-31"),
        ("scaled_deaths_by_month", "1990-01-01", "2023-12-31"),
    ],
)
def test_how_far_the_records_reach(name: str, first: str, last: str) -> None:
    reach = study_extents()[name]
    assert (reach.first_day, reach.last_day) == (day(first), day(last))
