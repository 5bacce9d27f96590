"""Circular shifts of exposure paths: when the exposure came, with its lengths and clusters kept.

Each path is shifted around the calendar by a random number of periods. Units that share a path are
shifted together, as they were exposed together. A single series has as many shifts as periods, and
anything that moves with time would do as well as its exposure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from riskset.arrays import Floats, Integers
from riskset.errors import InferenceError
from riskset.inference.inversion import (
    InvertedInterval,
    inverted_interval,
    rejected_by,
    tail_p_value,
)
from riskset.regression.two_way_poisson import CountPanel, fit_panel, freed_residuals

#: Halvings of an interval: each fits the panel once.
_STEPS = 20
#: Draws of the reference that random shifts are tested against.
_REFERENCE = 2000


@dataclass(frozen=True, slots=True)
class ShiftedPaths:
    """A panel whose exposure paths can be shifted.

    Attributes
    ----------
    panel : CountPanel
    path : ndarray of int, shape (n_units,), or None
        Code of the path that a unit shares with others, from 0 on; each has its own if None.
    """

    panel: CountPanel
    path: Integers | None = None

    @property
    def n_paths(self) -> int:
        """How many paths there are to shift."""
        units = len(self.panel.counts)
        if self.path is None or not units:
            return units
        return int(self.path.max()) + 1

    def scores(self, log_effect: float) -> Floats:
        """Return the score of every shift of every path, the counts freed of an effect.

        Returns
        -------
        ndarray of float, shape (n_paths, n_periods)
            The path as it is in the first column.
        """
        rest, x = freed_residuals(self.panel, log_effect), np.nan_to_num(self.panel.exposure)
        size = x.shape[1]
        shifts = [(np.roll(x, shift, axis=1) * rest).sum(axis=1) for shift in range(size)]
        by_unit = np.stack(shifts, axis=1)
        if self.path is None:
            return by_unit
        out = np.zeros((self.n_paths, size))
        np.add.at(out, self.path, by_unit)
        return out


def shifted_p_value(scores: Floats, picks: Integers) -> float:
    """Return the equal-tailed p-value of the paths as they are against shifted ones.

    Parameters
    ----------
    scores : ndarray of float, shape (n_paths, n_periods)
    picks : ndarray of int, shape (draws, n_paths)
        By how many periods each path is shifted.
    """
    reference = scores[np.arange(len(scores))[None, :], picks].sum(axis=1)
    return tail_p_value(float(scores[:, 0].sum()), reference)


def circular_shifts(
    counts: ArrayLike,
    exposure: ArrayLike,
    *,
    path: ArrayLike | None = None,
    draws: int,
    level: float,
    seed: int,
) -> InvertedInterval:
    """Return p-value and interval of a two-way Poisson ratio by shifting when the exposure came.

    Parameters
    ----------
    counts, exposure : array_like, shape (n_units, n_periods)
        As :func:`riskset.two_way_poisson` takes them.
    path : array_like, shape (n_units,), optional
        Units of one value share a path.
    draws : int
    level : float
    seed : int

    Raises
    ------
    InferenceError
        If units that share a path differ in it.
    EstimationError
        As :func:`riskset.two_way_poisson`.

    Notes
    -----
    Under the hypothesis of a log ratio, counts are divided by it where they are exposed, and their
    means are fitted with effects of unit and period. The statistic is the sum over exposed cells of
    counts less means. Shifts keep how long an exposure lasts and how it clusters in time [1]_.

    References
    ----------
    .. [1] Harris, K. D. (2020). Nonsense correlations in neuroscience. bioRxiv.
       doi:10.1101/2020.11.29.402719

    Examples
    --------
    >>> counts, exposure = [[2, 3, 9, 4, 1, 2]], [[0, 0, 1, 0, 0, 0]]
    >>> found = circular_shifts(counts, exposure, draws=999, level=0.5, seed=1)
    >>> round(float(np.exp(found.low)), 2), round(float(np.exp(found.high)), 2)
    (2.25, 9.0)
    """
    panel = CountPanel(np.asarray(counts, dtype=np.float64), np.asarray(exposure, dtype=np.float64))
    code = None if path is None else np.unique(np.asarray(path), return_inverse=True)[1]
    if code is not None:
        first = np.unique(code, return_index=True)[1][code]
        if not np.array_equal(panel.exposure, panel.exposure[first], equal_nan=True):
            raise InferenceError("units that share a path differ in their exposure.")
    estimate = fit_panel(panel).estimate
    return shift_paths(ShiftedPaths(panel, code), estimate, draws=draws, level=level, seed=seed)


def shift_paths(
    paths: ShiftedPaths, estimate: float, *, draws: int, level: float, seed: int
) -> InvertedInterval:
    """Return p-value and interval of paths that are laid out, as :func:`circular_shifts` does."""
    size = paths.panel.counts.shape[1]
    picks = np.random.default_rng(seed).integers(size, size=(draws, paths.n_paths))
    return inverted_interval(
        lambda effect: shifted_p_value(paths.scores(effect), picks),
        estimate,
        level=level,
        steps=_STEPS,
    )


def shift_rejections(
    paths: ShiftedPaths, draws: int, alpha: float, seed: int
) -> tuple[int, Floats]:
    """Return how many of so many shifts that change nothing are rejected, and their scores."""
    rng = np.random.default_rng(seed)
    scores = paths.scores(0.0)
    size, rows = scores.shape[1], np.arange(len(scores))[None, :]
    reference = scores[rows, rng.integers(size, size=(_REFERENCE, len(scores)))].sum(axis=1)
    made: Floats = scores[rows, rng.integers(size, size=(draws, len(scores)))].sum(axis=1)
    return rejected_by(made, reference, alpha), made
