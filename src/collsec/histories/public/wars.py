"""Public tables of wars: episodes whole, cut into spells, and by host; dyads and their episodes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.histories.episodes import HALF_DAY
from collsec.histories.extents import last_day_followed
from collsec.histories.processes import agreements
from collsec.histories.public.keys import (
    CODES,
    LIST,
    codes_on,
    known_before,
    list_codes,
    listed,
    spell_columns,
    unpacked,
)
from collsec.histories.public.registry import PublicColumn, When, carried, public

# Ties ------------------------------------------------------------------------------------------

_OF_FIVE = tuple(f"p5_ties.{c}" for c in ("episode_id", "host_ordinal", "is_p5", "is_host_itself"))
_REST = ", before the onset. The host itself is left out; empty if no tie is covered."
#: PublicColumn of the ties → new column, how the five are summarized, definition, type, and unit.
_TIES = {
    "has_defense_pact": (
        "p5_pacts",
        "sum",
        "Permanent members with a defense pact with the host",
        "integer",
        "states",
    ),
    "was_colony": (
        "p5_colonizers", "sum", "Permanent members that had ruled the host", "integer", "states"
    ),
    "is_contiguous": (
        "p5_neighbors",
        "sum",
        "Permanent members contiguous to the host, by land or up to 400 miles of water",
        "integer",
        "states",
    ),
    "trade_share": (
        "p5_trade_share_max",
        "max",
        "Largest share of the host's known trade that is with one permanent member",
        "number",
        "share, 0 to 1",
    ),
    "ideal_point_distance": (
        "p5_ideal_point_distance_min",
        "min",
        "Smallest distance of the host's ideal point in the General Assembly to a permanent "
        "member's",
        "number",
        "points of the scale",
    ),
    "distance_km": (
        "p5_distance_km_min",
        "min",
        "Smallest distance of the host's capital to a permanent member's",
        "number",
        "kilometers",
    ),
}  # fmt: skip


def tie_columns(*further: str) -> dict[str, PublicColumn]:
    """Declare the ties of a host with the five before an onset, and what chooses the onset."""
    return {
        name: PublicColumn((*_OF_FIVE, f"p5_ties.{column}", *further), text + _REST, type_, unit)
        for column, (name, _, text, type_, unit) in _TIES.items()
    }


def ties_with_five(p5_ties: pd.DataFrame) -> pd.DataFrame:
    """Ties with the five of each host of each episode: by ``episode_id, host_ordinal``."""
    own = p5_ties[p5_ties["is_p5"].astype(bool) & ~p5_ties["is_host_itself"].astype(bool)]
    keys = [own["episode_id"], own["host_ordinal"].astype("int64")]
    found = {}
    for column, (name, how, _, type_, _) in _TIES.items():
        by = own[column].astype("Float64").groupby(keys)
        value = by.sum(min_count=1) if how == "sum" else by.agg(how)
        found[name] = value.astype("Int64") if type_ == "integer" else value.astype("float64")
    return pd.DataFrame(found)


# Episodes --------------------------------------------------------------------------------------

_WHO = ("episode_id", "conflict_id", "ordinal", "location", "gwno_loc", "gwno_host")
_PARTIES = (
    "region", "regions", "incompatibility", "territory_name", "side_a", "side_b", "gwno_a",
    "gwno_b", "gwno_a_secondary", "gwno_b_secondary", "gwno_b_at_onset",
    "gwno_a_secondary_at_onset", "gwno_b_secondary_at_onset", "has_un_contributors_removed",
    "has_p5_party", "type_at_onset", "types_ever",
)  # fmt: skip
_WHEN = (
    "first_death_date", "first_death_precision", "first_death_precision_code", "onset_date",
    "onset_precision", "onset_precision_code", "onset_year", "end_date", "end_precision",
    "end_precision_basis", "is_ended", "outcome", "termination_end_date", "exit_date",
    "duration_days", "first_year", "last_year", "war_years", "max_intensity", "earlier_episodes",
)  # fmt: skip
_HOST = (
    "is_independent", "independence_years", "previous_episodes_country",
    "previous_episodes_conflict", "gdp_per_capita", "gdp_per_capita_year", "population_thousands",
    "population_thousands_year", "polyarchy_index", "polyarchy_index_year", "polity_score",
    "polity_score_year", "capability_share", "capability_share_year", "ethnic_fractionalization",
    "ethnic_fractionalization_year", "excluded_share", "excluded_share_year", "ruggedness_index",
    "mountains_log_percent",
)  # fmt: skip
_CARRIED = (*_WHO, *_PARTIES, *_WHEN, *_HOST, "source", "basis")
#: Columns of the linked episodes that no raw table has, with their types.
_LINKED = {
    "has_p5_party": "boolean",
    "onset_year": "integer",
    "exit_date": "date",
    "duration_days": "number",
    "earlier_episodes": "integer",
}
_CLOCK = tuple(f"episodes.{c}" for c in ("onset_date", "exit_date", "is_ended"))
_DYADS = ("dyad_episodes.episode_id", "dyad_episodes.dyad_id")


def _of_dyads(column: str, what: str) -> PublicColumn:
    return PublicColumn(
        (*_DYADS, f"dyad_episodes.{column}"),
        f"{what}, `;` between several.",
        "string",
        "identifier",
    )


@public(
    "Episodes of armed conflict",
    key=("episode_id",),
    columns={
        name: PublicColumn((f"episodes.{name}",), type=_LINKED.get(name, "")) for name in _CARRIED
    }
    | listed("episodes.gwno_loc", "loc")
    | {
        "dyad_ids": PublicColumn(_DYADS),
        "side_a_ids": _of_dyads("side_a_id", "UCDP's ids of the actors on side A of its dyads"),
        "side_b_ids": _of_dyads("side_b_id", "UCDP's ids of the actors on side B of its dyads"),
    }
    | tie_columns()
    | spell_columns(_CLOCK),
)
def episodes(
    episodes: pd.DataFrame, states: pd.DataFrame, dyad_episodes: pd.DataFrame, p5_ties: pd.DataFrame
) -> pd.DataFrame:
    """One row per episode: clock, outcome, parties, host before the onset, ties with the five."""
    out = episodes[list(_CARRIED)].copy()
    out = out.assign(**list_codes(states, out["gwno_loc"], out["onset_date"], "loc"))
    by = dyad_episodes.astype({"dyad_id": "string"}).groupby("episode_id")
    for name, column in (
        ("dyad_ids", "dyad_id"), ("side_a_ids", "side_a_id"), ("side_b_ids", "side_b_id")
    ):  # fmt: skip
        out[name] = out["episode_id"].map(by[column].agg(_each_once)).astype("string")
    first = ties_with_five(p5_ties).xs(1, level="host_ordinal").reset_index()
    out = out.merge(first, on="episode_id", how="left", validate="1:1")
    return out.assign(start=0.0, stop=out["duration_days"], event=out["is_ended"].astype(bool))


def _each_once(ids: pd.Series) -> str:
    found = {part for cell in ids for part in cell.split(LIST)}
    return LIST.join(sorted(found, key=int))


@public(
    "Hosts of episodes",
    key=("episode_id", "host_ordinal"),
    columns=carried("episodes", ("episode_id", "conflict_id"))
    | {
        "host_ordinal": PublicColumn(("episodes.gwno_loc",)),
        "gwno": PublicColumn(("episodes.gwno_loc",)),
    }
    | CODES
    | carried("episodes", ("onset_date",))
    | carried("episodes", ("exit_date",), type_="date")
    | carried("episodes", ("is_ended",))
    | tie_columns(),
)
def episode_hosts(
    episodes: pd.DataFrame, states: pd.DataFrame, p5_ties: pd.DataFrame
) -> pd.DataFrame:
    """One row per episode and state of its location: the list `gwno_loc`, unpacked."""
    keep = ["episode_id", "conflict_id", "gwno_loc", "onset_date", "exit_date", "is_ended"]
    out = unpacked(episodes[keep], "gwno_loc", "gwno").rename(columns={"ordinal": "host_ordinal"})
    out["host_ordinal"] = out["host_ordinal"].astype("Int64")
    codes = codes_on(states, out["gwno"], out["onset_date"])
    ties = ties_with_five(p5_ties).reset_index().astype({"host_ordinal": "Int64"})
    columns = ["episode_id", "conflict_id", "host_ordinal", "gwno"]
    out = pd.concat([out[columns], codes, out[["onset_date", "exit_date", "is_ended"]]], axis=1)
    return out.merge(ties, on=["episode_id", "host_ordinal"], how="left", validate="1:1")


# Spells ----------------------------------------------------------------------------------------

PROCESS = "peace_process"
#: Timeline of conflicts → columns of it that the public tables carry.
STATES_OF_CONFLICTS = {
    "deployment": ("un_authorized", "un_personnel", "un_troops", "peacekeepers"),
    "council": ("resolutions", "vetoes"),
    PROCESS: ("agreements", "agreements_full", "agreements_ceasefire"),
    "sanctions": ("sanctions_in_force",),
}
_FOR_SPELLS = ("episode_id", "conflict_id", "gwno_host", "type_at_onset", "outcome")


def state_columns() -> dict[str, PublicColumn]:
    """Declare the states of a conflict as known before a row begins."""
    return {
        name: PublicColumn(
            (
                *(f"{timeline}.{c}" for c in ("conflict_id", "known_from", name)),
                *(("peace_agreements.signed_date",) if timeline == PROCESS else ()),
            ),
            type="integer",
            when=When.BEFORE,
        )
        for timeline, names in STATES_OF_CONFLICTS.items()
        for name in names
    }


@public(
    "Spells of episodes",
    key=("episode_id", "start"),
    columns=carried("episodes", _FOR_SPELLS)
    | {
        "cow_code": PublicColumn(("states.cow_code", "states.gwno", "states.valid_from")),
        "iso3": PublicColumn(("states.iso3", "states.gwno", "states.valid_from")),
        "from_date": PublicColumn(_CLOCK),
    }
    | spell_columns(_CLOCK)
    | state_columns(),
)
def episode_spells(
    episodes: pd.DataFrame,
    states: pd.DataFrame,
    deployment: pd.DataFrame,
    council: pd.DataFrame,
    peace_process: pd.DataFrame,
    sanctions: pd.DataFrame,
    peace_agreements: pd.DataFrame,
) -> pd.DataFrame:
    """One row per episode and spell in which nothing that the Council or the parties did changed.

    Spells are ``(start, stop]`` in days since the onset, ready for `cox_ph`. An act counts from the
    day after: the state of a row was known on its first day, before any moment inside it. Where the
    record of agreements begins and ends, spells are cut; outside of it agreements are missing.
    """
    recorded = agreements(peace_agreements)
    timelines = {
        "deployment": deployment,
        "council": council,
        "peace_process": peace_process,
        "sanctions": sanctions,
    }
    own = episodes[[*_FOR_SPELLS, "onset_date", "exit_date", "is_ended"]].reset_index(drop=True)
    days = (own["exit_date"] - own["onset_date"]).dt.days.to_numpy(float)
    exits = pd.Series(np.where(days > 0, days, HALF_DAY))
    cuts = [pd.DataFrame({"row": own.index, "start": 0.0})]
    bounds = own[["conflict_id"]].merge(pd.DataFrame({"known_from": recorded}), how="cross")
    for timeline in (*timelines.values(), bounds):
        steps = timeline[["conflict_id", "known_from"]].astype({"conflict_id": "int64"})
        found = own.reset_index(names="row").astype({"conflict_id": "int64"})
        found = found.merge(steps, on="conflict_id")
        at = (found["known_from"] - found["onset_date"]).dt.days.astype(float)
        inside = (at > 0) & (at < exits.reindex(found["row"]).to_numpy())
        cuts.append(pd.DataFrame({"row": found["row"], "start": at})[inside])
    spells = pd.concat(cuts).drop_duplicates().sort_values(["row", "start"], ignore_index=True)
    out = own.loc[spells["row"]].reset_index(drop=True)
    following = spells.groupby("row")["start"].shift(-1)
    is_last = following.isna()
    out["start"], out["stop"] = spells["start"], following.fillna(spells["row"].map(exits))
    out["event"] = is_last & out["is_ended"].astype(bool)
    out["from_date"] = out["onset_date"] + pd.to_timedelta(out["start"], unit="D")
    out["from_date"] = out["from_date"].astype("datetime64[s]")
    for name, timeline in timelines.items():
        columns = list(STATES_OF_CONFLICTS[name])
        out[columns] = known_before(
            timeline, "conflict_id", out, columns, day="from_date", is_strict=False
        )
    is_known = out["from_date"].between(recorded[0], recorded[1], inclusive="left")
    process = list(STATES_OF_CONFLICTS[PROCESS])
    out[process] = out[process].where(is_known)
    codes = codes_on(states, out["gwno_host"].astype("Int64"), out["from_date"])
    out[["cow_code", "iso3"]] = codes
    changes = [c for names in STATES_OF_CONFLICTS.values() for c in names]
    kept = [*_FOR_SPELLS, "cow_code", "iso3", "from_date", "start", "stop", "event", *changes]
    return out[kept]


# Dyads -----------------------------------------------------------------------------------------

_DYAD = (
    "dyad_id", "conflict_id", "side_a", "side_a_id", "gwno_a", "side_b", "side_b_id", "gwno_b",
    "location", "gwno_loc", "region", "incompatibility", "territory_name", "first_death_date",
    "first_death_precision", "first_death_precision_code", "first_year", "last_year",
    "active_years", "episode_count", "source", "basis",
)  # fmt: skip
_DYAD_EPISODE = (
    "dyad_episode_id", "dyad_id", "conflict_id", "episode_id", "ordinal", "side_a", "side_a_id",
    "gwno_a", "side_b", "side_b_id", "gwno_b", "gwno_a_secondary", "gwno_b_secondary",
    "type_at_onset", "onset_date", "onset_precision", "onset_precision_code", "end_date",
    "end_precision", "end_precision_code", "is_ended", "first_year", "last_year", "war_years",
    "max_intensity", "outcome", "is_matched", "mismatch_reason", "ceasefire_date",
    "agreement_date", "source", "basis",
)  # fmt: skip

_DYAD_CLOCK = ("dyad_episodes.end_date", "dyad_episodes.is_ended", "episodes.last_year")


@public(
    "Dyads",
    key=("dyad_id",),
    columns=carried("dyads", _DYAD) | listed("dyads.gwno_loc", "loc"),
)
def dyads(dyads: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """One row per dyad of UCDP: one warring party against another, within one conflict."""
    out = dyads[list(_DYAD)]
    return out.assign(**list_codes(states, out["gwno_loc"], out["first_death_date"], "loc"))


@public(
    "Episodes of dyads",
    key=("dyad_episode_id",),
    columns=carried("dyad_episodes", _DYAD_EPISODE)
    | {
        "gwno_loc": PublicColumn(("dyads.dyad_id", "dyads.gwno_loc")),
        **listed("dyads.gwno_loc", "loc"),
    }
    | {"exit_date": PublicColumn(_DYAD_CLOCK, type="date")}
    | spell_columns(("dyad_episodes.onset_date", *_DYAD_CLOCK)),
)
def dyad_episodes(
    dyad_episodes: pd.DataFrame, dyads: pd.DataFrame, episodes: pd.DataFrame, states: pd.DataFrame
) -> pd.DataFrame:
    """One row per run of active years of a dyad; no spell where the day of the end is not known."""
    out = dyad_episodes[list(_DYAD_EPISODE)].copy()
    out["gwno_loc"] = out["dyad_id"].map(dyads.set_index("dyad_id")["gwno_loc"]).astype("string")
    out = out.assign(**list_codes(states, out["gwno_loc"], out["onset_date"], "loc"))
    ended = out["is_ended"].astype(bool)
    out["exit_date"] = out["end_date"].where(ended, last_day_followed(episodes))
    days = (out["exit_date"] - out["onset_date"]).dt.days.astype("Float64").astype(float)
    stop = np.where(days > 0, days, np.where(days == 0, HALF_DAY, np.nan))
    known = ~np.isnan(stop)
    out["start"] = np.where(known, 0.0, np.nan)
    out["stop"] = stop
    out["event"] = ended.astype("boolean").where(known)
    return out
