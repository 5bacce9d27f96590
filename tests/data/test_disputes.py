"""Disputes, crises and nuclear states: counts, known cases, and rules by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.disputes.crises import Actor, of_war
from collsec.compile.disputes.crises import day_of as crisis_day
from collsec.compile.disputes.disputes import disputes_from, wars_of
from collsec.compile.states.states import StateCodes
from collsec.core.errors import BadTable


def read(repository: Path, path: str) -> pd.DataFrame:
    """A committed table, all text."""
    return pd.read_csv(repository / "data/raw" / f"{path}.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def disputes(repository: Path) -> pd.DataFrame:
    """The committed disputes by number."""
    return read(repository, "compiled/disputes").set_index("dispute_id")


def test_disputes_are_those_of_the_files(disputes: pd.DataFrame, shared: Path) -> None:
    folder = shared / "upstream/mid5"
    raw = pd.read_csv(folder / "MIDA 5.0.csv", dtype=str)
    raw = raw[raw["styear"].astype(int) >= 1946].set_index("dispnum")
    assert len(disputes) == len(raw) == 1726
    assert (disputes["hostility_level"] == raw.loc[disputes.index, "hostlev"]).all()
    assert (disputes["is_reciprocated"] == "true").sum() == (raw["recip"] == "1").sum() == 861
    assert (disputes["dispute_outcome"] == "victory_a").sum() == (raw["outcome"] == "1").sum() == 33
    parties = pd.read_csv(folder / "MIDB 5.0.csv", dtype=str)
    parties = parties[parties["dispnum"].isin(disputes.index) & (parties["orig"] == "1")]
    revision = parties[parties["revstate"] == "1"].groupby("dispnum")["sidea"].nunique()
    assert set(revision.index[revision == 2]) == set(
        disputes.index[disputes["is_contested"] == "true"]
    )
    assert (disputes["is_contested"] == "true").sum() == 284
    counted = disputes["gwno_initiators"].str.count(";") + 1
    own = parties[parties["sidea"] == "1"].groupby("dispnum")["ccode"].nunique()
    assert (counted == own.loc[disputes.index]).all()


def test_known_disputes(disputes: pd.DataFrame) -> None:
    falklands = disputes[disputes["episode_ids"].str.split(";").map(lambda e: "346-1" in e)]
    row = falklands[falklands["hostility_level"] == "5"].iloc[0]
    assert (row["gwno_initiators"], row["gwno_targets"]) == ("160", "200")
    assert (row["gwno_revisionists_a"], row["dispute_outcome"]) == ("160", "victory_b")
    kuwait = disputes[disputes["episode_ids"].str.split(";").map(lambda e: "371-1" in e)]
    assert any("645" in i.split(";") for i in kuwait["gwno_initiators"])


def test_wars_between_states_have_their_disputes(repository: Path, disputes: pd.DataFrame) -> None:
    episodes = read(repository, "compiled/episodes").set_index("episode_id")
    wars = episodes[episodes["type_at_onset"] == "interstate"]
    linked = set(disputes["episode_ids"].str.split(";").explode()) - {""}
    assert linked <= set(wars.index) and len(linked) == 66
    without = wars.loc[sorted(set(wars.index) - linked)]
    assert set(without.index[without["onset_date"] < "2015"]) == {"218-5", "226-1", "334-1"}
    named = disputes[disputes["episode_ids"] != ""]
    assert len(named) == 84 and named["hostility_level"].isin(["4", "5"]).all()


def test_crises_are_indices_of_wars(repository: Path) -> None:
    table = read(repository, "compiled/crises").set_index("episode_id")
    assert len(table) == 76 and (table["is_covered"] == "true").sum() == 70
    known = table[table["crises"].isin(["", "0"]).map(lambda none: not none)]
    assert len(known) == 57
    assert known["trigger_side"].value_counts().to_dict() == {
        "both": 41,
        "a": 10,
        "b": 4,
        "other": 2,
    }
    assert table.loc["371-1", ["crisis_lead_days", "trigger_side", "gravity_level"]].tolist() == [
        "0",
        "a",
        "6",
    ]
    assert (table.loc[table["is_covered"] == "false", "crises"] == "").all()


def test_sides_of_a_war_by_hand() -> None:
    war = {
        "episode_id": "1-1",
        "onset_date": "1990-03-01",
        "end_date": "1990-06-01",
        "is_ended": True,
        "gwno_a": ["10"],
        "gwno_b": ["20"],
    }
    sides = {"a": frozenset({20, 30}), "b": frozenset({10})}
    assert wars_of([war], sides, date(1990, 1, 1), date(1990, 1, 29)) == ["1-1"]
    assert wars_of([war], sides, date(1990, 1, 1), date(1990, 1, 28)) == []
    assert wars_of([war], sides, date(1990, 7, 2), date(1990, 8, 1)) == ["1-1"]
    assert wars_of([war], sides, date(1990, 7, 3), date(1990, 8, 1)) == []
    together = {"a": frozenset({10, 20}), "b": frozenset({30})}
    assert wars_of([war], together, date(1990, 3, 1), date(1990, 3, 1)) == []
    side = {10: "a", 20: "b"}

    def actor(crisis: str, gwno: int, by: int | None, start: date) -> Actor:
        return Actor(crisis, gwno, by, start, is_violent=False, gravity=1, is_un_active=False)

    before, after = date(1990, 1, 1), date(1990, 7, 1)
    own = [
        actor("1", 10, 20, before),
        actor("2", 10, 30, before),
        actor("3", 10, None, before),
        actor("3", 20, None, before),
        actor("4", 10, 20, after),
        actor("5", 30, 20, before),
    ]
    found = of_war(own, side, date(1990, 3, 1), date(1990, 6, 1))
    assert [(a.crisis, a.gwno) for a in found] == [("1", 10), ("3", 10), ("3", 20)]
    assert crisis_day("1982", "4", "") == date(1982, 4, 30)
    assert crisis_day("1982", "", "") == date(1982, 12, 31)


def test_a_dispute_without_a_side_is_refused(tmp_path: Path, shared: Path) -> None:
    files = []
    for name in ("MIDA 5.0.csv", "MIDB 5.0.csv"):
        raw = pd.read_csv(shared / "upstream/mid5" / name, dtype=str)
        own = raw[raw["dispnum"] == "4"]
        files.append(tmp_path / name)
        (own if "MIDA" in name else own[own["sidea"] == "1"]).to_csv(files[-1], index=False)
    nothing = pd.DataFrame({"type_at_onset": []})
    with pytest.raises(BadTable, match="without a side"):
        disputes_from(*files, nothing, rules(StateCodes), ("m", "e"))


def test_nuclear_states_are_dated_and_sourced(repository: Path) -> None:
    table = read(repository, "coded/nuclear_states").set_index("gwno")
    assert len(table) == 10 and set(table.index) == set(
        ["2", "200", "220", "365", "560", "666", "710", "731", "750", "770"]
    )
    assert table.loc["560", "to_date"] == "1991-07-10"
    assert set(table.index[table["basis"] == "recalled"]) == {"560"}
    assert set(table.index[table["is_declared"] == "false"]) == {"560", "666"}
    assert (table["source"].str.contains("http")).all()
