"""A fresh process for one engine and one task: `python -m benchmarks.worker REQUEST ANSWER`.

REQUEST and ANSWER are JSON files. The parent starts it with the Python that holds the engine; it
needs nothing but numpy, pandas and the engine.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import platform
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import data
from benchmarks.adapters import OTHERS, Answer, Request
from benchmarks.catalogue import ENGINES, OURS
from benchmarks.measure import measure
from benchmarks.ours import collsec

WARM_UP_DRAWS = 5
#: Libraries whose version is stated, apart from the engine's own.
BASE = ("numpy", "pandas", "scipy")
ADAPTERS = OTHERS | {OURS: collsec}


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """Measure one engine on one task; see `processes.measure_once` for the keys."""
    warnings.simplefilter("ignore")
    engine, task = ENGINES[asked["engine"]], asked["task"]
    folder = Path(asked["folder"])
    rows = pd.DataFrame(data.read(folder))
    picks = None
    if task == "bootstrap":
        picks = data.picks(rows["cluster"].to_numpy(), asked["draws"])
    adapter = ADAPTERS[engine.name]
    few = rows.iloc[: asked["warm_up"]].copy()
    few_picks = None if picks is None else data.picks(few["cluster"].to_numpy(), WARM_UP_DRAWS)
    adapter(Request(few, task, few_picks))()
    del few
    fit = adapter(Request(rows, task, picks))
    measured = measure(fit, repeats=asked["repeats"], budget=asked["budget"])
    answer: Answer = measured.result
    return {
        "seconds": measured.seconds,
        "data_mib": measured.data_mib,
        "peak_mib": measured.peak_mib,
        "coefficients": answer.coefficients.tolist(),
        "errors": None if answer.errors is None else np.asarray(answer.errors).tolist(),
        "versions": versions(engine.module),
    }


def versions(module: str) -> dict[str, str]:
    """Return the versions of Python, the engine and what it stands on."""
    found = {"Python": platform.python_version()}
    for name in (module, *BASE, *(["numba"] if module == OURS and find_spec("numba") else [])):
        if name == OURS:  # that of the code that runs, whatever was installed
            found[name] = str(importlib.import_module(name).__version__)
        else:
            found[name] = importlib.metadata.version(name)
    return found


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(json.dumps(run(asked)), encoding="utf-8")
