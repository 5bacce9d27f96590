"""Two-stage least squares equation by equation: statsmodels fits each one, linearmodels both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from riskset import iv_2sls

#: Least squares by two decompositions.
SAME = 1e-9
CONTROLS = ["x", "w"]
INSTRUMENTS = ["z", "s"]


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(14)
    n = 300
    data = pd.DataFrame(rng.normal(size=(n, 4)), columns=["z", "s", "x", "w"])
    hidden = rng.normal(size=n)
    data["d"] = 0.6 * data["z"] + 0.3 * data["s"] + data["x"] + hidden * (1 + (data["z"] > 0))
    data["y"] = 0.5 * data["d"] + data["w"] - hidden + rng.normal(size=n)
    return data.assign(country=np.arange(n) % 25)


def least_squares(data: pd.DataFrame, outcome: pd.Series, cluster: bool, small: bool):  # type: ignore[no-untyped-def]
    """Fit an equation with the sandwich of statsmodels, with or without its factors."""
    columns = sm.add_constant(data[[*INSTRUMENTS, *CONTROLS]])
    options: dict = {"cov_type": "HC1" if small else "HC0"}
    if cluster:
        kwds = {"groups": data["country"], "use_correction": small}
        options = {"cov_type": "cluster", "cov_kwds": kwds}
    return sm.OLS(outcome, columns).fit(**options)


def two_stages(data: pd.DataFrame, cluster: bool, small: bool) -> Any:
    """Fit both stages on the instruments and controls of these tests."""
    return iv_2sls(
        data,
        outcome="y",
        endogenous="d",
        instruments=INSTRUMENTS,
        exogenous=CONTROLS,
        cluster="country" if cluster else None,
        small=small,
    )


@pytest.mark.parametrize("cluster", [False, True])
@pytest.mark.parametrize("small", [True, False])
def test_first_stage_reduced_form_and_the_tests_of_instruments(cluster: bool, small: bool) -> None:
    data = rows()
    fit = two_stages(data, cluster, small)
    # Rows less the coefficients of the second stage, or clusters less one.
    df = (24.0 if cluster else 300.0 - 4) if small else None
    assert fit.df_resid == df
    for ours, outcome in ((fit.first_stage, "d"), (fit.reduced_form, "y")):
        theirs = least_squares(data, data[outcome], cluster, small)
        names = [*INSTRUMENTS, *CONTROLS]
        np.testing.assert_allclose(ours.params, theirs.params[names], rtol=SAME)
        want = theirs.cov_params().loc[names, names]
        np.testing.assert_allclose(ours.cov, want, rtol=SAME, atol=1e-14)
        assert ours.df_resid == df

    def joint(value: float, factor: bool) -> float:
        """χ² of both instruments in the equation of the outcome less so much of ``d``."""
        theirs = least_squares(data, data["y"] - value * data["d"], cluster, factor)
        b, v = theirs.params[INSTRUMENTS], theirs.cov_params().loc[INSTRUMENTS, INSTRUMENTS]
        return float(b @ np.linalg.solve(v, b))

    first = least_squares(data, data["d"], cluster, small)
    b, v = first.params[INSTRUMENTS], first.cov_params().loc[INSTRUMENTS, INSTRUMENTS]
    assert fit.kleibergen_paap == pytest.approx(b @ np.linalg.solve(v, b) / 2, rel=SAME)
    plain = sm.OLS(data["d"], sm.add_constant(data[[*INSTRUMENTS, *CONTROLS]])).fit()
    classical = float(plain.f_test(np.eye(5)[1:3]).fvalue)
    assert fit.cragg_donald == pytest.approx(classical, rel=SAME)
    chi2, number, p_value = fit.kleibergen_paap_lm
    assert number == 2 and p_value == pytest.approx(stats.chi2.sf(chi2, 2), rel=SAME)
    for value in (0.0, 0.5, -0.7):
        test = fit.anderson_rubin
        assert test.statistic(value) == pytest.approx(joint(value, small) / 2, rel=SAME)
        refer = stats.chi2.sf(joint(value, small), 2)
        if df is not None:
            refer = stats.f.sf(joint(value, small) / 2, 2, df)
        assert test.p_value(value) == pytest.approx(refer, rel=1e-7)
        found, number, p_value = test.chi2(value)
        assert found == pytest.approx(joint(value, False), rel=SAME)
        assert (number, p_value) == (2, pytest.approx(stats.chi2.sf(found, 2), rel=SAME))
    for level in (0.5, 0.95):
        [(low, high)] = fit.anderson_rubin.confidence_set(level)
        for border in (low, high):
            assert fit.anderson_rubin.p_value(border) == pytest.approx(1 - level, rel=1e-6)


@pytest.mark.parametrize("cluster", [False, True])
def test_without_factors_for_few_rows_the_second_stage_is_that_of_linearmodels(
    cluster: bool,
) -> None:
    from linearmodels.iv import IV2SLS

    data = rows()
    fit = two_stages(data, cluster, small=False)
    options = {"cov_type": "robust"}
    if cluster:
        options = {"cov_type": "clustered", "clusters": data["country"]}
    theirs = IV2SLS(data["y"], data[CONTROLS].assign(one=1.0), data[["d"]], data[INSTRUMENTS]).fit(
        debiased=False, **options
    )
    names = ["d", *CONTROLS]
    np.testing.assert_allclose(fit.params, theirs.params[names], rtol=SAME)
    np.testing.assert_allclose(fit.cov, theirs.cov.loc[names, names], rtol=SAME, atol=1e-14)
    # Older linearmodels take a small tail for one less the rest, which leaves zero.
    np.testing.assert_allclose(fit.p_values, theirs.pvalues[names], rtol=1e-6, atol=1e-15)


def test_sets_of_several_pieces_end_where_the_test_does() -> None:
    """One weak instrument: what is not rejected lies outside two borders, in any unit."""
    data = rows().assign(d=lambda d: 0.02 * d["z"] + np.random.default_rng(1).normal(size=300))
    for unit in (1.0, 1e6, 1e-6):
        given = data.assign(y=(data["y"] + 0.4 * data["z"]) * unit)
        fit = iv_2sls(given, outcome="y", endogenous="d", instruments="z")
        rays = fit.anderson_rubin.confidence_set()
        assert len(rays) == 2 and rays[0][0] == -np.inf and rays[1][1] == np.inf
        for border, inward in ((rays[0][1], -1), (rays[1][0], 1)):
            assert fit.anderson_rubin.p_value(border) == pytest.approx(0.05, rel=1e-6)
            step = 0.01 * abs(border) * inward
            assert fit.anderson_rubin.p_value(border + step) > 0.05
            assert fit.anderson_rubin.p_value(border - step) < 0.05
