"""Redraws that keep the acts on one war together, as they come in series on the same war.

Where acts are redrawn one by one, twenty acts on one war become acts on twenty wars, and sums over
them vary less than those of the real ones. Here a war that receives one act of a series receives
the next one too, as far as it is at risk then. Each act still falls on every member of its set
alike: a war is kept by the maximal coupling of two uniform draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from riskset import MatchedOutcomes
from riskset.inference import InvertedInterval
from riskset.inference.inversion import inverted_interval, rejected_by
from riskset.inference.matched_sets import RedrawnSets, redrawn_sets

#: Halvings of an interval; draws of the reference that random acts are tested against, at least.
STEPS, REFERENCE = 60, 2000


@dataclass(frozen=True, slots=True)
class Series:
    """Matched sets whose acts come in series.

    Attributes
    ----------
    sets : MatchedOutcomes
    unit : ndarray of int, shape (n_members,)
        Code of each member's war.
    series : ndarray of int, shape (n_sets,)
        Acts of one code are redrawn together, in the order of the sets.
    """

    sets: MatchedOutcomes
    unit: np.ndarray
    series: np.ndarray

    def redrawn(self, draws: int, rng: np.random.Generator) -> RedrawnSets:
        """Draw one member of each set, the same war for the sets of a series where it can be."""
        others, treated = np.zeros(draws), np.zeros(draws)
        for pick, _ in self._picks(draws, rng):
            own = self.sets.is_treated[pick]
            treated += np.where(own, self.sets.outcome[pick], 0.0)
            others += np.where(own, 0.0, self.sets.outcome[pick])
        return RedrawnSets(others, treated)

    def held(self, draws: int, seed: int) -> float:
        """How often a war that receives an act receives the next one of the series; NaN if none."""
        rng = np.random.default_rng(seed)
        shares = [float(same.mean()) for _, same in self._picks(draws, rng) if same is not None]
        return float(np.mean(shares)) if shares else math.nan

    def _picks(
        self, draws: int, rng: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """The member drawn in each set, and whether it is the war of the set before."""
        for code in np.unique(self.series):
            held, before = np.full(draws, -1), np.empty(0, dtype=np.int64)
            for number in np.flatnonzero(self.series == code):
                member = np.flatnonzero(self.sets.set_of == number)
                pick = member[coupled(self.unit[member], held, before, rng)]
                same = self.unit[pick] == held if before.size else None
                yield pick, same
                before, held = self.unit[member], self.unit[pick]

    def inverted(self, *, draws: int, level: float, seed: int) -> InvertedInterval:
        """p-value of no effect, and the log ratios that such redraws do not reject."""
        drawn = self.redrawn(draws, np.random.default_rng(seed))
        return inverted_interval(
            lambda effect: drawn.p_value(self.sets, effect),
            self.sets.log_ratio(),
            level=level,
            steps=STEPS,
        )

    def rejections(
        self, draws: int, alpha: float, seed: int, weight: np.ndarray | None = None
    ) -> tuple[int, np.ndarray]:
        """How many of so many acts that change nothing are rejected, and their log ratios.

        Alike they fall in series; by a weight of each member they fall one by one.
        """
        rng = np.random.default_rng(seed)
        reference = self.redrawn(max(draws, REFERENCE), rng)
        made = redrawn_sets(self.sets, draws, rng, weight) if weight is not None else None
        sums = _sums(made or self.redrawn(draws, rng))
        rejected = rejected_by(sums, _sums(reference), alpha)
        return rejected, np.log(np.maximum(sums, np.finfo(float).tiny) / sums.mean())

    def rejected_one_by_one(self, draws: int, alpha: float, seed: int) -> float:
        """How often redraws one by one reject series that change nothing."""
        rng = np.random.default_rng(seed)
        reference = _sums(redrawn_sets(self.sets, max(draws, REFERENCE), rng))
        return rejected_by(_sums(self.redrawn(draws, rng)), reference, alpha) / draws


def _sums(drawn: RedrawnSets) -> np.ndarray:
    """Outcomes of those who received the acts in each draw."""
    return np.asarray(drawn.others + drawn.treated)


def coupled(
    unit: np.ndarray, held: np.ndarray, before: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw a member of a set in each draw: alike over the set, and the war held where possible.

    Parameters
    ----------
    unit : ndarray of int, shape (n_members,)
        Wars of the set.
    held : ndarray of int, shape (draws,)
        War drawn in the set before.
    before : ndarray of int
        Wars of that set; none for the first of a series.
    rng : Generator

    Returns
    -------
    ndarray of int, shape (draws,)
        Places in ``unit``.

    Notes
    -----
    With ``n`` wars in the set and ``k`` in the one before, a war in both has the probabilities
    ``1/n`` and ``1/k``. It is held with probability ``min(1, k/n)``; the rest is drawn where the
    set's own probability exceeds the smaller of both.
    """
    n, k = len(unit), len(before)
    order = np.argsort(unit)
    place = np.searchsorted(unit[order], held)
    inside = place < n
    inside[inside] = unit[order][place[inside]] == held[inside]
    keeps = inside & (rng.random(len(held)) * n < k)
    rest = 1.0 / n - np.isin(unit, before) * min(1.0 / n, 1.0 / max(k, 1))
    out = np.zeros(len(held), dtype=np.int64)
    out[keeps] = order[place[keeps]]
    if not keeps.all():
        chance = rest / rest.sum() if rest.sum() > 1e-12 else np.full(n, 1.0 / n)
        out[~keeps] = rng.choice(n, size=int((~keeps).sum()), p=chance)
    return out
