"""The state that hosts a war, as it was known before onset.

Every yearly covariate is the latest value up to the year before the onset, at most ten years old
and from the same span of independence; its year is given alongside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.states.states import StateCodes, StateSystem
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

CARRY_YEARS = 10
# Statuses of groups that have no part in the central executive.
EXCLUDED = frozenset({"POWERLESS", "DISCRIMINATED", "SELF-EXCLUSION"})
STATUSES = EXCLUDED | {
    "MONOPOLY",
    "DOMINANT",
    "SENIOR PARTNER",
    "JUNIOR PARTNER",
    "IRRELEVANT",
    "STATE COLLAPSE",
}

StateYears = Mapping[int, Mapping[int, float]]


@dataclass(frozen=True, slots=True)
class Covariate:
    """One yearly covariate.

    Attributes
    ----------
    name : str
        Column of the table.
    values : mapping
        State code → {year: value}.
    source : str
        Key of its source.
    digits : int
        Decimals kept.
    """

    name: str
    values: StateYears
    source: str
    digits: int


def host_states_from(
    episodes: pd.DataFrame,
    covariates: list[Covariate],
    terrain: Mapping[int, tuple[float, float]],
    system: StateSystem,
    sources: tuple[str, str, str],
) -> pd.DataFrame:
    """One row per episode: the first state of its location before onset.

    Parameters
    ----------
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    covariates : list of Covariate
        In the order of their columns.
    terrain : mapping
        State code → (ruggedness, log percentage of mountains).
    system : StateSystem
    sources : tuple of str
        Keys of the sources of episodes, states and terrain.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, in the order of `episodes`.
    """
    records = records_of(episodes)
    onsets: dict[int, list[date]] = {}
    for e in records:
        for host in e["gwno_loc"]:
            onsets.setdefault(int(host), []).append(date.fromisoformat(e["onset_date"]))
    rows = []
    for e in records:
        host, onset = int(e["gwno_loc"][0]), date.fromisoformat(e["onset_date"])
        since = system.since(host, onset - timedelta(days=1))
        used = [sources[0], sources[1]]
        row: dict[str, Any] = {
            "episode_id": e["episode_id"],
            "gwno_host": host,
            "is_independent": since is not None,
            "independence_years": None if since is None else whole_years(since, onset),
            "previous_episodes_country": sum(o < onset for o in onsets[host]),
            "previous_episodes_conflict": e["ordinal"] - 1,
        }
        for covariate in covariates:
            known = latest(covariate.values.get(host, {}), onset.year - 1, since)
            row[f"has_{covariate.name}_coverage"] = known is not None
            row[covariate.name] = None if known is None else round(known[1], covariate.digits)
            row[f"{covariate.name}_year"] = None if known is None else known[0]
            if known is not None:
                used.append(covariate.source)
        land = terrain.get(host)
        row["has_terrain_coverage"] = land is not None
        row["ruggedness_index"] = None if land is None else round(land[0], 3)
        row["mountains_log_percent"] = None if land is None else round(land[1], 4)
        if land is not None:
            used.append(sources[2])
        rows.append(row | {"source": list(dict.fromkeys(used)), "basis": "file"})
    whole = ["independence_years", "polity_score", *(f"{c.name}_year" for c in covariates)]
    table = pd.DataFrame(rows)
    return table.astype({c: "Int64" for c in whole if c in table.columns})


def latest(values: Mapping[int, float], last: int, since: date | None) -> tuple[int, float] | None:
    """Latest year and value up to `last`, of the same span of independence and not too old."""
    if since is None:
        return None
    first = max(last - CARRY_YEARS, since.year)
    known = [y for y in values if first <= y <= last]
    return (max(known), values[max(known)]) if known else None


def whole_years(since: date, day: date) -> int:
    """Completed years between two days.

    >>> whole_years(date(1960, 9, 22), date(2012, 1, 24))
    51
    """
    return day.year - since.year - ((day.month, day.day) < (since.month, since.day))


def read_state_years(
    path: Path, code: str, column: str, codes: StateCodes, *, scale: float = 1.0
) -> dict[int, dict[int, float]]:
    """Read one column of a file of state-years.

    Parameters
    ----------
    path : Path
        An ``.rda`` file with one data frame.
    code : str
        Column of state codes: ``gwcode`` or COW's ``ccode``, which is translated.
    column : str
        Column of the values.
    codes : StateCodes
    scale : float
        Factor that brings values to the table's unit.

    Returns
    -------
    dict
        State code → {year: value}; missing values left out.
    """
    frame = read_columns(path, [code, "year", column]).dropna()
    out: dict[int, dict[int, float]] = {}
    for state, year, value in zip(
        frame[code].tolist(), frame["year"].tolist(), frame[column].tolist(), strict=True
    ):
        gwno = codes.gwno_of_cow(int(state), int(year)) if code == "ccode" else int(state)
        out.setdefault(gwno, {})[int(year)] = float(value) * scale
    return out


def read_excluded_shares(path: Path) -> dict[int, dict[int, float]]:
    """Share of the population in groups without a part in the central executive.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing or a status unknown.

    References
    ----------
    Vogt, M., N.-C. Bormann, S. Rüegger, L.-E. Cederman, P. Hunziker and L. Girardin (2015).
    Integrating data on ethnicity, geography, and conflict. Journal of Conflict Resolution 59(7).
    https://doi.org/10.1177/0022002715591215
    """
    groups = read_columns(path, ["gwid", "from", "to", "size", "status"])
    out: dict[int, dict[int, float]] = {}
    for number, group in enumerate(records_of(groups), start=2):
        if group["status"] not in STATUSES:
            raise BadTable(
                path.name,
                "unknown status of a group.",
                row=number,
                column="status",
                value=group["status"],
            )
        share = float(group["size"]) if group["status"] in EXCLUDED else 0.0
        years = out.setdefault(int(group["gwid"]), {})
        for year in range(int(group["from"]), int(group["to"]) + 1):
            years[year] = years.get(year, 0.0) + share
    return {g: {y: min(s, 1.0) for y, s in years.items()} for g, years in out.items()}


def read_terrain(path: Path, codes: StateCodes) -> dict[int, tuple[float, float]]:
    """State code → ruggedness and log percentage of mountains.

    Notes
    -----
    Borders are those of today: a state that no longer exists has no value.

    References
    ----------
    Nunn, N. and D. Puga (2012). Ruggedness: The blessing of bad geography in Africa. Review of
    Economics and Statistics 94(1). https://doi.org/10.1162/REST_a_00161
    """
    frame = read_columns(path, ["ccode", "gwcode", "rugged", "newlmtnest"])
    frame = frame.dropna(subset=["rugged", "newlmtnest"])
    of_state: dict[int, tuple[float, float]] = {}
    for row in records_of(frame):
        listed = not pd.isna(row["gwcode"])
        gwno = int(row["gwcode"]) if listed else codes.gwno_of_cow(int(row["ccode"]), date.max.year)
        of_state[gwno] = (float(row["rugged"]), float(row["newlmtnest"]))
    return of_state
