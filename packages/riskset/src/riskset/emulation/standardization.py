"""Standardized survival: what a Cox model says of a cohort, had all followed a stated path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskset.arrays import Floats, Integers
from riskset.columns import as_frame, codes
from riskset.covariates import matrix
from riskset.cox.baseline import baseline_influence
from riskset.cox.residuals import cluster_scores
from riskset.cox.result import CoxResult
from riskset.errors import EstimationError, check_positive, shown
from riskset.results import ScalarEstimate
from riskset.risk_sets import running
from riskset.times import times_up_to


@dataclass(frozen=True, slots=True)
class StepPath:
    """Values of one covariate over time, the same for every unit of a cohort.

    The path must be external: set from outside at stated times, whatever befalls the unit.

    Attributes
    ----------
    breaks : tuple of float
        Times at which the value changes, increasing.
    values : tuple of float
        One more than breaks; ``values[i]`` holds on ``(breaks[i − 1], breaks[i]]``.
    """

    breaks: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.breaks) + 1:
            raise EstimationError("a path needs one value more than it has breaks")
        if list(self.breaks) != sorted(set(self.breaks)):
            raise EstimationError(f"the breaks of a path must increase: {self.breaks}")

    def at(self, times: Floats) -> Floats:
        """Return the value at each time; at a break still the earlier one."""
        return np.asarray(self.values, dtype=np.float64)[
            np.searchsorted(np.asarray(self.breaks), times, side="left")
        ]


def switches_on(at: float, until: float = np.inf) -> StepPath:
    """Return a path that is 1 on ``(at, until]`` and 0 otherwise; infinity means never."""
    if np.isinf(at):
        return StepPath((), (0.0,))
    if until <= at:
        raise EstimationError(f"an exposure from {at:g} cannot end at {until:g}")
    return StepPath((at,), (0.0, 1.0)) if np.isinf(until) else StepPath((at, until), (0, 1, 0))


@dataclass(frozen=True, slots=True)
class StandardizedSurvival:
    """Mean survival of a cohort under a path.

    Attributes
    ----------
    curve : DataFrame
        ``time, survival`` after each event time up to the horizon; one before the first.
    rmst : float
        Area under the curve from zero to the horizon.
    horizon : float
    unit_rmst : Series
        Restricted mean of each unit of the cohort.
    influence : Series or None
        Influence of each cluster on ``rmst``: through coefficients, baseline hazard, and the
        make-up of the cohort. None where the model has no clusters.
    """

    curve: pd.DataFrame
    rmst: float
    horizon: float
    unit_rmst: pd.Series[float]
    influence: pd.Series[float] | None

    def estimate(self) -> ScalarEstimate:
        """Return the restricted mean with its cluster error."""
        return ScalarEstimate(self.rmst, self._error(self.influence))

    def minus(self, other: StandardizedSurvival) -> ScalarEstimate:
        """Return the difference in restricted mean between two paths, with its cluster error."""
        if self.horizon != other.horizon:
            raise EstimationError(f"horizons differ: {self.horizon:g} and {other.horizon:g}")
        joint = None
        if self.influence is not None and other.influence is not None:
            joint = self.influence.sub(other.influence, fill_value=0.0)
        return ScalarEstimate(self.rmst - other.rmst, self._error(joint))

    @staticmethod
    def _error(influence: pd.Series[float] | None) -> float:
        return np.nan if influence is None else float(np.sqrt((influence**2).sum()))


def standardize(
    result: CoxResult,
    cohort: pd.DataFrame,
    paths: Mapping[str, StepPath],
    *,
    horizon: float,
    strata: str | Sequence[str] | None = None,
    cluster: str | Sequence[str] | None = None,
    cohort_weights: Floats | None = None,
) -> StandardizedSurvival:
    """Average over a cohort the survival that a Cox model predicts under stated paths.

    Parameters
    ----------
    result : CoxResult
        Fitted with time since the unit's time zero as its clock. Its errors are those of its
        clusters; without clusters there are none here.
    cohort : DataFrame
        One row per unit; columns of all covariates that have no path (their values at time zero),
        and of the model's offset where it has one.
    paths : mapping of str to StepPath
        Path of each covariate that is to be set.
    horizon : float
        End of the window, in the unit of the model's times.
    strata : str or sequence of str, optional
        The cohort's columns of the model's strata; needed where the model has strata.
    cluster : str or sequence of str, optional
        The cohort's column of the model's clusters: the cohort then counts as sampled with them.
        Without it the cohort is taken as given.
    cohort_weights : ndarray, shape (u,), optional
        Weights of the units, as in a bootstrap of clusters.

    Returns
    -------
    StandardizedSurvival

    Raises
    ------
    EstimationError
        A covariate is neither in the cohort nor given a path; a stratum of the cohort is unknown
        to the model, or its follow-up ends before the horizon.

    Notes
    -----
    ``S̄(t) = u⁻¹ Σ_i exp{−exp(x_i β) Σ_{t_k <= t} exp(z(t_k) γ) dΛ₀(t_k)}``: the g-formula of a
    cohort with an external exposure [1]_. The error sums squared influence over clusters.

    References
    ----------
    .. [1] Hernán, M. A., & Robins, J. M. (2020). Causal Inference: What If, ch. 13 and 17. Chapman
       & Hall/CRC.
    """
    if not isinstance(result, CoxResult):
        raise EstimationError(
            f"standardize takes a model of cox_ph, not a {type(result).__name__}; of other models "
            "average predict(rows, 'survival') over the rows"
        )
    cohort = as_frame(cohort)
    design = result.design
    unknown = [name for name in paths if name not in design.names]
    if unknown:
        raise EstimationError(
            f"path of {unknown[0]!r}, which is no covariate of the model: "
            f"{', '.join(map(str, design.names))}"
        )
    horizon = check_positive(horizon, "the horizon")
    for name in paths:
        if others := [column for column in design.covariates.enters(name) if column != name]:
            raise EstimationError(
                f"the path of {name!r} would also have to change {others[0]!r}, which is made from "
                "it: give the product a column of its own in the data, and a path as well"
            )
    fixed = [name for name in design.names if name not in paths]
    x = np.zeros((len(cohort), len(design.names)))
    absent = {name: 0.0 for name in paths if name not in cohort}
    x[:, [design.names.index(n) for n in fixed]] = matrix(
        design.covariates.frame(cohort.assign(**absent)), fixed
    )
    known_part = design.offset_of(cohort)
    stratum = _strata(result, cohort, strata)
    weights = np.ones(len(cohort)) if cohort_weights is None else cohort_weights
    share = weights / weights.sum()
    clock = np.unique(design.risk_sets.time[design.risk_sets.time <= horizon])
    width = np.diff(np.concatenate((clock, [horizon])))
    first = float(clock[0]) if len(clock) else horizon
    mean, rmst_of_units = np.zeros(len(clock)), np.zeros(len(cohort))
    known, slope = np.zeros(design.n_clusters or 0), np.zeros(len(design.names))
    for code in np.unique(stratum):
        own = np.flatnonzero(stratum == code)
        path = _followed(result, paths, int(code), horizon, clock)
        eta = (x[own] - design.center) @ result.params.to_numpy() + known_part[own]
        relative = _relative_risk(eta)
        survival = np.exp(-relative[:, None] * path.cumulative)
        mean += share[own] @ survival
        rmst_of_units[own] = first + survival @ width
        loss = (share[own] * relative)[:, None] * survival * width
        slope -= path.lean.T @ loss.sum(axis=0) + x[own].T @ (loss @ path.cumulative)
        if design.cluster is not None:
            known -= path.influence @ loss.sum(axis=0)
    rmst = float(share @ rmst_of_units)
    influence = None
    if design.cluster is not None and design.n_clusters is not None:
        moved = _coefficient_influence(result)
        influence = pd.Series(known + moved @ slope, index=design.cluster_labels)
        if cluster is not None:
            groups, labels = codes(cohort, cluster if isinstance(cluster, str) else list(cluster))
            away = np.bincount(groups, share * (rmst_of_units - rmst), minlength=len(labels))
            influence = influence.add(pd.Series(away, index=labels), fill_value=0.0)
    return StandardizedSurvival(
        curve=pd.DataFrame({"time": clock, "survival": mean}),
        rmst=rmst,
        horizon=horizon,
        unit_rmst=pd.Series(rmst_of_units, index=cohort.index, name="rmst"),
        influence=influence,
    )


@dataclass(frozen=True, slots=True)
class _Followed:
    """The baseline of one stratum along a path, at the times of the clock.

    Attributes
    ----------
    cumulative : ndarray, shape (t,)
        Cumulative hazard along the path of a unit at the covariates' center.
    lean : ndarray, shape (t, p)
        Its derivative by the coefficients, the unit's own covariates at zero.
    influence : ndarray, shape (g, t)
        Influence of each cluster at known coefficients.
    """

    cumulative: Floats
    lean: Floats
    influence: Floats


def _followed(
    result: CoxResult, paths: Mapping[str, StepPath], code: int, horizon: float, clock: Floats
) -> _Followed:
    """Follow the path through the moments of a stratum.

    Raises
    ------
    EstimationError
        The follow-up of the stratum ends before the horizon.
    """
    design, at = result.design, result.fitted
    sets, slots = design.risk_sets, design.slots
    end = float(design.stop[design.stratum == code].max())
    if end < horizon:
        raise EstimationError(
            f"follow-up of stratum {shown(design.strata_labels[code])} ends at {end:g}, before the "
            f"horizon {horizon:g}; shorten the horizon or merge strata"
        )
    moments = np.flatnonzero((sets.stratum == code) & (sets.time <= horizon))
    z = np.zeros((len(moments), len(design.names)))
    for name, path in paths.items():
        z[:, design.names.index(name)] = path.at(sets.time[moments])
    factor = _relative_risk(z @ result.params.to_numpy() - at.shift)
    upto = times_up_to(sets.time[moments], clock, sets.width)

    jump = slots.by_moment(at.hazard)
    hazard = jump[moments] * factor
    where = at.means.sums(at.hazard) * design.scale + jump[:, None] * design.center
    drift = z * hazard[:, None] - where[moments] * factor[:, None]
    influence = np.zeros((0, len(clock)))
    if design.cluster is not None:
        influence = running(baseline_influence(result, moments, factor).T)[upto].T
    return _Followed(running(hazard)[upto], running(drift)[upto], influence)


def _relative_risk(eta: Floats) -> Floats:
    """Return exponentials; raise where one exceeds any number."""
    with np.errstate(over="ignore"):
        risk = np.exp(eta)
    if not np.isfinite(risk).all():
        raise EstimationError(
            "the hazard on the path exceeds any number: its values lie far beyond the model's data"
        )
    return np.asarray(risk)


def _coefficient_influence(result: CoxResult) -> Floats:
    """Return each cluster's influence on the coefficients, shape (g, p)."""
    design = result.design
    assert design.cluster is not None and design.n_clusters is not None
    return np.asarray(cluster_scores(design, result.fitted) @ result.model_cov.to_numpy())


def _strata(
    result: CoxResult, cohort: pd.DataFrame, strata: str | Sequence[str] | None
) -> Integers:
    """Return the model's stratum of each unit, shape (u,)."""
    labels = result.design.strata_labels
    if len(labels) == 1 and strata is None:
        return np.zeros(len(cohort), dtype=np.int64)
    if strata is None:
        raise EstimationError(f"the model has {len(labels)} strata; name their columns in strata=")
    found, own = codes(cohort, strata if isinstance(strata, str) else list(strata))
    place = labels.get_indexer(own)
    if (place < 0).any():
        raise EstimationError(
            f"stratum {shown(own[place < 0][0])} of the cohort is not in the model"
        )
    return np.asarray(place[found], dtype=np.int64)
