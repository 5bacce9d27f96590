"""The timeline of peacemaking: known wars, what is missing out of the records' reach, rules."""

from __future__ import annotations

import pandas as pd

from collsec.histories.peace_status import AGREEMENT_YEARS, peace_status
from collsec.histories.timelines import as_of
from study import raw_tables, study_extents, study_timelines

VALUES = ["agreement_level", "is_talking", "ceasefire_level", "mutual_ceasefire_level"]


def asked(conflict: int, *days: str) -> pd.DataFrame:
    return pd.DataFrame({"conflict_id": conflict, "date": pd.to_datetime(list(days))})


def test_rwanda_and_transnistria() -> None:
    table = study_timelines()["peace_status"]
    # Arusha was signed on 4 August 1993 and is known after that day.
    days = asked(374, "1993-08-04", "1993-08-05")
    assert as_of(table, "conflict_id", days, "agreement_level").tolist() == [2, 3]
    # A ceasefire of March 1993 is known at the end of that month.
    days = asked(374, "1993-03-31", "1993-04-01")
    assert as_of(table, "conflict_id", days, "mutual_ceasefire_level").tolist() == [0, 2]
    # Talks in Moldova are not on record; its ceasefire of 1992 holds to the end of the record.
    days = asked(394, "1992-03-01", "1992-06-01", "2020-06-01", "2021-06-01")
    own = table[table["conflict_id"] == 394]
    assert own["is_talking"].isna().all()
    assert as_of(table, "conflict_id", days, "are_talks_covered").tolist() == [0, 0, 0, 0]
    assert as_of(table, "conflict_id", days, "are_ceasefires_covered").tolist() == [1, 1, 0, 0]
    assert as_of(table, "conflict_id", days[:3], "ceasefire_level").tolist() == [0, 2, 2]
    assert own.set_index("from_date")["ceasefire_level"].isna().loc["2021":].all()


def test_nothing_is_a_fact_only_where_a_record_reaches() -> None:
    table = study_timelines()["peace_status"]
    assert set(table["conflict_id"]) == set(raw_tables()["episodes"]["conflict_id"])
    for value, flag in (
        ("agreement_level", "are_agreements_covered"),
        ("is_talking", "are_talks_covered"),
        ("ceasefire_level", "are_ceasefires_covered"),
        ("mutual_ceasefire_level", "are_ceasefires_covered"),
    ):
        outside = table[table[flag] == 0]
        assert not (outside[value] == 0).any()
        assert table.loc[table[flag] == 1, value].notna().all()
    talking = table[table["is_talking"].notna()]["conflict_id"]
    assert set(talking) <= set(raw_tables()["negotiation_coverage"]["conflict_id"])
    assert not table.duplicated(["conflict_id", "from_date"]).any()
    # No row repeats the one before it.
    same = table[VALUES].eq(table.groupby("conflict_id")[VALUES].shift()).all(axis=1)
    flags = table.filter(like="_covered")
    assert not (same & flags.eq(flags.groupby(table["conflict_id"]).shift()).all(axis=1)).any()


def test_years_of_the_record_of_agreements() -> None:
    extent = study_extents()["agreements"]
    assert (extent.first_day.year, extent.last_day.year) == AGREEMENT_YEARS
    extent = study_extents()["ceasefires"]
    assert (str(extent.first_day.date()), str(extent.last_day.date())) == (
        "1989-01-01",
        "2020-12-31",
    )


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def test_steps_by_hand() -> None:
    table = peace_status(
        episodes=pd.DataFrame({"conflict_id": [1, 1, 2]}),
        peace_agreements=pd.DataFrame(
            {
                "conflict_id": [1, 1],
                "signed_date": [day("1995-05-10"), day("1995-07-04")],
                "kind": ["partial", "process"],
            }
        ),
        negotiations=pd.DataFrame(
            {"conflict_id": [1, 1], "month": [day("1995-05-31"), day("1995-06-30")]}
        ),
        negotiation_coverage=pd.DataFrame(
            {"conflict_id": [1], "first_year": [1989], "last_year": [2023]}
        ),
        ceasefires=pd.DataFrame(
            {
                "conflict_id": [1, 1, 1],
                "from_month": [day("1995-06-30"), day("1995-07-31"), day("1996-02-29")],
                "to_month": [day("1995-06-30"), day("1995-12-31"), day("1996-02-29")],
                "ceasefire_status": ["partial", "full", "partial"],
                "mutual_ceasefire": ["none", "full", "none"],
            }
        ),
        ceasefire_coverage=pd.DataFrame(
            {
                "conflict_id": [1, 2],
                "first_year": [1995, 1995],
                "last_year": [1995, 1995],
                "is_followed": [True, False],
            }
        ),
    )
    one = table[table["conflict_id"] == 1].set_index("from_date")
    assert (one["known_from"] == one.index).all()
    rows = one[VALUES].fillna(-1).astype(int)
    assert {str(d.date()): r.tolist() for d, r in rows.iterrows()} == {
        "1975-01-31": [0, -1, -1, -1],
        "1989-01-31": [0, 0, -1, -1],
        "1995-01-31": [0, 0, 0, 0],
        "1995-05-10": [2, 0, 0, 0],
        "1995-05-31": [2, 1, 0, 0],
        "1995-06-30": [2, 1, 1, 0],
        "1995-07-31": [2, 0, 2, 2],
        "1996-01-31": [2, 0, -1, -1],
        "1996-02-29": [2, 0, 1, -1],
        "1996-03-31": [2, 0, -1, -1],
        "2022-01-31": [2, 0, -1, -1],
        "2024-01-31": [2, -1, -1, -1],
    }
    other = table[table["conflict_id"] == 2]
    assert other["ceasefire_level"].isna().all() and other["is_talking"].isna().all()
