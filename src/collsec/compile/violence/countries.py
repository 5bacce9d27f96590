"""Which conflicts killed in which country and year, from UCDP's file of country-years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from collsec.compile.rules import RuleFile, Strict
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
