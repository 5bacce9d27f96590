"""What the estimates beside a primary say together."""

from __future__ import annotations

import math

import pandas as pd

from collsec.evidence.synthesis import beside_the_primary, over_primaries


def estimates(*rows: tuple[str, str, float], validity: str = "principled") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["role", "label", "p_value"])
    return table.assign(validity=validity, estimand="hazard_ratio")


def test_small_p_values_are_counted_beside_those_that_chance_would_give() -> None:
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
    assert beside_the_primary(rows) == (
        "Of 4 estimates beside the primary 2 have a p-value below 0.05; 0.2 would, were there no "
        "effect anywhere. At a false discovery rate of 10 % (Benjamini and Hochberg) 2 remain "
        "(A; B)."
    )


def test_one_small_p_value_among_many_does_not_remain() -> None:
    rows = estimates(("outcome", "A", 0.04), *(("outcome", "B", 0.5 + i / 100) for i in range(9)))
    assert beside_the_primary(rows).endswith("(Benjamini and Hochberg) none remains.")


def test_biased_estimates_and_what_has_no_p_value_are_no_further_questions() -> None:
    assert beside_the_primary(estimates(("secondary", "A", 0.001), validity="known-biased")) == (
        "No other estimate has a p-value."
    )
    months = estimates(("secondary", "The primary in months", float("nan")))
    assert beside_the_primary(months) == "No other estimate has a p-value."


def test_holm_over_the_primaries_stands_beside() -> None:
    tables = {h: estimates(("primary", h, p)) for h, p in (("h1", 0.01), ("h2", 0.04))}
    found = over_primaries(tables, ["h1", "h2"])
    assert found["p_holm"] == {"h1": 0.02, "h2": 0.04}
    assert set(found["variables"]) == {
        "h1.primary.p_holm",
        "h2.primary.p_holm",
        "h1.multiplicity",
        "h2.multiplicity",
    }
