"""Former colonies of the great powers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from collsec.compile.rules import RuleFile, Strict
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.core.models import Whole
from collsec.upstream.readers import read_columns


class Ruled(Strict):
    """States that a power outside of the data set ruled.

    Attributes
    ----------
    power : str
    states : tuple of int
        Gleditsch–Ward codes of the later states.
    first_year, last_year : int
        Years of rule.
    source, reason : str
    """

    power: str
    states: tuple[Whole, ...]
    first_year: Whole
    last_year: Whole
    source: str
    reason: str


class ListedAs(Strict):
    """A state that the data set lists under the ISO code of another one."""

    gwno: Whole
    iso3: str
    reason: str


class Continues(Strict):
    """A state that continues a colony of its name only from a year on."""

    gwno: Whole
    from_year: Whole
    reason: str


class ColonialRules(RuleFile):
    """Which colonies of which powers the data set has, and what it does not have."""

    file: ClassVar[str] = "colonies.toml"
    without_colonies: tuple[str, ...]
    colonizers: dict[str, str]
    iso3: dict[str, str]
    ruled: tuple[Ruled, ...]
    listed_as: tuple[ListedAs, ...]
    continues: tuple[Continues, ...]


@dataclass(frozen=True, slots=True)
class Colonies:
    """Years of colonial rule.

    Attributes
    ----------
    first_year : dict
        (host, power) → first year of rule, if there was any.
    covered : frozenset of int
        States that the data set knows.
    sources : dict
        Power → key of the source of its colonies, where it is not the data set's.
    default_source : str
        Key of the data set.
    not_before : dict
        State → first year from which it continues a colony of its name, where that is not all.
    """

    first_year: dict[tuple[int, str], int]
    covered: frozenset[int]
    sources: dict[str, str]
    default_source: str
    not_before: dict[int, int]

    def source_of(self, power: str) -> str:
        """Key of the source of the colonies of a power."""
        return self.sources.get(power, self.default_source)

    def was_colony(self, host: int, power: str, year: int) -> bool | None:
        """Whether the power had ruled the host by the end of a year; None if not covered."""
        known = self.first_year.get((host, power))
        if known is not None:
            return known <= year and year >= self.not_before.get(host, year)
        return False if host in self.covered else None


def read_colonies(
    dates: Path,
    names: Path,
    iso3_of: dict[int, str],
    rules: ColonialRules,
    sources: dict[str, str],
) -> Colonies:
    """Read the Colonial Dates Dataset.

    Parameters
    ----------
    dates : Path
        Colonial Dates Dataset, dyads (CSV).
    names : Path
        A table of the same country names with ISO codes (CSV).
    iso3_of : dict
        State code → ISO code.
    rules : ColonialRules
    sources : dict
        Keys of the sources: ``dates`` and ``names``.

    Raises
    ------
    MissingInput
        If a file is absent.
    BadTable
        If a country has no ISO code.

    Notes
    -----
    Rule begins in the latest of the years that the data set has collected.

    References
    ----------
    Becker, B. (2019). Introducing COLDAT: The Colonial Dates Dataset. SOCIUM/SFB1342 Working
    Papers 02/2019. https://doi.org/10.7910/DVN/T9SDEW
    """
    named = read_columns(names, ["country", "iso3c"])
    iso = {row["country"]: row["iso3c"] for row in records_of(named)}
    iso |= rules.iso3
    power_of = {colonizer: power for power, colonizer in rules.colonizers.items()}
    start: dict[tuple[str, str], int] = {}
    listed = set()
    dyads = read_columns(dates, ["country", "colonizer", "col", "colstart_max"])
    for number, row in enumerate(records_of(dyads), start=2):
        if row["country"] not in iso:
            raise BadTable(
                dates.name,
                "country without an ISO code.",
                row=number,
                column="country",
                value=row["country"],
            )
        listed.add(iso[row["country"]])
        if row["col"] == "1" and row["colonizer"] in power_of:
            year = int(float(row["colstart_max"]))
            start[iso[row["country"]], power_of[row["colonizer"]]] = year
    listed_as = {state.gwno: state.iso3 for state in rules.listed_as}
    codes = {gwno: listed_as.get(gwno, code) for gwno, code in iso3_of.items()}
    codes |= {gwno: code for gwno, code in listed_as.items() if gwno not in codes}
    first = {
        (gwno, power): year
        for gwno, code in codes.items()
        for (country, power), year in start.items()
        if country == code
    }
    first |= {(s, rule.power): rule.first_year for rule in rules.ruled for s in rule.states}
    others = dict.fromkeys(rules.without_colonies, sources["names"])
    others |= {rule.power: rule.source for rule in rules.ruled}
    return Colonies(
        first,
        frozenset(g for g, code in codes.items() if code in listed),
        others,
        sources["dates"],
        {state.gwno: state.from_year for state in rules.continues},
    )
