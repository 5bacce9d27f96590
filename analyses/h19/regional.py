"""Troops of regional organizations on a conflict, and the months before they came."""

from __future__ import annotations

import pandas as pd

from collsec.histories.registry import timeline
from collsec.histories.timelines import ANY_TROOPS, ONE_DAY, presence_spells
from collsec.measures.registry import measure
from collsec.measures.spells import months_before, where_positive

LEAD_MONTHS = 6
COLUMNS = (
    *("sponsor", "conflict_id", "from_date", "to_date", "has_troops"),
    *("first_troops_date", "last_troops_date", "end_date"),
    *("first_troops_basis", "link_basis", "link_confidence"),
)
_USES = (
    "regional_presence.conflict_id",
    "regional_presence.known_from",
    "regional_presence.missions",
)


@timeline(uses=tuple(f"missions.{column}" for column in COLUMNS))
def regional_presence(missions: pd.DataFrame) -> pd.DataFrame:
    """Missions of regional organizations with troops on each conflict, as a running count."""
    theirs = missions[(missions["sponsor"] == "regional") & missions["conflict_id"].notna()]
    spells = presence_spells(theirs, ANY_TROOPS)
    came = spells[["conflict_id"]].assign(from_date=spells["first"], change=1)
    left = spells[["conflict_id"]].assign(from_date=spells["last"] + ONE_DAY, change=-1)
    changes = pd.concat([came, left[left["from_date"].notna()]])
    counts = changes.groupby(["conflict_id", "from_date"])["change"].sum()
    steps = counts.groupby(level=0).cumsum().rename("missions").reset_index()
    steps.insert(2, "known_from", steps["from_date"])
    return steps


@measure(
    "exposure",
    "Troops of a regional organization present",
    uses=_USES,
    contrast=(
        "wars with troops of a regional organization on the ground{lag}",
        "wars {clock} without them",
    ),
    act="Regional troops",
)
def regional_peacekeepers(regional_presence: pd.DataFrame) -> pd.DataFrame:
    """Troops of a mission that a regional organization sent serve this conflict."""
    return where_positive(regional_presence, "missions")


@measure("exposure", "Troops of a regional organization will come within six months", uses=_USES)
def regional_peacekeepers_to_come(regional_presence: pd.DataFrame) -> pd.DataFrame:
    """A placebo: the six months before they came, whether or not the war was still going on."""
    return months_before(regional_peacekeepers(regional_presence), LEAD_MONTHS)
