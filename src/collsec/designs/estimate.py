"""Estimates as tidy rows, and the id that a result is cited with."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.provenance import digest_json

# Results are compared, and cited, at this many significant digits.
RESULT_DIGITS = 6


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
