"""Newton's method for log-likelihoods, and how it tells an end from a plateau."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from collsec.survival.columns import Floats
from collsec.survival.identification import check_convergence

#: Newton's method ends this many standard errors from the maximum; the next step would square it.
STEP_TOLERANCE = 1e-10
#: Near collinearity lets rounding of the gradient move the estimate by up to 1e-6 standard errors;
#: a step that small which no longer shrinks is rounding.
ROUNDING_FLOOR = 1e-6
#: Nor does a step that moves any row's linear predictor by more than this ever end the search:
#: where events are separated steps stay near one while the likelihood levels off.
LONGEST_LAST_STEP = 1e-3
#: A concave likelihood needs 4 to 8 steps; 30 without an end means that there is none.
MAX_STEPS = 30


class LogLikelihood(Protocol):
    """A log-likelihood at one point."""

    @property
    def loglik(self) -> float:
        """Value."""

    @property
    def gradient(self) -> Floats:
        """First derivative, shape (p,)."""

    @property
    def information(self) -> Floats:
        """Negative second derivative, shape (p, p)."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-likelihood at one point, without whatever else was worked out there.

    Attributes
    ----------
    loglik : float
    gradient : ndarray, shape (p,)
    information : ndarray, shape (p, p)
    """

    loglik: float
    gradient: Floats
    information: Floats


Evaluated = TypeVar("Evaluated", bound=LogLikelihood)


@dataclass(frozen=True, slots=True)
class Maximum(Generic[Evaluated]):
    """Where a log-likelihood is largest.

    Attributes
    ----------
    beta : ndarray, shape (p,)
    residual : ndarray, shape (p,)
        The step that was too short to be worth another evaluation.
    fitted : LogLikelihood
        The likelihood at ``beta``.
    steps : int
    begun : Begun
        The likelihood where the search began.
    """

    beta: Floats
    residual: Floats
    fitted: Evaluated
    steps: int
    begun: Begun


def maximize(
    evaluate: Callable[[Floats], Evaluated],
    begin: Floats,
    names: Sequence[str],
    reach: Floats,
    *,
    check: Callable[[Floats], None] | None = None,
    tolerance: float = STEP_TOLERANCE,
) -> Maximum[Evaluated]:
    """Maximize a log-likelihood by Newton's method with step halving.

    Parameters
    ----------
    evaluate : callable
        Gives the likelihood at a point; coefficients are per standard deviation of a covariate.
    begin : ndarray, shape (p,)
    names : sequence of str
        The p coefficients, for messages.
    reach : ndarray, shape (p,)
        Largest absolute value of each covariate.
    check : callable, optional
        Is given the information at ``begin``, and raises where it is no use to go on.
    tolerance : float
        Distance from the maximum, in standard errors, at which to stop.

    Raises
    ------
    EstimationError
        A coefficient is infinite, or the steps do not converge.
    """
    point, current = begin, evaluate(begin)
    begun = Begun(current.loglik, current.gradient, current.information)
    if not len(names):
        return Maximum(point, point, current, 0, begun)
    if check is not None:
        check(current.information)
    step: Floats = point
    distance = np.inf
    for count in range(1, MAX_STEPS + 1):
        try:
            step = _ascent(current.information, current.gradient)
        except np.linalg.LinAlgError:
            break
        before, distance = distance, float(np.sqrt(abs(current.gradient @ step)))
        if not np.isfinite(distance):
            break
        stalled = distance < ROUNDING_FLOOR and distance > before / 2
        if (distance < tolerance or stalled) and np.abs(step * reach).max() < LONGEST_LAST_STEP:
            return Maximum(point, step, current, count, begun)
        for _ in range(12):
            trial = evaluate(point + step)
            if trial.loglik >= current.loglik - 1e-9 * abs(current.loglik):
                break
            step = step / 2
        point, current = point + step, trial
    raise check_convergence(point * reach, step * reach, names, current.loglik - begun.loglik)


def _ascent(information: Floats, gradient: Floats) -> Floats:
    """Return Newton's step; where the likelihood is not concave, one that turns its curvature."""
    try:
        np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(information)
        if values[0] <= -1e-8 * np.abs(values).max():
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(vectors @ ((vectors.T @ gradient) / np.abs(values)))
    return np.asarray(np.linalg.solve(information, gradient))
