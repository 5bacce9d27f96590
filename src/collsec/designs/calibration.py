"""Null calibration: how often a primary rejects when its exposure is random and does nothing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.sandwich import refit_without
from collsec.designs.time_varying import lay_out, seed_for
from collsec.measures import get
from collsec.survival import CoxDesign, EstimationError
from collsec.survival.inference import (
    Calibration,
    cluster_jackknife,
    ever_exposed_test,
    null_calibration,
    rerandomization_test,
)

# The level at which rejection is counted; the bounds of the study refer to it.
LEVEL = 0.05
# Reference draws per random exposure: their own error must not blur the rate.
REFERENCE_PER_DRAW = 10
# Blocks of draws that can run side by side where each draw is a jackknife of its own.
JACKKNIFE_BLOCKS = 8


def calibrate(inputs: Inputs, prepared: Prepared, draws: int) -> Calibration:
    """Rejection rate of the primary's own test under random exposure.

    A timed exposure is redrawn at its actual counts and dates. A tie before onset is replaced by
    noise with the same variance between and within countries.
    """
    return pooled(
        [calibrate_block(inputs, prepared, draws, block) for block in range(blocks(inputs))]
    )


def blocks(inputs: Inputs) -> int:
    """Into how many blocks the draws are parted: many where each draw is a jackknife."""
    return 1 if inputs.spec.design == "time_varying" else JACKKNIFE_BLOCKS


def calibrate_block(inputs: Inputs, prepared: Prepared, draws: int, block: int) -> Calibration:
    """One block of the draws of :func:`calibrate`."""
    name = f"{inputs.spec.hypothesis}.calibration"
    if prepared.spells is None:
        return _random_ties(inputs, prepared, range(block, draws, JACKKNIFE_BLOCKS), name)
    design = lay_out(inputs, prepared)
    test = rerandomization_test(
        design,
        draws=REFERENCE_PER_DRAW * draws,
        seed=seed_for(inputs.study.seed, f"{name}.reference"),
    )
    return null_calibration(
        design, test, alpha=LEVEL, draws=draws, seed=seed_for(inputs.study.seed, name)
    )


def pooled(parts: list[Calibration]) -> Calibration:
    """Blocks of draws as one calibration."""
    if len(parts) == 1:
        return parts[0]
    done = sum(one.draws for one in parts)
    rejected = round(sum(one.rejection_rate * one.draws for one in parts))
    ends = sum(one.mean_exposed_events * one.draws for one in parts) / done
    return _counted(rejected, ends, np.concatenate([one.estimates for one in parts]))


def _counted(rejected: int, ends: float, estimates: np.ndarray) -> Calibration:
    done = len(estimates)
    interval = stats.binomtest(rejected, done).proportion_ci(0.95, method="wilson")
    return Calibration(
        rejected / done, float(interval.low), float(interval.high), LEVEL, done, ends, estimates
    )


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
        design,
        ever_exposed_test(design),
        alpha=LEVEL,
        draws=draws,
        seed=seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.known_biased"),
    ).rejection_rate


def _random_ties(
    inputs: Inputs, prepared: Prepared, draws: Iterable[int], name: str
) -> Calibration:
    """Replace a tie by noise with its variance between and within countries; test by jackknife.

    Each draw has a seed of its own, so that blocks of draws give what one run would.
    """
    rows, column, cluster = prepared.rows, prepared.column, inputs.spec.cluster
    values = rows.groupby(cluster)[column]
    within = float((rows[column] - values.transform("mean")).std(ddof=0))
    between = math.sqrt(max(float(rows[column].var(ddof=0)) - within**2, 0.0))
    country, n_countries = pd.factorize(rows[cluster], sort=True)
    design = CoxDesign.from_frame(
        rows,
        [column, *prepared.adjustment],
        start="start",
        stop="stop",
        event="event",
        strata=list(prepared.strata) or None,
    )
    rejected, estimates = 0, []
    for draw in draws:
        rng = np.random.default_rng(seed_for(inputs.study.seed, f"{name}.{draw}"))
        noise = between * rng.standard_normal(len(n_countries))[country]
        noise = noise + within * rng.standard_normal(len(rows))
        try:
            refit = refit_without(design.with_column(column, noise))
            found = cluster_jackknife(refit, rows[cluster].to_numpy(), level=1 - LEVEL)
        except EstimationError:
            continue
        estimates.append(found.estimate)
        rejected += found.p_value < LEVEL
    return _counted(rejected, float(rows["event"].sum()), np.array(estimates))
