"""Without the libraries of extras: what needs one says which, in one line."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCKED = """
import sys
EXTRAS = {'statsmodels', 'linearmodels', 'formulaic', 'numba', 'matplotlib'}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in EXTRAS:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name.split('.')[0])
sys.meta_path.insert(0, Absent())
import pandas as pd, riskset as rs
d = pd.DataFrame({'stop': range(1, 7), 'event': [1, 1, 0, 1, 1, 0], 'x': [0, 2, 1, 0, 1, 3]})
"""


def alone(code: str) -> str:
    """Return what code prints where no extra is installed."""
    code = f"try: print({code})\nexcept rs.EstimationError as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED + code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_cox_models_need_no_extra() -> None:
    assert "Cox proportional hazards" in alone("rs.cox_ph(d, ['x'], stop='stop', event='event')")


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("rs.logit(d, ['x'], outcome='event')", "regression"),
        ("rs.holm([0.1, 0.2])", "regression"),
        ("rs.cox_ph(d, 'x + I(x**2)', stop='stop', event='event')", "formulas"),
        ("rs.kaplan_meier(d, stop='stop', event='event').plot()", "plot"),
    ],
)
def test_what_needs_an_extra_names_it(code: str, extra: str) -> None:
    assert f"pip install 'riskset[{extra}]'" in alone(code)
