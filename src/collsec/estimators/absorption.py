"""Fixed effects of one or two factors, taken out of columns exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec.estimators.blocked_sums import sum_by_group
from collsec.estimators.columns import Floats, Integers, codes
from collsec.estimators.errors import EstimationError

#: Share of a column's variance that must be left after the effects are out: less is rounding.
ABSORBED = 1e-10
#: Levels of the smaller of two factors, whose normal equations are solved densely.
MOST_LEVELS = 5000


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor whose effects are taken out.

    Attributes
    ----------
    level : ndarray of int, shape (n,)
    count : ndarray, shape (levels,)
        Rows of each level.
    """

    level: Integers
    count: Floats

    @classmethod
    def from_frame(cls, data: pd.DataFrame, name: str) -> Factor:
        """Code a column."""
        level, labels = codes(data, name)
        return cls(level, np.bincount(level, minlength=len(labels)).astype(np.float64))

    def means(self, columns: Floats) -> Floats:
        """Return the mean of each level, shape (levels, c)."""
        return sum_by_group(columns, self.level, len(self.count)) / self.count[:, None]


@dataclass(frozen=True, slots=True)
class Absorption:
    """Effects of zero, one or two factors.

    Attributes
    ----------
    factors : tuple of Factor
        The factor with more levels first.
    effects : int
        Rank of the dummies, the degrees of freedom they use (1 for the mean without factors).
    left : ndarray, shape (levels, levels)
        Normal equations of the second factor once the first is eliminated; empty without one.
    """

    factors: tuple[Factor, ...]
    effects: int
    left: Floats

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
        coded = sorted((Factor.from_frame(data, name) for name in factors), key=_fewer)
        if len(coded) < 2:
            return cls(tuple(coded), len(coded[0].count) if coded else 1, np.empty((0, 0)))
        first, second = coded
        if len(second.count) > MOST_LEVELS:
            raise EstimationError(
                f"both factors have more than {MOST_LEVELS} levels; coarsen the smaller one"
            )
        left = _eliminated(first, second)
        rank = int(np.linalg.matrix_rank(left, hermitian=True))
        return cls((first, second), len(first.count) + rank, left)

    def residual(self, columns: Floats) -> Floats:
        """Return what the effects leave of columns, shape (n, c).

        Notes
        -----
        With two factors the effects of the smaller solve the normal equations from which the larger
        has been eliminated; no alternation, no tolerance.
        """
        if not self.factors:
            return np.asarray(columns - columns.mean(axis=0))
        first = self.factors[0]
        out = columns - first.means(columns)[first.level]
        if len(self.factors) == 2:
            second = self.factors[1]
            sums = sum_by_group(out, second.level, len(second.count))
            effects, *_ = np.linalg.lstsq(self.left, sums, rcond=None)
            spread = np.asarray(effects[second.level], dtype=np.float64)
            spread -= first.means(spread)[first.level]
            out -= spread
        return np.asarray(out)

    def nested_in(self, cluster: Integers) -> bool:
        """Whether the only factor is nested in the clusters, shape (n,)."""
        if len(self.factors) != 1:
            return False
        factor = self.factors[0]
        of_level = np.empty(len(factor.count), dtype=np.int64)
        of_level[factor.level] = cluster
        return bool((of_level[factor.level] == cluster).all())


def _fewer(factor: Factor) -> int:
    return -len(factor.count)


def _eliminated(first: Factor, second: Factor) -> Floats:
    """Return the normal equations of the second factor given the first, (levels, levels)."""
    many, few = len(first.count), len(second.count)
    cells = np.bincount(first.level * few + second.level, minlength=many * few)
    joint = cells.reshape(many, few).astype(np.float64)
    return np.asarray(np.diag(second.count) - joint.T @ (joint / first.count[:, None]))


def check_absorbed(
    before: Floats, after: Floats, names: Sequence[str], factors: Sequence[str]
) -> None:
    """Raise where a column is constant within the effects."""
    whole = before - before.mean(axis=0)
    for name, was, left in zip(names, whole.T, after.T, strict=True):
        if left @ left <= ABSORBED * max(float(was @ was), 1e-300):
            by = f" within {' and '.join(factors)}" if factors else ""
            raise EstimationError(f"column {name!r} does not vary{by}; drop it")
