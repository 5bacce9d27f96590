"""Material capabilities of the sides of wars and disputes, and of those who sent peacekeepers.

Only ratios and sums at the study's own units are kept, frozen before what they stand for: those of
rebels are not on record, so a war within a state has the side of the government alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from collsec.compile.text import records_of

SOURCE = "cow_capabilities"
OLDEST = 10  # years that a value may be old, as of covariates of hosts

Capabilities = Mapping[int, Mapping[int, float]]


def known_before(capabilities: Capabilities, state: int, year: int) -> float | None:
    """Share of a state in the world's capabilities in the year before, or the latest earlier one.

    >>> known_before({2: {1990: 0.2}}, 2, 1992), known_before({2: {1990: 0.2}}, 2, 1990)
    (0.2, None)
    """
    own = capabilities.get(state, {})
    return next((own[y] for y in range(year - 1, year - 1 - OLDEST, -1) if y in own), None)


def sum_of(
    capabilities: Capabilities, states: Iterable[int], year: int
) -> tuple[float | None, int]:
    """Sum over the states that are known, None if none is; and how many are not known."""
    values = [known_before(capabilities, state, year) for state in sorted(set(states))]
    known = [v for v in values if v is not None]
    return (sum(known) if known else None), len(values) - len(known)


def ratio(one: float | None, other: float | None) -> float | None:
    """Part of one in both, 0.5 for equals; None if one of them is not known.

    >>> ratio(0.03, 0.01), ratio(None, 0.1)
    (0.75, None)
    """
    return None if one is None or other is None else round(one / (one + other), 4)


def rounded(value: float | None) -> float | None:
    """A share to six digits, as of hosts."""
    return None if value is None else round(value, 6)


def episode_capabilities_from(
    episodes: pd.DataFrame,
    capabilities: Capabilities,
    seats: Callable[[date], list[int]],
    source: str,
) -> pd.DataFrame:
    """One row per episode: its sides, and its host against the permanent members, before onset.

    Parameters
    ----------
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    capabilities : mapping
        State code → year → share of the world's capabilities.
    seats : callable
        Day → codes of the permanent members.
    source : str
        Key of the source of the episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by episode.

    References
    ----------
    Singer, J. D. (1987). Reconstructing the Correlates of War dataset on material capabilities of
    states, 1816–1985. International Interactions 14(2). doi:10.1080/03050628808434695
    """
    rows = []
    for episode in records_of(episodes):
        onset = date.fromisoformat(str(episode["onset_date"])[:10])
        first, missing = sum_of(
            capabilities,
            states_of(episode, "gwno_a", "gwno_a_secondary_at_onset"),
            onset.year,
        )
        states_b = states_of(episode, "gwno_b_at_onset", "gwno_b_secondary_at_onset")
        is_state = bool(states_of(episode, "gwno_b_at_onset"))
        second, missing_b = sum_of(capabilities, states_b if is_state else (), onset.year)
        host = states_of(episode, "gwno_loc")[0]
        others = [seat for seat in seats(onset) if seat != host]
        permanent, _ = sum_of(capabilities, others, onset.year)
        rows.append(
            {
                "episode_id": episode["episode_id"],
                "side_a_capabilities": rounded(first),
                "side_b_capabilities": rounded(second),
                "side_a_ratio": ratio(first, second),
                "host_to_permanent_ratio": ratio(
                    known_before(capabilities, host, onset.year), permanent
                ),
                "states_unknown": missing + missing_b,
                "source": [SOURCE, source],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows)


def states_of(row: Mapping[str, Any], *columns: str) -> list[int]:
    """State codes in columns of lists, in order."""
    found = []
    for column in columns:
        value = row[column]
        parts = value if isinstance(value, list | tuple) else str(value or "").split(";")
        found += [int(part) for part in parts if str(part).strip()]
    return found


def dispute_capabilities_from(
    disputes: pd.DataFrame, capabilities: Capabilities, source: str
) -> pd.DataFrame:
    """One row per dispute: the capabilities of its two sides in the year before it.

    Parameters
    ----------
    disputes : DataFrame
        As `collsec.compile.disputes.disputes.disputes_from` gives it.
    capabilities : mapping
        As of `episode_capabilities_from`.
    source : str
        Key of the source of the disputes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by dispute.
    """
    rows = []
    for dispute in records_of(disputes):
        year = int(str(dispute["start_date"])[:4])
        values: dict[str, float | None] = {}
        missing = 0
        for side, first, joined in (
            ("a", "gwno_initiators", "gwno_joiners_a"),
            ("b", "gwno_targets", "gwno_joiners_b"),
        ):
            values[side], lost = sum_of(capabilities, states_of(dispute, first), year)
            values[f"{side}_joined"], more = sum_of(
                capabilities, states_of(dispute, first, joined), year
            )
            missing += max(lost, more)
        rows.append(
            {
                "dispute_id": dispute["dispute_id"],
                "initiators_ratio": ratio(values["a"], values["b"]),
                "with_joiners_ratio": ratio(values["a_joined"], values["b_joined"]),
                "states_unknown": missing,
                "source": [SOURCE, source],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows)


def mission_capabilities_from(
    maps: pd.DataFrame, hosts: Mapping[str, list[int]], capabilities: Capabilities, source: str
) -> pd.DataFrame:
    """One row per operation and year: how powerful those who sent troops are against the host.

    Parameters
    ----------
    maps : DataFrame
        As `collsec.compile.missions.personnel.mapped_contributors_from` gives it.
    hosts : mapping of str to list
        Operation → states on whose territory it stands.
    capabilities : mapping
        As of `episode_capabilities_from`.
    source : str
        Key of the source of the contributors.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation and year.
    """
    rows = []
    for (mission, year), own in maps.groupby(["mission_id", "year"]):
        every, missing = sum_of(capabilities, own["gwno"].tolist(), int(str(year)))
        sized = own.dropna(subset=["nominal_share"]).sort_values(
            ["nominal_share", "gwno"], ascending=[False, True]
        )
        leader = int(sized["gwno"].iloc[0]) if len(sized) else None
        host, _ = sum_of(capabilities, hosts[str(mission)], int(str(year)))
        leading = None if leader is None else known_before(capabilities, leader, int(str(year)))
        rows.append(
            {
                "mission_id": mission,
                "year": year,
                "mapped_contributors": len(own),
                "gwno_leading": leader,
                "leading_capabilities": rounded(leading),
                "leading_to_host_ratio": ratio(leading, host),
                "contributors_to_host_ratio": ratio(every, host),
                "states_unknown": missing,
                "source": [source, SOURCE],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows).astype({"gwno_leading": "Int64"})
