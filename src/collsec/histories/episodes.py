"""tables → episodes: the one module that joins.

Linkage is *coded* in raw (which mission served which conflict, which draft concerned which
conflict); here the keys are followed, and what did not match is reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

# UCDP codes a one-day war with equal dates; it still lasted part of a day.
HALF_DAY = 0.5
ASSEMBLY = (
    "conflict_id",
    "sitting_id",
    "session",
    "from_date",
    "to_date",
    "convened_by",
    "resolution_id",
    "veto_id",
    "confidence",
    "basis",
)


@dataclass(frozen=True, slots=True)
class Linked:
    """Episodes with what bears on them.

    Attributes
    ----------
    episodes : DataFrame
        One row per episode, with its outcome, host covariates and clock.
    missions : DataFrame
        One row per mission × conflict link, with the mission's dates; a mission that served no
        coded war has one row without a conflict.
    acts : DataFrame
        One row per Council act × conflict: vetoes and resolutions.
    ties : DataFrame
        One row per episode × power: the tie before onset.
    report : DataFrame
        The link report: rows, linked, coded as none, unmatched, recalled.
    """

    episodes: pd.DataFrame
    missions: pd.DataFrame
    acts: pd.DataFrame
    ties: pd.DataFrame
    report: pd.DataFrame


def link(tables: dict[str, pd.DataFrame]) -> Linked:
    """Join the tables on their coded keys.

    Parameters
    ----------
    tables : dict of DataFrame
        The typed raw tables by name.

    Returns
    -------
    Linked
    """
    episodes = _with_clock(tables["episodes"])
    episodes = episodes.merge(
        tables["outcomes"][["episode_id", "outcome", "termination_end_date"]],
        on="episode_id",
        how="left",
        validate="1:1",
    )
    covariates = tables["host_states"].drop(
        columns=[
            c
            for c in tables["host_states"].columns
            if (c in episodes.columns and c != "episode_id") or c in {"source", "basis"}
        ]
    )
    episodes = episodes.merge(covariates, on="episode_id", how="left", validate="1:1")
    fights = tables["p5_ties"][tables["p5_ties"]["is_p5"] & tables["p5_ties"]["is_belligerent"]]
    episodes["has_p5_party"] = episodes["episode_id"].isin(fights["episode_id"])
    missions = _missions(tables["mission_conflicts"], tables["missions"])
    acts = _acts(tables)
    known = set(episodes["conflict_id"])
    report = pd.DataFrame(
        [
            _link_row(
                "outcomes",
                tables["outcomes"]["episode_id"].isin(episodes["episode_id"]),
                tables["outcomes"]["outcome"].isin(["not_covered"]),
            ),
            _link_row(
                "host states", tables["host_states"]["episode_id"].isin(episodes["episode_id"])
            ),
            _link_row("ties", tables["p5_ties"]["episode_id"].isin(episodes["episode_id"])),
            _coded_row("missions", tables["mission_conflicts"], known),
            _coded_row("vetoes", _of_vetoes(tables["draft_conflicts"]), known),
            *(
                [_coded_row("resolutions", tables["resolution_conflicts"], known)]
                if "resolution_conflicts" in tables
                else []
            ),
            *(
                [_coded_row("emergency sessions", tables["assembly_conflicts"], known)]
                if "assembly_conflicts" in tables
                else []
            ),
        ]
    )
    return Linked(episodes, missions, acts, tables["p5_ties"].copy(), report)


def last_day_followed(episodes: pd.DataFrame) -> pd.Timestamp:
    """Last day to which the release of the conflict data follows wars.

    It is the last day of the last year in which any of its conflicts was active; an episode
    without an end is censored then.

    Parameters
    ----------
    episodes : DataFrame
        All episodes of the release, raw or linked: of a part of them, the day may be too early.

    Returns
    -------
    Timestamp
    """
    return pd.Timestamp(int(episodes["last_year"].max()), 12, 31)


def assembly(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Sittings of emergency special sessions of the General Assembly on conflicts.

    Parameters
    ----------
    tables : dict of DataFrame
        The typed raw tables by name.

    Returns
    -------
    DataFrame
        One row per sitting × conflict of its session, in order of date: ``conflict_id,
        sitting_id, session, from_date, to_date, convened_by, resolution_id, veto_id, confidence,
        basis``. The confidence is that of the link; a row is recalled if sitting or link is.
    """
    links = tables["assembly_conflicts"]
    links = links.loc[
        links["conflict_id"].notna(), ["session", "conflict_id", "confidence", "basis"]
    ]
    sittings = tables["assembly_sittings"].rename(columns={"basis": "sitting_basis"})
    out = links.merge(
        sittings.drop(columns=["confidence", "source", "note"]), on="session", validate="m:m"
    )
    out["basis"] = out["basis"].where(out["sitting_basis"] != "recalled", "recalled")
    out = out.sort_values(["from_date", "sitting_id", "conflict_id"])
    return out[list(ASSEMBLY)].reset_index(drop=True)


def _with_clock(raw: pd.DataFrame) -> pd.DataFrame:
    """Episodes with duration in days, censoring, earlier episodes, period and host."""
    out = raw.sort_values(["conflict_id", "ordinal"]).reset_index(drop=True)
    out["exit_date"] = out["end_date"].fillna(last_day_followed(out))
    days = (out["exit_date"] - out["onset_date"]).dt.days.astype(float)
    out["duration_days"] = np.where(days > 0, days, HALF_DAY)
    out["earlier_episodes"] = out.groupby("conflict_id").cumcount()
    out["gwno_host"] = out["gwno_loc"].str.split(";").str[0].astype("int64")
    out["onset_year"] = out["onset_date"].dt.year
    return out


def _missions(links: pd.DataFrame, missions: pd.DataFrame) -> pd.DataFrame:
    """Mission × conflict links (none where a mission served no coded war) with mission dates."""
    own = missions.drop(columns=["source", "basis", "confidence", "note"])
    own = own.rename(columns={"has_troops": "has_troops_in_mission"})
    return (
        links.rename(columns={"basis": "link_basis", "confidence": "link_confidence"})
        .drop(columns=["source", "note"])
        .merge(own, on="mission_id", how="left", validate="m:1")
        .sort_values(["conflict_id", "mission_id"])
        .reset_index(drop=True)
    )


def _of_vetoes(ledger: pd.DataFrame) -> pd.DataFrame:
    return ledger[ledger["item_kind"] == "veto"]


def _acts(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Council acts on conflicts: one row per act × conflict, in order of date."""
    ledger = tables["draft_conflicts"]
    vetoes = tables["vetoes"].set_index("veto_id")
    rows = _of_vetoes(ledger)
    rows = rows[rows["conflict_id"].notna()]
    casts = [c for c in vetoes.columns if c.startswith("cast_")]
    joined = vetoes.loc[rows["item_id"], ["veto_date", *casts]].reset_index(drop=True)
    acts = pd.concat(
        [
            rows[["item_id", "conflict_id", "action_class", "confidence", "basis"]].reset_index(
                drop=True
            ),
            joined,
        ],
        axis=1,
    )
    acts = acts.rename(columns={"veto_date": "date"})
    acts["act"] = "veto"
    parts = [acts]
    if "resolution_conflicts" in tables:
        adopted = tables["resolution_conflicts"]
        adopted = adopted[adopted["conflict_id"].notna()]
        adopted = adopted[["item_id", "conflict_id", "date", "action_class", "confidence", "basis"]]
        parts.append(adopted.assign(act="resolution"))
    out = pd.concat(parts, ignore_index=True)
    # Missing for vetoed drafts, and for resolutions that nobody has read for it.
    of_resolutions = tables["resolutions"].set_index("resolution_id")["is_chapter_vii"]
    out["is_chapter_vii"] = out["item_id"].map(of_resolutions).astype("boolean")
    for cast in casts:
        out[cast] = out[cast].astype("boolean").fillna(False).astype(bool)
    return out.sort_values(["conflict_id", "date", "item_id"]).reset_index(drop=True)


def _link_row(family: str, linked: pd.Series, none: pd.Series | None = None) -> dict[str, object]:
    n_none = int(none.sum()) if none is not None else 0
    return {
        "family": family,
        "n_rows": len(linked),
        "n_linked": int(linked.sum()) - n_none,
        "n_none": n_none,
        "n_unmatched": int((~linked).sum()),
        "n_recalled": 0,
    }


def _coded_row(family: str, ledger: pd.DataFrame, known: set[int]) -> dict[str, object]:
    ids = ledger["conflict_id"]
    return {
        "family": family,
        "n_rows": len(ledger),
        "n_linked": int(ids.isin(known).sum()),
        "n_none": int(ids.isna().sum()),
        "n_unmatched": int((ids.notna() & ~ids.isin(known)).sum()),
        "n_recalled": int((ledger["basis"] == "recalled").sum()),
    }
