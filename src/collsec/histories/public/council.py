"""Public tables of the United Nations: operations, whole and by month; acts and votes."""

from __future__ import annotations

import pandas as pd

from collsec.histories.episodes import MEMBERS
from collsec.histories.extents import last_day_followed
from collsec.histories.public.keys import (
    CODES,
    LIST,
    codes_on,
    list_codes,
    listed,
    number_of,
    period_columns,
    repeated,
    with_period,
)
from collsec.histories.public.registry import PublicColumn, When, carried, public

# Operations ------------------------------------------------------------------------------------

_MISSION = (
    "mission_id", "acronym", "name", "sponsor", "host_gwno", "resolution", "authorized_date",
    "authorized_precision", "authorized_source", "authorized_basis", "has_chapter_vii",
    "first_personnel_date", "first_personnel_precision", "first_personnel_source",
    "first_personnel_basis", "first_troops_date", "first_troops_precision", "first_troops_source",
    "first_troops_basis", "last_troops_date", "last_troops_precision", "last_troops_source",
    "last_troops_basis", "is_ongoing", "as_of_date", "as_of_source", "strength_10pct_date",
    "strength_10pct_precision", "strength_10pct_source", "strength_10pct_basis",
    "strength_50pct_date", "strength_50pct_precision", "strength_50pct_source",
    "strength_50pct_basis", "end_date", "end_precision", "end_source", "end_basis",
    "rehatted_from", "authorized_troops_initial",
)  # fmt: skip
_LABELS = (
    "tamm_label", "geo_pko_label", "bara_hultman_label", "shortfall_label", "contributors_label"
)  # fmt: skip
_BEGUN = ("missions.authorized_date", "missions.first_personnel_date")
_LINKS = ("missions.mission_id", "missions.conflict_id")


def _began(missions: pd.DataFrame) -> pd.Series:
    """The first day of an operation: of its authorization, or of people sent ahead."""
    began: pd.Series = missions[["authorized_date", "first_personnel_date"]].min(axis=1)
    return began


@public(
    "Peace operations",
    key=("mission_id",),
    columns=carried("missions", _MISSION)
    | {"has_troops": PublicColumn(("missions.has_troops_in_mission",))}
    | listed("missions.host_gwno", "hosts")
    | {
        "conflict_ids": PublicColumn(
            _LINKS,
            "UCDP ids of the conflicts that it concerned, `;` between several; empty if none.",
            "string",
            "identifier",
        )
    }
    | {
        name: PublicColumn(("mission_labels.mission_id", f"mission_labels.{name}"))
        for name in _LABELS
    },
)
def missions(
    missions: pd.DataFrame, states: pd.DataFrame, mission_labels: pd.DataFrame
) -> pd.DataFrame:
    """One row per peace operation of the UN, a regional organization, or a coalition."""
    out = missions.drop_duplicates("mission_id").reset_index(drop=True)
    troops = out["has_troops_in_mission"]
    out = out[list(_MISSION)].assign(has_troops=troops)
    out = out.assign(**list_codes(states, out["host_gwno"], _began(out), "hosts"))
    conflicts = missions.dropna(subset=["conflict_id"]).astype({"conflict_id": "string"})
    joined = conflicts.groupby("mission_id")["conflict_id"].agg(_unique)
    out["conflict_ids"] = out["mission_id"].map(joined).astype("string")
    named = mission_labels[["mission_id", *_LABELS]]
    return out.merge(named, on="mission_id", how="left", validate="1:1")


def _unique(ids: pd.Series) -> str:
    return LIST.join(sorted(set(ids), key=int))


_AUTHORIZED = ("authorized", "authorized_military", "authorized_police", "strength_status")
_COUNTED = ("total", "troops", "mean_police", "mean_observers")
_MAPPED = ("locations", "locations_with_troops", "mapped_troops", "largest_location_share")
_TASKS = (
    "mandate_resolution", "has_ceasefire_task", "has_mediation_task",
    "has_civilian_protection_task", "has_human_rights_task", "has_humanitarian_task",
    "has_arms_control_task", "has_disarmament_task", "has_police_and_justice_task",
    "has_election_task", "has_government_task", "has_chapter_vii", "kinds_of_tasks",
)  # fmt: skip
_LASTS = (*_BEGUN, "missions.end_date", "episodes.last_year")


def _of_runs(table: str, names: tuple[str, ...]) -> dict[str, PublicColumn]:
    keys = tuple(f"{table}.{c}" for c in ("mission_id", "from_month", "to_month"))
    return {name: PublicColumn((*keys, f"{table}.{name}"), when=When.DURING) for name in names}


@public(
    "Peace operations by month",
    key=("mission_id", "month"),
    columns={
        **carried("missions", ("mission_id", "acronym", "sponsor")),
        **period_columns(_LASTS, is_monthly=True),
        **carried("missions", ("host_gwno",)),
        **listed("missions.host_gwno", "hosts"),
        **_of_runs("authorized_strength", _AUTHORIZED),
        **_of_runs("monthly_strength", _COUNTED),
        **{
            name: PublicColumn(
                tuple(f"mission_locations.{c}" for c in ("mission_id", "month", name)),
                when=When.DURING,
            )
            for name in _MAPPED
        },
        "contributors_on_map": PublicColumn(
            tuple(f"mission_contributors.{c}" for c in ("mission_id", "month", "gwno")),
            "States that the map of the month names as contributors of troops.",
            "integer",
            "states",
            When.DURING,
        ),
        **_of_runs("mandate_tasks", _TASKS),
    },
)
def mission_months(
    missions: pd.DataFrame,
    episodes: pd.DataFrame,
    states: pd.DataFrame,
    authorized_strength: pd.DataFrame,
    monthly_strength: pd.DataFrame,
    mission_locations: pd.DataFrame,
    mission_contributors: pd.DataFrame,
    mandate_tasks: pd.DataFrame,
) -> pd.DataFrame:
    """One row per operation and month, from its authorization or first people to its end.

    Counts, maps, and mandates stand where their records have the month, and are missing elsewhere.
    """
    own = missions.drop_duplicates("mission_id").reset_index(drop=True)
    last = own["end_date"].fillna(last_day_followed(episodes))
    spans = own[["mission_id", "acronym", "sponsor", "host_gwno"]].assign(
        first=number_of(_began(own), is_monthly=True),
        last=number_of(last, is_monthly=True),
    )
    rows = with_period(repeated(spans), is_monthly=True)
    rows = rows.assign(**list_codes(states, rows["host_gwno"], rows["last_day"], "hosts"))
    for table, names in (
        (authorized_strength, _AUTHORIZED), (monthly_strength, _COUNTED), (mandate_tasks, _TASKS)
    ):  # fmt: skip
        months = repeated(
            table.assign(
                first=number_of(table["from_month"], is_monthly=True),
                last=number_of(table["to_month"], is_monthly=True),
            )[["mission_id", "first", "last", *names]]
        )
        rows = rows.merge(months, on=["mission_id", "number"], how="left", validate="1:1")
    mapped = mission_locations[["mission_id", "month", *_MAPPED]]
    rows = rows.merge(mapped, on=["mission_id", "month"], how="left", validate="1:1")
    states_sent = mission_contributors.groupby(["mission_id", "month"])["gwno"].nunique()
    sent = states_sent.rename("contributors_on_map").astype("Int64").reset_index()
    rows = rows.merge(sent, on=["mission_id", "month"], how="left", validate="1:1")
    return rows[list(_MISSION_MONTH)]


_MISSION_MONTH = (
    "mission_id", "acronym", "sponsor", "month", "year", "month_id", "host_gwno", "cow_hosts",
    "iso3_hosts", *_AUTHORIZED, *_COUNTED, *_MAPPED, "contributors_on_map", *_TASKS,
)  # fmt: skip

# The Council -----------------------------------------------------------------------------------

_ACT = (
    "item_id", "act", "date", "conflict_id", "action_class", "is_chapter_vii", "confidence",
    "basis", *(f"cast_{member}" for member in MEMBERS),
)  # fmt: skip
_WARS = tuple(f"episodes.{c}" for c in ("episode_id", "conflict_id", "onset_date", "exit_date"))


@public(
    "Acts of the Security Council on conflicts",
    key=("item_id", "conflict_id"),
    columns={
        name: PublicColumn((f"acts.{name}",), type="string" if name == "act" else "")
        for name in _ACT
    }
    | {
        "episode_id": PublicColumn((*_WARS, "acts.conflict_id", "acts.date")),
        "gwno_loc": PublicColumn((*_WARS, "episodes.gwno_loc", "acts.conflict_id", "acts.date")),
    },
)
def acts(acts: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    """One row per resolution or vetoed draft and conflict that it concerned.

    The episode is the one that ran on the day of the act; none where the act fell outside of all.
    """
    out = acts[list(_ACT)].sort_values("date", kind="stable")
    wars = episodes[["conflict_id", "episode_id", "gwno_loc", "onset_date", "exit_date"]]
    found = pd.merge_asof(
        out.astype({"date": "datetime64[s]"}),
        wars.astype({"onset_date": "datetime64[s]"}).sort_values("onset_date"),
        left_on="date",
        right_on="onset_date",
        by="conflict_id",
    )
    runs = found["date"] <= found["exit_date"]
    found["episode_id"] = found["episode_id"].where(runs)
    found["gwno_loc"] = found["gwno_loc"].where(runs)
    return found[[*_ACT, "episode_id", "gwno_loc"]]


_VOTE = ("vote_id", "item_id", "date", "kind", "gwno")
_CAST = ("vote", "rule", "source", "basis")
_SEATS = tuple(f"council_members.{c}" for c in ("gwno", "is_permanent", "from_date", "to_date"))


@public(
    "Votes of the members of the Security Council",
    key=("vote_id",),
    columns=carried("council_votes", _VOTE)
    | CODES
    | {"is_permanent": PublicColumn(_SEATS)}
    | carried("council_votes", _CAST)
    | {
        "action_class": PublicColumn(
            ("resolutions.resolution_id", "resolutions.action_class", "vetoes.veto_id",
             "vetoes.action_class")
        ),
        "agenda_key": PublicColumn(("resolutions.resolution_id", "resolutions.agenda_key")),
        "conflict_ids": PublicColumn(
            ("acts.item_id", "acts.conflict_id"),
            "UCDP ids of the conflicts that it concerned, `;` between several; empty if none.",
            "string",
            "identifier",
        ),
    },
)  # fmt: skip
def votes(
    council_votes: pd.DataFrame,
    council_members: pd.DataFrame,
    states: pd.DataFrame,
    resolutions: pd.DataFrame,
    vetoes: pd.DataFrame,
    acts: pd.DataFrame,
) -> pd.DataFrame:
    """One row per member and vetoed draft, or resolution that was not unanimous.

    Only votes that documents tell or leave no doubt of: that a row is absent says nothing.
    """
    out = council_votes.reset_index(drop=True)
    out[["cow_code", "iso3"]] = codes_on(states, out["gwno"], out["date"])
    seats = council_members[["gwno", "is_permanent", "from_date", "to_date"]]
    pairs = out[["vote_id", "gwno", "date"]].merge(seats, on="gwno")
    seated = (pairs["from_date"] <= pairs["date"]) & ~(pairs["to_date"] < pairs["date"])
    permanent = pairs[seated].drop_duplicates("vote_id").set_index("vote_id")["is_permanent"]
    out["is_permanent"] = out["vote_id"].map(permanent).astype("boolean")
    adopted = resolutions.set_index("resolution_id")
    of_drafts = vetoes.set_index("veto_id")["action_class"]
    classes = pd.concat([adopted["action_class"], of_drafts])
    out["action_class"] = out["item_id"].map(classes).astype("string")
    out["agenda_key"] = out["item_id"].map(adopted["agenda_key"]).astype("string")
    of_items = acts.astype({"conflict_id": "string"}).groupby("item_id")["conflict_id"].agg(_unique)
    out["conflict_ids"] = out["item_id"].map(of_items).astype("string")
    kept = [*_VOTE, "cow_code", "iso3", "is_permanent", *_CAST]
    return out[[*kept, "action_class", "agenda_key", "conflict_ids"]]
