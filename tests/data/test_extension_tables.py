"""Extension tables against their sources, counted anew without the package's readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.states.states import StateCodes, StateNames
from collsec.upstream.readers import read_columns

gwno_of_cow, GWNO = rules(StateCodes).gwno_of_cow, rules(StateNames).gwno

COMPILED = Path("data/raw/compiled")
P5 = {2, 200, 220, 365, 710}


def read(repository: Path, name: str) -> pd.DataFrame:
    """A committed table, all text."""
    return pd.read_csv(repository / COMPILED / f"{name}.csv", dtype=str, keep_default_na=False)


# Strength of operations ------------------------------------------------------------------------


def test_strength_is_the_mean_of_real_counts(repository: Path, shared: Path) -> None:
    """Bara and Hultman's real counts alone, where the table rests on them alone."""
    path = shared / "upstream/un_missions/UN and Non-UN Peacekeeping_v2-2019.dta"
    raw = pd.read_stata(path, convert_categoricals=False)
    raw = raw[raw["org"] == 1].drop_duplicates(["missionid", "date"])
    raw = raw[raw["IPI_totals"].notna()]
    raw["year"] = raw["date"].dt.year.astype(str)
    means = raw.groupby([raw["mission"].str.lower(), "year"]).agg(
        total=("IPI_totals", "mean"), peak=("IPI_troops", "max"), months=("date", "size")
    )
    ours = read(repository, "mission_strength").set_index(["mission_id", "year"])
    for key, troops in {
        ("minusma", "2016"): 10727,
        ("minusca", "2016"): 10332,
        ("unmiss", "2016"): 12160,
    }.items():
        assert int(ours.loc[key, "mean_total"]) == round(means.loc[key, "total"])
        assert int(ours.loc[key, "peak_troops"]) == means.loc[key, "peak"]
        assert ours.loc[key, "counted_months"] == "12"
        assert abs(int(ours.loc[key, "peak_troops"]) - troops) < 1500
    # UNAMSIL, October 1999: 4,824 people are filled in backwards, 207 were there.
    assert int(ours.loc[("unamsil", "1999"), "peak_total"]) < 4824
    assert ("unamsil", "1998") not in ours.index


def test_strength_holds_together(repository: Path) -> None:
    table = read(repository, "mission_strength")
    assert len(table) == 539 and table["mission_id"].nunique() == 60
    counted = table[table["counted_months"] != ""]
    assert (counted["year"].astype(int).min(), counted["year"].astype(int).max()) == (1990, 2016)
    assert (counted["mean_total"].astype(int) <= counted["peak_total"].astype(int)).all()
    told = counted[counted["mean_troops"] != ""]
    assert (told["mean_troops"].astype(int) <= told["peak_troops"].astype(int)).all()
    milestones = read(repository, "mission_milestones").set_index("mission_id")
    peaks = counted.assign(peak=counted["peak_total"].astype(int)).groupby("mission_id")["peak"]
    assert peaks.max().equals(milestones["peak_total"].astype(int).loc[peaks.max().index])
    months = counted.assign(n=counted["counted_months"].astype(int)).groupby("mission_id")["n"]
    assert months.sum().equals(milestones["counted_months"].astype(int).rename("n"))
    mapped = table[table["locations"] != ""]
    assert (mapped["locations_with_troops"].astype(int) <= mapped["locations"].astype(int)).all()
    alone = table[table["source"] == "geo_pko"]
    assert (alone["mean_total"] == "").all() and set(alone["artifacts"]) == {""}


def test_locations_are_those_of_the_maps(repository: Path, shared: Path) -> None:
    maps = pd.read_csv(shared / "upstream/un_missions/FrontMap_v.2.3.csv")
    ours = read(repository, "mission_strength").set_index(["mission_id", "year"])
    for mission, label, year in (
        ("monusco", "MONUSCO", 2018),
        ("unifil", "UNIFIL", 2000),
        ("minusma", "MINUSMA", 2024),
        ("unavem-iii", "UNAVEM III", 1995),
        ("unmik", "UNMIK", 2020),
    ):
        own = maps[(maps["mission"] == label) & (maps["year"] == year)]
        places = own.drop_duplicates(["latitude", "longitude"])
        armed = own[own["ave.no.troops"] > 0].drop_duplicates(["latitude", "longitude"])
        row = ours.loc[(mission, str(year))]
        assert int(row["locations"]) == len(places) > 0, mission
        assert int(row["locations_with_troops"]) == len(armed), mission
    operations = {"BINUB", "UNIOSIL"}
    listed = maps[~maps["mission"].isin(operations)].drop_duplicates(["mission", "year"])
    assert (ours["locations"] != "").sum() == len(listed)


# Contributors ----------------------------------------------------------------------------------


def test_concentration_by_hand(repository: Path, shared: Path) -> None:
    raw = pd.read_csv(shared / "upstream/un_missions/CountryByYear.csv")
    ours = read(repository, "troop_contributors").set_index(["mission_id", "year"])
    for label, year in (("MONUSCO", 2015), ("UNIFIL", 2019), ("UNMISS", 2021)):
        own = raw[(raw["Mission"] == label) & (raw["Year"] == year) & (raw["Total"] > 0)]
        shares = own["Total"] / own["Total"].sum()
        row = ours.loc[(label.lower(), str(year))]
        assert int(row["contributors"]) == len(own)
        assert float(row["concentration_index"]) == pytest.approx((shares**2).sum(), abs=5e-5)
        top = own.loc[own["Total"].idxmax()]
        assert int(row["gwno_top"]) == GWNO[top["Country"]]
        seats = own["Country"].map(GWNO).isin(P5)
        assert float(row["p5_share"]) == pytest.approx(shares[seats].sum(), abs=5e-5)
        assert int(row["p5_contributors"]) == seats.sum()


def test_years_that_the_file_does_not_hold_in_full(repository: Path, shared: Path) -> None:
    raw = pd.read_csv(shared / "upstream/un_missions/CountryByYear.csv")
    # 2010 breaks off after the first names of the alphabet.
    assert raw.loc[raw["Year"] == 2010, "Country"].nunique() == 12
    ours = read(repository, "troop_contributors")
    assert ours["year"].min() == "2011"
    keys = set(ours[["mission_id", "year"]].itertuples(index=False, name=None))
    # Lines of contributors are lacking: France, Italy, Spain, India …; Rwanda; Croatia.
    for mission, year, state in (
        ("UNIFIL", 2011, "France"),
        ("UNAMID", 2012, "Rwanda"),
        ("UNMIL", 2011, "Croatia"),
    ):
        lines = raw[(raw["Mission"] == mission) & (raw["Country"] == state)]
        assert year not in set(lines["Year"]) and year + 1 in set(lines["Year"])
        assert (mission.lower(), str(year)) not in keys
    named = {m.lower() for m in raw["Mission"]}
    people = raw[raw["Total"] > 0]
    coded = pd.read_csv(repository / "data/raw/coded/missions.csv")
    un = set(coded.loc[coded["sponsor"] == "un", "mission_id"]) & named
    expected = {
        (m.lower(), str(y))
        for m, y in people[["Mission", "Year"]].drop_duplicates().itertuples(index=False, name=None)
        if m.lower() in un and y > 2010
    }
    assert expected - keys == {("unifil", "2011"), ("unamid", "2012"), ("unmil", "2011")}
    assert keys <= expected and len(keys) == 163
    assert set(ours.loc[ours["is_thin"] == "true", "year"]) == {"2017", "2021"}
    known = ours.loc[ours["months_share"] != "", "months_share"].astype(float)
    assert len(known) > 60 and known.between(0.55, 1.05).all()


def test_shares_hold_together(repository: Path) -> None:
    table = read(repository, "troop_contributors")
    n = table["contributors"].astype(int)
    index, top = table["concentration_index"].astype(float), table["top_share"].astype(float)
    assert (index >= 1 / n - 1e-4).all() and (index <= top + 1e-4).all()
    assert (index >= top**2 - 1e-4).all()
    assert (table["p5_share"].astype(float) <= 1).all()
    none = table["p5_contributors"] == "0"
    assert (table.loc[none, "p5_share"].astype(float) == 0).all()


# Peace agreements ------------------------------------------------------------------------------


def test_agreements_are_those_of_the_file(repository: Path, shared: Path) -> None:
    folder = shared / "upstream/peace_agreements_other"
    raw = pd.read_excel(
        folder / "ucdp-peace-agreements-221.xlsx", dtype=str, engine="openpyxl"
    ).fillna("")
    table = read(repository, "peace_agreements")
    pairs = {
        (paid, conflict.strip())
        for paid, cell in raw[["paid", "conflict_id"]].itertuples(index=False, name=None)
        for conflict in cell.split(",")
    }
    assert len(raw) == 374 and len(pairs) == 382 == len(table)
    assert set(table[["agreement_id", "conflict_id"]].itertuples(index=False, name=None)) == pairs
    own = raw.set_index("paid").loc[table["agreement_id"]].reset_index(drop=True)
    assert (table["signed_date"] == own["pa_date"].str[:10]).all()
    once = table.drop_duplicates("agreement_id")
    assert once["kind"].value_counts().to_dict() == {"partial": 213, "process": 84, "full": 77}
    provided = {
        "ceasefire": ("cease", 176),
        "peacekeeping": ("pko", 50),
        "disarmament": ("ddr", 121),
        "right_to_party": ("pp", 46),
        "shared_government": ("shagov", 53),
        "autonomy": ("aut", 24),
        "referendum": ("ref ", 15),
        "amnesty": ("amn", 78),
        "return_of_refugees": ("return ", 94),
        "implementation_commission": ("co_impl", 146),
    }
    for name, (column, n) in provided.items():
        has = table["provisions"].str.split(";").map(lambda clauses, name=name: name in clauses)
        assert (has == (own[column] == "1")).all(), name
        assert has[once.index].sum() == n, name
    for flag, clause in (("has_ceasefire", "ceasefire"), ("has_peacekeeping", "peacekeeping")):
        has = (
            table["provisions"].str.split(";").map(lambda clauses, clause=clause: clause in clauses)
        )
        assert (has == (table[flag] == "true")).all()
    for cell, ids in zip(own["actor_id"], table["signatory_ids"], strict=True):
        assert set(ids.split(";")) == {i.strip() for i in cell.split(",")}
    assert (table["signatories"].str.count(";") == table["signatory_ids"].str.count(";")).all()
    assert (once["has_un_signatory"] == "true").sum() == 68


def test_the_earlier_copy_lacks_agreements_and_contradicts_none(
    repository: Path, shared: Path
) -> None:
    """Two copies of one release: what both have is the same, 33 stand in the complete one alone."""
    raw = pd.read_excel(
        shared / "upstream/peace_agreements_other/PAD_final.xlsx", dtype=str, engine="openpyxl"
    ).set_index("paid")
    once = read(repository, "peace_agreements").drop_duplicates("agreement_id")
    both = once[once["agreement_id"].isin(raw.index)].set_index("agreement_id")
    assert len(raw) == len(both) == 341 and len(once) == 374
    assert (both["signed_date"] == raw.loc[both.index, "pa_date"].str[:10]).all()
    kinds = {"1": "full", "2": "partial", "3": "process"}
    assert (both["kind"] == raw.loc[both.index, "pa_type"].map(kinds)).all()
    types = read(repository, "episodes").drop_duplicates("conflict_id").set_index("conflict_id")
    lacking = once[~once["agreement_id"].isin(raw.index)]
    of_type = types.loc[lacking["conflict_id"], "type_at_onset"].value_counts()
    assert of_type.to_dict() == {"interstate": 32, "intrastate": 1}


def test_agreements_lie_where_they_say(repository: Path) -> None:
    table = read(repository, "peace_agreements")
    episodes = read(repository, "episodes").set_index("episode_id")
    assert table["timing"].value_counts().to_dict() == {"during": 236, "after": 146}
    own = episodes.loc[table["episode_id"]].reset_index(drop=True)
    assert (own["conflict_id"] == table["conflict_id"]).all()
    signed = pd.to_datetime(table["signed_date"])
    since = (signed - pd.to_datetime(own["onset_date"])).dt.days
    assert (since.astype(str) == table["days_since_onset"]).all()
    ended = own["end_date"] != ""
    to_end = (pd.to_datetime(own["end_date"].where(ended)) - signed).dt.days
    assert ((table["days_to_end"] == "") == ~ended).all()
    assert (to_end[ended].astype(int).astype(str) == table.loc[ended, "days_to_end"]).all()
    assert ((to_end < 0) == (table["timing"] == "after")).all()
    later = episodes.sort_values("onset_date").groupby("conflict_id")
    for row in table.itertuples():
        begun = later.get_group(row.conflict_id)
        begun = begun[begun["onset_date"] <= row.signed_date]
        assert begun.index[-1] == row.episode_id


# External support ------------------------------------------------------------------------------


def test_support_agrees_with_the_draft(repository: Path, shared: Path) -> None:
    """Conflict-years of the draft that leaves out UN missions, within episodes of wars."""
    table = read(repository, "external_support")
    episodes = read(repository, "episodes").set_index("episode_id")
    codes = {"usa": "usa", "uk": "gbr", "france": "fra", "russia": "rus", "china": "chn"}
    sides = {"government": "gov", "rebels": "reb"}
    ours = {
        (episodes.loc[e, "conflict_id"], year, f"esd_{codes[p]}_{sides[s]}")
        for e, p, s, years in table[["episode_id", "power", "side", "years"]].itertuples(
            index=False, name=None
        )
        for year in years.split(";")
    }
    draft = pd.read_csv(
        shared / "derived/esd_p5_support_conflict_year_excl_unpko.csv", dtype={"conflict_id": str}
    )
    long = draft.melt(["conflict_id", "year"])
    theirs = {(c, str(y), v) for c, y, v, flag in long.itertuples(index=False, name=None) if flag}
    active = {
        (c, str(y))
        for c, first, last in episodes[["conflict_id", "first_year", "last_year"]].itertuples(
            index=False, name=None
        )
        for y in range(int(first), int(last) + 1)
    }
    interstate = set(episodes.loc[episodes["type_at_onset"] == "interstate", "conflict_id"])
    assert ours <= theirs
    missed = {t for t in theirs - ours if t[:2] in active and t[0] not in interstate}
    assert missed == set()
    assert len(ours) == 1263


def test_support_is_flagged_and_no_un_mission(repository: Path, shared: Path) -> None:
    table = read(repository, "external_support")
    assert len(table) == 315 and set(table["is_post_onset"]) == {"true"}
    raw = pd.read_excel(
        shared / "upstream/ucdp_esd/ucdp-esd-ty-raw.xlsx", dtype=str, engine="openpyxl"
    )
    powers = raw["ext_name"].isin(
        [
            "Government of United States of America",
            "Government of United Kingdom",
            "Government of France",
            "Government of Russia (Soviet Union)",
            "Government of China",
        ]
    )
    un = raw["ext_coalition_name"].fillna("").str.contains("MINUSMA")
    assert (powers.sum(), (powers & un).sum()) == (1939, 59)
    # Mali: China was there with the UN only; France stands under the mixed label only.
    mali = table[table["episode_id"].str.startswith("11347-")]
    assert set(mali["power"]) == {"usa"} and mali["last_year"].max() == "2012"
    assert table["years"].str.split(";").str[0].eq(table["first_year"]).all()
    assert table["years"].str.split(";").str[-1].eq(table["last_year"]).all()
    assert (
        (table["has_own_troops"] == "true")
        == table["kinds"].str.split(";").map(lambda kinds: "troops" in kinds)
    ).all()


# Regional arrangements -------------------------------------------------------------------------


def test_regional_pacts_counted_anew(repository: Path, shared: Path) -> None:
    pacts = read_columns(
        shared / "upstream/peacesciencer/atop_alliance.rda",
        ["ccode1", "ccode2", "year", "atop_defense"],
    )
    pacts = pacts[pacts["atop_defense"] == 1]
    table = read(repository, "regional_arrangements").set_index("episode_id")
    assert len(table) == 620
    for episode_id, host in (("316-1", 92), ("416-3", 482), ("230-4", 678)):
        row = table.loc[episode_id]
        assert int(row["gwno_host"]) == host
        year = int(row["pact_year"])
        own = pacts[pacts["year"] == year]
        one = [(int(a), int(b)) for a, b in zip(own["ccode1"], own["ccode2"], strict=True)]
        codes = [(gwno_of_cow(a, year), gwno_of_cow(b, year)) for a, b in one]
        partners = {b for a, b in codes if a == host} | {a for a, b in codes if b == host}
        assert int(row["defense_partners"]) == len(partners - {host}), episode_id
    known = table[table["has_pact_coverage"] == "true"]
    n = {
        c: known[c].astype(int)
        for c in ("defense_partners", "regional_partners", "p5_partners", "regional_states")
    }
    assert (n["regional_partners"] <= n["defense_partners"]).all()
    assert (n["regional_partners"] <= n["regional_states"]).all()
    assert ((n["regional_partners"] > 0) == (known["has_regional_arrangement"] == "true")).all()
    onset = read(repository, "episodes").set_index("episode_id")["onset_date"].str[:4].astype(int)
    lag = onset.loc[known.index] - known["pact_year"].astype(int)
    assert lag.between(1, 5).all()


def test_partners_and_ties_tell_the_same_pacts(repository: Path) -> None:
    """The permanent members among the partners are those with a pact in the table of ties."""
    ties = read(repository, "p5_ties")
    own = ties[(ties["host_ordinal"] == "1") & (ties["is_p5"] == "true")]
    pacts = own.assign(n=own["has_defense_pact"] == "true").groupby("episode_id")["n"].sum()
    table = read(repository, "regional_arrangements").set_index("episode_id")
    both = table[table["has_pact_coverage"] == "true"].join(pacts)
    differ = both[both["p5_partners"].astype(int) != both["n"]]
    # Where a seat changed hands between the year of the pacts and the onset, they may differ.
    assert len(differ) <= 3, differ[["p5_partners", "n"]]


def test_one_sided_promises_count(repository: Path) -> None:
    ties = read(repository, "p5_ties").set_index(["episode_id", "gwno_host", "power"])
    # The United States promised to defend Iran (1959) and Pakistan, France Djibouti.
    for key in (("324-1", "630", "usa"), ("404-1", "770", "usa"), ("379-1", "522", "france")):
        assert ties.loc[key, "has_defense_pact"] == "true", key


# World power -----------------------------------------------------------------------------------


def test_power_sums_to_one_and_is_squared_right(repository: Path, shared: Path) -> None:
    raw = read_columns(shared / "upstream/peacesciencer/cow_nmc.rda", ["ccode", "year", "cinc"])
    raw = raw.dropna()
    table = read(repository, "world_power").set_index("year")
    assert list(table.index) == [str(y) for y in range(1946, 2023)]
    for year in (1946, 1965, 1991, 2022):
        own = raw[raw["year"] == year].set_index("ccode")["cinc"]
        row = table.loc[str(year)]
        # A little above 1 in years in which states of both sides of a succession are counted.
        assert own.sum() == pytest.approx(1, abs=0.02)
        assert int(row["states"]) == len(own)
        assert float(row["concentration_index"]) == pytest.approx((own**2).sum(), abs=5e-6)
        assert float(row["top_share"]) == pytest.approx(own.max(), abs=5e-5)
        assert int(row["states_over_tenth"]) == (own > 0.10).sum()
        china = 713 if 1950 <= year <= 1970 else 710
        assert float(row["p5_share"]) == pytest.approx(
            own[[2, 200, 220, 365, china]].sum(), abs=5e-5
        )
    # "No state controls more than 10 %": never so since 1946.
    assert (table["states_over_tenth"].astype(int) >= 1).all()
    assert np.isclose(table["top_share"].astype(float).max(), 0.364, atol=1e-3)
