"""A covariate from a column of a table: as of so many years before onset, defined by its schema."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from collsec.core.errors import BadSpec
from collsec.evidence.citation import raw_columns_used
from collsec.measures import MEASURES, SHARED, covariate_from_table, names

pytestmark = pytest.mark.usefixtures("registers")

EPISODES = pd.DataFrame(
    {
        "episode_id": ["1-1", "2-1", "3-1"],
        "conflict_id": [1, 2, 3],
        "gwno_host": [10, 20, 10],
        "onset_year": [2000, 2000, 2003],
    },
    index=[5, 6, 7],
)
YEARLY = pd.DataFrame(
    {"gwno": [10, 10, 10, 20], "year": [1998, 1999, 2002, 2000], "oil": [1.0, 2.0, None, 9.0]}
)
SCHEMA = {
    "fields": [
        {"name": "gwno"},
        {"name": "year"},
        {"name": "oil", "title": "Oil exports", "description": "Value of oil exports."},
    ]
}


def oil(lag_years: int = 1, **more: Any) -> Any:
    given = {"table": "exports", "column": "oil", "schema": SCHEMA} | more
    return covariate_from_table("oil", lag_years=lag_years, **given)


@pytest.mark.parametrize(
    ("lag", "values"), [(1, [2.0, None, None]), (2, [1.0, None, None]), (4, [None, None, 2.0])]
)
def test_the_value_is_that_of_exactly_so_many_years_before(
    lag: int, values: list[float | None]
) -> None:
    found = oil(lag)({"episodes": EPISODES, "exports": YEARLY})
    expected = pd.Series(values, index=EPISODES.index, dtype=float, name="oil")
    pd.testing.assert_series_equal(found, expected)


def test_a_year_s_value_is_never_that_of_the_onset_or_later() -> None:
    changed = YEARLY.assign(oil=YEARLY["oil"].mask(YEARLY["year"] >= 2000, 99.0))
    for frames in (YEARLY, changed):
        found = oil()({"episodes": EPISODES.iloc[:2], "exports": frames})
        assert found.fillna(-1).tolist() == [2.0, -1.0]
    with pytest.raises(BadSpec, match="known only after the year"):
        oil(0)


def test_a_table_without_years_holds_for_all_time() -> None:
    rows = pd.DataFrame({"conflict_id": [1, 3], "is_hot": pd.array([True, False], "boolean")})
    schema = {"fields": [{"name": "conflict_id"}, {"name": "is_hot"}]}
    made = oil(table="climate", column="is_hot", schema=schema)
    found = made({"episodes": EPISODES, "climate": rows})
    assert found.fillna(-1).tolist() == [1.0, -1.0, 0.0]
    assert made.title == "is_hot"


def test_definition_and_origin_are_those_of_the_column() -> None:
    assert oil(1).title == "Oil exports, 1 year before onset"
    MEASURES.pop("oil")
    made = oil(2)
    assert made.title == "Oil exports, 2 years before onset"
    assert made.function.__doc__ == "Value of oil exports."
    assert "oil" in names("covariate") and MEASURES["oil"].is_own
    # It is of one hypothesis; what any other may name does not change.
    assert "oil" not in SHARED and len(SHARED) == len(MEASURES) - 1
    assert "oil" not in set(SHARED)
    spec = {"cluster": "gwno_host", "adjustment": ["oil"]}
    episodes = ["conflict_id", "gwno_loc", "onset_date", "end_date", "last_year"]
    fields = {
        "exports": ["gwno", "year", "oil"],
        "episodes": [*episodes, "type_at_onset", "is_ended"],
        "outcomes": [],
        "host_states": [],
        "p5_ties": [],
    }
    assert raw_columns_used(spec, fields)["exports"] == ["gwno", "oil", "year"]


def test_only_what_it_declares_is_read() -> None:
    made = oil()
    frames = {"episodes": EPISODES, "exports": YEARLY.assign(noise=1)}
    kept = {
        of: frames[of][[u.partition(".")[2] for u in made.uses if u.startswith(f"{of}.")]]
        for of in made.takes
    }
    assert made(kept).equals(made(frames))


@pytest.mark.parametrize(
    ("more", "needle"),
    [
        ({"column": "gas"}, "no column 'gas'"),
        ({"schema": {"fields": [{"name": "oil"}]}}, "ties it to wars"),
    ],
)
def test_what_cannot_be_a_covariate_is_refused(more: dict[str, Any], needle: str) -> None:
    with pytest.raises(BadSpec, match=needle):
        oil(**more)
    assert "oil" not in MEASURES


def test_rows_that_contradict_each_other_and_texts_are_refused() -> None:
    twice = pd.concat([YEARLY, YEARLY.iloc[:1]])
    with pytest.raises(BadSpec, match="several rows for gwno and year"):
        oil()({"episodes": EPISODES, "exports": twice})
    text = YEARLY.assign(oil="much")
    with pytest.raises(BadSpec, match="must hold numbers"):
        oil()({"episodes": EPISODES, "exports": text})


def test_a_name_that_is_taken_is_refused_and_the_same_declaration_is_not() -> None:
    assert oil() is not oil()
    with pytest.raises(BadSpec, match="another measure"):
        oil(2)
    with pytest.raises(BadSpec, match="another measure"):
        covariate_from_table("democracy", "exports", "oil", 1, schema=SCHEMA)
