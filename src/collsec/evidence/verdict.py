"""The verdicts, by machine: a precedence table in which the first match wins, and their synthesis.

Codes and numbers stand here; the reports have the words for them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from riskset.inference import benjamini_hochberg, holm

#: Codes that :func:`decide` reaches.
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
#: Edition of the rule: a verdict of another one is not printed again.
EDITION = 2
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
class Reason:
    """Why a verdict is what it is.

    Attributes
    ----------
    code : str
        ``engines_disagree``; ``null_rejection`` (`rate`, `low`, `high` of its Wilson interval, and
        the `bound` that it may not exceed); ``not_calibrated``; ``few_exposed`` (`outcome`,
        `outcomes`, `clusters`, `minimum_outcomes`, `minimum_clusters`, `expected`, `needed` by
        ratio); ``excludes_one``; ``checks_hold``; ``placebo`` (`label`); ``sign_changes``
        (`without`); ``none_principled``; ``disagreement`` (`share`); ``within`` (`low`, `high`,
        and the `level` of the interval); ``probably_within`` (`low`, `high`, `share` of the
        posterior, `bar`); ``undecided`` (`share`, `low`, `high`); ``quick_profile``;
        ``withdrawn`` (`reason`). Of a design: ``one_series`` (`units`), ``by_status`` (`rate`,
        `high`), ``trend_before`` (`p`), ``trend_unseen`` (`ratio`). As flags:
        ``rejects_rarely`` and ``rejects_often`` (`rate`, `bound`); ``no_stable_sign`` (`flips`:
        single conflicts or missions without which it turns, `share` of the principled
        specifications with the primary's).
    values : mapping
        The numbers and names of the reason; a missing number is None.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


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
    level : float
        Level of that interval.
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
    equivalence_low, equivalence_high : float
        Interval at 1 - 2α, where the other is at 1 - α: with it two one-sided tests at α ask
        whether an effect that matters is ruled out. NaN where the design has none; the wider one
        then stands for it.
    within : float
        Posterior probability, under the skeptical prior, of a ratio in the range of no interest.
    doubts : tuple of Reason
        What the design itself holds against its primary.
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
    level: float = 0.95
    equivalence_low: float = math.nan
    equivalence_high: float = math.nan
    within: float = math.nan
    doubts: tuple[Reason, ...] = ()

    @property
    def counted(self) -> float:
        """Exposed outcomes that the gates count."""
        return counted(self.exposed_events, self.expected_events)


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


#: Doubts of a design that leave a description: there is no argument of how the exposure fell.
WITHOUT_ASSIGNMENT = ("one_series",)
#: Doubts that are placebos of a design's own which failed: an effect that is found is mixed.
FAILED = ("by_status", "trend_before")
#: The least posterior probability of a ratio in the range of no interest that is an answer. Where
#: the interval of a hypothesis is at a higher level, as in a family of primaries, that level is.
ANSWER = 0.95


def decide(facts: Facts, rules: Rules) -> Verdict:
    """The verdict: the first line of :data:`TABLE` that has a reason.

    Notes
    -----
    Gates count the exposed outcomes that would be expected without an effect: what is observed
    moves with the effect, and a claim of fewer would close its own gate by being true. A test that
    rejects too rarely is flagged: it errs on the side of finding nothing.
    """
    code, reasons = next(
        (code, reasons) for code, holds in TABLE if (reasons := holds(facts, rules))
    )
    if code == "void":
        return Verdict(code, reasons)
    unstable = _unstable(facts, rules) if code == "inconclusive" else ()
    return Verdict(code, reasons, (*_flags(facts, rules, reasons), *unstable))


def counted(observed: float, expected: float) -> float:
    """Exposed outcomes that gates count: those expected without an effect, where it is known."""
    return expected if math.isfinite(expected) else observed


def is_few(outcomes: float, clusters: float, rules: Rules) -> bool:
    """Whether too few were exposed for any effect to be looked at."""
    return outcomes < rules.minimum_exposed_events or clusters < rules.minimum_exposed_clusters


def _void(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """Two engines disagree, or the Wilson interval of the null rejection lies above its bound."""
    reasons = []
    if not facts.engines_agree:
        reasons.append(Reason("engines_disagree"))
    (low, high), bound = facts.null_interval, rules.calibration_bounds[1]
    if low > bound:
        known = {"rate": facts.null_rejection, "low": low, "high": high, "bound": bound}
        reasons.append(Reason("null_rejection", known))
    return tuple(reasons)


def _least(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """Too few exposed outcomes or clusters for any estimate."""
    outcomes, clusters = rules.least_exposed_events, rules.least_exposed_clusters
    if facts.counted >= outcomes and facts.exposed_clusters >= clusters:
        return ()
    return (_few_exposed(facts, outcomes, clusters),)


def _few(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """Too few for an effect to be looked at."""
    if not is_few(facts.counted, facts.exposed_clusters, rules):
        return ()
    return (_few_exposed(facts, rules.minimum_exposed_events, rules.minimum_exposed_clusters),)


def _few_exposed(facts: Facts, outcomes: int, clusters: int) -> Reason:
    known = {
        "outcome": facts.exposed_outcome,
        "outcomes": facts.exposed_events,
        "clusters": facts.exposed_clusters,
        "minimum_outcomes": outcomes,
        "minimum_clusters": clusters,
        "expected": facts.expected_events if math.isfinite(facts.expected_events) else None,
        "needed": dict(facts.needed_events),
    }
    return Reason("few_exposed", known)


def _not_calibrated(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """The test was never put to random exposure."""
    return () if math.isfinite(facts.null_rejection) else (Reason("not_calibrated"),)


def _without_assignment(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """There is no argument of how the exposure fell."""
    return tuple(one for one in facts.doubts if one.code in WITHOUT_ASSIGNMENT)


def _is_apart(facts: Facts) -> bool:
    """Whether the interval excludes a ratio of one."""
    return facts.ci_low > 1 or facts.ci_high < 1


def _doubtful(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """The interval excludes one, and a check of credibility fails."""
    failures = _credibility(facts, rules) if _is_apart(facts) else ()
    return (Reason("excludes_one"), *failures) if failures else ()


def _as_claimed(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """The interval excludes one on the side that the claim implies."""
    is_so = facts.ci_low > 1 if facts.expected == "above_one" else facts.ci_high < 1
    return (Reason("excludes_one"), Reason("checks_hold")) if is_so else ()


def _against(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """The interval excludes one on the other side."""
    return (Reason("excludes_one"), Reason("checks_hold")) if _is_apart(facts) else ()


def _within(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """The interval at 1 - 2α lies inside the range of no interest."""
    low, high = rules.no_effect
    own, level = (facts.equivalence_low, facts.equivalence_high), 2 * facts.level - 1
    if not (math.isfinite(own[0]) and math.isfinite(own[1])):
        own, level = (facts.ci_low, facts.ci_high), facts.level
    if not (own[0] >= low and own[1] <= high):
        return ()
    return (Reason("within", {"low": low, "high": high, "level": level}),)


def _probably_within(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """The posterior is as good as sure of a ratio in the range of no interest."""
    bar, (low, high) = max(ANSWER, facts.level), rules.no_effect
    if not facts.within >= bar:
        return ()
    known = {"low": low, "high": high, "share": facts.within, "bar": bar}
    return (Reason("probably_within", known),)


def _undecided(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """None of the above."""
    share = facts.within if math.isfinite(facts.within) else None
    low, high = rules.no_effect
    return (Reason("undecided", {"share": share, "low": low, "high": high}),)


#: The rule: verdicts in their order, each with what gives the reasons for it; none if it does not
#: hold. The first that has a reason is taken.
TABLE: tuple[tuple[str, Callable[[Facts, Rules], tuple[Reason, ...]]], ...] = (
    ("void", _void),
    ("not-estimable", _least),
    ("inconclusive", _few),
    ("void", _not_calibrated),
    ("described", _without_assignment),
    ("mixed", _doubtful),
    ("supported", _as_claimed),
    ("contradicted", _against),
    ("no-effect", _within),
    ("no-effect", _probably_within),
    ("inconclusive", _undecided),
)


def _flags(facts: Facts, rules: Rules, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Rejection rates that void nothing, and doubts that are no reason, for a reader to know."""
    doubts = tuple(one for one in facts.doubts if one not in reasons)
    rarely, often = rules.calibration_bounds
    rate = facts.null_rejection
    if facts.null_interval[1] < rarely:
        return (Reason("rejects_rarely", {"rate": rate, "bound": rarely}), *doubts)
    if rate > often:
        return (Reason("rejects_often", {"rate": rate, "bound": often}), *doubts)
    return doubts


def _unstable(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    """That an undecided estimate has no stable sign: it turns, or the specifications disagree."""
    is_split = facts.principled_agreement < rules.agreement
    if not (facts.sign_flips or is_split):
        return ()
    share = facts.principled_agreement if math.isfinite(facts.principled_agreement) else None
    return (Reason("no_stable_sign", {"flips": len(facts.sign_flips), "share": share}),)


def _credibility(facts: Facts, rules: Rules) -> tuple[Reason, ...]:
    failures = [Reason("placebo", {"label": name}) for name in facts.failed_falsifications]
    failures += [one for one in facts.doubts if one.code in FAILED]
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
    estimates: Mapping[str, pd.DataFrame], primaries: Sequence[str], least: tuple[int, int]
) -> dict[str, Any]:
    """Adjusted p-values of the main estimates, and the further tests of each hypothesis.

    Parameters
    ----------
    estimates : mapping of DataFrame
        Tidy estimates by hypothesis.
    primaries : sequence of str
        The hypotheses whose primaries are one family.
    least : tuple of int
        Exposed outcomes and clusters below which nothing is estimable.

    Returns
    -------
    dict
        ``p_holm`` of the family, ``q_value`` of every other hypothesis' main estimate (Benjamini
        and Hochberg over all of them), and ``families``, by hypothesis; plain. What cannot be
        estimated has none, and counts among the tests all the same, as if it had found nothing.
    """
    main = {h: _main(rows) for h, rows in estimates.items()}
    others = [h for h in estimates if h not in primaries]
    is_kept = {h: h in primaries or not _is_below(main[h], least) for h in main}
    p_values = {h: float(row["p_value"]) if is_kept[h] else math.nan for h, row in main.items()}
    families = {h: dataclasses.asdict(further_tests(rows)) for h, rows in estimates.items()}
    return {
        "p_holm": _adjusted({h: p_values[h] for h in primaries}, holm),
        "q_value": _adjusted({h: p_values[h] for h in others}, benjamini_hochberg),
        "families": families,
    }


def _main(rows: pd.DataFrame) -> pd.Series:
    found: pd.Series = rows.loc[rows["role"] == Role.PRIMARY].iloc[0]
    return found


def _is_below(row: pd.Series, least: tuple[int, int]) -> bool:
    outcomes = counted(float(row["exposed_events"]), float(row["expected_events"]))
    return bool(outcomes < least[0] or row["exposed_clusters"] < least[1])


def _adjusted(
    p_values: Mapping[str, float], adjust: Callable[[np.ndarray], np.ndarray]
) -> dict[str, float]:
    """Adjusted p-values by hypothesis; one that is not known counts as one, and stays unknown."""
    if not p_values:
        return {}
    known = np.array(list(p_values.values()))
    is_known = ~np.isnan(known)
    found = np.where(is_known, adjust(np.where(is_known, known, 1.0)), np.nan)
    return dict(zip(p_values, found.tolist(), strict=True))


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
