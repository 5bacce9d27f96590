"""The paper on the data: its numbers follow the tables, its code runs, it has six pages at most."""

from __future__ import annotations

import functools
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import report_study
from collsec.core.project import Project
from collsec.reports.pages import paper, prose
from collsec.reports.pages.data import variables
from collsec.reports.pages.source import SHORTCODE, Qmd, read_qmd
from collsec.reports.render import build
from collsec.tables import repeat_coding
from collsec.tables.clean import resources
from collsec.upstream.sources import read_sources
from study import PROJECT, REPOSITORY, linked_frames, raw_tables

#: What stands in prose although it is a number: years, and the line of an armed conflict is a word.
YEAR = re.compile(r"\b(19|20)\d\d\b")


def source() -> Qmd:
    return read_qmd(PROJECT.paper, PROJECT.relative(PROJECT.paper))


def again() -> pd.DataFrame:
    path = PROJECT.raw / resources(PROJECT)[repeat_coding.TABLE]["path"]
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@functools.cache
def texts() -> dict[str, str]:
    _, found = paper.catalog(raw_tables(), again(), read_sources(PROJECT.raw / "sources.toml"))
    return found


def test_no_number_of_the_tables_is_typed() -> None:
    """Neither decimals nor percentages, nor any other figure but years, and a version."""
    page = source()
    used = {name.strip() for kind, name in SHORTCODE.findall(page.body) if kind == "var"}
    given = texts().keys() | variables(raw_tables(), 1).keys()
    of_catalog = {"data.alt.years", "data.alt.basis", "paper.coded", "paper.compiled"}
    assert used - given == of_catalog & used
    plain = prose.parse(SHORTCODE.sub("", page.body))
    left = [re.sub(r"version 1\.1|Chapter VII", "", YEAR.sub("", text)) for text in plain.texts]
    assert [re.findall(r".{0,20}\d.{0,20}", text) for text in left if re.search(r"\d", text)] == []


def test_numbers_follow_the_tables() -> None:
    tables = raw_tables()
    assert texts()["paper.links"] == "247" and texts()["paper.rows_episodes"] == "620"
    assert texts()["paper.map_correlation"] == "0.94" and texts()["paper.task_months"] == "2,606"
    assert texts()["paper.contributors_same_largest"] == "77"
    links = tables["mission_conflicts"]
    row = links[links["conflict_id"].notna() & (links["rule"] == "bara_hultman")].index[0]
    fewer = tables | {"mission_conflicts": links.drop(index=row)}
    sources = read_sources(PROJECT.raw / "sources.toml")
    items, other = paper.catalog(fewer, again(), sources)
    changed = {name for name, text in other.items() if text != texts()[name]}
    assert changed - {"paper.links_bara_hultman_un"} == {
        "paper.links", "paper.links_bara_hultman", "paper.rows_mission_conflicts",
    }  # fmt: skip
    printed = items["paper-links"].content.data  # type: ignore[union-attr]
    assert printed[["un", "other"]].to_numpy().sum() == 246
    assert printed["rule"].notna().all()


@pytest.mark.full
def test_its_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLSEC_ROOT", str(REPOSITORY))
    blocks = re.findall(r"^```python\n(.*?)^```$", source().body, re.MULTILINE | re.DOTALL)
    space: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/data-paper.qmd", "exec"), space)
    assert len(blocks) == 3 and {"fit", "against", "deaths"} <= space.keys()
    assert len(space["deaths"]) == 2  # type: ignore[arg-type]


@pytest.mark.full
def test_it_is_printed_with_the_site(tmp_path: Path, repository: Path) -> None:
    """The study's own tables in a small study: page, PDF, Word, LaTeX, and their tables as CSV."""
    root = report_study.write_study(tmp_path / "own", repository, ("h1",))
    shutil.rmtree(root / "data" / "raw")
    (root / "data" / "raw" / "coded").mkdir(parents=True)
    raw = repository / "data" / "raw"
    claims = raw / "coded" / "claims.csv"  # of hypotheses that this study does not have
    for path in (repository / "docs", *raw.iterdir(), *(raw / "coded").iterdir()):
        if path not in (raw / "coded", claims):
            (root / path.relative_to(repository)).symlink_to(path)
    (root / "analyses" / "_cases.yml").unlink()  # of made-up conflicts
    asked = root / "analyses" / "_questions.yml"
    asked.write_text(re.sub(r"\{study\.claims\.\w+\}", "many", asked.read_text()))
    rest = root / "analyses" / "questions" / "rest.qmd"
    rest.write_text(re.sub(r"\{\{< include _tbl-rest-claims.md >\}\}", "", rest.read_text()))
    project = Project(root)
    for name, frame in raw_tables().items():
        project.write(frame, "tables", name, {})
    for name in ("episodes", "missions"):
        project.write(linked_frames()[name], "episodes", name, {})
    build(project, ["h1"])
    site = root / "reports" / "site"
    for ending in ("html", "pdf", "docx", "tex"):
        assert (site / f"data-paper.{ending}").stat().st_size > 10_000
    text = (site / "data-paper.html").read_text(encoding="utf-8")
    assert f"<td>{texts()['paper.rows_episodes']}" not in text  # prose, not a cell
    assert "620 episodes and 684 dyads" in re.sub(r"<[^>]+>|\s+", " ", text).replace("  ", " ")
    people = pd.read_csv(site / "tables" / "paper-people.csv")
    assert people["months"].tolist() == [3813, 3813, 3813, 4516]
