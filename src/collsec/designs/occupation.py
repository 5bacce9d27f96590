"""How many wars are in which state, by months since onset: described, whatever the exposure."""

from __future__ import annotations

import math

import pandas as pd

from collsec.designs.curves import COLUMNS, whole_months
from collsec.designs.estimate import Quantity, Unit
from collsec.designs.inputs import AS_DECLARED, cohort_of
from collsec.designs.multi_state import between
from collsec.designs.parts import Context, CurveKind, CurveOf, Part, part
from collsec.designs.printed import Column, RecordTable
from collsec.histories.cohorts.courses import STAYS, State, on_one_clock
from collsec.histories.panels import DAYS_PER_MONTH
from riskset.multistate.transition_probabilities import transition_probabilities

CURVE = "state_occupation"
#: What a reader calls the states.
NAMES = {
    State.WAR: "At war, no agreement",
    State.AGREEMENT: "At war after an agreement",
    State.END: "At peace",
    State.RELAPSE: "At war again",
}
#: Parts of the horizon that the table shows.
SHOWN = (0.2, 0.6, 1.0)


def occupied(rows: pd.DataFrame, cluster: str, horizon: int) -> pd.DataFrame:
    """Share of wars in each state at whole months since onset.

    Parameters
    ----------
    rows : DataFrame
        As :func:`~collsec.histories.cohorts.courses.on_one_clock` gives them.
    cluster : str
    horizon : int
        Months.

    Returns
    -------
    DataFrame
        Rows of the curves table, by state; intervals at 95 % allow for clusters. Where no war has
        left a state or come to it, the share is its own interval.
    """
    months = whole_months(horizon)
    last = horizon * DAYS_PER_MONTH
    later = rows["stop"] > last
    followed = rows.assign(stop=rows["stop"].clip(upper=last), to=rows["to"].mask(later, STAYS))
    found = transition_probabilities(
        followed[followed["start"] < last],
        start="start",
        stop="stop",
        state="state",
        to="to",
        unit="unit_id",
        censored=STAYS,
        initial=str(State.WAR),
        cluster=cluster,
    ).occupation((months * DAYS_PER_MONTH).tolist())
    made = []
    for state, name in NAMES.items():
        at = found[found["state"] == state]
        if at.empty:
            continue
        share = at["probability"].to_numpy()
        made.append(
            pd.DataFrame(
                {
                    "curve": CURVE,
                    "group": name,
                    "time_months": months,
                    "estimate": share,
                    "ci_low": at["ci_low"].fillna(at["probability"]).to_numpy(),
                    "ci_high": at["ci_high"].fillna(at["probability"]).to_numpy(),
                    "at_risk": math.nan,
                }
            )
        )
    return pd.concat(made, ignore_index=True)[COLUMNS]


@part(
    curves=(CurveOf(CURVE, CurveKind.STATES, "Wars in each state"),),
    tables=(
        RecordTable(
            "occupation",
            CURVE,
            "Where wars stand, by months since onset: share of the wars that began within the "
            "record of agreements (Aalen–Johansen), with intervals at 95 % that allow for "
            "clusters. Where no war has left a state or come to it, the share is its own interval.",
            (Column("State", "group", width=26),),
            spread="month",
            repeated=(
                Column("Month {}", "{estimate} ({ci_low} to {ci_high})", Unit.SHARE, width=20),
            ),
        ),
    ),
    uses=("peace_process.known_from", "episodes.onset_date", "episodes.is_ended"),
)
def state_occupation(context: Context) -> Part:
    """The share of wars in each state over the months since onset, agreement or not, peace or not.

    All wars of the cohort that began within the record of agreements, exposed or not. Later wars of
    the same conflict are units of their own: a war that has resumed is not followed further.
    """
    inputs = context.inputs
    builder = between(State.WAR, State.END)(inputs, ())
    units = builder.cohort(cohort_of(inputs.spec, AS_DECLARED)).units
    horizon = inputs.study.horizon_months
    found = occupied(on_one_clock(units, inputs.spec.cluster), inputs.spec.cluster, horizon)
    months = [round(horizon * part_of) for part_of in SHOWN]
    shown = found[found["time_months"].isin(months)].assign(
        month=lambda rows: rows["time_months"].astype(int)
    )
    at_end = found[found["time_months"] == horizon].set_index("group")
    quantities = {"occupation.horizon": Quantity(horizon, Unit.MONTHS, digits=0)}
    for state, name in NAMES.items():
        for end, column in (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high")):
            share = at_end[column].get(name, math.nan)
            quantities[f"occupation.{state}{end}"] = Quantity(share, Unit.SHARE)
    keys = ["group", "month", "estimate", "ci_low", "ci_high"]
    return Part(
        curves=found,
        quantities=quantities,
        records={CURVE: shown[keys].to_dict(orient="records")},
    )
