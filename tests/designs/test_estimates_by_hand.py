"""Estimates from round coefficients: their intervals, what stands in a row, and their ids."""

from __future__ import annotations

import dataclasses
import hashlib
import math

import numpy as np
import pandas as pd
import pytest

from by_hand import estimate
from collsec.core.schema import Role
from collsec.designs.comparison import (
    Comparison,
    identity,
    sandwich_ratio,
    too_few_exposed,
    with_indicators,
)
from collsec.designs.estimate import (
    Estimate,
    Quantity,
    Scale,
    Unit,
    counts_of,
    result_id,
    rounded,
    seed_for,
    tidy,
)
from collsec.hypothesis.specification import ExposureSpec
from made_up_cohorts import inputs_of
from riskset import wald_interval, wald_p_value

#: Quantiles of the normal distribution, and of Student's t with two degrees of freedom.
Z95, Z99, Z80 = 1.959963984540054, 2.5758293035489004, 0.8416212335729143
T95, T99 = 4.302652729911275, 9.924843200918287
COUNTS = {
    "nobs": 9,
    "n_units": 8,
    "n_events": 7,
    "n_clusters": 6,
    "exposed_units": 5,
    "exposed_events": 4,
    "exposed_clusters": 3,
}


def fitted(log: float, error: float, level: float, **more: object) -> Estimate:
    known = {"estimate_id": "h.x", "hypothesis": "h", "role": Role.SECONDARY, "label": "x"}
    known |= {"measure": "x", "lag_months": 0, "estimand": "e", "inference": "i"}
    return Estimate.from_fit(log, error, level=level, **(known | COUNTS | more))  # type: ignore[arg-type]


def logs(*values: float) -> list[float]:
    return [math.log(value) for value in values]


def test_an_interval_is_normal_or_students() -> None:
    assert wald_interval(1.0, 0.5, 0.95) == pytest.approx((1 - Z95 / 2, 1 + Z95 / 2))
    assert wald_interval(1.0, 0.5, 0.95, 2) == pytest.approx((1 - T95 / 2, 1 + T95 / 2))
    assert wald_p_value(-Z95, 0.5) == pytest.approx(math.erfc(2 * Z95 / math.sqrt(2)))
    assert wald_p_value(-T95 / 2, 0.5, 2) == pytest.approx(0.05)


def test_an_interval_of_another_level_carries_that_of_95_beside_it() -> None:
    usual = fitted(0.5, 0.1, 0.95)
    assert logs(usual.ci_low, usual.ci_high) == pytest.approx([0.5 - Z95 / 10, 0.5 + Z95 / 10])
    assert math.isnan(usual.low_95) and math.isnan(usual.mde_low) and math.isnan(usual.cluster_low)
    assert (usual.null_draws, usual.note, usual.std_error) == (0, "", 0.1)
    wide = fitted(0.5, 0.1, 0.99, degrees=2)
    assert logs(wide.ci_low, wide.ci_high) == pytest.approx([0.5 - T99 / 10, 0.5 + T99 / 10])
    assert logs(wide.low_95, wide.high_95) == pytest.approx([0.5 - T95 / 10, 0.5 + T95 / 10])
    assert wide.p_value == pytest.approx(wald_p_value(0.5, 0.1, 2))
    own = fitted(0.5, 0.1, 0.99, limits=(-1.0, 2.0), p_value=0.04)
    assert logs(own.ci_low, own.ci_high) == pytest.approx([-1, 2])
    assert math.isnan(own.low_95) and own.p_value == 0.04
    both = fitted(0.5, 0.1, 0.99, limits=(-1.0, 2.0), limits_95=(-0.5, 1.0), sandwich=(0.0, 0.7))
    assert logs(both.low_95, both.high_95) == pytest.approx([-0.5, 1])
    assert logs(both.cluster_low, both.cluster_high) == pytest.approx([0, 0.7])
    table = tidy([usual, both])
    assert table["low_95"].tolist() == pytest.approx([usual.ci_low, math.exp(-0.5)])
    assert table["high_95"].tolist() == pytest.approx([usual.ci_high, math.e])
    assert table["role"].tolist() == ["secondary", "secondary"]
    assert table["nobs"].tolist() == [9, 9]


def test_a_difference_is_its_coefficient() -> None:
    found = fitted(-2.0, 0.5, 0.95, scale=Scale.DIFFERENCE)
    assert (found.estimate, found.ci_low) == (-2.0, pytest.approx(-2 - Z95 / 2))


def test_a_detectable_ratio_is_as_many_errors_from_one_as_level_and_power_ask() -> None:
    found = fitted(0.5, 0.1, 0.95, power=0.8)
    assert logs(found.mde_low, found.mde_high) == pytest.approx(
        [-(Z95 + Z80) / 10, (Z95 + Z80) / 10]
    )
    other = fitted(0.5, 0.1, 0.99, power=0.8, detectable_error=0.2)
    assert math.log(other.mde_high) == pytest.approx((Z99 + Z80) / 5)
    open_one = fitted(0.5, 0.1, 0.95, power=0.8, detectable_error=math.inf)
    assert math.isnan(open_one.mde_high) and open_one.estimate == pytest.approx(math.exp(0.5))


def test_what_cannot_be_estimated_keeps_its_counts_and_says_why() -> None:
    found = fitted(math.inf, 0.1, 0.95, power=0.8)
    assert math.isnan(found.estimate) and math.isnan(found.p_value) and math.isnan(found.std_error)
    assert found.note.startswith("Not estimable: the coefficient is infinite (every event")
    assert (found.nobs, found.exposed_clusters, found.level) == (9, 3, 0.95)


def test_an_event_on_an_exposed_row_is_an_exposed_event() -> None:
    frame = pd.DataFrame(
        [("a", 1, True), ("a", 1, False), ("b", 2, True), ("c", 2, False)],
        columns=["unit", "host", "event"],
    )
    found = counts_of(frame, [False, True, True, False], unit="unit", cluster="host")
    assert list(found.values()) == [4, 3, 2, 2, 2, 1, 2]


def test_numbers_go_to_json_and_back() -> None:
    given = Quantity([(-math.inf, np.float64(0.5)), [np.nan, math.inf]], Unit.CONFIDENCE_SET)
    plain = given.plain()
    assert plain == {"value": [["-inf", 0.5], [None, "inf"]], "unit": "confidence_set"}
    back = Quantity.from_plain(plain)
    assert back.value[0] == [-math.inf, 0.5] and back.value[1][1] == math.inf
    assert math.isnan(back.value[1][0]) and back.unit is Unit.CONFIDENCE_SET
    assert Quantity(3, Unit.MONTHS, 0).plain() == {"value": 3, "unit": "months", "digits": 0}
    assert Quantity.from_plain({"value": "inf", "unit": "text"}) == Quantity("inf", Unit.TEXT)
    assert Quantity("Mali", Unit.TEXT).plain() == {"value": "Mali", "unit": "text"}


def test_results_are_cited_at_six_digits() -> None:
    given = {"a": 1 / 3, "b": (np.int64(7), math.nan), "c": [1234567.8], "d": None, "e": -math.inf}
    assert rounded(given) == {"a": 0.333333, "b": [7, None], "c": [1234570.0], "d": None, "e": None}


def test_an_id_is_that_of_the_numbers_whatever_the_order_of_the_rows() -> None:
    panel = pd.DataFrame({"start": [0.0, 5.0], "event": [False, True]})
    table = tidy([estimate(0.5, 0.1)])

    def cited(panel: pd.DataFrame, table: pd.DataFrame) -> str:
        return result_id("h.primary", {"design": "x"}, panel, table)

    own = cited(panel, table)
    # As it was cited once, it stays.
    assert own == "h.primary@d8f32a"
    assert cited(panel.iloc[::-1], table.assign(low_95=9.0)) == own
    assert cited(panel, table.assign(estimate=table["estimate"] * (1 + 1e-9))) == own
    assert cited(panel, table.assign(estimate=table["estimate"] * (1 + 1e-4))) != own
    assert cited(panel.assign(start=1.0), table) != own


def test_a_seed_is_eight_bytes_of_the_digest_of_number_and_name() -> None:
    digest = hashlib.sha256(b"7:h1.primary").hexdigest()[:16]
    assert seed_for(7, "h1.primary") == int(digest, 16)


# Comparisons ------------------------------------------------------------------------------------


def compared(
    values: list[float], events: list[int], hosts: list[int], **more: object
) -> Comparison:
    frame = pd.DataFrame({"x": values, "event": np.array(events, bool), "gwno_host": hosts})
    frame = frame.assign(unit_id=range(len(frame)), start=0.0, stop=np.arange(1.0, len(frame) + 1))
    return Comparison(frame, "x", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "clusters", "why"),
    [
        (3, 3, ""),
        (2, 3, "exposed acts 2, exposed clusters 3; at least 3 and 3 are required"),
        (3, 2, "exposed acts 3, exposed clusters 2; at least 3 and 3 are required"),
    ],
)
def test_three_exposed_events_in_three_clusters_are_enough(
    events: int, clusters: int, why: str
) -> None:
    assert too_few_exposed({"exposed_events": events, "exposed_clusters": clusters}, "act") == why


def test_three_events_without_exposure_are_enough() -> None:
    hosts = [1, 2, 3, 4, 5, 6]
    enough = compared([1, 1, 1, 0, 0, 0], [1] * 6, hosts)
    assert enough.too_thin() == ""
    thin = compared([1, 1, 1, 0, 0, 0], [1] * 5 + [0], hosts)
    assert thin.too_thin() == "unexposed terminations 2; at least 3 are required"
    assert dataclasses.replace(thin, is_continuous=True).too_thin() == ""
    assert dataclasses.replace(thin, estimand="rate_ratio").too_thin().startswith("unexposed outco")
    few = compared([1, 1, 0, 0, 0, 0], [1] * 6, hosts)
    assert few.too_thin().startswith("exposed terminations 2, exposed clusters 2;")


def test_two_values_are_yes_and_no_also_where_they_are_standardized() -> None:
    assert compared([-0.5, -0.5, 2.0], [1, 1, 1], [1, 2, 3]).counts()["exposed_events"] == 1
    assert compared([0, 0, 0], [1, 1, 1], [1, 2, 3]).counts()["exposed_units"] == 0
    assert compared([-1, 0, 0.5], [1, 1, 1], [1, 2, 3]).counts()["exposed_clusters"] == 3
    assert math.isnan(compared([-1, 0, 0.5], [1, 1, 1], [1, 2, 3]).expected())
    # At risk 3, 2, 1, of them exposed 1, 1, 1: the exposed one ends last.
    assert compared([0, 0, 1], [1, 1, 1], [1, 2, 3]).expected() == pytest.approx(1 / 3 + 1 / 2 + 1)


VALUES = [1.0, 0, 0, 1, 0, 1, 1, 0]


def test_a_sandwich_of_single_rows_is_lin_and_weis_and_one_of_twins_is_wider() -> None:
    one = compared(VALUES, [1] * 8, list(range(8)))
    twins = pd.concat([one.rows, one.rows.assign(unit_id=one.rows["unit_id"] + 8)])
    apart = twins.assign(gwno_host=range(16))
    known = identity(inputs_of(), ExposureSpec("un_troops", 3), estimate_id="h.x", role=Role.LAG)
    paired = sandwich_ratio(Comparison(twins, "x"), level=0.95, power=0.8, **known)
    single = sandwich_ratio(Comparison(apart, "x"), level=0.95, power=0.8, **known)
    assert paired.estimate == pytest.approx(single.estimate)
    assert paired.std_error == pytest.approx(single.std_error * math.sqrt(2))
    assert paired.n_clusters == 8 and single.n_clusters == 16
    assert (paired.label, paired.lag_months) == ("UN troops present", 3)
    assert (paired.inference, paired.estimand) == ("cluster_sandwich", "hazard_ratio")
    assert (paired.cluster_low, paired.cluster_high) == (paired.ci_low, paired.ci_high)
    assert paired.expected_events == pytest.approx(Comparison(twins, "x").expected())
    limits, error = Comparison(apart, "x", alongside="stop").sandwich(0.95)
    assert error == pytest.approx(paired.std_error)
    assert limits == pytest.approx(logs(paired.ci_low, paired.ci_high))
    assert Comparison(apart, "x").sandwich(0.95)[1] == pytest.approx(single.std_error)
    # Within the strata of single rows nobody is compared with anybody.
    alone = dataclasses.replace(one, strata=("unit_id",))
    assert np.isnan([*alone.sandwich(0.95)[0], alone.sandwich(0.95)[1]]).all()
    none = sandwich_ratio(alone, level=0.95, power=0.8, **known)
    assert math.isnan(none.estimate) and none.exposed_units == 4


def test_a_value_that_is_the_only_one_has_no_indicator() -> None:
    frame, names = with_indicators(pd.DataFrame({"region": [4, 4]}), "region")
    assert names == () and list(frame) == ["region"]
