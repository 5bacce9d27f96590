"""The wars on which an estimate rests: those that were exposed, and what happened in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from collsec.core.project import Project
from collsec.designs.registry import is_timed
from collsec.evidence.dossiers import EVENTS, Dossier, name_of
from collsec.evidence.record import Record
from collsec.histories.panels import DAYS_PER_MONTH, exposure_column

_MARKS = {"authorized": "vote", "talks": "talks", "agreement": "agreement"}


def exposed_wars(
    project: Project, record: Record, known: Mapping[int, Dossier]
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return the exposed wars of a hypothesis, and their events on the clock of each war.

    Parameters
    ----------
    project : Project
    record : Record
    known : dict of int to Dossier
        By conflict.

    Returns
    -------
    (DataFrame, DataFrame) or None
        Wars in the order in which they were exposed: `episode_id`, `conflict_id`, `war`,
        `gwno_host`, `onset_date`, `vote_date`, `talks_date`, `agreement_date`, `exposed_date`,
        `until_date` (last day of the exposure that is followed), `exposed_days`, `end_date`
        (missing while it goes on), `outcome`, `again_date` (onset of the conflict's next episode,
        if there is one), `ended_exposed`, `months` (from onset to exposure), `months_in_all`.
        Events: `episode_id`, `kind` (`war`, `exposed`, `troops`, `vote`, `talks`, `agreement`),
        `from_months`, `to_months`. None where exposure is no matter of time, where
        the unit is no war, or where the panel has not been made.
    """
    path = project.stage("panels", record.hypothesis)
    if not is_timed(record.spec) or not path.exists():
        return None
    panel = project.read("panels", record.hypothesis)
    exposure = record.spec["exposure"]
    column = exposure_column(exposure["measure"], exposure["lag_months"])
    episodes = project.read("episodes", "episodes").set_index("episode_id", drop=False)
    if column not in panel or not panel["unit_id"].isin(episodes.index).all():
        return None
    spells = _since_onset(panel[panel[column] > 0], episodes)
    wars, events = [], []
    for unit, own in spells.groupby("unit_id", sort=True):
        episode = {str(k): v for k, v in episodes.loc[str(unit)].items()}
        dossier = known[int(str(episode["conflict_id"]))]
        wars.append(_war(str(unit), own, episode, dossier))
        events += _events(str(unit), own, episode, dossier)
    if not wars:
        return None
    order = pd.DataFrame(wars).sort_values(["months", "episode_id"], ignore_index=True)
    return order, pd.DataFrame(events)


def _since_onset(spells: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    """The same rows on the clock of the war, where theirs starts on a later day of their own."""
    if "time_zero" not in spells:
        return spells
    onset = episodes["onset_date"].reindex(spells["unit_id"]).to_numpy()
    waited = (spells["time_zero"] - onset).dt.days
    return spells.assign(start=spells["start"] + waited, stop=spells["stop"] + waited)


def _within(dossier: Dossier, episode: dict[str, Any]) -> pd.DataFrame:
    """Events of a conflict during one of its episodes; weak links left out."""
    own = dossier.events
    is_during = (own["to_date"] >= episode["onset_date"]) & (
        own["from_date"] <= episode["exit_date"]
    )
    found: pd.DataFrame = own.loc[is_during & ~own["is_weak"].astype(bool), list(EVENTS)]
    return found


def _war(
    unit: str, spells: pd.DataFrame, episode: dict[str, Any], dossier: Dossier
) -> dict[str, Any]:
    during = _within(dossier, episode)
    days = float(spells["start"].min())
    dates = {
        f"{name}_date": during.loc[during["kind"] == kind, "from_date"].min()
        for kind, name in _MARKS.items()
    }
    return {
        "episode_id": unit,
        "conflict_id": int(episode["conflict_id"]),
        "war": name_of(episode),
        "gwno_host": int(episode["gwno_host"]),
        "onset_date": episode["onset_date"],
        **dates,
        "exposed_date": episode["onset_date"] + pd.Timedelta(days=days),
        "until_date": episode["onset_date"] + pd.Timedelta(days=float(spells["stop"].max())),
        "exposed_days": float((spells["stop"] - spells["start"]).sum()),
        "end_date": episode["exit_date"] if episode["is_ended"] else pd.NaT,
        "outcome": str(episode.get("outcome") or ""),
        "again_date": _again(episode, dossier),
        "ended_exposed": bool(spells["event"].any()),
        "months": days / DAYS_PER_MONTH,
        "months_in_all": _months(episode["exit_date"], episode),
    }


def _again(episode: dict[str, Any], dossier: Dossier) -> pd.Timestamp | Any:
    """Onset of the next episode of the conflict; missing where there is none."""
    own = dossier.events[dossier.events["kind"] == "episode"]
    return own.loc[own["from_date"] > episode["exit_date"], "from_date"].min()


def _months(day: pd.Timestamp, episode: dict[str, Any]) -> float:
    return float((day - episode["onset_date"]).days / DAYS_PER_MONTH)


def _events(
    unit: str, spells: pd.DataFrame, episode: dict[str, Any], dossier: Dossier
) -> list[dict[str, Any]]:
    last = _months(episode["exit_date"], episode)

    def one(kind: str, first: float, until: float) -> dict[str, Any]:
        return {
            "episode_id": unit,
            "kind": kind,
            "from_months": max(first, 0.0),
            "to_months": min(until, last),
        }

    found = [one("war", 0.0, last)]
    found += [
        one("exposed", start / DAYS_PER_MONTH, stop / DAYS_PER_MONTH)
        for start, stop in zip(spells["start"], spells["stop"], strict=True)
    ]
    for event in _within(dossier, episode).to_dict(orient="records"):
        if event["kind"] in (*_MARKS, "troops"):
            kind = _MARKS.get(event["kind"], "troops")
            first, until = (_months(event[end], episode) for end in ("from_date", "to_date"))
            found.append(one(kind, first, until))
    return found
