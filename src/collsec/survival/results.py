"""What results share: how they print, coefficients with errors and intervals, a single estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from collsec.survival.errors import check_level


def critical_value(level: float, df: float | None = None) -> float:
    """Return the quantile of the normal, or of Student's t, that bounds a two-sided interval."""
    tail = (1 + check_level(level)) / 2
    return float(stats.norm.ppf(tail) if df is None else stats.t.ppf(tail, df))


class Printed:
    """Mixin of results that hold a tidy table."""

    __slots__ = ()

    def tidy(self) -> pd.DataFrame:
        """Return the estimates as a table of plain columns."""
        raise NotImplementedError

    def _facts(self) -> list[tuple[str, Any]]:
        """Return what a summary prints above the table."""
        return []

    def summary(self) -> str:
        """Return the result as text."""
        facts = "\n".join(f"{name}: {value}" for name, value in self._facts())
        table = self.tidy().to_string(index=False, float_format=lambda v: f"{v:.4g}")
        return f"{facts}\n\n{table}" if facts else table

    def _repr_html_(self) -> str:
        facts = "".join(f"<tr><th>{n}</th><td>{v}</td></tr>" for n, v in self._facts())
        table = self.tidy().to_html(index=False, border=0, float_format=lambda v: f"{v:.4g}")
        return f"<table>{facts}</table>{table}"

    def __repr__(self) -> str:
        return self.summary()


class Coefficients(Printed):
    """Mixin of results that hold ``params`` and ``cov``.

    Results are referred to the normal distribution unless ``df_resid`` is a number, then to
    Student's t with that many degrees of freedom.
    """

    __slots__ = ()

    params: pd.Series[float]
    cov: pd.DataFrame

    @property
    def df_resid(self) -> float | None:
        """Degrees of freedom of the t distribution, or None for the normal."""
        return None

    @property
    def std_errors(self) -> pd.Series[float]:
        """Standard errors of the coefficients."""
        return pd.Series(np.sqrt(np.diag(self.cov)), index=self.params.index, name="std_error")

    @property
    def statistics(self) -> pd.Series[float]:
        """Coefficient over standard error."""
        return (self.params / self.std_errors).rename("statistic")

    @property
    def p_values(self) -> pd.Series[float]:
        """Two-sided p-values of no effect."""
        size = np.abs(self.statistics.to_numpy())
        tail = stats.norm.sf(size) if self.df_resid is None else stats.t.sf(size, self.df_resid)
        return pd.Series(2 * tail, index=self.params.index, name="p_value")

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Return Wald intervals, columns ``ci_low`` and ``ci_high``.

        Parameters
        ----------
        level : float
            Coverage, between 0 and 1.
        """
        half = critical_value(level, self.df_resid) * self.std_errors
        return pd.DataFrame({"ci_low": self.params - half, "ci_high": self.params + half})

    def tidy(self, level: float = 0.95, *, exponentiate: bool = False) -> pd.DataFrame:
        """Return one row per coefficient.

        Parameters
        ----------
        level : float
            Coverage of the interval.
        exponentiate : bool
            Give estimate and interval as ratios; the standard error stays on the log scale.

        Returns
        -------
        DataFrame
            Columns ``term, estimate, std_error, statistic, p_value, ci_low, ci_high``.
        """
        interval = self.conf_int(level)
        table = pd.DataFrame(
            {
                "term": self.params.index,
                "estimate": self.params.to_numpy(),
                "std_error": self.std_errors.to_numpy(),
                "statistic": self.statistics.to_numpy(),
                "p_value": self.p_values.to_numpy(),
                "ci_low": interval["ci_low"].to_numpy(),
                "ci_high": interval["ci_high"].to_numpy(),
            }
        )
        if exponentiate:
            ratios = ["estimate", "ci_low", "ci_high"]
            table[ratios] = np.exp(table[ratios])
        return table


@dataclass(frozen=True, slots=True, repr=False)
class ScalarEstimate(Printed):
    """A number with its standard error, referred to the normal distribution.

    Attributes
    ----------
    estimate, std_error : float
    label : str
        What is estimated.
    """

    estimate: float
    std_error: float
    label: str = "estimate"

    def conf_int(self, level: float = 0.95) -> tuple[float, float]:
        """Return the Wald interval."""
        half = critical_value(level) * self.std_error
        return self.estimate - half, self.estimate + half

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row: ``term, estimate, std_error, p_value, ci_low, ci_high``."""
        low, high = self.conf_int(level)
        row = {"term": self.label, "estimate": self.estimate, "std_error": self.std_error}
        return pd.DataFrame([row | {"p_value": self.p_value, "ci_low": low, "ci_high": high}])

    @property
    def p_value(self) -> float:
        """Two-sided p-value of zero."""
        return float(2 * stats.norm.sf(abs(self.estimate) / self.std_error))
