"""The paper on the data: its numbers follow the tables, its code runs, it has six pages at most."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pandas as pd
import pytest

from collsec.evidence import coverage
from collsec.reports.figures import coverage as figures
from collsec.reports.pages import assemble, citation, paper, prose
from collsec.reports.pages.catalog import Item, alternatives
from collsec.reports.pages.data import variables
from collsec.reports.pages.files import write_item
from collsec.reports.pages.page import further_page
from collsec.reports.pages.source import SHORTCODE, Qmd, nested, read_qmd
from collsec.reports.render import fallback
from collsec.tables import repeat_coding
from collsec.tables.clean import resources
from collsec.upstream.sources import read_sources
from study import PROJECT, REPOSITORY, raw_tables

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
def test_it_is_printed(tmp_path: Path) -> None:
    """Page, PDF of six pages at most, Word, and LaTeX: the paper alone, from the study's tables."""
    items, found = paper.catalog(raw_tables(), again(), read_sources(PROJECT.raw / "sources.toml"))
    drawn = {
        "data-years": figures.table_coverage(coverage.table_years(raw_tables())),
        "data-basis": figures.mission_dates(coverage.mission_dates(raw_tables()["missions"])),
    }
    items |= {name: Item(name, "tables", "data/processed/tables", d) for name, d in drawn.items()}
    found |= variables(raw_tables(), 1) | alternatives(items)
    found |= {"paper.coded": "19", "paper.compiled": "48"}
    folder, site = tmp_path / "project", tmp_path / "site"
    for name in ("figures/narrow", "tables", "data"):
        (folder / name).mkdir(parents=True)
    site.mkdir()
    imprint = citation.read_imprint(PROJECT)
    page = further_page(
        PROJECT.paper.parent, PROJECT.paper.stem, imprint, "Site", found, name_below="docs"
    )
    assert (page.most_pages, page.is_article) == (6, True)
    for item in items.values():
        write_item(folder, item, "collsec")
    known = {page.stem, "method"}
    assemble._write_page(folder, page, found, items, known, has_references=True)
    for name in fallback.FILES:
        source_of = REPOSITORY / "reports" / name
        (folder / name).write_bytes(source_of.read_bytes() if source_of.exists() else b"")
    (folder / "_variables.yml").write_text(assemble._yaml(nested(found)), encoding="utf-8")
    assembled = assemble.Assembled(folder, "Site", [page], found, {})
    text = assemble.markdown(assembled, page)
    prose.check_length(page.source, text, page.most_words)
    fallback.render(assembled, REPOSITORY / "reports", site)
    for ending in ("html", "pdf", "docx", "tex"):
        assert (site / f"data-paper.{ending}").stat().st_size > 10_000
    html = (site / "data-paper.html").read_text(encoding="utf-8")
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))
    assert "620 episodes and 684 dyads" in plain and "247 links of operations" in plain
    assert pd.read_csv(site / "tables" / "paper-people.csv")["months"].tolist() == [
        3813, 3813, 3813, 4516,
    ]  # fmt: skip
