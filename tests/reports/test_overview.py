"""What was found, in a paragraph, a list of counts, and a box; and where details stand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import report_study as study
from collsec.core.project import Project
from collsec.evidence.record import Record, load
from collsec.evidence.verdict import Verdict
from collsec.reports.pages.catalog import Item, ledger_of
from collsec.reports.pages.page import arranged, without_missing
from collsec.reports.pages.source import Qmd
from collsec.reports.tables.table import Table
from collsec.reports.words import overview


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Project:
    return Project(study.write_study(tmp_path_factory.mktemp("study"), repository))


@pytest.fixture
def records(project: Project) -> list[Record]:
    """The records as the full profile would judge them."""
    read = [load(project, h) for h in study.HYPOTHESES]
    return [judged(record, study.VERDICTS[record.hypothesis][0]) for record in read]


def judged(record: Record, code: str, **fields: object) -> Record:
    rows = record.estimates.copy()
    for name, value in fields.items():
        rows.loc[rows["role"] == "primary", name] = value
    verdict = Verdict(code, record.verdict.reasons)
    return dataclasses.replace(record, verdict=verdict, estimates=rows)


def test_the_lead_counts_the_verdicts_of_the_main_claims(records: list[Record]) -> None:
    text = overview.lead(records, study.HYPOTHESES)
    assert text.startswith(
        "**Of the three main claims, one is supported, one is refuted: no effect large enough to "
        "matter and one is undecided.**"
    )
    assert (
        "does not show whether wars with UN troops on the ground for six months end sooner or"
        in (text)
    )
    # What is compared differs between claims: no count is that of all of them.
    assert text.count("Undecided does not mean without effect.") == 1 and "at most" not in text


def test_where_nothing_is_decided_the_lead_says_so_once(records: list[Record]) -> None:
    open_ = [judged(record, "inconclusive") for record in records]
    text = overview.lead(open_, study.HYPOTHESES)
    assert text.startswith("**Of the three main claims, all remain undecided: the record neither")
    assert text.count("does not show whether") == 1
    alone = overview.lead(open_[:1], study.HYPOTHESES)
    assert alone.startswith("**Of one main claim, it remains undecided")


def test_what_needs_the_full_profile_is_not_called_undecided(records: list[Record]) -> None:
    quick = [judged(record, "needs-full-profile") for record in records]
    text = overview.lead(quick, study.HYPOTHESES)
    assert text == (
        "**Of the three main claims, none is judged here.** These numbers come from fewer draws "
        "than a verdict needs."
    )
    mixed = overview.lead([*quick[:1], *records[1:]], study.HYPOTHESES)
    assert "one is not judged yet: it needs the full profile" in mixed


def test_a_question_without_a_verdict_is_counted_apart(records: list[Record]) -> None:
    text = overview.lead(records, ["h1"])
    assert "Two further questions are secondary, each with a report of its own." in text


def test_the_tally_counts_every_claim_once(project: Project) -> None:
    ledger = ledger_of(project)
    assert ledger is not None
    text = overview.tally(ledger)
    assert "4 claims of the article:" in text
    assert "- [**1** tested here](claims.qmd#sec-tested) (1 “Needs the full profile”)" in text
    assert "- [**1** beyond what data can decide](claims.qmd#sec-not-testable)" in text


def test_the_box_has_estimate_interval_and_counts(records: list[Record]) -> None:
    text = overview.box(records[0])
    assert "- [1.21]{.fact} times the rate of ending" in text
    assert "[98.3 % interval](glossary.qmd#sec-interval) 0.68 to 2.15" in text
    assert "- [41 of 523]{.fact} wars with the exposure" in text
    assert "- [23]{.fact} exposed terminations" in text


@pytest.mark.parametrize(
    ("code", "fields", "said"),
    [
        ("void", {}, "- [–]{.fact} no estimate is reported"),
        ("inconclusive", {"estimate": float("nan")}, "- [–]{.fact} not estimable: too few cases"),
        ("inconclusive", {"exposed_events": 0}, "- [no event]{.fact} times the rate"),
    ],
)
def test_the_box_prints_no_number_where_there_is_none(
    records: list[Record], code: str, fields: dict[str, object], said: str
) -> None:
    assert said in overview.box(judged(records[0], code, **fields))


def test_the_wider_level_is_explained_by_the_number_of_main_claims() -> None:
    assert "three of them, have wider intervals, of 98.3 %" in overview.family_level(0.05, 3)
    assert "98.3" not in overview.family_level(0.05, 1)


BODY = """\
## Answer {#sec-a}

Text. @tbl-h1-x

### Small print {#sec-b .detail}

Small.

## Long way {#sec-c .detail}

Long.

### Deeper {#sec-d}

```
## no heading
```

## Limits {#sec-e}

End.
"""


def qmd(body: str) -> Qmd:
    return Qmd("analyses/h1.qmd", "h1", {"title": "T"}, body, 3)


def test_details_and_tables_that_are_not_shown_stand_behind_the_answer(project: Project) -> None:
    table = Table((), study.attrition_rows())
    items = {"h1-x": Item("h1-x", "estimate", "x", table)}
    body = arranged(qmd(BODY), items).body
    order = [body.index(mark) for mark in ("## Answer", "## Limits", "## Further", "### Small")]
    assert order == sorted(order)
    assert "### Long way {#sec-c .detail}" in body and "#### Deeper" in body
    assert "\n## no heading" in body
    assert body.rstrip().endswith("{{< include _tbl-h1-x.md >}}")
    shown = arranged(qmd("## A\n\n{{< include _tbl-h1-x.md >}}\n"), items).body
    assert "Appendix" not in shown and "Further" not in shown


def test_a_link_to_a_page_that_the_study_lacks_is_its_words_alone() -> None:
    text = "[data](data.qmd#sec-a) and [claims](claims.qmd)"
    assert without_missing(text, {"claims"}) == "data and [claims](claims.qmd)"
