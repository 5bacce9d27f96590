"""What is said beside a primary: its E-values, and its checks as a record keeps them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from by_hand import estimate
from collsec.designs.checks import Placebo
from collsec.designs.estimate import Unit
from collsec.evidence.estimation import e_values, primary_checks


def confounding(ratio: float) -> float:
    """E-value of a hazard ratio above one of an outcome that is common."""
    risk = (1 - 0.5 ** math.sqrt(ratio)) / (1 - 0.5 ** math.sqrt(1 / ratio))
    return risk + math.sqrt(risk * (risk - 1))


def test_an_e_value_is_that_of_a_common_outcome() -> None:
    found = e_values(estimate(math.log(3.0), 0.2))
    assert found["primary.e_value"].value == pytest.approx(confounding(3.0))
    low = math.exp(math.log(3.0) - 1.959964 * 0.2)
    assert found["primary.e_value_limit"].value == pytest.approx(confounding(low), rel=1e-6)
    assert found["primary.e_value"].unit is Unit.RATIO
    below = e_values(estimate(math.log(0.5), 0.1))
    assert below["primary.e_value"].value == pytest.approx(confounding(2.0))
    inside = e_values(estimate(math.log(1.2), 0.5))
    assert inside["primary.e_value_limit"].value == 1.0


@pytest.mark.parametrize("value", [0.0, math.nan, math.inf])
def test_a_ratio_that_is_none_has_no_e_value(value: float) -> None:
    found = e_values(estimate(0.0, 0.5, estimate=value))
    assert all(math.isnan(quantity.value) for quantity in found.values())
    assert list(found) == ["primary.e_value", "primary.e_value_limit"]


@pytest.mark.parametrize(
    ("gap", "side"), [(0.0, "below 1e-6"), (1e-6, "below 1e-6"), (1.1e-6, "above 1e-6")]
)
def test_checks_are_plain_and_the_gap_of_engines_is_judged(gap: float, side: str) -> None:
    placebo = Placebo(estimate(0.0, 0.5), "passed")
    calibration = {"rejection_rate": 0.051234567, "estimates": np.log([2.0, 1.234567])}
    found = primary_checks(gap, calibration, [placebo], ["conflict 1"], 0.9, 0.25, math.nan)
    assert found == {
        "engine_gap": side,
        "null_calibration": {"rejection_rate": 0.0512346, "estimates": [2.0, 1.2346]},
        "falsification": [{"measure": "x", "label": "A placebo", "outcome": "passed"}],
        "sign_flips": ["conflict 1"],
        "principled_agreement": 0.9,
        "proportional_hazards_p": 0.25,
        "known_biased_rejection": None,
    }
