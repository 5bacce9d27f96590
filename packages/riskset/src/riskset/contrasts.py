"""Contrasts of fitted models: between profiles, of coefficients, and tests of whole terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.columns import numbers
from riskset.errors import EstimationError, listed
from riskset.predictions import Rows, rows_of
from riskset.results import Coefficients


@dataclass(frozen=True, slots=True, repr=False)
class Contrasts(Coefficients):
    """Linear combinations of the coefficients of a model.

    Attributes
    ----------
    params : Series, shape (r,)
        The combinations ``Cβ``.
    cov : DataFrame, shape (r, r)
        ``C V C'``.
    weights : DataFrame, shape (r, p)
        ``C``: what each coefficient counts in each combination.
    reference_df : float or None
        Degrees of freedom of Student's t, those of the model; None for the normal.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    weights: pd.DataFrame
    reference_df: float | None

    @property
    def df_resid(self) -> float | None:
        """Degrees of freedom of the t distribution, or None for the normal."""
        return self.reference_df

    def _facts(self) -> list[tuple[str, Any]]:
        return [("contrasts", len(self.params))]


def contrast(fit: Coefficients, profile: Rows, against: Rows) -> Contrasts:
    """Compare profiles by the linear predictor of a model.

    Parameters
    ----------
    fit : Coefficients
        A fitted model with coefficients and their covariance.
    profile, against : DataFrame, or mapping of str to value
        Rows that are compared, one by one; one row is compared with each of several. They hold the
        columns of the model, of its formula if it has one. Columns of a model without a formula
        that neither states are alike in both.

    Returns
    -------
    Contrasts
        One row per pair, named by the index of the longer frame: log hazard ratios of a Cox model,
        log ratios of times of `aft`, log odds ratios of `logit`, and so on; ``tidy`` with
        ``exponentiate=True`` gives the ratios, ``wald_test`` tests several at once.

    Raises
    ------
    EstimationError
        A column is unknown, absent or missing; a category was not in the data; the frames are of
        different lengths; the profiles are alike in all that the model knows; the effect of what
        differs changes with time (`FlexibleParametricResult.hazard_ratio` answers then).

    Notes
    -----
    ``(x₁ − x₀)β`` with variance ``(x₁ − x₀) V (x₁ − x₀)'`` [1]_. The intercept, the baseline and
    any offset are the same for both and cancel.

    References
    ----------
    .. [1] Rao, C. R. (1973). Linear statistical inference and its applications (2nd ed.), ch. 4.
       https://doi.org/10.1002/9780470316436

    Examples
    --------
    >>> from riskset import logit
    >>> data = pd.DataFrame({"y": [0, 1, 0, 1, 1, 0, 1, 0, 1], "x": range(9), "z": [*"abcacbcab"]})
    >>> fit = logit(data, "x + C(z)", outcome="y")
    >>> effect = contrast(fit, {"x": 5, "z": "b"}, {"x": 2, "z": "a"})
    >>> bool(np.isclose(effect.params.iloc[0], 3 * fit.params["x"] + fit.params["C(z)[T.b]"]))
    True
    """
    _require_coefficients(fit)
    first, second = rows_of(profile), rows_of(against)
    if 1 not in (len(first), len(second)) and len(first) != len(second):
        raise EstimationError(
            f"{len(first)} profiles against {len(second)}: give as many, or one for all"
        )
    made = fit._covariates()
    names = [str(n) for n in (fit.params.index if made is None else made.names)]
    if made is not None and made.formula is not None:
        moved = made.matrix(first) - made.matrix(second)
    else:
        stated = [n for n in names if n in first or n in second]
        mapped = [*profile, *against] if isinstance(profile, Mapping) else []
        if unknown := [n for n in mapped if n not in names]:
            raise EstimationError(f"the model has no {unknown[0]!r}; it has {listed(names)}")
        moved = np.zeros((max(len(first), len(second)), len(names)))
        for name in stated:
            moved[:, names.index(name)] = numbers(first, name) - numbers(second, name)
    index = (first if len(first) >= len(second) else second).index
    weights = np.zeros((len(moved), len(fit.params)))
    weights[:, fit.params.index.get_indexer(pd.Index(names))] = moved
    if changing := [n for n in fit._time_varying() if np.any(moved[:, names.index(n)])]:
        raise EstimationError(
            f"the effect of {changing[0]!r} changes with time; hazard_ratio() gives it at times"
        )
    if len(same := np.flatnonzero(~weights.any(axis=1))):
        raise EstimationError(
            f"the profiles of row {index[same[0]]!r} are alike in all that the model knows"
        )
    return _combined(fit, weights, index)


def combination(
    fit: Coefficients, weights: Mapping[str, float] | Mapping[str, Mapping[str, float]]
) -> Contrasts:
    """Combine coefficients of a model.

    Parameters
    ----------
    fit : Coefficients
        A fitted model with coefficients and their covariance.
    weights : mapping
        What each coefficient counts, such as ``{"troops": 1, "troops_late": 12}``, those not named
        nothing; or several combinations by name.

    Returns
    -------
    Contrasts

    Raises
    ------
    EstimationError
        No such coefficient; a weight is no finite number, or all are zero.

    Notes
    -----
    ``Σ_j c_j β_j`` with variance ``c V c'``, Stata's ``lincom``.

    Examples
    --------
    >>> from riskset import logit
    >>> data = pd.DataFrame({"y": [0, 1, 0, 1, 1, 0, 1], "x": range(7), "z": [1, 0] * 3 + [1]})
    >>> fit = logit(data, ["x", "z"], outcome="y")
    >>> both = combination(fit, {"x and z": {"x": 1, "z": 1}, "x alone": {"x": 1}})
    >>> both.params.index.tolist()
    ['x and z', 'x alone']
    """
    _require_coefficients(fit)
    several = bool(weights) and all(isinstance(value, Mapping) for value in weights.values())
    rows: dict[str, Any] = dict(weights) if several else {_written(weights): weights}
    table = np.zeros((len(rows), len(fit.params)))
    for i, row in enumerate(rows.values()):
        for name, value in row.items():
            if name not in fit.params.index:
                raise EstimationError(
                    f"no coefficient {name!r}; there are: {', '.join(map(str, fit.params.index))}"
                )
            try:
                table[i, fit.params.index.get_loc(name)] = value
            except (TypeError, ValueError):
                raise EstimationError(
                    f"the weight of {name!r} must be a number, not {value!r}"
                ) from None
    if not len(table) or not np.isfinite(table).all() or not table.any(axis=1).all():
        raise EstimationError("a combination needs finite weights, one of them other than zero")
    return _combined(fit, table, pd.Index(list(rows)))


def term_tests(fit: Coefficients) -> pd.DataFrame:
    """Test each term of a model: all coefficients that belong to it at once.

    Parameters
    ----------
    fit : Coefficients
        A fitted model with coefficients and their covariance.

    Returns
    -------
    DataFrame
        Index ``term``: a covariate, a category, a spline or an interaction as its formula names
        it; columns ``statistic, df, p_value``, those of `wald_test`, and ``reference``, ``"χ²"``
        or ``"F"``. Effects that change with time are tested together with their changes, each
        transition by itself.

    Raises
    ------
    EstimationError
        The model has no covariate; there are no more clusters than coefficients of a term.

    Notes
    -----
    Wald's ``(Cβ)' (C V C')⁻¹ Cβ`` [1]_. A term is tested given all others, those that contain it
    included (type III): with an interaction in the model, the test of ``x`` is that of its effect
    at the reference of the other.

    References
    ----------
    .. [1] Wald, A. (1943). Tests of statistical hypotheses concerning several parameters when the
       number of observations is large. Transactions of the AMS 54, 426–482.
       https://doi.org/10.1090/S0002-9947-1943-0012401-3

    Examples
    --------
    >>> from riskset import logit
    >>> data = pd.DataFrame({"y": [0, 1, 0, 1, 1, 0, 1, 0, 1], "x": range(9), "z": [*"abcacbcab"]})
    >>> term_tests(logit(data, "x + C(z)", outcome="y"))["df"].to_dict()
    {'x': 1, 'C(z)': 2}
    """
    _require_coefficients(fit)
    terms = fit._terms()
    if not terms:
        raise EstimationError("the model has no covariate to test")
    found = {}
    for term, names in terms.items():
        statistic, df, p_value = fit.wald_test(list(names))
        found[term] = (statistic, df, p_value, "χ²" if fit.df_resid is None else "F")
    columns = ["statistic", "df", "p_value", "reference"]
    table = pd.DataFrame.from_dict(found, orient="index", columns=columns)
    return table.rename_axis("term")


def _require_coefficients(fit: object) -> None:
    """Raise where a result has no coefficients with a covariance."""
    if not isinstance(fit, Coefficients):
        raise EstimationError(
            f"a {type(fit).__name__} has no coefficients with a covariance, from which contrasts "
            "follow"
        )


def _combined(fit: Coefficients, weights: Floats, index: pd.Index) -> Contrasts:
    """Return combinations, the rows of ``weights``, shape (r, p)."""
    params = weights @ fit.params.to_numpy(dtype=np.float64)
    cov = weights @ fit.cov.to_numpy() @ weights.T
    return Contrasts(
        params=pd.Series(params, index=index, name="estimate"),
        cov=pd.DataFrame(cov, index=index, columns=index),
        weights=pd.DataFrame(weights, index=index, columns=fit.params.index),
        reference_df=fit.df_resid,
    )


def _written(weights: Mapping[str, Any]) -> str:
    """Write a combination as a sum."""
    shown = [f"{name}" if value == 1 else f"{value!r}·{name}" for name, value in weights.items()]
    return " + ".join(shown).replace("+ -", "− ")
