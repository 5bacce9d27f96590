"""Our own fits: a frame in, coefficients and their errors out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks import data
from benchmarks.adapters import NAMES, SPELLS, Answer, Fit, Floats, Request, answer_of
from benchmarks.data import PANEL_COVARIATES

#: Redrawn assignments of a primary hypothesis under the full profile.
REDRAWN = 12_000


def collsec(request: Request) -> Fit:
    """Return our own fit."""
    from riskset import aft, cox_ph, iv_2sls, panel_ols
    from riskset.inference import cluster_bootstrap

    rows, task = request.rows, request.task
    if task == "rerandomization":
        return _redrawn(rows)
    controls = [name for name in map(str, rows) if name.startswith(data.CONTROL)]

    def fit() -> Answer:
        if task == "bootstrap":
            assert request.picks is not None
            refit = cox_ph(rows, NAMES, **SPELLS).refitter()
            drawn = cluster_bootstrap(
                refit, rows["cluster"], draws=len(request.picks), level=0.5, seed=data.SEED
            )
            return answer_of(drawn.estimates)
        if task.startswith("cox"):
            found: Any = cox_ph(rows, NAMES, **SPELLS, cluster="cluster")
        elif task.startswith("aft"):
            found = aft(
                rows,
                NAMES,
                start="start" if request.has_entry else None,
                stop="stop",
                event="event",
                distribution=request.distribution,
                cluster="cluster",
            )
        elif task == "panel":
            found = panel_ols(
                rows,
                ["d", *PANEL_COVARIATES],
                outcome="y",
                entity="unit",
                time="time",
                cluster="unit",
            )
        else:
            found = iv_2sls(
                rows,
                outcome="y",
                endogenous="d",
                instruments=["z"],
                exogenous=controls or list(PANEL_COVARIATES),
                absorb=("unit", "time") if task == "iv-absorbed" else (),
                cluster="unit",
            )
        return answer_of(_ordered(found.params, task), _ordered(found.std_errors, task))

    return fit


def _redrawn(rows: pd.DataFrame) -> Fit:
    """Return risk-set re-randomization of 12,000 draws, test and interval."""
    from riskset.inference import exposure_design, risk_set_rerandomization

    acts = np.flatnonzero(rows["assigned"] >= 0)
    acts = acts[np.argsort(rows["assigned"].to_numpy()[acts], kind="stable")]
    days = rows["assigned"].to_numpy()[acts]
    design = exposure_design(
        origin=rows["origin"],
        entry=np.zeros(len(rows)),
        exit=rows["exit"],
        event=rows["event"].to_numpy() == 1,
        outcome_strata=np.zeros(len(rows), dtype=np.int64),
        assignment_strata=rows["region"],
        spell_unit=acts,
        spell_assigned=days,
        spell_on=days,
        spell_off=np.full(len(days), np.inf),
    )

    def fit() -> Answer:
        found = risk_set_rerandomization(design, draws=REDRAWN, level=0.95, seed=data.SEED)
        return answer_of([found.estimate, found.p_value])

    return fit


def _ordered(values: Any, task: str) -> Floats:
    """Coefficients in one order: the covariates, then the constant, then what the model adds."""
    series = pd.Series(values)
    if task == "iv-controls":
        return series.to_numpy(dtype=np.float64)
    first = ["d", *PANEL_COVARIATES] if task in ("panel", "iv", "iv-absorbed") else NAMES
    known = {"const", "Intercept"} & set(series.index)
    rest = [name for name in series.index if name not in first and name not in known]
    order = [*first, *([] if task == "iv" else [*known]), *rest]
    return series[order].to_numpy(dtype=np.float64)
