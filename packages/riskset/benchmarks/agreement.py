"""No speed without the same answer: each engine's estimates compared with ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

#: Largest distance of a coefficient, in our standard errors. Each engine stops by its own default
#: rule (lifelines' likelihoods earliest, up to 0.004 away; the others within 1e-6). Another model
#: is farther off: on 10,000 rows Breslow's ties by 0.013, PHReg's own risk sets by 0.021.
COEFFICIENT_TOLERANCE = 5e-3
#: Largest relative distance of a cluster error of the same convention. The engines that have one
#: are within 1e-10; Breslow's ties are 2e-3 away.
ERROR_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Agreement:
    """How far an answer is from ours.

    Attributes
    ----------
    coefficients : float
        Largest distance in our standard errors.
    errors : float
        Largest relative distance of the standard errors; NaN where they are not compared.
    """

    coefficients: float
    errors: float

    @property
    def holds(self) -> bool:
        """Whether it is the same answer."""
        close = self.coefficients <= COEFFICIENT_TOLERANCE
        return bool(close and not self.errors > ERROR_TOLERANCE)


def agreement(
    ours: dict[str, Any], theirs: dict[str, Any], *, errors: str, draws: int
) -> Agreement:
    """Compare two answers.

    Parameters
    ----------
    ours, theirs : dict
        ``coefficients`` and ``errors`` as `processes.measure_once` returns them; without errors of
        ours coefficients are compared as they are. An engine may give fewer coefficients than
        ours: the first ones are compared.
    errors : str
        "cluster" where the engine's errors follow our convention.
    draws : int
        Bootstrap draws, if the coefficients are those of draws; 0 otherwise.
    """
    mine, other = np.asarray(ours["coefficients"]), np.asarray(theirs["coefficients"])
    if draws:
        if mine.shape != other.shape:
            return Agreement(np.inf, np.nan)
        scale = np.tile(mine.reshape(draws, -1).std(axis=0, ddof=1), draws)
    else:
        scale = np.ones(len(mine)) if ours["errors"] is None else np.asarray(ours["errors"])
    count = min(len(mine), len(other))
    apart = np.abs(mine[:count] - other[:count]) / scale[:count]
    furthest = float(np.max(apart)) if np.isfinite(other).all() else np.inf
    if errors != "cluster" or theirs["errors"] is None or ours["errors"] is None:
        return Agreement(furthest, np.nan)
    mine, other = np.asarray(ours["errors"])[:count], np.asarray(theirs["errors"])[:count]
    return Agreement(furthest, float(np.max(np.abs(other / mine - 1))))
