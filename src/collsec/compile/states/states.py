"""The study's list of state codes: Gleditsch–Ward, with the COW code of each span."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from collsec.compile.states.powers import CONTROLS, P5, Holding
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.r_data import r_date, read_rda
from collsec.upstream.stata import read_stata

FIRST_DAY = date(1945, 1, 1)  # spans that ended earlier are left out
LIST_END = date(2020, 12, 31)  # spans that reach the end of the list go on

# UCDP's regions, by Gleditsch–Ward code.
REGIONS = ((2, 165, 5), (200, 399, 1), (400, 626, 4), (630, 698, 2), (700, 990, 3))


@dataclass(frozen=True, slots=True)
class CowCode:
    """The code under which COW lists a state, where it is not the Gleditsch–Ward code.

    Attributes
    ----------
    gwno : int
    first : date
        First day from which COW uses `code`.
    code : int or None
        None where COW does not list the state at all.
    """

    gwno: int
    first: date
    code: int | None


COW_CODES = (
    CowCode(260, date(1990, 10, 3), 255),  # COW lists united Germany as Germany again
    CowCode(678, date(1990, 5, 22), 679),  # and united Yemen as a new state
    CowCode(340, date(2006, 6, 5), 345),  # Serbia continues Yugoslavia
    CowCode(970, date.min, 946),
    CowCode(971, date.min, 970),
    CowCode(972, date.min, 955),
    CowCode(973, date.min, 947),
    CowCode(396, date.min, None),
    CowCode(397, date.min, None),
    CowCode(711, date.min, None),
    CowCode(751, date.min, None),
)
# ISO codes that the source lacks, or has for another state of the same name.
ISO3 = {
    255: "",
    340: "SRB",
    345: "YUG",
    347: "XKX",
    511: "",
    678: "YEM",
    680: "YMD",
    711: "",
    817: "",
    396: "",
    397: "",
    971: "NRU",
    972: "TON",
    973: "TUV",
    751: "",
}
# States that UCDP counts and the list does not: code, name, first and last day.
FURTHER_STATES = ((751, "Hyderabad", date(1947, 8, 15), date(1948, 9, 18)),)


def region_of(gwno: int) -> int:
    """UCDP's region of a state: 1 Europe, 2 Middle East, 3 Asia, 4 Africa, 5 Americas.

    Raises
    ------
    BadTable
        If the code lies in no region.

    >>> region_of(651), region_of(620)
    (2, 4)
    """
    for low, high, region in REGIONS:
        if low <= gwno <= high:
            return region
    raise BadTable("data/raw/compiled/states.csv", "unknown state code.", column="gwno", value=gwno)


def states_from(system: Path, ideal_points: Path, sources: dict[str, str]) -> pd.DataFrame:
    """One row per state and span of independence under one COW code.

    Parameters
    ----------
    system : Path
        Gleditsch–Ward state system (``.rda``).
    ideal_points : Path
        UN ideal points (``.dta``), for ISO codes.
    sources : dict
        Keys of the sources: ``system``, ``iso3`` and ``further``.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, sorted by code and first day.

    References
    ----------
    Gleditsch, K. S. and M. D. Ward (1999). A revised list of independent states since the Congress
    of Vienna. International Interactions 25(4). https://doi.org/10.1080/03050629908434958
    """
    listed = read_rda(system, ["gwcode", "gw_name", "microstate", "start", "end"])
    iso3 = iso3_by_cow(ideal_points)
    spans = [
        (
            int(s["gwcode"]),
            str(s["gw_name"]),
            bool(s["microstate"]),
            r_date(s["start"]),
            r_date(s["end"]),
            sources["system"],
        )
        for s in records_of(listed)
    ] + [(*further[:2], False, *further[2:], sources["further"]) for further in FURTHER_STATES]
    rows = []
    for gwno, name, microstate, first, last, source in sorted(spans):
        if last < FIRST_DAY:
            continue
        for start, end, cow in parted(gwno, first, last if last < LIST_END else None):
            rows.append(
                {
                    "gwno": gwno,
                    "name": name,
                    "valid_from": start,
                    "valid_to": end,
                    "cow_code": cow,
                    "iso3": (ISO3[gwno] if gwno in ISO3 else iso3.get(cow or 0)) or None,
                    "region": region_of(gwno),
                    "is_microstate": microstate,
                    "is_p5": stands(gwno, P5),
                    "is_control_power": stands(gwno, CONTROLS),
                    "source": [source, sources["iso3"]],
                    "basis": "file",
                }
            )
    return pd.DataFrame(rows).astype({"cow_code": "Int64"})


def parted(gwno: int, first: date, last: date | None) -> list[tuple[date, date | None, int | None]]:
    """Part a span where COW changes its code."""
    changes = [c for c in COW_CODES if c.gwno == gwno and (last is None or c.first <= last)]
    if not changes:
        return [(first, last, gwno)]
    change = changes[0]
    if change.first <= first:
        return [(first, last, change.code)]
    return [(first, change.first - timedelta(days=1), gwno), (change.first, last, change.code)]


def iso3_by_cow(path: Path) -> dict[int, str]:
    """COW code → ISO 3166 alpha-3 code, the one that stands in most sessions."""
    points = read_stata(path, ["ccode", "iso3c"])
    named = points[points["iso3c"].fillna("") != ""]
    most = named.groupby("ccode")["iso3c"].agg(lambda codes: sorted(codes.mode())[0])
    return {int(cow): str(iso) for cow, iso in most.items()}  # type: ignore[call-overload]


def stands(gwno: int, powers: dict[str, tuple[Holding, ...]]) -> bool:
    """Whether a state has stood for one of the powers."""
    return any(h.gwno == gwno for holdings in powers.values() for h in holdings)
