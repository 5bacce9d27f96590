"""Peace processes before troops: frozen on the eve, redrawn within, counted by two engines."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from collsec_page.h1 import peace_processes as pp

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.inputs import Prepared, prepare
from collsec.designs.time_varying import lay_out, rerandomized, within_window
from collsec.histories.panels import clock
from collsec.hypothesis.validation import load
from study import PROJECT, study_inputs


@functools.cache
def inputs() -> Inputs:
    return study_inputs(load(PROJECT, "h1"))


@functools.cache
def primary() -> Prepared:
    return prepare(inputs(), inputs().spec.exposure)


def test_spans_join_and_freeze_on_the_eve() -> None:
    spans = pp._joined(np.array([[0, 24], [10, 34], [50, 74.0]]))
    assert spans == [(0.0, 34.0), (50.0, 74.0)]
    assert pp._frozen(spans, None) == spans
    # In force on the eve: in force ever after. Over by then, or yet to come: never after.
    assert pp._frozen(spans, 20.0) == [(0.0, math.inf)]
    assert pp._frozen(spans, 34.0) == [(0.0, math.inf)]
    assert pp._frozen(spans, 40.0) == [(0.0, 34.0)]
    # Signed on the very day is not before it.
    assert pp._frozen([(20.0, 44.0)], 20.0) == []


def test_nothing_signed_after_troops_came_is_conditioned_on() -> None:
    frozen = pp.with_status(inputs(), primary(), 24)
    spells = primary().spells
    assert spells is not None
    came = pd.Series(spells.assigned).groupby(spells.unit).min()
    came.index = primary().units["unit_id"].iloc[came.index]
    rows = frozen.rows[frozen.rows["unit_id"].isin(came.index)]
    after = rows[rows["stop"] > rows["unit_id"].map(came)]
    spread = after.groupby("unit_id")[pp.STATUS].agg(["min", "max"])
    assert (spread["min"] == spread["max"]).all()
    # The eve itself is that of the redraws: status by running counts, another route.
    units = primary().units
    on = units.set_index("unit_id")["time_zero"].loc[came.index] + pd.to_timedelta(came, unit="D")
    status = pp.within(inputs(), "peace_process", "agreements", 24)
    place = {u: i for i, u in enumerate(units["unit_id"])}
    by_counts = status(units, on)
    for row, unit in enumerate(came.index):
        own = after.loc[after["unit_id"] == unit, pp.STATUS]
        if len(own):
            assert own.iloc[0] == by_counts[row, place[unit]], unit


def test_rows_are_cut_and_never_lost() -> None:
    frozen = pp.with_status(inputs(), primary(), 48)
    days = (frozen.rows["stop"] - frozen.rows["start"]).groupby(frozen.rows["unit_id"]).sum()
    exits = clock(primary().units.assign(exit_date=primary().outcome["exit_date"]))
    own = pd.Series(exits, index=primary().units["unit_id"]).loc[days.index]
    assert np.allclose(days, own)
    assert frozen.rows["event"].sum() == primary().rows["event"].sum()


def test_the_record_bounds_the_risk_sets() -> None:
    window = pp.covered(inputs(), "agreements", 24)
    assert (window[0].year, window[1].year) == (1977, 2021)
    inside = within_window(primary(), window)
    zero = inside.rows["unit_id"].map(inside.units.set_index("unit_id")["time_zero"])
    ends = zero + pd.to_timedelta(inside.rows["stop"], unit="D")
    assert (ends > window[0]).all() and (ends <= window[1] + pd.Timedelta(days=1)).all()
    design = lay_out(
        inputs(),
        primary().only(lambda f: f["unit_id"].isin(inside.units["unit_id"])),
        window=window,
    )
    assert design.event.sum() == inside.rows["event"].sum()


def test_r_gives_the_same_adjusted_ratio(cox_by_r: Callable[..., pd.Series]) -> None:
    window = pp.covered(inputs(), "agreements", 24)
    frozen = within_window(pp.with_status(inputs(), primary(), 24), window)
    found = pp.adjusted(inputs(), primary(), 24, window)
    names = [frozen.column, pp.STATUS]
    answers = cox_by_r(frozen.rows, names, frozen.strata, "gwno_host")
    assert math.log(found.estimate) == pytest.approx(answers["x1"], abs=1e-6)
    assert found.std_error == pytest.approx(answers["robust_error"], rel=1e-6)


@pytest.mark.full
def test_a_loop_over_the_days_gives_the_same_test() -> None:
    """Redraws within region and status one war at a time: the p-value within Monte Carlo error."""
    window = pp.covered(inputs(), "agreements", 24)
    status = pp.within(inputs(), "peace_process", "agreements", 24)
    found = rerandomized(
        inputs(),
        primary(),
        inputs().spec.exposure,
        estimate_id="x",
        role=Role.SENSITIVITY,
        draws=2_000,
        level=0.95,
        window=window,
        status=status,
    )
    inside = within_window(primary(), window)
    design = lay_out(inputs(), inside, window=window, status=status)
    rng = np.random.default_rng(5)
    own = score_of(design, list(zip(design.unit, range(design.n_spells), strict=True)))
    draws = []
    for _ in range(300):
        busy: dict[int, float] = {}
        placed = []
        for k, (received, day) in enumerate(zip(design.unit, design.assigned, strict=True)):
            fit = [
                u
                for u in range(design.n_units)
                if design.origin[u] + design.entry[u] < day < design.origin[u] + design.exit[u]
                and busy.get(u, -1.0) < day
            ]
            for wanted in ((0, True), (None, True), (None, False)):
                pool = [
                    u
                    for u in fit
                    if (
                        wanted[0] is None
                        or design.assignment_strata[u, 0] == design.assignment_strata[received, 0]
                    )
                    and (not wanted[1] or design.status[k, u] == design.status[k, received])
                ]
                if len(pool) >= 2:
                    break
            if not pool:
                continue
            chosen = int(rng.choice(pool))
            busy[chosen] = max(design.off[k], day)
            placed.append((chosen, k))
        draws.append(score_of(design, placed))
    reference = np.array(draws)
    tails = [(1 + (reference >= own).sum()) / 301, (1 + (reference <= own).sum()) / 301]
    p = min(1.0, 2 * min(tails))
    assert abs(p - found.p_value) < 4 * math.sqrt(max(p * (1 - p), 0.05) / 300)


def score_of(design: object, placed: list[tuple[int, int]]) -> float:
    """Studentized score at no effect, event by event."""
    d = design
    score = variance = 0.0
    spans: dict[int, list[tuple[float, float]]] = {}
    for unit, k in placed:
        spans.setdefault(int(unit), []).append(
            (d.on[k] - d.origin[unit], d.off[k] - d.origin[unit])
        )

    def is_on(unit: int, t: float) -> bool:
        return any(a < t <= b for a, b in spans.get(unit, ()))

    for stratum in np.unique(d.outcome_strata):
        members = np.flatnonzero(d.outcome_strata == stratum)
        for t in np.unique(d.exit[members][d.event[members]]):
            risk = members[(d.entry[members] < t) & (t <= d.exit[members])]
            ends = risk[d.event[risk] & (d.exit[risk] == t)]
            n, x, m = len(risk), sum(is_on(u, t) for u in spans if u in set(risk)), len(ends)
            score += sum(is_on(u, t) for u in ends) - m * x / n
            if n > 1:
                variance += m * x * (n - x) * (n - m) / (n**2 * (n - 1))
    return score / math.sqrt(variance) if variance > 0 else 0.0


def test_the_balance_says_how_far_deployments_were_from_random() -> None:
    quantities, balance = pp.balanced(inputs(), primary())
    rows = {row["name"]: row for row in balance["rows"]}
    assert balance["n_deployments"] + balance["n_outside"] == lay_out(inputs(), primary()).n_spells
    own = rows["agreements_24"]
    assert own["deployed"] > 2 * own["at_risk"] > 0
    assert quantities["balance.agreements_24.deployed"].value == own["deployed"]
    for row in rows.values():
        assert np.isfinite([row["deployed"], row["at_risk"], row["in_region"]]).all()
