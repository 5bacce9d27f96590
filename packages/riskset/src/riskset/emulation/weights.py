"""Weights of an emulated trial and what they estimate, for a sample and for its resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats
from riskset.cox.design import CoxDesign
from riskset.emulation.clones import Clones, Trial
from riskset.errors import EstimationError
from riskset.nonparametric.event_sample import NOBODY
from riskset.nonparametric.restricted_mean import area_to

ARMS = ("within grace", "not within grace")
Against = Literal["later", "never"]


@dataclass(frozen=True, slots=True)
class Emulation:
    """What all resamples share: the sorted model of treatment and the clones.

    Attributes
    ----------
    trial : Trial
    design : CoxDesign
        Of the beginning of treatment, one row per unit.
    times : ndarray, shape (q,)
        When treatment begins in some unit, as far as weights change.
    in_grace : int
        How many of them lie within the grace period.
    arms : tuple of Clones
    grace, horizon : float
    truncate : float or None
    """

    trial: Trial
    design: CoxDesign
    times: Floats
    in_grace: int
    arms: tuple[Clones, Clones]
    grace: float
    horizon: float
    truncate: float | None

    @classmethod
    def build(
        cls,
        trial: Trial,
        covariates: list[str],
        grace: float,
        horizon: float,
        against: Against,
        truncate: float | None,
    ) -> Emulation:
        """Sort the model of treatment and cut the clones at its times."""
        begun = trial.treated_by(np.inf)
        clock = np.unique(np.concatenate((trial.treated_at[begun], trial.end)))
        # Odd steps for treatments, even ones for ends: an end comes before a treatment of its time.
        step = 2.0 * np.searchsorted(clock, np.where(begun, trial.treated_at, trial.end)) + begun
        frame = pd.DataFrame(trial.covariates, columns=pd.Index(covariates), index=trial.labels)
        frame = frame.assign(_step=step, _begun=begun)
        design = CoxDesign.from_frame(frame, covariates, start=None, stop="_step", event="_begun")
        times = clock[((design.risk_sets.time - 1) / 2).astype(np.int64)]
        until = np.inf if against == "never" else grace
        times = times[times <= until]
        return cls(
            trial=trial,
            design=design,
            times=times,
            in_grace=int(np.searchsorted(times, grace, side="right")),
            arms=(Clones.within(trial, times, grace), Clones.without(trial, times, until)),
            grace=grace,
            horizon=horizon,
            truncate=truncate,
        )

    def untreated(self, multiplicity: Floats) -> Floats:
        """Return each unit's probability to be untreated after each treatment time.

        Parameters
        ----------
        multiplicity : ndarray, shape (u,)
            How often each unit was drawn.

        Returns
        -------
        ndarray, shape (u, q + 1)
            First before any time: one.
        """
        design = self.design.reweighted(multiplicity, "frequency")
        best = design.maximize(tolerance=1e-6)
        at = best.fitted
        jumps = design.slots.by_moment(at.hazard)[: len(self.times)]
        standardized = (self.trial.covariates - design.center) / design.scale
        relative = np.exp(standardized @ best.beta - at.shift)
        hazard = np.concatenate(([0.0], np.cumsum(jumps)))
        return np.asarray(np.exp(-relative[:, None] * hazard), dtype=np.float64)

    def weights(self, multiplicity: Floats) -> tuple[Floats, Floats]:
        """Return the weight of each row of each arm, units counted once, shapes (r,).

        Raises
        ------
        EstimationError
            Nobody drawn begins treatment within the grace period.
        """
        untreated = self.untreated(multiplicity)
        eventually = 1 - untreated[:, self.in_grace]
        if (eventually[multiplicity > 0] <= 0).any():
            raise EstimationError("nobody drawn begins treatment within the grace period")
        first, second = self.arms
        still = untreated[first.unit, first.passed]
        waiting = (1 - (1 - still) / eventually[first.unit]) / still
        waiting[waiting < NOBODY] = 0.0
        one = np.where(first.treated, 1 / eventually[first.unit], waiting)
        other = 1 / untreated[second.unit, second.passed]
        return (
            self._truncated(first, one, multiplicity),
            self._truncated(second, other, multiplicity),
        )

    def _truncated(self, clones: Clones, weights: Floats, multiplicity: Floats) -> Floats:
        """Cut weights off at a quantile of those in force just after the grace period."""
        if self.truncate is None:
            return weights
        times = (multiplicity[clones.unit] * self._in_force(clones)).astype(np.int64)
        counted = np.repeat(weights, times)
        return np.minimum(weights, np.quantile(counted[counted > 0], self.truncate))

    def estimate(
        self, multiplicity: Floats, weights: tuple[Floats, Floats]
    ) -> tuple[pd.DataFrame, list[float], Floats]:
        """Return curves, restricted means, and the two contrasts at the horizon.

        Raises
        ------
        EstimationError
            Nobody who carries weight in an arm is followed to the horizon.
        """
        parts, areas, risks = [], [], []
        for name, clones, own in zip(ARMS, self.arms, weights, strict=True):
            counted = own * multiplicity[clones.unit]
            time, survival = clones.survival(counted)
            followed = float(clones.stop[counted > 0].max())
            if followed < self.horizon and survival[time <= followed][-1:].sum() > 0:
                raise EstimationError(
                    f"arm {name!r} is followed to {followed:g} only, before the horizon "
                    f"{self.horizon:g}; shorten the horizon"
                )
            seen = time <= self.horizon
            time, survival = time[seen], survival[seen]
            areas.append(float(area_to(self.horizon, time, survival)[0]))
            risks.append(1 - float(survival[-1]) if len(survival) else 0.0)
            parts.append(pd.DataFrame({"arm": name, "time": time, "survival": survival}))
        contrasts = np.array([areas[0] - areas[1], risks[0] - risks[1]])
        return pd.concat(parts, ignore_index=True), areas, contrasts

    def diagnose(self, weights: tuple[Floats, Floats]) -> pd.DataFrame:
        """Describe the weights of both arms; columns as in `EmulatedTrial`."""
        untreated = self.untreated(np.ones(len(self.trial.end)))[:, self.in_grace]
        observed = self.trial.end > self.grace
        rows = []
        for name, clones, own, chance in zip(
            ARMS, self.arms, weights, (1 - untreated, untreated), strict=True
        ):
            in_force = self._in_force(clones)
            then = np.where(in_force, own, 0.0)
            per_unit = np.bincount(clones.unit, then, minlength=len(observed))[observed]
            rows.append(
                {
                    "arm": name,
                    "mean": float(per_unit.mean()),
                    "effective_units": float(per_unit.sum() ** 2 / (per_unit**2).sum()),
                    "largest": float(own.max()),
                    "p99": float(np.quantile(own[in_force & (own > 0)], 0.99)),
                    "least_probability": float(chance.min()),
                }
            )
        return pd.DataFrame(rows).set_index("arm")

    def _in_force(self, clones: Clones) -> Booleans:
        """Return the rows that hold just after the grace period, shape (r,)."""
        waiting = self.trial.treated_at[clones.unit] > self.grace
        return np.asarray(clones.treated | ((clones.passed == self.in_grace) & waiting))
