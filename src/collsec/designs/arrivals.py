"""Arrivals as stacks: the host of each, with the hosts at war that had nobody, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec import measures
from collsec.designs.inputs import Inputs, PanelBuilder, cohort_of
from collsec.histories.cohorts import DAY_STRATA
from collsec.histories.panels import days_of
from collsec.hypothesis.options import Choices
from riskset import EventStack

#: Months around an arrival, and those that all others are compared with: not the last before it,
#: in which what is to come may show already.
BEFORE, AFTER = 24, 36
REFERENCE = (-24, -13)
#: A control was at war within so many months before the arrival.
ACTIVE_MONTHS = 12
EVE_MONTHS = 6
#: Known months that a row needs in the reference, and after the arrival.
LEAST_KNOWN = 6
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Arrivals with counts around them.

    Attributes
    ----------
    events : DataFrame
        One row per arrival: ``gwno_host, conflict_id, month`` (ordinal), ``is_shared`` (whether
        several conflicts share the host's months).
    stacks : tuple of EventStack
        Its counts; the host of the arrival first.
    hosts : tuple of ndarray of int
        Hosts of the rows of each stack.
    later : tuple of ndarray of bool
        Of the rows, those whose own arrival comes after the window.
    ending : tuple of ndarray of bool
        Of the rows, those with a war that ends within six months after the arrival.
    status : tuple of ndarray of int
        Of the rows, on the eve of the arrival, the declared strata of the day together: zero
        where none of them holds.
    attrition : DataFrame
    """

    events: pd.DataFrame
    stacks: tuple[EventStack, ...]
    hosts: tuple[np.ndarray, ...]
    later: tuple[np.ndarray, ...]
    ending: tuple[np.ndarray, ...]
    status: tuple[np.ndarray, ...]
    attrition: pd.DataFrame

    @property
    def relative(self) -> np.ndarray:
        """Months since the arrival, column by column."""
        return np.arange(-BEFORE, AFTER)


def ordinal(days: pd.Series) -> np.ndarray:
    """Months since year 0."""
    found: np.ndarray = (days.dt.year * MONTHS + days.dt.month - 1).to_numpy()
    return found


def counts_by_month(counted: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts, and whether conflicts share the month, by host (rows) and ordinal month (columns)."""
    rows = counted.assign(month=ordinal(counted["from_date"]))
    table, shared = (
        rows.pivot_table(index="gwno_host", columns="month", values=value, aggfunc="first")
        for value in ("count", "is_shared")
    )
    every = range(int(table.columns.min()), int(table.columns.max()) + 1)
    return table.reindex(columns=every), shared.reindex(columns=every).fillna(0)


def arrivals(inputs: Inputs, measure: str, outcome: str, choices: Choices) -> Arrivals:
    """Lay out the arrivals of an exposure on hosts, with their controls.

    Parameters
    ----------
    inputs : Inputs
    measure : str
        The exposure.
    outcome : str
        What is counted by host and month: a measure that gives ``gwno_host, from_date, count,
        is_shared`` (whether several conflicts share the host's month).
    choices : Choices
        What is done otherwise than declared.
    """
    wars = PanelBuilder(inputs, ()).cohort(cohort_of(inputs.spec, choices)).units
    spells = inputs.calendar(measure).merge(
        inputs.episodes[["conflict_id", "gwno_host"]].drop_duplicates("conflict_id"),
        on="conflict_id",
    )
    on = ordinal(spells["on_date"])
    off = np.where(
        spells["off_date"].isna(), 10**6, ordinal(spells["off_date"].fillna(spells["on_date"]))
    )
    spells = spells.assign(on=on, off=off)
    counted = measures.get(outcome)(inputs.following(inputs.episodes))
    deaths, shared = counts_by_month(counted)
    first, last = int(deaths.columns.min()), int(deaths.columns.max())
    events = spells.sort_values(["on", "conflict_id"]).drop_duplicates(["gwno_host", "on"])
    steps = [("arrivals", "Beginnings of the exposure in a host", len(events))]
    events = events[(events["on"] - BEFORE >= first) & (events["on"] <= last)]
    steps.append(("on record", "Deaths by month cover the reference", len(events)))
    columns = events[["gwno_host", "conflict_id", "on"]].to_numpy(np.int64)
    three = [(int(h), int(c), int(m)) for h, c, m in columns]
    host, begin, end = (spells[c].to_numpy(np.int64) for c in ("gwno_host", "on", "off"))
    three = [
        (h, c, m)
        for h, c, m in three
        if not ((host == h) & (begin < m) & (end >= m - BEFORE)).any()
    ]
    steps.append(("first in two years", "Nobody there in the 24 months before", len(three)))
    three = [(h, c, m) for h, c, m in three if h in _at_war(wars, m)]
    steps.append(("a host at war", "A war of the cohort within 12 months before", len(three)))
    kept: list[tuple[int, int, int, bool]] = []
    stacks: list[EventStack] = []
    hosts: list[np.ndarray] = []
    later: list[np.ndarray] = []
    ending: list[np.ndarray] = []
    for place, conflict, month in three:
        window = np.arange(month - BEFORE, month + AFTER)
        treated = host[(begin <= window[-1]) & (end >= window[0])]
        controls = sorted(
            _at_war(wars, month) - {int(h) for h in treated} - set(choices.drop_countries)
        )
        names = np.array([place, *controls])
        table = deaths.reindex(index=names, columns=window).to_numpy(float)
        enough = _enough(table)
        if place in choices.drop_countries or not enough[0] or enough.sum() < 2:
            continue
        names, table = names[enough], table[enough]
        stacks.append(EventStack(table))
        hosts.append(names)
        later.append(np.isin(names, host[begin > window[-1]]))
        ending.append(np.isin(names, sorted(_ending(wars, month))))
        several = shared.reindex(index=[place], columns=window).fillna(0).to_numpy().max() > 0
        kept.append((place, conflict, month, bool(several)))
    steps.append(("counted months", "Six or more known in the reference and after", len(kept)))
    attrition = pd.DataFrame(
        [(s, rule, n, n) for s, rule, n in steps], columns=["step", "rule", "n_units", "n_events"]
    )
    attrition["dropped"] = -attrition["n_units"].diff().fillna(0).astype(int)
    status = _statuses(inputs, hosts, [month for _, _, month, _ in kept])
    named = ["gwno_host", "conflict_id", "month", "is_shared"]
    return Arrivals(
        pd.DataFrame(kept, columns=named),
        tuple(stacks),
        tuple(hosts),
        tuple(later),
        tuple(ending),
        tuple(status),
        attrition,
    )


def _at_war(wars: pd.DataFrame, month: int) -> set[int]:
    """Hosts with a war of the cohort in the twelve months before a month."""
    day = pd.Timestamp(month // MONTHS, month % MONTHS + 1, 1)
    since = day - pd.to_timedelta(days_of(ACTIVE_MONTHS), unit="D")
    own = wars.loc[(wars["onset_date"] < day) & (wars["exit_date"] >= since), "gwno_host"]
    return {int(host) for host in own}


def _ending(wars: pd.DataFrame, month: int) -> set[int]:
    """Hosts with a war that ends within six months from a month on."""
    day = pd.Timestamp(month // MONTHS, month % MONTHS + 1, 1)
    until = day + pd.to_timedelta(days_of(EVE_MONTHS), unit="D")
    is_ended = wars["is_ended"].astype(bool)
    own = wars.loc[is_ended & (wars["exit_date"] >= day) & (wars["exit_date"] < until), "gwno_host"]
    return {int(host) for host in own}


def _statuses(
    inputs: Inputs, hosts: Sequence[np.ndarray], months: Sequence[int]
) -> list[np.ndarray]:
    """The strata of the day of hosts on the eve of each month, over all of their conflicts."""
    days = [pd.Timestamp(month // MONTHS, month % MONTHS + 1, 1) for month in months]
    found = [np.zeros(len(names), dtype=np.int64) for names in hosts]
    if not days:
        return found
    own = inputs.episodes[["conflict_id", "gwno_host"]].drop_duplicates(ignore_index=True)
    asked = pd.concat([own[["conflict_id"]].assign(date=day) for day in days], ignore_index=True)
    for place, name in enumerate(inputs.spec.strata):
        values = np.asarray(DAY_STRATA[name]({**inputs.timelines, "asked": asked}), dtype=int)
        by_day = pd.DataFrame(values.reshape(len(days), len(own)).T, index=own["gwno_host"])
        by_host = by_day.groupby(level=0).max()
        for number, names in enumerate(hosts):
            known = by_host[number].reindex(names, fill_value=0)
            found[number] += known.to_numpy(int) << place
    return found


def _enough(table: np.ndarray) -> np.ndarray:
    """Rows with enough known months in the reference and after, and with any death."""
    known = ~np.isnan(table)
    reference = known[:, : REFERENCE[1] + BEFORE + 1].sum(axis=1)
    after = known[:, BEFORE:].sum(axis=1)
    any_death = np.nansum(table, axis=1) > 0
    enough: np.ndarray = (reference >= LEAST_KNOWN) & (after >= LEAST_KNOWN) & any_death
    return enough
