"""Numbers as strings: every unit, every field of an estimate, and all that the parts declare."""

from __future__ import annotations

import dataclasses
import fnmatch
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from collsec.core.project import Project
from collsec.core.schema import Role
from collsec.designs.estimate import (
    UNITS,
    Estimate,
    Quantity,
    Scale,
    Unit,
    result_id,
    tidy,
)
from collsec.designs.parts import PARTS, TableOf, VariablesOf
from collsec.reports.words import quantities
from collsec.reports.words.quantities import PRIMARY, contrast, feed, printed, rests_on, variables

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(1165, Unit.COUNT), "1,165"),
        (Quantity(1.005, Unit.RATIO, digits=1), "1.0"),
        (Quantity(0.4999, Unit.RATIO), "0.50"),
        (Quantity(INF, Unit.RATIO), "∞"),
        (Quantity(NAN, Unit.MONTHS), "not estimable"),
        (Quantity(-3.14, Unit.MONTHS), "−3.1"),
        (Quantity(60, Unit.MONTHS, digits=0), "60"),
        (Quantity(0.256, Unit.SHARE), "26 %"),
        (Quantity(0.0345, Unit.SHARE, digits=1), "3.5 %"),
        (Quantity(-0.0312, Unit.POINTS), "−3.1"),
        (Quantity(0.0004, Unit.P_VALUE), "< 0.001"),
        (Quantity(1 - 0.05 / 3, Unit.LEVEL), "98.3 %"),
        (Quantity(1966, Unit.CALENDAR_YEAR), "1966"),
        (Quantity("2017-06-30", Unit.CALENDAR_MONTH), "June 2017"),
        (Quantity(True, Unit.DETECTED), "detectable"),
        (Quantity(9.99, Unit.FIRST_STAGE_F), "weak"),
        (Quantity([[-INF, -0.1], [0.2, INF]], Unit.CONFIDENCE_SET), "−∞ to −10.0 or 20.0 to ∞"),
        (Quantity([], Unit.CONFIDENCE_SET), "empty"),
        (Quantity("passed", Unit.TEXT), "passed"),
    ],
)
def test_a_quantity_reads_by_its_unit_also_back_from_json(quantity: Quantity, text: str) -> None:
    assert printed(quantity) == text
    assert printed(Quantity.from_plain(quantity.plain())) == text


def estimate(**changes: object) -> Estimate:
    found = Estimate.from_fit(
        math.log(1.5),
        0.2,
        level=0.95,
        power=0.8,
        estimate_id="h9.some.name",
        hypothesis="h9",
        role=Role.SECONDARY,
        label="Some",
        measure="any",
        lag_months=0,
        estimand="hazard_ratio",
        inference="cluster_sandwich",
        nobs=1,
        n_units=1200,
        n_events=30,
        n_clusters=4,
        exposed_units=5,
        exposed_events=6,
        exposed_clusters=2,
    )
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]


def texts(of: Estimate, names: dict[str, str], **further: object) -> dict[str, str]:
    rows = tidy([of]).set_index(pd.Index(["some.name"]))
    return feed(rows, [VariablesOf("some.*", names, **further)])  # type: ignore[arg-type]


def test_fields_of_a_ratio_read_as_ratios_counts_and_levels() -> None:
    assert texts(
        estimate(),
        {
            "{name}.hr": "estimate",
            "{name}.ci": "interval",
            "a.p": "p_value",
            "a.n": "n_units",
            "a.level": "level",
            "a.high": "mde_high",
            "a.says": "direction",
            "a.label": "label",
        },
    ) == {
        "some.name.hr": "1.50",
        "some.name.ci": "1.01 to 2.22",
        "a.p": "0.043",
        "a.n": "1,200",
        "a.level": "95 %",
        "a.high": "1.75",
        "a.says": "as the claim implies",
        "a.label": "Some",
    }


def test_a_difference_is_printed_in_its_unit_and_compared_with_zero() -> None:
    points = estimate(
        estimand="probability_difference", estimate=0.031, ci_low=-0.002, ci_high=0.064
    )
    names = {"a": "estimate", "b": "interval", "c": "direction", "d": "finding"}
    assert texts(points, names) == {
        "a": "3.1",
        "b": "−0.2 to 6.4",
        "c": "no detectable difference",
        "d": "3.1 percentage points (−0.2 to 6.4)",
    }
    months = estimate(estimand="rmst_difference_months", estimate=-4.0, ci_low=-7.0, ci_high=-1.0)
    assert texts(months, names, expected="below_one") == {
        "a": "−4.0",
        "b": "−7.0 to −1.0",
        "c": "as the claim implies",
        "d": "−4.0 months (−7.0 to −1.0)",
    }
    missing = estimate(estimate=NAN, ci_low=NAN, ci_high=NAN)
    assert set(texts(missing, names).values()) == {"not estimable"}


def test_every_declared_field_exists() -> None:
    known = {f.name for f in dataclasses.fields(Estimate)} | {"interval", "finding", "direction"}
    declared = [*PRIMARY, *(one for part in PARTS.values() for one in part.variables)]
    assert declared
    for one in declared:
        assert set(one.names.values()) <= known
        assert one.expected in ("above_one", "below_one")


def test_what_a_part_declares_belongs_together() -> None:
    for name, part in PARTS.items():
        tables = [table for table in part.tables if isinstance(table, TableOf)]
        listed = {role for table in tables for role in table.roles}
        assert listed >= set(part.roles) or not tables, name
        assert (part.function.__doc__ or "").strip(), name


def test_every_estimand_has_a_unit() -> None:
    assert set(UNITS.values()) == {Unit.RATIO, Unit.SHARE, Unit.POINTS, Unit.MONTHS}


@pytest.mark.parametrize("name", ["h1", "h2", "h3"])
def test_the_words_fill_every_variable_that_the_pages_of_the_study_name(
    name: str, pristine: Path
) -> None:
    """Each declared pattern meets an estimate of its part."""
    from collsec.evidence.record import load

    project = Project(pristine)
    record = load(project, name)
    own = [e.partition(".")[2] for e in record.made_by]
    for part in record.spec["parts"]:
        mine = [e for e in own if record.made_by[f"{name}.{e}"] == part]
        for declared in PARTS[part].variables:
            assert fnmatch.filter(mine, declared.estimates), (part, declared.estimates)
    found = variables(record)
    assert all(text and isinstance(text, str) for text in found.values())
    page = project.spec_file(name).read_text(encoding="utf-8")
    asked = {word.split(" >}}")[0] for word in page.split("{{< var ")[1:]}
    generated = (f"{name}.alt.", f"{name}.profile", f"{name}.result_id", f"{name}.verdict.label")
    asked = {a for a in asked if a.startswith(f"{name}.") and not a.startswith(generated)}
    assert asked - found.keys() <= {f"{name}.primary.p_holm", f"{name}.multiplicity"}


def test_from_fit_agrees_with_the_definitions() -> None:
    ratio = estimate()
    assert ratio.ci_low == pytest.approx(1.5 * math.exp(-1.959964 * 0.2), rel=1e-6)
    assert ratio.p_value == pytest.approx(0.04263, abs=1e-5)
    assert math.log(ratio.mde_high) == pytest.approx((1.959964 + 0.841621) * 0.2, rel=1e-6)
    common = {
        f.name: getattr(ratio, f.name)
        for f in dataclasses.fields(Estimate)
        if f.name in ("estimate_id", "hypothesis", "role", "label", "measure", "lag_months")
        or f.name in ("estimand", "inference", "nobs")
        or f.name.startswith(("n_", "exposed_"))
    }
    by_t = Estimate.from_fit(-2.0, 1.0, level=0.95, scale=Scale.DIFFERENCE, degrees=4, **common)
    assert (by_t.ci_low, by_t.ci_high) == pytest.approx((-4.776445, 0.776445), abs=1e-6)
    assert by_t.p_value == pytest.approx(0.116117, abs=1e-6)
    assert math.isnan(by_t.mde_high) and math.isnan(by_t.cluster_low)
    own = Estimate.from_fit(
        0.0, NAN, level=0.9, limits=(-INF, 1.0), p_value=0.5, power=0.8, **common
    )
    assert (own.ci_low, own.ci_high, own.p_value) == (0.0, math.e, 0.5)
    assert math.isnan(own.mde_low) and math.isnan(own.low_95)
    wide = Estimate.from_fit(-2.0, 1.0, level=0.98, scale=Scale.DIFFERENCE, degrees=4, **common)
    assert (wide.low_95, wide.high_95) == (by_t.ci_low, by_t.ci_high)
    assert wide.ci_low < wide.low_95 and math.isnan(by_t.low_95)
    given = Estimate.from_fit(
        0.0, 1.0, level=0.98, limits=(-INF, 2.0), limits_95=(-1.0, 1.0), p_value=0.5, **common
    )
    assert (given.low_95, given.high_95) == (math.exp(-1.0), math.e)


def test_every_row_has_the_interval_of_95_percent_and_no_id_depends_on_it() -> None:
    rows = tidy([estimate(), dataclasses.replace(estimate(), level=0.98, low_95=1.1, high_95=2.0)])
    assert rows["low_95"].tolist() == [rows["ci_low"].iloc[0], 1.1]
    assert rows["high_95"].tolist() == [rows["ci_high"].iloc[0], 2.0]
    panel = pd.DataFrame({"start": [0.0]})
    before = rows.drop(columns=["low_95", "high_95"])
    assert result_id("h1.primary", {}, panel, rows) == result_id("h1.primary", {}, panel, before)


@pytest.mark.parametrize(
    ("design", "others"),
    [
        ("time_varying", "wars of the same age without them"),
        ("agreement_clock", "wars as long after their agreement without them"),
        ("panel_counts", "wars in the same periods without them"),
    ],
)
def test_units_are_compared_on_the_clock_of_the_design(design: str, others: str) -> None:
    record: Any = SimpleNamespace(
        estimates=pd.DataFrame(
            {
                "role": ["primary"],
                "measure": ["un_troops"],
                "label": ["Troops"],
                "estimand": ["hazard_ratio"],
            }
        ),
        spec={"design": design, "exposure": {"lag_months": 6}, "outcome": "episode_end"},
    )
    compared = contrast(record)
    assert compared.those == "wars with UN troops on the ground for six months"
    assert compared.others == others
    record.spec["exposure"]["lag_months"] = 12
    assert contrast(record).those == "wars with UN troops on the ground for 12 months"
    record.spec["exposure"]["lag_months"] = 0
    assert contrast(record).those == "wars with UN troops on the ground"
    # A measure that does not say who is compared goes by the name of its estimate.
    record.estimates["measure"] = "un_personnel"
    unit = "units" if design == "panel_counts" else "wars"
    assert contrast(record).those == f"{unit} with “Troops”"
    assert contrast(record).others == f"other {unit}"


@pytest.mark.parametrize(
    ("design", "outcome", "said"),
    [
        ("time_varying", "episode_end", "14 wars in 8 countries were exposed, and 9 ended while "),
        ("fixed_at_onset", "episode_end", "451 of 508 wars in 104 countries ended"),
        ("time_varying", "lull_6m", "14 wars in 8 countries were exposed, with 9 exposed outcomes"),
        ("recurrence", "recurrence", "14 spells of peace in 8 countries were exposed, with 9 "),
        ("monthly_violence", "deaths_in_host_by_month", "14 hosts in 8 countries were exposed, "),
    ],
)
def test_what_an_estimate_rests_on_follows_from_what_it_counts(
    design: str, outcome: str, said: str
) -> None:
    row = pd.Series(
        {
            "n_units": 508,
            "n_events": 451,
            "n_clusters": 104,
            "exposed_units": 14,
            "exposed_events": 9,
            "exposed_clusters": 8,
        }
    )
    spec = {"design": design, "outcome": outcome, "cluster": "gwno_host"}
    assert rests_on(row, spec).startswith(said)
    one = row.replace({14: 1, 8: 1})
    if design == "time_varying":
        assert rests_on(one, spec).startswith("1 war in 1 country was exposed")


def test_where_the_interval_is_open_no_effect_is_detectable() -> None:
    row = pd.Series({"mde_low": math.nan, "mde_high": math.nan})
    assert quantities._detectable(row) == "no effect, however large"
    known = pd.Series({"mde_low": 0.5, "mde_high": 2.0})
    assert quantities._detectable(known) == "a ratio above 2.00 or below 0.50"
