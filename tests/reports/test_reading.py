"""What a reader of little time reads: the first words, plain words, words that read easily."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from pathlib import Path

import pytest

import report_study as study
from collsec.core.project import Project
from collsec.evidence.questions import Questions, read
from collsec.evidence.record import Record, load
from collsec.evidence.verdict import Reason, Verdict
from collsec.reports.pages.prose import parse
from collsec.reports.pages.questions import QuestionPages
from collsec.reports.words import briefing, questions
from collsec.reports.words.questions import lower

#: Words of the trade: on technical pages only.
TECHNICAL = (
    r"hazard|primary|principled|redrawn|re-randomi[sz]ation|multiverse|estimand|cohort|cox|p-value|"
    r"covariate|stratum|strata|placebo|null|exposed|termination|coefficient|regression|"
    r"specification|falsification|robust|heterogene|endogen|operationali|significant|ceteris|"
    r"utili[sz]e|leverage|facilitate|moreover|furthermore|in order to|prior to|with regard to"
)
#: Flesch's reading ease: 60 to 70 is plain English, 30 to 50 what a university reads.
BAR = 60.0
#: What every outcome may be at once: each shape of the text.
FEW = Reason(
    "few_exposed",
    {
        **{"outcome": "exposed termination", "outcomes": 9, "clusters": 14, "expected": 4.7},
        **{"minimum_outcomes": 10, "minimum_clusters": 8, "needed": {"2": 35}},
    },
)
SHAPES = {
    "open": Verdict("inconclusive", (Reason("undecided", {}),)),
    "few": Verdict("inconclusive", (FEW,)),
    "mixed": Verdict("mixed", (Reason("excludes_one", {}),)),
    "supported": Verdict("supported", (Reason("excludes_one", {}),)),
    "small": Verdict("no-effect", (Reason("within", {"low": 0.8, "high": 1.25, "level": 0.9}),)),
}


#: The answers of 3 December 2026, of the outcomes that are not open for their intervals.
TODAY = {"h7": "mixed", "h6": "small"} | dict.fromkeys(
    ("h1", "h9", "h10", "h12", "h14", "h15", "h16", "h19"), "few"
)


class Numbers(defaultdict[str, str]):
    """Every variable: a number of two digits."""

    def __missing__(self, name: str) -> str:
        return "12"

    def __contains__(self, name: object) -> bool:
        return True


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Record:
    root = study.write_study(tmp_path_factory.mktemp("study"), repository, ("h1",))
    return load(Project(root), "h1")


@pytest.fixture(scope="module")
def own(repository: Path) -> Questions:
    found = read(Project(repository))
    assert found is not None
    return found


def of_all(own: Questions, record: Record, shape: str) -> QuestionPages:
    """The study's own questions, whose outcomes have records of one verdict, or today's."""
    rows = record.estimates.copy()
    rows.loc[rows["role"] == "primary", ["ci_low", "ci_high"]] = [1.1, 2.4]
    names = dict.fromkeys(h for one in own.questions.values() for h in one.rests_on())
    shapes = dict.fromkeys(names, shape) if shape in SHAPES else TODAY
    records = {
        h: dataclasses.replace(
            record, hypothesis=h, estimates=rows, verdict=SHAPES[shapes.get(h, "open")]
        )
        for h in names
    }
    return QuestionPages(own, records)


def page(repository: Path, name: str, pages: QuestionPages) -> str:
    """The body of a page with all that is generated for it."""
    texts = pages.in_short(Numbers())
    texts["_lead.md"] = questions.filled(pages.listed.known, Numbers())  # type: ignore[union-attr]
    body = (repository / "reports" / f"{name}.qmd").read_text(encoding="utf-8").split("---\n", 2)[2]
    return re.sub(r"\{\{< include (\S+) >\}\}", lambda found: texts[found[1]], body)


def read_by(text: str) -> str:
    """The words that a reader sees, each paragraph with an end."""
    return "\n".join(
        t if t.rstrip().endswith((".", "?", ":")) else f"{t}." for t in parse(text).texts
    )


@pytest.mark.parametrize("name", ["index", "briefing"])
@pytest.mark.parametrize("shape", [*SHAPES, "today"])
def test_the_first_words_hold_the_five_answers(
    repository: Path, own: Questions, record: Record, name: str, shape: str
) -> None:
    """Sixty words hold each finding, 120 how sure they are, 300 each answer in full."""
    pages = of_all(own, record, shape)
    words = read_by(page(repository, name, pages)).replace("\u2019", "'").split()
    first = {n: " ".join(words[:n]) for n in (60, 120, 300)}
    asked = list(own.questions.values())
    assert len(asked) == 5
    for one in asked:
        assert briefing.short([one], pages.records, Numbers()) in first[60]
    assert briefing.sureness(asked, pages.records) in first[120]
    for one in asked:
        assert one.question in first[300]
        assert questions.answered(one, pages.records) in first[300]
        behind = " ".join(words)
        for outcome in one.outcomes:
            # Each outcome is named with what would change it.
            assert name == "index" or behind.lower().count(lower(outcome.about).lower()) >= 2


@pytest.mark.parametrize("name", ["index", "briefing"])
@pytest.mark.parametrize("shape", SHAPES)
def test_front_page_and_briefing_are_in_plain_words(
    repository: Path, own: Questions, record: Record, name: str, shape: str
) -> None:
    said = read_by(page(repository, name, of_all(own, record, shape)))
    assert re.findall(rf"\b(?:{TECHNICAL})\w*", said, re.IGNORECASE) == []


@pytest.mark.parametrize("name", ["index", "briefing"])
def test_front_page_and_briefing_read_easily(
    repository: Path, own: Questions, record: Record, name: str
) -> None:
    textstat = pytest.importorskip("textstat")  # of `requirements.lock`
    for shape in (*SHAPES, "today"):
        said = read_by(page(repository, name, of_all(own, record, shape)))
        ease = textstat.flesch_reading_ease(said)
        assert ease >= BAR, f"{shape}: {ease:.1f}"
        # What a paper would print is below the bar.
        assert textstat.flesch_reading_ease(HARD) < 20


HARD = (
    "Heterogeneous institutional configurations systematically condition the operationalization of "
    "intervention effectiveness across methodologically incommensurable specifications."
)
