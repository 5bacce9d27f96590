"""Scores of real and redrawn exposures at any effect, and the limits that invert their test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from collsec.survival.arrays import Floats, Integers
from collsec.survival.inference.assignment import exposed_counts, shared_counts
from collsec.survival.inference.event_counts import EventCounts, studentized_scores
from collsec.survival.inference.exposure_design import ExposureDesign

#: Log hazard ratio beyond which an interval is reported as open.
_OPEN = 16.0
#: Precision of the limits, in log hazard ratio.
_PRECISION = 1e-7
#: Assignments scored together, which bounds memory.
_BATCH = 1000


def null_scores(design: ExposureDesign, unit: Integers) -> Floats:
    """Return the studentized score at no effect of each assignment.

    Parameters
    ----------
    design : ExposureDesign
    unit : ndarray of int, shape (draws, n_spells)

    Returns
    -------
    ndarray of float, shape (draws,)
    """
    scores = np.empty(unit.shape[0])
    nobody = np.zeros(design.event_counts.time.size)
    for first in range(0, unit.shape[0], _BATCH):
        batch = slice(first, first + _BATCH)
        exposed, events = exposed_counts(design, unit[batch])
        scores[batch] = studentized_scores(
            design.event_counts,
            exposed,
            events.sum(axis=1),
            shared=np.zeros_like(exposed),
            real=nobody,
            beta=0.0,
        )
    return scores


@dataclass(frozen=True, slots=True)
class ScoreFunction:
    """Score of the real exposure, and of redrawn ones, at any effect of the real one.

    Attributes
    ----------
    totals : EventCounts
    real : ndarray of float, shape (1, n_times)
        Units at risk with the real exposure.
    real_events : ndarray of float, shape (1,)
    exposed, shared : ndarray of float, shape (draws, n_times)
        Units at risk with the redrawn exposure, and with both.
    events : ndarray of float, shape (draws,)
    """

    totals: EventCounts
    real: Floats
    real_events: Floats
    exposed: Floats
    shared: Floats
    events: Floats

    @classmethod
    def of(cls, design: ExposureDesign, unit: Integers) -> ScoreFunction:
        """Count who is exposed under the real and under redrawn assignments, (draws, n_spells)."""
        real, real_events = exposed_counts(design, design.unit[None, :])
        exposed, events = exposed_counts(design, unit)
        shared = shared_counts(design, unit)
        totals = design.event_counts
        return cls(totals, real, real_events.sum(axis=1), exposed, shared, events.sum(axis=1))

    def __call__(self, beta: float) -> tuple[float, Floats]:
        """Return the real score and the redrawn ones, shape (draws,), at an effect."""
        own = studentized_scores(
            self.totals, self.real, self.real_events, shared=self.real, real=self.real[0], beta=beta
        )
        reference = studentized_scores(
            self.totals, self.exposed, self.events, shared=self.shared, real=self.real[0], beta=beta
        )
        return float(own[0]), reference


def limit_not_rejected(
    scores: ScoreFunction, quantile: Callable[[Floats], float], *, side: float
) -> float:
    """Return the lowest (side -1) or highest (side 1) log hazard ratio that is not rejected.

    Parameters
    ----------
    scores : ScoreFunction
    quantile : callable
        The score that separates what is rejected, of redrawn scores, shape (draws,).
    side : {-1.0, 1.0}

    Notes
    -----
    The search goes outward from no effect, so that a limit lies on the same side of it as the
    test says. Where the score ties with the quantile over a stretch, the stretch belongs to the
    interval.
    """

    def accepted(beta: float) -> bool:
        own, reference = scores(beta)
        return (own - quantile(reference)) * side >= 0

    here = accepted(0.0)
    direction = side if here else -side
    near, far = 0.0, 0.5
    while accepted(direction * far) == here:
        near, far = far, 2 * far
        if far > _OPEN:
            return direction * np.inf
    while far - near > _PRECISION:
        middle = (near + far) / 2
        near, far = (middle, far) if accepted(direction * middle) == here else (near, middle)
    return direction * (near if here else far)
