"""How near predicted probabilities come to what happened: Brier score and calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers, sum_by_group
from riskset.columns import (
    Names,
    as_frame,
    clusters,
    indicator,
    number_array,
    numbers,
    row_label,
)
from riskset.errors import EstimationError, check_level, check_positive
from riskset.nonparametric.aalen_johansen import aalen_johansen
from riskset.results import Printed, ScalarEstimate, critical_value
from riskset.times import Spells, survival_times


def require_one_start(spells: Spells) -> None:
    """Raise where rows enter late: weights for censoring are not defined for them here."""
    begin = spells.start.min()
    if (spells.start > begin + spells.width).any():
        raise EstimationError(
            "weights for censoring need one row per unit, all from one start: rows that enter late "
            "or carry on have no probability of being uncensored since. concordance(weighting="
            "'pairs') and expected_events take them"
        )


def uncensored(spells: Spells, ended: Booleans, times: Floats) -> Floats:
    """Return the probability of being uncensored just before each time, by Kaplan and Meier.

    Whoever is censored at the time of an event was at risk of it: events come first.
    """
    stop, width = spells.stop, spells.width
    order = np.sort(stop)
    gone = stop[~ended]
    when = np.unique(gone)
    leaving = np.array([np.count_nonzero(gone == c) for c in when], dtype=np.float64)
    beyond = len(stop) - np.searchsorted(order, when + width, side="right")
    kept = np.concatenate(([1.0], np.cumprod(beyond / np.maximum(beyond + leaving, 1.0))))
    return np.asarray(kept[np.searchsorted(when, times - width, side="left")])


def influence_error(influence: Floats, groups: tuple[Integers, pd.Index] | None) -> float:
    """Return the standard error of a sum of influences, by row or summed by cluster."""
    if groups is not None:
        influence = sum_by_group(influence[:, None], groups[0], len(groups[1]))[:, 0]
    return float(np.sqrt((influence**2).sum()))


@dataclass(frozen=True, slots=True)
class KnownOutcomes:
    """Who is known to have had the event by each time, and the weight that this knowledge has.

    Attributes
    ----------
    times : ndarray, shape (t,)
    had : ndarray of bool, shape (n, t)
        The event has happened by then.
    weight : ndarray, shape (n, t)
        One over the probability of being uncensored; zero where the status is not known.
    clusters : tuple or None
    data : DataFrame
    """

    times: Floats
    had: Booleans
    weight: Floats
    clusters: tuple[Integers, pd.Index] | None
    data: pd.DataFrame

    @classmethod
    def of(
        cls,
        data: pd.DataFrame,
        times: Floats,
        *,
        start: str | None,
        stop: str,
        event: str,
        competing: str | None,
        cluster: Names | None,
    ) -> KnownOutcomes:
        """Check the rows and work out the weights."""
        spells = survival_times(data, start, stop)
        require_one_start(spells)
        happened = indicator(data, event)
        other = np.zeros(len(data), dtype=np.bool_)
        if competing is not None:
            other = indicator(data, competing)
            if (both := np.flatnonzero(happened & other)).size:
                raise EstimationError(
                    f"{row_label(data, int(both[0]))} ends in {event!r} and in {competing!r}"
                )
        last = float(spells.stop.max())
        if (times <= 0).any() or (times > last + spells.width).any():
            raise EstimationError(f"times must lie above 0 and within follow-up ({last:g})")
        if (np.diff(times) <= 0).any():
            raise EstimationError("times must increase")
        ended = happened | other
        by_then = spells.stop[:, None] <= times + spells.width
        had = by_then & happened[:, None]
        at_event = uncensored(spells, ended, spells.stop)[:, None]
        at_time = uncensored(spells, ended, times)
        # A row censored at the very time is known to have come so far.
        reached = spells.stop[:, None] >= times - spells.width
        past = reached & ~(by_then & ended[:, None])
        chance = np.where(past, at_time, at_event)
        known = past | (by_then & ended[:, None])
        weight = np.divide(1.0, chance, out=np.zeros(had.shape), where=known & (chance > 0))
        groups = None if cluster is None else clusters(data, cluster)
        return cls(times, had, weight, groups, data)


@dataclass(frozen=True, slots=True, repr=False)
class BrierScore(Printed):
    """The mean squared error of predicted probabilities, by time.

    Attributes
    ----------
    table : DataFrame
        One row per time: ``time, brier, std_error``, ``reference`` (of the same incidence for
        everybody) and ``r_squared`` (one less their ratio).
    integrated : ScalarEstimate or None
        The mean over the times, by trapezoids; None of one time.
    """

    table: pd.DataFrame
    integrated: ScalarEstimate | None

    def tidy(self) -> pd.DataFrame:
        """Return the table by time."""
        return self.table.copy()

    def _facts(self) -> list[tuple[str, Any]]:
        if self.integrated is None:
            return []
        found = f"{self.integrated.estimate:.4g} ({self.integrated.std_error:.2g})"
        return [("integrated Brier score", found)]


def brier_score(
    data: pd.DataFrame,
    survival: npt.ArrayLike | pd.DataFrame,
    times: float | npt.ArrayLike,
    *,
    start: str | None = None,
    stop: str,
    event: str,
    competing: str | None = None,
    cluster: Names | None = None,
) -> BrierScore:
    """Estimate the Brier score of predicted survival, weighted for censoring.

    Parameters
    ----------
    data : DataFrame
        One row per unit, all from one start; best not those that the model was fitted to.
    survival : array_like, shape (n,) or (n, t); or DataFrame
        Predicted probability of no event by each time, or what ``fit.predict(data, "survival",
        times=times)`` returns. With ``competing`` it is one less the predicted incidence.
    times : float or array_like, shape (t,)
    start, stop, event : str
        As in `kaplan_meier`.
    competing : str, optional
        Column that is 1 where the row ends in another cause: such a unit never has the event.
    cluster : str or sequence of str, optional
        Groups of dependent rows, for the standard error.

    Returns
    -------
    BrierScore

    Raises
    ------
    EstimationError
        Rows enter late; a prediction is missing or no probability; a time lies beyond follow-up.

    Notes
    -----
    With ``Y_i(t)`` one where the event has come by ``t``, ``G`` the probability of being
    uncensored by Kaplan and Meier, and ``w_i = 1/G(T_i−)`` of those whose event came, ``1/G(t−)``
    of those who are past ``t``, zero of those censored before [1]_, ::

        B(t) = Σ_i w_i {Y_i(t) − F̂_i(t)}² / Σ_i w_i

    The standard error takes ``G`` and the predictions as known.

    References
    ----------
    .. [1] Graf, E., Schmoor, C., Sauerbrei, W., & Schumacher, M. (1999). Assessment and comparison
       of prognostic classification schemes for survival data. Statistics in Medicine 18,
       2529–2545.
       https://doi.org/10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": [2, 4, 6, 8], "ended": [1, 1, 0, 1]})
    >>> found = brier_score(wars, [0.2, 0.5, 0.9, 0.8], 5, stop="months", event="ended")
    >>> round(float(found.table["brier"][0]), 4)  # (.04 + .25 + .01 + .04) / 4
    0.085
    """
    data = as_frame(data)
    grid = number_array(times, "times")
    outcomes = KnownOutcomes.of(
        data, grid, start=start, stop=stop, event=event, competing=competing, cluster=cluster
    )
    incidence = 1 - _probabilities(data, survival, grid)
    weight = outcomes.weight / outcomes.weight.sum(axis=0)
    rate = (weight * outcomes.had).sum(axis=0)
    square = (outcomes.had - incidence) ** 2
    score = (weight * square).sum(axis=0)
    flat = (weight * (outcomes.had - rate) ** 2).sum(axis=0)
    moved = weight * (square - score)
    table = pd.DataFrame(
        {
            "time": grid,
            "brier": score,
            "std_error": [influence_error(column, outcomes.clusters) for column in moved.T],
            "reference": flat,
            "r_squared": 1 - score / np.where(flat > 0, flat, np.nan),
        }
    )
    integrated = None
    if len(grid) > 1:
        steps = np.diff(grid) / (grid[-1] - grid[0])
        share = np.concatenate((steps, [0.0])) / 2 + np.concatenate(([0.0], steps)) / 2
        error = influence_error(moved @ share, outcomes.clusters)
        integrated = ScalarEstimate(float(score @ share), error, "integrated Brier score")
    return BrierScore(table, integrated)


def _probabilities(
    data: pd.DataFrame, predicted: npt.ArrayLike | pd.DataFrame, times: Floats
) -> Floats:
    """Return predicted probabilities, shape (n, t), given as such or as a table of `predict`."""
    if isinstance(predicted, pd.DataFrame) and {"row", "time", "estimate"} <= set(predicted):
        wide = predicted.pivot_table(index="row", columns="time", values="estimate")
        if wide.size != len(predicted) or not wide.index.equals(data.index.sort_values()):
            raise EstimationError("the predictions are of other rows than the data")
        if not np.array_equal(wide.columns.to_numpy(dtype=np.float64), times):
            raise EstimationError("the predictions are of other times than times=")
        predicted = wide.reindex(data.index)
    values = np.asarray(predicted, dtype=np.float64)
    if values.ndim == 1 and len(times) == 1:
        values = values[:, None]
    if values.shape != (len(data), len(times)):
        raise EstimationError(
            f"predictions of shape {values.shape}; {len(data)} rows and {len(times)} times need "
            f"({len(data)}, {len(times)})"
        )
    bad = np.flatnonzero(~((values >= 0) & (values <= 1)).all(axis=1))
    if bad.size:
        raise EstimationError(
            f"the prediction of {row_label(data, int(bad[0]))} is missing or outside 0 to 1"
        )
    return values


def calibration(
    data: pd.DataFrame,
    predicted: str,
    *,
    horizon: float,
    start: str | None = None,
    stop: str,
    event: str,
    competing: str | None = None,
    groups: int = 10,
    cluster: Names | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare predicted with observed incidence by a horizon, in groups of similar predictions.

    Parameters
    ----------
    data, start, stop, event, competing, cluster
        As in `brier_score`.
    predicted : str
        Column of the predicted probability of the event by the horizon.
    horizon : float
    groups : int
        Groups of about equal size by the prediction; equal predictions stay together.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        One row per group: ``group, rows, predicted`` (mean), ``observed, std_error, ci_low,
        ci_high`` (one less Kaplan–Meier; Aalen–Johansen with ``competing``).

    Raises
    ------
    EstimationError
        Rows enter late (`expected_events` takes them); a prediction is no probability; a group
        has no event, or no follow-up to the horizon.

    Notes
    -----
    Censoring may depend on the prediction, since each group has a curve of its own [1]_.

    References
    ----------
    .. [1] Royston, P., & Altman, D. G. (2013). External validation of a Cox prognostic model:
       principles and methods. BMC Medical Research Methodology 13, 33.
       https://doi.org/10.1186/1471-2288-13-33

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"months": range(1, 9), "ended": 1, "by_4": [0.6] * 4 + [0.3] * 4})
    >>> found = calibration(wars, "by_4", horizon=4, stop="months", event="ended", groups=2)
    >>> found[["predicted", "observed"]].to_numpy().round(6).tolist()
    [[0.3, 0.0], [0.6, 1.0]]
    """
    data = as_frame(data)
    horizon = check_positive(horizon, "the horizon")
    spells = survival_times(data, start, stop)
    require_one_start(spells)
    chance = numbers(data, predicted)
    if (bad := np.flatnonzero((chance < 0) | (chance > 1))).size:
        raise EstimationError(f"{predicted!r} of {row_label(data, int(bad[0]))} is no probability")
    cause = indicator(data, event).astype(np.int64)
    if competing is not None:
        cause += 2 * indicator(data, competing)
        if (bad := np.flatnonzero(cause == 3)).size:
            at = row_label(data, int(bad[0]))
            raise EstimationError(f"{at} ends in {event!r} and in {competing!r}")
    members = _quantile_groups(chance, groups)
    rows = []
    for g in np.unique(members):
        own = members == g
        part = data[own].assign(**{"(cause)": cause[own]})
        found = _incidence_at(part, horizon, stop, cluster, level)
        rows.append((int(g) + 1, int(own.sum()), float(chance[own].mean()), *found))
    columns = ["group", "rows", "predicted", "observed", "std_error", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def _incidence_at(
    part: pd.DataFrame, horizon: float, stop: str, cluster: Names | None, level: float
) -> tuple[float, float, float, float]:
    """Return the incidence of cause 1 by the horizon, its error and its interval."""
    last = float(numbers(part, stop).max())
    ended = bool((part["(cause)"].to_numpy() > 0)[part[stop].to_numpy() >= last].all())
    if horizon > last and not ended:
        raise EstimationError(
            f"a group is followed to {last:g}, not to the horizon {horizon:g}; take fewer groups"
        )
    if not (part["(cause)"] == 1).any():
        return 0.0, np.nan, np.nan, np.nan
    curve = aalen_johansen(part, stop=stop, cause="(cause)", cluster=cluster, level=level)
    there = curve.table.query("cause == 1 and time <= @horizon")
    if there.empty:
        return 0.0, np.nan, np.nan, np.nan
    found = there.iloc[-1]
    return (
        float(found["incidence"]),
        float(found["std_error"]),
        float(found["ci_low"]),
        float(found["ci_high"]),
    )


def _quantile_groups(values: Floats, groups: int) -> Integers:
    """Return groups of about equal size in increasing order, shape (n,); ties stay together."""
    if not isinstance(groups, int) or isinstance(groups, bool) or groups < 1:
        raise EstimationError(f"groups must be a whole number above zero, not {groups!r}")
    edges = np.quantile(values, np.arange(1, groups) / groups)
    found = np.searchsorted(np.unique(edges), values, side="left")
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def expected_events(
    data: pd.DataFrame,
    expected: str,
    *,
    event: str,
    by: str | None = None,
    groups: int = 10,
    cluster: Names | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare observed events with those that a model expects, whenever rows enter.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``; a unit may have many, and may enter late.
    expected : str
        Column of the predicted cumulative hazard over the row's own time at risk, its value at
        ``stop`` less that at ``start``.
    event : str
    by : str, optional
        Column to group by, such as the linear predictor: in ``groups`` of about equal size. One
        group by default.
    groups : int
    cluster : str or sequence of str, optional
        Groups of dependent rows, for the intervals; Poisson's without.
    level : float

    Returns
    -------
    DataFrame
        One row per group: ``group, rows, observed, expected, ratio, std_error`` (of the log),
        ``ci_low, ci_high``.

    Raises
    ------
    EstimationError
        An expectation is missing or negative; a group expects nothing.

    Notes
    -----
    Events less cumulative hazard are martingales, under late entry as well: the ratio is one where
    the model is right [1]_. Its log has the error ``1/√O``, or with clusters
    ``√(Σ_g (O_g − ratio · E_g)²) / O``, as the intercept of a Poisson model with offset ``log E``.

    References
    ----------
    .. [1] Crowson, C. S., Atkinson, E. J., & Therneau, T. M. (2016). Assessing calibration of
       prognostic risk scores. Statistical Methods in Medical Research 25, 1692–1706.
       https://doi.org/10.1177/0962280213497434

    Examples
    --------
    >>> import pandas as pd
    >>> wars = pd.DataFrame({"ended": [1, 0, 1, 1], "expected": [0.5, 0.5, 0.25, 0.75]})
    >>> found = expected_events(wars, "expected", event="ended")
    >>> found[["observed", "expected", "ratio"]].to_numpy().tolist()
    [[3.0, 2.0, 1.5]]
    """
    data = as_frame(data)
    happened, hazard = indicator(data, event), numbers(data, expected)
    check_level(level)
    if (bad := np.flatnonzero(hazard < 0)).size:
        raise EstimationError(f"{expected!r} is negative in {row_label(data, int(bad[0]))}")
    found = None if cluster is None else clusters(data, cluster)
    members = np.zeros(len(data), dtype=np.int64)
    if by is not None:
        members = _quantile_groups(numbers(data, by), groups)
    rows = []
    for g in np.unique(members):
        own = members == g
        seen, mean = float(happened[own].sum()), float(hazard[own].sum())
        if mean == 0:
            raise EstimationError(f"group {g + 1} expects no event; take fewer groups")
        ratio, error, low, high = seen / mean, np.nan, np.nan, np.nan
        if seen > 0:
            away = (happened - ratio * hazard) * own
            error = 1 / np.sqrt(seen) if found is None else influence_error(away, found) / seen
            half = critical_value(level) * error
            low, high = ratio * np.exp(-half), ratio * np.exp(half)
        rows.append((int(g) + 1, int(own.sum()), seen, mean, ratio, error, low, high))
    columns = ["group", "rows", "observed", "expected", "ratio", "std_error", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)
