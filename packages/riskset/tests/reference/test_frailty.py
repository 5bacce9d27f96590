"""Shared gamma frailty against R's survival, and against what it must be by definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from riskset import EstimationError, cox_ph, frailty_cox

#: Asked to go on to 1e-13 of the log-likelihood, R still stops about this far from its maximum.
R_STOPS = 1e-6
#: Its effects of groups are less settled; that ours are right the posterior means show to 1e-7.
R_EFFECTS = 1e-5
#: R stops its search over the variance where the integrated likelihood is flat.
FLAT = 1e-3
#: The default of R stops its inner steps at 1e-9 of the log-likelihood.
R_DEFAULT = 5e-7
#: Half a unit of the fourth printed decimal.
FOUR_DECIMALS = 5.1e-5

ROWS = {"start": "start", "stop": "stop", "event": "event", "group": "country"}


def spells() -> pd.DataFrame:
    """Start-stop rows on an integer clock; countries differ by an unobserved factor."""
    rng = np.random.default_rng(2003)
    factor = rng.gamma(2.5, 1 / 2.5, 30)
    rows = []
    for unit in range(220):
        country, x, at = unit % 30, rng.normal(), float(rng.integers(0, 4))
        for _ in range(rng.integers(1, 4)):
            z = int(rng.integers(0, 2))
            last = rng.exponential(9 / (factor[country] * np.exp(0.5 * x + 0.3 * z)))
            stop = at + max(np.ceil(min(last, 6.0)), 1.0)
            rows.append((unit, country, unit % 3, at, stop, int(last <= 6), x, z))
            at = stop
            if last <= 6:
                break
    names = ["unit", "country", "region", "start", "stop", "event", "x", "z"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def answers(ask_r):
    return ask_r("frailty.R", spells())


@pytest.mark.parametrize("strata", [None, "region"])
@pytest.mark.parametrize("variance", [0.1, 0.4, 2.0])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_at_a_given_variance_all_equals_r(answers, ties, variance, strata) -> None:
    fit = frailty_cox(spells(), ["x", "z"], **ROWS, strata=strata, variance=variance, ties=ties)
    want = answers[f"{ties}-{variance:g}{'-strata' if strata else ''}"]
    np.testing.assert_allclose(fit.params, want["params"], rtol=0, atol=R_STOPS)
    np.testing.assert_allclose(fit.std_errors, want["errors"], rtol=0, atol=R_STOPS)
    np.testing.assert_allclose(fit.frailty, want["frailty"], rtol=R_EFFECTS)
    assert fit.loglik[1] == pytest.approx(want["integrated"][0], abs=1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_variance_is_that_of_r_or_more_likely(answers, ties: str) -> None:
    fit, want = frailty_cox(spells(), ["x", "z"], **ROWS, ties=ties), answers[f"{ties}-free"]
    assert fit.variance == pytest.approx(want["variance"][0], rel=FLAT)
    assert fit.loglik[1] >= want["integrated"][0] - 1e-9
    np.testing.assert_allclose(fit.params, want["params"], rtol=0, atol=FLAT / 10)


def test_reference_values(shared: Path) -> None:
    """The table's coefficients are R's where it stopped by default, at a variance of 0.415131.

    The variance that R prints, 0.4118, is that of its next step; there the integrated likelihood
    is larger (−870.807590 against −870.807801) and the coefficients are 0.459776 and 0.208747.
    Errors are those with sparse = FALSE; R's default, 0.08726396 and 0.21045119, leaves out how
    the effects of different groups depend on one another.
    """
    data = pd.read_csv(shared / "reference" / "sim.csv")
    rows = {"start": "start", "stop": "stop", "event": "ev1", "group": "cl"}
    best = frailty_cox(data, ["x", "z"], **rows)
    assert best.variance == pytest.approx(0.4118, abs=FOUR_DECIMALS)
    np.testing.assert_allclose(best.params, [0.459776, 0.208747], rtol=0, atol=2e-6)
    stopped = frailty_cox(data, ["x", "z"], **rows, variance=0.41513083967066)
    np.testing.assert_allclose(stopped.params, [0.46002898, 0.20826641], rtol=0, atol=R_DEFAULT)
    np.testing.assert_allclose(stopped.std_errors, [0.08725220, 0.21037174], rtol=0, atol=R_DEFAULT)
    assert best.loglik[1] > stopped.loglik[1]


def test_frailty_is_the_posterior_mean_of_each_group() -> None:
    """(ν + events) / (ν + expected events without the frailty), ν one over the variance."""
    data = spells()
    fit = frailty_cox(data, ["x", "z"], **ROWS, variance=0.5)
    assert fit.frailty.mean() == pytest.approx(1.0, abs=1e-9)
    known = data.assign(
        known=np.log(data["country"].map(fit.frailty))
        + data[["x", "z"]].to_numpy() @ fit.params.to_numpy()
    )
    given = {name: ROWS[name] for name in ("start", "stop", "event")}
    fixed = cox_ph(known, [], **given, offset="known")
    events = data.groupby("country")["event"].sum()
    expected = events - fixed.martingale().groupby(data["country"]).sum()
    posterior = (2 + events) / (2 + expected / fit.frailty)
    np.testing.assert_allclose(fit.frailty, posterior, rtol=1e-7)


def test_without_frailty_in_the_data_the_model_is_coxs() -> None:
    rng = np.random.default_rng(4)
    data = spells().assign(country=rng.permutation(np.arange(len(spells())) % 25))
    fit = frailty_cox(data, ["x", "z"], **ROWS)
    plain = cox_ph(data, ["x", "z"], **{n: ROWS[n] for n in ("start", "stop", "event")})
    chi2, p = fit.variance_test
    assert fit.variance < 0.05
    assert p > 0.05
    assert chi2 < 2.71
    np.testing.assert_allclose(fit.params, plain.params, atol=0.05)


def test_the_test_of_no_frailty_is_twice_the_gain_of_likelihood_and_half_its_tail() -> None:
    """Of groups drawn at random some gain nothing, and some less than one."""
    given = {n: ROWS[n] for n in ("start", "stop", "event")}
    gains = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        data = spells().assign(country=rng.permutation(np.arange(len(spells())) % 25))
        fit, plain = frailty_cox(data, ["x"], **ROWS), cox_ph(data, ["x"], **given)
        gain = max(2 * (fit.loglik[1] - plain.loglik[1]), 0.0)
        chi2, p = fit.variance_test
        assert chi2 == pytest.approx(gain, abs=1e-6)
        assert p == (pytest.approx(stats.chi2.sf(gain, 1) / 2, abs=1e-6) if chi2 else 1.0)
        gains.append(gain)
    assert min(gains) < 1e-6 and any(0.01 < gain < 1 for gain in gains)


def test_what_a_frailty_model_refuses_and_prints() -> None:
    data = spells()
    for options, message in (
        ({"variance": 0.0}, "above zero, not 0"),
        ({"ties": "exact"}, "ties must be 'efron' or 'breslow'"),
    ):
        with pytest.raises(EstimationError, match=message):
            frailty_cox(data, ["x", "z"], **ROWS, **options)
    with pytest.raises(EstimationError, match="'country' holds one group"):
        frailty_cox(data.assign(country=1), ["x", "z"], **ROWS)
    many = pd.concat([data] * 4, ignore_index=True)
    with pytest.raises(EstimationError, match="groups are too many"):
        frailty_cox(many.assign(country=many.index), ["x", "z"], **ROWS)
    fit = frailty_cox(data, "x", **ROWS)
    assert "shared gamma frailty" in fit.summary()
    assert (fit.n_clusters, fit.n_events) == (30, data["event"].sum())
    np.testing.assert_array_equal(fit.model_std_errors, fit.std_errors)


def test_a_covariate_of_groups_has_an_error_and_the_right_one() -> None:
    """Kept diagonal, the groups' block gave no error in 24 of these 40 fits, and too large ones.

    Over data sets the coefficient of a covariate that is the same for all rows of a group varies
    as much as its mean standard error says (Monte Carlo error about 11 %).
    """
    estimates, errors = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(8), 25)
        x = rng.normal(size=8)[group]
        factor = rng.gamma(1.0, 1.0, 8)[group]
        stop = rng.exponential(10 / (factor * np.exp(0.3 * x)))
        data = pd.DataFrame({"stop": np.minimum(stop, 30), "event": stop < 30, "x": x, "g": group})
        fit = frailty_cox(data, ["x"], stop="stop", event="event", group="g", variance=1.0)
        estimates.append(fit.params["x"])
        errors.append(fit.std_errors["x"])
    assert np.isfinite(errors).all()
    whole = np.mean(np.square(errors)) ** 0.5
    assert 0.75 < np.std(estimates, ddof=1) / whole < 1.35
