"""The posterior on a grid against the formula for two normals, and what is printed of it."""

from __future__ import annotations

import dataclasses
import math

import pytest
from scipy import stats

from by_hand import estimate
from collsec.evidence.posterior import GRID, SKEPTICAL, normal_prior, posterior, quantities

# A step of the grid is a thousandth of a logarithm.
STEP = 2e-3
PRIMARY = estimate(math.log(2.0), 0.4)


@pytest.mark.parametrize("span", [SKEPTICAL, (0.25, 0.5)])
@pytest.mark.parametrize(("log_ratio", "error"), [(0.0, 0.3), (1.0, 0.4), (-2.0, 0.2)])
def test_two_normals_give_a_normal(
    log_ratio: float, error: float, span: tuple[float, float]
) -> None:
    found = posterior(log_ratio, error, normal_prior(*span), (0.8, 1.25))
    center = (math.log(span[0]) + math.log(span[1])) / 2
    spread = math.log(span[1] / span[0]) / (2 * stats.norm.ppf(0.975))
    weight = 1 / spread**2 + 1 / error**2
    mean = (center / spread**2 + log_ratio / error**2) / weight
    exact = stats.norm(mean, 1 / math.sqrt(weight))
    assert found.above == pytest.approx(exact.sf(0), abs=STEP)
    assert found.within == pytest.approx(
        exact.cdf(math.log(1.25)) - exact.cdf(math.log(0.8)), abs=STEP
    )
    assert math.log(found.median) == pytest.approx(mean, abs=STEP)
    assert math.log(found.low) == pytest.approx(exact.ppf(0.025), abs=STEP)
    assert math.log(found.high) == pytest.approx(exact.ppf(0.975), abs=STEP)


def test_a_skeptic_is_drawn_toward_no_effect() -> None:
    found = quantities(PRIMARY, (0.8, 1.25), None, power=0.8)
    assert 1 < found["posterior.skeptical.median"].value < 2
    assert 0.8 < found["posterior.skeptical.above"].value < 1
    total = found["posterior.skeptical.above"].value + found["posterior.skeptical.below"].value
    assert total == pytest.approx(1)
    assert not any("literature" in name for name in found)


def test_earlier_studies_enter_where_they_have_a_number() -> None:
    found = quantities(PRIMARY, (0.8, 1.25), (0.25, 0.5), power=0.8)
    assert found["posterior.literature.prior_low"].value == 0.25
    assert found["posterior.literature.median"].value < found["posterior.skeptical.median"].value


def test_nothing_is_said_of_an_estimate_without_an_error() -> None:
    assert (
        quantities(dataclasses.replace(PRIMARY, std_error=math.nan), (0.8, 1.25), None, power=0.8)
        == {}
    )
    assert (
        quantities(dataclasses.replace(PRIMARY, estimate=0.0), (0.8, 1.25), None, power=0.8) == {}
    )


def test_without_news_a_skeptic_holds_as_much_above_as_below() -> None:
    assert SKEPTICAL == (0.5, 2.0)
    found = posterior(0.0, 0.3, normal_prior(*SKEPTICAL), (1.0, 1.0))
    assert found.above == pytest.approx(0.5, abs=1e-12)
    # The ratio of one alone holds one step of the grid: density times a thousandth.
    spread = math.log(2.0) / stats.norm.ppf(0.975)
    at_one = stats.norm(0, 1 / math.sqrt(1 / spread**2 + 1 / 0.3**2)).pdf(0) / 1000
    assert found.within == pytest.approx(at_one, rel=1e-6)
    assert found.low * found.high == pytest.approx(1.0, abs=2 * STEP)
    assert len(GRID) == 12_001 and (GRID[0], GRID[6000], GRID[-1]) == (-6.0, 0.0, 6.0)


@pytest.mark.parametrize(
    ("change", "is_said"),
    [
        ({"estimate": 0.5}, True),
        ({"std_error": 0.0}, False),
        ({"std_error": math.inf}, False),
        ({"estimate": math.inf}, False),
        ({"estimate": -1.0}, False),
    ],
)
def test_only_a_ratio_with_an_error_has_a_posterior(
    change: dict[str, float], is_said: bool
) -> None:
    found = quantities(dataclasses.replace(PRIMARY, **change), (0.8, 1.25), None, power=0.8)
    assert bool(found) is is_said
    if is_said:
        assert found["posterior.skeptical.prior_low"].value == 0.5
        assert found["posterior.skeptical.prior_high"].value == 2.0
        assert found["posterior.skeptical.median"].value < 1
