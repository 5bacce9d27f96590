"""Real Snakemake on a small study: what re-runs after which edit, and bad input."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from for_all_tests import first
from mini.small_study import DRAWS, build, collsec, snakemake

pytestmark = pytest.mark.pipeline


def rules_to_run(folder: Path, *arguments: str) -> set[str]:
    """Rules that a dry run would execute, with their wildcard where they have one."""
    done = snakemake(folder, "--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    found = set()
    for block in re.split(r"\n(?=(?:local)?rule )", done.stdout + done.stderr):
        rule = re.match(r"(?:local)?rule (\w+):", block)
        if rule and rule.group(1) != "all":
            h = re.search(r"wildcards: h=(\w+)", block)
            found.add(f"{rule.group(1)} {h.group(1)}" if h else rule.group(1))
    return found


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every published file, whatever the split of the work."""
    places = (folder / "data" / "processed", folder / "reports" / "site")
    split = ("data/processed/shards", "data/processed/manifest", "data/processed/done")
    found = {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for place in places
        for p in sorted(place.rglob("*"))
        if p.is_file()
    }
    return {name: digest for name, digest in found.items() if not name.startswith(split)}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_pipeline_makes_every_page_and_a_second_run_does_nothing(finished: Path) -> None:
    site = finished / "reports" / "site"
    for name in (
        "index.html",
        "h1-deployment-delay.html",
        "h1-deployment-delay.pdf",
        "h2-veto-use.html",
        "h2-veto-use.pdf",
        "h3-p5-interest.html",
        "h3-p5-interest.pdf",
    ):
        assert (site / name).stat().st_size > 1000
    assert rules_to_run(finished) == set()
    done = snakemake(finished)
    assert "Nothing to be done" in done.stdout + done.stderr


def test_the_site_lists_every_claim(finished: Path) -> None:
    page = (finished / "reports" / "site" / "claims.html").read_text(encoding="utf-8")
    with (finished / "data" / "raw" / "coded" / "claims.csv").open(encoding="utf-8") as file:
        claims = [row["claim_id"] for row in csv.DictReader(file)]
    assert len(claims) > 40
    for claim in claims:
        assert re.search(rf"\b{claim}\b", page), claim


def test_every_processed_file_says_what_it_was_made_from(finished: Path) -> None:
    from collsec.core.project import Project

    project = Project(finished)
    for path in sorted((finished / "data" / "processed").rglob("*.parquet")):
        made_from = project.provenance_of(path.parent.name, path.stem)
        assert made_from["stage"] == path.parent.name
        for name, digest in made_from["inputs"].items():
            assert not name.startswith("/")
            assert hashlib.sha256((finished / name).read_bytes()).hexdigest().startswith(digest)


def test_every_column_of_every_processed_file_has_a_definition(finished: Path) -> None:
    from collsec.core.project import Project
    from collsec.reports.tables.codebook import entries_of

    entries = entries_of(Project(finished))
    assert {h.table for one in entries.values() for h in one.holders} >= {
        "episodes/episodes",
        "panels/h1",
        "estimates/h3",
        "estimates/h1-curves",
    }


@pytest.mark.full
def test_cold_runs_give_the_same_bytes_however_the_work_is_split(
    finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = build(tmp_path_factory.mktemp("elsewhere") / "with another name")
    done = snakemake(other, "--set-scatter", "work=3")
    assert done.returncode == 0, done.stderr
    assert digests(other) == digests(finished)
    assert len(list((other / "data" / "processed" / "shards").glob("*.json"))) == 3 * 3


def test_estimates_without_a_shard_of_the_work_are_refused(finished: Path) -> None:
    done = collsec(finished, "step", "estimate", "h1", "--profile", "full")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "collsec step shard h1 1-of-2 --profile full" in " ".join(done.stderr.split())


@pytest.mark.parametrize("part", ["2", "0-of-4", "5-of-4", "x-of-y"])
def test_an_ill_formed_shard_is_refused(finished: Path, part: str) -> None:
    done = collsec(finished, "step", "shard", "h1", part)
    assert done.returncode == 1
    assert "such as 2-of-4" in " ".join(done.stderr.split())


@pytest.fixture
def restored(finished: Path) -> Callable[[str, str, str], Path]:
    """Return an edit that is undone after the test, file time and all."""
    import os

    undo = []

    def change(name: str, old: str, new: str) -> Path:
        path = finished / name
        before, stat = path.read_bytes(), path.stat()
        undo.append((path, before, stat))
        edit(path, old, new)
        return finished

    yield change
    for path, before, stat in reversed(undo):
        path.write_bytes(before)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


Change = Callable[[str, str, str], Path]


@pytest.mark.full
def test_editing_prose_renders_anew_and_estimates_nothing(restored: Change) -> None:
    folder = restored(
        "analyses/h1/h1-deployment-delay.qmd", "The article holds", "The article claims"
    )
    assert rules_to_run(folder) == {"reports"}


def test_editing_a_specification_estimates_that_hypothesis_alone(restored: Change) -> None:
    folder = restored("analyses/h2/h2-veto-use.qmd", "lags_months: [0, 3]", "lags_months: [0, 6]")
    assert rules_to_run(folder) == {"panel h2", "shard h2", "estimate h2", "synthesis", "reports"}


@pytest.mark.full
def test_editing_a_module_re_runs_its_dependants(restored: Change) -> None:
    folder = restored(
        "src/collsec/evidence/verdict.py",
        "The verdicts, by machine",
        "A verdict on a hypothesis",
    )
    ran = rules_to_run(folder)
    assert {"estimate h1", "estimate h2", "estimate h3", "reports"} <= ran
    assert not {"tables", "episodes", "timelines"} & ran


@pytest.mark.full
def test_editing_the_linking_module_re_runs_everything_after_the_tables(restored: Change) -> None:
    folder = restored(
        "src/collsec/histories/episodes.py",
        "the one module that joins",
        "the only module that joins",
    )
    ran = rules_to_run(folder)
    assert {"episodes", "timelines", "panel h1", "estimate h3", "reports"} <= ran
    assert "tables" not in ran


@pytest.mark.full
def test_editing_a_table_re_runs_from_the_start(restored: Change) -> None:
    folder = restored("data/raw/coded/vetoes.csv", "Franco's Spain", "Spain under Franco")
    assert {"tables", "episodes", "estimate h2", "reports"} <= rules_to_run(folder)


@pytest.mark.full
def test_the_full_profile_estimates_anew(finished: Path) -> None:
    ran = rules_to_run(finished, "--config", "profile=full")
    assert {"estimate h1", "estimate h2", "estimate h3", "reports"} <= ran
    assert "panel h1" not in ran


def test_results_carry_all_that_must_stand_beside_them(finished: Path) -> None:
    for h in ("h1", "h2", "h3"):
        path = finished / "data" / "processed" / "estimates" / f"{h}.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        assert record["verdict"]["code"] in {
            "void",
            "not-estimable",
            "inconclusive",
            "supported",
            "contradicted",
            "mixed",
            "no-effect",
        }
        assert re.fullmatch(rf"{h}\.primary@[0-9a-f]{{6}}", record["result_id"])
        assert record["diagnostics"]["null_calibration"]["draws"] == DRAWS["calibration_draws"]
        assert record["provenance"]["profile"] == "quick"


@pytest.mark.full
def test_commands_read_the_results(finished: Path) -> None:
    def printed(*arguments: str) -> str:
        done = collsec(finished, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for h in ("h1", "h2", "h3"):
        screen = printed("show", h).splitlines()
        assert len(screen) <= 48 and max(map(len, screen)) <= 100
        assert f"{h}.primary@" in screen[1]
    assert printed("compare", "h1", "h3").split()[:2] == ["H1", "H3"]
    cited = {h: printed("cite", h) for h in ("h1", "h2", "h3")}
    for text in cited.values():
        assert "Armed conflict 1946–2001: A new dataset" in text
    assert "bara_hultman" in cited["h1"]
    assert "mission_conflicts: basis, confidence, conflict_id" in cited["h1"]
    assert "un_library" in cited["h2"] and "vetoes: " in cited["h2"]
    assert "atop" in cited["h3"] and "p5_ties: has_defense_pact" in cited["h3"]
    assert printed("cite", "h3", "--bibtex").startswith("@software{collsec,")
    assert "H1, with " in printed("power")


BAD = [
    (
        "a broken cell",
        "data/raw/coded/missions.csv",
        ",un,",
        ",onu,",
        ["data/raw/coded/missions.csv", "row", "sponsor", "onu"],
    ),
    (
        "a date before 1946",
        "data/raw/coded/vetoes.csv",
        ",1946-02-16,",
        ",1936-02-16,",
        ["data/raw/coded/vetoes.csv", "row 2", "veto_date", "1936-02-16"],
    ),
    (
        "an impossible date",
        "data/raw/coded/vetoes.csv",
        ",1946-02-16,",
        ",1946-02-31,",
        ["data/raw/coded/vetoes.csv", "row 2", "veto_date", "1946-02-31"],
    ),
    (
        "a missing column",
        "data/raw/coded/vetoes.csv",
        "veto_date,",
        "",
        ["data/raw/coded/vetoes.csv", "veto_date"],
    ),
    (
        "a key of no table",
        "data/raw/coded/mission_conflicts.csv",
        ",onuc,",
        ",onuk,",
        ["data/raw/coded/mission_conflicts.csv", "row", "mission_id", "onuk"],
    ),
]


@pytest.mark.parametrize(
    ("what", "file", "old", "new", "needles"), first(*BAD), ids=[b[0] for b in BAD]
)
def test_bad_input_is_one_clear_error_and_writes_nothing(
    tmp_path: Path, what: str, file: str, old: str, new: str, needles: list[str]
) -> None:
    folder = build(tmp_path)
    edit(folder / file, old, new)
    refused(folder, needles)


@pytest.mark.full
def test_a_duplicate_key_is_refused(tmp_path: Path) -> None:
    folder = build(tmp_path)
    path = folder / "data" / "raw" / "coded" / "missions.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines, lines[1]]), encoding="utf-8")
    refused(
        folder,
        [
            "data/raw/coded/missions.csv",
            f"row {len(lines) + 1}",
            "mission_id",
            lines[1].split(",")[0],
        ],
    )


@pytest.mark.full
def test_an_unknown_state_code_is_refused(tmp_path: Path) -> None:
    import pandas as pd

    folder = build(tmp_path)
    path = folder / "data" / "raw" / "coded" / "missions.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[3, "host_gwno"] = "99999"
    frame.to_csv(path, index=False, lineterminator="\n")
    refused(folder, ["data/raw/coded/missions.csv", "row 5", "host_gwno", "99999"])


def refused(folder: Path, needles: list[str]) -> None:
    """The tables step fails with one message that holds all needles, and leaves nothing."""
    done = collsec(folder, "step", "tables")
    assert done.returncode == 1
    message = " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    for needle in needles:
        assert needle in message, message
    processed = folder / "data" / "processed"
    assert not processed.exists() or not [p for p in processed.rglob("*") if p.is_file()]


def test_a_typo_in_a_specification_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    folder = build(tmp_path)
    edit(
        folder / "analyses" / "h1" / "h1-deployment-delay.qmd",
        "measure: un_troops\n",
        "measure: un_trops\n",
    )
    done = collsec(folder, "step", "panel", "h1")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "analyses/h1/h1-deployment-delay.qmd" in done.stderr
    assert "'un_troops'" in done.stderr
    assert not (folder / "data" / "processed").exists()
