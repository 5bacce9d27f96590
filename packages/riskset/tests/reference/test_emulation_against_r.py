"""Marginal structural models and sequences of trials against base R, step by step."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from riskset import marginal_structural_cox, sequential_trials

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "survival"))
from treated_panels import panel

#: R's coxph stops at a relative change of the likelihood of 1e-9, and takes that step.
CONVERGED = 1e-6
ROWS = {"start": "start", "stop": "stop", "event": "event", "unit": "unit", "cluster": "group"}
CASES = {
    "absorbing": {},
    "any": {"absorbing": False},
    "lost": {"lost": "lost"},
    "truncated": {"truncate": 0.95},
}


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("emulation.R", panel(effect=-0.3))


@pytest.mark.parametrize("case", CASES)
def test_marginal_structural_models(answers, case: str) -> None:
    data = panel(effect=-0.3).sample(frac=1, random_state=4)
    fit = marginal_structural_cox(
        data,
        "on" if case == "any" else "treated",
        baseline=["frail"],
        time_varying=["burden"],
        **ROWS,
        **CASES[case],
    )
    want = answers[case]
    np.testing.assert_allclose(
        [fit.weights.min(), fit.weights.max()], want["weights"], rtol=CONVERGED
    )
    np.testing.assert_allclose(fit.params, want["coefficient"], atol=CONVERGED)
    np.testing.assert_allclose(fit.std_errors, want["error"], rtol=CONVERGED)


@pytest.mark.parametrize(
    ("case", "given"),
    [
        ("assigned", {}),
        ("protocol", {"estimand": "per protocol", "time_varying": ["frail"]}),
    ],
)
def test_sequences_of_trials(answers, case: str, given: dict) -> None:
    data = panel(effect=-0.3).sample(frac=1, random_state=4)
    fit = sequential_trials(
        data, ["burden"], treatment="treated", **ROWS, trials=range(7), horizon=5, **given
    )
    want = answers[case]
    assert fit.nobs == want["rows"][0]
    np.testing.assert_allclose(fit.params, want["coefficient"], atol=CONVERGED)
    np.testing.assert_allclose(fit.std_errors, want["error"], rtol=CONVERGED)
