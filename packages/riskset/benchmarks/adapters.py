"""One function per other engine: a frame in, coefficients and their errors out.

Each is the call that a user would write, with the library's own defaults. Libraries are imported
by the adapter that needs them: a process knows one engine only.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import data
from benchmarks.data import COVARIATES, PANEL_COVARIATES

Floats = NDArray[np.float64]
#: PHReg counts a row as at risk at its own start; half a step later it does not.
HALF_A_STEP = {"cox-tied": 0.5, "cox-untied": data.GRID / 2}
NAMES = list(COVARIATES)
SPELLS: dict[str, Any] = {"start": "start", "stop": "stop", "event": "event"}


@dataclass(frozen=True)
class Answer:
    """Coefficients in the order of ours, flat, and their standard errors."""

    coefficients: Floats
    errors: Floats | None = None


@dataclass(frozen=True)
class Request:
    """What an adapter gets: the rows, the task, and the clusters of each bootstrap draw."""

    rows: pd.DataFrame
    task: str
    picks: NDArray[np.int32] | None = None

    @property
    def distribution(self) -> Literal["weibull", "lognormal"]:
        """Of an AFT task."""
        return "weibull" if self.task.startswith("aft-weibull") else "lognormal"

    @property
    def has_entry(self) -> bool:
        """Whether rows count from a late entry on."""
        return self.task.endswith("-entry")


Fit = Callable[[], Answer]


def answer_of(coefficients: Any, errors: Any = None) -> Answer:
    found = None if errors is None else np.asarray(errors, dtype=np.float64)
    return Answer(np.asarray(coefficients, dtype=np.float64).ravel(), found)


def rust_survival(request: Request) -> Fit:
    """Return the fit of the PyPI package `survival`, on arrays: faster there than a formula."""
    import survival

    arrays_in: Any = importlib.import_module("survival.regression")  # its names are made at import

    rows, task = request.rows, request.task
    formula = "Surv(stop, event) ~ " + " + ".join(NAMES)

    def fit() -> Answer:
        if task.startswith("aft"):
            model = survival.survreg(formula, rows, dist=request.distribution, cluster="cluster")
            errors = np.sqrt(np.diag(np.asarray(model.var)))
            values = np.append(model.coefficients, np.log(model.scale[0]))
            order = [*range(1, len(NAMES) + 1), 0, len(NAMES) + 1]
            return answer_of(values[order], errors[order])
        arrays = (rows["stop"].to_numpy(), rows["event"].to_numpy(), rows[NAMES].to_numpy())
        begins = rows["start"].to_numpy()
        if task.startswith("cox"):
            cox = arrays_in.coxph_fit(*arrays, entry=begins, cluster=rows["cluster"].to_numpy())
            return answer_of(cox.coefficients, np.sqrt(np.diag(np.asarray(cox.var))))
        assert request.picks is not None
        stop, event, x = arrays
        whole = arrays_in.coxph_fit_raw(stop, event, x, entry=begins, resid=False)
        groups = _members(rows["cluster"].to_numpy())
        drawn = []
        for picked in request.picks:
            at = np.concatenate([groups[code] for code in picked])
            again = arrays_in.coxph_fit_raw(
                stop[at],
                event[at],
                x[at],
                entry=begins[at],
                resid=False,
                init=list(whole.coefficients),
            )
            drawn.append(again.coefficients)
        return answer_of(drawn)

    return fit


def rust_core(request: Request) -> Fit:
    """Return the maximization alone of `survival`: no cluster errors, residuals or concordance."""
    arrays_in: Any = importlib.import_module("survival.regression")
    rows = request.rows

    def fit() -> Answer:
        cox = arrays_in.coxph_fit_raw(
            rows["stop"].to_numpy(),
            rows["event"].to_numpy(),
            rows[NAMES].to_numpy(),
            entry=rows["start"].to_numpy(),
            resid=False,
        )
        return answer_of(cox.coefficients)

    return fit


def _members(cluster: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Rows of each cluster."""
    order = np.argsort(cluster, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(cluster[order])) + 1)


def lifelines(request: Request) -> Fit:
    """Return the fit of lifelines, without cluster errors: it has none that equal R's."""
    from lifelines import CoxPHFitter, LogNormalAFTFitter, WeibullAFTFitter

    rows, task = request.rows.drop(columns="cluster"), request.task
    late = task.startswith("cox") or request.has_entry
    rows = rows if late else rows.drop(columns="start")

    def fit() -> Answer:
        entry = "start" if late else None
        if task.startswith("cox"):
            cox = CoxPHFitter().fit(rows, "stop", "event", entry_col=entry)
            return answer_of(cox.params_[NAMES])
        kind = WeibullAFTFitter if request.distribution == "weibull" else LogNormalAFTFitter
        found = kind().fit(rows, "stop", "event", entry_col=entry).params_
        location, shape = found.index.get_level_values(0).unique().sort_values()
        sign = -1 if request.distribution == "weibull" else 1  # its shape is 1/σ
        inner = found[location]
        return answer_of([*inner[NAMES], inner["Intercept"], sign * found[shape]["Intercept"]])

    return fit


def greenwood(request: Request) -> Fit:
    """Return the fit of greenwood, with cluster errors."""
    from greenwood import CoxPH, Surv

    rows = request.rows

    def fit() -> Answer:
        times = Surv(rows["start"], rows["stop"], rows["event"])
        found = CoxPH().fit(times, rows[NAMES], cluster=rows["cluster"])
        return answer_of(found.coef_, found.std_error_)

    return fit


def phreg(request: Request) -> Fit:
    """Return the fit of statsmodels, its entry times moved by half a step."""
    from statsmodels.duration.hazard_regression import PHReg

    rows, half = request.rows, HALF_A_STEP[request.task]

    def fit() -> Answer:
        model = PHReg(
            rows["stop"],
            rows[NAMES],
            status=rows["event"],
            entry=rows["start"] + half,
            ties="efron",
        )
        found = model.fit(disp=0)
        return answer_of(found.params, found.bse)

    return fit


def pyfixest(request: Request) -> Fit:
    """Return the fit of pyfixest."""
    from pyfixest import feols

    rows, task = request.rows, request.task
    x = " + ".join(PANEL_COVARIATES)
    formula = {
        "panel": f"y ~ d + {x} | unit + time",
        "iv": f"y ~ {x} | d ~ z",
        "iv-absorbed": f"y ~ {x} | unit + time | d ~ z",
    }[task]

    def fit() -> Answer:
        found = feols(formula, rows, vcov={"CRV1": "unit"})
        kept = ["d", *PANEL_COVARIATES]
        return answer_of(found.coef()[kept], found.se()[kept])

    return fit


def linearmodels(request: Request) -> Fit:
    """Return the fit of linearmodels, whose errors ours equal."""
    from linearmodels.iv import IV2SLS
    from linearmodels.panel import PanelOLS

    rows, kept = request.rows, ["d", *PANEL_COVARIATES]

    def fit() -> Answer:
        if request.task == "panel":
            panel = rows.set_index(["unit", "time"])
            model = PanelOLS(panel["y"], panel[kept], entity_effects=True, time_effects=True)
            found: Any = model.fit(cov_type="clustered", cluster_entity=True, group_debias=True)
        else:
            exogenous = rows[list(PANEL_COVARIATES)].assign(const=1.0)
            found = IV2SLS(rows["y"], exogenous, rows["d"], rows["z"]).fit(
                cov_type="clustered", clusters=rows["unit"], debiased=True
            )
        return answer_of(found.params[kept], found.std_errors[kept])

    return fit


def absorbing_ls(request: Request) -> Fit:
    """Return the fit of linearmodels' other way to take effects out."""
    from linearmodels.iv import AbsorbingLS

    rows, kept = request.rows, ["d", *PANEL_COVARIATES]

    def fit() -> Answer:
        effects = rows[["unit", "time"]].astype("category")
        found = AbsorbingLS(rows["y"], rows[kept], absorb=effects).fit(
            cov_type="clustered", clusters=rows["unit"]
        )
        return answer_of(found.params[kept], found.std_errors[kept])

    return fit


OTHERS: dict[str, Callable[[Request], Fit]] = {
    "rust-survival": rust_survival,
    "rust-core": rust_core,
    "lifelines": lifelines,
    "greenwood": greenwood,
    "phreg": phreg,
    "pyfixest": pyfixest,
    "linearmodels": linearmodels,
    "absorbing-ls": absorbing_ls,
}
