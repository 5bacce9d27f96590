"""Firth's Cox model: cases with an answer on paper, and the ordinary fit where events are many."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from riskset import EstimationError, cox_ph, firth_cox


def risk_sets(
    exposed_events: int,
    others: int,
    exposed: int = 2,
    unexposed: int = 6,
) -> pd.DataFrame:
    """Strata alike, each with one event: the exposed share of each is the same number.

    With ``p`` the chance that an event falls on the exposed, the penalized likelihood is
    ``d log p + (K − d) log(1 − p) + ½ log{K p (1 − p)}``, largest at ``p = (d + ½)/(K + 1)``.
    """
    rows = []
    for place in range(exposed_events + others):
        falls_on = 1.0 if place < exposed_events else 0.0
        for x, size in ((1.0, exposed), (0.0, unexposed)):
            for i in range(size):
                rows.append(
                    (place, x, 1.0 if x == falls_on and i == 0 else 2.0, x == falls_on and i == 0)
                )
    return pd.DataFrame(rows, columns=["stratum", "x", "stop", "event"])


@pytest.mark.parametrize(("exposed_events", "others"), [(0, 1), (0, 9), (3, 6), (5, 0)])
def test_the_estimate_is_the_one_on_paper(exposed_events: int, others: int) -> None:
    data = risk_sets(exposed_events, others)
    found = firth_cox(data, ["x"], stop="stop", event="event", strata="stratum")
    share = (exposed_events + 0.5) / (exposed_events + others + 1)
    assert math.exp(found.estimate) == pytest.approx(share / (1 - share) * 6 / 2, rel=1e-5)


def test_the_limits_solve_the_profile_on_paper() -> None:
    """No event among nine falls on the exposed: the upper limit is finite, and is known."""
    found = firth_cox(risk_sets(0, 9), ["x"], stop="stop", event="event", strata="stratum")

    def penalized(ratio: float) -> float:
        p = ratio * 2 / (ratio * 2 + 6)
        return 9.5 * math.log(1 - p) + 0.5 * math.log(p)

    top = penalized(math.exp(found.estimate))
    assert top - penalized(math.exp(found.ci_high)) == pytest.approx(3.841459 / 2, rel=1e-4)
    assert top - penalized(math.exp(found.ci_low)) == pytest.approx(3.841459 / 2, rel=1e-4)
    assert found.ci_high < math.inf
    ratio = 2 * (top - penalized(1.0))
    assert found.p_value == pytest.approx(math.erfc(math.sqrt(ratio / 2)), rel=1e-6)
    narrow = firth_cox(
        risk_sets(0, 9), ["x"], stop="stop", event="event", strata="stratum", level=0.5
    )
    assert top - penalized(math.exp(narrow.ci_high)) == pytest.approx(0.454936 / 2, rel=1e-4)
    assert found.ci_low < narrow.ci_low < found.estimate
    with pytest.raises(EstimationError):
        cox_ph(risk_sets(0, 9), ["x"], stop="stop", event="event", strata="stratum")


def test_with_many_events_it_is_the_ordinary_fit_and_further_covariates_are_estimated() -> None:
    rng = np.random.default_rng(8)
    data = pd.DataFrame(
        {"x": rng.integers(0, 2, 1500).astype(float), "z": rng.standard_normal(1500)}
    )
    time = rng.exponential(1 / np.exp(0.6 * data["x"] - 0.3 * data["z"]))
    data = data.assign(stop=np.minimum(time, 3.0), event=time < 3.0)
    ours = firth_cox(data, ["x", "z"], stop="stop", event="event")
    plain = cox_ph(data, ["x", "z"], stop="stop", event="event")
    assert ours.estimate == pytest.approx(float(plain.params["x"]), abs=0.003)
    assert ours.params["z"] == pytest.approx(float(plain.params["z"]), abs=0.003)
    half = 1.959964 * float(plain.std_errors["x"])
    assert ours.ci_high - ours.estimate == pytest.approx(half, rel=0.02)
    assert ours.p_value < 1e-6


def test_a_covariate_that_never_varies_is_refused() -> None:
    data = risk_sets(1, 2).assign(x=1.0)
    with pytest.raises(EstimationError):
        firth_cox(data, ["x"], stop="stop", event="event", strata="stratum")
