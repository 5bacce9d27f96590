"""The contract of estimators: every one of ours keeps it, and it notices those that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import riskset as rs
from test_options import CASES, errors, numbers, rows, signature

#: Estimates in the unit of time: the intercepts of log time.
TIMED = {
    "aft": ["const"],
    "flexible_parametric": ["const"],
    "interval_parametric": ["const"],
    "split_population": ["const"],
}
#: Checks that do not apply, and why.
IN_UNITS = {"unit of time": "its times= or horizon= are in that unit, as is the estimate"}
APART: dict[str, dict[str, str]] = {
    "pseudo_regression": IN_UNITS,
    "rmst": IN_UNITS,
    "rmst_difference": IN_UNITS,
    "case_cohort": {"tables": "the subcohort is chosen from a frame in the test"},
}
#: Each fit of theirs is a search within a search, and 40 of them are no quick test.
SLOW = ("firth_cox", "interval_cox")


def curve(result: Any) -> np.ndarray:
    """The steps of a curve, whatever the clock."""
    steps = rs.SurvivalCurve | rs.CumulativeIncidence | rs.AdjustedSurvival | rs.CumulativeCurve
    if isinstance(result, steps):
        table, shown = result.tidy(), ("survival", "incidence", "estimate", "std_error")
        return table[[c for c in shown if c in table]].to_numpy()
    return np.concatenate((numbers(result), errors(result)))


def contract_of(name: str, **options: Any) -> rs.ContractReport:
    case, known = CASES[name], signature(name)
    data = rows().assign(z=lambda d: d["z"].astype(int), dose=lambda d: d["region"] + d["z"])
    covariates = ["z", "x"] if case.covariates else []
    given: dict[str, Any] = dict(case.given)
    roles: dict[str, Any] = {"covariates": covariates}
    for role in ("start", "cluster", "unit"):
        if role in known and role not in CASES[name].apart:
            given[role] = {"start": "start", "cluster": "group", "unit": "unit"}[role]
    for role in ("start", "stop", "unit", "cluster"):
        if role in given:
            roles[role] = given[role]
    roles["event"] = given.get("event", given.get("cause", given.get("outcome")))

    def fit(frame: Any, **more: Any) -> Any:
        return case.fit(frame, tuple(covariates) or ("x",), **(given | more))

    frequency = None
    if "weight_kind" in known:
        frequency = lambda d: fit(d, weights="copies", weight_kind="frequency")  # noqa: E731
    return rs.check_estimator(
        fit, data, frequency=frequency, timed=TIMED.get(name, ()), skip=APART.get(name),
        estimates=None if case.predicts or name in SLOW else curve,
        **(roles | options),
    )  # fmt: skip


def assert_kept(report: rs.ContractReport, least: int) -> None:
    assert report.passed, report.table[report.table["outcome"] == "FAILED"].to_string()
    assert (report.table["outcome"] == "passed").sum() >= least


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.full) if n in SLOW else n for n in CASES]
)
def test_every_estimator_of_spells_keeps_the_contract(name: str) -> None:
    assert_kept(contract_of(name), 13)


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    data = pd.DataFrame({"country": np.repeat(np.arange(24), 6), "year": np.tile(np.arange(6), 24)})
    z, x = rng.integers(0, 9, len(data)), rng.normal(size=len(data))
    shock = rng.normal(size=len(data))
    return data.assign(x=x, z=z, shock=shock, aid=0.5 * z + shock + rng.normal(size=len(data)),
                       y=x + 0.2 * z + shock)  # fmt: skip


@pytest.mark.parametrize(
    ("fit", "roles"),
    [
        pytest.param(
            lambda d: rs.panel_ols(d, ["z", "x"], outcome="y", entity="country", time="year",
                                   cluster="country"),
            {"covariates": ["z", "x"]}, marks=pytest.mark.full),
        (lambda d: rs.iv_2sls(d, outcome="y", endogenous="aid", instruments="z", exogenous="x",
                              cluster="country"), {"covariates": ["x", "aid", "z"]}),
    ],
    ids=["panel_ols", "iv_2sls"],
)  # fmt: skip
def test_linear_models_keep_the_contract(fit: Any, roles: dict[str, Any]) -> None:
    assert_kept(rs.check_estimator(fit, panel(), cluster="country", **roles), 11)


@pytest.mark.full
def test_transition_hazards_keep_the_contract() -> None:
    data = rows().assign(z=lambda d: d["z"].astype(int), state="war", to=lambda d: d["cause"])
    report = rs.check_estimator(
        lambda d: rs.transition_hazards(d, ["z", "x"], start="start", stop="stop", state="state",
                                        to="to", unit="unit", cluster="group"),
        data, covariates=["z", "x"], start="start", stop="stop", event="to", unit="unit",
        cluster="group", estimates=lambda found: found.tidy()[["estimate", "std_error"]],
    )  # fmt: skip
    assert_kept(report, 14)


def cox(frame: Any, **changes: Any) -> rs.CoxResult:
    return rs.cox_ph(frame, ["z", "x"], start="start", stop="stop", event="event", **changes)


class Other:
    """The result of a faulty estimator."""

    def __init__(self, value: float) -> None:
        self.params = pd.Series({"z": value})

    def __repr__(self) -> str:
        return f"z {self.params['z']}"


def drops(frame: Any) -> Other:
    return Other(cox(frame.dropna()).params["z"])


def counts_rows(frame: Any) -> Other:
    return Other(cox(frame).params["z"] + 1e-3 * len(frame))


def heeds_order(frame: Any) -> Other:
    return Other(cox(frame).params["z"] + 1e-3 * float(frame["x"].iloc[0]))


def runs_over(frame: Any) -> Other:
    squared = frame["wide"] * frame["wide"]
    return Other(rs.cox_ph(frame.assign(squared=squared.astype(float)), ["squared"],
                           stop="stop", event="event").params["squared"])  # fmt: skip


def heeds_the_clock(frame: Any) -> Other:
    return Other(cox(frame).params["z"] + 1e-3 * float(frame["stop"].max()))


def writes_into_the_frame(frame: Any) -> Other:
    frame["left"] = 1.0
    return Other(cox(frame).params["z"])


def cannot_be_pickled(frame: Any) -> Other:
    found = Other(cox(frame).params["z"])
    found.again = lambda: found
    return found


def answers_anything(frame: Any) -> Other:
    try:
        return Other(cox(frame).params["z"])
    except rs.EstimationError:
        return Other(25.0)


def speaks_in_riddles(frame: Any) -> Other:
    try:
        return Other(cox(frame).params["z"])
    except rs.EstimationError:
        raise rs.EstimationError("bad input") from None


def breaks(frame: Any) -> Other:
    try:
        return Other(cox(frame).params["z"])
    except rs.EstimationError:
        raise KeyError("z") from None


@pytest.mark.parametrize(
    ("faulty", "noticed"),
    [
        (drops, {"missing"}),
        (counts_rows, {"rows cut in two"}),
        (heeds_order, {"order of rows"}),
        (runs_over, {"types of columns"}),
        (heeds_the_clock, {"unit of time"}),
        (writes_into_the_frame, {"frame untouched"}),
        (cannot_be_pickled, {"pickle"}),
        (answers_anything, {"missing", "infinite", "constant", "collinear", "no event", "no rows",
                            "separation"}),
        (speaks_in_riddles, {"missing", "infinite", "constant", "collinear"}),
        (breaks, {"missing", "infinite", "constant", "collinear", "no event", "no rows",
                  "one event", "separation"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_a_fault_is_noticed(faulty: Any, noticed: set[str]) -> None:
    data = rows().assign(z=lambda d: d["z"].astype(int), wide=lambda d: d["unit"] % 97)
    report = rs.check_estimator(
        faulty, data, covariates=["z", "x"] + ["wide"] * (faulty is runs_over), start="start",
        stop="stop", event="event", skip={"tables": "the fault is made on frames"},
    )  # fmt: skip
    failed = report.table.loc[report.table["outcome"] == "FAILED", "check"]
    assert noticed <= set(failed)
    if faulty is not runs_over:  # that one has no z and no entry
        assert set(failed) == noticed
    assert not report.passed
    assert "FAILED" in str(report)


def test_what_is_left_out_says_why() -> None:
    report = rs.check_estimator(cox, rows(), skip={"threads": "one core"})
    table = report.table.set_index("check")
    assert table.loc["threads", ["outcome", "detail"]].tolist() == ["left out", "one core"]
    assert table.loc["one cluster", "outcome"] == "left out"
    with pytest.raises(rs.EstimationError, match="no check 'thread'; there are: order of rows"):
        rs.check_estimator(cox, rows(), skip={"thread": "one core"})
    with pytest.raises(rs.EstimationError, match="no column 'w'"):
        rs.check_estimator(cox, rows(), covariates="w")
    with pytest.raises(rs.EstimationError, match="estimates="):
        rs.check_estimator(lambda frame: object(), rows())
    with pytest.raises(rs.EstimationError, match="no finite answer"):
        rs.check_estimator(lambda frame: Other(np.nan), rows())
