"""episodes → timelines: exposures and covariates as step functions of calendar time.

A timeline row says: from ``from_date`` on, the state of this conflict is such, and this was known
from ``known_from``. Later stages look a state up *strictly before* a moment and by
``known_from`` only, so that nothing is conditioned on what lay in the future.
"""

from __future__ import annotations

import pandas as pd

from collsec.histories.episodes import Linked

RECALLED = "recalled"
ONE_DAY = pd.Timedelta(days=1)

# Resolutions are on record up to this day (S/RES/2813); vetoes go on.
RESOLUTIONS_END = pd.Timestamp("2026-01-27")
# What a vetoed draft would have done, strongest first.
ACTION_CLASSES = ("enforcement_or_mission", "sanctions", "condemnation", "other")

# The least confidence (2 = strong) that a link needs to enter a primary exposure.
STRONG = 2

# What each presence measure counts: who sent the mission, which dates bound the presence, and
# whether weak links and dates that rest on general knowledge alone (`recalled`) are let in.
PRESENCES: dict[str, tuple[tuple[str, ...], str, bool]] = {
    "un_troops": (("un",), "troops", False),
    "un_troops_with_uncertain": (("un",), "troops", True),
    "un_personnel": (("un",), "personnel", False),
    "peacekeepers": (("un", "regional", "coalition"), "troops", False),
    "un_authorized": (("un",), "authorized", False),
}


def deployment(linked: Linked) -> pd.DataFrame:
    """Missions present in each conflict, as counts that change at dates.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from`` and one count per presence measure. A mission is
        present from the day of its first troops (personnel, authorization) to the day of its
        last, both included; where a month is known, its last day stands for the start.
    """
    changes = [
        presence_spells(linked.missions[linked.missions["conflict_id"].notna()], name).assign(
            measure=name
        )
        for name in PRESENCES
    ]
    return _steps(pd.concat(changes, ignore_index=True), "conflict_id", list(PRESENCES))


def host_deployment(linked: Linked) -> pd.DataFrame:
    """UN troops in each host state, whatever conflict they serve."""
    spells = presence_spells(linked.missions, "un_troops_with_uncertain", by_link=False)
    spells["gwno_host"] = spells["host_gwno"].str.split(";")
    spells = spells.explode("gwno_host").astype({"gwno_host": "int64"})
    spells = spells.drop_duplicates(["mission_id", "gwno_host"]).assign(measure="un_troops")
    return _steps(spells, "gwno_host", ["un_troops"])


def presence_spells(missions: pd.DataFrame, measure: str, by_link: bool = True) -> pd.DataFrame:
    """Spells of presence of one measure: mission × conflict, ``first`` to ``last`` day.

    Parameters
    ----------
    missions : DataFrame
        The linked missions of :class:`collsec.histories.episodes.Linked`.
    measure : str
        A key of :data:`PRESENCES`.
    by_link : bool
        Narrow each spell to the dates within which the mission served that conflict.
    """
    sponsors, dates, with_uncertain = PRESENCES[measure]
    out = missions[missions["sponsor"].isin(sponsors)].copy()
    if dates == "troops":
        sent = "has_troops" if by_link else "has_troops_in_mission"
        out = out[out[sent].fillna(False)]
        out["first"], basis = out["first_troops_date"], out["first_troops_basis"]
        out["last"] = out[["last_troops_date", "end_date"]].min(axis=1)
    elif dates == "personnel":
        out["first"], basis = out["first_personnel_date"], out["first_personnel_basis"]
        out["last"] = out["end_date"]
    else:
        out["first"], basis = out["authorized_date"], out["authorized_basis"]
        out["last"] = out["end_date"]
        # A conflict that the mission served from its first day was meant from the day of the vote.
        out["from_date"] = out["from_date"].where(out["from_date"] > out["first_personnel_date"])
    if not with_uncertain:
        sure = (basis != RECALLED) & (out["link_basis"] != RECALLED)
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


def council(linked: Linked) -> pd.DataFrame:
    """Council acts on each conflict, as running counts known from the day after the act.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from, vetoes, resolutions, acts``, vetoes by member
        (``vetoes_russia``, …) and by class of action (``vetoes_sanctions``, …).
    """
    acts = counted_acts(linked.acts)
    counts = pd.DataFrame(
        {
            "conflict_id": acts["conflict_id"],
            "from_date": acts["date"],
            "vetoes": (acts["act"] == "veto").astype(int),
            "resolutions": (acts["act"] == "resolution").astype(int),
            "acts": 1,
        }
    )
    for cast in (c for c in acts.columns if c.startswith("cast_")):
        counts[f"vetoes_{cast.removeprefix('cast_')}"] = acts[cast].astype(int)
    for action in ACTION_CLASSES:
        counts[f"vetoes_{action}"] = counts["vetoes"].where(acts["action_class"] == action, 0)
    out = counts.groupby(["conflict_id", "from_date"]).sum().groupby(level=0).cumsum()
    out = out.reset_index()
    out.insert(2, "known_from", out["from_date"])
    return out


def counted_acts(acts: pd.DataFrame) -> pd.DataFrame:
    """The Council acts that exposures count: strong links that a file or a document backs."""
    return acts[(acts["basis"] != RECALLED) & (acts["confidence"] >= STRONG)]


def council_elsewhere(linked: Linked) -> pd.DataFrame:
    """Vetoes on *other* conflicts of the same region, as running counts per conflict."""
    acts = linked.acts
    vetoes = acts[(acts["act"] == "veto") & (acts["basis"] != RECALLED)]
    region = linked.episodes.drop_duplicates("conflict_id")[["conflict_id", "region"]]
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


def war(linked: Linked) -> pd.DataFrame:
    """Intensity of each conflict by year: known only after the year is over.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from, is_war``: whether the year saw 1,000 battle deaths.
    """
    rows = []
    columns = linked.episodes[["conflict_id", "first_year", "last_year", "war_years"]]
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
