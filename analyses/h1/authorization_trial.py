"""Trial B: among operations that the Council authorized for a war still on, does speed help?

The clock starts at the vote, so that selection into peacekeeping drops out; selection into speed
does not. An operation is fast if it had half of its authorized strength by the end of the sixth
month after that of the vote, and is followed from that day on: a war that ended before says nothing
about either.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate, Quantity, Unit, counts_of, seed_for
from collsec.designs.inputs import Inputs
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.histories.panels import DAYS_PER_MONTH
from riskset.inference import InferenceError, permuted_effect

from .operations import AUTHORIZED, authorized_into_war

GRACE_MONTHS = 6
# Who enters each estimate, and its label.
#: The first operations lead: each war once.
COMPARISONS = {
    "first": "Half of strength within 6 months of the vote: first operation in each war",
    "all": "Half of strength within 6 months: all operations, some wars more than once",
    "new": "Half of strength within 6 months: new forces",
    "rehatted": "Half of strength within 6 months: re-hatted forces",
    "wait": "Each month below half of strength, of the first 6",
}


@part(
    roles=(Role.TRIAL,),
    tables=(AUTHORIZED,),
    counts="{exposed_units} of {units} operations on wars were in time; {events} of these {units} "
    "saw the war end, each war counted once for each of its operations",
    variables=(
        VariablesOf(
            "trial_b.*",
            {
                "{name}.hr": "estimate",
                "{name}.ci": "interval",
                "{name}.p": "p_value",
                "{name}.units": "n_units",
                "{name}.fast": "exposed_units",
                "{name}.events": "n_events",
                "{name}.mde_high": "mde_high",
            },
        ),
    ),
    uses=(
        "missions.authorized_date",
        "missions.strength_10pct_date",
        "missions.strength_50pct_date",
        "missions.rehatted_from",
    ),
)
def trial_authorization(context: Context) -> Part:
    """Wars after a fast and after a slow start of the operation that was voted for them."""
    inputs = context.inputs
    wars = authorized_into_war(inputs.missions, inputs.episodes, inputs.spec.cohort.types)
    trial, steps = at_landmark(wars)
    return Part(
        [
            compare(inputs, trial, which, draws=context.draws.rerandomization_draws)
            for which in COMPARISONS
        ],
        quantities={
            f"trial_b.{step['name']}": Quantity(step["n_units"], Unit.COUNT) for step in steps
        },
        records={"trial_authorization": {"steps": steps, "operations": listed(trial)}},
    )


def at_landmark(wars: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Who is followed from the landmark on, and how many fell out before.

    Strength is known at the ends of months, so the landmark is one.

    Parameters
    ----------
    wars : DataFrame
        Operations × wars on at the vote
        (``authorized_into_war`` of `operations.py`).

    Returns
    -------
    trial : DataFrame
        The rows followed, with ``landmark`` (a day), ``wait`` (months from that of the vote to that
        of half strength, at most :data:`GRACE_MONTHS`), ``fast`` (half reached by the landmark),
        ``time`` (days from landmark to the end of the war) and ``event``.
    steps : list of dict
        ``name, rule, n_units, n_rehatted, dropped``.
    """
    vote = wars["authorized_date"].dt.to_period("M")
    half = wars["strength_50pct_date"]
    landmark = (vote + GRACE_MONTHS).dt.end_time.dt.normalize().astype(half.dtype)
    reached = (half <= landmark).fillna(False).astype(bool)
    months = (half.dt.year * 12 + half.dt.month) - (vote.dt.year * 12 + vote.dt.month)
    out = wars.assign(
        landmark=landmark,
        fast=reached.astype(float),
        wait=months.where(reached, GRACE_MONTHS).astype(float),
        time=(wars["exit_date"] - landmark).dt.days.astype(float),
        event=wars["is_ended"].astype(bool),
    )
    is_counted = wars["strength_10pct_date"].notna() | half.notna()
    rules = (
        ("authorized", "operation × war of the right type, on at the vote", is_counted | True),
        ("counted", "strength was counted by month", is_counted),
        (
            "landmark",
            "the war was still on at the end of the sixth month",
            is_counted & (out["time"] > 0),
        ),
    )
    steps, before = [], len(out)
    for name, rule, keep in rules:
        steps.append(
            {
                "name": name,
                "rule": rule,
                "n_units": int(keep.sum()),
                "n_rehatted": int((keep & out["is_rehatted"]).sum()),
                "dropped": before - int(keep.sum()),
            }
        )
        before = int(keep.sum())
    return out[rules[-1][2]].reset_index(drop=True), steps


def compare(inputs: Inputs, trial: pd.DataFrame, which: str, *, draws: int) -> Estimate:
    """One comparison of the trial: the hazard ratio of the end of war, exactly tested.

    New forces and re-hatted ones have baselines of their own, and speed is
    exchanged only within each.
    """
    chosen = {
        "new": ~trial["is_rehatted"],
        "rehatted": trial["is_rehatted"],
        "first": ~trial.duplicated("episode_id"),
    }.get(which, trial["time"] > 0)
    rows = trial[chosen]
    column = "wait" if which == "wait" else "fast"
    level, name = inputs.study.usual_level, f"{inputs.spec.hypothesis}.trial_b.{which}"
    cluster = inputs.spec.cluster
    known: dict[str, Any] = {
        "estimate_id": name,
        "hypothesis": inputs.spec.hypothesis,
        "role": Role.TRIAL,
        "label": COMPARISONS[which],
        "measure": "half_of_strength_by_landmark",
        "lag_months": 0,
        "estimand": "hazard_ratio",
        "level": level,
        "inference": "permutation",
        "validity": "plausible",
        **counts_of(
            rows.reset_index().rename(columns={"index": "row"}),
            rows["fast"] > 0,
            unit="row",
            cluster=cluster,
        ),
    }
    try:
        found = permuted_effect(
            rows["time"],
            rows["event"],
            rows[column],
            strata=rows["is_rehatted"].astype(int),
            group=rows["mission_id"].astype("category").cat.codes,
            draws=draws,
            level=level,
            seed=seed_for(inputs.study.seed, name),
        )
    except InferenceError as error:
        return Estimate.missing(error, **known)
    followed = rows.assign(start=0.0, stop=rows["time"])
    compared = Comparison(followed, column, strata=("is_rehatted",), cluster=cluster)
    limits, std_error = compared.sandwich(level)
    how = "all" if found.is_exact else "drawn"
    return Estimate.from_fit(
        found.estimate,
        std_error,
        limits=(found.ci_low, found.ci_high),
        p_value=found.p_value,
        sandwich=limits,
        power=inputs.study.power,
        detectable_error=1 / math.sqrt(found.information),
        note=f"{found.arrangements} arrangements, {how}",
        expected_events=compared.expected(),
        **known,
    )


def listed(trial: pd.DataFrame) -> list[dict[str, Any]]:
    """Every operation of the trial, for the page."""
    vote, half = trial["authorized_date"], trial["strength_50pct_date"]
    table = pd.DataFrame(
        {
            "operation": trial["acronym"],
            "episode_id": trial["episode_id"],
            "place": trial["location"].str.replace(";", ", "),
            "vote": vote.dt.strftime("%Y-%m-%d"),
            "is_rehatted": trial["is_rehatted"],
            "half": half.dt.strftime("%Y-%m").fillna("").astype(str),
            "is_fast": trial["fast"] > 0,
            "months": np.round(trial["time"] / DAYS_PER_MONTH, 1),
            "event": trial["event"],
        }
    )
    return [{str(k): v for k, v in row.items()} for row in table.to_dict(orient="records")]
