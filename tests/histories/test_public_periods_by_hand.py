"""Public tables by month and year of a made-up history: the whole story of every column."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from by_hand import rows, story, told
from collsec.histories.public import PUBLIC
from collsec.histories.public.periods import covers, hosts_of, known_then, months_of
from histories.public_world import EPISODES, FRAMES, VIOLENCE_MONTHS

STORIES = Path(__file__).with_name("public_stories.txt")


def stories_of(table: str) -> dict[str, dict[int, str]]:
    """Return what each column of a table tells, by unit."""
    [section] = [
        part
        for part in STORIES.read_text(encoding="utf-8").split("\n# ")
        if part.startswith(f"{table}\n")
    ]
    found: dict[str, dict[int, str]] = {}
    for line in section.splitlines()[1:]:
        if line:
            name, _, said = line.partition(": ")
            column, unit = name.split()
            found.setdefault(column, {})[int(unit)] = said
    return found


@pytest.mark.parametrize(
    ("name", "unit", "period", "lengths"),
    [
        ("country_months", "gwno", "month", {10: 36, 20: 34, 30: 6, 40: 36, 70: 1}),
        ("country_years", "gwno", "year", {10: 3, 20: 3, 30: 1, 40: 3, 70: 1}),
        ("conflict_months", "conflict_id", "month", {1: 35, 2: 22, 3: 33, 4: 7}),
        ("conflict_years", "conflict_id", "year", {1: 3, 2: 2, 3: 3, 4: 1}),
    ],
)
def test_every_column_tells_the_story(
    name: str, unit: str, period: str, lengths: dict[int, int]
) -> None:
    table = PUBLIC[name](FRAMES)
    assert table.groupby(unit).size().to_dict() == lengths
    expected = stories_of(name)
    of_period = {"month", "year", "month_id"} if period == "month" else {"year"}
    assert set(table.columns) == {unit, *of_period, *expected}
    for column, stories in expected.items():
        found = {code: story(own, column, period) for code, own in table.groupby(unit)}
        assert found == stories, column
    if period == "month":
        assert table["month"].dt.is_month_end.all()
        assert (table["month_id"] == 12 * (table["year"] - 1980) + table["month"].dt.month).all()


def test_a_record_covers_a_row_from_its_first_day_to_its_last() -> None:
    days = (pd.Timestamp("1990-01-10"), pd.Timestamp("1990-02-28"))
    asked = rows(
        "first_day last_day",
        ("1990-01-10", "1990-01-31"),
        ("1990-01-09", "1990-01-31"),
        ("1990-02-01", "1990-02-28"),
        ("1990-02-01", "1990-03-01"),
    ).astype("datetime64[s]")
    assert covers(asked, days).tolist() == [True, False, True, False]
    on = pd.Series(pd.to_datetime(["1990-01-10", "1990-01-11", "1990-03-01", "1990-03-02"]))
    assert known_then(on, days).tolist() == [False, True, True, False]


def test_hosts_of_a_conflict_are_those_of_any_of_its_episodes() -> None:
    assert told(hosts_of(EPISODES)) == [(1, 10), (1, 20), (2, 40), (3, 20), (3, 10), (4, 40)]


def test_runs_of_months_are_months() -> None:
    found = months_of(VIOLENCE_MONTHS[1:3].reset_index(drop=True))
    number = 1990 * 12
    assert told(found, "gwno", "number", "deaths", "conflicts", "is_shared") == [
        (10, number + 1, 5, "1", False),
        (10, number + 2, 5, "1", False),
        (10, number + 3, 7, "1;3", True),
    ]
