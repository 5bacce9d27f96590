"""Peace up to a horizon: what was there on one day at the end of a war is not followed for decades.

Presence on the day of the end says little of what happens thirty years later, and a hazard ratio
over all years averages both. Up to a horizon three numbers stand side by side: the hazard ratio,
the share still at peace, and the mean months at peace.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison, too_few_exposed
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.inputs import Prepared, codes
from collsec.designs.jackknife import difference, hazard_ratio
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.histories.cohorts.peace import LANDMARK_MONTHS
from collsec.histories.panels import DAYS_PER_MONTH, days_of
from riskset import EstimationError
from riskset.nonparametric.restricted_mean import area_to

#: Months after the end of the war up to which peace is followed.
HORIZONS_MONTHS = (36, 48, 60)


@dataclasses.dataclass(frozen=True, slots=True)
class Peace:
    """Peace at a horizon: the share still at peace, and mean months at peace until then."""

    share: float
    months: float


@part(
    roles=(Role.VARIANT,),
    tables=(
        TableOf(
            "horizons",
            (Role.VARIANT,),
            "Peace up to so many months after the end of the war, of which the first twelve are "
            "at peace by definition: the hazard ratio of a new war, and the differences in the "
            "share still at peace and in mean months at peace, with the exposure less without. "
            "Those without are weighted to the strata of those with it. Intervals at 95 %, by a "
            "jackknife.",
        ),
    ),
    variables=(
        VariablesOf("horizon_*", {"{name}": "finding", "{name}_resumed": "exposed_events"}),
    ),
    designs=("recurrence",),
)
def horizons(context: Context) -> Part:
    """The exposure and peace up to each horizon."""
    made, said = [], {}
    for months in HORIZONS_MONTHS:
        until = up_to(context.prepared, months - LANDMARK_MONTHS)
        made += _estimates(context, until, months)
        comparison = Comparison.of(until, context.inputs.spec.cluster)
        said[f"horizon_{months}.expected"] = Quantity(comparison.expected(), Unit.NUMBER, digits=1)
        for name, value in (("with", 1.0), ("without", 0.0)):
            peace = weighted_peace(until.rows, until, value, months - LANDMARK_MONTHS)
            said[f"horizon_{months}.{name}.share"] = Quantity(peace.share, Unit.SHARE)
            said[f"horizon_{months}.{name}.months"] = Quantity(peace.months, Unit.MONTHS)
    return Part(made, quantities=said)


def up_to(prepared: Prepared, months: int) -> Prepared:
    """The same spells of peace, followed for so many months after the landmark at most."""
    days = days_of(months)
    rows = prepared.rows
    event = rows["event"].to_numpy(bool) & (rows["stop"].to_numpy(float) <= days)
    rows = rows.assign(stop=rows["stop"].clip(upper=float(days)), event=event)
    return dataclasses.replace(prepared, rows=rows[rows["start"] < rows["stop"]])


def weighted_peace(rows: pd.DataFrame, prepared: Prepared, value: float, months: int) -> Peace:
    """Peace at the horizon, counted from the end of the war, with the exposure or without.

    Those without it are weighted to the strata of those with it.

    Parameters
    ----------
    rows : DataFrame
        Rows up to the horizon, from the landmark on: all, or those that a jackknife keeps.
    prepared : Prepared
    value : float
        Of the exposure: 1 or 0.
    months : int
        From the landmark to the horizon.

    Raises
    ------
    EstimationError
        If nobody of a group or stratum is followed to the horizon.
    """
    stratum, days = codes(rows, prepared.strata), float(days_of(months))
    stop, event = rows["stop"].to_numpy(float), rows["event"].to_numpy(bool)
    has = rows[prepared.column].to_numpy(float) > 0
    if value > 0:
        found = product_limit(stop[has], event[has], days)
    else:
        shares = np.bincount(stratum[has], minlength=stratum.max() + 1) / has.sum()
        parts = [
            (share, ~has & (stratum == code)) for code, share in enumerate(shares) if share > 0
        ]
        each = [product_limit(stop[own], event[own], days) for _, own in parts]
        found = tuple(np.array([w for w, _ in parts]) @ np.array(each))
    return Peace(float(found[0]), float(found[1]) / DAYS_PER_MONTH + LANDMARK_MONTHS)


def product_limit(stop: np.ndarray, event: np.ndarray, horizon: float) -> tuple[float, float]:
    """Kaplan–Meier share that goes on at a horizon, and mean time up to it, all from zero on.

    A jackknife asks some thousand times: riskset's own, which checks and gives errors, takes long.

    Raises
    ------
    EstimationError
        If nobody is followed to the horizon.
    """
    if not len(stop) or stop.max() < horizon:
        raise EstimationError("nobody of a group is followed to the horizon")
    times, events = np.unique(stop[event], return_counts=True)
    at_risk = len(stop) - np.searchsorted(np.sort(stop), times, side="left")
    survival = np.cumprod(1 - events / at_risk).astype(np.float64)
    return float(np.append(1.0, survival)[-1]), float(area_to(horizon, times, survival)[0])


def _estimates(context: Context, until: Prepared, months: int) -> list[Estimate]:
    """The hazard ratio up to a horizon, and both differences."""
    inputs = context.inputs
    comparison = Comparison.of(until, inputs.spec.cluster)
    name = f"{context.name}.horizon_{months}"
    common: dict[str, Any] = {
        "hypothesis": context.name,
        "role": Role.VARIANT,
        "measure": inputs.spec.exposure.measure,
        "lag_months": 0,
        "level": inputs.study.usual_level,
    }
    made = [
        hazard_ratio(
            comparison,
            power=inputs.study.power,
            estimate_id=f"{name}_ratio",
            label=f"A new war within {months} months of the end",
            **common,
        )
    ]
    counts = comparison.counts() | {"expected_events": comparison.expected()}
    for what, estimand, label in (
        ("share", "probability_difference", "Still at peace after"),
        ("months", "rmst_difference_months", "Mean months at peace within"),
    ):
        known = common | {
            "estimate_id": f"{name}_{what}",
            "estimand": estimand,
            "label": f"{label} {months} months",
        }
        if thin := too_few_exposed(comparison.counts()):
            made.append(Estimate.missing(thin, inference="cluster_jackknife", **known, **counts))
            continue

        def refit(kept: np.ndarray, what: str = what) -> float:
            rows, after = until.rows[kept], months - LANDMARK_MONTHS
            present, absent = (weighted_peace(rows, until, value, after) for value in (1.0, 0.0))
            return float(getattr(present, what) - getattr(absent, what))

        made.append(difference(until.rows, refit, cluster=inputs.spec.cluster, **known, **counts))
    return made
