"""Null calibration: how often a primary rejects when its exposure is random and does nothing."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
from scipy import stats

from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.sandwich import refit_without
from collsec.designs.time_varying import lay_out, seed_for
from collsec.estimators import CoxDesign, EstimationError
from collsec.inference import (
    Calibration,
    cluster_jackknife,
    ever_exposed_test,
    null_calibration,
    rerandomization_test,
)
from collsec.measures import get

# The level at which rejection is counted; the bounds of the study refer to it.
LEVEL = 0.05
# Reference draws per random exposure: their own error must not blur the rate.
REFERENCE_PER_DRAW = 10


def calibrate(inputs: Inputs, prepared: Prepared, draws: int) -> Calibration:
    """Rejection rate of the primary's own test under random exposure.

    A timed exposure is redrawn at its actual counts and dates. A tie before onset is replaced by
    noise with the same variance between and within countries.
    """
    name = f"{inputs.spec.hypothesis}.calibration"
    if prepared.spells is None:
        return _random_ties(inputs, prepared, draws, name)
    design = lay_out(inputs, prepared)
    test = rerandomization_test(
        design, draws=REFERENCE_PER_DRAW * draws,
        seed=seed_for(inputs.study.seed, f"{name}.reference"),
    )
    return null_calibration(design, test, alpha=LEVEL, draws=draws,
                            seed=seed_for(inputs.study.seed, name))


def calibrate_known_biased(inputs: Inputs, draws: int) -> float:
    """Rejection rate of the naive "ever exposed" estimator, where the file declares one.

    It is put to the same random exposures as the primary, unlagged, as it would be used.
    """
    biased = [e for e in inputs.spec.secondary if get(e.measure).kind == "ever"]
    if not biased:
        return math.nan
    unlagged = dataclasses.replace(inputs.spec.exposure, lag_months=0)
    design = lay_out(inputs, prepare(inputs, unlagged))
    return null_calibration(
        design, ever_exposed_test(design), alpha=LEVEL, draws=draws,
        seed=seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.known_biased"),
    ).rejection_rate


def _random_ties(inputs: Inputs, prepared: Prepared, draws: int, name: str) -> Calibration:
    """Replace a tie by noise with its variance between and within countries; test by jackknife."""
    rows, column, cluster = prepared.rows, prepared.column, inputs.spec.cluster
    values = rows.groupby(cluster)[column]
    within = float((rows[column] - values.transform("mean")).std(ddof=0))
    between = math.sqrt(max(float(rows[column].var(ddof=0)) - within**2, 0.0))
    country, n_countries = pd.factorize(rows[cluster], sort=True)
    design = CoxDesign.from_frame(
        rows, [column, *prepared.adjustment], start="start", stop="stop", event="event",
        strata=list(prepared.strata) or None,
    )
    rng = np.random.default_rng(seed_for(inputs.study.seed, name))
    rejected, estimates = 0, []
    for _ in range(draws):
        noise = between * rng.standard_normal(len(n_countries))[country]
        noise = noise + within * rng.standard_normal(len(rows))
        try:
            refit = refit_without(design.with_column(column, noise))
            found = cluster_jackknife(refit, rows[cluster].to_numpy(), confidence=1 - LEVEL)
        except EstimationError:
            continue
        estimates.append(found.estimate)
        rejected += found.p_value < LEVEL
    done = len(estimates)
    interval = stats.binomtest(rejected, done).proportion_ci(0.95, method="wilson")
    return Calibration(rejected / done, float(interval.low), float(interval.high), LEVEL, done,
                       float(rows["event"].sum()), np.array(estimates))
