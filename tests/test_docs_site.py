"""`make docs`: every page and notebook, without a warning, and without a request off its files."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import browser
import riskset
from collsec import api as session
from collsec import pipeline
from collsec.api import _aside, _make
from collsec.core.project import data_at

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = REPOSITORY / "docs" / "notebooks"
CELL = re.compile(r"^```\{code-cell\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: What a page may fetch: a script, a style, a picture, a font; a link to follow is no request.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]*\ssrc=["\'](?:https?:)?//[^>]*>"""
    r"""|<link[^>]*rel=["\']?(?:stylesheet|preload|preconnect|icon)[^>]*href=["\'](?:https?:)?//[^>]*>"""
)
#: One page of each kind.
ACCESSIBLE = (
    *("docs/index", "docs/guide", "docs/walks", "CONTRIBUTING", "search"),
    *("packages/riskset/docs/estimators", "packages/riskset/docs/reference"),
)
#: Questions of a new user, and a page that the search must find for its words.
QUESTIONS = {
    "few clusters": "docs/notebooks/first-analysis",
    "median survival": "docs/guide",
    "immortal days": "docs/notebooks/event-lists",
    "equivalence bounds": "docs/notebooks/judge-a-null",
    "publish release": "docs/notebooks/own-hypothesis",
    "codebook stata": "docs/data",
    "strata cluster": "docs/specification",
    "slurm": "docs/many-machines",
    "seed diff": "docs/review",
    "changed numbers": "CHANGELOG",
}


def test_the_reference_lists_every_public_name() -> None:
    pages = (
        (REPOSITORY / "packages" / "riskset" / "docs" / "reference.md", riskset.__all__),
        (
            REPOSITORY / "docs" / "python.md",
            session.__all__,
        ),
    )
    for page, public in pages:
        listed = re.findall(r"^   (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        types = {"Counts", "Integers", "Split", "__version__"}  # short names of types, and no more
        assert sorted(listed) == sorted(set(public) - types)


def test_every_notebook_is_in_the_table_of_contents_and_is_python() -> None:
    index = (REPOSITORY / "docs" / "index.md").read_text(encoding="utf-8")
    pages = sorted(NOTEBOOKS.glob("*.md"))
    assert len(pages) == 5
    for page in pages:
        assert f"\nnotebooks/{page.stem}\n" in index
        cells = CELL.findall(page.read_text(encoding="utf-8"))
        assert len(cells) >= 2
        for cell in cells:
            ast.parse(cell)


@pytest.mark.full
def test_h1_in_thirty_lines_is_the_ratio_of_the_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(NOTEBOOKS)
    monkeypatch.delenv("COLLSEC_ROOT", raising=False)
    code = CELL.findall((NOTEBOOKS / "reproduce-h1.md").read_text(encoding="utf-8"))[0]
    said = [line for line in code.splitlines() if line.strip() and not line.startswith("#")]
    assert len(said) <= 45  # thirty statements, some on several lines
    names: dict[str, object] = {}
    exec(compile(code, "reproduce-h1", "exec"), names)
    with _aside(data_at(None)) as own:
        for stage in ("tables", "episodes", "timelines"):
            _make(own, stage)
        pipeline.panel(own, "h1")
        panel = own.read("panels", "h1")
    fit = riskset.cox_ph(
        panel,
        ["un_troops_lag_06"],
        start="start",
        stop="stop",
        event="event",
        strata="earlier_episodes_group",
        cluster="gwno_host",
    )
    # The same likelihood on the same rows: to the precision of its maximum.
    np.testing.assert_allclose(names["ratio"], np.exp(fit.params.iloc[0]), rtol=1e-9)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built by the environment of `make docs`."""
    python = REPOSITORY / ".venv-docs" / "bin" / "python"
    if not python.exists():
        pytest.skip("no Sphinx here: `make docs` sets up its environment")
    folder = tmp_path_factory.mktemp("docs")
    command = [str(python), "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs"]
    done = subprocess.run(
        [*command, "-d", str(folder / "pages"), ".", str(folder / "site")],
        cwd=REPOSITORY,
        env=os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


@pytest.mark.full
def test_the_site_is_whole_and_asks_nothing_of_a_network(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 100
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not FETCHED.search(text), page
    for style in site.rglob("*.css"):
        found = re.findall(r"url\([\"']?((?:https?:)?//[^)]+)", style.read_text(encoding="utf-8"))
        assert not found, style
    assert "docs/index.html" in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.full
def test_formulas_need_no_script_and_notebooks_show_what_they_print(site: Path) -> None:
    estimators = (site / "packages/riskset/docs/estimators.html").read_text(encoding="utf-8")
    assert estimators.count("<math") > 100 and not re.search(
        "<script[^>]*mathjax", estimators, re.IGNORECASE
    )
    thirty = (site / "docs/notebooks/reproduce-h1.html").read_text(encoding="utf-8")
    assert "exposed ends" in thirty.split("cell_output")[-1]


@pytest.mark.full
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_serious_fault_of_accessibility(
    site: Path, tmp_path: Path, scheme: str
) -> None:
    axe = browser.axe()
    if axe is None or browser.EXECUTABLE is None:
        pytest.skip("no axe or no Chromium here")
    faults = (
        "axe.run().then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact))"
        ".map(v => `${v.id} ${v.nodes[0].html}`))"
    )
    with browser.Browser(tmp_path / "profile", 1280, scheme) as screen:
        for name in ACCESSIBLE:
            screen.open(site / f"{name}.html")
            assert screen.value("document.documentElement.dataset.theme") == scheme
            screen.value(f"{axe};0")
            assert screen.value(faults) == [], name


@pytest.mark.full
def test_a_search_finds_the_page_of_each_question(site: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("no node here: the search index is read by its own script")
    script = """
    const fs = require("fs"); let found; global.window = {};
    global.Search = { setIndex: (index) => { found = index; } };
    eval(fs.readFileSync(process.argv[1], "utf-8"));
    eval(fs.readFileSync(process.argv[2], "utf-8"));
    const stemmer = new window.Stemmer();
    const asked = JSON.parse(process.argv[3]).map((q) => q.filter((w) => !window.stopwords.has(w)));
    const out = asked.map((words) => words.map((word) => {
      const stem = stemmer.stemWord(word);
      const hits = [found.terms[stem], found.titleterms[stem]].flat();
      return hits.filter((x) => x !== undefined).map((i) => found.docnames[i]);
    }).reduce((a, b) => a.filter((x) => b.includes(x))));
    console.log(JSON.stringify(out));
    """
    done = subprocess.run(
        [
            *("node", "-e", script, site / "searchindex.js", site / "_static/language_data.js"),
            json.dumps([question.split() for question in QUESTIONS]),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    answers = zip(QUESTIONS.items(), json.loads(done.stdout), strict=True)
    assert not {question: found for (question, page), found in answers if page not in found}
