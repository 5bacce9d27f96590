"""The second coding of the coded tables: what is drawn, what was found, and how far both agree.

Both passes are by language models, the second without sight of the first. So what is measured here
is how well a coding repeats, not the agreement of two minds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from collsec.compile.rules import RuleFile, Strict

#: The table of second values, under its name in the data package.
TABLE = "repeat_coding"
#: Dates that lie no further apart agree: a date known to the month is coded as its last day.
TOLERANCE_DAYS = 31
LIST_SEPARATOR = ";"
DAY = r"\d{4}-\d{2}-\d{2}"


class Repeated(Strict):
    """How a coded table is drawn from."""

    key: str
    columns: tuple[str, ...]
    shown: tuple[str, ...] = ()
    basis: str = ""


class RepeatRules(RuleFile):
    """Which units of the coded tables are coded a second time, and which columns of them."""

    file: ClassVar[str] = "repeat_coding.toml"
    seed: int
    units: int
    tables: dict[str, Repeated]

    def drawn(self, name: str, table: pd.DataFrame) -> list[str]:
        """Units of a table that are coded a second time, in the order in which they are drawn.

        Parameters
        ----------
        name : str
            Name of the table.
        table : DataFrame
            The table, typed or as text.
        """
        one = self.tables[name]
        rows = table[table["basis"] == one.basis] if one.basis else table
        return sorted(set(rows[one.key].astype(str)), key=self._place)[: self.units]

    def sheet(self, name: str, table: pd.DataFrame) -> dict[str, str]:
        """Units drawn, each with what a coder may see of it, and no coded value.

        Returns
        -------
        dict of str to str
            By the key of the unit, in the order in which they are drawn: the key, then the columns
            that the rules show.
        """
        one = self.tables[name]
        seen = table[[one.key, *one.shown]].astype("string").fillna("")
        shown = seen.drop_duplicates(one.key).set_index(one.key, drop=False)
        return {
            unit: ", ".join(str(c) for c in shown.loc[unit] if c)
            for unit in self.drawn(name, table)
        }

    def values(self, name: str, table: pd.DataFrame) -> pd.Series:
        """Coded values of a table by unit and column, in the form in which codings are compared.

        Parameters
        ----------
        name : str
            Name of the table.
        table : DataFrame
            All of its cells as text.

        Returns
        -------
        Series of str
            Indexed by unit and column; a set is sorted and joined by `;`, and none is empty.
        """
        one = self.tables[name]
        by_unit = table.groupby(one.key)
        found = {
            (unit, column): as_set(rows[column]) for unit, rows in by_unit for column in one.columns
        }
        return pd.Series(found, dtype=str)

    def _place(self, unit: str) -> str:
        return hashlib.sha256(f"{self.seed}/{unit}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two codings of a column agree.

    Attributes
    ----------
    sampled, read : int
        Units drawn; those for which a document was read that supports a value.
    agreeing : int
        Units read with the same value; dates no more than `TOLERANCE_DAYS` apart.
    share : float
        Share of those read that agree; NaN if none was read.
    kappa : float
        Cohen's kappa of categories; NaN of dates, and where chance alone would agree.
    difference_days : float
        Mean difference of dates, second less first; NaN of other columns.
    """

    sampled: int
    read: int
    agreeing: int
    share: float
    kappa: float
    difference_days: float


def as_set(cells: Sequence[str] | pd.Series) -> str:
    """Values of the cells, lists taken apart, each once, in order, joined by `;`."""
    parts = {part for cell in cells for part in str(cell).split(LIST_SEPARATOR) if part}
    return LIST_SEPARATOR.join(sorted(parts))


def kappa(first: Sequence[str], second: Sequence[str]) -> float:
    r"""Cohen's kappa of two codings of the same units.

    Returns
    -------
    float
        1 for full agreement, 0 for that of chance; NaN for no unit, and where both codings give one
        and the same value to all.

    Notes
    -----
    :math:`\kappa = (p_o - p_e) / (1 - p_e)`, :math:`p_o` the share of units with equal codes and
    :math:`p_e = \sum_k p_{1k} p_{2k}` that of two coders who draw from their own shares by chance.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
    Measurement, 20(1), 37-46. https://doi.org/10.1177/001316446002000104
    """
    one, other = pd.Series(list(first), dtype=str), pd.Series(list(second), dtype=str)
    if one.empty:
        return float("nan")
    shares = one.value_counts(normalize=True), other.value_counts(normalize=True)
    chance = float(shares[0].mul(shares[1], fill_value=0).sum())
    return float("nan") if chance == 1 else (float((one == other).mean()) - chance) / (1 - chance)


def agreement(repeated: pd.DataFrame) -> dict[tuple[str, str], Agreement]:
    """Agreement of the two codings by table and column.

    Parameters
    ----------
    repeated : DataFrame
        The table of second values, its cells as text. A unit that was not read counts as sampled
        and never as agreeing.
    """
    found = {}
    for (table, column), rows in repeated.groupby(["coded_table", "coded_column"], sort=True):
        read = rows[rows["is_read"] == "true"]
        first, second = read["first_value"], read["second_value"]
        apart = _days_apart(first, second)
        if apart is None:
            agreeing = int((first == second).sum())
        else:
            agreeing = int(((first == second) | (apart.abs() <= TOLERANCE_DAYS)).sum())
        found[str(table), str(column)] = Agreement(
            len(rows),
            len(read),
            agreeing,
            agreeing / len(read) if len(read) else float("nan"),
            kappa(list(first), list(second)) if apart is None else float("nan"),
            float("nan") if apart is None else float(apart.mean()),
        )
    return found


def said(one: Agreement) -> str:
    """Agreement of a column in words, with the numbers that it rests on."""
    if not one.read:
        return f"repeat coding: {one.sampled} sampled, none read"
    parts = [f"repeat coding: {one.sampled} sampled, {one.read} read, {one.agreeing} agree"]
    if one.kappa == one.kappa:
        parts.append(f"kappa {one.kappa:.2f}")
    if one.difference_days == one.difference_days:
        parts.append(f"within {TOLERANCE_DAYS} days, mean difference {one.difference_days:.1f}")
    return ", ".join(parts)


def _days_apart(first: pd.Series, second: pd.Series) -> pd.Series | None:
    """Days by which second dates are later; None where the column holds no dates."""
    known = pd.concat([first, second])
    known = known[known != ""]
    if known.empty or not known.str.fullmatch(DAY).all():
        return None
    later, earlier = (pd.to_datetime(c.where(c != "")) for c in (second, first))
    days: pd.Series = (later - earlier).dt.days
    return days
