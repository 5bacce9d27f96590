"""What the Council does next: from a vote on a war to the next resolution on it.

A mechanism, not an effect on the war: if a veto silences the Council, the next resolution comes
later after a veto than after a resolution. The end of the war competes. Whether a mission is there
lies on the path from the vote to the next act, and is not conditioned on. Within one war the ratio
has no meaning without its reference (``exchanged_votes.py``).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs import curves
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate, Quantity, Unit, counts_of
from collsec.designs.jackknife import difference, hazard_ratio
from collsec.designs.parts import Context, CurveKind, CurveOf, Part, TableOf, VariablesOf, part
from collsec.histories.cohorts.votes import ADJUSTMENT, followed_for, votes_on_wars
from collsec.histories.panels import days_of
from collsec.histories.timelines import counted_acts
from riskset import least_squares_refit

from .exchanged_votes import BLOCKS_YEARS, vote_days, within_war
from .vetoes import COUNTS_COLUMNS

WITHIN_MONTHS = 12
HORIZON_MONTHS = 24
WHOLE_WAR = 0
ARMS = {1.0: "After a veto", 0.0: "After a resolution"}
ARM_NAMES = {1.0: "veto", 0.0: "resolution"}


@dataclass(frozen=True, slots=True)
class Act:
    """A next act: which resolutions count (all, or those of some kind), and the record of them."""

    name: str
    label: str
    classes: tuple[str, ...]
    record: str
    is_chapter_vii: bool = False


ACTS = (
    Act("resolution", "Next resolution", (), "resolutions"),
    Act("chapter_vii", "Next resolution under Chapter VII", (), "chapter_vii", is_chapter_vii=True),
    Act(
        "measure",
        "Next mandate of a mission or sanctions",
        ("enforcement_or_mission", "sanctions"),
        "action_classes",
    ),
)


@part(
    roles=(Role.MECHANISM,),
    tables=(
        TableOf(
            "mechanism",
            (Role.MECHANISM,),
            "What the Council did next on the same conflict. Events are the acts, the end of the "
            "war competes: hazard ratios of the act unless a unit is named. Ratios within the same "
            "war are multiples of what exchanged outcomes of votes give, and count days of votes. "
            "Intervals at 95 %, by a jackknife over conflicts, but the shares' by the sandwich, "
            "those within the same war by the exchanges. "
            f"{COUNTS_COLUMNS}",
        ),
    ),
    curves=(
        CurveOf(
            "next_resolution",
            CurveKind.INCIDENCE,
            "Votes followed by a resolution",
            since="the vote",
        ),
        CurveOf(
            "next_chapter_vii",
            CurveKind.INCIDENCE,
            "Votes followed by a resolution under Chapter VII",
            since="the vote",
        ),
        CurveOf(
            "next_measure", CurveKind.INCIDENCE, "Votes followed by a measure", since="the vote"
        ),
    ),
    counts="{exposed_units} of {units} votes were vetoes; the act followed {events} of the votes",
    variables=(
        *(
            VariablesOf(f"next_action.*.{what}", {"{name}": "estimate", "{name}_ci": "interval"})
            for what in ("hazard", "within_war*", "difference")
        ),
        VariablesOf("next_action.*.within_war*", {"{name}_finding": "finding"}),
        VariablesOf("next_action.*.after_*", {"{name}": "estimate", "{name}_n": "n_units"}),
    ),
    uses=(
        "acts.act",
        "acts.date",
        "acts.conflict_id",
        "acts.action_class",
        "acts.is_chapter_vii",
        "council.acts",
    ),
    exposures=("veto_12m",),
)
def next_action(context: Context) -> Part:
    """How soon the Council acts again after a veto, and after a resolution."""
    votes = votes_on_wars(
        context.inputs.episodes,
        context.inputs.acts,
        context.inputs.timelines["council"],
        context.inputs.extents,
        context.inputs.spec.cohort.types,
    )
    chapter = context.inputs.acts[["item_id", "conflict_id", "is_chapter_vii"]].drop_duplicates()
    votes = votes.merge(chapter, on=["item_id", "conflict_id"], how="left", validate="m:1")
    made: list[Estimate] = []
    said: dict[str, Quantity] = {}
    drawn = []
    for act in ACTS:
        known_until = context.inputs.extents[act.record].last_day
        followed = until_next(votes, counted_acts(context.inputs.acts), act, known_until)
        made += _estimates(context, followed, act, known_until)
        days = vote_days(votes, counts_as(votes, act), known_until)
        for years in BLOCKS_YEARS if act is ACTS[0] else (WHOLE_WAR,):
            found, ratios = _within_war(context, days, act, years)
            made.append(found)
            said |= ratios
        drawn.append(incidence_curves(followed, act))
    return Part(made, pd.concat(drawn, ignore_index=True), said)


def counts_as(acts: pd.DataFrame, act: Act) -> pd.Series:
    """Which of the acts of the Council are adopted resolutions of the kind that is asked for."""
    found = acts["act"] == "resolution"
    if act.classes:
        found &= acts["action_class"].isin(act.classes)
    if act.is_chapter_vii:
        found &= acts["is_chapter_vii"].fillna(False).astype(bool)
    return found


def _within_war(
    context: Context, days: pd.DataFrame, act: Act, years: int
) -> tuple[Estimate, dict[str, Quantity]]:
    """The ratio within the same war, and what it is without its reference and without an effect."""
    name = f"next_action.{act.name}.within_war" + (f"_{years}y" if years else "")
    within = f"{years} calendar year" + "s" * (years > 1) if years else "the war"
    found, observed, without = within_war(
        days,
        years,
        draws=context.draws.bootstrap_draws,
        seed=context.inputs.study.seed,
        estimate_id=f"{context.name}.{name}",
        label=f"{act.label}: within the same war, outcomes exchanged within {within}",
        level=context.inputs.study.usual_level,
        power=context.inputs.study.power,
        estimand="hazard_ratio_of_action",
        **_common(context),
    )
    return found, {
        f"{name}_observed": Quantity(observed, Unit.RATIO),
        f"{name}_without_effect": Quantity(without, Unit.RATIO),
    }


def _common(context: Context) -> dict[str, Any]:
    """What every estimate of this part is of."""
    return {
        "hypothesis": context.name,
        "role": Role.MECHANISM,
        "measure": "vote",
        "lag_months": 0,
    }


def until_next(
    votes: pd.DataFrame, acts: pd.DataFrame, act: Act, known_until: pd.Timestamp
) -> pd.DataFrame:
    """Each vote followed to the next act on its conflict, the end of its war, or the record's end.

    Only an act on a later day than the vote, and on an earlier one than the end, comes first.

    Returns
    -------
    DataFrame
        The votes cast before the record ends, with ``stop`` (days), ``cause`` (``act``, ``end`` or
        empty) and ``event`` (whether it is the act).
    """
    known = (
        acts.loc[counts_as(acts, act), ["conflict_id", "date"]]
        .dropna()
        .drop_duplicates()
        .rename(columns={"date": "next_date"})
        .astype({"conflict_id": "int64", "next_date": "datetime64[s]"})
        .sort_values("next_date")
    )
    asked = votes[votes["date"] < known_until]
    asked = asked.astype({"conflict_id": "int64", "date": "datetime64[s]"}).sort_values("date")
    out = pd.merge_asof(
        asked,
        known,
        left_on="date",
        right_on="next_date",
        by="conflict_id",
        direction="forward",
        allow_exact_matches=False,
    )
    last = out["exit_date"].where(out["exit_date"] <= known_until, known_until)
    acted = out["next_date"].notna() & (out["next_date"] < out["exit_date"])
    acted &= out["next_date"] <= known_until
    ended = ~acted & out["is_ended"].astype(bool) & (out["exit_date"] <= known_until)
    until = out["next_date"].where(acted, last)
    out["stop"] = (until - out["date"]).dt.days.astype(float)
    out["cause"] = np.select([acted, ended], ["act", "end"], "")
    out["event"] = acted.to_numpy(bool)
    return out.sort_values(["date", "vote_id"]).reset_index(drop=True)


def _estimates(
    context: Context, followed: pd.DataFrame, act: Act, known_until: pd.Timestamp
) -> list[Estimate]:
    study = context.inputs.study
    level = study.usual_level
    comparison = Comparison(
        followed, "is_blocked", ADJUSTMENT, ("type_group",), cluster="conflict_id", unit="vote_id"
    )
    common = _common(context)
    name = f"{context.name}.next_action.{act.name}"
    made = [
        hazard_ratio(
            comparison,
            level=level,
            power=study.power,
            estimate_id=f"{name}.hazard",
            label=f"{act.label}: after a veto against after a resolution, adjusted",
            **common | {"estimand": "hazard_ratio_of_action"},
        )
    ]
    for value, arm in ARM_NAMES.items():
        own = followed[followed["is_blocked"] == value]
        made.append(
            _share(
                own,
                level,
                estimate_id=f"{name}.after_{arm}",
                label=f"{act.label} within {WITHIN_MONTHS} months, after a {arm}",
                **common,
            )
        )
    in_a_year = followed_a_year(followed, known_until)
    counts = dataclasses.replace(comparison, rows=in_a_year).counts()
    # Without an effect vetoes would be followed by the act as often as all votes are.
    expected = counts["exposed_units"] * float(in_a_year["event"].mean())
    made.append(
        difference(
            in_a_year,
            least_squares_refit(in_a_year, "event", "is_blocked", []),
            cluster="conflict_id",
            level=level,
            estimate_id=f"{name}.difference",
            estimand="probability_difference",
            label=f"{act.label} within {WITHIN_MONTHS} months: "
            "after a veto less after a resolution",
            **common,
            **counts,
            expected_events=expected,
        )
    )
    return made


def _share(rows: pd.DataFrame, level: float, **known: Any) -> Estimate:
    """Cumulative incidence of the act within a year of one kind of vote."""
    months = np.array([float(WITHIN_MONTHS)])
    at = curves.incidence_of_act(rows, months, "conflict_id", is_held=True).iloc[0]
    within = rows.assign(event=rows["event"] & (rows["stop"] <= days_of(WITHIN_MONTHS)))
    everyone = np.ones(len(rows), dtype=bool)
    return Estimate(
        **known,
        estimand="probability",
        inference="cluster_sandwich",
        level=level,
        estimate=float(at["incidence"]),
        ci_low=float(at["ci_low"]),
        ci_high=float(at["ci_high"]),
        p_value=np.nan,
        std_error=np.nan,
        **counts_of(within, everyone, unit="vote_id", cluster="conflict_id"),
    )


def followed_a_year(followed: pd.DataFrame, known_until: pd.Timestamp) -> pd.DataFrame:
    """Votes cast a year or more before record and wars end; ``event``: the act came within it."""
    own = followed_for(followed, WITHIN_MONTHS)
    own = own[own["date"] + pd.DateOffset(months=WITHIN_MONTHS) <= known_until]
    own = own.reset_index(drop=True)
    return own.assign(event=own["event"] & (own["stop"] <= days_of(WITHIN_MONTHS)))


def incidence_curves(followed: pd.DataFrame, act: Act) -> pd.DataFrame:
    """Share of votes that the act had followed by each month, by kind of vote."""
    months = curves.whole_months(HORIZON_MONTHS)
    made = []
    for value, group in ARMS.items():
        own = followed[followed["is_blocked"] == value]
        at = curves.incidence_of_act(own, months, "conflict_id", is_held=True)
        made.append(curves.family(f"next_{act.name}", group, months, at, "incidence"))
    return pd.concat(made, ignore_index=True)
