"""An exposure in degrees: how the hazard moves with the dose of a spell, such as troops.

Each spell has a dose that changes with calendar time. When exposure is redrawn the spell moves to
another unit with its whole history: the unit receives on each day what the real one received.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from riskset.arrays import Booleans, Floats, Integers
from riskset.errors import InferenceError, check_level
from riskset.inference.assignment import redraw
from riskset.inference.event_counts import EventCounts
from riskset.inference.exposure_design import ExposureDesign
from riskset.inference.reference_distribution import (
    OPEN,
    Maxima,
    largest_not_rejected,
    limit_of_effect,
    maximize_effects,
    with_ties,
)
from riskset.inference.split_exposure import RerandomizedEffect

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

    day: Floats
    dose: Floats

    def at(self, days: Floats) -> Floats:
        """Dose on each day."""
        place = np.searchsorted(self.day, days, side="left")
        doses: Floats = np.r_[0.0, self.dose][place]
        return doses


def rerandomized_dose(
    design: ExposureDesign,
    paths: Sequence[DosePath],
    *,
    draws: int,
    level: float,
    seed: int,
) -> RerandomizedEffect:
    r"""Estimate the effect of one unit of dose on the log hazard, tested by redrawn exposures.

    Parameters
    ----------
    design : ExposureDesign
    paths : sequence of DosePath, length n_spells
        In the order of the spells of ``design``. A dose counts while its spell does.
    draws : int
        Redrawn exposures; at least ``1 / (1 - level)``.
    level : float
        Level of the interval, in (0, 1).
    seed : int

    Returns
    -------
    RerandomizedEffect
        Of a linear effect on the log hazard, per unit of dose.

    Raises
    ------
    InferenceError
        If no unit at risk at an event has a dose, or ``draws`` is too small for the level.

    Notes
    -----
    With :math:`\ell(\theta)` the log partial likelihood (ties after Efron), the statistic of an
    effect is :math:`2\{\ell(\hat\theta) - \ell(\theta)\}`. Its critical value is that of the
    redrawn exposures at no effect, as in
    :func:`~riskset.inference.rerandomized_pair`: the test of no effect is exact up to
    the coarsening of strata, and the interval holds every effect whose
    statistic does not exceed the critical value.

    References
    ----------
    Rosenbaum, P. R. (2002). *Observational Studies*, 2nd ed., ch. 2 and 5. Springer.
    doi:10.1007/978-1-4757-3692-2
    """
    alpha = 1.0 - check_level(level, InferenceError)
    if (draws + 1) * alpha < 1:
        raise InferenceError(f"{draws} draws cannot reject at {alpha:g}.")
    if len(paths) != design.n_spells:
        raise InferenceError(f"{len(paths)} paths of a dose for {design.n_spells} spells.")
    doses = _Doses.of(design, paths)
    own = _DoseLikelihood.of(design.event_counts, *doses.of_assignments(design.unit[None, :]))
    found = own.maxima()
    information = float(found.information[0])
    if information <= 1e-12:
        raise InferenceError("No event time has units at risk with different doses.")
    unit, _ = redraw(design, draws, np.random.default_rng(seed))
    reference = np.empty(draws)
    for start in range(0, draws, _BATCH):
        batch = slice(start, min(start + _BATCH, draws))
        fitted = _DoseLikelihood.of(design.event_counts, *doses.of_assignments(unit[batch]))
        reference[batch] = fitted.maxima().statistic
    lost, effect = float(found.statistic[0]), float(found.effect[0])
    reference = with_ties(reference, lost)
    critical = largest_not_rejected(reference, alpha)

    def statistic(value: float) -> float:
        return 2 * (float(found.best[0]) - float(own.at(np.array([value]))[0][0]))

    scale = doses.scale
    estimate = effect if abs(effect) < OPEN - 1 else float(np.copysign(np.inf, effect))
    return RerandomizedEffect(
        estimate=estimate / scale,
        statistic=lost,
        p_value=float((1 + np.count_nonzero(reference >= lost)) / (draws + 1)),
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
    fails : ndarray of bool, shape (n_rows,)
    scale : float
        The largest dose of any path.
    """

    begin: Integers
    size: Integers
    time: Integers
    dose: Floats
    fails: Booleans
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
        day = np.r_[design.origin, 0.0][unit] + design.event_counts.time[time]
        dose = np.empty(time.size)
        for number, path in enumerate(paths):
            own = spell == number
            dose[own] = path.at(day[own]) / scale
        return cls(begin, size, time, dose, design.end_position[spell, unit] == time, scale)

    def of_assignments(self, unit: Integers) -> tuple[int, Integers, Integers, Floats, Booleans]:
        """Rows of assignments, shape (draws, n_spells): draw, risk set, dose, whether it fails."""
        spell = np.arange(unit.shape[1])
        size = self.size[spell, unit]
        row = _ranges(self.begin[spell, unit].ravel(), size.ravel())
        draw = np.repeat(np.arange(unit.shape[0]), size.sum(axis=1))
        kept = self.dose[row] > 0
        row, draw = row[kept], draw[kept]
        return unit.shape[0], draw, self.time[row], self.dose[row], self.fails[row]


def _ranges(first: Integers, size: Integers) -> Integers:
    """Concatenate ranges of so many whole numbers from ``first`` on."""
    before = np.cumsum(size) - size
    ranges: Integers = np.arange(size.sum()) + np.repeat(first - before, size)
    return ranges


@dataclass(frozen=True, slots=True)
class _DoseLikelihood:
    """The partial likelihood of a dose, for many assignments at once.

    Attributes
    ----------
    draws : int
    cell, cell_of_events : ndarray of int
        Draw × risk set of each row with a dose, and of those that fail.
    dose, dose_of_events : ndarray of float
    events : ndarray of float, shape (draws,)
        Sum of the doses of those that fail.
    row : ndarray of int, shape (n_terms,)
        Risk set of each term of Efron's sum: one for each event.
    fraction, others : ndarray of float, shape (n_terms,)
        Fraction of the tied events that a term leaves out, and units counted in it.
    n_times : int
        Risk totals.
    """

    draws: int
    cell: Integers
    cell_of_events: Integers
    dose: Floats
    dose_of_events: Floats
    events: Floats
    row: Integers
    fraction: Floats
    others: Floats
    n_times: int

    @classmethod
    def of(
        cls,
        totals: EventCounts,
        draws: int,
        draw: Integers,
        time: Integers,
        dose: Floats,
        fails: Booleans,
    ) -> _DoseLikelihood:
        count = totals.events.astype(np.int64)
        row = np.repeat(np.arange(count.size), count)
        fraction = (np.arange(row.size) - (np.cumsum(count) - count)[row]) / totals.events[row]
        cell = draw * count.size + time
        events = np.bincount(draw[fails], weights=dose[fails], minlength=draws).astype(np.float64)
        others = totals.at_risk[row] - fraction * totals.events[row]
        return cls(
            draws, cell, cell[fails], dose, dose[fails], events, row, fraction, others, count.size
        )

    def at(self, effect: Floats) -> tuple[Floats, Floats, Floats]:
        """Return log likelihood, score and information at an effect, shape (draws,) each."""
        more, first, second = self._sums(self.cell, self.dose, effect)
        more_, first_, second_ = self._sums(self.cell_of_events, self.dose_of_events, effect)
        row, left_out = self.row, self.fraction
        total = self.others + more[:, row] - left_out * more_[:, row]
        mean = (first[:, row] - left_out * first_[:, row]) / total
        square = (second[:, row] - left_out * second_[:, row]) / total
        loglik = effect * self.events - np.log(total).sum(axis=1)
        return loglik, self.events - mean.sum(axis=1), (square - mean**2).sum(axis=1)

    def _sums(self, cell: Integers, dose: Floats, effect: Floats) -> tuple[Floats, Floats, Floats]:
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
        return maximize_effects(self.at, self.draws)
