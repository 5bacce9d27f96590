"""Disputes that a state begins, and what became of those that it began before."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure

YEARS = 5
WON = ("victory_a", "yield_b")
_USES = ("disputes.start_date", "disputes.end_date", "disputes.gwno_initiators")


def _begun(disputes: pd.DataFrame) -> pd.DataFrame:
    """One row per dispute and initiator."""
    rows = disputes.assign(gwno=disputes["gwno_initiators"].str.split(";")).explode("gwno")
    rows["gwno"] = pd.to_numeric(rows["gwno"])
    return rows.dropna(subset=["gwno"]).astype({"gwno": int})


def _grid(disputes: pd.DataFrame) -> pd.DataFrame:
    years = disputes["start_date"].dt.year
    return pd.MultiIndex.from_product(
        [
            sorted(set(_begun(disputes)["gwno"])),
            range(int(years.min()) + YEARS, int(years.max()) + 1),
        ],
        names=["unit_id", "period"],
    ).to_frame(index=False)


def _recent(disputes: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """Whether a chosen dispute of the state ended within the five years before."""
    rows = _begun(disputes[chosen])
    ended = rows["end_date"].fillna(rows["start_date"]).dt.year
    hit = {
        (unit, year + after)
        for unit, year in zip(rows["gwno"], ended.astype(int), strict=True)
        for after in range(1, YEARS + 1)
    }
    out = _grid(disputes)
    found = [float(key in hit) for key in zip(out["unit_id"], out["period"], strict=True)]
    return out.assign(exposure=found)


@measure(
    "outcome",
    "Militarized disputes that the state begins in the year",
    uses=_USES,
    noun="new disputes",
    cell=("state", "year"),
)
def disputes_begun_by_state(disputes: pd.DataFrame) -> pd.DataFrame:
    """Disputes by each of their initiators."""
    rows = _begun(disputes)
    by_year = rows.groupby(["gwno", rows["start_date"].dt.year]).size()
    out = _grid(disputes)
    found = by_year.reindex(pd.MultiIndex.from_frame(out)).fillna(0.0).to_numpy(float)
    return out.assign(count=found)


@measure(
    "by_period",
    "The state won a dispute that it began in the past five years",
    uses=(*_USES, "disputes.dispute_outcome"),
    contrast=(
        "states in the five years after a victory in a dispute that they began",
        "the same states in other years",
    ),
)
def recent_victory(disputes: pd.DataFrame) -> pd.DataFrame:
    """Victory of the side that began, or the other side yielded."""
    return _recent(disputes, disputes["dispute_outcome"].isin(WON))


@measure(
    "by_period",
    "The state used force in the past five years, and nobody answered",
    uses=(*_USES, "disputes.is_reciprocated", "disputes.hostility_level"),
)
def recent_unopposed(disputes: pd.DataFrame) -> pd.DataFrame:
    """A use of force by the side that began, without any militarized answer."""
    force = disputes["hostility_level"].astype(str).isin(["4", "use_of_force", "5", "war"])
    return _recent(disputes, force & ~disputes["is_reciprocated"].fillna(True).astype(bool))
