"""How far records reach and what they tell, on a few rows made by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from by_hand import rows, told
from collsec.histories.extents import by_name, last_day_followed, tabulate
from collsec.histories.processes import battle_deaths, peace_process, sanctions, talks, violence
from collsec.histories.registry import EXTENTS, TIMELINES, Extent

# Extents ----------------------------------------------------------------------------------------

WARS = rows("first_year last_year", (1950, 1951), (1948, 1948), (1990, 2001))
RESOLVED = rows(
    "resolution_date action_class is_chapter_vii",
    ("1946-03-04", None, None),
    ("1950-05-05", "sanctions", True),
    ("1950-05-06", "unclassified", None),  # half of the year is not most of it
    ("1951-01-02", "unclassified", False),
    ("1952-01-02", "other", False),
    ("1952-02-02", "unclassified", True),
    ("1952-02-03", "unclassified", None),
    ("1953-02-03", "unclassified", None),
    ("1953-02-04", None, None),
    ("1953-02-05", None, True),
)
# Of 1950 nine of ten are classified, of 1951 eight, of 1952 all, of 1953 none.
CLASSIFIED = rows(
    "resolution_date action_class",
    *((f"1950-01-{day:02}", "other" if day < 10 else "unclassified") for day in range(1, 11)),
    *((f"1951-01-{day:02}", "mission" if day < 9 else None) for day in range(1, 11)),
    ("1952-02-02", "sanctions"),
    ("1953-02-02", "unclassified"),
)


@pytest.mark.parametrize(
    ("name", "table", "frame", "first", "last"),
    [
        ("wars", "episodes", WARS, "1948-01-01", "2001-12-31"),
        (
            "outcomes",
            "outcomes",
            rows(
                "outcome termination_end_date",
                ("not_covered", "1940-05-01"),
                ("ceasefire", "1950-05-01"),
                ("victory", None),
                ("ceasefire", "1960-05-01"),
                ("not_covered", "1970-05-01"),
            ),
            "1950-01-01",
            "1960-12-31",
        ),
        ("resolutions", "resolutions", RESOLVED, "1946-03-04", "1953-02-05"),
        ("action_classes", "resolutions", CLASSIFIED, "1950-01-01", "1952-12-31"),
        ("chapter_vii", "resolutions", RESOLVED, "1951-01-01", "1952-12-31"),
        (
            "council_members",
            "council_members",
            rows("from_date to_date", ("1950-01-01", "1951-12-31"), ("1946-01-02", "1947-01-01")),
            "1946-01-02",
            "1951-12-31",
        ),
        *(
            (
                name,
                table,
                rows(
                    "from_month to_month",
                    ("1995-01-31", "1996-02-29"),
                    ("1990-11-30", "1990-12-31"),
                ),
                first,
                "1996-02-29",
            )
            for name, table, first in (
                ("troop_counts", "monthly_strength", "1990-11-30"),
                ("authorized_strength", "authorized_strength", "1990-11-30"),
                ("scaled_deaths_by_month", "violence_months", "1990-11-01"),
            )
        ),
        (
            "deaths_by_month",
            "violence_months",
            rows(
                "from_month to_month is_whole",
                ("1995-01-31", "1996-02-29", False),
                ("1990-11-30", "1990-12-31", True),
            ),
            "1990-11-01",
            "1990-12-31",
        ),
        (
            "agreements",
            "peace_agreements",
            rows("signed_date", ("1990-05-05",), ("1975-06-06",)),
            "1975-01-01",
            "1990-12-31",
        ),
        (
            "negotiations",
            "negotiations",
            rows("month", ("1990-05-31",), ("1989-06-30",)),
            "1989-01-01",
            "1990-12-31",
        ),
    ],
)
def test_a_record_reaches_from_its_first_to_its_last_day(
    name: str, table: str, frame: pd.DataFrame, first: str, last: str
) -> None:
    made = tabulate({table: frame}, {name: EXTENTS[name]})
    assert told(made) == [(name, first, last)]
    assert by_name(made) == {name: Extent(pd.Timestamp(first), pd.Timestamp(last))}


def test_wars_are_followed_to_the_last_day_of_the_last_year() -> None:
    assert last_day_followed(WARS) == pd.Timestamp("2001-12-31")
    assert last_day_followed(WARS[:2]) == pd.Timestamp("1951-12-31")


# Timelines --------------------------------------------------------------------------------------


def test_agreements_run_over_the_life_of_a_conflict() -> None:
    signed = rows(
        "conflict_id signed_date kind has_ceasefire has_peacekeeping",
        (2, "1999-01-01", "process", False, False),
        (1, "2001-01-01", "full", True, False),
        (1, "2000-01-01", "partial", False, True),
        (1, "2000-01-01", "process", True, True),
    )
    found = peace_process(signed)
    assert list(found.columns) == [
        "conflict_id", "from_date", "known_from", "agreements", "agreements_full",
        "agreements_partial", "agreements_process", "agreements_ceasefire",
        "agreements_peacekeeping",
    ]  # fmt: skip
    assert told(found) == [
        (1, "2000-01-01", "2000-01-01", 2, 0, 1, 1, 1, 2),
        (1, "2001-01-01", "2001-01-01", 3, 1, 1, 1, 2, 2),
        (2, "1999-01-01", "1999-01-01", 1, 0, 0, 1, 0, 0),
    ]
    rests = TIMELINES["peace_process"].rests_on("agreements_ceasefire")
    assert rests == tuple(
        f"peace_agreements.{c}" for c in ("conflict_id", "signed_date", "has_ceasefire")
    )
    assert TIMELINES["talks"].rests_on("months_of_talks") == (
        "negotiations.conflict_id",
        "negotiations.month",
    )


def test_months_of_talks_are_counted_from_their_end() -> None:
    months = rows(
        "conflict_id month is_mediated",
        (1, "2000-03-31", False),
        (1, "2000-01-31", True),
        (2, "2000-01-31", True),
    )
    assert told(talks(months)) == [
        (1, "2000-01-31", "2000-01-31", 1, 1),
        (1, "2000-03-31", "2000-03-31", 2, 1),
        (2, "2000-01-31", "2000-01-31", 1, 1),
    ]


def test_runs_of_deaths_are_months_and_a_year_is_the_last_twelve() -> None:
    runs = rows(
        "gwno_host from_month to_month deaths scaled_deaths is_shared is_host is_whole",
        (20, "2001-03-31", "2001-03-31", None, None, True, True, False),
        (10, "2001-01-31", "2001-01-31", 5, 8, True, True, False),
        (10, "2000-12-31", "2000-12-31", 5, 5, True, True, True),
        (10, "2000-02-29", "2000-11-30", 1, 1, False, True, True),
        (30, "2000-02-29", "2000-11-30", 9, 9, False, False, True),  # no host
    )
    found = violence(runs)
    assert list(found.columns) == [
        "gwno_host", "from_date", "known_from", "deaths_in_month", "deaths_in_month_scaled",
        "deaths_in_year", "is_shared_month",
    ]  # fmt: skip
    assert told(found)[8:] == [
        (10, "2000-10-31", "2000-10-31", 1.0, 1.0, None, 0),
        (10, "2000-11-30", "2000-11-30", 1.0, 1.0, None, 0),
        (10, "2000-12-31", "2000-12-31", 5.0, 5.0, None, 1),
        (10, "2001-01-31", "2001-01-31", None, 8.0, 20.0, 1),
        (20, "2001-03-31", "2001-03-31", None, None, None, 1),
    ]
    assert told(found)[0][1] == "2000-02-29" and len(found) == 13


def test_a_year_of_deaths_is_ucdp_s_or_prio_s_and_known_after_it() -> None:
    years = rows(
        "conflict_id year ucdp_deaths_best prio_deaths_best",
        (2, 1990, None, None),
        (1, 1992, None, 80),
        (1, 1990, 100, 90),
    )
    assert told(battle_deaths(years)) == [
        (1, "1990-01-01", "1991-01-01", 100.0),
        (1, "1992-01-01", "1993-01-01", 80.0),
        (2, "1990-01-01", "1991-01-01", None),
    ]


def test_sanctions_are_in_force_to_their_last_day() -> None:
    regimes = rows(
        "conflict_id from_date to_date",
        (1, "1990-08-06", "1992-05-01"),
        (1, "1992-05-02", None),
        (None, "1980-01-01", None),
        (2, "1990-01-01", "1990-01-01"),
    )
    assert told(sanctions(regimes)) == [
        (1, "1990-08-06", "1990-08-06", 1),
        (1, "1992-05-02", "1992-05-02", 1),
        (2, "1990-01-01", "1990-01-01", 1),
        (2, "1990-01-02", "1990-01-02", 0),
    ]
