"""Multi-state models against R's survival."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from riskset import transition_hazards, transition_probabilities

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "survival"))
from moves_between_states import NAMES, moves

#: Closed forms: only the order of summation differs.
ROUNDING = 1e-11
#: R stops Newton's method at a relative change of 1e-9 of the likelihood, and takes that step.
CONVERGED = 1e-7
AT = [5, 10, 20]
CASES = {
    "units": {},
    "clusters": {"cluster": "country"},
    "weights": {"cluster": "country", "weights": "w"},
    "since": {"cluster": "country", "since": 4},
}

pytestmark = pytest.mark.filterwarnings("ignore:nobody is under observation")


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("multistate.R", moves())


def close(got, want, name: str, tolerance: float = ROUNDING) -> None:
    np.testing.assert_allclose(
        np.asarray(got, dtype=float), want, rtol=tolerance, atol=tolerance, err_msg=name
    )


@pytest.mark.parametrize("case", CASES)
def test_occupation_and_time_in_states(answers, case: str) -> None:
    want = answers[case]
    found = transition_probabilities(moves(), **NAMES, **CASES[case])
    close(found.initial, want["initial"], "initial")
    table = found.occupation(AT)
    close(table["probability"], want["probability"], "probability")
    close(table["std_error"], want["std_error"], "std_error")
    if case == "since":
        return
    area = found.time_in_state(20, occupation=True)
    before = float(want["first"].iloc[0]) - found.since
    close(area["time_in_state"] - before * found.initial.to_numpy(), want["time_in_state"], "time")


@pytest.mark.parametrize("begin", [2, 3])
def test_probabilities_given_a_state(answers, begin: int) -> None:
    found = transition_probabilities(moves(), **NAMES, cluster="country").at(AT)
    own = found[found["from_state"] == ["peace", "talks", "war"][begin - 1]]
    close(own["probability"], answers[f"from-{begin}"]["probability"], "probability")
    close(own["std_error"], answers[f"from-{begin}"]["std_error"], "std_error")


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_transition_hazards(answers, ties: str) -> None:
    fit = transition_hazards(moves(), ["x", "z"], **NAMES, cluster="country", ties=ties)
    want = answers[ties]
    # R orders transitions by the state that is entered.
    order = ["talks → peace", "war → peace", "war → talks", "talks → war"]
    names = [f"{pair}: {name}" for pair in order for name in ("x", "z")]
    close(fit.params[names], want["coefficient"], "coefficient", CONVERGED)
    close(fit.cov.loc[names, names].to_numpy().ravel(), want["covariance"], "cov", CONVERGED)
    close([fit.loglik], want["loglik"], "loglik", CONVERGED)
    if ties == "efron":
        return  # R's curves of multi-state models take Breslow's hazards whatever the ties
    table = fit.probabilities({"x": 0.5, "z": 1}).at(AT)
    for begin in (2, 3):
        own = table[table["from_state"] == ["peace", "talks", "war"][begin - 1]]
        close(own["probability"], want[f"from-{begin}"], f"from {begin}", CONVERGED)
