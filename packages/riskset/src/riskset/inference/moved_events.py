"""Moved events: which unit of each stack the event might have come to, drawn again and again.

The statistic of a unit is the score of an effect if the event were its own: what was counted less
what is expected, weighed as its stack would be weighed then. Where every event is to speak once, it
is the unit's own log ratio (:class:`MeanRatioWindow`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from riskset.arrays import Booleans, Floats, Integers
from riskset.errors import InferenceError
from riskset.inference.inversion import (
    InvertedInterval,
    inverted_interval,
    rejected_by,
    tail_p_value,
)
from riskset.regression.stacked_log_ratios import log_ratios
from riskset.regression.stacked_poisson import EventStack, stack_deviations, stacked_poisson

#: Halvings of an interval: each fits every stack once.
_STEPS = 22
#: Draws of the reference that random events are tested against, at the least.
_REFERENCE = 2000


@dataclass(frozen=True, slots=True)
class EventWindow:
    """Stacks around events, and the months whose ratio is in question.

    Attributes
    ----------
    stacks : sequence of EventStack
    months : ndarray of bool, shape (n_months,)
        Months of the ratio.
    used : ndarray of bool, shape (n_months,), or None
        Months that the fit uses; all if None.
    weights : sequence of ndarray of float, shape (n_units,), or None
        How much each unit of each stack would count if the event were its own; alike if None.
    """

    stacks: Sequence[EventStack]
    months: Booleans
    used: Booleans | None = None
    weights: Sequence[Floats] | None = None

    def statistics(self, log_effect: float) -> list[Floats]:
        """Return the score of every unit of each stack, the treated one freed of an effect."""
        found = []
        for place, stack in enumerate(self.stacks):
            counts = stack.counts.copy()
            counts[0, self.months] *= math.exp(-log_effect)
            observed, expected = stack_deviations(EventStack(counts), self.months, self.used)
            weight: Floats | float = 1.0 if self.weights is None else self.weights[place]
            found.append((observed - expected) * weight)
        return found


@dataclass(frozen=True, slots=True)
class MeanRatioWindow(EventWindow):
    """The same, of the mean of log ratios: the statistic of a unit is its own log ratio."""

    def statistics(self, log_effect: float) -> list[Floats]:
        """Return the log ratio of every unit of each stack, the treated one freed of an effect."""
        found = []
        for stack in self.stacks:
            counts = stack.counts.copy()
            counts[0, self.months] *= math.exp(-log_effect)
            every = np.ones(counts.shape[1], dtype=bool) if self.used is None else self.used
            found.append(log_ratios(EventStack(counts), self.months, every & ~self.months))
        return found


def moved_p_value(values: Sequence[Floats], picks: Sequence[Integers]) -> float:
    """Return the equal-tailed p-value of the first units against redrawn ones.

    Parameters
    ----------
    values : sequence of ndarray of float, shape (n_units,)
    picks : sequence of ndarray of int, shape (draws,)
        Which unit of each stack the event came to.
    """
    return tail_p_value(math.fsum(float(v[0]) for v in values), _sums(values, picks))


def _sums(values: Sequence[Floats], picks: Sequence[Integers]) -> Floats:
    found: Floats = np.asarray(sum(v[p] for v, p in zip(values, picks, strict=True)))
    return found


def move_events(
    stacks: Sequence[EventStack], draws: int, seed: int, chances: Sequence[Floats] | None = None
) -> list[Integers]:
    """Draw the unit of each stack that the event comes to.

    Parameters
    ----------
    stacks : sequence of EventStack
    draws : int
    seed : int
    chances : sequence of ndarray of float, shape (n_units,), optional
        How likely each unit is to have the event; alike unless given.

    Examples
    --------
    >>> stack = EventStack(np.ones((4, 2)))
    >>> [picks] = move_events([stack], 6, seed=1)
    >>> picks.shape, bool((picks < 4).all())
    ((6,), True)
    """
    rng = np.random.default_rng(seed)
    found = []
    for place, stack in enumerate(stacks):
        chance = None if chances is None else chances[place] / chances[place].sum()
        found.append(rng.choice(len(stack.counts), size=draws, p=chance))
    return found


def moved_events(
    window: EventWindow, *, draws: int, level: float, seed: int, estimate: float | None = None
) -> InvertedInterval:
    """Return p-value and interval of a stacked ratio by moving the events within their stacks.

    Parameters
    ----------
    window : EventWindow
    draws : int
    level : float
    seed : int
    estimate : float, optional
        Log ratio from where on an accepted one is looked for; that of the stacks unless given.

    Raises
    ------
    InferenceError
        If there is no stack.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> stacks = [EventStack(rng.poisson(9.0, (8, 24)).astype(float)) for _ in range(9)]
    >>> window = EventWindow(stacks, np.arange(24) >= 12)
    >>> found = moved_events(window, draws=499, level=0.95, seed=1)
    >>> bool(found.low < 0 < found.high), found.p_value > 0.05
    (True, True)
    """
    if not window.stacks:
        raise InferenceError("there is no stack: no event can be moved.")
    if estimate is None:
        estimate = stacked_poisson(window.stacks, window.months, window.used).estimate
    picks = move_events(window.stacks, draws, seed)
    return inverted_interval(
        lambda effect: moved_p_value(window.statistics(effect), picks),
        estimate,
        level=level,
        steps=_STEPS,
    )


def moved_rejections(
    window: EventWindow,
    draws: int,
    alpha: float,
    seed: int,
    chances: Sequence[Floats] | None = None,
) -> tuple[int, Floats]:
    """Return how many of so many events that change nothing are rejected, and their statistics.

    Parameters
    ----------
    window : EventWindow
        As it is: what was counted is left as it was, wherever the event comes.
    draws : int
    alpha : float
    seed : int
    chances : sequence of ndarray of float, optional
        How likely each unit is to have the event; alike unless given.
    """
    values = window.statistics(0.0)
    reference = _sums(values, move_events(window.stacks, max(draws, _REFERENCE), seed))
    made = _sums(values, move_events(window.stacks, draws, seed + 1, chances))
    return rejected_by(made, reference, alpha), made


def preference(marked: Sequence[Booleans]) -> float:
    """Return the odds ratio of a mark among units with the event against their controls.

    Parameters
    ----------
    marked : sequence of ndarray of bool, shape (n_units,)
        One array a stack, its first element the unit with the event.

    Returns
    -------
    float
        At least one. Half a unit is added to each count, so that a mark which all units with the
        event share has finite odds.

    Examples
    --------
    >>> preference([np.array([True, False, False]), np.array([True, True, False])])
    10.0
    """
    stacks = [own for own in marked if len(own) > 1]
    treated = math.fsum(float(own[0]) for own in stacks)
    controls = math.fsum(float(np.mean(own[1:])) for own in stacks)
    n = len(stacks)
    odds = [(count + 0.5) / (n - count + 0.5) for count in (treated, controls)]
    return max(odds[0] / odds[1], 1.0)
