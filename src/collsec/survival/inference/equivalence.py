"""Evidence for the absence of an effect that matters."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from collsec.survival.inference.errors import InferenceError


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests against the bounds of the effects that do not matter.

    Attributes
    ----------
    p_value : float
        The larger of the two one-sided p-values.
    p_low, p_high : float
        Of the hypotheses "at or below ``low``" and "at or above ``high``".
    ci_low, ci_high : float
        Interval at ``1 - 2 alpha``: inside the bounds exactly when equivalence is shown.
    equivalent : bool
        Whether ``p_value`` is below ``alpha``.
    """

    p_value: float
    p_low: float
    p_high: float
    ci_low: float
    ci_high: float
    equivalent: bool


def equivalence_test(
    estimate: float,
    std_error: float,
    *,
    low: float,
    high: float,
    alpha: float,
    dof: float = float("inf"),
) -> Equivalence:
    r"""Test whether an effect lies within bounds.

    Parameters
    ----------
    estimate, std_error : float
        On the scale of the bounds (log hazard ratio: bounds ``log(0.8)`` and ``log(1.25)``).
    low, high : float
        Bounds of the effects that do not matter.
    alpha : float
        Level of each one-sided test, in (0, 0.5).
    dof : float
        Degrees of freedom; infinite for the normal distribution.

    Returns
    -------
    Equivalence

    Notes
    -----
    :math:`p_{low} = P(T > (\hat\theta - low)/\hat\sigma)` and
    :math:`p_{high} = P(T < (\hat\theta - high)/\hat\sigma)`; the larger one is the p-value of
    "outside the bounds".

    References
    ----------
    Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power
    approach for assessing the equivalence of average bioavailability. *Journal of
    Pharmacokinetics and Biopharmaceutics*, 15(6), 657–680. doi:10.1007/BF01068419

    Examples
    --------
    >>> equivalence_test(0.0, 0.1, low=-0.2, high=0.2, alpha=0.05).equivalent
    True
    """
    if not (low < high and std_error > 0 and 0 < alpha < 0.5):
        raise InferenceError("Bounds must be ordered, the error positive, the level below 0.5.")
    distribution = stats.t(dof)
    p_low = float(distribution.sf((estimate - low) / std_error))
    p_high = float(distribution.cdf((estimate - high) / std_error))
    reach = float(distribution.isf(alpha)) * std_error
    return Equivalence(
        p_value=max(p_low, p_high),
        p_low=p_low,
        p_high=p_high,
        ci_low=estimate - reach,
        ci_high=estimate + reach,
        equivalent=max(p_low, p_high) < alpha,
    )
