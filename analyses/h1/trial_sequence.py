"""A sequence of trials: in each month, wars to which UN troops have come against those that wait.

Each month of a war at which troops had just come is a trial of its own: the wars of that age that
never had troops are its other arm, adjusted for what was known in that month. Both arms are
compared from some months later on, so that troops sent on the eve of peace end no war.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison, identity
from collsec.designs.discrete_time import stratum_indicators
from collsec.designs.estimate import Estimate, Quantity, Unit, counts_of
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.jackknife import hazard_ratio, jackknife
from collsec.designs.parts import Context, Part, VariablesOf, part
from riskset import CoxDesign, EstimationError, SequentialTrials, sequential_trials
from riskset.inference import InferenceError

from .marginal_structural import (
    AGREEMENT,
    AGREEMENT_USES,
    BASELINE,
    HISTORY,
    history,
    on_record,
)

LABELS = {
    "sequence": "Sequence of trials: once begun, whatever follows",
    "sequence_protocol": "Sequence of trials: others for as long as they have no troops",
    "sequence_on_record": "Sequence of trials, where agreements are on record",
    "sequence_agreement": "… adjusted for an agreement in the 24 months before, too",
}


@part(
    roles=(Role.MODEL,),
    variables=(
        VariablesOf(
            "sequence*",
            {
                "{name}.hr": "estimate",
                "{name}.ci": "interval",
                "{name}.ends": "exposed_events",
                "{name}.wars": "exposed_units",
            },
        ),
    ),
    uses=("war.is_war", "council.acts", "episodes.region", *AGREEMENT_USES),
    designs=("time_varying",),
)
def trial_sequence(context: Context) -> Part:
    """The end of war after a first deployment, in a sequence of emulated trials."""
    inputs = context.inputs
    months, covariates = decisions(inputs, context.prepared)
    try:
        begun = emulated(inputs, months, covariates, "intention to treat")
    except EstimationError as error:
        nothing = months.assign(event=False).iloc[:0]
        return Part([_missing(inputs, nothing, name, error) for name in LABELS])
    found = [_intention(inputs, begun, covariates)]
    try:
        kept = emulated(inputs, months, covariates, "per protocol")
        found.append(_protocol(inputs, kept, covariates))
    except (EstimationError, InferenceError) as error:
        found.append(_missing(inputs, compared(inputs, begun), "sequence_protocol", error))
    found += _with_agreements(inputs, months, covariates)
    number = len(begun.counts)
    return Part(found, quantities={"sequence.trials": Quantity(number, Unit.COUNT)})


def decisions(inputs: Inputs, prepared: Prepared) -> tuple[pd.DataFrame, list[str]]:
    """One row per war and month, with whether troops have come, and what that may depend on.

    Returns
    -------
    rows : DataFrame
        ``unit, begin, end`` (months since onset), ``event``, ``has_come`` (before the month
        began), the cluster, and the covariates.
    covariates : list of str
    """
    months = history(inputs, prepared)
    strata = stratum_indicators(months, inputs.spec.strata)
    # Troops had come before a month began: agreements are read a month earlier in both arms, so
    # that none counts that was signed after they came.
    eve = months.groupby("unit")[AGREEMENT].shift(1).fillna(months[AGREEMENT])
    rows = pd.concat([months.assign(**{AGREEMENT: eve}), strata], axis=1).assign(
        begin=months["month"] - 1.0,
        end=months["month"].astype(float),
        has_come=(months["month"] > months["arrival"]).astype(int),
    )
    covariates = [*BASELINE, *HISTORY, *strata.columns]
    return rows, [name for name in covariates if rows[name].max() > rows[name].min()]


def _with_agreements(inputs: Inputs, months: pd.DataFrame, covariates: list[str]) -> list[Estimate]:
    """Trials of the months on record: adjusted as before, and for a recent agreement too."""
    inside, made = on_record(months), []
    for name, adjusted in (
        ("sequence_on_record", covariates),
        ("sequence_agreement", [*covariates, AGREEMENT]),
    ):
        try:
            trials = emulated(inputs, inside, adjusted, "intention to treat")
            made.append(_intention(inputs, trials, adjusted, name))
        except EstimationError as error:
            made.append(_missing(inputs, inside.assign(event=False).iloc[:0], name, error))
    return made


def emulated(
    inputs: Inputs, months: pd.DataFrame, covariates: list[str], estimand: Any
) -> SequentialTrials:
    """The trials of all months in which troops have just come to some war."""
    return sequential_trials(
        months,
        covariates,
        treatment="has_come",
        start="begin",
        stop="end",
        event="event",
        unit="unit",
        estimand=estimand,
        cluster=inputs.spec.cluster,
    )


def compared(inputs: Inputs, trials: SequentialTrials) -> pd.DataFrame:
    """Rows of the trials from the lag on, in both arms: ``start, stop, event`` and covariates."""
    rows = trials.rows
    lag = float(inputs.spec.exposure.lag_months)
    return rows[rows["trial_stop"] > lag].assign(
        start=rows["trial_start"].clip(lower=lag), stop=rows["trial_stop"], event=rows["ended"] > 0
    )


def _counts(rows: pd.DataFrame) -> dict[str, Any]:
    """Wars, each counted once: in how many trials it waits does not matter."""
    last = rows.sort_values("assigned", kind="stable").groupby(["unit", "assigned"], as_index=False)
    wars = last.agg(event=("event", "max"), group=("group", "first"))
    found = counts_of(wars, wars["assigned"] > 0, unit="unit", cluster="group")
    ended = wars.groupby("unit")["event"].max()
    return found | {"nobs": len(rows), "n_events": int(ended.sum())}


def _known(inputs: Inputs, name: str) -> dict[str, Any]:
    known = identity(
        inputs,
        inputs.spec.exposure,
        estimate_id=f"{inputs.spec.hypothesis}.{name}",
        role=Role.MODEL,
        label=LABELS[name],
    )
    return known | {"validity": "plausible", "estimand": "hazard_ratio"}


def _missing(inputs: Inputs, rows: pd.DataFrame, name: str, why: object) -> Estimate:
    if "assigned" not in rows:
        rows = rows.assign(assigned=0, group=rows[inputs.spec.cluster])
    known = _known(inputs, name) | _counts(rows)
    level = inputs.study.usual_level
    return Estimate.missing(why, level=level, inference="cluster_jackknife", **known)


def _intention(
    inputs: Inputs, trials: SequentialTrials, covariates: list[str], name: str = "sequence"
) -> Estimate:
    """All that follows a first deployment counts; jackknife over clusters."""
    rows = compared(inputs, trials)
    # Nothing changes within a trial: one row for each war in it is the same likelihood.
    whole = rows.groupby(["trial", "unit"], as_index=False).agg(
        start=("start", "min"),
        stop=("stop", "max"),
        event=("event", "max"),
        group=("group", "first"),
        **{name: (name, "first") for name in ("assigned", *covariates)},
    )
    comparison = Comparison(
        whole,
        "assigned",
        tuple(covariates),
        ("trial",),
        cluster="group",
        unit="unit",
    )
    study = inputs.study
    known = _known(inputs, name)
    found = hazard_ratio(comparison, level=study.usual_level, power=study.power, **known)
    return dataclasses.replace(found, **_counts(whole))


def _protocol(inputs: Inputs, trials: SequentialTrials, covariates: list[str]) -> Estimate:
    """The others are followed while they have no troops, weighted for it; jackknife too.

    The weights are those of the whole record in every refit.
    """
    rows, level = compared(inputs, trials), inputs.study.usual_level
    known = _known(inputs, "sequence_protocol") | _counts(rows)
    said = at_events(rows)

    def fit(kept: np.ndarray) -> float:
        laid_out = CoxDesign.from_frame(
            said[kept],
            ["assigned", *covariates],
            start="start",
            stop="stop",
            event="event",
            strata="trial",
            weights="weight",
        )
        return float(laid_out.estimate()[0])

    found = jackknife(fit, said["group"], level)
    return Estimate.from_fit(
        found.estimate,
        found.std_error,
        level=level,
        limits=(found.ci_low, found.ci_high),
        p_value=found.p_value,
        power=inputs.study.power,
        inference="cluster_jackknife",
        **known,
    )


def at_events(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of months in which a war of the same trial ended: no other enters the likelihood."""
    ends = rows.loc[rows["event"], ["trial", "stop"]].drop_duplicates()
    return rows.merge(ends, on=["trial", "stop"])
