"""What the estimates beside a primary say together."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from collsec.evidence.verdict import Family, further_tests, over_primaries


def estimates(*rows: tuple[str, str, float], validity: str = "principled") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["role", "label", "p_value"])
    counts = {"exposed_events": 20, "expected_events": math.nan, "exposed_clusters": 9}
    return table.assign(validity=validity, estimand="hazard_ratio", **counts)


LEAST = (5, 4)


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
    found = over_primaries(tables, ["a", "b"], LEAST)
    assert found["p_holm"] == {"a": 0.02, "b": 0.04}
    assert set(found["families"]) == {"a", "b", "c"}
    assert over_primaries(tables, ["c"], LEAST)["p_holm"] == {"c": 1e-9}


def test_a_primary_without_a_p_value_counts_in_the_family_and_has_none() -> None:
    p_values = (("a", 0.01), ("b", math.nan), ("c", 0.02))
    tables = {h: estimates(("primary", h, p)) for h, p in p_values}
    found = over_primaries(tables, ["a", "b", "c"], LEAST)["p_holm"]
    assert (found["a"], found["c"]) == (0.03, 0.04) and math.isnan(found["b"])


def test_all_other_main_estimates_are_one_list_of_discoveries() -> None:
    p_values = (("h1", 0.2), ("h4", 0.01), ("h5", 0.02), ("h6", 0.6), ("h7", math.nan))
    tables = {h: estimates(("primary", h, p)) for h, p in p_values}
    # Four tests, one of them without a p-value: 0.01 · 4 / 1, 0.02 · 4 / 2, and 0.6 · 4 / 3.
    found = over_primaries(tables, ["h1"], LEAST)
    assert found["p_holm"] == {"h1": 0.2} and math.isnan(found["q_value"].pop("h7"))
    assert found["q_value"] == pytest.approx({"h4": 0.04, "h5": 0.04, "h6": 0.8})
    # One of too few cases counts as having found nothing: 0.02 · 4 / 1, and 0.6 · 4 / 2 is above 1.
    tables["h4"] = tables["h4"].assign(expected_events=4.9)
    found = over_primaries(tables, ["h1"], LEAST)["q_value"]
    assert math.isnan(found["h4"])
    assert (found["h5"], found["h6"]) == (pytest.approx(0.08), 1.0)
    tables["h5"] = tables["h5"].assign(exposed_clusters=3)
    assert math.isnan(over_primaries(tables, ["h1"], LEAST)["q_value"]["h5"])
    assert over_primaries(tables, list(tables), LEAST)["q_value"] == {}


def test_a_p_value_at_the_level_is_not_below_it_and_one_at_the_rate_remains() -> None:
    at_level = further_tests(estimates(("secondary", "A", 0.05), ("secondary", "B", 0.1)))
    assert at_level == Family(2, 0, 0.1, ("A", "B"))
    beyond = further_tests(estimates(("secondary", "A", 0.1000001)))
    assert beyond == Family(1, 0, 0.05, ())
