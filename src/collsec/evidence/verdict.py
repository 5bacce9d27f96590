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
from riskset.inference import benjamini_hochberg, holm

#: Codes that :func:`decide` reaches, and after it :func:`unless_described`.
DECIDED = (
    "void",
    "not-estimable",
    "inconclusive",
    "supported",
    "contradicted",
    "mixed",
    "no-effect",
    "described",
)
#: Stands for a verdict where only the draws of the full profile could give one.
NEEDS_FULL = "needs-full-profile"
#: Every code that a hypothesis or a claim can have.
CODES = (
    *DECIDED,
    NEEDS_FULL,
    "withdrawn",
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
        Exposed outcomes, of the kind that the design declares; clusters with any exposure.
    engines_agree : bool
        Whether a second engine gives the same coefficient.
    null_rejection : float
        Rejection rate of the primary test under random exposure.
    null_interval : tuple of float
        95 % Wilson interval of that rate, for the error of its draws.
    failed_falsifications : tuple of str
        Informative placebos that found an effect.
    sign_flips : tuple of str
        Single conflicts (missions) whose removal turns the sign.
    principled_agreement : float
        Share of the multiverse's principled specifications with the primary's sign.
    exposed_outcome : str
        What the design counts as an exposed outcome, in the singular.
    expected_events : float
        Exposed outcomes expected without an effect; NaN where that is not known.
    needed_events : mapping of str to int
        Exposed outcomes that a ratio (as text) would need to be detected.
    """

    hazard_ratio: float
    ci_low: float
    ci_high: float
    expected: str
    exposed_events: int
    exposed_clusters: int
    engines_agree: bool
    null_rejection: float
    null_interval: tuple[float, float]
    failed_falsifications: tuple[str, ...]
    sign_flips: tuple[str, ...]
    principled_agreement: float
    exposed_outcome: str = "exposed termination"
    expected_events: float = math.nan
    needed_events: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds of the verdict (from the shared choices of the study)."""

    minimum_exposed_events: int
    minimum_exposed_clusters: int
    calibration_bounds: tuple[float, float]
    no_effect: tuple[float, float]
    agreement: float
    least_exposed_events: int = 5
    least_exposed_clusters: int = 4


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is what it is.

    Attributes
    ----------
    code : str
        ``engines_disagree``; ``null_rejection`` (`rate`, `low`, `high` of its Wilson interval, and
        the `bound` that it may not exceed); ``not_calibrated``; ``few_exposed`` (`outcome`,
        `outcomes`, `clusters`, `minimum_outcomes`, `minimum_clusters`, `expected`, `needed` by
        ratio); ``excludes_one``; ``checks_hold``; ``placebo`` (`label`); ``sign_changes``
        (`without`); ``none_principled``; ``disagreement`` (`share`); ``within`` (`low`, `high`);
        ``undecided``; ``quick_profile``; ``on_the_eve`` and ``by_status`` (`rate`, `high`),
        ``trend_before`` (`p`), ``trend_unseen`` (`ratio`); ``withdrawn`` (`reason`). As
        flags: ``rejects_rarely`` and
        ``rejects_often`` (`rate`, `bound`); ``no_stable_sign`` (`flips`: single conflicts or
        missions without which it turns, `share` of the principled specifications with the
        primary's).
    values : mapping
        The numbers and names of the reason; a missing number is None.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict with its reasons, the first of them first.

    Attributes
    ----------
    code : str
    reasons : tuple of Reason
    flags : tuple of Reason
        What a reader must know of the test besides, whatever the verdict.
    """

    code: str
    reasons: tuple[Reason, ...]
    flags: tuple[Reason, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The verdict as plain JSON."""
        return {
            "code": self.code,
            "reasons": [{"code": r.code, "values": dict(r.values)} for r in self.reasons],
            "flags": [{"code": r.code, "values": dict(r.values)} for r in self.flags],
        }

    @classmethod
    def of_plain(cls, content: Mapping[str, Any]) -> Self:
        """The verdict that :meth:`plain` has written.

        Raises
        ------
        KeyError
            If it lacks something.
        """
        reasons, flags = (
            tuple(Reason(r["code"], r["values"]) for r in content.get(key, ()))
            for key in ("reasons", "flags")
        )
        if "reasons" not in content:
            raise KeyError("reasons")
        return cls(content["code"], reasons, flags)


def decide(facts: Facts, rules: Rules) -> Verdict:
    """The verdict: first match of the precedence table wins.

    1. void: two engines disagree, or the test rejects too often: the Wilson interval of its
       rejection rate under random exposure lies above the bound. A test that rejects too rarely is
       flagged: it errs on the side of finding nothing;
    2. not-estimable: too few exposed outcomes or clusters for any estimate;
    3. inconclusive, for want of cases: too few for an effect to be looked at;
    4. void: the test was never put to random exposure;
    5. supported, contradicted or mixed: the interval excludes a hazard ratio of one;
    6. no-effect: the interval lies inside the equivalence range;
    7. inconclusive.
    """
    code, reasons = _decided(facts, rules)
    if code == "void":
        return Verdict(code, reasons)
    unstable = _unstable(facts, rules) if code == "inconclusive" else ()
    return Verdict(code, reasons, (*_flags(facts, rules), *unstable))


def _decided(facts: Facts, rules: Rules) -> tuple[str, tuple[Reason, ...]]:
    void = _void(facts, rules)
    if void:
        return "void", void
    few = _few(facts, rules)
    if few is not None:
        return few
    if not math.isfinite(facts.null_rejection):
        return "void", (Reason("not_calibrated"),)
    if facts.ci_low > 1 or facts.ci_high < 1:
        excludes = Reason("excludes_one")
        failures = _credibility(facts, rules)
        if failures:
            return "mixed", (excludes, *failures)
        as_claimed = (facts.ci_low > 1) == (facts.expected == "above_one")
        return "supported" if as_claimed else "contradicted", (excludes, Reason("checks_hold"))
    low, high = rules.no_effect
    if facts.ci_low >= low and facts.ci_high <= high:
        return "no-effect", (Reason("within", {"low": low, "high": high}),)
    return "inconclusive", (Reason("undecided"),)


def unless_described(verdict: Verdict, doubts: Sequence[Mapping[str, Any]]) -> Verdict:
    """The verdict; described, where the design says that it cannot speak of an effect.

    Parameters
    ----------
    verdict : Verdict
        From :func:`decide`.
    doubts : sequence of mapping
        ``code`` and ``values`` of what keeps the design from it: acts that change nothing would be
        rejected (``on_the_eve``, ``by_status``), the outcome moved before the act
        (``trend_before``), or nothing could have shown that it did (``trend_unseen``).
    """
    is_thin = any(reason.code == "few_exposed" for reason in verdict.reasons)
    if not doubts or verdict.code in ("void", "not-estimable") or is_thin:
        return verdict
    reasons = tuple(Reason(d["code"], d["values"]) for d in doubts)
    return Verdict("described", reasons, verdict.flags)


def is_few(outcomes: float, clusters: float, rules: Rules) -> bool:
    """Whether too few were exposed for any effect to be looked at."""
    return outcomes < rules.minimum_exposed_events or clusters < rules.minimum_exposed_clusters


def _few(facts: Facts, rules: Rules) -> tuple[str, tuple[Reason, ...]] | None:
    """Not estimable below the least numbers, inconclusive for want of cases below the minimum."""
    outcomes, clusters = facts.exposed_events, facts.exposed_clusters
    is_least = outcomes < rules.least_exposed_events or clusters < rules.least_exposed_clusters
    if not (is_least or is_few(outcomes, clusters, rules)):
        return None
    least = (rules.least_exposed_events, rules.least_exposed_clusters)
    usual = (rules.minimum_exposed_events, rules.minimum_exposed_clusters)
    minimum = least if is_least else usual
    known = {
        "outcome": facts.exposed_outcome,
        "outcomes": outcomes,
        "clusters": clusters,
        "minimum_outcomes": minimum[0],
        "minimum_clusters": minimum[1],
        "expected": facts.expected_events if math.isfinite(facts.expected_events) else None,
        "needed": dict(facts.needed_events),
    }
    return "not-estimable" if is_least else "inconclusive", (Reason("few_exposed", known),)


def _void(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    reasons = []
    if not facts.engines_agree:
        reasons.append(Reason("engines_disagree"))
    (low, high), bound = facts.null_interval, rules.calibration_bounds[1]
    if low > bound:
        known = {"rate": facts.null_rejection, "low": low, "high": high, "bound": bound}
        reasons.append(Reason("null_rejection", known))
    return tuple(reasons)


def _flags(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """Rejection rates that void nothing, and that a reader must know."""
    rarely, often = rules.calibration_bounds
    rate = facts.null_rejection
    if facts.null_interval[1] < rarely:
        return (Reason("rejects_rarely", {"rate": rate, "bound": rarely}),)
    if rate > often:
        return (Reason("rejects_often", {"rate": rate, "bound": often}),)
    return ()


def _unstable(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """That an undecided estimate has no stable sign: it turns, or the specifications disagree."""
    is_split = facts.principled_agreement < rules.agreement
    if not (facts.sign_flips or is_split):
        return ()
    share = facts.principled_agreement if math.isfinite(facts.principled_agreement) else None
    return (Reason("no_stable_sign", {"flips": len(facts.sign_flips), "share": share}),)


def _credibility(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    failures = [Reason("placebo", {"label": name}) for name in facts.failed_falsifications]
    failures += [Reason("sign_changes", {"without": name}) for name in facts.sign_flips]
    if math.isnan(facts.principled_agreement):
        failures.append(Reason("none_principled"))
    elif facts.principled_agreement < rules.agreement:
        failures.append(Reason("disagreement", {"share": facts.principled_agreement}))
    return tuple(failures)


def printed(own: Verdict, provenance: Mapping[str, Any], published: Verdict | None) -> Verdict:
    """The verdict that may be printed: that of the full profile, or too few cases.

    Parameters
    ----------
    own : Verdict
        From the draws that were made here.
    provenance : mapping
        ``profile`` of the record.
    published : Verdict or None
        That of the last release, where it was of the full profile and of the same specification
        and data.

    Notes
    -----
    Fewer draws move an interval across its bounds, and a rejection rate across its own. The quick
    profile therefore prints no verdict of its own but *not estimable*, which rests on counts.
    """
    if provenance["profile"] != "quick" or own.code == "not-estimable":
        return own
    return published or Verdict(NEEDS_FULL, (Reason("quick_profile"),))


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
