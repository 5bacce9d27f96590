"""Arrivals as stacks: the host of each, with the hosts at war that had nobody, month by month.

Which arrivals there are, with their controls (:func:`arrivals`), and how much each stack counts
(:class:`StackedDesign`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec import measures
from collsec.designs.inputs import Inputs, PanelBuilder, cohort_of
from collsec.histories.cohorts import DAY_STRATA
from collsec.histories.panels import days_of
from collsec.hypothesis.options import Choices
from riskset import EventStack, EventWindow, stacked_poisson

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


#: Deaths that make a year of war, below which a host is not weighed up further.
YEAR_OF_WAR = 25.0


def own_weight(stack: EventStack) -> np.ndarray:
    """One over each host's deaths in the two years before, or over those of a year of war."""
    found: np.ndarray = 1.0 / np.maximum(stack.values[:, :BEFORE].sum(axis=1), YEAR_OF_WAR)
    return found


@dataclass(frozen=True, slots=True)
class StackedDesign:
    """Arrivals, and how each stack counts.

    Attributes
    ----------
    arrivals : Arrivals
    stacks : tuple of EventStack
        Its weight is one over its host's deaths before the arrival, so that every arrival counts
        alike; one where every death does.
    is_pooled : bool
        Whether every death counts alike.
    """

    arrivals: Arrivals
    stacks: tuple[EventStack, ...]
    is_pooled: bool = False

    @classmethod
    def equal(cls, arrivals: Arrivals) -> StackedDesign:
        """Every arrival counts alike."""
        stacks = [dataclasses.replace(s, weight=float(own_weight(s)[0])) for s in arrivals.stacks]
        return cls(arrivals, tuple(stacks))

    @property
    def attrition(self) -> pd.DataFrame:
        """Arrivals that remain after each step."""
        return self.arrivals.attrition

    def window(self, months: np.ndarray, used: np.ndarray | None = None) -> EventWindow:
        """The stacks with the months of a ratio, as the reference takes them."""
        weights = None if self.is_pooled else [own_weight(stack) for stack in self.stacks]
        return EventWindow(self.stacks, months, used, weights)

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
        known = sum(int(s.known.sum()) for s in self.stacks)
        events = self.arrivals.events
        return {
            "nobs": known,
            "n_units": len(hosts),
            "n_events": int(sum(s.values.sum() for s in self.stacks)),
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

    def pooled(self) -> StackedDesign:
        """Every death counts alike, and with it arrivals in proportion to their deaths."""
        alike = tuple(dataclasses.replace(s, weight=1.0) for s in self.stacks)
        return dataclasses.replace(self, stacks=alike, is_pooled=True)

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
    """Distance of the pooled log ratio from that of a Poisson regression with dummies."""
    import statsmodels.api as sm

    if not laid_out.stacks:
        return 0.0
    # Two stacks show whether the engines agree; all of them would need thousands of dummies.
    frames, dummies = [], []
    for place, stack in enumerate(laid_out.stacks[:2]):
        # A row or a month without any death has a mean of zero, and no part in the fit.
        is_counted = (stack.values.sum(axis=1) > 0)[:, None] & (stack.values.sum(axis=0) > 0)
        rows, columns = np.nonzero(stack.known & is_counted)
        frames.append(
            pd.DataFrame(
                {
                    "y": stack.values[rows, columns],
                    "treated": (rows == 0) & laid_out.after[columns],
                    "weight": stack.weight,
                }
            )
        )
        # One month of each stack is the reference.
        of_month = pd.get_dummies(columns, prefix=f"{place}.month", dtype=float).iloc[:, 1:]
        of_host = pd.get_dummies(rows, prefix=f"{place}.host", dtype=float)
        dummies.append(pd.concat([of_host, of_month], axis=1))
    data = pd.concat(frames, ignore_index=True)
    effects = pd.concat(dummies, ignore_index=True).fillna(0.0)
    x = np.column_stack([data["treated"].astype(float), effects])
    model = sm.GLM(
        data["y"].to_numpy(), x, family=sm.families.Poisson(), freq_weights=data["weight"]
    )
    fitted = model.fit(tol=1e-13, maxiter=200)
    own = stacked_poisson(laid_out.stacks[:2], laid_out.after).estimate
    return abs(float(fitted.params[0]) - own)
