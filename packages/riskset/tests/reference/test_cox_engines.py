"""The Cox model against other Python engines, and where one of them is wrong."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from riskset import cox_ph

#: statsmodels stores R's answers with 7 significant digits, of estimates R stopped at a relative
#: change of 1e-9 in the log-likelihood.
STORED_BY_STATSMODELS = 2e-6
#: The verdict rule of the study: two engines agree to 1e-6 or the result is void.
ENGINES = 1e-6
#: PHReg with entry + half a step maximizes the same likelihood.
SAME_LIKELIHOOD = 1e-9

SIZES = [(20, 1), (50, 1), (50, 2), (100, 5), (1000, 10)]
RESULTS = pytest.importorskip("statsmodels.duration.tests.results.survival_r_results")


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("design", ["", "_et", "_st", "_et_st"])
@pytest.mark.parametrize(("n", "p"), SIZES)
def test_forty_cases_that_r_made_for_statsmodels(n: int, p: int, design: str, ties: str) -> None:
    file = Path(RESULTS.__file__).with_name(f"survival_data_{n}_{p}.csv")
    covariates = [f"x{j}" for j in range(p)]
    data = pd.read_csv(file, sep=" ", header=None, names=["stop", "event", "start", *covariates])
    data["stratum"] = np.repeat(np.arange(5), n // 5)
    data["event"] = data["event"].astype(int)
    dropped = data["start"] >= data["stop"]
    if "et" in design:
        data = data[~dropped]  # R turns rows that end before they begin into missing ones
    model = cox_ph(
        data,
        covariates,
        start="start" if "et" in design else None,
        stop="stop",
        event="event",
        strata="stratum" if "st" in design else None,
        ties=ties,
    )
    stored = f"{n}_{p}{design}_{ties[:3]}"
    for got, name in ((model.params, "coef"), (model.std_errors, "se")):
        want = getattr(RESULTS, f"{name}_{stored}")
        np.testing.assert_allclose(
            got, want, rtol=STORED_BY_STATSMODELS, atol=STORED_BY_STATSMODELS, err_msg=name
        )


def exposed_spells(seed: int = 4) -> pd.DataFrame:
    """A monthly clock with many ties and an exposure that switches on within spells."""
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(120):
        end, switch = int(rng.integers(2, 30)), int(rng.integers(1, 20))
        event, x = int(rng.random() < 0.8), rng.normal()
        cuts = [0, switch, end] if switch < end else [0, end]
        for begin, stop in itertools.pairwise(cuts):
            last = stop == end
            rows.append((unit, unit % 20, begin, stop, event * last, x, int(begin >= switch)))
    return pd.DataFrame(
        rows, columns=["unit", "country", "start", "stop", "event", "x", "exposed"]
    ).astype({"start": float, "stop": float})


def by_phreg(data: pd.DataFrame, entry: NDArray[np.float64], ties: str):
    from statsmodels.duration.hazard_regression import PHReg

    model = PHReg(
        data["stop"].to_numpy(),
        data[["x", "exposed"]].to_numpy(dtype=float),
        status=data["event"].to_numpy(),
        entry=entry,
        ties=ties,
    )
    return model.fit(method="newton", disp=0, tol=1e-12, maxiter=50)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_phreg_counts_a_row_as_at_risk_at_its_own_start(ties: str) -> None:
    """statsmodels' risk sets are ``[entry, stop]``; the theory's and R's are ``(entry, stop]``."""
    data = exposed_spells()
    ours = cox_ph(data, ["x", "exposed"], start="start", stop="stop", event="event", ties=ties)
    raw = by_phreg(data, data["start"].to_numpy(), ties)
    assert np.abs(raw.params - ours.params.to_numpy()).max() > 0.01
    half = by_phreg(data, data["start"].to_numpy() + 0.5, ties)
    np.testing.assert_allclose(half.params, ours.params, rtol=0, atol=SAME_LIKELIHOOD)
    np.testing.assert_allclose(half.bse, ours.std_errors, rtol=0, atol=SAME_LIKELIHOOD)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("strata", [None, "third"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_survival_is_a_second_engine(ties: str, strata: str | None, weights: str | None) -> None:
    survival = pytest.importorskip("survival")
    rng = np.random.default_rng(11)
    data = exposed_spells().assign(third=lambda d: d["country"] % 3)
    data["w"] = rng.uniform(0.3, 2, len(data))
    ours = cox_ph(
        data,
        ["x", "exposed"],
        start="start",
        stop="stop",
        event="event",
        strata=strata,
        cluster="country",
        weights=weights,
        ties=ties,
    )
    formula = "Surv(start, stop, event) ~ x + exposed" + (" + strata(third)" if strata else "")
    tight = {"eps": 1e-12, "toler_chol": 1e-13}
    theirs = survival.coxph(formula, data, cluster="country", weights=weights, ties=ties, **tight)
    np.testing.assert_allclose(theirs.coefficients, ours.params, rtol=0, atol=ENGINES)
    errors = np.sqrt(np.diag(np.asarray(theirs.var)))
    np.testing.assert_allclose(errors, ours.std_errors, rtol=0, atol=ENGINES)
    table = {row["name"]: row["chisq"] for row in survival.cox_zph(theirs).table}
    tests = ours.test_proportional_hazards()["chi2"]
    for name, chi2 in table.items():
        assert tests[name] == pytest.approx(chi2, abs=ENGINES * 100, rel=ENGINES)
