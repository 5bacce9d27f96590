"""Wars from their first agreement on, lulls by hand, and troops on the eve of peace."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from collsec.designs import DESIGNS, Inputs
from collsec.designs.time_varying import lay_out, redraw_on_the_eve
from collsec.hypothesis.validation import load
from collsec.measures import get
from riskset.inference.assignment import redraw
from study import PROJECT, study_inputs

DESIGN = DESIGNS["agreement_clock"]


@functools.cache
def inputs() -> Inputs:
    return study_inputs(load(PROJECT, "h9"))


def test_the_clock_starts_with_the_first_agreement_of_the_war() -> None:
    prepared = DESIGN.prepare(inputs(), inputs().spec.exposure)
    signed = inputs().timelines["peace_process"]
    for war in prepared.units.itertuples():
        own = signed.loc[signed["conflict_id"] == war.conflict_id, "from_date"]
        during = own[(own > war.onset_date) & (own < war.exit_date)]
        assert war.time_zero == during.min()
    assert (prepared.rows["stop"] > prepared.rows["start"]).all()
    # Wars that had troops already are left out: the exposure begins on the clock.
    assert (prepared.rows.loc[prepared.rows["start"] == 0, prepared.column] == 0).all()


def test_troops_on_the_eve_of_peace_are_rejected_too_often() -> None:
    """Sent to wars about to end, troops that change nothing look as if they ended them."""
    prepared = DESIGN.prepare(inputs(), inputs().spec.exposure)
    eve = DESIGN.anticipation(inputs(), prepared)
    assert eve is not None
    alike = DESIGN.calibrate(inputs(), prepared, 200, 0)
    assert eve.ci_low > alike.rejection_rate
    assert eve.ci_low > 0.09
    # It is printed, and no verdict hangs on it: a fixed preference is rejected the more, the more
    # acts there are.
    checked = DESIGN.robustness(inputs())
    assert checked.records["describes"] == []
    assert checked.quantities["eve_of_peace.rejection"].value == eve.rejection_rate


def test_the_redraw_prefers_wars_about_to_end() -> None:
    laid_out = lay_out(inputs(), DESIGN.prepare(inputs(), inputs().spec.exposure))
    ends = laid_out.origin + laid_out.exit

    def share(unit: np.ndarray) -> float:
        placed = unit >= 0
        left = ends[unit] - laid_out.assigned
        return float((left[placed] <= 183).mean())

    rng = np.random.default_rng(1)
    drawn = redraw_on_the_eve(laid_out, 200, rng)
    assert drawn.shape == (200, laid_out.n_spells)
    assert share(drawn) > 1.5 * share(redraw(laid_out, 200, rng)[0])


def lull(deaths: list[float | None], onset: str, last: str, months: str) -> tuple[str, bool]:
    days = pd.date_range("2000-01-31", periods=len(deaths), freq="ME")
    violence = pd.DataFrame(
        {
            "gwno_host": 1,
            "from_date": days,
            "known_from": days,
            "deaths_in_month": [np.nan if d is None else d for d in deaths],
        }
    )
    war = pd.DataFrame(
        {
            "gwno_host": [1],
            "onset_date": [pd.Timestamp(onset)],
            "exit_date": [pd.Timestamp(last)],
        }
    )
    found = get(f"lull_{months}").function(war, violence).iloc[0]
    return str(found["exit_date"].date()), bool(found["is_event"])


def test_a_lull_is_dated_at_its_first_quiet_day() -> None:
    quiet = [9, 9, 0, 9, 0, 0, 0, 9, 9, 9]
    assert lull(quiet, "2000-01-10", "2002-01-01", "3m") == ("2000-05-01", True)
    # Not long enough, and then the record ends.
    assert lull(quiet, "2000-01-10", "2002-01-01", "6m") == ("2000-10-31", False)
    # The war ends before the lull does: no lull of the war.
    assert lull(quiet, "2000-01-10", "2000-04-15", "3m") == ("2000-04-15", False)


def test_a_month_without_a_count_is_no_quiet_month() -> None:
    assert lull([9, 0, 0, None, 0, 0, 0], "2000-01-10", "2002-01-01", "3m") == (
        "2000-03-31",
        False,
    )
    # Nothing is known of the month of onset: the war is not followed.
    assert lull([None, 0, 0, 0], "2000-01-10", "2002-01-01", "3m") == ("2000-01-09", False)
