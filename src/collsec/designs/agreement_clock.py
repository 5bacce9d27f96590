"""From an agreement in an ongoing war to its end, by what comes after the agreement.

The clock starts on the day of the first agreement that is signed during a war. Exposure is
presence in time on that clock, never the speed with which it was reached: a war that ended first
could not have received it.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from collsec.designs.checks import LEVEL, NOT_CALIBRATED, rejections
from collsec.designs.cox_based import with_time_zero
from collsec.designs.estimate import seed_for
from collsec.designs.inputs import Cohort, Inputs, PanelBuilder, Prepared
from collsec.designs.registry import design
from collsec.designs.time_varying import REFERENCE_PER_DRAW, TimeVarying, lay_out
from collsec.histories.panels import days_of
from riskset.inference import Calibration, ExposureDesign, InferenceError, rerandomization_test
from riskset.inference.exposure_design import (
    alike,
    at_risk_on,
    finest_level,
    is_free,
)

#: A war on the eve of peace is so many times as likely to receive troops that change nothing.
EVE_WEIGHT, EVE_MONTHS, EVE_DRAWS = 5.0, 6, 400


class AgreementBuilder(PanelBuilder):
    """Wars from their first agreement on."""

    def units_of(self, cohort: Cohort, episodes: pd.DataFrame) -> Cohort:
        """The wars of a cohort in which an agreement was signed, from that day on."""
        signed = self.inputs.timelines["peace_process"][["conflict_id", "from_date"]]
        units = cohort.units
        pairs = units[["unit_id", "conflict_id", "onset_date", "exit_date"]].merge(
            signed.astype({"conflict_id": "int64"}), on="conflict_id"
        )
        during = (pairs["from_date"] > pairs["onset_date"]) & (
            pairs["from_date"] < pairs["exit_date"]
        )
        first = pairs[during].groupby("unit_id")["from_date"].min()
        kept = units[units["unit_id"].isin(first.index)].reset_index(drop=True)
        day = kept["unit_id"].map(first).astype("datetime64[s]")
        before = int(cohort.attrition["n_units"].iloc[-1])
        row = {
            "step": "an agreement during the war",
            "rule": "Followed from the day of its signature",
            "n_units": len(kept),
            "n_events": int(kept["is_ended"].sum()),
            "dropped": before - len(kept),
        }
        attrition = pd.concat([cohort.attrition, pd.DataFrame([row])], ignore_index=True)
        return Cohort(kept.assign(time_zero=day), attrition)


@design
class AgreementClock(TimeVarying):
    """Exposure in calendar time, on a clock that starts with the agreement."""

    name = "agreement_clock"
    builder = AgreementBuilder
    clock = "as long after their agreement"

    def rows(self, inputs: Inputs, laid_out: Prepared) -> pd.DataFrame:
        """As for any time-varying exposure, with the day on which each clock starts."""
        return with_time_zero(super().rows(inputs, laid_out), laid_out)

    def anticipation(self, inputs: Inputs, laid_out: Prepared) -> Calibration:
        """Rejection rate of exposures that change nothing but prefer wars about to end."""
        name = f"{inputs.spec.hypothesis}.eve"
        try:
            spells = lay_out(inputs, laid_out)
        except InferenceError:
            return NOT_CALIBRATED
        test = rerandomization_test(
            spells,
            draws=REFERENCE_PER_DRAW * EVE_DRAWS,
            seed=seed_for(inputs.study.seed, f"{name}.reference"),
        )
        rng = np.random.default_rng(seed_for(inputs.study.seed, name))
        p_values = np.asarray(test(redraw_on_the_eve(spells, EVE_DRAWS, rng)))
        return rejections(int(np.count_nonzero(p_values < LEVEL)), math.nan, np.zeros(EVE_DRAWS))


def redraw_on_the_eve(laid_out: ExposureDesign, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Redraw spells as the inference does, but wars that end within six months more often.

    Returns
    -------
    ndarray of int, shape (draws, n_spells)
        Unit that receives each spell; −1 where none was at risk and free.
    """
    chosen = np.full((draws, laid_out.n_spells), -1, dtype=np.int64)
    busy = np.full((draws, laid_out.n_units), -np.inf)
    ends = laid_out.origin + laid_out.exit
    for spell in range(laid_out.n_spells):
        day, own = laid_out.assigned[spell], laid_out.unit[spell]
        pool = np.flatnonzero(
            at_risk_on(laid_out.origin, laid_out.entry, laid_out.exit, float(day))
        )
        free = is_free(busy[:, pool], float(day), float(laid_out.on[spell]))
        status = None if laid_out.status is None else laid_out.status[spell]
        same = alike(laid_out.assignment_strata, int(own), pool, status)
        level = finest_level(free.astype(np.int64) @ same.astype(np.int64))
        candidates = free & same.T[level]
        weight = np.where(ends[pool] - day <= days_of(EVE_MONTHS), np.log(EVE_WEIGHT), 0.0)
        noise = weight + rng.gumbel(size=candidates.shape)
        pick = np.where(candidates, noise, -np.inf).argmax(axis=1)
        placed = candidates.any(axis=1)
        chosen[placed, spell] = pool[pick[placed]]
        rows = np.flatnonzero(placed)
        busy[rows, chosen[rows, spell]] = max(float(laid_out.off[spell]), float(day))
    return chosen
