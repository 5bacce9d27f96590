"""Pipe tables, which Quarto and pandoc carry into HTML and into Typst alike, and how cells read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from collsec.reports.words import wording

NONE = "–"
UNITS = {
    "probability": "%",
    "probability_difference": "percentage points",
    "rmst_difference_months": "months",
    "months_per_year_of_delay": "months per year",
    "ratio_of_hazard_ratios": "ratio of two hazard ratios",
    "hazard_ratio_of_action": "hazard ratio of the act",
}
RATIOS = frozenset({"hazard_ratio", "ratio_of_hazard_ratios", "hazard_ratio_of_action"})


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A table of a report.

    Attributes
    ----------
    markdown : str
        Pipe table with its caption and its identifier, ready to be included.
    data : pandas.DataFrame
        The unrounded rows, to be written beside it as CSV.
    """

    markdown: str
    data: pd.DataFrame


def number(value: float, digits: int = 2) -> str:
    """Format a number for a cell, `–` where there is none.

    Examples
    --------
    >>> number(-1.234), number(float("inf")), number(float("nan"))
    ('−1.23', '∞', '–')
    """
    return NONE if pd.isna(value) else wording.number(float(value), digits)


def count(value: float) -> str:
    """Format a whole number with thousands separated, `–` where there is none."""
    return number(value, 0)


def p_value(value: float) -> str:
    """Format a p-value with three decimals.

    Examples
    --------
    >>> p_value(0.04321), p_value(0.0002)
    ('0.043', '< 0.001')
    """
    return NONE if pd.isna(value) else wording.p_value(float(value))


def in_unit(value: float, estimand: str) -> str:
    """Format an estimate in the unit of its estimand: a probability in percent."""
    if estimand == "probability":
        return number(100 * value, 1)
    if estimand == "probability_difference":
        return number(100 * value, 2)
    if estimand in RATIOS:
        return number(value, 0 if 100 <= value < math.inf else 2)
    return number(value, 1)


def interval(low: float, high: float, estimand: str) -> str:
    """Format an interval, `–` where there is none."""
    if pd.isna(low) or pd.isna(high):
        return NONE
    # Spaces that do not break, so that an interval stays on its line.
    return f"{in_unit(low, estimand)}\u00a0to\u00a0{in_unit(high, estimand)}"


def pipe_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    caption: str,
    identifier: str,
    align: str,
    widths: Sequence[int],
) -> str:
    """Write a pipe table.

    Parameters
    ----------
    header, rows : sequences of str
        Cells; a `|` in a cell is escaped.
    caption, identifier : str
        The caption, and the identifier (`tbl-...`) that prose refers to.
    align : str
        One letter a column: `l`, `r` or `c`.
    widths : sequence of int
        Relative widths of the columns where the table is wider than the page.
    """
    marks = {"l": ":{}-", "r": "-{}:", "c": ":{}:"}
    rules = [marks[a].format("-" * w) for a, w in zip(align, widths, strict=True)]
    lines = [header, rules, *rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    table = "\n".join("| " + " | ".join(line) + " |" for line in cells)
    return f"{table}\n\n: {caption} {{#{identifier}}}\n"


def with_unit(label: str, estimand: str) -> str:
    """Name the unit of what is no hazard ratio."""
    if estimand == "hazard_ratio":
        return label
    return f"{label} ({UNITS.get(estimand, estimand.replace('_', ' '))})"
