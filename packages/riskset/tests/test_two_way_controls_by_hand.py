"""Two-way Poisson regression with further variables, against dummies and against known truths."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from riskset import CountPanel, EstimationError
from riskset.regression.two_way_poisson import fit_panel, fit_with_controls

RNG = np.random.default_rng(7)
UNITS, PERIODS = 6, 9
X = RNG.random((UNITS, PERIODS))
Z = RNG.normal(size=(2, UNITS, PERIODS))
COUNTS = RNG.poisson(
    np.exp(1 + RNG.normal(size=(UNITS, 1)) + 0.5 * X - 0.4 * Z[0] + 0.2 * Z[1])
).astype(float)
CLUSTER = np.array([0, 0, 1, 1, 2, 3])


def by_dummies(counts: np.ndarray, cluster: np.ndarray) -> tuple[float, float]:
    """Coefficient of X and its sandwich error between clusters, with G / (G - 1)."""
    rows, columns = np.nonzero(~np.isnan(counts))
    parts = [X[rows, columns], *(z[rows, columns] for z in Z)]
    parts += [(rows == u).astype(float) for u in range(UNITS)]
    parts += [(columns == t).astype(float) for t in range(1, PERIODS)]
    design, y = np.column_stack(parts), counts[rows, columns]
    fit = sm.GLM(y, design, family=sm.families.Poisson()).fit(tol=1e-13, maxiter=200)
    mean = fit.mu
    bread = np.linalg.inv(design.T @ (mean[:, None] * design))
    scores = design * (y - mean)[:, None]
    sums = np.array([scores[cluster[rows] == g].sum(axis=0) for g in np.unique(cluster)])
    groups = len(sums)
    meat = groups / (groups - 1) * sums.T @ sums
    return float(fit.params[0]), math.sqrt(float((bread @ meat @ bread)[0, 0]))


@pytest.mark.parametrize("cluster", [None, CLUSTER])
def test_it_is_the_regression_with_dummies(cluster: np.ndarray | None) -> None:
    counts = COUNTS.copy()
    counts[0, 3] = counts[4, 8] = np.nan
    found = fit_with_controls(CountPanel(counts, X, cluster), Z)
    log, error = by_dummies(counts, np.arange(UNITS) if cluster is None else cluster)
    assert found.estimate == pytest.approx(log, abs=1e-8)
    assert found.std_error == pytest.approx(error, rel=1e-6)
    assert found.n_clusters == (UNITS if cluster is None else 4)


def test_without_controls_that_vary_it_is_the_plain_ratio() -> None:
    panel = CountPanel(COUNTS, X)
    plain, found = fit_panel(panel), fit_with_controls(panel, np.zeros((0, UNITS, PERIODS)))
    assert (found.estimate, found.std_error) == pytest.approx((plain.estimate, plain.std_error))
    # A control of unit or period alone says nothing that their effects do not.
    by_unit = np.broadcast_to(np.arange(UNITS)[:, None], (UNITS, PERIODS)) * 1.0
    assert math.isnan(fit_with_controls(panel, by_unit[None]).estimate)
    assert math.isnan(fit_with_controls(panel, X[None]).estimate)


def test_a_cell_without_a_control_is_left_out() -> None:
    lacking = Z.copy()
    lacking[1, 2, 5] = np.nan
    counts = COUNTS.copy()
    counts[2, 5] = np.nan
    one = fit_with_controls(CountPanel(COUNTS, X), lacking)
    other = fit_with_controls(CountPanel(counts, X), Z)
    assert (one.estimate, one.std_error) == (other.estimate, other.std_error)


def test_controls_of_another_shape_are_refused() -> None:
    with pytest.raises(EstimationError, match="controls need the shape"):
        fit_with_controls(CountPanel(COUNTS, X), Z[0])


def test_a_common_cause_is_taken_out() -> None:
    # Counts follow Z alone, and X follows Z: held fixed, X has no ratio.
    rng = np.random.default_rng(3)
    z = rng.normal(size=(40, 60))
    x = z + rng.normal(size=z.shape)
    counts = rng.poisson(np.exp(2 + 0.5 * z)).astype(float)
    panel = CountPanel(counts, x)
    assert fit_panel(panel).estimate == pytest.approx(0.25, abs=0.03)
    assert fit_with_controls(panel, z[None]).estimate == pytest.approx(0.0, abs=0.02)
