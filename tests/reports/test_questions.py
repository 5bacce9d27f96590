"""What is said of a question: by rule from the records, in few and plain words."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import yaml

import report_study as study
from collsec.core.errors import BadSpec
from collsec.core.project import Project
from collsec.evidence.questions import Asked, Questions, hundred, read
from collsec.evidence.record import Record, load
from collsec.evidence.verdict import Reason, Verdict
from collsec.reports.figures.hundred import hundred as draw
from collsec.reports.pages.prose import check_length, n_words
from collsec.reports.pages.questions import QuestionPages
from collsec.reports.pages.source import BadProse, Qmd
from collsec.reports.words import briefing, questions, verdicts


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Project:
    return Project(study.write_study(tmp_path_factory.mktemp("study"), repository))


@pytest.fixture
def records(project: Project) -> dict[str, Record]:
    read = {h: load(project, h) for h in study.HYPOTHESES}
    return {h: judged(record, study.VERDICTS[h][0], 0.68, 2.15) for h, record in read.items()}


def judged(record: Record, code: str, low: float, high: float) -> Record:
    """The record with another verdict and interval of its primary."""
    rows = record.estimates.copy()
    rows.loc[rows["role"] == "primary", ["ci_low", "ci_high"]] = [low, high]
    return dataclasses.replace(
        record, verdict=Verdict(code, record.verdict.reasons), estimates=rows
    )


@pytest.fixture
def listed(project: Project) -> Questions:
    found = read(project)
    assert found is not None
    return found


@pytest.fixture
def oracles(listed: Questions) -> Asked:
    return listed.questions["oracles"]


def test_shares_become_a_hundred_whole_squares() -> None:
    assert hundred({"a": 0.0204, "b": 0.734, "c": 0.2456}) == {"a": 2, "b": 73, "c": 25}
    assert hundred({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}) == {"a": 34, "b": 33, "c": 33}
    assert hundred({"a": 0.0, "b": 1.0}) == {"a": 0, "b": 100}


def test_what_the_outcomes_show_follows_from_verdict_and_interval(
    oracles: Asked, records: dict[str, Record]
) -> None:
    """h3 is supported, but its interval holds one here; h2 is too small to matter; h1 is open."""
    assert questions.answered(oracles, records) == (
        "Where oracles are, there is no difference worth mentioning in temples; the record cannot "
        "tell whether wars end (supported), or whether peace lasts (the interval holds both)."
    )
    clear = records | {"h3": judged(records["h3"], "supported", 1.05, 1.5)}
    assert questions.answered(oracles, clear) == (
        "Where oracles are, wars end sooner; there is no difference worth mentioning in temples; "
        "the record cannot tell whether peace lasts (the interval holds both)."
    )
    number = records | {"h1": judged(records["h1"], "described", 1.05, 1.5)}
    assert "peace lasts (a number, not a cause)" in questions.answered(oracles, number)
    numbers = number | {"h3": judged(records["h3"], "described", 1.05, 1.5)}
    assert questions.answered(oracles, numbers).startswith(
        "Where oracles are, wars end sooner and peace lasts (numbers, not causes); there is no"
    )
    # An estimate without a verdict that allows it has no direction, whatever its interval.
    for code in ("inconclusive", "not-estimable", "withdrawn", "void", "needs-full-profile"):
        open_ = records | {"h3": judged(records["h3"], code, 1.05, 1.5)}
        assert "wars end sooner" not in questions.answered(oracles, open_)


def test_the_title_is_what_is_shown_or_else_the_fact(
    oracles: Asked, listed: Questions, records: dict[str, Record]
) -> None:
    known = {"h1.primary.exposed_units": "41", "study.claims.all": "4", "study.claims.tested": "1"}
    title, subtitle = questions.headline(oracles, records, known)
    assert title == "Where oracles are, there is no difference worth mentioning in temples."
    assert subtitle == (
        "Oracles came to 41 wars. The record cannot tell whether wars end (supported), or whether "
        "peace lasts (the interval holds both)."
    )
    title, subtitle = questions.headline(listed.questions["rest"], records, known)
    assert title == "Of 4 claims, 1 can be put to the record."
    assert subtitle == "The record cannot tell whether peace lasts (the interval holds both)."
    with pytest.raises(BadSpec, match=r"no variable 'study\.claims\.all'"):
        questions.headline(listed.questions["rest"], records, {})


def test_how_sure_is_said_on_the_plain_scale(
    oracles: Asked, listed: Questions, records: dict[str, Record]
) -> None:
    """Three outcomes of one question, and one of them again in the other."""
    assert briefing.sureness([oracles, listed.questions["rest"]], records) == (
        "Of 4 outcomes: supported, 1 (end of war); no difference worth mentioning, 1 (temples); "
        "cannot tell, 2 (the interval holds both, 2)."
    )


def test_a_briefing_says_what_each_answer_rests_on_and_what_would_change_it(
    oracles: Asked, records: dict[str, Record]
) -> None:
    assert briefing.on_record(oracles, records) == (
        "End of war, 0.68 to 2.15; temples, 0.68 to 2.15; peace, 0.68 to 2.15."
    )
    assert briefing.turning(oracles, records) == (
        "End of war: a check that fails, or one conflict that carries the result. Temples: a range "
        "that reaches a difference that matters. Peace: a narrower range, clear of no difference "
        "or close to it."
    )
    for h, needed, said in (
        ("h3", {"1.5": 40, "2": 14}, ", about 14 for a doubling to show"),
        ("h1", {}, ""),
    ):
        thin = records | {h: few(records[h], needed=needed)}
        (about,) = (o.about.lower() for o in oracles.outcomes if o.hypothesis == h)
        assert f"More cases: {about}{said}." in briefing.turning(oracles, thin)
        assert f"{about}, 2 cases" in briefing.on_record(oracles, thin).lower()
    one = records | {"h3": few(records["h3"], outcomes=40, expected=None, clusters=1)}
    assert briefing.on_record(oracles, one).startswith("End of war, 1 independent war;")
    assert "end of war, at least 8 independent wars." in briefing.turning(oracles, one)
    # What failed or is withdrawn has no number.
    for code in ("void", "withdrawn"):
        gone = records | {"h3": judged(records["h3"], code, 0.5, 1.5)}
        assert briefing.on_record(oracles, gone).startswith("Temples, 0.68")


def test_a_question_without_its_hypotheses_is_not_asked(
    listed: Questions, records: dict[str, Record]
) -> None:
    assert [name for name, _ in listed.shown(records)] == ["oracles", "rest"]
    assert [name for name, _ in listed.shown(["h1"])] == ["rest"]
    assert listed.claims_of("oracles", ["C01", "C02"]) == ["C01"]
    assert listed.claims_of("rest", ["C01", "C02"]) == ["C02"]


def test_the_picture_has_a_hundred_squares_and_its_source(records: dict[str, Record]) -> None:
    words = {"reached": "saw oracles", "ended": "ended", "going on": "went on"}
    counts = {"reached": 4, "ended": 70, "going on": 26}
    drawing = draw(counts, {"to vote": 30.5}, title="Of 100 wars", words=words, source="S")
    assert drawing.alternative == (
        "A hundred squares. Of 100 wars: 4 saw oracles, 70 ended and 26 went on. "
        "A bar of months: to vote: 30.5 months."
    )
    assert drawing.data["value"].tolist() == [4, 70, 26, 30.5]
    assert drawing.narrow and drawing.is_wide


def test_a_page_that_is_too_long_is_refused() -> None:
    body = "One *two* [three](a.qmd).\n\n![four](f.svg){#fig-f fig-alt='not seen at all'}\n"
    assert n_words(body) == 4
    assert n_words("Five\n\n:   six *seven*\n") == 3
    source = Qmd("reports/index.qmd", "index", {}, body, 1)
    check_length(source, body, 4)
    with pytest.raises(BadProse, match=r"reports/index.qmd: 4 words, at most 3 are read"):
        check_length(source, body, 3)


# The study's own --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(repository: Path) -> Questions:
    found = read(Project(repository))
    assert found is not None
    return found


def test_the_study_asks_five_questions_and_every_claim_belongs_to_one(
    repository: Path, own: Questions
) -> None:
    import pandas as pd

    assert list(own.questions) == ["q1", "q2", "q3", "q4", "q5"]
    study_file = yaml.safe_load((repository / "analyses" / "_study.yml").read_text())
    assert [name for name, _ in own.shown(study_file["hypotheses"])] == list(own.questions)
    claims = list(pd.read_csv(repository / "data/raw/coded/claims.csv")["claim_id"])
    held = [c for name in own.questions for c in own.claims_of(name, claims)]
    assert sorted(held) == sorted(claims)
    for one in own.questions.values():
        assert set(one.claims) <= set(claims)


def test_every_page_of_a_question_and_the_front_page_have_a_budget(repository: Path) -> None:
    def most(path: Path) -> int:
        return int(yaml.safe_load(path.read_text().split("---\n")[1])["most-words"])

    assert most(repository / "reports" / "index.qmd") == 600
    assert most(repository / "reports" / "briefing.qmd") == 900
    pages = sorted((repository / "analyses" / "questions").glob("q?.qmd"))
    assert [most(page) for page in pages] == [2500] * 5


def readings(text: str) -> dict[int, str]:
    """The first 60, 120 and 300 words of a page, without its marks."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[*\\]|^: +", r"\1", text, flags=re.MULTILINE)
    return {n: " ".join(plain.split()[:n]) for n in (60, 120, 300)}


def test_the_first_words_hold_every_answer_as_the_records_give_it(
    project: Project, records: dict[str, Record]
) -> None:
    """Sixty words hold the findings, 120 how sure they are, 300 each answer in full."""
    pages = QuestionPages(read(project), records)
    known = {"h1.primary.exposed_units": "41", "study.claims.all": "4", "study.claims.tested": "1"}
    texts = pages.in_short(known)
    first = readings(texts["_short.md"] + texts["_answers.md"])
    assert "Where oracles are, no difference worth mentioning in temples. Of 4 claims" in first[60]
    assert "supported, 1 (end of war);" in first[120]
    assert "cannot tell, 2 (the interval holds both, 2)." in first[120]
    for name, one in pages.listed.shown(records):  # type: ignore[union-attr]
        assert f"[{one.question}]({name}.qmd)" in texts["_answers.md"]
        assert f"{one.question} {questions.answered(one, records)}" in first[300]
        assert f"### {one.label} {{#sec-{name} .unnumbered}}" in texts["_behind.md"]


def test_findings_that_are_too_long_to_be_read_first_are_refused(
    project: Project, records: dict[str, Record]
) -> None:
    pages = QuestionPages(read(project), records)
    known = {"h1.primary.exposed_units": "41", "study.claims.all": "4", "study.claims.tested": "1"}
    pages.in_short(known)
    with pytest.raises(BadProse, match=r"_questions.yml: \d+ words, at most 60 are read"):
        pages.in_short(known | {"study.claims.all": "many and many more " * 13})


def few(record: Record, **values: object) -> Record:
    """The record for want of cases: two exposed outcomes in two places, one expected."""
    known = {
        "outcome": "exposed termination",
        "outcomes": 2,
        "clusters": 2,
        "minimum_outcomes": 10,
        "minimum_clusters": 8,
        "expected": 1.0,
        "needed": {},
    }
    verdict = Verdict("inconclusive", (Reason("few_exposed", known | values),))
    return dataclasses.replace(judged(record, "inconclusive", 1.05, 1.5), verdict=verdict)


def test_too_few_cases_open_a_question_and_print_no_ratio(
    oracles: Asked, records: dict[str, Record]
) -> None:
    thin = records | {"h3": few(records["h3"])}
    assert questions.answers(oracles, thin)[0].answer == verdicts.TOO_FEW
    assert "1.21" not in questions.answers(oracles, thin)[0].finding
    assert "whether wars end (too few cases)" in questions.answered(oracles, thin)
