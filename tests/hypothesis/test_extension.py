"""A page may bring modules and tables along; each is loaded or refused in one line."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from collsec.core.errors import BadSpec, BadTable
from collsec.core.project import Project
from collsec.histories.registry import brought_by
from collsec.hypothesis.extension import own_tables
from collsec.hypothesis.specification import read, specification_digest
from collsec.hypothesis.validation import load
from collsec.measures import MEASURES
from collsec.measures.registry import Measure
from study import PROJECT, known

MODULE = """
from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from collsec.measures.registry import measure
from collsec.measures.spells import where_positive


@dataclass(frozen=True)
class Presence:
    column: str


@measure(
    "exposure",
    "Regional troops present",
    uses=("deployment.conflict_id", "deployment.known_from", "deployment.peacekeepers"),
)
def toy_regional(deployment: pd.DataFrame) -> pd.DataFrame:
    return where_positive(deployment, Presence("peacekeepers").column)
"""
SCHEMA = {
    "fields": [
        {"name": "gwno", "type": "integer", "constraints": {"required": True}},
        {"name": "year", "type": "year"},
        {"name": "rainfall", "type": "number"},
    ],
    "primaryKey": ["gwno", "year"],
}
CSV = "gwno,year,rainfall\n490,1995,1.5\n490,1996,0.25\n"
KEYS = """modules: [toy.py]
tables: [rain.csv]
covariates:
  rainfall: {table: rain, column: rainfall, lag_years: 1}
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A hypothesis in a folder of its own, with a module and a table beside it."""
    shutil.copytree(PROJECT.root / "analyses", tmp_path / "analyses")
    folder = tmp_path / "analyses" / "toy"
    folder.mkdir()
    text = PROJECT.spec_file("h1").read_text("utf-8")
    text = text.replace("hypothesis: h1\n", "hypothesis: toy\n").replace("parts: [", "parts: [] #[")
    text = text.replace("modules: [operations.py", "#[operations.py")
    text = text.replace("  measure: un_troops\n", "  measure: toy_regional\n")
    path = folder / "toy-rain.qmd"
    path.write_text(text.replace("cites: [", f"{KEYS}cites: ["), "utf-8")
    (folder / "toy.py").write_text(MODULE, "utf-8")
    (folder / "rain.csv").write_text(CSV, "utf-8")
    (folder / "rain.schema.json").write_text(json.dumps(SCHEMA), "utf-8")
    return path


pytestmark = pytest.mark.usefixtures("registers")


def of(page: Path) -> Project:
    return Project(page.parents[2])


def test_a_module_is_loaded_before_the_page_is_checked(page: Path) -> None:
    spec = load(of(page), "toy", known())
    assert spec.exposure.measure == "toy_regional"
    assert isinstance(MEASURES["toy_regional"], Measure)
    assert spec.normalized()["covariates"] == {
        "rainfall": {"table": "rain", "column": "rainfall", "lag_years": 1}
    }


def test_a_table_is_typed_by_the_schema_beside_it(page: Path) -> None:
    frame = own_tables(of(page), *read(of(page), "toy"))["rain"]
    assert frame["rainfall"].tolist() == [1.5, 0.25]
    assert frame["gwno"].dtype == "Int64"


def test_an_edited_module_or_table_changes_the_digest_of_the_specification(page: Path) -> None:
    digests = {specification_digest(of(page), "toy")}
    for name in ("toy.py", "rain.csv", "rain.schema.json"):
        path = page.with_name(name)
        path.write_text(path.read_text("utf-8").replace("0.25", "0.5") + "\n", "utf-8")
        digests.add(specification_digest(of(page), "toy"))
    page.write_text(page.read_text("utf-8") + "More prose.\n", "utf-8")
    digests.add(specification_digest(of(page), "toy"))
    assert len(digests) == 4


def test_a_module_imports_from_those_before_it_and_is_loaded_again_with_them(page: Path) -> None:
    project, front = of(page), page.read_text("utf-8")
    page.write_text(front.replace("[toy.py]", "[ties.py, toy.py]"), "utf-8")
    ties = page.with_name("ties.py")
    ties.write_text("TITLE = 'Once'\n", "utf-8")
    page.with_name("toy.py").write_text(f"{MODULE}\n\nfrom .ties import TITLE\n", "utf-8")
    load(project, "toy", known())
    assert sys.modules["collsec_page.toy.toy"].TITLE == "Once"
    ties.write_text("TITLE = 'Again'\n", "utf-8")
    load(project, "toy", known())
    assert sys.modules["collsec_page.toy.toy"].TITLE == "Again"
    del sys.modules["collsec_page.toy.ties"]
    page.write_text(front.replace("[toy.py]", "[toy.py, ties.py]"), "utf-8")
    page.with_name("toy.py").write_text(f"{MODULE}\nfrom .ties import TITLE\n", "utf-8")
    with pytest.raises(BadSpec, match=r"toy\.py, line \d+: .*ties\.py does not come before it"):
        load(project, "toy", known())


def test_two_pages_may_bring_along_one_module(page: Path) -> None:
    project = of(page)
    text = page.read_text("utf-8").replace("hypothesis: toy\n", "hypothesis: toy2\n")
    page.with_name("toy2-rain.qmd").write_text(text, "utf-8")
    for name in ("toy", "toy2", "toy"):
        assert load(project, name, known()).exposure.measure == "toy_regional"
        assert "toy_regional" in brought_by(MEASURES, name)
    assert not brought_by(MEASURES, "toy2")
    page.with_name("other.py").write_text(MODULE, "utf-8")
    page.with_name("toy2-rain.qmd").write_text(text.replace("[toy.py]", "[other.py]"), "utf-8")
    with pytest.raises(BadSpec, match=r"registers a name that .* has registered already"):
        load(project, "toy2", known())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef f(:\n", r"toy/toy\.py, line 2: the module cannot be loaded \(SyntaxError"),
        ("\n\n1 / 0\n", r"toy\.py, line 3: .*\(ZeroDivisionError: division by zero\)"),
        ("import no_such\n", r"toy\.py, line 1: .*ModuleNotFoundError: .*'no_such'"),
        ("raise SystemExit(3)\n", r"toy\.py, line 1: .*SystemExit"),
        ("def f():\n    raise ValueError('a\\nb')\n\nf()\n", r"toy\.py, line 2: .*ValueError: a b"),
        ("x = '\x00'\n", r"toy\.py: the module cannot be loaded"),
    ],
)
def test_an_error_in_a_module_is_one_line_with_its_place(
    page: Path, text: str, message: str
) -> None:
    page.with_name("toy.py").write_text(text, "utf-8")
    with pytest.raises(BadSpec, match=message) as caught:
        load(of(page), "toy", known())
    assert "\n" not in str(caught.value)
    page.with_name("toy.py").write_text(MODULE, "utf-8")
    assert load(of(page), "toy", known()).modules == ("toy.py",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[toy.py]", "[../toy.py]", r"key modules\[0\], value '../toy\.py': must be the name of a"),
        ("[toy.py]", "[other.py]", r"key modules\[0\], value 'other\.py': no such file"),
        ("[rain.csv]", "[rain.tsv]", r"key tables\[0\], value 'rain\.tsv': must be the name"),
        ("[rain.csv]", "[snow.csv]", r"key tables\[0\], value 'snow\.csv': no such file"),
        ("table: rain,", "table: rian,", r"covariates\.rainfall\.table, value 'rian': .*'rain'"),
        ("column: rainfall", "column: rain", r"covariates\.rainfall\.column.*'rainfall'"),
        ("lag_years: 1", "lag_years: 0", r"covariates\.rainfall\.lag_years, value 0: .*1 or more"),
        ("  rainfall: {", "  democracy: {", r"covariates\.democracy: is the name of a measure"),
        ("modules: [toy.py]\n", "", r"exposure\.measure, value 'toy_regional': unknown"),
    ],
)
def test_what_a_page_names_and_does_not_bring_is_refused(
    page: Path, old: str, new: str, message: str
) -> None:
    text = page.read_text("utf-8")
    assert old in text
    page.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BadSpec, match=rf"analyses/toy/toy-rain\.qmd, line \d+, .*{message}"):
        load(of(page), "toy", known())


def test_a_table_of_the_page_is_read_as_strictly_as_the_studys_own(page: Path) -> None:
    page.with_name("rain.csv").write_text(CSV.replace("0.25", "wet"), "utf-8")
    with pytest.raises(BadTable, match=r"toy/rain\.csv, row 3, column rainfall, value 'wet'"):
        load(of(page), "toy", known())
    page.with_name("rain.schema.json").unlink()
    with pytest.raises(BadSpec, match=r"key tables\[0\].*its schema rain\.schema\.json is missing"):
        load(of(page), "toy", known())


def test_a_table_may_not_take_the_name_of_one_of_the_study(page: Path) -> None:
    text = page.read_text("utf-8").replace("[rain.csv]", "[states.csv]").replace("rain,", "states,")
    page.write_text(text.replace("column: rainfall", "column: gwno"), "utf-8")
    page.with_name("rain.csv").rename(page.with_name("states.csv"))
    page.with_name("rain.schema.json").rename(page.with_name("states.schema.json"))
    with pytest.raises(BadSpec, match=r"tables\[0\], value 'states\.csv': the study has a table"):
        load(of(page), "toy", known())
