"""Words follow the verdict: a sign alone never makes a war shorter."""

from __future__ import annotations

import dataclasses

import pytest

from collsec.designs.estimate import Estimate
from collsec.evidence.verdict import CODES, Family, Reason, Verdict
from collsec.reports.words import ratios, verdicts, wording
from collsec.reports.words.verdicts import REASONS, SENTENCES
from collsec.reports.words.wording import plural

CONTRAST = verdicts.Compared(
    "wars with troops", "wars of the same age without them", ratios.of("hazard_ratio"), "war"
)
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
    return Verdict(code, (Reason("undecided"),))


@pytest.mark.parametrize("code", SENTENCES)
def test_every_verdict_that_a_rule_reaches_has_a_plain_sentence_without_a_number(code: str) -> None:
    text = verdicts.plain_sentence(PRIMARY, verdict(code), CONTRAST)
    assert text[0].isupper() and text.endswith(".")
    assert not any(letter.isdigit() for letter in text)


@pytest.mark.parametrize("code", ["supported", "contradicted", "mixed"])
@pytest.mark.parametrize("sentence", [verdicts.plain_sentence, verdicts.primary_sentence])
def test_a_detected_effect_has_its_direction(code: str, sentence: object) -> None:
    said = sentence(PRIMARY, verdict(code), CONTRAST)  # type: ignore[operator]
    assert "sooner" in said and "later" not in said
    said = sentence(SLOWER, verdict(code), CONTRAST)  # type: ignore[operator]
    assert "later" in said and "sooner" not in said


@pytest.mark.parametrize("code", ["inconclusive", "no-effect", "void"])
@pytest.mark.parametrize("sentence", [verdicts.plain_sentence, verdicts.primary_sentence])
def test_without_a_detected_effect_the_sign_is_not_reported(code: str, sentence: object) -> None:
    up = sentence(PRIMARY, verdict(code), CONTRAST)  # type: ignore[operator]
    down = sentence(SLOWER, verdict(code), CONTRAST)  # type: ignore[operator]
    for said in (up, down):
        assert ("sooner" in said) == ("later" in said)
    if sentence is verdicts.plain_sentence:
        assert up == down


def test_support_and_contradiction_are_distinguished() -> None:
    said = {c: verdicts.plain_sentence(PRIMARY, verdict(c), CONTRAST) for c in SENTENCES}
    assert said["supported"].endswith("as the claim says.")
    assert said["contradicted"].endswith("against the claim.")
    assert "cause" in said["mixed"]
    assert len(set(said.values())) == len(said)


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


def test_every_code_has_a_label_and_every_reason_its_words() -> None:
    assert set(CODES) <= set(verdicts.LABELS)
    values = {
        "null_rejection": {"rate": 0.104, "low": 0.091, "high": 0.118, "bound": 0.09},
        "few_exposed": {
            "outcome": "exposed termination",
            "outcomes": 9,
            "clusters": 7,
            "minimum_outcomes": 10,
            "minimum_clusters": 8,
            "expected": 3.75,
            "needed": {"1.5": 64, "2": 22},
        },
        "no_stable_sign": {"flips": 2, "share": 0.55},
        "rejects_rarely": {"rate": 0.01, "bound": 0.02},
        "rejects_often": {"rate": 0.1, "bound": 0.09},
        "placebo": {"label": "Troops to come"},
        "sign_changes": {"without": "conflict 7 (Atlantis)"},
        "disagreement": {"share": 0.5},
        "within": {"low": 0.8, "high": 1.25, "level": 0.9},
        "probably_within": {"low": 0.8, "high": 1.25, "share": 0.962, "bar": 0.95},
        "undecided": {"low": 0.8, "high": 1.25, "share": 0.61},
        "by_status": {"rate": 0.29, "high": 0.09},
        "one_series": {"units": 1},
        "trend_before": {"p": 0.03},
        "trend_unseen": {"ratio": 3.2},
        "withdrawn": {"reason": "the control group is another one"},
    }
    said = {code: verdicts.reason(Reason(code, values.get(code, {}))) for code in REASONS}
    assert said["null_rejection"].endswith(
        "rejects in 10.4 % of the draws (95 % interval 9.1 % to 11.8 %), more than 9 %"
    )
    assert said["few_exposed"] == (
        "9 exposed terminations where 3.8 would be expected without an effect in 7 clusters; at "
        "least 10 expected in 8 are required; about 64 exposed terminations would be needed for a "
        "ratio of 1.5 and about 22 for a ratio of 2"
    )
    assert said["no_stable_sign"] == (
        "there is no stable sign: it turns without each of 2 conflicts or missions, and 55 % of "
        "the principled specifications have that of the primary"
    )
    assert said["placebo"] == "a placebo finds an effect: Troops to come"
    assert said["sign_changes"] == "without conflict 7 (Atlantis) the sign changes"
    assert said["disagreement"] == "only 50 % of the principled specifications agree in sign"
    assert said["within"] == (
        "the 90 % interval, that of two one-sided tests, lies within 0.8 to 1.25"
    )
    assert said["probably_within"] == (
        "a skeptic would hold with a probability of 96.2 % that the ratio lies within 0.8 to 1.25; "
        "95.0 % is asked for"
    )
    assert said["undecided"].endswith(
        "matter; a skeptic would hold with a probability of 61 % that the ratio lies within 0.8 to "
        "1.25, too little to matter"
    )
    assert verdicts.reason(Reason("undecided")).endswith("large enough to matter")
    one = dict(values["few_exposed"]) | {"outcomes": 1, "expected": None, "needed": {}}
    assert verdicts.reason(Reason("few_exposed", one)).startswith("1 exposed termination in 7")
    assert verdicts.reason(Reason("few_exposed", one)).endswith("at least 10 in 8 are required")


def few(code: str, outcomes: int) -> Verdict:
    """A verdict for want of cases."""
    known = {
        "outcome": "exposed termination",
        "outcomes": outcomes,
        "clusters": 7,
        "minimum_outcomes": 10,
        "minimum_clusters": 8,
        "expected": 3.75,
        "needed": {"2": 22},
    }
    return Verdict(code, (Reason("few_exposed", known),))


@pytest.mark.parametrize("code", ["inconclusive", "not-estimable"])
def test_for_want_of_cases_the_counts_are_said_and_no_direction(code: str) -> None:
    said = verdicts.primary_sentence(PRIMARY, few(code, 9), CONTRAST)
    assert said.startswith("9 exposed terminations where 3.8 would be expected without an effect.")
    # A ratio of so few would be read as a finding.
    assert f"{PRIMARY.estimate:.2f}" not in said
    assert said.endswith(verdicts.sentence(few(code, 9)))
    for words in (said, verdicts.plain_sentence(PRIMARY, few(code, 9), CONTRAST)):
        assert ("sooner" in words) == ("later" in words)
    # A ratio of zero is no number to print.
    none = dataclasses.replace(PRIMARY, estimate=0.0)
    said = verdicts.primary_sentence(none, few(code, 0), CONTRAST)
    assert (
        said.startswith("0 exposed terminations where 3.8 would be expected") and "rate" not in said
    )


def test_for_want_of_independent_units_no_more_outcomes_are_asked_for() -> None:
    known = {
        "outcome": "exposed year",
        "outcomes": 77,
        "clusters": 1,
        "minimum_outcomes": 5,
        "minimum_clusters": 4,
        "expected": None,
        "needed": {"2": 17},
    }
    one = Verdict("not-estimable", (Reason("few_exposed", known),))
    words = ratios.of("rate_ratio", "new wars")
    compared = verdicts.Compared("uneven years", "other years", words, "series")
    counted = dataclasses.replace(PRIMARY, estimand="rate_ratio", estimate=0.79)
    said = verdicts.primary_sentence(counted, one, compared)
    assert said.startswith("77 exposed years of only 1 independent series.") and "0.79" not in said
    assert verdicts.plain_sentence(counted, one, compared) == (
        "1 independent series cannot show whether uneven years have more new wars or fewer than "
        "other years."
    )
    assert verdicts.reasons(one) == ["77 exposed years in 1 clusters; at least 5 in 4 are required"]


@pytest.mark.parametrize(
    ("estimand", "noun", "compared", "either"),
    [
        ("hazard_ratio", "", "ended at {ratio} times the rate of", "end sooner or later"),
        (
            "hazard_ratio_of_outcome",
            "a lull",
            "saw a lull at {ratio} times the rate of",
            "see a lull sooner or later",
        ),
        (
            "hazard_ratio_of_action",
            "",
            "saw the act at {ratio} times the rate of",
            "see the act sooner or later",
        ),
        (
            "rate_ratio",
            "deaths",
            "had {ratio} times as many deaths as",
            "have more deaths or fewer",
        ),
    ],
)
def test_a_finding_names_what_its_outcome_counts(
    estimand: str, noun: str, compared: str, either: str
) -> None:
    words = ratios.of(estimand, noun)
    assert (words.compared, words.either) == (compared, either)
    assert not any("{noun}" in str(getattr(words, name)) for name in words.__slots__)


@pytest.mark.parametrize("estimand", sorted(ratios.RATIOS))
def test_what_could_have_been_seen_has_both_ends(estimand: str) -> None:
    seen = ratios.of(estimand).detectable.format(high="2.00", low="0.50")
    assert "more than 2.00 times" in seen and "less than 0.50 times," in seen


def test_want_of_cases_heads_an_inconclusive_verdict() -> None:
    thin = few("inconclusive", 9)
    assert verdicts.sentence(thin) == (
        "Cannot tell: too few cases. Too few were exposed for any effect to be looked at."
    )
    assert verdicts.is_without_ratio(thin) and not verdicts.is_without_ratio(verdict("mixed"))
    both = verdicts.sentence(verdict("inconclusive"))
    assert both.startswith("Cannot tell: the interval holds both. The record")


def test_the_scale_of_answers_is_the_same_wherever_it_is_read() -> None:
    """Eight answers, from ten verdicts: two say that there are too few cases."""
    codes = ("supported", "contradicted", "mixed", "no-effect", "inconclusive", "described")
    assert [verdicts.label(code) for code in (*codes, "secondary", "not-estimable")] == [
        "Supported",
        "Contradicted",
        "Mixed",
        "No difference worth mentioning",
        "Cannot tell: the interval holds both",
        "A number, not a cause",
        "A lead, not a test",
        "Cannot tell: too few cases",
    ]
    assert verdicts.answer(few("inconclusive", 9)) == verdicts.label("not-estimable")


def test_a_flag_is_printed_with_the_reasons() -> None:
    rare = Reason("rejects_rarely", {"rate": 0.01, "bound": 0.02})
    flagged = Verdict("inconclusive", (Reason("undecided"),), (rare,))
    assert "rejects in only 1.0 % of the draws, less than 2 %" in verdicts.reasons(flagged)[-1]


def test_thin_cells_have_no_direction_and_no_ratio_of_zero() -> None:
    assert wording.exploratory(1.1, 2.0, "above_one", is_thin=True) == wording.TOO_FEW
    row = {"exposed_events": 9, "exposed_clusters": 9}
    assert wording.is_thin(row, (10, 8)) and not wording.is_thin(row, (9, 8))
    # C03a: three acts where 41 would be expected say something.
    assert not wording.is_thin(row | {"exposed_events": 3, "expected_events": 41.0}, (10, 8))
    assert wording.is_thin(row | {"exposed_events": 30, "expected_events": 4.0}, (10, 8))
    act = {"estimand": "hazard_ratio_of_action", "estimate": 0.0, "exposed_events": 0}
    assert wording.none_ended(act) == "no act"
    assert wording.none_ended(act | {"estimate": 0.5}) == ""


def test_a_verdict_with_its_reasons_is_one_line() -> None:
    found = Verdict("supported", (Reason("excludes_one"), Reason("checks_hold")))
    assert verdicts.with_reasons(found) == (
        f"**Supported. {SENTENCES['supported']}** The reasons: the interval excludes a ratio of "
        "one; every credibility check holds."
    )
    assert verdicts.without_label(found).startswith("The evidence points the way")


def test_small_p_values_are_counted_against_those_that_chance_would_give() -> None:
    assert verdicts.multiplicity(Family(4, 2, 0.2, ("A", "B"))) == (
        "Of 4 further estimates, 2 have a p-value below 0.05; 0.2 would if there were no effect "
        "anywhere. At a false discovery rate of 10 % (Benjamini and Hochberg) 2 remain (A; B)."
    )
    assert verdicts.multiplicity(Family(10, 1, 0.5, ())).endswith("Hochberg) none remains.")
    assert verdicts.multiplicity(Family(9, 1, 0.5, ("A",))).endswith("1 remains (A).")
    assert verdicts.multiplicity(Family(0, 0, 0.0, ())) == "No other estimate has a p-value."


@pytest.mark.parametrize(
    ("noun", "several"),
    [
        ("exposed termination", "exposed terminations"),
        ("spell of peace", "spells of peace"),
        ("act with a complete window", "acts with a complete window"),
    ],
)
def test_a_noun_keeps_what_belongs_to_it(noun: str, several: str) -> None:
    assert plural(noun) == several
    assert plural(noun, 1) == noun


def test_only_the_end_of_war_is_called_an_end() -> None:
    for estimand, words in ratios.RATIOS.items():
        said = " ".join((words.name, words.compared, *words.above, *words.below, words.alike))
        assert ("end" in said.split() or "ended" in said.split()) == (estimand == "hazard_ratio")
