"""Who casts the veto, and does it matter? The members' ties to the host of the war.

*Do the five vote by their ties?* Only who vetoed a draft is on record, not each vote on each
resolution. So the members are compared within one vetoed draft: is the one that stands closer to
the host of the war the one that cast the veto? What the draft says, the war and the year are the
same for all five; how often a member vetoes at all is removed in the second model.

*Exploratory: does a veto hold up a war only where the member that cast it has something at stake?*
Each veto is split by how close its caster stood to the host before onset: above the middle of all
members' ties to all hosts of the cohort, or not. A veto that is redrawn keeps its caster, and lies
on the side that the caster's tie to its new war makes it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import with_indicators
from collsec.designs.estimate import Estimate, Quantity, Unit, counts_of
from collsec.designs.exclusions import MOST_DRAWS
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.jackknife import difference
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.designs.split_exposure import (
    PRINTED,
    SplitExposure,
    chosen,
    estimate_split,
    split_by,
)
from collsec.designs.time_varying import calendar_day, followed
from collsec.histories.cohorts.votes import votes_on_wars
from collsec.histories.timelines import counted_acts
from collsec.hypothesis.specification import TYPES
from collsec.measures.interest import COMPONENTS, P5, standardized, tie_strength
from collsec.subjects.veto.vetoes import COUNTS_COLUMNS
from riskset import least_squares_refit
from riskset.inference import (
    ExposureDesign,
    Integers,
    Split,
)

NAMES = {
    "first": "caster_interest.close",
    "second": "caster_interest.distant",
    "ratio": "caster_interest.ratio",
}
TITLES = {
    "first": "Vetoed by a member close to the host (exploratory)",
    "second": "Vetoed by members not close to the host (exploratory)",
    "ratio": "Vetoed by a close member against by others (exploratory)",
}
TIES = {
    "tie": ("Veto cast, per standard deviation of the member's tie to the host", None),
    "affinity": (
        "Veto cast, per standard deviation of UN voting affinity alone",
        ("ideal_point_rank",),
    ),
    "pact": ("Veto cast, with a defense pact with the host against without", ("has_defense_pact",)),
}
CASTERS = tuple(f"acts.cast_{member}" for member in P5)


@part(
    roles=(Role.INTERACTION,),
    variables=tuple(VariablesOf(name, PRINTED) for name in NAMES.values()),
    uses=(*CASTERS, *(f"ties.{name}" for name in COMPONENTS), "ties.is_host_itself"),
    exposures=("veto_12m",),
)
def caster_interest(context: Context) -> Part:
    """Vetoes whose caster stood close to the host, others, and the ratio of the two."""
    inputs, prepared = context.inputs, context.prepared
    assert prepared.spells is not None
    close = is_close(inputs.ties, prepared.units["episode_id"])
    casters = casters_of(inputs, prepared)
    own = (casters & close[prepared.spells.unit]).any(axis=1)
    halves = SplitExposure(
        names=NAMES,
        titles=TITLES,
        first=chosen(prepared.spells, own),
        second=chosen(prepared.spells, ~own),
        split=lambda design: by_caster(design, prepared, close, casters),
    )
    return Part(
        estimate_split(
            inputs,
            prepared,
            inputs.spec.exposure,
            halves,
            draws=min(context.draws.rerandomization_draws, MOST_DRAWS),
        )
    )


def is_close(ties: pd.DataFrame, episodes: pd.Series) -> np.ndarray:
    """Whether each permanent member stood closer to each war's host than the middle of all ties.

    A member that is the host itself has all at stake; a tie that is not known is not close.

    Returns
    -------
    ndarray of bool, shape (n_units, 5)
    """
    rows = ties[ties["power"].isin(P5)]
    strength = tie_strength(rows).where(~rows["is_host_itself"].astype(bool), np.inf)
    wide = rows.assign(strength=strength).pivot_table(
        index="episode_id", columns="power", values="strength", aggfunc="max"
    )
    values = wide.reindex(index=episodes, columns=list(P5)).to_numpy(float)
    middle = np.median(values[np.isfinite(values)])
    closer: np.ndarray = np.nan_to_num(values, nan=-np.inf, posinf=np.inf) > middle
    return closer


def casters_of(inputs: Inputs, prepared: Prepared) -> np.ndarray:
    """Which members cast the vetoes that began each spell.

    Returns
    -------
    ndarray of bool, shape (n_spells, 5)
    """
    spells, units = prepared.spells, prepared.units
    assert spells is not None
    acts = counted_acts(inputs.acts)
    vetoes = acts[(acts["act"] == "veto") & acts["conflict_id"].notna()]
    cast = vetoes.groupby([vetoes["conflict_id"].astype("int64"), vetoes["date"]])[
        [f"cast_{member}" for member in P5]
    ].any()
    began = units["time_zero"].iloc[spells.unit] + pd.to_timedelta(spells.assigned, unit="D")
    keys = pd.MultiIndex.from_arrays(
        [
            units["conflict_id"].astype("int64").to_numpy()[spells.unit],
            began.astype(vetoes["date"].dtype),
        ]
    )
    return cast.reindex(keys).fillna(False).to_numpy(bool)


def by_caster(
    design: ExposureDesign, prepared: Prepared, close: np.ndarray, casters: np.ndarray
) -> Split:
    """Split assignments by whether a caster of the spell stands close to the unit drawn."""
    spells = prepared.spells
    assert spells is not None
    kept = followed(prepared)
    place = np.cumsum(kept) - 1
    day = calendar_day(prepared.units["time_zero"])[spells.unit] + spells.assigned
    known = {
        (int(place[unit]), float(at)): row
        for row, (unit, at) in enumerate(zip(spells.unit, day, strict=True))
        if kept[unit]
    }
    order = [
        known[int(unit), float(at)] for unit, at in zip(design.unit, design.assigned, strict=True)
    ]
    of_units = close[kept]
    # Shape (n_spells, n_units + 1); the last place stands for "on no unit".
    is_first = (casters[order][:, None, :] & of_units[None, :, :]).any(axis=2)
    is_first = np.column_stack([is_first, np.zeros(len(order), dtype=bool)])
    spell = np.arange(design.n_spells)

    def is_close_to(unit: Integers) -> np.ndarray:
        close_to: np.ndarray = is_first[spell, unit]
        return close_to

    return split_by(design, is_close_to)


@part(
    roles=(Role.VOTES,),
    tables=(
        TableOf(
            "votes",
            (Role.VOTES,),
            "Who cast the veto, among the permanent members with a known tie to the host, within "
            "one vetoed draft on a war that was on. Units are members × drafts × wars, events the "
            f"vetoes cast. Intervals at 95 %, by a jackknife over conflicts. {COUNTS_COLUMNS}",
        ),
    ),
    counts="{events} vetoes among {units} members × drafts, on {clusters} conflicts",
    variables=(
        VariablesOf("votes.*", {"{name}": "estimate", "{name}_ci": "interval"}),
        VariablesOf("votes.*", {"{name}_says": "direction"}),
    ),
    uses=(*CASTERS, *(f"ties.{name}" for name in COMPONENTS), "ties.is_host_itself"),
)
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
