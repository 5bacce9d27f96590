"""Peace up to a horizon: shares and months on paper, and by the library's own estimators."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from collsec.designs.horizons import product_limit, up_to, weighted_peace
from collsec.designs.inputs import Prepared
from collsec.histories.panels import DAYS_PER_MONTH, days_of
from riskset import EstimationError, kaplan_meier, rmst

YEAR = days_of(12)


def peace(rows: list[tuple[int, float, bool, int]]) -> Prepared:
    """Spells of peace: stratum, years followed, whether a new war came, whether exposed."""
    made = pd.DataFrame(rows, columns=["stratum", "years", "event", "x"])
    made = made.assign(start=0.0, stop=made["years"] * YEAR, unit_id=range(len(rows)))
    nothing = pd.DataFrame()
    return Prepared(nothing, nothing, made, "x", (), ("stratum",), None, nothing)


SPELLS = peace(
    [
        (0, 5, False, 1),
        (1, 5, False, 1),
        (1, 5, False, 1),
        (1, 1, True, 1),
        (0, 5, False, 0),
        (0, 1, True, 0),
        (1, 5, False, 0),
        (1, 5, False, 0),
        (1, 1, True, 0),
        (1, 1, True, 0),
        (1, 1, True, 0),
        (2, 1, True, 0),  # no spell of this stratum is exposed
    ]
)


def test_those_without_are_weighted_to_the_strata_of_those_with_it() -> None:
    """One in four of the exposed is of stratum 0, where a half stays at peace; else two in five."""
    until = up_to(SPELLS, 24)
    present = weighted_peace(until.rows, until, 1.0, 24)
    assert present.share == pytest.approx(3 / 4)
    # One year at peace for all by definition, then 24 months for three and 12 for one.
    assert present.months == pytest.approx(12 + (3 * 24 + 12) / 4, abs=0.02)
    absent = weighted_peace(until.rows, until, 0.0, 24)
    assert absent.share == pytest.approx(1 / 4 * 1 / 2 + 3 / 4 * 2 / 5)
    own = 1 / 4 * (24 + 12) / 2 + 3 / 4 * (2 * 24 + 3 * 12) / 5
    assert absent.months == pytest.approx(12 + own, abs=0.02)


def test_what_comes_after_the_horizon_does_not_count() -> None:
    late = peace([(0, 3, True, 1), (0, 1, True, 0), (0, 4, False, 0), (0, 2, True, 1)])
    until = up_to(late, 24)
    assert until.rows["event"].tolist() == [False, True, False, True]
    assert until.rows["stop"].tolist() == [days_of(24), YEAR, days_of(24), 2 * YEAR]
    # 24 months are a day longer, or as long, as two rounded years.
    assert weighted_peace(until.rows, until, 1.0, 24).share == 0.5


def test_share_and_mean_are_those_of_the_library() -> None:
    rng = np.random.default_rng(1)
    stop = rng.exponential(900, 60).round() + 1
    event = rng.random(60) < 0.7
    rows = pd.DataFrame({"stop": np.minimum(stop, 1000.0), "event": event & (stop <= 1000)})
    share, area = product_limit(rows["stop"].to_numpy(), rows["event"].to_numpy(bool), 1000.0)
    curve = kaplan_meier(rows, stop="stop", event="event")
    assert share == pytest.approx(float(curve.at([1000.0])["survival"].iloc[0]))
    assert area == pytest.approx(rmst(rows, horizon=1000.0, stop="stop", event="event").estimate)


def test_a_group_that_nobody_follows_to_the_horizon_has_no_share() -> None:
    short = dataclasses.replace(SPELLS, rows=SPELLS.rows.assign(stop=YEAR * 1.0))
    with pytest.raises(EstimationError, match="followed to the horizon"):
        weighted_peace(up_to(short, 24).rows, short, 1.0, 24)
    assert product_limit(np.array([500.0]), np.array([False]), 500.0) == (1.0, 500.0)
    assert 30 < DAYS_PER_MONTH < 31
