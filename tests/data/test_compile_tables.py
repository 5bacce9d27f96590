"""The committed episodes, outcomes, states and hosts: counts, and agreement with the sources."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

import collsec.compile
import collsec.upstream
from coding_rules import rules
from collsec.compile.conflicts.episodes import ContributorRules
from collsec.compile.conflicts.termination import outcomes_from, read_terminations
from collsec.compile.states.host_states import latest, read_excluded_shares, whole_years
from collsec.compile.states.states import StateCodes, state_system
from collsec.core.errors import BadTable, MissingInput

CENSORED = "2024-12-31"
TYPE_CODES = {
    "extrasystemic": "1",
    "interstate": "2",
    "intrastate": "3",
    "internationalized": "4",
}
INCOMPATIBILITY_CODES = {"territory": "1", "government": "2", "both": "3"}


@pytest.fixture(scope="module")
def compiled(repository: Path) -> dict[str, pd.DataFrame]:
    """The committed tables, all text."""
    folder = repository / "data" / "raw" / "compiled"
    names = ("episodes", "outcomes", "states", "host_states")
    return {n: pd.read_csv(folder / f"{n}.csv", dtype=str, keep_default_na=False) for n in names}


@pytest.fixture(scope="module")
def episodes(compiled: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return compiled["episodes"]


@pytest.fixture(scope="module")
def civil(episodes: pd.DataFrame) -> pd.DataFrame:
    return episodes[episodes["type_at_onset"].isin(["intrastate", "internationalized"])]


def test_counts_of_the_frame(episodes: pd.DataFrame, civil: pd.DataFrame) -> None:
    ended = episodes["is_ended"] == "true"
    assert (len(episodes), ended.sum(), (~ended).sum()) == (620, 559, 61)
    assert episodes["conflict_id"].nunique() == 303
    assert (episodes["type_at_onset"] == "interstate").sum() == 76
    assert (len(civil), (civil["is_ended"] == "true").sum()) == (523, 466)
    assert civil["conflict_id"].nunique() == 230
    assert civil["gwno_loc"].nunique() == 108
    assert (civil["ordinal"].astype(int) > 1).sum() == 293
    late = civil[civil["onset_date"] >= "1989-01-01"]
    assert (len(late), (late["is_ended"] == "true").sum()) == (345, 289)


def test_durations_of_the_frame(civil: pd.DataFrame) -> None:
    end = pd.to_datetime(civil["end_date"].where(civil["end_date"] != "", CENSORED))
    days = (end - pd.to_datetime(civil["onset_date"])).dt.days.to_numpy()
    ended = (civil["is_ended"] == "true").to_numpy()
    assert (days == 0).sum() == 68
    assert days.min() == 0
    curve = SurvfuncRight(np.maximum(days, 0.5), ended.astype(int))
    assert curve.quantile(0.5) == 477
    months = days / 30.4375
    assert [(months >= m).sum() for m in (6, 24, 60)] == [333, 208, 118]
    assert (civil["onset_date"].str.endswith("12-31")).sum() == 66
    assert (civil["end_date"].str.endswith("12-31")).sum() == 99
    assert round((civil["onset_precision"] == "day").mean(), 2) == 0.58


def test_every_episode_agrees_with_the_draft(episodes: pd.DataFrame, shared: Path) -> None:
    draft = pd.read_csv(
        shared / "derived" / "episodes_acd251.csv", dtype=str, keep_default_na=False
    )
    draft["episode_id"] = draft["conflict_id"] + "-" + draft["epno"]
    both = episodes.merge(
        draft,
        on="episode_id",
        how="outer",
        suffixes=("", "_draft"),
        indicator=True,
        validate="one_to_one",
    )
    assert (both["_merge"] == "both").all()
    both["event_ours"] = (both["is_ended"] == "true").astype(int).astype(str)
    both["type_ours"] = both["type_at_onset"].map(TYPE_CODES)
    both["last_type_ours"] = both["types_ever"].str.split(";").str[-1].map(TYPE_CODES)
    both["incompatibility_ours"] = both["incompatibility"].map(INCOMPATIBILITY_CODES)
    both["location_ours"] = both["location"].str.replace(";", ", ")
    both["hosts_ours"] = both["gwno_loc"].str.replace(";", ", ")
    both["regions_ours"] = both["regions"].str.replace(";", ", ")
    years = both["last_year"].astype(int) - both["first_year"].astype(int) + 1
    both["n_years_ours"] = years.astype(str)
    pairs = {
        "onset_date": "ep_start",
        "end_date": "ep_end_date",
        "first_death_date": "start_date",
        "onset_precision_code": "start_prec2",
        "first_year": "first_year_draft",
        "last_year": "last_year_draft",
        "n_years_ours": "n_years",
        "event_ours": "event",
        "max_intensity": "max_intensity_draft",
        "type_ours": "toc_first",
        "incompatibility_ours": "incompatibility_draft",
        "location_ours": "location_draft",
        "hosts_ours": "gwno_loc_draft",
        "regions_ours": "region_draft",
    }
    # Corrected in `data/raw/corrections.toml`: the landing in Cyprus, a month later.
    is_corrected = both["episode_id"] == "323-1"
    assert both.loc[is_corrected, ["onset_date", "ep_start"]].to_numpy().tolist() == [
        ["1974-07-20", "1974-06-20"]
    ]
    for ours, theirs in pairs.items():
        known = is_corrected & (ours in ("onset_date", "first_death_date"))
        unequal = both[(both[ours] != both[theirs]) & ~known]
        assert unequal.empty, unequal[["episode_id", ours, theirs]].head()


def test_outcomes_match_the_termination_dataset(compiled: dict[str, pd.DataFrame]) -> None:
    outcomes = compiled["outcomes"].merge(compiled["episodes"], on="episode_id")
    matched = outcomes["is_matched"] == "true"
    later = outcomes["source_x"].str.contains("ucdp_termination_v4")
    assert matched.sum() == 555 and (matched & ~later).sum() == 517
    assert (outcomes.loc[~later, "end_difference_days"] == "0").sum() == 499
    apart = outcomes.loc[matched & outcomes["mismatch_reason"].ne("")].set_index("episode_id")
    assert apart["mismatch_reason"].to_dict() == {
        "403-1": "day_assigned",
        **dict.fromkeys(("283-6", "287-4", "374-2", "398-1", "426-2", "13809-2"), "redated"),
        **dict.fromkeys(("274-3", "388-7", "13645-3", "15283-1"), "dated_otherwise"),
        **dict.fromkeys(apart.index[apart["termination_end_date"] == ""], "year_only"),
    }
    dated = matched & outcomes["termination_end_date"].ne("")
    assert (matched & ~dated).sum() == 26
    days = outcomes.loc[dated].set_index("episode_id")["end_difference_days"].astype(int).abs()
    assert set(days.index[days > 31]) == set(apart.index[apart["termination_end_date"] != ""])
    assert outcomes.loc[~matched, "mismatch_reason"].value_counts().to_dict() == {
        "ongoing": 61,
        "absent_from_termination": 3,
        "ends_in_another_year": 1,
    }
    assert (outcomes["outcome"] == "ongoing").sum() == 61
    uncovered = outcomes.loc[outcomes["outcome"] == "not_covered", "episode_id"]
    assert set(uncovered) == {"267-3", "343-2", "374-5", "11345-1"}
    known = outcomes.set_index("episode_id")["outcome"]
    assert known["374-1"] == "rebel_victory"  # Rwanda 1994
    assert known["352-3"] == "government_victory"  # Sri Lanka 2009
    assert known["327-2"] == "peace_agreement"  # Angola 2002


def test_later_outcomes_fill_and_change_nothing(
    compiled: dict[str, pd.DataFrame], shared: Path
) -> None:
    """38 ends from release 4-2024, by conflict and year of the row; 3-2021 is not changed."""
    term = shared / "upstream" / "ucdp_term"
    rows = compiled["outcomes"].merge(compiled["episodes"], on="episode_id")
    rows["key"] = rows["conflict_id"] + "/" + rows["last_year"]
    raw = pd.read_csv(term / "term-v4-2024-transcribed.csv", dtype=str)
    assert len(raw) == 47 and raw["c_epid"].duplicated().sum() == 1
    v4 = raw.set_index(raw["conflict_id"] + "/" + raw["year"])
    old = pd.read_excel(term / "ucdp-term-acd-3-2021.xlsx", dtype=str)
    old = old[old["confterm"] == "1"]
    v3 = old.set_index(old["conflict_id"] + "/" + old["year"])["outcome"]
    later = rows[rows["source_x"].str.contains("ucdp_termination_v4")]
    assert len(later) == 38 and not later["key"].isin(v3.index).any()
    codes = v4.loc[later["key"], "c_outcome"]
    assert codes.value_counts().to_dict() == {"5": 24, "3": 5, "2": 4, "1": 2, "6": 2, "4": 1}
    names = {"1": "peace_agreement", "2": "ceasefire", "3": "government_victory"} | {
        "4": "rebel_victory",
        "5": "low_activity",
        "6": "actor_ceases",
    }
    assert later["outcome"].tolist() == codes.map(names).tolist()
    year_only = (v4.loc[later["key"], "c_ependprec"] == "5").tolist()
    assert (later["termination_end_date"] == "").tolist() == year_only and sum(year_only) == 26
    # All nine further rows are of ends that 3-2021 has: both tell the same outcome.
    both = v4.index.intersection(v3.index)
    assert len(both) == 9 and (v4.loc[both, "c_outcome"] == v3[both]).all()
    sources = compiled["outcomes"].set_index("episode_id")["source"]
    for kept in ("234-4", "386-1", "13809-2"):
        assert sources[kept] == "ucdp_acd;ucdp_termination"


def test_outcome_of_each_end_by_hand() -> None:
    episodes = pd.DataFrame(
        {
            "episode_id": ["1-1", "1-2", "2-1", "3-1", "4-1"],
            "conflict_id": [1, 1, 2, 3, 4],
            "last_year": [1990, 1999, 2020, 2024, 1950],
            "end_date": ["1990-05-01", "1999-05-01", "2020-05-01", None, "1950-05-01"],
            "is_ended": [True, True, True, False, True],
        }
    )
    terminations = pd.DataFrame(
        {
            "conflict_id": ["1", "1", "3"],
            "year": [1990, 1997, 2024],
            "end_date": ["1990-05-11", "1997-01-01", "2024-01-01"],
            "precision_code": ["2", "1", "1"],
            "outcome": ["ceasefire", "low_activity", "ceasefire"],
        }
    )
    terminations.attrs["last_year"] = 2019
    none = terminations.iloc[:0].copy()
    none.attrs["last_year"] = 2019
    table = outcomes_from(episodes, terminations, none, ("a", "b", "c"))
    assert table["outcome"].tolist() == [
        "ceasefire",
        "not_covered",
        "not_covered",
        "ongoing",
        "not_covered",
    ]
    assert table["mismatch_reason"].tolist()[1:] == [
        "ends_in_another_year",
        "after_coverage",
        "ongoing",
        "absent_from_termination",
    ]
    assert table["end_difference_days"].tolist()[0] == 10
    assert table["source"].tolist()[:2] == [["a", "b"], ["a"]]
    later = pd.DataFrame(
        {
            "conflict_id": ["1", "1", "2"],
            "year": [1990, 1999, 2020],
            "end_date": ["1990-05-31", "", "2020-07-01"],
            "precision_code": ["1", "5", "1"],
            "outcome": ["rebel_victory", "actor_ceases", "peace_agreement"],
        }
    )
    later.attrs["last_year"] = 2023
    table = outcomes_from(episodes, terminations, later, ("a", "b", "c")).iloc[:3]
    assert table["outcome"].tolist() == ["ceasefire", "actor_ceases", "peace_agreement"]
    assert table["mismatch_reason"].tolist()[1:] == ["year_only", "dated_otherwise"]
    assert table["end_difference_days"].fillna(-1).tolist() == [10, -1, 61]
    assert table["source"].tolist() == [["a", "b"], ["a", "c"], ["a", "c"]]


def test_ends_called_redated_had_the_day_of_termination_in_the_earlier_release(
    compiled: dict[str, pd.DataFrame], shared: Path
) -> None:
    """`redated` says that UCDP changed the day: release 20.1 must have the other one."""
    years = pd.read_csv(shared / "upstream" / "ucdp_acd" / "ucdp-prio-acd-201.csv", dtype=str)
    ends = years[years["ep_end"] == "1"].set_index(["conflict_id", "year"])["ep_end_date"]
    rows = compiled["outcomes"].merge(compiled["episodes"], on="episode_id")
    rows = rows[rows["mismatch_reason"] == "redated"]
    earlier = [ends[c, y] for c, y in zip(rows["conflict_id"], rows["last_year"], strict=True)]
    assert len(rows) == 6
    assert earlier == rows["termination_end_date"].tolist()
    assert (rows["end_date"] != rows["termination_end_date"]).all()


def test_terminations_refuse_another_file(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="is missing"):
        read_terminations(tmp_path / "none.xlsx")
    path = tmp_path / "other.xlsx"
    pd.DataFrame({"conflict_id": ["1"]}).to_excel(path, index=False)
    with pytest.raises(BadTable, match="lacks column year"):
        read_terminations(path)
    row = {
        "conflict_id": "1",
        "year": "1990",
        "confterm": "1",
        "ependdate": "1990-01-01",
        "ependprec": "1",
        "outcome": "7",
    }
    pd.DataFrame([row]).to_excel(path, index=False)
    with pytest.raises(BadTable, match="unknown outcome"):
        read_terminations(path)


def test_contributors_to_un_missions_are_no_parties(episodes: pd.DataFrame) -> None:
    by_id = episodes.set_index("episode_id")
    removed = by_id[by_id["has_un_contributors_removed"] == "true"]
    assert set(removed["conflict_id"]) == {
        str(r.conflict_id) for r in rules(ContributorRules).mission_years
    }
    mali, car = {"11347", "14113", "372"}, {"416", "15283"}
    assert set(removed["conflict_id"]) == mali | car | {"265", "283", "429", "14692"}
    p5 = {"2", "200", "220", "365", "710"}
    # France fought in Mali and the Central African Republic, Russia in Mali in 2024.
    assert {
        i: p5 & set(c.split(";"))
        for i, c in removed["gwno_a_secondary"].items()
        if p5 & set(c.split(";"))
    } == {
        "11347-2": {"220", "365"},
        "14113-1": {"220", "365"},
        "416-3": {"220"},
        "15283-1": {"220"},
    }
    assert (removed["gwno_a_secondary"].str.count(";") < 10).all()
    # The coalitions in Afghanistan, Iraq and Somalia are no UN missions.
    assert by_id.loc["418-1", "gwno_a_secondary"].count(";") > 10


def test_rules_on_contributors_by_hand() -> None:
    without_contributors = rules(ContributorRules).split
    assert without_contributors("11347", 2013, ["2", "220", "439"]) == (["220"], ["2", "439"])
    assert without_contributors("11347", 2024, ["365", "439"]) == (["365", "439"], [])
    assert without_contributors("416", 2001, ["620"]) == (["620"], [])
    assert without_contributors("14692", 2022, ["500", "510", "501"]) == (["500"], ["510", "501"])
    assert without_contributors("283", 1998, ["540", "552"]) == (["540", "552"], [])


def test_every_state_code_is_listed(compiled: dict[str, pd.DataFrame]) -> None:
    known = set(compiled["states"]["gwno"])
    for name in ("episodes", "host_states"):
        for column in [c for c in compiled[name] if c.startswith("gwno")]:
            used = set(compiled[name][column].str.split(";").explode()) - {""}
            assert used <= known, (name, column, used - known)


def test_cow_codes_of_states_that_cow_lists_otherwise(
    compiled: dict[str, pd.DataFrame],
) -> None:
    rows = compiled["states"]
    cow = {(r["gwno"], r["valid_from"]): r["cow_code"] for r in rows.to_dict("records")}
    assert cow["260", "1949-09-21"] == "260" and cow["260", "1990-10-03"] == "255"
    assert cow["678", "1990-05-22"] == "679" and cow["340", "2006-06-05"] == "345"
    assert cow["732", "1948-08-15"] == "732" and cow["731", "1948-09-09"] == "731"
    seats = {"2", "200", "220", "365", "710", "713"}
    assert set(rows.loc[rows["is_p5"] == "true", "gwno"]) == seats
    spans = rows.sort_values(["gwno", "valid_from"])
    before = spans.groupby("gwno")["valid_to"].shift()
    assert (before.isna() | (before < spans["valid_from"])).all()
    assert before[before.notna()].ne("").all()


def test_regions_follow_ucdp(episodes: pd.DataFrame, compiled: dict[str, pd.DataFrame]) -> None:
    single = episodes[
        ~episodes["gwno_loc"].str.contains(";") & ~episodes["regions"].str.contains(";")
    ]
    assert (single["region"] == single["regions"]).all()
    states = compiled["states"]
    region_of = rules(StateCodes).region_of
    assert [region_of(int(g)) for g in states["gwno"]] == states["region"].astype(int).tolist()
    with pytest.raises(BadTable, match="unknown state code"):
        region_of(999)


def test_spans_of_independence() -> None:
    states = pd.DataFrame(
        {
            "gwno": [260, 260, 366, 366],
            "valid_from": [
                date(1949, 9, 21),
                date(1990, 10, 3),
                date(1918, 11, 11),
                date(1991, 9, 6),
            ],
            "valid_to": [date(1990, 10, 2), None, date(1940, 6, 1), None],
        }
    )
    system = state_system(states)
    assert system.since(260, date(2000, 1, 1)) == date(1949, 9, 21)
    assert system.since(366, date(2000, 1, 1)) == date(1991, 9, 6)
    assert system.since(366, date(1950, 1, 1)) is None
    assert system.exists(366, date(1940, 6, 1)) and not system.exists(366, date(1940, 6, 2))
    assert system.alive(date(1950, 1, 1)) == (260,)


def test_hosts_look_back_only(compiled: dict[str, pd.DataFrame]) -> None:
    hosts = compiled["host_states"].merge(compiled["episodes"], on="episode_id")
    onset_year = hosts["onset_date"].str[:4].astype(int)
    columns = [c for c in hosts if c.endswith("_year") and c not in ("first_year", "last_year")]
    assert len(columns) == 7
    for column in columns:
        known = hosts[column] != ""
        lag = onset_year[known] - hosts.loc[known, column].astype(int)
        assert lag.between(1, 11).all(), column
        name = column.removesuffix("_year")
        assert ((hosts[f"has_{name}_coverage"] == "true") == known).all()
        assert ((hosts[name] != "") == known).all()
    nowhere = hosts[hosts["is_independent"] == "false"]
    assert (nowhere[columns] == "").all().all()


def test_coverage_of_hosts(compiled: dict[str, pd.DataFrame], civil: pd.DataFrame) -> None:
    hosts = compiled["host_states"]
    hosts = hosts[hosts["episode_id"].isin(civil["episode_id"])]
    shares = {c: (hosts[c] == "true").mean() for c in hosts if c.startswith("has_")}
    assert min(shares.values()) > 0.85
    for name in ("gdp_per_capita", "population_thousands", "polyarchy_index", "excluded_share"):
        assert shares[f"has_{name}_coverage"] > 0.95, name


def test_previous_episodes(compiled: dict[str, pd.DataFrame]) -> None:
    hosts = compiled["host_states"].set_index("episode_id")
    episodes = compiled["episodes"].set_index("episode_id")
    assert hosts.loc["200-4", "previous_episodes_conflict"] == "3"
    assert hosts.loc["200-4", "previous_episodes_country"] == "3"
    india = episodes[episodes["gwno_loc"].str.split(";").map(lambda codes: "750" in codes)]
    own = india[india["gwno_loc"].str.split(";").str[0] == "750"]
    for episode_id, onset in own["onset_date"].items():
        counted = int(hosts.loc[episode_id, "previous_episodes_country"])
        assert counted == (india["onset_date"] < onset).sum()


def test_latest_value_by_hand() -> None:
    values = {1945: 1.0, 1950: 2.0, 1955: 3.0}
    assert latest(values, 1954, date(1900, 1, 1)) == (1950, 2.0)
    assert latest(values, 1970, date(1900, 1, 1)) is None  # fifteen years old
    assert latest(values, 1954, date(1952, 1, 1)) is None  # from before independence
    assert latest(values, 1954, None) is None
    assert whole_years(date(1960, 9, 22), date(2012, 9, 22)) == 52


def test_excluded_share_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "epr.csv"
    header = "gwid,statename,from,to,group,groupid,gwgroupid,umbrella,size,status,reg_aut\n"
    path.write_text(
        header
        + "2,X,1946,1947,A,1,1,,0.6,MONOPOLY,\n"
        + "2,X,1946,1946,B,2,2,,0.2,POWERLESS,\n"
        + "2,X,1946,1947,C,3,3,,0.1,DISCRIMINATED,\n",
        encoding="utf-8",
    )
    shares = read_excluded_shares(path)
    assert shares[2][1946] == pytest.approx(0.3) and shares[2][1947] == pytest.approx(0.1)
    path.write_text(header + "2,X,1946,1947,A,1,1,,0.6,KING,\n", encoding="utf-8")
    with pytest.raises(BadTable, match="unknown status"):
        read_excluded_shares(path)


def test_examples_in_docstrings() -> None:
    rooms = (collsec.compile, collsec.upstream)
    names = [m.name for r in rooms for m in pkgutil.walk_packages(r.__path__, f"{r.__name__}.")]
    tried = 0
    for name in sorted(names):
        result = doctest.testmod(importlib.import_module(name))
        assert result.failed == 0, name
        tried += result.attempted
    assert tried >= 10
