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

from collsec.core.schema import Role
from collsec.designs.discrete_time import EPOCH_YEAR, country_cells, of_months, unit_months
from collsec.designs.estimate import Estimate, Quantity, Scale, Unit
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.histories.timelines import ONE_DAY, as_of
from riskset import EstimationError, IVResult, iv_2sls

SEAT = "region_has_seat"
# The first year of the enlarged Council, with three African seats.
FIRST_YEAR = 1966

LABELS = {
    "reduced_form": "African country-months: region has a Council seat → end",
    "first_stage": "African country-months: region has a Council seat → UN troops",
    "two_stage": "African country-months: UN troops → end, by rotating seats",
}
Sets = list[tuple[float, float]]


@part(
    roles=(Role.MODEL,),
    variables=(
        VariablesOf(
            "seats.*",
            {"{name}.points": "estimate", "{name}.ci": "interval", "{name}.p": "p_value"},
        ),
    ),
    uses=(
        "regional_seats.gwno",
        "regional_seats.seats",
    ),
    designs=("time_varying",),
)
def rotating_seats(context: Context) -> Part:
    """Ends of African wars on UN troops in country-months, rotating Council seats as instrument."""
    inputs = context.inputs
    rows, cells = african_months(inputs, context.prepared)
    made, strength, accepted = estimate_seats(inputs, rows, cells, context.prepared.column)
    last = int(cells["calendar_month"].max()) // 12 + EPOCH_YEAR
    return Part(
        made,
        quantities={
            "seats.countries": Quantity(int(cells[inputs.spec.cluster].nunique()), Unit.COUNT),
            "seats.months": Quantity(len(cells), Unit.COUNT),
            "seats.first_year": Quantity(FIRST_YEAR, Unit.CALENDAR_YEAR),
            "seats.last_year": Quantity(last, Unit.CALENDAR_YEAR),
            "seats.strength": Quantity(strength, Unit.NUMBER, digits=1),
            "seats.weak": Quantity(strength, Unit.FIRST_STAGE_F),
            "seats.set": Quantity([list(one) for one in accepted], Unit.CONFIDENCE_SET),
        },
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
    month goes with the presence, and the end, that many months later.

    Returns
    -------
    rows : DataFrame
        War-months, as :func:`~collsec.designs.discrete_time.unit_months` gives them.
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
    name, cluster, level = inputs.spec.hypothesis, inputs.spec.cluster, inputs.study.usual_level
    shared = of_months(inputs, rows, column) | {
        "estimand": "probability_difference",
        "validity": "plausible",
    }
    known: dict[str, dict[str, Any]] = {
        which: shared | {"estimate_id": f"{name}.seats.{which}", "label": label}
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
        return [Estimate.missing(error, **fields) for fields in known.values()], math.nan, []
    accepted = fit.anderson_rubin.confidence_set(level)
    made = []
    for which, stage in (("reduced_form", fit.reduced_form), ("first_stage", fit.first_stage)):
        limits = stage.tidy(level).iloc[0]  # the seat is the only covariate
        made.append(
            Estimate.from_fit(
                float(stage.params[SEAT]),
                float(stage.std_errors[SEAT]),
                scale=Scale.DIFFERENCE,
                limits=(float(limits["ci_low"]), float(limits["ci_high"])),
                p_value=float(stage.p_values[SEAT]),
                **known[which],
            )
        )
    made.append(_two_stage(column, fit, accepted, known["two_stage"]))
    return made, fit.kleibergen_paap, accepted


def _two_stage(column: str, fit: IVResult, accepted: Sets, known: dict[str, Any]) -> Estimate:
    limits = np.array(accepted) if accepted else np.full((1, 2), math.nan)
    return Estimate.from_fit(
        float(fit.params[column]),
        float(fit.std_errors[column]),
        scale=Scale.DIFFERENCE,
        limits=(float(limits.min()), float(limits.max())),
        p_value=fit.anderson_rubin.p_value(),
        **known | {"inference": "anderson_rubin"},
    )
