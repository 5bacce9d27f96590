"""Deaths by months around arrivals, as one model of all periods and as what each month counted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from collsec.core.schema import Role
from collsec.designs.comparison import identity
from collsec.designs.estimate import Estimate
from collsec.designs.monthly_violence import RATIO
from collsec.designs.parts import Context, Part, TableOf, part
from collsec.designs.printed import EventStudyOf
from collsec.designs.stacked_arrivals import StackedDesign
from riskset import stacked_jackknife
from riskset.regression.stacked_poisson import stack_means

#: Groups of months of the event study, first and last month since the arrival.
PERIODS = ((-12, -7), (-6, -1), (0, 5), (6, 11), (12, 23), (24, 35))


@part(
    roles=(Role.DESCRIPTIVE,),
    tables=(
        TableOf(
            "event-study",
            (Role.DESCRIPTIVE,),
            "Deaths in the host of an arrival against those expected, by months since the arrival; "
            "the months 24 to 13 before it are the reference. Every arrival counts alike. "
            "Intervals allow for the spread between arrivals.",
        ),
    ),
    figures=(EventStudyOf("around-arrival", "event_study"),),
    counts="{exposed_events} arrivals in {exposed_clusters} {cluster}",
    designs=("monthly_violence",),
    uses=("violence.gwno_host", "violence.known_from", "violence.deaths_in_month"),
)
def event_study(context: Context) -> Part:
    """Ratios of deaths by months before and after the arrival, all in one model."""
    laid: Any = context.prepared
    group = periods_of(laid.arrivals.relative)
    ratios, errors = stacked_jackknife(laid.stacks, group)
    size = len(laid.stacks)
    level = context.inputs.study.usual_level
    made = []
    for place, (first, last) in enumerate(PERIODS):
        known = identity(
            context.inputs,
            context.inputs.spec.exposure,
            estimate_id=f"{context.name}.months.{place}",
            role=Role.DESCRIPTIVE,
            label=f"Months {first} to {last}".replace("-", "−"),
        )
        known |= {"estimand": RATIO, "inference": "cluster_jackknife"} | laid.counts()
        error = float(errors[place])
        if not math.isfinite(ratios[place]) or not math.isfinite(error) or error == 0:
            made.append(Estimate.missing("no death counted or expected", level=level, **known))
            continue
        made.append(
            Estimate.from_fit(float(ratios[place]), error, level=level, degrees=size - 1, **known)
        )
    periods = [
        {
            "first": first,
            "last": last,
            "estimate": one.estimate,
            "ci_low": one.ci_low,
            "ci_high": one.ci_high,
        }
        for (first, last), one in zip(PERIODS, made, strict=True)
    ]
    months = by_month(laid, group, ratios)
    record = {"level": level, "periods": periods, "months": months}
    return Part(made, records={"event_study": record})


def periods_of(relative: np.ndarray) -> np.ndarray:
    """The period of each month since the arrival, by its place; −1 for the reference."""
    group = np.full(len(relative), -1)
    for place, (first, last) in enumerate(PERIODS):
        group[(relative >= first) & (relative <= last)] = place
    return group


def by_month(laid: StackedDesign, group: np.ndarray, ratios: np.ndarray) -> list[dict[str, float]]:
    """What the model of all periods expects of each month without an effect, and what it counted.

    Returns
    -------
    list of dict
        ``month`` since the arrival; ``arrivals`` whose host has a count in it; ``deaths`` in those
        hosts; ``ratio`` of deaths to those expected, every arrival alike. Over a period, or over
        the reference, the ratios average to that of the model.
    """
    factor = np.where(group >= 0, np.exp(ratios[np.maximum(group, 0)]), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        fitted = [stack_means(one, factor)[0] / factor for one in laid.stacks]
    weights = [one.weight for one in laid.stacks]
    own = [one.values[0] for one in laid.stacks]
    rows = []
    for place, month in enumerate(laid.arrivals.relative):
        without = sum(w * f[place] for w, f in zip(weights, fitted, strict=True))
        counted = sum(w * y[place] for w, y in zip(weights, own, strict=True))
        rows.append(
            {
                "month": int(month),
                "arrivals": sum(int(one.known[0, place]) for one in laid.stacks),
                "deaths": float(sum(y[place] for y in own)),
                "ratio": float(counted / without) if without > 0 else math.nan,
            }
        )
    return rows
