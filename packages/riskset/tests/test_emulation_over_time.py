"""Marginal structural models and sequences of trials: the truth under feedback, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskset import (
    EstimationError,
    adjusted_survival,
    cox_ph,
    marginal_structural_cox,
    sequential_trials,
)
from treated_panels import panel

ROWS = {"start": "start", "stop": "stop", "event": "event", "unit": "unit"}


@pytest.mark.full
def test_weights_take_confounding_away_where_adjustment_does_not() -> None:
    """No effect in truth: 60 samples; the mean has an error of 0.02 or so."""
    weighted, crude, holds = [], [], []
    for seed in range(60):
        data = panel(300, seed=seed)
        fit = marginal_structural_cox(data, "treated", time_varying=["burden"], **ROWS)
        low, high = fit.conf_int().loc["treated"]
        holds.append(low <= 0 <= high)
        weighted.append(fit.params["treated"])
        crude.append(
            cox_ph(data, ["treated"], start="start", stop="stop", event="event").params["treated"]
        )
    assert np.mean(crude) > 0.3
    assert abs(np.mean(weighted)) < np.mean(crude) / 3
    assert np.mean(holds) > 0.88


def test_where_nothing_confounds_weights_change_little() -> None:
    rng, data = np.random.default_rng(2), panel(400)
    data["noise"] = rng.normal(size=len(data))
    fit = marginal_structural_cox(
        data, "treated", baseline=["frail"], time_varying=["noise"], **ROWS
    )
    assert fit.diagnostics()["mean"] == pytest.approx(1, abs=0.01)
    assert fit.diagnostics()["largest"] < 1.5
    plain = cox_ph(data, ["treated", "frail"], start="start", stop="stop", event="event")
    np.testing.assert_allclose(fit.params, plain.params, atol=0.03)


def test_draws_and_order() -> None:
    data = panel(120)
    names = {"time_varying": ["burden"], "cluster": "group", **ROWS}
    fit = marginal_structural_cox(data, "treated", **names, draws=40, seed=3)
    again = marginal_structural_cox(
        data.sample(frac=1, random_state=1), "treated", **names, draws=0
    )
    assert again.params["treated"] == pytest.approx(fit.params["treated"], rel=1e-8)
    pd.testing.assert_series_equal(again.weights.sort_index(), fit.weights, rtol=1e-8)
    table = fit.bootstrap()
    assert table["std_error"].iloc[0] == pytest.approx(fit.std_errors.iloc[0], rel=0.5)
    with pytest.raises(EstimationError, match="0 usable draws are too few"):
        again.bootstrap()
    # Percentiles of the draws that could be estimated, of which 20 are enough.
    drawn = np.arange(22.0)[:, None] ** 2
    drawn[[3, 7]] = np.nan
    few = replace(fit, draws=drawn, level=0.8).bootstrap().iloc[0]
    kept = np.delete(drawn[:, 0], [3, 7])
    want = [kept.std(ddof=1), *np.quantile(kept, [0.1, 0.9])]
    np.testing.assert_allclose(few[["std_error", "ci_low", "ci_high"]].to_numpy(float), want)
    with pytest.raises(EstimationError, match="19 usable draws are too few"):
        replace(fit, draws=drawn[:21]).bootstrap()
    assert "marginal structural" in repr(fit)


def test_a_sequence_of_trials_finds_the_effect() -> None:
    """The treated hazard is two thirds of the other, frailty adjusted for; 25 samples."""
    found = [
        sequential_trials(
            panel(400, seed=seed, effect=np.log(2 / 3)),
            ["frail", "burden"],
            treatment="treated",
            estimand="per protocol",
            **ROWS,
        ).params["assigned"]
        for seed in range(25)
    ]
    assert np.mean(found) == pytest.approx(np.log(2 / 3), abs=0.12)


def test_what_a_sequence_holds() -> None:
    data = panel(200)
    fit = sequential_trials(data, ["burden"], treatment="treated", **ROWS, trials=[0, 1])
    first = data[data["start"] == 0]
    assert fit.counts.loc[0, ["units", "assigned"]].tolist() == [200, first["treated"].sum()]
    waiting = data[(data["start"] == 1) & data["unit"].isin(first[first["treated"] == 0]["unit"])]
    assert fit.counts.loc[1, "units"] == len(waiting)
    assert fit.n_events == fit.counts["events"].sum()
    # Events by trial, counted from the rows of the panel.
    ends = data.groupby("unit")["event"].max()
    first_arm = first.loc[first["treated"] == 1, "unit"]
    want = [ends.sum(), ends[first_arm].sum()]
    assert fit.counts.loc[0, ["events", "events_assigned"]].tolist() == want
    later = waiting.loc[waiting["treated"] == 1, "unit"]
    want = [len(later), ends[waiting["unit"]].sum(), ends[later].sum()]
    assert fit.counts.loc[1, ["assigned", "events", "events_assigned"]].tolist() == want
    curves = adjusted_survival(
        fit.rows, ["burden"], group="assigned", start="trial_start", stop="trial_stop",
        event="ended", unit=["unit", "trial"], cluster="group",
    )  # fmt: skip
    assert len(curves.at([3])) == 2
    data["may"] = (data["burden"] > 0).astype(int)
    fewer = sequential_trials(
        data, ["burden"], treatment="treated", **ROWS, trials=[0], eligible="may"
    )
    assert fewer.counts.loc[0, "units"] == (first["burden"] > 0).sum()


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        (lambda d: d[d["start"] != 2], {}, "has a gap"),
        (lambda d: d.assign(event=1), {}, "has the event before its last row"),
        (lambda d: d.assign(treated=d["on"]), {}, "ends its treatment"),
        (lambda d: d.assign(treated=0), {}, "no row in which it is open has it"),
        (lambda d: d.assign(burden=d["treated"]), {}, "treatment: the coefficient of 'burden'"),
        (lambda d: d, {"truncate": 99}, "truncate is a quantile"),
        (lambda d: pd.concat([d, d]), {}, "overlap"),
    ],
)
def test_refusals_of_marginal_structural_models(change, given: dict, message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        marginal_structural_cox(
            change(panel(150)), "treated", time_varying=["burden"], **ROWS, **given
        )


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        (lambda d: d, {"estimand": "as treated"}, "estimand must be"),
        (lambda d: d, {"trials": [0.5]}, "the trial at 0.5 lacks an arm"),
        (lambda d: d.assign(treated=0), {}, "no start has units that begin treatment"),
        (lambda d: d.assign(treated=d["on"]), {"estimand": "per protocol"}, "ends its treatment"),
    ],
)
def test_refusals_of_sequences(change, given: dict, message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        sequential_trials(change(panel(150)), ["burden"], treatment="treated", **ROWS, **given)
