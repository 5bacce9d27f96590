"""An exposure in degrees: how the hazard moves with the dose of a spell, such as troops.

Each spell has a dose that changes with calendar time. When exposure is redrawn the spell moves to
another unit with its whole history: the unit receives on each day what the real one received.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from collsec.survival.inference.assignment import redraw
from collsec.survival.inference.errors import InferenceError
from collsec.survival.inference.exposure_design import BoolArray, ExposureDesign
from collsec.survival.inference.likelihood_ratio import (
    OPEN,
    Maxima,
    largest_not_rejected,
    limit_of_effect,
    maximize,
)
from collsec.survival.inference.partial_likelihood import FloatArray, IntArray, RiskSets
from collsec.survival.inference.two_exposures import Answer

#: Assignments fitted together, which bounds memory.
_BATCH = 250


@dataclass(frozen=True, slots=True)
class DosePath:
    """The dose of a spell as a step function of calendar days.

    Attributes
    ----------
    day : ndarray of float, shape (n_steps,)
        Days after which a dose counts, ascending; before the first the dose is zero.
    dose : ndarray of float, shape (n_steps,)
        Dose on ``(day, next day]``.
    """

    day: FloatArray
    dose: FloatArray

    def at(self, days: FloatArray) -> FloatArray:
        """Dose on each day."""
        place = np.searchsorted(self.day, days, side="left")
        doses: FloatArray = np.r_[0.0, self.dose][place]
        return doses


def rerandomized_dose(
    design: ExposureDesign,
    paths: Sequence[DosePath],
    *,
    draws: int,
    confidence: float,
    seed: int,
) -> Answer:
    r"""Estimate the effect of one unit of dose on the log hazard, tested by redrawn exposures.

    Parameters
    ----------
    design : ExposureDesign
    paths : sequence of DosePath, length n_spells
        In the order of the spells of ``design``. A dose counts while its spell does.
    draws : int
        Redrawn exposures; at least ``1 / (1 - confidence)``.
    confidence : float
        Level of the interval, in (0, 1).
    seed : int

    Returns
    -------
    Answer
        Of a linear effect on the log hazard, per unit of dose.

    Raises
    ------
    InferenceError
        If no unit at risk at an end has a dose, or ``draws`` is too small for the level.

    Notes
    -----
    With :math:`\ell(\theta)` the log partial likelihood (ties after Efron), the statistic of an
    effect is :math:`2\{\ell(\hat\theta) - \ell(\theta)\}`. Its critical value is that of the
    redrawn exposures at no effect, as in
    :func:`~collsec.survival.inference.rerandomized_pair`: the test of no effect is exact up to
    the coarsening of strata, and the interval holds every effect whose
    statistic does not exceed the critical value.

    References
    ----------
    Rosenbaum, P. R. (2002). *Observational Studies*, 2nd ed., ch. 2 and 5. Springer.
    doi:10.1007/978-1-4757-3692-2
    """
    alpha = 1.0 - confidence
    if (draws + 1) * alpha < 1:
        raise InferenceError(f"{draws} draws cannot reject at {alpha:g}.")
    if len(paths) != design.n_spells:
        raise InferenceError(f"{len(paths)} paths of a dose for {design.n_spells} spells.")
    doses = _Doses.of(design, paths)
    own = _Likelihood.of(design.risk_sets, *doses.of_assignments(design.unit[None, :]))
    found = own.maxima()
    information = float(found.information[0])
    if information <= 1e-12:
        raise InferenceError("No event time has units at risk with different doses.")
    unit, _ = redraw(design, draws, np.random.default_rng(seed))
    reference = np.empty(draws)
    for start in range(0, draws, _BATCH):
        batch = slice(start, min(start + _BATCH, draws))
        fitted = _Likelihood.of(design.risk_sets, *doses.of_assignments(unit[batch]))
        reference[batch] = fitted.maxima().statistic
    lost, effect = float(found.statistic[0]), float(found.effect[0])
    critical = largest_not_rejected(reference, alpha)

    def statistic(value: float) -> float:
        return 2 * (float(found.best[0]) - float(own.at(np.array([value]))[0][0]))

    scale = doses.scale
    estimate = effect if abs(effect) < OPEN - 1 else float(np.copysign(np.inf, effect))
    return Answer(
        estimate=estimate / scale,
        statistic=lost,
        p_value=float((1 + np.count_nonzero(reference >= lost - 1e-9)) / (draws + 1)),
        ci_low=limit_of_effect(statistic, effect, critical, -1.0) / scale,
        ci_high=limit_of_effect(statistic, effect, critical, 1.0) / scale,
        critical=critical,
        information=information * scale**2,
    )


@dataclass(frozen=True, slots=True)
class _Doses:
    """What each spell would give to each unit, in one row for each risk set it is exposed in.

    Attributes
    ----------
    begin, size : ndarray of int, shape (n_spells, n_units + 1)
        Where the rows of a spell on a unit begin, and how many they are.
    time : ndarray of int, shape (n_rows,)
        Risk set.
    dose : ndarray of float, shape (n_rows,)
        As a share of ``scale``.
    dies : ndarray of bool, shape (n_rows,)
    scale : float
        The largest dose of any path.
    """

    begin: IntArray
    size: IntArray
    time: IntArray
    dose: FloatArray
    dies: BoolArray
    scale: float

    @classmethod
    def of(cls, design: ExposureDesign, paths: Sequence[DosePath]) -> _Doses:
        scale = max((float(path.dose.max()) for path in paths if path.dose.size), default=0.0)
        if scale <= 0:
            raise InferenceError("No spell has a dose.")
        size = design.last - design.first
        begin = np.r_[0, np.cumsum(size.ravel())[:-1]].reshape(size.shape)
        time = _ranges(design.first.ravel(), size.ravel())
        spell, unit = (np.repeat(i.ravel(), size.ravel()) for i in np.indices(size.shape))
        day = np.r_[design.origin, 0.0][unit] + design.risk_sets.time[time]
        dose = np.empty(time.size)
        for number, path in enumerate(paths):
            own = spell == number
            dose[own] = path.at(day[own]) / scale
        return cls(begin, size, time, dose, design.end_position[spell, unit] == time, scale)

    def of_assignments(
        self, unit: IntArray
    ) -> tuple[int, IntArray, IntArray, FloatArray, BoolArray]:
        """Rows of assignments, shape (draws, n_spells): draw, risk set, dose, whether it ends."""
        spell = np.arange(unit.shape[1])
        size = self.size[spell, unit]
        row = _ranges(self.begin[spell, unit].ravel(), size.ravel())
        draw = np.repeat(np.arange(unit.shape[0]), size.sum(axis=1))
        kept = self.dose[row] > 0
        row, draw = row[kept], draw[kept]
        return unit.shape[0], draw, self.time[row], self.dose[row], self.dies[row]


def _ranges(first: IntArray, size: IntArray) -> IntArray:
    """Concatenate ranges of so many whole numbers from ``first`` on."""
    before = np.cumsum(size) - size
    ranges: IntArray = np.arange(size.sum()) + np.repeat(first - before, size)
    return ranges


@dataclass(frozen=True, slots=True)
class _Likelihood:
    """The partial likelihood of a dose, for many assignments at once.

    Attributes
    ----------
    draws : int
    cell, cell_of_ends : ndarray of int
        Draw × risk set of each row with a dose, and of those that end.
    dose, dose_of_ends : ndarray of float
    ends : ndarray of float, shape (draws,)
        Sum of the doses of those that end.
    row : ndarray of int, shape (n_terms,)
        Risk set of each term of Efron's sum: one for each end.
    fraction, others : ndarray of float, shape (n_terms,)
        Share of the tied ends that a term leaves out, and units counted in it.
    n_times : int
        Risk sets.
    """

    draws: int
    cell: IntArray
    cell_of_ends: IntArray
    dose: FloatArray
    dose_of_ends: FloatArray
    ends: FloatArray
    row: IntArray
    fraction: FloatArray
    others: FloatArray
    n_times: int

    @classmethod
    def of(
        cls,
        sets: RiskSets,
        draws: int,
        draw: IntArray,
        time: IntArray,
        dose: FloatArray,
        dies: BoolArray,
    ) -> _Likelihood:
        deaths = sets.deaths.astype(np.int64)
        row = np.repeat(np.arange(deaths.size), deaths)
        fraction = (np.arange(row.size) - (np.cumsum(deaths) - deaths)[row]) / sets.deaths[row]
        cell = draw * deaths.size + time
        ends = np.bincount(draw[dies], weights=dose[dies], minlength=draws).astype(np.float64)
        others = sets.at_risk[row] - fraction * sets.deaths[row]
        return cls(
            draws, cell, cell[dies], dose, dose[dies], ends, row, fraction, others, deaths.size
        )

    def at(self, effect: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return log likelihood, score and information at an effect, shape (draws,) each."""
        more, first, second = self._sums(self.cell, self.dose, effect)
        more_, first_, second_ = self._sums(self.cell_of_ends, self.dose_of_ends, effect)
        row, left_out = self.row, self.fraction
        total = self.others + more[:, row] - left_out * more_[:, row]
        mean = (first[:, row] - left_out * first_[:, row]) / total
        square = (second[:, row] - left_out * second_[:, row]) / total
        loglik = effect * self.ends - np.log(total).sum(axis=1)
        return loglik, self.ends - mean.sum(axis=1), (square - mean**2).sum(axis=1)

    def _sums(
        self, cell: IntArray, dose: FloatArray, effect: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Sums over units with a dose of the relative hazard less one, and of its moments."""
        relative = np.exp(effect[cell // self.n_times] * dose)
        return tuple(  # type: ignore[return-value]
            np.bincount(cell, weights=w, minlength=self.draws * self.n_times).reshape(
                self.draws, self.n_times
            )
            for w in (relative - 1, relative * dose, relative * dose**2)
        )

    def maxima(self) -> Maxima:
        """Maximize over the effect of each assignment."""
        return maximize(self.at, self.draws)
