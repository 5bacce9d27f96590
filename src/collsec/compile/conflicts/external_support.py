"""Support that the five permanent members gave to parties of a war while it went on.

What is given during a war follows from how the war goes: it is a mediator, never a cause known
before. Coalitions of a UN mission are left out: they are the Council's act, not a power's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.conflicts.spans import episode_of_year, spans_by_conflict
from collsec.compile.rules import RuleFile
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

COLUMNS = (
    "year",
    "conflict_id",
    "civil",
    "active",
    "actor_nonstate",
    "ext_name",
    "ext_coalition_name",
    "ext_alleged",
    "ext_sup",
)
OWN_TROOPS = "ext_x"


class SupportRules(RuleFile):
    """How the names and codes of the data set are read.

    Attributes
    ----------
    powers : dict
        UCDP's actor → permanent member.
    kinds : dict
        Column → kind of support.
    sides : dict
        Code of ``actor_nonstate`` → side.
    un_missions, other_coalitions : tuple of str
        Coalitions that are UN missions, and known ones that are none; "" is a state alone.
    """

    file: ClassVar[str] = "external_support.toml"
    powers: dict[str, str]
    kinds: dict[str, str]
    sides: dict[str, str]
    un_missions: tuple[str, ...]
    other_coalitions: tuple[str, ...]


def external_support_from(
    path: Path, episodes: pd.DataFrame, rules: SupportRules, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per episode, permanent member and side that it supported.

    Parameters
    ----------
    path : Path
        UCDP External Support Dataset at the level of triad-years (``.xlsx``).
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    rules : SupportRules
    sources : tuple of str
        Keys of the sources of support and episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, in the order of `episodes`, then of powers and sides.
        Wars within states only; support in years without an active episode is left out.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing or a coalition unknown.

    References
    ----------
    Meier, V., T. Pettersson and M. Croicu (2023). External support in armed conflicts. Journal of
    Peace Research 60(3). https://doi.org/10.1177/00223433221079864
    """
    spans = spans_by_conflict(episodes)
    found: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for record in records_of(read_support(path, rules)):
        episode = episode_of_year(spans, int(record["conflict_id"]), int(record["year"]))
        if episode is None:
            continue
        power, side = rules.powers[record["ext_name"]], rules.sides[record["actor_nonstate"]]
        key = (episode["episode_id"], power, side)
        found.setdefault(key, []).append(record)
    places = {e: i for i, e in enumerate(episodes["episode_id"])}
    powers = list(rules.powers.values())
    ordered = sorted(found, key=lambda k: (places[k[0]], powers.index(k[1]), k[2]))
    return pd.DataFrame([row_of(key, found[key], rules, sources) for key in ordered])


def read_support(path: Path, rules: SupportRules) -> pd.DataFrame:
    """Triad-years in which a permanent member supported a party of a war within a state."""
    raw = read_columns(path, [*COLUMNS, *rules.kinds])
    is_given = (raw["ext_sup"] == "1") & (raw["civil"] == "1")
    support = raw[raw["ext_name"].isin(rules.powers) & is_given]
    coalitions = support["ext_coalition_name"].str.strip()
    unknown = support[~coalitions.isin([*rules.un_missions, *rules.other_coalitions])]
    if len(unknown):
        raise BadTable(
            path.name,
            "unknown coalition.",
            row=int(unknown.index[0]) + 2,
            column="ext_coalition_name",
            value=unknown["ext_coalition_name"].iloc[0],
            remedy=f"Add it to un_missions or other_coalitions in data/raw/rules/{rules.file}.",
        )
    return support[~coalitions.isin(rules.un_missions)]


def row_of(
    key: tuple[str, str, str],
    records: list[dict[str, str]],
    rules: SupportRules,
    sources: tuple[str, str],
) -> dict[str, Any]:
    """One row of `external_support_from`."""
    episode_id, power, side = key
    sure = [r for r in records if r["ext_alleged"] == "0"]
    years = sorted({int(r["year"]) for r in records})
    return {
        "support_id": f"{episode_id}/{power}/{side}",
        "episode_id": episode_id,
        "power": power,
        "side": side,
        "first_year": years[0],
        "last_year": years[-1],
        "years": [str(y) for y in years],
        "is_alleged_only": not sure,
        "kinds": [
            kind for column, kind in rules.kinds.items() if any(r[column] == "1" for r in records)
        ],
        "has_own_troops": any(r[OWN_TROOPS] == "1" for r in records),
        "is_post_onset": True,
        "source": list(sources),
        "basis": "file",
    }
