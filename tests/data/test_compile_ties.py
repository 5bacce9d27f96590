"""Ties with the great powers: frozen before onset, ranked within a year, by known cases."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_rules import rules
from collsec.compile.states.colonies import ColonialRules, Colonies, read_colonies
from collsec.compile.states.geography import Capital, Geography, great_circle_km, nearness_rank
from collsec.compile.states.pacts import Pacts
from collsec.compile.states.powers import Powers
from collsec.compile.states.states import Span, StateCodes, StateSystem
from collsec.compile.states.ties import WINDOW_YEARS, Ties, ties_from
from collsec.compile.states.yearly_ties import YearlyTie, yearly_tie
from for_all_tests import examples

HOST, USA, FRANCE = 900, 2, 220
POWERS = rules(Powers)
SYSTEM = StateSystem(
    {g: (Span(date(1816, 1, 1), date.max),) for g in (HOST, 901, *sorted(POWERS.codes))}
)
YEARLY = ("trade", "votes", "troops")


@pytest.fixture(scope="module")
def committed(repository: Path) -> pd.DataFrame:
    """The committed ties beside their episodes."""
    folder = repository / "data" / "raw" / "compiled"
    ties = pd.read_csv(folder / "p5_ties.csv", dtype=str, keep_default_na=False)
    episodes = pd.read_csv(folder / "episodes.csv", dtype=str, keep_default_na=False)
    columns = ["episode_id", "onset_date", "type_at_onset", "gwno_loc"]
    return ties.merge(episodes[columns], on="episode_id", validate="many_to_one")


def episode(onset: str = "1990-06-01", **cells: list[str]) -> pd.DataFrame:
    """One episode with one host."""
    row = {
        "episode_id": "1-1",
        "gwno_loc": [str(HOST)],
        "onset_date": onset,
        "gwno_a": [str(HOST)],
        "gwno_b_at_onset": [],
        "gwno_a_secondary_at_onset": [],
        "gwno_b_secondary_at_onset": [],
    }
    return pd.DataFrame([row | cells])


def world(values: dict[int, float], pacts: set[int] | None = None) -> Ties:
    """Ties of the host with the USA by year, the same value for every yearly tie."""
    rows = [(HOST, USA, year, value) for year, value in values.items()]
    capitals = {
        g: (Capital(date.min, date.max, 0.0, float(i)),) for i, g in enumerate(SYSTEM.spans)
    }
    return Ties(
        trade=yearly_tie(rows, SYSTEM, POWERS, is_closeness=True),
        votes=yearly_tie(rows, SYSTEM, POWERS, is_closeness=False),
        troops=yearly_tie(rows, SYSTEM, POWERS, is_closeness=True),
        pacts=Pacts(frozenset((HOST, USA, y) for y in (pacts or set())), 2018),
        colonies=Colonies({(HOST, "france"): 1900}, frozenset({HOST}), {}, "colony", {}),
        geography=Geography(
            capitals, {(HOST, USA): ((date(1980, 1, 1), date.max),)}, SYSTEM, POWERS
        ),
        system=SYSTEM,
        powers=POWERS,
        sources={
            c: c
            for c in (
                "episodes",
                "pact",
                "trade",
                "colony",
                "contiguity",
                "distance",
                "ideal_point",
                "us_troops",
            )
        },
    )


def row(table: pd.DataFrame, power: str = "usa") -> pd.Series:
    return table[table["power"] == power].iloc[0]


@given(
    onset=st.integers(1950, 2020),
    values=st.dictionaries(st.integers(1940, 2030), st.floats(0, 1), min_size=1),
    later=st.dictionaries(st.integers(0, 40), st.floats(0, 1), min_size=1),
    pacts=st.sets(st.integers(1940, 2018)),
)
@examples(60)
def test_only_the_five_years_before_onset_count(
    onset: int, values: dict[int, float], later: dict[int, float], pacts: set[int]
) -> None:
    """Changing the year of the onset, later years or years before the window changes nothing."""
    day = episode(f"{onset}-06-01")
    before = ties_from(day, world(values, pacts))
    changed = {**values, **{onset + shift: value for shift, value in later.items()}}
    changed |= {y: 0.123 for y in values if y < onset - WINDOW_YEARS}
    after = ties_from(day, world(changed, {p for p in pacts if p < onset} | {onset, onset + 1}))
    pd.testing.assert_frame_equal(before, after)


@given(values=st.dictionaries(st.integers(1985, 1989), st.floats(0, 1), min_size=1))
@examples(30)
def test_the_latest_year_before_onset_is_taken(values: dict[int, float]) -> None:
    found = row(ties_from(episode("1990-01-01"), world(values)))
    assert found["trade_year"] == max(values)
    assert found["trade_share"] == round(values[max(values)], 4)
    assert found["us_troops_year"] == found["ideal_point_year"] == max(values)


def test_a_change_within_the_window_is_seen() -> None:
    one = row(ties_from(episode(), world({1989: 0.25})))
    other = row(ties_from(episode(), world({1989: 0.5})))
    assert one["trade_share"] != other["trade_share"]
    assert row(ties_from(episode(), world({1989: 0.25}, {1989})))["has_defense_pact"]
    assert not row(ties_from(episode(), world({1989: 0.25}, {1988})))["has_defense_pact"]
    assert not row(ties_from(episode(), world({1984: 0.25})))["has_trade_coverage"]


def test_parties_of_the_first_year_are_belligerents() -> None:
    table = ties_from(episode(gwno_b_secondary_at_onset=["220"]), world({1989: 0.1}))
    assert set(table.loc[table["is_belligerent"], "power"]) == {"france"}


def test_a_power_has_no_tie_to_itself() -> None:
    at_home = episode(gwno_loc=["2"], gwno_a=["2"])
    found = row(ties_from(at_home, world({1989: 0.1})))
    assert found["is_host_itself"] and found["is_belligerent"]
    flags = [c for c in found.index if c.endswith("_coverage")]
    assert len(flags) == 7 and not any(found[flags])
    assert pd.isna(found["distance_km"])


def test_seat_of_china_and_powers_that_did_not_exist() -> None:
    holder = POWERS.holder
    assert holder("china", date(1946, 1, 1)) == 710
    assert holder("china", date(1950, 6, 25)) == 713
    assert holder("china", date(1971, 10, 24)) == 713
    assert holder("china", date(1971, 10, 25)) == 710
    assert holder("germany", date(1949, 1, 1)) is None
    assert holder("india", date(1947, 8, 14)) is None
    assert len(POWERS.p5) == len(POWERS.of("controls")) == 5
    assert POWERS.seats(date(1950, 6, 25)) == [2, 200, 220, 365, 713]
    assert POWERS.voted_as(710, 1970) == 713 and POWERS.voted_as(710, 1971) == 710


def test_ranks_are_percentiles_of_their_year_and_group() -> None:
    rows = [
        (HOST, USA, 2000, 0.1),
        (901, USA, 2000, 0.2),
        (HOST, FRANCE, 2000, 0.4),
        (901, FRANCE, 2000, 0.4),
        (HOST, 740, 2000, 0.9),
        (HOST, USA, 1999, 0.0),
    ]
    tie = yearly_tie(rows, SYSTEM, POWERS, is_closeness=True)
    assert [tie.rank("p5", 2000, v) for v in (0.1, 0.2, 0.4)] == [0.125, 0.375, 0.75]
    assert tie.rank("controls", 2000, 0.9) == 0.5
    assert tie.rank("p5", 2001, 0.1) is None
    far = yearly_tie(rows, SYSTEM, POWERS, is_closeness=False)
    assert far.rank("p5", 2000, 0.1) == 0.875
    assert isinstance(far, YearlyTie)
    assert nearness_rank([1.0, 2.0, 3.0, 4.0], 1.0) == 0.875


def test_cow_codes_are_translated_by_year() -> None:
    gwno_of_cow = rules(StateCodes).gwno_of_cow
    assert gwno_of_cow(255, 1940) == 255 and gwno_of_cow(255, 1995) == 260
    assert gwno_of_cow(679, 1990) == 678 and gwno_of_cow(2, 1950) == 2
    assert gwno_of_cow(345, 2010) == 340
    assert gwno_of_cow(345, 2005) == 345
    assert gwno_of_cow(970, 2005) == 971


def test_distance_between_capitals() -> None:
    paris, algiers = (48.8566, 2.3522), (36.7538, 3.0588)
    assert great_circle_km(*paris, *algiers) == pytest.approx(1347, abs=5)
    assert great_circle_km(*paris, *paris) == 0


def test_contiguity_of_a_territory_is_that_of_the_later_state() -> None:
    system = StateSystem({5: (Span(date(1962, 1, 1), date.max),), USA: SYSTEM.spans[USA]})
    spans = {(5, USA): ((date(1962, 1, 1), date.max),)}
    capitals = {5: (Capital(date(1962, 1, 1), date.max, 1.0, 1.0),)}
    geography = Geography(capitals, spans, system, POWERS)
    assert geography.is_contiguous(5, USA, date(1954, 1, 1)) is True
    assert geography.capital(5, date(1954, 1, 1)) == geography.capital(5, date(1970, 1, 1))
    assert geography.is_contiguous(5, 999, date(1970, 1, 1)) is None
    assert geography.distance_km(5, 999, date(1970, 1, 1)) is None


def test_colonies_by_hand(tmp_path: Path) -> None:
    dates, names = tmp_path / "dates.csv", tmp_path / "names.csv"
    dates.write_text(
        "country,colonizer,col,colstart_max,colend_max\n"
        "Algeria,france,1,1830,1962\nAlgeria,spain,1,1500,1700\nYemen,britain,1,1839,1967\n"
        "Togo,france,0,NA,NA\n",
        encoding="utf-8",
    )
    names.write_text("iso3c,country\nDZA,Algeria\nYEM,Yemen\nTGO,Togo\n", encoding="utf-8")
    colonies = read_colonies(
        dates,
        names,
        {615: "DZA", 461: "TGO", 678: "YEM"},
        rules(ColonialRules),
        {"dates": "d", "names": "n"},
    )
    assert colonies.was_colony(615, "france", 1953) is True
    assert colonies.was_colony(615, "france", 1829) is False
    assert colonies.was_colony(615, "uk", 1953) is False
    assert colonies.was_colony(461, "france", 1990) is False
    assert colonies.was_colony(680, "uk", 1980) is True  # Aden
    assert colonies.was_colony(678, "uk", 1989) is False  # North Yemen was none
    assert colonies.was_colony(678, "uk", 1990) is True
    assert colonies.was_colony(372, "russia", 1991) is True
    assert colonies.was_colony(999, "france", 1990) is None
    assert {r.power for r in rules(ColonialRules).ruled} == {"usa", "russia", "japan"}
    powers = ("uk", "usa", "russia", "china")
    assert [colonies.source_of(p) for p in powers] == [
        "d",
        "colonial_dummies",
        "gw_system",
        "n",
    ]


def test_every_episode_host_and_power_has_a_row(committed: pd.DataFrame) -> None:
    hosts = committed.groupby("episode_id")["gwno_host"].nunique()
    listed = committed.drop_duplicates("episode_id").set_index("episode_id")["gwno_loc"]
    assert (hosts == listed[hosts.index].str.count(";") + 1).all()
    assert len(hosts) == 620
    assert len(committed) == hosts.sum() * len(POWERS.names)


def test_committed_ties_look_back_only(committed: pd.DataFrame) -> None:
    onset = committed["onset_date"].str[:4].astype(int)
    for column in ("pact_year", "trade_year", "ideal_point_year", "us_troops_year"):
        known = committed[column] != ""
        assert (onset[known] - committed.loc[known, column].astype(int)).between(1, 5).all()
    pairs = {
        "has_pact_coverage": "has_defense_pact",
        "has_trade_coverage": "trade_share",
        "has_colony_coverage": "was_colony",
        "has_contiguity_coverage": "is_contiguous",
        "has_distance_coverage": "distance_km",
        "has_ideal_point_coverage": "ideal_point_distance",
        "has_us_troops_coverage": "us_troops",
    }
    for flag, column in pairs.items():
        assert ((committed[flag] == "true") == (committed[column] != "")).all(), column
    ranks = [c for c in committed if c.endswith("_rank")]
    values = committed[ranks].replace("", None).astype(float)
    assert values.min().min() >= 0 and values.max().max() <= 1
    assert set(committed.loc[committed["us_troops"] != "", "power"]) == {"usa"}


def test_coverage_of_ties(committed: pd.DataFrame) -> None:
    civil = committed[committed["type_at_onset"].isin(["intrastate", "internationalized"])]
    civil = civil[(civil["is_p5"] == "true") & (civil["is_host_itself"] == "false")]
    flags = [c for c in civil if c.endswith("_coverage") and c != "has_us_troops_coverage"]
    shares = (civil[flags] == "true").mean()
    assert (shares > 0.8).all(), shares
    assert shares["has_trade_coverage"] < 0.9  # ends in 2014: onsets of 2020 and later have none
    last = civil[civil["onset_date"] >= "2020"]
    assert (last["has_trade_coverage"] == "false").all()


@pytest.mark.parametrize(
    ("episode_id", "power", "column", "value"),
    [
        ("13246-1", "russia", "is_contiguous", "true"),  # Ukraine 2014
        ("13246-1", "russia", "is_belligerent", "true"),
        ("13246-1", "russia", "was_colony", "true"),
        ("11347-2", "france", "was_colony", "true"),  # Mali 2012
        ("11347-2", "france", "is_belligerent", "false"),
        ("14113-1", "france", "is_belligerent", "true"),  # Barkhane
        ("14113-1", "usa", "is_belligerent", "false"),  # only a contributor to MINUSMA
        ("242-3", "usa", "is_belligerent", "true"),  # Bay of Pigs
        ("242-3", "usa", "is_contiguous", "true"),
        ("284-1", "france", "has_defense_pact", "true"),  # Gabon 1964
        ("209-1", "usa", "was_colony", "true"),  # Philippines 1946
        ("352-1", "uk", "was_colony", "true"),  # Sri Lanka
        ("236-2", "china", "gwno_power", "713"),  # Tibet 1956
        ("13637-1", "usa", "is_belligerent", "true"),  # Afghanistan 2015
    ],
)
def test_known_cases(
    committed: pd.DataFrame, episode_id: str, power: str, column: str, value: str
) -> None:
    where = (committed["episode_id"] == episode_id) & (committed["power"] == power)
    assert committed.loc[where, column].tolist() == [value]
