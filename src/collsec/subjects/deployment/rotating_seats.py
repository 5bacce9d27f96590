"""African seats on the Council as an instrument for peacekeepers: it estimates volume, not delay.

The African Group deals its three elected seats to five regions by turns, so that a region sits,
and has a say in where peacekeepers go, in years that its wars did not choose [1]_. The reduced form
comes first: it asks only whether wars end more often some months after their region sits. What
follows for peacekeepers also needs that a seat changes the end of a war through them alone.

References
----------
.. [1] Carnegie, A., & Mikulaschek, C. (2020). The promise of peacekeeping: Protecting civilians in
   civil wars. International Organization 74, 810–832. https://doi.org/10.1017/S0020818320000442
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.duration_models import EPOCH_YEAR, country_cells, row_of_panel, unit_months
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, part, without_estimate
from collsec.histories.timelines import ONE_DAY, as_of
from collsec.reports.words import wording
from collsec.survival import EstimationError, IVResult, iv_2sls

SEAT = "region_has_seat"
# The first year of the enlarged Council, with three African seats.
FIRST_YEAR = 1966
# Below it intervals of two-stage least squares are not to be trusted (Staiger & Stock, 1997,
# https://doi.org/10.2307/2171753); the Anderson–Rubin set is, whatever the strength.
WEAK_BELOW = 10.0

LABELS = {
    "reduced_form": "African country-months: region has a Council seat → end",
    "first_stage": "African country-months: region has a Council seat → UN troops",
    "two_stage": "African country-months: UN troops → end, by rotating seats",
}
Sets = list[tuple[float, float]]


@part()
def rotating_seats(context: Context) -> Part:
    """Ends of African wars on UN troops in country-months, rotating Council seats as instrument."""
    inputs = context.inputs
    rows, cells = african_months(inputs, context.prepared)
    made, strength, accepted = estimate_seats(inputs, rows, cells, context.prepared.column)
    by_name = dict(zip(LABELS, made, strict=True))
    strings = {
        "seats.countries": str(cells[inputs.spec.cluster].nunique()),
        "seats.months": f"{len(cells):,}",
        "seats.first_year": str(FIRST_YEAR),
        "seats.last_year": str(cells["calendar_month"].max() // 12 + EPOCH_YEAR),
        "seats.strength": wording.number(strength, 1),
        "seats.weak": strength_in_words(strength),
        "seats.set": set_in_words(accepted),
    }
    for name, found in by_name.items():
        strings |= {
            f"seats.{name}.points": wording.number(100 * found.estimate, 1),
            f"seats.{name}.ci": wording.interval(100 * found.ci_low, 100 * found.ci_high, 1),
            f"seats.{name}.p": wording.p_value(found.p_value),
        }
    return Part(
        made,
        strings=strings,
        records={
            "rotating_seats": {
                "kleibergen_paap": strength,
                "anderson_rubin": [[str(low), str(high)] for low, high in accepted],
            }
        },
    )


def african_months(inputs: Inputs, prepared: Prepared) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Months of the cohort's African wars while the record of Council members goes on.

    A seat counts after the lag of the exposure, as troops do: representation on the first of a
    month stands beside the presence, and the end, that many months later.

    Returns
    -------
    rows : DataFrame
        War-months, as :func:`~collsec.designs.duration_models.unit_months` gives them.
    cells : DataFrame
        One row per country and month, with ``region_has_seat``, 0 or 1.
    """
    cluster, lag = inputs.spec.cluster, inputs.spec.exposure.lag_months
    seats = inputs.timelines["regional_seats"]
    record_end = inputs.extents["council_members"].last_day
    first = (FIRST_YEAR - EPOCH_YEAR) * 12
    last = (record_end.year - EPOCH_YEAR) * 12 + record_end.month - 1
    rows = unit_months(prepared, [cluster])
    seat_month = rows["calendar_month"] - lag
    is_known = rows[cluster].isin(seats["gwno"]) & seat_month.between(first, last)
    rows = rows[is_known].reset_index(drop=True)
    cells = country_cells(rows, cluster, prepared.column)
    sits = seated(seats, cells[cluster], cells["calendar_month"] - lag)
    return rows, cells.assign(**{SEAT: sits.astype(float)})


def seated(seats: pd.DataFrame, gwno: pd.Series, month: pd.Series) -> pd.Series:
    """Whether the region of each state has a seat on the first day of each month.

    Parameters
    ----------
    seats : DataFrame
        The timeline ``regional_seats``.
    gwno, month : Series
        States, and months since January 1946.
    """
    year, place = EPOCH_YEAR + month // 12, month % 12 + 1
    first_days = pd.to_datetime({"year": year, "month": place, "day": 1})
    # As of the day after: who sits on the first of the month sits in it.
    asked = pd.DataFrame({"gwno": gwno, "date": first_days + ONE_DAY})
    return as_of(seats, "gwno", asked, "seats") > 0


def estimate_seats(
    inputs: Inputs, rows: pd.DataFrame, cells: pd.DataFrame, column: str
) -> tuple[list[Estimate], float, Sets]:
    """Reduced form, first stage and the effect by two stages, with two-way effects.

    The interval of the last is the hull of the Anderson–Rubin set; its p-value is that of the test
    of no effect.

    Returns
    -------
    estimates : list of Estimate
        By the order of :data:`LABELS`; differences in monthly probability.
    strength : float
        Kleibergen–Paap F.
    accepted : list of (float, float)
        Anderson–Rubin set at the study's level; empty where nothing can be estimated.
    """
    name, cluster, level = inputs.spec.hypothesis, inputs.spec.cluster, 1 - inputs.study.alpha
    known: dict[str, dict[str, Any]] = {
        which: {
            "estimate_id": f"{name}.seats.{which}",
            "label": label,
            "estimand": "probability_difference",
            "validity": "plausible",
        }
        for which, label in LABELS.items()
    }
    try:
        fit = iv_2sls(
            cells,
            outcome="event",
            endogenous=column,
            instruments=[SEAT],
            absorb=[cluster, "calendar_month"],
            cluster=cluster,
        )
    except EstimationError as error:
        nothing = without_estimate(error)
        return (
            [row_of_panel(inputs, rows, column, **known[which], **nothing) for which in LABELS],
            math.nan,
            [],
        )
    accepted = fit.anderson_rubin.confidence_set(level)
    made = []
    for which, stage in (("reduced_form", fit.reduced_form), ("first_stage", fit.first_stage)):
        limits = stage.tidy(level).iloc[0]  # the seat is the only covariate
        made.append(
            row_of_panel(
                inputs,
                rows,
                column,
                **known[which],
                estimate=float(stage.params[SEAT]),
                ci_low=float(limits["ci_low"]),
                ci_high=float(limits["ci_high"]),
                p_value=float(stage.p_values[SEAT]),
                std_error=float(stage.std_errors[SEAT]),
            )
        )
    made.append(_two_stage(inputs, rows, column, fit, accepted, known["two_stage"]))
    return made, fit.kleibergen_paap, accepted


def _two_stage(
    inputs: Inputs,
    rows: pd.DataFrame,
    column: str,
    fit: IVResult,
    accepted: Sets,
    known: dict[str, Any],
) -> Estimate:
    limits = np.array(accepted) if accepted else np.full((1, 2), math.nan)
    return row_of_panel(
        inputs,
        rows,
        column,
        **known,
        inference="anderson_rubin",
        estimate=float(fit.params[column]),
        ci_low=float(limits.min()),
        ci_high=float(limits.max()),
        p_value=fit.anderson_rubin.p_value(),
        std_error=float(fit.std_errors[column]),
        note=f"Kleibergen–Paap F {wording.number(fit.kleibergen_paap, 1)}; Anderson–Rubin set: "
        f"{set_in_words(accepted)}",
    )


def strength_in_words(strength: float) -> str:
    """Whether the instrument moves troops enough to learn from."""
    if math.isnan(strength):
        return "not estimable"
    return "weak" if strength < WEAK_BELOW else "not weak by the usual mark of 10"


def set_in_words(accepted: Sets) -> str:
    """An Anderson–Rubin set of monthly probabilities, in percentage points."""
    if not accepted:
        return "empty"
    if accepted == [(-math.inf, math.inf)]:
        return "every value, so that nothing is ruled out"
    return " or ".join(wording.interval(100 * low, 100 * high, 1) for low, high in accepted)
