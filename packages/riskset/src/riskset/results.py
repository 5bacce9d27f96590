"""What results share: how they print, coefficients with errors and intervals, a single estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from riskset import plotting
from riskset.columns import Names, names_of, number_array
from riskset.errors import EstimationError, check_level
from riskset.maximum_likelihood import quadratic_form

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskset.formulas import Covariates


def critical_value(level: float, df: float | None = None) -> float:
    """Return the quantile of the normal, or of Student's t, that bounds a two-sided interval."""
    tail = (1 + check_level(level)) / 2
    return float(scipy.stats.norm.ppf(tail) if df is None else scipy.stats.t.ppf(tail, df))


def _four_digits(value: float) -> str:
    return f"{value:.4g}"


class Printed:
    """Mixin of results that hold a tidy table."""

    __slots__ = ()

    def tidy(self) -> pd.DataFrame:
        """Return the estimates as a table of plain columns."""
        raise NotImplementedError

    def _facts(self) -> list[tuple[str, Any]]:
        """Return what a summary prints above the table."""
        return []

    def summary(self, rows: int = 40) -> str:
        """Return the result as text.

        Parameters
        ----------
        rows : int
            The most rows of the table to show: of a longer one its beginning and its end.
        """
        facts = "\n".join(f"{name}: {value}" for name, value in self._facts())
        whole = self.tidy()
        if len(whole) > rows:
            head, tail = (rows + 1) // 2, rows // 2
            shown = pd.concat([whole.head(head), whole.tail(tail)])
            lines = shown.to_string(index=False, float_format=_four_digits).splitlines()
            rest = f"… {len(whole) - rows} rows more; tidy() has all"
            table = "\n".join([*lines[: head + 1], rest, *lines[head + 1 :]])
        else:
            table = whole.to_string(index=False, float_format=_four_digits)
        return f"{facts}\n\n{table}" if facts else table

    def _repr_html_(self, rows: int = 40) -> str:
        facts = "".join(f"<tr><th>{n}</th><td>{v}</td></tr>" for n, v in self._facts())
        table = self.tidy().to_html(
            index=False, border=0, float_format=_four_digits, max_rows=rows, show_dimensions=True
        )
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
        size, df = np.abs(self.statistics.to_numpy()), self.df_resid
        tail = scipy.stats.norm.sf(size) if df is None else scipy.stats.t.sf(size, df)
        return pd.Series(2 * tail, index=self.params.index, name="p_value")

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2p − 2ℓ; compare models of one family on the same rows."""
        return 2 * len(self.params) - 2 * self._fitted_loglik()

    @property
    def bic(self) -> float:
        """Schwarz's criterion, p log m − 2ℓ, with m the events of a hazard model, else the rows.

        References
        ----------
        Volinsky, C. T., & Raftery, A. E. (2000). Bayesian information criterion for censored
        survival models. Biometrics 56, 256–262. https://doi.org/10.1111/j.0006-341X.2000.00256.x
        """
        size = np.log(self._bic_size())
        return float(len(self.params) * size - 2 * self._fitted_loglik())

    def _fitted_loglik(self) -> float:
        """Return the log-likelihood at the estimate."""
        loglik = getattr(self, "loglik", None)
        if loglik is None:
            raise AttributeError("a model that maximizes no likelihood has no such criterion")
        return float(loglik[1] if isinstance(loglik, tuple) else loglik)

    def _bic_size(self) -> float:
        """Return the number of observations that the information grows with."""
        return float(self.nobs)  # type: ignore[attr-defined]

    def wald_test(
        self, terms: Names | ArrayLike, values: float | ArrayLike = 0.0
    ) -> tuple[float, int, float]:
        """Test several coefficients, or combinations of them, jointly.

        Parameters
        ----------
        terms : str or sequence of str, or array_like, shape (r, p)
            Names of coefficients; or the rows of a matrix of combinations.
        values : float or array_like, shape (r,)
            Hypothesized values.

        Returns
        -------
        statistic, df, p_value
            χ² with its degrees of freedom; for results that refer to Student's t, F with those of
            its numerator.

        Raises
        ------
        EstimationError
            A name is unknown; the combinations depend on one another, or there are no more
            clusters than combinations.

        Examples
        --------
        >>> from riskset import logit
        >>> rows = pd.DataFrame({"y": [0, 1, 0, 1, 1, 0, 1], "x": range(7), "z": [1, 0] * 3 + [1]})
        >>> chi2, df, p = logit(rows, ["x", "z"], outcome="y").wald_test(["x", "z"])
        >>> df, round(chi2, 3)
        (2, 0.714)
        """
        listed = names_of(terms) if isinstance(terms, str) else list(terms)  # type: ignore[arg-type]
        if listed and all(isinstance(name, str) for name in listed):
            unknown = [name for name in listed if name not in self.params.index]
            if unknown:
                have = ", ".join(map(str, self.params.index))
                raise EstimationError(f"no coefficient {unknown[0]!r}; there are: {have}")
            combine = (np.asarray(self.params.index)[None, :] == np.array(listed)[:, None]) * 1.0
        else:
            combine = np.atleast_2d(np.asarray(terms, dtype=np.float64))
            if combine.shape[1] != len(self.params) or not np.isfinite(combine).all():
                raise EstimationError(f"combinations need {len(self.params)} finite columns")
        away = combine @ np.asarray(self.params, dtype=np.float64)
        away = away - number_array(values, "values")
        rank = len(away)
        chi2 = quadratic_form(
            away,
            combine @ self.cov.to_numpy() @ combine.T,
            f"the covariance of the {rank} combinations is singular: they depend on one another, "
            "or clusters are too few to test them jointly",
        )
        if self.df_resid is None:
            return chi2, rank, float(scipy.stats.chi2.sf(chi2, rank))
        return chi2 / rank, rank, float(scipy.stats.f.sf(chi2 / rank, rank, self.df_resid))

    def _covariates(self) -> Covariates | None:
        """Return how columns are made from a frame; None where coefficients are columns."""
        return getattr(self, "covariates", None)

    def _terms(self) -> dict[str, list[str]]:
        """Return the coefficients of each term, such as all indicators of a category."""
        made = self._covariates()
        return {str(n): [n] for n in self.params.index} if made is None else made.terms()

    def _time_varying(self) -> tuple[str, ...]:
        """Return the covariates whose effect is not one coefficient for all times."""
        return ()

    def plot(
        self,
        kind: str = "forest",
        *,
        term: str | None = None,
        exponentiate: bool = False,
        level: float = 0.95,
        axes: Axes | None = None,
    ) -> Axes:
        """Draw the coefficients with their intervals.

        Parameters
        ----------
        kind : str
            ``"forest"``; of Cox models also ``"proportional hazards"`` and ``"influence"``.
        term : str, optional
            Which coefficient, for those two; the first by default.
        exponentiate : bool
            Draw ratios.
        level : float
        axes : matplotlib.axes.Axes, optional
            Where to draw; a new figure (``axes.figure``) by default.
        """
        if kind != "forest":
            return self._picture(kind, term, axes)
        table = self.tidy(level, exponentiate=exponentiate)
        return plotting.forest(table, axes=axes, ratio=exponentiate)

    def _picture(self, kind: str, term: str | None, axes: Axes | None) -> Axes:
        raise plotting.unknown(kind, ("forest",))

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
        """Two-sided p-value of zero; missing where there is no error to refer it to."""
        if not self.std_error > 0:
            return float("nan")
        return float(2 * scipy.stats.norm.sf(abs(self.estimate) / self.std_error))
