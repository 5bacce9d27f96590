"""Risk-set re-randomization: exact-in-spirit inference for few, late exposures.

The contrast is "would these outcomes look like this if the same acts, on the same days, had
fallen on other units that were at risk then?". Shuffling whole exposure paths instead would cut
off late exposures in short units, and its reference distribution would be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy

from riskset.arrays import Floats, Integers
from riskset.errors import InferenceError, check_level
from riskset.inference.assignment import exposed_counts, redraw
from riskset.inference.event_counts import efron_estimate
from riskset.inference.exposure_design import ExposureDesign
from riskset.inference.reference_distribution import (
    ScoreFunction,
    critical_values,
    equal_tailed_p_values,
    interval_not_rejected,
    limit_not_rejected,
    with_ties,
)

#: Precision of the limits at further levels, in log hazard ratio: they are shown, not cited.
_FURTHER_PRECISION = 1e-4


@dataclass(frozen=True, slots=True)
class RerandomizationResult:
    """Effect of a binary time-varying exposure with risk-set re-randomization inference.

    Attributes
    ----------
    estimate : float
        Log hazard ratio that maximizes the partial likelihood (Efron ties); infinite without
        exposed, or without unexposed, events.
    std_error : float
        Model-based standard error of ``estimate``; NaN where that is infinite.
    score : float
        Studentized score at no effect.
    p_value : float
        Two-sided, equal-tailed, from the re-randomization distribution with the +1 rule.
    ci_low, ci_high : float
        Limits of the log hazard ratio by test inversion; may be infinite.
    level : float
        Level of the interval.
    median_unbiased : float
        Log hazard ratio at which the score equals the median of its reference distribution.
        It departs from ``estimate`` where the assignment strata that received many spells have
        a higher or lower hazard than the others.
    critical_low, critical_high : float
        Scores at no effect beyond which no effect is rejected at ``1 - level``.
    reference : ndarray of float, shape (draws,)
        Scores at no effect of the redrawn exposures.
    draws : int
    n_units, n_events, n_spells : int
    n_exposed_units : int
        Units with exposed time within follow-up.
    n_exposed_events : int
        Exposed events.
    expected_exposed_events : float
        Exposed events expected at no effect.
    information : float
        Null information (hypergeometric variance of the score) on the log hazard ratio.
    exposed_units : ndarray of int, shape (n_exposed_units,)
        Row numbers of the exposed units, for counting clusters.
    n_coarsened : int
        Spells whose finest assignment stratum held fewer than two candidates in the real
        history.
    mean_coarsened : float
        The same, mean over draws.
    n_unplaced : float
        Mean number of spells per draw for which no unit was at risk and free.
    further : mapping of float to (float, float)
        Limits of the log hazard ratio at each further level, from the same draws; to four decimals.
    """

    estimate: float
    std_error: float
    score: float
    p_value: float
    ci_low: float
    ci_high: float
    level: float
    median_unbiased: float
    critical_low: float
    critical_high: float
    reference: Floats
    draws: int
    n_units: int
    n_events: int
    n_spells: int
    n_exposed_units: int
    n_exposed_events: int
    expected_exposed_events: float
    information: float
    exposed_units: Integers
    n_coarsened: int
    mean_coarsened: float
    n_unplaced: float
    further: Mapping[float, tuple[float, float]] = field(default_factory=dict)

    @property
    def interval_std_error(self) -> float:
        """Standard error that would give a normal interval of the same width.

        Unlike ``std_error`` it holds what re-randomization costs: where candidates are few,
        redrawn exposures often fall on really exposed units. Infinite for an open interval. The
        minimum detectable effect of the test follows from it.
        """
        reach = scipy.stats.norm.isf((1.0 - self.level) / 2)
        return float((self.ci_high - self.ci_low) / (2 * reach))


def risk_set_rerandomization(
    design: ExposureDesign,
    *,
    draws: int,
    level: float,
    seed: int | np.random.SeedSequence | np.random.Generator,
    further_levels: Sequence[float] = (),
) -> RerandomizationResult:
    r"""Estimate a hazard ratio and test it against redrawn exposures.

    Parameters
    ----------
    design : ExposureDesign
        From :func:`~riskset.inference.exposure_design.exposure_design`.
    draws : int
        Number of redrawn exposures; at least ``2 / (1 - level)``, and best a multiple of
        it: the test rejects where p is *below* the level, so that 400 draws make a test of
        4.99 %, but 399 one of 4.5 %.
    level : float
        Level of the interval, in (0, 1). The test at ``1 - level`` rejects no effect
        exactly when the interval excludes a hazard ratio of 1.
    seed : int, SeedSequence or Generator
    further_levels : sequence of float
        Levels at which the interval is given as well.

    Returns
    -------
    RerandomizationResult

    Raises
    ------
    InferenceError
        If no risk set holds both exposed and unexposed units, or ``draws`` is too small for the
        level.

    Notes
    -----
    The test is exact, up to the coarsening of thin strata, for the sharp hypothesis that no
    unit's event depends on the exposure of any unit, if acts fell at random among the free units
    at risk in the stratum on their days. With :math:`z^*_b` the redrawn scores at no effect,

    .. math:: p = 2 \min\left(\frac{1 + \#\{z^*_b \ge z\}}{B + 1},
                              \frac{1 + \#\{z^*_b \le z\}}{B + 1}\right).

    The interval is the set of :math:`\beta_0` that a test of the same kind does not reject.
    At :math:`\beta_0` the statistic is the score of the real exposure in the Cox model; the
    reference is the score of each redrawn exposure when the hazard of every unit carries the
    effect :math:`\beta_0` of its *real* exposure (see
    :func:`~riskset.inference.event_counts.studentized_scores`). Both are
    martingales with mean zero and unit variance at the true :math:`\beta_0`, so the test is exact
    at :math:`\beta_0 = 0` and holds to first order elsewhere. Comparing with the redrawn scores at
    no effect instead would not do: redrawn exposures partly fall on units that really are
    exposed, which pulls the reference toward the estimate and the interval toward no effect.
    Coverage at hazard ratios of 0.5, 1 and 2 is measured in the tests, also where spells fall
    mostly on regions with another hazard.

    ``estimate`` adjusts for the outcome strata only, the test and the interval for everything
    that assignment is stratified by, the calendar day included. If the regions and years that
    received spells have a higher hazard than others at the same duration, redrawn exposures
    seem to shorten duration too: ``reference`` is then centered above zero and the interval
    below ``estimate``. ``median_unbiased`` is the estimate that belongs to the interval.

    Repeated spells of one unit are moved independently of each other. Where acts concentrate on
    few units for lasting reasons, cluster-robust errors belong alongside this test.

    References
    ----------
    Rosenbaum, P. R. (2002). *Observational Studies*, 2nd ed., ch. 2. Springer.
    doi:10.1007/978-1-4757-3692-2

    Li, Y. P., Propert, K. J. & Rosenbaum, P. R. (2001). Balanced risk set matching. *Journal of
    the American Statistical Association*, 96(455), 870–882. doi:10.1198/016214501753208573

    Phipson, B. & Smyth, G. K. (2010). Permutation p-values should never be zero. *Statistical
    Applications in Genetics and Molecular Biology*, 9(1), 39. doi:10.2202/1544-6115.1585
    """
    alpha = 1.0 - check_level(level, InferenceError)
    others = {one: 1.0 - check_level(one, InferenceError) for one in further_levels}
    totals = design.event_counts
    exposed, events = exposed_counts(design, design.unit[None, :])
    if not np.any((exposed > 0) & (exposed < totals.at_risk)):
        raise InferenceError("No event time has both exposed and unexposed units at risk.")
    unit, mean_coarsened = redraw(design, draws, np.random.default_rng(seed))
    scores = ScoreFunction.of(design, unit).remembered()
    score, reference = scores(0.0)
    reference = with_ties(reference, score)
    low, high = critical_values(reference, alpha)
    ci_low, ci_high = interval_not_rejected(scores, alpha)
    estimate, std_error = efron_estimate(totals, exposed, events)

    spell = np.arange(design.n_spells)
    begin = np.maximum(design.on - design.origin[design.unit], design.entry[design.unit])
    finish = np.minimum(design.off - design.origin[design.unit], design.exit[design.unit])
    exposed_units = np.unique(design.unit[spell[begin < finish]])
    n, d = totals.at_risk, totals.events
    variance = d * exposed[0] * (n - exposed[0]) * (n - d) / (n**2 * np.maximum(n - 1, 1))
    return RerandomizationResult(
        estimate=float(estimate[0]),
        std_error=float(std_error[0]),
        score=score,
        p_value=float(equal_tailed_p_values(np.array([score]), reference)[0]),
        ci_low=ci_low,
        ci_high=ci_high,
        level=level,
        median_unbiased=limit_not_rejected(
            scores, lambda draws_: float(np.median(draws_)), side=-1.0
        ),
        critical_low=low,
        critical_high=high,
        reference=reference,
        draws=draws,
        n_units=design.n_units,
        n_events=int(design.event.sum()),
        n_spells=design.n_spells,
        n_exposed_units=int(exposed_units.size),
        n_exposed_events=int(events.sum()),
        expected_exposed_events=float(exposed[0] @ (d / n)),
        information=float(variance.sum()),
        exposed_units=exposed_units,
        n_coarsened=int(np.count_nonzero(design.coarsening)),
        mean_coarsened=mean_coarsened,
        n_unplaced=float((unit < 0).sum() / draws),
        further={
            one: interval_not_rejected(scores, at, precision=_FURTHER_PRECISION)
            for one, at in others.items()
        },
    )
