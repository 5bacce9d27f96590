"""Split-population (mixture cure) models: some will never have the event."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from riskset.arrays import Floats, largest, sum_by_group
from riskset.clustered import check_debias, sandwich
from riskset.columns import Names, as_frame, case_weights, clusters, indicator
from riskset.errors import EstimationError
from riskset.maximum_likelihood import maximize
from riskset.parametric.aft import aft
from riskset.parametric.aft_likelihood import DISTRIBUTIONS, Distribution
from riskset.parametric.aft_result import LOG_SCALE
from riskset.parametric.split_result import PopulationLikelihood, SplitPopulationResult
from riskset.regression.fitting import RegressionDesign
from riskset.times import (
    require_no_overlap,
    require_positive_times,
    survival_times,
)


def split_population(
    data: pd.DataFrame,
    covariates: Names,
    *,
    at_risk: Names = (),
    start: str | None = None,
    stop: str,
    event: str,
    distribution: Distribution = "weibull",
    cluster: Names | None = None,
    weights: str | None = None,
    group_debias: bool = False,
) -> SplitPopulationResult:
    """Fit a split-population model: who is at risk at all, and how long those who are last.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``: one per unit, or several that follow one another with the same
        covariates.
    covariates : str or sequence of str
        Of the time of those at risk, as in `aft`; an intercept is added.
    at_risk : str or sequence of str
        Of being at risk at all; an intercept is added.
    start, stop, event : str
        As in `aft`. A unit that enters late had to be without the event until then, which those
        who are never at risk always are.
    distribution : {"exponential", "weibull", "lognormal", "loglogistic"}
    cluster : str or sequence of str, optional
        Groups of dependent units: sandwich errors.
    weights : str, optional
        Column of case weights; errors are then only right with ``cluster``.
    group_debias : bool
        Multiply the cluster covariance by G/(G − 1), as Stata does.

    Returns
    -------
    SplitPopulationResult
        ``params``: ``at risk: …``, the logit of being at risk; then those of `aft`.

    Raises
    ------
    EstimationError
        As in `aft`; a probability to be at risk runs to zero or one, where follow-up is too short
        to tell those never at risk from those who are and last.

    Notes
    -----
    With ``π = 1/{1 + exp(−zα)}`` a unit contributes ``π f(t | x)`` where it has the event, else
    ``1 − π + π S(t | x)``, over ``1 − π + π S(start | x)`` [1]_ [2]_. The split is told from a long
    tail by the distribution alone unless follow-up goes well beyond the last events: look at the
    plateau of the Kaplan–Meier curve first.

    References
    ----------
    .. [1] Schmidt, P., & Witte, A. D. (1989). Predicting criminal recidivism using 'split
       population' survival time models. J. Econometrics 40, 141–159.
       https://doi.org/10.1016/0304-4076(89)90034-1
    .. [2] Box-Steffensmeier, J. M., & Jones, B. S. (2004). Event History Modeling, ch. 8. Cambridge
       University Press. https://doi.org/10.1017/CBO9780511790874

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": [2.0, 3, 4, 5, 60, 60, 60, 60], "ended": [1] * 4 + [0] * 4})
    >>> fit = split_population(wars, [], stop="months", event="ended", distribution="lognormal")
    >>> round(float(fit.predict(wars[:1])["estimate"].iloc[0]), 3)  # half of them
    0.5
    """
    data = as_frame(data)
    if distribution not in DISTRIBUTIONS:
        known = ", ".join(DISTRIBUTIONS)
        raise EstimationError(f"distribution must be one of {known}, not {distribution!r}")
    check_debias(group_debias, cluster is not None)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, None, spells)
    require_positive_times(data, start, stop, spells)
    happened = indicator(data, event)
    given = case_weights(data, weights)
    weight = np.ones(len(data)) if given is None else given
    if not (happened & (weight > 0)).any():
        raise EstimationError(f"no event: column {event!r} is 0 in all {len(data)} rows")
    risk = RegressionDesign.from_frame(data, at_risk, given)
    time = RegressionDesign.from_frame(data, covariates, given)
    # Those with events alone: where the search begins.
    begin = aft(data[happened], [], stop=stop, event=event, distribution=distribution)
    family = DISTRIBUTIONS[distribution]
    model = PopulationLikelihood(
        family=family,
        z=risk.x,
        x=time.x,
        start=spells.start,
        stop=spells.stop,
        happened=happened,
        weights=weight,
    )
    share = float(np.clip(1.1 * weight[happened].sum() / weight.sum(), 0.05, 0.95))
    first = np.zeros(risk.x.shape[1] + time.x.shape[1] + family.scale_is_free)
    first[0], first[risk.x.shape[1]] = special.logit(share), begin.params["const"]
    if family.scale_is_free:
        first[-1] = max(float(begin.params[LOG_SCALE]), -3.0)
    names = [f"at risk: {name}" for name in risk.names] + list(time.names)
    names += [LOG_SCALE] * family.scale_is_free
    reach = np.concatenate((largest(risk.x), largest(time.x), np.ones(int(family.scale_is_free))))
    best = maximize(model.evaluate, first, names, reach, remedy=", fit aft alone")
    p = len(risk.names)
    back = np.eye(len(names))
    back[:p, :p] = risk.back()
    rest = len(names) - int(family.scale_is_free)
    back[p:rest, p:rest] = time.back()
    bread: Floats = np.asarray(np.linalg.inv(best.fitted.information), dtype=np.float64)
    cov, groups = bread, None
    if cluster is not None:
        found, labels = clusters(data, cluster)
        groups = len(labels)
        sums = sum_by_group(model.scores(best.beta), found, groups)
        cov = sandwich(sums, bread, group_debias=group_debias)
    index = pd.Index(names, name="term")
    cov, bread = back @ cov @ back.T, back @ bread @ back.T
    return SplitPopulationResult(
        params=pd.Series(back @ best.beta, index=index, name="estimate"),
        cov=pd.DataFrame(cov, index=index, columns=index),
        model_cov=pd.DataFrame(bread, index=index, columns=index),
        loglik=best.fitted.loglik,
        distribution=distribution,
        at_risk=risk.covariates,
        covariates=time.covariates,
        longest=float(spells.stop.max()),
        nobs=len(data),
        n_events=int(happened.sum()),
        n_clusters=groups,
    )
