"""Covariates of a model by name or by formula: categories, interactions, splines."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.columns import Names, names_of, require_columns, rows_at
from riskset.covariates import matrix
from riskset.errors import EstimationError
from riskset.splines import as_floats, restricted_cubic, spline_knots


@dataclass(frozen=True, slots=True)
class Covariates:
    """How the columns of a model are made from a frame, to be made again from another.

    Attributes
    ----------
    names : tuple of str
        The p columns of the model.
    formula : formulaic.ModelSpec or None
        Makes the columns that no column of the data gives as it is: categories, interactions,
        splines, with what they learned from the first frame (levels, knots).
    """

    names: tuple[str, ...]
    formula: Any = None

    def frame(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return the data with all columns of the model.

        Raises
        ------
        EstimationError
            A column is absent; a category was not there when the model was fitted.
        """
        if self.formula is None:
            return data
        made, _ = _evaluated(data, lambda: self.formula.get_model_matrix(data, context=_context()))
        return _with_columns(data, made)

    def matrix(self, data: pd.DataFrame) -> Floats:
        """Return the columns of the model side by side, shape (n, p)."""
        return matrix(self.frame(data), self.names)


def covariates_of(data: pd.DataFrame, given: Names) -> tuple[pd.DataFrame, Covariates]:
    """Read covariates, and return the data with all of their columns.

    Parameters
    ----------
    data : DataFrame
    given : str or sequence of str
        Names of columns; or a formula such as ``"x + C(region) + x:z"``, alone or as members of
        the list. ``C(a)`` makes indicators of all categories but the first, ``a:b`` a product,
        ``a*b`` both with their product, ``bs(a, df=4)`` a B-spline, ``rcs(a, 4)`` a restricted
        cubic spline with four knots.

    Raises
    ------
    EstimationError
        A formula is no formula, or names what is not in the data.
    """
    listed = names_of(given)
    terms = [term for term in listed if not _is_column(data, term)]
    if not terms:
        return data, Covariates(tuple(listed))
    for term in terms:
        if not isinstance(term, str) or term.isidentifier():
            require_columns(data, [term])
    quoted = [f"`{n}`" if n not in terms else n for n in listed]
    if any(not isinstance(n, str) for n in listed):
        raise EstimationError("columns that enter a formula need names that are text")
    from formulaic import model_matrix

    text = "1 + " + " + ".join(quoted)
    made, spec = _evaluated(
        data, lambda: model_matrix(text, data, na_action="ignore", context=_context())
    )
    if made.shape[1] == 0:
        raise EstimationError(f"the formula {' + '.join(listed)!r} makes no column")
    return _with_columns(data, made), Covariates(tuple(map(str, made.columns)), spec)


def _with_columns(data: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Return data with other columns added, or put in the place of those of the same name."""
    kept = data.drop(columns=[name for name in made if name in data])
    return pd.concat([kept, made.set_axis(data.index, axis=0)], axis=1)


@cache
def _context() -> dict[str, Any]:
    """Return the functions that a formula may use in addition to those of formulaic."""
    from formulaic.transforms import stateful_transform

    @stateful_transform  # type: ignore[untyped-decorator]
    def rcs(values: Any, number: int = 4, _state: Any = None) -> pd.DataFrame:
        if "knots" not in _state:
            _state["knots"] = spline_knots(as_floats(values), number)
        basis = restricted_cubic(as_floats(values), _state["knots"])
        return pd.DataFrame(basis, columns=[str(j) for j in range(1, basis.shape[1] + 1)])

    return {"rcs": rcs}


def _is_column(data: pd.DataFrame, term: object) -> bool:
    try:
        return term in data.columns
    except TypeError:
        raise EstimationError(f"{term!r:.60} is no name of a column") from None


def _evaluated(data: pd.DataFrame, evaluate: Callable[[], Any]) -> tuple[pd.DataFrame, Any]:
    """Evaluate a formula: its columns but the intercept, and what makes them again.

    Raises
    ------
    EstimationError
        Whatever is wrong with the formula or the data.
    """
    from formulaic.errors import DataMismatchWarning, FormulaicError

    if not data.columns.is_unique:
        twice = data.columns[data.columns.duplicated()][0]
        raise EstimationError(f"the data hold more than one column named {twice!r}")
    require_columns(data, [])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", DataMismatchWarning)
            made = evaluate()
    except DataMismatchWarning as error:
        new = str(error).split("dataset):")[-1].split(". ")[0].strip()
        raise EstimationError(f"categories {new} were not in the data of the model") from None
    except (FormulaicError, SyntaxError, TypeError, ValueError, NameError) as error:
        raise EstimationError(f"the formula cannot be read: {_plain(error)}") from None
    spec = made.model_spec
    for name in sorted(map(str, spec.required_variables)):
        if name in data and (bad := np.flatnonzero(data[name].isna().to_numpy())).size:
            raise EstimationError(
                f"column {name!r} is missing in {rows_at(data, bad)}; drop them beforehand "
                "(complete_cases) and count them as attrition"
            )
    return pd.DataFrame(made).drop(columns="Intercept", errors="ignore"), spec


def _plain(error: BaseException) -> str:
    """Return the first line of an error without the marks of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).strip().splitlines()[0]
