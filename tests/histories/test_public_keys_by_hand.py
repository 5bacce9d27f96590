"""Keys, lists, and calendar periods of the public tables, on days next to each other."""

from __future__ import annotations

import pandas as pd
import pytest

from by_hand import rows, told
from collsec.histories.public.keys import (
    codes_on,
    counted,
    first_days,
    known_before,
    list_codes,
    listed,
    number_of,
    period_columns,
    repeated,
    spell_columns,
    unpacked,
    with_period,
)
from collsec.histories.public.registry import (
    PublicColumn,
    PublicTable,
    When,
    carried,
    in_seconds,
    raw_columns_of,
)

STATES = rows(
    "gwno valid_from cow_code iso3",
    (30, "1990-01-01", None, None),
    (20, "1990-10-03", 25, "TWB"),
    (20, "1949-09-21", 20, "TWA"),
    (10, "1950-06-01", 1, "TEN"),
)


def days(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts))).astype("datetime64[s]")


def test_the_code_of_a_state_is_that_of_the_day() -> None:
    asked = pd.Series([20, 20, 20, 10, 10, 30, 99, None], dtype="Int64", index=range(8, 0, -1))
    on = days(
        "1990-10-03", "1990-10-02", "1900-01-01", "1950-05-31", "2000-01-01", "2000-01-01",
        "2000-01-01", "2000-01-01",
    ).set_axis(asked.index)  # fmt: skip
    found = codes_on(STATES, asked, on)
    assert told(found) == [
        (25, "TWB"),
        (20, "TWA"),
        (20, "TWA"),
        (1, "TEN"),
        (1, "TEN"),
        (None, None),
        (None, None),
        (None, None),
    ]
    assert found.index.tolist() == asked.index.tolist()


def test_codes_of_a_list_keep_its_order_and_change_on_the_day_of_a_new_span() -> None:
    lists = pd.Series(["10;20", "10;20", "20", "30;10", None, "10;20"], dtype="string")
    on = days("1990-10-02", "1990-10-03", "1990-10-04", "2000-01-01", "2000-01-01", "1990-10-01")
    index = pd.Index([3, 1, 2, 7, 8, 9])
    found = list_codes(STATES, lists.set_axis(index), on.set_axis(index), "loc")
    assert list(found) == ["cow_loc", "iso3_loc"]
    assert told(pd.DataFrame(found)) == [
        ("1;20", "TEN;TWA"),
        ("1;25", "TEN;TWB"),
        ("25", "TWB"),
        ("-;1", "-;TEN"),
        (None, None),
        ("1;20", "TEN;TWA"),
    ]
    assert found["cow_loc"].index.equals(index)


def test_a_list_is_unpacked_in_its_order() -> None:
    frame = rows("id hosts", ("a", "20;10"), ("b", None), ("c", "30"))
    assert told(unpacked(frame, "hosts", "gwno")) == [
        ("a", "20;10", 20, 1),
        ("a", "20;10", 10, 2),
        ("c", "30", 30, 1),
    ]


def test_periods_are_numbered_and_begin_and_end_on_their_days() -> None:
    on = days("1979-12-31", "1980-01-01", "1980-02-29")
    assert number_of(on, is_monthly=True).tolist() == [23759, 23760, 23761]
    assert number_of(on, is_monthly=False).tolist() == [1979, 1980, 1980]
    months = pd.DataFrame({"number": number_of(on, is_monthly=True)})
    assert told(with_period(months, is_monthly=True)) == [
        (23759, "1979-12-01", "1979-12-31", 1979, "1979-12-31", 0),
        (23760, "1980-01-01", "1980-01-31", 1980, "1980-01-31", 1),
        (23761, "1980-02-01", "1980-02-29", 1980, "1980-02-29", 2),
    ]
    years = pd.DataFrame({"number": number_of(on[:2], is_monthly=False)})
    assert told(with_period(years, is_monthly=False)) == [
        (1979, "1979-01-01", "1979-12-31", 1979),
        (1980, "1980-01-01", "1980-12-31", 1980),
    ]
    assert first_days(months["number"], is_monthly=True).tolist() == [
        pd.Timestamp(day) for day in ("1979-12-01", "1980-01-01", "1980-02-01")
    ]


def test_a_span_is_repeated_from_its_first_to_its_last_number() -> None:
    spans = rows("id first last", ("a", 3, 5), ("b", 7, 7), ("c", 8, 7), ("d", 9, 2))
    assert told(repeated(spans)) == [("a", 3), ("a", 4), ("a", 5), ("b", 7)]


def test_a_state_is_known_before_the_first_day_or_on_it() -> None:
    timeline = rows("unit known_from n m", (1, "2000-02-01", 2, 9), (1, "2000-01-01", 1, 8))
    asked = rows(
        "unit first_day", (1, "2000-02-01"), (1, "2000-02-02"), (2, "2000-02-02"), (1, "1999-01-01")
    ).astype({"first_day": "datetime64[s]"})
    asked.index = pd.Index([4, 2, 3, 1])
    found = known_before(timeline, "unit", asked, ["n", "m"])
    assert told(found) == [(1, 8), (2, 9), (0, 0), (0, 0)]
    assert found.index.tolist() == [4, 2, 3, 1]
    same = known_before(timeline, "unit", asked, ["n"], is_strict=False)
    assert told(same) == [(2,), (2,), (0,), (0,)]
    renamed = asked.rename(columns={"first_day": "day"})
    assert told(known_before(timeline, "unit", renamed, ["n"], day="day")) == told(found, "n")


def test_events_are_summed_by_unit_and_period() -> None:
    events = rows("unit number a b", (1, 5, 1, 10), (1, 5, 1, 20), (1, 6, 3, 30), (2, 5, 4, 40))
    asked = rows("unit number", (1, 6), (1, 5), (1, 7), (2, 6)).set_index(pd.Index([3, 2, 1, 0]))
    found = counted(events, "unit", asked, {"x": "a", "y": "b", "z": "a"})
    assert told(found) == [(3, 30, 3), (2, 30, 2), (0, 0, 0), (0, 0, 0)]
    assert found.index.tolist() == [3, 2, 1, 0]


def test_declarations_of_shared_columns() -> None:
    codes = listed("missions.host_gwno", "hosts")
    assert list(codes) == ["cow_hosts", "iso3_hosts"]
    assert codes["cow_hosts"].uses == (
        "missions.host_gwno", "states.cow_code", "states.gwno", "states.valid_from",
    )  # fmt: skip
    assert "`host_gwno`" in codes["iso3_hosts"].text
    uses = ("a.b",)
    assert list(period_columns(uses, is_monthly=True)) == ["month", "year", "month_id"]
    assert list(period_columns(uses, is_monthly=False)) == ["year"]
    assert {name: column.type for name, column in spell_columns(uses).items()} == {
        "start": "number",
        "stop": "number",
        "event": "boolean",
    }
    [column] = carried("t", ("x",), When.BEFORE, type_="date").values()
    assert (column.uses, column.when, column.type) == (("t.x",), When.BEFORE, "date")


def test_days_are_kept_in_seconds() -> None:
    frame = pd.DataFrame({"day": pd.to_datetime(["2000-01-01"]).as_unit("ns"), "n": [1]})
    assert in_seconds(frame).dtypes.astype(str).tolist() == ["datetime64[s]", "int64"]


@pytest.mark.parametrize("twice", [["a", "b"], ["a", "a"]])
def test_raw_columns_of_a_table_stand_once(twice: list[str]) -> None:
    columns = {"a": PublicColumn(("t.x", "t.y")), "b": PublicColumn(("t.y", "t.x"))}
    table = PublicTable("p", len, ("t",), ("t.x",), "P", ("a",), columns)
    assert raw_columns_of(table, twice, {"t": ["x", "y"]}) == ("t.x", "t.y")
