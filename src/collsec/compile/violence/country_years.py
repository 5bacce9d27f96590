"""Deaths by country and year as UCDP has them today, and how far the record of months holds them.

The file of months is of an older release and lacks much of the last years: what a year of months
adds up to stands beside the total of the current release, so that a reader sees where they part.
One-sided violence (of organized groups against civilians) has no record by month; its year stands
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

COLUMNS = (
    "country_id_cy",
    "country_cy",
    "year_cy",
    "sb_dyad_ids_cy",
    "sb_total_deaths_best_cy",
    "sb_total_deaths_low_cy",
    "sb_total_deaths_high_cy",
    "os_total_deaths_best_cy",
    "os_total_deaths_low_cy",
    "os_total_deaths_high_cy",
    "os_any_govt_killings_best_cy",
)
ESTIMATES = ("best", "low", "high")
NO_DYAD = "NO_DYAD"  # deaths that UCDP does not give to a dyad


MONTHS = 12
SHARE_DIGITS = 3


@dataclass(frozen=True, slots=True)
class CountryYear:
    """Deaths in a country and year.

    Attributes
    ----------
    conflicts : tuple of int
        UCDP ids of the conflicts that killed there, in numerical order.
    best, low, high : int
        State-based deaths: best, low and high estimate.
    one_sided : tuple of int
        Deaths of one-sided violence: best, low and high estimate.
    one_sided_by_governments : int
        Those of them that governments killed, best estimate.
    """

    conflicts: tuple[int, ...]
    best: int
    low: int
    high: int
    one_sided: tuple[int, int, int] = (0, 0, 0)
    one_sided_by_governments: int = 0


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
        best, low, high = (int(r[f"sb_total_deaths_{e}_cy"]) for e in ESTIMATES)
        of_one_side = [int(r[f"os_total_deaths_{e}_cy"]) for e in ESTIMATES]
        years[key] = CountryYear(
            conflicts=tuple(sorted({conflict_of[d] for d in ids})),
            best=best,
            low=low,
            high=high,
            one_sided=(of_one_side[0], of_one_side[1], of_one_side[2]),
            one_sided_by_governments=int(r["os_any_govt_killings_best_cy"]),
        )
        gwno[r["country_cy"]] = key[0]
    return CountryYears(years, gwno)


def country_violence_from(
    months: pd.DataFrame, countries: CountryYears, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per country and year with deaths of state-based or one-sided violence.

    Parameters
    ----------
    months : DataFrame
        As `collsec.compile.violence.months.read_months` gives it.
    countries : CountryYears
    sources : tuple of str
        Keys of the sources of the months and the country-years.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by country and year. Where a year of a country is not
        there, UCDP counts no such death in it.

    References
    ----------
    Eck, K. and L. Hultman (2007). One-sided violence against civilians in war. Journal of Peace
    Research 44(2). https://doi.org/10.1177/0022343307075124
    """
    by_year = months.groupby(years_of(months))
    sums, counts = by_year.sum(min_count=1), by_year.count()
    rows = []
    for (gwno, year), own in sorted(countries.years.items()):
        best, low, high = own.one_sided
        if not (own.best or own.high or best or high):
            continue
        is_there = gwno in months.columns and year in sums.index
        covered = int(counts[gwno][year]) if is_there else 0
        total = int(sums[gwno][year]) if covered == MONTHS else None
        rows.append(
            {
                "gwno": gwno,
                "year": year,
                "state_based_deaths": own.best,
                "months_covered": covered,
                "deaths_in_months": total,
                "month_share": total / own.best if own.best and total is not None else None,
                "one_sided_deaths": best,
                "one_sided_deaths_low": low,
                "one_sided_deaths_high": high,
                "one_sided_deaths_by_governments": own.one_sided_by_governments,
                "source": [sources[1], *([sources[0]] if covered else [])],
                "basis": "file",
            }
        )
    table = pd.DataFrame(rows).astype({"deaths_in_months": "Int64", "month_share": "float64"})
    return table.assign(month_share=table["month_share"].round(SHARE_DIGITS))


def years_of(months: pd.DataFrame | pd.Series) -> np.ndarray:
    """Calendar years of the rows of a record by month."""
    return np.array([month.year for month in months.index])


def shares_of_years(table: pd.DataFrame) -> pd.Series:
    """Share of the deaths of each year that the record of months holds, over countries it covers.

    Parameters
    ----------
    table : DataFrame
        As `country_violence_from` gives it.
    """
    known = table[table["deaths_in_months"].notna()]
    sums = known.groupby("year")[["deaths_in_months", "state_based_deaths"]].sum()
    share: pd.Series = sums["deaths_in_months"] / sums["state_based_deaths"]
    return share


def last_whole_year(table: pd.DataFrame, least_share: float) -> int:
    """The last year of which the record of months holds at least that share; 0 if of none."""
    share = shares_of_years(table)
    return max((int(year) for year in share.index[share >= least_share]), default=0)
