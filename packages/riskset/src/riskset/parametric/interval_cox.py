"""The Cox model of events that are known to lie within an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from riskset.arrays import Booleans, Floats, crossproduct
from riskset.columns import Names, as_frame, case_weights
from riskset.errors import EstimationError
from riskset.formulas import Covariates
from riskset.maximum_likelihood import Expansion, maximize, not_converged
from riskset.nonparametric.interval_censored import innermost
from riskset.predictions import Rows, rows_of
from riskset.regression.fitting import RegressionDesign
from riskset.results import Coefficients
from riskset.times import interval_ends, times_within

#: How far the likelihood may still rise, as a share of the events expected in an interval.
CONVERGED = 1e-10
#: Steps in which the baseline settles; some ten are enough.
MOST_STEPS = 300
#: Of the information's mean diagonal: keeps intervals that no row tells apart from being singular.
RIDGE = 1e-12
#: Log hazard ratio of a row that no estimate reaches: a search that does has no end.
FARTHEST = 50.0
#: A rise this small beside the largest is what is left of none, where the likelihood gains by it.
LITTLE = 1e-6


@dataclass(frozen=True, slots=True, repr=False)
class IntervalCoxResult(Coefficients):
    """A Cox model fitted to interval-censored events.

    Attributes
    ----------
    params : Series, shape (p,)
    cov : DataFrame, shape (p, p)
    loglik : float
        Of the intervals.
    baseline : DataFrame
        One row per interval that holds hazard: ``low, high`` (it falls in ``(low, high]``, at
        ``high`` where they are equal), ``hazard``, and ``survival`` past ``high``, all at
        covariates of zero. Past the last row nothing is known where ``closed`` is false.
    covariates : Covariates
    nobs, n_events : int
    closed : bool
        Whether nobody is seen to survive the last interval: survival past it is then zero.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    loglik: float
    baseline: pd.DataFrame
    covariates: Covariates
    nobs: int
    n_events: int
    closed: bool

    def _bic_size(self) -> float:
        return float(self.n_events)

    def predict_survival(self, rows: Rows, times: float | Sequence[float]) -> pd.DataFrame:
        """Return survival of rows at times: between two bounds within an interval.

        Returns
        -------
        DataFrame
            ``row, time, survival_low, survival_high``. There are no errors: the baseline has no
            normal limit at the usual rate.

        Raises
        ------
        EstimationError
            A column is absent or missing a value; a time lies past all intervals.
        """
        data = rows_of(rows)
        grid = times_within(times, np.inf if self.closed else float(self.baseline["high"].max()))
        risk = np.exp(self.covariates.matrix(data) @ self.params.to_numpy(dtype=np.float64))
        low, high = (self.baseline[side].to_numpy() for side in ("low", "high"))
        hazard = self.baseline["hazard"].to_numpy()
        gone, begun = high <= grid[:, None], (low < grid[:, None]) | (high <= grid[:, None])
        least, most = (
            np.exp(-risk[:, None] * np.where(there, hazard, 0.0).sum(axis=1))
            for there in (begun, gone)
        )
        return pd.DataFrame(
            {
                "row": np.repeat(data.index, len(grid)),
                "time": np.tile(grid, len(data)),
                "survival_low": least.ravel(),
                "survival_high": most.ravel(),
            }
        )

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", "Cox proportional hazards, interval-censored"),
            ("rows", self.nobs),
            ("events", self.n_events),
            ("standard errors", "profile likelihood"),
            ("log-likelihood", f"{self.loglik:.6g}"),
        ]


def interval_cox(
    data: pd.DataFrame,
    covariates: Names,
    *,
    lower: str,
    upper: str,
    weights: str | None = None,
) -> IntervalCoxResult:
    """Fit a Cox model to events of which only an interval is known.

    Parameters
    ----------
    data : DataFrame
        One row per unit, all at risk from zero.
    covariates : str or sequence of str
        Numeric columns, or a formula.
    lower, upper : str
        Columns of the interval ``(lower, upper]`` that holds the event, as in `turnbull`.
    weights : str, optional
        Column of weights, zero or more, each so many copies of the row.

    Returns
    -------
    IntervalCoxResult
        For late entry, clusters, or smooth hazards: `interval_parametric`. `cluster_jackknife`
        takes this estimator as any.

    Raises
    ------
    EstimationError
        As in `turnbull`; covariates are constant or collinear, or separate the events.

    Notes
    -----
    ``Σ_i w_i log{exp(−r_i Λ(lower_i)) − exp(−r_i Λ(upper_i))}``, ``r_i = exp(x_i β)``, is maximized
    over β and all cumulative hazards Λ that do not fall; Λ rises within Turnbull's innermost
    intervals alone. Given β the problem is concave in the rises, and found by Newton's method
    under rises of zero or more; the profile likelihood of β is concave too. Its curvature gives
    the errors [1]_, [2]_, taken as a second difference over one standard error either way: nearer,
    it is that of a baseline whose intervals are held. A date ties what is known to it: many dates
    are better served by `cox_ph`.

    References
    ----------
    .. [1] Zeng, D., Mao, L., & Lin, D. Y. (2016). Maximum likelihood estimation for semiparametric
       transformation models with interval-censored data. Biometrika 103, 253–271.
       https://doi.org/10.1093/biomet/asw013
    .. [2] Murphy, S. A., & van der Vaart, A. W. (2000). On profile likelihood. JASA 95, 449–465.
       https://doi.org/10.1080/01621459.2000.10474219

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"after": [0, 0, 1, 1, 2, 2], "by": [1, 1, 2, 2, 3, float("inf")]})
    >>> wars["aid"] = [1, 0, 1, 1, 0, 0]
    >>> interval_cox(wars, ["aid"], lower="after", upper="by").params.round(3).tolist()
    [1.694]
    """
    data = as_frame(data)
    low, high = interval_ends(data, lower, upper)
    given = case_weights(data, weights)
    weight = np.ones(len(data)) if given is None else given
    kept, ended = weight > 0, np.isfinite(high)
    if not (kept & ended).any():
        raise EstimationError(f"no event in {len(data)} rows: every {upper!r} is infinite")
    design = RegressionDesign.from_frame(data, covariates, given)
    names = list(design.covariates.names)
    begin, end, within = innermost(low[kept], high[kept])
    dated = np.isfinite(end)
    begin, end, within = begin[dated], end[dated], within[:, dated]
    before = (end <= low[kept, None]) & ~within
    # Hazard that no row is seen to survive is infinite: its rows survive all before it, for sure.
    known = before.any(axis=0)
    inside = within & known
    profile = Profile(
        x=design.x[kept, 1:],
        before=before[:, known],
        within=inside[:, known],
        ended=ended[kept] & ~(within & ~known).any(axis=1),
        weights=weight[kept],
        hazard=np.full(int(known.sum()), 1.0 / max(int(known.sum()), 1)),
    )
    if not profile.ended.any():
        raise EstimationError(
            "nobody is seen past the interval of anybody else's event: nothing orders the events"
        )
    reach = np.abs(profile.x).max(axis=0, initial=0.0)
    null = profile.evaluate(np.zeros(len(names))).loglik
    highest = null

    def evaluate(beta: Floats) -> Expansion:
        nonlocal highest
        if np.abs(beta * reach).max(initial=0.0) > FARTHEST:
            raise not_converged(beta * reach, beta * reach, names, highest - null, "")
        found = profile.evaluate(beta)
        highest = max(highest, found.loglik)
        return found

    best = maximize(evaluate, np.zeros(len(names)), names, reach)
    error = np.sqrt(np.diag(np.linalg.inv(best.fitted.information)))
    if (error * reach > FARTHEST).any():
        raise not_converged(best.beta * reach, best.beta * reach, names, highest - null, "")
    scale, center = design.scale[1:], design.center[1:]
    inner = np.linalg.inv(profile.information(best.beta, best.fitted))
    profile.evaluate(best.beta)
    params = best.beta / scale
    hazard = profile.hazard * np.exp(-params @ center)
    there = hazard > 0
    table = pd.DataFrame(
        {"low": begin[known][there], "high": end[known][there], "hazard": hazard[there]}
    )
    table["survival"] = np.exp(-table["hazard"].cumsum())
    index = pd.Index(names, name="term")
    return IntervalCoxResult(
        params=pd.Series(params, index=index, name="estimate"),
        cov=pd.DataFrame(inner / np.outer(scale, scale), index=index, columns=index),
        loglik=best.fitted.loglik,
        baseline=table,
        covariates=design.covariates,
        nobs=len(data),
        n_events=int(ended.sum()),
        closed=not bool(known.all()),
    )


@dataclass(slots=True)
class Profile:
    """The likelihood of the coefficients, the baseline at its best for them.

    Attributes
    ----------
    x : ndarray, shape (n, p)
    before, within : ndarray of bool, shape (n, m)
        Which rises of the hazard lie before a row's interval, and within it.
    ended : ndarray of bool, shape (n,)
        Rows whose event is known to lie within ``within``.
    weights : ndarray, shape (n,)
    hazard : ndarray, shape (m,)
        Rises at the coefficients last asked for: where the next search begins.
    """

    x: Floats
    before: Booleans
    within: Booleans
    ended: Booleans
    weights: Floats
    hazard: Floats

    def evaluate(self, beta: Floats) -> Expansion:
        """Return the profile log-likelihood to second order, intervals of no hazard held."""
        risk = np.exp(self.x @ beta)
        self.hazard = self._baseline(risk)
        there = self.hazard > 0
        rise, weights = self.hazard[there], self.weights
        spent = risk * (self.before[:, there] @ rise)
        inside = np.where(self.ended[:, None], self.within[:, there], 0.0) * risk[:, None]
        chance = inside @ rise
        odds, bend = self._odds(chance)
        loglik = float(weights @ (self._log_chance(chance) - spent))
        slope = odds * chance - spent
        gradient = self.x.T @ (weights * slope)
        own = crossproduct(self.x, weights * (bend * chance**2 - slope))
        mixed_rows = risk[:, None] * self.before[:, there]
        mixed_rows = mixed_rows - inside * (odds - bend * chance)[:, None]
        mixed = self.x.T @ (weights[:, None] * mixed_rows)
        inner = _ridged(crossproduct(inside, weights * bend))
        information = own - mixed @ np.linalg.solve(inner, mixed.T)
        return Expansion(loglik, gradient, information)

    def information(self, beta: Floats, fitted: Expansion) -> Floats:
        """Return minus the second difference of the profile over one standard error, (p, p)."""
        root = np.linalg.cholesky(np.linalg.inv(fitted.information))
        p = len(beta)

        def at(move: Floats) -> float:
            return self.evaluate(beta + root @ move).loglik - fitted.loglik

        unit = np.eye(p)
        out = np.empty((p, p))
        for j in range(p):
            out[j, j] = -(at(unit[j]) + at(-unit[j]))
            for k in range(j):
                far = at(unit[j] + unit[k]) + at(-unit[j] - unit[k])
                far -= at(unit[j] - unit[k]) + at(unit[k] - unit[j])
                out[j, k] = out[k, j] = -far / 4
        back = np.linalg.inv(root)
        return np.asarray(back.T @ out @ back)

    def _baseline(self, risk: Floats) -> Floats:
        """Return the rises of greatest likelihood, shape (m,)."""
        hazard, weights = self.hazard.copy(), self.weights
        before = self.weights * risk @ self.before
        inside = np.where(self.ended[:, None], self.within, 0.0) * risk[:, None]
        expected = before + weights @ inside
        for _ in range(MOST_STEPS):
            chance = inside @ hazard
            odds, bend = self._odds(chance)
            slope = (weights * odds) @ inside - before
            share = slope / expected
            if share.max() < CONVERGED and np.abs(share[hazard > 0]).max() < CONVERGED:
                return hazard
            # Only where hazard is, or would raise the likelihood, can the next step have some.
            some = (hazard > 0) | (share > 0)
            part = inside[:, some]
            root = np.linalg.cholesky(_ridged(crossproduct(part, weights * bend)))
            aim = root.T @ hazard[some] + np.linalg.solve(root, slope[some])
            target = np.zeros_like(hazard)
            target[some], _ = scipy.optimize.nnls(root.T, aim)
            now = float(weights @ self._log_chance(chance)) - float(before @ hazard)
            length, found = 1.0, hazard
            while length > RIDGE:
                tried = hazard + length * (target - hazard)
                tried[tried < LITTLE * tried.max()] = 0.0
                value = float(weights @ self._log_chance(inside @ tried)) - float(before @ tried)
                if value > now:
                    found = tried
                    break
                length /= 2
            if found is hazard:
                if max(share.max(), np.abs(share[hazard > 0]).max()) < np.sqrt(CONVERGED):
                    return hazard  # what is left is rounding
                found = hazard * (1 + share)  # a step of the EM algorithm never falls
            hazard = found
        raise EstimationError(f"the baseline hazard did not settle in {MOST_STEPS} steps")

    def _odds(self, chance: Floats) -> tuple[Floats, Floats]:
        """Return the derivative of log P(event within) by its hazard, and minus the second."""
        with np.errstate(over="ignore", divide="ignore"):
            odds = np.where(self.ended, 1 / np.expm1(chance), 0.0)
        return odds, odds * (1 + odds)

    def _log_chance(self, chance: Floats) -> Floats:
        """Return log P(event within) of rows whose event lies within, zero for others, (n,)."""
        with np.errstate(divide="ignore"):
            return np.where(self.ended, np.log(-np.expm1(-chance)), 0.0)


def _ridged(information: Floats) -> Floats:
    """Return an information that can be inverted, shape (m, m)."""
    size = len(information)
    return np.asarray(information + RIDGE * np.trace(information) / size * np.eye(size))
