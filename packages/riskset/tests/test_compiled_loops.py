"""Compiled loops against the passes of numpy: one answer, and the same bytes each time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskset import compiled as switch
from riskset import cox_ph
from riskset.arrays import Floats
from riskset.covariates import standardized
from riskset.cox.residuals import cluster_scores
from riskset.errors import EstimationError
from riskset.risk_sets import RiskSets, by_target
from riskset.times import FEW, count_up_to

#: Sums of the same numbers in another order differ by rounding, which the condition of the
#: problem multiplies.
TOLERANCE = 1e-10
ROWS = 3_000

pytest.importorskip("numba", reason="compiled loops need the extra riskset[fast]")


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled loops and both threads at every size."""
    monkeypatch.setattr(switch, "MANY_ROWS", 0)
    monkeypatch.setattr(switch, "SHARED_ROWS", 0)


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("rows", [4, 14_999, 15_000, 20_001])
def test_parts_are_worked_on_once_and_answer_in_order(
    monkeypatch: pytest.MonkeyPatch, cores: int, rows: int
) -> None:
    monkeypatch.setattr(switch, "_cores", lambda: cores)
    parts = switch.even_parts(rows)
    assert [begin for begin, _ in parts[1:]] == [end for _, end in parts[:-1]]
    assert (parts[0][0], parts[-1][1]) == (0, rows)
    sizes = [end - begin for begin, end in parts]
    assert len(parts) == switch.PARTS and max(sizes) - min(sizes) <= 1
    answers = switch.shared(lambda number, begin, end: (number, begin, end), parts)
    assert answers == [(number, *part) for number, part in enumerate(parts)]


def test_cores_are_those_told_or_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = switch._cores.__wrapped__
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", {0: {4, 5, 6}}.__getitem__, raising=False)
    assert cores() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert cores() == 2
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert cores() == 1
    monkeypatch.delenv("NUMBA_NUM_THREADS")
    monkeypatch.setenv("OMP_NUM_THREADS", "4,2")
    monkeypatch.delattr(os, "sched_getaffinity")
    for known, want in ((6, 6), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda known=known: known)
        assert cores() == want


def spells(seed: int = 1, *, tied: bool = True) -> pd.DataFrame:
    """Rows with late entry; covariates of very different size, one that is seldom other than 0."""
    rng = np.random.default_rng(seed)
    start = rng.exponential(20, ROWS) * (rng.random(ROWS) < 0.7)
    stop = start + rng.exponential(30, ROWS) + 1
    if tied:
        start, stop = np.floor(start / 4), np.ceil(stop / 4) + 1
    rows = pd.DataFrame(
        {
            "start": start,
            "stop": stop,
            "event": rng.random(ROWS) < 0.3,
            "region": rng.integers(0, 3, ROWS),
            "country": rng.integers(0, 90, ROWS),
            "weight": rng.integers(0, 4, ROWS) / 2,
            "copies": rng.integers(0, 3, ROWS),
            "known": rng.normal(size=ROWS),
            "age": 1e3 + rng.normal(size=ROWS),
            "aid": rng.normal(size=ROWS) * 1e-3,
            "veto": (rng.random(ROWS) < 0.1).astype(float),
        }
    )
    return rows


def fitted(rows: pd.DataFrame, **options: Any) -> dict[str, Floats]:
    """Everything that the loops work out, in one place."""
    model = {"start": "start", "stop": "stop", "event": "event", "cluster": "country"} | options
    fit = cox_ph(rows, ["age", "aid", "veto"], **model)
    found = {
        "params": fit.params.to_numpy(),
        "model_cov": fit.model_cov.to_numpy(),
        "cov": fit.cov.to_numpy(),
        "loglik": np.array(fit.loglik),
        "score_test": np.array(fit.score_test),
        "martingale": fit.martingale().to_numpy(),
        "score_residuals": fit.score_residuals().to_numpy(),
        "baseline": fit.baseline()["hazard"].to_numpy(),
        "ph": fit.test_proportional_hazards().to_numpy(dtype=float),
    }
    if fit.design.cluster is not None:
        found["cluster_scores"] = cluster_scores(fit.design, fit.fitted)
    return found


CASES: list[dict[str, Any]] = [
    {},
    {"start": None},
    {"strata": "region"},
    {"weights": "weight"},
    {"weights": "copies", "weight_kind": "frequency"},
    {"offset": "known"},
    {"cluster": None},
    {"strata": "region", "weights": "weight", "offset": "known"},
]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("options", CASES, ids=lambda case: "+".join(case) or "plain")
def test_the_cox_model_is_that_of_numpy(
    loops: None, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], tied: bool, ties: str
) -> None:
    rows = spells(tied=tied)
    by_loops = fitted(rows, ties=ties, **options)
    again = fitted(rows, ties=ties, **options)
    monkeypatch.setenv(switch.SWITCH, "0")
    by_numpy = fitted(rows, ties=ties, **options)
    for name, expected in by_numpy.items():
        size = np.abs(expected).max()
        assert np.abs(by_loops[name] - expected).max() <= TOLERANCE * size, name
        assert by_loops[name].tobytes() == again[name].tobytes(), name


def test_one_thread_gives_the_bytes_of_two(loops: None, monkeypatch: pytest.MonkeyPatch) -> None:
    both = fitted(spells())
    monkeypatch.setattr(switch, "SHARED_ROWS", 10**9)
    alone = fitted(spells())
    assert all(both[name].tobytes() == alone[name].tobytes() for name in both)


def test_large_linear_predictors_are_shifted(loops: None, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = spells()
    rows["known"] = rows["known"] + 5_000
    by_loops = fitted(rows, offset="known")
    monkeypatch.setenv(switch.SWITCH, "0")
    by_numpy = fitted(rows, offset="known")
    for name in ("params", "cov", "score_residuals"):
        size = np.abs(by_numpy[name]).max()
        assert np.abs(by_loops[name] - by_numpy[name]).max() <= 1e-9 * size, name


def test_refits_to_copies_of_rows_agree(loops: None, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, copies = spells(), np.random.default_rng(3).integers(0, 3, ROWS).astype(float)
    model = {"start": "start", "stop": "stop", "event": "event"}
    by_loops = cox_ph(rows, ["age", "aid", "veto"], **model).refitter()(copies)
    monkeypatch.setenv(switch.SWITCH, "0")
    by_numpy = cox_ph(rows, ["age", "aid", "veto"], **model).refitter()(copies)
    np.testing.assert_allclose(by_loops, by_numpy, rtol=1e-8)


def test_ranks_and_order_are_the_same_whole_numbers(loops: None) -> None:
    rng = np.random.default_rng(5)
    values = np.unique(np.concatenate([rng.exponential(size=400), [3.0, 3.0 + 1e-12], [50.0]]))
    others = np.concatenate([rng.exponential(size=FEW), values, [-np.inf, np.inf, -1.0]])
    expected = np.searchsorted(values, others, side="right")
    assert (count_up_to(values, others) == expected).all()
    target = rng.integers(0, 37, 5_000)
    assert (by_target(target, 37) == np.argsort(target, kind="stable")).all()


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("late", [True, False], ids=["rows at no risk", "all at risk"])
def test_risk_sets_are_the_same(
    loops: None, monkeypatch: pytest.MonkeyPatch, tied: bool, late: bool
) -> None:
    rows = spells(tied=tied)
    if late:  # Four that are gone before the first event, in tied times too.
        rows.loc[[5, 6, 700, 2999], ["start", "stop", "event"]] = [-2, -1, False]
    else:
        rows = rows.assign(start=-np.inf)
        first = rows.groupby("region")["stop"].idxmin()
        rows.loc[first, "event"] = True
    start = rows["start"].to_numpy()
    stop, event, region = (rows[name].to_numpy() for name in ("stop", "event", "region"))
    by_loops = RiskSets.build(start, stop, event, region)
    monkeypatch.setenv(switch.SWITCH, "0")
    by_numpy = RiskSets.build(start, stop, event, region)
    assert late == (len(by_numpy.rows) < ROWS)
    for field in fields(RiskSets):
        mine, other = getattr(by_loops, field.name), getattr(by_numpy, field.name)
        np.testing.assert_array_equal(mine, other, err_msg=field.name)


@pytest.mark.parametrize("some", [True, False], ids=["some rows", "all rows"])
def test_columns_are_standardized_alike(
    loops: None, monkeypatch: pytest.MonkeyPatch, some: bool
) -> None:
    rows, names = spells(), ["age", "aid", "veto", "constant"]
    rows["constant"] = 1e6
    picked = np.random.default_rng(2).permutation(ROWS)[: 2_000 if some else ROWS]
    by_loops = standardized(rows, names, rows=picked)
    monkeypatch.setenv(switch.SWITCH, "0")
    by_numpy = standardized(rows, names, rows=picked)
    for mine, other in zip(by_loops, by_numpy, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-11, atol=1e-10)


def test_a_covariate_beyond_squaring_is_refused(loops: None) -> None:
    rows = spells()
    rows.loc[5, "aid"] = 1e200
    with pytest.raises(EstimationError, match=r"'aid' reaches 1e\+200"):
        fitted(rows)


def test_small_samples_never_take_the_loops() -> None:
    rows = spells()
    assert len(rows) < switch.MANY_ROWS
    assert not cox_ph(rows, ["age"], stop="stop", event="event").design.is_large
    code = (
        "import sys, test_compiled_loops as t; t.fitted(t.spells()); "
        "assert 'riskset.loops' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
    )


SUMS = """
import sys
import numpy as np
from riskset.cox import kernels
rng = np.random.default_rng(1)
x, w = rng.normal(size=(999, 7)), rng.random(999)
first, past, failures = np.zeros(999, int), np.sort(rng.integers(1, 9, 999)), np.arange(0, 999, 5)
h, none, risk = np.cumsum(np.arange(10) / 7), np.zeros(9), np.empty(999)
gradient, information, squares = np.zeros(7), np.zeros((7, 7)), np.zeros((7, 7))
sample = (x, w, np.exp(x[:, 0]), first, past, failures, h, none, risk)
kernels.derivatives(0, 999, *sample, gradient, information)
kernels.weighted_squares(0, 999, x, w, squares)
print(b"".join(a.tobytes() for a in (gradient, information, squares)).hex())
"""


@pytest.mark.full
def test_what_was_compiled_before_has_the_bytes_of_what_is_compiled_now(tmp_path: Path) -> None:
    known = os.environ | {"PYTHONPATH": ":".join(sys.path), "NUMBA_CACHE_DIR": str(tmp_path)}

    def sums() -> str:
        command = [sys.executable, "-c", SUMS]
        return subprocess.run(command, check=True, env=known, capture_output=True, text=True).stdout

    compiled_now, loaded = sums(), sums()
    assert list(tmp_path.rglob("*.nbi"))
    assert len(compiled_now) > 1_000
    assert compiled_now == loaded
