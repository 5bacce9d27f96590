"""Do the five vote by their ties? Who casts a veto, among the members that voted on the same draft.

Only who vetoed a draft is on record, not each vote on each resolution. So the members are compared
within one vetoed draft: is the one that stands closer to the host of the war the one that cast the
veto? What the draft says, the war and the year are the same for all five; how often a member vetoes
at all is taken out in the second model.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.clustered import Comparison, counts, difference, least_squares
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs
from collsec.designs.months import with_indicators
from collsec.designs.parts import Context, Part, part
from collsec.designs.votes import votes_on_wars
from collsec.hypothesis.specification import TYPES
from collsec.measures.interest import P5, standardized, tie_strength
from collsec.reports.words import wording

TIES = {
    "tie": ("Veto cast, per standard deviation of the member's tie to the host", None),
    "affinity": (
        "Veto cast, per standard deviation of UN voting affinity alone",
        ("ideal_point_rank",),
    ),
    "pact": ("Veto cast, with a defense pact with the host against without", ("has_defense_pact",)),
}


@part()
def votes_follow_ties(context: Context) -> Part:
    """Difference in the probability of casting a veto, by the member's tie to the host."""
    made = []
    for name, (label, components) in TIES.items():
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
                f"{label}, its own habit taken out",
                list(members),
            )
        )
    return Part(made, strings=_strings(made))


def members_on_drafts(inputs: Inputs, components: tuple[str, ...] | None) -> pd.DataFrame:
    """One row per vetoed draft × war that was on × permanent member with a known tie to its host.

    Members that are the host themselves have no tie to it and are left out, as is whoever held a
    seat without being one of the five.

    Returns
    -------
    DataFrame
        ``vote_id, conflict_id, power, tie, cast`` (whether this member cast a veto); only drafts
        on which two members or more are left.
    """
    every_type = dataclasses.replace(inputs.spec.cohort, types=TYPES)
    spec = dataclasses.replace(inputs.spec, cohort=every_type)
    votes = votes_on_wars(dataclasses.replace(inputs, spec=spec))
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
    context: Context, rows: pd.DataFrame, name: str, label: str, beside: list[str]
) -> Estimate:
    study = context.inputs.study
    own = within_drafts(rows, ["tie", "cast", *beside])
    # Every member's vote is a unit; the events are the vetoes cast.
    counted = counts(
        Comparison(
            rows.assign(
                start=0.0,
                stop=1.0,
                event=rows["cast"] == 1,
                exposed=rows["tie"] + 1e6,
                unit_id=rows["vote_id"] + "/" + rows["power"],
            ),
            "exposed",
            cluster="conflict_id",
        )
    )
    known: dict[str, Any] = {
        "estimate_id": f"{context.name}.votes.{name}",
        "hypothesis": context.name,
        "role": "votes",
        "label": label,
        "measure": "tie_of_member",
        "lag_months": 0,
        "estimand": "probability_difference",
        "validity": "plausible" if beside else "principled",
    }
    return difference(
        own,
        least_squares(own, "cast", "tie", beside),
        cluster="conflict_id",
        level=1 - study.alpha,
        **known,
        **counted,
    )


def within_drafts(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The rows with some columns as departures from the mean of their draft."""
    means = rows.groupby("vote_id")[columns].transform("mean")
    return rows.assign(**{name: rows[name] - means[name] for name in columns})


def _strings(made: list[Estimate]) -> dict[str, str]:
    strings = {
        "votes.vetoes": str(made[0].n_events),
        "votes.members": str(made[0].n_units),
        "votes.conflicts": str(made[0].n_clusters),
    }
    for estimate in made:
        name = estimate.estimate_id.partition(".")[2]
        strings[name] = wording.number(100 * estimate.estimate, 1)
        strings[f"{name}_ci"] = wording.interval(100 * estimate.ci_low, 100 * estimate.ci_high, 1)
        strings[f"{name}_says"] = wording.exploratory(
            100 * estimate.ci_low, 100 * estimate.ci_high, "above_one", neutral=0.0
        )
    return strings
