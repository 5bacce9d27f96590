"""Conflict episodes: runs of active years of one UCDP conflict.

The clock of an episode starts at its 25th death (`start_date2`) and stops at the end that UCDP
records in the last active year. An episode that is active in the last year of the data has no end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.conflicts.ucdp import cells_of, named_actors
from collsec.compile.rules import RuleFile, Strict
from collsec.compile.states.states import StateCodes
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.core.models import Whole

TYPES = {"1": "extrasystemic", "2": "interstate", "3": "intrastate", "4": "internationalized"}
INCOMPATIBILITIES = {"1": "territory", "2": "government", "3": "both"}
# UCDP's codes: 1 exact, 2 day assigned, 3 day unknown, 4 month assigned, 5 month unknown,
# 6 year assigned, 7 year unknown.
PRECISIONS = {
    "1": "day",
    "2": "month",
    "3": "month",
    "4": "year",
    "5": "year",
    "6": "year",
    "7": "year",
}
Year = dict[str, str]


class MissionYears(Strict):
    """In which years the states of a UN mission stand alongside side A of a conflict.

    Attributes
    ----------
    conflict_id : int
    first_year, last_year : int
        Years that the rule covers, both included; no last one while the mission goes on.
    mission : str
        The UN mission.
    contributors : tuple of int
        State codes to take out; empty means every state.
    fought_themselves : tuple of int
        State codes that stay, because their troops fought outside the mission.
    reason : str
        Who goes or stays, and why.
    """

    conflict_id: Whole
    first_year: Whole
    last_year: Whole | None = None
    mission: str
    contributors: tuple[Whole, ...] = ()
    fought_themselves: tuple[Whole, ...] = ()
    reason: str


class ContributorRules(RuleFile):
    """Contributors of UN troops who stand as secondary parties of UCDP, and are none of ours."""

    file: ClassVar[str] = "un_contributors.toml"
    mission_years: tuple[MissionYears, ...]

    def split(
        self, conflict_id: str, year: int, secondary: Iterable[str]
    ) -> tuple[list[str], list[str]]:
        """Split the secondary parties of side A into real ones and contributors to a UN mission.

        Parameters
        ----------
        conflict_id : str
        year : int
        secondary : iterable of str
            State codes of UCDP's secondary parties of side A in that year.

        Returns
        -------
        kept, removed : list of str
            In the order given.
        """
        kept, removed = list(secondary), []
        for rule in self.mission_years:
            covered = rule.first_year <= year <= (rule.last_year or year)
            if rule.conflict_id != int(conflict_id) or not covered:
                continue
            named = set(map(str, rule.contributors)) or set(kept)
            contributors = named - set(map(str, rule.fought_themselves))
            removed += [s for s in kept if s in contributors]
            kept = [s for s in kept if s not in contributors]
        return kept, removed


def episodes_from(
    conflict_years: pd.DataFrame,
    end_precisions: dict[tuple[str, str], str],
    contributors: ContributorRules,
    codes: StateCodes,
    sources: tuple[str, str],
) -> pd.DataFrame:
    """One row per episode.

    Parameters
    ----------
    conflict_years : DataFrame
        As `collsec.compile.conflicts.ucdp.read_acd` gives it; a corrected record cites the source
        of its evidence too.
    end_precisions : dict
        (conflict_id, ISO end date) → UCDP's code of the precision of that end, where the
        Conflict Termination Dataset has the same end.
    contributors : ContributorRules
    codes : StateCodes
    sources : tuple of str
        Keys of the sources of the conflict-years and of `end_precisions`.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, sorted by conflict and ordinal. Lists are lists.

    Raises
    ------
    BadTable
        If a run of years holds two onsets, or one onset spans two runs.
    """
    corrected = conflict_years.attrs["corrected"]
    rows = []
    by_conflict: dict[str, list[Year]] = {}
    for year in records_of(conflict_years):
        by_conflict.setdefault(year["conflict_id"], []).append(year)
    for conflict_id, years in by_conflict.items():
        for ordinal, run in enumerate(runs(years), start=1):
            row = episode(conflict_id, ordinal, run, end_precisions, contributors, codes)
            further = [corrected[k] for y in run if (k := (conflict_id, y["year"])) in corrected]
            if row["end_precision_basis"] == "termination":
                further.append(sources[1])
            rows.append(row | {"source": union([sources[:1], further]), "basis": "file"})
    onsets = [(r["conflict_id"], r["onset_date"]) for r in rows]
    if len(set(onsets)) != len(onsets):
        double = next(o for o in onsets if onsets.count(o) > 1)
        raise BadTable(
            sources[0],
            f"one onset ({double[1]}) in two runs of years.",
            column="start_date2",
            value=f"conflict {double[0]}",
        )
    return pd.DataFrame(rows)


def runs(years: Sequence[Year]) -> list[list[Year]]:
    """Split the years of a conflict, in order, where a year is missing.

    >>> [len(r) for r in runs([{"year": y} for y in ("1946", "1949", "1950")])]
    [1, 2]
    """
    out: list[list[Year]] = [[years[0]]]
    for before, now in pairwise(years):
        if int(now["year"]) == int(before["year"]) + 1:
            out[-1].append(now)
        else:
            out.append([now])
    return out


def episode(
    conflict_id: str,
    ordinal: int,
    run: Sequence[Year],
    end_precisions: dict[tuple[str, str], str],
    contributors: ContributorRules,
    codes: StateCodes,
) -> dict[str, Any]:
    """The row of one episode, from its years in order."""
    first, last = run[0], run[-1]
    for column in ("start_date", "start_date2", "gwno_loc", "gwno_a", "incompatibility"):
        if len({y[column] for y in run}) > 1:
            raise BadTable(
                "UCDP/PRIO Armed Conflict Dataset",
                "changes within an episode.",
                column=column,
                value=f"conflict {conflict_id}, {first['year']}–{last['year']}",
            )
    kept_by_year, removed = [], False
    for year in run:
        kept, taken_out = contributors.split(
            conflict_id, int(year["year"]), cells_of(year["gwno_a_2nd"])
        )
        kept_by_year.append(kept)
        removed = removed or bool(taken_out)
    hosts = cells_of(first["gwno_loc"])
    end = last["ep_end_date"] or None
    precision, precision_basis = end_precision(conflict_id, end, end_precisions)
    return {
        "episode_id": f"{conflict_id}-{ordinal}",
        "conflict_id": int(conflict_id),
        "ordinal": ordinal,
        "location": cells_of(first["location"]),
        "gwno_loc": hosts,
        "region": codes.region_of(int(hosts[0])),
        "regions": cells_of(first["region"]),
        "incompatibility": INCOMPATIBILITIES[first["incompatibility"]],
        "territory_name": first["territory_name"] or None,
        "side_a": named_actors(first["side_a"], first["side_a_id"]),
        "side_b": union(named_actors(y["side_b"], y["side_b_id"]) for y in run),
        "gwno_a": cells_of(first["gwno_a"]),
        "gwno_b": sorted_codes(cells_of(y["gwno_b"]) for y in run),
        "gwno_a_secondary": sorted_codes(kept_by_year),
        "gwno_b_secondary": sorted_codes(cells_of(y["gwno_b_2nd"]) for y in run),
        "gwno_b_at_onset": sorted_codes([cells_of(first["gwno_b"])]),
        "gwno_a_secondary_at_onset": sorted_codes([kept_by_year[0]]),
        "gwno_b_secondary_at_onset": sorted_codes([cells_of(first["gwno_b_2nd"])]),
        "has_un_contributors_removed": removed,
        "type_at_onset": TYPES[first["type_of_conflict"]],
        "types_ever": union([TYPES[y["type_of_conflict"]]] for y in run),
        "first_death_date": first["start_date"],
        "first_death_precision": PRECISIONS[first["start_prec"]],
        "first_death_precision_code": int(first["start_prec"]),
        "onset_date": first["start_date2"],
        "onset_precision": PRECISIONS[first["start_prec2"]],
        "onset_precision_code": int(first["start_prec2"]),
        "end_date": end,
        "end_precision": precision,
        "end_precision_basis": precision_basis,
        "is_ended": end is not None,
        "first_year": int(first["year"]),
        "last_year": int(last["year"]),
        "war_years": [int(y["year"]) for y in run if y["intensity_level"] == "2"],
        "max_intensity": max(int(y["intensity_level"]) for y in run),
    }


def end_precision(
    conflict_id: str, end: str | None, known: dict[tuple[str, str], str]
) -> tuple[str | None, str | None]:
    """Precision of an end, and what says so.

    The Termination code where that dataset has the same day. Otherwise by rule: 31 December is
    UCDP's default for an unknown day, so it says the year; any other day is taken as it stands.
    """
    if end is None:
        return None, None
    if (conflict_id, end) in known:
        return PRECISIONS[known[conflict_id, end]], "termination"
    return ("year" if end.endswith("-12-31") else "day"), "rule"


def union(lists: Any) -> list[str]:
    """Members of all lists, each once, in order of appearance."""
    return list(dict.fromkeys(member for members in lists for member in members))


def sorted_codes(lists: Any) -> list[str]:
    """State codes of all lists, each once, in numerical order."""
    return sorted(union(lists), key=int)
