"""How long each stage of a deployment took, among the operations that were deployed.

A description, not a comparison: it knows only operations that came, and the stages that they
reached. The cumulative incidence beside it counts the wars to which nobody came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.designs.parts import Context, Part, part
from collsec.histories.extents import whole_years
from collsec.reports.words import wording
from collsec.subjects.deployment.authorized_missions import (
    authorized_into_war,
    months_between,
    operations,
)


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


@part()
def stages(context: Context) -> Part:
    """Months from onset to authorization and from there to each milestone, with counts."""
    inputs = context.inputs
    years = whole_years(inputs.extents["troop_counts"], inputs.extents["authorized_strength"])
    table = stage_table(
        operations(inputs.missions),
        authorized_into_war(inputs.missions, inputs.episodes, inputs.spec.cohort.types),
        years,
    )
    counted = "–".join(str(year) for year in years)
    strings = {"stages.years": counted}
    for row in table.to_dict(orient="records"):
        if row["period"] == counted:
            name = f"stages.{row['stage']}.{row['forces']}"
            strings[f"{name}.median"] = wording.number(row["median"], 1)
            strings[f"{name}.n"] = str(row["n_known"])
    strings["stages.operations"] = str(len(operations(inputs.missions)))
    return Part(strings=strings, records={"stages": table.to_dict(orient="records")})


def stage_table(
    of_un: pd.DataFrame, wars: pd.DataFrame, counted_years: tuple[int, int]
) -> pd.DataFrame:
    """Quartiles of each stage, for all forces, new ones and re-hatted ones, and by period.

    Parameters
    ----------
    of_un : DataFrame
        One row per operation (:func:`~collsec.subjects.deployment.authorized_missions.operations`).
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
