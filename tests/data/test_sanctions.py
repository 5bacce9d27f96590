"""Sanctions regimes against the two data sets, and the rules that settle them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.council.links import spans_of
from collsec.compile.council.sanctions import (
    Regime,
    SanctionsRules,
    check_cases,
    links_of,
    none_of,
)
from collsec.core.errors import BadTable

REGIMES = rules(SanctionsRules).regime
GSDB_LEFT_OUT = rules(SanctionsRules).cases_left_out("gsdb")
# Regimes whose years differ from those of the first data set, and why.
OTHER_START = {"al-qaida-2000": "counted with the Taliban until 2011"}
OTHER_END = {
    "liberia-2001": "a ban on rough diamonds went on under the next regime",
    "lebanon-2005": "nobody was ever listed; the data set ends it in 2007",
    "iran-2006": "what resolution 2231 kept is counted on",
}
# EUSANCT has another day of the imposition, and why.
OTHER_DAY = {
    1991070501: "successor of Yugoslavia, counted from its independence",
    1992011501: "successor of Yugoslavia, counted from its admission",
    1992030101: "successor of Yugoslavia, counted from its referendum",
    1993040801: "successor of Yugoslavia, counted from its admission",
    1991040301: "resolution 687, under the regime of 661",
    1996121701: "day on which resolution 1267 took effect",
    2000071701: "day on which the ban on diamonds of resolution 1343 took effect",
    2004073001: "resolution 1591; the embargo on arms for Darfur is that of 1556",
    2010120601: "resolution 1975, under the regime of 1572",
    2002101601: "resolution 1695, before the sanctions of 1718",
    2006031001: "misprinted month: resolution 1737 is of 23 December 2006",
    2015021501: "resolution 2204, which prolonged those of 2140",
    2014031901: "day of the first listing under resolution 2206",
}


@pytest.fixture(scope="module")
def table(repository: Path) -> pd.DataFrame:
    path = repository / "data" / "raw" / "compiled" / "un_sanctions.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def regimes(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop_duplicates("regime_id").set_index("regime_id")


def test_the_regimes_that_the_council_counts(regimes: pd.DataFrame) -> None:
    """The United Nations count 31 since 1966; three more had no committee of their own."""
    without_committee = {"sudan-1996", "lebanon-2006", "eritrea-2009"}
    assert without_committee < set(regimes.index)
    assert len(set(regimes.index) - without_committee) == 31
    assert regimes["from_date"].min() == "1966-12-16"
    names = regimes.index.str.rsplit("-", n=1).str[0].value_counts()
    assert names[names > 1].to_dict() == {
        "liberia": 3,
        "haiti": 2,
        "iraq": 2,
        "yugoslavia": 2,
        "libya": 2,
        "sudan": 2,
        "lebanon": 2,
    }


def test_days_are_those_of_the_resolutions(repository: Path, regimes: pd.DataFrame) -> None:
    path = repository / "data" / "raw" / "compiled" / "resolutions.csv"
    days = pd.read_csv(path, dtype=str).set_index("resolution_id")["resolution_date"]
    at_hand = regimes[regimes["from_source"] == "un_library"]
    assert (at_hand["from_date"] == days.loc[at_hand["from_resolution"]].to_numpy()).all()
    assert set(regimes.index) - set(at_hand.index) == {"haiti-2022"}
    ended = regimes[regimes["to_source"] == "un_library"]
    assert (ended["to_date"] == days.loc[ended["to_resolution"]].to_numpy()).all()
    others = regimes[(regimes["to_date"] != "") & (regimes["to_source"] != "un_library")]
    assert set(others.index) == {"haiti-1993", "eritrea-ethiopia-2000", "iran-2006", "mali-2017"}
    closed = regimes["to_date"] != ""
    assert (regimes.loc[closed, "to_date"] > regimes.loc[closed, "from_date"]).all()
    assert ((regimes["is_ongoing"] == "true") == ~closed).all()
    assert closed.sum() == 19


def test_years_agree_with_the_global_data_base(shared: Path, regimes: pd.DataFrame) -> None:
    raw = pd.read_csv(shared / "upstream" / "sanctions" / "GSDB_V4.csv")
    un = raw[raw["sanctioning_state"] == "UN"].set_index("case_id")
    starts, ends = set(), set()
    for regime_id, regime in regimes.iterrows():
        cases = un.loc[[int(c) for c in regime["gsdb_cases"].split(";")]]
        if int(regime["from_date"][:4]) != cases["begin"].min():
            starts.add(regime_id)
        last = int(regime["to_date"][:4]) if regime["to_date"] else un["end"].max()
        if last != cases["end"].max():
            ends.add(regime_id)
        for column, kinds in {
            "has_arms_embargo": ["arms", "military"],
            "has_trade_restriction": ["trade"],
            "has_financial_restriction": ["financial"],
            "has_travel_restriction": ["travel"],
        }.items():
            assert (regime[column] == "true") == cases[kinds].to_numpy().any(), (regime_id, column)
    assert starts == set(OTHER_START) and ends == set(OTHER_END)
    used = {int(c) for cell in regimes["gsdb_cases"] for c in cell.split(";")}
    assert used | set(GSDB_LEFT_OUT) == set(un.index) and not used & set(GSDB_LEFT_OUT)


def test_days_agree_with_eusanct(shared: Path, regimes: pd.DataFrame) -> None:
    path = shared / "upstream" / "sanctions" / "EUSANCT_Dataset_Case-level.xls"
    import xlrd

    sheet = xlrd.open_workbook(path).sheet_by_index(0)
    header = sheet.row_values(0)
    where = {name: header.index(name) for name in ("caseid", "impositionUN", "impositionUN_start")}
    days = {
        int(row[where["caseid"]]): str(row[where["impositionUN_start"]])
        for row in (sheet.row_values(i) for i in range(1, sheet.nrows))
        if str(row[where["impositionUN"]]).rstrip(".0") == "1"
    }
    assert len(days) == 34
    differ = set()
    for _, regime in regimes.iterrows():
        for case in filter(None, regime["eusanct_cases"].split(";")):
            day = pd.to_datetime(days[int(case)], format="%d%b%Y").date().isoformat()
            if day != regime["from_date"]:
                differ.add(int(case))
    assert differ == set(OTHER_DAY)


def test_links_to_conflicts(table: pd.DataFrame, repository: Path) -> None:
    assert len(table) == 43 and (table["is_none"] == "true").sum() == 9
    linked = table[table["is_none"] == "false"]
    assert (
        linked["conflict_id"].ne("").all()
        and linked["rule"].isin(["named_parties", "agenda_and_place_active"]).all()
    )
    of = linked.groupby("regime_id")["conflict_id"].agg(set)
    assert of["yugoslavia-1991"] == {"385", "389", "390", "397", "398"}
    assert of["dr-congo-2003"] == {"283", "14692"} and of["taliban-1999"] == {"333", "13692"}
    none = set(table.loc[table["is_none"] == "true", "regime_id"])
    assert {"libya-1992", "iran-2006", "north-korea-2006", "haiti-1993"} <= none
    episodes = pd.read_csv(
        repository / "data" / "raw" / "compiled" / "episodes.csv", dtype=str, keep_default_na=False
    )
    for row in linked.itertuples():
        own = episodes[episodes["conflict_id"] == row.conflict_id]
        first = pd.Timestamp(row.from_date) - pd.DateOffset(months=12)
        last = pd.Timestamp(row.to_date or "2023-12-31") + pd.DateOffset(months=12)
        ends = pd.to_datetime(own["end_date"].where(own["end_date"] != "", "2024-12-31"))
        assert ((pd.to_datetime(own["onset_date"]) <= last) & (ends >= first)).any(), row.link_id


def agenda(*rows: tuple[str, str, str, int, int]) -> pd.DataFrame:
    """Coded matters: key, from, to, conflict, confidence."""
    return pd.DataFrame(
        [
            {
                "agenda_key": key,
                "from_date": pd.Timestamp(first),
                "to_date": pd.Timestamp(last),
                "conflict_id": conflict,
                "confidence": confidence,
                "reason": f"{key}.",
                "rule": "named_parties" if confidence == 3 else "agenda_and_place_active",
            }
            for key, first, last, conflict, confidence in rows
        ]
    )


def regime_of(regime_id: str, *keys: str) -> Regime:
    """A regime that goes on, with the matters that it was part of."""
    return Regime(regime_id=regime_id, targets=(1,), founded_by=1, agenda_keys=keys, gsdb=(1,))


def test_links_by_hand() -> None:
    episodes = pd.DataFrame(
        {
            "conflict_id": [1, 1, 2, 3],
            "onset_date": ["1980-01-01", "1991-06-01", "1995-01-01", "1970-01-01"],
            "end_date": ["1980-12-31", "1992-01-31", None, "1988-12-31"],
        }
    )
    spans = spans_of(episodes)
    regime = regime_of("x-1990", "a", "b")
    coded = agenda(
        ("a", "1946-01-01", "2022-06-30", 1, 2),
        ("b", "1946-01-01", "2022-06-30", 1, 3),
        ("a", "1946-01-01", "1991-12-31", 2, 2),
        ("a", "1946-01-01", "2022-06-30", 3, 2),
        ("c", "1946-01-01", "2022-06-30", 2, 3),
    )
    from_1990, to_1993 = date(1990, 1, 1), date(1993, 1, 1)
    found = links_of(regime, from_1990, to_1993, coded, spans)
    # Conflict 2 begins after a year and a half; conflict 3 had ended a year and a day before.
    assert [(x["conflict_id"], x["confidence"]) for x in found] == [(1, 3)]
    assert links_of(regime, date(1989, 12, 31), to_1993, coded, spans)[1]["conflict_id"] == 3
    ongoing = links_of(regime, date(2023, 1, 1), None, coded, spans)
    assert ongoing == []  # the matter of conflict 2 closed in 1991
    still = agenda(("a", "1946-01-01", "2022-06-30", 2, 2))
    assert [x["conflict_id"] for x in links_of(regime, date(2023, 1, 1), None, still, spans)] == [2]
    assert none_of(regime)["rule"] == "no_war_active"
    assert none_of(regime_of("y-1990"))["rule"] == "no_war_meant"


def test_every_case_must_be_accounted_for() -> None:
    check_cases("f.csv", [1, 2, 3], [(1,), (2,)], [3])
    for listed, used, message in (
        ([1, 2, 3, 4], [(1,), (2,)], "value 4: a case of the United Nations belongs to no regime"),
        ([1, 2, 3], [(1, 2), (2,)], "value 2: a case belongs to two regimes"),
        ([1, 3], [(1,), (2,)], "value 2: a case of a regime is missing"),
    ):
        with pytest.raises(BadTable, match=message):
            check_cases("f.csv", listed, used, [3])


def test_no_regime_stands_twice() -> None:
    ids = [r.regime_id for r in REGIMES]
    assert len(set(ids)) == len(ids) == 34
    founders = [r.founded_by for r in REGIMES]
    assert len(set(founders)) == len(founders)
    for r in REGIMES:
        assert bool(r.end_day) == bool(r.end_source) and bool(r.start_day) == bool(r.start_source)
