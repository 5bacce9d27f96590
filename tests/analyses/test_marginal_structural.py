"""The marginal structural model: history without look-ahead, weights by hand, a known effect."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from collsec_page.h1.marginal_structural import (
    AGREEMENT,
    BASELINE,
    HISTORY,
    fit_weighted,
    history,
    on_record,
)

from collsec.designs.discrete_time import stabilized_weights
from collsec.designs.inputs import Inputs, Prepared
from collsec.histories.registry import Extent
from made_up_cohorts import SPEC, inputs_of, prepared_of
from riskset import EstimationError

DAY = pd.Timestamp


def timeline(column: str, *rows: tuple[int, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["conflict_id", "known_from", column])
    return frame.assign(known_from=pd.to_datetime(frame["known_from"]))


def one_war(lag: int = 6) -> tuple[Inputs, Prepared]:
    """A war of three years: fighting in 2000, an act of the Council, troops after a year."""
    units = pd.DataFrame(
        {
            "unit_id": ["1-1", "2-1"],
            "conflict_id": [1, 2],
            "time_zero": [DAY("2000-03-01")] * 2,
            "exit_date": [DAY("2003-02-20")] * 2,
            "gwno_host": [1, 2],
            "region": [4, 1],
            "is_event": [True, True],
            "type_at_onset": ["internationalized", "intrastate"],
        }
    )
    calendar = pd.DataFrame(
        {"conflict_id": [1], "on_date": [DAY("2001-02-20")], "off_date": [DAY("2001-08-01")]}
    )
    inputs = inputs_of(
        timelines={
            "war": timeline("is_war", (1, "2001-01-01", 1), (1, "2002-01-01", 0)),
            "council": timeline("acts", (1, "2000-06-15", 1)),
            "peace_process": timeline("agreements", (1, "2000-04-20", 1), (1, "2000-08-10", 2)),
        },
        extents={"agreements": Extent(DAY("1998-01-01"), DAY("2002-06-30"))},
    )
    return inputs, prepared_of(units, calendar, lag)


def test_history_is_what_was_known_when_the_month_began() -> None:
    rows = history(*one_war())
    one = rows[rows["unit"] == 0].set_index("month")
    # 356 days after onset lie in the twelfth month of 30.4375 days.
    assert one.index[one["arrives"]].tolist() == [12]
    # The fighting of 2000 is known from 1 January 2001 on, in the months that begin after it.
    assert one.index[one["is_war_last_year"] > 0].tolist() == list(range(12, 24))
    # The act of 15 June 2000 counts half a year later.
    assert one["has_earlier_act"].eq(1).idxmax() == 11
    assert one["is_internationalized"].eq(1).all() and one["in_africa"].eq(1).all()
    assert not rows.loc[rows["unit"] == 1, "arrives"].any()


def test_an_agreement_counts_for_two_years_and_where_it_is_on_record() -> None:
    rows = history(*one_war())
    one = rows[rows["unit"] == 0].set_index("month")[AGREEMENT]
    # Month 3 begins on 30 April 2000, month 30 on 1 August 2002, after the record.
    assert one.loc[:2].eq(0).all() and one.loc[3:28].eq(1).all()
    assert one.loc[29:].isna().all() and rows["month"].max() == 36
    other = rows[rows["unit"] == 1].set_index("month")[AGREEMENT]
    assert other.loc[:28].eq(0).all()
    inside = on_record(rows)
    assert inside.groupby("unit")["month"].max().tolist() == [28, 28]
    # Troops that were there before the record begins are none that come within it.
    late = rows.assign(**{AGREEMENT: rows[AGREEMENT].where(rows["month"] > 15)})
    assert on_record(late)["unit"].unique().tolist() == [1]


def test_presence_counts_after_the_lag_and_for_good() -> None:
    rows = history(*one_war()).assign(weight=1.0)
    lag = SPEC.exposure.lag_months
    exposed = (rows["arrival"] + lag < rows["month"])[rows["unit"] == 0]
    assert exposed.sum() == len(exposed) - (12 + lag)


def population(effect: float, seed: int = 1, n: int = 1200) -> tuple[Inputs, pd.DataFrame]:
    """Months of wars in which past fighting draws troops in and prolongs the war by itself.

    Fighting halves the hazard of the end and multiplies that of troops by eight; it comes and
    goes, and is not moved by the troops.
    """
    rng = np.random.default_rng(seed)
    made = []
    for unit in range(n):
        war, arrival, month = rng.random() < 0.5, np.inf, 1
        while True:
            if rng.random() < 0.2:
                war = not war
            comes = arrival == np.inf and rng.random() < 0.01 * (8 if war else 1)
            hazard = 0.03 * (0.4 if war else 1.0) * (effect if arrival < month else 1.0)
            ends = rng.random() < hazard
            made.append((unit, month, ends, comes, float(war)))
            arrival = month if comes else arrival
            if ends or month == 80:
                break
            month += 1
    rows = pd.DataFrame(made, columns=["unit", "month", "event", "arrives", "is_war_last_year"])
    first = rows[rows["arrives"]].set_index("unit")["month"]
    rows["arrival"] = first.reindex(rows["unit"]).fillna(np.inf).to_numpy()
    rows["arrives"] = rows["month"] == rows["arrival"]
    rows["log_month"] = np.log(rows["month"])
    of_unit = rng.integers(0, 2, (3, n))
    for i, name in enumerate(("is_internationalized", "in_africa", "has_earlier_act")):
        rows[name] = of_unit[i][rows["unit"]].astype(float)
    rows["gwno_host"] = rows["unit"]
    spec = dataclasses.replace(SPEC, exposure=dataclasses.replace(SPEC.exposure, lag_months=0))
    return inputs_of(spec=spec), rows


@pytest.mark.parametrize("effect", [1.0, 2.5])
def test_weights_undo_confounding_by_history(effect: float) -> None:
    inputs, rows = population(effect)
    weighted = stabilized_weights(rows, 0, BASELINE, HISTORY)
    assert weighted["weight"].mean() == pytest.approx(1.0, abs=0.03)
    found = fit_weighted(inputs, weighted, "msm")
    plain = fit_weighted(inputs, weighted, "msm_unweighted")
    assert found.ci_low < effect < found.ci_high
    assert found.estimate > plain.estimate  # fighting hides some of what troops do
    assert found.std_error >= np.log(found.cluster_high / found.cluster_low) / 2 / 1.96 - 1e-6


def test_weights_wait_for_the_lag_with_the_exposure() -> None:
    _, rows = population(1.0, n=300)
    at_once, later = (
        stabilized_weights(rows, 0, BASELINE, HISTORY),
        stabilized_weights(rows, 6, BASELINE, HISTORY),
    )
    shifted = at_once.groupby(rows["unit"])["weight"].shift(6, fill_value=1.0)
    assert np.allclose(later["weight"], shifted)
    assert (at_once.loc[rows["month"] == 1, "weight"] == 1).all()
    after = rows["month"] > rows["arrival"] + 1
    changes = at_once["weight"].groupby(rows["unit"]).diff()[after]
    assert np.allclose(changes, 0)  # once troops have come, nothing more is weighted


def test_separated_deployment_is_not_estimable() -> None:
    inputs, prepared = one_war()
    with pytest.raises(EstimationError):
        stabilized_weights(history(inputs, prepared), 6, BASELINE, HISTORY)
