"""Releases of the conflict data, and episodes that keep their name from one to another.

The first release that the study registered numbers the episodes of each conflict by onset. Any
other release takes over the numbers of the episodes that it shares; an episode that is new to the
study gets the next number of its conflict that was never given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.compile.text import records_of
from collsec.core.errors import CollsecError


@dataclass(frozen=True, slots=True)
class Vintage:
    """One release of the Armed Conflict Dataset.

    Attributes
    ----------
    name : str
        Its version, such as ``25.1``.
    source : str
        Its key in ``sources.toml``.
    """

    name: str
    source: str


# In the order in which the study registered them.
VINTAGES = {v.name: v for v in (Vintage("25.1", "ucdp_acd"), Vintage("20.1", "ucdp_acd_201"))}
FIRST = next(iter(VINTAGES))

Episode = dict[str, Any]


class UnknownVintage(CollsecError):
    """A release that the study does not have."""


def vintage_of(name: str) -> Vintage:
    """The registered release of a name.

    Raises
    ------
    UnknownVintage
        If there is none.
    """
    if name not in VINTAGES:
        raise UnknownVintage(
            f"vintage {name!r} is not registered. Registered: {', '.join(VINTAGES)}."
        )
    return VINTAGES[name]


def with_stable_ids(episodes: pd.DataFrame, named: pd.DataFrame) -> pd.DataFrame:
    """Give the episodes of one release the ids of another that already has them.

    Parameters
    ----------
    episodes : DataFrame
        Episodes of the release to be named, as `collsec.compile.episodes.episodes_from` gives them.
    named : DataFrame
        Episodes of the release whose ids hold.

    Returns
    -------
    DataFrame
        `episodes` with another ``episode_id``; all else as it was, in the same order.
    """
    known = by_conflict(named)
    new_ids: dict[str, str] = {}
    for conflict_id, own in by_conflict(episodes).items():
        theirs = known.get(conflict_id, [])
        pairs = matches(theirs, own)
        given = [int(e["episode_id"].split("-")[1]) for e in theirs]
        following = max(given, default=0) + 1
        for episode in own:
            if episode["episode_id"] in pairs:
                new_ids[episode["episode_id"]] = pairs[episode["episode_id"]]
            else:
                new_ids[episode["episode_id"]] = f"{conflict_id}-{following}"
                following += 1
    return episodes.assign(episode_id=episodes["episode_id"].map(new_ids))


def by_conflict(episodes: pd.DataFrame) -> dict[str, list[Episode]]:
    """Episodes of each conflict, by onset."""
    out: dict[str, list[Episode]] = {}
    for episode in records_of(episodes):
        out.setdefault(str(episode["conflict_id"]), []).append(episode)
    return out


def matches(named: Sequence[Episode], others: Sequence[Episode]) -> dict[str, str]:
    """Ids of the same episodes in two releases, of one conflict: other id → named id.

    Two episodes are the same if they share an active year. Where several do, those with the most
    years in common pair first; of equal ones, those with the nearest onsets.
    """
    candidates = sorted(
        (-shared, days_apart(mine, other), mine["episode_id"], other["episode_id"])
        for mine in named
        for other in others
        if (shared := shared_years(mine, other))
    )
    pairs: dict[str, str] = {}
    for _, _, mine_id, other_id in candidates:
        if other_id not in pairs and mine_id not in pairs.values():
            pairs[other_id] = mine_id
    return pairs


def shared_years(a: Episode, b: Episode) -> int:
    """Number of active years that two episodes have in common.

    >>> war = {"first_year": 1992, "last_year": 1995}
    >>> shared_years(war, {"first_year": 1995, "last_year": 1999}), shared_years(war, war)
    (1, 4)
    """
    last = min(a["last_year"], b["last_year"])
    return max(0, int(last - max(a["first_year"], b["first_year"]) + 1))


def days_apart(a: Episode, b: Episode) -> int:
    """Days between two onsets."""
    return abs((pd.Timestamp(a["onset_date"]) - pd.Timestamp(b["onset_date"])).days)
