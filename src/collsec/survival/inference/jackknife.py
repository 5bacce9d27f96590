"""Cluster jackknife: errors from leaving out each cluster in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from collsec.survival.inference.influence import Influence, leave_one_cluster_out


@dataclass(frozen=True, slots=True)
class JackknifeResult:
    """An estimate with its cluster-jackknife error.

    Attributes
    ----------
    estimate, std_error : float
    ci_low, ci_high : float
    p_value : float
        Two-sided, of the value 0.
    confidence : float
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
    confidence: float
    degrees_of_freedom: int
    influence: Influence


def cluster_jackknife(
    fit: Callable[[npt.NDArray[np.bool_]], float],
    cluster: npt.ArrayLike,
    *,
    confidence: float,
) -> JackknifeResult:
    r"""Estimate, with the error that leaving out each cluster implies.

    Parameters
    ----------
    fit : callable
        ``fit(kept)`` with a mask of rows, shape (n_rows,), returns the estimate.
    cluster : array_like, shape (n_rows,)
        Cluster of each row.
    confidence : float
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
    ...                           confidence=0.95)
    >>> round(found.std_error, 6) == round(float(values.std(ddof=1)) / 3 ** 0.5, 6)
    True
    """
    without = leave_one_cluster_out(fit, cluster)
    known = without.estimates[~np.isnan(without.estimates)]
    degrees = known.size - 1
    spread = degrees / known.size * float(((known - without.estimate) ** 2).sum())
    std_error = float(np.sqrt(spread))
    half = float(stats.t.ppf(0.5 + confidence / 2, degrees)) * std_error
    return JackknifeResult(
        estimate=without.estimate,
        std_error=std_error,
        ci_low=without.estimate - half,
        ci_high=without.estimate + half,
        p_value=float(2 * stats.t.sf(abs(without.estimate) / std_error, degrees)),
        confidence=confidence,
        degrees_of_freedom=degrees,
        influence=without,
    )
