"""Size, power and coverage of risk-set re-randomization in simulated data sets.

Bounds are the design's own where the number of data sets allows (3–7 % size, 93–97 % coverage);
the fast versions allow three Monte Carlo standard errors around the nominal value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from riskset.inference import exposure_design, risk_set_rerandomization
from riskset.inference.assignment import exposed_counts, redraw
from riskset.inference.reference_distribution import equal_tailed_p_values, null_scores
from simulated_spells import simulate

#: Like the study's frame: some 30 spells on 523 units, about nine units at risk per region.
SPARSE: dict[str, Any] = {"n_units": 523, "n_spells": 30, "years": 45.0, "n_regions": 3}
#: Two in five units receive a spell: redrawn and real exposures overlap heavily.
DENSE: dict[str, Any] = {"n_units": 150, "n_spells": 40, "years": 20.0, "n_regions": 1}

#: Spells fall mostly on a region whose units end sooner.
CONFOUNDED: dict[str, Any] = {"region_hazard": 2.5, "region_favor": 6.0, "frailty": 0.0}


def rejection(data_sets: int, seed: int, **settings: Any) -> tuple[float, float]:
    """Share of data sets in which the test rejects at 5 %, and mean number of exposed events."""
    rejects, ends = [], []
    for child in np.random.SeedSequence(seed).spawn(data_sets):
        rng = np.random.default_rng(child)
        design = simulate(rng, **settings)
        reference = null_scores(design, redraw(design, 400, rng)[0])
        score = null_scores(design, design.unit[None, :])
        rejects.append(equal_tailed_p_values(score, reference)[0] < 0.05)
        ends.append(exposed_counts(design, design.unit[None, :])[1].sum())
    return float(np.mean(rejects)), float(np.mean(ends))


def coverage(data_sets: int, seed: int, **settings: Any) -> float:
    """Share of data sets in which the 95 % interval holds the true hazard ratio."""
    truth = np.log(settings["hazard_ratio"])
    covers = []
    for child in np.random.SeedSequence(seed).spawn(data_sets):
        rng = np.random.default_rng(child)
        result = risk_set_rerandomization(
            simulate(rng, **settings), draws=400, level=0.95, seed=rng
        )
        covers.append(result.ci_low <= truth <= result.ci_high)
    return float(np.mean(covers))


def three_errors(share: float, data_sets: int) -> float:
    return 3 * float(np.sqrt(share * (1 - share) / data_sets))


@pytest.mark.full
def test_size_and_power() -> None:
    size, _ = rejection(400, seed=11, **SPARSE)
    assert abs(size - 0.05) < three_errors(0.05, 400)
    power, ends = rejection(100, seed=12, hazard_ratio=3.0, **SPARSE | {"frailty": 0.0})
    assert 22 < ends < 32
    assert power > 0.85


@pytest.mark.full
def test_coverage_away_from_no_effect() -> None:
    """Comparing with redrawn scores at no effect would cover about 80 % here."""
    share = coverage(200, seed=13, hazard_ratio=2.0, **DENSE | {"frailty": 0.0})
    assert abs(share - 0.95) < three_errors(0.95, 200)


def confounded(data_sets: int, seed: int, hazard_ratio: float, **frame: Any) -> dict[str, float]:
    """Coverage of both intervals, and median errors of both estimates, on the log scale."""
    truth = np.log(hazard_ratio)
    rows = []
    for child in np.random.SeedSequence(seed).spawn(data_sets):
        rng = np.random.default_rng(child)
        design = simulate(rng, hazard_ratio=hazard_ratio, **frame | CONFOUNDED)
        result = risk_set_rerandomization(design, draws=200, level=0.95, seed=rng)
        rows.append(
            (
                result.ci_low <= truth <= result.ci_high,
                abs(result.estimate - truth) <= 1.96 * result.std_error,
                result.median_unbiased - truth,
                result.estimate - truth,
            )
        )
    values = np.array(rows, dtype=float)
    return {
        "covers": float(values[:, 0].mean()),
        "cox_covers": float(values[:, 1].mean()),
        "error": float(np.median(values[:, 2])),
        "cox_error": float(np.median(values[:, 3])),
    }


@pytest.mark.full
def test_interval_and_its_estimate_withstand_confounding_by_assignment_stratum() -> None:
    shares = confounded(120, 31, 2.0, **SPARSE | {"n_units": 350, "years": 30.0})
    assert abs(shares["covers"] - 0.95) < three_errors(0.95, 120)
    assert shares["cox_covers"] < 0.95 - three_errors(0.95, 120)
    assert abs(shares["error"]) < 0.08
    assert shares["cox_error"] > 0.15


@pytest.mark.slow
@pytest.mark.parametrize("hazard_ratio", [0.5, 1.0, 2.0])
def test_coverage_under_confounding_by_assignment_stratum(hazard_ratio: float) -> None:
    """Away from 1 the hazard ratio itself is drawn toward 1, for the model omits the region."""
    shares = confounded(1000, 32, hazard_ratio, **SPARSE)
    assert 0.93 <= shares["covers"] <= 0.97
    assert abs(shares["error"]) < (0.03 if hazard_ratio == 1.0 else 0.08)
    assert shares["cox_error"] > 0.2


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        SPARSE,
        DENSE,
        SPARSE | {"frailty": 1.0},
        SPARSE | {"length": 365.0},
        SPARSE | {"eve": 5.0, "lag": 182.0},
    ],
    ids=["sparse", "dense", "frailty", "one-year spells", "eve of the end, lag of six months"],
)
def test_size_under_the_null(settings: dict[str, Any]) -> None:
    size, _ = rejection(2000, seed=21, **settings)
    assert 0.03 <= size <= 0.07


@pytest.mark.slow
def test_exposure_on_the_eve_of_the_end_is_not_caught_without_a_lag() -> None:
    share, _ = rejection(300, seed=22, **SPARSE | {"eve": 5.0, "lag": 0.0})
    assert share > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("frame", [SPARSE, DENSE], ids=["sparse", "dense"])
@pytest.mark.parametrize("hazard_ratio", [0.5, 1.0, 2.0])
def test_coverage(hazard_ratio: float, frame: dict[str, Any]) -> None:
    share = coverage(1000, seed=23, hazard_ratio=hazard_ratio, **frame | {"frailty": 0.0})
    assert 0.93 <= share <= 0.97


@pytest.mark.slow
def test_power_at_a_hazard_ratio_of_three() -> None:
    settings = SPARSE | {"n_spells": 26, "frailty": 0.0}
    power, ends = rejection(1000, seed=24, hazard_ratio=3.0, **settings)
    assert 23 < ends < 27
    assert power > 0.85


def with_agreements(rng: np.random.Generator) -> tuple[dict[str, Any], np.ndarray]:
    """Units that end four times as fast once they have a status, which also draws most spells.

    Spells do nothing. Returns the layout, and the status of each unit on the eve of each spell.
    """
    n, horizon = 250, 7_000
    origin = np.floor(rng.uniform(0, horizon, n))
    signed = np.ceil(rng.exponential(1_200, n))
    clock = rng.exponential(1_500, n)
    exit_ = np.ceil(np.where(clock <= signed, clock, signed + (clock - signed) / 4)) + 1
    unit, assigned, status = [], [], []
    busy = np.zeros(n, dtype=bool)
    for day in np.sort(np.floor(rng.uniform(300, horizon, 30))):
        at_risk = (origin < day) & (day < origin + exit_)
        pool = np.flatnonzero(at_risk & ~busy)
        if pool.size < 4:
            continue
        has = day > origin + signed
        weight = np.where(has[pool], 8.0, 1.0)
        chosen = int(rng.choice(pool, p=weight / weight.sum()))
        busy[chosen] = True
        unit.append(chosen)
        assigned.append(day)
        status.append(has.astype(np.int64))
    layout = {
        "origin": origin,
        "entry": np.zeros(n),
        "exit": exit_,
        "event": np.ones(n, dtype=bool),
        "outcome_strata": np.zeros(n, dtype=np.int64),
        "assignment_strata": np.zeros(n, dtype=np.int64),
        "spell_unit": np.array(unit),
        "spell_assigned": np.array(assigned),
        "spell_on": np.array(assigned),
        "spell_off": np.full(len(unit), np.inf),
    }
    return layout, np.array(status)


@pytest.mark.full
def test_redrawing_within_a_status_on_the_eve_undoes_its_confounding() -> None:
    """Without it, acts that follow what ends units seem to end them."""
    rejects: dict[bool, list[bool]] = {False: [], True: []}
    for child in np.random.SeedSequence(21).spawn(150):
        layout, status = with_agreements(np.random.default_rng(child))
        for is_within in rejects:
            rng = np.random.default_rng(child)
            design = exposure_design(**layout, spell_status=status if is_within else None)
            reference = null_scores(design, redraw(design, 200, rng)[0])
            score = null_scores(design, design.unit[None, :])
            rejects[is_within].append(bool(equal_tailed_p_values(score, reference)[0] < 0.05))
    assert np.mean(rejects[False]) > 6 * 0.05
    assert abs(np.mean(rejects[True]) - 0.05) < three_errors(0.05, 150)
