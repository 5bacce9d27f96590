"""The tasks, the engines, and which engine does which task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Runtime = Literal["python", "R"]

OURS = "collsec"


@dataclass(frozen=True)
class Task:
    """What is fitted.

    Attributes
    ----------
    name, title : str
    data : str
        Kind of rows: "tied", "untied", "durations", "panel", "controls" or "acts".
    rows : int or None
        Its own number of rows, whatever is asked for.
    """

    name: str
    title: str
    data: str
    rows: int | None = None


@dataclass(frozen=True)
class Engine:
    """Who fits it.

    Attributes
    ----------
    name, title : str
    runtime : {"python", "R"}
    module : str
        The library that must be there.
    errors : dict of str
        By task, the standard errors of its answer: "cluster", "model" or "none". Only cluster and
        model errors that follow the same convention as ours are compared ("cluster").
    """

    name: str
    title: str
    runtime: Runtime
    module: str
    errors: dict[str, str]


TASKS = {
    task.name: task
    for task in (
        Task("cox-tied", "Cox, Efron, whole days", "tied"),
        Task("cox-untied", "Cox, Efron, times to 2.6 s", "untied"),
        Task("bootstrap", "Cox, 500 cluster-bootstrap refits", "tied", rows=20_000),
        Task("aft-weibull", "Weibull AFT", "durations"),
        Task("aft-lognormal", "log-normal AFT", "durations"),
        Task("aft-weibull-entry", "Weibull AFT, late entry", "durations"),
        Task("aft-lognormal-entry", "log-normal AFT, late entry", "durations"),
        Task("panel", "OLS, unit and time effects", "panel"),
        Task("iv", "2SLS", "panel"),
        Task("iv-absorbed", "2SLS, unit and time effects", "panel"),
        Task("iv-controls", "2SLS, 226 controls", "controls", rows=20_000),
        Task("rerandomization", "12,000 redrawn assignments of 60 acts", "acts", rows=300),
    )
}

_COX = ("cox-tied", "cox-untied")
_AFT = ("aft-weibull", "aft-lognormal")
_ENTRY = ("aft-weibull-entry", "aft-lognormal-entry")


def _same(errors: str, *tasks: str) -> dict[str, str]:
    return dict.fromkeys(tasks, errors)


ENGINES = {
    engine.name: engine
    for engine in (
        Engine(
            OURS,
            "collsec",
            "python",
            "collsec",
            _same("cluster", *TASKS) | _same("none", "bootstrap", "rerandomization"),
        ),
        Engine(
            "r-survival",
            "R survival",
            "R",
            "survival",
            _same("cluster", *_COX, *_AFT) | {"bootstrap": "none"},
        ),
        Engine("r-core", "R agreg.fit alone", "R", "survival", _same("none", *_COX)),
        Engine(
            "rust-survival",
            "survival (Rust)",
            "python",
            "survival",
            _same("cluster", *_COX, *_AFT) | {"bootstrap": "none"},
        ),
        Engine(
            "rust-core", "survival (Rust), fit alone", "python", "survival", _same("none", *_COX)
        ),
        Engine(
            "lifelines", "lifelines", "python", "lifelines", _same("model", *_COX, *_AFT, *_ENTRY)
        ),
        Engine(
            "greenwood",
            "greenwood",
            "python",
            "greenwood",
            {"cox-tied": "other cluster", "cox-untied": "cluster"},
        ),
        Engine("phreg", "statsmodels PHReg", "python", "statsmodels", _same("model", *_COX)),
        Engine(
            "pyfixest",
            "pyfixest",
            "python",
            "pyfixest",
            _same("other cluster", "panel", "iv-absorbed") | _same("cluster", "iv"),
        ),
        Engine(
            "linearmodels",
            "linearmodels",
            "python",
            "linearmodels",
            _same("cluster", "panel", "iv"),
        ),
        Engine(
            "absorbing-ls",
            "linearmodels AbsorbingLS",
            "python",
            "linearmodels",
            _same("other cluster", "panel"),
        ),
    )
}
