"""Fixed effects of one or two factors, taken out of columns exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from riskset.arrays import Floats, Integers, dot, scatter, tall_product
from riskset.columns import codes
from riskset.errors import EstimationError

#: Share of a column's variance that must remain after the effects are out: less is rounding.
ABSORBED = 1e-10
#: A sum of squared residuals below this fraction of the outcome's is rounding.
EXACT = 1e-20
#: Levels of the smaller of two factors, whose normal equations are solved densely.
MOST_LEVELS = 5000


@dataclass(frozen=True, slots=True)
class Absorption:
    """Dummies of zero, one or two factors.

    Attributes
    ----------
    factors : tuple of str
    dummies : tuple of scipy.sparse.csc_array, each (levels, n)
        The factor with more levels first.
    effects : int
        Rank of the dummies, the degrees of freedom they use (1 for the mean without factors).
    """

    factors: tuple[str, ...]
    dummies: tuple[sparse.csc_array, ...]
    effects: int

    @classmethod
    def from_frame(cls, data: pd.DataFrame, factors: Sequence[str]) -> Absorption:
        """Code the factors.

        Raises
        ------
        EstimationError
            More than two factors, or a missing level.
        """
        if len(factors) > 2:
            raise EstimationError(
                f"at most two factors can be absorbed, not {len(factors)}; "
                "add the dummies of the smallest to the exogenous columns"
            )
        coded = [codes(data, name) for name in factors]
        return cls.of_levels(factors, [(found, len(labels)) for found, labels in coded])

    @classmethod
    def of_levels(cls, factors: Sequence[str], coded: Sequence[tuple[Integers, int]]) -> Absorption:
        """Make the dummies of at most two factors.

        Parameters
        ----------
        factors : sequence of str
        coded : sequence of (ndarray of int, int)
            The level of each row, shape (n,), and the number of levels.
        """
        dummies = [scatter(found, levels) for found, levels in coded]
        dummies.sort(key=lambda d: -d.shape[0])
        if len(dummies) == 2 and dummies[1].shape[0] > MOST_LEVELS:
            raise EstimationError(
                f"both factors have more than {MOST_LEVELS} levels; coarsen the smaller one"
            )
        effects = 1
        if dummies:
            effects = dummies[0].shape[0]
        if len(dummies) == 2:
            effects += int(np.linalg.matrix_rank(_schur(dummies[0], dummies[1]), hermitian=True))
        return cls(tuple(factors), tuple(dummies), effects)

    def residual(self, columns: Floats) -> Floats:
        """Return what remains of columns after the effects, shape (n, c).

        Notes
        -----
        With two factors the effects of the smaller solve the normal equations from which the larger
        has been eliminated; no alternation, no tolerance.
        """
        if not self.dummies:
            return np.asarray(columns - columns.mean(axis=0))
        first = self.dummies[0]
        once = columns - _means(first, columns)
        if len(self.dummies) == 1:
            return once
        second = self.dummies[1]
        effects, *_ = np.linalg.lstsq(_schur(first, second), second @ once, rcond=None)
        spread = second.T @ effects
        return np.asarray(once - (spread - _means(first, spread)))

    def nested_in(self, cluster: Floats) -> bool:
        """Whether the only factor is nested in the clusters, shape (n,)."""
        if len(self.dummies) != 1:
            return False
        dummy = self.dummies[0]
        count = np.asarray(dummy.sum(axis=1)).ravel()
        mean = np.asarray(dummy @ cluster) / count
        square = np.asarray(dummy @ cluster**2) / count
        return bool((np.abs(square - mean**2) < 1e-6).all())


def check_absorbed(
    before: Floats, after: Floats, names: Sequence[str], factors: Sequence[str]
) -> None:
    """Raise where a column is constant within the effects."""
    with np.errstate(over="ignore", invalid="ignore"):
        whole = before - before.mean(axis=0)
        spread = np.einsum("ij,ij->j", whole, whole)
    own = np.einsum("ij,ij->j", after, after)
    for name, was, remaining in zip(names, spread, own, strict=True):
        if not np.isfinite(was):
            raise EstimationError(f"column {name!r} holds values beyond what can be squared")
        if remaining <= ABSORBED * max(float(was), 1e-300):
            by = f" within {' and '.join(map(str, factors))}" if factors else ""
            raise EstimationError(f"column {name!r} does not vary{by}; drop it")


def require_rows(rows: int, parameters: int) -> None:
    """Raise where rows are no more than parameters, the effects among them."""
    if rows <= parameters:
        raise EstimationError(f"{rows} rows are too few for {parameters} parameters")


def require_residual(residual: Floats, outcome: Floats, name: str) -> None:
    """Raise where an outcome is fitted exactly, so that nothing shows how far estimates may err."""
    if dot(residual, residual) <= EXACT * max(dot(outcome, outcome), 1e-300):
        raise EstimationError(
            f"outcome {name!r} is fitted exactly: rows are as few as parameters, or the outcome is "
            "made of the columns; there is no residual to take errors from"
        )


def _means(dummy: sparse.csc_array, columns: Floats) -> Floats:
    """Return the mean of each row's level, shape (n, c)."""
    count = np.asarray(dummy.sum(axis=1)).ravel()
    return np.asarray(dummy.T @ ((dummy @ columns) / count[:, None]))


def _schur(first: sparse.csc_array, second: sparse.csc_array) -> Floats:
    """Return the normal equations of the second factor given the first, (levels, levels)."""
    count = np.asarray(first.sum(axis=1)).ravel()
    joint = (first @ second.T).toarray()
    own = np.diag(np.asarray(second.sum(axis=1)).ravel())
    return np.asarray(own - tall_product(joint, joint / count[:, None]))
