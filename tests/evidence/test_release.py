"""The manifest says what was published, and whether the results at hand are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import report_study as study
from collsec.cli.main import app
from collsec.core import __version__
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project
from collsec.evidence.record import load
from collsec.evidence.release import compare, manifest, primaries_over_time

PAGE = "reports/site/index.html"


@pytest.fixture
def made(tmp_path: Path, repository: Path) -> Path:
    """Return a study with estimates of the full profile and one page."""
    root = study.write_study(tmp_path / "study", repository)
    set_profile(root, "full")
    (root / "reports" / "site").mkdir()
    (root / PAGE).write_text("<h1>Invented</h1>", encoding="utf-8")
    return root


def set_profile(root: Path, profile: str) -> None:
    for h in study.HYPOTHESES:
        path = Project(root).record(h)
        record = json.loads(path.read_text(encoding="utf-8"))
        record["provenance"]["profile"] = profile
        path.write_text(json.dumps(record), encoding="utf-8")


def run(root: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["release", *arguments, "--root", str(root)])
    assert not isinstance(done.exception, CollsecError), done.exception
    return done.exit_code, done.stdout


def change_record(root: Path, change: Callable[[dict[str, dict[str, str]]], None]) -> None:
    path = Project(root).record("h2")
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def test_it_holds_ids_verdicts_primaries_and_checksums(made: Path) -> None:
    found = manifest(Project(made))
    primary = study.estimate_rows("h1").query("role == 'primary'").iloc[0]
    assert found["profile"] == "full"
    assert found["results"]["h1"]["id"] == "h1.primary@3f9c2a"
    assert found["results"]["h1"]["verdict"] == study.VERDICTS["h1"][0]
    assert found["results"]["h1"]["primary"]["n_events"] == primary["n_events"]
    assert found["results"]["h1"]["primary"]["estimate"] == pytest.approx(primary["estimate"])
    assert found["outputs"][PAGE] == hashlib.sha256((made / PAGE).read_bytes()).hexdigest()
    assert "data/processed/estimates/h1.parquet" in found["outputs"]


def test_the_same_results_check_and_the_manifest_is_no_output_of_itself(made: Path) -> None:
    # Of three hypotheses four files of estimates and one of exclusions; episodes; the study's own.
    kept = "Written: reports/published (17 files of estimates)\n"
    assert run(made) == (0, f"Written: reports/MANIFEST.json\n{kept}")
    first = (made / "reports" / "MANIFEST.json").read_bytes()
    code, printed = run(made, "--check")
    count = len(json.loads(first)["outputs"])
    assert code == 0
    assert f"Results: the same. Files: {count} of {count} have the same bytes." in printed
    run(made)
    assert (made / "reports" / "MANIFEST.json").read_bytes() == first


def test_other_bytes_alone_are_named_and_pass(made: Path) -> None:
    run(made)
    (made / PAGE).write_text("<h1>Other fonts</h1>", encoding="utf-8")
    code, printed = run(made, "--check")
    assert code == 0
    assert f"differs: {PAGE}" in printed


def test_a_moved_number_and_a_moved_verdict_are_told_one_by_one(made: Path) -> None:
    run(made)
    path = Project(made).stage("estimates", "h2")
    estimates = pd.read_parquet(path)
    estimates.loc[estimates["role"] == "primary", "estimate"] = 3.5
    estimates.to_parquet(path)
    change_record(made, lambda record: record["verdict"].update(code="mixed"))
    code, printed = run(made, "--check")
    assert code == 1
    assert "h2 estimate: 1.21 published, 3.5 here" in printed
    assert f"h2 verdict: {study.VERDICTS['h2'][0]} published, mixed here" in printed
    assert "h1 " not in printed


def test_last_digits_are_told_from_numbers_that_moved(made: Path) -> None:
    """5e-15 and 2e-7 of a number are last digits of six; 2e-5 of it is not; words are not."""
    page = made / PAGE
    page.write_text("<p>1.2345671 and 3e-5, of 20240101</p>", encoding="utf-8")
    run(made)
    path = Project(made).stage("estimates", "h2")
    estimates = pd.read_parquet(path)
    estimates.assign(estimate=estimates["estimate"] * (1 + 5e-15)).to_parquet(path)
    page.write_text("<p>1.2345673 and 3.0e-05, of 20240101</p>", encoding="utf-8")
    count = len(manifest(Project(made))["outputs"])
    code, printed = run(made, "--check")
    expected = f"Files: {count - 2} of {count} have the same bytes, 2 differ in last digits alone."
    assert code == 0 and printed == f"Results: the same. {expected}\n"
    for other in ("1.23459 and 3e-5, of 20240101", "1.2345671 and 3e-5, of 20240102"):
        page.write_text(f"<p>{other}</p>", encoding="utf-8")
        code, printed = run(made, "--check")
        assert code == 0 and "1 differ in last digits alone" in printed
        assert f"  differs: {PAGE}" in printed


def test_other_instructions_of_the_processor_are_told() -> None:
    old = of_results() | {"made_with": {"choice of instructions": ["AVX2"]}}
    new = of_results() | {"made_with": {"choice of instructions": ["arm64, as found"]}}
    told = "choice of instructions: AVX2 published, arm64, as found here"
    assert compare(old, new).made_with == (told,)
    assert compare(old, old).made_with == ()
    # A manifest of an earlier version names none.
    assert compare(of_results(), old).made_with == (
        "choice of instructions: none named published, AVX2 here",
    )


def refused(root: Path, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["release", *arguments, "--root", str(root)])
    assert isinstance(done.exception, CollsecError), done.output
    return str(done.exception)


def test_another_profile_is_not_compared(made: Path) -> None:
    run(made)
    set_profile(made, "quick")
    assert "collsec run --profile full" in refused(made, "--check")


def test_the_quick_profile_is_not_published(made: Path) -> None:
    set_profile(made, "quick")
    assert "only those of profile full are published" in refused(made)
    assert not (made / "reports" / "MANIFEST.json").exists()


def test_other_results_replace_a_manifest_only_on_request(made: Path) -> None:
    run(made)
    path = made / "reports" / "MANIFEST.json"
    before = path.read_bytes()
    change_record(made, lambda record: record["verdict"].update(code="mixed"))
    assert "reports/MANIFEST.json names other results: --replace" in refused(made)
    assert path.read_bytes() == before
    code, printed = run(made, "--replace")
    assert code == 0 and "h2 verdict" in printed and "Written: reports/MANIFEST.json" in printed
    assert json.loads(path.read_text(encoding="utf-8"))["results"]["h2"]["verdict"] == "mixed"


def of_results(**results: dict[str, object]) -> dict[str, Any]:
    """A manifest of some results."""
    return {"profile": "full", "data_vintage": "a", "results": results, "outputs": {}}


def test_what_stands_on_one_side_alone_has_moved() -> None:
    h1 = {"id": "h1.primary@1", "primary": {"estimate": 1.5}}
    h2 = {"id": "h2.primary@2", "verdict": "mixed", "primary": {"n_events": 9}}
    assert compare(of_results(h1=h1), of_results(h1=h1)).moved == ()
    assert compare(of_results(h1=h1), of_results(h1=h1, h2=h2)).moved == (
        "h2 id: none published, h2.primary@2 here",
        "h2 n_events: none published, 9 here",
        "h2 verdict: none published, mixed here",
    )
    assert compare(of_results(h1=h1, h2=h2), of_results(h2=h2)).moved == (
        "h1 estimate: 1.5 published, none here",
        "h1 id: h1.primary@1 published, none here",
    )
    wider = h1 | {"primary": {"estimate": 1.5, "level": 0.95}}
    assert compare(of_results(h1=h1), of_results(h1=wider)).moved == (
        "h1 level: none published, 0.95 here",
    )


def test_another_vintage_and_files_of_one_side_are_told() -> None:
    old = of_results() | {"outputs": {"a": "1", "b": "2", "c": "3"}}
    new = of_results() | {"data_vintage": "b", "outputs": {"b": "2", "c": "4", "d": "5"}}
    found = compare(old, new)
    assert found.moved == ("data vintage: a published, b here",)
    assert (found.files, found.n_files) == (("a", "c", "d"), 4)


def test_the_comparison_can_be_had_as_json(made: Path) -> None:
    run(made)
    code, printed = run(made, "--check", "--json")
    assert code == 0
    found = json.loads(printed)
    assert found["moved"] == [] and found["files"] == [] and found["n_files"] > 3


def test_results_of_two_profiles_are_no_release(made: Path) -> None:
    change_record(made, lambda record: record["provenance"].update(profile="quick"))
    message = refused(made)
    assert "more than one profile" in message and "h2 quick" in message
    assert not (made / "reports" / "MANIFEST.json").exists()


def test_without_reports_or_manifest_it_says_what_to_run(made: Path) -> None:
    assert "collsec release" in refused(made, "--check")
    (made / PAGE).unlink()
    assert "collsec run" in refused(made)
    with pytest.raises(MissingInput):
        manifest(Project(made))


def test_a_damaged_manifest_is_one_message(made: Path) -> None:
    (made / "reports" / "MANIFEST.json").write_text("[]", encoding="utf-8")
    assert "is no manifest" in refused(made, "--check")


# what earlier releases had -----------------------------------------------------------------------


def test_a_release_keeps_what_earlier_ones_had(made: Path) -> None:
    project = Project(made)
    assert manifest(project)["history"] == []
    code, _ = run(made)
    assert code == 0
    # The same results again are no further release.
    assert manifest(project)["history"] == []
    change_record(made, lambda record: record.update(result_id="h2.primary@999999"))
    first = manifest(project)["history"]
    assert [one["results"]["h2"]["id"] for one in first] == ["h2.primary@3f9c2a"]
    run(made, "--replace")
    change_record(made, lambda record: record.update(result_id="h2.primary@888888"))
    both = manifest(project)["history"]
    assert [one["results"]["h2"]["id"][-6:] for one in both] == ["3f9c2a", "999999"]


def test_primaries_stand_side_by_side_over_releases(made: Path) -> None:
    run(made)
    project = Project(made)
    records = {h: load(project, h) for h in study.HYPOTHESES}
    rows = primaries_over_time(project, records)
    assert list(rows["hypothesis"].value_counts()) == [2] * len(records)
    pair = rows[rows["hypothesis"] == "h1"]
    before, here = pair.to_dict(orient="records")
    assert (before["estimate"], before["verdict"]) == (here["estimate"], here["verdict"])
    assert pair["release"].iloc[0].startswith(f"{__version__}, data ")
    assert pair["release"].iloc[1] == "here, full profile"


def test_the_first_release_named_its_columns_otherwise(made: Path) -> None:
    """Its exposed terminations were called ends; they are read all the same."""
    old = {
        "collsec_version": "0.0.1",
        "data_vintage": "abcdef123456",
        "profile": "full",
        "outputs": {},
        "results": {
            "h1": {
                "id": "h1.primary@000000",
                "verdict": "inconclusive",
                "primary": {"estimate": 2.5, "exposed_ends": 9, "ci_level": 0.983},
            }
        },
    }
    Project(made).manifest.write_text(json.dumps(old), encoding="utf-8")
    rows = primaries_over_time(Project(made), {"h1": load(Project(made), "h1")})
    assert rows["exposed_events"].iloc[0] == 9 and rows["level"].iloc[0] == 0.983
    assert rows["estimate"].iloc[0] == 2.5


def test_the_committed_estimates_are_those_of_the_manifest(repository: Path) -> None:
    release = json.loads((repository / "reports" / "MANIFEST.json").read_text("utf-8"))
    named = {n: d for n, d in release["outputs"].items() if n.startswith("data/processed/")}
    committed = repository / "reports" / "published"
    found = {
        f"data/processed/estimates/{file.name}": hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (committed / "estimates").iterdir()
    }
    assert found == named
    # Exclusions have no digest of their own: where rows are episodes, they end at the sample.
    for h in ("h1", "h2", "h3", "h9", "h10", "h19"):
        sample = pd.read_parquet(committed / "panels" / f"{h}-attrition.parquet").iloc[-1]
        primary = release["results"][h]["primary"]
        assert (sample["n_units"], sample["n_events"]) == (primary["n_units"], primary["n_events"])
