"""Regressions against published studies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskset import discrete_hazard, logit, poisson

#: Half a unit of the fifth printed decimal.
FIVE_DECIMALS = 5.1e-6
#: glm() takes its covariance from the weights of the step before the last. With epsilon 1e-15 it
#: gives ours; with its default of 1e-8 the published ones, off by up to 2.2e-4 (gdpenl).
GLM_WEIGHTS_LAG = 3e-4
#: The Poisson answers are stored in full: the log-likelihood is flat at its maximum, the
#: coefficients depend on where the other program stopped.
STORED_LOGLIK, STORED_ESTIMATE = 1e-12, 1e-7
#: expected.json states "abs 1e-6 + rel 1e-5".
PUBLISHED = {"atol": 1e-6, "rtol": 1e-5}


def study(shared: Path, name: str) -> dict:
    return json.loads((shared / "replication" / "expected.json").read_text())[name]["expected"]


def table(shared: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(shared / "replication" / f"{name}.csv", low_memory=False)


def test_peacebuilding_success(shared: Path) -> None:
    """Doyle & Sambanis (2000), model A8: cluster sandwich times G/(G − 1)."""
    want = study(shared, "doyle_sambanis_2000")
    covariates = ["wartype", "logcost", "wardur", "factnum", "factnum2", "trnsfcap"]
    covariates += ["untype4", "treaty", "develop", "exp", "decade"]
    data = table(shared, "doyle_sambanis_2000").dropna(subset=[*covariates, "pbs2s3"])
    fit = logit(data, covariates, outcome="pbs2s3", cluster="cluster", group_debias=True)
    assert (fit.nobs, fit.n_clusters) == (want["n"], 69)
    assert fit.loglik == pytest.approx(want["ll"], abs=FIVE_DECIMALS)
    for name in ("untype4", "treaty", "wartype", "logcost", "wardur", "const"):
        np.testing.assert_allclose(fit.params[name], want[name][0], **PUBLISHED, err_msg=name)
        np.testing.assert_allclose(fit.std_errors[name], want[name][1], **PUBLISHED, err_msg=name)
    assert f"{fit.params['untype4']:.3f} ({fit.std_errors['untype4']:.3f})" == "3.135 (1.091)"


def test_onset_of_civil_war(shared: Path) -> None:
    """Fearon & Laitin (2003), table 1 model 1: the onset coded 4 is an onset."""
    want = study(shared, "fearon_laitin_2003")
    covariates = [name for name in want["coef"] if name != "const"]
    data = table(shared, "fearon_laitin_2003").dropna(subset=[*covariates, "onset"])
    fit = logit(data.assign(onset=data["onset"].replace(4, 1)), covariates, outcome="onset")
    assert fit.nobs == 6327
    for name, value in want["coef"].items():
        assert fit.params[name] == pytest.approx(value, abs=FIVE_DECIMALS), name
        error = fit.std_errors[name]
        assert error == pytest.approx(want["se"][name], rel=GLM_WEIGHTS_LAG), name


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_repeat_civil_war(shared: Path, link: str) -> None:
    """Walter (2015): the pooled binary models without duration terms."""
    want = study(shared, "walter_2015")[link]
    covariates = [name for name in want["coef"] if name != "(Intercept)"]
    data = table(shared, "walter_2015").dropna(subset=[*covariates, "renewed_war"])
    data["period"] = data.groupby("id").cumcount() + 1
    fit = discrete_hazard(
        data,
        covariates,
        duration="period",
        event="renewed_war",
        link=link,
        dependence="constant",
    )
    assert (fit.nobs, fit.n_events) == (1237, 24)
    for name, value in want["coef"].items():
        ours = "const" if name == "(Intercept)" else name
        # R's errors under cloglog come from the expected information, ours from the observed.
        np.testing.assert_allclose(fit.params[ours], value, **PUBLISHED, err_msg=name)
        if link == "logit":
            error = fit.std_errors[ours]
            np.testing.assert_allclose(error, want["se"][name], **PUBLISHED, err_msg=name)
    np.testing.assert_allclose(fit.loglik, want["ll"], **PUBLISHED)


def test_violence_against_civilians(shared: Path) -> None:
    """Hultman, Kathman & Shannon (2013): the Poisson benchmark."""
    want = study(shared, "hks_2013_poisson")
    covariates = [name for name in want["coef"] if name != "const"]
    data = table(shared, "hks_2013").dropna(subset=[*covariates, "osvAll"])
    fit = poisson(data, covariates, outcome="osvAll")
    assert fit.nobs == want["n"]
    assert fit.loglik == pytest.approx(want["ll"], rel=STORED_LOGLIK)
    for name, value in want["coef"].items():
        assert fit.params[name] == pytest.approx(value, rel=STORED_ESTIMATE), name
