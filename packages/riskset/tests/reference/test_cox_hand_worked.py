"""The Cox model against cases worked by hand, and at zero in closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hand_worked import ANSWERS, RIGHT_CENSORED, START_STOP, WEIGHTED

from riskset import cox_ph

#: The answers carry 15 digits; Newton's method ends within 1e-15 of them.
HAND_WORKED = 1e-9

CASES = {"right_censored": RIGHT_CENSORED, "start_stop": START_STOP, "weighted": WEIGHTED}


def fit(case: str, ties: str):
    data = CASES[case]
    return cox_ph(
        data,
        ["x"],
        start="start" if "start" in data else None,
        stop="stop",
        event="event",
        weights="weight" if "weight" in data else None,
        ties=ties,
    )


@pytest.mark.parametrize(("case", "ties"), ANSWERS)
def test_every_quantity_equals_the_hand_worked_one(case: str, ties: str) -> None:
    model, want = fit(case, ties), ANSWERS[case, ties]
    curve = model.predict_survival({"x": 0}, times=want["time"])
    got = {
        "coefficient": model.params,
        "loglik": model.loglik,
        "variance": np.diag(model.cov),
        "martingale": model.martingale(),
        "schoenfeld": model.schoenfeld()["x"],
        "score": model.score_residuals()["x"],
        "survival": curve["survival"],
        "hazard_error": curve["std_error"],
    }
    assert set(got) == set(want) - {"time"}
    for name, value in got.items():
        np.testing.assert_allclose(
            np.asarray(value), want[name], rtol=HAND_WORKED, atol=HAND_WORKED, err_msg=name
        )


@pytest.mark.parametrize(
    ("case", "ties", "loglik", "information"),
    [
        ("right_censored", "breslow", -np.log(6 * 4 * 4), 5 / 8),
        ("right_censored", "efron", -np.log(6 * 4 * 3), 83 / 144),
        ("start_stop", "breslow", -9.39266192877014, 1.56722222222222),
        ("start_stop", "efron", -9.16951837745593, 1.57722222222222),
    ],
)
def test_likelihood_and_information_at_zero(
    case: str, ties: str, loglik: float, information: float
) -> None:
    design = fit(case, ties).design
    null = design.evaluate(np.zeros(1))
    assert null.loglik == pytest.approx(loglik, rel=HAND_WORKED)
    assert null.information[0, 0] * design.scale[0] ** 2 == pytest.approx(
        information, rel=HAND_WORKED
    )


@pytest.mark.parametrize(("ties", "chi2"), [("breslow", 1.6), ("efron", 2.03614457831325)])
def test_score_test(ties: str, chi2: float) -> None:
    assert fit("right_censored", ties).score_test == pytest.approx(chi2, rel=HAND_WORKED)


def test_right_censored_breslow_estimate_in_closed_form() -> None:
    """With r = exp(β) the score is 2 − 3r/(3r+3) − 2r/(r+3), zero where r² − 3r − 6 = 0."""
    estimate = fit("right_censored", "breslow").params["x"]
    assert estimate == pytest.approx(np.log((3 + np.sqrt(33)) / 2), rel=HAND_WORKED)


def test_residuals_keep_the_labels_of_the_rows() -> None:
    labeled = RIGHT_CENSORED.set_axis(list("abcdef"))
    model = cox_ph(labeled, ["x"], stop="stop", event="event")
    assert list(model.martingale().index) == list("abcdef")
    assert list(model.schoenfeld().index) == list("bdea")
    pd.testing.assert_index_equal(model.score_residuals().index, labeled.index)
