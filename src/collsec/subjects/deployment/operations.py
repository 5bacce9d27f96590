"""UN operations by their dates: which wars they were authorized for, and how long each stage took.

The table of stages is a description, not a comparison: it knows only operations that came, and the
stages that they reached. The cumulative incidence also counts the wars to which nobody came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.designs.estimate import Quantity, Unit
from collsec.designs.parts import Context, Part, part
from collsec.designs.printed import Column, RecordTable
from collsec.histories.episodes import RECALLED
from collsec.histories.extents import whole_years
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.histories.timelines import STRONG

FORCES = {"all": "All", "new": "New", "rehatted": "Re-hatted"}

STAGES_TABLE = RecordTable(
    name="stages",
    record="stages",
    caption="Months that each stage took: median, with quartiles in parentheses. Known: operations "
    "(in the first rows operations × wars) that passed the stage on a known day, of all authorized "
    "in those years. A day known by its month counts as the month's last.",
    columns=(
        Column("Stage", "title", width=32, is_grouped=True),
        Column("Forces", "forces", labels={"forces": FORCES}),
    ),
    spread="period",
    repeated=(
        Column("{}: known", "{n_known} of {n_units}", Unit.COUNT),
        Column("{}: months", "{median} ({q1}–{q3})", Unit.MONTHS, width=18),
    ),
)

AUTHORIZED = RecordTable(
    name="authorized",
    record="trial_authorization",
    rows="operations",
    caption="Operations authorized for a war in progress. Of {steps[0][n_units]:,} operations × "
    "wars, {steps[1][n_units]:,} have monthly counts; in {steps[2][n_units]:,} of these the war "
    "was still in progress at the end of the sixth month after the vote, from which the remaining "
    "months of war are counted. A war is named by its place, conflict and episode; operations in "
    "one war share its end. A plus: still in progress when the record ends.",
    columns=(
        Column("Operation", "operation", width=14),
        Column("War", "{place} {episode_id}", width=24),
        Column("Vote", "vote"),
        Column("Forces", "is_rehatted", labels={"is_rehatted": {True: "Re-hatted", False: "New"}}),
        Column("Half strength", "half"),
        Column("Fast", "is_fast", labels={"is_fast": {True: "yes", False: "no"}}, align="right"),
        Column(
            "Remaining months of war",
            "{months}{event}",
            Unit.MONTHS,
            labels={"event": {True: "", False: " +"}},
            width=14,
        ),
    ),
)

# Milestones of a deployment, in the order in which they are usually passed.
MILESTONES = ("first_personnel", "first_troops", "strength_10pct", "strength_50pct")
# What each row of an operation's own record is; the rest of a link belongs to the conflict.
OPERATION = [
    "mission_id",
    "acronym",
    "rehatted_from",
    "has_troops_in_mission",
    "end_date",
    "authorized_troops_initial",
    *(f"{name}_{what}" for name in ("authorized", *MILESTONES) for what in ("date", "basis")),
]


def months_between(since: pd.Series, until: pd.Series) -> pd.Series:
    """Months of 30.4375 days from one day to another."""
    return (until - since).dt.days / DAYS_PER_MONTH


def operations(missions: pd.DataFrame) -> pd.DataFrame:
    """UN operations, one row each, with the dates of their record.

    Dates that rest on general knowledge alone are left out.

    Parameters
    ----------
    missions : DataFrame
        The linked missions of :class:`collsec.histories.episodes.Linked`.

    Returns
    -------
    DataFrame
        ``mission_id, acronym, is_rehatted, has_troops_in_mission, authorized_troops_initial`` and
        the date of authorization, of each milestone and of the end.
    """
    of_un = missions[missions["sponsor"] == "un"].drop_duplicates("mission_id")[OPERATION]
    out = of_un.assign(is_rehatted=of_un["rehatted_from"].notna())
    for name in ("authorized", *MILESTONES):
        recalled = (out[f"{name}_basis"] == RECALLED).fillna(False).astype(bool)
        out[f"{name}_date"] = out[f"{name}_date"].mask(recalled)
    kept = [c for c in out.columns if not c.endswith("_basis") and c != "rehatted_from"]
    return out[kept].sort_values("mission_id").reset_index(drop=True)


def authorized_into_war(
    missions: pd.DataFrame, episodes: pd.DataFrame, types: Sequence[str]
) -> pd.DataFrame:
    """Operations × wars: the war was going on on the day of the vote, and was what it was for.

    A conflict to which an operation turned only later is left out, since the vote did not concern
    it; so are weak links and those that rest on general knowledge alone.

    Parameters
    ----------
    missions, episodes : DataFrame
        Of :class:`collsec.histories.episodes.Linked`.
    types : sequence of str
        Types of war at onset that enter.

    Returns
    -------
    DataFrame
        One row per operation and war: the columns of :func:`operations` with ``episode_id,
        conflict_id, location, gwno_host, region, onset_date, exit_date, is_ended``, in order of
        authorization.
    """
    links = missions[
        (missions["sponsor"] == "un")
        & (missions["link_basis"] != RECALLED)
        & (missions["link_confidence"] >= STRONG)
        & ~(missions["from_date"] > missions["first_personnel_date"])
    ]
    wars = episodes.loc[
        episodes["type_at_onset"].isin(types),
        [
            "episode_id",
            "conflict_id",
            "location",
            "gwno_host",
            "region",
            "onset_date",
            "exit_date",
            "is_ended",
        ],
    ]
    pairs = links[["mission_id", "conflict_id"]].merge(wars, on="conflict_id")
    pairs = operations(missions).merge(pairs, on="mission_id")
    is_on = (pairs["onset_date"] < pairs["authorized_date"]) & (
        pairs["authorized_date"] < pairs["exit_date"]
    )
    return pairs[is_on].sort_values(["authorized_date", "episode_id"]).reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its name on the page, from which day to which, and what is counted."""

    name: str
    title: str
    since: str
    until: str
    counts_wars: bool = False


STAGES = (
    Stage(
        "onset",
        "From onset to authorization, wars still on",
        "onset_date",
        "authorized_date",
        counts_wars=True,
    ),
    Stage(
        "personnel",
        "From authorization to first personnel",
        "authorized_date",
        "first_personnel_date",
    ),
    Stage("troops", "… to first contingents", "authorized_date", "first_troops_date"),
    Stage("tenth", "… to a tenth of authorized strength", "authorized_date", "strength_10pct_date"),
    Stage("half", "… to half of authorized strength", "authorized_date", "strength_50pct_date"),
)


@part(
    tables=(STAGES_TABLE,),
    uses=(
        *(f"missions.{name}_date" for name in ("authorized", *MILESTONES)),
        "missions.rehatted_from",
        "missions.has_troops_in_mission",
        "episodes.onset_date",
    ),
)
def stages(context: Context) -> Part:
    """Months from onset to authorization and from there to each milestone, with counts."""
    inputs = context.inputs
    of_un = operations(inputs.missions)
    years = whole_years(inputs.extents["troop_counts"], inputs.extents["authorized_strength"])
    table = stage_table(
        of_un,
        authorized_into_war(inputs.missions, inputs.episodes, inputs.spec.cohort.types),
        years,
    )
    counted = "–".join(str(year) for year in years)
    quantities = {"stages.years": Quantity(counted, Unit.TEXT)}
    for row in table[table["period"] == counted].to_dict(orient="records"):
        name = f"stages.{row['stage']}.{row['forces']}"
        quantities[f"{name}.median"] = Quantity(row["median"], Unit.MONTHS)
        quantities[f"{name}.n"] = Quantity(row["n_known"], Unit.COUNT)
    quantities["stages.operations"] = Quantity(len(of_un), Unit.COUNT)
    return Part(quantities=quantities, records={"stages": table.to_dict(orient="records")})


def stage_table(
    of_un: pd.DataFrame, wars: pd.DataFrame, counted_years: tuple[int, int]
) -> pd.DataFrame:
    """Quartiles of each stage, for all forces, new ones and re-hatted ones, and by period.

    Parameters
    ----------
    of_un : DataFrame
        One row per operation (:func:`operations`).
    wars : DataFrame
        One row per operation × war on at the vote.
    counted_years : tuple of int
        Years of authorization in which people and authorized strength are counted throughout.

    Returns
    -------
    DataFrame
        ``stage, title, forces, period`` (years of authorization), ``n_units``, ``n_known`` (that
        reached the stage on a known day), ``q1, median, q3`` in months.
    """
    voted = of_un["authorized_date"].dt.year
    spans = [(int(voted.min()), int(voted.max())), counted_years]
    rows: list[dict[str, Any]] = []
    for stage in STAGES:
        units = wars if stage.counts_wars else of_un
        if stage.name == "troops":  # observers wait for no contingents
            units = units[units["has_troops_in_mission"].astype(bool)]
        months = months_between(units[stage.since], units[stage.until])
        year = units["authorized_date"].dt.year
        periods = {f"{first}–{last}": year.between(first, last) for first, last in spans}
        forces = {
            "all": year.notna(),
            "new": ~units["is_rehatted"],
            "rehatted": units["is_rehatted"],
        }
        for force, is_force in forces.items():
            for period, is_period in periods.items():
                chosen = months[is_force & is_period]
                low, middle, high = chosen.quantile([0.25, 0.5, 0.75])
                rows.append(
                    {
                        "stage": stage.name,
                        "title": stage.title,
                        "forces": force,
                        "period": period,
                        "n_units": len(chosen),
                        "n_known": int(chosen.notna().sum()),
                        "q1": float(low),
                        "median": float(middle),
                        "q3": float(high),
                    }
                )
    return pd.DataFrame(rows)
