"""Everything on record about each conflict, with the source of each fact: no estimate, no choice.

Linked rows only are followed by their keys; weak links are kept and marked, since a reader who
looks up one conflict wants to see them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from collsec.core.project import Project
from collsec.evidence.cases import MEMBERS, SENDERS
from collsec.histories.episodes import RECALLED
from collsec.histories.extents import last_day_followed
from collsec.histories.timelines import STRONG

#: Columns of the events of a conflict.
EVENTS = ("kind", "name", "from_date", "to_date", "is_open", "detail", "is_weak", "source")
_MILESTONES = ("authorized", "first_personnel", "first_troops", "last_troops", "end")
Row = tuple[int, tuple[Any, ...]]
_TIES = {
    "has_defense_pact": "pact",
    "trade_share": "trade",
    "was_colony": "colony",
    "is_contiguous": "neighbor",
    "ideal_point_distance": "distance",
}


@dataclass(frozen=True, slots=True)
class Dossier:
    """One conflict.

    Attributes
    ----------
    conflict : int
    name : str
        Such as `Mali, over Azawad`.
    kind : str
        Type at the onset of its last episode.
    region : int
    hosts : tuple of int
        States of its location.
    sides : tuple of str
        Who fought whom in each of its episodes, each pair once: sides change between episodes.
    events : DataFrame
        Rows with the columns of :data:`EVENTS`: `episode`, `resolution`, `veto`, `authorized`,
        `personnel`, `troops`, `talks`, `agreement`, `assembly`.
    months : DataFrame
        `gwno_host`, `from_month`, `to_month`, `deaths`, `is_shared`: from 1990 on, by host.
    years : DataFrame
        `year`, `deaths` of the conflict itself.
    ties : DataFrame
        `episode_id`, `power`, `pact`, `trade`, `colony`, `neighbor`, `distance`; of the permanent
        members, before each onset.
    """

    conflict: int
    name: str
    kind: str
    region: int
    hosts: tuple[int, ...]
    sides: tuple[str, ...]
    events: pd.DataFrame
    months: pd.DataFrame
    years: pd.DataFrame
    ties: pd.DataFrame = field(default_factory=pd.DataFrame)


def name_of(episode: Mapping[str, Any]) -> str:
    """What a conflict is called: its place, and what it is fought over."""
    place = " and ".join(str(episode["location"]).split(";"))
    if episode.get("incompatibility") == "territory" and pd.notna(episode.get("territory_name")):
        return f"{place}, over {episode['territory_name']}"
    return f"{place}, over government"


def sides_of(episode: Mapping[Any, Any]) -> str:
    """Who fought whom in an episode."""
    sides = (str(episode.get(side, "")).replace(";", ", ") for side in ("side_a", "side_b"))
    return " against ".join(sides)


def dossiers(project: Project) -> list[Dossier]:
    """Gather what is on record of each conflict, in the order of names.

    What a study has no table of is left out.
    """
    episodes = project.read("episodes", "episodes").sort_values(["conflict_id", "onset_date"])
    last_day = last_day_followed(episodes)
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for conflict, row in (
        *_episodes(episodes, last_day),
        *_acts(project),
        *_missions(project, last_day),
        *_peace(project),
    ):
        rows.setdefault(conflict, []).append(row)
    months = _parted(_optional(project, "violence_months"), "gwno_host")
    years = _parted(_optional(project, "violence_years"), "conflict_id")
    ties = _parted(_ties(project), "episode_id")
    nothing = pd.DataFrame()
    found = []
    for key, own in episodes.groupby("conflict_id", sort=True):
        conflict, first = int(str(key)), {str(k): v for k, v in own.iloc[0].items()}
        sides = (sides_of(one) for one in own.to_dict(orient="records"))
        hosts = tuple(int(h) for h in str(first.get("gwno_loc", "")).split(";") if h.isdigit())
        events = pd.DataFrame(rows[conflict], columns=list(EVENTS))
        found.append(
            Dossier(
                conflict=conflict,
                name=name_of(first),
                kind=str(own.iloc[-1].get("type_at_onset", "")),
                region=int(first.get("region", 0)),
                hosts=hosts,
                sides=tuple(dict.fromkeys(sides)),
                events=events.sort_values(["from_date", "kind", "name"], ignore_index=True),
                months=_of_hosts(months, hosts, own, last_day),
                years=_of_conflict(years.get(conflict, nothing)),
                ties=pd.concat([ties[e] for e in own["episode_id"] if e in ties] or [nothing]),
            )
        )
    return sorted(found, key=lambda one: (one.name, one.conflict))


def _optional(project: Project, table: str) -> pd.DataFrame:
    """A raw table; empty where the study has none."""
    is_there = project.stage("tables", table).exists()
    return project.read("tables", table) if is_there else pd.DataFrame()


def _episodes(episodes: pd.DataFrame, last_day: pd.Timestamp) -> Iterator[Row]:
    for one in episodes.to_dict(orient="records"):
        is_open = not one["is_ended"]
        yield (
            int(one["conflict_id"]),
            (
                "episode",
                str(one["episode_id"]),
                one["onset_date"],
                last_day if is_open else one["exit_date"],
                is_open,
                f"{sides_of(one)}; onset known to the {one['onset_precision']}",
                False,
                str(one.get("source", "")),
            ),
        )


def _acts(project: Project) -> Iterator[Row]:
    """Resolutions and vetoed drafts, and sittings of the Assembly; each with its link's source."""
    acts = project.read("episodes", "acts")
    sources: dict[tuple[Any, Any], str] = {}
    for table in ("resolution_conflicts", "draft_conflicts"):
        links = _optional(project, table)
        if len(links):
            keys = zip(links["item_id"], links["conflict_id"], strict=True)
            sources |= dict(zip(keys, links["source"], strict=True))
    for one in acts.to_dict(orient="records"):
        cast = [name for key, name in MEMBERS.items() if one[f"cast_{key}"]]
        what = str(one["action_class"]).replace("_", " ").replace("unclassified", "")
        is_veto = one["act"] == "veto"
        source = sources.get((one["item_id"], one["conflict_id"]), "")
        yield (
            int(one["conflict_id"]),
            (
                str(one["act"]),
                f"Draft of {one['date']:%-d %B %Y}" if is_veto else str(one["item_id"]),
                one["date"],
                one["date"],
                False,
                f"vetoed by {', '.join(cast)}" if is_veto else what,
                one["basis"] == RECALLED or one["confidence"] < STRONG,
                str(source),
            ),
        )
    for one in project.read("episodes", "assembly").to_dict(orient="records"):
        last = one["to_date"] if pd.notna(one["to_date"]) else one["from_date"]
        detail = "resumed" if one["convened_by"] == "resumed" else "opened"
        yield (
            int(one["conflict_id"]),
            ("assembly", str(one["sitting_id"]), one["from_date"], last, False, detail, False, ""),
        )


def _missions(project: Project, last_day: pd.Timestamp) -> Iterator[Row]:
    """Authorization, personnel and troops of each mission that served the conflict."""
    missions = project.read("episodes", "missions")
    for one in missions[missions["conflict_id"].notna()].to_dict(orient="records"):
        known = {
            name: one[f"{name}_date"] if pd.notna(one[f"{name}_date"]) else None
            for name in _MILESTONES
        }
        source = {name: str(one.get(f"{name}_source") or "") for name in _MILESTONES}
        is_recalled = {name: one.get(f"{name}_basis") == RECALLED for name in _MILESTONES}
        is_weak = one["link_basis"] == RECALLED or one["link_confidence"] < STRONG
        label = f"{one['acronym']} ({SENDERS.get(one['sponsor'], one['sponsor'])})"
        conflict = int(one["conflict_id"])
        if known["authorized"] is not None:
            symbol = "" if pd.isna(one["resolution"]) else str(one["resolution"])
            yield (
                conflict,
                (
                    "authorized",
                    label,
                    known["authorized"],
                    known["authorized"],
                    False,
                    symbol,
                    is_weak or is_recalled["authorized"],
                    source["authorized"],
                ),
            )
        spells = [("personnel", "first_personnel", "end")]
        if one["has_troops"] is True or one["has_troops"] == True:  # noqa: E712 - may be missing
            spells.append(("troops", "first_troops", "last_troops"))
        for kind, first, last in spells:
            start = known[first]
            if start is None:
                continue
            # It came to this war with its link, and left with it.
            if pd.notna(one["from_date"]):
                start = max(start, one["from_date"])
            ends = [d for d in (known[last], known["end"], one["to_date"]) if d is not None]
            ends = [d for d in ends if pd.notna(d)]
            yield (
                conflict,
                (
                    kind,
                    label,
                    start,
                    min(ends) if ends else last_day,
                    not ends,
                    "",
                    is_weak or is_recalled[first],
                    source[first],
                ),
            )


def _peace(project: Project) -> Iterator[Row]:
    """Peace agreements by their day, and months of talks."""
    for one in _optional(project, "peace_agreements").to_dict(orient="records"):
        if pd.notna(one["conflict_id"]):
            clause = ", with a clause on peacekeeping" if one["has_peacekeeping"] else ""
            yield (
                int(one["conflict_id"]),
                (
                    "agreement",
                    str(one["name"]),
                    one["signed_date"],
                    one["signed_date"],
                    False,
                    f"{one['kind']}{clause}",
                    False,
                    str(one["source"]),
                ),
            )
    for one in _optional(project, "negotiations").to_dict(orient="records"):
        mediated = "mediated" if one["is_mediated"] == True else "not known to be mediated"  # noqa: E712
        month = one["month"]
        yield (
            int(one["conflict_id"]),
            (
                "talks",
                "Talks",
                month.replace(day=1),
                month,
                False,
                mediated,
                False,
                str(one["source"]),
            ),
        )


def _parted(frame: pd.DataFrame, key: str) -> dict[Any, pd.DataFrame]:
    """The rows of each value of a key."""
    return {} if frame.empty else {value: own for value, own in frame.groupby(key, sort=False)}


def _of_hosts(
    months: Mapping[Any, pd.DataFrame],
    hosts: tuple[int, ...],
    own: pd.DataFrame,
    last_day: pd.Timestamp,
) -> pd.DataFrame:
    """Monthly deaths in the hosts, from two years before the conflict to two years after."""
    columns = ["gwno_host", "from_month", "to_month", "deaths", "is_shared"]
    of_hosts = [months[host] for host in hosts if host in months]
    if not of_hosts:
        return pd.DataFrame(columns=columns)
    known = pd.concat(of_hosts)
    around = pd.DateOffset(years=2)
    first, last = own["onset_date"].min() - around, own["exit_date"].max() + around
    is_near = (known["to_month"] >= first) & (known["from_month"] <= min(last, last_day))
    near: pd.DataFrame = known.loc[is_near & known["deaths"].notna(), columns]
    return near


def _of_conflict(own: pd.DataFrame) -> pd.DataFrame:
    """Deaths of the conflict by year: the Uppsala count, else PRIO's."""
    if own.empty:
        return pd.DataFrame(columns=["year", "deaths", "source"])
    deaths = own["ucdp_deaths_best"].fillna(own["prio_deaths_best"])
    found = pd.DataFrame({"year": own["year"], "deaths": deaths, "source": own["source"]})
    return found.dropna(subset=["year", "deaths"])


def _ties(project: Project) -> pd.DataFrame:
    """Ties of the permanent members to the first host before each onset."""
    if not project.stage("episodes", "ties").exists():
        return pd.DataFrame()
    ties = project.read("episodes", "ties")
    own = ties[ties["is_p5"] & (ties["host_ordinal"] == 1) & ~ties["is_host_itself"]]
    found: pd.DataFrame = own[["episode_id", "power", *_TIES]].rename(columns=_TIES)
    return found
