"""Emulated and weighted cohorts of a few units, worked by hand: weights, curves, areas, histories.

In the trial treatment begins at 1 in A, at 2 in B and, after the grace period of 3, at 5 in D. F
ends at 1.5, C at 4, B at 5, E at 5.5; A and D are followed to 8 and 9. Nothing but time moves
treatment: its hazard is 1/6 at 1, 1/4 at 2 (B, C, D and E are left) and 1/2 at 5 (D and E).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from riskset import (
    EmulatedTrial,
    EstimationError,
    adjusted_survival,
    clone_censor_weight,
)
from riskset.emulation.treatment_histories import TreatmentRows

#: The treatment model stops 1e-6 standard errors away; without covariates it is exact.
SAME = 1e-9
#: Untreated after the first treatment, and after the grace period.
FIRST, GRACE = np.exp(-1 / 6), np.exp(-1 / 6 - 1 / 4)
TREATED = 1 / (1 - GRACE)
#: A unit that waits between the first two treatments stands for those who are still to begin.
WAITING = (1 - (1 - FIRST) * TREATED) / FIRST
ENDS = {"A": (8, 0), "B": (5, 1), "C": (4, 1), "D": (9, 0), "E": (5.5, 1), "F": (1.5, 1)}
BEGINS = {"A": 1.0, "B": 2.0, "D": 5.0}


def trial(**options) -> EmulatedTrial:  # type: ignore[no-untyped-def]
    rows = []
    for unit, (end, event) in (ENDS | options.pop("ends", {})).items():
        begin = BEGINS.get(unit)
        if begin is None:
            rows.append((unit, 0.0, end, event, 0))
        else:
            rows += [(unit, 0.0, begin, 0, 0), (unit, begin, end, event, 1)]
    data = pd.DataFrame(rows, columns=["unit", "start", "stop", "event", "treated"])
    known = {"grace": 3.0, "horizon": 6.0, "least_treated": 2, "least_clusters": 2} | options
    names = {"unit": "unit", "start": "start", "stop": "stop", "event": "event"}
    return clone_censor_weight(data, [], **names, treatment="treated", cluster="unit", **known)


def test_curves_areas_and_contrasts() -> None:
    """Within grace: F ends among A, treated, and five who wait; B among A and B.

    Not within grace: F ends among five, C among C, D and E, E among D and E.
    """
    fit = trial()
    one = 1 - WAITING / (TREATED + 5 * WAITING)
    arms = dict(iter(fit.curves.groupby("arm")))
    within, later = arms["within grace"], arms["not within grace"]
    assert within["time"].tolist() == [1.5, 5.0] and later["time"].tolist() == [1.5, 4.0, 5.5]
    np.testing.assert_allclose(within["survival"], [one, one / 2], rtol=SAME)
    np.testing.assert_allclose(later["survival"], [4 / 5, 8 / 15, 4 / 15], rtol=SAME)
    areas = [1.5 + 3.5 * one + one / 2, 1.5 + 2.5 * 4 / 5 + 1.5 * 8 / 15 + 0.5 * 4 / 15]
    np.testing.assert_allclose(fit.rmst, areas, rtol=SAME)
    want = [areas[0] - areas[1], (1 - one / 2) - (1 - 4 / 15)]
    np.testing.assert_allclose(fit.contrasts["estimate"], want, rtol=SAME)
    assert fit.contrasts[["std_error", "ci_low", "ci_high"]].isna().all(axis=None)


def test_never_treated_the_second_arm_loses_whoever_begins_later() -> None:
    """D is censored at 5, so that E is alone at 5.5 and ends."""
    later = trial(against="never").curves.query("arm == 'not within grace'")
    np.testing.assert_allclose(later["survival"], [4 / 5, 8 / 15, 0], atol=SAME)


def test_what_describes_the_weights() -> None:
    """Of the five who outlast the grace period two carry the first arm, and three the second."""
    table = trial().diagnostics
    first = [2 * TREATED / 5, 2, TREATED, TREATED, 1 - GRACE]
    second = [3 / GRACE / 5, 3, 1 / GRACE, 1 / GRACE, GRACE]
    columns = ["mean", "effective_units", "largest", "p99", "least_probability"]
    np.testing.assert_allclose(table.loc["within grace", columns], first, rtol=SAME)
    np.testing.assert_allclose(table.loc["not within grace", columns], second, rtol=SAME)


def test_an_end_with_the_grace_period_and_a_weight_after_it_describe_nothing() -> None:
    """C does not outlast a grace period of 4; E has its largest weight after 5."""
    assert trial(grace=4.0).diagnostics["mean"].tolist() == pytest.approx(
        [2 * TREATED / 4, 2 / GRACE / 4], rel=SAME
    )
    never = trial(against="never").diagnostics.loc["not within grace"]
    assert never["largest"] == pytest.approx(np.exp(1 / 2) / GRACE, rel=SAME)
    assert never["p99"] == pytest.approx(1 / GRACE, rel=SAME)


def test_counts_and_the_gate() -> None:
    want = {
        "units": 6,
        "events": 4,
        "clusters": 6,
        "treated": 2,
        "treated_events": 1,
        "treated_clusters": 2,
        "events_in_grace": 1,
    }
    assert trial().counts == want
    # An end at the end of the grace period lies within it, and so does a treatment.
    assert trial(grace=4.0).counts["events_in_grace"] == 2
    assert trial(grace=2.0).counts["treated"] == 2
    assert not trial(least_treated=3).estimable and not trial(least_clusters=3).estimable
    assert trial(least_clusters=3).counts == want


def test_the_horizon_may_be_the_end_of_an_arm_and_no_later() -> None:
    """In the first arm A is followed to 8, and nobody longer."""
    assert trial(horizon=9.0, ends={"A": (9, 0)}).estimable
    assert trial(horizon=8.0, truncate=0.51).estimable
    for options, message in (
        ({"horizon": 8.5}, "arm 'within grace' is followed to 8 only, before the horizon 8.5"),
        ({"horizon": 9.1}, r"beyond the last follow-up \(9\)"),
        ({"grace": 6.0}, "must lie within the horizon 6"),
        ({"truncate": 1.0}, "a quantile between 0.5 and 1"),
        ({"truncate": 0.5}, "a quantile between 0.5 and 1"),
        ({"level": 1.0}, "level must lie between 0 and 1"),
    ):
        with pytest.raises(EstimationError, match=message):
            trial(**options)


def test_limits_are_percentiles_of_the_draws() -> None:
    fit = trial(draws=200, seed=3, level=0.8)
    kept = fit.draws[~np.isnan(fit.draws).any(axis=1)]
    assert 0 < fit.failed_draws == 200 - len(kept)
    for column, name in enumerate(["rmst_difference", "risk_difference"]):
        row = fit.contrasts.loc[name]
        assert row["std_error"] == pytest.approx(kept[:, column].std(ddof=1), rel=SAME)
        want = np.quantile(kept[:, column], [0.1, 0.9])
        assert [row["ci_low"], row["ci_high"]] == pytest.approx(want.tolist(), rel=SAME)


# Adjusted curves


def test_curves_of_weighted_groups() -> None:
    """Of the four with x = 0 one is in group 1, of the four with x = 1 three: weights 4/3 and 4.

    Each group stands for all eight. The heaviest of group 0 ends last, that of group 1 second.
    """
    rows = pd.DataFrame(
        {
            "g": [0, 0, 0, 0, 1, 1, 1, 1],
            "x": [0, 0, 0, 1, 1, 0, 1, 1],
            "stop": [1.0, 2.0, 3.0, 4.0, 1.5, 2.5, 3.5, 5.0],
        }
    ).assign(start=0.0, event=1)
    fit = adjusted_survival(
        rows, ["x"], group="g", start="start", stop="stop", event="event", method="weights"
    )
    table = fit.at([0.0, 2.0, 3.7, 10.0])
    want = [1, 4 / 6, 3 / 6, 0, 1, 5 / 6, 1 / 6, 0]
    np.testing.assert_allclose(table["survival"], want, rtol=1e-7, atol=SAME)
    assert table["at_risk"].tolist() == [4, 3, 1, 0, 4, 3, 1, 0]
    means = fit.restricted_means(10.0)["restricted_mean"]
    np.testing.assert_allclose(means, [3, 1.5 + 5 / 6 + 1 / 3 + 1.5 / 6], rtol=1e-7)
    about = fit.diagnostics()
    np.testing.assert_allclose(about["effective_units"], [3, 3], rtol=1e-7)
    np.testing.assert_allclose(about["largest_share"], [1 / 2, 1 / 2], rtol=1e-7)
    away = fit.differences(2.0, reference=1).iloc[0]
    assert (away["group"], away["reference"]) == (0, 1)
    assert away["estimate"] == pytest.approx(4 / 6 - 5 / 6, rel=1e-6)
    z = away["estimate"] / away["std_error"]
    assert away["p_value"] == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-10)
    # The rows at risk are those of the group, whatever they stand for.
    for method in ("weights", "g-formula"):
        again = adjusted_survival(
            rows, ["x"], group="g", start="start", stop="stop", event="event", method=method
        )
        assert again.at([1.2, 4.0])["at_risk"].tolist() == [3, 1, 4, 1]
    # Those of a group with censored rows end with it.
    lasting = adjusted_survival(
        rows.assign(event=rows["stop"] < 5),
        ["x"],
        group="g",
        start="start",
        stop="stop",
        event="event",
        method="weights",
    )
    assert len(lasting.at([5.0])) == 2
    with pytest.raises(EstimationError, match="beyond the last follow-up"):
        lasting.at([5.1])


# Rows of treatment histories


def histories() -> TreatmentRows:
    """Return unit 7 with three rows, treated in the second; unit 2 with two; unit 5 with one."""
    data = pd.DataFrame(
        {
            "unit": [7, 7, 7, 2, 2, 5],
            "start": [0.0, 1, 2, 0, 3, 0],
            "stop": [1.0, 2, 5, 3, 4, 2],
            "event": [0, 0, 1, 0, 0, 1],
            "treated": [0, 1, 0, 1, 1, 0],
        },
        index=list("abcdef"),
    )
    return TreatmentRows.from_frame(
        data.iloc[::-1],
        unit="unit",
        start="start",
        stop="stop",
        event="event",
        treatment="treated",
        absorbing=False,
    )


def test_histories_stand_in_the_order_of_units_and_time() -> None:
    rows = histories()
    assert "".join(rows.data.index) == "defabc"
    assert rows.first.tolist() == [True, False, True, True, False, False]
    assert rows.data["_before"].tolist() == [False, True, False, False, False, True]
    assert rows.ever_before().tolist() == [False, True, False, False, False, True]
    assert "".join(rows.data.index[np.argsort(rows.order)]) == "fedcba"
    assert rows.restored(np.arange(6.0)).tolist() == [2, 1, 0, 5, 4, 3]


def test_factors_multiply_along_each_unit() -> None:
    factors = np.array([2.0, 3, 5, 7, 11, 13])
    found = histories().along(factors)
    np.testing.assert_allclose(found, [2, 6, 5, 7, 77, 1001], rtol=1e-12)
    lagged = histories().along(factors, lagged=True)
    np.testing.assert_allclose(lagged, [1, 2, 1, 1, 7, 77], rtol=1e-12)


def test_resampled_histories_are_whole_clusters() -> None:
    """Of 200 draws of three each cluster is drawn about 200 times (a deviation is 11.5)."""
    rows = histories()
    drawn = np.zeros(3, dtype=np.int64)
    for seed in range(200):
        again = rows.resampled("_unit", np.random.default_rng(seed), 3)
        assert sorted(set(again.data["_unit"])) == [0, 1, 2]
        for _, part in again.data.groupby("_unit"):
            [unit] = part["unit"].unique()
            want = rows.data[rows.data["unit"] == unit]
            assert part["_begin"].tolist() == want["_begin"].tolist()
            drawn[[2, 5, 7].index(unit)] += 1
        assert again.first.sum() == 3
        assert again.order.tolist() == list(range(len(again.data)))
    assert (np.abs(drawn - 200) < 46).all()
