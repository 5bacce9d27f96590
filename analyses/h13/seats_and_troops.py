"""Troops that states give to UN operations, by year, and who holds an elected seat."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure


def _panel(mission_contributors: pd.DataFrame, council_members: pd.DataFrame) -> pd.DataFrame:
    """States that ever gave troops, without permanent members, × years on record."""
    is_permanent = council_members["is_permanent"].astype(bool)
    permanent = {int(g) for g in council_members.loc[is_permanent, "gwno"]}
    years = mission_contributors["month"].dt.year
    states = sorted({int(g) for g in mission_contributors["gwno"].dropna()} - permanent)
    return pd.MultiIndex.from_product(
        [states, range(int(years.min()), int(years.max()) + 1)], names=["unit_id", "period"]
    ).to_frame(index=False)


@measure(
    "outcome",
    "Troops given to UN operations in the year",
    uses=(
        "mission_contributors.mission_id",
        "mission_contributors.month",
        "mission_contributors.gwno",
        "mission_contributors.mapped_troops",
        "council_members.gwno",
        "council_members.is_permanent",
    ),
    noun="troops in UN operations",
    cell=("state", "year"),
)
def troops_given(mission_contributors: pd.DataFrame, council_members: pd.DataFrame) -> pd.DataFrame:
    """Mean over the months on record of each operation, summed over operations."""
    rows = mission_contributors.dropna(subset=["gwno", "mapped_troops"])
    rows = rows.astype({"gwno": int}).assign(period=rows["month"].dt.year)
    months = rows.groupby(["mission_id", "period"])["month"].nunique()
    given = rows.groupby(["mission_id", "period", "gwno"])["mapped_troops"].sum().reset_index()
    size = months.reindex(pd.MultiIndex.from_frame(given[["mission_id", "period"]])).to_numpy()
    given["count"] = given["mapped_troops"].astype(float) / size
    by_state = given.groupby(["gwno", "period"])["count"].sum().rename_axis(["unit_id", "period"])
    out = _panel(mission_contributors, council_members)
    found = by_state.reindex(pd.MultiIndex.from_frame(out)).fillna(0.0).to_numpy()
    return out.assign(count=found)


def _seated(
    mission_contributors: pd.DataFrame, council_members: pd.DataFrame, shift: int
) -> pd.DataFrame:
    out = _panel(mission_contributors, council_members)
    elected = council_members[~council_members["is_permanent"].astype(bool)]
    seats = set(zip(elected["gwno"].astype(int), elected["year"].astype(int), strict=True))
    held = [
        float((int(unit), int(year) + shift) in seats)
        for unit, year in zip(out["unit_id"], out["period"], strict=True)
    ]
    return out.assign(exposure=held)


_USES = (
    "mission_contributors.month",
    "mission_contributors.gwno",
    "council_members.gwno",
    "council_members.year",
    "council_members.is_permanent",
)


@measure(
    "by_period",
    "The state holds an elected seat",
    uses=_USES,
    contrast=("states in years with an elected seat", "the same states in other years"),
)
def elected_seat(mission_contributors: pd.DataFrame, council_members: pd.DataFrame) -> pd.DataFrame:
    """A seat on the Council in the year; permanent members are left out."""
    return _seated(mission_contributors, council_members, 0)


@measure("by_period", "The state will hold an elected seat in two years", uses=_USES)
def seat_to_come(mission_contributors: pd.DataFrame, council_members: pd.DataFrame) -> pd.DataFrame:
    """A placebo: two years before a seat."""
    return _seated(mission_contributors, council_members, 2)
