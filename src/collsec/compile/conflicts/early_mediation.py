"""Years before 1989 in which a third party began to mediate in a conflict.

The record has names alone, no ids, and its dates of episodes are partly those of a spreadsheet that
counted on (El Salvador 1979): a row is joined by the country, the year of the mediation, and the
names of the rebels, or not at all. Its terms are not stated, and nothing of a row is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.rules import RuleFile
from collsec.compile.text import records_of
from collsec.core.models import Whole
from collsec.upstream.readers import read_columns

YEAR = re.compile(r"(\d{1,2})?/(\d{1,2})?/(\d{4}|\d{2})")
WORD = re.compile(r"[a-z0-9]{3,}")
CENTURY = 1900  # rows of this century have years from 00 to 11, none of which is before 1989
SLACK = 1  # years before the first and after the last active year in which talks are of an episode
SIDE, ALONE, UNMATCHED, SEVERAL = "side", "only_conflict", "no_conflict", "several_conflicts"


class EarlyMediationRules(RuleFile):
    """Names of places, and words that tell nothing of a party.

    Attributes
    ----------
    first_year, last_year : int
        Years that are taken.
    common_words : tuple of str
    locations : dict
        Country → place as UCDP has it.
    """

    file: ClassVar[str] = "early_mediation.toml"
    first_year: Whole
    last_year: Whole
    common_words: tuple[str, ...]
    locations: dict[str, str]

    def words(self, names: str) -> set[str]:
        """Words of names of parties that tell them apart."""
        return set(WORD.findall(names.lower())) - set(self.common_words)


def early_mediation_from(
    path: Path, episodes: pd.DataFrame, rules: EarlyMediationRules, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per conflict and year before 1989 in which mediation began.

    Parameters
    ----------
    path : Path
        The record of mediation.
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    rules : EarlyMediationRules
    sources : tuple of str
        Keys of the sources of the mediation and the episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by conflict and year.

    References
    ----------
    DeRouen, K., J. Bercovitch and P. Pospieszna (2011). Introducing the Civil Wars Mediation (CWM)
    dataset. Journal of Peace Research 48(5): 663–672. doi:10.1177/0022343311406157
    """
    found: dict[tuple[int, int], Counter[str]] = {}
    for conflict, year, how in matches(path, episodes, rules):
        if conflict is not None:
            found.setdefault((conflict, year), Counter())[how] += 1
    rows = [
        {
            "conflict_id": conflict,
            "year": year,
            "mediations_begun": sum(counts.values()),
            "matched_by": SIDE if counts[SIDE] == sum(counts.values()) else ALONE,
            "source": list(sources),
            "basis": "file",
        }
        for (conflict, year), counts in sorted(found.items())
    ]
    return pd.DataFrame(rows)


def matches(
    path: Path, episodes: pd.DataFrame, rules: EarlyMediationRules
) -> list[tuple[int | None, int, str]]:
    """Conflict, year, and how it was found, of each row with mediation that began in the years.

    A conflict of the place is found by a telling word that its rebels share with those of the row
    (``side``), or because it alone was active then (``only_conflict``). Where several share a word,
    or none does, there is no match.
    """
    wars = records_of(episodes)
    out: list[tuple[int | None, int, str]] = []
    for r in records_of(read_columns(path, ["country", "sideb", "med.begins"], encoding="latin-1")):
        begun = YEAR.fullmatch(str(r["med.begins"]).strip())
        if begun is None:
            continue
        year = int(begun[3]) + (CENTURY if len(begun[3]) == 2 else 0)
        if not rules.first_year <= year <= rules.last_year:
            continue
        country = str(r["country"]).strip()
        place = rules.locations.get(country, country)
        near = [w for w in wars if place in parts_of(w["location"]) and _is_near(w, year)]
        named = rules.words(str(r["sideb"]))
        by_side = {
            int(w["conflict_id"])
            for w in near
            if named & rules.words(" ".join(parts_of(w["side_b"])))
        }
        every = {int(w["conflict_id"]) for w in near}
        if len(by_side) == 1:
            out.append((by_side.pop(), year, SIDE))
        elif len(every) == 1:
            out.append((every.pop(), year, ALONE))
        else:
            out.append((None, year, SEVERAL if every else UNMATCHED))
    return out


def _is_near(war: dict[str, Any], year: int) -> bool:
    return int(war["first_year"]) - SLACK <= year <= int(war["last_year"]) + SLACK


def parts_of(value: str | Iterable[str]) -> list[str]:
    """Names of a cell that holds a list."""
    return value.split(";") if isinstance(value, str) else list(value)
