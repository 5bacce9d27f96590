"""Whether the data determine the coefficients, and advice where they do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collsec.survival.columns import Floats
from collsec.survival.errors import EstimationError

#: Name of the intercept, which runs away with whatever separates and is not the one to blame.
INTERCEPT = "const"
#: Share of a covariate's variance that must remain within the risk sets and beside the others.
#: Rounding of sums over a million rows stays below 1e-12; real covariates keep more than 1e-6.
COLLINEAR = 1e-10


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


def _well_determined(shares: Floats) -> bool:
    """Say whether every column keeps a share beside the earlier ones: a Cholesky root's squares."""
    try:
        root = np.linalg.cholesky(shares)
    except np.linalg.LinAlgError:
        return False
    return bool((np.diag(root) ** 2).min() > 2 * COLLINEAR)


def check_convergence(
    point: Floats, step: Floats, names: Sequence[str], gain: float
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
            "covariate; merge categories, drop it, or report that it cannot be estimated"
        )
    return EstimationError(
        "the model did not converge; look for covariates that nearly determine one another "
        f"or have extreme values (last step {np.abs(step).max():.3g})"
    )
