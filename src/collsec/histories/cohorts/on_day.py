"""Strata of the day: the state of each conflict on the eve of a day, by which wars are matched.

A stratum of :data:`collsec.histories.cohorts.STRATA` is fixed at onset; one of these may change
during the war, and is asked of every war on the same day. Where its record does not reach, nothing
is known, and the day is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from collsec.histories.registry import Declared, Function, declaration, enter
from collsec.histories.timelines import as_of


@dataclass(frozen=True, slots=True)
class DayStratum(Declared):
    """A stratum of the day: a function of ``asked`` (``conflict_id, date``) and of timelines.

    Attributes
    ----------
    known : str
        Extent of the record on which it rests; empty where it reaches everywhere.
    looks_back_months : int
        Months before the day that the record must cover too.
    """

    known: str = ""
    looks_back_months: int = 0


DAY_STRATA: dict[str, DayStratum] = {}


def on_day(
    *, uses: Iterable[str], known: str = "", looks_back_months: int = 0
) -> Callable[[Function], Function]:
    """Register a stratum of the day.

    Parameters
    ----------
    uses : iterable of str
        Columns of the timelines that it takes after ``asked``.
    known, looks_back_months
        As in :class:`DayStratum`.
    """

    def register(function: Function) -> Function:
        name, takes, columns = declaration(function, ["asked.conflict_id", *uses])
        own = tuple(column for column in columns if not column.startswith("asked."))
        enter(DAY_STRATA, DayStratum(name, function, takes, own, known, looks_back_months))
        return function

    return register


_AGREEMENTS = tuple(
    f"peace_process.{column}" for column in ("conflict_id", "known_from", "agreements")
)


def _signed_within(asked: pd.DataFrame, steps: pd.DataFrame, months: int) -> pd.Series:
    now = as_of(steps, "conflict_id", asked, "agreements")
    then = asked.assign(date=asked["date"] - pd.DateOffset(months=months))
    return (now > as_of(steps, "conflict_id", then, "agreements")).astype(int)


@on_day(uses=_AGREEMENTS, known="agreements", looks_back_months=24)
def agreement_24m(asked: pd.DataFrame, peace_process: pd.DataFrame) -> pd.Series:
    """A peace agreement was signed in the conflict in the 24 months before the day."""
    return _signed_within(asked, peace_process, 24)


@on_day(uses=_AGREEMENTS, known="agreements", looks_back_months=48)
def agreement_48m(asked: pd.DataFrame, peace_process: pd.DataFrame) -> pd.Series:
    """A peace agreement was signed in the conflict in the 48 months before the day."""
    return _signed_within(asked, peace_process, 48)
