"""A covariate from one column of a table: declared in one place, without a function of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from collsec.core.errors import BadSpec
from collsec.histories.panels import KEYS, YEAR, key_of, known_before_onset
from collsec.measures.registry import MEASURES, Measure


def covariate_from_table(
    name: str, table: str, column: str, lag_years: int, *, schema: Mapping[str, Any]
) -> Measure:
    """Register a covariate whose definition and origin are those of a column of a table.

    Parameters
    ----------
    name : str
        What the hypothesis calls it.
    table : str
        A raw table, or a table that a page brings along. It has one of the keys of
        :data:`collsec.histories.panels.KEYS`, and ``year`` where its values change.
    column : str
        A column of numbers, or of yes and no.
    lag_years : int
        Years before that of the onset from which the value is taken; one or more.
    schema : mapping
        The table's own Table Schema: ``fields`` with ``name, title, description``.

    Returns
    -------
    Measure
        Its title and docstring are the column's; it uses ``<table>.<column>`` and the keys, so
        that its references follow. ``is_own`` marks it as that of a hypothesis, which no other
        one may name.

    Raises
    ------
    BadSpec
        If the table has no such column, no key to wars, the lag is less than a year, or the name
        is that of another measure.

    Examples
    --------
    >>> schema = {"fields": [{"name": "gwno"}, {"name": "year"}, {"name": "oil",
    ...     "title": "Oil exports", "description": "Value of oil exports."}]}
    >>> made = covariate_from_table("oil", "exports", "oil", 1, schema=schema)
    >>> made.title, made.uses[-1]
    ('Oil exports, 1 year before onset', 'exports.oil')
    """
    fields = {field["name"]: field for field in schema["fields"]}
    if column not in fields:
        raise BadSpec(f"covariate {name}: table {table} has no column {column!r}.")
    if lag_years < 1:
        raise BadSpec(
            f"covariate {name}: lag_years {lag_years}: must be 1 or more; a year's value is known "
            "only after the year."
        )
    key = key_of(table, list(fields))
    has_years = YEAR in fields
    field = fields[column]
    after = f", {lag_years} year{'s' * (lag_years > 1)} before onset" if has_years else ""

    def covariate(episodes: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
        return known_before_onset(episodes, rows, column, lag_years, table)

    covariate.__name__ = name
    covariate.__doc__ = field.get("description", "")
    uses = [f"episodes.{KEYS[key]}", f"{table}.{key}"]
    uses += ["episodes.onset_year", f"{table}.{YEAR}"] if has_years else []
    made = Measure(
        name=name,
        function=covariate,
        takes=("episodes", table),
        uses=(*uses, f"{table}.{column}"),
        kind="covariate",
        title=f"{field.get('title') or column}{after}",
        is_own=True,
    )
    there = MEASURES.get(name)
    if there is not None and (
        not there.is_own or (there.title, there.uses) != (made.title, made.uses)
    ):
        raise BadSpec(f"covariate {name}: is the name of another measure ({there.title}).")
    MEASURES[name] = made
    return made
