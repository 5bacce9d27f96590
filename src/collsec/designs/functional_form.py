"""The functional form of a covariate: a linear effect, a nonlinear one, and months of war.

The primary assumes that each further standard deviation of the index does the same. A restricted
cubic spline allows a nonlinear effect. Both are reported as one contrast, a war in a state at the
ninetieth percentile of the index against one at the tenth, as a hazard ratio and in months.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison, with_indicators
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.inputs import Prepared
from collsec.designs.jackknife import difference
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.designs.printed import ResponseOf
from collsec.histories.panels import DAYS_PER_MONTH
from riskset import (
    EstimationError,
    JointEffects,
    StepPath,
    cox_ph,
    joint_effects,
    restricted_cubic,
    spline_knots,
    standardize,
)

LOW, HIGH = 0.1, 0.9
# The curve is drawn where ties are not the rarest, and against the middle.
DRAWN = (0.02, 0.98)
POINTS = 61
FORMS = {"line": "Straight line", "spline": "Restricted cubic spline"}


@dataclass(frozen=True, slots=True)
class Form:
    """One functional form of the index in the model.

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


@part(
    roles=(Role.FUNCTIONAL_FORM,),
    tables=(
        TableOf(
            "form",
            (Role.FUNCTIONAL_FORM,),
            "Wars in states at the ninetieth percentile of the index against the tenth: hazard "
            "ratios of the end unless a unit is named. Intervals at 95 %, by a jackknife over "
            "countries. A covariate in degrees exposes every unit: units, events and clusters are "
            "all there are.",
        ),
    ),
    variables=(VariablesOf("form.*", {"{name}": "estimate", "{name}_ci": "interval"}),),
    designs=("fixed_at_onset",),
    figures=(
        ResponseOf(
            "functional-form",
            "functional_form",
            "{exposure} before onset, standard deviations",
        ),
    ),
)
def functional_form(context: Context) -> Part:
    """Contrasts of high against low, linear and nonlinear, and whether the two differ."""
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
        curves.append(curve(form, fitted, index, study.usual_level))
        if form.name == "spline":
            departure = fitted.wald(range(1, len(form.columns)))
    table = pd.concat(curves, ignore_index=True)
    quantities = {
        "form.low": Quantity(low, Unit.NUMBER),
        "form.high": Quantity(high, Unit.NUMBER),
        "form.nonlinearity_p": Quantity(departure, Unit.P_VALUE),
        "form.nonlinearity": Quantity(departure < study.alpha, Unit.DETECTED),
        "form.horizon": Quantity(study.horizon_months, Unit.MONTHS, digits=0),
    }
    return Part(
        made,
        quantities=quantities,
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
        "role": Role.FUNCTIONAL_FORM,
        "measure": context.inputs.spec.exposure.measure,
        "lag_months": 0,
        "label": f"{FORMS[form.name]}: {words[what]}" if what == "hazard" else words[what],
    }


def _ratio(context: Context, form: Form, fitted: JointEffects, low: float, high: float) -> Estimate:
    """Hazard ratio of the ninetieth against the tenth percentile, in the primary's model."""
    study = context.inputs.study
    ends = form.at(np.array([low, high]))
    log, error = fitted.of(ends[1] - ends[0])
    return Estimate.from_fit(
        log,
        error,
        level=study.usual_level,
        degrees=fitted.degrees,
        power=study.power,
        estimand="hazard_ratio",
        inference="cluster_jackknife",
        **_known(context, form, "hazard"),
        **_counts(context),
    )


def _counts(context: Context) -> dict[str, Any]:
    return Comparison.of(context.prepared, context.inputs.spec.cluster).counts()


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
        level=inputs.study.usual_level,
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
