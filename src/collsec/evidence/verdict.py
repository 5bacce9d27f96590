"""The verdict on a hypothesis, by machine: a precedence table in which the first match wins."""

from __future__ import annotations

import math
from dataclasses import dataclass

CODES = (
    "void",
    "inconclusive",
    "supported",
    "contradicted",
    "mixed",
    "no-effect",
    "not-empirical",
    "not-testable",
    "deferred",
)

SENTENCES = {
    "void": "No verdict: a check of the estimator itself failed.",
    "inconclusive": "Inconclusive: the record neither shows the claimed effect nor rules it out.",
    "supported": "Supported: the evidence points the way the claim says, and the checks hold.",
    "contradicted": "Contradicted: the evidence points against the claim, and the checks hold.",
    "mixed": "Mixed: an effect is detected, but at least one check of its credibility fails.",
    "no-effect": "No effect: the interval rules out any effect large enough to matter.",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the verdict is drawn from.

    Attributes
    ----------
    hazard_ratio, ci_low, ci_high : float
        Primary estimate and its interval.
    expected : str
        ``above_one`` or ``below_one``: the sign that the claim implies.
    exposed_events, exposed_clusters : int
        Ends while exposed; clusters with any exposure.
    engines_agree : bool
        Whether a second engine gives the same coefficient.
    null_rejection : float
        Rejection rate of the primary test under random exposure.
    failed_falsifications : tuple of str
        Informative placebos that found an effect.
    sign_flips : tuple of str
        Single conflicts (missions) whose removal turns the sign.
    principled_agreement : float
        Share of the multiverse's principled specifications with the primary's sign.
    """

    hazard_ratio: float
    ci_low: float
    ci_high: float
    expected: str
    exposed_events: int
    exposed_clusters: int
    engines_agree: bool
    null_rejection: float
    failed_falsifications: tuple[str, ...]
    sign_flips: tuple[str, ...]
    principled_agreement: float


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds of the verdict (from the shared choices of the study)."""

    minimum_exposed_ends: int
    minimum_exposed_clusters: int
    calibration_bounds: tuple[float, float]
    no_effect: tuple[float, float]
    agreement: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict with its reasons."""

    code: str
    sentence: str
    reasons: tuple[str, ...]


def decide(facts: Facts, rules: Rules) -> Verdict:
    """The verdict: first match of the precedence table wins.

    1. void: two engines disagree, or the null calibration lies outside its bounds;
    2. inconclusive: too few exposed ends or clusters;
    3. supported, contradicted or mixed: the interval excludes no effect;
    4. no-effect: the interval lies inside the equivalence range;
    5. inconclusive.
    """
    void = _void(facts, rules)
    if void:
        return _verdict("void", void)
    if (
        facts.exposed_events < rules.minimum_exposed_ends
        or facts.exposed_clusters < rules.minimum_exposed_clusters
    ):
        return _verdict(
            "inconclusive",
            [
                f"{facts.exposed_events} ends while exposed and {facts.exposed_clusters} clusters "
                f"with an exposed unit; at least {rules.minimum_exposed_ends} and "
                f"{rules.minimum_exposed_clusters} are needed"
            ],
        )
    if facts.ci_low > 1 or facts.ci_high < 1:
        failures = _credibility(facts, rules)
        if failures:
            return _verdict("mixed", ["the interval excludes no effect", *failures])
        as_claimed = (facts.ci_low > 1) == (facts.expected == "above_one")
        return _verdict(
            "supported" if as_claimed else "contradicted",
            ["the interval excludes no effect", "every check of credibility holds"],
        )
    if facts.ci_low >= rules.no_effect[0] and facts.ci_high <= rules.no_effect[1]:
        return _verdict(
            "no-effect",
            [f"the interval lies within {rules.no_effect[0]:g} to {rules.no_effect[1]:g}"],
        )
    return _verdict(
        "inconclusive", ["the interval holds both no effect and effects large enough to matter"]
    )


def _void(facts: Facts, rules: Rules) -> list[str]:
    reasons = []
    if not facts.engines_agree:
        reasons.append("two engines disagree on the primary coefficient")
    low, high = rules.calibration_bounds
    if not (math.isfinite(facts.null_rejection) and low <= facts.null_rejection <= high):
        reasons.append(
            f"under random exposure the primary test rejects {facts.null_rejection:.1%}, outside "
            f"{low:.0%} to {high:.0%}"
        )
    return reasons


def _credibility(facts: Facts, rules: Rules) -> list[str]:
    failures = [f"placebo finds an effect: {name}" for name in facts.failed_falsifications]
    failures += [f"without {name} the sign turns" for name in facts.sign_flips]
    if math.isnan(facts.principled_agreement):
        failures.append("no principled specification can be estimated")
    elif facts.principled_agreement < rules.agreement:
        failures.append(
            f"only {facts.principled_agreement:.0%} of principled specifications agree in sign"
        )
    return failures


def _verdict(code: str, reasons: list[str]) -> Verdict:
    return Verdict(code, SENTENCES[code], tuple(reasons))
