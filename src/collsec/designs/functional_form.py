"""What closer ties do between low and high: a straight line, a bent one, and months of war.

The primary assumes that each further standard deviation of the index does the same. A restricted
cubic spline lets the effect bend. Both are told as one contrast, a war in a state at the ninetieth
percentile of the index against one at the tenth, as a hazard ratio and in months.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.clustered import Comparison, counts, difference
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Prepared
from collsec.designs.joint_effects import JointEffects, joint_effects
from collsec.designs.months import with_indicators
from collsec.designs.parts import Context, Part, part
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.reports.words import wording
from collsec.survival import (
    EstimationError,
    StepPath,
    cox_ph,
    restricted_cubic,
    spline_knots,
    standardize,
)
from collsec.survival.inference import minimum_detectable_effect

LOW, HIGH = 0.1, 0.9
# The curve is drawn where ties are not the rarest, and against the middle.
DRAWN = (0.02, 0.98)
POINTS = 61
FORMS = {"line": "Straight line", "spline": "Restricted cubic spline"}


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the index in the model.

    Attributes
    ----------
    name : str
    columns : tuple of str
        Covariates that hold the index.
    at : callable
        Values of the index → those covariates, shape (n, columns).
    """

    name: str
    columns: tuple[str, ...]
    at: Callable[[np.ndarray], np.ndarray]

    def added(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        """The rows with the form's covariates."""
        values = self.at(rows[column].to_numpy(float))
        return rows.assign(**dict(zip(self.columns, values.T, strict=True)))


@part()
def functional_form(context: Context) -> Part:
    """Contrasts of high against low, straight and bent, and whether the bend is detectable."""
    prepared, study = context.prepared, context.inputs.study
    index = prepared.units[prepared.column].to_numpy(float)
    low, high = (float(np.quantile(index, q)) for q in (LOW, HIGH))
    knots = spline_knots(index)
    forms = (
        Form("line", ("index_1",), lambda x: x[:, None]),
        Form(
            "spline",
            tuple(f"index_{j}" for j in range(1, len(knots))),
            lambda x: restricted_cubic(x, knots),
        ),
    )
    made, curves, departure = [], [], math.nan
    for form in forms:
        fitted = joint_effects(
            form.added(prepared.rows, prepared.column),
            form.columns,
            adjustment=prepared.adjustment,
            strata=prepared.strata,
            cluster=context.inputs.spec.cluster,
        )
        made.append(_ratio(context, form, fitted, low, high))
        made.append(_months(context, form, low, high))
        curves.append(curve(form, fitted, index, 1 - study.alpha))
        if form.name == "spline":
            departure = fitted.wald(range(1, len(form.columns)))
    table = pd.concat(curves, ignore_index=True)
    strings = _strings(made) | {
        "form.low": wording.number(low),
        "form.high": wording.number(high),
        "form.bend_p": wording.p_value(departure),
        "form.bend": "detectable" if departure < study.alpha else "not detectable",
        "form.horizon": str(study.horizon_months),
    }
    return Part(
        made,
        strings=strings,
        records={
            "functional_form": {
                "curve": table.to_dict(orient="list"),
                "low": low,
                "high": high,
                "knots": knots.tolist(),
                "bend_p": departure,
            }
        },
    )


def curve(form: Form, fitted: JointEffects, index: np.ndarray, level: float) -> pd.DataFrame:
    """Hazard ratio against the median of the index over its range, with pointwise intervals."""
    first, last = (float(np.quantile(index, q)) for q in DRAWN)
    x = np.linspace(first, last, POINTS)
    away = form.at(x) - form.at(np.array([np.median(index)]))
    made = [
        (FORMS[form.name], value, *fitted.interval(weights, level)[:3])
        if weights.any()
        else (FORMS[form.name], value, 1.0, 1.0, 1.0)
        for value, weights in zip(x, away, strict=True)
    ]
    return pd.DataFrame(made, columns=["group", "index", "estimate", "ci_low", "ci_high"])


def _known(context: Context, form: Form, what: str) -> dict[str, Any]:
    words = {
        "hazard": "ninetieth against tenth percentile",
        "months": f"… months of war within {context.inputs.study.horizon_months} months",
    }
    return {
        "estimate_id": f"{context.name}.form.{form.name}_{what}",
        "hypothesis": context.name,
        "role": "functional_form",
        "measure": context.inputs.spec.exposure.measure,
        "lag_months": 0,
        "label": f"{FORMS[form.name]}: {words[what]}" if what == "hazard" else words[what],
    }


def _ratio(context: Context, form: Form, fitted: JointEffects, low: float, high: float) -> Estimate:
    """Hazard ratio of the ninetieth against the tenth percentile, in the primary's model."""
    study = context.inputs.study
    level = 1 - study.alpha
    ends = form.at(np.array([low, high]))
    contrast = ends[1] - ends[0]
    ratio, lower, upper, p_value = fitted.interval(contrast, level)
    error = fitted.of(contrast)[1]
    mde = minimum_detectable_effect(error, alpha=study.alpha, power=study.power)
    return Estimate(
        **_known(context, form, "hazard"),
        estimand="hazard_ratio",
        inference="cluster_jackknife",
        ci_level=level,
        estimate=ratio,
        ci_low=lower,
        ci_high=upper,
        std_error=error,
        p_value=p_value,
        mde_low=mde.low,
        mde_high=mde.high,
        **_counts(context),
    )


def _counts(context: Context) -> dict[str, Any]:
    prepared = context.prepared
    return counts(Comparison(prepared.rows, prepared.column, cluster=context.inputs.spec.cluster))


def _months(context: Context, form: Form, low: float, high: float) -> Estimate:
    """Mean months of war within the horizon at the ninetieth less at the tenth percentile.

    Standardized over the cohort. Baselines are by period and regions enter as covariates: the wars
    of one region and period are often all over before the horizon.
    """
    inputs, prepared = context.inputs, context.prepared
    rows, regions = with_indicators(form.added(prepared.rows, prepared.column), "region")
    return difference(
        rows,
        months_between(rows, form, regions, prepared, low, high, inputs.study.horizon_months),
        cluster=inputs.spec.cluster,
        level=1 - inputs.study.alpha,
        estimand="rmst_difference_months",
        **_known(context, form, "months"),
        **_counts(context),
    )


def months_between(
    rows: pd.DataFrame,
    form: Form,
    regions: tuple[str, ...],
    prepared: Prepared,
    low: float,
    high: float,
    horizon_months: int,
) -> Callable[[np.ndarray], float]:
    """A refit of the difference in months on the rows kept; each unit has one row."""
    names = [*form.columns, *prepared.adjustment, *regions]
    ends = form.at(np.array([low, high]))

    def refit(kept: np.ndarray) -> float:
        own = rows[kept]
        used = [name for name in names if own[name].min() < own[name].max()]
        if not set(form.columns) <= set(used):
            raise EstimationError("the index does not vary")
        fit = cox_ph(own, used, start="start", stop="stop", event="event", strata=["period"])
        at_low, at_high = (
            standardize(
                fit,
                own,
                {
                    name: StepPath((), (float(value),))
                    for name, value in zip(form.columns, values, strict=True)
                },
                horizon=horizon_months * DAYS_PER_MONTH,
                strata=["period"],
            ).rmst
            for values in ends
        )
        return (at_high - at_low) / DAYS_PER_MONTH

    return refit


def _strings(made: list[Estimate]) -> dict[str, str]:
    strings = {}
    for estimate in made:
        name = estimate.estimate_id.partition(".")[2]
        digits = 1 if estimate.estimand == "rmst_difference_months" else 2
        strings[name] = wording.number(estimate.estimate, digits)
        strings[f"{name}_ci"] = wording.interval(estimate.ci_low, estimate.ci_high, digits)
    return strings
