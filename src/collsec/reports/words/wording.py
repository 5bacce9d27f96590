"""Numbers and verdicts as words and strings: the only text that depends on results.

Whether something is "shorter" or shows "no detectable difference" follows from the verdict, never
from a bare sign.
"""

from __future__ import annotations

import math

from collsec.designs.estimate import Estimate
from collsec.evidence.verdict import Verdict


def number(value: float, digits: int = 2) -> str:
    """A number for print: fixed decimals, thousands apart, a sign that reads as one."""
    if math.isnan(value):
        return "not estimable"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:,.{digits}f}".replace("-", "−")


def interval(low: float, high: float, digits: int = 2) -> str:
    """An interval for print; open where a limit does not exist."""
    if math.isnan(low) or math.isnan(high):
        return "not estimable"
    return f"{number(low, digits)} to {number(high, digits)}"


def percent(share: float, digits: int = 0) -> str:
    """A share as a percentage."""
    return "not estimable" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def p_value(p: float) -> str:
    """A p-value for print."""
    if math.isnan(p):
        return "not estimable"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def level(confidence: float) -> str:
    """A confidence level for print (98.3 %)."""
    return f"{100 * confidence:.1f} %".replace(".0 %", " %")


def primary_sentence(primary: Estimate, verdict: Verdict, contrast: tuple[str, str]) -> str:
    """The finding of a primary in one or two sentences, worded by its verdict.

    Parameters
    ----------
    contrast : tuple of str
        Who is compared with whom, such as ``("wars with UN troops", "wars of the same age
        without them")``.
    """
    those, others = contrast
    ratio = number(primary.estimate)
    ends = (
        f"{those[0].upper()}{those[1:]} ended at {ratio} times the rate of {others}"
        f" ({level(primary.level)} interval {interval(primary.ci_low, primary.ci_high)})"
    )
    faster = "sooner" if primary.estimate > 1 else "later"
    return {
        "supported": f"{ends}: they ended {faster}, as the claim says, and the checks hold.",
        "contradicted": f"{ends}: they ended {faster}, against the claim, and the checks hold.",
        "mixed": f"{ends}: they ended {faster}, but at least one check of this result fails.",
        "no-effect": f"{ends}: no difference large enough to matter.",
        "inconclusive": f"{ends}: no detectable difference, and none ruled out.",
        "void": "No verdict is given, because a check of the estimator itself failed.",
    }[verdict.code]


def plain_sentence(primary: Estimate, verdict: Verdict, contrast: tuple[str, str]) -> str:
    """The finding of a primary without a number, worded by its verdict.

    Parameters
    ----------
    contrast : tuple of str
        As for :func:`primary_sentence`.
    """
    those, others = contrast
    begin = f"{those[0].upper()}{those[1:]}"
    faster = "sooner" if primary.estimate > 1 else "later"
    return {
        "supported": f"{begin} end {faster} than {others}, as the claim says.",
        "contradicted": f"{begin} end {faster} than {others}, against the claim.",
        "mixed": f"{begin} ended {faster} than {others}, but not every check holds: the record "
        "does not show that the one is the cause of the other.",
        "no-effect": f"{begin} end about as soon as {others}: any difference is too small to "
        "matter.",
        "inconclusive": f"The record cannot tell whether {those} end sooner or later than "
        f"{others}.",
        "void": "Nothing can be said: the estimator failed a check of its own.",
    }[verdict.code]


def exploratory(low: float, high: float, expected: str, neutral: float = 1.0) -> str:
    """What an interval says of a claim that no verdict rests on.

    Parameters
    ----------
    low, high : float
        Its ends.
    expected : str
        ``above_one`` or ``below_one``: the side of the neutral value that the claim implies.
    neutral : float
        No difference: one for a ratio, zero for a difference.
    """
    if math.isnan(low) or math.isnan(high):
        return "not estimable"
    # A limit that prints as the neutral value does not exclude it.
    if round(low, 2) <= neutral <= round(high, 2):
        return "no detectable difference"
    return (
        "as the claim implies"
        if (low > neutral) == (expected == "above_one")
        else ("against what the claim implies")
    )


def reasons(verdict: Verdict) -> str:
    """The verdict and why, as one line of prose."""
    return f"**{verdict.sentence}** The reasons: {'; '.join(verdict.reasons)}."
