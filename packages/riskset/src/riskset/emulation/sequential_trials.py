"""A sequence of trials emulated: at each time those who begin treatment against those who wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers
from riskset.columns import Names, as_frame, clusters, indicator, names_of, number_array
from riskset.cox.model import cox_ph
from riskset.cox.result import CoxResult
from riskset.cox.terms import Ties
from riskset.emulation.treatment_histories import (
    BEFORE,
    BEGIN,
    END,
    ENDED,
    TREATED,
    UNIT,
    TreatmentRows,
    likelihood_ratio,
    truncated,
)
from riskset.errors import EstimationError
from riskset.formulas import Covariates, covariates_of
from riskset.results import Coefficients

Estimand = Literal["intention to treat", "per protocol"]


def sequential_trials(
    data: pd.DataFrame,
    covariates: Names,
    *,
    treatment: str,
    start: str,
    stop: str,
    event: str,
    unit: str,
    estimand: Estimand = "intention to treat",
    time_varying: Names = (),
    eligible: str | None = None,
    trials: Sequence[float] | None = None,
    horizon: float | None = None,
    cluster: Names | None = None,
    truncate: float | None = None,
    ties: Ties = "efron",
) -> SequentialTrials:
    """Compare, from each time on, units that begin treatment then with those that do not.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]`` on common starts (months, years), at which treatment is decided.
    covariates : str or sequence of str
        What the decision depends on, known at the row's start; the model of the hazard adjusts for
        their values at the beginning of each trial.
    treatment : str
        Column that is 1 on rows under treatment.
    start, stop, event, unit
        As in `cox_ph`; rows of a unit follow one another without gaps.
    estimand : {"intention to treat", "per protocol"}
        The effect of beginning; or of beginning and never beginning, where those who wait are
        censored when they begin, and weighted by the inverse probability to have waited so long.
        The latter needs a treatment that, begun, goes on.
    time_varying : str or sequence of str
        For ``per protocol``: what waiting depends on later, beside the covariates.
    eligible : str, optional
        Column that is 1 where a unit may enter a trial that begins with the row. Units that were
        treated before never may.
    trials : sequence of float, optional
        Starts of the trials; every start that occurs, by default, at which somebody begins
        treatment and somebody does not.
    horizon : float, optional
        Length of follow-up of each trial.
    cluster : str or sequence of str, optional
        Groups of dependent units; each unit (which enters many trials) by default.
    truncate : float, optional
        Quantile at which weights are cut off.
    ties : {"efron", "breslow"}

    Returns
    -------
    SequentialTrials

    Raises
    ------
    EstimationError
        No trial has both arms; a gap; for ``per protocol`` a treatment that ends.

    Notes
    -----
    The trials' rows are stacked, time counts from each trial's start, and one Cox model with a
    baseline hazard of its own for each trial gives one hazard ratio of being assigned [1]_ [2]_. A
    unit enters every trial for which it is eligible: clusters allow for it.

    References
    ----------
    .. [1] Hernán, M. A., et al. (2008). Observational studies analyzed like randomized experiments.
       Epidemiology 19, 766–779. https://doi.org/10.1097/EDE.0b013e3181875e61
    .. [2] Gran, J. M., et al. (2010). A sequential Cox approach for estimating the causal effect of
       treatment in the presence of time-dependent confounding. Stat. Med. 29, 2757–2768.
       https://doi.org/10.1002/sim.4048
    """
    if estimand not in ("intention to treat", "per protocol"):
        raise EstimationError(
            f"estimand must be 'intention to treat' or 'per protocol', not {estimand!r}"
        )
    per_protocol = estimand == "per protocol"
    frame, made = covariates_of(as_frame(data), covariates)
    frame = frame.assign(_group=clusters(frame, unit if cluster is None else cluster)[0])
    rows = TreatmentRows.from_frame(
        frame,
        unit=unit,
        start=start,
        stop=stop,
        event=event,
        treatment=treatment,
        absorbing=per_protocol,
    )
    table = rows.data
    treated = table[TREATED].to_numpy(dtype=bool)
    allowed = ~rows.ever_before()
    if eligible is not None:
        allowed &= indicator(table, eligible)
    waiting = np.ones(len(table))
    if per_protocol:
        waiting = likelihood_ratio(
            table,
            TREATED,
            ~table[BEFORE].to_numpy(dtype=bool),
            [BEGIN, *made.names],
            [BEGIN, *made.names, *names_of(time_varying)],
            "treatment",
        )
    parts, counts = [], []
    for begin in _starts(table, allowed, treated, trials):
        part = _trial(rows, allowed, waiting, begin, list(made.names), per_protocol, horizon)
        opening = part[part["trial_start"] == 0]
        counts.append(
            {
                "trial": begin,
                "units": len(opening),
                "assigned": int(opening["assigned"].sum()),
                "events": int(part["ended"].sum()),
                "events_assigned": int(part.loc[part["assigned"] == 1, "ended"].sum()),
            }
        )
        parts.append(part)
    stacked = pd.concat(parts, ignore_index=True)
    stacked["weight"] = truncated(stacked["weight"].to_numpy(dtype=np.float64), truncate)
    cox = cox_ph(
        stacked,
        ["assigned", *made.names],
        start="trial_start",
        stop="trial_stop",
        event="ended",
        strata="trial",
        cluster="group",
        weights="weight" if per_protocol else None,
        ties=ties,
    )
    return SequentialTrials(
        params=cox.params,
        cov=cox.cov,
        cox=cox,
        rows=stacked,
        counts=pd.DataFrame(counts),
        estimand=estimand,
    )


def _starts(
    table: pd.DataFrame, allowed: Booleans, treated: Booleans, trials: Sequence[float] | None
) -> Floats:
    """Return the starts of the trials that have both arms."""
    begin = table[BEGIN].to_numpy(dtype=np.float64)
    every = np.unique(begin[allowed]) if trials is None else np.sort(number_array(trials, "trials"))
    kept = []
    for time in every:
        arms = treated[allowed & (begin == time)]
        if arms.any() and not arms.all():
            kept.append(float(time))
        elif trials is not None:
            raise EstimationError(
                f"the trial at {time:g} lacks an arm: {int(arms.sum())} of {len(arms)} eligible "
                "units begin treatment then"
            )
    if not kept:
        raise EstimationError(
            "no start has units that begin treatment and units that wait; rows need common starts"
        )
    return np.array(kept)


def _trial(
    rows: TreatmentRows,
    allowed: Booleans,
    waiting: Floats,
    begin: float,
    names: list[str],
    per_protocol: bool,
    horizon: float | None,
) -> pd.DataFrame:
    """Return the rows of one trial, on its own clock."""
    table = rows.data
    start = table[BEGIN].to_numpy(dtype=np.float64)
    owner, treated = table[UNIT].to_numpy(dtype=np.int64), table[TREATED].to_numpy(dtype=bool)
    opening = np.flatnonzero(allowed & (start == begin))
    place: Integers = np.full(int(owner.max()) + 1, -1, dtype=np.int64)
    place[owner[opening]] = opening
    own = np.flatnonzero((place[owner] >= 0) & (start >= begin))
    base: Integers = place[owner[own]]
    kept = np.ones(len(own), dtype=np.bool_)
    weight = np.ones(len(own))
    if per_protocol:
        kept = treated[own] == treated[base]
        later = np.where(own == base, 1.0, waiting[own])
        logs = np.cumsum(np.log(later))
        first = np.flatnonzero(own == base)
        weight = np.exp(logs - logs[first][np.cumsum(own == base) - 1])
    stop = table[END].to_numpy(dtype=np.float64)[own] - begin
    ended = table[ENDED].to_numpy(dtype=bool)[own]
    if horizon is not None:
        kept &= start[own] - begin < horizon
        ended = ended & (stop <= horizon)
        stop = np.minimum(stop, horizon)
    out = pd.DataFrame(
        {
            "unit": owner[own],
            "group": table["_group"].to_numpy()[own],
            "trial": begin,
            "trial_start": start[own] - begin,
            "trial_stop": stop,
            "ended": ended * 1,
            "assigned": treated[base] * 1,
            "weight": weight,
        }
    )
    for name in names:
        out[name] = table[name].to_numpy()[base]
    return out[kept]


@dataclass(frozen=True, slots=True, repr=False)
class SequentialTrials(Coefficients):
    """A sequence of emulated trials.

    Attributes
    ----------
    params : Series, shape (p,)
        Log hazard ratios: of being ``assigned`` to treatment, then of the covariates.
    cov : DataFrame, shape (p, p)
        Clustered; weights taken as known.
    cox : CoxResult
        The model of the stacked trials.
    rows : DataFrame
        The stacked rows: unit and group (their numbers), ``trial`` (its start), ``trial_start,
        trial_stop, ended, assigned, weight`` and the covariates; `adjusted_survival` draws curves
        of them.
    counts : DataFrame
        One row per trial: ``trial, units, assigned, events, events_assigned``.
    estimand : str
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    cox: CoxResult
    rows: pd.DataFrame
    counts: pd.DataFrame
    estimand: str

    @property
    def nobs(self) -> int:
        """Rows of all trials."""
        return len(self.rows)

    @property
    def n_events(self) -> int:
        """Events, each counted in every trial in which it falls."""
        return int(self.rows["ended"].sum())

    @property
    def n_clusters(self) -> int | None:
        """Clusters; units where none were named."""
        return self.cox.n_clusters

    def _covariates(self) -> Covariates:
        return self.cox.design.covariates

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", f"sequence of {len(self.counts)} trials, {self.estimand}"),
            ("units entered", int(self.counts["units"].sum())),
            ("rows", self.nobs),
            ("events", self.n_events),
            ("standard errors", f"clustered ({self.n_clusters} clusters)"),
        ]
