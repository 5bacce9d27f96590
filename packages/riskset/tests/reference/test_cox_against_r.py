"""The Cox model against R's survival on generated start-stop rows with heavy ties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import CoxResult, cox_ph

#: R is asked to go on until the log-likelihood stands still (eps 1e-14); what remains is rounding
#: of its running sums. Compared on the scale of the quantity.
ROUNDING = 1e-9


def spells() -> pd.DataFrame:
    """Units with up to five rows, exposure that changes, integer times, repeated countries."""
    rng = np.random.default_rng(1948)
    rows = []
    for unit in range(150):
        country, region = unit % 23, unit % 3
        x, at = rng.normal(), float(rng.integers(0, 6))
        for _ in range(rng.integers(1, 6)):
            stop = at + float(rng.integers(1, 9))
            z, y = rng.integers(0, 2), rng.normal()
            event = int(rng.random() < 0.25 * np.exp(0.4 * x + 0.3 * z))
            rows.append((unit, country, region, at, stop, event, x, z, y, rng.uniform(0.2, 3)))
            at = stop
            if event:
                break
    names = ["unit", "country", "region", "start", "stop", "event", "x", "z", "y", "w"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("cox.R", spells())


def fit(case: str, cluster: str | None = "country") -> CoxResult:
    return cox_ph(
        spells(),
        ["x", "z", "y"],
        start=None if "right" in case else "start",
        stop="stop",
        event="event",
        strata="region" if "strata" in case else None,
        cluster=cluster,
        weights=None if "unweighted" in case else "w",
        ties="efron" if "efron" in case else "breslow",
    )


CASES = [
    f"{ties}-{weights}{design}"
    for ties in ("efron", "breslow")
    for weights in ("unweighted", "weighted")
    for design in ("", "-strata", "-right")
]


@pytest.mark.parametrize("case", CASES)
def test_every_quantity_equals_that_of_r(answers, case: str) -> None:
    model, want = fit(case), answers[case]
    got = {
        "params": model.params,
        "cluster_error": model.std_errors,
        "model_error": model.model_std_errors,
        "loglik": model.loglik,
        "score_test": model.score_test,
        "martingale": model.martingale(),
        "score": model.score_residuals().to_numpy().ravel(),
        "schoenfeld": model.schoenfeld()[["x", "z", "y"]].to_numpy().ravel(),
    }
    for transform in ("km", "identity", "log", "rank"):
        got[f"ph_{transform}"] = model.test_proportional_hazards(transform)["chi2"]
    if "strata" not in case:
        at = {"x": 0.5, "z": 1, "y": -1}
        curve = model.predict_survival(at)
        got |= {"survival": curve["survival"], "times": curve["time"]}
        if "right" not in case:
            got["hazard_error"] = fit(case, cluster=None).predict_survival(at)["std_error"]
    assert set(got) == set(want)
    for name, value in got.items():
        scale = np.abs(want[name]).max()
        np.testing.assert_allclose(
            np.atleast_1d(np.asarray(value, dtype=float)),
            want[name],
            rtol=0,
            atol=ROUNDING * scale,
            err_msg=name,
        )
