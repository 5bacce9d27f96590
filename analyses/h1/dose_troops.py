"""Does it matter how many come? The hazard of the end by thousands of UN troops on the conflict.

Numbers are those of the UN's monthly counts, never filled backwards: a count holds from its own day
to the next one. They count after the lag of the primary, as presence does. Wars are followed until
troops come that were never counted, and at most to the end of the record of counts.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison, identity
from collsec.designs.estimate import Estimate, Quantity, Unit, counts_of, seed_for
from collsec.designs.inputs import Inputs, Prepared, followed_until, prepare
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.designs.split_exposure import PRINTED
from collsec.designs.time_varying import calendar_day, followed, lay_out
from collsec.histories.panels import days_of
from riskset.inference import DosePath, InferenceError, rerandomized_dose

from .dose import counted_only, followed_to

THOUSAND = 1000.0
COLUMN = "troop_thousands"


@dataclasses.dataclass(frozen=True, slots=True)
class Troops:
    """A cohort with the troops on each war.

    Attributes
    ----------
    prepared : Prepared
        The primary's cohort, followed while troops are counted.
    paths : dict of DosePath
        Thousands of troops by conflict, after the lag.
    last_day : Timestamp
        Last day on which a number counts.
    """

    prepared: Prepared
    paths: dict[int, DosePath]
    last_day: pd.Timestamp


@part(
    roles=(Role.DOSE,),
    variables=(
        VariablesOf(
            "dose_troops",
            PRINTED,
        ),
    ),
    uses=(
        "deployment.un_troops",
        "troop_strength.troops",
    ),
    exposures=("un_troops",),
)
def dose_troops(context: Context) -> Part:
    """Hazard ratio of the end per thousand UN troops."""
    troops = counted_troops(context.inputs)
    found = per_thousand(context.inputs, troops, draws=context.draws.rerandomization_draws)
    rows = dosed_rows(troops)
    present = rows.loc[rows[COLUMN] > 0, COLUMN]
    return Part(
        [found],
        quantities={
            "dose_troops.largest": Quantity(float(present.max()), Unit.NUMBER, digits=1),
            "dose_troops.last_day": Quantity(
                troops.last_day.date().isoformat(), Unit.CALENDAR_MONTH
            ),
        },
    )


def counted_troops(inputs: Inputs) -> Troops:
    """The cohort of the primary and the numbers of troops on its wars."""
    lag = days_of(inputs.spec.exposure.lag_months)
    last_day = inputs.extents["troop_counts"].last_day + pd.Timedelta(days=lag)
    counted, _ = counted_only(inputs, prepare(inputs, inputs.spec.exposure))
    counted = followed_to(counted, followed_until(counted.outcome, last_day))
    return Troops(counted, troop_paths(inputs.timelines["troop_strength"], lag), last_day)


def troop_paths(strength: pd.DataFrame, lag: int) -> dict[int, DosePath]:
    """Thousands of troops on each conflict, days shifted by the lag.

    Parameters
    ----------
    strength : DataFrame
        The timeline ``troop_strength``: ``conflict_id, known_from, troops``.
    lag : int
        Days.

    Returns
    -------
    dict of DosePath
        By conflict, in days since the epoch of the study; a number counts from the day after.
    """
    steps = strength.sort_values(["conflict_id", "known_from"])
    return {
        int(own["conflict_id"].iloc[0]): DosePath(
            calendar_day(own["known_from"]) + lag, own["troops"].to_numpy(float) / THOUSAND
        )
        for _, own in steps.groupby("conflict_id")
    }


def per_thousand(inputs: Inputs, troops: Troops, *, draws: int) -> Estimate:
    """Hazard ratio per thousand troops; histories of numbers move along with redrawn spells."""
    study, spec, prepared = inputs.study, inputs.spec, troops.prepared
    name, rows = f"{spec.hypothesis}.dose_troops", dosed_rows(troops)
    known = identity(
        inputs,
        spec.exposure,
        estimate_id=name,
        role=Role.DOSE,
        label="Per thousand UN troops",
    )
    known |= {
        "estimand": "hazard_ratio",
        "level": study.usual_level,
        "inference": "rerandomized_likelihood_ratio",
        **counts_of(rows, rows[COLUMN] > 0, unit="unit_id", cluster=spec.cluster),
    }
    try:
        design = lay_out(inputs, prepared)
        conflicts = prepared.units["conflict_id"].to_numpy()[followed(prepared)][design.unit]
        nobody = DosePath(np.zeros(0), np.zeros(0))
        found = rerandomized_dose(
            design,
            [troops.paths.get(int(c), nobody) for c in conflicts],
            draws=draws,
            level=study.usual_level,
            seed=seed_for(study.seed, name),
        )
    except InferenceError as error:
        return Estimate.missing(error, **known)
    limits, std_error = Comparison(
        rows, COLUMN, strata=prepared.strata, cluster=spec.cluster
    ).sandwich(study.usual_level)
    return Estimate.from_fit(
        found.estimate,
        std_error,
        limits=(found.ci_low, found.ci_high),
        p_value=found.p_value,
        sandwich=limits,
        power=study.power,
        detectable_error=1 / math.sqrt(found.information),
        **known,
    )


def dosed_rows(troops: Troops) -> pd.DataFrame:
    """Rows of the cohort with the troops in thousands, cut where their number changes."""
    prepared = troops.prepared
    rows, units = prepared.rows, prepared.units.set_index("unit_id")
    zero = calendar_day(units["time_zero"])
    origin = pd.Series(zero, index=units.index)[rows["unit_id"]].to_numpy()
    stretches = []
    for row, (conflict, begin, end, shift, is_on) in enumerate(
        zip(
            rows["conflict_id"],
            rows["start"],
            rows["stop"],
            origin,
            rows[prepared.column],
            strict=True,
        )
    ):
        path = troops.paths.get(int(conflict)) if is_on else None
        changes = path.day - shift if path is not None else np.zeros(0)
        cuts = np.r_[begin, changes[(changes > begin) & (changes < end)], end]
        dose = path.at(cuts[1:] + shift) if path is not None else np.zeros(len(cuts) - 1)
        stretches.append(
            pd.DataFrame({"row": row, "start": cuts[:-1], "stop": cuts[1:], COLUMN: dose})
        )
    cut = pd.concat(stretches, ignore_index=True)
    out = rows.drop(columns=["start", "stop"]).iloc[cut["row"]].reset_index(drop=True)
    is_last = ~cut.duplicated("row", keep="last")
    return pd.concat([out, cut.drop(columns="row")], axis=1).assign(
        event=out["event"].to_numpy(bool) & is_last.to_numpy()
    )
