"""What is asked of a primary before it is believed.

A second engine must give the same coefficient, or the result is void: the study's own must agree
with a kept library's. Random exposures must be rejected as often as the level says, and no more.
Placebos should find nothing, no single conflict or mission should carry the sign, and hazards
should be proportional.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
import scipy

from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared, codes
from collsec.designs.jackknife import CoxRefits, Refit
from collsec.histories.timelines import PRESENCES, presence_spells
from riskset import EstimationError
from riskset.inference import Calibration, InferenceError, cluster_jackknife

Drawn = TypeVar("Drawn")

# The level at which rejection is counted; the bounds of the study refer to it.
LEVEL = 0.05
# Both engines stop when the gradient vanishes; coefficients then agree far below what is printed.
ENGINE_TOLERANCE = 1e-6
# Rows begin and end on whole or half days, so a quarter of a day lies strictly between.
HALF_STEP = 0.25
#: Where the test cannot be put to random exposures, because there is nothing to redraw.
NOT_CALIBRATED = Calibration(math.nan, math.nan, math.nan, LEVEL, 0, 0.0, np.array([]))


def rejections(rejected: int, events: float, estimates: np.ndarray) -> Calibration:
    """A calibration from counted rejections.

    Parameters
    ----------
    rejected : int
    events : float
        Mean number of events under exposure.
    estimates : ndarray, shape (draws,)
        Log hazard ratio of each random exposure.
    """
    done = len(estimates)
    if not done:
        return NOT_CALIBRATED
    interval = scipy.stats.binomtest(rejected, done).proportion_ci(0.95, method="wilson")
    return Calibration(
        rejected / done, float(interval.low), float(interval.high), LEVEL, done, events, estimates
    )


def rejected_by_jackknife(
    draws: Iterable[Drawn], made: Callable[[Drawn], tuple[Refit, float]], cluster: np.ndarray
) -> Calibration:
    """How often the cluster jackknife rejects random exposures; those without one are left out.

    Parameters
    ----------
    draws : iterable
        What each random exposure is made from.
    made : callable
        From one of them to the refit without some clusters, and the events under exposure.
    cluster : ndarray, shape (n_rows,)
    """
    rejected, estimates, exposed = 0, [], []
    for draw in draws:
        try:
            refit, events = made(draw)
            found = cluster_jackknife(refit, cluster, level=1 - LEVEL)
        except (EstimationError, InferenceError):
            continue
        estimates.append(found.estimate)
        exposed.append(events)
        rejected += found.p_value < LEVEL
    mean = float(np.mean(exposed)) if exposed else math.nan
    return rejections(rejected, mean, np.array(estimates))


def pooled(blocks: list[Calibration]) -> Calibration:
    """Blocks of draws as one calibration."""
    blocks = [one for one in blocks if one.draws] or blocks[:1]
    if len(blocks) == 1:
        return blocks[0]
    done = sum(one.draws for one in blocks)
    rejected = round(math.fsum(one.rejection_rate * one.draws for one in blocks))
    events = math.fsum(one.mean_exposed_events * one.draws for one in blocks) / done
    return rejections(rejected, events, np.concatenate([one.estimates for one in blocks]))


def engines_agree(prepared: Prepared) -> tuple[bool, float]:
    """Whether the Cox coefficient of statsmodels' PHReg equals ours.

    statsmodels counts a row as at risk on ``[entry, stop]``; moving every entry by half the
    smallest step of time restores the counting-process risk set ``(entry, stop]``.

    Returns
    -------
    agree : bool
        Also true where the coefficient does not exist (there is then nothing to disagree on).
    gap : float
        Absolute difference of the log hazard ratios.
    """
    from statsmodels.duration.hazard_regression import PHReg

    rows, comparison = prepared.rows, Comparison.of(prepared, "")
    try:
        own = comparison.fit()
    except EstimationError:
        return True, 0.0
    x = rows[comparison.covariates].to_numpy(float)
    scale = x.std(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PHReg warns of strata without events; they add nothing
        model = PHReg(
            rows["stop"].to_numpy(),
            (x - x.mean(axis=0)) / scale,
            status=rows["event"].to_numpy(int),
            entry=rows["start"].to_numpy() + HALF_STEP,
            strata=codes(rows, prepared.strata) if prepared.strata else None,
            ties="efron",
        )
        fitted = model.fit(method="newton", disp=0, maxiter=100).params / scale
    gap = float(np.abs(fitted - own.params.to_numpy()).max())
    return gap <= ENGINE_TOLERANCE, gap


@dataclass(frozen=True, slots=True)
class Placebo:
    """A falsification result: what a sound design should not find."""

    estimate: Estimate
    outcome: str  # "passed", "failed" or "uninformative"


def judged(estimate: Estimate, primary: Estimate, fails_if: str = "either") -> Placebo:
    """A falsification that is passed, failed or uninformative, as :func:`judge` has it."""
    return Placebo(estimate, judge(estimate, primary, fails_if))


def judge(estimate: Estimate, primary: Estimate, fails_if: str = "either") -> str:
    """Passed, failed or uninformative.

    A placebo is informative if it could have detected what the primary could: if its smallest
    detectable effect is no larger. One that found an effect has failed all the same. ``fails_if``
    names the direction that would speak against the design where the other is to be expected: few
    wars end in the months before troops come, because troops go to wars that go on.
    """
    above = fails_if != "below_one" and estimate.ci_low > 1
    below = fails_if != "above_one" and estimate.ci_high < 1
    if math.isfinite(estimate.ci_low) and (above or below):
        return "failed"
    could = math.isfinite(estimate.mde_high) and estimate.mde_high <= primary.mde_high
    return "passed" if could else "uninformative"


def leave_one_out(inputs: Inputs, prepared: Prepared) -> pd.DataFrame:
    """Hazard ratio without each conflict, and without the wars of each mission, in turn.

    Returns
    -------
    DataFrame
        ``kind`` (``conflict`` or ``mission``), ``left_out`` (its id), ``hazard_ratio``. Conflicts
        with any exposure (for a covariate: all); missions whose presence is the exposure.
    """
    rows = prepared.rows
    try:
        refit = CoxRefits(Comparison.of(prepared, "").design())
    except EstimationError:  # nothing is estimated, and nothing can be left out of it
        return pd.DataFrame(columns=["kind", "left_out", "hazard_ratio"]).astype(
            {"hazard_ratio": float}
        )
    conflict = rows["conflict_id"].to_numpy()
    exposed = conflict if prepared.spells is None else conflict[rows[prepared.column] > 0]
    left_out = [("conflict", str(c), conflict == c) for c in np.unique(exposed)]
    for mission, units in units_of_missions(inputs, prepared).items():
        left_out.append(("mission", mission, rows["unit_id"].isin(units).to_numpy()))
    made = []
    betas = refit.each(~np.array([without for *_, without in left_out]).reshape(-1, len(rows)))
    for (kind, name, without), known in zip(left_out, betas, strict=True):
        try:
            beta = refit(~without) if math.isnan(known) else float(known)
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
        fit = Comparison.of(prepared, "").fit()
        return float(fit.test_proportional_hazards()["p_value"][prepared.column])
    except EstimationError:
        return math.nan
