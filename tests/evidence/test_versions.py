"""Releases one after another: their data, what moved, and what is here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import report_study as study
from collsec.cli.main import app
from collsec.core import __version__
from collsec.core.project import Project
from collsec.core.provenance import data_vintage
from collsec.evidence.record import load
from collsec.evidence.versions import Version, conflict_data, versions


def result(verdict: str, estimate: float | None, low: float | None, high: float | None) -> Any:
    numbers = {"estimate": estimate, "ci_low": low, "ci_high": high}
    return {"id": "x", "verdict": verdict, "primary": numbers}


FIRST = {
    "h1": result("mixed", 1.5, 1, 2),
    "h2": result("mixed", 2, 1, 3),
    "h9": result("a", 1, 1, 1),
}
SECOND = {
    "h1": result("supported", 1.504, 1.004, 2.004),  # the same to two digits, but for the verdict
    "h2": result("not-estimable", 7, 6, 8),
    "h10": result("mixed", 0.5, None, None),
}


def released(name: str, results: dict[str, Any], **more: Any) -> dict[str, Any]:
    own = {"collsec_version": name, "data_vintage": f"data-{name}", "results": results}
    return own | more


@pytest.fixture
def made(tmp_path: Path, repository: Path) -> Path:
    """A study with two releases and present results."""
    root = study.write_study(tmp_path / "study", repository)
    last = released("0.2.0", SECOND, profile="full", outputs={})
    last["history"] = [released("0.1.0", FIRST)]
    Project(root).manifest.write_text(json.dumps(last), encoding="utf-8")
    return root


def change_records(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    for h in study.HYPOTHESES:
        path = Project(root).record(h)
        record = json.loads(path.read_text(encoding="utf-8"))
        change(record)
        path.write_text(json.dumps(record), encoding="utf-8")


def test_what_moved_from_release_to_release_is_told_by_hypothesis(made: Path) -> None:
    first, second, here = versions(Project(made))
    assert first == Version("0.1.0", "0.1.0", "data-0.1.0", "full", 3, ())
    assert second.moved == (
        "h1: 1.50 (1.00 to 2.00), mixed → 1.50 (1.00 to 2.00), supported",
        "h2: 2.00 (1.00 to 3.00), mixed → not-estimable",
        "h9: gone",
        "h10: new, 0.50, mixed",
    )
    own = data_vintage(Project(made))
    assert here == Version("here", __version__, own, "quick", len(study.HYPOTHESES), ())


def test_full_results_here_are_compared_and_quick_ones_are_not(made: Path) -> None:
    change_records(made, lambda record: record["provenance"].update(profile="full"))
    here = versions(Project(made))[-1]
    record = load(Project(made), "h1")
    number = "{estimate:.2f} ({ci_low:.2f} to {ci_high:.2f})".format(**record.primary)
    assert (
        f"h1: 1.50 (1.00 to 2.00), supported → {number}, {record.verdict.code}" in here.moved
    ) and "h10: gone" in here.moved
    for h in study.HYPOTHESES:
        Project(made).record(h).unlink()
    last = versions(Project(made))[-1]
    assert (last.profile, last.n_hypotheses, last.moved) == (None, 0, ())


def test_what_is_withdrawn_now_has_no_number_at_any_release(made: Path) -> None:
    (made / "analyses" / "_withdrawn.yml").write_text(
        "dates: {names: [h1.primary], since: 0.2.1, reason: a wrong date}\n", encoding="utf-8"
    )
    change_records(made, lambda record: record["provenance"].update(profile="full"))
    told = [line for one in versions(Project(made)) for line in one.moved if line[:3] == "h1:"]
    assert told == []
    (made / "analyses" / "_withdrawn.yml").write_text(
        "dates: {names: [h10.primary], since: 0.2.1, reason: a wrong date}\n", encoding="utf-8"
    )
    assert "h10: new, withdrawn" in versions(Project(made))[1].moved


def test_the_command_prints_releases_and_answers_in_json(made: Path) -> None:
    printed = CliRunner().invoke(app, ["versions", "--root", str(made)])
    assert printed.exit_code == 0, printed.exception
    assert "data-0.2.0" in printed.output and "From 0.1.0 to 0.2.0:\n  h1: " in printed.output
    assert "profile quick: not compared with a release" in printed.output
    answer = CliRunner().invoke(app, ["versions", "--json", "--root", str(made)])
    found = json.loads(answer.output)
    assert [one["name"] for one in found["versions"]] == ["0.1.0", "0.2.0", "here"]
    Project(made).manifest.unlink()
    (alone,) = versions(Project(made))
    assert alone.name == "here"


def test_releases_of_the_conflict_data_are_named(made: Path, repository: Path) -> None:
    assert conflict_data(Project(repository))[:2] == ["25.1", "20.1"]
    assert conflict_data(Project(made / "nowhere")) == []
