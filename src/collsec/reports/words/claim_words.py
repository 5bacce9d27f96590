"""What an estimate that carries no verdict says of a claim, in words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from collsec.reports.words import wording

#: What the clusters of errors are, by the column that holds them.
CLUSTERS = {"gwno_host": "countries", "conflict_id": "conflicts"}
#: Estimands whose value without any difference is zero, and how many of their unit make one.
_DIFFERENCES = {
    "probability_difference": (100, "percentage points"),
    "rmst_difference_months": (1, "months"),
    "months_per_year_of_delay": (1, "months"),
}
_NAMES = {
    "hazard_ratio_of_action": "Hazard ratio of the act",
    "probability_difference": "Difference in probability",
    "rmst_difference_months": "Difference in months of war",
}


def told(row: pd.Series, expected: str) -> str:
    """Value and interval of an estimate, and whether it lies on the side that the claim implies.

    Parameters
    ----------
    row : Series
        Row of an estimates table.
    expected : str
        What the claim implies, in words; a side is read from `above one`, `below zero`, and so on.
    """
    estimand = str(row["estimand"])
    name = _NAMES.get(estimand, estimand.replace("_", " ").capitalize())
    if math.isnan(row["estimate"]):
        return "Not estimable"
    scale, unit = _DIFFERENCES.get(estimand, (1, ""))
    digits = 1 if unit else 2
    value, low, high = (scale * float(row[c]) for c in ("estimate", "ci_low", "ci_high"))
    said = _side(low, high, expected, 0.0 if unit else 1.0)
    return (
        f"{name} {wording.number(value, digits)}{' ' if unit else ''}{unit} "
        f"({wording.level(row['level'])} interval {wording.interval(low, high, digits)})"
        f"{said}"
    )


def _side(low: float, high: float, expected: str, neutral: float) -> str:
    side = re.search(r"\b(above|below) (one|zero)\b", expected)
    if side is None:
        return ""
    return f", {wording.exploratory(low, high, f'{side[1]}_one', neutral)}"


def beside(row: pd.Series, expected: str) -> str:
    """One sentence on a further estimate that speaks to the same claim."""
    found = told(row, expected)
    return f"{row['label']}: {found[0].lower()}{found[1:]}."


def counts(row: pd.Series, spec: Mapping[str, Any]) -> str:
    """What an estimate rests on: who was exposed, and what happened to them."""
    units, events = int(row["n_units"]), int(row["n_events"])
    exposed, hit = int(row["exposed_units"]), int(row["exposed_events"])
    clusters = CLUSTERS[spec["cluster"]]
    role = str(row["role"])
    if role == "votes":
        return f"{events} vetoes among {units} members × drafts, on {row['n_clusters']} conflicts"
    if role == "trial":
        return (
            f"{exposed} of {units} operations on wars were in time; {events} of these {units} "
            "saw the war end, each war counted once for each of its operations"
        )
    if role == "mechanism":
        return f"{exposed} of {units} votes were vetoes; the act followed {events} of the votes"
    if role in ("council_action", "p5_fights") and exposed < units:
        return (
            f"The act came to {hit} of {exposed} such wars and to {events - hit} of "
            f"{units - exposed} others"
        )
    if role == "council_action":
        return f"The act came to {events} of {units} wars in {row['n_clusters']} {clusters}"
    if spec["design"] == "time_varying":
        return (
            f"{exposed} wars in {row['exposed_clusters']} {clusters} were exposed, and {hit} "
            "ended while they were"
        )
    return f"{events} of {units} wars in {row['n_clusters']} {clusters} ended"
