"""Capabilities of sides: known wars from the upstream file, the table of hosts, rules by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from collsec.compile.force.capabilities import (
    dispute_capabilities_from,
    episode_capabilities_from,
    known_before,
    mission_capabilities_from,
    ratio,
    sum_of,
)
from collsec.upstream.readers import read_columns


def read(repository: Path, name: str) -> pd.DataFrame:
    """A committed table."""
    return pd.read_csv(repository / "data/raw/compiled" / f"{name}.csv")


@pytest.fixture(scope="module")
def index(shared: Path) -> pd.Series:
    """Composite index by COW code and year, straight from the file."""
    path = shared / "upstream/peacesciencer/cow_nmc.rda"
    frame = read_columns(path, ["ccode", "year", "cinc"]).astype({"ccode": int, "year": int})
    return frame.set_index(["ccode", "year"])["cinc"]


def test_known_wars_and_disputes(repository: Path, index: pd.Series) -> None:
    wars = read(repository, "episode_capabilities").set_index("episode_id")
    kuwait = wars.loc["371-1"]  # Iraq and Kuwait, onset in August 1990
    iraq, other = index[(645, 1989)], index[(690, 1989)]
    sides = kuwait[["side_a_capabilities", "side_b_capabilities"]].tolist()
    assert sides == pytest.approx([iraq, other], abs=1e-6)
    assert kuwait["side_a_ratio"] == pytest.approx(iraq / (iraq + other), abs=1e-4)
    permanent = sum(index[(code, 1989)] for code in (2, 200, 220, 365, 710))
    # UCDP lists Iraq first of the two places.
    assert kuwait["host_to_permanent_ratio"] == pytest.approx(iraq / (iraq + permanent), abs=1e-4)
    disputes = read(repository, "dispute_capabilities").set_index("dispute_id")
    albania, kingdom = index[(339, 1945)], index[(200, 1945)]  # the Corfu channel, 1946
    assert disputes.loc[4, "initiators_ratio"] == pytest.approx(
        albania / (albania + kingdom), abs=1e-4
    )


def test_sides_agree_with_the_table_of_hosts(repository: Path) -> None:
    """Governments that fought alone against rebels: the value of the host, frozen alike."""
    both = read(repository, "episodes").merge(
        read(repository, "episode_capabilities"), on="episode_id"
    )
    both = both.merge(read(repository, "host_states"), on="episode_id")
    alone = both[
        (both["type_at_onset"] == "intrastate")
        & both["gwno_a_secondary_at_onset"].isna()
        & ~both["gwno_a"].astype(str).str.contains(";")
    ]
    assert len(alone) == 446
    assert (alone["capability_share"].fillna(-1) == alone["side_a_capabilities"].fillna(-1)).all()


def test_coverage(repository: Path) -> None:
    wars = read(repository, "episode_capabilities")
    kinds = read(repository, "episodes").set_index("episode_id")["type_at_onset"]
    known = wars.dropna(subset=["side_a_ratio"])["episode_id"]
    assert kinds[known].value_counts().to_dict() == {"interstate": 72}
    assert (kinds == "interstate").sum() == 76
    assert wars["host_to_permanent_ratio"].notna().sum() == 585
    assert read(repository, "dispute_capabilities")["initiators_ratio"].notna().sum() == 1703
    missions = read(repository, "mission_capabilities")
    assert len(missions) == 306 and missions["gwno_leading"].notna().sum() == 292


CAPABILITIES = {1: {1990: 0.2, 1995: 0.3}, 2: {1994: 0.1}, 3: {1980: 0.05}}


def test_rules_by_hand() -> None:
    assert known_before(CAPABILITIES, 1, 1995) == 0.2
    assert known_before(CAPABILITIES, 1, 1996) == 0.3
    assert known_before(CAPABILITIES, 3, 1990) == 0.05
    assert known_before(CAPABILITIES, 3, 1991) is None
    assert sum_of(CAPABILITIES, [1, 2, 2, 9], 1996) == (pytest.approx(0.4), 1)
    assert sum_of(CAPABILITIES, [], 1996) == (None, 0)
    assert ratio(0.1, 0.3) == 0.25 and ratio(0.1, None) is None


def test_tables_by_hand() -> None:
    lists = {"gwno_a_secondary_at_onset": [], "gwno_b_secondary_at_onset": [1]}
    wars = [
        {"episode_id": "1-1", "gwno_loc": ["2"], "gwno_a": ["2"], "gwno_b_at_onset": []},
        {"episode_id": "2-1", "gwno_loc": ["1"], "gwno_a": ["2"], "gwno_b_at_onset": ["9"]},
    ]
    episodes = pd.DataFrame([war | lists | {"onset_date": "1996-05-01"} for war in wars])

    def seats(day: date) -> list[int]:
        assert day == date(1996, 5, 1)
        return [1, 3]

    table = episode_capabilities_from(episodes, CAPABILITIES, seats, "e").set_index("episode_id")
    assert table["side_b_capabilities"].isna().tolist() == [True, False]
    assert table.loc["2-1", ["side_a_ratio", "states_unknown"]].tolist() == [0.25, 1]
    # Seats of states 1 and 3: the value of state 3 is too old, and a host does not face itself.
    assert table.loc["1-1", "host_to_permanent_ratio"] == 0.25
    assert pd.isna(table.loc["2-1", "host_to_permanent_ratio"])
    dispute = {"dispute_id": 7, "start_date": "1996-01-01", "gwno_initiators": [2]}
    dispute |= {"gwno_targets": [1], "gwno_joiners_a": [1], "gwno_joiners_b": []}
    own = dispute_capabilities_from(pd.DataFrame([dispute]), CAPABILITIES, "m")
    assert own[["initiators_ratio", "with_joiners_ratio"]].to_numpy().tolist() == [[0.25, 0.5714]]
    maps = pd.DataFrame(
        {
            "mission_id": "x",
            "year": 1996,
            "gwno": [2, 1, 3],
            "nominal_share": [0.5, 0.5, float("nan")],
        }
    )
    row = mission_capabilities_from(maps, {"x": [2]}, CAPABILITIES, "g").iloc[0]
    assert row[["gwno_leading", "leading_to_host_ratio", "states_unknown"]].tolist() == [1, 0.75, 1]
    assert row["contributors_to_host_ratio"] == 0.8
