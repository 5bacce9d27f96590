"""Dyads, and the episodes of each: who fought whom, from when to when, and how it ended.

A dyad is one warring party against another within a conflict. Its episodes are runs of active
years, as those of conflicts are; the ends stand in the Termination Dataset at the level of dyads.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.conflicts.episodes import (
    INCOMPATIBILITIES,
    PRECISIONS,
    TYPES,
    ContributorRules,
    runs,
    sorted_codes,
)
from collsec.compile.conflicts.spans import Spans, spans_by_conflict
from collsec.compile.conflicts.termination import OUTCOMES, why_unmatched
from collsec.compile.conflicts.ucdp import cells_of, named_actors
from collsec.compile.states.states import StateCodes
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

COLUMNS = (
    "dyad_id",
    "conflict_id",
    "location",
    "side_a",
    "side_a_id",
    "side_b",
    "side_b_id",
    "incompatibility",
    "territory_name",
    "year",
    "intensity_level",
    "type_of_conflict",
    "start_date",
    "start_prec",
    "start_date2",
    "start_prec2",
    "gwno_a",
    "gwno_a_2nd",
    "gwno_b",
    "gwno_b_2nd",
    "gwno_loc",
)
# What UCDP holds constant over the years of a dyad.
CONSTANT = tuple(
    c
    for c in COLUMNS
    if c
    not in {
        "year",
        "intensity_level",
        "type_of_conflict",
        "start_date2",
        "start_prec2",
        "gwno_a_2nd",
        "gwno_b_2nd",
    }
)
END_COLUMNS = (
    "dyad_id",
    "year",
    "dyadterm",
    "ependdate",
    "ependprec",
    "outcome",
    "cfiredate",
    "peagdate",
)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
Year = dict[str, str]


def read_dyad_years(path: Path) -> list[Year]:
    """Dyad-years of the UCDP Dyadic Dataset, by dyad and year; all cells are text.

    Parameters
    ----------
    path : Path
        The publisher's CSV.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, a code unknown, a dyad-year stands twice, or what is constant over
        the years of a dyad changes.
    """
    raw = read_columns(path, COLUMNS)
    for column, known in (
        ("incompatibility", INCOMPATIBILITIES),
        ("type_of_conflict", TYPES),
        ("start_prec", PRECISIONS),
        ("start_prec2", PRECISIONS),
    ):
        if (strange := ~raw[column].isin(known)).any():
            row = int(raw.index[strange][0])
            raise BadTable(
                path.name, "unknown code.", row=row + 2, column=column, value=raw[column][row]
            )
    if (double := raw.duplicated(["dyad_id", "year"])).any():
        raise BadTable(
            path.name,
            "a dyad-year stands twice.",
            row=int(raw.index[double][0]) + 2,
            column="dyad_id, year",
        )
    kinds = raw[list(CONSTANT)].drop_duplicates()
    if (changing := kinds.duplicated("dyad_id", keep=False)).any():
        raise BadTable(
            path.name,
            "a dyad whose parties, place or stake change over its years.",
            column="dyad_id",
            value=kinds.loc[changing, "dyad_id"].iloc[0],
        )
    # A few names hold line breaks.
    years = [{c: " ".join(v.split()) for c, v in y.items()} for y in records_of(raw)]
    return sorted(years, key=lambda y: (int(y["dyad_id"]), int(y["year"])))


def by_dyad(years: list[Year]) -> dict[str, list[Year]]:
    """Years of each dyad, in order."""
    return {dyad: list(group) for dyad, group in groupby(years, key=lambda y: y["dyad_id"])}


def dyads_from(years: list[Year], codes: StateCodes, source: str) -> pd.DataFrame:
    """One row per dyad.

    Parameters
    ----------
    years : list of dict
        As `read_dyad_years` gives them.
    codes : StateCodes
        Regions of states.
    source : str
        Key of their source.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by dyad.

    References
    ----------
    Harbom, L., E. Melander and P. Wallensteen (2008). Dyadic dimensions of armed conflict,
    1946–2007. Journal of Peace Research 45(5). https://doi.org/10.1177/0022343308094331
    """
    rows = []
    for dyad_id, own in by_dyad(years).items():
        first = own[0]
        rows.append(
            {
                "dyad_id": int(dyad_id),
                "conflict_id": int(first["conflict_id"]),
                **actors(first),
                "location": cells_of(first["location"]),
                "gwno_loc": cells_of(first["gwno_loc"]),
                "region": codes.region_of(int(cells_of(first["gwno_loc"])[0])),
                "incompatibility": INCOMPATIBILITIES[first["incompatibility"]],
                "territory_name": first["territory_name"] or None,
                "first_death_date": first["start_date"],
                "first_death_precision": PRECISIONS[first["start_prec"]],
                "first_death_precision_code": int(first["start_prec"]),
                "first_year": int(first["year"]),
                "last_year": int(own[-1]["year"]),
                "active_years": len(own),
                "episode_count": len(runs(own)),
                "source": [source],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows)


def actors(year: Year) -> dict[str, Any]:
    """The two parties: names, UCDP's ids, and state codes where a party is a state.

    A few sides are coalitions that UCDP counts as one party, with several ids.
    """
    return {
        "side_a": named_actors(year["side_a"], year["side_a_id"]),
        "side_a_id": cells_of(year["side_a_id"]),
        "gwno_a": cells_of(year["gwno_a"]),
        "side_b": named_actors(year["side_b"], year["side_b_id"]),
        "side_b_id": cells_of(year["side_b_id"]),
        "gwno_b": cells_of(year["gwno_b"]),
    }


def read_dyad_ends(path: Path) -> pd.DataFrame:
    """Read the ends of dyad episodes from the Termination Dataset.

    Parameters
    ----------
    path : Path
        Conflict Termination Dataset at the level of dyads (``.xlsx``).

    Returns
    -------
    DataFrame
        One row per end: dyad_id (text), year (int), end_date, ceasefire_date, agreement_date (ISO
        text, empty if not given), precision_code (text), outcome (as in `OUTCOMES`, empty where
        the file has none); and in ``attrs["last_year"]`` the last year for which an end can be
        known, one before the last year of the data.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, an outcome unknown, or a dyad ends twice in a year.

    References
    ----------
    Kreutz, J. (2010). How and when armed conflicts end: Introducing the UCDP Conflict Termination
    dataset. Journal of Peace Research 47(2). https://doi.org/10.1177/0022343309353108
    """
    raw = read_columns(path, END_COLUMNS)
    ends = raw[raw["dyadterm"] == "1"]
    for faulty, column, what in (
        (~ends["outcome"].isin([*OUTCOMES, ""]), "outcome", "unknown outcome."),
        (ends.duplicated(["dyad_id", "year"]), "dyad_id, year", "two ends of a dyad in one year."),
    ):
        if faulty.any():
            raise BadTable(path.name, what, row=int(ends.index[faulty][0]) + 2, column=column)
    out = pd.DataFrame(
        {
            "dyad_id": ends["dyad_id"],
            "year": ends["year"].astype(int),
            "end_date": ends["ependdate"],
            "precision_code": ends["ependprec"],
            "outcome": ends["outcome"].map(OUTCOMES).fillna(""),
            "ceasefire_date": ends["cfiredate"].map(last_day),
            "agreement_date": ends["peagdate"].map(last_day),
        }
    ).reset_index(drop=True)
    out.attrs["last_year"] = int(raw["year"].astype(int).max()) - 1
    return out


def last_day(text: str) -> str:
    """The last day that a cell names, as ISO text; empty if it names none.

    >>> last_day("1949-02-24 (Egypt); 1949-03-23 (Lebanon)"), last_day("0")
    ('1949-03-23', '')
    """
    return max(DAY.findall(text), default="")


def dyad_episodes_from(
    years: list[Year],
    ends: pd.DataFrame,
    episodes: pd.DataFrame,
    contributors: ContributorRules,
    sources: tuple[str, str, str],
) -> pd.DataFrame:
    """One row per run of active years of a dyad.

    Parameters
    ----------
    years : list of dict
        As `read_dyad_years` gives them.
    ends : DataFrame
        As `read_dyad_ends` gives them.
    episodes : DataFrame
        Episodes of the conflicts; each run lies within one of them.
    contributors : ContributorRules
        Which secondary parties are contributors to a UN mission, and no parties.
    sources : tuple of str
        Keys of the sources of the dyads, the ends and the episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by dyad and onset.

    Notes
    -----
    The end is that of the Termination Dataset in the last active year of the run. Where it lies
    before the onset that the newer Dyadic Dataset gives, the day is left out and the outcome kept.
    """
    release = max(int(y["year"]) for y in years)
    last = int(ends.attrs["last_year"])
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for end in records_of(ends):
        found.setdefault(end["dyad_id"], {})[end["year"]] = end
    spans = spans_by_conflict(episodes)
    return pd.DataFrame(
        [
            dyad_episode(
                run, ordinal, release, last, found.get(dyad_id, {}), spans, contributors, sources
            )
            for dyad_id, own in by_dyad(years).items()
            for ordinal, run in enumerate(runs(own), start=1)
        ]
    ).astype({"end_precision_code": "Int64"})


def dyad_episode(
    run: list[Year],
    ordinal: int,
    release: int,
    last: int,
    ends: dict[int, dict[str, Any]],
    spans: Spans,
    contributors: ContributorRules,
    sources: tuple[str, str, str],
) -> dict[str, Any]:
    """One row of `dyad_episodes_from`."""
    first, final = run[0], int(run[-1]["year"])
    conflict_id = int(first["conflict_id"])
    is_ended = final < release
    end = ends.get(final, {}) if is_ended else {}
    day = end.get("end_date", "")
    is_before = bool(day) and day < first["start_date2"]
    if end:
        reason = "redated" if is_before else None
    else:
        as_episode = {"is_ended": is_ended, "last_year": final}
        reason = why_unmatched(as_episode, last, ends)
    secondary = [
        contributors.split(str(conflict_id), int(y["year"]), cells_of(y["gwno_a_2nd"]))[0]
        for y in run
    ]
    episode_id = whole_episode(spans, conflict_id, int(first["year"]), final)
    shows_day = bool(day) and not is_before
    return {
        "dyad_episode_id": f"{first['dyad_id']}-{ordinal}",
        "dyad_id": int(first["dyad_id"]),
        "conflict_id": conflict_id,
        "episode_id": episode_id,
        "ordinal": ordinal,
        **actors(first),
        "gwno_a_secondary": sorted_codes(secondary),
        "gwno_b_secondary": sorted_codes(cells_of(y["gwno_b_2nd"]) for y in run),
        "type_at_onset": TYPES[first["type_of_conflict"]],
        "onset_date": first["start_date2"],
        "onset_precision": PRECISIONS[first["start_prec2"]],
        "onset_precision_code": int(first["start_prec2"]),
        "end_date": day if shows_day else None,
        "end_precision": PRECISIONS[end["precision_code"]] if shows_day else None,
        "end_precision_code": int(end["precision_code"]) if shows_day else None,
        "is_ended": is_ended,
        "first_year": int(first["year"]),
        "last_year": final,
        "war_years": [int(y["year"]) for y in run if y["intensity_level"] == "2"],
        "max_intensity": max(int(y["intensity_level"]) for y in run),
        "outcome": end.get("outcome") or ("not_covered" if is_ended else "ongoing"),
        "is_matched": bool(end),
        "mismatch_reason": reason,
        "ceasefire_date": end.get("ceasefire_date") or None,
        "agreement_date": end.get("agreement_date") or None,
        "source": [
            sources[0],
            *([sources[1]] if end else []),
            *([sources[2]] if episode_id else []),
        ],
        "basis": "file",
    }


def whole_episode(spans: Spans, conflict_id: int, first: int, last: int) -> str | None:
    """Id of the episode of the conflict within which a run of years lies; None if none holds it."""
    for episode in spans.get(conflict_id, ()):
        if episode["first_year"] <= first and last <= episode["last_year"]:
            return str(episode["episode_id"])
    return None
