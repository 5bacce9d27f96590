"""Words follow the verdict: a sign alone never makes a war shorter."""

from __future__ import annotations

import dataclasses

import pytest

from collsec.designs.estimate import Estimate
from collsec.evidence.verdict import SENTENCES, Verdict
from collsec.reports.words import wording

CONTRAST = ("wars with troops", "wars of the same age without them")
PRIMARY = Estimate(
    estimate_id="h1.primary",
    hypothesis="h1",
    role="primary",
    label="UN troops",
    measure="un_troops",
    lag_months=6,
    estimand="hazard_ratio",
    estimate=1.8,
    ci_low=1.1,
    ci_high=2.9,
    level=0.983,
    p_value=0.004,
    std_error=0.25,
    inference="risk_set_rerandomization",
    nobs=900,
    n_units=479,
    n_events=432,
    n_clusters=106,
    exposed_units=33,
    exposed_events=20,
    exposed_clusters=15,
)
SLOWER = dataclasses.replace(PRIMARY, estimate=0.5, ci_low=0.3, ci_high=0.8)


def verdict(code: str) -> Verdict:
    return Verdict(code, SENTENCES[code], ("a reason",))


@pytest.mark.parametrize("code", SENTENCES)
def test_every_verdict_that_a_rule_reaches_has_a_plain_sentence_without_a_number(code: str) -> None:
    text = wording.plain_sentence(PRIMARY, verdict(code), CONTRAST)
    assert text[0].isupper() and text.endswith(".")
    assert not any(letter.isdigit() for letter in text)


@pytest.mark.parametrize("code", ["supported", "contradicted", "mixed"])
@pytest.mark.parametrize("sentence", [wording.plain_sentence, wording.primary_sentence])
def test_a_detected_effect_has_its_direction(code: str, sentence: object) -> None:
    told = sentence(PRIMARY, verdict(code), CONTRAST)  # type: ignore[operator]
    assert "sooner" in told and "later" not in told
    told = sentence(SLOWER, verdict(code), CONTRAST)  # type: ignore[operator]
    assert "later" in told and "sooner" not in told


@pytest.mark.parametrize("code", ["inconclusive", "no-effect", "void"])
@pytest.mark.parametrize("sentence", [wording.plain_sentence, wording.primary_sentence])
def test_without_a_detected_effect_the_sign_is_not_told(code: str, sentence: object) -> None:
    up = sentence(PRIMARY, verdict(code), CONTRAST)  # type: ignore[operator]
    down = sentence(SLOWER, verdict(code), CONTRAST)  # type: ignore[operator]
    for told in (up, down):
        assert ("sooner" in told) == ("later" in told)
    if sentence is wording.plain_sentence:
        assert up == down


def test_support_and_contradiction_are_told_from_each_other() -> None:
    told = {c: wording.plain_sentence(PRIMARY, verdict(c), CONTRAST) for c in SENTENCES}
    assert told["supported"].endswith("as the claim says.")
    assert told["contradicted"].endswith("against the claim.")
    assert "cause" in told["mixed"]
    assert len(set(told.values())) == len(told)


@pytest.mark.parametrize(
    ("low", "high", "expected", "said"),
    [
        (1.1, 2.0, "above_one", "as the claim implies"),
        (0.2, 0.9, "below_one", "as the claim implies"),
        (1.1, 2.0, "below_one", "against what the claim implies"),
        (0.2, 0.9, "above_one", "against what the claim implies"),
        (0.2, 1.0, "below_one", "no detectable difference"),
        (1.000001, 14.96, "above_one", "no detectable difference"),
        (float("nan"), 2.0, "above_one", "not estimable"),
    ],
)
def test_an_interval_says_a_direction_only_where_it_excludes_one(
    low: float, high: float, expected: str, said: str
) -> None:
    assert wording.exploratory(low, high, expected) == said
