"""Fitted models side by side, as numbers and as a journal prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from riskset.errors import EstimationError, check_level, listed
from riskset.journal_table import MINUS, JournalTable
from riskset.results import Coefficients

#: What stands below the coefficients, in this order, where a model has it.
BELOW = (
    ("rows", "Rows", "d"),
    ("events", "Events", "d"),
    ("clusters", "Clusters", "d"),
    ("log-likelihood", "Log-likelihood", "f"),
    ("AIC", "AIC", "f"),
    ("BIC", "BIC", "f"),
)
MEASURES = {
    "nobs": "rows",
    "n_events": "events",
    "n_clusters": "clusters",
    "aic": "AIC",
    "bic": "BIC",
}


def models_of(
    results: Mapping[str, Coefficients] | Sequence[Coefficients],
) -> dict[str, Coefficients]:
    """Return models by name; those of a sequence are numbered."""
    if isinstance(results, Coefficients):
        results = [results]
    if not isinstance(results, Mapping):
        results = {f"({i})": result for i, result in enumerate(results, 1)}
    if not results:
        raise EstimationError("nothing to compare")
    for name, result in results.items():
        if not isinstance(result, Coefficients):
            raise EstimationError(
                f"{name} is a {type(result).__name__}, which has no coefficients with standard "
                "errors to set beside others; show its table (tidy(), or params) by itself"
            )
    return dict(results)


def compare(results: Mapping[str, Coefficients] | Sequence[Coefficients]) -> pd.DataFrame:
    """Set fitted models side by side.

    Parameters
    ----------
    results : mapping of str to result, or sequence of results
        Models by the name of their column; those of a sequence are numbered ``(1)``, ``(2)``, ….

    Returns
    -------
    DataFrame
        Index ``(term, quantity)`` with ``estimate`` and ``std_error`` of each term in order of
        first appearance, then ``rows, events, clusters, log-likelihood, AIC, BIC`` under ``fit``;
        one column per model, missing where a model lacks the term. The log-likelihood of a Cox
        model is partial: compare it among Cox models of the same rows only; where models are of
        different kinds its AIC and BIC are left out.
    """
    results = models_of(results)
    columns = {}
    order: dict[tuple[str, str], None] = {}
    for name, result in results.items():
        cells: dict[tuple[str, str], float] = {}
        for term in result.params.index:
            cells[str(term), "estimate"] = float(result.params[term])
            cells[str(term), "std_error"] = float(result.std_errors[term])
        order |= dict.fromkeys(cells)
        columns[name] = cells
    # A partial likelihood is none of the whole data: its criteria compare with one another alone.
    partial = [isinstance(getattr(r, "loglik", None), tuple) for r in results.values()]
    mixed = any(partial) and not all(partial)
    facts: dict[tuple[str, str], None] = {}
    for name, result in results.items():
        for attribute, label in MEASURES.items():
            value = getattr(result, attribute, None)
            if value is not None:
                columns[name]["fit", label] = float(value)
        loglik = getattr(result, "loglik", None)
        if isinstance(loglik, tuple) and mixed:
            columns[name].pop(("fit", "AIC"), None)
            columns[name].pop(("fit", "BIC"), None)
        if loglik is not None:
            columns[name]["fit", "log-likelihood"] = float(
                loglik[1] if isinstance(loglik, tuple) else loglik
            )
    for label in ("rows", "events", "clusters", "log-likelihood", "AIC", "BIC"):
        if any(("fit", label) in cells for cells in columns.values()):
            facts["fit", label] = None
    index = pd.MultiIndex.from_tuples([*order, *facts], names=["term", "quantity"])
    return pd.DataFrame({name: pd.Series(cells) for name, cells in columns.items()}).reindex(index)


def journal_table(
    results: Mapping[str, Coefficients] | Sequence[Coefficients],
    *,
    labels: Mapping[str, str] | None = None,
    uncertainty: Literal["errors", "interval"] = "errors",
    exponentiate: bool = False,
    stars: Sequence[float] = (),
    digits: int = 3,
    level: float = 0.95,
    title: str = "",
    note: str = "",
) -> JournalTable:
    """Set fitted models side by side as a journal prints them.

    Parameters
    ----------
    results : mapping of str to result, or sequence of results
        Models by the name of their column; those of a sequence are numbered ``(1)``, ``(2)``, ….
    labels : mapping of str to str, optional
        What to print for terms. With it, the terms named come first and in its order; terms that
        it maps to an empty label are left out.
    uncertainty : {"errors", "interval"}
        Below each estimate: its standard error in parentheses, or its interval in brackets.
    exponentiate : bool
        Ratios in place of coefficients, with the interval; errors of logarithms would mislead.
    stars : sequence of float
        Significance levels, one star for each that the p-value is below. None by default: many
        journals of the field ask for intervals instead.
    digits : int
        After the decimal point.
    level : float
        Of the interval.
    title, note : str
        The note is added to what says how errors were made.

    Returns
    -------
    JournalTable

    Raises
    ------
    EstimationError
        No model; a label of a term that no model has; ratios with standard errors.

    Examples
    --------
    >>> import pandas as pd
    >>> from riskset import logit
    >>> rows = pd.DataFrame({"y": [0, 1, 0, 1, 1, 0, 1], "x": range(7)})
    >>> print(journal_table([logit(rows, ["x"], outcome="y")], digits=2).to_text())
                       (1)
    ──────────────────────
    const            −0.61
                    (1.42)
    x                 0.31
                    (0.41)
    ──────────────────────
    Rows                 7
    Events               4
    Log-likelihood   −4.48
    AIC              12.96
    BIC              12.85
    Standard errors in parentheses.
    """
    check_level(level)
    if uncertainty not in ("errors", "interval"):
        raise EstimationError(f"uncertainty must be 'errors' or 'interval', not {uncertainty!r}")
    if exponentiate and uncertainty == "errors":
        raise EstimationError(
            "ratios go with uncertainty='interval': a standard error is that of a logarithm"
        )
    table = compare(results)
    named = dict(zip(table.columns, models_of(results).values(), strict=True))
    terms = list(dict.fromkeys(term for term, _ in table.index if term != "fit"))
    if labels is not None:
        if unknown := [term for term in labels if term not in terms]:
            have = listed(terms)
            raise EstimationError(f"no model has a term {unknown[0]!r}; there are: {have}")
        terms = [t for t in labels if labels[t]] + [t for t in terms if t not in labels]
    marks = sorted(stars, reverse=True)
    rows: list[tuple[str, ...]] = []
    for term in terms:
        above, below = [], []
        for model in named.values():
            first, second = _cells(model, term, uncertainty, exponentiate, marks, digits, level)
            above.append(first)
            below.append(second)
        rows += [((labels or {}).get(term, term), *above), ("", *below)]
    facts = []
    for key, label, style in BELOW:
        if ("fit", key) in table.index:
            values = np.asarray(table.loc[("fit", key), :], dtype=np.float64)
            shown = (_number(v, 0 if style == "d" else 2) for v in values)
            facts.append((label, *shown))
    how = "Standard errors in parentheses."
    if uncertainty == "interval":
        how = f"{100 * level:g} % intervals in brackets."
    if marks:
        how += " " + ", ".join(f"{'*' * (j + 1)} p < {a:g}" for j, a in enumerate(marks)) + "."
    return JournalTable(
        columns=tuple(map(str, named)),
        rows=tuple(rows),
        facts=tuple(facts),
        title=title,
        note=f"{how} {note}".strip(),
    )


def _cells(
    model: Coefficients,
    term: str,
    uncertainty: str,
    exponentiate: bool,
    marks: Sequence[float],
    digits: int,
    level: float,
) -> tuple[str, str]:
    """Return the estimate and what stands below it; empty where the model lacks the term."""
    row = {str(name): name for name in model.params.index}
    if term not in row:
        return "", ""
    name = row[term]

    def ratio(value: float) -> float:
        return float(np.exp(value)) if exponentiate else float(value)

    star = "*" * sum(float(model.p_values[name]) < a for a in marks)
    estimate = _number(ratio(model.params[name]), digits) + star
    if uncertainty == "errors":
        return estimate, f"({_number(float(model.std_errors[name]), digits)})"
    low, high = (ratio(v) for v in model.conf_int(level).loc[name])
    return estimate, f"[{_number(low, digits)}, {_number(high, digits)}]"


def _number(value: float, digits: int) -> str:
    """Return a number with a true minus sign, thousands set apart, or nothing for a missing one."""
    if np.isnan(value):
        return ""
    return f"{value:,.{digits}f}".replace("-", MINUS)
