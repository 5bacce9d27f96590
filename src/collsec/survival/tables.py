"""Fitted models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from collsec.survival.errors import EstimationError
from collsec.survival.results import Coefficients

FACTS = {
    "nobs": "rows",
    "n_events": "events",
    "n_clusters": "clusters",
    "aic": "AIC",
    "bic": "BIC",
}


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
        model is partial: compare it, and the criteria, among Cox models of the same rows only.
    """
    if not isinstance(results, Mapping):
        results = {f"({i})": result for i, result in enumerate(results, 1)}
    if not results:
        raise EstimationError("nothing to compare")
    columns = {}
    order: dict[tuple[str, str], None] = {}
    for name, result in results.items():
        cells: dict[tuple[str, str], float] = {}
        for term in result.params.index:
            cells[str(term), "estimate"] = float(result.params[term])
            cells[str(term), "std_error"] = float(result.std_errors[term])
        order |= dict.fromkeys(cells)
        columns[name] = cells
    facts: dict[tuple[str, str], None] = {}
    for name, result in results.items():
        for attribute, label in FACTS.items():
            value = getattr(result, attribute, None)
            if value is not None:
                columns[name]["fit", label] = float(value)
        loglik = getattr(result, "loglik", None)
        if loglik is not None:
            columns[name]["fit", "log-likelihood"] = float(
                loglik[1] if isinstance(loglik, tuple) else loglik
            )
    for label in ("rows", "events", "clusters", "log-likelihood", "AIC", "BIC"):
        if any(("fit", label) in cells for cells in columns.values()):
            facts["fit", label] = None
    index = pd.MultiIndex.from_tuples([*order, *facts], names=["term", "quantity"])
    return pd.DataFrame({name: pd.Series(cells) for name, cells in columns.items()}).reindex(index)
