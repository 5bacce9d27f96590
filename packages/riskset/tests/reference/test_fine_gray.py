"""Fine and Gray's model against R's survival, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskset import EstimationError, fine_gray

#: Eight printed decimals: half a unit of the last.
PRINTED = 5.1e-9
#: R is asked to go on until the log-likelihood stands still; what remains is rounding.
ROUNDING = 1e-9

ROWS = {"unit": "unit", "start": "start", "stop": "stop", "cause": "cause"}


def spells() -> pd.DataFrame:
    """Units of up to four rows on an integer clock, a third of them late, with two causes."""
    rng = np.random.default_rng(1999)
    rows = []
    for unit in range(240):
        x = rng.normal()
        at = float(rng.integers(1, 7)) if unit % 3 == 0 else 0.0
        for _ in range(rng.integers(1, 5)):
            stop = at + float(rng.integers(1, 6))
            z = int(rng.integers(0, 2))
            cause = int(rng.choice(3, p=[0.6, 0.22, 0.18]))
            rows.append((unit, unit % 31, at, stop, cause, x, z))
            at = stop
            if cause:
                break
    names = ["unit", "country", "start", "stop", "cause", "x", "z"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("fine_gray.R", spells())


@pytest.mark.parametrize("entry", ["late", "prompt", "right"])
@pytest.mark.parametrize("failure", [1, 2])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_estimates_and_errors_equal_those_of_r(
    answers, ties: str, failure: int, entry: str
) -> None:
    data = spells()
    if entry == "prompt":
        data = data[data.groupby("unit")["start"].transform("min") == 0]
    if entry == "right":
        data = data.drop_duplicates("unit")
    fit = fine_gray(
        data.sample(frac=1, random_state=1),
        ["x", "z"],
        **ROWS | {"start": None if entry == "right" else "start"},
        failure=failure,
        cluster="country",
        ties=ties,
    )
    want = answers[f"{ties}-{failure}-{entry}"]
    np.testing.assert_allclose(fit.params, want["params"], rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(fit.std_errors, want["cluster_error"], rtol=0, atol=ROUNDING)
    assert fit.nobs == want["rows"][0]
    assert fit.n_events == (data["cause"] == failure).sum()


def test_reference_values(shared: Path) -> None:
    data = pd.read_csv(shared / "reference" / "sim.csv")
    fit = fine_gray(
        data, ["x", "z"], unit="id", start="start", stop="stop", cause="st", cluster="cl"
    )
    np.testing.assert_allclose(fit.params, [0.32094446, 0.91393990], rtol=0, atol=PRINTED)
    np.testing.assert_allclose(fit.std_errors, [0.08393259, 0.21832140], rtol=0, atol=PRINTED)


def test_without_censoring_a_competing_event_never_leaves() -> None:
    """All ends known: the model is Cox's with competing units followed to the end of time."""
    from riskset import cox_ph

    rng = np.random.default_rng(3)
    n = 120
    data = pd.DataFrame(
        {"unit": range(n), "x": rng.normal(size=n), "stop": rng.exponential(size=n)}
    )
    data["cause"] = rng.integers(1, 3, n)
    fit = fine_gray(data, "x", unit="unit", stop="stop", cause="cause")
    stays = data.assign(
        stop=data["stop"].where(data["cause"] == 1, data["stop"].max() + 1),
        event=data["cause"] == 1,
    )
    plain = cox_ph(stays, "x", stop="stop", event="event", cluster="unit")
    np.testing.assert_allclose(fit.params, plain.params, atol=1e-12)
    np.testing.assert_allclose(fit.std_errors, plain.std_errors, atol=1e-12)


def test_cutting_rows_changes_nothing() -> None:
    data = spells()
    middle = (data["start"] + data["stop"]) / 2
    halves = pd.concat(
        [data.assign(stop=middle, cause=0), data.assign(start=middle)], ignore_index=True
    )
    whole, cut = (fine_gray(d, ["x", "z"], **ROWS) for d in (data, halves))
    np.testing.assert_allclose(cut.params, whole.params, atol=1e-10)
    np.testing.assert_allclose(cut.std_errors, whole.std_errors, atol=1e-10)


def test_what_is_no_history_is_refused() -> None:
    data = spells()
    for broken, message in (
        (data.assign(cause=data["cause"].where(data["cause"] != 1, 0)), "'cause' is nowhere 1"),
        (data.assign(cause=data["cause"].where(data.index != 5)), "'cause' is missing in row 5"),
        (data[data.index != 1].assign(unit=data["unit"] // 2), "has a gap or an overlap"),
    ):
        with pytest.raises(EstimationError, match=message):
            fine_gray(broken, ["x", "z"], **ROWS)
    early = pd.DataFrame(
        {
            "unit": [7, 7, 8],
            "start": [0, 2, 0],
            "stop": [2, 4, 3],
            "cause": [1, 2, 1],
            "x": [0, 1, 1],
        }
    )
    with pytest.raises(EstimationError, match="'unit' 7 has an event before its last row"):
        fine_gray(early, "x", **ROWS)
