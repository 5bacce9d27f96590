"""The coded claims: complete, verbatim, and tied to estimates that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from collsec.cli.main import app
from collsec.core.project import Project
from collsec.evidence.claims import read
from collsec.evidence.verdict import CODES
from collsec.hypothesis.specification import Spec
from collsec.hypothesis.study import load_study
from collsec.hypothesis.validation import load
from collsec.reports.words.claims import ledger_of
from mini.small_study import HYPOTHESES
from study import linked

# Ids of the study's design; C35 and C36 were never given.
SPLIT = ("C02", "C03")  # two claims each, since the second round
DESIGNED = [
    *("C01a", "C01b", "C02a", "C02b", "C03a", "C03b"),
    *(f"C{n:02}" for n in range(4, 35)),
    "C37",
]
EXTENSIONS = {f"e{n}" for n in range(1, 20)} - {"e15"}  # e15 became not estimable
# Estimates of parts and designs, by how their names begin, and what makes them.
PARTS_OF_ESTIMATES = {
    "h1.trial_b.": "trial_authorization",
    "h2.young_": "war_age",
    "h2.old_": "war_age",
    "h3.amended.": "powers",
    "h2.next_action.": "next_action",
    "h3.resolution.": "council_action",
    "h3.chapter_vii.": "council_action",
    "h3.mission.": "council_action",
    "h3.p5_fights.": "p5_fights",
    "h3.votes.": "votes_follow_ties",
    "h4.over_time": "recurrence",
    "h11.first_act.": "months_and_deaths_before",
    "h11.support.": "support_by_pact",
    "h15.between_states.": "wars_between_states",
}
FOOTNOTE = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+ |_$")


@pytest.fixture(scope="module")
def project(repository: Path) -> Project:
    return Project(repository)


@pytest.fixture(scope="module")
def claims(project: Project) -> pd.DataFrame:
    """The claims, valid against their schema and against each other."""
    return read(project).set_index("claim_id")


@pytest.fixture(scope="module")
def specs(project: Project) -> dict[str, Spec]:
    return {h: load(project, h) for h in load_study(project).hypotheses}


def blocks(text: str, headings: set[str]) -> dict[str, list[str]]:
    """Blocks of running text by section: page breaks part them, footnotes are left out."""
    found: dict[str, list[str]] = {}
    section = None
    for block in re.split(r"\n\s*\n", text):
        words = " ".join(block.split())
        if words in headings:
            section = words
            found[section] = []
        elif section and words and not FOOTNOTE.match(words):
            found[section].append(words)
    return found


def estimate_ids(spec: Spec) -> set[str]:
    """Identifiers of the estimates that a specification asks for and a claim may name."""
    h = spec.hypothesis
    return {
        f"{h}.primary",
        *(f"{h}.{e.measure}" for e in spec.secondary),
        *(f"{h}.{outcome}" for outcome in spec.outcomes),
    }


def named(claims: pd.DataFrame) -> list[str]:
    """Every estimate and description that some claim names."""
    return [name for tests in claims["tests"].dropna() for name in tests.split(";")]


def test_every_claim_of_the_design_is_listed(claims: pd.DataFrame) -> None:
    assert set(DESIGNED) <= set(claims.index)
    numbers = [int(i[1:3]) for i in claims.index if i not in DESIGNED]
    assert numbers == list(range(38, 38 + len(numbers))), "further claims are numbered on from C38"
    assert claims.index.is_monotonic_increasing


def test_the_design_names_no_other_claim(claims: pd.DataFrame, shared: Path) -> None:
    text = (shared / "design" / "CLAIMS.md").read_text(encoding="utf-8")
    first_cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    named = re.findall(r"C\d{2}[a-z]?", " ".join(first_cells))
    whole = {claim[:3] if claim[:3] in SPLIT else claim for claim in DESIGNED}
    assert sorted(named) == sorted(whole)


def test_each_class_of_verdict_is_a_verdict_or_tested(claims: pd.DataFrame) -> None:
    assert set(claims["verdict_class"]) - {"tested"} <= set(CODES)
    conceptual = claims.index[claims["kind"] == "conceptual"]
    assert set(conceptual).isdisjoint(DESIGNED)


def test_a_counterfactual_is_not_testable(claims: pd.DataFrame) -> None:
    counterfactual = claims[claims["kind"] == "counterfactual"]
    assert set(counterfactual.index) == {"C18", "C26"}
    assert set(counterfactual["verdict_class"]) == {"not-testable"}


def test_quotes_are_short(claims: pd.DataFrame) -> None:
    assert claims["quote"].str.split().str.len().max() < 25


def test_every_quote_stands_verbatim_where_the_ledger_says(
    claims: pd.DataFrame, repository: Path, shared: Path
) -> None:
    schema = json.loads((repository / "data/raw/schemas/claims.json").read_text(encoding="utf-8"))
    field = next(f for f in schema["fields"] if f["name"] == "section")
    headings = set(field["constraints"]["enum"])
    text = (shared / "article.txt").read_text(encoding="utf-8")
    article = blocks(text, headings)
    assert set(article) == headings == set(claims["section"]), "a section without a claim"
    unbroken = " ".join(text.split())
    interrupted = set()
    for claim, row in claims.iterrows():
        rest = article[row["section"]][row["paragraph"] - 1 :]
        start = " ".join(rest).find(row["quote"])
        assert 0 <= start < len(rest[0]), f"{claim}: not where the ledger says"
        if row["quote"] not in unbroken:
            interrupted.add(claim)
    assert interrupted == {"C01a"}, "only this sentence runs over footnotes"


def test_every_estimate_that_a_claim_names_is_asked_for(
    claims: pd.DataFrame, specs: dict[str, Spec]
) -> None:
    described = {re.findall(r"\{(\w+\.\w+)", text)[0] for text in claims["description"].dropna()}
    first_round = {"h1.incidence", "h1.cost", "h1.delay"}
    assert first_round | {"h11.first_act", "h15.between_states"} <= described
    known = described.union(*(estimate_ids(spec) for spec in specs.values()))
    for name in set(named(claims)) - known:
        begin = next((b for b in PARTS_OF_ESTIMATES if name.startswith(b)), None)
        assert begin is not None, f"{name}: nothing asks for it"
        spec = specs[name.split(".")[0]]
        assert PARTS_OF_ESTIMATES[begin] in (*spec.parts, spec.design)


def test_each_primary_tests_one_claim(claims: pd.DataFrame, specs: dict[str, Spec]) -> None:
    primaries = sorted(f"{h}.primary" for h, spec in specs.items() if spec.claims)
    assert sorted({t for t in named(claims) if t.endswith(".primary")}) == primaries


def test_specifications_and_claims_name_each_other(
    claims: pd.DataFrame, specs: dict[str, Spec]
) -> None:
    for h, spec in specs.items():
        assert set(claims.loc[list(spec.claims), "hypothesis"]) <= {h}
        tested = claims.index[(claims["hypothesis"] == h) & (claims["verdict_class"] == "tested")]
        assert set(tested) <= set(spec.claims)


def test_the_sign_that_a_primary_expects_is_the_sign_of_its_claim(
    claims: pd.DataFrame, specs: dict[str, Spec]
) -> None:
    first = claims["tests"].fillna("").str.split(";").str[0]
    for h, spec in specs.items():
        if f"{h}.primary" not in set(first):  # a design that is put beside another hypothesis
            continue
        claim = claims[first == f"{h}.primary"].iloc[0]
        assert spec.estimand.expected.replace("_", " ") in claim["expected"]


def test_every_extension_is_claimed(claims: pd.DataFrame) -> None:
    is_open = claims["verdict_class"] == "deferred"
    named = set(claims.loc[is_open, "hypothesis"].dropna())
    assert {h for h in named if h.startswith("e")} == named <= EXTENSIONS


def test_wars_between_states_began_in_every_decade(repository: Path) -> None:
    """What C08 says of the literal claim."""
    table = pd.read_csv(repository / "data/raw/compiled/episodes.csv", dtype=str)
    onsets = table.loc[table["type_at_onset"] == "interstate", "onset_date"]
    assert set(onsets.str[:3]) == {"194", "195", "196", "197", "198", "199", "200", "201", "202"}


def test_few_wars_saw_an_emergency_session(claims: pd.DataFrame) -> None:
    """What C25 says of how many there are."""
    frames = linked()
    wars = frames.assembly.merge(
        frames.episodes[["episode_id", "conflict_id", "onset_date", "exit_date", "is_ended"]],
        on="conflict_id",
    )
    on = (wars["onset_date"] <= wars["from_date"]) & (wars["from_date"] < wars["exit_date"])
    first = wars[on].sort_values("from_date").drop_duplicates("episode_id")
    within = first["exit_date"] <= first["from_date"] + pd.DateOffset(months=12)
    ended = int((within & first["is_ended"].astype(bool)).sum())
    reason = claims.loc["C25", "reason"]
    assert f"took up {len(first)} wars in progress, and {ended} of these ended" in reason
    assert claims.loc["C25", "verdict_class"] == "not-estimable" and ended < 5


def test_the_ledger_judges_only_primaries(claims: pd.DataFrame, pristine: Path) -> None:
    table = ledger_of(Project(pristine)).set_index("claim_id")
    assert list(table.index) == list(claims.index)
    tested = table[table["verdict_class"] == "tested"]
    assert (tested[["finding", "how_sure", "what_would_change", "result_id"]] != "").all(axis=None)
    judged = tested[~tested["standing"].isin(["described", "secondary", "void"])]
    primaries = {f"{h}.primary" for h in HYPOTHESES}
    assert set(judged["tests"].str.split(";").str[0]) <= primaries
    untested = table[table["verdict_class"] != "tested"]
    assert (untested["standing"] == untested["verdict_class"]).all()


def test_the_command_prints_the_ledger(pristine: Path) -> None:
    run = CliRunner(env={"COLUMNS": "100"}).invoke
    printed = run(app, ["claims", "--json", "--root", str(pristine)])
    assert printed.exit_code == 0
    assert [row["claim_id"] for row in json.loads(printed.stdout)][:2] == ["C01a", "C01b"]
    shown = run(app, ["claims", "--root", str(pristine)])
    assert shown.exit_code == 0
    assert "C60" in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines()) <= 100


def test_a_statement_reads_as_the_article_means_it(claims: pd.DataFrame) -> None:
    """Not as its reverse, and with no more than the article says.

    "No state starts a war, because it expects collective action" reads as if war did not come
    because of it, or not for that reason; and the article puts no Council behind an intervention.
    """
    ambiguous = claims["statement"].str.contains(r"^(?:No|None)\b.*\bbecause\b")
    assert not ambiguous.any(), claims.loc[ambiguous, "statement"].to_list()
    assert claims.loc["C08", "statement"].startswith("Fear of collective action keeps")
    for column in ("quote", "statement"):
        assert "Council" not in claims.loc["C20", column]
