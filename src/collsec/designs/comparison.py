"""What is compared in a Cox model, the counts behind it, and its cluster-sandwich interval.

Votes on one conflict, or wars of one country, are no independent cases: errors allow for clusters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from collsec import measures
from collsec.core.schema import Role
from collsec.designs.estimate import EVENTS, Estimate, counts_of
from collsec.designs.inputs import Inputs, Prepared
from collsec.hypothesis.specification import ExposureSpec
from riskset import CoxDesign, CoxResult, EstimationError, cox_ph, wald_interval

# Events, on either side of a yes-or-no comparison, and exposed clusters below which a number
# rests on single wars.
FEWEST_EVENTS = 3
FEWEST_CLUSTERS = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared on ``(start, stop]`` rows.

    Attributes
    ----------
    rows : DataFrame
        ``start, stop, event``, the columns below, and the unit's own key.
    column : str
        The covariate in question; yes or no, or in degrees.
    adjustment, strata : tuple of str
    cluster : str
        Column of dependent rows: that of the jackknife.
    unit : str
        Column of the units counted.
    alongside : str
        Column of the clusters of the sandwich interval reported alongside; those of the jackknife
        where it is empty.
    is_continuous : bool
        Whether the covariate exposes every unit, even where it happens to take two values only.
    estimand : str
        What a ratio of the rates of the event is called.
    """

    rows: pd.DataFrame
    column: str
    adjustment: tuple[str, ...] = field(default=())
    strata: tuple[str, ...] = field(default=())
    cluster: str = "gwno_host"
    unit: str = "unit_id"
    alongside: str = ""
    is_continuous: bool = False
    estimand: str = "hazard_ratio"

    @classmethod
    def of(cls, prepared: Prepared, cluster: str) -> Comparison:
        """The comparison of a cohort that is laid out for one exposure."""
        return cls(
            prepared.rows,
            prepared.column,
            prepared.adjustment,
            prepared.strata,
            cluster=cluster,
            estimand=prepared.estimand,
        )

    @property
    def covariates(self) -> list[str]:
        """Column in question first, then the adjustment."""
        return [self.column, *self.adjustment]

    @property
    def is_binary(self) -> bool:
        """Whether the column in question takes two values at most, above zero for exposed.

        An indicator that is standardized is one still.
        """
        return not self.is_continuous and self.rows[self.column].nunique() <= 2

    @property
    def is_exposed(self) -> pd.Series:
        """Which rows count as exposed; a covariate in degrees exposes every one."""
        return (self.rows[self.column] > 0) | (not self.is_binary)

    def counts(self) -> dict[str, Any]:
        """Counts that are reported with an estimate."""
        return counts_of(self.rows, self.is_exposed, unit=self.unit, cluster=self.cluster)

    def expected(self) -> float:
        """Exposed events expected without an effect; NaN for a covariate in degrees.

        At each event time of a stratum, the events times the exposed share of those at risk.
        """
        if not self.is_binary:
            return math.nan
        groups = self.rows.groupby(list(self.strata)) if self.strata else ((0, self.rows),)
        return math.fsum(_expected(rows, rows[self.column].to_numpy() > 0) for _, rows in groups)

    def fit(self, cluster: str | None = None) -> CoxResult:
        """The Cox model, with errors clustered on a column where one is named.

        Raises
        ------
        EstimationError
            If the model has no finite estimate.
        """
        return cox_ph(
            self.rows,
            self.covariates,
            start="start",
            stop="stop",
            event="event",
            strata=list(self.strata) or None,
            cluster=cluster,
        )

    def design(self) -> CoxDesign:
        """The same model laid out for many refits."""
        return CoxDesign.from_frame(
            self.rows,
            self.covariates,
            start="start",
            stop="stop",
            event="event",
            strata=list(self.strata) or None,
        )

    def sandwich(self, level: float) -> tuple[tuple[float, float], float]:
        """Limits and error of the log hazard ratio by the cluster sandwich; NaN where none exist.

        Returns
        -------
        limits : tuple of float
        std_error : float
        """
        try:
            fit = self.fit(self.alongside or self.cluster)
        except EstimationError:
            return (math.nan, math.nan), math.nan
        error = float(fit.std_errors[self.column])
        return wald_interval(float(fit.params[self.column]), error, level), error

    def too_thin(self) -> str:
        """Why there are too few events for a number; empty where there are enough."""
        found = self.counts()
        event = EVENTS.get(self.estimand, "outcome")
        thin = too_few_exposed(found, event)
        others = found["n_events"] - found["exposed_events"]
        if not thin and self.is_binary and others < FEWEST_EVENTS:
            return f"unexposed {event}s {others}; at least {FEWEST_EVENTS} are required"
        return thin


def _expected(rows: pd.DataFrame, exposed: np.ndarray) -> float:
    """Exposed events expected without an effect within one stratum."""
    start, stop = rows["start"].to_numpy(float), rows["stop"].to_numpy(float)
    ends = stop[rows["event"].to_numpy(bool)]

    def at_risk(who: np.ndarray) -> np.ndarray:
        """Rows at risk on ``(start, stop]`` at each event."""
        begun = np.searchsorted(np.sort(start[who]), ends, side="left")
        over = np.searchsorted(np.sort(stop[who]), ends, side="left")
        return np.asarray(begun - over)

    return float((at_risk(exposed) / at_risk(np.ones(len(rows), dtype=bool))).sum())


def too_few_exposed(counts: Mapping[str, int], event: str = "termination") -> str:
    """Why an exposure has too few events for a number; empty where it has enough.

    Parameters
    ----------
    counts : mapping
    event : str
        What the event is called, in the singular.
    """
    events, clusters = counts["exposed_events"], counts["exposed_clusters"]
    if events >= FEWEST_EVENTS and clusters >= FEWEST_CLUSTERS:
        return ""
    return (
        f"exposed {event}s {events}, exposed clusters {clusters}; at least "
        f"{FEWEST_EVENTS} and {FEWEST_CLUSTERS} are required"
    )


def identity(
    inputs: Inputs, exposure: ExposureSpec, *, estimate_id: str, role: Role, label: str = ""
) -> dict[str, Any]:
    """The fields that say which estimate it is: of what exposure, in which role."""
    measure = measures.get(exposure.measure)
    return {
        "estimate_id": estimate_id,
        "hypothesis": inputs.spec.hypothesis,
        "role": role,
        "label": label or measure.title,
        "measure": measure.name,
        "lag_months": exposure.lag_months,
        "validity": exposure.validity,
    }


def sandwich_ratio(comparison: Comparison, *, level: float, power: float, **known: Any) -> Estimate:
    """Hazard ratio with a Lin–Wei cluster-sandwich interval.

    The effect of a covariate is per unit of its measure: one standard deviation over the cohort
    for an index, absence to presence for an exposure.
    """
    known = {"estimand": comparison.estimand, "inference": "cluster_sandwich"} | known
    known |= comparison.counts() | {"expected_events": comparison.expected()}
    try:
        fit = comparison.fit(comparison.cluster)
    except EstimationError as error:
        return Estimate.missing(error, level=level, **known)
    beta = float(fit.params[comparison.column])
    std_error = float(fit.std_errors[comparison.column])
    return Estimate.from_fit(
        beta,
        std_error,
        level=level,
        power=power,
        sandwich=wald_interval(beta, std_error, level),
        **known,
    )


def with_indicators(rows: pd.DataFrame, column: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows with an indicator of each value of a column but the first, and their names.

    A stratum whose follow-up ends before the horizon has no baseline there; as a covariate it
    borrows that of the others.
    """
    names = pd.get_dummies(
        rows[column].astype("category"), prefix=column, drop_first=True, dtype=float
    )
    names = names.loc[:, names.any()]
    return pd.concat([rows, names], axis=1), tuple(names.columns)
