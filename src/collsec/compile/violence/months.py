"""Deaths of state-based violence by month in the hosts of wars, 1990–2023.

The counts are UCDP's, by country. The file has two traps: the labels of its months are a
year too early, and a country is empty, not quiet, before the file's own id of it begins. A month is
given to a conflict only where a single one killed in that country in that year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.rules import RuleFile, Strict
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import csv_rows, read_columns


def violence_months_from(
    path: Path,
    episodes: pd.DataFrame,
    countries: CountryYears,
    rules: ViolenceRules,
    sources: tuple[str, str, str],
) -> pd.DataFrame:
    """One row per host of an episode and run of months with the same deaths.

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
    kept = months_of_hosts(episodes, rules.margin_months, first, last)
    rows = []
    for host in sorted(kept):
        if host not in deaths:
            raise BadTable(path.name, "lacks the host of an episode.", value=host)
        for run in runs(kept[host], deaths[host], host, countries.years):
            rows.append(run | {"source": list(sources), "basis": "file"})
    return pd.DataFrame(rows).astype({"deaths": "Int64", "conflict_id": "Int64"})


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


def runs(
    months: set[pd.Period],
    deaths: pd.Series,
    host: int,
    years: Mapping[tuple[int, int], CountryYear],
) -> Iterator[dict[str, Any]]:
    """Runs of months with the same deaths of the same conflicts."""
    counts: dict[Any, float] = dict(zip(deaths.index, deaths, strict=True))
    open_run: dict[str, Any] | None = None
    for month in sorted(months):
        value = counts[month]
        count = None if pd.isna(value) else int(value)
        year = years.get((host, month.year))
        conflicts = year.conflicts if year and count else ()
        state = {
            "deaths": count,
            "conflicts": [str(c) for c in conflicts],
            "is_shared": len(conflicts) > 1,
            "conflict_id": conflicts[0] if len(conflicts) == 1 else None,
        }
        if open_run and open_run["next"] == month and open_run["state"] == state:
            open_run |= {"to": month, "next": month + 1}
            continue
        if open_run:
            yield row_of(host, open_run)
        open_run = {"from": month, "to": month, "next": month + 1, "state": state}
    if open_run:
        yield row_of(host, open_run)


def row_of(host: int, run: dict[str, Any]) -> dict[str, Any]:
    """The row of one run, without its sources."""
    return {
        "gwno_host": host,
        "from_month": run["from"].end_time.date(),
        "to_month": run["to"].end_time.date(),
        **run["state"],
    }


COLUMNS = (
    "country_id_cy",
    "country_cy",
    "year_cy",
    "sb_dyad_ids_cy",
    "sb_total_deaths_best_cy",
    "sb_total_deaths_low_cy",
    "sb_total_deaths_high_cy",
)
NO_DYAD = "NO_DYAD"  # deaths that UCDP does not give to a dyad


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
    significant_digits : int
        Digits kept of values whose terms do not say that they may be handed on.
    country, old_conflict : tuple
        See `Country` and `OldConflict`.
    """

    file: ClassVar[str] = "violence.toml"
    label_shift_months: int
    margin_months: int
    significant_digits: int
    country: tuple[Country, ...]
    old_conflict: tuple[OldConflict, ...]


@dataclass(frozen=True, slots=True)
class CountryYear:
    """State-based deaths in a country and year.

    Attributes
    ----------
    conflicts : tuple of int
        UCDP ids of the conflicts that killed there, in numerical order.
    best, low, high : int
        Deaths: best, low and high estimate.
    """

    conflicts: tuple[int, ...]
    best: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class CountryYears:
    """UCDP's country-years.

    Attributes
    ----------
    years : mapping
        (state code, year) → deaths and conflicts.
    gwno : mapping
        Name of a country → state code.
    """

    years: Mapping[tuple[int, int], CountryYear]
    gwno: Mapping[str, int]


def read_country_years(path: Path, conflict_of: Mapping[int, int]) -> CountryYears:
    """Read UCDP's country-years of organized violence.

    Parameters
    ----------
    path : Path
        The publisher's CSV.
    conflict_of : mapping
        Dyad → conflict.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, a country-year stands twice or a dyad is unknown.

    References
    ----------
    Davies, S., T. Pettersson, M. Sollenberg and M. Öberg (2025). Organized violence 1989–2024.
    Journal of Peace Research 62(4). https://doi.org/10.1177/00223433251345636
    """
    raw = read_columns(path, COLUMNS)
    years: dict[tuple[int, int], CountryYear] = {}
    gwno: dict[str, int] = {}
    for at, r in zip(raw.index, records_of(raw), strict=True):
        key = int(r["country_id_cy"]), int(r["year_cy"])
        if key in years:
            raise BadTable(path.name, "a country-year stands twice.", row=int(at) + 2)
        dyads = [d.strip() for d in r["sb_dyad_ids_cy"].split(";")]
        ids = [int(d) for d in dyads if d and d != NO_DYAD]
        if unknown := [d for d in ids if d not in conflict_of]:
            raise BadTable(
                path.name,
                "a dyad that the Dyadic Dataset does not have.",
                row=int(at) + 2,
                column="sb_dyad_ids_cy",
                value=unknown[0],
            )
        years[key] = CountryYear(
            tuple(sorted({conflict_of[d] for d in ids})),
            *(int(r[f"sb_total_deaths_{e}_cy"]) for e in ("best", "low", "high")),
        )
        gwno[r["country_cy"]] = key[0]
    return CountryYears(years, gwno)
