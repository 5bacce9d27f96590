"""The same question put to two models in discrete time: a monthly hazard and country-months.

The monthly complementary log-log model is the proportional-hazards model seen by calendar months;
its hazard ratio should be near the Cox model's. The panel asks whether, within a country and a
month of history, wars end more often under exposure: it estimates volume, not timing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from collsec.core.schema import Role
from collsec.designs.estimate import Estimate, Scale, counts_of
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, part
from collsec.histories.panels import DAYS_PER_MONTH, clock, exposed
from riskset import EstimationError, discrete_hazard, logit, panel_ols

EPOCH_YEAR = 1946


def unit_months(prepared: Prepared, carried: list[str]) -> pd.DataFrame:
    """One row per unit and month at risk; the exposure is that of the month's first day.

    Returns
    -------
    DataFrame
        ``unit, month`` (1 in the first), ``event``, ``calendar_month`` (months since January
        1946), the exposure in ``prepared.column``, and ``carried``.
    """
    units, outcome = prepared.units, prepared.outcome
    assert prepared.spells is not None
    followed = np.flatnonzero((outcome["exit_date"] >= units["time_zero"]).to_numpy())
    exits = clock(units.assign(exit_date=outcome["exit_date"]))[followed]
    months = np.ceil(exits / DAYS_PER_MONTH).astype(int)
    unit = np.repeat(followed, months)
    month = np.arange(len(unit)) - np.repeat(np.cumsum(months) - months, months) + 1
    start = (month - 1) * DAYS_PER_MONTH
    last = month == np.repeat(months, months)
    zero = units["time_zero"]
    onset = (zero.dt.year - EPOCH_YEAR).to_numpy() * 12 + zero.dt.month.to_numpy() - 1
    out = pd.DataFrame(
        {
            "unit": unit,
            "month": month,
            "calendar_month": onset[unit] + month - 1,
            "event": last & outcome["is_event"].to_numpy(bool)[unit],
            prepared.column: exposed(unit, start, prepared.spells),
        }
    )
    for column in carried:
        out[column] = units[column].to_numpy()[unit]
    return out


def of_months(inputs: Inputs, rows: pd.DataFrame, column: str) -> dict[str, Any]:
    """The fields of an estimate that models on war-months share."""
    cluster, exposure = inputs.spec.cluster, inputs.spec.exposure
    return {
        "hypothesis": inputs.spec.hypothesis,
        "role": Role.MODEL,
        "measure": exposure.measure,
        "lag_months": exposure.lag_months,
        "level": inputs.study.usual_level,
        "inference": "cluster_sandwich",
        **counts_of(rows, rows[column] > 0, unit="unit", cluster=cluster),
    }


def stratum_indicators(rows: pd.DataFrame, strata: Sequence[str]) -> pd.DataFrame:
    """Indicators of the values of each stratum but the first, without those that never vary."""
    if not strata:
        return pd.DataFrame(index=rows.index)
    names = pd.get_dummies(rows[list(strata)].astype("category"), drop_first=True, dtype=float)
    return names.loc[:, names.max() > names.min()]


def stabilized_weights(
    months: pd.DataFrame, lag: int, baseline: Sequence[str], history: Sequence[str]
) -> pd.DataFrame:
    r"""Add ``exposed`` and the stabilized weight of each month.

    Parameters
    ----------
    months : DataFrame
        Rows of :func:`unit_months`, each unit's months in order, with ``log_month``, ``arrival``
        (the month of the first exposure; infinite if none) and ``arrives`` (in this month).
    lag : int
        An exposure counts from so many full months after its own month on, and so do its weights.
    baseline, history : sequence of str
        Columns that are fixed at onset, and that are known when a month begins.

    Notes
    -----
    With :math:`A_j` a first exposure in month :math:`j`, :math:`V` what is fixed at onset and
    :math:`L_j` the history, the weight of month :math:`t` is

    .. math:: \prod_{j < t - lag} \frac{P(A_j \mid V, j)}{P(A_j \mid V, L_j, j)}

    over the months in which the unit was not yet exposed, the probabilities being those of what
    really happened, from logits in the logarithm of the month.

    References
    ----------
    Robins, J. M., Hernán, M. A. & Brumback, B. (2000). Marginal structural models and causal
    inference in epidemiology. *Epidemiology*, 11(5), 550–560.
    doi:10.1097/00001648-200009000-00011
    """
    waiting = months["month"] <= months["arrival"]
    at_risk = months[waiting]
    fixed = ["log_month", *baseline]
    ratio = pd.Series(1.0, index=months.index)
    ratio[waiting] = (
        _probability(at_risk, fixed) / _probability(at_risk, [*fixed, *history])
    ).to_numpy()
    running = ratio.groupby(months["unit"]).cumprod()
    weight = running.groupby(months["unit"]).shift(lag + 1, fill_value=1.0)
    return months.assign(
        exposed=(months["arrival"] + lag < months["month"]).astype(float), weight=weight
    )


def _probability(rows: pd.DataFrame, covariates: Sequence[str]) -> pd.Series:
    """Fitted probability of what really happened: that the unit was exposed this month, or not."""
    fit = logit(rows, covariates, outcome="arrives")
    x = np.column_stack([np.ones(len(rows)), rows[list(covariates)].to_numpy(float)])
    comes = special.expit(x @ fit.params.to_numpy())
    return pd.Series(np.where(rows["arrives"], comes, 1 - comes), index=rows.index)


@part(roles=(Role.MODEL,), designs=("time_varying",))
def monthly_hazard(context: Context) -> Part:
    """The primary's question put to a monthly complementary log-log model."""
    return Part([fit_monthly_hazard(context.inputs, context.prepared)])


@part(roles=(Role.MODEL,), designs=("time_varying",))
def country_months(context: Context) -> Part:
    """The primary's question put to a panel of country-months."""
    return Part([fit_country_months(context.inputs, context.prepared)])


def fit_monthly_hazard(inputs: Inputs, prepared: Prepared) -> Estimate:
    """Hazard ratio of the monthly complementary log-log model, duration as a cubic polynomial."""
    column, cluster = prepared.column, inputs.spec.cluster
    rows = unit_months(prepared, [cluster, *prepared.strata])
    dummies = stratum_indicators(rows, prepared.strata)
    known = of_months(inputs, rows, column) | {
        "estimate_id": f"{inputs.spec.hypothesis}.monthly_hazard",
        "estimand": "hazard_ratio",
        "label": "Monthly hazard (complementary log-log)",
    }
    try:
        fit = discrete_hazard(
            pd.concat([rows, dummies], axis=1),
            [column, *dummies.columns],
            duration="month",
            event="event",
            cluster=cluster,
        )
    except EstimationError as error:
        return Estimate.missing(error, **known)
    return Estimate.from_fit(float(fit.params[column]), float(fit.std_errors[column]), **known)


def country_cells(rows: pd.DataFrame, cluster: str, column: str) -> pd.DataFrame:
    """One row per country and month of history: shares of its wars that end, and are exposed."""
    return rows.groupby([cluster, "calendar_month"], as_index=False).agg(
        {"event": "mean", column: "mean"}
    )


def fit_country_months(inputs: Inputs, prepared: Prepared) -> Estimate:
    """Difference in the monthly probability of an end, within country and month of history.

    One row per country and month with a war of the cohort: the share of its wars that end that
    month, on the share that are exposed, with country and month effects.
    """
    column, cluster = prepared.column, inputs.spec.cluster
    rows = unit_months(prepared, [cluster])
    cells = country_cells(rows, cluster, column)
    known = of_months(inputs, rows, column) | {
        "estimate_id": f"{inputs.spec.hypothesis}.country_months",
        "estimand": "probability_difference",
        "label": "Country-months, two-way effects",
    }
    try:
        fit = panel_ols(
            cells,
            outcome="event",
            covariates=[column],
            entity=cluster,
            time="calendar_month",
            entity_effects=True,
            time_effects=True,
            cluster=cluster,
        )
    except EstimationError as error:
        return Estimate.missing(error, **known)
    return Estimate.from_fit(
        float(fit.params[column]),
        float(fit.std_errors[column]),
        scale=Scale.DIFFERENCE,
        **known,
    )
