"""How often a test rejects when exposure is random, at the actual counts and timing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from riskset.arrays import Floats, Integers
from riskset.errors import check_alpha
from riskset.inference.assignment import exposed_counts, redraw
from riskset.inference.event_counts import efron_estimate, studentized_scores
from riskset.inference.exposure_design import ExposureDesign
from riskset.inference.reference_distribution import equal_tailed_p_values, null_scores

#: Takes assignments, shape (draws, n_spells), and returns their p-values, shape (draws,).
AssignmentTest = Callable[[Integers], Floats]

#: Assignments tested together, which bounds memory.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Calibration:
    """Rejection rate of a test under random exposure.

    Attributes
    ----------
    rejection_rate : float
        Share of random exposures whose p-value is below ``alpha``.
    ci_low, ci_high : float
        95 % Wilson interval for the Monte Carlo error of the rate.
    alpha : float
    draws : int
    mean_exposed_events : float
        Mean number of exposed events.
    estimates : ndarray of float, shape (draws,)
        Log hazard ratio of each random exposure; infinite without exposed, or without
        unexposed, events.
    """

    rejection_rate: float
    ci_low: float
    ci_high: float
    alpha: float
    draws: int
    mean_exposed_events: float
    estimates: Floats


def null_calibration(
    design: ExposureDesign,
    test: AssignmentTest,
    *,
    alpha: float,
    draws: int,
    seed: int | np.random.SeedSequence,
) -> Calibration:
    """Test random exposures as if each were the real one.

    Parameters
    ----------
    design : ExposureDesign
    test : callable
        The test to calibrate: :func:`rerandomization_test` (the primary's own),
        :func:`score_test`, :func:`ever_exposed_test`, or any function of the same form.
    alpha : float
        Level, in (0, 1).
    draws : int
    seed : int or SeedSequence
        May be the seed of the test's own reference draws: the streams differ.

    Returns
    -------
    Calibration

    Notes
    -----
    Events are held as they are and exposure is drawn from the assignment mechanism, so that no
    exposure has an effect that depends on it. Each random exposure has the actual number of
    spells, on the actual days, with the actual lags and lengths.

    The interval covers the Monte Carlo error of ``draws`` only. The reference draws of a
    re-randomization test are shared by all random exposures, which adds an error of the same
    size if their number is the same; give the test at least as many.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    *Journal of the American Statistical Association*, 22(158), 209–212.
    doi:10.1080/01621459.1927.10502953
    """
    check_alpha(alpha)
    unit, _ = redraw(design, draws, _stream(seed, 1))
    rejections, exposed_events, estimates = 0, 0.0, []
    for first in range(0, draws, _BATCH):
        batch = unit[first : first + _BATCH]
        rejections += int(np.count_nonzero(test(batch) < alpha))
        exposed, events = exposed_counts(design, batch)
        exposed_events += float(events.sum())
        estimates.append(efron_estimate(design.event_counts, exposed, events)[0])
    interval = scipy.stats.binomtest(rejections, draws).proportion_ci(0.95, method="wilson")
    return Calibration(
        rejection_rate=rejections / draws,
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        alpha=alpha,
        draws=draws,
        mean_exposed_events=exposed_events / draws,
        estimates=np.concatenate(estimates),
    )


def rerandomization_test(
    design: ExposureDesign,
    *,
    draws: int,
    seed: int | np.random.SeedSequence,
) -> AssignmentTest:
    """Return the test of risk-set re-randomization, with reference draws of its own.

    Parameters
    ----------
    design : ExposureDesign
    draws : int
        Number of reference draws.
    seed : int or SeedSequence

    Returns
    -------
    callable

    Notes
    -----
    Under random exposure the exposure taken as real is one more draw of the mechanism that made
    the reference. One batch of reference draws therefore serves all of them, and nothing is
    nested. A rate away from the level points to an error in the mechanism or to a score with
    few distinct values.
    """
    unit, _ = redraw(design, draws, _stream(seed, 2))
    reference = null_scores(design, unit)
    return lambda assignments: equal_tailed_p_values(null_scores(design, assignments), reference)


def score_test(design: ExposureDesign) -> AssignmentTest:
    """Return the score test of the time-varying Cox model, against the normal distribution.

    Parameters
    ----------
    design : ExposureDesign

    Returns
    -------
    callable

    Notes
    -----
    It rejects too often where the assignment strata that receive many spells have another
    hazard than the rest, and the outcome strata do not absorb that.
    """
    return lambda assignments: 2 * scipy.stats.norm.sf(np.abs(null_scores(design, assignments)))


def ever_exposed_test(design: ExposureDesign) -> AssignmentTest:
    """Return the naive test: "ever exposed" as a fixed covariate from time zero.

    Parameters
    ----------
    design : ExposureDesign

    Returns
    -------
    callable
        Known to be biased; for showing how much.

    Notes
    -----
    A unit must last to be exposed, so the time before exposure is free of events by construction
    (immortal time), and random exposure seems to lengthen duration.

    References
    ----------
    Suissa, S. (2008). Immortal time bias in pharmacoepidemiology. *American Journal of
    Epidemiology*, 167(4), 492–499. doi:10.1093/aje/kwm324
    """
    totals = design.event_counts
    present = (
        (design.outcome_strata[:, None] == totals.stratum)
        & (design.entry[:, None] < totals.time)
        & (totals.time <= design.exit[:, None])
    ).astype(np.float64)
    begin = np.maximum(design.on[:, None] - design.origin, design.entry)
    finish = np.minimum(design.off[:, None] - design.origin, design.exit)
    counts = np.hstack([begin < finish, np.zeros((design.n_spells, 1), dtype=np.bool_)])

    def p_values(assignments: Integers) -> Floats:
        row, spell = np.nonzero(counts[np.arange(design.n_spells), assignments])
        ever = np.zeros((assignments.shape[0], design.n_units))
        ever[row, assignments[row, spell]] = 1.0
        exposed = ever @ present
        scores = studentized_scores(
            totals,
            exposed,
            ever @ design.event.astype(np.float64),
            shared=np.zeros_like(exposed),
            real=np.zeros(totals.time.size),
            beta=0.0,
        )
        tails: Floats = 2 * scipy.stats.norm.sf(np.abs(scores))
        return tails

    return p_values


def _stream(seed: int | np.random.SeedSequence, number: int) -> np.random.Generator:
    """Random numbers that no other stream of the same seed repeats."""
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    return np.random.default_rng(
        np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, number))
    )
