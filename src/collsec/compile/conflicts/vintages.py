"""Releases of the conflict data: episodes that keep their name, and two releases side by side.

The first release that the study registered numbers the episodes of each conflict by onset. Any
other release takes over the numbers of the episodes that it shares; an episode that is new to the
study gets the next number of its conflict that was never given.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.rules import RuleFile, Strict
from collsec.compile.text import records_of
from collsec.core.errors import CollsecError

Episode = dict[str, Any]


class UnknownVintage(CollsecError):
    """A release that the study does not have."""


class Vintage(Strict):
    """One release of the Armed Conflict Dataset.

    Attributes
    ----------
    name : str
        Its version, such as ``25.1``.
    source : str
        Its key in ``sources.toml``.
    dyadic : str
        Key of the Dyadic Dataset that goes with it; that of the study by default.
    """

    name: str
    source: str
    dyadic: str = "ucdp_dyadic"

    @property
    def suffix(self) -> str:
        """How the columns of the crosswalk that are this release's end."""
        return self.name.replace(".", "")


class Vintages(RuleFile):
    """The releases that the study knows, in the order in which it registered them.

    Attributes
    ----------
    crosswalk : tuple of str
        Names of the two releases, the newer one first, that the committed crosswalk compares.
    """

    file: ClassVar[str] = "vintages.toml"
    crosswalk: tuple[str, str]
    vintage: tuple[Vintage, ...]

    @cached_property
    def by_name(self) -> dict[str, Vintage]:
        """Name → release."""
        return {vintage.name: vintage for vintage in self.vintage}

    @property
    def first(self) -> Vintage:
        """The release whose episode numbers are their ids: the study's own."""
        return self.vintage[0]

    def of(self, name: str) -> Vintage:
        """The registered release of a name.

        Raises
        ------
        UnknownVintage
            If there is none.
        """
        if name not in self.by_name:
            raise UnknownVintage(
                f"vintage {name!r} is not registered. Registered: {', '.join(self.by_name)}."
            )
        return self.by_name[name]


def with_stable_ids(episodes: pd.DataFrame, named: pd.DataFrame) -> pd.DataFrame:
    """Give the episodes of one release the ids of another that already has them.

    Parameters
    ----------
    episodes : DataFrame
        Episodes of the release to be named, as
        `collsec.compile.conflicts.episodes.episodes_from` gives them.
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


def crosswalk_from(
    new: pd.DataFrame, old: pd.DataFrame, vintages: tuple[Vintage, Vintage]
) -> pd.DataFrame:
    """One row per episode of either release.

    The older release ends earlier: what lies after its last year is no difference between the two.

    Parameters
    ----------
    new, old : DataFrame
        Episodes of the two releases under stable ids (see `with_stable_ids`).
    vintages : tuple of Vintage
        The two releases.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, sorted by conflict and number of the episode.
    """
    names = tuple(v.suffix for v in vintages)
    sources = [v.source for v in vintages]
    last_new, last = int(new["last_year"].max()), int(old["last_year"].max())
    of_new = {e["episode_id"]: e for e in records_of(new)}
    of_old = {e["episode_id"]: e for e in records_of(old)}
    conflicts_new, conflicts_old = by_conflict(new), by_conflict(old)
    rows = []
    for episode_id in sorted(of_new | of_old, key=number_of):
        mine, theirs = of_new.get(episode_id), of_old.get(episode_id)
        conflict_id = episode_id.split("-")[0]
        if mine and theirs:
            moved = moved_dates(mine, theirs, last_new, last)
            status, reason = ("re-dated" if moved else "same"), None
        elif mine:
            others = conflicts_old.get(conflict_id, [])
            moved, status, reason = [], f"only_{names[0]}", why_new(mine, others, last)
        else:
            assert theirs is not None
            others = conflicts_new.get(conflict_id, [])
            moved, status, reason = [], f"only_{names[1]}", why_absent(theirs, others)
        present = [s for s, e in zip(sources, (mine, theirs), strict=True) if e]
        rows.append(
            {
                "episode_id": episode_id,
                "conflict_id": int(conflict_id),
                "status": status,
                "moved": moved,
                "reason": reason,
                **side_by_side(mine, theirs, names),
                "source": present,
                "basis": "file",
            }
        )
    table = pd.DataFrame(rows)
    counts = ("ordinal", "first_year", "last_year")
    whole = [f"{c}_{name}" for c in counts for name in names]
    whole += ["onset_difference_days", "end_difference_days"]
    return table.astype(dict.fromkeys(whole, "Int64"))


def number_of(episode_id: str) -> tuple[int, int]:
    """Conflict and number of an episode, to sort by.

    >>> number_of("200-10") > number_of("200-9")
    True
    """
    conflict, number = episode_id.split("-")
    return int(conflict), int(number)


def moved_dates(new: Episode, old: Episode, last_new: int, last_old: int) -> list[str]:
    """Which dates of one episode differ: ``onset``, ``end``.

    An episode that was active in the last year of a release had no known end there: the end
    differs only if the other release has it end in an earlier year.

    Parameters
    ----------
    new, old : dict
        The episode in two releases.
    last_new, last_old : int
        Last year of each release.
    """
    moved = ["onset"] if new["onset_date"] != old["onset_date"] else []
    if new["is_ended"] and old["is_ended"]:
        end_differs = new["end_date"] != old["end_date"]
    elif new["is_ended"]:
        end_differs = new["last_year"] < last_old
    elif old["is_ended"]:
        end_differs = old["last_year"] < last_new
    else:
        end_differs = False
    return moved + (["end"] if end_differs else [])


def why_new(episode: Episode, old: list[Episode], last: int) -> str:
    """Why the old release lacks an episode."""
    if episode["first_year"] > last:
        return "began_later"
    return "split" if any(shared_years(episode, e) for e in old) else "added"


def why_absent(episode: Episode, new: list[Episode]) -> str:
    """Why the new release lacks an episode."""
    return "merged" if any(shared_years(episode, e) for e in new) else "dropped"


def side_by_side(new: Episode | None, old: Episode | None, names: Sequence[str]) -> dict[str, Any]:
    """Dates of both releases, and the days from the old one to the new one."""
    out: dict[str, Any] = {}
    pair = tuple(zip(names, (new, old), strict=True))
    for column in ("ordinal", "onset_date"):
        out |= {f"{column}_{name}": e and e[column] for name, e in pair}
    out["onset_difference_days"] = days_between(old, new, "onset_date")
    out |= {f"end_date_{name}": e and e["end_date"] for name, e in pair}
    out["end_difference_days"] = days_between(old, new, "end_date")
    for column in ("first_year", "last_year", "type_at_onset"):
        out |= {f"{column}_{name}": e and e[column] for name, e in pair}
    return out


def days_between(old: Episode | None, new: Episode | None, column: str) -> int | None:
    """Days by which a date moved; None if one of the two is not known."""
    if not old or not new or pd.isna(old[column]) or pd.isna(new[column]):
        return None
    return (pd.Timestamp(new[column]) - pd.Timestamp(old[column])).days
