"""The study with two releases of the conflict data: compiled, run and compared, in two studies."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from collsec.compile import compile_vintage
from collsec.core.project import Project
from collsec.evidence.diff import difference_of, side_of
from mini.small_study import RAW, build, collsec, snakemake

pytestmark = [pytest.mark.pipeline, pytest.mark.full]

LAST_DAYS = {"20.1": pd.Timestamp("2019-12-31"), "25.1": pd.Timestamp("2024-12-31")}


@pytest.fixture(scope="module")
def studies(
    shared: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A small study of each release, with H3 estimated by Snakemake."""
    older = tmp_path_factory.mktemp("compiled") / RAW
    compile_vintage(shared / "upstream", repository / RAW, older, "20.1")
    found = {}
    for release, raw in (("20.1", older), ("25.1", repository / RAW)):
        found[release] = build(tmp_path_factory.mktemp("folder"), raw=raw)
        done = snakemake(found[release], "data/processed/done/estimate/h3")
        assert done.returncode == 0, done.stderr
    return found


@pytest.mark.parametrize("release", LAST_DAYS)
def test_wars_are_followed_to_the_last_day_of_the_release(
    studies: dict[str, Path], release: str
) -> None:
    episodes = Project(studies[release]).read("episodes", "episodes")
    panel = Project(studies[release]).read("panels", "h3")
    last = LAST_DAYS[release]
    goes_on = ~episodes["is_ended"].astype(bool)
    assert goes_on.any() and (episodes.loc[goes_on, "exit_date"] == last).all()
    assert (episodes["onset_date"] <= last).all()
    days = (last - episodes.set_index("episode_id")["onset_date"]).dt.days
    assert (panel["stop"] <= panel["unit_id"].map(days).clip(lower=1)).all()


def test_episodes_and_estimates_stand_side_by_side(studies: dict[str, Path]) -> None:
    old, new = (side_of(str(studies[r]), Project(studies[r])) for r in LAST_DAYS)
    found = difference_of(old, new)
    assert {"added", "re-dated"} <= set(found.episodes["change"])
    assert found.estimates is not None
    primary, *others = found.estimates.to_dict(orient="records")
    assert primary["estimate_id"] == "h3.primary" and primary["is_primary"]
    assert primary["n_events_old"] < primary["n_events_new"]
    assert not primary["is_same"] and primary["estimate_old"] != primary["estimate_new"]
    assert len(others) > 20 and not any(row["is_primary"] for row in others)
    both = [row for row in others if pd.notna(row["estimate_old"]) == pd.notna(row["estimate_new"])]
    assert len(both) > 0.9 * len(others)


def test_the_command_prints_them(studies: dict[str, Path]) -> None:
    done = collsec(studies["25.1"], "diff", str(studies["20.1"]), str(studies["25.1"]))
    assert done.returncode == 0, done.stderr
    [primary] = [x for x in done.stdout.splitlines() if x.startswith("h3.primary")]
    assert primary.count(" to ") == 2
    assert "exposed ends" in done.stdout and "re-dated" in done.stdout
