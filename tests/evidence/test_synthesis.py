"""What the estimates beside a primary say together."""

from __future__ import annotations

import math

import pandas as pd

from collsec.evidence.verdict import Family, further_tests, over_primaries


def estimates(*rows: tuple[str, str, float], validity: str = "principled") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["role", "label", "p_value"])
    return table.assign(validity=validity, estimand="hazard_ratio")


def test_small_p_values_are_counted_against_those_that_chance_would_give() -> None:
    rows = estimates(
        ("primary", "P", 0.001),
        ("lag", "L", 0.001),
        ("variant", "V", 0.001),
        ("secondary", "A", 0.004),
        ("outcome", "B", 0.04),
        ("trial", "C", 0.3),
        ("trial", "D", math.nan),
        ("mechanism", "E", 0.9),
    )
    # Four questions: 0.004 x 4 = 0.016 stays below 0.10; 0.04 x 4 / 2 = 0.08 does too.
    assert further_tests(rows) == Family(4, 2, 0.2, ("A", "B"), 0.05, 0.10)


def test_one_small_p_value_among_many_does_not_remain() -> None:
    rows = estimates(("outcome", "A", 0.04), *(("outcome", "B", 0.5 + i / 100) for i in range(9)))
    found = further_tests(rows)
    assert (found.tests, found.low, found.by_chance, found.remaining) == (10, 1, 0.5, ())


def test_biased_estimates_and_what_has_no_p_value_are_no_further_questions() -> None:
    biased = estimates(("secondary", "A", 0.001), validity="known-biased")
    months = estimates(("secondary", "The primary in months", float("nan")))
    for rows in (biased, months):
        assert further_tests(rows) == Family(0, 0, 0.0, ())


def test_holm_over_the_named_primaries_only() -> None:
    tables = {h: estimates(("primary", h, p)) for h, p in (("a", 0.01), ("b", 0.04), ("c", 1e-9))}
    found = over_primaries(tables, ["a", "b"])
    assert found["p_holm"] == {"a": 0.02, "b": 0.04}
    assert set(found["families"]) == {"a", "b", "c"}
    assert over_primaries(tables, ["c"])["p_holm"] == {"c": 1e-9}


def test_a_primary_without_a_p_value_counts_in_the_family_and_has_none() -> None:
    p_values = (("a", 0.01), ("b", math.nan), ("c", 0.02))
    tables = {h: estimates(("primary", h, p)) for h, p in p_values}
    found = over_primaries(tables, ["a", "b", "c"])["p_holm"]
    assert (found["a"], found["c"]) == (0.03, 0.04) and math.isnan(found["b"])


def test_a_p_value_at_the_level_is_not_below_it_and_one_at_the_rate_remains() -> None:
    at_level = further_tests(estimates(("secondary", "A", 0.05), ("secondary", "B", 0.1)))
    assert at_level == Family(2, 0, 0.1, ("A", "B"))
    beyond = further_tests(estimates(("secondary", "A", 0.1000001)))
    assert beyond == Family(1, 0, 0.05, ())
