"""Authorized and monthly strength: by hand, against a join made without the package, and known."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.missions import strength
from collsec.compile.missions.authorized_strength import authorized_strength_from
from collsec.compile.missions.counts import CountRules
from collsec.compile.missions.strength import LabelRules, monthly_strength_from

NAN = float("nan")
RULES = rules(LabelRules), rules(CountRules)
# Half a unit of the second digit: of 1,049 told as 1,000, or of 105 told as 100.
ROUNDING = 0.05
# Operations whose labels run on over a predecessor or a successor, or that have two labels.
CUT = {
    "unavem-i",
    "unavem-ii",
    "unavem-iii",
    "unosom-i",
    "unosom-ii",
    "unmiset",
    "untaet",
    "unamsil",
    "unomsil",
    "monuc",
    "untac",
    "unmibh",
    "minugua",
}


def test_doctests() -> None:
    assert doctest.testmod(strength).failed == 0


def counts(mission: str, first: str, **cells: list[float]) -> pd.DataFrame:
    """Monthly counts as the package reads them."""
    n = len(next(iter(cells.values())))
    blank = dict.fromkeys(
        ("total", "troops", "police", "observers", "authorized_military", "authorized_police"),
        [NAN] * n,
    )
    frame = pd.DataFrame(blank | cells)
    return frame.assign(
        mission_id=mission,
        month=pd.period_range(first, periods=n, freq="M"),
        authorized=frame["authorized_military"] + frame["authorized_police"],
        source="bara_hultman",
        strength_status="published",
    )


def resolution(number: int, day: str, *missions: str, matter: str = "utopia") -> dict[str, Any]:
    return {
        "resolution_id": f"S/RES/{number} ({day[:4]})",
        "resolution_date": day,
        "missions": list(missions),
        "agenda_key": matter,
    }


RESOLUTIONS = pd.DataFrame(
    [
        resolution(1, "1994-01-05", "ONUSAL"),
        resolution(2, "1994-04-30"),  # on the matter alone
        resolution(3, "1994-05-01", matter="elsewhere"),
        resolution(4, "1994-07-01"),
        resolution(5, "1994-08-30"),  # two in the months of a change
    ]
)


def test_authorized_strength_by_hand() -> None:
    told = counts(
        "onusal",
        "1994-01",
        authorized_military=[900.0, 900, 900, NAN, 500, 500, 500, 700, 633.5, 600, 533.5],
        authorized_police=[100.0, 100, 100, NAN, 100, 100, 100, 0, 0, 0, 0],
    )
    table = authorized_strength_from(told, RESOLUTIONS, *RULES)
    spans = table[["from_month", "to_month", "authorized"]].astype(str).values.tolist()
    assert spans == [
        ["1994-01-31", "1994-03-31", "1000"],
        ["1994-05-31", "1994-07-31", "600"],
        ["1994-08-31", "1994-08-31", "700"],  # and no part of the line that is drawn after it
    ]
    assert table["strength_resolution"].tolist()[:2] == ["S/RES/1 (1994)", "S/RES/2 (1994)"]
    assert table["confidence"].tolist()[:2] == [3, 2]
    assert table[["strength_resolution", "confidence"]].iloc[2].isna().all()
    # The first strength on file may be older than the file: no resolution on the matter tells it.
    later = authorized_strength_from(told.iloc[4:], RESOLUTIONS, *RULES)
    assert pd.isna(later["strength_resolution"].iloc[0])


def test_monthly_strength_by_hand() -> None:
    told = counts(
        "onusal",
        "1994-01",
        total=[1010.0, 1040, 2100, NAN, 2100, 95, 97],
        troops=[900.0, 902, 2000, NAN, NAN, 0, 0],
        police=[10.0, 21, 30, NAN, NAN, 0, 0],
        authorized_military=[1000.0] * 7,
        authorized_police=[0.0] * 7,
    )
    strengths = authorized_strength_from(told, RESOLUTIONS, *RULES)
    table = monthly_strength_from(told, strengths, rules(CountRules))
    runs = table[["from_month", "to_month", "total"]].astype(str).values.tolist()
    assert runs == [
        ["1994-01-31", "1994-02-28", "1000"],
        ["1994-03-31", "1994-03-31", "2100"],
        ["1994-05-31", "1994-05-31", "2100"],  # April was not counted
        ["1994-06-30", "1994-06-30", "95"],
        ["1994-07-31", "1994-07-31", "97"],
    ]
    assert table["troops"].fillna(-1).tolist() == [900, 2000, -1, 0, 0]
    assert table["mean_police"].iloc[0] == 16
    assert table["over_reason"].fillna("").tolist() == [
        "",
        "strength_doubtful",
        "strength_doubtful",
        "",
        "",
    ]
    cut = told.assign(
        authorized_military=[3000.0, 3000] + [1000.0] * 5, authorized=[3000.0, 3000] + [1000.0] * 5
    )
    after = monthly_strength_from(
        cut, authorized_strength_from(cut, RESOLUTIONS, *RULES), rules(CountRules)
    )
    assert after["over_reason"].fillna("").tolist() == ["", "cut", "cut", "", ""]


def by_month(table: pd.DataFrame) -> dict[tuple[str, str], Any]:
    """Each month of each run: (operation, month) → its row."""
    return {
        (row.mission_id, str(month)): row
        for row in table.itertuples()
        for month in pd.period_range(row.from_month, row.to_month, freq="M")
    }


@pytest.fixture(scope="module")
def tables(repository: Path) -> dict[str, pd.DataFrame]:
    folder = repository / "data" / "raw" / "compiled"
    names = ("authorized_strength", "monthly_strength", "mission_milestones")
    return {name: pd.read_csv(folder / f"{name}.csv") for name in names}


@pytest.fixture(scope="module")
def merged(shared: Path) -> pd.DataFrame:
    """A join of both publications made without the package, months with a count."""
    raw = pd.read_csv(shared / "derived" / "un_mission_month_counts_merged_1990_2016.csv")
    return raw.assign(mission_id=raw["mission"].str.strip().map(rules(LabelRules).mission_id))


def test_every_month_is_a_count_of_one_of_the_publications(
    tables: dict[str, pd.DataFrame], merged: pd.DataFrame
) -> None:
    ours = by_month(tables["monthly_strength"])
    known = merged[merged["mission_id"].isin(set(tables["monthly_strength"]["mission_id"]) - CUT)]
    counted = known[known["count"].notna()]
    assert len(counted) > 4000
    missing = set(zip(counted["mission_id"], counted["date"], strict=True)) - set(ours)
    assert not missing
    for row in counted.itertuples():
        told = ours[row.mission_id, row.date]
        for mine, theirs in (
            (told.total, ("total", "IPI_totals")),
            (told.troops, ("troop", "IPI_troops")),
        ):
            published = [getattr(row, name) for name in theirs]
            values = [v for v in published if not np.isnan(v)]
            if np.isnan(mine):
                continue
            assert any(abs(mine - v) <= max(ROUNDING * v, 0.5) for v in values), (row, mine)
    extra = set(ours) - set(zip(counted["mission_id"], counted["date"], strict=True))
    assert {mission for mission, _ in extra} <= CUT


def test_authorized_strength_is_that_of_the_publication(
    tables: dict[str, pd.DataFrame], merged: pd.DataFrame
) -> None:
    ours = by_month(tables["authorized_strength"])
    known = merged[merged["totalauth"] > 0]
    both = [
        (ours[key].authorized, row.totalauth, key)
        for row in known.itertuples()
        if (key := (row.mission_id, row.date)) in ours
    ]
    assert len(both) > 3700
    # The parts of these three add up to something else; all others were settled from the texts.
    settled = {
        (rule.mission_id, str(month))
        for rule in RULES[1].strength
        for month in pd.period_range(rule.first, rule.last, freq="M")
    }
    differing = {key for mine, theirs, key in both if mine != theirs}
    assert differing - settled == {
        ("minurca", "1998-04"),
        ("unmiss", "2014-08"),
        ("unomil", "1995-11"),
    }
    status = {key: row.strength_status for key, row in ours.items()}
    assert {key for key, how in status.items() if how == "text"} <= settled
    doubtful = {mission for (mission, _), how in status.items() if how == "doubtful"}
    assert doubtful == {"monuc", "unamir", "unamsil", "unprofor"}


def test_no_count_is_filled_in(tables: dict[str, pd.DataFrame]) -> None:
    ours = by_month(tables["monthly_strength"])
    assert len(ours) == 4548 == tables["mission_milestones"]["counted_months"].sum()
    # UNAMSIL, October 1999: 4,824 filled in backwards where UNOMSIL's 207 were.
    assert ("unamsil", "1999-10") not in ours
    assert ours["unamir", "1993-10"].total < 25
    assert ours["unamir", "1994-04"].troops < 400


KNOWN = [
    ("unamir", "1993-10-31", 1488, "S/RES/872 (1993)"),
    ("unamir", "1994-01-31", 2608, "S/RES/893 (1994)"),
    ("unamir", "1994-04-30", 270, "S/RES/912 (1994)"),
    ("unamir", "1994-05-31", 5590, "S/RES/918 (1994)"),
    ("minugua", "1997-02-28", 155, "S/RES/1094 (1997)"),
    ("unamir", "1994-06-30", 5910, "S/RES/918 (1994)"),
    ("unosom-ii", "1993-05-31", 28000, None),  # 814 is older than the month before
    ("untaet", "1999-11-30", 10790, "S/RES/1272 (1999)"),
    ("unmis", "2006-09-30", 20600, "S/RES/1706 (2006)"),
    ("unifil", "2006-09-30", 15000, "S/RES/1701 (2006)"),
    ("unmiss", "2014-01-31", 13823, "S/RES/2132 (2013)"),
]


# Military personnel with the observers in it, as the resolutions have them, and police.
OBSERVERS_ONCE = [
    ("onumoz", "1993-11", 6979, 128),  # 6,625 troops and 354 observers
    ("onumoz", "1994-12", 6979, 1144),
    ("unamsil", "1999-11", 6000, 5),  # 1270, paragraph 9: including 260 observers
    ("unamsil", "2000-03", 11100, 5),  # 1289, paragraph 9
    ("unamsil", "2000-05", 11100, 60),
    ("unamsil", "2001-03", 13000, 60),  # 1299, paragraph 1
    ("unamsil", "2001-04", 17500, 60),  # 1346, paragraph 2
    ("unoci", "2005-06", 6240, 350),  # 1528, paragraph 3: including 200 observers
    ("unoci", "2006-06", 7090, 725),  # 1609, paragraph 3: 850 more
    ("unoci", "2009-01", 8115, 1200),  # 1682: 1,025 military and 475 police more
    ("unoci", "2010-06", 7450, 1200),  # 1865: from 8,115 to 7,450
    ("unoci", "2010-09", 7392, 1250),  # 1933: 7,200 and 192 observers
    ("unoci", "2011-01", 7792, 1350),  # 1942: 400 troops and 100 police more
    ("unoci", "2011-07", 9792, 1350),  # 1967: 2,000 more
    ("unoci", "2012-07", 9792, 1350),  # 2000: 9,600 and 192 observers
    ("unoci", "2014-06", 7137, 1555),  # 2112: 6,945 and 192 observers
    ("monuc", "2002-12", 5537, 75),  # 1291, paragraph 4: including up to 500 observers
    ("monuc", "2003-07", 8700, 75),  # 1445, paragraph 10
    ("monuc", "2004-10", 10800, 90),  # 1493, paragraph 3
    ("unmih", "1995-02", 6000, 900),  # 975, paragraph 9
    ("unmih", "1996-06", 1200, 300),  # 1048, paragraphs 6 and 7
]


@pytest.mark.parametrize(("mission", "month", "military", "police"), OBSERVERS_ONCE)
def test_observers_are_counted_once(
    tables: dict[str, pd.DataFrame], mission: str, month: str, military: int, police: int
) -> None:
    row = by_month(tables["authorized_strength"])[mission, month]
    assert (row.authorized_military, row.authorized_police) == (military, police)
    assert row.authorized == military + police and row.strength_status == "text"


@pytest.mark.parametrize(("mission", "month", "people", "resolution"), KNOWN)
def test_known_strengths(
    tables: dict[str, pd.DataFrame], mission: str, month: str, people: int, resolution: str | None
) -> None:
    table = tables["authorized_strength"]
    [row] = table[(table["mission_id"] == mission) & (table["from_month"] == month)].itertuples()
    assert row.authorized == people == row.authorized_military + row.authorized_police
    told = row.strength_resolution
    assert pd.isna(told) if resolution is None else told == resolution
