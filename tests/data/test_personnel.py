"""Contributors and people of operations by two further publications: known months, rules."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.missions.labels import LabelRules
from collsec.compile.missions.personnel import (
    COUNTS,
    PersonnelRules,
    contributor_months_from,
    mapped_contributors_from,
    mission_of,
    personnel_months_from,
    read_counts,
    units_of,
)
from collsec.compile.package import cited_keys
from collsec.compile.states.states import StateNames
from collsec.core.errors import BadTable
from collsec.evidence.dataset import licenses_of
from collsec.histories.public import PUBLIC
from study import PROJECT

LABELS, RULES = rules(LabelRules), rules(PersonnelRules)
KINDS = ("troops", "police", "observers", "total")


def read(repository: Path, path: str) -> pd.DataFrame:
    """A committed table."""
    return pd.read_csv(repository / "data/raw" / f"{path}.csv")


@pytest.fixture(scope="module")
def record(shared: Path) -> pd.DataFrame:
    """The monthly publication, all text."""
    path = shared / "upstream/ipi/data_mission.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_known_months(repository: Path, record: pd.DataFrame) -> None:
    """Read by eye in the file."""
    table = read(repository, "compiled/contributor_months")

    def states(mission: str, month: str) -> int:
        own = table[(table["mission_id"] == mission) & (table["from_month"].str[:7] <= month)]
        return int(own[own["to_month"].str[:7] >= month]["contributing_states"].iloc[0])

    assert states("unavem-i", "1990-11") == 11
    assert states("unavem-ii", "1994-05") == 17 and states("unavem-ii", "1995-01") == 18
    assert states("unavem-iii", "1995-02") == 24 and states("unavem-iii", "1995-06") == 33
    assert states("unosom-ii", "1994-05") == 20 and states("unosom-ii", "1995-01") == 14
    assert states("unamic", "1992-02") == 26 and states("untac", "1992-03") == 28
    assert states("unoci", "2005-05") == 49 and states("unoci", "2005-06") == 50
    people = read(repository, "compiled/personnel_months").set_index(["mission_id", "month"])
    columns = [f"counted_{kind}" for kind in KINDS]
    assert people.loc[("unoci", "2005-06-30"), columns].tolist() == [5847, 218, 194, 6259]
    assert people.loc[("unmibh", "1996-01-31"), columns].tolist() == [0, 211, 0, 211]
    assert people.loc[("unamic", "1991-11-30"), columns].isna().tolist() == [True] * 3 + [False]
    # Of 5,330 rows 4,719 are of an operation while it stood.
    assert len(record) == 5330 and len(people) == 4719
    doubtful = table[table["is_doubtful_count"]]
    assert set(zip(doubtful["mission_id"], doubtful["from_month"], strict=True)) == {
        ("unisfa", "2012-01-31"),
        ("unomig", "2006-10-31"),
        ("untso", "2005-11-30"),
    }


def test_operations_known_from_their_first_months(repository: Path) -> None:
    """Of 51 operations founded since November 1990, 46 within three months of the authorization."""
    missions = read(repository, "coded/missions").set_index("mission_id")
    table = read(repository, "compiled/contributor_months")
    first = pd.to_datetime(table.groupby("mission_id")["from_month"].min()).dt.to_period("M")
    founded = pd.to_datetime(missions["authorized_date"].loc[first.index]).dt.to_period("M")
    later = (first - founded).map(lambda n: n.n)[founded >= pd.Period("1990-11", "M")]
    assert len(first) == 59 and len(later) == 51
    assert ((later <= 0).sum(), (later <= 1).sum(), (later <= 3).sum()) == (20, 38, 46)


def test_two_publications_agree(repository: Path) -> None:
    """Shares of months without any difference, and the months that are far apart."""
    table = read(repository, "compiled/personnel_months")
    same = {k: round(float((table[f"{k}_difference"].dropna() == 0).mean()), 3) for k in KINDS}
    assert same == {"troops": 0.957, "police": 0.98, "observers": 0.944, "total": 0.921}
    known = table.dropna(subset=["total_difference"])
    own = known["counted_total"] - known["total_difference"]
    assert len(known) == 4516 and round(known["counted_total"].corr(own), 4) == 0.9999
    apart = known[known["total_difference"].abs() > 200]
    assert len(apart) == 47
    assert apart["mission_id"].value_counts().head(2).to_dict() == {"unosom-ii": 14, "onusal": 10}


def test_maps_agree_with_the_counts_of_contributors(repository: Path) -> None:
    maps = read(repository, "compiled/mapped_contributors")
    assert maps["mission_id"].nunique() == 34 and set(maps["year"]) == set(range(1994, 2025))
    years = maps.drop_duplicates(["mission_id", "year"])
    assert len(years) == 306 and (years["unsized_share"] == 0).sum() == 158
    counted = read(repository, "compiled/contributor_years")
    both = counted.merge(maps, on=["mission_id", "year", "gwno"])
    assert len(both) == 1434 and round(both["people_share"].corr(both["nominal_share"]), 2) == 0.83
    largest = [
        frame.dropna(subset=[share])
        .sort_values(share, ascending=False, kind="stable")
        .drop_duplicates(["mission_id", "year"])
        .set_index(["mission_id", "year"])["gwno"]
        for frame, share in ((counted, "people_share"), (maps, "nominal_share"))
    ]
    pair = pd.concat(largest, axis=1, join="inner", keys=["counted", "maps"])
    assert len(pair) == 117 and (pair["counted"] == pair["maps"]).sum() >= 77


def test_one_map_by_hand(repository: Path, shared: Path) -> None:
    """MINUSCA in 2020, added up in another way."""
    raw = pd.read_csv(shared / "upstream/geo_pko/TCCMap_v.2.3.csv", dtype=str)
    own = raw[(raw["mission"] == "MINUSCA") & (raw["year"] == "2020")]["year.overview"]
    gabon = own.str.extractall(r"Gabon \((\d+)\)")[0].astype(int)
    maps = read(repository, "compiled/mapped_contributors")
    row = maps[(maps["mission_id"] == "minusca") & (maps["year"] == 2020) & (maps["gwno"] == 481)]
    assert row["nominal_people"].tolist() == [gabon.sum()]
    assert row["mapped_places"].tolist() == [own.str.count("Gabon").sum()]


def test_licenses_stay_beside_the_tables(repository: Path) -> None:
    """A table that cites data under GPL-2 is under it; LICENSE names each, and no other."""
    raw = repository / "data/raw"
    sources = tomllib.loads((raw / "sources.toml").read_text(encoding="utf-8"))
    alike = {key for key, one in sources.items() if "GPL-2 (repository)" in one["licence"]}
    assert alike >= {"geo_pko", "geo_pko_contributors", "geo_pko_locations", "ipi_peacekeeping"}
    package = json.loads((raw / "datapackage.json").read_text(encoding="utf-8"))
    found = set()
    for one in package["resources"]:
        if one["path"].endswith(".csv"):
            names = [license_["name"] for license_ in one["licenses"]]
            is_alike = bool(cited_keys(raw / one["path"]) & alike)
            assert names == (["GPL-2.0"] if is_alike else ["CC-BY-4.0"]), one["name"]
            found |= {one["name"]} if is_alike else set()
    told = (repository / "LICENSE").read_text(encoding="utf-8").split("but for these tables:")[1]
    public = {"missions", "mission_months"}
    named = set(re.findall(r"[a-z]+_[a-z]+", told.split("(https")[0])) - {"data_package"}
    assert named == found | {"mission_months"}
    assert public == {
        name for name, one in licenses_of(PROJECT, list(PUBLIC)).items() if one["name"] == "GPL-2.0"
    }


def test_labels_by_hand() -> None:
    cases = {
        ("UNAVEM", "1991-05"): "unavem-i",
        ("UNAVEM", "1991-06"): "unavem-ii",
        ("UNAVEM II", "1995-02"): "unavem-iii",
        ("UNOSOM", "1993-04"): "unosom-i",
        ("UNOSOM", "1993-05"): "unosom-ii",
        ("UNTAC", "1992-02"): "unamic",
        ("ONUCI", "2005-05"): "unoci",
        ("IPTF", "1996-01"): "unmibh",
        ("UNMIL", "2003-09"): "unmil",
    }
    for (label, month), mission in cases.items():
        assert mission_of(label, month, LABELS, RULES) == mission


def counts_of(tmp_path: Path, *rows: tuple[str, str, str, str, str, str, str]) -> pd.DataFrame:
    path = tmp_path / "counts.csv"
    pd.DataFrame(rows, columns=["Date", "Mission", *COUNTS.values()]).to_csv(path, index=False)
    spans = {"unmil": ("2003-09-19", "2003-12-05"), "unoci": ("2004-02-27", "")}
    return read_counts(path, LABELS, RULES, spans)


def test_counts_by_hand(tmp_path: Path) -> None:
    counts = counts_of(
        tmp_path,
        ("2003-08-31", "UNMIL", "1", "1", "NA", "NA", "1"),
        ("2003-09-30", "UNMIL", "5", "9", "NA", "NA", "9"),
        ("2003-10-31", "UNMIL", "2", "8", "2", "NA", "10"),
        ("2003-12-31", "UNMIL", "6", "7", "NA", "3", "10"),
        ("2004-01-31", "UNMIL", "7", "7", "NA", "3", "10"),
        ("2004-01-31", "UNAMI", "7", "7", "NA", "3", "10"),
    )
    assert counts["month"].astype(str).tolist() == ["2003-09", "2003-10", "2003-12"]
    runs = contributor_months_from(counts)
    assert runs["contributing_states"].tolist() == [5, 2, 6]
    assert runs["is_doubtful_count"].tolist() == [False, True, False]
    months = pd.PeriodIndex(["2003-10"], freq="M")
    own = pd.DataFrame({"mission_id": ["unmil"], "month": months, "troops": [8.0], "total": [9.0]})
    own = own.assign(police=1.0, observers=float("nan"))
    people = personnel_months_from(counts, own)
    assert people["counted_troops"].isna().tolist() == [True, False, False]
    assert people["counted_police"].tolist()[1:] == [2, 0]
    assert people["counted_observers"].tolist()[1:] == [0, 3]
    assert people.loc[1, ["troops_difference", "police_difference"]].tolist() == [0, 1]
    assert people["total_difference"].isna().tolist() == [True, False, True]
    with pytest.raises(BadTable, match="two rows"):
        twice = ("2005-05-31", "UNOCI", "1", "1", "1", "1", "1")
        counts_of(tmp_path, twice, ("2005-05-31", "ONUCI", *twice[2:]))


def test_maps_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "maps.csv"
    rows = [
        ("UNMIL", "2004", "Ghana (650), TCC name unknown (150)"),
        ("UNMIL", "2004", "Ghana (size unknown), UK (200)"),
        ("UNAMI", "2004", "Fiji (150)"),
    ]
    pd.DataFrame(rows, columns=["mission", "year", "year.overview"]).to_csv(path, index=False)
    args = ({"unmil"}, LABELS, RULES, rules(StateNames))
    table = mapped_contributors_from(path, *args).set_index("gwno")
    assert table.loc[452, ["mapped_places", "unsized_places", "nominal_people"]].tolist() == [
        2,
        1,
        650,
    ]
    assert table["nominal_share"].to_dict() == {200: 0.2, 452: 0.65}
    assert table["unsized_share"].tolist() == [0.25, 0.25]
    with pytest.raises(BadTable, match="no list of states"):
        units_of("Ghana, India (150)x", "maps.csv", 2)
    path.write_text('mission,year,year.overview\nUNMIL,2004,"Ghanaa (1)"\n', encoding="utf-8")
    with pytest.raises(BadTable, match="unknown contributor"):
        mapped_contributors_from(path, *args)
