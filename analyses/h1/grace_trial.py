"""Trial A: deployment within a grace period of onset against none, as if wars had been enrolled.

Each war is cloned into both arms, censored where it departs from its arm, and weighted. Few wars
get troops early, so the trial stands behind a gate: with too few of them it is not estimated, and
the counts say so. Its second arm, none within the grace period, is mostly "never".
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import Estimate, Quantity, Unit, counts_of, seed_for
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.histories.panels import DAYS_PER_MONTH, days_of
from collsec.hypothesis.specification import ExposureSpec
from collsec.measures import get
from riskset import EmulatedTrial, EstimationError, clone_censor_weight

GRACE_MONTHS = (6, 12, 24)
# The primary's exposure, and the wider one that more wars had early.
MEASURES = ("un_troops", "peacekeepers")
# What the weights rest on, known at onset: few wars are treated, so there are few of these.
COVARIATES = ("in_africa", "since_1989", "is_renewed")
AFRICA = 4
# The positivity gate: fewer treated wars, or countries with one, and nothing is estimated.
LEAST_TREATED, LEAST_CLUSTERS = 10, 8


@part(
    roles=(Role.TRIAL,),
    counts="{exposed_units} of {units} wars had troops in time; {events} of the {units} wars ended",
    variables=(
        VariablesOf(
            "trial_a.*",
            {
                "{name}.treated": "exposed_units",
                "{name}.countries": "exposed_clusters",
                "{name}.result": "finding",
            },
        ),
    ),
    uses=(
        *MEASURES,
        "episodes.region",
        "episodes.onset_year",
        "episodes.earlier_episodes",
    ),
    exposures=MEASURES,
)
def trial_grace(context: Context) -> Part:
    """Mean months of war with deployment within 6, 12 and 24 months and without."""
    inputs = context.inputs
    made: list[Estimate] = []
    weights: list[dict[str, Any]] = []
    for measure in MEASURES:
        exposure = dataclasses.replace(inputs.spec.exposure, measure=measure, lag_months=0)
        prepared = prepare(inputs, exposure)
        for months in GRACE_MONTHS:
            estimate, found = emulate(
                inputs, prepared, exposure, months, draws=context.draws.bootstrap_draws
            )
            made.append(estimate)
            if found is not None and found.estimable:
                for arm, row in found.diagnostics.iterrows():
                    weights.append(
                        {
                            "measure": measure,
                            "grace_months": months,
                            "arm": str(arm),
                            "failed_draws": found.failed_draws,
                        }
                        | {str(k): float(v) for k, v in row.items()}
                    )
    quantities = {
        "trial_a.least_treated": Quantity(LEAST_TREATED, Unit.COUNT),
        "trial_a.least_clusters": Quantity(LEAST_CLUSTERS, Unit.COUNT),
    }
    return Part(made, quantities=quantities, records={"trial_grace": weights})


def emulate(
    inputs: Inputs, prepared: Prepared, exposure: ExposureSpec, months: int, *, draws: int
) -> tuple[Estimate, EmulatedTrial | None]:
    """One emulated trial: difference of mean months of war within the horizon.

    Parameters
    ----------
    prepared : Prepared
        The exposure without lag: the strategy is about arrival.
    months : int
        Grace period from onset.
    draws : int
        Resamples of countries.
    """
    name, cluster = inputs.spec.hypothesis, inputs.spec.cluster
    level = inputs.study.usual_level
    rows = with_covariates(prepared)
    known: dict[str, Any] = {
        "estimate_id": f"{name}.trial_a.{exposure.measure}_{months}",
        "hypothesis": name,
        "role": Role.TRIAL,
        "label": f"{get(exposure.measure).title}: within {months} months of onset, against not",
        "measure": exposure.measure,
        "lag_months": 0,
        "estimand": "rmst_difference_months",
        "level": level,
        "inference": "cluster_bootstrap",
        "validity": "plausible",
        **counted(rows, prepared.column, cluster, months),
    }
    try:
        found = clone_censor_weight(
            rows,
            COVARIATES,
            unit="unit_id",
            start="start",
            stop="stop",
            event="event",
            treatment=prepared.column,
            grace=days_of(months),
            horizon=inputs.study.horizon_months * DAYS_PER_MONTH,
            cluster=cluster,
            least_treated=LEAST_TREATED,
            least_clusters=LEAST_CLUSTERS,
            draws=draws,
            level=level,
            seed=seed_for(inputs.study.seed, str(known["estimate_id"])),
        )
    except EstimationError as error:
        return Estimate.missing(error, **known), None
    if not found.estimable:
        why = (
            f"{known['exposed_units']} of {known['n_units']} wars had them within {months} "
            f"months, in {known['exposed_clusters']} countries; the gate asks for "
            f"{LEAST_TREATED} and {LEAST_CLUSTERS}"
        )
        return Estimate.missing(why, **known), found
    row = _named(found.contrasts / DAYS_PER_MONTH, "rmst_difference")
    failed = f"{found.failed_draws} of {draws} resamples could not be estimated"
    return Estimate(
        **known,
        estimate=row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        std_error=row["std_error"],
        p_value=math.nan,
        note=failed if found.failed_draws else "",
    ), found


def _named(table: pd.DataFrame, name: str) -> dict[str, float]:
    return {str(column): float(value) for column, value in table.T[name].items()}


def with_covariates(prepared: Prepared) -> pd.DataFrame:
    """The rows with what the weights rest on."""
    units = prepared.units.set_index("unit_id")
    known = pd.DataFrame(
        {
            "in_africa": units["region"] == AFRICA,
            "since_1989": units["onset_year"] >= 1989,
            "is_renewed": units["earlier_episodes"] > 0,
        }
    ).astype(float)
    return prepared.rows.join(known, on="unit_id")


def counted(rows: pd.DataFrame, column: str, cluster: str, months: int) -> dict[str, int]:
    """Counts of the trial; treated are those with troops within the grace period.

    All ends of a treated war count for its arm, not only those after the arrival.
    """
    begun = rows[(rows[column] > 0) & (rows["start"] <= days_of(months))]
    treated = rows["unit_id"].isin(begun["unit_id"])
    return counts_of(rows, treated, unit="unit_id", cluster=cluster)
