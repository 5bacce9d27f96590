"""Rotating seats as an instrument: whose turn it is, and an effect that is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from collsec_page.h1.rotating_seats import (
    LABELS,
    SEAT,
    african_months,
    estimate_seats,
    seated,
)

from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.histories.registry import Extent
from collsec.histories.timelines import regional_seats
from collsec.reports.words.quantities import printed
from made_up_cohorts import inputs_of, prepared_of
from study import raw_tables, study_timelines

DAY = pd.Timestamp
# What troops do to the monthly probability of an end in the simulated world.
EFFECT = -0.2
JANUARY_1970 = (1970 - 1946) * 12


def members(*rows: tuple[int, str, str, bool]) -> pd.DataFrame:
    """State, first and last day of a membership, and whether it is permanent."""
    frame = pd.DataFrame(rows, columns=["gwno", "from_date", "to_date", "is_permanent"])
    return frame.assign(
        from_date=pd.to_datetime(frame["from_date"]), to_date=pd.to_datetime(frame["to_date"])
    )


REGIONS = pd.DataFrame(
    {"gwno": [1, 2, 3, 4], "african_region": ["northern", "central", "central", "southern"]}
)


def months_seated(seats: pd.DataFrame, gwno: int, first: int, last: int) -> list[int]:
    """Months of a span, since January 1946, in which the region of a state sits."""
    months = pd.Series(range(first, last + 1))
    return months[seated(seats, pd.Series(gwno, index=months.index), months)].tolist()


def test_a_region_sits_in_the_months_that_begin_with_an_elected_member_of_it() -> None:
    sat = members(
        (1, "1970-01-01", "1970-12-31", False),
        (2, "1970-03-15", "1970-05-31", False),
        (3, "1970-05-01", "1970-05-31", True),
        (9, "1970-01-01", "1970-12-31", False),
    )
    seats = regional_seats(REGIONS, sat)
    around = JANUARY_1970 - 12, JANUARY_1970 + 24
    year = list(range(JANUARY_1970, JANUARY_1970 + 12))
    assert months_seated(seats, 1, *around) == year
    # Both states of a region have its seat; a region that never sat has steps, and no seat.
    for central in (2, 3):
        assert months_seated(seats, central, *around) == [JANUARY_1970 + 3, JANUARY_1970 + 4]
    assert months_seated(seats, 4, *around) == []
    assert set(seats["gwno"]) == {1, 2, 3, 4}


def test_a_seat_counts_after_the_lag_and_only_while_the_record_goes_on() -> None:
    units = pd.DataFrame(
        {
            "unit_id": ["a", "b"],
            "conflict_id": [1, 2],
            "time_zero": DAY("1970-01-01"),
            "exit_date": [DAY("1972-01-01"), DAY("1972-01-01")],
            "gwno_host": [1, 9],
            "is_event": [True, True],
        }
    )
    calendar = pd.DataFrame(
        {"conflict_id": [1], "on_date": [DAY("1970-02-01")], "off_date": [pd.NaT]}
    )
    sat = members((1, "1970-01-01", "1970-12-31", False))
    inputs = inputs_of(
        timelines={"regional_seats": regional_seats(REGIONS.iloc[:1], sat)},
        extents={"council_members": Extent(DAY("1970-01-01"), DAY("1970-12-31"))},
    )
    rows, cells = african_months(inputs, prepared_of(units, calendar))
    # No state of another continent; no month before the record, or after it and the lag.
    assert set(rows["gwno_host"]) == {1}
    assert cells[SEAT].tolist() == [0.0] * 6 + [1.0] * 12
    assert cells["calendar_month"].max() == JANUARY_1970 + 17
    assert not cells["event"].any()  # the war ended after the record


def test_regions_take_turns_in_the_record() -> None:
    """One seat is always western; northern and central regions never miss two terms in a row."""
    tables = raw_tables()
    regions = tables["african_regions"].set_index("gwno")["african_region"]
    assert regions.value_counts().to_dict() == {
        "western": 15,
        "eastern": 14,
        "southern": 10,
        "central": 9,
        "northern": 6,
    }
    years = pd.Series(range(1966, 2027))
    sits = {
        region: seated(
            study_timelines()["regional_seats"],
            pd.Series(regions.index[regions == region][0], index=years.index),
            (years - 1946) * 12,
        )
        for region in regions.unique()
    }
    januaries = {
        year: {region for region, in_january in sits.items() if in_january[place]}
        for place, year in years.items()
    }
    # Mauritania sat in the western seat in 1974 and 1975.
    assert [y for y, found in januaries.items() if "western" not in found] == [1974, 1975]
    # Rwanda, eastern today, sat in the central turn of 1994 and 1995; Sudan in the northern one.
    either = {y: len(found & {"northern", "central"}) for y, found in januaries.items()}
    assert [y for y, n in either.items() if n != 1] == [
        1966,
        1967,
        1972,
        1973,
        1974,
        1975,
        1994,
        1995,
    ]
    other = {y: len(found & {"eastern", "southern"}) for y, found in januaries.items()}
    assert [y for y, n in other.items() if n != 1] == [1995]


def panel(strength: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Country-months in which what draws troops also ends wars, and seats move troops."""
    rng = np.random.default_rng(seed)
    country, month = (grid.ravel() for grid in np.meshgrid(np.arange(40), np.arange(240)))
    # Four regions in two pairs that take turns every 24 months, as the African Group has it.
    sits = ((month // 24 + country) % 2).astype(float)
    hope = rng.normal(size=country.size)
    troops = 0.3 + strength * sits + 0.05 * hope + 0.1 * rng.normal(size=40)[country]
    chance = 0.02 * rng.normal(size=country.size)
    end = 0.5 + EFFECT * troops + 0.05 * hope + 0.1 * rng.normal(size=240)[month] + chance
    rows = pd.DataFrame(
        {
            "unit": country,
            "gwno_host": country,
            "calendar_month": month,
            "event": end,
            "x": troops,
            SEAT: sits,
        }
    )
    return rows.assign(event=True), rows


def estimated(strength: float, seed: int = 0) -> tuple[dict[str, Estimate], float, list]:
    rows, cells = panel(strength, seed)
    made, f, accepted = estimate_seats(inputs_of(), rows, cells, "x")
    return dict(zip(LABELS, made, strict=True)), f, accepted


def test_a_known_effect_is_recovered_where_seats_move_troops() -> None:
    found, strength, accepted = estimated(0.2)
    assert strength > 1000
    assert found["first_stage"].estimate == pytest.approx(0.2, abs=4 * 0.001)
    assert found["reduced_form"].estimate == pytest.approx(EFFECT * 0.2, abs=4 * 0.001)
    two = found["two_stage"]
    assert abs(two.estimate - EFFECT) < 4 * two.std_error
    assert [(two.ci_low, two.ci_high)] == accepted
    assert two.ci_low < EFFECT < two.ci_high < 0
    assert two.p_value < 1e-6


def test_the_set_holds_the_truth_as_often_as_it_promises() -> None:
    held = sum(
        any(low <= EFFECT <= high for low, high in estimated(0.01, seed)[2]) for seed in range(60)
    )
    # Fewer than 52 of 60 at 95 % happen with probability 1 %.
    assert held >= 52


def test_seats_that_move_no_troops_leave_the_interval_open() -> None:
    """The set is the whole line or two rays; its hull, the interval, is open on both sides."""
    found, strength, accepted = estimated(0.0)
    assert strength < 10
    assert (accepted[0][0], accepted[-1][1]) == (-math.inf, math.inf)
    assert (found["two_stage"].ci_low, found["two_stage"].ci_high) == (-math.inf, math.inf)


def test_what_cannot_be_estimated_says_why() -> None:
    rows, cells = panel(0.2, 0)
    made, strength, accepted = estimate_seats(inputs_of(), rows, cells.assign(**{SEAT: 1.0}), "x")
    assert all(math.isnan(e.estimate) and SEAT in e.note for e in made)
    assert math.isnan(strength)
    assert accepted == []


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        ([(-math.inf, math.inf)], "every value, so that nothing is ruled out"),
        ([(-0.01, 0.025)], "−1.0 to 2.5"),
        ([(-math.inf, -0.1), (0.2, math.inf)], "−∞ to −10.0 or 20.0 to ∞"),
        ([], "empty"),
    ],
)
def test_a_set_in_words(accepted: list[tuple[float, float]], words: str) -> None:
    quantity = Quantity([list(one) for one in accepted], Unit.CONFIDENCE_SET)
    assert printed(Quantity.from_plain(quantity.plain())) == words


@pytest.mark.parametrize(
    ("strength", "words"),
    [
        (0.2, "weak"),
        (9.99, "weak"),
        (10.0, "not weak by the usual mark of 10"),
        (math.nan, "not estimable"),
    ],
)
def test_strength_in_words(strength: float, words: str) -> None:
    assert printed(Quantity(strength, Unit.FIRST_STAGE_F)) == words
