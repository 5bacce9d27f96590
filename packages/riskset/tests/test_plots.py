"""Pictures of results: what they show is what the tables hold."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from moves_between_states import NAMES, moves
from riskset import (
    EstimationError,
    aalen_johansen,
    adjusted_survival,
    cox_ph,
    kaplan_meier,
    logit,
    transition_probabilities,
)
from riskset.plotting import ticks


@pytest.fixture(scope="module")
def spells() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    x, g = rng.normal(size=120), rng.integers(0, 2, 120)
    time, end = rng.exponential(5 * np.exp(-0.5 * x)), rng.uniform(3, 12, 120)
    data = pd.DataFrame({"stop": np.minimum(time, end), "event": (time <= end) * 1, "x": x, "g": g})
    return data.assign(place=np.arange(120) // 6, cause=data["event"] * rng.integers(1, 3, 120))


def drawn(axes) -> None:
    """The picture can be written, and is no empty one."""
    file = io.BytesIO()
    axes.figure.savefig(file, format="svg")
    assert len(file.getvalue()) > 3000


def test_survival_with_a_risk_table(spells) -> None:
    curve = kaplan_meier(spells, stop="stop", event="event")
    axes = curve.plot(label="All", xlabel="Months")
    [line] = axes.get_lines()
    np.testing.assert_allclose(line.get_ydata()[1:], curve.table["survival"])
    written = [text.get_text() for text in axes.texts]
    assert written[:2] == ["At risk", "All"] and written[2] == "120"
    assert axes.get_xlabel() == "Months"
    drawn(axes)
    both = curve.plot(at_risk=False, axes=axes)
    assert both is axes and len(axes.get_lines()) == 2


def test_incidence_states_and_adjusted_curves(spells) -> None:
    causes = aalen_johansen(spells, stop="stop", cause="cause")
    axes = causes.plot()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["1", "2"]
    drawn(axes)
    found = transition_probabilities(moves(), **NAMES)
    axes = found.plot()
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["peace", "talks", "war"]
    drawn(axes)
    adjusted = adjusted_survival(spells, ["x"], group="g", stop="stop", event="event")
    axes = adjusted.plot()
    assert len(axes.get_lines()) == 2 and any(t.get_text() == "At risk" for t in axes.texts)
    drawn(axes)


def test_forest_proportional_hazards_and_influence(spells) -> None:
    fit = cox_ph(spells, ["x", "g"], stop="stop", event="event", cluster="place")
    axes = fit.plot(exponentiate=True)
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "g"]
    points = [line for line in axes.get_lines() if line.get_marker() == "o"]
    np.testing.assert_allclose(points[0].get_xdata(), np.exp(fit.params))
    drawn(axes)
    axes = fit.plot("proportional hazards", term="g")
    np.testing.assert_allclose(
        np.sort(axes.get_lines()[0].get_ydata()), np.sort(fit.schoenfeld(scaled=True)["g"])
    )
    drawn(axes)
    axes = fit.plot("influence", term="x")
    widths = [bar.get_width() for bar in axes.patches]
    assert len(widths) == 15 and np.all(np.diff(np.abs(widths)) <= 0)
    # The first-order change is near what leaving the cluster out does.
    place = int(axes.get_yticklabels()[0].get_text())
    without = cox_ph(spells[spells["place"] != place], ["x", "g"], stop="stop", event="event")
    assert widths[0] == pytest.approx(without.params["x"] - fit.params["x"], rel=0.35)
    drawn(axes)
    alone = cox_ph(spells, ["x"], stop="stop", event="event").plot("influence")
    assert len(alone.patches) == 15


def test_refusals(spells) -> None:
    fit = cox_ph(spells, ["x"], stop="stop", event="event")
    with pytest.raises(EstimationError, match="plot draws 'forest', 'proportional hazards', 'infl"):
        fit.plot("pie")
    with pytest.raises(EstimationError, match="no covariate 'z'"):
        fit.plot("influence", term="z")
    other = logit(spells, ["x"], outcome="event")
    with pytest.raises(EstimationError, match="plot draws 'forest', not 'influence'"):
        other.plot("influence")


@pytest.mark.parametrize(("end", "last"), [(9.7, 8.0), (36, 30.0), (0.8, 0.8), (4000, 4000)])
def test_ticks_are_round(end: float, last: float) -> None:
    found = ticks(0.0, end)
    assert found[0] == 0 and found[-1] == pytest.approx(last) and 3 <= len(found) <= 8


def test_matplotlib_is_imported_late_and_its_absence_said() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import pandas as pd\n"
        "from riskset import EstimationError, kaplan_meier\n"
        "curve = kaplan_meier(pd.DataFrame({'t': [1, 2], 'e': [1, 1]}), stop='t', event='e')\n"
        "try:\n    curve.plot()\n"
        "except EstimationError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "pictures need matplotlib: pip install 'riskset[plot]'"
