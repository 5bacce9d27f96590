"""Militarized disputes that states of a region begin, and what the Council did there before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.histories.timelines import counted_acts
from collsec.measures.registry import measure


def _regions(states: pd.DataFrame) -> dict[int, str]:
    known = states.dropna(subset=["region"]).drop_duplicates("gwno", keep="last")
    return {int(g): str(r) for g, r in zip(known["gwno"], known["region"], strict=True)}


def _grid(disputes: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    years = disputes["start_date"].dt.year
    return pd.MultiIndex.from_product(
        [sorted(set(_regions(states).values())), range(int(years.min()) + 1, int(years.max()) + 1)],
        names=["unit_id", "period"],
    ).to_frame(index=False)


@measure(
    "outcome",
    "Militarized disputes that states of the region begin in the year",
    uses=(
        "disputes.start_date",
        "disputes.gwno_initiators",
        "states.gwno",
        "states.region",
    ),
    noun="new disputes",
    cell=("region", "year"),
)
def disputes_begun(disputes: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """Disputes by the region of their first initiator."""
    regions = _regions(states)
    first = pd.to_numeric(disputes["gwno_initiators"].str.split(";").str[0]).fillna(-1)
    where = first.astype(int).map(regions)
    by_year = disputes.groupby([where, disputes["start_date"].dt.year]).size()
    out = _grid(disputes, states)
    found = by_year.reindex(pd.MultiIndex.from_frame(out)).fillna(0.0).to_numpy(float)
    return out.assign(count=found)


@measure(
    "by_period",
    "Acts of the Council on wars of the region in the year before (logarithm)",
    uses=(
        "disputes.start_date",
        "states.gwno",
        "states.region",
        "acts.conflict_id",
        "acts.date",
        "acts.basis",
        "acts.confidence",
        "episodes.conflict_id",
        "episodes.gwno_host",
    ),
    contrast=(
        "regions in years after more action by the Council there",
        "the same regions in other years",
    ),
)
def council_acts_before(
    disputes: pd.DataFrame, states: pd.DataFrame, acts: pd.DataFrame, episodes: pd.DataFrame
) -> pd.DataFrame:
    """Logarithm of one more than the acts on wars whose host lies in the region."""
    regions = _regions(states)
    hosts = episodes.drop_duplicates("conflict_id").set_index("conflict_id")["gwno_host"]
    counted = counted_acts(acts)
    where = counted["conflict_id"].map(hosts).map(regions)
    by_year = counted.groupby([where, counted["date"].dt.year + 1]).size()
    out = _grid(disputes, states)
    found = by_year.reindex(pd.MultiIndex.from_frame(out)).fillna(0.0).to_numpy(float)
    return out.assign(exposure=np.log1p(found))
