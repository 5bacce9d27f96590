"""The benchmark command on few rows, and the page that it writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import data
from benchmarks.__main__ import parser, plan_of
from benchmarks.agreement import agreement
from benchmarks.catalogue import ENGINES, OURS, TASKS
from benchmarks.goals import MET, NOT_MEASURED, NOT_MET, against_goals, growth
from benchmarks.plot import STYLES
from benchmarks.processes import Where
from benchmarks.report import Circumstances, whole_page
from benchmarks.runs import COLUMNS, FITTED, OTHER_ANSWER, Plan, chosen, memory_ratio, one_case
from riskset import cox_ph

LIBRARY = Path(__file__).resolve().parents[1]

LONGEST = 300


@pytest.mark.full
def test_the_command_runs_and_writes_whole_tables(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks",
            "--rows",
            "1600",
            "--rounds",
            "1",
            "--repeats",
            "1",
            "--only",
            "cox-tied",
            "aft-weibull",
            "--engines",
            "rust-survival",
            "r-survival",
            "lifelines",
            "--python",
            "lifelines=no-such-python",
            "--to",
            str(tmp_path),
            "--preliminary",
            "few rows",
        ],
        cwd=LIBRARY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    results = pd.read_csv(tmp_path / "results.csv")
    page = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert list(results.columns) == COLUMNS
    assert set(results["status"]) == {FITTED}
    ours = results[results["engine"] == OURS]
    assert len(ours) == 2 and (ours["ratio"] == 1).all()
    others = results[results["engine"] != OURS]
    assert (others["coefficients_apart"] < 1e-6).all() and (others["errors_apart"] < 1e-6).all()
    np.testing.assert_allclose(
        others["ratio"],
        others["median_s"] / others.merge(ours, on=["task", "rows"])["median_s_y"].to_numpy(),
        rtol=2e-3,
    )
    assert "left out: lifelines" in run.stdout and "- lifelines: " in page
    assert "**Preliminary: few rows.**" in page
    assert "![Seconds against rows" in page
    assert (tmp_path / "results.svg").read_bytes().startswith(b"<?xml")
    assert str(tmp_path) not in page and str(LIBRARY) not in page


def made_up(seconds: dict[tuple[str, int, str], float]) -> pd.DataFrame:
    rows = [
        {
            "task": task,
            "rows": n,
            "engine": engine,
            "median_s": s,
            "peak_mib": 10 * s,
            "status": FITTED,
            "ratio": s / seconds[task, n, OURS],
            "memory_ratio": s / seconds[task, n, OURS],
        }
        for (task, n, engine), s in seconds.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_goals_are_judged_by_ratio_and_growth() -> None:
    table = against_goals(
        made_up(
            {
                ("cox-tied", 100_000, OURS): 0.1,
                ("cox-tied", 100_000, "r-survival"): 2.0,
                ("cox-tied", 1_000_000, OURS): 1.3,
                ("cox-tied", 1_000_000, "r-survival"): 26.0,
                ("panel", 10_000, OURS): 0.1,
                ("panel", 10_000, "pyfixest"): 0.05,
                ("iv", 10_000, OURS): 0.1,
                ("iv", 10_000, "pyfixest"): 0.04,
                ("iv-controls", 20_000, OURS): 0.9,
                ("rerandomization", 300, OURS): 2.1,
            }
        )
    ).set_index(["goal", "case"])["verdict"]
    case = "Cox, Efron, whole days, "
    assert table["time of R survival ≥ 20 × ours", f"{case}100,000 rows"] == MET
    assert ("time of R survival ≥ 20 × ours", f"{case}1,000,000 rows") not in table.index
    assert table["time of R survival ≥ 30 × ours", f"{case}1,000,000 rows"] == NOT_MET
    assert table["time of survival (Rust) ≥ 10 × ours", f"{case}100,000 rows"] == NOT_MEASURED
    assert table["peak memory of R survival ≥ 1 × ours", f"{case}100,000 rows"] == MET
    between = f"{case}100,000 to 1,000,000 rows"
    assert table["exponent of growth ≤ 1.05", between] == NOT_MET
    assert table["time of pyfixest ≥ 0.5 × ours"].tolist() == [MET, NOT_MET]
    assert table["ours ≤ 1 s"].tolist() == [MET] and table["ours ≤ 2 s"].tolist() == [NOT_MET]


def test_a_quick_run_measures_what_has_a_goal_once() -> None:
    plan = plan_of(parser().parse_args(["--quick"]), list(ENGINES.values()))
    assert plan.rounds == 1
    assert {"cox-tied", "bootstrap", "panel", "iv-controls"} <= {t.name for t in plan.tasks}
    names = [engine.name for engine in plan.engines]
    assert names == [OURS, "r-survival", "rust-survival", "pyfixest"]
    some = plan_of(parser().parse_args(["--quick", "--only", "iv"]), [ENGINES[OURS]])
    assert [task.name for task in some.tasks] == ["iv"]


def test_growth_is_the_slope_between_the_two_largest_sizes() -> None:
    table = growth(
        made_up({("iv", n, OURS): s for n, s in ((1_000, 9.0), (10_000, 1.0), (100_000, 100.0))})
    )
    assert table["exponent"].tolist() == [pytest.approx(2.0)]


def test_memory_is_not_set_against_next_to_nothing() -> None:
    assert memory_ratio(24.0, 1.5) == 16
    assert np.isnan(memory_ratio(24.0, 0.0)) and np.isnan(memory_ratio(0.0, 0.2))


def test_another_answer_is_named_without_a_speed() -> None:
    results = made_up({("iv", 1_000, OURS): 1.0, ("iv", 1_000, "pyfixest"): 1.0})
    results.loc[1, ["median_s", "ratio", "peak_mib", "memory_ratio"]] = np.nan
    results.loc[1, ["status", "coefficients_apart"]] = [OTHER_ANSWER, 0.5]
    plan = Plan([TASKS["iv"]], [1_000], list(ENGINES.values()), 3, 5, 30.0)
    page = whole_page(results, Circumstances({}, {}, plan, None, 9.0, None), "words", "x.svg")
    assert "- pyfixest, 2SLS, 1,000 rows: another answer, 0.5 standard errors from ours" in page


def test_an_answer_is_the_same_within_the_tolerances_only() -> None:
    ours = {"coefficients": [1.0, 2.0], "errors": [0.1, 0.2]}
    near = {"coefficients": [1.0001, 2.0], "errors": [0.1 + 1e-9, 0.2]}
    assert agreement(ours, near, errors="cluster", draws=0).holds
    far = {"coefficients": [1.01, 2.0], "errors": [0.1, 0.2]}
    assert not agreement(ours, far, errors="cluster", draws=0).holds
    wrong_errors = {"coefficients": [1.0, 2.0], "errors": [0.1, 0.25]}
    assert not agreement(ours, wrong_errors, errors="cluster", draws=0).holds
    assert agreement(ours, wrong_errors, errors="model", draws=0).holds
    lost = {"coefficients": [1.0, np.nan], "errors": None}
    assert not agreement(ours, lost, errors="none", draws=0).holds


def test_another_rule_for_ties_is_another_answer() -> None:
    rows = pd.DataFrame(data.spells(10_000, tied=True))
    answers = []
    for ties in ("efron", "breslow"):
        fit = cox_ph(
            rows,
            list(data.COVARIATES),
            start="start",
            stop="stop",
            event="event",
            cluster="cluster",
            ties=ties,
        )
        answers.append({"coefficients": fit.params.tolist(), "errors": fit.std_errors.tolist()})
    assert not agreement(*answers, errors="model", draws=0).holds
    assert not agreement(*answers, errors="cluster", draws=0).holds


@pytest.mark.parametrize("tied", [True, False])
def test_the_rows_are_exact_numbers_seeded_and_without_gaps(tied: bool, tmp_path: Path) -> None:
    made = data.spells(3_000, tied=tied)
    data.write(made, tmp_path / "rows")
    for name, values in data.read(tmp_path / "rows").items():
        np.testing.assert_array_equal(values, data.spells(3_000, tied=tied)[name])
    assert len(made["stop"]) == 3_000
    assert (made["stop"] > made["start"]).all()
    assert (made["stop"] % (1 if tied else data.GRID) == 0).all()
    ends = made["stop"][made["event"] == 1]
    assert (len(np.unique(ends)) < 0.9 * len(ends)) == tied


def test_who_was_too_slow_on_fewer_rows_is_not_asked_again(tmp_path: Path) -> None:
    plan = Plan([TASKS["iv"]], [1_000], [ENGINES["pyfixest"]], 3, 5, 30.0)
    found, failed = one_case(
        plan,
        TASKS["iv"],
        1_000,
        tmp_path,
        plan.engines,
        Where(limit=10.0),
        {("pyfixest", "iv"): 0.011},
    )
    assert failed == {"pyfixest": "over 10 s, judging by fewer rows"}
    assert found == {"pyfixest": []}


def test_names_are_chosen_by_their_beginning() -> None:
    assert [task.name for task in chosen(["cox", "iv"], what="task")] == [
        "cox-tied",
        "cox-untied",
        "iv",
    ]
    with pytest.raises(ValueError, match="no task 'box'; there are: cox-tied"):
        chosen(["box"], what="task")


def test_every_engine_has_a_line_of_its_own() -> None:
    assert set(STYLES) == set(ENGINES)
    assert len(set(STYLES.values())) == len(ENGINES)


def test_modules_hold_one_idea() -> None:
    for file in (LIBRARY / "benchmarks").glob("*.py"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST, file.name
