"""Cox models of case-cohort samples: all cases, and a random subcohort."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers, sum_by_group
from riskset.columns import Names, as_frame, codes, indicator
from riskset.cox.design import CoxDesign
from riskset.cox.model import fit_design
from riskset.cox.residuals import score_residuals
from riskset.cox.result import CoxResult
from riskset.errors import EstimationError, shown
from riskset.times import require_no_overlap, survival_times, untied

Method = Literal["prentice", "self-prentice", "lin-ying"]
#: Logarithm of the weight of a case at its own event among the subcohort: none.
NO_WEIGHT = -100.0
BEGIN, END, ENDED, OFFSET = "_begin", "_end", "_ended", "_offset"


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
) -> CoxResult:
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
    CoxResult
        Its ``cov`` is that of the design (Therneau and Li's), ``model_cov`` that of the
        information alone; likelihood ratios and tests of proportionality do not hold.

    Raises
    ------
    EstimationError
        A unit outside the subcohort has no event; membership changes within a unit; the cohort is
        smaller than the sample.

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
    data = as_frame(data)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, unit, spells)
    ended, drawn = indicator(data, event), indicator(data, subcohort)
    owner, labels = codes(data, unit)
    cases, members = (np.bincount(owner, flag) > 0 for flag in (ended, drawn))
    _check(owner, ended, drawn, cases, members, labels, subcohort, cohort_size)
    none = np.zeros(len(data))
    ready = data.assign(**{BEGIN: spells.start, END: spells.stop, ENDED: ended, OFFSET: none})
    if method == "lin-ying":
        others = members & ~cases
        if not others.any():
            raise EstimationError("the subcohort holds no unit without the event")
        stands_for = (cohort_size - cases.sum()) / others.sum()
        ready[OFFSET] = np.where(cases[owner], 0.0, np.log(stands_for))
        result = _fit(ready, covariates)
        moved = _changes(result, owner, len(labels))[others]
        moved = moved - moved.mean(axis=0)
        return _with(result, result, (1 - 1 / stands_for) * moved.T @ moved)
    doubled = pd.concat(
        [
            ready[ended].assign(**{OFFSET: NO_WEIGHT}),
            ready[drawn].assign(**{ENDED: False}),
        ]
    )
    twice = _fit(doubled, covariates)
    result = twice
    if method == "prentice":
        moments = untied(spells.stop[ended], spells.width)
        place = np.searchsorted(moments, spells.stop - spells.width) - 1
        last = np.where(place >= 0, moments[np.maximum(place, 0)], -np.inf)
        # A case from outside enters after the event time before its own.
        outside = ended & ~drawn
        middle = np.where(np.isfinite(last), (last + spells.stop) / 2, spells.start)
        ready[BEGIN] = np.where(outside, np.maximum(middle, spells.start), spells.start)
        result = _fit(ready[drawn | ended], covariates)
    place = np.concatenate((np.full(int(ended.sum()), -1), owner[drawn]))
    moved = _changes(twice, place, len(labels))[members]
    share = 1 - members.sum() / cohort_size
    return _with(result, twice, share * moved.T @ moved)


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
    if (idle := np.flatnonzero(~members & ~cases)).size:
        raise EstimationError(
            f"unit {shown(labels[idle[0]])} is outside the subcohort and has no event "
            f"({idle.size} such units): its rows say nothing in this design; leave them out"
        )
    if isinstance(cohort_size, bool) or not isinstance(cohort_size, int | np.integer):
        raise EstimationError(f"cohort_size must be a whole number, not {cohort_size!r}")
    if cohort_size < len(labels):
        raise EstimationError(f"a cohort of {cohort_size} cannot hold {len(labels)} units")


def _fit(rows: pd.DataFrame, covariates: Names) -> CoxResult:
    design = CoxDesign.from_frame(
        rows, covariates, start=BEGIN, stop=END, event=ENDED, offset=OFFSET
    )
    return fit_design(design)


def _changes(result: CoxResult, owner: Integers, units: int) -> Floats:
    """Return the change of the estimate by each unit, shape (u, p); rows of −1 count nowhere."""
    changes = score_residuals(result.design, result.fitted) @ result.model_cov.to_numpy()
    kept = np.flatnonzero(owner >= 0)
    return sum_by_group(changes[kept], owner[kept], units)


def _with(result: CoxResult, errors: CoxResult, phase_two: Floats) -> CoxResult:
    """Return a result with the covariance of the design."""
    names = result.params.index
    cov = errors.model_cov.to_numpy() + phase_two
    return CoxResult(
        params=result.params,
        cov=pd.DataFrame(cov, index=names, columns=names),
        model_cov=errors.model_cov,
        loglik=result.loglik,
        score_test=result.score_test,
        steps=result.steps,
        design=result.design,
        fitted=result.fitted,
    )
