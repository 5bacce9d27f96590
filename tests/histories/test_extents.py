"""Extents follow from the tables: on today's data they are these; a shorter table moves them."""

from __future__ import annotations

import pandas as pd
import pytest

from collsec.histories.extents import by_name, first_day_of, last_day_of, tabulate, whole_years
from collsec.histories.registry import EXTENTS, Extent
from collsec.measures import MEASURES
from study import raw_tables, study_extents

DAY = pd.Timestamp
#: Extent, first and last day, the table that is cut, its date, and the last day after a cut.
KNOWN = [
    ("wars", "1946-01-01", "2024-12-31", "episodes", "last_year", "2001-12-31"),
    ("outcomes", "1946-01-01", "2023-12-31", "outcomes", "termination_end_date", "2001-12-31"),
    ("resolutions", "1946-01-25", "2026-01-27", "resolutions", "resolution_date", "2001-12-20"),
    ("action_classes", "1946-01-01", "2015-12-31", "resolutions", "resolution_date", "2001-12-31"),
    ("chapter_vii", "1946-01-01", "2015-12-31", "resolutions", "resolution_date", "2001-12-31"),
    ("council_members", "1946-01-01", "2026-12-31", "council_members", "to_date", "2001-12-31"),
    ("troop_counts", "1990-11-30", "2016-12-31", "monthly_strength", "to_month", "2001-12-31"),
    ("agreements", "1975-01-01", "2021-12-31", "peace_agreements", "signed_date", "2001-12-31"),
    ("negotiations", "1989-01-01", "2023-12-31", "negotiations", "month", "2001-12-31"),
    ("ceasefires", "1989-01-01", "2020-12-31", "ceasefire_coverage", "last_year", "2001-12-31"),
    ("deaths_by_month", "1990-01-01", "2019-12-31", "violence_months", "to_month", "2001-12-31"),
    (
        "scaled_deaths_by_month",
        "1990-01-01",
        "2023-12-31",
        "violence_months",
        "to_month",
        "2001-12-31",
    ),
    (
        "authorized_strength",
        "1990-01-31",
        "2015-05-31",
        "authorized_strength",
        "to_month",
        "2001-06-30",
    ),
]
CUT = DAY("2001-12-31")


def test_every_extent_is_checked_here() -> None:
    assert {name for name, *_ in KNOWN} == set(EXTENTS)


@pytest.mark.parametrize(("name", "first", "last"), [row[:3] for row in KNOWN])
def test_the_record_reaches_as_far_as_is_known(name: str, first: str, last: str) -> None:
    assert study_extents()[name] == Extent(DAY(first), DAY(last))


@pytest.mark.parametrize(("name", "table", "column", "last"), [(row[0], *row[3:]) for row in KNOWN])
def test_a_shorter_table_ends_earlier(name: str, table: str, column: str, last: str) -> None:
    rows = raw_tables()[table]
    dates = rows[column]
    kept = rows[(dates <= CUT.year) if column.endswith("year") else (dates <= CUT)]
    assert len(kept) < len(rows)
    moved = by_name(tabulate(raw_tables() | {table: kept}))
    assert moved[name].last_day == DAY(last)
    assert moved[name].first_day == study_extents()[name].first_day
    # What another table tells stays as it was.
    takes = {n for n, declared in EXTENTS.items() if table in declared.takes}
    for other in EXTENTS.keys() - takes:
        assert moved[other] == study_extents()[other]


def test_measures_name_an_extent_that_there_is() -> None:
    named = {m.known_until for m in MEASURES.values() if m.known_until is not None}
    assert named == {"resolutions", "outcomes", "deaths_by_month"}
    assert named <= set(EXTENTS)


@pytest.mark.parametrize(
    ("spans", "years"),
    [
        ([("1990-11-30", "2016-12-31"), ("1990-01-31", "2015-05-31")], (1991, 2014)),
        ([("1990-01-01", "2016-12-31")], (1990, 2016)),
        ([("1990-01-02", "2016-12-30")], (1991, 2015)),
    ],
)
def test_whole_years_are_covered_from_their_first_day_to_their_last(
    spans: list[tuple[str, str]], years: tuple[int, int]
) -> None:
    assert whole_years(*(Extent(DAY(a), DAY(b)) for a, b in spans)) == years
    assert (first_day_of(2000), last_day_of(2000)) == (DAY("2000-01-01"), DAY("2000-12-31"))
