"""The log-rank test, with entry times, strata, weights and clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from riskset.arrays import Floats
from riskset.clustered import at_risk_by_cluster, failures_by_cluster
from riskset.columns import Names, as_frame, case_weights, clusters, codes, indicator
from riskset.errors import EstimationError
from riskset.results import Printed
from riskset.risk_sets import RiskSets
from riskset.times import require_no_overlap, survival_times

#: Of the terms of a sum: what their rounding leaves where they cancel.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, repr=False)
class LogrankTest(Printed):
    """A log-rank test.

    Attributes
    ----------
    chi2 : float
    df : int
    p_value : float
    table : DataFrame
        One row per group: ``group, rows, observed, expected``.
    """

    chi2: float
    df: int
    p_value: float
    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return one row per group with its observed and expected events."""
        return self.table.copy()

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("test", "log-rank"),
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

    Returns
    -------
    LogrankTest

    Raises
    ------
    EstimationError
        Fewer than two groups; weights without clusters; a comparison is empty.

    Notes
    -----
    ``Z_j = Σ_k (d_jk − n_jk d_k / n_k)`` with the hypergeometric variance [1]_; with clusters with
    the sandwich of the score test of a Cox model at zero [2]_.

    References
    ----------
    .. [1] Mantel, N. (1966). Evaluation of survival data and two new rank order statistics arising
       in its consideration. Cancer Chemotherapy Reports 50, 163–170.
    .. [2] Lin, D. Y., & Wei, L. J. (1989). The robust inference for the Cox proportional hazards
       model. JASA 84, 1074–1078. https://doi.org/10.1080/01621459.1989.10478874
    """
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
        spread = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1e-300), 0.0)
        variance = np.diag(spread @ share) - share.T @ (spread[:, None] * share)
    else:
        found, cluster_labels = clusters(data, cluster)
        size = (found, len(cluster_labels))
        scores = _cluster_scores(sets, member, own, share, d / n, size)
        variance = scores.T @ scores
    excess = (failing - expected).sum(axis=0)[1:]
    variance = variance[1:, 1:]
    # A variance that is zero comes out as the rounding of its terms, which another processor rounds
    # otherwise: it is judged by their size, not by its own.
    size_of_terms = d.sum() if cluster is None else d.sum() ** 2
    if np.linalg.matrix_rank(variance, tol=_ROUNDING * size_of_terms) < len(excess):
        raise EstimationError(
            f"some group of {group!r} never shares a risk set with the others; "
            "merge groups or drop it"
        )
    chi2 = float(excess @ np.linalg.solve(variance, excess))
    df = len(excess)
    return LogrankTest(chi2, df, float(scipy.stats.chi2.sf(chi2, df)), table)


def _cluster_scores(
    sets: RiskSets,
    member: Floats,
    weight: Floats,
    share: Floats,
    hazard: Floats,
    clusters: tuple[np.ndarray, int],
) -> Floats:
    """Return each cluster's contribution to observed less expected events, shape (g, groups)."""
    columns = []
    for j in range(member.shape[1]):
        away = member[sets.failures, j] - share[sets.failure_moment, j]
        events = failures_by_cluster(sets, weight[sets.failures] * away, *clusters)
        own = at_risk_by_cluster(sets, weight * member[:, j], *clusters)
        everybody = at_risk_by_cluster(sets, weight, *clusters)
        columns.append((events - (own - everybody * share[:, j]) * hazard).sum(axis=1))
    return np.column_stack(columns)
