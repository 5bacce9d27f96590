"""Cluster jackknife: errors from leaving out each cluster in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from riskset.arrays import Floats
from riskset.errors import EstimationError, InferenceError, check_level


@runtime_checkable
class ManyRefits(Protocol):
    """A fit that gives several refits at once, with the digits that each has alone."""

    def each(self, kept: npt.NDArray[np.bool_]) -> Floats:
        """Estimates on the rows of several masks, shape (g, n); NaN where one is asked alone."""


@dataclass(frozen=True, slots=True)
class Influence:
    """Estimates without each cluster in turn.

    Attributes
    ----------
    estimate : float
        With all clusters, on a scale where 0 is no effect.
    cluster : tuple
        Clusters left out, sorted.
    estimates : ndarray of float, shape (n_clusters,)
        Estimate without the cluster; NaN where it cannot be estimated.
    flips_sign : tuple
        Clusters without which the sign is another one.
    not_estimable : tuple
        Clusters without which there is no estimate.
    most_influential : object
        Cluster whose absence moves the estimate most.
    """

    estimate: float
    cluster: tuple[Any, ...]
    estimates: Floats
    flips_sign: tuple[Any, ...]
    not_estimable: tuple[Any, ...]
    most_influential: Any


def leave_one_cluster_out(
    fit: Callable[[npt.NDArray[np.bool_]], float], cluster: npt.ArrayLike
) -> Influence:
    """Estimate again without each cluster in turn.

    Parameters
    ----------
    fit : callable
        ``fit(kept)`` with a mask of rows, shape (n_rows,), returns an estimate on a scale where
        0 is no effect (a log hazard ratio). One of `ManyRefits` is asked for all of them at once.
    cluster : array_like, shape (n_rows,)
        Cluster of each row: conflict, mission, country. Missing values (None, NaN, NA) are rows
        that are never left out, such as units without a mission.

    Returns
    -------
    Influence

    Raises
    ------
    InferenceError
        Without any cluster, or if no estimate without a cluster exists.

    Examples
    --------
    >>> values = np.array([-3.0, 1.0, 1.0])
    >>> leave_one_cluster_out(lambda kept: float(values[kept].mean()), [1, 2, 3]).flips_sign
    (1,)
    """
    code, found = pd.factorize(np.asarray(cluster, dtype=object), sort=True)
    names = tuple(found.tolist())
    if not names:
        raise InferenceError("There is no cluster to leave out.")
    estimate = float(fit(np.ones(len(code), dtype=np.bool_)))
    estimates = np.full(len(names), np.nan)
    if isinstance(fit, ManyRefits):
        estimates = np.array(fit.each(code != np.arange(len(names))[:, None]), dtype=np.float64)
    for position in np.flatnonzero(np.isnan(estimates)):
        try:
            estimates[position] = fit(code != position)
        except (EstimationError, InferenceError, np.linalg.LinAlgError):
            continue
    missing = np.isnan(estimates)
    if missing.all():
        raise InferenceError("No estimate exists without a cluster.")
    flips = ~missing & (np.sign(estimates) != np.sign(estimate))
    moves = np.where(missing, -np.inf, np.abs(estimates - estimate))
    return Influence(
        estimate=estimate,
        cluster=names,
        estimates=estimates,
        flips_sign=tuple(name for name, flip in zip(names, flips, strict=True) if flip),
        not_estimable=tuple(name for name, none in zip(names, missing, strict=True) if none),
        most_influential=names[int(np.argmax(moves))],
    )


@dataclass(frozen=True, slots=True)
class JackknifeResult:
    """An estimate with its cluster-jackknife error.

    Attributes
    ----------
    estimate, std_error : float
    ci_low, ci_high : float
    p_value : float
        Two-sided, of the value 0.
    level : float
    degrees_of_freedom : int
        Clusters less one.
    influence : Influence
        The estimates without each cluster.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    level: float
    degrees_of_freedom: int
    influence: Influence


def cluster_jackknife(
    fit: Callable[[npt.NDArray[np.bool_]], float],
    cluster: npt.ArrayLike,
    *,
    level: float,
) -> JackknifeResult:
    r"""Estimate, with the error that leaving out each cluster implies.

    Parameters
    ----------
    fit : callable
        ``fit(kept)`` with a mask of rows, shape (n_rows,), returns the estimate.
    cluster : array_like, shape (n_rows,)
        Cluster of each row.
    level : float
        Level of the interval, in (0, 1).

    Returns
    -------
    JackknifeResult

    Raises
    ------
    InferenceError
        Without clusters, or if no estimate without a cluster exists.

    Notes
    -----
    With :math:`\hat\beta_{-g}` the estimate without cluster :math:`g` of :math:`G`,

    .. math:: \hat V = \frac{G - 1}{G} \sum_g (\hat\beta_{-g} - \hat\beta)^2,

    referred to Student's t with :math:`G - 1` degrees of freedom (CV3). Where clusters are few or
    of very unequal size the sandwich is too small; the jackknife errs, if at all, on the safe side.

    References
    ----------
    MacKinnon, J. G., Nielsen, M. Ø. & Webb, M. D. (2023). Fast and reliable jackknife and
    bootstrap methods for cluster-robust inference. *Journal of Applied Econometrics*, 38(5),
    671–694. doi:10.1002/jae.2969

    Examples
    --------
    The jackknife error of a mean is the usual one.

    >>> values = np.array([1.0, 2.0, 4.0])
    >>> found = cluster_jackknife(lambda kept: float(values[kept].mean()), [1, 2, 3],
    ...                           level=0.95)
    >>> round(found.std_error, 6) == round(float(values.std(ddof=1)) / 3 ** 0.5, 6)
    True
    """
    check_level(level, InferenceError)
    without = leave_one_cluster_out(fit, cluster)
    known = without.estimates[~np.isnan(without.estimates)]
    degrees = known.size - 1
    if degrees < 1:
        raise InferenceError(
            f"Errors need estimates without two clusters or more, not {known.size} of "
            f"{len(without.cluster)}."
        )
    spread = degrees / known.size * float(((known - without.estimate) ** 2).sum())
    std_error = float(np.sqrt(spread))
    if std_error == 0:
        raise InferenceError("No cluster moves the estimate: there is no spread to judge it by.")
    half = float(scipy.stats.t.ppf(0.5 + level / 2, degrees)) * std_error
    return JackknifeResult(
        estimate=without.estimate,
        std_error=std_error,
        ci_low=without.estimate - half,
        ci_high=without.estimate + half,
        p_value=float(2 * scipy.stats.t.sf(abs(without.estimate) / std_error, degrees)),
        level=level,
        degrees_of_freedom=degrees,
        influence=without,
    )
