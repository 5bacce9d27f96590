"""Multi-state models: hand-worked probabilities, errors by refitting, coverage, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import linalg

from moves_between_states import NAMES, illness_death, moves
from riskset import (
    EstimationError,
    EstimationWarning,
    aalen_johansen,
    cox_ph,
    transition_hazards,
    transition_probabilities,
)

#: A central difference with a step of 1e-4 leaves about its square.
DERIVATIVE = 2e-6

pytestmark = pytest.mark.filterwarnings("ignore:nobody is under observation")


def test_a_case_by_hand() -> None:
    """Three units: at 2 one of three goes to talks, at 3 one of two at war to peace, and so on."""
    data = pd.DataFrame(
        [
            (1, 0, 2, "war", "talks"),
            (1, 2, 5, "talks", "peace"),
            (2, 0, 3, "war", "peace"),
            (3, 0, 4, "war", "talks"),
            (3, 4, 6, "talks", "none"),
        ],
        columns=["unit", "start", "stop", "state", "to"],
    )
    found = transition_probabilities(data, **NAMES)
    table = found.occupation([2, 3, 4, 5]).set_index(["state", "time"])["probability"]
    np.testing.assert_allclose(table["war"], [2 / 3, 1 / 3, 0, 0], atol=1e-15)
    np.testing.assert_allclose(table["talks"], [1 / 3, 1 / 3, 2 / 3, 1 / 3], atol=1e-15)
    area = found.time_in_state(5).set_index(["from_state", "to_state"])["time_in_state"]
    assert area["war", "war"] == pytest.approx(2 + 2 / 3 + 1 / 3)
    assert area["war", "talks"] == pytest.approx(1 / 3 + 1 / 3 + 2 / 3)


def test_counts_are_those_of_the_rows() -> None:
    rows = moves()
    found = transition_probabilities(rows, **NAMES, weights="w", cluster="country").counts
    want = rows[rows["to"] != "none"].groupby(["state", "to"])["w"].sum()
    got = found.set_index(["from_state", "to_state"])["n_events"]
    assert len(got) == len(want) == 4
    for pair, value in want.items():
        assert got[pair] == pytest.approx(value)


def test_two_states_are_kaplan_meier_and_causes_are_aalen_johansen() -> None:
    rows = moves()
    rows = rows[rows["state"] == "war"].assign(
        unit=lambda d: np.arange(len(d)), cause=lambda d: d["to"].replace("none", "0")
    )
    states = transition_probabilities(rows, **NAMES, cluster="country", initial="war")
    causes = aalen_johansen(
        rows, start="start", stop="stop", cause="cause", censored="0", cluster="country"
    )
    table, want = states.occupation(), causes.table
    for name in ("peace", "talks"):
        own, other = table[table["state"] == name], want[want["cause"] == name]
        for column, theirs in (("probability", "incidence"), ("std_error", "std_error")):
            np.testing.assert_allclose(own[column], other[theirs], rtol=1e-10, atol=1e-13)


def test_cutting_rows_changes_nothing() -> None:
    rows = moves()
    middle = (rows["start"] + rows["stop"]) / 2
    cut = pd.concat(
        [rows.assign(stop=middle, to="none"), rows.assign(start=middle)], ignore_index=True
    )
    whole, parts = (
        transition_probabilities(d, **NAMES, cluster="country").tidy() for d in (rows, cut)
    )
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-10)
    whole, parts = (transition_hazards(d, ["x"], **NAMES).tidy() for d in (rows, cut))
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_errors_are_those_of_the_infinitesimal_jackknife(ties: str) -> None:
    """Weight each cluster a little more and less; half the difference is its influence."""
    rows, step = moves(60, seed=3), 1e-4
    x = {"x": 0.4, "z": 1.0}

    def estimates(weight: np.ndarray) -> np.ndarray:
        weighted = rows.assign(w=weight)
        fit = transition_hazards(
            weighted, ["x", "z"], **NAMES, cluster="country", weights="w", ties=ties
        )
        found = fit.probabilities(x)
        return np.concatenate(
            (
                found.at([5, 12])["probability"],
                found.occupation([5, 12])["probability"],
                found.time_in_state(15)["time_in_state"],
                fit.params,
            )
        )

    influence = []
    for country in rows["country"].unique():
        own = (rows["country"] == country).to_numpy()
        moved = [estimates(1 + sign * step * own) for sign in (1, -1)]
        influence.append((moved[0] - moved[1]) / (2 * step))
    want = np.sqrt((np.array(influence) ** 2).sum(axis=0))
    fit = transition_hazards(rows, ["x", "z"], **NAMES, cluster="country", ties=ties)
    found = fit.probabilities(x)
    got = np.concatenate(
        (
            found.at([5, 12])["std_error"],
            found.occupation([5, 12])["std_error"],
            found.time_in_state(15)["std_error"],
            fit.std_errors,
        )
    )
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=DERIVATIVE)


def test_since_and_horizon_at_a_time_of_transitions() -> None:
    """What happens at ``since`` is past; what happens at the horizon takes no time any more."""
    rows = moves()
    for factor in (1.0, 0.1):  # tenths are no binary fractions
        scaled = rows.assign(start=rows["start"] * factor, stop=rows["stop"] * factor)
        third = factor * 3
        found = transition_probabilities(scaled, **NAMES, since=third)
        assert found.occupation(third)["probability"].tolist() == found.initial.tolist()
        late = scaled[scaled["stop"] > third + 1e-6]
        late = late.assign(start=np.maximum(late["start"], third))
        again = transition_probabilities(late, **NAMES)
        pd.testing.assert_frame_equal(found.tidy(), again.tidy(), rtol=1e-9)
        mean = found.time_in_state(factor * 9, occupation=True)["time_in_state"]
        assert mean.sum() == pytest.approx(factor * 6)


def test_one_transition_is_a_cox_model() -> None:
    rows = moves().assign(
        to=lambda d: d["to"].where((d["to"] == "none") | (d["state"] == "talks"), "peace")
    )
    rows = rows[rows["state"] == "war"].assign(
        unit=lambda d: np.arange(len(d)), ended=lambda d: (d["to"] == "peace").astype(int)
    )
    fit = transition_hazards(rows, {("war", "peace"): ["x"]}, **NAMES, cluster="country")
    cox = cox_ph(rows, ["x"], start="start", stop="stop", event="ended", cluster="country")
    assert fit.params["war → peace: x"] == cox.params["x"]
    assert fit.std_errors["war → peace: x"] == pytest.approx(cox.std_errors["x"])
    times = [3, 9, 15]
    curve = cox.predict_survival({"x": 0.7}, times=times)
    found = fit.probabilities({"x": 0.7}).at(times)
    still = found[(found["from_state"] == "war") & (found["to_state"] == "war")]
    np.testing.assert_allclose(still["probability"], curve["survival"], rtol=1e-12)
    np.testing.assert_allclose(
        still["std_error"], curve["std_error"] * curve["survival"], rtol=1e-10
    )


def truth(time: float) -> np.ndarray:
    """Return the probabilities of peace, talks and war given war at zero."""
    generator = np.array([[0, 0, 0], [0.4, -0.4, 0], [0.2, 0.3, -0.5]])
    return linalg.expm(generator * time)[2]


@pytest.mark.full
def test_intervals_hold_the_truth() -> None:
    """Of 300 samples with late entry and copied units; two standard errors of 95 % are 2.5 points.

    The sandwich of 60 clusters is a little small, which costs about a point.
    """
    rng, times, holds, area = np.random.default_rng(11), [1.0, 2.0], [], []
    whole = sum(truth(t) for t in np.arange(0.005, 2.5, 0.01)) * 0.01
    for _ in range(300):
        found = transition_probabilities(
            illness_death(rng), **NAMES, cluster="group", initial="war"
        )
        table = found.occupation(times)
        want = np.array([truth(t) for t in times]).T.ravel()
        holds.append((table["ci_low"] <= want) & (want <= table["ci_high"]))
        mean = found.time_in_state(2.5, occupation=True)
        area.append((mean["ci_low"] <= whole) & (whole <= mean["ci_high"]))
    for share in (*np.mean(holds, axis=0), *np.mean(area, axis=0)):
        assert 0.91 < share < 0.98


def test_hazard_ratios_are_found() -> None:
    rng, found = np.random.default_rng(4), []
    for _ in range(40):
        x = rng.integers(0, 2, 400).astype(float)
        leaves = rng.exponential(1 / (0.3 * np.exp(0.7 * x) + 0.2))
        talks = rng.random(400) < 0.3 * np.exp(0.7 * x) / (0.3 * np.exp(0.7 * x) + 0.2)
        data = pd.DataFrame({"unit": np.arange(400), "start": 0.0, "stop": np.minimum(leaves, 4)})
        data = data.assign(state="war", to=np.where(talks, "talks", "peace"), x=x)
        data.loc[leaves > 4, "to"] = "none"
        found.append(transition_hazards(data, "x", **NAMES).params.to_numpy())
    np.testing.assert_allclose(np.mean(found, axis=0), [0.0, 0.7], atol=0.07)


def test_effects_on_two_transitions_can_be_compared() -> None:
    fit = transition_hazards(moves(), ["x"], **NAMES, cluster="country")
    combine = np.zeros((1, 4))
    combine[0, :2] = 1, -1
    chi2, df, p = fit.wald_test(combine)
    error = np.sqrt(combine @ fit.cov.to_numpy() @ combine.T)[0, 0]
    assert df == 1 and 0 < p < 1
    assert chi2 == pytest.approx(((fit.params.iloc[0] - fit.params.iloc[1]) / error) ** 2)


def test_a_state_without_observation_is_said() -> None:
    data = pd.DataFrame(
        [
            (1, 0, 2, "war", "talks"),
            (1, 2, 3, "talks", "none"),
            (2, 0, 6, "war", "peace"),
            (3, 0, 5, "war", "talks"),
            (3, 5, 8, "talks", "peace"),
        ],
        columns=["unit", "start", "stop", "state", "to"],
    )
    with pytest.warns(EstimationWarning, match="'talks' between 3 and 5"):
        found = transition_probabilities(data, **NAMES)
    assert found.gaps()["probability"].round(3).tolist() == [0.333]


def test_rows_of_no_weight_observe_nothing() -> None:
    """Units 4 and 5 have none: talks are not observed from 3 to 5, and nobody is after 8."""
    data = pd.DataFrame(
        [
            (1, 0, 2, "war", "talks", 1),
            (1, 2, 3, "talks", "none", 1),
            (2, 0, 6, "war", "peace", 1),
            (3, 0, 5, "war", "talks", 1),
            (3, 5, 8, "talks", "peace", 1),
            (4, 2, 7, "talks", "none", 0),
            (5, 0, 12, "war", "none", 0),
        ],
        columns=["unit", "start", "stop", "state", "to", "w"],
    )
    found = transition_probabilities(data, **NAMES, weights="w")
    gap = found.gaps().iloc[0]
    assert (gap["state"], gap["from_time"], gap["to_time"]) == ("talks", 3, 5)
    assert gap["probability"] == pytest.approx(1 / 3)
    assert (found.end, found.nobs, found.n_events, found.n_clusters) == (8, 7, 4, 5)
    assert found.initial.to_dict() == {"peace": 0, "talks": 0, "war": 1}
    with pytest.raises(EstimationError, match="beyond the last follow-up"):
        found.at([8.1])
    with pytest.raises(EstimationError, match="nobody is under observation just after 9"):
        transition_probabilities(data, **NAMES, weights="w", since=9)
    # War is observed to 6 and talks to 8: what is not observed at the end is a gap as well.
    early = transition_probabilities(data.head(5).assign(stop=[2, 3, 6, 5, 9]), **NAMES)
    assert early.gaps()[["from_time", "to_time"]].to_numpy().tolist() == [[3, 5]]


def test_time_in_a_state_has_walds_interval_within_its_window() -> None:
    rows = moves(12)
    found = transition_probabilities(rows, **NAMES, since=1.0, level=0.9)
    for occupation in (False, True):
        table = found.time_in_state(9.0, occupation=occupation)
        mean, half = table["time_in_state"], 1.6448536269514722 * table["std_error"]
        np.testing.assert_allclose(table["ci_low"], np.maximum(mean - half, 0), atol=1e-12)
        np.testing.assert_allclose(table["ci_high"], np.minimum(mean + half, 8), atol=1e-12)
        assert mean.sum() == pytest.approx(8.0 * len(table) / 3)
    given = found.time_in_state(9.0)
    assert (given["ci_low"] == 0).any() and (given["ci_high"] == 8).any()  # both are cut


def test_probabilities_run_from_within_follow_up() -> None:
    rows = moves()
    first, last = rows["start"].min(), rows["stop"].max()
    assert transition_probabilities(rows, **NAMES, since=first).since == first
    for since in (first - 0.5, last):
        with pytest.raises(EstimationError, match="lies outside the follow-up"):
            transition_probabilities(rows, **NAMES, since=since)
    with pytest.raises(EstimationError, match="add up to 1, not one"):
        transition_probabilities(rows, **NAMES, initial={"war": 1.25, "peace": -0.25})


def rows_with(change: dict) -> pd.DataFrame:
    data = moves()
    return data.assign(**change)


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        ({"to": "none"}, {}, "no row leads from 'state' to another state"),
        ({"to": None}, {}, "state 'to' is missing in rows 0"),
        ({"state": "none"}, {}, "which means no transition"),
        ({"unit": 1}, {}, "overlap"),
        ({"state": "war"}, {}, "name the transition in the row that it ends"),
        ({}, {"since": 90}, "lies outside the follow-up"),
        ({}, {"initial": "truce"}, "no state 'truce'; states are 'peace', 'talks', 'war'"),
        ({}, {"initial": {"war": 0.4}}, "add up to 0.4, not one"),
        ({"one": 1}, {"cluster": "one"}, "holds one group"),
        ({}, {"level": 95}, "level must lie between 0 and 1"),
    ],
)
def test_refusals(change: dict, given: dict, message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        transition_probabilities(rows_with(change), **NAMES, **given)


def test_refusals_of_hazards_and_of_what_is_asked() -> None:
    data = moves()
    with pytest.raises(EstimationError, match=r"no transition .* occurs"):
        transition_hazards(data, {("peace", "war"): ["x"]}, **NAMES)
    with pytest.raises(EstimationError, match=r"talks → peace: covariate 'one' does not vary"):
        transition_hazards(data.assign(one=1.0), ["one"], **NAMES)
    fit = transition_hazards(data, {("war", "talks"): ["x"]}, **NAMES)
    with pytest.raises(EstimationError, match=r"unknown \['z'\]; the model has x"):
        fit.probabilities({"z": 1.0})
    found = fit.probabilities({("war", "talks"): {"x": 1.0}})
    with pytest.raises(EstimationError, match="beyond the last follow-up"):
        found.at([1000])
    with pytest.raises(EstimationError, match="lies before since=0"):
        found.at([-1])
    last = data.groupby("unit").tail(1).query("state == 'war' and to == 'none'").head(1)
    gap = pd.concat([data, last.assign(start=90, stop=95, state="talks", to="war")])
    with pytest.raises(EstimationError, match="within the gap was not seen"):
        transition_probabilities(gap, **NAMES)
