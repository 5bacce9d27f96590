"""The committed second coding: drawn by the rules, blind by its sheet, settled in the tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.tables.consistency import Encyclopedias
from collsec.tables.repeat_coding import TABLE, RepeatRules, agreement

RAW = Path(__file__).resolve().parents[2] / "data" / "raw"
RULES = rules(RepeatRules)


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(RAW / "coded" / f"{name}.csv", dtype=str, keep_default_na=False)


SECOND = read(TABLE)


def test_what_is_coded_again_is_what_the_rules_draw() -> None:
    for name, one in RULES.tables.items():
        rows = SECOND[SECOND["coded_table"] == name]
        drawn = RULES.drawn(name, read(name))
        expected = {(unit, column) for unit in drawn for column in one.columns}
        assert set(zip(rows["coded_key"], rows["coded_column"], strict=True)) == expected, name
        assert len(rows) == len(expected)
    assert set(SECOND["coded_table"]) == set(RULES.tables)


def test_what_was_not_read_holds_no_value_and_what_was_read_has_an_address() -> None:
    unread, was_read = (SECOND[SECOND["is_read"] == yes] for yes in ("false", "true"))
    own = ["second_value", "settled_value", "settlement", "source", "basis", "coded_date"]
    assert (unread[own] == "").all(axis=None)
    assert (was_read[["source", "basis", "coded_date"]] != "").all(axis=None)


def test_each_difference_is_settled_and_the_table_has_the_value_that_stands() -> None:
    """A first value that is wrong is corrected in its table; what agreed is as it was."""
    now = {name: RULES.values(name, read(name)) for name in RULES.tables}
    was_read = SECOND[SECOND["is_read"] == "true"]
    for row in was_read.itertuples(index=False):
        agree = row.first_value == row.second_value
        assert (row.settlement == "") == agree, row.repeat_id
        stands = row.first_value if agree else row.settled_value
        assert now[row.coded_table][row.coded_key, row.coded_column] == stands, row.repeat_id


@pytest.mark.parametrize("name", sorted(RULES.tables))
def test_keys_and_columns_of_the_rules_exist(name: str) -> None:
    one = RULES.tables[name]
    assert {one.key, *one.shown, *one.columns} <= set(read(name).columns)
    assert not {one.key, *one.shown} & set(one.columns), "a coder would see what is coded"


def test_every_table_was_read_in_part() -> None:
    found = agreement(SECOND)
    for name in RULES.tables:
        assert any(one.read for (table, _), one in found.items() if table == name), name


def test_the_rules_print_what_is_in_the_table() -> None:
    """Units drawn, units read in part, values read and values that agree, by table."""
    found = agreement(SECOND)
    text = (RAW / "CODING.md").read_text(encoding="utf-8")
    for name, rows in SECOND.groupby("coded_table"):
        of_table = [one for (table, _), one in found.items() if table == name]
        units = rows["coded_key"].nunique()
        was_read = rows.loc[rows["is_read"] == "true", "coded_key"].nunique()
        read_values, agreeing = (sum(getattr(o, n) for o in of_table) for n in ("read", "agreeing"))
        assert f"| `{name}` | {units} | {was_read} | {read_values} | {agreeing} |" in text, name


def test_no_row_rests_on_an_encyclopedia_alone() -> None:
    """`collsec.tables.consistency` holds that such a row carries the mark; none does."""
    mark = rules(Encyclopedias).mark
    for path in sorted(RAW.glob("c*/*.csv")):
        assert mark not in path.read_text(encoding="utf-8"), path.name
