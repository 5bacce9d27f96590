"""A newer release of the conflict data: compiled, run, and compared without an edit of code.

The release is made: 25.1 with an invented year 2025, in which a war begins, one ends, one resumes;
ten are re-dated, one is split, a conflict is merged with another, and one is gone.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from collsec.compile import compile_vintage, left_out
from collsec.core.project import Project
from collsec.histories.episodes import link
from collsec.histories.public import PUBLIC
from collsec.tables.clean import read_raw, resources
from mini.next_release import (
    BEGUN_AGAIN,
    DROPPED,
    ENDED,
    MERGED,
    NEW,
    REDATED,
    RESUMED,
    SPLIT,
    make,
)
from mini.small_study import RAW, build, collsec, snakemake

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]


@pytest.fixture(scope="module")
def newer(shared: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole study of the made release, compiled as a user would."""
    upstream = make(shared / "upstream", tmp_path_factory.mktemp("upstream"))
    folder = tmp_path_factory.mktemp("newer")
    compile_vintage(upstream, repository / RAW, folder / RAW, "26.1")
    for name in ("analyses", "reports", "src", "Snakefile", "CITATION.cff"):
        (folder / name).symlink_to(repository / name)
    return folder


def test_what_happened_in_the_new_year_is_seen(newer: Path, repository: Path) -> None:
    done = collsec(repository, "diff", str(repository), str(newer), "--json")
    assert done.returncode == 0, done.stderr
    rows = {r["episode_id"]: r for r in json.loads(done.stdout)["episodes"]}
    assert rows[f"{NEW}-1"]["change"] == "added"
    assert rows[f"{NEW}-1"]["onset_new"] == "2025-04-05"
    assert rows[f"{ENDED}-1"]["change"] == "ended"
    assert rows[f"{ENDED}-1"]["end_new"] == "2024-11-30"
    resumed = [r for e, r in rows.items() if e.startswith(f"{RESUMED}-")]
    assert [(r["change"], r["onset_new"]) for r in resumed] == [("added", "2025-03-14")]
    assert len(REDATED) == 10
    for conflict, (before, after) in REDATED.items():
        row = rows[f"{conflict}-1"]
        assert (row["change"], row["onset_old"], row["onset_new"]) == ("re-dated", before, after)
    assert rows[f"{DROPPED}-1"]["change"] == "dropped"
    # The longer part, of 14 years, keeps the id; the other, of 9, has one that nothing had.
    first, second = rows[f"{SPLIT}-1"], rows[f"{SPLIT}-2"]
    assert (first["change"], first["onset_old"], first["onset_new"], first["end_new"]) == (
        "re-dated", "1966-12-31", "1966-12-31", "1979-12-31",
    )  # fmt: skip
    assert (second["change"], second["onset_new"]) == ("added", BEGUN_AGAIN)
    assert second["end_new"] == "1989-05-05"
    merged = {r["change"] for e, r in rows.items() if e.startswith(f"{MERGED[0]}-")}
    assert merged == {"dropped"} and rows[f"{MERGED[1]}-2"]["change"] == "re-dated"
    assert len(rows) == 12 + 9 + 1 + 2  # and nothing else


def test_links_and_vetoes_survive(newer: Path, repository: Path) -> None:
    """No coded row is lost but those of the conflict that is gone, and these are named."""
    assert left_out(repository / RAW, newer / RAW) == {
        "draft_conflicts": ["1954-06-18-a/216"],
        "mission_conflicts": ["icsc-vietnam:216"],
    }
    project = Project(newer)
    frames = link({name: read_raw(project, one) for name, one in resources(project).items()})
    acts = PUBLIC["acts"](frames)
    drafts = pd.read_csv(repository / RAW / "coded" / "draft_conflicts.csv", dtype=str)
    linked = drafts[(drafts["is_none"] == "false") & (drafts["conflict_id"] != DROPPED)]
    assert len(linked) > 100
    pairs = set(zip(acts["item_id"], acts["conflict_id"].astype(str), strict=True))
    assert set(zip(linked["item_id"], linked["conflict_id"], strict=True)) <= pairs
    of_split = acts[acts["conflict_id"] == int(SPLIT)].set_index("item_id")["episode_id"]
    assert of_split["1975-06-06-a"] == of_split["1976-10-19-a"] == f"{SPLIT}-1"
    assert of_split["1981-04-30-a"] == f"{SPLIT}-2"


def test_sources_are_those_of_the_release(newer: Path) -> None:
    episodes = pd.read_csv(newer / RAW / "compiled" / "episodes.csv", dtype=str)
    assert episodes["source"].str.contains("ucdp_acd_261").all()
    dyads = pd.read_csv(newer / RAW / "compiled" / "dyads.csv", dtype=str)
    assert (dyads["source"] == "ucdp_dyadic_261").all() and NEW in set(dyads["conflict_id"])
    going_on = episodes[episodes["is_ended"] == "false"]
    assert set(going_on["last_year"]) == {"2025"} and going_on["end_date"].isna().all()


def test_what_a_coder_has_to_settle_is_listed(newer: Path) -> None:
    done = collsec(newer, "todo", "--json")
    assert done.returncode == 0, done.stderr
    found = {(o["what"], o["which"]) for o in json.loads(done.stdout)}
    assert ("new war", f"{NEW}-1") in found
    assert ("end without an outcome", f"{ENDED}-1") in found
    assert any(what == "new episode" and e.startswith(f"{RESUMED}-") for what, e in found)


def test_the_study_runs_on_it(newer: Path, tmp_path: Path) -> None:
    folder = build(tmp_path / "small", raw=newer / RAW)
    done = snakemake(folder, "data/processed/done/public", "data/processed/done/estimate/h3")
    assert done.returncode == 0, done.stderr
    project = Project(folder)
    episodes = project.read("episodes", "episodes")
    goes_on = ~episodes["is_ended"].astype(bool)
    assert (episodes.loc[goes_on, "exit_date"] == pd.Timestamp("2025-12-31")).all()
    assert project.read("public", "conflict_years")["year"].max() == 2025
    assert project.read("public", "country_months")["month"].max() == pd.Timestamp("2025-12-31")
    assert project.read_json(project.record("h3"))["verdict"]["code"]
