"""What holds for every layout of units, strata and exposure spells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from for_all_tests import examples
from riskset.inference import (
    ExposureDesign,
    InferenceError,
    exposure_design,
    risk_set_rerandomization,
)
from riskset.inference.assignment import exposed_counts, redraw, shared_counts, split_rows

Layout = dict[str, Any]


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Up to 25 units with ties, late entries, strata and possibly repeated spells."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(4, 25))
    lag = float(draw(st.sampled_from([-5, 0, 3])))
    length = float(draw(st.sampled_from([4, 12, np.inf])))
    origin = rng.integers(0, 30, n).astype(float)
    entry = np.where(rng.random(n) < 0.3, rng.integers(0, 6, n), 0).astype(float)
    exit_ = np.where(rng.random(n) < 0.1, entry + 0.5, entry + rng.integers(1, 25, n))
    busy = np.full(n, -np.inf)
    spells = []
    for day in np.sort(rng.integers(2, 50, 8)).astype(float):
        free = (busy < day) & (busy <= day + lag)
        pool = np.flatnonzero((origin + entry < day) & (day < origin + exit_) & free)
        if pool.size:
            unit = int(rng.choice(pool))
            busy[unit] = max(day + lag + length, day)
            spells.append((unit, day, day + lag, day + lag + length))
    event = rng.random(n) < 0.8
    assume(bool(spells) and bool(event.any()))
    unit_, assigned, on, off = np.array(spells).T
    return {
        "origin": origin,
        "entry": entry,
        "exit": exit_,
        "event": event,
        "outcome_strata": rng.integers(0, 2, n),
        "assignment_strata": rng.integers(0, 3, (n, 2)),
        "spell_unit": unit_.astype(np.int64),
        "spell_assigned": assigned,
        "spell_on": on,
        "spell_off": off,
    }


def is_exposed(design: ExposureDesign, unit: np.ndarray, who: int, time: float) -> bool:
    day = design.origin[who] + time
    return any(
        unit[k] == who and design.on[k] < day <= design.off[k] for k in range(design.n_spells)
    )


@examples(150)
@given(layouts(), st.integers(0, 100))
def test_counts_equal_counting_one_by_one(layout: Layout, seed: int) -> None:
    design = exposure_design(**layout)
    unit = redraw(design, 3, np.random.default_rng(seed))[0]
    at_risk, deaths = exposed_counts(design, unit)
    shared = shared_counts(design, unit)
    sets = design.event_counts
    for b in range(3):
        for t, (stratum, time) in enumerate(zip(sets.stratum, sets.time, strict=True)):
            present = np.flatnonzero(
                (design.outcome_strata == stratum) & (design.entry < time) & (time <= design.exit)
            )
            exposed = [j for j in present if is_exposed(design, unit[b], j, time)]
            ends = [j for j in exposed if design.event[j] and design.exit[j] == time]
            both = [j for j in exposed if is_exposed(design, design.unit, j, time)]
            assert sets.at_risk[t] == present.size
            assert (at_risk[b, t], deaths[b, t], shared[b, t]) == (
                len(exposed),
                len(ends),
                len(both),
            )


@examples(150)
@given(layouts(), st.integers(0, 100))
def test_redrawn_spells_fall_on_free_units_at_risk_in_the_finest_possible_stratum(
    layout: Layout, seed: int
) -> None:
    design = exposure_design(**layout)
    for unit in redraw(design, 5, np.random.default_rng(seed))[0]:
        busy = np.full(design.n_units, -np.inf)
        for k, day in enumerate(design.assigned):
            free = (busy < day) & (busy <= design.on[k])
            start, stop = design.origin + design.entry, design.origin + design.exit
            candidates = (start < day) & (day < stop) & free
            strata = design.assignment_strata
            for level in range(strata.shape[1]):
                same = candidates & (strata[:, level] == strata[design.unit[k], level])
                if same.sum() >= 2 or level == strata.shape[1] - 1:
                    break
            if unit[k] < 0:
                assert not same.any()
                continue
            assert same[unit[k]]
            busy[unit[k]] = max(design.off[k], day)


@examples(100)
@given(layouts(), st.integers(0, 100))
def test_split_rows_hold_the_same_follow_up_events_and_exposure(layout: Layout, seed: int) -> None:
    design = exposure_design(**layout)
    unit = redraw(design, 1, np.random.default_rng(seed))[0][0]
    owner, start, stop, event, exposed = split_rows(design, unit)
    assert np.all(start < stop)
    length = np.bincount(owner, weights=stop - start, minlength=design.n_units)
    assert np.allclose(length, design.exit - design.entry)
    events = np.bincount(owner, weights=event, minlength=design.n_units)
    assert events.tolist() == design.event.astype(float).tolist()
    for row in range(owner.size):
        for time in (start[row] + 0.25, stop[row]):
            assert exposed[row] == is_exposed(design, unit, owner[row], time)


@examples(60)
@given(layouts(), st.integers(0, 100), st.integers(-500, 500))
def test_result_depends_neither_on_the_calendar_origin_nor_on_the_order_of_units(
    layout: Layout, seed: int, shift: int
) -> None:
    order = np.random.default_rng(seed).permutation(layout["origin"].size)
    moved = {
        name: value[order] if not name.startswith("spell") else value
        for name, value in layout.items()
    }
    moved["spell_unit"] = np.argsort(order)[layout["spell_unit"]]
    for name in ("origin", "spell_assigned", "spell_on", "spell_off"):
        moved[name] = moved[name] + shift
    try:
        first = risk_set_rerandomization(exposure_design(**layout), draws=39, level=0.8, seed=1)
    except InferenceError:
        with pytest.raises(InferenceError):
            risk_set_rerandomization(exposure_design(**moved), draws=39, level=0.8, seed=1)
        return
    second = risk_set_rerandomization(exposure_design(**moved), draws=39, level=0.8, seed=1)
    assert first.score == second.score
    assert first.estimate == pytest.approx(second.estimate, abs=1e-9, nan_ok=True)
    assert first.std_error == pytest.approx(second.std_error, abs=1e-9, nan_ok=True)
    assert first.n_coarsened == second.n_coarsened


@examples(150)
@given(layouts(), st.integers(0, 100), st.sampled_from([0.05, 0.1, 0.3]))
def test_interval_excludes_no_effect_exactly_when_the_test_rejects(
    layout: Layout, seed: int, alpha: float
) -> None:
    design = exposure_design(**layout)
    try:
        result = risk_set_rerandomization(design, draws=59, level=1 - alpha, seed=seed)
    except InferenceError as error:
        assert "both exposed and unexposed" in str(error)
        return
    assert (result.ci_low > 0 or result.ci_high < 0) == (result.p_value < alpha)
    assert result.ci_low <= result.ci_high
