"""The whole precedence table of the verdict."""

from __future__ import annotations

import dataclasses
import math

import pytest

from collsec.evidence.verdict import (
    CODES,
    Facts,
    Reason,
    Rules,
    Verdict,
    decide,
    unless_described,
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
    failed_falsifications=(),
    sign_flips=(),
    principled_agreement=1.0,
)
NULL = {"hazard_ratio": 1.0, "ci_low": 0.85, "ci_high": 1.2}
WIDE = {"hazard_ratio": 1.0, "ci_low": 0.5, "ci_high": 2.0}
LOWER = {"hazard_ratio": 0.5, "ci_low": 0.3, "ci_high": 0.8}

TABLE = [
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
    # Too few exposed ends or clusters come before any effect.
    ({"exposed_events": 9}, "inconclusive"),
    ({"exposed_clusters": 7}, "inconclusive"),
    (NULL | {"exposed_events": 9}, "inconclusive"),
    ({"exposed_events": 10, "exposed_clusters": 8}, "supported"),
    # A failed check of the estimator comes before everything.
    ({"engines_agree": False}, "void"),
    ({"null_rejection": 0.10}, "void"),
    ({"null_rejection": 0.01}, "void"),
    ({"null_rejection": math.nan}, "void"),
    ({"null_rejection": 0.02}, "supported"),
    ({"null_rejection": 0.09}, "supported"),
    (NULL | {"engines_agree": False, "exposed_events": 0}, "void"),
    # An open interval excludes nothing on its open side.
    ({"hazard_ratio": 0.0, "ci_low": 0.0, "ci_high": 2.0}, "inconclusive"),
    ({"hazard_ratio": 0.0, "ci_low": 0.0, "ci_high": 0.7}, "contradicted"),
    ({"ci_low": math.nan, "ci_high": math.nan}, "inconclusive"),
]


@pytest.mark.parametrize(("change", "code"), TABLE)
def test_first_match_wins(change: dict[str, object], code: str) -> None:
    verdict = decide(dataclasses.replace(SOUND, **change), RULES)
    assert verdict.code == code
    assert verdict.reasons and code in CODES[:6]
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


def test_too_few_exposed_are_counted_against_what_is_required() -> None:
    few = decide(dataclasses.replace(SOUND, exposed_events=9), RULES)
    assert few.reasons == (
        Reason(
            "few_exposed",
            {
                "terminations": 9,
                "clusters": 15,
                "minimum_terminations": 10,
                "minimum_clusters": 8,
            },
        ),
    )


def test_a_missing_rejection_rate_is_no_number() -> None:
    void = decide(dataclasses.replace(SOUND, null_rejection=math.nan), RULES)
    assert void.reasons[0].values == {"rate": None, "low": 0.02, "high": 0.09}


def test_acts_on_the_eve_of_peace_leave_a_description() -> None:
    found = Verdict("no-effect", (Reason("within", {"low": 0.8, "high": 1.25}),))
    doubt = {"code": "on_the_eve", "values": {"rate": 0.29, "high": 0.09}}
    described = unless_described(found, [doubt])
    assert described.code == "described"
    assert described.reasons == (Reason("on_the_eve", {"rate": 0.29, "high": 0.09}),)
    assert unless_described(found, []) == found
    undecided = Verdict("inconclusive", (Reason("undecided"),))
    assert unless_described(undecided, [doubt]).code == "described"
    # Where hardly anything was exposed, that comes first.
    thin = Verdict("inconclusive", (Reason("few_exposed"),))
    assert unless_described(thin, [doubt]) == thin
