"""Tests of groups: log-rank, weighted log-rank, and Gray's of incidences."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from riskset.arrays import Booleans, Floats, Integers, sum_by_group
from riskset.causes import events_of
from riskset.clustered import at_risk_by_cluster, failures_by_cluster
from riskset.columns import Names, as_frame, case_weights, clusters, codes, indicator
from riskset.errors import EstimationError
from riskset.results import Printed
from riskset.risk_sets import RiskSets
from riskset.times import require_last_events, require_no_overlap, survival_times

#: Of the terms of a sum: what their rounding leaves where they cancel.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, repr=False)
class LogrankTest(Printed):
    """A test of whether groups share one hazard, or one incidence.

    Attributes
    ----------
    chi2 : float
    df : int
    p_value : float
    table : DataFrame
        One row per group: ``group, rows, observed, expected`` (sums of weights in weighted tests).
    name : str
    """

    chi2: float
    df: int
    p_value: float
    table: pd.DataFrame
    name: str = "log-rank"

    def tidy(self) -> pd.DataFrame:
        """Return one row per group with its observed and expected events."""
        return self.table.copy()

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("test", self.name),
            (f"χ²({self.df})", f"{self.chi2:.4g}, p = {self.p_value:.4g}"),
        ]


def logrank(
    data: pd.DataFrame,
    *,
    group: str,
    start: str | None = None,
    stop: str,
    event: str,
    strata: Names | None = None,
    weights: str | None = None,
    cluster: Names | None = None,
    unit: Names | None = None,
    rho: float = 0.0,
    gamma: float = 0.0,
) -> LogrankTest:
    """Test whether groups share one hazard.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``. A group may change within a unit.
    group : str
        Column of two or more groups.
    start, stop, event : str
        As in `kaplan_meier`.
    strata : str or sequence of str, optional
        Groups are compared within strata only.
    weights : str, optional
        Column of case weights; they need ``cluster``.
    cluster : str or sequence of str, optional
        Groups of dependent rows; the variance is then that of the scores summed over clusters.
    unit : str or sequence of str, optional
        Whose row it is: rows of one unit that overlap are refused.
    rho, gamma : float
        Weigh the events at ``t`` by ``S(t−)^rho {1 − S(t−)}^gamma``, with ``S`` the survival of all
        groups of the stratum: ``rho=1`` is Peto and Peto's test, for early differences (R's
        ``survdiff(rho=1)``); ``gamma=1`` is for late ones.

    Returns
    -------
    LogrankTest

    Raises
    ------
    EstimationError
        Fewer than two groups; weights without clusters; a comparison is empty; ``rho`` or
        ``gamma`` is negative.

    Notes
    -----
    ``Z_j = Σ_k w_k (d_jk − n_jk d_k / n_k)`` with the hypergeometric variance [1]_; with clusters
    with the sandwich of the score test of a Cox model at zero [2]_. ``w_k`` is one, or that of
    Fleming and Harrington [3]_.

    References
    ----------
    .. [1] Mantel, N. (1966). Evaluation of survival data and two new rank order statistics arising
       in its consideration. Cancer Chemotherapy Reports 50, 163–170.
    .. [2] Lin, D. Y., & Wei, L. J. (1989). The robust inference for the Cox proportional hazards
       model. JASA 84, 1074–1078. https://doi.org/10.1080/01621459.1989.10478874
    .. [3] Harrington, D. P., & Fleming, T. R. (1982). A class of rank test procedures for censored
       survival data. Biometrika 69, 553–566. https://doi.org/10.1093/biomet/69.3.553
    """
    for name, power in (("rho", rho), ("gamma", gamma)):
        if not np.isfinite(power) or power < 0:
            raise EstimationError(f"{name} must be a number, zero or more, not {power!r}")
    data = as_frame(data)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, unit, spells)
    happened = indicator(data, event)
    groups, labels = codes(data, group)
    given = case_weights(data, weights)
    if given is not None and cluster is None:
        raise EstimationError("weights need cluster=: name the unit whose rows are dependent")
    if len(labels) < 2:
        raise EstimationError(f"{group!r} holds one group; a comparison needs two")
    weight = np.ones(len(data)) if given is None else given
    stratum = np.zeros(len(data), dtype=np.int64) if strata is None else codes(data, strata)[0]
    sets = RiskSets.build(spells.start, spells.stop, happened & (weight > 0), stratum, spells.width)
    if sets.moments == 0:
        raise EstimationError(f"no event in {len(data)} rows")
    member = (groups[:, None] == np.arange(len(labels)))[sets.rows].astype(np.float64)
    own = weight[sets.rows]
    at_risk = sets.at_risk(member * own[:, None])
    failing = sets.of_failures(member * own[:, None])
    n, d = at_risk.sum(axis=1), failing.sum(axis=1)
    expected = at_risk * (d / n)[:, None]
    by_time = _early_and_late(sets, n, d, rho, gamma)
    expected, failing = expected * by_time[:, None], failing * by_time[:, None]
    table = pd.DataFrame(
        {
            "group": labels,
            "rows": np.bincount(groups, minlength=len(labels)),
            "observed": failing.sum(axis=0),
            "expected": expected.sum(axis=0),
        }
    )
    share = at_risk / n[:, None]
    if cluster is None:
        spread = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1e-300), 0.0) * by_time**2
        variance = np.diag(spread @ share) - share.T @ (spread[:, None] * share)
    else:
        found, cluster_labels = clusters(data, cluster)
        size = (found, len(cluster_labels))
        scores = _cluster_scores(sets, member, own, share, d / n, by_time, size)
        variance = scores.T @ scores
    excess = (failing - expected).sum(axis=0)[1:]
    variance = variance[1:, 1:]
    # A variance that is zero comes out as the rounding of its terms, which another processor rounds
    # otherwise: it is judged by their size, not by its own.
    size_of_terms = (d * by_time**2).sum() if cluster is None else (d * by_time).sum() ** 2
    if np.linalg.matrix_rank(variance, tol=_ROUNDING * size_of_terms) < len(excess):
        raise EstimationError(
            f"some group of {group!r} never shares a risk set with the others; "
            "merge groups or drop it"
        )
    chi2 = float(excess @ np.linalg.solve(variance, excess))
    df = len(excess)
    name = "log-rank" if rho == gamma == 0 else f"log-rank, Fleming–Harrington ({rho:g}, {gamma:g})"
    return LogrankTest(chi2, df, float(scipy.stats.chi2.sf(chi2, df)), table, name)


def _early_and_late(sets: RiskSets, n: Floats, d: Floats, rho: float, gamma: float) -> Floats:
    """Return Fleming and Harrington's weight of each moment, shape (k,)."""
    if rho == gamma == 0:
        return np.ones(len(n))
    before = np.ones(len(n))
    for stratum in np.unique(sets.stratum):
        own = np.flatnonzero(sets.stratum == stratum)
        before[own[1:]] = np.cumprod(1 - d[own] / n[own])[:-1]
    before = np.clip(before, 0.0, 1.0)
    return np.asarray(before**rho * (1 - before) ** gamma)


def _cluster_scores(
    sets: RiskSets,
    member: Floats,
    weight: Floats,
    share: Floats,
    hazard: Floats,
    by_time: Floats,
    clusters: tuple[np.ndarray, int],
) -> Floats:
    """Return each cluster's contribution to observed less expected events, shape (g, groups)."""
    columns = []
    for j in range(member.shape[1]):
        away = member[sets.failures, j] - share[sets.failure_moment, j]
        events = failures_by_cluster(sets, weight[sets.failures] * away, *clusters)
        own = at_risk_by_cluster(sets, weight * member[:, j], *clusters)
        everybody = at_risk_by_cluster(sets, weight, *clusters)
        columns.append((events - (own - everybody * share[:, j]) * hazard) @ by_time)
    return np.column_stack(columns)


def gray_test(
    data: pd.DataFrame,
    *,
    group: str,
    start: str | None = None,
    stop: str,
    cause: str,
    of: Hashable,
    censored: Hashable = 0,
    strata: Names | None = None,
    cluster: Names | None = None,
    unit: Names | None = None,
) -> LogrankTest:
    """Test whether groups share one cumulative incidence of a cause.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``; the group is fixed within a unit.
    group : str
        Column of two or more groups.
    start, stop, cause, censored
        As in `aalen_johansen`.
    of : hashable
        The cause whose incidence is compared.
    strata : str or sequence of str, optional
        Groups are compared within strata only.
    cluster : str or sequence of str, optional
        Groups of dependent rows; the variance is then that of their summed influence.
    unit : str or sequence of str, optional
        Whose row it is: rows of one unit that overlap are refused.

    Returns
    -------
    LogrankTest

    Raises
    ------
    EstimationError
        Fewer than two groups; the cause does not occur; a group never shares a risk set.

    Notes
    -----
    Of group ``r``, ``R_r(t) = n_r(t) {1 − F_r(t−)} / S_r(t−)`` stands for those who have not had
    the cause: those at risk, and the share of those who ended otherwise [1]_. Then ::

        Z_j = ∫ R_j {dF_j/(1 − F_j−) − dΓ},   dΓ = Σ_r d_r / Σ_r R_r,

    a log-rank test of subdistribution hazards. Its variance is that of its martingales. An event
    of the cause at ``u`` enters ``Z_j`` with ``a_jr/R_r + B S_r(u−)/n_r − B {1 − F_r} S_r(u−)/(n_r
    S_r)`` and another end with the last term alone, where ``a_jr = R_j (1{j=r} − R_r/Σ R)`` and
    ``B = ∫_u a_jr/(1 − F_r−) dΓ``. Events of the cause are replaced by those that the null expects,
    ``R_r dΓ``, so that without other ends and ties this is the log-rank test.

    References
    ----------
    .. [1] Gray, R. J. (1988). A class of K-sample tests for comparing the cumulative incidence of
       a competing risk. Annals of Statistics 16, 1141–1154.
       https://doi.org/10.1214/aos/1176350951

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": range(1, 13), "end": ["talks", "victory", ""] * 4})
    >>> wars["aid"] = [0, 0, 1, 1] * 3
    >>> found = gray_test(wars, group="aid", stop="months", cause="end", of="talks", censored="")
    >>> found.df, found.table["observed"].tolist()
    (1, [2.0, 2.0])
    """
    data = as_frame(data)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, unit, spells)
    happened = events_of(data, cause, censored)
    require_last_events(data, unit, spells, happened)
    first = (data[cause] == of).to_numpy(dtype=bool) & happened
    if not first.any():
        raise EstimationError(f"no row of {cause!r} holds {of!r}")
    groups, labels = codes(data, group)
    if len(labels) < 2:
        raise EstimationError(f"{group!r} holds one group; a comparison needs two")
    found = None if cluster is None else clusters(data, cluster)
    stratum = np.zeros(len(data), dtype=np.int64) if strata is None else codes(data, strata)[0]
    g = len(labels)
    excess, variance, expected = np.zeros(g), np.zeros((g, g)), np.zeros(g)
    scores = None if found is None else np.zeros((len(found[1]), g))
    for number in np.unique(stratum):
        rows = np.flatnonzero(stratum == number)
        sets = RiskSets.build(
            spells.start[rows],
            spells.stop[rows],
            happened[rows],
            np.zeros(len(rows), dtype=np.int64),
            spells.width,
        )
        own = None if found is None else (found[0][rows], len(found[1]))
        part = _gray(sets, groups[rows], g, first[rows], own)
        excess += part.observed - part.expected
        expected += part.expected
        variance += part.variance
        if scores is not None and part.scores is not None:
            scores += part.scores
    if scores is not None:
        variance = scores.T @ scores
    table = pd.DataFrame(
        {
            "group": labels,
            "rows": np.bincount(groups, minlength=g),
            "observed": np.bincount(groups, first, minlength=g),
            "expected": expected,
        }
    )
    excess, variance = excess[1:], variance[1:, 1:]
    size = first.sum() if scores is None else first.sum() ** 2
    if np.linalg.matrix_rank(variance, tol=_ROUNDING * size) < g - 1:
        raise EstimationError(
            f"some group of {group!r} never shares a risk set with the others; "
            "merge groups or drop it"
        )
    chi2 = float(excess @ np.linalg.solve(variance, excess))
    p_value = float(scipy.stats.chi2.sf(chi2, g - 1))
    return LogrankTest(chi2, g - 1, p_value, table, f"Gray's, incidence of {of}")


@dataclass(frozen=True, slots=True)
class _GrayParts:
    """What one stratum adds to Gray's test: by group, and by cluster and group."""

    observed: Floats
    expected: Floats
    variance: Floats
    scores: Floats | None


def _gray(
    sets: RiskSets,
    groups: Integers,
    g: int,
    first: Booleans,
    clusters: tuple[Integers, int] | None,
) -> _GrayParts:
    """Work out one stratum of Gray's test."""
    failing = sets.rows[sets.failures]
    member = (groups[:, None] == np.arange(g)).astype(np.float64)
    n = sets.at_risk(member[sets.rows])
    ours = sum_by_group(member[failing] * first[failing, None], sets.failure_moment, sets.moments)
    every = sum_by_group(member[failing], sets.failure_moment, sets.moments)
    there = n > 0
    left = np.divide(n - every, n, out=np.ones_like(n), where=there)
    survival = np.cumprod(left, axis=0)
    before = np.vstack((np.ones(g), survival[:-1]))
    hazard = np.divide(ours, n, out=np.zeros_like(n), where=there)
    incidence = np.cumsum(before * hazard, axis=0)
    free = 1 - np.vstack((np.zeros(g), incidence[:-1]))  # 1 − F(t−)
    weight = np.divide(n * free, before, out=np.zeros_like(n), where=before > 0)  # R
    total = weight.sum(axis=1)
    null = np.divide(ours.sum(axis=1), total, out=np.zeros(len(total)), where=total > 0)  # dΓ
    share = np.divide(weight, total[:, None], out=np.zeros_like(n), where=total[:, None] > 0)
    variance = np.zeros((g, g))
    scores = None if clusters is None else np.zeros((clusters[1], g))
    for r in range(g):
        a = weight * ((np.arange(g) == r) - share[:, [r]])  # a_jr in column j
        step = np.divide(null, free[:, r], out=np.zeros(len(null)), where=free[:, r] > 0)
        later = np.cumsum((a * step[:, None])[::-1], axis=0)[::-1]
        later = np.vstack((later[1:], np.zeros(g)))  # B, over times after u
        per_row = np.divide(before[:, r], n[:, r], out=np.zeros(len(null)), where=there[:, r])
        past = np.divide(
            (1 - incidence[:, r]) * per_row, survival[:, r],
            out=np.zeros(len(null)), where=survival[:, r] > 0,
        )  # fmt: skip
        direct = np.divide(a, weight[:, [r]], out=np.zeros_like(a), where=weight[:, [r]] > 0)
        either = -later * past[:, None]
        of_cause = direct + later * per_row[:, None] + either
        if clusters is None or scores is None:
            mean = weight[:, r] * null
            other = every[:, r] - ours[:, r]
            variance += (of_cause * mean[:, None]).T @ of_cause
            variance += (either * other[:, None]).T @ either
            continue
        own = groups == r
        at_risk = at_risk_by_cluster(sets, own[sets.rows].astype(np.float64), *clusters)
        of_it = (own & first)[failing].astype(np.float64)
        others = (own & ~first)[failing].astype(np.float64)
        rest = np.divide(every[:, r] - ours[:, r], n[:, r], out=np.zeros(len(null)),
                         where=there[:, r])  # fmt: skip
        scores += (failures_by_cluster(sets, of_it, *clusters) - at_risk * hazard[:, r]) @ of_cause
        scores += (failures_by_cluster(sets, others, *clusters) - at_risk * rest) @ either
    observed = ours.sum(axis=0)
    return _GrayParts(observed, (weight * null[:, None]).sum(axis=0), variance, scores)
