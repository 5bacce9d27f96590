"""Covariates of a model by name or by formula: categories, interactions, splines."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.columns import Names, names_of, require_columns, rows_at
from riskset.covariates import matrix
from riskset.errors import EstimationError, require_extra
from riskset.splines import as_floats, restricted_cubic, spline_knots

#: Kinds of columns.
TRUTH, WHOLE, NUMBER, TEXT = "b", "i", "f", "O"
NAMED = {TRUTH: "true or false", WHOLE: "whole numbers", NUMBER: "numbers", TEXT: "text"}
#: Squares and products of whole numbers up to here hold in 64 bits.
LARGEST_WHOLE = 2.0**31
#: Functions of R's formulas, and what takes their place.
ELSEWHERE = {
    "Surv": "times and event go in start=, stop= and event=",
    "strata": "name the column in strata=",
    "cluster": "name the column in cluster=",
    "offset": "name the column in offset=",
    "frailty": "use frailty_cox(…, group=)",
    "factor": "write C()",
    "pspline": "write bs() or rcs()",
    "ns": "write rcs(), which is linear beyond the last knots too",
    "tt": "cut rows at event times (split_episodes), and multiply by time",
}


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
    kinds : mapping of str to str
        Whether each column that the formula reads was of truth values, whole or other numbers, or
        text, so that another frame is read alike.
    """

    names: tuple[str, ...]
    formula: Any = None
    kinds: Mapping[str, str] = field(default_factory=dict)

    def frame(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return the data with all columns of the model.

        Raises
        ------
        EstimationError
            A column is absent; a category was not there when the model was fitted.
        """
        if self.formula is None:
            return data
        read = self._read(data)
        made, _ = _evaluated(read, lambda: self.formula.get_model_matrix(read, context=_context()))
        return _with_columns(data, made)

    def terms(self) -> dict[str, list[str]]:
        """Return the columns that each term of the formula makes, or each column by itself."""
        if self.formula is None:
            return {str(name): [name] for name in self.names}
        every = list(map(str, self.formula.column_names))
        made = {str(t): [every[j] for j in at] for t, at in self.formula.term_indices.items()}
        return {term: names for term, names in made.items() if names and term != "1"}

    def enters(self, name: str) -> list[str]:
        """Return the columns of the model that a column of the data enters."""
        if self.formula is None:
            return [name] if name in self.names else []
        places = self.formula.variable_indices.get(name, [])
        every = list(map(str, self.formula.column_names))
        return [every[j] for j in places]

    def _read(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that the formula reads, each of the kind that it was of.

        Raises
        ------
        EstimationError
            A column was of numbers and is text, or the other way around.
        """
        require_columns(data, list(self.kinds))
        found = _readable(data, self.kinds)
        for name, kind in self.kinds.items():
            if name not in found or kind == (now := _kind(found[name])):
                continue
            if TEXT in (kind, now):
                raise EstimationError(
                    f"column {name!r} was {NAMED[kind]} in the data of the model and is "
                    f"{NAMED[now]} here; give it as it was"
                )
            values = found[name].astype(np.float64)
            whole = values.dropna()
            if kind != NUMBER and (whole == whole.round()).all() and not values.isna().any():
                is_truth = kind == TRUTH and whole.isin([0, 1]).all()
                values = values.astype(np.bool_ if is_truth else np.int64)
            found[name] = values
        return found

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
    listed = [
        t if _is_column(data, t) or not isinstance(t, str) else _covariates_alone(t) for t in listed
    ]
    terms = [term for term in listed if not _is_column(data, term)]
    if not terms:
        return data, Covariates(tuple(listed))
    for term in terms:
        if not isinstance(term, str) or term.isidentifier():
            require_columns(data, [term])
    quoted = [f"`{n}`" if n not in terms else n for n in listed]
    if any(not isinstance(n, str) for n in listed):
        raise EstimationError("columns that enter a formula need names that are text")
    require_extra("formulaic", "formulas", f"formulas, such as {terms[0]!r},")
    from formulaic import model_matrix

    if not data.columns.is_unique:
        twice = data.columns[data.columns.duplicated()][0]
        raise EstimationError(f"the data hold more than one column named {twice!r}")
    require_columns(data, [])
    text = "1 + " + " + ".join(quoted)
    read = _readable(data, _mentioned(text))
    for name in read:
        if isinstance(read[name].dtype, pd.CategoricalDtype):
            read[name] = read[name].cat.remove_unused_categories()
    made, spec = _evaluated(
        read, lambda: model_matrix(text, read, na_action="ignore", context=_context())
    )
    if made.shape[1] == 0:
        raise EstimationError(f"the formula {' + '.join(listed)!r} makes no column")
    kinds = {str(name): _kind(read[name]) for name in read}
    return _with_columns(data, made), Covariates(tuple(map(str, made.columns)), spec, kinds)


def _covariates_alone(term: str) -> str:
    """Return the covariates of a formula; name where everything else goes.

    Raises
    ------
    EstimationError
        A formula has an outcome, or calls a function of R's that an argument replaces.
    """
    left, tilde, right = term.partition("~")
    if tilde and left.strip():
        raise EstimationError(
            f"a formula lists the covariates only: write {right.strip()!r}; times and event go in "
            "start=, stop= and event=, the outcome of a regression in outcome="
        )
    for name, instead in ELSEWHERE.items():
        if re.search(rf"(?<![\w.]){name}\s*\(", term):
            raise EstimationError(f"{name}() has no place in a formula here: {instead}")
    return right.strip() if tilde else term


def _mentioned(formula: str) -> list[str]:
    """Return the names in a formula that are no function's."""
    quoted = re.findall(r"`([^`]+)`", formula)
    plain = re.findall(r"(?<![\w.])([^\W\d]\w*)(?![\w.]|\s*\()", re.sub(r"`[^`]+`", " ", formula))
    return list(dict.fromkeys([*quoted, *plain]))


def _readable(data: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return the columns that a formula reads, in types that it can count in.

    Products of small integers would run over; those of float32 would be rounded.
    """
    found = {}
    for name in names:
        if name not in data.columns or isinstance(data[name], pd.DataFrame):
            continue
        column = data[name]
        if column.dtype == object:
            column = column.infer_objects()
        kind = getattr(column.dtype, "kind", "O")
        lacks = bool(column.isna().any())
        if kind in "iuf" or (kind == "b" and not isinstance(column.dtype, np.dtype)):
            large = kind in "iu" and len(column) and float(column.abs().max()) > LARGEST_WHOLE
            if kind == "b" and not lacks:
                column = column.astype(np.bool_)
            elif kind == "f" or lacks or large:
                column = column.astype("Float64").astype(np.float64) if lacks else column
                column = column.astype(np.float64)
            else:
                column = column.astype(np.int64)
        found[name] = column
    return pd.DataFrame(found, index=data.index)


def _kind(column: pd.Series[Any]) -> str:
    """Return what a column holds, as another frame must hold it too."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _kind(pd.Series(column.cat.categories))
    return {"b": TRUTH, "i": WHOLE, "u": WHOLE, "f": NUMBER}.get(
        getattr(column.dtype, "kind", "O"), TEXT
    )


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
    """Evaluate a formula of these columns: its own but the intercept, and what makes them again.

    Raises
    ------
    EstimationError
        Whatever is wrong with the formula or the data.
    """
    from formulaic.errors import DataMismatchWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", DataMismatchWarning)
            made = _parsed(evaluate)
    except DataMismatchWarning as error:
        new = str(error).split("dataset):")[-1].split(". ")[0].strip()
        raise EstimationError(f"categories {new} were not in the data of the model") from None
    spec = made.model_spec
    for name in data.columns:
        if (bad := np.flatnonzero(data[name].isna().to_numpy())).size:
            raise EstimationError(
                f"column {name!r} is missing in {rows_at(data, bad)}; drop them beforehand "
                "(complete_cases) and count them as attrition"
            )
    return pd.DataFrame(made).drop(columns="Intercept", errors="ignore"), spec


def _parsed(evaluate: Callable[[], Any]) -> Any:
    """Call what reads a formula; whatever is wrong with it is one line."""
    from formulaic.errors import DataMismatchWarning, FormulaicError

    try:
        return evaluate()
    except DataMismatchWarning:
        raise
    except (FormulaicError, SyntaxError, TypeError, ValueError, NameError) as error:
        raise EstimationError(
            f"the formula cannot be read: {_plain(error)} (it may use +, :, *, C(), I(), bs(), "
            "rcs(), and functions of numpy such as np.log)"
        ) from None


def _plain(error: BaseException) -> str:
    """Return the first line of an error without the marks of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).strip().splitlines()[0]
