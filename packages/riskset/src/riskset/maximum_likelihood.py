"""Maximum likelihood: Newton's method, and whether the data determine the estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from riskset.arrays import Floats
from riskset.errors import EstimationError

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
#: Name of the intercept, which runs away with whatever separates and is not the one to blame.
INTERCEPT = "const"
#: Share of a covariate's variance that must remain within the risk sets and given the others.
#: Rounding of sums over a million rows stays below 1e-12; real covariates keep more than 1e-6.
COLLINEAR = 1e-10


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
class Expansion:
    """A log-likelihood at one point to second order.

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
    begun : Expansion
        The likelihood where the search began.
    """

    beta: Floats
    residual: Floats
    fitted: Evaluated
    steps: int
    begun: Expansion


def maximize(
    evaluate: Callable[[Floats], Evaluated],
    begin: Floats,
    names: Sequence[str],
    reach: Floats,
    *,
    check: Callable[[Floats], None] | None = None,
    tolerance: float = STEP_TOLERANCE,
    remedy: str = "",
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
    remedy : str
        What estimates a coefficient that is infinite here, for the message.

    Raises
    ------
    EstimationError
        A coefficient is infinite, or the steps do not converge.
    """
    point, current = begin, evaluate(begin)
    begun = Expansion(current.loglik, current.gradient, current.information)
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
    gain = current.loglik - begun.loglik
    raise not_converged(point * reach, step * reach, names, gain, remedy)


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


def check_information(
    information: Floats, names: Sequence[str], events: float, within: str = "within the risk sets"
) -> None:
    """Raise where the information on a covariate is nil, or exhausted by earlier covariates.

    Parameters
    ----------
    information : ndarray, shape (p, p)
        Information at zero, covariates in standard deviations.
    names : sequence of str
    events : float
        Total weight of the events, the scale of the information.
    within : str
        Where the covariates are compared, for the message.
    """
    if not np.isfinite(information).all():
        raise EstimationError(
            "the information is not finite: weights or covariates differ by too many powers of ten"
        )
    diagonal = np.diag(information)
    for j, name in enumerate(names):
        if diagonal[j] <= COLLINEAR * events:
            raise EstimationError(
                f"covariate {name!r} does not vary {within}, so its coefficient is not determined; "
                "drop it, or do not stratify on it"
            )
    root = np.sqrt(diagonal)
    shares = information / np.outer(root, root)
    if _well_determined(shares):
        return
    for j in range(1, len(names)):
        on, *_ = np.linalg.lstsq(shares[:j, :j], shares[:j, j], rcond=None)
        if 1.0 - float(shares[j, :j] @ on) <= COLLINEAR:
            used = [n for n, b in zip(names[:j], on, strict=True) if abs(b) > 1e-6]
            raise EstimationError(
                f"covariate {names[j]!r} is collinear with {', '.join(map(str, used))} {within}; "
                "drop one of them"
            )


def quadratic_form(vector: Floats, matrix: Floats, refusal: str) -> float:
    """Return ``v' M⁻¹ v`` of a covariance or information, or raise with the refusal given.

    Parameters
    ----------
    vector : ndarray, shape (p,)
    matrix : ndarray, shape (p, p)
        Symmetric and, up to rounding, positive definite.
    refusal : str
        What is wrong where the matrix is singular.
    """
    diagonal = np.diag(matrix)
    if not np.isfinite(matrix).all() or not (diagonal > 0).all():
        raise EstimationError(refusal)
    root = np.sqrt(diagonal)
    if not _well_determined(matrix / np.outer(root, root)):
        raise EstimationError(refusal)
    return float(vector @ np.linalg.solve(matrix, vector))


def _well_determined(shares: Floats) -> bool:
    """Say whether every column keeps a share given the earlier ones: a Cholesky root's squares."""
    try:
        root = np.linalg.cholesky(shares)
    except np.linalg.LinAlgError:
        return False
    return bool((np.diag(root) ** 2).min() > 2 * COLLINEAR)


def not_converged(
    point: Floats, step: Floats, names: Sequence[str], gain: float, remedy: str
) -> EstimationError:
    """Return the error for a maximization that did not end.

    Where the likelihood keeps rising ever more slowly in one direction, Newton's steps keep moving
    the linear predictor there by about one: the estimate is infinite.

    Parameters
    ----------
    point, step : ndarray, shape (p,)
        Last point and last step, as the most that they move the linear predictor of a row.
    names : sequence of str
    gain : float
        Log-likelihood gained over zero.
    remedy : str
    """
    moving = [
        name
        for name, s, b in zip(names, step, point, strict=True)
        if abs(s) > 0.05 and np.sign(s) == np.sign(b)
    ]
    if not np.isfinite(step).all() or (not moving and np.abs(point).max() > 20):
        moving = [names[int(np.argmax(np.abs(point)))]]
    moving = [name for name in moving if name != INTERCEPT] or moving
    if moving:
        return EstimationError(
            f"the coefficient of {', '.join(repr(n) for n in moving)} is infinite: its groups or "
            "values separate the events (no event, or nothing but events, on one side; "
            f"log-likelihood has levelled off {gain:.4g} above the null). Count events by the "
            f"covariate; merge categories, drop it{remedy}, or report that it cannot be estimated"
        )
    return EstimationError(
        "the model did not converge; look for covariates that nearly determine one another "
        f"or have extreme values (last step {np.abs(step).max():.3g})"
    )
