"""An independent engine agrees on each number that leads a page, on the study's own data.

Every hypothesis of the study has a row in :data:`ENGINES`; one without fails. Errors that follow
from the rows are checked along with the ratio; what redraws give is checked in their own tests.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from collsec.core.schema import Role
from collsec.designs import DESIGNS, Inputs
from collsec.designs.estimate import Estimate
from collsec.histories.panels import exposure_column
from collsec.hypothesis.study import load_study
from collsec.hypothesis.validation import load
from r_engine import Answers, answer, by_case
from study import PROJECT, known, study_inputs

#: Two maxima of one likelihood, each found to its own precision.
SAME_MAXIMUM = 1e-6
#: Sums of the same whole days.
SAME_SUM = 1e-9
#: Enough for the redraws to exist: none of their numbers is looked at.
DRAWS = 240


class Engine(NamedTuple):
    """Who else computes the number that leads a page."""

    name: str  # as `leading.R` has it, or "days": sets and days counted again in this file
    tolerance: float  # of the log ratio
    error: str = ""  # of which error that R computes too
    of_error: float = 1e-6  # relative


ENGINES = {
    "h1": Engine("coxph", SAME_MAXIMUM, "robust_error"),
    "h2": Engine("coxph", SAME_MAXIMUM, "robust_error"),
    "h3": Engine("coxph", SAME_MAXIMUM, "jackknife_error"),
    "h4": Engine("coxph", SAME_MAXIMUM, "jackknife_error"),
    "h5": Engine("days", SAME_SUM),
    "h6": Engine("days", SAME_SUM),
    "h7": Engine("arrivals", SAME_MAXIMUM),
    "h8": Engine("coxph", SAME_MAXIMUM, "robust_error"),
    "h9": Engine("coxph", SAME_MAXIMUM, "robust_error"),
    "h10": Engine("coxph", SAME_MAXIMUM, "robust_error"),
    "h11": Engine("coxph", SAME_MAXIMUM, "jackknife_error"),
    "h12": Engine("coxph", SAME_MAXIMUM, "robust_error"),
    "h13": Engine("glm", SAME_MAXIMUM, "cluster_error"),
    "h14": Engine("glm", SAME_MAXIMUM, "cluster_error"),
    "h15": Engine("glm", SAME_MAXIMUM, "cluster_error"),
    "h16": Engine("glm", SAME_MAXIMUM, "cluster_error"),
    "h17": Engine("glm", SAME_MAXIMUM, "cluster_error"),
    "h18": Engine("coxph", SAME_MAXIMUM, "jackknife_error"),
    "h19": Engine("coxph", SAME_MAXIMUM, "robust_error"),
    "h20": Engine("glm", SAME_MAXIMUM, "cluster_error"),
}
BY_R = [name for name, engine in ENGINES.items() if engine.name != "days"]
BY_DAYS = [name for name, engine in ENGINES.items() if engine.name == "days"]


@functools.cache
def inputs(name: str) -> Inputs:
    return study_inputs(load(PROJECT, name, known()))


@functools.cache
def prepared(name: str) -> Any:
    return DESIGNS[inputs(name).spec.design].prepare(inputs(name), inputs(name).spec.exposure)


@functools.cache
def leading(name: str) -> Estimate:
    """The primary as its page prints it, but for the number of redraws."""
    given = inputs(name)
    return DESIGNS[given.spec.design].estimate(
        given,
        prepared(name),
        given.spec.exposure,
        estimate_id=f"{name}.primary",
        role=Role.PRIMARY,
        level=given.study.level_of(name),
        draws=DRAWS,
    )


@functools.cache
def regression(name: str) -> Estimate:
    """What R computes again: the estimate that leads, or the regression that it is held against."""
    found, made = leading(name), DESIGNS[inputs(name).spec.design]
    if made.name != "exchanged_outcomes":
        return found
    draws = dataclasses.replace(inputs(name).study.draws("quick"), rerandomization_draws=DRAWS)
    alongside = made.alongside(inputs(name), prepared(name), found, draws)
    return next(e for e in alongside if e.estimate_id == f"{name}.against_other_years")


def test_every_hypothesis_has_an_engine() -> None:
    assert list(ENGINES) == list(load_study(PROJECT).hypotheses)


def rows_for_r(name: str) -> pd.DataFrame:
    """The panel of one hypothesis, as its panel step publishes it, in the columns of the script."""
    given, engine = inputs(name), ENGINES[name].name
    if engine == "arrivals":
        return stacks(name)
    panel, _ = DESIGNS[given.spec.design].panel(given)
    if engine == "glm":
        own = panel[["count", "exposure"]].assign(unit=panel["unit_id"], period=panel["start"])
        laid_out = prepared(name)
        shared = np.arange(len(laid_out.units)) if laid_out.cluster is None else laid_out.cluster
        of_unit = dict(zip(map(str, laid_out.units), shared, strict=True))
        return own.assign(cluster=own["unit"].astype(str).map(of_unit), case=name, engine=engine)
    exposure = given.spec.exposure
    column = exposure_column(exposure.measure, exposure.lag_months)
    column = column if column in panel else exposure.measure
    strata = list(prepared(name).strata)
    covariates = [column, *prepared(name).adjustment]
    return pd.DataFrame(
        {
            "case": name,
            "engine": engine,
            "refits": ENGINES[name].error == "jackknife_error",
            "start": panel["start"],
            "stop": panel["stop"],
            "event": panel["event"].astype(int),
            "stratum": panel.groupby(strata).ngroup() if strata else 0,
            "cluster": panel[given.spec.cluster],
            **{f"x{i}": panel[covariate] for i, covariate in enumerate(covariates, 1)},
        }
    )


def stacks(name: str) -> pd.DataFrame:
    """Deaths by stack, host and month; the host of the arrival first, and exposed from month 0."""
    found = prepared(name)
    made = []
    for place, stack in enumerate(found.stacks):
        host, month = np.nonzero(~np.isnan(stack.counts) & found.compared(found.after))
        relative = found.arrivals.relative[month]
        made.append(
            pd.DataFrame(
                {
                    "stack": place,
                    "unit": host,
                    "period": relative + 100,  # two digits or three, never a sign
                    "count": stack.counts[host, month],
                    "exposure": ((host == 0) & (relative >= 0)).astype(int),
                }
            )
        )
    return pd.concat(made).assign(case=name, engine="arrivals")


@pytest.fixture(scope="module")
def by_r(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What R says of every panel: one call for all."""
    rows = pd.concat([rows_for_r(name) for name in BY_R], ignore_index=True)
    script = Path(__file__).with_name("leading.R")
    return by_case(answer(script, rows, tmp_path_factory.mktemp("leading")))


@pytest.mark.parametrize("name", BY_R)
def test_r_gives_the_ratio_that_leads_the_page(name: str, by_r: Answers) -> None:
    engine, found, said = ENGINES[name], regression(name), by_r[name]
    assert math.log(found.estimate) == pytest.approx(said["estimate"][0], abs=engine.tolerance)
    if engine.error == "robust_error":
        half = stats.norm.ppf(0.5 + found.level / 2)
        own = math.log(found.cluster_high / found.cluster_low) / (2 * half)
        assert own == pytest.approx(said["robust_error"][0], rel=engine.of_error)
    elif engine.error == "jackknife_error":
        error, degrees = said["jackknife_error"][0], said["clusters"][0] - 1
        assert found.std_error == pytest.approx(error, rel=engine.of_error)
        half = stats.t.ppf(0.5 + found.level / 2, degrees) * error
        limits = np.exp(said["estimate"][0] + np.array([-half, half]))
        assert (found.ci_low, found.ci_high) == pytest.approx(tuple(limits), rel=engine.of_error)
    elif engine.error:
        assert found.std_error == pytest.approx(said[engine.error][0], rel=engine.of_error)


WINDOW_DAYS = round(36 * 30.4375)
EPOCH = pd.Timestamp("1946-01-01")


@functools.cache
def war_days(conflict: int) -> set[int]:
    """Every day, from 1946 on, on which a war of the conflict was going on, one by one."""
    wars = inputs(BY_DAYS[0]).episodes
    days: set[int] = set()
    for war in wars[wars["conflict_id"] == conflict].itertuples():
        days |= set(range((war.onset_date - EPOCH).days, (war.exit_date - EPOCH).days))
    return days


def days_at_war(conflict: int, begin: pd.Timestamp) -> int:
    """Days of a window with a war."""
    first = (begin - EPOCH).days
    return len(war_days(conflict) & set(range(first, first + WINDOW_DAYS)))


def stratum_of(name: str, units: pd.DataFrame, day: pd.Timestamp, given: Inputs) -> list[Any]:
    """A declared stratum of every unit on a day, by hand."""
    if name == "region":
        return units["region"].tolist()
    if name == "type_group":
        return ["intrastate" if t == "internationalized" else t for t in units["type_at_onset"]]
    signed = given.timelines["peace_process"]
    early = day - pd.DateOffset(months=24)
    recent = signed[(signed["known_from"] < day) & (signed["known_from"] >= early)]
    return units["conflict_id"].isin(recent["conflict_id"]).tolist()


@pytest.mark.parametrize("name", BY_DAYS)
def test_sets_and_days_counted_again_give_the_ratio_that_leads_the_page(name: str) -> None:
    given, found = inputs(name), leading(name)
    wars = given.episodes
    types = set(given.spec.cohort.types)
    units = wars[wars["type_at_onset"].isin(types)] if types else wars
    spells = given.calendar(given.spec.exposure.measure)
    own, others = 0.0, 0.0
    for act in prepared(name).sets.acts.itertuples():
        exposed = spells.loc[
            (spells["on_date"] <= act.day) & ~(spells["off_date"] < act.day), "conflict_id"
        ]
        at_risk = (units["onset_date"] < act.day) & (units["exit_date"] > act.day)
        is_own = units["episode_id"] == act.unit_id
        at_risk &= ~units["conflict_id"].isin(exposed) | is_own
        rows = units[at_risk].assign(is_own=is_own[at_risk])
        for held in range(len(given.spec.strata), -1, -1):
            same = pd.Series(True, index=rows.index)
            for stratum in given.spec.strata[:held]:
                values = pd.Series(stratum_of(stratum, rows, act.day, given), index=rows.index)
                same &= values == values[rows["is_own"]].iloc[0]
            if same.sum() > 1:
                break
        members = rows[same]
        days = {
            row.episode_id: days_at_war(int(row.conflict_id), act.day)
            for row in members.itertuples()
        }
        own += days.pop(act.unit_id)
        others += float(np.mean(list(days.values())))
    assert found.exposed_events == len(prepared(name).sets.acts)
    assert math.log(found.estimate) == pytest.approx(
        math.log(own / others), abs=ENGINES[name].tolerance
    )
