"""tables → episodes: the one module that joins.

Linkage is *coded* in raw (which mission served which conflict, which draft concerned which
conflict); here the keys are followed, and what did not match is reported.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.histories.extents import NOT_CODED, last_day_followed
from collsec.histories.registry import FRAMES, Frames, frame, of_study

# What a row rests on that no file and no document backs: kept out of primary analyses.
RECALLED = "recalled"
MEMBERS = ("china", "france", "uk", "russia", "usa")
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


def link(tables: Frames) -> dict[str, pd.DataFrame]:
    """Join the tables on their coded keys.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The typed raw tables by name.

    Returns
    -------
    dict of DataFrame
        Every registered frame by name: ``episodes, missions, acts, ties``, …, and ``links``, the
        report of what did not match.
    """
    return {name: declared(tables) for name, declared in of_study(FRAMES).items()}


@frame(
    uses=(
        "episodes.*",
        "outcomes.episode_id",
        "outcomes.outcome",
        "outcomes.termination_end_date",
        "host_states.*",
        "p5_ties.episode_id",
        "p5_ties.is_p5",
        "p5_ties.is_belligerent",
    ),
    derived={
        "exit_date": ("episodes.end_date", "episodes.last_year"),
        "duration_days": ("episodes.onset_date", "episodes.end_date", "episodes.last_year"),
        "earlier_episodes": ("episodes.onset_date",),
        "gwno_host": ("episodes.gwno_loc",),
        "onset_year": ("episodes.onset_date",),
        "has_p5_party": ("p5_ties.is_p5", "p5_ties.is_belligerent"),
    },
)
def episodes(
    episodes: pd.DataFrame,
    outcomes: pd.DataFrame,
    host_states: pd.DataFrame,
    p5_ties: pd.DataFrame,
) -> pd.DataFrame:
    """One row per episode, with its outcome, host covariates, and clock."""
    out = _with_clock(episodes)
    out = out.merge(
        outcomes[["episode_id", "outcome", "termination_end_date"]],
        on="episode_id",
        how="left",
        validate="1:1",
    )
    covariates = host_states.drop(
        columns=[
            c
            for c in host_states.columns
            if (c in out.columns and c != "episode_id") or c in {"source", "basis"}
        ]
    )
    out = out.merge(covariates, on="episode_id", how="left", validate="1:1")
    fights = p5_ties[p5_ties["is_p5"] & p5_ties["is_belligerent"]]
    out["has_p5_party"] = out["episode_id"].isin(fights["episode_id"])
    return out


@frame(
    uses=("mission_conflicts.*", "missions.*"),
    derived={
        "link_basis": ("mission_conflicts.basis",),
        "link_confidence": ("mission_conflicts.confidence",),
        "has_troops_in_mission": ("missions.has_troops",),
    },
)
def missions(mission_conflicts: pd.DataFrame, missions: pd.DataFrame) -> pd.DataFrame:
    """One row per mission × conflict link, with the mission's dates.

    A mission that served no coded war has one row without a conflict.
    """
    own = missions.drop(columns=["source", "basis", "confidence", "note"])
    own = own.rename(columns={"has_troops": "has_troops_in_mission"})
    return (
        mission_conflicts.rename(columns={"basis": "link_basis", "confidence": "link_confidence"})
        .drop(columns=["source", "note"])
        .merge(own, on="mission_id", how="left", validate="m:1")
        .sort_values(["conflict_id", "mission_id"])
        .reset_index(drop=True)
    )


@frame(
    uses=(
        "draft_conflicts.item_kind",
        "draft_conflicts.item_id",
        "draft_conflicts.conflict_id",
        "draft_conflicts.action_class",
        "draft_conflicts.confidence",
        "draft_conflicts.basis",
        "vetoes.*",
        "resolution_conflicts.item_id",
        "resolution_conflicts.conflict_id",
        "resolution_conflicts.date",
        "resolution_conflicts.action_class",
        "resolution_conflicts.confidence",
        "resolution_conflicts.basis",
        "resolutions.resolution_id",
        "resolutions.is_chapter_vii",
    ),
    derived={
        "act": ("draft_conflicts.item_kind", "resolution_conflicts.item_id"),
        "date": ("vetoes.veto_date", "resolution_conflicts.date"),
        **{
            column: (f"draft_conflicts.{column}", f"resolution_conflicts.{column}")
            for column in ("item_id", "conflict_id", "action_class", "confidence", "basis")
        },
        "is_chapter_vii": ("resolutions.is_chapter_vii",),
        **{f"cast_{member}": (f"vetoes.cast_{member}",) for member in MEMBERS},
    },
)
def acts(
    draft_conflicts: pd.DataFrame,
    vetoes: pd.DataFrame,
    resolution_conflicts: pd.DataFrame,
    resolutions: pd.DataFrame,
) -> pd.DataFrame:
    """One row per Council act × conflict, vetoes and resolutions, in order of date."""
    ledger = vetoes.set_index("veto_id")
    rows = _of_vetoes(draft_conflicts)
    rows = rows[rows["conflict_id"].notna()]
    casts = [c for c in vetoes.columns if c.startswith("cast_")]
    joined = ledger.loc[rows["item_id"], ["veto_date", *casts]].reset_index(drop=True)
    vetoed = pd.concat(
        [
            rows[["item_id", "conflict_id", "action_class", "confidence", "basis"]].reset_index(
                drop=True
            ),
            joined,
        ],
        axis=1,
    )
    vetoed = vetoed.rename(columns={"veto_date": "date"})
    vetoed["act"] = "veto"
    adopted = resolution_conflicts[resolution_conflicts["conflict_id"].notna()]
    adopted = adopted[["item_id", "conflict_id", "date", "action_class", "confidence", "basis"]]
    out = pd.concat([vetoed, adopted.assign(act="resolution")], ignore_index=True)
    # Missing for vetoed drafts, and for resolutions that nobody has read for it.
    of_resolutions = resolutions.set_index("resolution_id")["is_chapter_vii"]
    out["is_chapter_vii"] = out["item_id"].map(of_resolutions).astype("boolean")
    for cast in casts:
        out[cast] = out[cast].astype("boolean").fillna(False).astype(bool)
    return out.sort_values(["conflict_id", "date", "item_id"]).reset_index(drop=True)


@frame(uses=("p5_ties.*",))
def ties(p5_ties: pd.DataFrame) -> pd.DataFrame:
    """One row per episode, host and power: the tie before onset."""
    return p5_ties.copy()


@frame(
    uses=(
        "draft_conflicts.item_kind",
        "draft_conflicts.item_id",
        "draft_conflicts.role",
        "draft_conflicts.conflict_id",
        "draft_conflicts.date",
        "draft_conflicts.basis",
    )
)
def vetoes_on_no_war(draft_conflicts: pd.DataFrame) -> pd.DataFrame:
    """One row per veto that was coded as a negative control, in order of date.

    It concerns no war at all; what rests on general knowledge alone is left out.
    """
    vetoes = _of_vetoes(draft_conflicts)
    own = vetoes[
        (vetoes["role"] == "negative_control")
        & vetoes["conflict_id"].isna()
        & (vetoes["basis"] != RECALLED)
    ]
    own = own.drop_duplicates("item_id")[["item_id", "date"]]
    return own.sort_values(["date", "item_id"]).reset_index(drop=True)


@frame(
    uses=("assembly_conflicts.*", "assembly_sittings.*"),
    derived={"basis": ("assembly_conflicts.basis", "assembly_sittings.basis")},
)
def assembly(assembly_conflicts: pd.DataFrame, assembly_sittings: pd.DataFrame) -> pd.DataFrame:
    """Sittings of emergency special sessions of the General Assembly on conflicts.

    Returns
    -------
    DataFrame
        One row per sitting × conflict of its session, in order of date: ``conflict_id,
        sitting_id, session, from_date, to_date, convened_by, resolution_id, veto_id, confidence,
        basis``. The confidence is that of the link; a row is recalled if sitting or link is.
    """
    links = assembly_conflicts.loc[
        assembly_conflicts["conflict_id"].notna(), ["session", "conflict_id", "confidence", "basis"]
    ]
    sittings = assembly_sittings.rename(columns={"basis": "sitting_basis"})
    out = links.merge(
        sittings.drop(columns=["confidence", "source", "note"]), on="session", validate="m:m"
    )
    out["basis"] = out["basis"].where(out["sitting_basis"] != RECALLED, RECALLED)
    out = out.sort_values(["from_date", "sitting_id", "conflict_id"])
    return out[list(ASSEMBLY)].reset_index(drop=True)


@frame(
    uses=(
        "episodes.episode_id",
        "episodes.conflict_id",
        "outcomes.episode_id",
        "outcomes.outcome",
        "host_states.episode_id",
        "p5_ties.episode_id",
        *(
            f"{ledger}.{column}"
            for ledger in (
                "mission_conflicts",
                "draft_conflicts",
                "resolution_conflicts",
                "assembly_conflicts",
            )
            for column in ("conflict_id", "basis")
        ),
        "draft_conflicts.item_kind",
    )
)
def links(
    episodes: pd.DataFrame,
    outcomes: pd.DataFrame,
    host_states: pd.DataFrame,
    p5_ties: pd.DataFrame,
    mission_conflicts: pd.DataFrame,
    draft_conflicts: pd.DataFrame,
    resolution_conflicts: pd.DataFrame,
    assembly_conflicts: pd.DataFrame,
) -> pd.DataFrame:
    """The link report: rows of each family, linked, coded as none, unmatched, recalled."""
    wars = episodes["episode_id"]
    conflicts = set(episodes["conflict_id"])
    return pd.DataFrame(
        [
            _link_row(
                "outcomes",
                outcomes["episode_id"].isin(wars),
                outcomes["outcome"].isin([NOT_CODED]),
            ),
            _link_row("host states", host_states["episode_id"].isin(wars)),
            _link_row("ties", p5_ties["episode_id"].isin(wars)),
            _coded_row("missions", mission_conflicts, conflicts),
            _coded_row("vetoes", _of_vetoes(draft_conflicts), conflicts),
            _coded_row("resolutions", resolution_conflicts, conflicts),
            _coded_row("emergency sessions", assembly_conflicts, conflicts),
        ]
    )


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


def _of_vetoes(ledger: pd.DataFrame) -> pd.DataFrame:
    return ledger[ledger["item_kind"] == "veto"]


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
        "n_recalled": int((ledger["basis"] == RECALLED).sum()),
    }
