"""An exposure split in two, early and late or weak and strong: each part's effect, and the ratio.

A spell belongs to one part or the other, or passes from one to the other. The partial likelihood
then depends on the counts of both parts at risk at each event time, and thousands of redrawn
exposures again cost one pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from riskset.arrays import Floats, Integers
from riskset.errors import InferenceError, check_level
from riskset.inference.assignment import redraw
from riskset.inference.event_counts import EventCounts
from riskset.inference.exposure_design import ExposureDesign
from riskset.inference.reference_distribution import (
    OPEN,
    largest_not_rejected,
    limit_of_effect,
    with_ties,
)

#: Change of a log hazard ratio at which a maximum is reached.
_PRECISION = 1e-8
#: Assignments fitted together, which bounds memory.
_BATCH = 250

#: Units at risk with an exposure, and events with it, at each time: shape (draws, n_times) each.
Counts = tuple[Floats, Floats]
Split = Callable[[Integers], tuple[Counts, Counts]]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Which effect is in question, and which is left free.

    Attributes
    ----------
    tested, free : tuple of float
        How the log hazard ratios of the first and the second part move with the effect in question
        and with the free one.
    """

    tested: tuple[float, float]
    free: tuple[float, float]


CONTRASTS = {
    "first": Contrast(tested=(1.0, 0.0), free=(0.0, 1.0)),
    "second": Contrast(tested=(0.0, 1.0), free=(1.0, 0.0)),
    # The first part's effect less the second's; what is left free is common to both.
    "ratio": Contrast(tested=(1.0, 0.0), free=(1.0, 1.0)),
}


@dataclass(frozen=True, slots=True)
class RerandomizedEffect:
    """What the data say about one effect.

    Attributes
    ----------
    estimate : float
        Log hazard ratio (log ratio of two) that maximizes the partial likelihood, ties after
        Efron; infinite where it keeps rising.
    statistic : float
        SplitLikelihood-ratio statistic of no effect.
    p_value : float
        Share of redrawn exposures with a statistic as large, with the +1 rule.
    ci_low, ci_high : float
        Limits of the effect; may be infinite.
    critical : float
        Statistic beyond which an effect is rejected.
    information : float
        About the effect at no effect, the free one at its maximum.
    """

    estimate: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    critical: float
    information: float


def rerandomized_pair(
    design: ExposureDesign, split: Split, *, draws: int, level: float, seed: int
) -> dict[str, RerandomizedEffect]:
    r"""Estimate the effects of both parts of a split exposure, and their ratio.

    Parameters
    ----------
    design : ExposureDesign
        All spells, of either part.
    split : callable
        From assignments, shape (draws, n_spells), to the counts of the first and of the second part
        (:func:`~riskset.inference.assignment.exposed_counts`). It must follow the
        *redrawn* unit: a spell that is early on one unit may be late on another.
    draws : int
        Redrawn exposures; at least ``1 / (1 - level)``.
    level : float
        Level of the intervals, in (0, 1).
    seed : int

    Returns
    -------
    dict of RerandomizedEffect
        ``first, second, ratio``.

    Raises
    ------
    InferenceError
        If one of the parts is never at risk together with other units, or ``draws`` is too small
        for the level.

    Notes
    -----
    With :math:`\ell(\theta)` the log partial likelihood at an effect :math:`\theta`, the free
    effect at its maximum, the statistic is :math:`2\{\ell(\hat\theta) - \ell(\theta)\}`. Its
    critical value :math:`c` is that of the redrawn exposures at no effect, not that of
    :math:`\chi^2_1`: exposures are few, and fall on days and regions of their own. The interval
    holds every :math:`\theta` whose statistic does not exceed :math:`c`. The test of no effect of
    either part is exact up to the coarsening of strata; elsewhere it holds as far as the statistic
    is free of the effects, which it is to a better order than the score.

    References
    ----------
    Rosenbaum, P. R. (2002). *Observational Studies*, 2nd ed., ch. 2. Springer.
    doi:10.1007/978-1-4757-3692-2

    Barndorff-Nielsen, O. E. & Cox, D. R. (1994). *Inference and Asymptotics*, ch. 4. Chapman &
    Hall. doi:10.1007/978-1-4899-3210-5
    """
    alpha = 1.0 - check_level(level, InferenceError)
    if (draws + 1) * alpha < 1:
        raise InferenceError(f"{draws} draws cannot reject at {alpha:g}.")
    real = split(design.unit[None, :])
    totals = design.event_counts
    for part, (at_risk, _) in zip(("first", "second"), real, strict=True):
        if not np.any((at_risk > 0) & (at_risk < totals.at_risk)):
            raise InferenceError(f"No event time has units with and without the {part} part.")
    unit, _ = redraw(design, draws, np.random.default_rng(seed))
    reference = {name: np.empty(draws) for name in CONTRASTS}
    for start in range(0, draws, _BATCH):
        batch = slice(start, min(start + _BATCH, draws))
        fitted = SplitLikelihood.of(totals, split(unit[batch]))
        best, _ = fitted.maximum()
        for name, contrast in CONTRASTS.items():
            reference[name][batch] = 2 * (best - fitted.profile(contrast, 0.0)[0])
    return {
        name: _answer(SplitLikelihood.of(totals, real), contrast, reference[name], alpha)
        for name, contrast in CONTRASTS.items()
    }


@dataclass(frozen=True, slots=True)
class SplitLikelihood:
    """The partial likelihood of a split exposure, for many assignments at once.

    Attributes
    ----------
    parts : ndarray of float, shape (2, draws, n_terms)
        Units of each part at risk at each term of Efron's sum.
    others : ndarray of float, shape (draws, n_terms)
    events : ndarray of float, shape (2, draws)
    """

    parts: Floats
    others: Floats
    events: Floats

    @classmethod
    def of(cls, totals: EventCounts, counts: tuple[Counts, Counts]) -> SplitLikelihood:
        """Lay out one term for each event, ties after Efron."""
        count = totals.events.astype(np.int64)
        row = np.repeat(np.arange(count.size), count)
        fraction = (np.arange(row.size) - (np.cumsum(count) - count)[row]) / totals.events[row]
        at_risk = np.stack([part[0] for part in counts])
        events = np.stack([part[1] for part in counts])
        own = at_risk[:, :, row] - fraction * events[:, :, row]
        everybody = totals.at_risk[row] - fraction * totals.events[row]
        return cls(own, everybody - own.sum(axis=0), events.sum(axis=2))

    def at(self, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """Return log likelihood, gradient and negative Hessian at ``eta``, shape (2, draws)."""
        weighted = self.parts * np.exp(eta)[:, :, None]
        total = self.others + weighted.sum(axis=0)
        share = weighted / total
        loglik = (eta * self.events).sum(axis=0) - np.log(total).sum(axis=1)
        gradient = self.events - share.sum(axis=2)
        hessian = -np.einsum("kbt,lbt->klb", share, share)
        hessian[0, 0] += share[0].sum(axis=1)
        hessian[1, 1] += share[1].sum(axis=1)
        return loglik, gradient, hessian

    def maximum(self) -> tuple[Floats, Floats]:
        """Return the highest log likelihood, shape (draws,), and where it is, shape (2, draws)."""
        return self._climb(np.zeros_like(self.events), np.eye(2))

    def profile(self, contrast: Contrast, effect: float) -> tuple[Floats, Floats]:
        """Return the highest log likelihood at an effect, and where it is."""
        start = np.outer(contrast.tested, np.full(self.events.shape[1], effect))
        return self._climb(start, np.array([contrast.free]))

    def _climb(self, eta: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Newton along some directions, steps halved until the likelihood does not fall."""
        loglik, gradient, hessian = self.at(eta)
        for _ in range(60):
            slope = directions @ gradient
            bend = np.einsum("ik,klb,jl->bij", directions, hessian, directions)
            bend += 1e-9 * np.eye(len(directions))
            step = directions.T @ np.linalg.solve(bend, slope.T[:, :, None])[:, :, 0].T
            step = np.clip(step, -2.0, 2.0)
            length = np.ones(eta.shape[1])
            for _ in range(30):
                there = np.clip(eta + length * step, -OPEN, OPEN)
                following = self.at(there)
                fell = following[0] < loglik - 1e-10
                if not fell.any():
                    break
                length[fell] /= 2
            moved = float(np.abs(there - eta).max())
            eta, (loglik, gradient, hessian) = there, following
            if moved < _PRECISION:
                break
        return loglik, eta


def _answer(
    fitted: SplitLikelihood, contrast: Contrast, reference: Floats, alpha: float
) -> RerandomizedEffect:
    """Estimate, test and interval of one effect, for the single assignment of ``fitted``."""
    best, at = fitted.maximum()
    psi, free = np.array(contrast.tested), np.array(contrast.free)
    effect = float((at[0] - at[1])[0] if contrast is CONTRASTS["ratio"] else psi @ at[:, 0])

    def statistic(value: float) -> float:
        return float(2 * (best - fitted.profile(contrast, value)[0])[0])

    none = statistic(0.0)
    reference = with_ties(reference, none)
    critical = largest_not_rejected(reference, alpha)
    _, _, hessian = fitted.at(fitted.profile(contrast, 0.0)[1])
    own, cross, other = (
        a @ hessian[:, :, 0] @ b for a, b in ((psi, psi), (psi, free), (free, free))
    )
    return RerandomizedEffect(
        estimate=effect if abs(effect) < OPEN - 1 else float(np.copysign(np.inf, effect)),
        statistic=none,
        p_value=float((1 + np.count_nonzero(reference >= none)) / (reference.size + 1)),
        ci_low=limit_of_effect(statistic, effect, critical, -1.0),
        ci_high=limit_of_effect(statistic, effect, critical, 1.0),
        critical=critical,
        information=float(own - cross**2 / other) if other > 1e-6 else float(own),
    )
