"""A record as it is read, its verdict that may be printed, and what stands at a glance."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import report_study as made_up
from by_hand import rows, told
from collsec.core.errors import BadTable, CollsecError, MissingInput
from collsec.core.project import Project
from collsec.evidence.claims import NOT_IN_STUDY
from collsec.evidence.overview import KEPT, answers
from collsec.evidence.record import BadRecord, Record, load, load_synthesis
from collsec.evidence.software import Software, software
from collsec.evidence.verdict import NEEDS_FULL, Family, Verdict

# Records ----------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, repository: Path) -> Project:
    return Project(made_up.write_study(tmp_path / "study", repository, ("h1",), is_released=True))


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_quick_record_prints_the_released_verdict_of_the_same_file(project: Project) -> None:
    code, reasons = made_up.VERDICTS["h1"]
    found = load(project, "h1")
    assert found.is_quick and found.verdict.code == code
    # Records from before the minimum stood in them say a direction of every estimate.
    assert found.minimum == (0, 0)
    assert len(found.verdict.reasons) == len(reasons)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(profile="quick"),
        lambda m: m.update(data_vintage="other"),
        lambda m: m["results"]["h1"].update(specification="other"),
        lambda m: m["results"].pop("h1"),
        lambda m: m["results"]["h1"].pop("rule"),
        lambda m: m["results"]["h1"].update(edition=1),
        lambda m: m["results"]["h1"].update(rule={"code": "mixed"}),
    ],
)
def test_a_release_of_another_kind_tells_nothing(
    project: Project, change: Callable[[dict[str, Any]], object]
) -> None:
    changed(project.manifest, change)
    assert load(project, "h1").verdict.code == NEEDS_FULL


def test_a_full_record_prints_its_own_verdict(project: Project) -> None:
    changed(project.record("h1"), lambda r: r["provenance"].update(profile="full"))
    changed(project.record("h1"), lambda r: r["verdict"].update(code="mixed"))
    found = load(project, "h1")
    assert found.verdict.code == "mixed" and not found.is_quick
    project.manifest.unlink()
    changed(project.record("h1"), lambda r: r["provenance"].update(profile="quick"))
    assert load(project, "h1").verdict.code == NEEDS_FULL


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        (lambda r: r.pop("quantities"), "quantities"),
        (lambda r: r["verdict"].update(code="splendid"), "splendid"),
        (lambda r: r["verdict"].update(reasons=[]), "reasons"),
        (lambda r: r.update(result_id="h1.primary@XYZ"), "result_id"),
        (lambda r: r["provenance"].update(profile="brief"), "brief"),
        (lambda r: r["spec"]["estimand"].update(no_effect=[0.0, 1.25]), "around 1"),
        (lambda r: r["spec"]["estimand"].update(no_effect=[1.0, 1.25]), "around 1"),
        (lambda r: r["spec"]["estimand"].update(no_effect=[0.8, 1.0]), "around 1"),
        (lambda r: r["spec"]["estimand"].update(no_effect=[0.8]), "around 1"),
    ],
)
def test_a_record_that_lacks_a_meaning_is_refused(
    project: Project, change: Callable[[dict[str, Any]], object], needle: str
) -> None:
    changed(project.record("h1"), change)
    with pytest.raises(BadRecord, match=needle):
        load(project, "h1")


def test_a_record_without_its_files_says_what_to_run(project: Project) -> None:
    with pytest.raises(MissingInput, match=r"h9\.json does not exist yet"):
        load(project, "h9")
    path = project.stage("estimates", "h1")
    rows_of = pd.read_parquet(path)
    for table in (rows_of[rows_of["role"] != "primary"], pd.concat([rows_of, rows_of])):
        table.to_parquet(path)
        with pytest.raises(BadTable, match="exactly one primary"):
            load(project, "h1")


def test_what_a_record_tells(project: Project) -> None:
    gone = ("h1-curves", "h1-multiverse")
    for name in gone:
        project.stage("estimates", name).unlink()
    draws = [
        {"kind": "mission", "left_out": "unx", "hazard_ratio": 1.5},
        {"kind": "conflict", "left_out": "1", "hazard_ratio": 2.5},
        {"kind": "conflict", "left_out": 999, "hazard_ratio": None},
    ]
    changed(project.record("h1"), lambda r: r["diagnostics"].update(leave_one_out=draws))
    changed(project.record("h1"), lambda r: r.update(minimum=[10, 8]))
    found = load(project, "h1")
    assert found.curves is None and found.specifications is None and found.attrition is not None
    place = found.places[1]
    assert told(found.leave_one_out) == [
        ("mission", "UNX", 1.5),
        ("conflict", f"{place} 1", 2.5),
        ("conflict", "Conflict 999", None),
    ]
    assert found.minimum == (10, 8) and found.no_effect[0] < 1 < found.no_effect[1]
    assert found.primary["role"] == "primary"
    project.stage("episodes", "episodes").unlink()
    assert load(project, "h1").places == {}
    changed(project.record("h1"), lambda r: r["diagnostics"].pop("leave_one_out"))
    assert load(project, "h1").leave_one_out.empty


def test_a_record_made_without_a_minimum_says_a_direction_of_every_estimate(
    project: Project,
) -> None:
    found = load(project, "h1")
    names = {one.name for one in dataclasses.fields(Record)} - {"minimum"}
    assert Record(**{name: getattr(found, name) for name in names}).minimum == (0, 0)


def test_a_synthesis_has_families_and_p_values(project: Project) -> None:
    family = {"tests": 4, "low": 2, "by_chance": 0.2, "remaining": ["A"], "alpha": 0.05,
              "false_discovery_rate": 0.1}  # fmt: skip
    content = {
        "p_holm": {"h1": 0.5, "h2": None},
        "q_value": {"h4": 0.2, "h5": None},
        "families": {"h1": family},
    }
    project.record("study").write_text(json.dumps(content), encoding="utf-8")
    found = load_synthesis(project)
    assert found.p_holm["h1"] == 0.5 and math.isnan(found.p_holm["h2"])
    assert found.q_value["h4"] == 0.2 and math.isnan(found.q_value["h5"])
    assert found.families == {"h1": Family(4, 2, 0.2, ("A",), 0.05, 0.1)}
    project.record("study").unlink()
    with pytest.raises(MissingInput, match="synthesis step"):
        load_synthesis(project)


# At a glance ------------------------------------------------------------------------------------


def record_of(name: str, *estimates: tuple[object, ...], expected: str = "") -> Any:
    table = rows("estimate_id role estimate", *estimates)
    table = table.assign(**{k: k for k in KEPT if k not in table})
    spec = {
        "design": "recurrence",
        "outcome": "recurrence",
        "estimand": {"expected": expected} if expected else {},
    }
    return SimpleNamespace(estimates=table, spec=spec, verdict=Verdict(f"of {name}", ()))


def test_claims_stand_with_their_first_estimate_and_primaries_without_any() -> None:
    records: dict[str, Record] = {
        "h1": record_of("h1", ("h1.a", "secondary", 0.5), ("h1.primary", "primary", 2.0)),
        "h2": record_of("h2", ("h2.primary", "primary", 3.0), expected="below_one"),
        "h3": record_of("h3", ("h3.primary", "primary", 4.0)),
    }
    ledger = rows(
        "claim_id statement verdict_class hypothesis tests standing expected",
        ("C3", "third", "tested", "h3", "h3.primary", "mixed", "a ratio above one"),
        ("C1", "first", "tested", "h1", "h1.a;h1.primary", "secondary", "above zero, or above"),
        ("C2", "second", "tested", "h1", "h1.described", "described", "more of it"),
        ("C4", "fourth", "deferred", "h1", "h1.primary", "deferred", "below one"),
        # A claim of a hypothesis that this study leaves out has no line.
        ("C5", "fifth", "tested", "h9", "h9.primary", NOT_IN_STUDY, "below one"),
    )
    found = answers(ledger, records, {"h1": "Sooner?", "h2": "Vetoed?"}, ["h1", "h3"])
    columns = "claim label hypothesis standing side is_primary estimate_id estimate"
    assert told(found, *columns.split()) == [
        ("C1", "first", "h1", "secondary", "above", False, "h1.a", 0.5),
        ("C2", "second", "h1", "described", "", False, None, None),
        ("", "Sooner?", "h1", "of h1", "", True, "h1.primary", 2.0),
        ("", "Vetoed?", "h2", "of h2", "below", False, "h2.primary", 3.0),
        ("C3", "third", "h3", "mixed", "above", True, "h3.primary", 4.0),
    ]
    # Only what carries a verdict is known to compare the units of the design.
    assert list(found["unit"]) == ["", "", "spell of peace", "spell of peace", "spell of peace"]
    alone = answers(None, records, {}, [])
    assert told(alone, "claim", "label", "estimate") == [
        ("", "h1", 2.0),
        ("", "h2", 3.0),
        ("", "h3", 4.0),
    ]


# The study itself -------------------------------------------------------------------------------


def test_the_study_is_cited_as_its_file_says(tmp_path: Path) -> None:
    project = Project(tmp_path)
    package = software(Project(Path(__file__).parents[2]))
    assert package.title.startswith("collsec: ") and package.made_with == ()
    assert software(project) == package
    path = tmp_path / "CITATION.cff"
    path.write_text(
        "title: Package\nauthors: [{name: Body}]\nversion: 2.0\ndate-released: 2026-01-02\n"
        "repository-code: https://x.org\n"
    )
    found = software(project)
    assert (found.authors, found.year, found.version) == (("Body",), "2026", "2.0")
    assert found.reference.splitlines() == [
        "Body (2026). Package, version 2.0. https://x.org",
        package.reference,
    ]
    path.write_text(
        "title: Package\nauthors: [{name: Body}]\nversion: 2.0\npreferred-citation:\n"
        "  title: Study\n  year: 2025\n  doi: 10.1/x\n  url: https://y.org\n"
        "  authors: [{family-names: Doe, given-names: Jo}, {family-names: Roe}]\n"
    )
    found = software(project)
    assert (found.key, package.key) == ("study", "collsec")
    assert found.reference.splitlines()[0] == (
        "Doe, Jo and Roe (2025). Study, version 2.0. https://doi.org/10.1/x"
    )
    assert found.bibtex == (
        "@software{study,\n  author = {{Doe, Jo} and {Roe}},\n  title = {{Study}},\n"
        "  year = {2025},\n  version = {2.0},\n  doi = {10.1/x},\n  url = {https://y.org}\n}"
        f"\n\n{package.bibtex}"
    )
    assert Software("T", ("A",), "1").reference == "A. T, version 1."


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("title: [", r"not valid YAML \(expected the node content, but found '<stream end>'\)"),
        ("title: \x01", r"not valid YAML \(ill-formed\)"),
        ("- a\n", "a title and authors are needed"),
        ("title: T\n", "a title and authors are needed"),
        ("title: T\nauthors: []\n", "a title and authors are needed"),
        ("authors: [{name: A}]\n", "a title and authors are needed"),
        ("title: T\nauthors: [{name: A}, b]\n", "a title and authors are needed"),
        ("title: T\nauthors: [{alias: A}]\n", "a title and authors are needed"),
    ],
)
def test_a_citation_that_names_nobody_is_refused(tmp_path: Path, text: str, needle: str) -> None:
    (tmp_path / "CITATION.cff").write_text(text)
    with pytest.raises(CollsecError, match=needle):
        software(Project(tmp_path))
