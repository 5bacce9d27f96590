"""The multiverse in batch gives what each specification gives alone, and sums it up by tag."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison, identity, sandwich_ratio
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.multiverse import agreement, quantities, summary, variants
from collsec.designs.registry import get
from collsec.hypothesis.multiverse import Specification, digest, expand
from collsec.hypothesis.validation import load
from collsec.reports.words.quantities import printed
from for_all_tests import first
from riskset import EstimationError, cox_ph
from study import PROJECT, known, study_inputs

# The same partial likelihood on rows in another order: rounding alone may differ.
SAME_MAXIMUM = 1e-9


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name))


@functools.cache
def some(name: str) -> tuple[Specification, ...]:
    """The primary, every departure on one axis, and a seeded sample of the others."""
    every = expand(inputs(name).spec, known())
    others = [s for s in every if len(s.departures) > 1]
    drawn = np.random.default_rng(5).choice(len(others), 25, replace=False)
    return (*(s for s in every if len(s.departures) <= 1), *(others[i] for i in np.sort(drawn)))


@functools.cache
def made(name: str) -> pd.DataFrame:
    return get(inputs(name).spec.design).specified(inputs(name), list(some(name)))


@pytest.mark.parametrize("name", first("h1", "h2", "h3"))
def test_a_specification_in_batch_is_the_one_made_alone(name: str) -> None:
    given = inputs(name)
    compared = 0
    for one, row in zip(some(name), made(name).itertuples(), strict=True):
        prepared = prepare(given, given.spec.exposure, choices=one.choices)
        assert (row.n_units, row.nobs) == (prepared.rows["unit_id"].nunique(), len(prepared.rows))
        try:
            fit = cox_ph(
                prepared.rows,
                [prepared.column, *prepared.adjustment],
                start="start",
                stop="stop",
                event="event",
                strata=list(prepared.strata) or None,
                cluster=given.spec.cluster,
            )
        except EstimationError:
            assert math.isnan(row.estimate)
            assert row.note.startswith("Not estimable")
            continue
        assert math.log(row.estimate) == pytest.approx(
            fit.params[prepared.column], abs=SAME_MAXIMUM
        )
        assert row.std_error == pytest.approx(fit.std_errors[prepared.column], rel=1e-8)
        compared += 1
    assert compared > 30


@pytest.mark.parametrize("name", ["h1", "h2", "h3"])
def test_the_specification_without_departures_is_the_primary(name: str) -> None:
    given = inputs(name)
    own = made(name)[made(name)["departures"] == 0].iloc[0]
    exposure = given.spec.exposure
    primary = sandwich_ratio(
        Comparison.of(prepare(given, exposure), given.spec.cluster),
        level=0.95,
        power=0.8,
        **identity(given, exposure, estimate_id="x", role=Role.PRIMARY),
    )
    assert own["estimate"] == pytest.approx(primary.estimate, rel=SAME_MAXIMUM)
    assert (own["ci_low"], own["ci_high"]) == pytest.approx((primary.ci_low, primary.ci_high))
    assert own["exposed_events"] == primary.exposed_events


@pytest.mark.parametrize("name", ["h1", "h2", "h3"])
def test_each_option_is_one_named_variant(name: str) -> None:
    axes = inputs(name).spec.multiverse
    found = {e.estimate_id: e for e in variants(inputs(name), made(name))}
    expected = {
        f"{name}.variant.{axis}.{option}": spec.label
        for axis, options in axes.items()
        for option, spec in options.items()
        if spec.made()
    }
    assert {i: e.label for i, e in found.items()} == expected
    for estimate_id, estimate in found.items():
        _, _, axis, option = estimate_id.split(".")
        assert estimate.validity == axes[axis][option].validity


def row(validity: str, estimate: float, ends: int = 5) -> dict[str, object]:
    return {
        "specification": f"{validity}{estimate}",
        "validity": validity,
        "estimate": estimate,
        "ci_low": estimate / 2,
        "ci_high": estimate * 2,
        "exposed_events": ends,
    }


CURVE = pd.DataFrame(
    [
        row("principled", 2.5),
        row("principled", 1.2),
        row("principled", 0.9),
        row("principled", math.nan, 0),
        row("plausible", 0.4),
        row("known-biased", 0.1),
    ]
)


def primary_of(hazard_ratio: float) -> Estimate:
    return Estimate(
        estimate_id="x",
        hypothesis="h1",
        role="primary",
        label="",
        measure="",
        lag_months=0,
        estimand="hazard_ratio",
        estimate=hazard_ratio,
        ci_low=math.nan,
        ci_high=math.nan,
        level=0.95,
        p_value=math.nan,
        std_error=math.nan,
        inference="",
        nobs=0,
        n_units=0,
        n_events=0,
        n_clusters=0,
        exposed_units=0,
        exposed_events=0,
        exposed_clusters=0,
    )


@pytest.mark.parametrize(
    ("hazard_ratio", "share"),
    [
        (1.5, 2 / 3),
        (0.5, 1 / 3),
        (0.0, 1 / 3),
        (math.inf, 2 / 3),
        (math.nan, math.nan),
        (1.0, math.nan),
    ],
)
def test_agreement_is_among_estimable_principled_specifications(
    hazard_ratio: float, share: float
) -> None:
    assert agreement(primary_of(hazard_ratio), CURVE) == pytest.approx(share, nan_ok=True)


def test_without_an_estimable_principled_specification_there_is_no_agreement() -> None:
    assert math.isnan(agreement(primary_of(2.0), CURVE[CURVE["validity"] != "principled"]))


def test_known_biased_specifications_stay_out_of_the_summary() -> None:
    found = summary(CURVE)
    assert found["summarized"]["lowest"] == pytest.approx(math.log(0.4))
    assert found["known_biased"]["n"] == 1
    assert found["declared"] == digest(CURVE)
    said = {name: printed(one) for name, one in quantities(2 / 3, CURVE).items()}
    assert said["multiverse.agreement"] == "67 %"
    assert said["multiverse.principled.n"] == "4"
    assert said["multiverse.principled.estimable"] == "3"
    assert said["multiverse.principled.median"] == "1.20"
    assert said["multiverse.principled.above"] == "67 %"


def test_without_an_exposed_end_the_counts_stand_and_no_number() -> None:
    """Before 1956 nobody had sent UN troops into a war of the cohort."""
    spec = inputs("h1").spec
    early = dataclasses.replace(expand(spec, known())[0].choices, last_year=1956)
    one = dataclasses.replace(expand(spec, known())[0], choices=early)
    found = get("time_varying").specified(inputs("h1"), [one]).iloc[0]
    assert math.isnan(found["estimate"])
    assert found["note"].startswith("Not estimable")
    assert (found["n_events"] > 0, found["exposed_events"]) == (True, 0)
