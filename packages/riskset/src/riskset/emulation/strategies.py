"""Emulation of a trial of treatment within a grace period: clone, censor, weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.columns import Names, as_frame, clusters, names_of
from riskset.emulation.clones import Trial
from riskset.emulation.weights import ARMS, Against, Emulation
from riskset.errors import EstimationError, check_level
from riskset.formulas import covariates_of
from riskset.results import Printed


@dataclass(frozen=True, slots=True, repr=False)
class EmulatedTrial(Printed):
    """An emulated trial.

    Attributes
    ----------
    counts : dict of str to int
        ``units, events, clusters``; ``treated`` (within the grace period while followed),
        ``treated_events``, ``treated_clusters``; ``events_in_grace`` (before treatment, which both
        arms share).
    estimable : bool
        Whether the counts pass the positivity gate.
    reason : str
        Why they do not; empty where they do.
    contrasts : DataFrame
        Rows ``rmst_difference`` and ``risk_difference`` (first arm less second, at the horizon):
        ``estimate, std_error, ci_low, ci_high`` (percentiles of the bootstrap); empty where not
        estimable.
    curves : DataFrame
        ``arm, time, survival``.
    rmst : Series
        Restricted mean of each arm.
    diagnostics : DataFrame
        Of the weights, one row per arm. Just after the grace period: ``mean`` (over all units then
        under observation, zero for the censored: near one where the weights are right and treatment
        has not yet changed who is left), ``effective_units`` and ``p99``. Over all time:
        ``largest``. ``least_probability``: smallest probability that a unit follows the arm through
        the grace period.
    draws : ndarray, shape (draws, 2)
        Bootstrap estimates of the two contrasts; rows of NaN where the resample could not be
        estimated.
    """

    counts: dict[str, int]
    estimable: bool
    reason: str
    contrasts: pd.DataFrame
    curves: pd.DataFrame
    rmst: pd.Series[float]
    diagnostics: pd.DataFrame
    draws: Floats

    @property
    def nobs(self) -> int:
        """Units."""
        return self.counts["units"]

    @property
    def n_events(self) -> int:
        """Events."""
        return self.counts["events"]

    @property
    def n_clusters(self) -> int:
        """Clusters."""
        return self.counts["clusters"]

    def tidy(self) -> pd.DataFrame:
        """Return one row per contrast; none where nothing is estimable."""
        return self.contrasts.rename_axis("term").reset_index()

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", "clone, censor, weight"),
            *((name.replace("_", " "), count) for name, count in self.counts.items()),
            ("estimable", "yes" if self.estimable else f"no: {self.reason}"),
        ]

    @property
    def failed_draws(self) -> int:
        """Resamples that could not be estimated."""
        return int(np.isnan(self.draws).any(axis=1).sum())


def clone_censor_weight(
    data: pd.DataFrame,
    covariates: Names,
    *,
    unit: str,
    start: str,
    stop: str,
    event: str,
    treatment: str,
    grace: float,
    horizon: float,
    cluster: Names,
    against: Against = "later",
    least_treated: int = 10,
    least_clusters: int = 8,
    truncate: float | None = None,
    draws: int = 0,
    seed: int = 0,
    level: float = 0.95,
) -> EmulatedTrial:
    """Compare treatment within a grace period with none, as in a trial from time zero.

    Each unit is cloned into both arms. A clone is censored when it departs from its arm's strategy:
    in the first arm at the end of the grace period if still untreated, in the second when treated
    within it. Weights undo the selection that this makes.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]`` of units that begin at zero, untreated.
    covariates : str or sequence of str
        Columns at time zero on which treatment depends; may be empty.
    unit, start, stop, event : str
    treatment : str
        Column that is 1 on rows after treatment has begun. Only its beginning counts.
    grace : float
        Length of the grace period.
    horizon : float
        End of the window of restricted mean and risk; beyond the grace period.
    cluster : str or sequence of str
        Groups of dependent units: the bootstrap draws them.
    against : {"later", "never"}
        The second arm: no treatment within the grace period and nature's course afterwards, or
        none at all (clones are then censored when treated at any time).
    least_treated, least_clusters : int
        The positivity gate: with fewer units treated within the grace period, or in fewer
        clusters, nothing is estimated and the counts are returned.
    truncate : float, optional
        Quantile of the positive weights of an arm just after the grace period at which larger ones
        are cut off.
    draws : int
        Resamples of clusters; the weights are refitted in each.
    seed : int
        Of the bootstrap.
    level : float
        Coverage of the percentile interval.

    Returns
    -------
    EmulatedTrial

    Raises
    ------
    EstimationError
        Rows that are no trial (late entry, gaps, treated at zero); a covariate that changes,
        separates the treated, or is collinear; a horizon within the grace period or beyond
        follow-up.

    Notes
    -----
    Let ``F(t | x)`` be the probability of treatment by t given covariates at time zero (a Cox model
    of the beginning of treatment) and ``g`` the grace period. Weights are the density of the arm's
    strategy over that of nature: in the second arm ``1/{1 − F(t)}`` up to g; in the first
    ``1/F(g)`` once treated, and ``{1 − F(t)/F(g)}/{1 − F(t)}`` while waiting, so that all are
    treated within the grace period at times distributed as among those who are [1]_ [2]_. An end at
    the time of a treatment comes before it.

    References
    ----------
    .. [1] Hernán, M. A. (2018). How to estimate the effect of treatment duration on survival
       outcomes using observational data. BMJ 360, k182. https://doi.org/10.1136/bmj.k182
    .. [2] Young, J. G., Logan, R. W., Robins, J. M., & Hernán, M. A. (2019). Inverse probability
       weighted estimation of risk under representative interventions in observational studies.
       JASA 114, 938–947. https://doi.org/10.1080/01621459.2018.1469993
    """
    rows, made = covariates_of(as_frame(data), covariates)
    trial = Trial.from_frame(
        rows,
        list(made.names),
        unit=unit,
        start=start,
        stop=stop,
        event=event,
        treatment=treatment,
        cluster=names_of(cluster),
    )
    check_level(level)
    if draws:
        clusters(as_frame(data), names_of(cluster))
    _check_window(trial, grace, horizon, against, truncate)
    counts = _counts(trial, grace)
    reason = _gate(counts, least_treated, least_clusters, grace)
    if reason:
        return _refused(counts, reason)
    emulation = Emulation.build(trial, list(made.names), grace, horizon, against, truncate)
    everybody = np.ones(len(trial.end))
    weights = emulation.weights(everybody)
    curves, areas, contrasts = emulation.estimate(everybody, weights)
    drawn = np.full((draws, 2), np.nan)
    generator = np.random.default_rng(seed)
    even = np.full(trial.n_clusters, 1 / trial.n_clusters)
    for b in range(draws):
        times_drawn = generator.multinomial(trial.n_clusters, even)[trial.cluster].astype(float)
        try:
            drawn[b] = emulation.estimate(times_drawn, emulation.weights(times_drawn))[2]
        except EstimationError:
            continue
    return EmulatedTrial(
        counts=counts,
        estimable=True,
        reason="",
        contrasts=_intervals(contrasts, drawn, level),
        curves=curves,
        rmst=pd.Series(areas, index=pd.Index(ARMS, name="arm"), name="rmst"),
        diagnostics=emulation.diagnose(weights),
        draws=drawn,
    )


def _check_window(
    trial: Trial, grace: float, horizon: float, against: Against, truncate: float | None
) -> None:
    if against not in ("later", "never"):
        raise EstimationError(f"against must be 'later' or 'never', not {against!r}")
    if not 0 < grace < horizon:
        raise EstimationError(f"the grace period {grace:g} must lie within the horizon {horizon:g}")
    if horizon > trial.end.max():
        raise EstimationError(
            f"the horizon {horizon:g} lies beyond the last follow-up ({trial.end.max():g})"
        )
    if truncate is not None and not 0.5 < truncate < 1:
        raise EstimationError(f"truncate is a quantile between 0.5 and 1, not {truncate}")


def _counts(trial: Trial, grace: float) -> dict[str, int]:
    treated = trial.treated_by(grace)
    return {
        "units": len(trial.end),
        "events": int(trial.event.sum()),
        "clusters": trial.n_clusters,
        "treated": int(treated.sum()),
        "treated_events": int((treated & trial.event).sum()),
        "treated_clusters": len(np.unique(trial.cluster[treated])),
        "events_in_grace": int((~treated & trial.event & (trial.end <= grace)).sum()),
    }


def _gate(counts: dict[str, int], least_treated: int, least_clusters: int, grace: float) -> str:
    if counts["treated"] >= least_treated and counts["treated_clusters"] >= least_clusters:
        return ""
    return (
        f"not estimable: {counts['treated']} of {counts['units']} units begin treatment within "
        f"{grace:g}, in {counts['treated_clusters']} clusters; the gate asks for {least_treated} "
        f"and {least_clusters}"
    )


def _refused(counts: dict[str, int], reason: str) -> EmulatedTrial:
    return EmulatedTrial(
        counts=counts,
        estimable=False,
        reason=reason,
        contrasts=_intervals(np.empty(0), np.empty((0, 0)), 0.95),
        curves=pd.DataFrame({"arm": [], "time": [], "survival": []}),
        rmst=pd.Series(dtype=np.float64, name="rmst"),
        diagnostics=pd.DataFrame(),
        draws=np.empty((0, 2)),
    )


def _intervals(estimates: Floats, draws: Floats, level: float) -> pd.DataFrame:
    """Return the contrasts with standard deviation and percentiles of their draws."""
    names = ["rmst_difference", "risk_difference"][: len(estimates)]
    table = pd.DataFrame({"estimate": estimates}, index=pd.Index(names, name="contrast"))
    kept = draws[~np.isnan(draws).any(axis=1)] if draws.size else draws
    if len(kept) < 2:
        return table.assign(std_error=np.nan, ci_low=np.nan, ci_high=np.nan)
    tail = (1 - level) / 2
    low, high = np.quantile(kept, [tail, 1 - tail], axis=0)
    return table.assign(std_error=kept.std(axis=0, ddof=1), ci_low=low, ci_high=high)
