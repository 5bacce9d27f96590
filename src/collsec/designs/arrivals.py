"""Arrivals as stacks: the host of each, with the hosts at war that had nobody, month by month.

Which arrivals there are, with their controls (:func:`arrivals`), and how much each stack counts
(:class:`StackedDesign`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from collsec import measures
from collsec.designs.inputs import Inputs, PanelBuilder, cohort_of
from collsec.histories.cohorts import DAY_STRATA
from collsec.histories.panels import days_of
from collsec.hypothesis.options import Choices
from riskset import EventStack, EventWindow, stacked_poisson
from riskset.inference.moved_events import MeanRatioWindow
from riskset.regression.stacked_log_ratios import (
    expected_by_unit,
    mean_log_ratio,
    treated_log_ratios,
)
from riskset.regression.stacked_poisson import StackedRatio

#: Months around an arrival, and those that all others are compared with: not the last before it,
#: in which what is to come may show already.
BEFORE, AFTER = 24, 36
REFERENCE = (-24, -13)
#: A control was at war within so many months before the arrival.
ACTIVE_MONTHS = 12
EVE_MONTHS = 6
#: Known months that a row needs in the reference, and after the arrival.
LEAST_KNOWN = 6
#: Deaths of a year of war, which a host needs in the reference: below it there is no level of war
#: that later months could be compared with.
YEAR_OF_WAR = 25.0
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
    counted_months = 0
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
        known = _known(table)
        counted_months += bool(known[0]) and place not in choices.drop_countries
        enough = known & _at_war_before(table)
        if place in choices.drop_countries or not enough[0] or enough.sum() < 2:
            continue
        names, table = names[enough], table[enough]
        stacks.append(EventStack(table))
        hosts.append(names)
        later.append(np.isin(names, host[begin > window[-1]]))
        ending.append(np.isin(names, sorted(_ending(wars, month))))
        several = shared.reindex(index=[place], columns=window).fillna(0).to_numpy().max() > 0
        kept.append((place, conflict, month, bool(several)))
    steps.append(("counted months", "Six or more known in the reference and after", counted_months))
    steps.append(
        ("deaths before", "25 deaths or more in the reference, of a control too", len(kept))
    )
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


def _known(table: np.ndarray) -> np.ndarray:
    """Rows with enough known months in the reference and after."""
    known = ~np.isnan(table)
    reference = known[:, : REFERENCE[1] + BEFORE + 1].sum(axis=1)
    after = known[:, BEFORE:].sum(axis=1)
    enough: np.ndarray = (reference >= LEAST_KNOWN) & (after >= LEAST_KNOWN)
    return enough


def _deaths_before(table: np.ndarray) -> np.ndarray:
    """Deaths of each row in the reference."""
    found: np.ndarray = np.nansum(table[:, : REFERENCE[1] + BEFORE + 1], axis=1)
    return found


def _at_war_before(table: np.ndarray) -> np.ndarray:
    """Rows with the deaths of a year of war in the reference."""
    enough: np.ndarray = _deaths_before(table) >= YEAR_OF_WAR
    return enough


def own_weight(stack: EventStack) -> np.ndarray:
    """One over each host's deaths in the reference, or over those of a year of war."""
    found: np.ndarray = 1.0 / np.maximum(_deaths_before(stack.counts), YEAR_OF_WAR)
    return found


class Mean(StrEnum):
    """What one ratio for several arrivals is a mean of."""

    GEOMETRIC = "geometric"  # of the ratios of arrivals: each speaks once
    #: Of the deaths of each arrival as shares of those before it. Where these vary from month to
    #: month it lies above the effect, by their squared coefficient of variation over twelve.
    ARITHMETIC = "arithmetic"
    POOLED = "pooled"  # of all deaths alike


@dataclass(frozen=True, slots=True)
class StackedDesign:
    """Arrivals, and how each of them counts.

    Attributes
    ----------
    arrivals : Arrivals
    stacks : tuple of EventStack
        For an arithmetic mean its weight is one over its host's deaths in the reference.
    mean : Mean
    """

    arrivals: Arrivals
    stacks: tuple[EventStack, ...]
    mean: Mean = Mean.GEOMETRIC

    @property
    def attrition(self) -> pd.DataFrame:
        """Arrivals that remain after each step."""
        return self.arrivals.attrition

    def ratio(self, months: np.ndarray) -> StackedRatio:
        """Log ratio of some months to the reference, over all arrivals; its error between them."""
        if self.mean is Mean.GEOMETRIC:
            return mean_log_ratio(treated_log_ratios(self.stacks, months, self.reference))
        return stacked_poisson(self.stacks, months, self.compared(months))

    def window(self, months: np.ndarray) -> EventWindow:
        """The stacks with the months of a ratio, as redraws take them."""
        used = self.compared(months)
        if self.mean is Mean.GEOMETRIC:
            return MeanRatioWindow(self.stacks, months, used)
        is_pooled = self.mean is Mean.POOLED
        weights = None if is_pooled else [own_weight(stack) for stack in self.stacks]
        return EventWindow(self.stacks, months, used, weights)

    @property
    def reference(self) -> np.ndarray:
        """Months that all others are compared with."""
        relative = self.arrivals.relative
        within: np.ndarray = (relative >= REFERENCE[0]) & (relative <= REFERENCE[1])
        return within

    def compared(self, months: np.ndarray) -> np.ndarray:
        """Some months and the reference."""
        used: np.ndarray = months | self.reference
        return used

    @property
    def after(self) -> np.ndarray:
        """Months from the arrival on."""
        later: np.ndarray = self.arrivals.relative >= 0
        return later

    @property
    def lead(self) -> np.ndarray:
        """The twelve months before the arrival."""
        relative = self.arrivals.relative
        lead: np.ndarray = (relative >= -BEFORE // 2) & (relative < 0)
        return lead

    def counts(self) -> dict[str, int]:
        """Arrivals, hosts and months; the treated outcome is an arrival."""
        hosts = {int(h) for own in self.arrivals.hosts for h in own}
        used = self.compared(self.after)
        known = sum(int((s.known & used).sum()) for s in self.stacks)
        events = self.arrivals.events
        return {
            "nobs": known,
            "n_units": len(hosts),
            "n_events": int(sum(s.values[:, used].sum() for s in self.stacks)),
            "n_clusters": len(hosts),
            "exposed_units": len(events),
            "exposed_events": len(events),
            "exposed_clusters": int(events["gwno_host"].nunique()),
        }

    def only(self, rows: Callable[[int], np.ndarray]) -> StackedDesign:
        """The same stacks with some of their control rows."""
        keep = [np.r_[True, rows(place)[1:]] for place in range(len(self.stacks))]
        use = [own.sum() > 1 for own in keep]
        events = self.arrivals.events[use].reset_index(drop=True)
        chosen = [place for place, stays in enumerate(use) if stays]
        arrivals = dataclasses.replace(
            self.arrivals,
            events=events,
            hosts=tuple(self.arrivals.hosts[p][keep[p]] for p in chosen),
            later=tuple(self.arrivals.later[p][keep[p]] for p in chosen),
            status=tuple(self.arrivals.status[p][keep[p]] for p in chosen),
            ending=tuple(self.arrivals.ending[p][keep[p]] for p in chosen),
        )
        cut = tuple(
            dataclasses.replace(self.stacks[p], counts=self.stacks[p].counts[keep[p]])
            for p in chosen
        )
        return dataclasses.replace(self, arrivals=arrivals, stacks=cut)

    def without(self, place: int) -> StackedDesign:
        """Without one arrival."""
        stays = tuple(s for p, s in enumerate(self.stacks) if p != place)
        return dataclasses.replace(self, stacks=stays)

    def averaged(self, mean: Mean) -> StackedDesign:
        """The same arrivals under another mean."""
        alike = mean is not Mean.ARITHMETIC
        weights = [1.0 if alike else float(own_weight(stack)[0]) for stack in self.stacks]
        stacks = [
            dataclasses.replace(s, weight=w) for s, w in zip(self.stacks, weights, strict=True)
        ]
        return dataclasses.replace(self, stacks=tuple(stacks), mean=mean)

    def since(self, day: pd.Timestamp) -> StackedDesign:
        """The arrivals from the month of a day on."""
        first = day.year * MONTHS + day.month - 1
        late = [p for p, month in enumerate(self.arrivals.events["month"]) if month >= first]

        def of(parts: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(parts[place] for place in late)

        arrivals = dataclasses.replace(
            self.arrivals,
            events=self.arrivals.events.iloc[late].reset_index(drop=True),
            stacks=of(self.arrivals.stacks),
            hosts=of(self.arrivals.hosts),
            later=of(self.arrivals.later),
            ending=of(self.arrivals.ending),
            status=of(self.arrivals.status),
        )
        return dataclasses.replace(self, arrivals=arrivals, stacks=of(self.stacks))


def engine_gap(laid_out: StackedDesign) -> float:
    """Largest distance of the log ratios of two arrivals from Poisson regressions with dummies."""
    import statsmodels.api as sm

    gaps = [0.0]
    used = laid_out.compared(laid_out.after)
    # Two stacks show whether the engines agree; all of them would need thousands of dummies.
    for stack in laid_out.stacks[:2]:
        # A row or a month without any death has a mean of zero, and no part in the fit.
        counted = np.where(used, stack.values, 0.0)
        is_counted = (counted.sum(axis=1) > 0)[:, None] & (counted.sum(axis=0) > 0)
        rows, columns = np.nonzero(stack.known & used & is_counted)
        # One month is the reference.
        x = np.column_stack(
            [
                ((rows == 0) & laid_out.after[columns]).astype(float),
                pd.get_dummies(rows, dtype=float),
                pd.get_dummies(columns, dtype=float).iloc[:, 1:],
            ]
        )
        model = sm.GLM(stack.values[rows, columns], x, family=sm.families.Poisson())
        fitted = model.fit(tol=1e-13, maxiter=200)
        observed, expected = expected_by_unit(stack, laid_out.after, laid_out.reference, units=1)
        if observed[0] > 0:  # else the log ratio is infinite for either
            gaps.append(abs(float(fitted.params[0]) - float(np.log(observed[0] / expected[0]))))
    return max(gaps)
