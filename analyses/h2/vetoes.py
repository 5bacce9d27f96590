"""Vetoes distinguished by what the draft would have done, by who cast them, and by place.

A draft that two members vetoed counts for each. The cells of the table hold too few ends for a
rate; they show where the record lies and where it is empty.
"""

from __future__ import annotations

import math

import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.exclusions import MOST_DRAWS, where_enough
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.designs.printed import Column, ForestOf, RecordTable
from collsec.designs.standardization import from_month, in_months, mean_months
from collsec.histories.cohorts.votes import votes_on_wars
from collsec.histories.timelines import ACTION_CLASSES
from collsec.hypothesis.specification import ExposureSpec
from collsec.measures.interest import P5
from collsec.measures.veto import WINDOW_MONTHS
from riskset import CoxResult

VETOES_APART = ForestOf("vetoes-apart", (Role.PRIMARY, Role.ACTION_CLASS, Role.CASTING_STATE))

VETOES_BY_STATE = RecordTable(
    name="vetoes-by-state",
    record="veto_table",
    caption="Vetoed drafts on wars in progress, the wars that they concerned, and how many of "
    "these ended within twelve months of such a veto. A draft that two members vetoed counts for "
    "each; a war can stand in several cells. Where nobody vetoed anything, a dash.",
    columns=(
        Column(
            "Cast by",
            "state",
            labels={
                "state": {
                    "usa": "United States",
                    "uk": "United Kingdom",
                    "france": "France",
                    "russia": "Soviet Union, Russia",
                    "china": "China",
                    "all": "Any",
                }
            },
            width=22,
        ),
    ),
    spread="action_class",
    repeated=(
        Column("{}", "{drafts}, {wars}, {ends}", Unit.COUNT, width=16, is_blank_at_zero=True),
    ),
    spread_labels={
        "enforcement_or_mission": "Mission or force",
        "sanctions": "Sanctions",
        "condemnation": "Condemnation",
        "other": "Other",
        "all": "Any",
    },
)

BY_CLASS = (
    "veto_on_enforcement_12m",
    "veto_on_sanctions_12m",
    "veto_on_condemnation_12m",
    "veto_on_other_action_12m",
)
# The Soviet Union's (Russia's) and the United States' stand among the secondary exposures.
BY_STATE = ("veto_china_12m", "veto_uk_12m", "veto_france_12m")
BY_ROLE = {Role.ACTION_CLASS: BY_CLASS, Role.CASTING_STATE: BY_STATE}
EVERY = "all"
# The month of the veto in the translation into months of war.
VETO_MONTH = 6
COUNTS_COLUMNS = "Exposed of all, for units, events and clusters."


@part(
    roles=(Role.ACTION_CLASS, Role.CASTING_STATE),
    tables=(
        TableOf(
            "vetoes-by-class",
            (Role.ACTION_CLASS, Role.CASTING_STATE),
            "Vetoes by what the draft would have done and by who cast them: hazard ratios of the "
            f"end. Intervals at 95 %, by re-randomization. {COUNTS_COLUMNS}",
        ),
    ),
    variables=tuple(
        VariablesOf(
            f"{role}.{measure}",
            {
                f"by_class.{measure.removeprefix('veto_').removesuffix('_12m')}.{end}": field
                for end, field in (
                    ("hr", "estimate"),
                    ("units", "exposed_units"),
                    ("ends", "exposed_events"),
                )
            },
        )
        for role, names in BY_ROLE.items()
        for measure in names
    ),
    uses=(*BY_CLASS, *BY_STATE),
    exposures=("veto_12m",),
    figures=(VETOES_APART,),
)
def by_action_class(context: Context) -> Part:
    """The primary's question for vetoes of each class of action, and of each casting state."""
    draws = min(context.draws.rerandomization_draws, MOST_DRAWS)
    return Part(
        [
            exposure_alone(context.inputs, name, role, draws)
            for role, names in BY_ROLE.items()
            for name in names
        ]
    )


def exposure_alone(
    inputs: Inputs, name: str, role: Role, draws: int, validity: str = "principled"
) -> Estimate:
    """Hazard ratio of one exposure by re-randomization, or the counts where they are too few."""
    exposure = ExposureSpec(name, validity=validity)
    return where_enough(
        inputs,
        prepare(inputs, exposure),
        exposure,
        role=role,
        draws=draws,
        estimate_id=f"{inputs.spec.hypothesis}.{role}.{name}",
    )


@part(
    tables=(VETOES_BY_STATE,),
    uses=(
        "acts.date",
        *(f"acts.cast_{member}" for member in P5),
        "acts.conflict_id",
        "acts.action_class",
    ),
)
def veto_table(context: Context) -> Part:
    """Vetoed drafts, wars, and wars that ended within a year, by casting state and class."""
    table = by_state_and_class(context.inputs)
    whole = table[(table["state"] == EVERY) & (table["action_class"] == EVERY)].iloc[0]
    return Part(
        quantities={
            f"veto_table.{name}": Quantity(int(whole[name]), Unit.COUNT)
            for name in ("drafts", "wars", "ends")
        },
        records={"veto_table": table.to_dict(orient="records")},
    )


def by_state_and_class(inputs: Inputs) -> pd.DataFrame:
    """Count each casting state × class of action, with margins.

    Returns
    -------
    DataFrame
        ``state, action_class`` (``all`` on the margins), ``drafts`` vetoed on a war that was on,
        ``wars``, and ``ends``: those of the wars that ended within twelve months of such a veto.
    """
    votes = votes_on_wars(
        inputs.episodes,
        inputs.acts,
        inputs.timelines["council"],
        inputs.extents,
        inputs.spec.cohort.types,
    )
    vetoed = votes[votes["is_blocked"] == 1]
    cast = inputs.acts[inputs.acts["act"] == "veto"].drop_duplicates("item_id")
    vetoed = vetoed.merge(cast[["item_id", *(f"cast_{p}" for p in P5)]], on="item_id")
    until = vetoed["date"] + pd.DateOffset(months=WINDOW_MONTHS)
    vetoed = vetoed.assign(ends_soon=vetoed["event"].astype(bool) & (vetoed["exit_date"] <= until))
    made = []
    for state in (*P5, EVERY):
        own = vetoed if state == EVERY else vetoed[vetoed[f"cast_{state}"].astype(bool)]
        for action in (*ACTION_CLASSES, EVERY):
            rows = own if action == EVERY else own[own["action_class"] == action]
            made.append(
                {
                    "state": state,
                    "action_class": action,
                    "drafts": int(rows["item_id"].nunique()),
                    "wars": int(rows["episode_id"].nunique()),
                    "ends": int(rows.loc[rows["ends_soon"], "episode_id"].nunique()),
                }
            )
    return pd.DataFrame(made)


@part(
    roles=(Role.SECONDARY,),
    variables=(
        VariablesOf(
            "months_of_a_veto", {"veto_months.months": "estimate", "veto_months.ci": "interval"}
        ),
    ),
    after_primary=True,
    exposures=("veto_12m",),
)
def months_of_a_veto(context: Context, primary: Estimate) -> Part:
    """Months of war that a veto in month 6 adds, by the primary's hazard ratio."""
    inputs = context.inputs

    def added(fit: CoxResult) -> float:
        vetoed = from_month(inputs, VETO_MONTH, WINDOW_MONTHS)
        without = from_month(inputs, math.inf)
        return (
            mean_months(inputs, context.prepared, fit, vetoed)[0]
            - mean_months(inputs, context.prepared, fit, without)[0]
        )

    found = in_months(
        inputs,
        context.prepared,
        primary,
        added,
        estimate_id=f"{context.name}.months_of_a_veto",
        estimand="rmst_difference_months",
        label=f"Months of war with a veto in month {VETO_MONTH} against without one",
    )
    return Part(
        [found],
        quantities={
            "veto_months.month": Quantity(VETO_MONTH, Unit.MONTHS, digits=0),
            "veto_months.horizon": Quantity(inputs.study.horizon_months, Unit.MONTHS, digits=0),
        },
    )
