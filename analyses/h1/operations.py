"""UN operations by their dates: which wars they were authorized for, and how long each stage took.

The table of stages is a description, not a comparison: it knows only operations that came, and the
stages that they reached. The cumulative incidence also counts the wars to which nobody came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.curves import family, incidence_of_act, whole_months
from collsec.designs.estimate import Quantity, Unit
from collsec.designs.inputs import Prepared, followed_until
from collsec.designs.parts import Context, CurveKind, CurveOf, Part, part
from collsec.designs.printed import Column, RecordTable
from collsec.histories.episodes import HALF_DAY, RECALLED
from collsec.histories.extents import whole_years
from collsec.histories.panels import DAYS_PER_MONTH, clock
from collsec.histories.registry import Extent
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
        The linked missions of :func:`collsec.histories.episodes.link`.

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
        Of :func:`collsec.histories.episodes.link`.
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


#: Share of the delay from onset to half strength that is the raising of the force.
MAJORITY = 0.5
#: Stages of a deployment as what may come before the end of the war, in order.
COMES_FIRST = {
    "vote": ("Council's vote for an operation", "authorized_date"),
    "personnel": ("First UN personnel", "first_personnel_date"),
    "troops": ("First UN troops", "first_troops_date"),
    "half": ("Half of the authorized strength", "strength_50pct_date"),
}
#: Months since onset at which the shares are said.
SAID_AT = (12, 24, 60)

SHARES_TABLE = RecordTable(
    name="delay-shares",
    record="delay_shares",
    rows="rows",
    caption="Months from onset to the vote (deciding) and from the vote to half of the authorized "
    "strength (raising), for operations that the Council voted for a war in progress and that "
    "reached half of their strength. Medians, with quartiles in parentheses. The share of the "
    "raising is taken operation by operation. Operations in one war share its onset; the first "
    "operation of each war stands alone in the second row.",
    columns=(
        Column("Operations", "title", width=26),
        Column("Operations × wars", "n", Unit.COUNT),
        Column("Wars", "wars", Unit.COUNT, width=8),
        Column("Deciding, months", "{deciding} ({deciding_q1}–{deciding_q3})", Unit.MONTHS),
        Column("Raising, months", "{raising} ({raising_q1}–{raising_q3})", Unit.MONTHS),
        Column("Share of the raising", "share", Unit.SHARE),
        Column("Raising is over half in", "over_half", Unit.COUNT),
    ),
)


@part(
    tables=(SHARES_TABLE,),
    curves=(CurveOf("delay_stages", CurveKind.INCIDENCE, "Wars with each stage"),),
    uses=(
        *(f"missions.{name}_date" for name in ("authorized", *MILESTONES)),
        "missions.rehatted_from",
        "episodes.onset_date",
    ),
)
def delay(context: Context) -> Part:
    """From onset to vote, people and half strength; and how much of it is raising the force."""
    inputs = context.inputs
    wars = authorized_into_war(inputs.missions, inputs.episodes, inputs.spec.cohort.types)
    counted = inputs.extents["troop_counts"]
    drawn, quantities = stages_reached(
        context.prepared, wars, counted, horizon=inputs.study.horizon_months
    )
    rows = shares_of_delay(wars)
    for row in rows:
        name = f"delay.{row['name']}"
        quantities |= {
            f"{name}.n": Quantity(row["n"], Unit.COUNT),
            f"{name}.wars": Quantity(row["wars"], Unit.COUNT),
            f"{name}.share": Quantity(row["share"], Unit.SHARE, digits=1),
            f"{name}.over_half": Quantity(row["over_half"], Unit.COUNT),
            f"{name}.deciding": Quantity(row["deciding"], Unit.MONTHS),
            f"{name}.raising": Quantity(row["raising"], Unit.MONTHS),
        }
    return Part(curves=drawn, quantities=quantities, records={"delay_shares": {"rows": rows}})


def stages_reached(
    prepared: Prepared, wars: pd.DataFrame, counted: Extent, *, horizon: int
) -> tuple[pd.DataFrame, dict[str, Quantity]]:
    """Cumulative incidence of each stage since onset, the end of the war competing.

    Only wars that began while people were counted, followed to the end of the counts; a stage
    counts on its day, of whichever operation reached it first before the war had ended.

    Parameters
    ----------
    prepared : Prepared
        The cohort.
    wars : DataFrame
        Operations × wars on at the vote (:func:`authorized_into_war`).
    counted : Extent
        From when to when people are counted.
    """
    began = prepared.units["time_zero"]
    units = prepared.units[(began >= counted.first_day) & (began < counted.last_day)]
    outcome = followed_until(prepared.outcome.loc[units.index], counted.last_day)
    months = whole_months(horizon)
    exits = clock(units.assign(exit_date=outcome["exit_date"]))
    made, quantities = [], {"delay.wars": Quantity(len(units), Unit.COUNT)}
    quantities["delay.first_year"] = Quantity(int(counted.first_day.year), Unit.CALENDAR_YEAR)
    quantities["delay.last_year"] = Quantity(int(counted.last_day.year), Unit.CALENDAR_YEAR)
    for name, (title, column) in COMES_FIRST.items():
        first = wars.groupby("episode_id")[column].min()
        day = units["episode_id"].map(first)
        came = (day - units["time_zero"]).dt.days.to_numpy(float)
        seen = came < exits
        data = pd.DataFrame(
            {
                "stop": np.where(seen, np.maximum(came, HALF_DAY), exits),
                "cause": np.where(seen, "act", np.where(outcome["is_event"], "end", "")),
                "event": seen,
                "cluster": units["gwno_host"].to_numpy(),
            }
        )
        at = incidence_of_act(data, months, "cluster", is_held=True)
        made.append(family("delay_stages", title, months, at, "incidence"))
        quantities[f"delay.{name}.reached"] = Quantity(int(seen.sum()), Unit.COUNT)
        for month in SAID_AT:
            share = float(at["incidence"].iloc[month])
            quantities[f"delay.{name}.at_{month}"] = Quantity(share, Unit.SHARE)
    return pd.concat(made, ignore_index=True), quantities


def shares_of_delay(wars: pd.DataFrame) -> list[dict[str, Any]]:
    """Months of deciding and of raising, and the share of the raising, by operation.

    Parameters
    ----------
    wars : DataFrame
        Operations × wars on at the vote (:func:`authorized_into_war`).
    """
    known = wars[wars["strength_50pct_date"].notna()]
    deciding = months_between(known["onset_date"], known["authorized_date"])
    raising = months_between(known["authorized_date"], known["strength_50pct_date"])
    share = raising / (deciding + raising)
    first = known["mission_id"] == known["episode_id"].map(
        wars.drop_duplicates("episode_id").set_index("episode_id")["mission_id"]
    )
    groups = (
        ("all", "All", first | True),
        ("first", "First operation of each war", first),
        ("new", "New forces", ~known["is_rehatted"]),
        ("rehatted", "Re-hatted forces", known["is_rehatted"]),
    )
    rows = []
    for name, title, chosen in groups:
        row: dict[str, Any] = {
            "name": name,
            "title": title,
            "n": int(chosen.sum()),
            "wars": int(known.loc[chosen, "episode_id"].nunique()),
            "share": float(share[chosen].median()),
            "over_half": int((share[chosen] > MAJORITY).sum()),
        }
        for stage, months in (("deciding", deciding), ("raising", raising)):
            low, middle, high = months[chosen].quantile([0.25, 0.5, 0.75])
            row |= {stage: float(middle), f"{stage}_q1": float(low), f"{stage}_q3": float(high)}
        rows.append(row)
    return rows


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
