"""What linear regressions share: Student's t, and predictions without the absorbed effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskset.arrays import Floats, product, weighted_total
from riskset.covariates import matrix
from riskset.predictions import Rows, check_what, linear_prediction, rows_of
from riskset.results import Coefficients


class LinearResult(Coefficients):
    """Mixin of linear regressions, which hold ``residual_df`` and make their own design."""

    __slots__ = ()

    residual_df: float | None

    @property
    def df_resid(self) -> float | None:
        """Clusters less one, or rows less parameters where none were named; None for the normal."""
        return self.residual_df

    def _matrix(self, data: pd.DataFrame) -> Floats:
        """Return the columns of the coefficients, shape (n, p)."""
        raise NotImplementedError

    def predict(
        self, rows: Rows, what: str = "linear predictor", *, level: float = 0.95
    ) -> pd.DataFrame:
        """Predict ``xβ`` for the rows of a frame, the absorbed effects left out.

        Parameters
        ----------
        rows : DataFrame, or mapping of str to float
            The columns that the model was fitted with; others are ignored. A mapping is one row.
        what : {"linear predictor"}
        level : float
            Of the interval.

        Returns
        -------
        DataFrame
            ``estimate, std_error, ci_low, ci_high``, one row per row of the frame.

        Raises
        ------
        EstimationError
            A column is absent or missing a value.
        """
        check_what(what, ("linear predictor",))
        data = rows_of(rows)
        x, params = self._matrix(data), np.asarray(self.params, dtype=np.float64)
        return linear_prediction(
            x, params, self.cov.to_numpy(), data.index, level, df=self.df_resid
        )


@dataclass(frozen=True, slots=True, repr=False)
class LinearEquation(LinearResult):
    """One least-squares equation: a reduced form or a first stage.

    Attributes
    ----------
    params : Series
    cov : DataFrame
    residual_df : float or None
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    residual_df: float | None

    def _matrix(self, data: pd.DataFrame) -> Floats:
        return matrix(data, list(self.params.index))


def least_squares(x: Floats, y: Floats, gram: Floats) -> tuple[Floats, Floats]:
    """Return coefficients of columns, shape (p,), and residuals, shape (n,).

    Parameters
    ----------
    x : ndarray, shape (n, p)
        In units of their standard deviations, not collinear.
    y : ndarray, shape (n,)
    gram : ndarray, shape (p, p)
        Cross-product of ``x``.

    Notes
    -----
    The normal equations are solved twice, the second time for what the first left: that recovers
    the digits that they lose against an orthogonal basis, at a small part of its cost.
    """
    params, residual = np.zeros(x.shape[1]), y
    for _ in range(2):
        params = params + np.linalg.solve(gram, weighted_total(x, residual))
        residual = y - product(x, params)
    return params, residual
