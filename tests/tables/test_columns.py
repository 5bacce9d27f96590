"""Whole columns at once: what they accept, the validator of single cells accepts too."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest
from frictionless import Resource, Schema

from collsec.tables.columns import are_whole

SCHEMA: dict[str, Any] = {
    "fields": [
        {"name": "id", "type": "string", "constraints": {"required": True, "pattern": "[a-z]+-?"}},
        {"name": "kind", "type": "string", "constraints": {"enum": ["a", "b"]}},
        {"name": "code", "type": "integer", "constraints": {"minimum": 1, "maximum": 9}},
        {"name": "level", "type": "integer", "constraints": {"enum": [1, 2], "unique": True}},
        {"name": "share", "type": "number", "constraints": {"minimum": 0, "maximum": 1}},
        {"name": "is_on", "type": "boolean", "trueValues": ["true"], "falseValues": ["false"]},
        {"name": "day", "type": "date", "constraints": {"required": True}},
    ],
    "missingValues": [""],
    "primaryKey": ["id", "code"],
}
CELLS = {
    "id": ["x", "y-", "z", "", "X"],
    "kind": ["a", "b", "", "c"],
    "code": ["1", "9", "", "0", "10"],
    "level": ["1", "2", "", "3"],
    "share": ["0", "0.5", "1", "", "1.5", "-0.1"],
    "is_on": ["true", "false", ""],
    "day": ["1990-01-31", "2000-02-29", "1990-02-30", ""],
}


def frame(*rows: list[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(CELLS), dtype=str)


def is_valid(cells: pd.DataFrame) -> bool:
    data = [list(cells.columns), *cells.to_numpy().tolist()]
    return bool(Resource(data=data, schema=Schema.from_descriptor(SCHEMA)).validate().valid)


GOOD = ["x", "a", "1", "1", "0.5", "true", "1990-01-31"]


def test_a_whole_table_is_accepted_and_each_broken_cell_is_not() -> None:
    assert are_whole(frame(GOOD), SCHEMA)
    for place, (name, cells) in enumerate(CELLS.items()):
        for cell in cells:
            row = [cell if i == place else value for i, value in enumerate(GOOD)]
            assert are_whole(frame(row), SCHEMA) == is_valid(frame(row)), (name, cell)


def test_random_tables_are_judged_as_the_validator_of_cells_judges_them() -> None:
    rng = random.Random(7)
    accepted = 0
    for _ in range(400):
        rows = [
            [rng.choice(cells[: rng.choice((2, 2, 2, len(cells)))]) for cells in CELLS.values()]
            for _ in range(rng.choice((1, 1, 2)))
        ]
        cells = frame(*rows)
        if are_whole(cells, SCHEMA):
            accepted += 1
            assert is_valid(cells), rows
    assert accepted > 50


@pytest.mark.parametrize(
    "change",
    [
        {"fields": [{"name": "id", "type": "year"}]},
        {"fields": [{"name": "id", "type": "string", "format": "email"}]},
        {"fields": [{"name": "id", "type": "string", "constraints": {"minLength": 1}}]},
        {"fields": [{"name": "id", "type": "string"}], "missingValues": ["", "NA"]},
    ],
)
def test_a_rule_that_is_not_known_is_left_to_the_validator(change: dict[str, Any]) -> None:
    assert not are_whole(pd.DataFrame({"id": ["1990"]}), change)
