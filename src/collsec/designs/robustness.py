"""What else is asked of a primary: placebos, leaving one conflict out, proportional hazards."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.sandwich import refit_without, sandwich
from collsec.designs.time_varying import rerandomized
from collsec.estimators import CoxDesign, EstimationError, cox_ph
from collsec.results import Estimate


@dataclass(frozen=True, slots=True)
class Placebo:
    """A falsification result: what a sound design should not find."""

    estimate: Estimate
    outcome: str  # "passed", "failed" or "uninformative"


def placebos(inputs: Inputs, draws: int) -> list[Placebo]:
    """Every declared falsification, told apart into passed, failed and uninformative.

    A placebo whose minimum detectable effect exceeds the smallest effect of interest could not
    have found one: it is uninformative, unless it found one all the same.
    """
    made = []
    level = 1 - inputs.study.level
    for exposure in inputs.spec.falsification:
        name = f"{inputs.spec.hypothesis}.placebo.{exposure.measure}"
        prepared = prepare(inputs, exposure)
        if prepared.spells is None or exposure.inference == "cluster_sandwich":
            estimate = sandwich(inputs, prepared, exposure, estimate_id=name,
                                role="falsification", level=level,
                                lag_months=exposure.lag_months)
        else:
            estimate, _ = rerandomized(inputs, prepared, exposure, estimate_id=name,
                                       role="falsification", draws=draws, level=level)
        made.append(Placebo(estimate, judge(estimate, inputs.spec.estimand.no_effect)))
    return made


def judge(estimate: Estimate, no_effect: tuple[float, float]) -> str:
    """Passed, failed or uninformative."""
    if math.isfinite(estimate.ci_low) and (estimate.ci_low > 1 or estimate.ci_high < 1):
        return "failed"
    detectable = estimate.mde_high
    if not math.isfinite(detectable) or detectable > no_effect[1]:
        return "uninformative"
    return "passed"


def leave_one_conflict_out(prepared: Prepared) -> pd.DataFrame:
    """Hazard ratio without each conflict in turn.

    Returns
    -------
    DataFrame
        ``conflict_id, hazard_ratio``, for conflicts with any exposure (for a covariate: all).
    """
    rows, names = prepared.rows, [prepared.column, *prepared.adjustment]
    design = CoxDesign.from_frame(rows, names, start="start", stop="stop", event="event",
                                  strata=list(prepared.strata) or None)
    if prepared.spells is None:
        candidates = rows["conflict_id"].unique()
    else:
        candidates = rows.loc[rows[prepared.column] > 0, "conflict_id"].unique()
    conflict, refit = rows["conflict_id"].to_numpy(), refit_without(design)
    made = []
    for left_out in np.sort(candidates):
        try:
            beta = refit(conflict != left_out)
        except EstimationError:
            beta = math.nan
        made.append((int(left_out), math.exp(beta)))
    return pd.DataFrame(made, columns=["conflict_id", "hazard_ratio"])


def sign_flips(primary: float, without: pd.DataFrame) -> list[int]:
    """Conflicts whose removal turns the sign of the log hazard ratio."""
    log = np.log(without["hazard_ratio"])
    turned: list[int] = without.loc[log * math.log(primary) < 0, "conflict_id"].tolist()
    return turned


def proportional_hazards(prepared: Prepared) -> float:
    """p-value of the test that the effect does not change over the life of a war."""
    try:
        fit = cox_ph(prepared.rows, [prepared.column, *prepared.adjustment], start="start",
                     stop="stop", event="event", strata=list(prepared.strata) or None)
    except EstimationError:
        return math.nan
    return float(fit.test_proportional_hazards()["p_value"][prepared.column])


