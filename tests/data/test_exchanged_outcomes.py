"""Outcomes exchanged among disputes: cells by hand, and worlds in which outcomes change nothing."""

from __future__ import annotations

import functools
import math
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy
from scipy import stats

from collsec.designs import DESIGNS, Inputs
from collsec.hypothesis.validation import load
from riskset.inference.circular_shifts import shifted_p_value
from study import PROJECT, known, study_inputs

#: Chance that a bound below fails though all is as it should be.
CHANCE = 1e-3


@functools.cache
def inputs() -> Inputs:
    return study_inputs(load(PROJECT, "h17", known()))


def design() -> Any:
    inputs()  # the page registers its design
    return DESIGNS["exchanged_outcomes"]


def page() -> ModuleType:
    """The module of the page, which lies outside of all packages."""
    return sys.modules[type(design()).__module__]


@functools.cache
def panel() -> Any:
    return design().prepare(inputs(), inputs().spec.exposure)


def test_a_dispute_reaches_the_five_years_after_its_end() -> None:
    disputes = pd.DataFrame(
        {
            "start_date": pd.to_datetime(["1990-01-01", "1992-05-01"]),
            "end_date": pd.to_datetime(["1991-06-01", None]),
            "gwno_initiators": ["1;7", "2"],
        }
    )
    found = page().reached(disputes)
    assert found[found["dispute"] == 1]["period"].tolist() == [1993, 1994, 1995, 1996, 1997]
    both = found[found["dispute"] == 0]
    assert sorted(both["unit_id"].unique()) == [1, 7]
    assert (both["period"].min(), both["period"].max(), len(both)) == (1992, 1996, 10)


def test_states_have_no_cells_before_they_exist() -> None:
    disputes = pd.DataFrame(
        {
            "start_date": pd.to_datetime(["1950-03-01", "1962-03-01"]),
            "end_date": pd.to_datetime(["1950-04-01", "1962-04-01"]),
            "gwno_initiators": ["1", "2"],
        }
    )
    states = pd.DataFrame(
        {
            "gwno": [1, 1, 2],
            "valid_from": pd.to_datetime(["1900-01-01", "1957-06-01", "1960-06-01"]),
            "valid_to": pd.to_datetime(["1956-06-01", None, None]),
        }
    )
    found = page().disputes_begun_by_state(disputes, states)
    years = found.groupby("unit_id")["period"].apply(list)
    assert years[1] == [*range(1955, 1963)] and years[2] == [1960, 1961, 1962]
    assert found.loc[found["unit_id"] == 2, "count"].tolist() == [0, 0, 1]


def test_outcomes_are_exchanged_within_their_blocks() -> None:
    # Two of three, none of two, one of two; each dispute reaches a cell of its own.
    made = page().Disputes(
        scipy.sparse.csr_array(np.eye(7)),
        np.array([1, 1, 0, 0, 0, 1, 0], dtype=bool),
        np.array([0, 0, 0, 1, 1, 2, 2]),
    )
    assert made.is_free.tolist() == [True] * 3 + [False] * 2 + [True] * 2
    drawn = made.exchanged(600, np.random.default_rng(1))
    assert (drawn[:, :3].sum(axis=1) == 2).all() and not drawn[:, 3:5].any()
    assert (drawn[:, 5:].sum(axis=1) == 1).all()
    # Each dispute has each outcome as often as its block: two in three, one in two; 4 errors.
    assert drawn.mean(axis=0)[:3] == pytest.approx([2 / 3] * 3, abs=4 * math.sqrt(2 / 9 / 600))
    assert drawn.mean(axis=0)[5:] == pytest.approx([0.5] * 2, abs=4 * math.sqrt(0.25 / 600))
    assert (made.exposes(drawn).toarray() == drawn).all()


def test_outcomes_as_they_are_give_the_exposure_of_the_page() -> None:
    own = panel().disputes.exposes(panel().disputes.is_chosen[None, :]).toarray()
    assert (own.reshape(panel().counts.shape) == np.nan_to_num(panel().exposure)).all()
    late = panel().since(pd.Timestamp("2000-01-01"))
    own = late.disputes.exposes(late.disputes.is_chosen[None, :]).toarray()
    assert (own.reshape(late.counts.shape) == np.nan_to_num(late.exposure)).all()


def test_an_effect_moves_the_ratio_by_itself_and_the_interval_with_it() -> None:
    """Counts times e to the θ where exposed, freed of β + θ, are those freed of β before."""
    drawn, theta = panel().exchanges(199, 1), 0.4
    raised = replace(
        panel(), counts=panel().counts * np.exp(theta * np.nan_to_num(panel().exposure))
    )
    before, after = (page().centered(one, drawn) for one in (panel(), raised))
    assert after - before == pytest.approx(theta, abs=1e-5)
    own, reference = panel().scores(before, drawn)
    assert own == pytest.approx(np.median(reference), abs=1e-3)


@pytest.mark.full
def test_worlds_in_which_outcomes_change_nothing_are_rejected_as_the_level_says() -> None:
    """The former test, which turned calendars, rejects most of them."""
    worlds = 100
    rejected, _ = design().rejected(panel(), worlds, 1)
    assert stats.binom.ppf(CHANCE, worlds, 0.05) <= rejected
    assert rejected <= stats.binom.isf(CHANCE, worlds, 0.05)
    rng, turned = np.random.default_rng(2), 0
    for _ in range(20):
        chosen = rng.permutation(panel().disputes.is_chosen)
        exposure = panel().disputes.exposes(chosen[None, :]).toarray()
        world = replace(panel(), exposure=exposure.reshape(panel().counts.shape))
        picks = rng.integers(len(world.periods), size=(400, len(world.units)))
        turned += shifted_p_value(world.paths.scores(0.0), picks) < 0.05
    assert turned > stats.binom.isf(CHANCE, 20, 0.05)
