"""The Cox model of one yes-or-no exposure, refitted without each cluster at once.

The null calibration of a cluster jackknife refits the model once per cluster and draw. With one
covariate, fixed from the start or changing in time, and nobody who enters late, all refits of a
draw are one Newton iteration over arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers

#: A log ratio beyond this is a likelihood that keeps rising: no estimate.
OPEN = 15.0
STEPS = 50
CONVERGED = 1e-11


@dataclass(frozen=True, slots=True)
class BinaryExposure:
    """Who is at risk at each event time, by cluster, whatever the exposure.

    Attributes
    ----------
    at_risk, fails : ndarray of float, shape (n_units, n_times)
        Whether a unit is at risk at, or has the event on, an event time of its stratum.
    cluster : ndarray of int, shape (n_units,)
    n_clusters : int
    times : ndarray of float, shape (n_times,)
        Event times, by stratum.
    """

    at_risk: Floats
    fails: Floats
    cluster: Integers
    n_clusters: int
    times: Floats

    @classmethod
    def of(
        cls, stop: Floats, event: Booleans, stratum: pd.Series, cluster: pd.Series
    ) -> BinaryExposure:
        """Lay out units that are followed from zero to ``stop``.

        Examples
        --------
        >>> stop = np.array([5.0, 8.0, 3.0, 9.0, 2.0, 7.0])
        >>> event = np.array([True, True, True, False, True, True])
        >>> one, hosts = pd.Series(np.zeros(6)), pd.Series([1, 1, 2, 2, 3, 3])
        >>> laid_out = BinaryExposure.of(stop, event, one, hosts)
        >>> beta = laid_out.estimates(np.array([True, False, True, False, False, True]))
        >>> beta.shape, round(float(beta[-1]), 3)
        ((4,), 1.208)
        """
        codes, _ = pd.factorize(stratum, sort=True)
        owner, names = pd.factorize(cluster, sort=True)
        moments = pd.DataFrame({"stratum": codes[event], "time": stop[event]}).drop_duplicates()
        same = codes[:, None] == moments["stratum"].to_numpy()
        time = moments["time"].to_numpy()
        at_risk = same & (stop[:, None] >= time)
        fails = same & (stop[:, None] == time) & event[:, None]
        return cls(
            at_risk.astype(float), fails.astype(float), owner.astype(np.int64), len(names), time
        )

    def _without(self, units: Floats, chosen: Booleans) -> Floats:
        """Sums over chosen units, without each cluster in turn; over all in the last row."""
        own = np.zeros((self.n_clusters + 1, units.shape[1]))
        np.add.at(own, self.cluster[chosen], units[chosen])
        total: Floats = own.sum(axis=0) - own
        return total

    def estimates(self, exposed: Booleans) -> Floats:
        """Log hazard ratio without each cluster, and of all in the last place (ties by Efron).

        Parameters
        ----------
        exposed : ndarray of bool, shape (n_units,) or (n_units, n_times)
            Fixed from the start, or as it stands at each of :attr:`times`.
        """
        everyone = np.ones(len(exposed), dtype=bool)
        n, d = self._without(self.at_risk, everyone), self._without(self.fails, everyone)
        if exposed.ndim == 1:
            n1, d1 = self._without(self.at_risk, exposed), self._without(self.fails, exposed)
        else:
            n1, d1 = (
                self._without(units * exposed, everyone) for units in (self.at_risk, self.fails)
            )
        # Times without variation in exposure, or without an event, say nothing of the ratio.
        says = ((n1 > 0) & (n1 < n) & (d > 0)).any(axis=0)
        n, d, n1, d1 = (a[:, says] for a in (n, d, n1, d1))
        tied = np.arange(int(d.max(initial=0.0)))[:, None, None]
        counts = (tied < d) & (n1 < n) & (n1 > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            fraction = tied / d
            one = np.where(counts, n1 - fraction * d1, 0.0)
            other = np.where(counts, (n - n1) - fraction * (d - d1), 0.0)
        seen = np.where((n1 < n) & (n1 > 0), d1, 0.0).sum(axis=1)
        beta = np.zeros(self.n_clusters + 1)
        for _ in range(STEPS):
            weight = one * np.exp(np.clip(beta, -OPEN, OPEN))[None, :, None]
            with np.errstate(invalid="ignore", divide="ignore"):
                share = np.where(counts, weight / (weight + other), 0.0)
            score = seen - share.sum(axis=(0, 2))
            information = (share * (1 - share)).sum(axis=(0, 2))
            with np.errstate(invalid="ignore", divide="ignore"):
                step = np.where(information > 0, score / information, 0.0)
            beta = np.clip(beta + np.clip(step, -1.0, 1.0), -OPEN, OPEN)
            if np.abs(step[np.abs(beta) < OPEN]).max(initial=0.0) < CONVERGED:
                break
        is_open = (np.abs(beta) >= OPEN) | (information <= 0)
        return np.where(is_open, np.nan, beta)

    def refit(self, exposed: Booleans) -> Callable[[Booleans], float]:
        """A refit of the log hazard ratio on all units, or on all but one whole cluster."""
        found = self.estimates(exposed)

        def fit(kept: Booleans) -> float:
            return float(found[-1] if kept.all() else found[self.cluster[np.argmin(kept)]])

        return fit
