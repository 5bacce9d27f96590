"""A marginal structural model: wars reweighted so that deployment no longer follows their history.

What the Council knew when troops went (the fighting of the last full year, its own earlier acts,
the age of the war) also bears on when the war ends. A monthly hazard is fitted with weights that
undo this, as far as what is recorded goes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.discrete_time import (
    of_months,
    stabilized_weights,
    stratum_indicators,
    unit_months,
)
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.histories.timelines import as_of
from riskset import EstimationError, discrete_hazard, wald_interval

AFRICA = 4
# Acts of the last months are the decision to deploy itself: hardly any troops come without one,
# so that only older ones distinguish wars.
ACTS_LAG_MONTHS = 6
BASELINE = ("is_internationalized", "in_africa")
HISTORY = ("is_war_last_year", "has_earlier_act")
TRUNCATED_AT = (0.01, 0.99)
LABELS = {
    "msm": "Marginal structural model, monthly",
    "msm_truncated": "Marginal structural model, weights cut at their 1st and 99th percentile",
    "msm_unweighted": "The same model without weights",
}
#: Months before in which an agreement counts, its column, and the record of agreements.
AGREEMENT_MONTHS, AGREEMENT, RECORD = 24, "has_recent_agreement", "agreements"
#: In the months of that record alone: without agreements in the weights, and with.
WITH_AGREEMENTS = {
    "msm_on_record": "The weighted model, where agreements are on record",
    "msm_agreement": "… weighted for an agreement in the 24 months before, too",
}
AGREEMENT_USES = tuple(f"peace_process.{c}" for c in ("conflict_id", "known_from", "agreements"))


@part(
    roles=(Role.MODEL,),
    variables=(
        VariablesOf(
            "msm*",
            {"{name}.hr": "estimate", "{name}.ci": "interval", "{name}.ends": "exposed_events"},
        ),
    ),
    uses=("war.is_war", "council.acts", "episodes.region", *AGREEMENT_USES),
    designs=("time_varying",),
)
def marginal_structural(context: Context) -> Part:
    """The monthly hazard of the end of war after a first deployment, weighted by its history."""
    inputs = context.inputs
    months = history(inputs, context.prepared)
    lag = inputs.spec.exposure.lag_months
    try:
        weighted = stabilized_weights(months, lag, BASELINE, HISTORY)
    except EstimationError as error:
        known = _known(inputs, months)
        names = LABELS | WITH_AGREEMENTS
        return Part([Estimate.missing(error, **known, **_named(inputs, name)) for name in names])
    weight = weighted["weight"]
    summary = {
        "mean": float(weight.mean()),
        "least": float(weight.min()),
        "largest": float(weight.max()),
        "effective_share": float(weight.sum() ** 2 / (weight**2).sum() / len(weight)),
        "deployments": int(months["arrives"].sum()),
        "deployments_with_earlier_act": int(
            (months["arrives"] & (months["has_earlier_act"] > 0)).sum()
        ),
    }
    return Part(
        [
            *(fit_weighted(inputs, weighted, name) for name in LABELS),
            *_with_agreements(inputs, on_record(months), lag),
        ],
        quantities={
            "msm.weight_mean": Quantity(summary["mean"], Unit.NUMBER),
            "msm.weight_largest": Quantity(summary["largest"], Unit.NUMBER, digits=1),
            "msm.deployments": Quantity(summary["deployments"], Unit.COUNT),
        },
        records={"marginal_structural": summary},
    )


def history(inputs: Inputs, prepared: Prepared) -> pd.DataFrame:
    """One row per war and month, with what was known when it began.

    Returns
    -------
    DataFrame
        The columns of :func:`~collsec.designs.discrete_time.unit_months` with ``arrival`` (the
        month of the first deployment; infinite if none), ``arrives`` (in this month),
        ``log_month``, and the columns of :data:`BASELINE` and :data:`HISTORY`: a year of war is
        known when it is over, an act of the Council counts from :data:`ACTS_LAG_MONTHS` on; and
        :data:`AGREEMENT`: one was made known in the :data:`AGREEMENT_MONTHS` before (NaN where
        these are not on record).
    """
    units, spells = prepared.units, prepared.spells
    assert spells is not None
    carried = list(dict.fromkeys([inputs.spec.cluster, *prepared.strata]))
    rows = unit_months(prepared, carried)
    first = pd.Series(spells.assigned).groupby(spells.unit).min()
    arrival = np.ceil(first / DAYS_PER_MONTH).reindex(rows["unit"]).fillna(math.inf).to_numpy()
    of_unit = units.iloc[rows["unit"]].reset_index(drop=True)
    begins = (rows["month"].to_numpy() - 1) * DAYS_PER_MONTH
    at = pd.DataFrame(
        {
            "conflict_id": of_unit["conflict_id"].astype("int64"),
            "date": of_unit["time_zero"] + pd.to_timedelta(np.floor(begins), unit="D"),
        }
    )
    earlier = at.assign(
        date=at["date"] - pd.to_timedelta(round(ACTS_LAG_MONTHS * DAYS_PER_MONTH), unit="D")
    )
    war, council = inputs.timelines["war"], inputs.timelines["council"]
    return rows.assign(
        arrival=arrival,
        arrives=rows["month"].to_numpy() == arrival,
        log_month=np.log(rows["month"]),
        is_internationalized=(of_unit["type_at_onset"] == "internationalized").astype(float),
        in_africa=(of_unit["region"] == AFRICA).astype(float),
        is_war_last_year=as_of(war, "conflict_id", at, "is_war").astype(float),
        has_earlier_act=(as_of(council, "conflict_id", earlier, "acts") > 0).astype(float),
        **{AGREEMENT: _recent_agreement(inputs, at)},
    )


def _recent_agreement(inputs: Inputs, at: pd.DataFrame) -> np.ndarray:
    """Whether an agreement was made known in the months before a day; NaN outside the record."""
    process, record = inputs.timelines["peace_process"], inputs.extents[RECORD]
    before = at.assign(date=at["date"] - pd.DateOffset(months=AGREEMENT_MONTHS))
    counts = [as_of(process, "conflict_id", day, "agreements") for day in (at, before)]
    found = (counts[0].to_numpy(float) > counts[1].to_numpy(float)).astype(float)
    first = record.first_day + pd.DateOffset(months=AGREEMENT_MONTHS)
    known = (at["date"] >= first) & (at["date"] <= record.last_day)
    return np.where(known, found, math.nan)


def on_record(months: pd.DataFrame) -> pd.DataFrame:
    """The months in which agreements are on record, of wars without troops before them.

    A war that had troops when the record begins was never at risk of receiving them within it.
    """
    inside = months[months[AGREEMENT].notna()]
    first = inside.groupby("unit")["month"].transform("min")
    return inside[inside["arrival"] >= first].reset_index(drop=True)


def _with_agreements(inputs: Inputs, months: pd.DataFrame, lag: int) -> list[Estimate]:
    """The weighted model on the same months, without agreements among the history and with."""
    made = []
    for name, history in zip(WITH_AGREEMENTS, (HISTORY, (*HISTORY, AGREEMENT)), strict=True):
        try:
            made.append(
                fit_weighted(inputs, stabilized_weights(months, lag, BASELINE, history), name)
            )
        except EstimationError as error:
            known = _known(inputs, months)
            made.append(Estimate.missing(error, **known, **_named(inputs, name)))
    return made


def fit_weighted(inputs: Inputs, weighted: pd.DataFrame, name: str) -> Estimate:
    """Hazard ratio of one of :data:`LABELS`: complementary log-log, duration cubic.

    With few exposed clusters the sandwich is too narrow, so that the wider of the model-based and
    the clustered error counts (Angrist & Pischke 2009, ch. 8).
    """
    weight = weighted["weight"]
    if name == "msm_truncated":
        weight = weight.clip(*weight.quantile(list(TRUNCATED_AT)))
    rows = weighted.assign(weight=1.0 if name == "msm_unweighted" else weight)
    dummies = stratum_indicators(rows, inputs.spec.strata)
    baseline = [c for c in BASELINE if _varies(rows[c])]
    try:
        fit = discrete_hazard(
            pd.concat([rows, dummies], axis=1),
            ["exposed", *baseline, *dummies.columns],
            duration="month",
            event="event",
            weights="weight",
            cluster=inputs.spec.cluster,
        )
    except EstimationError as error:
        return Estimate.missing(error, **_known(inputs, rows), **_named(inputs, name))
    beta, clustered = float(fit.params["exposed"]), float(fit.std_errors["exposed"])
    std_error = max(clustered, float(fit.fit.model_std_errors["exposed"]))
    return Estimate.from_fit(
        beta,
        std_error,
        sandwich=wald_interval(beta, clustered, inputs.study.usual_level),
        power=inputs.study.power,
        **_known(inputs, rows),
        **_named(inputs, name),
    )


def _varies(column: pd.Series) -> bool:
    return bool((column != column.iloc[0]).any())


def _known(inputs: Inputs, rows: pd.DataFrame) -> dict[str, Any]:
    """What the three estimates share: the counts are those after a first deployment."""
    is_exposed = rows["arrival"] + inputs.spec.exposure.lag_months < rows["month"]
    return of_months(inputs, rows.assign(is_exposed=is_exposed), "is_exposed") | {
        "estimand": "hazard_ratio",
        "inference": "wider_of_model_and_cluster",
        "validity": "plausible",
    }


def _named(inputs: Inputs, name: str) -> dict[str, Any]:
    label = (LABELS | WITH_AGREEMENTS)[name]
    return {"estimate_id": f"{inputs.spec.hypothesis}.{name}", "label": label}
