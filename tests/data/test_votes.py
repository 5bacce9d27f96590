"""Votes of members: known cases, what the count settles, and what stays out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.council.votes import (
    Tally,
    VoteRules,
    code_of,
    names_in,
    remainder,
    vetoes_cast,
    votes_on_resolution,
    whole_record,
)
from collsec.compile.states.states import StateNames
from collsec.core.errors import BadTable

NAMES = rules(StateNames).gwno | rules(VoteRules).gwno


@pytest.fixture(scope="module")
def votes(repository: Path) -> pd.DataFrame:
    """The committed votes."""
    path = repository / "data/raw/compiled/council_votes.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_votes_are_counted_and_whole(votes: pd.DataFrame, repository: Path) -> None:
    by_kind = votes.groupby("kind")["item_id"].nunique().to_dict()
    assert len(votes) == 2368 and by_kind == {"resolution": 109, "vetoed_draft": 261}
    assert votes["vote"].value_counts().to_dict() == {
        "in_favor": 1777,
        "against": 335,
        "abstaining": 250,
        "not_voting": 6,
    }
    raw = repository / "data/raw"
    resolutions = pd.read_csv(raw / "compiled/resolutions.csv").set_index("resolution_id")
    own = votes[votes["kind"] == "resolution"]
    counts = own.groupby(["item_id", "vote"]).size().unstack(fill_value=0)  # noqa: PD010
    theirs = resolutions.loc[counts.index]
    for vote in ("in_favor", "against", "abstaining"):
        assert (counts[vote] == theirs[vote]).all(), vote
    vetoes = pd.read_csv(raw / "coded/vetoes.csv").set_index("veto_id")
    cast = votes[votes["rule"] == "veto"].groupby("item_id").size()
    columns = ["cast_china", "cast_france", "cast_uk", "cast_russia", "cast_usa"]
    assert (cast == vetoes.loc[cast.index, columns].sum(axis=1)).all()
    assert set(vetoes.index[vetoes["basis"] == "recalled"]).isdisjoint(cast.index)


def test_known_votes(votes: pd.DataFrame) -> None:
    cast = votes.set_index("vote_id")["vote"]
    # Resolution 228 (1966): New Zealand alone abstained. Resolution 83: Yugoslavia alone against.
    new_zealand = votes[votes["item_id"] == "S/RES/228 (1966)"]
    assert len(new_zealand) == 15
    assert cast["S/RES/228 (1966)/920"] == "abstaining"
    assert (new_zealand["vote"] == "in_favor").sum() == 14
    # Crimea, 15 March 2014: thirteen for, Russia against, China abstaining: not settled by count.
    crimea = votes[votes["item_id"] == "2014-03-15-a"]
    assert crimea[["gwno", "vote"]].to_numpy().tolist() == [["365", "against"]]
    # Western settlements, 18 February 2011: fourteen for, the United States against.
    settlements = votes[votes["item_id"] == "2011-02-18-a"]
    assert len(settlements) == 15 and cast["2011-02-18-a/2"] == "against"
    assert (settlements["rule"] == "remainder").sum() == 14
    # Syria, 8 October 2016: a list has every vote.
    syria = votes[votes["item_id"] == "2016-10-08-a"]
    assert cast["2016-10-08-a/101"] == "against" and len(syria) == 15


def test_no_vote_without_a_seat(votes: pd.DataFrame, repository: Path) -> None:
    members = pd.read_csv(repository / "data/raw/compiled/council_members.csv", dtype=str)
    pairs = votes.merge(members, on="gwno", suffixes=("", "_member"))
    sat = pairs[(pairs["from_date"] <= pairs["date"]) & (pairs["date"] <= pairs["to_date"])]
    assert set(sat["vote_id"]) == set(votes["vote_id"])


TEXT = (
    "Resolution 1 (1946) … Adopted at the 1st meeting by 8 votes to 1 (Poland), with 1 "
    "abstention (Union of Soviet Socialist\nRepublics).1 1 One member (China) did not participate "
    "in the voting. Resolution 2 (1946) Adopted at the 2nd meeting by 9 votes to none, with 2 "
    "abstentions (France, United Kingdom of Great Britain and Northern Ireland)"
)
SEATS = frozenset({2, 20, 140, 200, 211, 220, 290, 365, 651, 710, 900})


def test_a_text_names_what_it_settles() -> None:
    cast = votes_on_resolution(TEXT, SEATS, Tally(8, 1, 1), NAMES)
    assert cast[290] == ("against", "text") and cast[365] == ("abstaining", "text")
    assert cast[710] == ("not_voting", "text")
    assert {g for g, (v, r) in cast.items() if (v, r) == ("in_favor", "remainder")} == SEATS - {
        290,
        365,
        710,
    }
    assert votes_on_resolution(TEXT, SEATS, Tally(9, 1, 1), NAMES) == {}
    assert votes_on_resolution(TEXT, SEATS - {290} | {30}, Tally(8, 1, 1), NAMES) == {}
    assert votes_on_resolution("nothing", SEATS, Tally(8, 1, 1), NAMES) == {}
    unknown = TEXT.replace("Poland", "Atlantis")
    assert votes_on_resolution(unknown, SEATS, Tally(8, 1, 1), NAMES) == {}
    assert names_in("Canada and United States of America", NAMES) == [
        "Canada",
        "United States of America",
    ]
    assert code_of("China", frozenset({713, 2}), NAMES) == 713


def test_the_count_settles_one_kind_alone() -> None:
    veto = dict.fromkeys(
        ("cast_usa", "cast_uk", "cast_france", "cast_russia", "cast_china"), "false"
    ) | {"cast_usa": "true", "cast_china": "true"}
    taiwan = SEATS - {710} | {713}
    cast = vetoes_cast(veto, taiwan)
    assert set(cast) == {2, 713} and set(vetoes_cast(veto, SEATS)) == {2, 710}
    assert len(remainder(cast, taiwan, Tally(9, 2, 0))) == 9
    assert remainder(cast, taiwan, Tally(8, 2, 1)) == {}
    assert remainder(cast, taiwan, Tally(8, 3, 0)) == {}
    assert {v for v, _ in remainder(cast, taiwan, Tally(0, 2, 9)).values()} == {"abstaining"}


def test_a_record_must_list_the_members_of_the_day() -> None:
    cast = {2: ("against", "veto")}
    row = {
        "veto_id": "x",
        "gwno_in_favor": ";".join(map(str, sorted(SEATS - {2, 20}))),
        "gwno_abstaining": "20",
        "gwno_against": "2",
    }
    assert len(whole_record(row, cast, SEATS)) == 10
    for change in ({"gwno_abstaining": ""}, {"gwno_against": "", "gwno_abstaining": "2;20"}):
        with pytest.raises(BadTable, match="does not list the members"):
            whole_record(row | change, cast, SEATS)
