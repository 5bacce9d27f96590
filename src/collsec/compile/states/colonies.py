"""Former colonies of the great powers."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from collsec.core.errors import BadTable, MissingInput

# Powers that the Colonial Dates Dataset covers, by its names.
COLONIZERS = {"uk": "britain", "france": "france", "germany": "germany", "italy": "italy"}
# Powers that had no colony outside their own borders in the sense of the data set.
NEVER = ("china", "india", "brazil")


@dataclass(frozen=True, slots=True)
class Rule:
    """States that a power outside of the data set ruled.

    Attributes
    ----------
    power : str
    states : tuple of int
        Gleditsch–Ward codes of the later states.
    first_year, last_year : int
        Years of rule.
    reason : str
    """

    power: str
    states: tuple[int, ...]
    first_year: int
    last_year: int
    reason: str


RULES = (
    Rule("usa", (840,), 1898, 1946, "The Philippines."),
    Rule("usa", (983, 986, 987), 1947, 1994, "Trust Territory of the Pacific Islands."),
    Rule(
        "russia",
        (359, 366, 367, 368, 369, 370, 371, 372, 373, 701, 702, 703, 704, 705),
        1922,
        1991,
        "Republics of the Soviet Union.",
    ),
    Rule("japan", (731, 732), 1910, 1945, "Korea."),
    Rule("japan", (713,), 1895, 1945, "Taiwan."),
    Rule("japan", (983, 986, 987), 1919, 1945, "South Seas Mandate."),
)

# States that the Colonial Dates Dataset lists under the name of another one.
OTHER_STATES = {
    680: "YEM",  # Aden is South Yemen before unification; North Yemen was no colony
    817: "VNM",
    511: "TZA",
    751: "IND",
    626: "SDN",
    265: "DEU",
    315: "CZE",
    345: "SRB",
}
NOT_YET = {678: 1990}  # first year from which a state continues a colony of its name


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
    """

    first_year: dict[tuple[int, str], int]
    covered: frozenset[int]
    sources: dict[str, str]
    default_source: str

    def source_of(self, power: str) -> str:
        """Key of the source that tells the colonies of a power."""
        return self.sources.get(power, self.default_source)

    def was_colony(self, host: int, power: str, year: int) -> bool | None:
        """Whether the power had ruled the host by the end of a year; None if not covered."""
        known = self.first_year.get((host, power))
        if known is not None:
            return known <= year and year >= NOT_YET.get(host, year)
        return False if host in self.covered else None


def read_colonies(
    dates: Path, names: Path, iso3_of: dict[int, str], sources: dict[str, str]
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
    sources : dict
        Keys of the sources: ``dates``, ``names``, and ``states`` for successions of states.

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
    iso = {row["country"]: row["iso3c"] for row in records(names)}
    iso["South Sudan"] = "SSD"
    power_of = {colonizer: power for power, colonizer in COLONIZERS.items()}
    start: dict[tuple[str, str], int] = {}
    listed = set()
    for number, row in enumerate(records(dates), start=2):
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
    codes = {gwno: OTHER_STATES.get(gwno, code) for gwno, code in iso3_of.items()}
    codes |= {gwno: code for gwno, code in OTHER_STATES.items() if gwno not in codes}
    first = {
        (gwno, power): year
        for gwno, code in codes.items()
        for (country, power), year in start.items()
        if country == code
    }
    first |= {(s, rule.power): rule.first_year for rule in RULES for s in rule.states}
    others = {p: sources["names"] for p in ("usa", "japan", *NEVER)} | {"russia": sources["states"]}
    covered = frozenset(g for g, code in codes.items() if code in listed)
    return Colonies(first, covered, others, sources["dates"])


def records(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    if not path.exists():
        raise MissingInput(f"{path.name} is missing from the upstream folder.")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))
