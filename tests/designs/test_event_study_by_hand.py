"""The event study of four made-up arrivals: geometric means of ratios of sums."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from collsec.designs.arrivals import StackedDesign
from collsec.designs.monthly_violence import PERIODS, event_study, violation
from collsec.designs.parts import Context
from made_up_arrivals import DRAWS, REFERENCE, RELATIVE, by_sums, inputs, laid


def test_a_period_without_a_death_has_the_ratio_of_half_a_death() -> None:
    counts = [stack.counts.copy() for stack in laid().stacks]
    for own in counts:
        own[0, 24:30] = 0.0
    quiet = tuple(
        dataclasses.replace(one, counts=own) for one, own in zip(laid().stacks, counts, strict=True)
    )
    found = event_study(Context(inputs(), StackedDesign(laid().arrivals, quiet), DRAWS))  # type: ignore[arg-type]
    assert [one.note for one in found.estimates] == [""] * 6
    expected = []
    for own in counts:
        before, others = own[0, :12].sum(), own[1:, 24:30].sum() / own[1:, :12].sum()
        expected.append(np.log(0.5 / (before * others + 0.5)))
    assert found.estimates[2].estimate == pytest.approx(np.exp(np.mean(expected)), rel=1e-6)
    same = StackedDesign(laid().arrivals, (laid().stacks[0],) * 2)
    found = event_study(Context(inputs(), same, DRAWS))  # type: ignore[arg-type]
    # Arrivals that do not differ show no error.
    assert {e.note for e in found.estimates} == {"Not estimable: no death counted or expected"}


def test_the_event_study_is_a_geometric_mean_over_arrivals() -> None:
    one = laid()
    found = event_study(Context(inputs(), one, DRAWS))  # type: ignore[arg-type]
    inside = [(first <= RELATIVE) & (last >= RELATIVE) for first, last in PERIODS]
    assert [int(months.sum()) for months in inside] == [6, 6, 6, 6, 12, 12]
    ratios = np.array([[by_sums(s.counts, m)[0] for s in one.stacks] for m in inside])
    logs, errors = ratios.mean(axis=1), ratios.std(axis=1, ddof=1) / 2
    assert [e.estimate for e in found.estimates] == pytest.approx(list(np.exp(logs)), rel=1e-6)
    assert [e.std_error for e in found.estimates] == pytest.approx(list(errors), rel=1e-5)
    # Four arrivals leave three degrees of freedom: 3.18245 at 95 %.
    highs = np.exp(logs + 3.1824463 * errors)
    assert [e.ci_high for e in found.estimates] == pytest.approx(list(highs), rel=1e-5)
    assert [e.label for e in found.estimates][:3] == [
        "Months −12 to −7",
        "Months −6 to −1",
        "Months 0 to 5",
    ]
    assert found.estimates[5].estimate_id == "h7.months.5"
    record = found.records["event_study"]
    assert record["periods"][2]["first"] == 0 and record["periods"][2]["last"] == 5
    assert record["periods"][2]["estimate"] == found.estimates[2].estimate
    counts = np.array([stack.counts[0] for stack in one.stacks])
    for place, month in enumerate(record["months"]):
        assert (month["month"], month["arrivals"]) == (place - 24, 4)
        assert month["deaths"] == counts[:, place].sum()
        if REFERENCE[place]:  # a share of the reference, by the sums of the whole
            own = [
                np.log(
                    (s.counts[0, place] + 0.5)
                    / (
                        s.counts[0, :12].sum() * s.counts[:, place].sum() / s.counts[:, :12].sum()
                        + 0.5
                    )
                )
                for s in one.stacks
            ]
        else:
            own = [by_sums(s.counts, month["month"] == RELATIVE)[0] for s in one.stacks]
        assert month["ratio"] == pytest.approx(np.exp(np.mean(own)), rel=1e-5)


def test_the_violation_that_would_explain_the_estimate_is_a_multiple_of_the_largest_step() -> None:
    one = laid()
    path = []
    for first in range(-12, 36, 6):
        months = (first <= RELATIVE) & (first + 6 > RELATIVE)
        path.append([by_sums(s.counts, months)[0] for s in one.stacks])
    own = np.array(path)
    halves = []
    for first in (0, 6):
        month = np.arange(60) // 6 == first // 6
        halves.append(
            np.mean(
                [
                    np.log(
                        (s.counts[0, month].sum() + 0.5)
                        / (
                            s.counts[0, :12].sum()
                            * s.counts[:, month].sum()
                            / s.counts[:, :12].sum()
                            + 0.5
                        )
                    )
                    for s in one.stacks
                ]
            )
        )
    before = [*halves, own[0].mean(), own[1].mean()]
    largest = max(abs(b - a) for a, b in itertools.pairwise(before))
    after = own[2:].mean(axis=0) - own[1]
    found = violation(one, 0.95)
    assert found.largest == pytest.approx(largest, abs=1e-6)
    assert found.estimate == pytest.approx(after.mean(), abs=1e-6)
    # Six half-years after: one step after the first, six after the last, 3.5 on average.
    assert found.multiple == pytest.approx(abs(after.mean()) / (3.5 * largest), rel=1e-4)
    error = after.std(ddof=1) / 2
    left = max(abs(after.mean()) - 3.1824463 * error, 0.0)
    assert found.multiple_of_interval == pytest.approx(left / (3.5 * largest), rel=1e-4, abs=1e-6)
    said = found.quantities()
    assert said["violation.multiple"].value == found.multiple
    assert said["violation.largest"].value == pytest.approx(np.exp(largest), rel=1e-5)
    lone = violation(one.without(1).without(1).without(1), 0.95)
    assert np.isnan(lone.multiple) and np.isnan(lone.largest)
