"""Rows of units whose treatment may change, and how probable the treatment that they had was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers
from riskset.columns import Names, codes, indicator, row_label
from riskset.errors import EstimationError, shown
from riskset.regression.generalized_linear import logit
from riskset.times import require_no_overlap, survival_times

#: Columns added to the rows.
BEGIN, END, ENDED, TREATED, BEFORE, UNIT, LOST = (
    f"_{name}" for name in ("begin", "end", "ended", "treated", "before", "unit", "lost")
)


@dataclass(frozen=True, slots=True)
class TreatmentRows:
    """Rows in the order of units and time, each with the treatment before it.

    Attributes
    ----------
    data : DataFrame
        The rows with the columns `BEGIN`, `END`, `ENDED`, `TREATED`, `BEFORE` (treated in the row
        before; never in a unit's first) and `UNIT` (its number).
    order : ndarray of int, shape (n,)
        Where each row stood.
    first : ndarray of bool, shape (n,)
        Whether it is its unit's first.
    """

    data: pd.DataFrame
    order: Integers
    first: Booleans

    @classmethod
    def from_frame(
        cls,
        data: pd.DataFrame,
        *,
        unit: Names,
        start: str,
        stop: str,
        event: str,
        treatment: str,
        absorbing: bool,
    ) -> TreatmentRows:
        """Check and sort the rows.

        Raises
        ------
        EstimationError
            Rows of a unit overlap or have a gap; an event before the last row; a treatment that
            ends although it is said not to (``absorbing``).
        """
        spells = survival_times(data, start, stop)
        require_no_overlap(data, unit, spells)
        owner, labels = codes(data, unit)
        order = np.lexsort((spells.start, owner))
        treated, ended = indicator(data, treatment), indicator(data, event)
        rows = data.iloc[order].assign(
            **{
                BEGIN: spells.start[order],
                END: spells.stop[order],
                ENDED: ended[order],
                TREATED: treated[order],
                UNIT: owner[order],
            }
        )
        own = owner[order]
        first = np.concatenate(([True], own[1:] != own[:-1]))
        before = np.concatenate(([False], treated[order][:-1])) & ~first
        gap = np.zeros(len(first), dtype=np.bool_)
        gap[1:] = spells.start[order][1:] > spells.stop[order][:-1] + spells.width

        def refuse(wrong: Booleans, why: str) -> None:
            if (at := np.flatnonzero(wrong)).size:
                who = shown(labels[own[at[0]]])
                raise EstimationError(f"unit {who} {why} in {row_label(rows, int(at[0]))}")

        refuse(gap & ~first, "has a gap, in which treatment was not seen, before it goes on")
        last = np.concatenate((first[1:], [True]))
        refuse(ended[order] & ~last, "has the event before its last row,")
        if absorbing:
            refuse(before & ~treated[order], "ends its treatment (say absorbing=False)")
        return cls(rows.assign(**{BEFORE: before}), order, first)

    def along(self, factors: Floats, *, lagged: bool = False) -> Floats:
        """Multiply factors, shape (n,), from each unit's first row on.

        Parameters
        ----------
        factors : ndarray, shape (n,)
        lagged : bool
            Leave each row's own factor out: what holds at its beginning.
        """
        logs = np.log(factors)
        total = np.cumsum(logs)
        base = (total - logs)[np.flatnonzero(self.first)][np.cumsum(self.first) - 1]
        return np.asarray(np.exp(total - base - (logs if lagged else 0.0)))

    def ever_before(self) -> Booleans:
        """Say of each row whether its unit was treated in an earlier one, shape (n,)."""
        treated = self.data[TREATED].to_numpy(dtype=bool)
        total = np.cumsum(treated) - treated
        return np.asarray(total > total[np.flatnonzero(self.first)][np.cumsum(self.first) - 1])

    def resampled(self, group: str, generator: np.random.Generator, number: int) -> TreatmentRows:
        """Draw clusters with replacement: whole rows, each draw a cluster of its own.

        Parameters
        ----------
        group : str
            Column of the cluster's number.
        generator : numpy.random.Generator
        number : int
            Clusters.
        """
        member = self.data[group].to_numpy()
        sorted_rows = np.argsort(member, kind="stable")
        edges = np.searchsorted(member[sorted_rows], np.arange(number + 1))
        parts = [
            sorted_rows[edges[g] : edges[g + 1]] for g in generator.integers(0, number, number)
        ]
        place = np.concatenate(parts)
        data = self.data.iloc[place].reset_index(drop=True)
        data = data.assign(**{group: np.repeat(np.arange(number), [len(part) for part in parts])})
        return TreatmentRows(data, np.arange(len(data)), self.first[place])

    def restored(self, values: Floats) -> Floats:
        """Return values of the sorted rows in the order of the data, shape (n,)."""
        out = np.empty_like(values)
        out[self.order] = values
        return out


def likelihood_ratio(
    rows: pd.DataFrame,
    outcome: str,
    among: Booleans,
    numerator: list[str],
    denominator: list[str],
    what: str,
) -> Floats:
    """Return P(outcome | numerator) / P(outcome | denominator) of what happened, shape (n,).

    Parameters
    ----------
    rows : DataFrame
    outcome : str
        Column of false and true.
    among : ndarray of bool, shape (n,)
        Rows in which the outcome is open; one elsewhere.
    numerator, denominator : list of str
        Covariates of the two logits.
    what : str
        Of what, for messages.
    """
    out = np.ones(len(rows))
    part = rows[among]
    happened = part[outcome].to_numpy(dtype=bool)
    if happened.all() or not happened.any():
        raise EstimationError(
            f"{what}: {'every' if len(happened) and happened.all() else 'no'} row in which it is "
            "open has it, so its probability is not determined"
        )
    chances = []
    for names in (numerator, denominator):
        try:
            fit = logit(part.assign(**{outcome: happened * 1.0}), names, outcome=outcome)
        except EstimationError as error:
            raise EstimationError(f"{what}: {error}") from None
        mean = fit.predict(part, "mean")["estimate"].to_numpy(dtype=np.float64)
        chances.append(np.where(happened, mean, 1 - mean))
    out[np.flatnonzero(among)] = chances[0] / chances[1]
    return out


def truncated(weights: Floats, quantile: float | None) -> Floats:
    """Cut weights off at a quantile and at its counterpart below."""
    if quantile is None:
        return weights
    if not 0.5 < quantile < 1:
        raise EstimationError(f"truncate is a quantile between 0.5 and 1, not {quantile!r}")
    low, high = np.quantile(weights, [1 - quantile, quantile])
    return np.clip(weights, low, high)


def describe(weights: Floats) -> pd.Series[float]:
    """Return mean, spread, extremes and the effective number of rows of weights."""
    return pd.Series(
        {
            "mean": float(weights.mean()),
            "std": float(weights.std()),
            "least": float(weights.min()),
            "p99": float(np.quantile(weights, 0.99)),
            "largest": float(weights.max()),
            "effective_rows": float(weights.sum() ** 2 / (weights**2).sum()),
        }
    )
