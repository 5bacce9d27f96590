"""Several regimes: each is the arm of an emulated trial, and near the simulated truth."""

from __future__ import annotations

import numpy as np
import pytest

from riskset import EstimationError, treatment_regimes
from test_estimators_emulation import (
    GRACE,
    HORIZON,
    MONTE_CARLO,
    emulate,
    rows_of,
    simulated,
    truth,
)

NAMES = {"unit": "unit", "start": "start", "stop": "stop", "event": "event"}
NAMES |= {"treatment": "treated", "cluster": "country"}


def compare(units, **options):
    options = {"within": [GRACE, 12.0], "horizon": HORIZON} | options
    return treatment_regimes(rows_of(units), ["x"], **NAMES, **options)


@pytest.mark.parametrize(("never", "against"), [(True, "never"), (False, "later")])
def test_each_regime_is_an_arm(never: bool, against: str) -> None:
    units = simulated(3, 600, effect=0.5)
    found = compare(units, never=never)
    table = found.tidy().set_index(["regime", "quantity"])["estimate"]
    for grace, label in ((GRACE, "within 6"), (12.0, "within 12")):
        alone = emulate(units, grace=grace, against=against)
        assert table[label, "restricted mean"] == pytest.approx(alone.rmst["within grace"])
        if never:
            assert table["never", "restricted mean"] == pytest.approx(
                alone.rmst["not within grace"], rel=0.02
            )
    assert found.regimes == ["within 6", "within 12"] + ["never"] * never
    away = found.contrasts("within 6").set_index(["regime", "quantity"])["estimate"]
    assert away["within 12", "risk"] == pytest.approx(
        table["within 12", "risk"] - table["within 6", "risk"]
    )


def test_regimes_have_the_means_of_worlds_where_all_follow_them() -> None:
    found = compare(simulated(7, 20000, effect=0.7))
    table = found.tidy().set_index(["regime", "quantity"])["estimate"]
    assert table["within 6", "restricted mean"] == pytest.approx(
        truth("within", 0.7), abs=MONTE_CARLO
    )
    assert table["never", "restricted mean"] == pytest.approx(truth("never", 0.7), abs=MONTE_CARLO)
    # The later it may begin, the nearer to never.
    order = [table[name, "risk"] for name in found.regimes]
    assert order == sorted(order, reverse=True)


def test_draws_are_shared_and_pictures_drawn() -> None:
    units = simulated(4, 400, effect=0.5)
    found = compare(units, draws=30, seed=2)
    again = compare(units, draws=30, seed=2)
    np.testing.assert_array_equal(found.draws, again.draws)
    away = found.contrasts()
    assert (away["reference"] == "never").all()
    assert (away["ci_low"] < away["ci_high"]).all() and (away["std_error"] > 0).all()
    own = found.tidy().set_index(["regime", "quantity"])["std_error"]
    near = found.contrasts("within 12").set_index(["regime", "quantity"])["std_error"]
    # Two regimes that share most of their followers differ by less than each moves alone.
    assert near["within 6", "risk"] < np.hypot(own["within 6", "risk"], own["within 12", "risk"])
    assert len(found.plot().get_lines()) == 3
    assert "treated within 6" in repr(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"within": [6.0], "never": False}, "one regime cannot be compared"),
        ({"within": [0.0, 6.0]}, "grace periods lie above zero"),
        ({"within": [6.0, 90.0]}, "grace periods lie above zero"),
        ({"horizon": 1000.0}, "beyond the last follow-up"),
        ({"truncate": 2}, "truncate is a quantile"),
        ({"within": ["six"]}, "within must be numbers"),
    ],
)
def test_refusals(options: dict, message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        compare(simulated(3, 200, effect=0.0), **options)


def test_an_unknown_reference_is_named() -> None:
    with pytest.raises(EstimationError, match="no regime 'soon'; regimes are 'within 6'"):
        compare(simulated(3, 200, effect=0.0)).contrasts("soon")
