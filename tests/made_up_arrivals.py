"""Four made-up arrivals of troops with deaths by month, and the regression that gives ratios."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pandas as pd
import statsmodels.api as sm

from collsec.designs import Inputs
from collsec.designs.arrivals import StackedDesign
from collsec.designs.monthly_violence import MonthlyViolence
from collsec.histories.registry import Extent
from collsec.hypothesis.specification import CohortSpec, ExposureSpec, InferenceSpec
from collsec.hypothesis.study import Draws
from made_up_cohorts import SPEC, episodes_of, inputs_of

DESIGN = MonthlyViolence()
DRAWS = Draws(2000, 0, 0, 0)
#: Host → months of the arrival of troops and of their leaving; 50 to 70 never have any.
TROOPS = {
    10: ("1992-01-01", "1996-01-01"),
    20: ("1993-01-01", "1996-06-01"),
    30: ("1994-01-01", "1997-01-01"),
    40: ("2002-03-01", None),
}
SIGNED = {10: "1991-06-01", 30: "1993-06-01", 50: "1993-02-01"}
MONTHS = pd.date_range("1988-01-01", "2009-12-01", freq="MS")


def deaths(host: int, place: int, day: pd.Timestamp) -> float:
    on = TROOPS.get(host, (None,))[0]
    level = (host * 7 + place * 5 + host * place) % 13 + 1
    return float(level if on is None or day < pd.Timestamp(on) else (level + 1) // 2)


def world(**more: object) -> Inputs:
    wars = [
        (f"{h}-1", h, h, "1980-01-01", "1994-05-31" if h == 60 else "2009-12-31", h == 60)
        for h in range(10, 80, 10)
    ]
    rows = [(h, d, deaths(h, i, d), 0.0) for h in range(10, 80, 10) for i, d in enumerate(MONTHS)]
    violence = pd.DataFrame(
        rows, columns=["gwno_host", "from_date", "deaths_in_month", "is_shared_month"]
    )
    steps = [(h, d, n) for h, (a, b) in TROOPS.items() for d, n in ((a, 1), (b, 0)) if d]
    troops = pd.DataFrame(steps, columns=["conflict_id", "known_from", "un_troops"])
    troops = troops.astype({"known_from": "datetime64[s]"})
    signed = pd.DataFrame(list(SIGNED.items()), columns=["conflict_id", "known_from"])
    spec = dataclasses.replace(
        SPEC,
        hypothesis="h7",
        cohort=CohortSpec(("intrastate",)),
        exposure=ExposureSpec("un_troops"),
        secondary=(ExposureSpec("peacekeepers"),),
        outcome="deaths_in_host_by_month",
        strata=("agreement_24m",),
        inference=InferenceSpec("set_rerandomization"),
    )
    return inputs_of(
        spec=dataclasses.replace(spec, **more),  # type: ignore[arg-type]
        episodes=episodes_of(*wars),
        timelines={
            "violence": violence,
            "deployment": troops.assign(peacekeepers=troops["un_troops"]),
            "peace_process": signed.astype({"known_from": "datetime64[s]"}).assign(agreements=1),
        },
        extents={"deaths_by_month": Extent(MONTHS[0], pd.Timestamp("2009-12-31"))},
    )


@functools.cache
def inputs() -> Inputs:
    return world()


@functools.cache
def laid() -> StackedDesign:
    return DESIGN.prepare(inputs(), inputs().spec.exposure)


def by_regression(
    one: StackedDesign, group: np.ndarray, used: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log ratios by group; errors between stacks (of one group); means of treated rows."""
    frames = []
    for place, own in enumerate(one.stacks):
        rows, columns = np.nonzero(own.known & (True if used is None else used))
        frames.append(pd.DataFrame({"stack": place, "row": rows, "column": columns}))
        frames[-1]["y"], frames[-1]["weight"] = own.counts[rows, columns], own.weight
    data = pd.concat(frames, ignore_index=True)
    which = np.where(data["row"] == 0, group[data["column"]], -1)
    x = [(which == g).astype(float) for g in range(group.max() + 1)]
    x.append(pd.get_dummies(data["stack"] * 100 + data["row"], dtype=float).to_numpy().T)
    for place in range(len(one.stacks)):
        column = data["column"].where(data["stack"] == place)
        x.append(pd.get_dummies(column, dtype=float).iloc[:, 1:].to_numpy().T)
    design = np.vstack([np.atleast_2d(part) for part in x]).T
    fit = sm.GLM(data["y"], design, sm.families.Poisson(), freq_weights=data["weight"]).fit(
        tol=1e-13, maxiter=100
    )
    data["mean"], data["short"] = fit.mu, (data["y"] - fit.mu) * data["weight"]
    score = data[which == 0].groupby("stack")["short"].sum()
    size = len(one.stacks)
    spread = math.sqrt(size / (size - 1) * (score**2).sum()) if size > 1 else math.nan
    errors = spread * np.asarray(fit.normalized_cov_params)[0, 0]
    own = data[data["row"] == 0].pivot_table(index="stack", columns="column", values="mean")
    return np.asarray(fit.params)[: group.max() + 1], errors, own.to_numpy()


RELATIVE = np.arange(-24, 36)
AFTER = np.where(RELATIVE >= 0, 0, -1)
REFERENCE = RELATIVE < -12


def by_sums(counts: np.ndarray, months: np.ndarray) -> np.ndarray:
    """Log ratio of each host of a complete table, as if it were treated: of sums, half added."""
    before, after = counts[:, REFERENCE].sum(axis=1), counts[:, months].sum(axis=1)
    moved = (after.sum() - after) / (before.sum() - before)
    found: np.ndarray = np.log((after + 0.5) / (before * moved + 0.5))
    return found
