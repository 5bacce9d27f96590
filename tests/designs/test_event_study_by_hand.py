"""The event study of four made-up arrivals: one regression of all periods."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from collsec.designs.arrivals import StackedDesign
from collsec.designs.monthly_violence import event_study, periods_of
from collsec.designs.parts import Context
from made_up_arrivals import (
    DRAWS,
    by_regression,
    inputs,
    laid,
)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_period_without_a_death_has_no_ratio() -> None:
    counts = [stack.counts.copy() for stack in laid().stacks]
    for own in counts:
        own[0, 24:30] = 0.0
    quiet = tuple(
        dataclasses.replace(one, counts=own) for one, own in zip(laid().stacks, counts, strict=True)
    )
    found = event_study(Context(inputs(), StackedDesign(laid().arrivals, quiet), DRAWS))  # type: ignore[arg-type]
    notes = [one.note for one in found.estimates]
    assert notes == ["", "", "Not estimable: no death counted or expected", "", "", ""]
    alike = dataclasses.replace(laid().stacks[0], weight=1.0)
    same = StackedDesign(laid().arrivals, (alike, alike))
    found = event_study(Context(inputs(), same, DRAWS))  # type: ignore[arg-type]
    # Arrivals that do not differ show no error.
    assert {one.note for one in found.estimates} == {notes[2]}


def test_the_event_study_is_one_regression_of_all_periods() -> None:
    one = laid()
    group = periods_of(np.arange(-24, 36))
    sizes = [12, 6, 6, 6, 6, 12, 12]
    assert group.tolist() == [g for g, n in zip(range(-1, 6), sizes, strict=True) for _ in range(n)]
    found = event_study(Context(inputs(), one, DRAWS))  # type: ignore[arg-type]
    logs, _, means = by_regression(one, group)
    leave = np.array([by_regression(one.without(p), group)[0] for p in range(4)])
    errors = np.sqrt(3 / 4 * ((leave - leave.mean(axis=0)) ** 2).sum(axis=0))
    assert [e.estimate for e in found.estimates] == pytest.approx(list(np.exp(logs)), rel=1e-5)
    assert [e.std_error for e in found.estimates] == pytest.approx(list(errors), rel=1e-4)
    # Four stacks leave three degrees of freedom: 3.18245 at 95 %.
    highs = np.exp(logs + 3.1824463 * errors)
    assert [e.ci_high for e in found.estimates] == pytest.approx(list(highs), rel=1e-4)
    assert [e.label for e in found.estimates][:3] == [
        "Months −12 to −7",
        "Months −6 to −1",
        "Months 0 to 5",
    ]
    assert found.estimates[5].estimate_id == "h7.months.5"
    record = found.records["event_study"]
    assert record["periods"][2]["first"] == 0 and record["periods"][2]["last"] == 5
    assert record["periods"][2]["estimate"] == found.estimates[2].estimate
    weights = np.array([stack.weight for stack in one.stacks])
    counts = np.array([stack.counts[0] for stack in one.stacks])
    free = means / np.exp(np.r_[logs, 0.0][group])
    for place, month in enumerate(record["months"]):
        assert (month["month"], month["arrivals"]) == (place - 24, 4)
        assert month["deaths"] == counts[:, place].sum()
        ratio = weights @ counts[:, place] / (weights @ free[:, place])
        assert month["ratio"] == pytest.approx(ratio, rel=1e-4)
