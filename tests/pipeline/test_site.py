"""The whole way from estimates to pages, with real pandoc, real Typst and a real browser."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import yaml
from PIL import Image

import browser
import report_study as study
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project
from collsec.reports.figures.style import SOURCE
from collsec.reports.pages.assemble import assemble
from collsec.reports.pages.source import BadProse
from collsec.reports.render import build, fallback
from collsec.reports.words.verdicts import LABELS, SENTENCES
from for_all_tests import first

QUESTIONS = ["oracles", "rest"]
ALWAYS = ["briefing", "hypotheses", "method"]
FURTHER = [*ALWAYS, "explorer", "specifications", "cases", "claims", "changes", "glossary"]
PAGES = ["index", *QUESTIONS, *study.STEMS.values(), *FURTHER]
REPORTS = list(study.STEMS.values())
#: Pages that do something where scripts run, and lose nothing else where they do not.
SCRIPTED = ["explorer", "specifications"]
VOID = {"meta", "link", "img", "input", "br", "hr", "col"}


class Tree(HTMLParser):
    """The elements of a page in order, with their attributes, text and ancestors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}, list(self._open)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes, _ in self.elements if name == tag]

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))


def digests(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


@pytest.fixture(autouse=True)
def without_quarto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render with the project's own renderer, whatever is on this machine."""
    monkeypatch.setattr("collsec.reports.render.quarto.is_available", lambda: False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Return a study whose reports have been built."""
    root = study.write_study(tmp_path_factory.mktemp("study"), repository, is_released=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("collsec.reports.render.quarto.is_available", lambda: False)
        build(Project(root), study.HYPOTHESES)
    return root


@pytest.fixture
def small(built: Path, tmp_path: Path, repository: Path) -> Path:
    """Return a study of one hypothesis, not yet built, whose pictures are known."""
    root = study.write_study(tmp_path / "small", repository, ("h1",))
    shutil.copytree(Project(built).state / "reports", Project(root).state / "reports")
    return root


@pytest.fixture
def edit(small: Path) -> Callable[[str, str], Path]:
    """Replace a text of the analysis of the small study."""

    def replace(old: str, new: str) -> Path:
        path = small / "analyses" / f"{study.STEMS['h1']}.qmd"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return small

    return replace


def page(root: Path, name: str) -> Tree:
    return Tree((root / "reports" / "site" / f"{name}.html").read_text())


# What is there ---------------------------------------------------------------------------------


def test_every_report_has_a_page_and_a_pdf_and_every_item_its_files(built: Path) -> None:
    site = built / "reports" / "site"
    for stem in REPORTS:
        assert (site / f"{stem}.pdf").read_bytes().startswith(b"%PDF-")
    used = {p.stem for p in (site / "figures").glob("*.svg")}
    assert {"h1-lags", "h1-survival", "h1-incidence", "h1-null-calibration"} <= used
    for name in used:
        assert (site / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert len(pd.read_csv(site / "figures" / f"{name}.csv"))
        alone = (site / "figures" / f"{name}.html").read_text()
        assert (
            alone.count("<svg") == alone.count('role="heading"') == 1
            and f"<p>{SOURCE}</p>" in alone
        )
        assert not re.search(r'(?:src|href)="(?!#|data:)', alone)  # nothing is fetched
        with zipfile.ZipFile(site / "figures" / f"{name}.zip") as bundle:
            about = json.loads(bundle.read("about.json"))
            assert about["shows"] and about["numbers_from"] and about["license"] == "CC BY 4.0"
            assert bundle.read(f"{name}.png").startswith(b"\x89PNG")
    origin = "collsec 0.1.0 · data 3f9c2a77aa10 · profile quick · h1.primary@3f9c2a"
    with Image.open(site / "figures" / "h1-lags.png") as picture:
        assert picture.text["Source"] == origin  # type: ignore[attr-defined]
    drawn = (site / "figures" / "h1-lags.svg").read_text(encoding="utf-8")
    assert f"<dc:source>{origin}</dc:source>" in drawn
    for name in (
        "figures/h1-lags",
        "tables/h1-estimates",
        "tables/h1-numbers",
        "data/h1-estimates",
    ):
        assert set(pd.read_csv(site / f"{name}.csv")["made_by"]) == {origin}
    of_study = pd.read_csv(site / "tables" / "changes.csv")["made_by"]
    assert set(of_study) == {origin.rpartition(" · ")[0]}
    with zipfile.ZipFile(site / "briefing.docx") as file:
        said = file.read("docProps/core.xml").decode()
    assert "collsec 0.1.0, data 3f9c2a77aa10, profile quick.</dc:description>" in said
    table = pd.read_csv(site / "tables" / "h1-estimates.csv")
    assert table["estimate"].tolist() == study.estimate_rows()["estimate"].tolist()


def test_the_replication_readme_lists_sources_and_every_exhibit(built: Path) -> None:
    text = (built / "reports" / "site" / "replication.md").read_text()
    assert "Authors: Jane Doe, The invented authors. Code: MIT." in text
    assert "| Atlas of Invented Wars | 3 | CC BY 4.0 |" in text
    for folder, end in (("figures", "svg"), ("tables", "csv")):
        for path in (built / "reports" / "site" / folder).glob(f"*.{end}"):
            if not path.stem.endswith("-numbers"):
                assert f"`{folder}/{path.name}`" in text, path.name


def test_the_project_is_a_quarto_project_that_stands_alone(built: Path) -> None:
    project = built / "reports" / "project"
    assert "Edits are lost" in (project / "DO-NOT-EDIT").read_text()
    settings = yaml.safe_load((project / "_quarto.yml").read_text())
    assert settings["project"]["render"] == [f"{p}.qmd" for p in PAGES]
    # Linked files are copied only if they are declared; variables are read from the root only.
    assert "figures/*" in settings["project"]["resources"]
    assert settings["format"]["html"]["html-math-method"] == "mathml"
    assert settings["format"]["html"]["theme"] == "default"
    assert settings["format"]["typst"]["citeproc"] is True
    assert settings["format"]["typst"]["number-sections"] is True
    # A report has a PDF too, an article also files for Word and LaTeX.
    heads = {p: (project / f"{p}.qmd").read_text().split("---\n")[1] for p in PAGES}
    formats = {p: list(yaml.safe_load(head)["format"]) for p, head in heads.items()}
    pdf = {name: ["html", "typst"] for name in REPORTS}
    articles = {"briefing": ["html", "typst", "docx", "latex"]}
    assert formats == {name: ["html"] for name in PAGES} | pdf | articles
    known = yaml.safe_load((project / "_variables.yml").read_text())
    assert known["h1"]["primary"]["hr"] == "1.21"
    for path in project.glob("*.qmd"):
        text = path.read_text()
        for name in re.findall(r"{{< include (\S+)", text):
            assert name.startswith("_") and (project / name).is_file()
        for name in re.findall(r"\]\((figures/[^)]+)\)", text):
            assert (project / name).is_file()


@pytest.mark.full
def test_a_study_without_cases_or_claims_has_no_pages_of_them(small: Path, tmp_path: Path) -> None:
    (small / "analyses" / "_cases.yml").unlink()
    (small / "data" / "raw" / "coded" / "claims.csv").unlink()
    asked = small / "analyses" / "_questions.yml"
    asked.write_text(re.sub(r"\{study\.claims\.\w+\}", "many", asked.read_text()))
    rest = small / "analyses" / "questions" / "rest.qmd"
    rest.write_text(re.sub(r"\{\{< include _tbl-rest-claims.md >\}\}", "", rest.read_text()))
    folder = tmp_path / "project"
    folder.mkdir()
    project = assemble(Project(small), ["h1"], folder)
    assert [p.stem for p in project.pages] == [
        "index",
        "rest",
        study.STEMS["h1"],
        *ALWAYS,
        "explorer",
        "specifications",
        "glossary",
    ]


@pytest.mark.parametrize(
    "count",
    [1, pytest.param(12, marks=pytest.mark.full), pytest.param(30, marks=pytest.mark.slow)],
)
def test_hypotheses_that_nobody_has_met_have_their_pages_and_lines(
    tmp_path: Path, repository: Path, count: int
) -> None:
    """One or many, none of the study's own, none with a claim."""
    names = tuple(f"q{n}" for n in range(1, count + 1))
    root = study.write_study(tmp_path / "own", repository, names, is_released=True)
    claims = root / "data" / "raw" / "coded" / "claims.csv"
    rows = pd.read_csv(claims, dtype=str)
    rows[rows["verdict_class"] != "tested"].to_csv(claims, index=False)
    folder = tmp_path / "project"
    folder.mkdir()
    made = assemble(Project(root), list(names), folder)
    stems = [study.stem(h) for h in names]
    assert [p.stem for p in made.pages] == ["index", *stems, *FURTHER]
    assert [p.label for p in made.pages if p.record] == [f"{h.upper()} Own question" for h in names]
    settings = yaml.safe_load((folder / "_quarto.yml").read_text())
    _, reports, *others = settings["website"]["navbar"]["left"]
    assert [link["href"] for link in reports["menu"]] == [f"{s}.qmd" for s in stems]
    assert [link["href"] for link in others] == [f"{s}.qmd" for s in FURTHER]
    overview = (folder / "_verdicts.md").read_text()
    for h in names:
        assert f"**[What of {h}?]({study.stem(h)}.qmd)**" in overview
        assert f"| @tbl-{h}-checks |" in (folder / f"_tbl-{h}-items.md").read_text()
    tested = (folder / "_tbl-claims-tested.md").read_text()
    assert "verdict-number" not in tested


def test_front_matter_is_resolved_and_holds_no_spec(built: Path) -> None:
    for stem in REPORTS:
        text = (built / "reports" / "project" / f"{stem}.qmd").read_text()
        head = text.split("---\n")[1]
        assert "{{<" not in head
        front = yaml.safe_load(head)
        assert front.keys().isdisjoint(study.SPEC)
        assert front["abstract"] == "An invented study about 523 wars."
        assert front["author"][0]["orcid"] == "0000-0002-1825-0097"
        assert front["author"][1] == {"name": "The invented authors"}
        assert front["google-scholar"] is True
        assert (
            front["license"] == "CC BY 4.0"
            and front["code-license"] == "MIT"
            and front["citation"]["type"] == "report"
        )
        assert front["citation"]["number"].startswith(f"{stem[:2]}.primary@")
        assert "date" not in front


def test_alternative_texts_are_resolved_and_cannot_break_their_attribute(built: Path) -> None:
    text = (built / "reports" / "project" / f"{REPORTS[0]}.qmd").read_text()
    found = re.search(r'#fig-lags narrow="figures/narrow/h1-lags.svg"\s+fig-alt="([^"]*)"', text)
    assert found and "UN troops, 'no' lag: 1.62 (0.96 to 2.74)" in found[1]


# What a reader sees ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_accessible_and_offline(built: Path, name: str) -> None:
    site = built / "reports" / "site"
    text = (site / f"{name}.html").read_text()
    tree = Tree(text)
    assert tree.all("html") == [{"lang": "en"}]
    scripts = [script["src"] for script in tree.all("script")]
    assert bool(scripts) is (name in SCRIPTED)
    assert all((site / script).is_file() for script in scripts)
    assert "{{<" not in text and "@fig-" not in text and "???" not in text
    assert str(built) not in text and "/tmp" not in text
    levels = [int(tag[1]) for tag, _, _ in tree.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    identifiers = [a["id"] for _, a, _ in tree.elements if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    for image in tree.all("img"):
        assert image["alt"] and (site / image["src"]).is_file()
    for cell in tree.all("th"):
        assert cell["scope"] in ("col", "row")
    for link in tree.all("a"):
        target = link["href"]
        if target.startswith("#"):
            assert target[1:] in identifiers, target
        elif not target.startswith("https://"):
            file, _, anchor = target.partition("#")
            assert (site / file).is_file(), target
            if anchor and not (file == "explorer.html" and anchor.isdigit()):
                assert f'id="{anchor}"' in (site / file).read_text(), target
    loaded = [e["src"] for e in tree.all("img")] + [e["href"] for e in tree.all("link")]
    assert not [t for t in loaded if t.startswith(("http:", "https:", "//"))]
    for _, attributes, _ in tree.elements:
        for label in attributes.get("aria-labelledby", "").split():
            assert label in identifiers


@pytest.mark.parametrize("h", study.HYPOTHESES)
def test_a_report_states_verdict_provenance_profile_and_availability(built: Path, h: str) -> None:
    text = page(built, study.STEMS[h]).text
    assert SENTENCES[study.VERDICTS[h][0]] in text
    assert f"{h}.primary@3f9c2a" in text and "3f9c2a77aa10" in text and "collsec 0.1.0" in text
    assert "Quick profile" in text
    assert "Data and code availability" in text and "MIT license" in text
    assert "text are under CC BY 4.0" in text
    assert "Cite this report as: Jane Doe and The invented authors." in text
    assert f"data/processed/estimates/{h}.parquet" in text and f"tables/{h}-regression.csv" in text


@pytest.mark.parametrize("name", ["index", "briefing"])
def test_a_quick_run_is_marked_above_the_answers(built: Path, name: str) -> None:
    text = (built / "reports" / "site" / f"{name}.html").read_text()
    assert text.count("Quick profile: do not cite.") == 1
    assert text.index("Quick profile: do not cite.") < text.index("What do oracles change?</a>")


@pytest.mark.full
def test_the_full_profile_is_not_marked_as_quick(tmp_path: Path, repository: Path) -> None:
    root = study.write_study(tmp_path / "full", repository, ("h1",), profile="full")
    build(Project(root), ["h1"])
    text = page(root, study.STEMS["h1"]).text
    assert "Quick profile" not in text and "Profile full" in text


def test_cross_references_carry_numbers_in_the_order_of_the_text(built: Path) -> None:
    text = page(built, REPORTS[0]).text
    assert "and Section 2 shows" in text and "Equation 1 is fitted" in text
    assert "Figure 1 compares the lags, Figure 2 the exposures, and Table 1 gives" in text
    assert "Figure 1. Hazard ratio of the end" in text and "Table 1. Cox models" in text
    assert "(Gilligan and Sergenti 2008)" in text and "Quarterly Journal" in text


def test_a_number_carries_the_id_of_its_result_and_is_listed(built: Path) -> None:
    tree = page(built, REPORTS[0])
    carried = {a["title"] for a in tree.all("span") if a.get("class") == "n"}
    assert "h1.primary@3f9c2a" in carried
    assert "Numbers in this report" in tree.text
    numbers = pd.read_csv(built / "reports" / "site" / "tables" / "h1-numbers.csv")
    row = numbers.set_index("variable").loc["h1.primary.hr"]
    assert row["result"] == "h1.primary@3f9c2a" and str(row["value"]) == "1.21"
    assert row["file"] == "data/processed/estimates/h1.parquet" and row["rows"] == 2345


def test_conditional_content_goes_to_its_format_only(built: Path) -> None:
    text = page(built, REPORTS[0]).text
    assert "The page has files to download." in text
    assert "The files are on the page of this report." not in text


def test_a_page_links_to_every_report_with_its_answer(built: Path) -> None:
    tree = page(built, "hypotheses")
    targets = [a["href"] for a in tree.all("a")]
    for h in study.HYPOTHESES:
        assert f"{study.STEMS[h]}.html" in targets
        assert SENTENCES[study.VERDICTS[h][0]] in tree.text
        assert LABELS[study.VERDICTS[h][0]] in tree.text


def test_the_hypotheses_say_in_plain_words_what_was_found_and_how_sure_that_is(built: Path) -> None:
    text = page(built, "hypotheses").text
    those = "wars with UN troops on the ground for six months"
    others = "wars of the same age without them"
    plain = {
        "inconclusive": f"The record does not show whether {those} end sooner or later than "
        f"{others}.",
        "no-effect": f"{those.capitalize().replace('un ', 'UN ')} end about as soon as {others}: "
        "any difference is too small to matter.",
        "supported": f"{those.capitalize().replace('un ', 'UN ')} end sooner than {others}, as the "
        "claim says.",
    }
    for h in study.HYPOTHESES:
        assert f"{study.TITLES[h]} {plain[study.VERDICTS[h][0]]} How sure?" in text
    assert "Undecided. 41 wars in 19 countries were exposed, and 23 ended while exposed." in text
    assert "Fairly sure: the whole interval lies within 0.80 to 1.25." in text
    assert text.count("What would change it?") == len(study.HYPOTHESES)


def test_a_tabset_shows_every_tab_without_a_script(built: Path) -> None:
    tree = page(built, REPORTS[0])
    inputs = tree.all("input")
    assert [i.get("checked") is not None for i in inputs] == [True, False]
    assert {label["for"] for label in tree.all("label")} == {i["id"] for i in inputs}


# Same inputs, same bytes; whole or not at all ----------------------------------------------------


@pytest.mark.full
def test_a_second_run_in_another_folder_gives_the_same_bytes(
    built: Path, tmp_path: Path, repository: Path
) -> None:
    other = study.write_study(tmp_path / "somewhere" / "else", repository, is_released=True)
    build(Project(other), study.HYPOTHESES)
    for name in ("project", "site"):
        assert digests(other / "reports" / name) == digests(built / "reports" / name)


@pytest.mark.full
def test_workers_and_what_is_kept_change_no_byte(
    built: Path, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = study.write_study(tmp_path / "other", repository, is_released=True)
    known = Project(other).state / "reports"

    def is_the_same() -> bool:
        before, after = (digests(root / "reports") for root in (built, other))
        return before == after

    build(Project(other), study.HYPOTHESES, workers=1)
    assert is_the_same()
    entries = sorted(known.iterdir())
    for spoilt in entries[::7]:
        spoilt.write_bytes(spoilt.read_bytes()[:-1] + b"?")
    (known / "unused").write_text("of an earlier pass")
    shutil.rmtree(other / "reports" / "site")
    build(Project(other), study.HYPOTHESES, workers=2)
    assert is_the_same()
    assert sorted(known.iterdir()) == entries

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("made again")

    for name in ("matplotlib.figure.Figure.savefig", "collsec.reports.render.fallback._pdf"):
        monkeypatch.setattr(name, refuse)
    shutil.rmtree(other / "reports" / "site")
    build(Project(other), study.HYPOTHESES, workers=1)
    assert is_the_same()


def test_a_run_replaces_what_was_there_and_leaves_nothing_beside(small: Path) -> None:
    build(Project(small), ["h1"])
    before = digests(small / "reports" / "site")
    (small / "reports" / "site" / "stale.html").write_text("old")
    (small / "reports" / "project" / "stale.qmd").write_text("old")
    build(Project(small), ["h1"])
    assert digests(small / "reports" / "site") == before
    names = {p.name for p in (small / "reports").iterdir()}
    assert not [n for n in names if n.startswith(".")]


@pytest.mark.full
def test_a_failure_in_the_last_step_changes_nothing(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(Project(small), ["h1"])
    before = digests(small / "reports")

    def fail(*_: object) -> bytes:
        raise CollsecError("no PDF")

    shutil.rmtree(Project(small).state / "reports")
    monkeypatch.setattr(fallback, "_pdf", fail)
    with pytest.raises(CollsecError, match="no PDF"):
        build(Project(small), ["h1"])
    assert digests(small / "reports") == before


# One clear error ---------------------------------------------------------------------------------

REPORT = rf"analyses/{study.STEMS['h1']}\.qmd"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    first(
        ("@eq-cox is", "@eq-cax is", rf"{REPORT}, line \d+: @eq-cax refers to nothing"),
        ("@fig-lags", "@fig-lag", rf"{REPORT}, line \d+: @fig-lag refers to nothing"),
        ("[@cox1972]", "[@cox1872]", rf"{REPORT}, line \d+: .*cox1872.*references\.bib"),
        ("h1-lags.svg", "h1-leads.svg", rf"{REPORT}, line \d+: no image .*h1-leads"),
        ("_tbl-h1-checks.md", "_tbl-h1-check.md", rf"{REPORT}, line \d+: included file"),
        ("var h1.primary.hr", "var h1.primary.rh", rf"{REPORT}, line \d+: unknown variable"),
        ("var h1.alt.lags", "var h1.alt.lag", rf"{REPORT}, line \d+: unknown variable"),
        ("a year of", "1.9 years of", rf"{REPORT}, line \d+: '1\.9' is typed by hand"),
        ("@sec-result shows", "@sec-result [@cox1972] shows", rf"{REPORT}, line \d+: .*swallowed"),
        ("#fig-null", "#fig-lags", r"'fig-lags' is given twice"),
        ("[@cox1972]", "[@cox1972; @fig-lags]", "mixes a cross-reference with a citation"),
        ('when-format="typst"', 'when-format="docx"', "only html and typst are rendered"),
    ),
)
def test_a_mistake_in_the_text_is_one_message_and_writes_nothing(
    edit: Callable[[str, str], Path], old: str, new: str, message: str
) -> None:
    root = edit(old, new)
    with pytest.raises(BadProse, match=message):
        build(Project(root), ["h1"])
    assert not (root / "reports" / "site").exists()
    assert not (root / "reports" / "project").exists()


def test_a_hypothesis_without_estimates_names_the_missing_file(small: Path) -> None:
    (small / "data" / "processed" / "estimates" / "h1.json").unlink()
    with pytest.raises(MissingInput, match=r"data/processed/estimates/h1\.json"):
        build(Project(small), ["h1"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["verdict"].update(code="maybe"), "verdict.code, value 'maybe': unknown"),
        (lambda r: r["verdict"].update(reasons=[]), "verdict.reasons, .*is empty"),
        (lambda r: r["verdict"].pop("reasons"), "verdict.reasons: is missing"),
        (lambda r: r.pop("result_id"), "result_id: is missing"),
        (lambda r: r["provenance"].pop("data_vintage"), "provenance.data_vintage: is missing"),
        (lambda r: r["provenance"].update(profile="fast"), "profile, value 'fast': unknown"),
        (lambda r: r["quantities"].update({"x": "1"}), "quantities.x, value '1'"),
        (lambda r: r["quantities"].update({"x": {"value": 1, "unit": "mile"}}), "x.unit, .*'mile'"),
        (lambda r: r["spec"]["estimand"].pop("no_effect"), "two hazard ratios around 1"),
        (lambda r: r["diagnostics"].pop("falsification"), "diagnostics.falsification: is missing"),
    ],
)
def test_a_record_with_a_hole_is_refused_by_name(
    small: Path, change: Callable[[dict], object], message: str
) -> None:
    path = small / "data" / "processed" / "estimates" / "h1.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    with pytest.raises(CollsecError, match=rf"estimates/h1\.json, .*{message}"):
        build(Project(small), ["h1"])


@pytest.mark.full
def test_a_study_without_citation_file_names_the_packages_authors(small: Path) -> None:
    (small / "CITATION.cff").unlink()
    build(Project(small), ["h1"])
    assert "The collsec authors" in page(small, study.STEMS["h1"]).text


# Quarto, where it is -----------------------------------------------------------------------------


@pytest.fixture
def quarto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put a program named quarto on PATH that behaves like Quarto in one respect."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr("collsec.reports.render.quarto.is_available", lambda: True)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def write(script: str) -> None:
        path = folder / "quarto"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    yield write


@pytest.mark.parametrize(
    ("script", "said"),
    first(
        (
            "mkdir _site && echo page > _site/index.html\n"
            "printf '\\033[33mWARNING (main.lua) Unable to resolve crossref @fig-x\\033[39m' >&2",
            "Unable to resolve crossref @fig-x",
        ),
        ("echo 'ERROR: no such format' >&2; exit 1", "no such format"),
        ("exit 0", "there is no _site/index.html"),
    ),
)
def test_where_quarto_fails_the_pages_are_made_without_it_and_that_is_said(
    small: Path,
    quarto: Callable[[str], None],
    script: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A warning is a failure, though Quarto ends well."""
    quarto(script)
    build(Project(small), ["h1"])
    note = capsys.readouterr().err
    assert note.startswith("note: quarto render: ") and note.count("\n") == 1
    assert said in note and note.endswith("Pages and PDFs are made without Quarto.\n")
    site, project = small / "reports" / "site", small / "reports" / "project"
    assert "<title>" in (site / "index.html").read_text(encoding="utf-8")
    assert not (project / "_site").exists()


def test_quarto_renders_where_it_is_and_its_output_is_the_site(
    small: Path, quarto: Callable[[str], None]
) -> None:
    quarto('test "$1" = render && mkdir _site && cp index.qmd _site/index.html')
    build(Project(small), ["h1"])
    assert [p.name for p in (small / "reports" / "site").iterdir()] == ["index.html"]
    assert not (small / "reports" / "project" / "_site").exists()


# PDF and browser ---------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not on PATH")
def test_the_pdf_holds_the_report_and_says_what_it_is(built: Path) -> None:
    path = built / "reports" / "site" / f"{REPORTS[0]}.pdf"

    def output(*command: str | Path) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    flat = re.sub(r"\s+", " ", output("pdftotext", "-layout", path, "-"))
    assert study.TITLES["h1"] in flat and "Cannot tell: the interval holds both" in flat
    assert "h1.primary@3f9c2a · quick profile" in flat
    assert "Figure 1. Hazard ratio" in flat and "The files are on the page of this report." in flat
    assert "{{<" not in flat and "#figure" not in flat
    info = output("pdfinfo", path)
    assert re.search(r"Title:\s+Does later deployment", info)
    assert re.search(r"Tagged:\s+yes", info)
    assert "CreationDate" not in info


def test_a_file_for_word_has_a_page_a_header_and_figures_that_fit(built: Path) -> None:
    with zipfile.ZipFile(built / "reports" / "site" / "briefing.docx") as file:
        parts = {name: file.read(name).decode() for name in file.namelist() if "xml" in name}
    document = parts["word/document.xml"]
    (size,) = re.findall(r"<w:pgSz[^>]*>", document)
    # A4: 210 mm by 297 mm, in twentieths of a point.
    assert 'w:w="11906"' in size and 'w:h="16838"' in size
    (header,) = [text for name, text in parts.items() if re.match(r"word/header\d*\.xml", name)]
    assert "Briefing" in header
    (footer,) = [text for name, text in parts.items() if re.match(r"word/footer\d*\.xml", name)]
    assert " PAGE " in footer and " NUMPAGES " in footer
    assert "headerReference" in document and "footerReference" in document
    # In EMU, 12,700 to a point: the text is 210 mm less two margins of 23 mm wide.
    drawn = re.findall(r'<wp:extent cx="(\d+)" cy="(\d+)"', document)
    assert drawn
    for wide, high in drawn:
        assert int(wide) <= (11906 - 2 * 1304) * 635 and int(high) <= (16838 - 2 * 1304) * 635


def test_a_document_of_too_many_pages_is_refused(small: Path) -> None:
    path = small / "reports" / "briefing.qmd"
    path.write_text(path.read_text().replace("most-pages: 2", "most-pages: 0"))
    with pytest.raises(BadProse, match=r"briefing\.qmd: \d pages of PDF, at most 0"):
        build(Project(small), ["h1"])


IN_A_BROWSER = pytest.mark.skipif(browser.EXECUTABLE is None, reason="Chromium is not on PATH")
COMPLAINTS = (
    "Log.entryAdded",
    "Runtime.exceptionThrown",
    "Runtime.consoleAPICalled",
    "Network.loadingFailed",
)
SLOW = 3  # how much slower than a reader's machine one under test may be
SETTLED = "new Promise(done => setTimeout(done, 300))"


def quiet(screen: browser.Browser) -> None:
    """Nothing was complained of, and nothing asked for that is no file of the page."""
    events = screen.events
    assert [e["params"] for e in events if e["method"] in COMPLAINTS] == []
    urls = [
        e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"
    ]
    assert urls and all(u.startswith(("file:", "data:", "blob:")) for u in urls), urls


def fits(screen: browser.Browser, width: int) -> None:
    """Nothing is cut off, and the page scrolls down alone."""
    assert screen.value("document.documentElement.scrollWidth") <= width
    hidden = (
        "[...document.querySelectorAll('main p, main figure, main h2, main table, main svg')]"
        ".filter(e => e.offsetParent && !e.closest('.table-frame'))"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert screen.value(hidden) == 0
    covered = (
        "(list => [...document.querySelectorAll('main p, main figure, main h1, main h2, main li')]"
        ".filter(e => list?.offsetParent && e.offsetParent && !list.contains(e))"
        ".map(e => [e.getBoundingClientRect(), list.getBoundingClientRect()])"
        ".filter(([a, b]) => a.right > b.left + 1 && a.bottom > b.top + 1 && a.top < b.bottom - 1)"
        ".length)(document.querySelector('nav.contents'))"
    )
    assert screen.value(covered) == 0


@pytest.mark.full
@pytest.mark.browser
@IN_A_BROWSER
@pytest.mark.parametrize("width", [768, 1000, 1060])
def test_the_contents_stand_next_to_the_text_only_where_there_is_room(
    built: Path, tmp_path: Path, width: int
) -> None:
    with browser.Browser(tmp_path / "profile", width) as screen:
        for name in ("claims", "glossary", "h1-deployment-delay"):
            screen.open(built / "reports" / "site" / f"{name}.html")
            screen.value(SETTLED)
            fits(screen, width)


@pytest.mark.browser
@IN_A_BROWSER
@pytest.mark.parametrize("scheme", first("light", "dark"))
@pytest.mark.parametrize("width", first(390, 1280))
def test_the_pages_load_quietly_fit_and_are_accessible(
    built: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    axe = browser.axe()
    with browser.Browser(tmp_path / "profile", width, scheme) as screen:
        for name in PAGES:
            screen.open(built / "reports" / "site" / f"{name}.html")
            screen.value(SETTLED)
            quiet(screen)
            broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
            assert screen.value(broken) == 0
            fits(screen, width)
            paper = screen.value("getComputedStyle(document.body).backgroundColor")
            assert (paper == "rgb(255, 255, 255)") is (scheme == "light")
            if axe is not None:
                screen.value(f"{axe};0")
                faults = "axe.run().then(r => r.violations.map(v => `${v.id} ${v.nodes[0].html}`))"
                assert screen.value(faults) == [], name


@pytest.mark.full
@pytest.mark.browser
@IN_A_BROWSER
@pytest.mark.parametrize("width", [390, 1280])
def test_a_conflict_is_found_shown_and_has_an_address(
    built: Path, tmp_path: Path, width: int
) -> None:
    page = built / "reports" / "site" / "explorer.html"
    name = "document.querySelector('#explorer-name').textContent"
    with browser.Browser(tmp_path / "profile", width) as screen:
        screen.open(page, "2")
        screen.value(SETTLED)
        assert screen.value(name) == "Bohemia by the sea, over government"
        loaded = "performance.getEntriesByType('navigation')[0].loadEventEnd"
        assert screen.value(loaded) < 1000 * SLOW
        # By the keyboard alone: search, and take the first that is found.
        screen.value("document.querySelector('#explorer-search').focus()")
        screen.value(
            "(box => { box.value = 'ATLÁNtis'; box.dispatchEvent(new Event('input')); })"
            "(document.querySelector('#explorer-search'))"
        )
        count = "document.querySelector('#explorer-count').textContent"
        assert screen.value(count) == "1 of 3 conflicts"
        screen.key("Enter")
        screen.value(SETTLED)
        assert screen.value(name) == "Atlantis, over government"
        assert screen.value("location.hash") == "#1"
        titles = screen.value(
            "[...document.querySelectorAll('#explorer svg title')].map(t => t.textContent)"
        )
        assert any(t.startswith("Vetoed draft: Draft of 12 September 2001") for t in titles)
        assert any("vetoed by Russia, United States" in t for t in titles)
        rows = screen.value("document.querySelectorAll('#explorer tbody tr').length")
        heads = "[...document.querySelectorAll('#explorer h3')].map(h => h.textContent)"
        assert f"All {rows} events" in screen.value(heads)
        file = screen.value(
            "fetch(document.querySelector('#explorer a[download]').href).then(f => f.text())"
        )
        assert (
            file.startswith("kind,name,from,to,") and '"veto","Draft of 12 September 2001"' in file
        )
        screen.value("location.hash = '#99'")
        screen.value(SETTLED)
        assert "No conflict has the number 99" in screen.value(
            "document.querySelector('#explorer-view').textContent"
        )
        quiet(screen)
        fits(screen, width)


@pytest.mark.browser
@IN_A_BROWSER
def test_conflicts_are_filtered_compared_drawn_over_years_and_walked_by_keys(
    built: Path, tmp_path: Path
) -> None:
    def choose(name: str, value: str) -> str:
        return (
            f"(box => {{ box.value = '{value}'; box.dispatchEvent(new Event('input')); "
            "return [...document.querySelector('#explorer-list').options].map(o => o.value); })"
            f"(document.querySelector('#explorer-{name}'))"
        )

    with browser.Browser(tmp_path / "profile", 1000) as screen:
        screen.open(built / "reports" / "site" / "explorer.html", "1")
        screen.value(SETTLED)
        assert sorted(screen.value(choose("held", "veto"))) == ["1"]
        assert sorted(screen.value(choose("held", ""))) == ["1", "2", "3"]
        assert sorted(screen.value(choose("from", "2005"))) == ["2"]
        assert sorted(screen.value(choose("from", ""))) == ["1", "2", "3"]
        assert sorted(screen.value(choose("to", "1995"))) == ["3"]
        screen.value(choose("to", ""))
        # Two, one above the other, on the same years.
        screen.value("document.querySelector('#explorer-compare').click()")
        screen.value(
            "(list => { list.value = '2'; list.dispatchEvent(new Event('change')); })"
            "(document.querySelector('#explorer-list'))"
        )
        screen.value(SETTLED)
        assert screen.value("location.hash") == "#1+2"
        names = "[...document.querySelectorAll('#explorer h2')].map(h => h.textContent)"
        assert screen.value(names) == [
            "Atlantis, over government",
            "Bohemia by the sea, over government",
        ]
        years = (
            "[...document.querySelectorAll('#explorer svg')].map(s => "
            "[...s.querySelectorAll('.middle')].map(t => t.textContent).join())"
        )
        regions = "[...document.querySelectorAll('#explorer [role=region]')].map(r => r.ariaLabel)"
        assert len(set(screen.value(regions))) == len(screen.value(regions)) >= 2
        first, second = screen.value(years)
        assert first == second and "2004" in first
        # The marks by keys, each said below the picture.
        screen.value("document.querySelector('.explorer-figure').focus()")
        said = "document.querySelector('.explorer-mark').textContent"
        screen.key("ArrowRight")
        assert screen.value(said).startswith("1 of ")
        screen.key("ArrowRight")
        assert screen.value(said).startswith("2 of 8. Resolution: S/RES/1 (2001)")
        assert screen.value("document.querySelectorAll('#explorer svg .is-here').length") == 1
        screen.key("Home")
        assert screen.value(said).startswith("1 of ")
        # Some years alone, with an address.
        screen.value(
            "(() => { document.querySelector('#explorer-first').value = 2002; "
            "document.querySelector('#explorer-last').value = 2003; "
            "document.querySelector('.explorer-years').requestSubmit(); })()"
        )
        screen.value(SETTLED)
        assert screen.value("location.hash") == "#1+2@2002-2003"
        assert screen.value(years)[0] == "2003"
        # The made-up count of deaths ends in 2009: no box within these years.
        assert screen.value("document.querySelectorAll('#explorer svg .uncounted').length") == 0
        quiet(screen)


@pytest.mark.full
@pytest.mark.browser
@IN_A_BROWSER
@pytest.mark.parametrize("width", [390, 1280])
def test_a_reader_may_choose_a_specification_and_is_warned(
    built: Path, tmp_path: Path, width: int
) -> None:
    page = built / "reports" / "site" / "specifications.html"
    answer = "document.querySelector('#specifications-answer').textContent"

    def choose(axis: str, value: str) -> str:
        return (
            f"(() => {{ const one = document.querySelector('#axis-{axis}'); one.value = '{value}';"
            "one.dispatchEvent(new Event('change')); return location.hash; })()"
        )

    with browser.Browser(tmp_path / "profile", width) as screen:
        screen.open(page, "h2&exposure=ever")
        screen.value(SETTLED)
        assert "specifications fit these choices" in screen.value(answer)
        assert screen.value("document.querySelector('#axis-exposure').value") == "2"
        assert screen.value("document.querySelector('#axis-hypothesis').value") == "h2"
        assert screen.value(choose("left_out", "1")) == "#h2&exposure=ever&left_out=atlantis"
        assert screen.value(choose("exposure", "")) == "#h2&left_out=atlantis"
        screen.value("location.hash = '#h1'")
        screen.value(SETTLED)
        assert f"{len(study.specification_rows())} specifications" in screen.value(answer)
        file = screen.value(
            "fetch(document.querySelector('#specifications-file').href).then(f => f.text())"
        )
        assert len(file.splitlines()) == 1 + len(study.specification_rows())
        assert screen.value("document.querySelectorAll('#specifications-curve path').length") > 4
        quiet(screen)
        fits(screen, width)


@pytest.mark.full
@pytest.mark.browser
@pytest.mark.skipif(browser.EXECUTABLE is None, reason="Chromium is not on PATH")
def test_a_tab_opens_when_it_is_chosen(built: Path, tmp_path: Path) -> None:
    with browser.Browser(tmp_path / "profile", 390) as screen:
        screen.open(built / "reports" / "site" / f"{REPORTS[0]}.html")
        shown = "[...document.querySelectorAll('.tab-panel')].map(e => e.offsetHeight > 0)"
        assert screen.value(shown) == [True, False]
        screen.value("document.querySelectorAll('.tabset > label')[1].click()")
        assert screen.value(shown) == [False, True]
