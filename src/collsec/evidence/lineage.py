"""Which columns of the raw tables a hypothesis rests on, as what it names declares.

Every measure, cohort rule, stratum, and part that a specification names says in its decorator
which columns of linked frames, timelines, or raw tables it uses; timelines and linked frames say
from which raw columns theirs are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import collsec.subjects  # noqa: F401
from collsec.designs import PARTS
from collsec.histories.cohorts import DAY_STRATA, RULES, STRATA
from collsec.histories.registry import raw_columns
from collsec.measures import MEASURES

#: Asked of every hypothesis: who is followed, from when, to which end.
ALWAYS = tuple(
    f"episodes.{column}"
    for column in ("conflict_id", "type_at_onset", "onset_date", "exit_date", "is_ended")
)


def columns_used(spec: Mapping[str, Any]) -> list[str]:
    """Columns of linked frames, timelines, and raw tables that a hypothesis uses.

    Parameters
    ----------
    spec : mapping
        The normalized specification. Whatever it names counts, wherever in it that stands.

    Returns
    -------
    list of str
        ``"<frame>.<column>"``, in order.
    """
    names = set(_strings(spec))
    found = {*ALWAYS, f"episodes.{spec['cluster']}"}
    for part in names & PARTS.keys():
        found |= set(of_part(PARTS[part].uses))
    for registry in (MEASURES, RULES, STRATA, DAY_STRATA):
        found |= {column for name in names & registry.keys() for column in registry[name].uses}
    return sorted(found)


def of_part(uses: Iterable[str]) -> Iterator[str]:
    """Columns that a part declares; the name of a measure stands for all that the measure uses."""
    for used in uses:
        if "." in used:
            yield used
        else:
            yield from MEASURES[used].uses


def raw_columns_used(
    spec: Mapping[str, Any], fields: Mapping[str, Iterable[str]]
) -> dict[str, list[str]]:
    """Raw columns that a hypothesis rests on, by table.

    Parameters
    ----------
    spec : mapping
        The normalized specification.
    fields : mapping of str to iterable of str
        Columns of each raw table.

    Returns
    -------
    dict of str to list of str
        Tables and columns in order.
    """
    found: dict[str, set[str]] = {}
    for column in columns_used(spec):
        for raw in raw_columns(column, fields):
            table, _, name = raw.partition(".")
            found.setdefault(table, set()).add(name)
    return {table: sorted(found[table]) for table in sorted(found)}


def _strings(value: Any) -> Iterator[str]:
    """Every string in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
