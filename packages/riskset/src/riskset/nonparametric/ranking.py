"""How well a score ranks event times: concordance, and the area under curves by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskset.arrays import Floats
from riskset.columns import Names, as_frame, clusters, codes, indicator, number_array, numbers
from riskset.errors import EstimationError, check_positive
from riskset.nonparametric.accuracy import (
    KnownOutcomes,
    influence_error,
    require_one_start,
    uncensored,
)
from riskset.results import Printed, critical_value
from riskset.risk_sets import RiskSets
from riskset.times import require_last_events, require_no_overlap, survival_times

PairWeights = Literal["pairs", "ipcw"]


@dataclass(frozen=True, slots=True, repr=False)
class Concordance(Printed):
    """How often the higher risk has the earlier event.

    Attributes
    ----------
    estimate, std_error : float
        The share of comparable pairs ordered rightly, half of those whose risks are equal included.
    pairs : dict of str to float
        Weight of the pairs: ``concordant``, ``discordant``, ``tied`` (of equal risk).
    by_time : DataFrame
        One row per event time: ``time, pairs, concordance``, of those who have the event then
        against those still at risk (the incident AUC).
    weighting : {"pairs", "ipcw"}
    """

    estimate: float
    std_error: float
    pairs: dict[str, float]
    by_time: pd.DataFrame
    weighting: PairWeights

    def conf_int(self, level: float = 0.95) -> tuple[float, float]:
        """Return the Wald interval, cut at 0 and 1."""
        half = critical_value(level) * self.std_error
        return max(self.estimate - half, 0.0), min(self.estimate + half, 1.0)

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row: ``term, estimate, std_error, ci_low, ci_high``."""
        low, high = self.conf_int(level)
        row = {"term": "concordance", "estimate": self.estimate, "std_error": self.std_error}
        return pd.DataFrame([row | {"ci_low": low, "ci_high": high}])

    def _facts(self) -> list[tuple[str, Any]]:
        counted = ", ".join(f"{name} {value:.6g}" for name, value in self.pairs.items())
        return [("pairs", counted), ("weights", self.weighting)]


def concordance(
    data: pd.DataFrame,
    risk: str,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    weighting: PairWeights = "pairs",
    horizon: float | None = None,
    strata: Names | None = None,
    cluster: Names | None = None,
    unit: Names | None = None,
) -> Concordance:
    """Estimate how well a score orders events: Harrell's concordance, or Uno's.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``; with ``ipcw`` one row per unit, all from one start.
    risk : str
        Column that is higher where the event is expected earlier (the linear predictor of a hazard
        model); it may change from row to row of a unit.
    start, stop, event : str
        As in `kaplan_meier`.
    weighting : {"pairs", "ipcw"}
        ``pairs`` counts each comparable pair once (Harrell's): what it estimates depends on the
        censoring. ``ipcw`` weights those at ``t`` by one over the squared probability of being
        uncensored then (Uno's), and estimates the same whatever the censoring.
    horizon : float, optional
        Events after it are not counted. Name it with ``ipcw``: late events weigh most.
    strata : str or sequence of str, optional
        Pairs are formed within strata only.
    cluster : str or sequence of str, optional
        Groups of dependent rows, for the standard error; name the unit where it has several rows.
    unit : str or sequence of str, optional
        Whose row it is: rows of one unit that overlap, or that follow its event, are refused.

    Returns
    -------
    Concordance

    Raises
    ------
    EstimationError
        A risk is missing; no pair is comparable; ``ipcw`` with late entry or strata.

    Notes
    -----
    Over the events ``i`` and those at risk beyond them, ``R_i = {j: start_j < t_i <= stop_j}``
    without those who have the event at the same time [1]_, [2]_, ::

        C = Σ_i g(t_i) Σ_{j∈R_i} {1(r_i > r_j) + ½ 1(r_i = r_j)} / Σ_i g(t_i) |R_i|

    with ``g = 1`` or ``g(t) = P(uncensored just before t)⁻²`` by Kaplan and Meier. The standard
    error is that of the infinitesimal jackknife, ``g`` taken as known, as in R's ``concordance``.

    References
    ----------
    .. [1] Harrell, F. E., Lee, K. L., & Mark, D. B. (1996). Multivariable prognostic models.
       Statistics in Medicine 15, 361–387.
       https://doi.org/10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4
    .. [2] Uno, H., Cai, T., Pencina, M. J., D'Agostino, R. B., & Wei, L. J. (2011). On the
       C-statistics for evaluating overall adequacy of risk prediction procedures with censored
       survival data. Statistics in Medicine 30, 1105–1117. https://doi.org/10.1002/sim.4154

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": [2, 4, 6, 8], "ended": [1, 1, 0, 1], "risk": [3, 1, 2, 0]})
    >>> found = concordance(wars, "risk", stop="months", event="ended")
    >>> found.estimate, found.pairs["discordant"]
    (0.8, 1.0)
    """
    if weighting not in ("pairs", "ipcw"):
        raise EstimationError(f"weighting must be 'pairs' or 'ipcw', not {weighting!r}")
    data = as_frame(data)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, unit, spells)
    happened = indicator(data, event)
    require_last_events(data, unit, spells, happened)
    score = numbers(data, risk)
    groups = None if cluster is None else clusters(data, cluster)
    stratum = np.zeros(len(data), dtype=np.int64) if strata is None else codes(data, strata)[0]
    counted = happened
    if horizon is not None:
        counted = happened & (spells.stop <= check_positive(horizon, "the horizon") + spells.width)
    sets = RiskSets.build(spells.start, spells.stop, counted, stratum, spells.width)
    weight = np.ones(sets.moments)
    if weighting == "ipcw":
        if strata is not None:
            raise EstimationError("ipcw takes no strata: weight each stratum's own sample")
        require_one_start(spells)
        weight = uncensored(spells, happened, sets.time) ** -2.0
    favorable, comparable, table = _pairs(sets, score, weight)
    total = comparable.sum() / 2
    if total == 0:
        raise EstimationError("no pair is comparable: nobody is at risk beyond an event")
    half_ties = table.pop("tied") * 0.5
    estimate = float(favorable.sum() / 2 / total)
    moved = (favorable - estimate * comparable) / total
    ranked = table["ranked"] + half_ties
    by_time = pd.DataFrame(
        {
            "time": sets.time,
            "pairs": table["pairs"],
            "concordance": np.divide(
                ranked, table["pairs"], out=np.full(sets.moments, np.nan), where=table["pairs"] > 0
            ),
        }
    )
    sums = {
        "concordant": float(weight @ table["ranked"]),
        "discordant": float(weight @ (table["pairs"] - table["ranked"] - 2 * half_ties)),
        "tied": float(weight @ (2 * half_ties)),
    }
    return Concordance(
        estimate=estimate,
        std_error=influence_error(moved, groups),
        pairs=sums,
        by_time=by_time,
        weighting=weighting,
    )


def _pairs(
    sets: RiskSets, score: Floats, weight: Floats
) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Count the pairs of each row, shape (n,), and of each moment, shape (k,).

    Returns
    -------
    favorable, comparable : ndarray, shape (n,)
        Weight of each row's pairs, those ordered rightly (ties half) and all.
    table : dict
        ``pairs, ranked, tied`` of each moment, unweighted.
    """
    own, place = sets.take(score), np.argsort(sets.failure_moment, kind="stable")
    failures = sets.failures[place]
    ends = np.searchsorted(sets.failure_moment[place], np.arange(sets.moments + 1))
    favorable, comparable = np.zeros(len(own)), np.zeros(len(own))
    table = {name: np.zeros(sets.moments) for name in ("pairs", "ranked", "tied")}
    leaves = np.zeros(len(own), dtype=np.int64) - 1
    leaves[sets.failures] = sets.failure_moment
    for k in range(sets.moments):
        dying = failures[ends[k] : ends[k + 1]]
        there = np.flatnonzero((sets.first <= k) & (k < sets.past) & (leaves != k))
        if not there.size:
            continue
        others = np.sort(own[there])
        low = np.searchsorted(others, own[dying], side="left")
        high = np.searchsorted(others, own[dying], side="right")
        right = low + (high - low) / 2
        favorable[dying] += weight[k] * right
        comparable[dying] += weight[k] * there.size
        cases = np.sort(own[dying])
        below = np.searchsorted(cases, own[there], side="left")
        upto = np.searchsorted(cases, own[there], side="right")
        favorable[there] += weight[k] * (len(cases) - upto + (upto - below) / 2)
        comparable[there] += weight[k] * len(cases)
        table["pairs"][k] = len(dying) * there.size
        table["ranked"][k] = low.sum()
        table["tied"][k] = (high - low).sum()
    whole = np.zeros((2, sets.n))
    whole[0, sets.rows], whole[1, sets.rows] = favorable, comparable
    return whole[0], whole[1], table


def time_auc(
    data: pd.DataFrame,
    risk: str,
    times: float | npt.ArrayLike,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    competing: str | None = None,
    cluster: Names | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Estimate how well a score tells who has the event by a time from who has not.

    Parameters
    ----------
    data, start, stop, event, competing, cluster
        As in `brier_score`.
    risk : str
        Column that is higher where the event is expected by the time.
    times : float or array_like, shape (t,)
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        One row per time: ``time, cases`` (rows), ``auc, std_error, ci_low, ci_high``.

    Raises
    ------
    EstimationError
        Rows enter late (`concordance` has the incident AUC for them, ``by_time``); nobody has had
        the event by a time, or everybody; a time lies beyond follow-up.

    Notes
    -----
    The cumulative, dynamic AUC [1]_, [2]_: with the weights of `brier_score`, over cases ``i`` and
    others ``j``, units past ``t`` or ended in another cause, ::

        AUC(t) = Σ_i Σ_j w_i w_j {1(r_i > r_j) + ½ 1(r_i = r_j)} / Σ_i Σ_j w_i w_j

    The standard error takes the weights as known.

    References
    ----------
    .. [1] Uno, H., Cai, T., Tian, L., & Wei, L. J. (2007). Evaluating prediction rules for t-year
       survivors with censored regression models. JASA 102, 527–537.
       https://doi.org/10.1198/016214507000000149
    .. [2] Blanche, P., Dartigues, J.-F., & Jacqmin-Gadda, H. (2013). Estimating and comparing
       time-dependent areas under receiver operating characteristic curves for censored event
       times with competing risks. Statistics in Medicine 32, 5381–5397.
       https://doi.org/10.1002/sim.5958

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": [2, 4, 6, 8], "ended": [1, 1, 0, 1], "risk": [3, 1, 2, 0]})
    >>> time_auc(wars, "risk", 5, stop="months", event="ended")["auc"].tolist()
    [0.75]
    """
    data = as_frame(data)
    grid = number_array(times, "times")
    outcomes = KnownOutcomes.of(
        data, grid, start=start, stop=stop, event=event, competing=competing, cluster=cluster
    )
    score = numbers(data, risk)
    _, rank = np.unique(score, return_inverse=True)
    rows = []
    for t, when in enumerate(grid):
        case = outcomes.weight[:, t] * outcomes.had[:, t]
        other = outcomes.weight[:, t] * ~outcomes.had[:, t]
        whole = case.sum() * other.sum()
        if whole == 0:
            raise EstimationError(f"by {when:g} nobody, or everybody, is known to have the event")
        size = int(rank.max()) + 1
        below = _lower(np.bincount(rank, other, size))[rank]
        above = case.sum() - _lower(np.bincount(rank, case, size))[rank]
        right = case * below
        auc = float(right.sum() / whole)
        moved = (right - auc * case * other.sum() + other * (above - auc * case.sum())) / whole
        error = influence_error(moved, outcomes.clusters)
        half = critical_value(level) * error
        found = (when, int((case > 0).sum()), auc, error, max(auc - half, 0), min(auc + half, 1))
        rows.append(found)
    return pd.DataFrame(rows, columns=["time", "cases", "auc", "std_error", "ci_low", "ci_high"])


def _lower(weights: npt.NDArray[Any]) -> Floats:
    """Return the weight below each rank, and half of that at it."""
    return np.cumsum(weights) - weights / 2
