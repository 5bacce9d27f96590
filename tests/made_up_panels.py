"""Panels of a few cells made up for tests, and the regression that gives their ratio."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import statsmodels.api as sm

from collsec.designs.panel_counts import Panel


def panel(counts: object, exposure: object, shared: list[int] | None = None) -> Panel:
    y, x = np.array(counts, dtype=float), np.array(exposure, dtype=float)
    own = None if shared is None else np.array(shared)
    names, years = np.array([f"u{i}" for i in range(len(y))]), 2000 + np.arange(y.shape[1])
    return Panel(names, years, y, x, pd.DataFrame(), own)


def by_regression(one: Panel, dead: tuple[int, ...] = ()) -> tuple[float, float]:
    """Log ratio and its error between units (periods of a single series), by statsmodels."""
    rows, columns = np.nonzero(one.cells.known)
    several = len(one.units) > 1
    parts = [one.exposure[rows, columns][:, None], pd.get_dummies(rows, dtype=float).to_numpy()]
    if several:
        parts.append(pd.get_dummies(columns, dtype=float).iloc[:, 1:].to_numpy())
    model = sm.GLM(one.counts[rows, columns], np.column_stack(parts), sm.families.Poisson())
    own = rows if several else columns  # those of which a cell is known
    groups = {"groups": own, "use_correction": False}
    fit = model.fit(cov_type="cluster", cov_kwds=groups, tol=1e-14, maxiter=300)
    size = len(np.unique(own))
    return float(fit.params[0]), float(fit.bse[0]) * math.sqrt(size / (size - 1))
