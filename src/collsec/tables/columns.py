"""The rules of a Table Schema, checked a column at a time.

A whole table takes a few milliseconds, where one cell after another takes seconds. Only a table
that fails here, or has a rule that is not known here, is put to the validator that names the cell.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

_RULES = frozenset({"required", "unique", "enum", "minimum", "maximum", "pattern"})
_TYPES = frozenset({"string", "integer", "number", "boolean", "date"})
_NUMBERS = ("integer", "number")


def are_whole(cells: pd.DataFrame, schema: dict[str, Any]) -> bool:
    """Whether every cell keeps the rules of its column, and every row has a key of its own.

    Parameters
    ----------
    cells : DataFrame
        Text, empty where missing, each cell in the written form of its type.
    schema : dict
        A Table Schema.

    Returns
    -------
    bool
        False also where that cannot be told from whole columns.
    """
    if (cells == "").all(axis=1).any():
        return False
    if schema.get("missingValues", [""]) != [""]:
        return False
    stated = schema.get("primaryKey", [])
    key = [stated] if isinstance(stated, str) else list(stated)
    if key and (cells[key].duplicated().any() or (cells[key] == "").all(axis=1).any()):
        return False
    return all(_keeps(cells[field["name"]], field) for field in schema["fields"])


def _keeps(column: pd.Series, field: dict[str, Any]) -> bool:
    rules, kind = field.get("constraints", {}), field["type"]
    if kind not in _TYPES or not rules.keys() <= _RULES or "format" in field:
        return False
    distinct = pd.Series(column.unique())
    values = distinct[distinct != ""]
    if rules.get("required") and len(values) < len(distinct):
        return False
    if rules.get("unique") and len(distinct) < len(column):
        return False
    if kind == "date":
        if pd.to_datetime(values, format="%Y-%m-%d", errors="coerce").isna().any():
            return False
    elif kind in _NUMBERS:
        values = pd.to_numeric(values)
    if "pattern" in rules and not (
        kind == "string" and values.str.fullmatch(rules["pattern"]).all()
    ):
        return False
    if "enum" in rules and not values.isin(rules["enum"]).all():
        return False
    if "minimum" in rules and not (kind in _NUMBERS and (values >= rules["minimum"]).all()):
        return False
    return "maximum" not in rules or (kind in _NUMBERS and bool((values <= rules["maximum"]).all()))
