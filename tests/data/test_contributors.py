"""Contributors and locations: made again from the extract, and held against other counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.missions.labels import LabelRules
from collsec.compile.missions.locations import (
    SLOTS,
    LocationRules,
    mission_contributors_from,
    mission_locations_from,
    read_locations,
)
from collsec.compile.states.states import StateNames
from collsec.compile.text import csv_text
from collsec.core.errors import BadTable

EXTRACT = Path("derived/geopko_1994_2020_extract.csv.gz")


def read(repository: Path, path: str) -> pd.DataFrame:
    """A committed table."""
    return pd.read_csv(repository / "data/raw" / f"{path}.csv")


@pytest.fixture(scope="module")
def extract(repository: Path, shared: Path) -> pd.DataFrame:
    """Locations of the UN's operations."""
    if not (shared / EXTRACT).exists():
        pytest.skip("the extract is absent")
    missions = read(repository, "coded/missions")
    operations = set(missions.loc[missions["sponsor"] == "un", "mission_id"])
    return read_locations(shared / EXTRACT, operations, rules(LabelRules))


@pytest.mark.full
def test_both_tables_are_what_the_rule_makes(repository: Path, extract: pd.DataFrame) -> None:
    coded = repository / "data/raw/coded"
    places = csv_text(mission_locations_from(extract))
    assert places == (coded / "mission_locations.csv").read_text(encoding="utf-8")
    states = mission_contributors_from(extract, rules(LocationRules), rules(StateNames))
    assert csv_text(states) == (coded / "mission_contributors.csv").read_text(encoding="utf-8")


def test_sums_are_those_of_the_extract(repository: Path, shared: Path) -> None:
    if not (shared / EXTRACT).exists():
        pytest.skip("the extract is absent")
    raw = pd.read_csv(shared / EXTRACT, low_memory=False)
    assert len(raw) == 18699
    troops = pd.to_numeric(raw["no.troops"], errors="coerce")
    assert troops.isna().sum() == 502
    places = read(repository, "coded/mission_locations")
    assert len(places) == 1096 and places["mission_id"].nunique() == 50
    offices = raw["mission"].isin(["BINUB", "UNIOSIL"])
    assert places["mapped_troops"].sum() == troops[~offices].sum() == 5731378
    states = read(repository, "coded/mission_contributors")
    named = sum(
        pd.to_numeric(raw[f"notroopspertcc_{i}"], errors="coerce")
        .where(~raw[f"nameoftcc_{i}"].isna() & (raw[f"nameoftcc_{i}"].astype(str) != "0"))
        .sum()
        for i in SLOTS
    )
    assert len(states) == 7890 and states["mapped_troops"].sum() == named == 5697440


def test_troops_on_maps_go_with_real_counts(repository: Path) -> None:
    """Months with a map and a count of troops: the two are of the same operations."""
    runs = read(repository, "compiled/monthly_strength")
    counted = pd.concat(
        [
            pd.DataFrame(
                {"month": pd.period_range(r.from_month[:7], r.to_month[:7], freq="M").astype(str)}
            ).assign(mission_id=r.mission_id, troops=r.troops)
            for r in runs[runs["troops"].notna()].itertuples()
        ]
    )
    places = read(repository, "coded/mission_locations")
    places["month"] = places["month"].str[:7]
    both = places.merge(counted, on=["mission_id", "month"])
    assert len(both) == 896
    assert np.corrcoef(both["mapped_troops"], both["troops"])[0, 1] == pytest.approx(
        0.943, abs=1e-3
    )


def test_contributors_of_maps_and_of_figures_agree(repository: Path) -> None:
    """Shares of a year by the maps (troops) and by the UN's figures (all in uniform)."""
    figures = read(repository, "compiled/contributor_years")
    assert len(figures) == 5686 and figures["gwno"].nunique() == 137
    sums = figures.groupby(["mission_id", "year"])["people_share"].sum()
    assert len(sums) == 163 and (sums - 1).abs().max() < 1.1e-3
    summary = read(repository, "compiled/troop_contributors").set_index(["mission_id", "year"])
    top = figures.groupby(["mission_id", "year"])["people_share"].max()
    assert np.allclose(top, summary["top_share"].loc[top.index], atol=1e-4)
    maps = read(repository, "coded/mission_contributors").dropna(subset=["gwno"])
    maps["year"] = maps["month"].str[:4].astype(int)
    troops = maps.groupby(["mission_id", "year", "gwno"])["mapped_troops"].sum()
    share = troops / troops.groupby(level=[0, 1]).transform("sum")
    key = ["mission_id", "year", "gwno"]
    both = figures.set_index(key).join(share.rename("mapped_share")).dropna()
    assert len(both) == 1268
    assert np.corrcoef(both["people_share"], both["mapped_share"])[0, 1] == pytest.approx(
        0.849, abs=2e-3
    )


def test_a_map_by_hand() -> None:
    empty = {f"{c}_{i}": "NA" for i in SLOTS for c in ("nameoftcc", "notroopspertcc")}
    day = pd.Period("2001-02").end_time.date()
    common = empty | {"mission_id": "x", "day": day, "unmo.dummy": "0"}
    first = common | {"latitude": "1", "longitude": "2", "no.troops": "300"}
    first |= {"nameoftcc_1": "UK", "notroopspertcc_1": "200"}
    first |= {"nameoftcc_2": "Multinational", "notroopspertcc_2": "100"}
    second = common | {"latitude": "3", "longitude": "4", "no.troops": "unknown"}
    second |= {"nameoftcc_1": "Britain", "notroopspertcc_1": "unknown", "unmo.dummy": "1"}
    table = pd.DataFrame([first, second])
    places = mission_locations_from(table).iloc[0]
    assert places[
        [
            "locations",
            "locations_with_troops",
            "locations_unreported",
            "locations_with_observers",
            "mapped_troops",
            "largest_location_share",
        ]
    ].tolist() == [2, 1, 1, 1, 300, 1.0]
    states = mission_contributors_from(table, rules(LocationRules), rules(StateNames))
    assert states["contribution_id"].tolist() == ["x/2001-02/none", "x/2001-02/200"]
    assert states["mapped_troops"].tolist() == [100, 200]
    assert states["units_unreported"].tolist() == [0, 1]
    table.loc[0, "nameoftcc_1"] = "Atlantis"
    with pytest.raises(BadTable, match="Atlantis"):
        mission_contributors_from(table, rules(LocationRules), rules(StateNames))
