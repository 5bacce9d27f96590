"""Veto: the months after a draft on this conflict was vetoed."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure
from collsec.measures.spells import absorbing, merged, where_positive

WINDOW_MONTHS = 12
_ACTS = ("council.conflict_id", "council.known_from")
_ELSEWHERE = ("council_elsewhere.conflict_id", "council_elsewhere.known_from")


def _after_each(council: pd.DataFrame, column: str, months: int = WINDOW_MONTHS) -> pd.DataFrame:
    """Spells of some months after each rise of a running count, overlaps merged."""
    steps = council.sort_values(["conflict_id", "known_from"])
    rises = steps.groupby("conflict_id")[column].diff().fillna(steps[column]) > 0
    on = steps.loc[rises, ["conflict_id", "known_from"]].rename(columns={"known_from": "on_date"})
    on["off_date"] = on["on_date"] + pd.DateOffset(months=months)
    return merged(on)


@measure(
    "exposure",
    "Draft on the conflict vetoed in the past 12 months",
    uses=(*_ACTS, "council.vetoes"),
    contrast=("wars in the year after a veto on them", "other wars of the same type, {clock}"),
    act="Veto",
)
def veto_12m(council: pd.DataFrame) -> pd.DataFrame:
    """A veto on this conflict in the twelve months before."""
    return _after_each(council, "vetoes")


@measure(
    "exposure",
    "Draft on the conflict vetoed in the past 6 months",
    uses=(*_ACTS, "council.vetoes"),
)
def veto_6m(council: pd.DataFrame) -> pd.DataFrame:
    """A veto on this conflict in the six months before."""
    return _after_each(council, "vetoes", months=6)


@measure(
    "exposure",
    "Draft on the conflict vetoed in the past 24 months",
    uses=(*_ACTS, "council.vetoes"),
)
def veto_24m(council: pd.DataFrame) -> pd.DataFrame:
    """A veto on this conflict in the twenty-four months before."""
    return _after_each(council, "vetoes", months=24)


@measure(
    "exposure",
    "Draft on the conflict ever vetoed so far",
    uses=(*_ACTS, "council.vetoes"),
)
def veto_so_far(council: pd.DataFrame) -> pd.DataFrame:
    """A veto on this conflict has been cast at some time before."""
    return absorbing(where_positive(council, "vetoes"))


@measure(
    "exposure",
    "Draft on another war of the region vetoed in the past 12 months",
    uses=(*_ELSEWHERE, "council_elsewhere.vetoes"),
)
def veto_on_other_war_12m(council_elsewhere: pd.DataFrame) -> pd.DataFrame:
    """A placebo: a veto that concerned another war of the same region, not this one."""
    return _after_each(council_elsewhere, "vetoes")


@measure(
    "exposure",
    "Resolution on the conflict adopted in the past 12 months",
    uses=(*_ACTS, "council.resolutions"),
    known_until="resolutions",
)
def resolution_12m(council: pd.DataFrame) -> pd.DataFrame:
    """A resolution on this conflict was adopted in the twelve months before."""
    return _after_each(council, "resolutions")


@measure(
    "exposure",
    "Veto by Russia or the Soviet Union in the past 12 months",
    uses=(*_ACTS, "council.vetoes_russia"),
)
def veto_russia_12m(council: pd.DataFrame) -> pd.DataFrame:
    """As ``veto_12m``, cast by the Soviet Union or Russia."""
    return _after_each(council, "vetoes_russia")


@measure(
    "exposure",
    "Veto by the United States in the past 12 months",
    uses=(*_ACTS, "council.vetoes_usa"),
)
def veto_usa_12m(council: pd.DataFrame) -> pd.DataFrame:
    """As ``veto_12m``, cast by the United States."""
    return _after_each(council, "vetoes_usa")


@measure(
    "exposure",
    "Veto by China in the past 12 months",
    uses=(*_ACTS, "council.vetoes_china"),
)
def veto_china_12m(council: pd.DataFrame) -> pd.DataFrame:
    """As ``veto_12m``, cast by China (the Republic of China until 24 October 1971)."""
    return _after_each(council, "vetoes_china")


@measure(
    "exposure",
    "Veto by the United Kingdom in the past 12 months",
    uses=(*_ACTS, "council.vetoes_uk"),
)
def veto_uk_12m(council: pd.DataFrame) -> pd.DataFrame:
    """As ``veto_12m``, cast by the United Kingdom."""
    return _after_each(council, "vetoes_uk")


@measure(
    "exposure",
    "Veto by France in the past 12 months",
    uses=(*_ACTS, "council.vetoes_france"),
)
def veto_france_12m(council: pd.DataFrame) -> pd.DataFrame:
    """As ``veto_12m``, cast by France."""
    return _after_each(council, "vetoes_france")


@measure(
    "exposure",
    "Enforcement or a mission vetoed in the past 12 months",
    uses=(*_ACTS, "council.vetoes_enforcement_or_mission"),
)
def veto_on_enforcement_12m(council: pd.DataFrame) -> pd.DataFrame:
    """As ``veto_12m``, of drafts that would have sent a mission or authorized force."""
    return _after_each(council, "vetoes_enforcement_or_mission")


@measure(
    "exposure",
    "Sanctions vetoed in the past 12 months",
    uses=(*_ACTS, "council.vetoes_sanctions"),
)
def veto_on_sanctions_12m(council: pd.DataFrame) -> pd.DataFrame:
    """As ``veto_12m``, of drafts that would have imposed, widened or watched over sanctions."""
    return _after_each(council, "vetoes_sanctions")


@measure(
    "exposure",
    "Condemnation or demand vetoed in the past 12 months",
    uses=(*_ACTS, "council.vetoes_condemnation"),
)
def veto_on_condemnation_12m(council: pd.DataFrame) -> pd.DataFrame:
    """As ``veto_12m``, of drafts that would have condemned a party or demanded something of it."""
    return _after_each(council, "vetoes_condemnation")


@measure(
    "exposure",
    "Draft of another kind vetoed in the past 12 months",
    uses=(*_ACTS, "council.vetoes_other"),
)
def veto_on_other_action_12m(council: pd.DataFrame) -> pd.DataFrame:
    """As ``veto_12m``, of drafts that would have done none of this (referral, terms of peace)."""
    return _after_each(council, "vetoes_other")


@measure(
    "exposure",
    "A draft vetoed and nothing adopted since",
    uses=(*_ACTS, "council.vetoes", "council.resolutions"),
    known_until="resolutions",
)
def veto_until_resolution(council: pd.DataFrame) -> pd.DataFrame:
    """From a veto on this conflict to the next resolution on it.

    Drafts that nobody tabled because they would have been vetoed leave no trace; a Council that
    stays silent after a veto is where they would be.
    """
    steps = council.sort_values(["conflict_id", "known_from"])
    changes = steps.groupby("conflict_id")[["vetoes", "resolutions"]].diff()
    changes = changes.fillna(steps[["vetoes", "resolutions"]])
    # On a day with both, something was adopted.
    state = pd.Series(pd.NA, index=steps.index, dtype="Float64")
    state = state.mask(changes["vetoes"] > 0, 1.0).mask(changes["resolutions"] > 0, 0.0)
    held = state.groupby(steps["conflict_id"]).ffill().fillna(0.0).astype(float)
    return where_positive(steps.assign(is_blocked=held), "is_blocked")


@measure(
    "ever",
    "Ever had a draft vetoed (frozen at onset)",
    uses=(*_ACTS, "council.vetoes"),
)
def ever_vetoed(council: pd.DataFrame) -> pd.DataFrame:
    """Known biased: a veto that came later counted from the first day of war."""
    return veto_so_far(council)
