"""What the data cover: years by source, precision of dates and their basis, activity by place.

Pure functions of the typed tables; each gives one tidy frame, which a figure draws and which is
published alongside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from collsec.histories.extents import last_day_followed
from collsec.upstream.sources import Source

# Which part of the data a source serves: that of the table in which most rows cite it.
FAMILIES = {
    "Conflicts": (
        "episodes",
        "outcomes",
        "episode_crosswalk",
        "peace_agreements",
        "ceasefires",
        "dyad_ceasefires",
        "ceasefire_coverage",
    ),
    "Missions": (
        "missions",
        "mission_conflicts",
        "mission_milestones",
        "mission_strength",
        "authorized_strength",
        "monthly_strength",
        "mandate_tasks",
        "troop_contributors",
        "contributor_months",
        "personnel_months",
        "mapped_contributors",
        "further_mandates",
        "mandate_paragraphs",
    ),
    "Security Council": (
        "vetoes",
        "draft_conflicts",
        "agenda_conflicts",
        "resolutions",
        "resolutions_since_2022",
        "chapter_vii",
        "resolution_conflicts",
        "council_members",
        "council_terms",
        "assembly_sittings",
        "assembly_conflicts",
        "african_regions",
        "un_sanctions",
    ),
    "States and ties": (),
}
# Columns that say when a row holds, the first pair that a table has in every row; and, of a table
# without one, the table and the date of the thing that its key names.
SPANS = (
    ("year", "year"),
    ("month", "month"),
    ("from_month", "to_month"),
    ("first_year", "last_year"),
)
KEYS = {
    "resolution_id": ("resolutions", "resolution_date"),
    "dispute_id": ("disputes", "start_date"),
    "episode_id": ("episodes", "onset_date"),
}
PRECISIONS = ("day", "month", "year")
BASES = ("file", "document", "recalled", "none")
DATES = {
    "authorized": "Authorization",
    "first_personnel": "First personnel",
    "first_troops": "First troops",
    "strength_10pct": "10 % of authorized strength",
    "strength_50pct": "50 % of authorized strength",
    "last_troops": "Last troops",
    "end": "End",
}
# Dates that every operation, or every one that ever had troops, must have had.
NEEDS_TROOPS = ("first_troops", "last_troops")
REGIONS = {1: "Europe", 2: "Middle East", 3: "Asia", 4: "Africa", 5: "Americas"}


def source_years(sources: Mapping[str, Source], tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Years that each source covers, of the sources that rows cite.

    Returns
    -------
    DataFrame
        ``family, source, title, version, first_year, last_year, n_tables, n_rows``. Both years
        are empty for what does not change; the last one is empty for what continues.
    """
    rows = cited_rows(tables)
    out = []
    for key, source in sources.items():
        cited = {table: n for (table, k), n in rows.items() if k == key}
        if not source.files or not cited:
            continue
        first, last = years_of(source.coverage)
        shares = {table: n / len(tables[table]) for table, n in cited.items()}
        most = max(sorted(cited, key=_place), key=lambda table: shares[table])
        family = next((f for f, own in FAMILIES.items() if most in own), list(FAMILIES)[-1])
        out.append(
            {
                "family": family,
                "source": key,
                "title": source.title,
                "version": source.version,
                "first_year": first,
                "last_year": last,
                "n_tables": len(cited),
                "n_rows": sum(cited.values()),
            }
        )
    frame = pd.DataFrame(out).astype({"first_year": "Int64", "last_year": "Int64"})
    order = {family: i for i, family in enumerate(FAMILIES)}
    return frame.sort_values(
        ["family", "first_year", "last_year", "title", "source"],
        key=lambda c: c.map(order) if c.name == "family" else c,
        na_position="last",
    ).reset_index(drop=True)


def _place(table: str) -> int:
    """Place of a table among those of all families; last of all where it is in none."""
    every = [name for own in FAMILIES.values() for name in own]
    return every.index(table) if table in every else len(every)


def cited_rows(tables: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str], int]:
    """Rows of each table that cite each key in ``source`` or in a column of a date's source."""
    out: dict[tuple[str, str], int] = {}
    for name, frame in tables.items():
        columns = [c for c in frame.columns if c == "source" or c.endswith("_source")]
        parts = pd.concat([frame[c].str.split(";").explode().str.strip() for c in columns])
        pairs = parts.rename("key").reset_index().dropna().drop_duplicates()
        for key, n in pairs["key"].value_counts().items():
            out[name, str(key)] = int(n)
    return out


def years_of(coverage: str) -> tuple[int | None, int | None]:
    """First and last year of a stated coverage.

    Examples
    --------
    >>> years_of("1946-2024"), years_of("1816-"), years_of("2023"), years_of("static")
    ((1946, 2024), (1816, None), (2023, 2023), (None, None))
    """
    found = re.fullmatch(r"(\d{4})(?:(-)(\d{4})?)?", coverage)
    if found is None:
        return None, None
    first, dash, last = found.groups()
    return int(first), int(last) if last else (None if dash else int(first))


def table_years(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Rows of each table that hold in each year, of the tables whose rows have a time.

    A row of a span counts in each of its years. Where rows have no time of their own, that of what
    they are about stands for it: the onset of the episode, the beginning of the dispute, the day of
    the resolution.

    Returns
    -------
    DataFrame
        ``table, year, n``, every year from the first to the last of a table; in the order of the
        tables.
    """
    parts = []
    for name, frame in tables.items():
        years = row_years(frame, tables)
        if years is None or not len(years):
            continue
        counts = years.value_counts()
        every = range(int(counts.index.min()), int(counts.index.max()) + 1)
        found = counts.reindex(every, fill_value=0)
        parts.append(pd.DataFrame({"table": name, "year": every, "n": found.to_numpy()}))
    columns = ["table", "year", "n"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def row_years(frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.Series | None:
    """Years in which the rows of a table hold, a row once in each; None if they have no time."""
    for first, last in SPANS:
        if {first, last} <= set(frame) and frame[[first, last]].notna().all(axis=None):
            begins, ends = (_year_of(frame[c]) for c in (first, last))
            spans = pd.Series([range(a, b + 1) for a, b in zip(begins, ends, strict=True)])
            return spans.explode().dropna().astype(int)
    for key, (parent, day) in KEYS.items():
        if key in frame and parent in tables and frame[key].notna().all():
            days = tables[parent].drop_duplicates(key).set_index(key)[day]
            return _year_of(frame[key].map(days).dropna())
    return None


def _year_of(cells: pd.Series) -> pd.Series:
    """Calendar years of days, or of years."""
    is_day = pd.api.types.is_datetime64_any_dtype(cells)
    return (cells.dt.year if is_day else cells).astype(int)


def council_record(resolutions: pd.DataFrame, vetoes: pd.DataFrame) -> pd.DataFrame:
    """What is on record of the Council, by decade.

    Returns
    -------
    DataFrame
        ``decade, resolutions, read`` (of how many it is known whether they are under Chapter VII),
        ``under`` (that many are), ``vetoes``.
    """
    decade = (resolutions["resolution_date"].dt.year // 10 * 10).rename("decade")
    read = resolutions["is_chapter_vii"].notna()
    under = resolutions["is_chapter_vii"].eq(True).fillna(False)
    counted = pd.DataFrame({"resolutions": 1, "read": read, "under": under}).astype(int)
    table = counted.groupby(decade).sum()
    table["vetoes"] = vetoes.groupby(vetoes["veto_date"].dt.year // 10 * 10).size()
    return table.fillna(0).astype(int).reset_index()


def date_precision(episodes: pd.DataFrame, missions: pd.DataFrame) -> pd.DataFrame:
    """How well dates are known, by decade.

    Returns
    -------
    DataFrame
        ``what, decade, precision, n, share``; shares of one thing in one decade add up to 1.
    """
    un = missions[missions["sponsor"] == "un"]
    kinds = {
        "Onset of the episode": (episodes, "onset"),
        "End of the episode": (episodes, "end"),
        "UN operations: authorization": (un, "authorized"),
        "UN operations: first personnel": (un, "first_personnel"),
        "UN operations: first troops": (un, "first_troops"),
    }
    parts = []
    for what, (frame, stem) in kinds.items():
        dated = frame[frame[f"{stem}_date"].notna()]
        decade = (dated[f"{stem}_date"].dt.year // 10 * 10).rename("decade")
        counts = dated.groupby([decade, f"{stem}_precision"]).size()
        grid = pd.MultiIndex.from_product(
            [sorted(decade.unique()), PRECISIONS], names=["decade", "precision"]
        )
        long = counts.reindex(grid, fill_value=0).rename("n").reset_index()
        long["share"] = long["n"] / long.groupby("decade")["n"].transform("sum")
        parts.append(long.assign(what=what))
    every: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return every[["what", "decade", "precision", "n", "share"]]


def mission_dates(missions: pd.DataFrame) -> pd.DataFrame:
    """What the dates of the UN's operations rest on, and how many are not known.

    Returns
    -------
    DataFrame
        ``date, label, basis, n``; `basis` is ``none`` where no date is known. Dates of troops are
        asked only of operations that had any.
    """
    rows = []
    un = missions[missions["sponsor"] == "un"]
    for stem, label in DATES.items():
        asked = un[un["has_troops"]] if stem in NEEDS_TROOPS else un
        if stem in {"last_troops", "end"}:
            asked = asked[~asked["is_ongoing"]]
        basis = asked[f"{stem}_basis"].fillna("none").value_counts()
        rows += [
            {"date": stem, "label": label, "basis": b, "n": int(basis.get(b, 0))} for b in BASES
        ]
    return pd.DataFrame(rows)


def activity(episodes: pd.DataFrame, missions: pd.DataFrame) -> pd.DataFrame:
    """Active conflicts by region and year, and those with a peace operation linked to them.

    Parameters
    ----------
    episodes, missions : DataFrame
        Linked episodes; missions × conflicts with the missions' dates.

    Returns
    -------
    DataFrame
        ``region, region_name, year, n_active, n_with_any, n_with_un``: conflicts active in the
        year, those of them with people of any operation there in the year, and of a UN one.
    """
    spans = episodes[["conflict_id", "region", "first_year", "last_year"]]
    years = pd.concat(
        [
            pd.DataFrame({"conflict_id": c, "region": r, "year": range(first, last + 1)})
            for c, r, first, last in spans.itertuples(index=False)
        ]
    )
    there = presence_years(missions, last_day_followed(episodes))
    for name, own in (("any", there), ("un", there[there["sponsor"] == "un"])):
        pairs = pd.MultiIndex.from_frame(own[["conflict_id", "year"]])
        years[name] = pd.MultiIndex.from_frame(years[["conflict_id", "year"]]).isin(pairs)
    counts = years.groupby(["region", "year"]).agg(
        n_active=("any", "size"), n_with_any=("any", "sum"), n_with_un=("un", "sum")
    )
    grid = pd.MultiIndex.from_product(
        [list(REGIONS), range(int(years["year"].min()), int(years["year"].max()) + 1)],
        names=["region", "year"],
    )
    out = counts.reindex(grid, fill_value=0).astype(int).reset_index()
    out.insert(1, "region_name", out["region"].map(REGIONS))
    return out


def presence_years(missions: pd.DataFrame, last_day: pd.Timestamp) -> pd.DataFrame:
    """Calendar years in which an operation had people there, by the conflict it is linked to.

    Operations that go on are taken to be there up to ``last_day``.
    """
    linked = missions[missions["conflict_id"].notna() & missions["first_personnel_date"].notna()]
    first = linked[["first_personnel_date", "from_date"]].max(axis=1).dt.year
    last = linked[["end_date", "to_date"]].min(axis=1).fillna(last_day).dt.year
    rows = [
        {"conflict_id": int(conflict), "sponsor": sponsor, "year": year}
        for conflict, sponsor, start, stop in zip(
            linked["conflict_id"], linked["sponsor"], first, last, strict=True
        )
        for year in range(int(start), int(stop) + 1)
    ]
    return pd.DataFrame(rows, columns=["conflict_id", "sponsor", "year"]).drop_duplicates()


def world(
    episodes: pd.DataFrame, missions: pd.DataFrame, states: pd.DataFrame, positions: pd.DataFrame
) -> pd.DataFrame:
    """Where wars were fought and operations stood, by state.

    Parameters
    ----------
    episodes, missions, states, positions : DataFrame
        The tables of facts. Of a state that is listed several times, the last name counts.

    Returns
    -------
    DataFrame
        ``gwno, name, latitude, longitude, conflict_years, war_years, n_un, n_others``, one row a
        state with a position: years of active conflicts in it (a year of two conflicts counts
        twice, a war between two states in both), those of a thousand deaths or more, and
        operations of the UN and of others that it hosted.
    """
    places = episodes["gwno_loc"].str.split(";").explode().astype(int)
    spans = (episodes["last_year"] - episodes["first_year"] + 1).astype(int)
    wars = episodes["war_years"].fillna("").str.count(r"\d+")
    years = (
        pd.DataFrame(
            {
                "gwno": places,
                "conflict_years": spans.loc[places.index].to_numpy(),
                "war_years": wars.loc[places.index].to_numpy(),
            }
        )
        .groupby("gwno")
        .sum()
    )
    hosts = missions["host_gwno"].str.split(";").explode().dropna().astype(int)
    is_un = (missions["sponsor"] == "un").loc[hosts.index].to_numpy(bool)
    counts = {"n_un": hosts[is_un].value_counts(), "n_others": hosts[~is_un].value_counts()}
    names = states.drop_duplicates("gwno", keep="last").set_index("gwno")["name"]
    out = positions[["gwno", "latitude", "longitude"]].astype(int).set_index("gwno")
    out = out.assign(**{str(c): years[c] for c in years}, **counts).fillna(0).astype(int)
    out.insert(0, "name", names.reindex(out.index))
    return out.reset_index()
