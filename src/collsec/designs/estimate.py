"""Estimates as tidy rows, and the id that a result is cited with."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.provenance import digest_json

# Results are compared, and cited, at this many significant digits.
RESULT_DIGITS = 6


class Unit(StrEnum):
    """What a number is counted in, and with that how the reports print it."""

    COUNT = "count"
    RATIO = "ratio"  # hazard ratios and their like: neutral value 1
    NUMBER = "number"  # any other pure number
    SHARE = "share"  # between 0 and 1, printed as percent
    POINTS = "points"  # a difference of shares, printed as percentage points: neutral value 0
    MONTHS = "months"
    DAYS = "days"
    YEARS = "years"
    P_VALUE = "p_value"
    LEVEL = "level"
    CALENDAR_YEAR = "calendar_year"
    CALENDAR_MONTH = "calendar_month"  # an ISO date, of which the month counts
    DETECTED = "detected"  # whether a test rejects
    FIRST_STAGE_F = "first_stage_f"  # F statistic of an instrument: strong or weak
    CONFIDENCE_SET = "confidence_set"  # list of intervals of a difference of shares
    TEXT = "text"  # a name from the data, printed as it is


#: Unit of the value of each estimand.
UNITS = {
    "hazard_ratio": Unit.RATIO,
    "hazard_ratio_of_action": Unit.RATIO,
    "ratio_of_hazard_ratios": Unit.RATIO,
    "probability": Unit.SHARE,
    "probability_difference": Unit.POINTS,
    "rmst_difference_months": Unit.MONTHS,
    "months_per_year_of_delay": Unit.MONTHS,
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number (or a name from the data) that a page prints, with its unit.

    Attributes
    ----------
    value : Any
        A plain JSON value, in the unit: a share lies between 0 and 1. NaN where there is none.
    unit : Unit
    digits : int or None
        Decimals to which it is known; those of the unit where it is None.
    """

    value: Any
    unit: Unit
    digits: int | None = None

    def plain(self) -> dict[str, Any]:
        """Plain JSON: ``value``, ``unit``, and ``digits`` where they are given."""
        found = {"value": rounded(self.value), "unit": self.unit.value}
        return found if self.digits is None else found | {"digits": self.digits}


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate with all that must stand beside it.

    Attributes
    ----------
    estimate, ci_low, ci_high : float
        On the scale of ``estimand``; for hazard ratios ``std_error`` is on the log scale.
    centered : float
        Hazard ratio at which the score stands at the median of the redrawn exposures: the estimate
        that belongs to a re-randomization interval. It departs from ``estimate`` where exposure
        falls on strata with a higher or lower hazard.
    cluster_low, cluster_high : float
        Cluster-sandwich interval at the same level, shown beside.
    exposed_units, exposed_ends, exposed_clusters : int
        Units and clusters with any exposure, and ends while exposed.
    mde_low, mde_high : float
        Minimum detectable hazard ratios at the study's power.
    null_rejection : float
        Rejection rate under random exposure at the actual counts and timing.
    """

    estimate_id: str
    hypothesis: str
    role: str
    label: str
    measure: str
    lag_months: int
    estimand: str
    estimate: float
    ci_low: float
    ci_high: float
    ci_level: float
    p_value: float
    std_error: float
    inference: str
    nobs: int
    n_units: int
    n_events: int
    n_clusters: int
    exposed_units: int
    exposed_ends: int
    exposed_clusters: int
    centered: float = math.nan
    cluster_low: float = math.nan
    cluster_high: float = math.nan
    mde_low: float = math.nan
    mde_high: float = math.nan
    null_rejection: float = math.nan
    null_draws: int = 0
    validity: str = "principled"
    note: str = ""


def tidy(estimates: list[Estimate]) -> pd.DataFrame:
    """One row per estimate, in the order given."""
    return pd.DataFrame([dataclasses.asdict(e) for e in estimates])


def rounded(value: Any) -> Any:
    """A value with floats at :data:`RESULT_DIGITS` significant digits, fit for JSON."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{RESULT_DIGITS}g}") if math.isfinite(value) else None
    return value


def result_id(
    estimate_id: str, spec: dict[str, Any], panel: pd.DataFrame, estimates: pd.DataFrame
) -> str:
    """``h1.primary@3f9c2a``: digest of specification, panel and rounded estimates.

    The code's version is no part of it: a change of code that changes no number changes no id.
    """
    rows = int(pd.util.hash_pandas_object(panel, index=False).sum() & 0xFFFFFFFF)
    numbers = rounded(estimates.to_dict(orient="records"))
    return f"{estimate_id}@{digest_json([spec, rows, numbers])[:6]}"
