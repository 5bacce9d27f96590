"""Combining estimates over imputed data totals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from riskset.errors import InferenceError, check_level
from riskset.inference.event_counts import float_array


@dataclass(frozen=True, slots=True)
class PooledEstimate:
    """One estimate from several imputed data totals.

    Attributes
    ----------
    estimate : float
        Mean over imputations.
    std_error : float
        Square root of the total variance.
    dof : float
        Degrees of freedom after Barnard and Rubin.
    ci_low, ci_high : float
    p_value : float
        Two-sided, of the value 0.
    within, between : float
        Mean variance within imputations, variance of the estimates between them.
    missing_information : float
        Share of the total variance that is due to imputation.
    imputations : int
    """

    estimate: float
    std_error: float
    dof: float
    ci_low: float
    ci_high: float
    p_value: float
    within: float
    between: float
    missing_information: float
    imputations: int


def rubin_combine(
    estimates: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    level: float,
    complete_dof: float = float("inf"),
) -> PooledEstimate:
    r"""Combine estimates over imputed data totals by Rubin's rules.

    Parameters
    ----------
    estimates : array_like of float, shape (m,)
        One estimate per imputed data set, at least two.
    variances : array_like of float, shape (m,)
        Squared standard errors, positive.
    level : float
        Level of the interval, in (0, 1).
    complete_dof : float
        Degrees of freedom that the estimate would have with complete data.

    Returns
    -------
    PooledEstimate

    Notes
    -----
    With :math:`\bar U` the mean variance and :math:`B` the variance of the estimates, the total
    variance is :math:`T = \bar U + (1 + 1/m) B`. With :math:`\lambda = (1 + 1/m) B / T`,

    .. math:: \nu = \left(\frac{\lambda^2}{m - 1} +
       \frac{\nu_{com} + 3}{\nu_{com}(\nu_{com} + 1)(1 - \lambda)}\right)^{-1}.

    References
    ----------
    Rubin, D. B. (1987). *Multiple Imputation for Nonresponse in Surveys*, ch. 3. Wiley.
    doi:10.1002/9780470316696

    Barnard, J. & Rubin, D. B. (1999). Small-sample degrees of freedom with multiple imputation.
    *Biometrika*, 86(4), 948–955. doi:10.1093/biomet/86.4.948

    Examples
    --------
    >>> pooled = rubin_combine([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], level=0.95)
    >>> round(pooled.std_error**2, 4), round(pooled.dof, 4)
    (2.3333, 6.125)
    """
    check_level(level, InferenceError)
    values = float_array(estimates, "Estimates")
    squares = float_array(variances, "Variances")
    if values.ndim != 1 or values.shape != squares.shape or values.size < 2:
        raise InferenceError("Estimates and variances of at least two imputations are needed.")
    if not (np.all(np.isfinite(values)) and np.all(np.isfinite(squares) & (squares > 0))):
        raise InferenceError("An imputation has no finite estimate with a positive variance.")
    with np.errstate(over="ignore", invalid="ignore"):
        m, within, between = values.size, float(squares.mean()), float(values.var(ddof=1))
    if not np.isfinite(within + between):
        raise InferenceError("Estimates or variances exceed what can be squared.")
    added = (1 + 1 / m) * between
    total = within + added
    share = added / total
    lost = share**2 / (m - 1)
    if np.isfinite(complete_dof):
        lost += (complete_dof + 3) / (complete_dof * (complete_dof + 1) * (1 - share))
    dof = 1 / lost if lost > 0 else float("inf")
    estimate, error = float(values.mean()), float(np.sqrt(total))
    reach = float(scipy.stats.t.isf((1 - level) / 2, dof)) * error
    return PooledEstimate(
        estimate=estimate,
        std_error=error,
        dof=float(dof),
        ci_low=estimate - reach,
        ci_high=estimate + reach,
        p_value=float(2 * scipy.stats.t.sf(abs(estimate) / error, dof)),
        within=within,
        between=between,
        missing_information=float(share),
        imputations=m,
    )
