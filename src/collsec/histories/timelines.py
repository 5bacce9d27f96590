"""episodes → timelines: exposures and covariates as step functions of calendar time.

A timeline row says: from ``from_date`` on, the state of this conflict is such, and this was known
from ``known_from``. Later stages look a state up *strictly before* a moment and by
``known_from`` only, so that nothing is conditioned on what lay in the future.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from collsec.histories.episodes import MEMBERS, RECALLED
from collsec.histories.registry import TIMELINES, Frames, timeline

ONE_DAY = pd.Timedelta(days=1)

# What a vetoed draft would have done, strongest first.
ACTION_CLASSES = ("enforcement_or_mission", "sanctions", "condemnation", "other")

# The least confidence (2 = strong) that a link needs to enter a primary exposure.
STRONG = 2

# The presence of troops of any sender, certain links and documented dates only.
ANY_TROOPS = "peacekeepers"

# What each presence measure counts: who sent the mission, which dates bound the presence, and
# whether weak links and dates that rest on general knowledge alone (`recalled`) are admitted.
PRESENCES: dict[str, tuple[tuple[str, ...], str, bool]] = {
    "un_troops": (("un",), "troops", False),
    "un_troops_with_uncertain": (("un",), "troops", True),
    "un_troops_at_half_strength": (("un",), "half_strength", False),
    "un_personnel": (("un",), "personnel", False),
    ANY_TROOPS: (("un", "regional", "coalition"), "troops", False),
    "un_authorized": (("un",), "authorized", False),
}
_TROOPS = ("first_troops_date", "last_troops_date", "end_date")
# Columns of the linked missions on which each kind of dates rests.
_DATES = {
    "troops": _TROOPS,
    "half_strength": (*_TROOPS, "strength_50pct_date", "strength_50pct_basis"),
    "personnel": ("first_personnel_date", "end_date"),
    "authorized": ("authorized_date", "first_personnel_date", "end_date"),
}
_BASIS = {
    "troops": "first_troops_basis",
    "half_strength": "first_troops_basis",
    "personnel": "first_personnel_basis",
    "authorized": "authorized_basis",
}
_LINKS = tuple(f"missions.{c}" for c in ("sponsor", "conflict_id", "from_date", "to_date"))


def _presence_columns(measure: str) -> tuple[str, ...]:
    """Columns of the linked missions on which a presence measure on conflicts rests."""
    _, dates, with_uncertain = PRESENCES[measure]
    columns = list(_DATES[dates])
    if dates in ("troops", "half_strength"):
        columns.append("has_troops")
    if not with_uncertain:
        columns += [_BASIS[dates], "link_basis", "link_confidence"]
    return tuple(f"missions.{column}" for column in columns)


def arrange_timelines(
    frames: Frames, names: Iterable[str] | None = None
) -> dict[str, pd.DataFrame]:
    """Every registered timeline, or some of them.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        Linked frames, and raw tables that a timeline takes as they are, by name.
    names : iterable of str, optional
        Families; all unless named.

    Returns
    -------
    dict of DataFrame
        By family.
    """
    return {name: TIMELINES[name](frames) for name in (TIMELINES if names is None else names)}


@timeline(
    uses=_LINKS,
    columns={name: _presence_columns(name) for name in PRESENCES},
    counts=(
        "un_troops",
        "un_troops_at_half_strength",
        "peacekeepers",
        "un_personnel",
        "un_authorized",
    ),
)
def deployment(missions: pd.DataFrame) -> pd.DataFrame:
    """Missions present in each conflict, as counts that change at dates.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from`` and one count per presence measure. A mission is
        present from the day of its first troops (personnel, authorization) to the day of its
        last, both included; where a month is known, its last day stands for the start.
    """
    linked = missions[missions["conflict_id"].notna()]
    changes = [presence_spells(linked, name).assign(measure=name) for name in PRESENCES]
    return _steps(pd.concat(changes, ignore_index=True), "conflict_id", list(PRESENCES))


@timeline(
    uses=(
        *(
            f"missions.{c}"
            for c in ("mission_id", "host_gwno", "sponsor", "has_troops_in_mission", *_TROOPS)
        ),
    ),
    unit="gwno_host",
    counts=("un_troops",),
)
def host_deployment(missions: pd.DataFrame) -> pd.DataFrame:
    """UN troops in each host state, whatever conflict they serve."""
    spells = presence_spells(missions, "un_troops_with_uncertain", by_link=False)
    spells["gwno_host"] = spells["host_gwno"].str.split(";")
    spells = spells.explode("gwno_host").astype({"gwno_host": "int64"})
    spells = spells.drop_duplicates(["mission_id", "gwno_host"]).assign(measure="un_troops")
    return _steps(spells, "gwno_host", ["un_troops"])


def presence_spells(missions: pd.DataFrame, measure: str, by_link: bool = True) -> pd.DataFrame:
    """Spells of presence of one measure: mission × conflict, ``first`` to ``last`` day.

    Parameters
    ----------
    missions : DataFrame
        The linked missions.
    measure : str
        A key of :data:`PRESENCES`.
    by_link : bool
        Narrow each spell to the dates within which the mission served that conflict.
    """
    sponsors, dates, with_uncertain = PRESENCES[measure]
    out = missions[missions["sponsor"].isin(sponsors)].copy()
    if dates in ("troops", "half_strength"):
        sent = "has_troops" if by_link else "has_troops_in_mission"
        out = out[out[sent].fillna(False)]
        out["first"] = out["first_troops_date"]
        out["last"] = out[["last_troops_date", "end_date"]].min(axis=1)
    elif dates == "personnel":
        out["first"], out["last"] = out["first_personnel_date"], out["end_date"]
    else:
        out["first"], out["last"] = out["authorized_date"], out["end_date"]
        # A conflict that the mission served from its first day was meant from the day of the vote.
        out["from_date"] = out["from_date"].where(out["from_date"] > out["first_personnel_date"])
    if dates == "half_strength":
        # As if troops had come on the day on which half of the authorized strength was there.
        # Observers can reach half before the first soldier comes, whose day then counts.
        reached = out["strength_50pct_date"].notna() & out["first"].notna()
        out = out[reached & (out["strength_50pct_basis"] != RECALLED).fillna(False)]
        out["first"] = out[["first", "strength_50pct_date"]].max(axis=1)
    if not with_uncertain:
        sure = (out[_BASIS[dates]] != RECALLED) & (out["link_basis"] != RECALLED)
        out = out[sure & (out["link_confidence"] >= STRONG)]
    out = out[out["first"].notna()]
    if by_link:
        out["first"] = out[["first", "from_date"]].max(axis=1)
        out["last"] = out[["last", "to_date"]].min(axis=1)
    return out[~(out["last"] < out["first"])]


def _steps(spells: pd.DataFrame, unit: str, measures: list[str]) -> pd.DataFrame:
    """Turn spells with a ``measure`` into a step function of counts per ``unit``."""
    on = spells[[unit, "measure"]].assign(from_date=spells["first"], change=1)
    off = spells[[unit, "measure"]].assign(from_date=spells["last"] + ONE_DAY, change=-1)
    changes = pd.concat([on, off[off["from_date"].notna()]], ignore_index=True)
    counts = changes.pivot_table(
        index=[unit, "from_date"],
        columns="measure",
        values="change",
        aggfunc="sum",
        fill_value=0,
        observed=True,
    ).reindex(columns=measures, fill_value=0)
    counts = counts.groupby(level=0).cumsum().astype("int64").reset_index()
    counts.columns.name = None
    counts.insert(2, "known_from", counts["from_date"])
    return counts


@timeline(
    uses=(
        *(
            f"missions.{c}"
            for c in (
                "mission_id",
                "conflict_id",
                "sponsor",
                "has_troops",
                "first_troops_basis",
                "link_basis",
                "link_confidence",
                "from_date",
                "to_date",
                *_TROOPS,
            )
        ),
        *(f"monthly_strength.{c}" for c in ("mission_id", "from_month", "troops", "total")),
    ),
    counts=("troops",),
)
def troop_strength(missions: pd.DataFrame, monthly_strength: pd.DataFrame) -> pd.DataFrame:
    """UN troops on each conflict, summed over operations: ``troops``, people.

    A count, of the last day of a month, is never filled backwards and holds to the next one. A
    mission that serves several conflicts counts whole for each. Before August 1992 troops are not
    distinguished from police and observers, and all stand for them.
    """
    counts = monthly_strength.sort_values(["mission_id", "from_month"])
    people = counts["troops"].fillna(counts["total"]).astype(float).to_numpy()
    days = counts["from_month"].to_numpy("datetime64[D]")
    places = counts.groupby("mission_id").indices
    spells = presence_spells(missions[missions["conflict_id"].notna()], "un_troops")
    changes = []
    for mission, conflict, first, last in zip(
        spells["mission_id"],
        spells["conflict_id"],
        spells["first"].to_numpy("datetime64[D]"),
        spells["last"].to_numpy("datetime64[D]"),
        strict=True,
    ):
        if mission not in places:
            continue
        day, number = days[places[mission]], people[places[mission]]
        ends = np.datetime64("NaT") if np.isnat(last) else last + np.timedelta64(1, "D")
        inside = (day >= first) & ~(day >= ends)
        earlier = np.flatnonzero(day < first)
        # What was counted last when the troops turned to this conflict holds there from that day.
        held = [(first, number[earlier[-1]])] if len(earlier) and not ends <= first else []
        steps = [*held, *zip(day[inside], number[inside], strict=True)]
        level = 0.0
        # Troops that were never counted here leave no step: nobody knows of them by a count.
        for at, value in [*steps, (ends, 0.0)] if steps else []:
            if not np.isnat(at):
                changes.append((int(conflict), at, value - level))
                level = value
    out = pd.DataFrame(changes, columns=["conflict_id", "from_date", "troops"])
    out = out.astype({"conflict_id": "int64", "from_date": "datetime64[s]", "troops": float})
    out = out.groupby(["conflict_id", "from_date"]).sum().groupby(level=0).cumsum()
    out = out.astype("int64").reset_index()
    out.insert(2, "known_from", out["from_date"])
    return out


@timeline(
    uses=tuple(f"acts.{c}" for c in ("conflict_id", "date", "act", "basis", "confidence")),
    columns={
        **{f"vetoes_{member}": (f"acts.cast_{member}",) for member in MEMBERS},
        **{f"vetoes_{action}": ("acts.action_class",) for action in ACTION_CLASSES},
    },
    counts=("vetoes", "resolutions", "acts"),
)
def council(acts: pd.DataFrame) -> pd.DataFrame:
    """Council acts on each conflict, as running counts known from the day after the act.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from, vetoes, resolutions, acts``, vetoes by member
        (``vetoes_russia``, …) and by class of action (``vetoes_sanctions``, …).
    """
    acts = counted_acts(acts)
    counts = pd.DataFrame(
        {
            "conflict_id": acts["conflict_id"],
            "from_date": acts["date"],
            "vetoes": (acts["act"] == "veto").astype(int),
            "resolutions": (acts["act"] == "resolution").astype(int),
            "acts": 1,
        }
    )
    for member in MEMBERS:
        counts[f"vetoes_{member}"] = acts[f"cast_{member}"].astype(int)
    for action in ACTION_CLASSES:
        counts[f"vetoes_{action}"] = counts["vetoes"].where(acts["action_class"] == action, 0)
    out = counts.groupby(["conflict_id", "from_date"]).sum().groupby(level=0).cumsum()
    out = out.reset_index()
    out.insert(2, "known_from", out["from_date"])
    return out


def counted_acts(acts: pd.DataFrame) -> pd.DataFrame:
    """The Council acts that exposures count: strong links that a file or a document backs."""
    return acts[(acts["basis"] != RECALLED) & (acts["confidence"] >= STRONG)]


@timeline(
    uses=(
        *(f"acts.{c}" for c in ("item_id", "conflict_id", "date", "act", "basis")),
        "episodes.conflict_id",
        "episodes.region",
    ),
    counts=("vetoes",),
)
def council_elsewhere(acts: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    """Vetoes on *other* conflicts of the same region, as running counts per conflict."""
    vetoes = acts[(acts["act"] == "veto") & (acts["basis"] != RECALLED)]
    region = episodes.drop_duplicates("conflict_id")[["conflict_id", "region"]]
    drafts = vetoes[["item_id", "date", "conflict_id"]].merge(region, on="conflict_id")
    pairs = drafts.drop_duplicates(["item_id", "region"])[["item_id", "date", "region"]].merge(
        region, on="region"
    )
    own = pd.MultiIndex.from_frame(drafts[["item_id", "conflict_id"]])
    other = pairs[~pd.MultiIndex.from_frame(pairs[["item_id", "conflict_id"]]).isin(own)]
    counts = other.groupby(["conflict_id", "date"]).size().groupby(level=0).cumsum()
    out = counts.rename("vetoes").reset_index().rename(columns={"date": "from_date"})
    out.insert(2, "known_from", out["from_date"])
    return out


@timeline(
    uses=(
        "african_regions.gwno",
        "african_regions.african_region",
        *(f"council_members.{c}" for c in ("gwno", "is_permanent", "from_date", "to_date")),
    ),
    unit="gwno",
    counts=("seats",),
)
def regional_seats(african_regions: pd.DataFrame, council_members: pd.DataFrame) -> pd.DataFrame:
    """Elected members of the Council from the region of each African state: ``seats``.

    Every state of a region has its steps, from the first day of the record of members on.
    """
    elected = council_members[~council_members["is_permanent"].astype(bool)]
    regions = african_regions[["gwno", "african_region"]]
    seats = regions.merge(
        elected.merge(regions, on="gwno")[["african_region", "from_date", "to_date"]],
        on="african_region",
    )
    begins = regions[["gwno"]].assign(from_date=council_members["from_date"].min(), change=0)
    on = seats[["gwno", "from_date"]].assign(change=1)
    off = seats[["gwno"]].assign(from_date=seats["to_date"] + ONE_DAY, change=-1)
    changes = pd.concat([begins, on, off[off["from_date"].notna()]], ignore_index=True)
    counts = changes.groupby(["gwno", "from_date"])["change"].sum().groupby(level=0).cumsum()
    out = counts.astype("int64").rename("seats").reset_index()
    out.insert(2, "known_from", out["from_date"])
    return out


@timeline(
    uses=tuple(f"episodes.{c}" for c in ("conflict_id", "first_year", "last_year", "war_years")),
    counts=(),
)
def war(episodes: pd.DataFrame) -> pd.DataFrame:
    """Intensity of each conflict by year: known only after the year is over.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from, is_war``: whether the year saw 1,000 battle deaths.
    """
    rows = []
    columns = episodes[["conflict_id", "first_year", "last_year", "war_years"]]
    for conflict, first, last, war_years in columns.fillna({"war_years": ""}).to_numpy():
        wars = set(war_years.split(";"))
        for year in range(first, last + 1):
            rows.append(
                (
                    conflict,
                    pd.Timestamp(year, 1, 1),
                    pd.Timestamp(year + 1, 1, 1),
                    str(year) in wars,
                )
            )
    out = pd.DataFrame(rows, columns=["conflict_id", "from_date", "known_from", "is_war"])
    return out.sort_values(["conflict_id", "from_date"]).reset_index(drop=True)


def as_of(timeline: pd.DataFrame, unit: str, at: pd.DataFrame, column: str) -> pd.Series:
    """State of ``column`` strictly before each moment; zero before the first step.

    Parameters
    ----------
    timeline : DataFrame
        A timeline with ``unit``, ``known_from`` and ``column``.
    unit : str
        Key column of both frames.
    at : DataFrame
        One row per question, with ``unit`` and ``date``.

    Returns
    -------
    Series
        Aligned with ``at``.
    """
    asked = at[[unit, "date"]].astype({"date": "datetime64[s]", unit: "int64"})
    asked = asked.reset_index(names="_row").sort_values(["date", "_row"])
    known = timeline[[unit, "known_from", column]].astype(
        {"known_from": "datetime64[s]", unit: "int64"}
    )
    found = pd.merge_asof(
        asked,
        known.sort_values("known_from"),
        left_on="date",
        right_on="known_from",
        by=unit,
        allow_exact_matches=False,
    )
    out = found.set_index("_row")[column].reindex(at.index)
    return out.fillna(0)
