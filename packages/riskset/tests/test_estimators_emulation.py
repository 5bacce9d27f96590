"""Emulated trials: against simulated truth, against resampled rows, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from for_all_tests import examples
from riskset import EmulatedTrial, EstimationError, clone_censor_weight, rmst

GRACE, HORIZON = 6.0, 36.0
#: Months. Three standard errors (0.17, by bootstrap) of an arm with 20,000 units in nature; with
#: 200,000 units the arms were within 0.05 of the truth.
MONTE_CARLO = 0.5
#: Mean weights of 20,000 units, the tie-splitting of the hazard model included.
MEAN_WEIGHT = 0.06
#: What adjusting for a covariate that selects nobody may change, in months.
ADJUSTMENT = 0.1
#: The treatment model stops 1e-6 standard errors away.
REFITTED = 1e-7
#: Sums in another order.
REORDERED = 1e-9

quick = examples(10)
seeds = st.integers(0, 10**6)


def simulated(
    seed: int, n: int, *, effect: float, strategy: str = "nature", selection: float = 1.0
) -> pd.DataFrame:
    """Monthly spells. Sicker units (x) are treated sooner and end later; treatment multiplies the
    hazard of the end by exp(effect). Strategies rewrite who is treated when."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, n)
    start_at = rng.geometric(0.03 + 0.09 * selection * x).astype(float)
    if strategy == "within":
        # Redraw the time of treatment within the grace period, given x.
        chance = 0.03 + 0.09 * selection * x
        u = rng.random(n) * (1 - (1 - chance) ** GRACE)
        start_at = np.ceil(np.log1p(-u) / np.log1p(-chance))
    if strategy == "later":
        start_at = GRACE + rng.geometric(0.03 + 0.09 * selection * x)
    if strategy == "never":
        start_at = np.full(n, np.inf)
    end = np.full(n, 120.0)
    alive = np.ones(n, dtype=bool)
    for month in range(1, 121):
        hazard = 0.04 * np.exp(-0.8 * x + effect * (start_at < month))
        dies = alive & (rng.random(n) < hazard)
        end[dies] = month
        alive &= ~dies
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "country": np.arange(n) % max(n // 5, 2),
            "x": x,
            "treated_at": start_at,
            "end": end,
            "event": (end < 120).astype(int),
        }
    )


def rows_of(units: pd.DataFrame) -> pd.DataFrame:
    """Cut units at the beginning of treatment; treated on the day of the end is untreated."""
    begins = units["treated_at"] < units["end"]
    before = units.assign(
        start=0.0,
        stop=units["end"].where(~begins, units["treated_at"]),
        event=units["event"].where(~begins, 0),
        treated=0,
    )
    after = units[begins].assign(start=units["treated_at"], stop=units["end"], treated=1)
    return pd.concat([before, after], ignore_index=True)


def emulate(units: pd.DataFrame, **options) -> EmulatedTrial:
    options = {"grace": GRACE, "horizon": HORIZON, "covariates": ["x"]} | options
    covariates = options.pop("covariates")
    return clone_censor_weight(
        rows_of(units),
        covariates,
        unit="unit",
        start="start",
        stop="stop",
        event="event",
        treatment="treated",
        cluster="country",
        **options,
    )


def truth(strategy: str, effect: float) -> float:
    units = simulated(99, 60000, effect=effect, strategy=strategy)
    return rmst(units, horizon=HORIZON, stop="end", event="event").estimate


@pytest.mark.parametrize("effect", [0.0, 0.7])
@pytest.mark.parametrize(("against", "strategy"), [("later", "later"), ("never", "never")])
def test_arms_have_the_means_of_worlds_where_all_follow_them(
    effect: float, against: str, strategy: str
) -> None:
    """20,000 units in nature against 60,000 in data sets where everybody follows the strategy."""
    fit = emulate(simulated(7, 20000, effect=effect), against=against)
    first, second = truth("within", effect), truth(strategy, effect)
    assert fit.rmst["within grace"] == pytest.approx(first, abs=MONTE_CARLO)
    assert fit.rmst["not within grace"] == pytest.approx(second, abs=MONTE_CARLO)
    assert fit.contrasts.loc["rmst_difference", "estimate"] == pytest.approx(
        first - second, abs=MONTE_CARLO
    )
    if effect == 0:
        naive = simulated(7, 20000, effect=effect)
        ever = naive["treated_at"] < np.minimum(naive["end"], GRACE)
        crude = [
            rmst(part, horizon=HORIZON, stop="end", event="event").estimate
            for part in (naive[ever], naive[~ever])
        ]
        assert crude[0] - crude[1] > 3  # immortal time and selection, where the truth is zero
        assert fit.diagnostics["mean"].to_numpy() == pytest.approx([1, 1], abs=MEAN_WEIGHT)


def test_without_selection_covariates_change_little() -> None:
    units = simulated(3, 8000, effect=0.5, selection=0.0)
    plain, adjusted = emulate(units, covariates=[]), emulate(units)
    assert plain.contrasts["estimate"].to_numpy() == pytest.approx(
        adjusted.contrasts["estimate"].to_numpy(), abs=ADJUSTMENT
    )


@quick
@given(seeds)
def test_a_resample_is_the_estimate_on_the_resampled_rows(seed: int) -> None:
    units = simulated(seed, 200, effect=0.3)
    fit = emulate(units, draws=2, seed=seed)
    generator = np.random.default_rng(seed)
    groups = units["country"].nunique()
    for b in range(2):
        times = generator.multinomial(groups, np.full(groups, 1 / groups))
        copies = units.loc[units.index.repeat(times[units["country"]])]
        copies = copies.reset_index(drop=True).assign(unit=np.arange(len(copies)))
        again = emulate(copies, least_treated=1, least_clusters=1)
        np.testing.assert_allclose(again.contrasts["estimate"], fit.draws[b], atol=REFITTED)


@quick
@given(seeds)
def test_the_order_and_cutting_of_rows_do_not_matter(seed: int) -> None:
    units = simulated(seed, 150, effect=0.3)
    rows = rows_of(units)
    options = {
        "unit": "unit",
        "start": "start",
        "stop": "stop",
        "event": "event",
        "treatment": "treated",
        "grace": GRACE,
        "horizon": HORIZON,
        "cluster": "country",
        "least_treated": 1,
    }
    cut = (rows["start"] + rows["stop"]) / 2
    parts = pd.concat([rows.assign(stop=cut, event=0), rows.assign(start=cut)])
    one = clone_censor_weight(rows, ["x"], **options)
    two = clone_censor_weight(parts.sample(frac=1, random_state=seed), ["x"], **options)
    np.testing.assert_allclose(one.contrasts["estimate"], two.contrasts["estimate"], atol=REORDERED)
    assert one.counts == two.counts


def test_the_interval_comes_from_the_draws() -> None:
    units = simulated(12, 400, effect=0.5)
    fit = emulate(units, draws=60, seed=4)
    row = fit.contrasts.loc["rmst_difference"]
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    assert row["std_error"] == pytest.approx(np.nanstd(fit.draws[:, 0], ddof=1))
    assert fit.failed_draws == 0
    pd.testing.assert_frame_equal(emulate(units, draws=60, seed=4).contrasts, fit.contrasts)
    wide = emulate(units, draws=60, seed=4, level=0.99).contrasts.loc["rmst_difference"]
    assert wide["ci_low"] <= row["ci_low"] and row["ci_high"] <= wide["ci_high"]


def test_too_few_treated_is_reported_with_the_counts() -> None:
    fit = emulate(simulated(5, 60, effect=0.0), least_treated=50)
    assert not fit.estimable
    assert "not estimable" in fit.reason and f"{fit.counts['treated']} of 60" in fit.reason
    assert fit.contrasts.empty and fit.curves.empty and np.isnan(fit.draws).sum() == 0
    assert fit.counts["units"] == 60


def test_truncation_bounds_the_weights() -> None:
    units = simulated(6, 3000, effect=0.3)
    free, bound = emulate(units).diagnostics, emulate(units, truncate=0.99).diagnostics
    assert (bound["largest"] <= free["p99"] + 1e-12).all()
    assert bound.loc["within grace", "largest"] > 1
    assert (free["effective_units"] <= 3000).all()


def test_rows_that_are_no_trial_are_refused() -> None:
    units = simulated(8, 120, effect=0.0)
    rows = rows_of(units)
    options = {
        "unit": "unit",
        "start": "start",
        "stop": "stop",
        "event": "event",
        "treatment": "treated",
        "grace": GRACE,
        "horizon": HORIZON,
        "cluster": "country",
    }

    def run(data: pd.DataFrame, covariates=("x",), **changed):
        return clone_censor_weight(data, list(covariates), **(options | changed))

    late = rows.assign(start=rows["start"].where(rows["unit"] != 4, rows["start"] + 0.5))
    with pytest.raises(EstimationError, match="'unit' 4 does not begin at time zero"):
        run(late)
    with pytest.raises(EstimationError, match="'unit' 0 is treated at time zero"):
        run(rows.assign(treated=1))
    moving = rows.assign(x=rows["x"] + rows["treated"])
    with pytest.raises(EstimationError, match="has a covariate that changes"):
        run(moving)
    who = int(units.loc[units["treated_at"] < units["end"], "unit"].iloc[0])
    first = (rows["unit"] == who) & (rows["treated"] == 0)
    with pytest.raises(EstimationError, match=f"'unit' {who} has an event before its last row"):
        run(rows.assign(event=rows["event"].where(~first, 1)))
    with pytest.raises(EstimationError, match=f"'unit' {who} has a gap or an overlap"):
        run(rows.assign(stop=rows["stop"].where(~first, rows["stop"] - 0.5)))
    with pytest.raises(EstimationError, match="lies in two clusters"):
        run(rows.assign(country=rows["country"] + rows["treated"]))
    with pytest.raises(EstimationError, match="must lie within the horizon"):
        run(rows, grace=40.0)
    with pytest.raises(EstimationError, match="beyond the last follow-up"):
        run(rows, horizon=500.0)
    with pytest.raises(EstimationError, match="against must be"):
        run(rows, against="nothing")
    with pytest.raises(EstimationError, match="quantile between"):
        run(rows, truncate=0.2)
