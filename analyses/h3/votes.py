"""Do the five vote by their ties to the host of the war?

Only who vetoed a draft is on record, not each vote on each resolution. So the members are compared
within one vetoed draft: is the one that stands closer to the host of the war the one that cast the
veto? What the draft says, the war and the year are the same for all five; how often a member vetoes
at all is removed in the second model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import with_indicators
from collsec.designs.estimate import Estimate, Quantity, Unit, counts_of
from collsec.designs.inputs import Inputs
from collsec.designs.jackknife import difference
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.histories.cohorts.votes import votes_on_wars
from collsec.hypothesis.specification import TYPES
from collsec.measures.interest import P5, TIES, standardized, tie_strength
from riskset import least_squares_refit

BY_TIE = {
    "tie": ("Veto cast, per standard deviation of the member's tie to the host", None),
    "affinity": (
        "Veto cast, per standard deviation of UN voting affinity alone",
        ("ideal_point_rank",),
    ),
    "pact": ("Veto cast, with a defense pact with the host against without", ("has_defense_pact",)),
}


@part(
    roles=(Role.VOTES,),
    tables=(
        TableOf(
            "votes",
            (Role.VOTES,),
            "Who cast the veto, among the permanent members with a known tie to the host, within "
            "one vetoed draft on a war that was on. Units are members × drafts × wars, events the "
            "vetoes cast. Intervals at 95 %, by a jackknife over conflicts. Exposed of all, for "
            "units, events and clusters.",
        ),
    ),
    counts="{events} vetoes among {units} members × drafts, on {clusters} conflicts",
    variables=(
        VariablesOf("votes.*", {"{name}": "estimate", "{name}_ci": "interval"}),
        VariablesOf("votes.*", {"{name}_says": "direction"}),
    ),
    uses=(*(f"acts.cast_{member}" for member in P5), *TIES),
)
def votes_follow_ties(context: Context) -> Part:
    """Difference in the probability of casting a veto, by the member's tie to the host."""
    made = []
    for name, (label, components) in BY_TIE.items():
        rows = members_on_drafts(context.inputs, components)
        if name != "pact":
            rows["tie"] = standardized(rows["tie"])
        made.append(_asked(context, rows, name, label, []))
        rows, members = with_indicators(rows, "power")
        made.append(
            _asked(
                context,
                rows,
                f"{name}_by_member",
                f"{label}, its own habit removed",
                list(members),
            )
        )
    first = made[0]
    return Part(
        made,
        quantities={
            "votes.vetoes": Quantity(first.n_events, Unit.COUNT),
            "votes.members": Quantity(first.n_units, Unit.COUNT),
            "votes.conflicts": Quantity(first.n_clusters, Unit.COUNT),
        },
    )


def members_on_drafts(inputs: Inputs, components: tuple[str, ...] | None) -> pd.DataFrame:
    """One row per vetoed draft × war that was on × permanent member with a known tie to its host.

    Members that are the host themselves have no tie to it and are left out, as is whoever held a
    seat without being one of the five.

    Returns
    -------
    DataFrame
        ``vote_id, conflict_id, power, tie, cast`` (whether this member cast a veto); only drafts
        on which two members or more remain.
    """
    votes = votes_on_wars(
        inputs.episodes, inputs.acts, inputs.timelines["council"], inputs.extents, TYPES
    )
    vetoed = votes.loc[
        votes["is_blocked"] == 1, ["vote_id", "item_id", "conflict_id", "episode_id"]
    ]
    acts = inputs.acts[inputs.acts["act"] == "veto"].drop_duplicates("item_id")
    cast = acts.set_index("item_id")[[f"cast_{power}" for power in P5]]
    cast.columns = pd.Index(P5)
    ties = inputs.ties[inputs.ties["power"].isin(P5) & inputs.ties["is_p5"]]
    strength = tie_strength(ties, *(() if components is None else (components,)))
    known = ties.assign(tie=strength).groupby(["episode_id", "power"])["tie"].max().dropna()
    rows = vetoed.merge(known.reset_index(), on="episode_id")
    member = rows["power"].map({power: i for i, power in enumerate(P5)}).to_numpy(int)
    rows["cast"] = cast.loc[rows["item_id"]].to_numpy(float)[np.arange(len(rows)), member]
    several = rows.groupby("vote_id")["power"].transform("size") >= 2
    return rows[several].reset_index(drop=True)


def _asked(
    context: Context, rows: pd.DataFrame, name: str, label: str, others: list[str]
) -> Estimate:
    own = within_drafts(rows, ["tie", "cast", *others])
    # Every member's vote is a unit, and every tie in degrees exposed; the events are vetoes cast.
    votes = rows.assign(event=rows["cast"] == 1, unit_id=rows["vote_id"] + "/" + rows["power"])
    everyone = np.ones(len(votes), dtype=bool)
    return difference(
        own,
        least_squares_refit(own, "cast", "tie", others),
        cluster="conflict_id",
        level=context.inputs.study.usual_level,
        estimate_id=f"{context.name}.votes.{name}",
        hypothesis=context.name,
        role=Role.VOTES,
        label=label,
        measure="tie_of_member",
        lag_months=0,
        estimand="probability_difference",
        validity="plausible" if others else "principled",
        **counts_of(votes, everyone, unit="unit_id", cluster="conflict_id"),
    )


def within_drafts(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The rows with some columns as departures from the mean of their draft."""
    means = rows.groupby("vote_id")[columns].transform("mean")
    return rows.assign(**{name: rows[name] - means[name] for name in columns})
