"""The verdicts, by machine: a precedence table in which the first match wins, and their synthesis.

Codes and numbers stand here; the reports have the words for them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.survival.inference import benjamini_hochberg, holm

#: Every code that a hypothesis or a claim can have; :func:`decide` reaches the first six.
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
        Exposed terminations; clusters with any exposure.
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

    minimum_exposed_events: int
    minimum_exposed_clusters: int
    calibration_bounds: tuple[float, float]
    no_effect: tuple[float, float]
    agreement: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is what it is.

    Attributes
    ----------
    code : str
        ``engines_disagree``; ``null_rejection`` (`rate`, `low`, `high`); ``few_exposed``
        (`terminations`, `clusters`, `minimum_terminations`, `minimum_clusters`);
        ``excludes_one``; ``checks_hold``; ``placebo`` (`label`); ``sign_changes`` (`without`);
        ``none_principled``; ``disagreement`` (`share`); ``within`` (`low`, `high`);
        ``undecided``.
    values : mapping
        The numbers and names of the reason; a missing number is None.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict with its reasons, the first of them first."""

    code: str
    reasons: tuple[Reason, ...]

    def plain(self) -> dict[str, Any]:
        """The verdict as plain JSON."""
        return {
            "code": self.code,
            "reasons": [{"code": r.code, "values": dict(r.values)} for r in self.reasons],
        }

    @classmethod
    def of_plain(cls, content: Mapping[str, Any]) -> Self:
        """The verdict that :meth:`plain` has written.

        Raises
        ------
        KeyError
            If it lacks something.
        """
        reasons = (Reason(r["code"], r["values"]) for r in content["reasons"])
        return cls(content["code"], tuple(reasons))


def decide(facts: Facts, rules: Rules) -> Verdict:
    """The verdict: first match of the precedence table wins.

    1. void: two engines disagree, or the null calibration lies outside its bounds;
    2. inconclusive: too few exposed terminations or clusters;
    3. supported, contradicted or mixed: the interval excludes a hazard ratio of one;
    4. no-effect: the interval lies inside the equivalence range;
    5. inconclusive.
    """
    void = _void(facts, rules)
    if void:
        return Verdict("void", void)
    if is_few(facts.exposed_events, facts.exposed_clusters, rules):
        few = {
            "terminations": facts.exposed_events,
            "clusters": facts.exposed_clusters,
            "minimum_terminations": rules.minimum_exposed_events,
            "minimum_clusters": rules.minimum_exposed_clusters,
        }
        return Verdict("inconclusive", (Reason("few_exposed", few),))
    if facts.ci_low > 1 or facts.ci_high < 1:
        excludes = Reason("excludes_one")
        failures = _credibility(facts, rules)
        if failures:
            return Verdict("mixed", (excludes, *failures))
        as_claimed = (facts.ci_low > 1) == (facts.expected == "above_one")
        code = "supported" if as_claimed else "contradicted"
        return Verdict(code, (excludes, Reason("checks_hold")))
    low, high = rules.no_effect
    if facts.ci_low >= low and facts.ci_high <= high:
        return Verdict("no-effect", (Reason("within", {"low": low, "high": high}),))
    return Verdict("inconclusive", (Reason("undecided"),))


def is_few(terminations: float, clusters: float, rules: Rules) -> bool:
    """Whether too few were exposed for any effect to be looked at."""
    return terminations < rules.minimum_exposed_events or clusters < rules.minimum_exposed_clusters


def _void(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    reasons = []
    if not facts.engines_agree:
        reasons.append(Reason("engines_disagree"))
    low, high = rules.calibration_bounds
    is_finite = math.isfinite(facts.null_rejection)
    if not (is_finite and low <= facts.null_rejection <= high):
        rate = facts.null_rejection if is_finite else None
        reasons.append(Reason("null_rejection", {"rate": rate, "low": low, "high": high}))
    return tuple(reasons)


def _credibility(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    failures = [Reason("placebo", {"label": name}) for name in facts.failed_falsifications]
    failures += [Reason("sign_changes", {"without": name}) for name in facts.sign_flips]
    if math.isnan(facts.principled_agreement):
        failures.append(Reason("none_principled"))
    elif facts.principled_agreement < rules.agreement:
        failures.append(Reason("disagreement", {"share": facts.principled_agreement}))
    return tuple(failures)


#: Significance level at which further estimates are counted.
ALPHA = 0.05
FALSE_DISCOVERY_RATE = 0.10


@dataclass(frozen=True, slots=True)
class Family:
    """The further tests of a hypothesis: estimates with a p-value that ask something else.

    Attributes
    ----------
    tests : int
        How many there are.
    low : int
        How many have a p-value below `alpha`.
    by_chance : float
        How many would, were there no effect anywhere.
    remaining : tuple of str
        Labels of those that remain at the false discovery rate of Benjamini and Hochberg.
    alpha, false_discovery_rate : float
    """

    tests: int
    low: int
    by_chance: float
    remaining: tuple[str, ...]
    alpha: float = ALPHA
    false_discovery_rate: float = FALSE_DISCOVERY_RATE


def over_primaries(
    estimates: Mapping[str, pd.DataFrame], primaries: Sequence[str]
) -> dict[str, Any]:
    """Holm-adjusted p-values of the primaries, and the further tests of each hypothesis.

    Parameters
    ----------
    estimates : mapping of DataFrame
        Tidy estimates by hypothesis.
    primaries : sequence of str
        The hypotheses whose primaries are one family.

    Returns
    -------
    dict
        ``p_holm`` and ``families``, by hypothesis; plain. A primary that cannot be estimated has
        none, and counts in the family all the same.
    """
    p_values = [
        float(estimates[h].loc[estimates[h]["role"] == Role.PRIMARY, "p_value"].iloc[0])
        for h in primaries
    ]
    is_known = ~np.isnan(p_values)
    found = holm(np.where(is_known, p_values, 1.0))
    adjusted = dict(zip(primaries, np.where(is_known, found, np.nan).tolist(), strict=True))
    families = {h: dataclasses.asdict(further_tests(rows)) for h, rows in estimates.items()}
    return {"p_holm": adjusted, "families": families}


def further_tests(estimates: pd.DataFrame) -> Family:
    """Count the estimates that test something else than the primary does, and what remains.

    Parameters
    ----------
    estimates : DataFrame
        Tidy estimates of one hypothesis.
    """
    asks = ~estimates["role"].map(lambda role: Role(role).restates_primary).astype(bool)
    rows = estimates[
        asks & (estimates["validity"] != "known-biased") & estimates["p_value"].notna()
    ]
    if rows.empty:
        return Family(0, 0, 0.0, ())
    is_low = rows["p_value"] < ALPHA
    kept = rows.loc[benjamini_hochberg(rows["p_value"].to_numpy(float)) <= FALSE_DISCOVERY_RATE]
    names = tuple(str(name) for name in kept["label"])
    return Family(len(rows), int(is_low.sum()), ALPHA * len(rows), names)
