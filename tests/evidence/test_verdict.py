"""The whole table of the verdict, cell by cell."""

from __future__ import annotations

import dataclasses
import math

import pytest

from collsec.evidence.verdict import (
    DECIDED,
    NEEDS_FULL,
    TABLE,
    Facts,
    Reason,
    Rules,
    Verdict,
    counted,
    decide,
    is_few,
    printed,
)

RULES = Rules(10, 8, (0.02, 0.09), (0.8, 1.25), 0.8)
SOUND = Facts(
    hazard_ratio=2.0,
    ci_low=1.3,
    ci_high=3.1,
    expected="above_one",
    exposed_events=20,
    exposed_clusters=15,
    engines_agree=True,
    null_rejection=0.05,
    null_interval=(0.041, 0.06),
    failed_falsifications=(),
    sign_flips=(),
    principled_agreement=1.0,
)
NULL = {"hazard_ratio": 1.0, "ci_low": 0.85, "ci_high": 1.2}
WIDE = {"hazard_ratio": 1.0, "ci_low": 0.5, "ci_high": 2.0}
LOWER = {"hazard_ratio": 0.5, "ci_low": 0.3, "ci_high": 0.8}
SERIES = Reason("one_series", {"units": 1})
STATUS = Reason("by_status", {"rate": 0.13, "high": 0.09})
TREND = Reason("trend_before", {"p": 0.01})
UNSEEN = Reason("trend_unseen", {"ratio": 3.2})

CASES = [
    ({}, "supported"),
    (LOWER, "contradicted"),
    ({"expected": "below_one"}, "contradicted"),
    (LOWER | {"expected": "below_one"}, "supported"),
    ({"failed_falsifications": ("lead",)}, "mixed"),
    ({"sign_flips": ("conflict 234",)}, "mixed"),
    ({"principled_agreement": 0.79}, "mixed"),
    ({"principled_agreement": 0.80}, "supported"),
    ({"principled_agreement": math.nan}, "mixed"),
    (LOWER | {"failed_falsifications": ("lead",)}, "mixed"),
    (NULL, "no-effect"),
    ({"ci_low": 0.8, "ci_high": 1.25, "hazard_ratio": 1.0}, "no-effect"),
    (WIDE, "inconclusive"),
    ({"ci_low": 0.7, "ci_high": 1.2, "hazard_ratio": 0.9}, "inconclusive"),
    # A narrow interval that excludes no effect is an effect, however small.
    ({"ci_low": 1.05, "ci_high": 1.2, "hazard_ratio": 1.1}, "supported"),
    # An interval that touches one does not exclude it.
    ({"ci_low": 1.0, "ci_high": 3.0}, "inconclusive"),
    ({"ci_low": 0.3, "ci_high": 1.0, "hazard_ratio": 0.5}, "inconclusive"),
    # Too few exposed ends or clusters come before any effect.
    ({"exposed_events": 9}, "inconclusive"),
    ({"exposed_clusters": 7}, "inconclusive"),
    (NULL | {"exposed_events": 9}, "inconclusive"),
    ({"exposed_events": 10, "exposed_clusters": 8}, "supported"),
    # A failed check of the estimator comes before everything.
    ({"engines_agree": False}, "void"),
    ({"null_rejection": 0.105, "null_interval": (0.092, 0.12)}, "void"),
    ({"null_rejection": math.nan, "null_interval": (math.nan, math.nan)}, "void"),
    (NULL | {"engines_agree": False, "exposed_events": 0}, "void"),
    # Beyond the bound, but not beyond the error of the draws; or too rarely: flagged, not void.
    ({"null_rejection": 0.10, "null_interval": (0.088, 0.114)}, "supported"),
    ({"null_rejection": 0.01, "null_interval": (0.006, 0.016)}, "supported"),
    ({"null_rejection": 0.0, "null_interval": (0.0, 0.002)}, "supported"),
    # Under five exposed outcomes or four clusters nothing is estimable, calibrated or not.
    ({"exposed_events": 4}, "not-estimable"),
    ({"exposed_clusters": 3}, "not-estimable"),
    ({"exposed_events": 5, "exposed_clusters": 4}, "inconclusive"),
    (
        {"exposed_events": 2, "null_rejection": math.nan, "null_interval": (math.nan, math.nan)},
        "not-estimable",
    ),
    ({"exposed_events": 4, "null_rejection": 0.2, "null_interval": (0.18, 0.22)}, "void"),
    # An open interval excludes nothing on its open side.
    ({"hazard_ratio": 0.0, "ci_low": 0.0, "ci_high": 2.0}, "inconclusive"),
    ({"hazard_ratio": 0.0, "ci_low": 0.0, "ci_high": 0.7}, "contradicted"),
    ({"ci_low": math.nan, "ci_high": math.nan}, "inconclusive"),
    # The gates count what would be expected without an effect, where it is known: C03a has 3
    # where 41 are expected, a regional mission 2 where 5.6 are.
    (LOWER | {"exposed_events": 3, "expected_events": 41.0}, "contradicted"),
    (LOWER | {"exposed_events": 2, "expected_events": 5.6}, "inconclusive"),
    ({"exposed_events": 0, "expected_events": 5.0}, "inconclusive"),
    ({"exposed_events": 11, "expected_events": 2.7}, "not-estimable"),
    ({"exposed_events": 9, "expected_events": 4.999}, "not-estimable"),
    ({"exposed_events": 30, "expected_events": 9.99}, "inconclusive"),
    ({"exposed_events": 3, "expected_events": 41.0, "exposed_clusters": 3}, "not-estimable"),
    ({"exposed_events": 20, "expected_events": 41.0, "exposed_clusters": 7}, "inconclusive"),
    ({"exposed_events": 9, "expected_events": math.inf}, "inconclusive"),
    # An effect that matters is ruled out by two one-sided tests: by the interval at 1 - 2 alpha.
    (WIDE | {"equivalence_low": 0.8, "equivalence_high": 1.25}, "no-effect"),
    (WIDE | {"equivalence_low": 0.79, "equivalence_high": 1.2}, "inconclusive"),
    (WIDE | {"equivalence_low": 0.9, "equivalence_high": 1.26}, "inconclusive"),
    (NULL | {"equivalence_low": 0.85, "equivalence_high": 1.3}, "inconclusive"),
    (NULL | {"equivalence_low": 0.85, "equivalence_high": math.inf}, "no-effect"),
    ({"equivalence_low": 0.9, "equivalence_high": 1.1}, "supported"),
    # Or a skeptic is as good as sure that the ratio does not matter, at the level of the interval.
    (WIDE | {"within": 0.95}, "no-effect"),
    (WIDE | {"within": 0.949}, "inconclusive"),
    (WIDE | {"within": 0.97, "level": 1 - 0.05 / 3}, "inconclusive"),
    (WIDE | {"within": 0.984, "level": 1 - 0.05 / 3}, "no-effect"),
    (WIDE | {"within": 0.94, "level": 0.9}, "inconclusive"),
    ({"within": 0.99}, "supported"),
    (WIDE | {"within": 0.99, "exposed_events": 9}, "inconclusive"),
    # Described is what has no argument of how the exposure fell.
    ({"doubts": (SERIES,)}, "described"),
    (WIDE | {"doubts": (SERIES,)}, "described"),
    (NULL | {"doubts": (SERIES, TREND)}, "described"),
    ({"doubts": (SERIES,), "exposed_clusters": 1}, "not-estimable"),
    ({"doubts": (SERIES,), "exposed_events": 9}, "inconclusive"),
    ({"doubts": (SERIES,), "engines_agree": False}, "void"),
    ({"doubts": (SERIES,), "null_rejection": math.nan, "null_interval": (math.nan,) * 2}, "void"),
    # A placebo of the design's own that failed is a check that fails; one that could not, a flag.
    ({"doubts": (STATUS,)}, "mixed"),
    (LOWER | {"doubts": (TREND,)}, "mixed"),
    ({"doubts": (UNSEEN,)}, "supported"),
    (WIDE | {"doubts": (STATUS,)}, "inconclusive"),
    (NULL | {"doubts": (TREND,)}, "no-effect"),
]


@pytest.mark.parametrize(("change", "code"), CASES)
def test_first_match_wins(change: dict[str, object], code: str) -> None:
    verdict = decide(dataclasses.replace(SOUND, **change), RULES)
    assert verdict.code == code
    assert verdict.reasons and code in DECIDED
    assert Verdict.of_plain(verdict.plain()) == verdict


def test_every_failed_check_is_named() -> None:
    verdict = decide(
        dataclasses.replace(
            SOUND,
            failed_falsifications=("lead",),
            sign_flips=("conflict 234",),
            principled_agreement=0.5,
        ),
        RULES,
    )
    assert verdict.reasons == (
        Reason("excludes_one"),
        Reason("placebo", {"label": "lead"}),
        Reason("sign_changes", {"without": "conflict 234"}),
        Reason("disagreement", {"share": 0.5}),
    )


def test_too_few_exposed_are_counted_against_what_is_required_and_needed() -> None:
    facts = dataclasses.replace(
        SOUND, exposed_events=12, expected_events=9.75, needed_events={"1.5": 64, "2": 22}
    )
    few = decide(facts, RULES)
    known = {
        "outcome": "exposed termination",
        "outcomes": 12,
        "clusters": 15,
        "minimum_outcomes": 10,
        "minimum_clusters": 8,
        "expected": 9.75,
        "needed": {"1.5": 64, "2": 22},
    }
    assert few.reasons == (Reason("few_exposed", known),)
    # Where nothing is estimable, the least numbers are named.
    least = decide(dataclasses.replace(facts, expected_events=4.5), RULES).reasons[0].values
    assert (least["minimum_outcomes"], least["minimum_clusters"]) == (5, 4)


@pytest.mark.parametrize(
    ("rate", "interval", "flag"),
    [
        (0.05, (0.041, 0.06), None),
        (0.015, (0.01, 0.021), None),
        (0.01, (0.006, 0.016), Reason("rejects_rarely", {"rate": 0.01, "bound": 0.02})),
        (0.10, (0.088, 0.114), Reason("rejects_often", {"rate": 0.10, "bound": 0.09})),
    ],
)
def test_a_rate_that_voids_nothing_is_flagged(
    rate: float, interval: tuple[float, float], flag: Reason | None
) -> None:
    facts = dataclasses.replace(SOUND, null_rejection=rate, null_interval=interval)
    assert decide(facts, RULES).flags == ((flag,) if flag else ())


def test_too_often_is_told_with_its_interval() -> None:
    facts = dataclasses.replace(SOUND, null_rejection=0.105, null_interval=(0.092, 0.12))
    void = decide(facts, RULES)
    assert void.reasons[0].values == {"rate": 0.105, "low": 0.092, "high": 0.12, "bound": 0.09}
    assert void.flags == ()


def test_the_quick_profile_prints_no_verdict_of_its_own() -> None:
    own = decide(SOUND, RULES)
    released = Verdict("mixed", (Reason("excludes_one"), Reason("none_principled")))
    assert printed(own, {"profile": "full"}, released) is own
    assert printed(own, {"profile": "quick"}, released) is released
    assert printed(own, {"profile": "quick"}, None).code == NEEDS_FULL


def test_the_quick_profile_says_what_rests_on_counts() -> None:
    few = decide(dataclasses.replace(SOUND, exposed_events=RULES.least_exposed_events - 1), RULES)
    assert few.code == "not-estimable"
    assert printed(few, {"profile": "quick"}, None) is few


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({}, None),
        ({"principled_agreement": 0.55}, {"flips": 0, "share": 0.55}),
        ({"sign_flips": ("conflict 1", "conflict 2")}, {"flips": 2, "share": 1.0}),
        ({"sign_flips": ("x",), "principled_agreement": math.nan}, {"flips": 1, "share": None}),
    ],
)
def test_an_undecided_estimate_without_a_stable_sign_says_so(
    change: dict[str, object], flag: dict[str, object] | None
) -> None:
    for few in ({}, {"exposed_events": 9}):
        found = decide(dataclasses.replace(SOUND, **WIDE, **few, **change), RULES)
        assert found.code == "inconclusive"
        assert found.flags == ((Reason("no_stable_sign", flag),) if flag else ())
    # Where the interval excludes one the same facts make it mixed, and need no flag.
    assert decide(dataclasses.replace(SOUND, **change), RULES).flags == ()


def test_every_line_of_the_table_is_reached_and_the_last_always_holds() -> None:
    reached = {}
    for change, code in CASES:
        facts = dataclasses.replace(SOUND, **change)
        line = next(n for n, (_, holds) in enumerate(TABLE) if holds(facts, RULES))
        assert TABLE[line][0] == code
        reached[line] = code
        assert TABLE[-1][1](facts, RULES)
    assert sorted(reached) == list(range(len(TABLE)))


def test_doubts_are_reasons_or_flags_and_never_lost() -> None:
    doubts = (STATUS, UNSEEN)
    mixed = decide(dataclasses.replace(SOUND, doubts=doubts), RULES)
    assert mixed.reasons == (Reason("excludes_one"), STATUS) and mixed.flags == (UNSEEN,)
    thin = decide(dataclasses.replace(SOUND, doubts=doubts, exposed_events=4), RULES)
    assert [one.code for one in thin.reasons] == ["few_exposed"] and thin.flags == doubts
    often = {"null_rejection": 0.1, "null_interval": (0.088, 0.114)}
    alone = decide(dataclasses.replace(SOUND, doubts=(SERIES, TREND), **often), RULES)
    assert alone.reasons == (SERIES,)
    assert alone.flags == (Reason("rejects_often", {"rate": 0.1, "bound": 0.09}), TREND)


def test_an_undecided_verdict_says_what_a_skeptic_would_hold() -> None:
    found = decide(dataclasses.replace(SOUND, **WIDE, within=0.61), RULES)
    assert found.reasons == (Reason("undecided", {"share": 0.61, "low": 0.8, "high": 1.25}),)
    unknown = decide(dataclasses.replace(SOUND, **WIDE), RULES).reasons[0]
    assert unknown.values["share"] is None
    sure = decide(dataclasses.replace(SOUND, **WIDE, within=0.96), RULES).reasons[0]
    assert sure == Reason("probably_within", {"low": 0.8, "high": 1.25, "share": 0.96, "bar": 0.95})


def test_the_level_of_the_interval_that_rules_an_effect_out_is_named() -> None:
    inner = {"equivalence_low": 0.9, "equivalence_high": 1.2}
    narrow = decide(dataclasses.replace(SOUND, **WIDE, **inner), RULES).reasons[0].values
    assert narrow["level"] == pytest.approx(0.9)
    wider = decide(dataclasses.replace(SOUND, **NULL), RULES).reasons[0].values
    assert wider["level"] == 0.95


@pytest.mark.parametrize(
    ("observed", "expected", "found"), [(3, 41.0, 41.0), (9, math.nan, 9), (9, math.inf, 9)]
)
def test_what_is_expected_is_counted_where_it_is_known(
    observed: int, expected: float, found: float
) -> None:
    assert counted(observed, expected) == found


@pytest.mark.parametrize(
    ("outcomes", "clusters", "few"),
    [(10, 8, False), (9, 8, True), (10, 7, True), (9, 7, True), (11, 9, False)],
)
def test_few_are_fewer_than_the_minimum_of_either(outcomes: int, clusters: int, few: bool) -> None:
    assert is_few(outcomes, clusters, RULES) is few


def test_two_reasons_void_together_and_a_rate_at_the_bound_does_not() -> None:
    high = {"null_rejection": 0.2, "null_interval": (0.18, 0.22)}
    both = decide(dataclasses.replace(SOUND, engines_agree=False, **high), RULES)
    assert [reason.code for reason in both.reasons] == ["engines_disagree", "null_rejection"]
    edge = dataclasses.replace(SOUND, null_rejection=0.09, null_interval=(0.09, 0.10))
    assert decide(edge, RULES) == Verdict(
        "supported", (Reason("excludes_one"), Reason("checks_hold"))
    )
    low = dataclasses.replace(SOUND, null_rejection=0.01, null_interval=(0.005, 0.02))
    assert decide(low, RULES).flags == ()


def test_an_undecided_estimate_at_the_least_agreement_is_stable() -> None:
    facts = dataclasses.replace(SOUND, **WIDE, principled_agreement=0.8)
    assert decide(facts, RULES).flags == ()
    unknown = dataclasses.replace(SOUND, exposed_events=9, expected_events=math.inf)
    assert decide(unknown, RULES).reasons[0].values["expected"] is None


def test_a_verdict_is_read_with_its_reasons_or_not_at_all() -> None:
    whole = Verdict("mixed", (Reason("excludes_one"),), (Reason("rejects_often", {"rate": 0.1}),))
    plain = whole.plain()
    assert plain["flags"] == [{"code": "rejects_often", "values": {"rate": 0.1}}]
    assert Verdict.of_plain(plain) == whole
    assert Verdict.of_plain({"code": "void", "reasons": []}) == Verdict("void", ())
    for lacking in ({"code": "void"}, {"reasons": []}):
        with pytest.raises(KeyError):
            Verdict.of_plain(lacking)
