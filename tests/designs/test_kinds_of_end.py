"""Incidence of each kind of end: they compete, and add up to the share that has ended."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from collsec.designs.curves import UNKNOWN_KIND, kinds_of_end
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.histories.panels import DAYS_PER_MONTH, clock
from collsec.hypothesis.validation import load
from made_up_cohorts import SPEC, inputs_of
from riskset import kaplan_meier
from study import PROJECT, study_extents, study_inputs

DAY = pd.Timestamp


def cohort(*rows: tuple[str, str, str | None]) -> Prepared:
    """Onset, last day and kind of end of each war; None = it goes on."""
    units = pd.DataFrame(rows, columns=["time_zero", "exit_date", "outcome"])
    units["time_zero"] = pd.to_datetime(units["time_zero"])
    units["exit_date"] = pd.to_datetime(units["exit_date"])
    units["is_ended"] = units["outcome"].notna()
    return Prepared(units, pd.DataFrame(), pd.DataFrame(), "x", (), (), None, pd.DataFrame())


def at_month(made: pd.DataFrame, month: int) -> dict[str, float]:
    rows = made[made["time_months"] == month]
    return dict(zip(rows["group"], rows["estimate"].round(6), strict=True))


def test_each_kind_takes_its_share_of_those_still_at_war() -> None:
    """By hand: of four, one ends, one is censored, one of the two left ends otherwise."""
    spec = dataclasses.replace(SPEC, outcomes=("end_by_agreement", "end_by_rebel_victory"))
    made = kinds_of_end(
        inputs_of(spec=spec, extents=study_extents()),
        cohort(
            ("2000-01-01", "2000-03-01", "peace_agreement"),
            ("2018-01-01", "2022-01-01", "ceasefire"),
            ("2019-10-01", "2021-01-01", None),
            ("2000-01-01", "2002-01-01", "not_covered"),
        ),
        60,
    )
    assert list(dict.fromkeys(made["group"])) == ["Agreement", UNKNOWN_KIND]
    assert at_month(made, 1) == {"Agreement": 0.0, UNKNOWN_KIND: 0.0}
    # Two are censored when the record of kinds ends: in month 3, and two days before the other end.
    assert at_month(made, 12) == {"Agreement": 0.25, UNKNOWN_KIND: 0.0}
    assert at_month(made, 60) == {"Agreement": 0.25, UNKNOWN_KIND: 0.75}


@pytest.mark.parametrize("name", ["h1", "h2"])
def test_the_kinds_of_the_study_add_up_to_all_that_ended(name: str) -> None:
    inputs: Inputs = study_inputs(load(PROJECT, name))
    prepared = prepare(inputs, inputs.spec.exposure)
    made = kinds_of_end(inputs, prepared, 60)
    assert set(made["group"]) == {
        "Agreement",
        "Ceasefire",
        "Government victory",
        "Rebel victory",
        "Low activity",
        UNKNOWN_KIND,
    }
    units = prepared.units
    until = DAY("2023-12-31")
    assert study_extents()["outcomes"].last_day == until
    last = units["exit_date"].where(units["exit_date"] <= until, until)
    data = pd.DataFrame(
        {
            "stop": clock(units.assign(exit_date=last)),
            "event": units["is_ended"].astype(bool) & (units["exit_date"] <= until),
        }
    )[last >= units["time_zero"]]
    months = np.arange(61, dtype=float)
    survival = kaplan_meier(data, stop="stop", event="event").at(list(months * DAYS_PER_MONTH))
    ended = made.groupby("time_months")["estimate"].sum().to_numpy()
    assert ended == pytest.approx(1 - survival["survival"].to_numpy(), abs=1e-12)
