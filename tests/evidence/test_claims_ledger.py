"""The ledger of claims says what the estimate says, and lends no verdict to what has none."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from rich.console import Console

import report_study as made_up
from collsec.core.errors import BadTable, MissingInput
from collsec.core.project import Project
from collsec.core.schema import Role
from collsec.designs.parts import PARTS, part
from collsec.evidence import claims as coded
from collsec.evidence.claims import (
    NOT_IN_STUDY,
    Standing,
    are_listed,
    check,
    ledger,
    ledger_of,
)
from collsec.evidence.verdict import CODES, Reason, Verdict
from collsec.reports.tables import study
from collsec.reports.words.claims import Words, of_primary, worded

MINIMUM = (10, 8)
CLAIM = {
    "claim_id": "C01b",
    "quote": "ample time",
    "section": "Conclusion",
    "paragraph": 1,
    "kind": "causal",
    "statement": "Wars last longer.",
    "hypothesis": "h1",
    "estimand": "Hazard ratio",
    "expected": "a hazard ratio above one",
    "tests": "h1.primary",
    "description": pd.NA,
    "verdict_class": "tested",
    "reason": "A reading.",
    "source": "article",
    "basis": "document",
    "confidence": 2,
    "note": pd.NA,
}
ROW = {
    "estimate_id": "h1.primary",
    "role": "primary",
    "label": "UN troops",
    "measure": "oracle",
    "centered": 1.5,
    "p_value": 0.4,
    "null_rejection": 0.04,
    "estimand": "hazard_ratio",
    "estimate": 1.5,
    "ci_low": 0.7,
    "ci_high": 3.2,
    "level": 1 - 0.05 / 3,
    "inference": "risk_set_rerandomization",
    "n_units": 479,
    "n_events": 432,
    "n_clusters": 106,
    "exposed_units": 33,
    "exposed_events": 20,
    "exposed_clusters": 15,
    "mde_low": 0.4,
    "mde_high": 2.5,
    "validity": "principled",
}
OTHERS = {
    "h1.other": {
        "role": "secondary",
        "estimate": 1.12,
        "ci_low": 0.98,
        "ci_high": 1.27,
        "level": 0.95,
    },
    "h1.sandwich": {"role": "outcome", "inference": "cluster_sandwich"},
    "h1.unknown": {"role": "secondary", "estimate": math.nan, "exposed_events": 0},
    "h1.act": {
        "role": "p5_fights",
        "label": "First resolution",
        "estimand": "hazard_ratio_of_action",
        "estimate": 0.4,
        "ci_low": 0.2,
        "ci_high": 0.8,
        "level": 0.95,
        "exposed_units": 20,
        "n_units": 100,
        "exposed_events": 12,
        "n_events": 40,
    },
    "h1.votes": {
        "role": "votes",
        "label": "Veto cast",
        "estimand": "probability_difference",
        "estimate": 0.125,
        "ci_low": -0.02,
        "ci_high": 0.27,
        "level": 0.95,
        "n_units": 503,
        "n_events": 135,
        "n_clusters": 25,
    },
    "h1.trial": {"role": "trial", "n_units": 26, "exposed_units": 14, "n_events": 20},
    "h1.placebo.lead": {"role": "falsification"},
    "h1.variant.lag": {"role": "variant"},
    "h1.ever": {"role": "known_biased", "validity": "known-biased"},
    "h1.biased": {"role": "secondary", "validity": "known-biased"},
}


FEW = Reason(
    "few_exposed",
    {
        "outcome": "exposed termination",
        "outcomes": 9,
        "clusters": 7,
        "minimum_outcomes": 10,
        "minimum_clusters": 8,
        "expected": 3.75,
        "needed": {"1.5": 64, "2": 22},
    },
)
FINDING = (
    "Wars with “UN troops” ended at 1.50 times the rate of other wars (98.3 % interval 0.70 to "
    "3.20): no difference is detected, nor one that matters ruled out."
)


@dataclass
class Record:
    """A record of h1 with one verdict."""

    code: str = "inconclusive"
    reasons: tuple[Reason, ...] = (Reason("excludes_one"), Reason("none_principled"))
    design: str = "time_varying"
    is_quick: bool = False
    result_id: str = "h1.primary@3f9c2a"
    primary: dict[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> dict[str, Any]:
        return {
            "outcome": "episode_end",
            "exposure": {"lag_months": 0},
            "design": self.design,
            "cluster": "gwno_host",
            "estimand": {"no_effect": [0.8, 1.25]},
            "parts": ["acts", "ballots", "race"],
        }

    @property
    def verdict(self) -> Verdict:
        is_least = self.code == "not-estimable"
        return Verdict(self.code, (FEW,) if is_least else self.reasons)

    minimum = MINIMUM

    hypothesis = "h1"
    made_by: ClassVar[dict[str, str]] = {}

    @property
    def quantities(self) -> dict[str, dict[str, Any]]:
        return {
            "primary.needed_1_5": {"value": 64, "unit": "count"},
            "primary.needed_2": {"value": 22, "unit": "count"},
            "incidence.horizon": {"value": 60, "unit": "count"},
            "incidence.deployed": {"value": 0.02, "unit": "share"},
            "incidence.ended": {"value": 0.73, "unit": "share"},
        }

    @property
    def estimates(self) -> pd.DataFrame:
        first = ROW | self.primary
        rows = [first, *({**first, "estimate_id": name, **other} for name, other in OTHERS.items())]
        return pd.DataFrame(rows)


def standing(record: Record | None = None, **changes: Any) -> pd.Series:
    """The one row of a ledger with one claim."""
    return told(pd.DataFrame([CLAIM | changes]), record or Record()).iloc[0]


def told(claims: pd.DataFrame, record: Record) -> pd.DataFrame:
    """A ledger in words."""
    records = {"h1": record}
    return worded(ledger(claims, records), records, MINIMUM)


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three parts that say what their estimates rest on."""
    declared = {
        "acts": (
            Role.P5_FIGHTS,
            "The act came to {exposed_events} of {exposed_units} such wars and to {other_events} "
            "of {other_units} others",
        ),
        "ballots": (
            Role.VOTES,
            "{events} vetoes among {units} members × drafts, on {clusters} conflicts",
        ),
        "race": (Role.TRIAL, "{exposed_units} of {units} operations were fast, in {cluster}"),
    }
    for name, (role, counts) in declared.items():

        def function() -> None: ...

        function.__name__ = name
        part(roles=(role,), counts=counts)(function)  # type: ignore[arg-type]
        monkeypatch.setitem(PARTS, name, PARTS.pop(name))


def test_a_primary_lends_its_verdict_and_its_sentence() -> None:
    row = standing()
    assert row["standing"] == "inconclusive"
    assert row["finding"] == FINDING
    assert row["how_sure"] == (
        "Undecided. 33 wars in 15 countries were exposed, and 20 ended while exposed. Only "
        "termination at more than 2.50 times the rate, or at less than 0.40 times, could be "
        "expected to show."
    )
    assert "within 0.80 to 1.25" in row["what_would_change"]
    assert row["result_id"] == "h1.primary@3f9c2a"
    assert not row["is_quick"]
    assert standing(Record(is_quick=True))["is_quick"]


def test_the_primary_stands_where_its_claim_stands() -> None:
    row = standing()
    alone = of_primary(Record(), MINIMUM)
    for name in Words.__dataclass_fields__:
        assert getattr(alone, name) == row[name]


@pytest.mark.parametrize(
    ("code", "sure", "change"),
    [
        (
            "supported",
            "the interval excludes a ratio of one",
            "would make it mixed",
        ),
        (
            "contradicted",
            "the interval excludes a ratio of one",
            "would make it mixed",
        ),
        ("mixed", "Unsure: no principled specification can be estimated.", "once each check holds"),
        ("no-effect", "whole interval lies within 0.80 to 1.25", "reaches beyond 0.80 or 1.25"),
        ("inconclusive", "Undecided.", "A narrower interval"),
        (
            "void",
            "Not at all: the interval excludes a ratio of one",
            "passes its own checks",
        ),
    ],
)
def test_each_verdict_has_its_words(code: str, sure: str, change: str) -> None:
    row = standing(Record(code))
    assert row["standing"] == code
    assert sure in row["how_sure"]
    assert change in row["what_would_change"]


def test_every_verdict_that_a_rule_can_reach_has_words() -> None:
    for code in set(CODES) - {"not-empirical", "not-testable", "deferred"}:
        row = standing(Record(code))
        assert row["finding"] and row["how_sure"] and row["what_would_change"]


def test_too_few_exposures_ask_for_more_wars() -> None:
    few = {"exposed_events": 9, "exposed_clusters": 7}
    row = standing(Record(reasons=(FEW,), primary=few))
    assert row["what_would_change"] == (
        "More wars: at least 10 exposed terminations in 8 countries before anything is looked at, "
        "and about 64 for a ratio of 1.5 and about 22 for a ratio of 2 to be likely to show."
    )


def test_thin_estimates_have_no_direction_and_their_counts_alongside() -> None:
    thin = {"exposed_events": 9, "expected_events": 3.75, "ci_low": 1.1}
    row = standing(Record(primary=thin), tests="h1.sandwich")
    assert "9 observed and 3.8 expected, too few cases for a direction" in row["finding"]
    none = {"estimate": 0.0, "exposed_events": 0, "expected_events": 2.31, "ci_low": 0.0}
    row = standing(Record(primary=none), tests="h1.sandwich")
    assert "no termination; 2.3 expected (hazard ratio: 98.3 % interval 0.00" in row["finding"]


def test_a_detectable_effect_that_does_not_exist_is_not_printed() -> None:
    row = standing(Record(primary={"mde_high": math.inf}))
    assert row["how_sure"].endswith("20 ended while exposed.")


def test_a_fixed_exposure_counts_all_wars() -> None:
    row = standing(Record("no-effect", design="fixed_at_onset"))
    assert row["how_sure"].endswith("432 of 479 wars in 106 countries ended.")


@pytest.mark.parametrize("code", ["supported", "contradicted", "no-effect", "inconclusive"])
def test_another_estimate_never_takes_the_verdict_of_the_primary(code: str) -> None:
    row = standing(Record(code), tests="h1.other")
    assert row["standing"] == "secondary"
    assert row["finding"] == (
        "UN troops: hazard ratio 1.12 (95 % interval 0.98 to 1.27), no detectable difference; the "
        "claim implies a hazard ratio above one."
    )
    assert row["how_sure"].startswith("A lead, not a test")
    assert row["result_id"] == "h1.other@3f9c2a"


def test_another_estimate_falls_with_its_own_estimator_only() -> None:
    void = standing(Record("void"), tests="h1.other")
    assert void["standing"] == "void"
    assert "1.12" not in void["finding"]
    assert standing(Record("void"), tests="h1.sandwich")["standing"] == "secondary"


DESCRIPTION = (
    "Within {h1.incidence.horizon} months {h1.incidence.deployed} of the wars had troops; "
    "{h1.incidence.ended} had ended."
)


def test_further_estimates_are_reported_after_the_first_which_alone_gives_the_standing() -> None:
    row = standing(
        Record("inconclusive"),
        tests="h1.primary;h1.act;h1.incidence;h1.votes",
        description=DESCRIPTION,
    )
    assert row["standing"] == "inconclusive"
    assert row["result_id"] == "h1.primary@3f9c2a"
    assert row["finding"] == (
        f"{FINDING} A lead, not a test, and no part of the answer: First resolution: hazard "
        "ratio of the act 0.40 (95 % interval 0.20 to 0.80), against what the claim implies. "
        "Within 60 months 2 % of the wars had troops; 73 % had ended. Veto cast: difference in "
        "probability 12.5 percentage points (95 % interval −2.0 to 27.0), no detectable "
        "difference."
    )


def test_a_primary_is_no_estimate_beside_another() -> None:
    with pytest.raises(BadTable, match="role primary cannot speak"):
        standing(tests="h1.other;h1.primary")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("h1.act", "The act came to 12 of 20 such wars and to 28 of 80 others."),
        ("h1.votes", "135 vetoes among 503 members × drafts, on 25 conflicts."),
        (
            "h1.trial",
            "14 of 26 operations were fast, in countries.",
        ),
    ],
)
def test_each_kind_of_estimate_says_what_it_rests_on(name: str, says: str) -> None:
    assert standing(tests=name)["how_sure"].endswith(says)


def test_a_difference_has_zero_as_its_neutral_value() -> None:
    row = standing(tests="h1.votes", expected="a difference above zero")
    assert ", no detectable difference; the claim" in row["finding"]
    row = standing(tests="h1.act", expected="a hazard ratio below one: less action")
    assert ", as the claim implies; the claim implies a hazard ratio below one" in row["finding"]


def test_what_cannot_be_estimated_says_so() -> None:
    assert standing(tests="h1.unknown")["finding"] == "UN troops: not estimable."


def test_a_description_has_a_number_and_no_verdict() -> None:
    row = standing(
        Record("supported"), tests="h1.incidence", kind="descriptive", description=DESCRIPTION
    )
    assert row["standing"] == "described"
    assert row["finding"] == "Within 60 months 2 % of the wars had troops; 73 % had ended."
    assert row["how_sure"].startswith("A description: nothing is tested")


@pytest.mark.parametrize(
    "name", ["h1.placebo.lead", "h1.variant.lag", "h1.ever", "h1.biased", "h1.nowhere"]
)
def test_what_may_not_speak_to_a_claim_is_refused(name: str) -> None:
    with pytest.raises(BadTable, match=r"claims\.csv, row 2, column tests") as error:
        standing(tests=name)
    assert repr(name) in str(error.value)


@pytest.mark.parametrize(
    ("tests", "description"),
    [
        ("h1.primary", DESCRIPTION),
        ("h1.incidence", pd.NA),
        ("h1.incidence;h1.stages", DESCRIPTION),
    ],
)
def test_a_description_and_its_one_name_need_each_other(tests: str, description: Any) -> None:
    with pytest.raises(BadTable, match=r"claims\.csv, row 2, column tests"):
        standing(tests=tests, description=description)


def test_a_description_with_an_unknown_variable_is_refused() -> None:
    with pytest.raises(BadTable, match=r"column description.*'h1\.incidence\.ende'"):
        standing(tests="h1.incidence", description="Ended: {h1.incidence.ende}.")


@pytest.mark.parametrize("name", ["deferred", "not-testable", "not-empirical"])
def test_an_untested_claim_stands_as_its_class(name: str) -> None:
    row = standing(verdict_class=name, tests=pd.NA)
    assert row[list(Standing.__dataclass_fields__)].tolist() == [name, "", False]
    assert row[list(Words.__dataclass_fields__)].tolist() == ["", "", ""]


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"tests": pd.NA}, "tests"),
        ({"verdict_class": "deferred"}, "tests"),
        ({"tests": "h2.primary"}, "tests"),
        ({"kind": "conceptual"}, "kind"),
        ({"verdict_class": "not-empirical", "tests": pd.NA}, "kind"),
        ({"expected": pd.NA}, "expected"),
        ({"verdict_class": "deferred", "tests": pd.NA, "description": "So."}, "description"),
        ({"verdict_class": "deferred", "tests": pd.NA, "estimand": pd.NA}, "estimand"),
    ],
)
def test_columns_that_contradict_each_other_are_refused(
    changes: dict[str, Any], column: str
) -> None:
    check(pd.DataFrame([CLAIM]))
    with pytest.raises(BadTable, match=f"row 3, column {column}"):
        check(pd.DataFrame([CLAIM, CLAIM | {"claim_id": "C02"} | changes]))


@pytest.fixture
def project(tmp_path: Path, repository: Path) -> Project:
    return Project(made_up.write_study(tmp_path / "study", repository, ("h1", "h2")))


def test_hypotheses_that_test_a_claim_are_those_of_the_study_alone(project: Project) -> None:
    """The study of the project has H1 to H3."""
    claims = pd.DataFrame(
        {
            "verdict_class": ["tested", "deferred", "tested", "tested", "not-testable", "tested"],
            "hypothesis": ["h3", "h2", "h1", "h9", "", "h3"],
        }
    )
    assert coded.tested_by(claims, project) == ["h1", "h3"]
    assert coded.tested_by(claims[1:2], project) == []


def test_the_ledger_of_a_study_is_read_from_its_files(project: Project) -> None:
    found = ledger_of(project)
    assert found["claim_id"].tolist() == ["C01", "C02", "C03", "C04"]
    assert found["standing"].tolist()[1:] == ["deferred", "not-testable", "not-empirical"]
    assert found["result_id"].tolist() == ["h1.primary@3f9c2a", "", "", ""]
    # A quick record without a release has no verdict that may be printed.
    assert found["standing"][0] == "needs-full-profile" and found["is_quick"].tolist()[0]
    project.record("h1").unlink()
    with pytest.raises(MissingInput, match=r"h1\.json does not exist yet"):
        ledger_of(project)


def test_a_claim_of_a_hypothesis_that_is_left_out_stands_as_such() -> None:
    claims = pd.DataFrame([CLAIM | {"hypothesis": "h9", "tests": "h9.primary"}])
    assert ledger(claims, {})["standing"].tolist() == [NOT_IN_STUDY]


def test_a_study_lists_claims_where_it_has_a_table_or_a_page_of_them(project: Project) -> None:
    assert are_listed(project)
    (project.root / "reports" / "claims.qmd").unlink()
    assert are_listed(project)
    (project.raw / "coded" / "claims.csv").unlink()
    assert not are_listed(project)
    (project.root / "reports" / "claims.qmd").touch()
    assert are_listed(project)


@pytest.fixture
def table() -> pd.DataFrame:
    """A ledger with a claim of each class."""
    untested = [
        {"claim_id": f"C{n}", "verdict_class": name, "tests": pd.NA, "statement": "a_b|c*d"}
        for n, name in enumerate(("deferred", "not-testable", "not-empirical"), 10)
    ]
    claims = pd.DataFrame([CLAIM, *({**CLAIM, **row} for row in untested)])
    return told(claims, Record(is_quick=True))


def test_a_page_shows_each_claim_once_under_its_class(table: pd.DataFrame) -> None:
    made = study.claims(table, {"h1": "h1-deployment-delay"})
    assert list(made) == [f"claims-{name}" for name in study.CLASSES]
    shown = [claim for item in made.values() for claim in item.data["claim_id"]]
    assert shown == ["C01b", "C10", "C11", "C12"]
    card = made["claims-tested"].markdown()
    assert "::: {.verdict .verdict-inconclusive}" in card
    assert "[C01b, [H1](h1-deployment-delay.qmd)]{.verdict-number}" in card
    assert study.QUICK in card
    deferred = made["claims-deferred"].markdown()
    assert r"a\_b\|c\*d | Hazard ratio |" in deferred
    assert "{#tbl-claims-deferred}" in deferred


def test_a_published_profile_is_not_marked_quick() -> None:
    table = told(pd.DataFrame([CLAIM]), Record())
    assert study.QUICK not in study.claims(table, {})["claims-tested"].markdown()


def test_the_ledger_as_json_has_null_for_what_is_missing(table: pd.DataFrame) -> None:
    rows = json.loads(study.claims_as_json(table))
    assert [row["standing"] for row in rows][1:] == ["deferred", "not-testable", "not-empirical"]
    assert rows[0]["paragraph"] == 1
    assert rows[0]["note"] is None
    assert rows[1]["finding"] is None and rows[1]["tests"] is None


def test_a_terminal_of_100_columns_shows_every_verdict_unbroken(table: pd.DataFrame) -> None:
    console = Console(width=100)
    with console.capture() as capture:
        for title, shown in study.claims_on_terminal(table):
            console.print(shown.terminal(title=title, has_lines=True))
    lines = capture.get().splitlines()
    assert max(len(line) for line in lines) <= 100
    text = "\n".join(lines)
    for word in ("Cannot tell:", "How sure?", "a_b|c*d", "C12"):
        assert word in text
