"""Ties per power alongside the pooled index, with components that weigh alike.

The index of the first round takes the plain mean of ranks and of yes-or-no components, whose spread
differs, and counts American troops as a tie of the five. Here every component has the same
variance over the cohort, American troops are the United States' own, and each power stands alone.
Declared after first estimates had been seen; the first round's index remains the primary.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.functional_form import HIGH, LOW
from collsec.designs.jackknife import hazard_ratio
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.designs.printed import Column, RecordTable
from collsec.measures.interest import COMPONENTS, P5, TIES, standardized, tie_strength
from riskset import EstimationError, joint_effects
from riskset.inference import equivalence_test

from .indices import IN_DEGREES, NAMES

OWN = {"us_troops_rank": "usa"}
INDEX = "amended_index"
CONTRASTS = {
    "primary": "The index of the first round",
    "amended": "The amended index",
}
TITLES = {
    "has_defense_pact": "Defense pact",
    "trade_rank": "Trade",
    "was_colony": "Former colony",
    "distance_rank": "Proximity",
    "ideal_point_rank": "UN voting affinity",
    "us_troops_rank": "US troops",
}

SPREAD = RecordTable(
    name="components",
    record="components",
    caption="Components of the ties of the five: their standard deviation over pairs of a power "
    "and a war, and their correlation with the index of the first round. A mean of components with "
    "unequal spread does not weigh them equally; the amended index divides each by its own.",
    columns=(
        Column("Component", "title", width=24),
        Column("Pairs", "n", Unit.COUNT),
        Column("Standard deviation", "deviation", Unit.NUMBER),
        Column("Correlation with the index", "correlation", Unit.NUMBER),
    ),
)


@part(
    roles=(Role.ALTERNATIVE_INDEX, Role.OTHER_POWERS),
    tables=(
        SPREAD,
        TableOf(
            "powers",
            (Role.ALTERNATIVE_INDEX, Role.OTHER_POWERS),
            "Ties of each power alone and of all five, components of equal variance, and the other "
            "indices: hazard ratios of the end per standard deviation. Intervals at 95 %, by a "
            f"jackknife over countries. {IN_DEGREES}",
        ),
    ),
    variables=(
        VariablesOf("amended.*", {"{name}.hr": "estimate", "{name}.ci": "interval"}),
        VariablesOf("amended.*", {"{name}.says": "direction"}),
        VariablesOf("contrast.*", {"{name}.hr": "estimate", "{name}.ci": "interval"}),
    ),
    uses=TIES,
    exposures=("salience",),
)
def powers(context: Context) -> Part:
    """Each power's ties, the five's and the five's without the United States; equivalence."""
    ties = context.inputs.ties
    strength = amended(ties, context.prepared.units["episode_id"])
    made: list[Estimate] = []
    quantities: dict[str, Quantity] = {}
    indices = {
        "five": ("The five, amended index", P5),
        "without_usa": ("… without the United States", tuple(p for p in P5 if p != "usa")),
        **{power: (f"{NAMES[power][0].upper()}{NAMES[power][1:]}", (power,)) for power in P5},
    }
    for name, (label, members) in indices.items():
        own = ties["power"].isin(members)
        index = strength[own].groupby(ties.loc[own, "episode_id"]).max()
        rows = with_index(context, index)
        role = Role.OTHER_POWERS if name in P5 else Role.ALTERNATIVE_INDEX
        made.append(
            hazard_ratio(
                comparison(context, rows),
                level=context.inputs.study.usual_level,
                power=context.inputs.study.power,
                hypothesis=context.name,
                lag_months=0,
                estimate_id=f"{context.name}.amended.{name}",
                role=role,
                measure="salience",
                label=f"{label}: components of equal variance",
            )
        )
        if name == "five":
            contrasts, found = equivalence(context, rows)
            quantities |= found
    made += contrasts
    strongest = _strongest(context)
    quantities |= {
        f"strongest.{power}": Quantity(int((strongest == power).sum()), Unit.COUNT) for power in P5
    }
    quantities["strongest.wars"] = Quantity(len(strongest), Unit.COUNT)
    return Part(made, quantities=quantities, records={"components": spread(context)})


def amended(ties: pd.DataFrame, episodes: pd.Series) -> pd.Series:
    """Strength of each tie from components of equal variance, troops counted for their own power.

    Parameters
    ----------
    ties : DataFrame
        One row per episode, host and power.
    episodes : Series
        Episodes over whose ties to the five the components are standardized.

    Returns
    -------
    Series
        Aligned with ``ties``; missing where fewer than half of a power's components are covered,
        and for a power that is itself the host.
    """
    values = ties[list(COMPONENTS)].astype("Float64").astype(float)
    over = ties["power"].isin(P5) & ties["episode_id"].isin(episodes)
    scores = pd.DataFrame(index=ties.index)
    for name in COMPONENTS:
        is_own = ties["power"] == OWN[name] if name in OWN else ties["power"].notna()
        own = values[name].where(is_own)
        among = own[over]
        scores[name] = (own - among.mean()) / among.std(ddof=0)
    has_own = ties["power"].isin(OWN.values())
    counted = np.where(has_own, len(COMPONENTS), len(COMPONENTS) - len(OWN))
    enough = scores.notna().sum(axis=1) >= counted / 2
    is_tie = enough & ~ties["is_host_itself"].astype(bool)
    return scores.mean(axis=1).where(is_tie)


def with_index(context: Context, index: pd.Series) -> pd.DataFrame:
    """The cohort's rows where the index is known, in standard deviations over them."""
    units = context.prepared.units
    values = pd.Series(
        index.reindex(units["episode_id"]).to_numpy(float), index=units["unit_id"].to_numpy()
    ).dropna()
    named = standardized(values).rename(INDEX)
    return context.prepared.rows.merge(named, left_on="unit_id", right_index=True)


def comparison(context: Context, rows: pd.DataFrame, column: str = INDEX) -> Comparison:
    """The primary's model with another index in place of its own."""
    prepared = context.prepared
    return Comparison(
        rows,
        column,
        prepared.adjustment,
        prepared.strata,
        cluster=context.inputs.spec.cluster,
        is_continuous=True,
    )


def equivalence(context: Context, rows: pd.DataFrame) -> tuple[list[Estimate], dict[str, Quantity]]:
    """Ninetieth against tenth percentile of both indices, and whether it is too small to matter.

    Two one-sided tests at the study's level: the contrast lies within the range of no interest.
    """
    study, spec = context.inputs.study, context.inputs.spec
    low, high = (math.log(bound) for bound in spec.estimand.no_effect)
    made: list[Estimate] = []
    quantities: dict[str, Quantity] = {}
    for name, label in CONTRASTS.items():
        column = INDEX if name == "amended" else context.prepared.column
        own = rows if name == "amended" else context.prepared.rows
        values = own.drop_duplicates("unit_id")[column].to_numpy(float)
        distance = float(np.quantile(values, HIGH) - np.quantile(values, LOW))
        known: dict[str, Any] = {
            "estimate_id": f"{context.name}.contrast.{name}",
            "hypothesis": context.name,
            "role": Role.ALTERNATIVE_INDEX,
            "measure": "salience",
            "lag_months": 0,
            "label": f"{label}: ninetieth against tenth percentile",
            "level": study.usual_level,
            "estimand": "hazard_ratio",
            "inference": "cluster_jackknife",
            **comparison(context, own, column).counts(),
        }
        try:
            found = joint_effects(
                own,
                [column],
                adjustment=context.prepared.adjustment,
                strata=context.prepared.strata,
                cluster=spec.cluster,
            )
        except EstimationError as refused:
            made.append(Estimate.missing(refused, **known))
            continue
        log, error = found.of(np.array([distance]))
        made.append(
            Estimate.from_fit(log, error, degrees=found.degrees, power=study.power, **known)
        )
        tested = equivalence_test(
            log, error, low=low, high=high, alpha=study.alpha, dof=found.degrees
        )
        quantities[f"equivalence.{name}.p"] = Quantity(tested.p_value, Unit.P_VALUE)
        said = "shown" if tested.p_value < study.alpha else "not shown"
        quantities[f"equivalence.{name}.says"] = Quantity(said, Unit.TEXT)
    return made, quantities


def _strongest(context: Context) -> pd.Series:
    """Which of the five has the strongest tie to each war of the cohort, by the primary's index."""
    ties = context.inputs.ties
    own = ties[
        ties["power"].isin(P5) & ties["episode_id"].isin(context.prepared.units["episode_id"])
    ]
    strength = tie_strength(own)
    ranked = own.assign(strength=strength).dropna(subset=["strength"])
    ranked = ranked.sort_values(["episode_id", "strength"], ascending=[True, False])
    return ranked.drop_duplicates("episode_id")["power"].reset_index(drop=True)


def spread(context: Context) -> list[dict[str, Any]]:
    """Standard deviation of each component over pairs, and correlation with the first index."""
    ties = context.inputs.ties
    own = ties[
        ties["power"].isin(P5) & ties["episode_id"].isin(context.prepared.units["episode_id"])
    ]
    index = tie_strength(own)
    rows = []
    for name in COMPONENTS:
        values = own[name].astype("Float64").astype(float)
        rows.append(
            {
                "component": name,
                "title": TITLES[name],
                "n": int(values.notna().sum()),
                "deviation": float(values.std(ddof=0)),
                "correlation": float(values.corr(index)),
            }
        )
    return rows
