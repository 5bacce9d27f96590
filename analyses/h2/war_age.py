"""Vetoes by the age and the type of the war that they fell on, and those that came with its onset.

A veto on a young war and one on an old war need not do the same: one ratio over both averages what
may point either way. Vetoes just before the onset of a war, or on its first days, leave the war out
of the cohort (it was never at risk of a *first* veto) or expose it at once: they are listed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.exclusions import MOST_DRAWS, where_enough
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.designs.printed import Column, RecordTable
from collsec.designs.split_exposure import PRINTED, by_clock, estimate_split
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.measures.interest import P5

YOUNG_MONTHS = 12
TYPES_ALONE = {
    "intrastate": "Wars within states only",
    "interstate": "Wars between states only",
    "extrasystemic": "Colonial wars only",
}
#: A veto belongs to the onset if it came at most so many days before, or after.
BEFORE_DAYS, AFTER_DAYS = 365, 7
MEMBERS = {
    "usa": "United States",
    "uk": "United Kingdom",
    "france": "France",
    "russia": "Soviet Union, Russia",
    "china": "China",
}

AT_ONSET = RecordTable(
    name="vetoes-at-onset",
    record="vetoes_at_onset",
    caption="Vetoes on a conflict in the year before a war began in it, or in its first week. "
    "A war with a veto in the year before onset is left out of the cohort; one with a veto in its "
    "first days is exposed nearly from the start. Days from onset are negative before it.",
    columns=(
        Column("War", "{place} {episode_id}", width=26),
        Column("Type", "type", width=14),
        Column("Onset", "onset", width=12),
        Column("Draft", "item", width=18),
        Column("Days from onset", "days", Unit.COUNT, width=10),
        Column("Cast by", "cast_by", width=24),
        Column(
            "Months of war",
            "{months}{event}",
            Unit.MONTHS,
            labels={"event": {True: "", False: " +"}},
            width=12,
        ),
    ),
)


@part(
    roles=(Role.INTERACTION, Role.SENSITIVITY),
    tables=(
        AT_ONSET,
        TableOf(
            "veto-age",
            (Role.INTERACTION, Role.SENSITIVITY),
            "Vetoes by the age of the war on the day of the veto, by type of war, and other splits "
            "of the primary: hazard ratios of the end. Intervals at 95 %, by re-randomization. "
            "Exposed of all, for units, events and clusters.",
        ),
    ),
    variables=(
        *(VariablesOf(f"{age}_*", PRINTED) for age in ("young", "old")),
        VariablesOf(
            "type.*",
            {
                "{name}.hr": "estimate",
                "{name}.ci": "interval",
                "{name}.ends": "exposed_events",
                "{name}.expected": "expected_events",
            },
        ),
    ),
    uses=(
        "acts.item_id",
        "acts.date",
        "acts.act",
        "acts.conflict_id",
        *(f"acts.cast_{member}" for member in P5),
        "episodes.location",
    ),
    exposures=("veto_12m",),
    designs=("time_varying",),
)
def war_age(context: Context) -> Part:
    """The primary by the age of the war and by its type; vetoes that came with the onset."""
    inputs, prepared = context.inputs, context.prepared
    exposure, draws = inputs.spec.exposure, context.draws.rerandomization_draws
    halves = by_clock(prepared, exposure.measure, YOUNG_MONTHS)
    made: list[Estimate] = estimate_split(inputs, prepared, exposure, halves, draws=draws)
    for name, label in TYPES_ALONE.items():
        of_type = prepared.only(partial(_is_of_type, name))
        made.append(
            where_enough(
                inputs,
                of_type,
                exposure,
                estimate_id=f"{context.name}.type.{name}",
                role=Role.SENSITIVITY,
                draws=min(draws, MOST_DRAWS),
                label=label,
            )
        )
    listed = at_onset(inputs.acts, inputs.episodes)
    return Part(
        made,
        quantities={
            "at_onset.wars": Quantity(len({row["episode_id"] for row in listed}), Unit.COUNT),
            "at_onset.vetoes": Quantity(len(listed), Unit.COUNT),
        },
        records={"vetoes_at_onset": listed},
    )


def _is_of_type(name: str, frame: pd.DataFrame) -> pd.Series:
    return frame["type_group"] == name


def at_onset(acts: pd.DataFrame, episodes: pd.DataFrame) -> list[dict[str, Any]]:
    """Vetoes on a conflict shortly before a war began in it, or on its first days.

    Parameters
    ----------
    acts, episodes : DataFrame
        Of :func:`collsec.histories.episodes.link`.
    """
    vetoes = acts.loc[
        acts["act"] == "veto", ["item_id", "date", "conflict_id", *(f"cast_{m}" for m in P5)]
    ]
    pairs = vetoes.merge(episodes, on="conflict_id")
    days = (pairs["date"] - pairs["onset_date"]).dt.days
    pairs = pairs.assign(days=days)[(days >= -BEFORE_DAYS) & (days <= AFTER_DAYS)]
    pairs = pairs.sort_values(["onset_date", "date", "item_id", "episode_id"])
    return [
        {
            "episode_id": str(row["episode_id"]),
            "place": str(row["location"]).replace(";", ", "),
            "type": str(row["type_at_onset"]),
            "onset": f"{row['onset_date']:%Y-%m-%d}",
            "item": str(row["item_id"]),
            "days": int(row["days"]),
            "cast_by": ", ".join(
                name
                for member, name in MEMBERS.items()
                if row[f"cast_{member}"] == True  # noqa: E712
            ),
            "months": round(float(row["duration_days"]) / DAYS_PER_MONTH, 1),
            "event": bool(row["is_ended"]),
        }
        for row in pairs.to_dict(orient="records")
    ]
