"""Acts of the Council on African wars by year, and seats of the region of the host."""

from __future__ import annotations

import pandas as pd

from collsec.histories.timelines import as_of
from collsec.measures.registry import measure


def _active(episodes: pd.DataFrame, african_regions: pd.DataFrame) -> pd.DataFrame:
    """African wars × the calendar years in which they were going on, with their hosts."""
    african = episodes[episodes["gwno_host"].isin(african_regions["gwno"])]
    rows = [
        (int(conflict), int(host), year)
        for conflict, host, first, last in zip(
            african["conflict_id"],
            african["gwno_host"],
            african["onset_date"].dt.year,
            african["exit_date"].dt.year,
            strict=True,
        )
        for year in range(first, last + 1)
    ]
    return pd.DataFrame(rows, columns=["unit_id", "host", "period"]).drop_duplicates(
        ["unit_id", "period"], ignore_index=True
    )


_WARS = (
    "episodes.conflict_id",
    "episodes.gwno_host",
    "episodes.onset_date",
    "episodes.exit_date",
    "african_regions.gwno",
)


@measure(
    "outcome",
    "Acts of the Council on the war in the year",
    uses=(*_WARS, "acts.conflict_id", "acts.date", "acts.basis", "acts.confidence"),
    noun="acts of the Council",
    cell=("conflict", "year"),
)
def council_acts_in_year(
    episodes: pd.DataFrame, african_regions: pd.DataFrame, acts: pd.DataFrame
) -> pd.DataFrame:
    """Resolutions and vetoed drafts by calendar year: strong links that a document backs."""
    from collsec.histories.timelines import counted_acts

    out = _active(episodes, african_regions)
    counted = counted_acts(acts)
    by_year = counted.groupby(
        [counted["conflict_id"].astype("int64"), counted["date"].dt.year]
    ).size()
    keys = pd.MultiIndex.from_frame(out[["unit_id", "period"]])
    found = by_year.reindex(keys).fillna(0.0).to_numpy(float)
    return out[["unit_id", "period"]].assign(count=found)


@measure(
    "by_period",
    "A state of the host's African region holds an elected seat",
    uses=(
        *(*_WARS, "african_regions.african_region"),
        *("regional_seats.gwno", "regional_seats.known_from", "regional_seats.seats"),
    ),
    contrast=(
        "African wars in years with a seat of their region",
        "the same wars in years without one",
    ),
)
def region_has_seat(
    episodes: pd.DataFrame, african_regions: pd.DataFrame, regional_seats: pd.DataFrame
) -> pd.DataFrame:
    """Seats rotate among African regions by rule; asked in the middle of the year.

    Every war has the seats of its region in every year of the calendar, and the name of the region
    as its path: wars of one region were exposed together, and are turned together.
    """
    wars = _active(episodes, african_regions)
    hosts = wars.drop_duplicates("unit_id")[["unit_id", "host"]]
    years = pd.DataFrame({"period": range(wars["period"].min(), wars["period"].max() + 1)})
    out = hosts.merge(years, how="cross")
    day = pd.to_datetime(out["period"].astype(str) + "-07-01")
    asked = pd.DataFrame({"gwno": out["host"], "date": day})
    seats = as_of(regional_seats, "gwno", asked, "seats")
    region = out["host"].map(african_regions.set_index("gwno")["african_region"])
    return out[["unit_id", "period"]].assign(
        exposure=(seats > 0).astype(float).to_numpy(), path=region.to_numpy()
    )
