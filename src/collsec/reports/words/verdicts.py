"""Verdicts in words: their sentences, their reasons, and the finding of a primary.

Whether something is "shorter" or shows "no detectable difference" follows from the verdict, never
from a sign alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collsec.designs.estimate import Estimate
from collsec.evidence.verdict import NEEDS_FULL, Family, Reason, Verdict, counted
from collsec.evidence.withheld import WITHDRAWN
from collsec.reports.words.ratios import RatioWords
from collsec.reports.words.wording import (
    begun,
    count,
    interval,
    level,
    listed,
    number,
    percent,
    plural,
)

TOO_FEW = "Cannot tell: too few cases"
#: The plain scale of answers: what a reader sees of each internal verdict, here and nowhere else.
#: An undecided one is TOO_FEW where too few were exposed (see :func:`answer`).
LABELS = {
    "supported": "Supported",
    "contradicted": "Contradicted",
    "mixed": "Mixed",
    "no-effect": "No difference worth mentioning",
    "inconclusive": "Cannot tell: the interval holds both",
    "not-estimable": TOO_FEW,
    "secondary": "A lead, not a test",
    "described": "A number, not a cause",
    "needs-full-profile": "Needs the full profile",
    "not-testable": "Not testable",
    "not-empirical": "Not empirical",
    "deferred": "Deferred",
    "void": "Void",
    "withdrawn": "Withdrawn",
}
#: What each verdict that the rule reaches says, behind its label.
SENTENCES = {
    "void": "A check of the estimator itself failed.",
    "not-estimable": "The data exist, but too few cases were exposed to say anything.",
    "needs-full-profile": "These numbers come from too few draws for a verdict.",
    "inconclusive": "The record neither shows the claimed effect nor rules it out.",
    "supported": "The evidence points the way the claim says, and the checks hold.",
    "contradicted": "The evidence points against the claim, and the checks hold.",
    "mixed": "An effect is detected, but at least one check of its credibility fails.",
    "no-effect": "Any effect large enough to matter is ruled out.",
    "described": "The numbers hold, but the design cannot tell what the act does from when it "
    "comes.",
    "withdrawn": "A fault was found, and nothing is said until it is corrected.",
}
#: What an undecided verdict says where too few were exposed, whatever the estimate.
FOR_WANT_OF_CASES = "Too few were exposed for any effect to be looked at."
#: Reasons by code; values as numbers.
REASONS = {
    "engines_disagree": "two engines disagree on the primary coefficient",
    "null_rejection": "under random exposure the primary test rejects in {rate} of the draws (95 % "
    "interval {low} to {high}), more than {bound}",
    "not_calibrated": "the primary test was never put to random exposure",
    "few_exposed": "{counted} in {clusters} {places}; at least "
    "{minimum_outcomes}{is_expected} in {minimum_clusters} are required{needed}",
    "excludes_one": "the interval excludes a ratio of one",
    "checks_hold": "every credibility check holds",
    "placebo": "a placebo finds an effect: {label}",
    "sign_changes": "without {without} the sign changes",
    "none_principled": "no principled specification can be estimated",
    "disagreement": "only {share} of the principled specifications agree in sign",
    "within": "the {level} interval, that of two one-sided tests, lies within {low} to {high}",
    "probably_within": "a skeptic would hold with a probability of {share} that the ratio lies "
    "within {low} to {high}; {bar} is asked for",
    "by_status": "acts that change nothing, but prefer the stratum that those observed prefer, "
    "would be rejected in {rate} of the draws; at most {high} is admitted",
    "one_series": "{units} series: whatever moves with time would do as well",
    "trend_before": "the outcome had moved before the act (p = {p})",
    "trend_unseen": "a movement before the act would have had to be {ratio} or more to show, more "
    "than what is estimated after it",
    "withdrawn": "{reason}",
    "undecided": "the interval includes both no effect and effects large enough to matter{held}",
    "quick_profile": "these numbers come from fewer draws than a verdict needs, and no release has "
    "one of the same specification and data",
    "no_stable_sign": "there is no stable sign: it turns without {flips}, and {share} of the "
    "principled specifications have that of the primary",
    "rejects_rarely": "under random exposure the primary test rejects in only {rate} of the draws, "
    "less than {bound}: it errs on the side of finding nothing",
    "rejects_often": "under random exposure the primary test rejects in {rate} of the draws, more "
    "than {bound}, though not beyond the error of the draws",
}
_PERCENT = {
    "null_rejection": {"rate": 1, "low": 1, "high": 1, "bound": 0},
    "rejects_rarely": {"rate": 1, "bound": 0},
    "rejects_often": {"rate": 1, "bound": 0},
    "within": {"level": 0},
    "probably_within": {"share": 1, "bar": 1},
    "by_status": {"rate": 0, "high": 0},
    "disagreement": {"share": 0},
    "no_stable_sign": {"share": 0},
}


@dataclass(frozen=True, slots=True)
class Compared:
    """Who is compared with whom, and in what.

    Attributes
    ----------
    those, others : str
        Such as ``wars with UN troops`` and ``wars of the same age without them``.
    words : RatioWords
    unit : str
        What is compared, in the singular.
    """

    those: str
    others: str
    words: RatioWords
    unit: str


def label(standing: str) -> str:
    """How a standing is headed, on the plain scale of answers."""
    return LABELS.get(standing, standing.replace("-", " ").capitalize())


def answer(verdict: Verdict) -> str:
    """How a verdict is headed: its place on the plain scale of answers."""
    return TOO_FEW if is_for_want(verdict) else label(verdict.code)


def sentence(verdict: Verdict) -> str:
    """The verdict in two short sentences, its label first."""
    return f"{answer(verdict)}. {without_label(verdict)}"


def has_no_sign(verdict: Verdict) -> bool:
    """Whether an undecided estimate has no stable sign."""
    return any(flag.code == "no_stable_sign" for flag in verdict.flags)


def is_for_want(verdict: Verdict) -> bool:
    """Whether a verdict is inconclusive for want of cases."""
    return verdict.code == "inconclusive" and verdict.reasons[0].code == "few_exposed"


def is_without_ratio(verdict: Verdict) -> bool:
    """Whether too few were exposed for a ratio to say anything: what was counted is printed."""
    return answer(verdict) == TOO_FEW


def without_label(verdict: Verdict) -> str:
    """The sentence of a verdict whose label stands above it."""
    return FOR_WANT_OF_CASES if is_for_want(verdict) else SENTENCES[verdict.code]


def reason(found: Reason, places: str = "clusters") -> str:
    """One reason in words.

    Parameters
    ----------
    found : Reason
    places : str
        What the clusters are, in the plural.

    Examples
    --------
    >>> reason(Reason("disagreement", {"share": 0.5}))
    'only 50 % of the principled specifications agree in sign'
    """
    digits = _PERCENT.get(found.code, {})
    values = {
        name: _share(value, digits[name]) if name in digits else _plain(value)
        for name, value in found.values.items()
    }
    if found.code == "few_exposed":
        values |= _cases(found.values) | {"places": places}
        values["is_expected"] = "" if found.values.get("expected") is None else " expected"
    if found.code == "undecided":
        values["held"] = _held(found.values)
    if found.code == "no_stable_sign":
        flips = found.values["flips"]
        values["flips"] = (
            f"each of {count(flips)} conflicts or missions"
            if flips > 1
            else "one conflict or mission"
            if flips
            else "no single conflict or mission"
        )
    return REASONS[found.code].format(**values)


def _held(values: Mapping[str, Any]) -> str:
    """What a skeptic would hold of an undecided ratio, as the end of a sentence."""
    share = values.get("share")
    if share is None:
        return ""
    low, high = (_plain(values[name]) for name in ("low", "high"))
    return (
        f"; a skeptic would hold with a probability of {percent(share, 0)} that the ratio lies "
        f"within {low} to {high}, too little to matter"
    )


def _cases(values: Mapping[str, Any]) -> dict[str, str]:
    """How many were exposed, how many would have been expected, and how many would be needed."""
    one, n, expected = values["outcome"], values["outcomes"], values["expected"]
    where = (
        ""
        if expected is None
        else f" where {number(expected, 1)} would be expected without an effect"
    )
    return {
        "counted": f"{count(n)} {plural(one, n)}{where}",
        "needed": "" if _is_of_few(values) else needed(one, values["needed"]),
    }


def _is_of_few(values: Mapping[str, Any]) -> bool:
    """Whether the outcomes would do, and it is what they are of that is too few."""
    is_few: bool = values["clusters"] < values["minimum_clusters"]
    known = values.get("expected")
    expected = math.nan if known is None else known
    return is_few and counted(values["outcomes"], expected) >= values["minimum_outcomes"]


def is_of_few(verdict: Verdict) -> bool:
    """Whether a verdict is for want of independent units, not of outcomes."""
    first = verdict.reasons[0]
    return first.code == "few_exposed" and _is_of_few(first.values)


def needed(outcome: str, by_ratio: Mapping[str, int]) -> str:
    """How many exposed outcomes some ratios would need, as the end of a sentence."""
    if not by_ratio:
        return ""
    parts = [
        f"about {count(n)} {f'{plural(outcome)} would be needed ' if place == 0 else ''}for a "
        f"ratio of {number(float(ratio), 1).removesuffix('.0')}"
        for place, (ratio, n) in enumerate(by_ratio.items())
    ]
    return f"; {listed(parts)}"


def reasons(verdict: Verdict, places: str = "clusters") -> list[str]:
    """The reasons of a verdict in words, and what is flagged."""
    return [reason(found, places) for found in (*verdict.reasons, *verdict.flags)]


def _share(value: float | None, digits: int) -> str:
    return percent(math.nan if value is None else value, digits)


def _plain(value: object) -> str:
    if value is None:
        return "any size"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def with_reasons(verdict: Verdict, places: str = "clusters") -> str:
    """The verdict and why, as one line of prose."""
    return f"**{sentence(verdict)}** The reasons: {'; '.join(reasons(verdict, places))}."


def primary_sentence(primary: Estimate, verdict: Verdict, contrast: Compared) -> str:
    """The finding of a primary in one or two sentences, worded by its verdict."""
    if verdict.code == "withdrawn":
        return f"{begun(WITHDRAWN)}: {reasons(verdict)[0]}."
    if is_without_ratio(verdict):
        return f"{_counted(verdict, contrast.unit)} {sentence(verdict)}"
    words = contrast.words
    ends = (
        f"{begun(contrast.those)} {words.compared.format(ratio=number(primary.estimate))} "
        f"{contrast.others} ({level(primary.level)} interval "
        f"{interval(primary.ci_low, primary.ci_high)})"
    )
    differed = words.past(primary.estimate)
    return {
        "supported": f"{ends}: they {differed}, as the claim says, and the checks hold.",
        "contradicted": f"{ends}: they {differed}, against the claim, and the checks hold.",
        "mixed": f"{ends}: they {differed}, but at least one check of this result fails.",
        "no-effect": f"{ends}: no difference large enough to matter.",
        "inconclusive": f"{ends}: no difference is detected, nor one that matters ruled out"
        f"{', and the sign is not stable' if has_no_sign(verdict) else ''}.",
        "described": f"{ends}: a description, since the design cannot tell what the act does from "
        "when it comes.",
        "void": "No verdict is given, because a check of the estimator itself failed.",
        NEEDS_FULL: f"{ends}, by fewer draws than a verdict needs.",
    }[verdict.code]


def _counted(verdict: Verdict, unit: str) -> str:
    """What was counted against what would be expected, without a ratio."""
    values = verdict.reasons[0].values
    cases = _cases(values)
    of = f" of only {_units(values['clusters'], unit)}" * _is_of_few(values)
    return f"{begun(cases['counted'])}{of}."


def _units(n: int, unit: str) -> str:
    return f"{count(n)} independent {plural(unit, n)}"


def plain_sentence(primary: Estimate, verdict: Verdict, contrast: Compared) -> str:
    """The finding of a primary without a number, worded by its verdict."""
    those, others, words = contrast.those, contrast.others, contrast.words
    begin = begun(those)
    differ, differed = words.present(primary.estimate), words.past(primary.estimate)
    compared = f"{those} {words.either} than {others}"
    few = f"Too few {those} are on record to say whether they {words.either} than {others}."
    if is_of_few(verdict):
        units = _units(verdict.reasons[0].values["clusters"], contrast.unit)
        few = f"{units} cannot show whether {compared}."
    return {
        "supported": f"{begin} {differ} than {others}, as the claim says.",
        "contradicted": f"{begin} {differ} than {others}, against the claim.",
        "mixed": f"{begin} {differed} than {others}, but not every check holds: the record "
        "does not show that one caused the other.",
        "no-effect": f"{begin} {words.alike} {others}: any difference is too small to matter.",
        "inconclusive": f"The record does not show whether {compared}"
        f"{': too few cases' if is_for_want(verdict) else ''}.",
        "described": f"This describes whether {compared}, not why.",
        "void": "Nothing can be said: the estimator failed a check of its own.",
        "not-estimable": few,
        "withdrawn": f"Withdrawn: {'; '.join(reasons(verdict))}.",
        NEEDS_FULL: "These numbers come from fewer draws than a verdict needs.",
    }[verdict.code]


def multiplicity(family: Family) -> str:
    """How many further estimates have a small p-value, and how many would by chance."""
    if not family.tests:
        return "No other estimate has a p-value."
    n = len(family.remaining)
    names = "; ".join(family.remaining)
    found = f"{n} {'remains' if n == 1 else 'remain'} ({names})" if n else "none remains"
    return (
        f"Of {count(family.tests)} further estimates, {family.low} have a p-value below "
        f"{number(family.alpha)}; {number(family.by_chance, 1)} would if there were no effect "
        f"anywhere. At a false discovery rate of {percent(family.false_discovery_rate)} (Benjamini "
        f"and Hochberg) {found}."
    )
