"""Deaths of state-based violence by month in the hosts of wars, 1990–2023.

The counts are UCDP's, by country. The file has four traps: the labels of its months are a
year too early; a country is empty, not quiet, before the file's own id of it begins; deaths of a
year whose days are not known stand in one month; and its last years lack much of what UCDP has
counted since. A month is given to a conflict only where a single one killed in that country in
that year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.rules import RuleFile, Strict
from collsec.compile.text import records_of
from collsec.compile.violence.country_years import (
    MONTHS,
    CountryYears,
    country_violence_from,
    last_whole_year,
    years_of,
)
from collsec.core.errors import BadTable
from collsec.core.models import Number, Whole
from collsec.upstream.readers import csv_rows, read_columns


def violence_months_from(
    path: Path,
    episodes: pd.DataFrame,
    countries: CountryYears,
    rules: ViolenceRules,
    sources: tuple[str, str, str],
) -> pd.DataFrame:
    """One row per country with a war and run of months with the same deaths.

    Parameters
    ----------
    path : Path
        State-based deaths by country (columns) and month (rows).
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    countries : CountryYears
        Which conflicts killed where.
    rules : ViolenceRules
    sources : tuple of str
        Keys of the sources of the months, the country-years and the episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by host and month. Months without deaths name no
        conflicts: zero is every conflict's.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a name of a country is unknown, or a month is no count.

    References
    ----------
    Sundberg, R. and E. Melander (2013). Introducing the UCDP Georeferenced Event Dataset. Journal
    of Peace Research 50(4). https://doi.org/10.1177/0022343313484347
    """
    deaths = read_months(path, countries.gwno, rules)
    first, last = deaths.index[0], deaths.index[-1]
    hosts = months_of_hosts(episodes, rules.margin_months, first, last)
    if lost := sorted(set(hosts) - set(deaths.columns)):
        raise BadTable(path.name, "lacks the host of an episode.", value=lost[0])
    yearly = country_violence_from(deaths, countries, (sources[0], sources[1]))
    whole_until = last_whole_year(yearly, rules.whole_share)
    killed = months_of_killing(countries, rules.killing_deaths, deaths)
    rows = []
    for country in sorted(hosts.keys() | killed.keys()):
        own = hosts.get(country, set())
        states = states_of(deaths[country], country, countries, whole_until, rules)
        kept = {
            month: states[month] | {"is_host": month in own}
            for month in own | killed.get(country, set())
        }
        for run in runs(kept):
            rows.append({"gwno_host": country} | run | {"source": list(sources), "basis": "file"})
    whole = ["deaths", "conflict_id", "scaled_deaths"]
    return pd.DataFrame(rows).astype(dict.fromkeys(whole, "Int64") | {"is_superseded": "boolean"})


def read_months(path: Path, known: Mapping[str, int], rules: ViolenceRules) -> pd.DataFrame:
    """Deaths by month (monthly periods, labels put right) and state code; NaN where not covered.

    Parameters
    ----------
    path : Path
    known : mapping
        Name of a country → state code; `rules.country` adds what is written otherwise.
    rules : ViolenceRules
    """
    names = csv_rows(path)[0]
    codes = dict(known) | {c.name: c.gwno for c in rules.country}
    if unknown := [n for n in names[1:] if n not in codes]:
        raise BadTable(
            path.name,
            "unknown country.",
            value=unknown[0],
            remedy="Add it to data/raw/rules/violence.toml.",
        )
    raw = read_columns(path, names)
    labels = pd.PeriodIndex(raw[names[0]].str.slice(0, 7), freq="M")
    table = raw[names[1:]].apply(pd.to_numeric)
    if (table < 0).any().any() or (table % 1 > 0).any().any():
        raise BadTable(path.name, "a month that is no count of deaths.")
    table.index = labels + rules.label_shift_months
    table.columns = pd.Index([codes[n] for n in names[1:]])
    if table.columns.has_duplicates or table.index.has_duplicates:
        raise BadTable(path.name, "a country or a month stands twice.")
    out: pd.DataFrame = table.sort_index()
    return out


def months_of_hosts(
    episodes: pd.DataFrame, margin: int, first: pd.Period, last: pd.Period
) -> dict[int, set[pd.Period]]:
    """Host → months within so many months of one of its episodes, from `first` to `last`."""
    kept: dict[int, set[pd.Period]] = {}
    for e in records_of(episodes):
        begin = max(pd.Period(e["onset_date"], freq="M") - margin, first)
        end = min(pd.Period(e["end_date"], freq="M") + margin, last) if e["is_ended"] else last
        if begin <= end:
            for host in e["gwno_loc"]:
                kept.setdefault(int(host), set()).update(pd.period_range(begin, end))
    return kept


def months_of_killing(
    countries: CountryYears, least: int, deaths: pd.DataFrame
) -> dict[int, set[pd.Period]]:
    """Country → months of the years in which so many died there in coded conflicts.

    A war may be fought on the ground of a state that is no part of its location: Lebanon in 2006.
    """
    kept: dict[int, set[pd.Period]] = {}
    for (gwno, year), own in countries.years.items():
        months = deaths.index[years_of(deaths) == year]
        if gwno in deaths.columns and own.conflicts and own.best >= least and len(months):
            kept.setdefault(gwno, set()).update(months)
    return kept


def states_of(
    deaths: pd.Series, country: int, countries: CountryYears, whole_until: int, rules: ViolenceRules
) -> dict[Any, dict[str, Any]]:
    """Month → what is told of it, but for whether the country was a host."""
    lumped = lumped_months(deaths, rules)
    out: dict[Any, dict[str, Any]] = {}
    for key, months in deaths.groupby(years_of(deaths)):
        year = int(str(key))
        own = countries.years.get((country, year))
        total = int(months.sum()) if months.notna().sum() == MONTHS else None
        is_superseded = None
        if own is not None and total is not None:
            apart = abs(total - own.best)
            is_superseded = (
                apart > rules.superseded_share * own.best and apart >= rules.superseded_deaths
            )
        for month, value in months.items():
            count = None if pd.isna(value) else int(value)
            conflicts = own.conflicts if own and count else ()
            scaled = count
            if year > whole_until:
                scaled = scaled_to(count, total, None if own is None else own.best)
            out[month] = {
                "deaths": count,
                "conflicts": [str(c) for c in conflicts],
                "is_shared": len(conflicts) > 1,
                "conflict_id": conflicts[0] if len(conflicts) == 1 else None,
                "is_whole": year <= whole_until,
                "is_lumped": month in lumped,
                "is_superseded": is_superseded,
                "scaled_deaths": scaled,
            }
    return out


def lumped_months(deaths: pd.Series, rules: ViolenceRules) -> set[Any]:
    """Months that hold so many deaths, and so many times those of the larger neighbor month.

    >>> rules = ViolenceRules.model_construct(lumped_multiple=15, lumped_deaths=1000)
    >>> index = pd.period_range("1990-11", periods=4, freq="M")
    >>> sorted(map(str, lumped_months(pd.Series([42.0, 1696, 63, 999], index=index), rules)))
    ['1990-12']
    """
    beside = pd.concat([deaths.shift(1), deaths.shift(-1)], axis=1).max(axis=1)
    is_peak = deaths >= rules.lumped_multiple * beside
    return set(deaths.index[is_peak & (deaths >= rules.lumped_deaths)])


def scaled_to(count: int | None, of: int | None, total: int | None) -> int | None:
    """A month's part of the year's total, in the proportions of the record of months.

    >>> scaled_to(30, 120, 240), scaled_to(0, 0, 0), scaled_to(0, 0, 50), scaled_to(3, None, 9)
    (60, 0, None, None)
    """
    if count is None or of is None or total is None:
        return None
    if of == 0:
        return 0 if total == 0 else None
    return round(count * total / of)


def runs(states: dict[Any, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Runs of months of which the same is told."""
    open_run: dict[str, Any] | None = None
    for month in sorted(states):
        state = states[month]
        if open_run and open_run["next"] == month and open_run["state"] == state:
            open_run |= {"to": month, "next": month + 1}
            continue
        if open_run:
            yield row_of(open_run)
        open_run = {"from": month, "to": month, "next": month + 1, "state": state}
    if open_run:
        yield row_of(open_run)


COLUMNS = (
    "deaths",
    "conflicts",
    "is_shared",
    "conflict_id",
    "is_host",
    "is_whole",
    "is_lumped",
    "is_superseded",
    "scaled_deaths",
)


def row_of(run: dict[str, Any]) -> dict[str, Any]:
    """The row of one run, without its country and its sources."""
    return {
        "from_month": run["from"].end_time.date(),
        "to_month": run["to"].end_time.date(),
        **{name: run["state"][name] for name in COLUMNS},
    }


class Country(Strict):
    """A country that the file of months names otherwise, and its state code."""

    name: str
    gwno: int


class OldConflict(Strict):
    """An earlier id of a conflict, today's id (none if it is not coded any more), and why."""

    id: str
    reason: str
    conflict_id: int | None = None


class ViolenceRules(RuleFile):
    """How months are dated and countries named, and which earlier ids are bridged by hand.

    Attributes
    ----------
    label_shift_months : int
        Months by which the labels of the file of months are too early.
    margin_months : int
        Months kept before the onset and after the end of each episode.
    killing_deaths : int
        Deaths of a year from which on the year of a country is kept that is no host.
    whole_share : float
        Least share of a year's deaths that a whole record of months holds.
    lumped_multiple, lumped_deaths : int
        A lumped month has at least so many times the deaths of either neighbor, and so many.
    superseded_share : float
    superseded_deaths : int
        Months of a year are superseded whose sum is farther than this from the year's total.
    significant_digits : int
        Digits kept of values whose terms do not say that they may be handed on.
    country, old_conflict : tuple
        See `Country` and `OldConflict`.
    """

    file: ClassVar[str] = "violence.toml"
    label_shift_months: int
    margin_months: int
    killing_deaths: Whole
    whole_share: Number
    lumped_multiple: Whole
    lumped_deaths: Whole
    superseded_share: Number
    superseded_deaths: Whole
    significant_digits: int
    country: tuple[Country, ...]
    old_conflict: tuple[OldConflict, ...]
