"""Summary of one estimate over many declared specifications."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskset.arrays import Floats
from riskset.errors import InferenceError
from riskset.inference.event_counts import float_array

#: How trustworthy a specification is; the last is shown but never summarized with the others.
VALIDITY = ("principled", "plausible", "known-biased")


@dataclass(frozen=True, slots=True)
class SpecificationSummary:
    """Estimates of the specifications that share a validity tag.

    Attributes
    ----------
    n : int
        Specifications declared.
    n_estimable : int
        Those with an estimate; all shares are among them.
    share_positive, share_negative : float
        NaN without any estimate, as are the next five.
    share_positive_excluding_zero, share_negative_excluding_zero : float
        Intervals wholly above, wholly below zero.
    median, lowest, highest : float
        Of the estimates.
    """

    n: int
    n_estimable: int
    share_positive: float
    share_negative: float
    share_positive_excluding_zero: float
    share_negative_excluding_zero: float
    median: float
    lowest: float
    highest: float

    def sign_agreement(self, estimate: float) -> float:
        """Share of specifications whose estimate has the sign of ``estimate``."""
        if estimate == 0 or np.isnan(estimate):
            raise InferenceError("An estimate without a sign agrees with nothing.")
        return self.share_positive if estimate > 0 else self.share_negative


@dataclass(frozen=True, slots=True)
class SpecificationCurve:
    """Specifications by validity.

    Attributes
    ----------
    principled, plausible, known_biased : SpecificationSummary
    summarized : SpecificationSummary
        Principled and plausible together; known-biased ones stay out.
    order : ndarray of int, shape (n,)
        Rows by ascending estimate, those that are not estimable last: the order of the curve.
    """

    principled: SpecificationSummary
    plausible: SpecificationSummary
    known_biased: SpecificationSummary
    summarized: SpecificationSummary
    order: npt.NDArray[np.int64]


def specification_curve(
    estimate: npt.ArrayLike,
    ci_low: npt.ArrayLike,
    ci_high: npt.ArrayLike,
    validity: npt.ArrayLike,
) -> SpecificationCurve:
    """Summarize estimates over specifications, by validity.

    Parameters
    ----------
    estimate, ci_low, ci_high : array_like of float, shape (n,)
        On a scale where 0 is no effect (log hazard ratio); NaN where not estimable.
    validity : array_like of str, shape (n,)
        ``principled``, ``plausible`` or ``known-biased``.

    Returns
    -------
    SpecificationCurve

    References
    ----------
    Simonsohn, U., Simmons, J. P. & Nelson, L. D. (2020). Specification curve analysis. *Nature
    Human Behaviour*, 4, 1208–1214. doi:10.1038/s41562-020-0912-z

    Examples
    --------
    >>> curve = specification_curve(
    ...     [0.2, 0.4, -3.0], [0.1, -0.1, -4.0], [0.3, 0.9, -2.0],
    ...     ["principled", "plausible", "known-biased"],
    ... )
    >>> round(curve.summarized.median, 2), curve.summarized.share_positive_excluding_zero
    (0.3, 0.5)
    """
    values, low, high = (
        float_array(column, "Estimates and limits") for column in (estimate, ci_low, ci_high)
    )
    if (reversed_ := np.flatnonzero(low > high)).size:
        at = int(reversed_[0])
        raise InferenceError(
            f"the limits of estimate {at} are reversed ({low[at]:g} above {high[at]:g}); ci_low "
            "comes before ci_high"
        )
    tags = np.asarray(validity, dtype=str)
    if not values.shape == low.shape == high.shape == tags.shape:
        raise InferenceError("Estimates, intervals and validity tags differ in length.")
    unknown = sorted(set(tags.tolist()) - set(VALIDITY))
    if unknown:
        raise InferenceError(f"Validity {unknown[0]!r} is none of {', '.join(VALIDITY)}.")
    by_tag = [
        _summary(*(column[tags == tag] for column in (values, low, high))) for tag in VALIDITY
    ]
    sound = tags != "known-biased"
    return SpecificationCurve(
        principled=by_tag[0],
        plausible=by_tag[1],
        known_biased=by_tag[2],
        summarized=_summary(values[sound], low[sound], high[sound]),
        order=np.argsort(values, kind="stable").astype(np.int64),
    )


def _summary(estimate: Floats, low: Floats, high: Floats) -> SpecificationSummary:
    known = ~np.isnan(estimate)
    values = estimate[known]
    if values.size == 0:
        nan = float("nan")
        return SpecificationSummary(estimate.size, 0, nan, nan, nan, nan, nan, nan, nan)
    return SpecificationSummary(
        n=estimate.size,
        n_estimable=values.size,
        share_positive=float(np.mean(values > 0)),
        share_negative=float(np.mean(values < 0)),
        share_positive_excluding_zero=float(np.mean(low[known] > 0)),
        share_negative_excluding_zero=float(np.mean(high[known] < 0)),
        median=float(np.median(values)),
        lowest=float(values.min()),
        highest=float(values.max()),
    )
