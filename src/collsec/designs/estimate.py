"""Estimates as tidy rows, quantities with their units, and the id that a result is cited with."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.provenance import (
    digest_json,
)
from collsec.core.schema import Role
from riskset import wald_interval, wald_p_value
from riskset.inference import minimum_detectable_effect

# Results are compared, and cited, at this many significant digits.
RESULT_DIGITS = 6
#: Level of the interval that every estimate carries, whatever the level of its own.
USUAL = 0.95
#: Columns that restate an interval at another level: no part of what a result is cited with.
RESTATED = ("low_95", "high_95")
#: Limits at 1 - 2α, with which an estimate is held against the range of no interest.
EQUIVALENCE = ("equivalence_low", "equivalence_high")


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
    FIRST_STAGE_F = "first_stage_f"  # F statistic of an instrument: weak or strong
    CONFIDENCE_SET = "confidence_set"  # list of intervals of a difference of shares
    TEXT = "text"  # a name from the data, printed as it is


#: What happens at the rate that a hazard ratio compares.
EVENTS = {
    "hazard_ratio": "termination",
    "hazard_ratio_of_action": "act",
    "hazard_ratio_of_recurrence": "recurrence",
    "hazard_ratio_of_outcome": "outcome",
}
#: Unit of the value of each estimand.
UNITS = {
    "hazard_ratio": Unit.RATIO,
    "hazard_ratio_of_action": Unit.RATIO,
    "hazard_ratio_of_recurrence": Unit.RATIO,
    "hazard_ratio_of_outcome": Unit.RATIO,
    "ratio_of_months": Unit.RATIO,
    "rate_ratio": Unit.RATIO,
    "difference_in_months": Unit.MONTHS,
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
        In the unit: a share lies between 0 and 1. NaN where there is none.
    unit : Unit
    digits : int or None
        Decimals to which it is known; those of the unit where it is None.
    """

    value: Any
    unit: Unit
    digits: int | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON has it: infinite values by name, missing ones as null."""
        found = {"value": _plain(self.value), "unit": self.unit.value}
        return found if self.digits is None else found | {"digits": self.digits}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Quantity:
        """Back from :meth:`plain`."""
        unit = Unit(plain["unit"])
        value = plain["value"] if unit is Unit.TEXT else _number(plain["value"])
        return cls(value, unit, plain.get("digits"))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _number(value: Any) -> Any:
    if isinstance(value, list):
        return [_number(v) for v in value]
    if value is None:
        return math.nan
    return float(value) if value in ("inf", "-inf") else value


class Scale(StrEnum):
    """How a coefficient becomes an estimate: its exponential, or itself."""

    RATIO = "ratio"
    DIFFERENCE = "difference"

    def of(self, coefficient: float) -> float:
        """The coefficient on this scale."""
        return math.exp(coefficient) if self is Scale.RATIO else coefficient


def counts_of(
    rows: pd.DataFrame, is_exposed: pd.Series | np.ndarray, *, unit: str, cluster: str
) -> dict[str, Any]:
    """Counts that are reported alongside every estimate.

    Parameters
    ----------
    rows : DataFrame
        One row per stretch of follow-up, with ``event``.
    is_exposed : array of bool, shape (n,)
        Rows that count as exposed; an event on one of them is an exposed event.
    unit, cluster : str
        Columns of the units followed and of the clusters of dependent rows.
    """
    event, exposed = rows["event"].to_numpy(bool), np.asarray(is_exposed, dtype=bool)
    units, clusters = rows[unit].to_numpy(), rows[cluster].to_numpy()
    return {
        "nobs": len(rows),
        "n_units": len(pd.unique(units)),
        "n_events": int(event.sum()),
        "n_clusters": len(pd.unique(clusters)),
        "exposed_units": len(pd.unique(units[exposed])),
        "exposed_events": int((event & exposed).sum()),
        "exposed_clusters": len(pd.unique(clusters[exposed])),
    }


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate with all that is reported alongside it.

    Attributes
    ----------
    estimate, ci_low, ci_high : float
        On the scale of ``estimand``; for hazard ratios ``std_error`` is on the log scale.
    level : float
        Confidence level of the interval.
    centered : float
        Hazard ratio at which the score stands at the median of the redrawn exposures: the estimate
        that belongs to a re-randomization interval. It departs from ``estimate`` where exposure
        falls on strata with a higher or lower hazard.
    low_95, high_95 : float
        Interval of 95 % by the same method, where ``level`` is another; NaN where it is not known.
    equivalence_low, equivalence_high : float
        Interval of 1 - 2α by the same method, where ``level`` is 1 - α; NaN where it is not known.
    cluster_low, cluster_high : float
        Cluster-sandwich interval at the same level, reported alongside.
    exposed_units, exposed_events, exposed_clusters : int
        Units and clusters with any exposure, and events under exposure.
    expected_events : float
        Exposed events expected without an effect: at each event, the exposed share of those at
        risk. To be read alongside ``exposed_events`` where these are few.
    mde_low, mde_high : float
        Minimum detectable hazard ratios at the study's power.
    null_rejection : float
        Rejection rate under random exposure at the actual counts and timing.
    """

    estimate_id: str
    hypothesis: str
    role: Role
    label: str
    measure: str
    lag_months: int
    estimand: str
    estimate: float
    ci_low: float
    ci_high: float
    level: float
    p_value: float
    std_error: float
    inference: str
    nobs: int
    n_units: int
    n_events: int
    n_clusters: int
    exposed_units: int
    exposed_events: int
    exposed_clusters: int
    centered: float = math.nan
    cluster_low: float = math.nan
    cluster_high: float = math.nan
    expected_events: float = math.nan
    mde_low: float = math.nan
    mde_high: float = math.nan
    null_rejection: float = math.nan
    null_draws: int = 0
    validity: str = "principled"
    note: str = ""
    low_95: float = math.nan
    high_95: float = math.nan
    equivalence_low: float = math.nan
    equivalence_high: float = math.nan

    @classmethod
    def from_fit(
        cls,
        coefficient: float,
        std_error: float,
        *,
        level: float,
        scale: Scale = Scale.RATIO,
        degrees: int | None = None,
        limits: tuple[float, float] | None = None,
        limits_95: tuple[float, float] | None = None,
        equivalence: tuple[float, float] | None = None,
        p_value: float | None = None,
        sandwich: tuple[float, float] | None = None,
        power: float | None = None,
        detectable_error: float | None = None,
        **known: Any,
    ) -> Estimate:
        """An estimate from a coefficient and its error, or from an inference's own limits.

        Parameters
        ----------
        coefficient, std_error : float
            On the scale of the model: logarithms of ratios.
        level : float
            Confidence level.
        scale : Scale
            Whether the estimate is the coefficient's exponential.
        degrees : int, optional
            Degrees of freedom of Student's t for interval and p-value; normal where not given.
        limits : tuple of float, optional
            Limits of the interval on the scale of the model, where the inference has its own.
        limits_95 : tuple of float, optional
            Those of 95 %, where the inference has its own and ``level`` is another.
        equivalence : tuple of float, optional
            Those of 1 - 2α, where the inference has its own.
        p_value : float, optional
            Where the inference has its own.
        sandwich : tuple of float, optional
            Limits of the cluster-sandwich interval, on the scale of the model.
        power : float, optional
            Power at which an effect counts as detectable; with it the minimum detectable ratios
            are those of ``detectable_error``, or of ``std_error``.
        **known
            The other fields, counts among them.

        Returns
        -------
        Estimate
            With its reason in place of a number where the coefficient is not finite.
        """
        if not math.isfinite(coefficient):
            side = "every event or no event is exposed"
            return cls.missing(f"the coefficient is infinite ({side})", level=level, **known)
        low, high = limits or wald_interval(coefficient, std_error, level, degrees)
        fields: dict[str, Any] = {}
        if not is_usual(level):
            if limits is None:
                limits_95 = wald_interval(coefficient, std_error, USUAL, degrees)
            if limits_95 is not None:
                fields["low_95"], fields["high_95"] = (scale.of(v) for v in limits_95)
        if limits is None:
            equivalence = wald_interval(coefficient, std_error, equivalence_level(level), degrees)
        if equivalence is not None:
            fields |= dict(zip(EQUIVALENCE, (scale.of(v) for v in equivalence), strict=True))
        if sandwich is not None:
            fields["cluster_low"], fields["cluster_high"] = (scale.of(v) for v in sandwich)
        error = std_error if detectable_error is None else detectable_error
        # An open interval could have shown no finite effect.
        if power is not None and math.isfinite(error):
            found = minimum_detectable_effect(error, alpha=1 - level, power=power)
            fields |= {"mde_low": found.low, "mde_high": found.high}
        return cls(
            estimate=scale.of(coefficient),
            ci_low=scale.of(low),
            ci_high=scale.of(high),
            level=level,
            p_value=wald_p_value(coefficient, std_error, degrees) if p_value is None else p_value,
            std_error=std_error,
            **fields | known,
        )

    def own_error(self, power: float) -> float:
        """Error of the log ratio by the inference of the estimate itself.

        That of its smallest detectable effect, which for redrawn exposures is the error of an
        interval as wide as theirs; ``std_error`` where no effect is detectable.
        """
        if not math.isfinite(self.mde_high):
            return self.std_error
        unit = minimum_detectable_effect(1.0, alpha=1 - self.level, power=power)
        return math.log(self.mde_high) / math.log(unit.high)

    @classmethod
    def missing(cls, why: object, **known: Any) -> Estimate:
        """The counts of an estimate that the data cannot give, with the reason in its note."""
        return cls(**without_estimate(why) | known)


def is_usual(level: float) -> bool:
    """Whether an interval is that of 95 % itself."""
    return math.isclose(level, USUAL)


def equivalence_level(level: float) -> float:
    """Level of the interval with which two one-sided tests at α are made: 1 - 2α for 1 - α."""
    return round(2 * level - 1, 12)  # 0.9 for 0.95, to the last digit


def without_estimate(why: object) -> dict[str, Any]:
    """The fields of an :class:`Estimate` that the data cannot give, with the reason in its note."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("estimate", "ci_low", "ci_high", "p_value", "std_error"), math.nan
    )
    return nothing | {"note": f"Not estimable: {why}"}


def seed_for(seed: int, name: str) -> int:
    """A seed of its own for each estimate: adding one never moves another."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8])


def tidy(estimates: list[Estimate]) -> pd.DataFrame:
    """One row per estimate, in the order given; each with its interval of 95 %.

    The primary alone is held against the range of no interest, and has the interval for it.
    """
    rows = pd.DataFrame([dataclasses.asdict(e) | {"role": str(e.role)} for e in estimates])
    own = np.array([is_usual(level) for level in rows["level"]])
    for column, of_level in zip(RESTATED, ("ci_low", "ci_high"), strict=True):
        rows[column] = rows[column].where(~own, rows[of_level])
    rows.loc[rows["role"] != Role.PRIMARY, list(EQUIVALENCE)] = math.nan
    return rows


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
    cited = estimates.drop(columns=[*RESTATED, *EQUIVALENCE], errors="ignore")
    numbers = rounded(cited.to_dict(orient="records"))
    return f"{estimate_id}@{digest_json([spec, rows, numbers])[:6]}"
