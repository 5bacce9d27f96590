"""Cox models of case-cohort samples: all cases, and a random subcohort."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Integers
from riskset.columns import Names, as_frame, codes, indicator
from riskset.cox.case_cohort_result import CaseCohortResult, SecondPhase
from riskset.cox.design import CoxDesign
from riskset.cox.model import fit_design
from riskset.cox.residuals import cluster_scores
from riskset.cox.result import CoxResult
from riskset.errors import EstimationError, shown
from riskset.formulas import Covariates, covariates_of
from riskset.times import require_no_overlap, survival_times, untied

Method = Literal["prentice", "self-prentice", "lin-ying"]
#: Logarithm of the weight of a case at its own event among the subcohort: none.
NO_WEIGHT = -100.0
BEGIN, END, ENDED, OFFSET, MEMBER = "_begin", "_end", "_ended", "_offset", "_member"


def case_cohort(
    data: pd.DataFrame,
    covariates: Names,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    subcohort: str,
    cohort_size: int,
    unit: Names,
    method: Method = "prentice",
) -> CaseCohortResult:
    """Fit a Cox model to a case-cohort sample.

    Covariates are coded for every case and for a random subcohort of the whole cohort only, which
    saves the coding of most units without events.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]`` of the subcohort, and of all units outside it that have the event.
    covariates : str or sequence of str
        As in `cox_ph`.
    start, stop, event : str
        As in `cox_ph`.
    subcohort : str
        Column that is 1 where the unit was drawn into the subcohort.
    cohort_size : int
        Units of the whole cohort.
    unit : str or sequence of str
        Whose row it is.
    method : {"prentice", "self-prentice", "lin-ying"}
        ``prentice``: cases outside the subcohort count at their own event only. ``self-prentice``:
        not even there. ``lin-ying``: subcohort members without event weigh as many as they stand
        for, cases one.

    Returns
    -------
    CaseCohortResult
        Its ``cov`` is that of the design (Therneau and Li's), ``model_cov`` that of the
        information alone. Baseline hazards and predictions are those of the cohort.

    Raises
    ------
    EstimationError
        Nobody is in the subcohort; a unit outside it has no event; membership changes within a
        unit; the cohort is smaller than the sample.

    Notes
    -----
    The covariance is the inverse information plus ``(1 − α) Σ_subcohort D_i D_i'``, with ``α`` the
    sampling fraction and ``D_i`` the change of the estimate by subcohort member i [1]_ [2]_; for
    ``lin-ying`` over the members without event, about their mean. As in R's ``cch``, Prentice's
    estimate has the errors of Self and Prentice's.

    References
    ----------
    .. [1] Prentice, R. L. (1986). A case-cohort design for epidemiologic cohort studies and disease
       prevention trials. Biometrika 73, 1–11. https://doi.org/10.1093/biomet/73.1.1
    .. [2] Therneau, T. M., & Li, H. (1999). Computing the Cox model for case cohort designs.
       Lifetime Data Analysis 5, 99–112. https://doi.org/10.1023/A:1009691327335
    """
    if method not in ("prentice", "self-prentice", "lin-ying"):
        raise EstimationError(
            f"method must be 'prentice', 'self-prentice' or 'lin-ying', not {method!r}"
        )
    data, made = covariates_of(as_frame(data), covariates)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, unit, spells)
    ended, drawn = indicator(data, event), indicator(data, subcohort)
    owner, labels = codes(data, unit)
    cases, members = (np.bincount(owner, flag) > 0 for flag in (ended, drawn))
    _check(owner, ended, drawn, cases, members, labels, subcohort, cohort_size)
    none = np.zeros(len(data))
    ready = data.assign(**{BEGIN: spells.start, END: spells.stop, ENDED: ended, OFFSET: none})
    ready[MEMBER] = np.zeros(len(data), dtype=np.int64)
    if method == "lin-ying":
        others = members & ~cases
        if not others.any():
            raise EstimationError("the subcohort holds no unit without the event")
        stands_for = (cohort_size - cases.sum()) / others.sum()
        ready[OFFSET] = np.where(cases[owner], 0.0, np.log(stands_for))
        ready[MEMBER] = _numbered(others)[owner]
        design = _design(ready, made)
        expanded = result = _fit(design)
        share = 1 - 1 / stands_for
    else:
        place = _numbered(members)
        doubled = pd.concat(
            [
                ready[ended].assign(**{OFFSET: NO_WEIGHT}),
                ready[drawn].assign(
                    **{
                        ENDED: False,
                        OFFSET: np.log(cohort_size / members.sum()),
                        MEMBER: place[owner[drawn]],
                    }
                ),
            ]
        )
        design = _design(doubled, made)
        expanded = result = _fit(design)
        share = 1 - members.sum() / cohort_size
    # Score residuals of the members sum to about zero, those of the cases to the score.
    moved = cluster_scores(design, expanded.fitted)[1:] @ expanded.model_cov.to_numpy()
    centered = moved - moved.mean(axis=0) if method == "lin-ying" else moved
    names = result.params.index
    cov = expanded.model_cov.to_numpy() + share * centered.T @ centered
    if method == "prentice":
        moments = untied(spells.stop[ended], spells.width)
        before = np.searchsorted(moments, spells.stop - spells.width) - 1
        last = np.where(before >= 0, moments[np.maximum(before, 0)], -np.inf)
        # A case from outside enters after the event time before its own.
        outside = ended & ~drawn
        middle = np.where(np.isfinite(last), (last + spells.stop) / 2, spells.start)
        ready[BEGIN] = np.where(outside, np.maximum(middle, spells.start), spells.start)
        result = _fit(_design(ready[drawn | ended], made))
        at = expanded.design.evaluate(result.params.to_numpy() * expanded.design.scale)
        expanded = replace(expanded, params=result.params, fitted=at)
    return CaseCohortResult(
        params=result.params,
        cov=pd.DataFrame(cov, index=names, columns=names),
        model_cov=expanded.model_cov,
        method=method,
        nobs=int((drawn | ended).sum()),
        n_events=int(ended.sum()),
        n_units=len(labels),
        n_subcohort=int(members.sum()),
        cohort_size=int(cohort_size),
        expanded=expanded,
        second_phase=SecondPhase(design, moved, float(share)),
    )


def _check(
    owner: Integers,
    ended: Booleans,
    drawn: Booleans,
    cases: Booleans,
    members: Booleans,
    labels: pd.Index,
    subcohort: str,
    cohort_size: int,
) -> None:
    """Raise where the sample is no case-cohort sample."""
    if (mixed := np.flatnonzero(members[owner] != drawn)).size:
        raise EstimationError(
            f"{subcohort!r} changes within unit {shown(labels[owner[mixed[0]]])}: a unit is drawn "
            "or not"
        )
    if not members.any():
        raise EstimationError(
            f"{subcohort!r} is 0 in every row: nobody was drawn into the subcohort, so nobody is "
            "at risk; add its rows"
        )
    if (idle := np.flatnonzero(~members & ~cases)).size:
        raise EstimationError(
            f"unit {shown(labels[idle[0]])} is outside the subcohort and has no event "
            f"({idle.size} such units): its rows say nothing in this design; leave them out"
        )
    if isinstance(cohort_size, bool) or not isinstance(cohort_size, int | np.integer):
        raise EstimationError(f"cohort_size must be a whole number, not {cohort_size!r}")
    if cohort_size < len(labels):
        raise EstimationError(f"a cohort of {cohort_size} cannot hold {len(labels)} units")


def _numbered(chosen: Booleans) -> Integers:
    """Number the chosen units from one on, all others zero, shape (u,)."""
    return np.asarray(np.where(chosen, np.cumsum(chosen), 0), dtype=np.int64)


def _design(rows: pd.DataFrame, made: Covariates) -> CoxDesign:
    """Sort a sample; rows that belong to no member of the subcohort are one cluster, the first."""
    design = CoxDesign.from_frame(
        rows, made.names, start=BEGIN, stop=END, event=ENDED, offset=OFFSET
    )
    member = rows[MEMBER].to_numpy()
    return replace(
        design,
        covariates=made,
        offset_column=None,
        cluster=member,
        cluster_labels=pd.Index(np.arange(member.max() + 1)),
    )


def _fit(design: CoxDesign) -> CoxResult:
    """Fit with the errors of the information."""
    return fit_design(replace(design, cluster=None, cluster_labels=None))
