"""Numbers as strings, by their units.

Prose says "not estimable" where there is no number; a cell of a table has a dash.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from collsec.designs.estimate import EVENTS, UNITS, Unit
from collsec.evidence.verdict import counted

#: A cell without a number.
NONE = "–"
NOT_ESTIMABLE = "not estimable"
#: What is said in place of a direction where an estimate rests on too few cases.
TOO_FEW = "too few cases for a direction"
#: What an estimand is called after its label; a hazard ratio needs no name.
ESTIMANDS = {
    "probability": "%",
    "probability_difference": "percentage points",
    "rmst_difference_months": "months",
    "months_per_year_of_delay": "months per year",
    "ratio_of_hazard_ratios": "ratio of two hazard ratios",
    "hazard_ratio_of_action": "hazard ratio of the act",
    "hazard_ratio_of_recurrence": "hazard ratio of recurrence",
    "hazard_ratio_of_outcome": "hazard ratio of the outcome",
    "ratio_of_months": "ratio of months at war",
    "rate_ratio": "ratio of rates",
    "difference_in_months": "months",
}


def number(value: float, digits: int = 2) -> str:
    """A number for print: fixed decimals, thousands separated, a true minus sign.

    Examples
    --------
    >>> number(-1.234), number(1234.5, 0), number(float("inf")), number(float("nan"))
    ('−1.23', '1,234', '∞', 'not estimable')
    """
    if math.isnan(value):
        return NOT_ESTIMABLE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:,.{digits}f}".replace("-", "−")


def interval(low: float, high: float, digits: int = 2) -> str:
    """An interval for print; open where a limit does not exist."""
    if math.isnan(low) or math.isnan(high):
        return NOT_ESTIMABLE
    return f"{number(low, digits)} to {number(high, digits)}"


def percent(share: float, digits: int = 0) -> str:
    """A share as a percentage."""
    return NOT_ESTIMABLE if math.isnan(share) else f"{100 * share:.{digits}f} %"


def p_value(p: float) -> str:
    """A p-value for print.

    Examples
    --------
    >>> p_value(0.04321), p_value(0.0002)
    ('0.043', '< 0.001')
    """
    if math.isnan(p):
        return NOT_ESTIMABLE
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_is(p: float) -> str:
    """A p-value with its sign, for a sentence.

    Examples
    --------
    >>> p_is(0.04321), p_is(0.0002), p_is(float("nan"))
    ('p = 0.043', 'p < 0.001', 'p not estimable')
    """
    return p_said(p_value(p))


def p_said(printed: str) -> str:
    """A printed p-value with its sign; one that has a sign of its own keeps it.

    Examples
    --------
    >>> p_said("0.043"), p_said("< 0.001"), p_said("withdrawn")
    ('p = 0.043', 'p < 0.001', 'p withdrawn')
    """
    return f"p = {printed}" if printed[0].isdigit() else f"p {printed}"


def level(confidence: float) -> str:
    """A confidence level for print (98.3 %)."""
    return f"{100 * confidence:.1f} %".replace(".0 %", " %")


def count(value: float) -> str:
    """A whole number with thousands separated, a dash where there is none."""
    return NONE if pd.isna(value) else number(float(value), 0)


def cell(value: Any, unit: Unit, digits: int | None = None) -> str:
    """A value as a cell of a table shows it, a dash where there is none.

    Examples
    --------
    >>> cell(0.043, Unit.SHARE), cell(7.25, Unit.MONTHS), cell(None, Unit.COUNT)
    ('4.3 %', '7.2', '–')
    """
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return NONE
    match unit:
        case Unit.COUNT:
            return number(float(value), 0)
        case Unit.RATIO:
            return ratio(float(value)) if digits is None else number(float(value), digits)
        case Unit.SHARE:
            return percent(float(value), 1 if digits is None else digits)
        case Unit.POINTS:
            return number(100 * float(value), 2 if digits is None else digits)
        case Unit.MONTHS | Unit.DAYS | Unit.YEARS:
            return number(float(value), 1 if digits is None else digits)
        case Unit.P_VALUE:
            return p_value(float(value))
        case Unit.LEVEL:
            return number(100 * float(value), 1 if digits is None else digits)
        case Unit.NUMBER:
            return number(float(value), 2 if digits is None else digits)
        case _:
            return str(value)


def ratio(value: float) -> str:
    """A ratio with two decimals, with none from one hundred on."""
    return number(value, 0 if 100 <= value < math.inf else 2)


def in_unit(value: float, estimand: str) -> str:
    """An estimate in the unit of its estimand, for a column in which rows name their own."""
    unit = UNITS.get(estimand, Unit.MONTHS)
    return cell(value, unit).removesuffix(" %")


def interval_in_unit(low: float, high: float, estimand: str) -> str:
    """An interval in the unit of its estimand, a dash where there is none."""
    if pd.isna(low) or pd.isna(high):
        return NONE
    # Spaces that do not break, so that an interval stays on its line.
    return f"{in_unit(low, estimand)}\u00a0to\u00a0{in_unit(high, estimand)}"


def with_unit(label: str, estimand: str) -> str:
    """A label with what its estimand is called, for all but hazard ratios."""
    if estimand == "hazard_ratio":
        return label
    return f"{label} ({ESTIMANDS.get(estimand, estimand.replace('_', ' '))})"


def exploratory(
    low: float, high: float, expected: str, neutral: float = 1.0, *, is_thin: bool = False
) -> str:
    """What an interval says of a claim that no verdict rests on.

    Parameters
    ----------
    low, high : float
        Its ends.
    expected : str
        ``above_one`` or ``below_one``: the side of the neutral value that the claim implies.
    neutral : float
        No difference: one for a ratio, zero for a difference.
    is_thin : bool
        Whether it rests on too few exposed outcomes or clusters for a direction.
    """
    if math.isnan(low) or math.isnan(high):
        return NOT_ESTIMABLE
    if is_thin:
        return TOO_FEW
    # A limit that prints as the neutral value does not exclude it.
    if round(low, 2) <= neutral <= round(high, 2):
        return "no detectable difference"
    as_claimed = (low > neutral) == (expected == "above_one")
    return "as the claim implies" if as_claimed else "against what the claim implies"


def missing(row: Mapping[Any, Any] | pd.Series) -> str:
    """Why an estimate has no number, in a word or two: for a cell.

    Examples
    --------
    >>> missing({"withheld": "withdrawn: the control group is another one"}), missing({})
    ('withdrawn', 'not estimable')
    """
    return str(row.get("withheld") or NOT_ESTIMABLE).partition(":")[0]


def labeled(row: Mapping[Any, Any] | pd.Series) -> str:
    """The label of an estimate, and behind it why it has no number where that is withheld."""
    why = row.get("withheld") or ""
    return f"{row['label']}. {begun(why)}" if why else str(row["label"])


def is_thin(row: Mapping[Any, Any] | pd.Series, minimum: tuple[int, int]) -> bool:
    """Whether an estimate rests on too few exposed outcomes or clusters for a direction.

    Those expected without an effect are counted, where they are known.

    Examples
    --------
    >>> is_thin(
    ...     {"exposed_events": 3, "expected_events": 41.0, "exposed_clusters": 20}, (10, 8)
    ... )
    False
    """
    outcomes = counted(row["exposed_events"], float(row.get("expected_events", math.nan)))
    return bool(outcomes < minimum[0] or row["exposed_clusters"] < minimum[1])


def none_ended(row: Mapping[Any, Any] | pd.Series) -> str:
    """What is said in place of a ratio of zero; empty where there is another ratio, or none.

    Examples
    --------
    >>> none_ended(
    ...     {
    ...         "estimand": "hazard_ratio",
    ...         "estimate": 0.0,
    ...         "exposed_events": 0,
    ...         "expected_events": 2.31,
    ...     }
    ... )
    'no termination; 2.3 expected'
    """
    if row["exposed_events"] != 0 or float(row["estimate"]) != 0:
        return ""
    what = EVENTS.get(str(row["estimand"]), "outcome")
    expected = float(row.get("expected_events", math.nan))
    return f"no {what}" + ("" if math.isnan(expected) else f"; {number(expected, 1)} expected")


_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def in_words(number: int) -> str:
    """A small number as a word."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else count(number)


def begun(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


def plural(noun: str, number: float = 2) -> str:
    """A noun with what may follow it, for a number of such things.

    Examples
    --------
    >>> plural("spell of peace"), plural("exposed termination", 1), plural("series")
    ('spells of peace', 'exposed termination', 'series')
    """
    if number == 1:
        return noun
    head, link, rest = _HEAD.fullmatch(noun).groups("")  # type: ignore[union-attr]
    return f"{head}{'' if head.endswith('s') else 's'}{link}{rest}"


def listed(names: list[str]) -> str:
    """Names in a row: ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


#: A noun, and what belongs to it.
_HEAD = re.compile(r"(.*?)(?:( of | with )(.*))?")
#: What Markdown would read as code, a link, an attribute, HTML, mathematics, or a citation.
_LIVE = re.compile(r"([\\`\[\]{}<$]|(?<!\w)@)")


def harmless(text: str) -> str:
    """A text from the data as Markdown that shows it: no code, link, citation, or shortcode.

    Examples
    --------
    >>> print(harmless("a [b](c) {{< include d >}}"))
    a \\[b\\](c) \\{\\{\\< include d >\\}\\}
    """
    return _LIVE.sub(r"\\\1", " ".join(text.splitlines()))
