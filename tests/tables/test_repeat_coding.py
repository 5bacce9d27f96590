"""The second coding: what is drawn, and how far two codings agree, against numbers by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from collsec.tables.repeat_coding import (
    TOLERANCE_DAYS,
    RepeatRules,
    agreement,
    as_set,
    kappa,
    said,
)

RULES = RepeatRules.model_validate(
    {
        "title": "t",
        "sources": [],
        "seed": 1,
        "units": 2,
        "tables": {
            "acts": {"key": "act", "shown": ["day"], "columns": ["war"], "basis": "document"}
        },
    }
)
ACTS = pd.DataFrame(
    {
        "act": ["a", "a", "b", "c", "d"],
        "day": ["1950-01-01", "1950-01-01", "1951-01-01", "", "1953-01-01"],
        "war": ["20", "3", "", "4", "5"],
        "basis": ["document"] * 4 + ["file"],
    }
)


def rows(column: str, *values: tuple[str, str] | None) -> pd.DataFrame:
    """A table of second values; None where nothing was read."""
    return pd.DataFrame(
        {
            "coded_table": "acts",
            "coded_column": column,
            "is_read": ["false" if v is None else "true" for v in values],
            "first_value": [v[0] if v else "x" for v in values],
            "second_value": [v[1] if v else "" for v in values],
        }
    )


def test_kappa_by_hand() -> None:
    # Both codings say "a" of half: chance agrees in half. 7 of 10 agree: (0.7 - 0.5) / 0.5.
    first, second = "aaaaabbbbb", "aaaabbbbaa"
    assert sum(x == y for x, y in zip(first, second, strict=True)) == 7
    assert kappa(first, second) == pytest.approx((0.7 - (0.5 * 0.6 + 0.5 * 0.4)) / 0.5)
    # Shares 0.8 and 0.2 in both: chance 0.68; 3 of 5 agree, worse than chance.
    assert kappa("aaaab", "baaaa") == pytest.approx((0.6 - 0.68) / 0.32)
    assert kappa("abc", "abc") == 1
    assert kappa("aabb", "abab") == 0
    # Another word for the same kind of unit is no agreement by chance: 0 of 2, chance 0.
    assert kappa("aa", "bc") == 0


def test_kappa_is_not_defined_where_chance_alone_agrees_or_nothing_is_there() -> None:
    assert math.isnan(kappa("aaa", "aaa"))
    assert math.isnan(kappa("", ""))


def test_what_was_not_read_is_sampled_and_never_agrees() -> None:
    one = agreement(rows("war", ("3", "3"), ("3", "4"), ("4", "4"), None, None))["acts", "war"]
    assert (one.sampled, one.read, one.agreeing) == (5, 3, 2)
    assert one.share == pytest.approx(2 / 3)
    # Chance: 2/3 × 1/3 twice; (2/3 - 4/9) / (5/9) = 0.4.
    assert one.kappa == pytest.approx(0.4)
    assert said(one) == "repeat coding: 5 sampled, 3 read, 2 agree, kappa 0.40"
    none = agreement(rows("war", None, None))["acts", "war"]
    assert (none.sampled, none.read, none.agreeing) == (2, 0, 0)
    assert math.isnan(none.share) and said(none) == "repeat coding: 2 sampled, none read"


def test_dates_agree_within_the_tolerance_and_differences_have_a_sign() -> None:
    found = agreement(
        rows(
            "day",
            ("1990-01-31", "1990-01-01"),  # 30 days earlier: a month's last day
            ("1990-01-01", "1990-02-01"),  # 31 days later
            ("1990-01-01", "1990-02-02"),  # 32 days later: too far
            ("", ""),  # both say that there is none
            ("1990-01-01", ""),  # one says that there is none
        )
    )["acts", "day"]
    assert TOLERANCE_DAYS == 31
    assert (found.sampled, found.read, found.agreeing) == (5, 5, 3)
    assert found.difference_days == pytest.approx((-30 + 31 + 32) / 3)
    assert math.isnan(found.kappa)


def test_a_sample_depends_on_the_seed_and_the_key_alone() -> None:
    drawn = RULES.drawn("acts", ACTS)
    assert len(drawn) == 2 and "d" not in drawn  # another basis
    assert RULES.drawn("acts", ACTS[::-1]) == drawn
    larger = RULES.model_copy(update={"units": 3}).drawn("acts", ACTS)
    assert larger[:2] == drawn and set(larger) == {"a", "b", "c"}
    orders = {
        tuple(RULES.model_copy(update={"seed": seed, "units": 3}).drawn("acts", ACTS))
        for seed in range(20)
    }
    assert len(orders) > 1


def test_the_sheet_shows_keys_and_no_coded_value() -> None:
    sheet = RULES.model_copy(update={"units": 3}).sheet("acts", ACTS)
    assert sheet == {"a": "a, 1950-01-01", "b": "b, 1951-01-01", "c": "c"}


def test_values_of_several_rows_are_a_set() -> None:
    assert RULES.values("acts", ACTS).to_dict() == {
        ("a", "war"): "20;3",
        ("b", "war"): "",
        ("c", "war"): "4",
        ("d", "war"): "5",
    }
    assert as_set(["b;a", "", "a"]) == "a;b"
