"""Fine and Gray's model of the subdistribution hazard, on start-stop rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers
from riskset.causes import events_of
from riskset.columns import Names, as_frame, clusters, codes
from riskset.covariates import matrix
from riskset.cox.model import cox_ph
from riskset.cox.result import CoxResult
from riskset.cox.terms import Ties
from riskset.errors import EstimationError, shown
from riskset.formulas import covariates_of
from riskset.risk_sets import RiskSets
from riskset.times import survival_times, times_up_to, untied


def fine_gray(
    data: pd.DataFrame,
    covariates: Names,
    *,
    unit: str,
    start: str | None = None,
    stop: str,
    cause: str,
    failure: Hashable = 1,
    censored: Hashable = 0,
    cluster: Names | None = None,
    ties: Ties = "efron",
    group_debias: bool = False,
) -> CoxResult:
    """Fit a proportional hazards model of one cause's cumulative incidence.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``; those of a unit follow one another without a gap.
    covariates : str or sequence of str
        Numeric columns. They may change from row to row; after a competing event the last value
        stays, which has no meaning for a covariate that could have gone on changing.
    unit : str
        Column that says whose row it is.
    start, stop : str
        As in `cox_ph`; a first row that begins late is left truncation, and weighted for.
    cause : str
        Column that names the event at the row's end.
    failure : hashable
        The cause in question.
    censored : hashable
        The value of ``cause`` that means no event; None where every row ends in one.
    cluster : str or sequence of str, optional
        Groups of dependent rows; the units by default. The weights make model errors wrong.
    ties, group_debias
        As in `cox_ph`.

    Returns
    -------
    CoxResult
        Exponentials of its coefficients are ratios of subdistribution hazards. Its rows are those
        of the weighted sample.

    Raises
    ------
    EstimationError
        A unit has a gap, an overlap, or an event before its last row; no event of the cause.

    Notes
    -----
    Units that have had a competing event stay at risk with the weight
    ``G(t−) H(t−) / {G(t_i−) H(t_i−)}``: G is the Kaplan–Meier estimate of staying uncensored, H in
    reverse time that of having entered [1]_ [2]_. Among equal times events come before censorings.
    Errors take the weights as known, as R's ``finegray`` does.

    References
    ----------
    .. [1] Fine, J. P., & Gray, R. J. (1999). A proportional hazards model for the subdistribution
       of a competing risk. JASA 94, 496–509. https://doi.org/10.1080/01621459.1999.10474144
    .. [2] Geskus, R. B. (2011). Cause-specific cumulative incidence estimation and the Fine and
       Gray model under both left truncation and right censoring. Biometrics 67, 39–49.
       https://doi.org/10.1111/j.1541-0420.2010.01420.x

    Examples
    --------
    >>> wars = pd.DataFrame(
    ...     {"war": range(6), "months": [1, 2, 3, 4, 5, 6], "end": [1, 2, 1, 0, 1, 2],
    ...      "aid": [1, 0, 0, 1, 0, 1]}
    ... )
    >>> fit = fine_gray(wars, "aid", unit="war", stop="months", cause="end")
    >>> fit.n_events, fit.n_clusters
    (3, 6)
    """
    data, made = covariates_of(as_frame(data), covariates)
    happened = events_of(data, cause, censored)
    if failure == censored:
        raise EstimationError(
            f"failure={failure!r} is the value that means no event (censored={censored!r}): name "
            "the cause in question"
        )
    spells = survival_times(data, start, stop)
    begins, ends, width = spells.start, spells.stop, spells.width
    # Rows at risk from the beginning: any time before all others will do.
    entered = begins[np.isfinite(begins)]
    first_time = float(min(0.0, ends.min() - 1.0, entered.min() - 1.0 if entered.size else 0.0))
    begins = np.where(np.isfinite(begins), begins, first_time)
    ours = (data[cause] == failure).to_numpy(dtype=bool)
    if not ours.any():
        raise EstimationError(f"no event: column {cause!r} is nowhere {failure!r}")
    x = matrix(data, made.names)
    owner, labels = codes(data, unit)
    clustered = clusters(data, unit if cluster is None else cluster)[0]
    # Near-ties are ties from here on.
    clock = untied(np.concatenate((begins, ends)), width)
    begin = times_up_to(clock, begins, width) - 1
    end = times_up_to(clock, ends, width) - 1
    first, last = _chained(begin, end, happened, owner, labels, unit)
    edges, staying = _staying(begin, end, happened, first, last)
    row, from_, to, weight = _prolonged(begin, end, happened & ~ours & last, ours, edges, staying)
    frame = pd.DataFrame(x[row], columns=pd.Index(made.names))
    frame["(start)"], frame["(stop)"], frame["(event)"] = clock[from_], clock[to], ours[row]
    frame["(weight)"], frame["(cluster)"] = weight, clustered[row]
    fit = cox_ph(
        frame,
        made.names,
        start="(start)",
        stop="(stop)",
        event="(event)",
        cluster="(cluster)",
        weights="(weight)",
        ties=ties,
        group_debias=group_debias,
    )
    return replace(
        fit,
        design=replace(fit.design, covariates=made),
        kind="Fine–Gray subdistribution hazards",
        is_likelihood=False,
    )


def _chained(
    begin: Integers, end: Integers, happened: Booleans, owner: Integers, labels: pd.Index, unit: str
) -> tuple[Booleans, Booleans]:
    """Say which rows are the first and the last of their unit, each of shape (n,)."""
    order = np.lexsort((begin, owner))
    new = np.concatenate(([True], np.diff(owner[order]) > 0))
    old = np.concatenate((new[1:], [True]))

    def refuse(wrong: Booleans, why: str) -> None:
        if wrong.any():
            who = labels[owner[order][np.flatnonzero(wrong)[0]]]
            raise EstimationError(f"{unit!r} {shown(who)} {why}")

    broken = np.zeros_like(new)
    broken[1:] = ~new[1:] & (begin[order][1:] != end[order][:-1])
    refuse(broken, "has a gap or an overlap between its rows")
    refuse(~old & happened[order], "has an event before its last row")
    first, last = np.empty_like(new), np.empty_like(new)
    first[order], last[order] = new, old
    return first, last


def _staying(
    begin: Integers, end: Integers, happened: Booleans, first: Booleans, last: Booleans
) -> tuple[Integers, Floats]:
    """Estimate the chance to have entered and not been censored, a step function of time.

    Returns
    -------
    edges : ndarray of int, shape (j,)
        Ends of the steps on the clock, the last one the end of all follow-up.
    staying : ndarray, shape (j,)
        G(t−) H(t−) on the step that ends there.
    """
    start = np.asarray(begin, dtype=np.float64)
    # Events come before censorings at one time.
    stop: Floats = np.asarray(end - np.where(happened, 0.2, 0.0), dtype=np.float64)
    times, kept = _survival(start, stop, last & ~happened)
    cuts = np.rint(times).astype(np.int64)
    if (begin[first] > end.min()).any():
        back, entered = _survival(-stop, -start, first)
        # In reverse time the last step comes first; before the latest entry not all have entered.
        entries, inside = np.rint(-back[::-1]).astype(np.int64), np.append(entered[::-1][1:], 1.0)
        both = np.union1d(entries, cuts)
        at_entry = np.searchsorted(entries, both, side="right") - 1
        at_cut = np.searchsorted(cuts, both, side="right")
        kept = inside[at_entry] * np.append(1.0, kept)[at_cut]
        cuts = both
    return np.append(cuts, end.max()), np.append(1.0, kept)


def _survival(start: Floats, stop: Floats, event: Booleans) -> tuple[Floats, Floats]:
    """Return event times and the Kaplan–Meier estimate after each, shapes (k,)."""
    if not event.any():
        return np.empty(0), np.empty(0)
    sets = RiskSets.build(start, stop, event, np.zeros(len(stop), dtype=np.int64))
    at_risk = sets.at_risk(np.ones(len(sets.rows)))
    events = np.bincount(sets.failure_moment, minlength=sets.moments)
    return sets.time, np.asarray(np.cumprod(1 - events / at_risk), dtype=np.float64)


def _prolonged(
    begin: Integers,
    end: Integers,
    competing: Booleans,
    ours: Booleans,
    edges: Integers,
    staying: Floats,
) -> tuple[Integers, Integers, Integers, Floats]:
    """Keep units with a competing event at risk, with a weight on each step.

    Returns
    -------
    row, begin, end : ndarray of int, shape (r,)
        Which row it is, and when it begins and ends on the clock.
    weight : ndarray, shape (r,)
        One for the rows themselves.
    """
    step = np.searchsorted(edges, end, side="left")
    # Only steps with an event of the cause matter.
    needed = np.unique(np.searchsorted(edges, end[ours], side="left"))
    late = np.flatnonzero(competing)
    needed = needed[staying[needed] > 0]
    after = np.searchsorted(needed, step[late], side="right")
    count = len(needed) - after
    if (staying[step[late]][count > 0] <= 0).any():
        raise EstimationError(
            "a competing event comes before the chance to have entered is above zero: early risk "
            "sets are too small for left truncation. Begin later"
        )
    row = np.repeat(late, count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    k = needed[np.repeat(after, count) + within]
    everybody = np.arange(len(end))
    return (
        np.concatenate((everybody, row)),
        np.concatenate((begin, edges[k - 1])),
        np.concatenate((np.where(competing, edges[step], end), edges[k])),
        np.concatenate((np.ones(len(end)), staying[k] / staying[step[row]])),
    )
