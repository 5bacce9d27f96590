"""What else is asked of a primary: placebos, leaving one out, proportional hazards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.sandwich import by_own_method, refit_without
from collsec.designs.time_varying import rerandomized
from collsec.histories.timelines import PRESENCES, presence_spells
from collsec.hypothesis.specification import ExposureSpec
from collsec.survival import CoxDesign, EstimationError, cox_ph


@dataclass(frozen=True, slots=True)
class Placebo:
    """A falsification result: what a sound design should not find."""

    estimate: Estimate
    outcome: str  # "passed", "failed" or "uninformative"


def placebo(inputs: Inputs, exposure: ExposureSpec, draws: int) -> Estimate:
    """The estimate of one declared falsification."""
    name = f"{inputs.spec.hypothesis}.placebo.{exposure.measure}"
    level = 1 - inputs.study.alpha
    prepared = prepare(inputs, exposure)
    if prepared.spells is None or exposure.inference == "cluster_sandwich":
        return by_own_method(
            inputs,
            prepared,
            exposure,
            estimate_id=name,
            role="falsification",
            level=level,
            lag_months=exposure.lag_months,
        )
    return rerandomized(
        inputs, prepared, exposure, estimate_id=name, role="falsification", draws=draws, level=level
    )[0]


def judged(estimate: Estimate, no_effect: tuple[float, float], fails_if: str = "either") -> Placebo:
    """A falsification told apart into passed, failed and uninformative.

    A placebo whose minimum detectable effect exceeds the smallest effect of interest could not
    have found one: it is uninformative, unless it found one all the same.
    """
    return Placebo(estimate, judge(estimate, no_effect, fails_if))


def judge(estimate: Estimate, no_effect: tuple[float, float], fails_if: str = "either") -> str:
    """Passed, failed or uninformative.

    ``fails_if`` names the direction that would speak against the design where the other is to be
    expected: few wars end in the months before troops come, because troops go to wars that go on.
    """
    above = fails_if != "below_one" and estimate.ci_low > 1
    below = fails_if != "above_one" and estimate.ci_high < 1
    if math.isfinite(estimate.ci_low) and (above or below):
        return "failed"
    detectable = estimate.mde_high
    if not math.isfinite(detectable) or detectable > no_effect[1]:
        return "uninformative"
    return "passed"


def leave_one_out(inputs: Inputs, prepared: Prepared) -> pd.DataFrame:
    """Hazard ratio without each conflict, and without the wars of each mission, in turn.

    Returns
    -------
    DataFrame
        ``kind`` (``conflict`` or ``mission``), ``left_out`` (its id), ``hazard_ratio``. Conflicts
        with any exposure (for a covariate: all); missions whose presence is the exposure.
    """
    rows, names = prepared.rows, [prepared.column, *prepared.adjustment]
    design = CoxDesign.from_frame(
        rows, names, start="start", stop="stop", event="event", strata=list(prepared.strata) or None
    )
    conflict, refit = rows["conflict_id"].to_numpy(), refit_without(design)
    exposed = conflict if prepared.spells is None else conflict[rows[prepared.column] > 0]
    left_out = [("conflict", str(c), conflict == c) for c in np.unique(exposed)]
    for mission, units in units_of_missions(inputs, prepared).items():
        left_out.append(("mission", mission, rows["unit_id"].isin(units).to_numpy()))
    made = []
    for kind, name, gone in left_out:
        try:
            beta = refit(~gone)
        except EstimationError:
            beta = math.nan
        made.append((kind, name, math.exp(beta)))
    return pd.DataFrame(made, columns=["kind", "left_out", "hazard_ratio"])


def units_of_missions(inputs: Inputs, prepared: Prepared) -> dict[str, set[str]]:
    """Units that each mission exposed while they were followed, where the exposure is presence."""
    measure = inputs.spec.exposure.measure
    if measure not in PRESENCES or prepared.spells is None:
        return {}
    rows = prepared.rows
    exposed = rows.loc[rows[prepared.column] > 0, "unit_id"].unique()
    units = prepared.units.assign(exit_date=prepared.outcome["exit_date"])
    units = units.loc[
        units["unit_id"].isin(exposed), ["unit_id", "conflict_id", "time_zero", "exit_date"]
    ]
    spells = presence_spells(inputs.missions[inputs.missions["conflict_id"].notna()], measure)
    pairs = units.astype({"conflict_id": "int64"}).merge(
        spells[["mission_id", "conflict_id", "first", "last"]].astype({"conflict_id": "int64"}),
        on="conflict_id",
    )
    during = (pairs["first"] < pairs["exit_date"]) & ~(pairs["last"] < pairs["time_zero"])
    own = pairs[during].groupby("mission_id")["unit_id"]
    return {str(mission): set(ids) for mission, ids in own}


def sign_flips(
    primary: float, without: pd.DataFrame, places: Mapping[str, str] | None = None
) -> list[str]:
    """Conflicts and missions whose removal turns the sign of the log hazard ratio.

    ``places`` names where a conflict of some id was fought.
    """
    known = {} if places is None else places
    turned = without[np.log(without["hazard_ratio"]) * math.log(primary) < 0]
    return [
        f"{kind} {name}" + (f" ({known[str(name)]})" if str(name) in known else "")
        for kind, name in zip(turned["kind"], turned["left_out"], strict=True)
    ]


def places(episodes: pd.DataFrame) -> dict[str, str]:
    """Where each conflict was fought, by its id as text; the latest name of the place."""
    latest = episodes.sort_values("onset_date").drop_duplicates("conflict_id", keep="last")
    return {
        str(conflict): str(place).replace(";", ", ")
        for conflict, place in zip(latest["conflict_id"], latest["location"], strict=True)
    }


def proportional_hazards(prepared: Prepared) -> float:
    """p-value of the test that the effect does not change over the life of a war."""
    try:
        fit = cox_ph(
            prepared.rows,
            [prepared.column, *prepared.adjustment],
            start="start",
            stop="stop",
            event="event",
            strata=list(prepared.strata) or None,
        )
    except EstimationError:
        return math.nan
    return float(fit.test_proportional_hazards()["p_value"][prepared.column])
