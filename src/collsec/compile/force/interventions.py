"""Military interventions of the permanent members by year, and how many had a mandate.

The terms of the three publications do not say whether rows may be handed on: interventions are
counted by power and year, and nothing of a single one is kept. None of the first two says whether
the Council authorized an intervention; that is coded in the rules, from resolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.rules import RuleFile, Strict
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.core.models import Whole
from collsec.upstream.readers import read_columns

IMI, MIP, HMI, TEXTS = "imi", "mip", "prif_interventions", "resolution_texts"
ONGOING = frozenset({"88888888", "99999999"})
AUTHORIZED, PERMANENT, NO = "2", "1", "0"
US = 2


class Mandate(Strict):
    """An authorization by the Council: by which resolution, in which states, whom, until when.

    Its `words` stand in the text of the resolution.
    """

    resolution: str
    words: str
    states: tuple[Whole, ...]
    powers: tuple[Whole, ...]
    until: str
    reason: str
    is_disputed: bool = False


class Unused(Strict):
    """Resolutions that authorize force, and that no intervention rests on, with the reason."""

    resolutions: tuple[Whole, ...]
    reason: str


class InterventionRules(RuleFile):
    """Which interventions are counted, and which had a mandate.

    Attributes
    ----------
    first_year, last_year, further_last_year, humanitarian_last_year : int
        Years of the three publications.
    armed_types, combat_types : tuple of str
        Codes of what troops do; `fires` that of fire from outside.
    powers : tuple of int
        State codes.
    joint : dict
        Code of an organization → powers that take part in its operations.
    mandate : tuple of Mandate
    unused : tuple of Unused
    """

    file: ClassVar[str] = "interventions.toml"
    first_year: Whole
    last_year: Whole
    further_last_year: Whole
    humanitarian_last_year: Whole
    armed_types: tuple[str, ...]
    combat_types: tuple[str, ...]
    fires: str
    powers: tuple[Whole, ...]
    joint: dict[str, tuple[Whole, ...]]
    mandate: tuple[Mandate, ...]
    unused: tuple[Unused, ...]


@dataclass(frozen=True, slots=True)
class Intervention:
    """A power's part in an intervention.

    Attributes
    ----------
    power, target : int
        State codes.
    began, ended : str
        ISO dates; an end that is not known is far off.
    is_armed, is_combat : bool
    """

    power: int
    target: int
    began: str
    ended: str
    is_armed: bool
    is_combat: bool


def intervention_years_from(
    imi: Path,
    mip: Path,
    resolutions: pd.DataFrame,
    rules: InterventionRules,
    seats: Callable[[date], list[int]],
) -> pd.DataFrame:
    """One row per power and year: interventions that began in it, by whether they had a mandate.

    Parameters
    ----------
    imi, mip : Path
        Interventions of all states, and those of the United States.
    resolutions : DataFrame
        As `collsec.compile.council.resolutions.resolutions_from` gives it.
    rules : InterventionRules
    seats : callable
        Day → state codes of the permanent members.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by power and year.

    Raises
    ------
    BadTable
        If a mandate rests on a resolution that is not on record.

    References
    ----------
    Pickering, J. and E. F. Kisangani (2009). The International Military Intervention dataset: An
    updated resource for conflict scholars. Journal of Peace Research 46(4): 589–599.
    doi:10.1177/0022343309334634
    Kushi, S. and M. D. Toft (2023). Introducing the Military Intervention Project. Journal of
    Conflict Resolution 67(4): 752–779. doi:10.1177/00220027221117546
    """
    every = read_interventions(imi, rules)
    adopted = adoption_days(resolutions, rules)
    further = read_us_years(mip)
    rows = []
    for power in rules.powers:
        last = rules.further_last_year if power == US else rules.last_year
        for year in range(rules.first_year, last + 1):
            own = [i for i in every if i.power == power and int(i.began[:4]) == year]
            armed = [i for i in own if i.is_armed]
            stands = [mandate_of(i, rules, adopted) for i in armed]
            counts = {
                "interventions": len(own),
                "armed_interventions": len(armed),
                "combat_interventions": sum(i.is_combat for i in own),
                "armed_with_mandate": stands.count("at_start"),
                "armed_mandate_later": stands.count("later"),
                "armed_mandate_disputed": stands.count("disputed"),
                "armed_without_mandate": stands.count("none"),
            }
            is_covered = year <= rules.last_year
            rows.append(
                {
                    "gwno": power,
                    "year": year,
                    "is_permanent_member": power in seats(date(year, 12, 31)),
                    **{name: n if is_covered else None for name, n in counts.items()},
                    "us_interventions": further.get(year, 0) if power == US else None,
                    "source": [
                        *([IMI] if is_covered else ()),
                        *([TEXTS] if armed else ()),
                        *([MIP] if power == US else ()),
                    ],
                    "basis": "file",
                }
            )
    table = pd.DataFrame(rows)
    return table.astype(dict.fromkeys([*counts, "us_interventions"], "Int64"))


def read_interventions(path: Path, rules: InterventionRules) -> list[Intervention]:
    """Interventions of the powers; a joint one is one of each power that takes part."""
    columns = ["intervener", "target", "start", "end", "type", "firing_outside"]
    out = []
    for r in records_of(read_columns(path, columns)):
        joint = rules.joint.get(str(r["intervener"]), (int(str(r["intervener"])),))
        kind, end = str(r["type"]), str(r["end"])
        for power in joint:
            if power in rules.powers:
                out.append(
                    Intervention(
                        power,
                        int(str(r["target"])),
                        iso_of(str(r["start"])),
                        "9999-12-31" if end in ONGOING else iso_of(end),
                        kind in rules.armed_types or str(r["firing_outside"]) == rules.fires,
                        kind in rules.combat_types,
                    )
                )
    return out


def iso_of(day: str) -> str:
    """A day as ISO text.

    >>> iso_of("19900811")
    '1990-08-11'
    """
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}"


def adoption_days(resolutions: pd.DataFrame, rules: InterventionRules) -> Mapping[str, str]:
    """ISO day of the adoption of each resolution that a mandate rests on."""
    days = dict(
        zip(resolutions["resolution_id"], resolutions["resolution_date"].astype(str), strict=True)
    )
    for one in rules.mandate:
        if one.resolution not in days:
            raise BadTable(
                f"data/raw/rules/{rules.file}",
                "a mandate rests on a resolution that is not on record.",
                column="resolution",
                value=one.resolution,
            )
    return {one.resolution: days[one.resolution][:10] for one in rules.mandate}


def mandate_of(one: Intervention, rules: InterventionRules, adopted: Mapping[str, str]) -> str:
    """Whether an intervention had a mandate: ``at_start``, ``later``, ``disputed``, ``none``."""
    found = set()
    for mandate in rules.mandate:
        if one.power not in mandate.powers or one.target not in mandate.states:
            continue
        day = adopted[mandate.resolution]
        if one.began > mandate.until or (one.began < day and one.ended <= day):
            continue
        stands = "at_start" if one.began >= day else "later"
        found.add("disputed" if mandate.is_disputed else stands)
    order = ("disputed", "at_start", "later")
    return next((s for s in order if s in found), "none")


def read_us_years(path: Path) -> dict[int, int]:
    """Interventions of the United States that began in each year, by the further publication."""
    raw = read_columns(path, ["styear", "RemoveCase"])
    years = raw.loc[raw["RemoveCase"] == NO, "styear"].astype(int)
    counts = years.value_counts()
    return dict(zip(counts.index.tolist(), counts.tolist(), strict=True))


def humanitarian_intervention_years_from(path: Path, rules: InterventionRules) -> pd.DataFrame:
    """One row per year: humanitarian interventions that began, who took part, with what mandate.

    Parameters
    ----------
    path : Path
        The publication.
    rules : InterventionRules

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by year.

    References
    ----------
    Gromes, T. and M. Dembinski (2019). Practices and outcomes of humanitarian military
    interventions: A new data set. International Interactions 45(6): 1032–1048.
    doi:10.1080/03050629.2019.1638374
    """
    raw = read_columns(path, ["HMISTART", "UNSC", "P5"])
    year = raw["HMISTART"].str[:4].astype(int)
    permanent, has = raw["P5"] == PERMANENT, raw["UNSC"] == AUTHORIZED
    rows: list[dict[str, Any]] = []
    for y in range(rules.first_year, rules.humanitarian_last_year + 1):
        now = year == y
        rows.append(
            {
                "year": y,
                "humanitarian_interventions": int(now.sum()),
                "humanitarian_with_mandate": int((now & has).sum()),
                "humanitarian_of_permanent": int((now & permanent).sum()),
                "humanitarian_of_permanent_with_mandate": int((now & permanent & has).sum()),
                "source": [HMI],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows)
