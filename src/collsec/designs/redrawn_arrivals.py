"""Stacks of arrivals laid out, the score of an effect in them, and redraws of who received one.

The engine of :mod:`collsec.designs.monthly_violence`, apart from what a hypothesis asks of it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec.designs.arrivals import BEFORE, Arrivals
from collsec.designs.log_linear import Stack, deviations, log_ratio

#: Deaths that make a year of war, below which a host is not weighed up further.
YEAR_OF_WAR = 25.0
#: A limit beyond these log ratios is open.
OPEN, STEPS = 6.0, 22


@dataclass(frozen=True, slots=True)
class Laid:
    """Arrivals, and how each stack counts."""

    found: Arrivals
    stacks: tuple[Stack, ...]

    @property
    def after(self) -> np.ndarray:
        """Months from the arrival on."""
        later: np.ndarray = self.found.relative >= 0
        return later

    @property
    def lead(self) -> np.ndarray:
        """The twelve months before the arrival."""
        relative = self.found.relative
        lead: np.ndarray = (relative >= -BEFORE // 2) & (relative < 0)
        return lead

    def counts(self) -> dict[str, int]:
        """Arrivals, hosts and months; the treated outcome is an arrival."""
        hosts = {int(h) for own in self.found.hosts for h in own}
        known = sum(int(s.known.sum()) for s in self.stacks)
        events = self.found.events
        return {
            "nobs": known,
            "n_units": len(hosts),
            "n_events": int(sum(s.values.sum() for s in self.stacks)),
            "n_clusters": len(hosts),
            "exposed_units": len(events),
            "exposed_events": len(events),
            "exposed_clusters": int(events["gwno_host"].nunique()),
        }

    def only(self, rows: Callable[[int], np.ndarray]) -> Laid:
        """The same stacks with some of their control rows."""
        keep = [np.r_[True, rows(place)[1:]] for place in range(len(self.stacks))]
        use = [own.sum() > 1 for own in keep]
        events = self.found.events[use].reset_index(drop=True)
        chosen = [place for place, stays in enumerate(use) if stays]
        found = dataclasses.replace(
            self.found,
            events=events,
            hosts=tuple(self.found.hosts[p][keep[p]] for p in chosen),
            later=tuple(self.found.later[p][keep[p]] for p in chosen),
            status=tuple(self.found.status[p][keep[p]] for p in chosen),
            ending=tuple(self.found.ending[p][keep[p]] for p in chosen),
        )
        cut = tuple(
            dataclasses.replace(self.stacks[p], counts=self.stacks[p].counts[keep[p]])
            for p in chosen
        )
        return Laid(found, cut)

    def without(self, place: int) -> Laid:
        """Without one arrival."""
        stays = [p for p in range(len(self.stacks)) if p != place]
        return Laid(self.found, tuple(self.stacks[p] for p in stays))

    def pooled(self) -> Laid:
        """Every death counts alike, and with it arrivals in proportion to their deaths."""
        return Laid(self.found, tuple(dataclasses.replace(s, weight=1.0) for s in self.stacks))


def equal(found: Arrivals) -> Laid:
    """Every arrival counts alike: its stack is weighed by its host's deaths before it."""
    stacks = [dataclasses.replace(s, weight=float(own_weight(s)[0])) for s in found.stacks]
    return Laid(found, tuple(stacks))


def own_weight(stack: Stack) -> np.ndarray:
    """One over each host's deaths in the two years before, or over those of a year of war."""
    found: np.ndarray = 1.0 / np.maximum(stack.values[:, :BEFORE].sum(axis=1), YEAR_OF_WAR)
    return found


def statistics(
    laid: Laid,
    months: np.ndarray,
    window: np.ndarray | None,
    log_effect: float,
    *,
    is_pooled: bool,
) -> list[np.ndarray]:
    """What each host of each stack would show, if its deaths were freed of an effect.

    The score of the pseudo-likelihood: observed less expected deaths, each host weighed as it
    would be if the arrival were its own.
    """
    found = []
    for stack in laid.stacks:
        counts = stack.counts.copy()
        counts[0, months] *= math.exp(-log_effect)
        observed, expected = deviations(Stack(counts), months, window)
        weight = 1.0 if is_pooled else own_weight(stack)
        found.append((observed - expected) * weight)
    return found


def preference(status: Sequence[np.ndarray]) -> float:
    """Odds ratio of a status among the hosts of arrivals against their controls; at least one.

    Parameters
    ----------
    status : sequence of ndarray of bool, shape (n_hosts,)
        One array a stack, its first element the host of the arrival. Half a host is added to each
        count, so that a status which all arrivals share has finite odds.
    """
    stacks = [own for own in status if len(own) > 1]
    arrived = sum(float(own[0]) for own in stacks)
    controls = sum(float(np.mean(own[1:])) for own in stacks)
    n = len(stacks)
    odds = [(count + 0.5) / (n - count + 0.5) for count in (arrived, controls)]
    return max(odds[0] / odds[1], 1.0)


def redrawn_p(values: list[np.ndarray], picks: list[np.ndarray]) -> tuple[float, bool]:
    """Equal-tailed p-value of the first rows against redrawn ones, and whether they lie above."""
    observed = sum(float(v[0]) for v in values)
    reference = sum(v[p] for v, p in zip(values, picks, strict=True))
    tie = 1e-9 * (1.0 + abs(observed))
    above = (np.count_nonzero(reference >= observed - tie) + 1) / (len(reference) + 1)
    below = (np.count_nonzero(reference <= observed + tie) + 1) / (len(reference) + 1)
    return min(1.0, 2 * min(above, below)), bool(above < below)


def picked(
    laid: Laid, draws: int, seed: int, weights: Sequence[np.ndarray] | None = None
) -> list[np.ndarray]:
    """Which host of each stack receives the arrival, drawn again and again."""
    rng = np.random.default_rng(seed)
    found = []
    for place, stack in enumerate(laid.stacks):
        n = len(stack.counts)
        chance = None if weights is None else weights[place] / weights[place].sum()
        found.append(rng.choice(n, size=draws, p=chance))
    return found


def inverted(
    laid: Laid,
    months: np.ndarray,
    window: np.ndarray | None,
    picks: list[np.ndarray],
    level: float,
    start: float,
    *,
    is_pooled: bool,
) -> tuple[float, float, float]:
    """p-value of no effect, and the limits of the log ratios that are not rejected."""

    def accepts(effect: float) -> bool:
        values = statistics(laid, months, window, effect, is_pooled=is_pooled)
        return redrawn_p(values, picks)[0] > 1 - level

    p, _ = redrawn_p(statistics(laid, months, window, 0.0, is_pooled=is_pooled), picks)
    # An effect that the test accepts: the estimate, or one near it.
    grid = start + np.array([0.0, -0.25, 0.25, -0.5, 0.5, -1.0, 1.0, -2.0, 2.0])
    center = next((float(g) for g in grid if accepts(float(g))), math.nan)
    if math.isnan(center):
        return p, math.nan, math.nan

    def limit(side: float) -> float:
        inside, outside = center, side * OPEN
        if accepts(outside):
            return side * math.inf
        for _ in range(STEPS):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if accepts(middle) else (inside, middle)
        return inside

    return p, limit(-1.0), limit(1.0)


def engine_gap(laid: Laid) -> float:
    """Distance of the pooled log ratio from that of a Poisson regression with dummies."""
    import statsmodels.api as sm

    if not laid.stacks:
        return 0.0
    frames = []
    for place, stack in enumerate(laid.stacks):
        rows, columns = np.nonzero(stack.known)
        # A row or a month without any death has a mean of zero, and no part in the fit.
        y = stack.values[rows, columns]
        alive = (stack.values.sum(axis=1) > 0)[rows] & (stack.values.sum(axis=0) > 0)[columns]
        frames.append(
            pd.DataFrame(
                {
                    "y": y,
                    "treated": (rows == 0) & laid.after[columns],
                    "row": [f"{place}.r{r}" for r in rows],
                    "column": [f"{place}.c{c}" for c in columns],
                    "weight": stack.weight,
                }
            )[alive]
        )
    # Two stacks show whether the engines agree; all of them would need thousands of dummies.
    data = pd.concat(frames[:2], ignore_index=True)
    dummies = [
        pd.get_dummies(data["row"], dtype=float),
        pd.get_dummies(data["column"], dtype=float).iloc[:, 1:],
    ]
    x = np.column_stack([data["treated"].astype(float), *(d.to_numpy() for d in dummies)])
    if np.linalg.matrix_rank(x) < x.shape[1]:  # a column of each further stack is a sum of others
        ranks = [np.linalg.matrix_rank(x[:, : column + 1]) for column in range(x.shape[1])]
        x = x[:, np.diff(ranks, prepend=0) > 0]
    model = sm.GLM(
        data["y"].to_numpy(), x, family=sm.families.Poisson(), freq_weights=data["weight"]
    )
    fitted = model.fit(tol=1e-13, maxiter=200)
    own = log_ratio(laid.stacks[:2], laid.after).estimate
    return abs(float(fitted.params[0]) - own)
