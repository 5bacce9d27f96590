"""Cases: what the study's own tables hold of a few well-known wars, on one time axis each.

Nothing here is typed by hand but the list of cases: spells of violence, acts of the Council and
dates of missions are those from which the exposures are made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from collsec.core.documents import Document, read_yaml
from collsec.core.errors import BadDocument, BadSpec, Fault
from collsec.core.models import IDENTIFIER, STRICT, Name, Whole, build
from collsec.core.project import Project
from collsec.histories.episodes import RECALLED
from collsec.histories.extents import by_name, last_day_followed
from collsec.histories.timelines import (
    ANY_TROOPS,
    ONE_DAY,
    STRONG,
    counted_acts,
    presence_spells,
)
from collsec.tables.clean import read_raw, resources

FILE = "analyses/_cases.yml"
Year = Annotated[Whole, Field(ge=1800, le=2200)]
Day = Annotated[str, Field(pattern=r"^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
SENDERS = {"un": "UN", "regional": "regional", "coalition": "coalition"}
MEMBERS = {
    "russia": "Russia",
    "usa": "United States",
    "china": "China",
    "uk": "United Kingdom",
    "france": "France",
}
# Said of the people of a mission that sent troops too, on a day that no document has.
UNDATED = "troops came, on no documented day"
# An authorized strength below this share of the one before is shown as a cut.
CUT_SHARE = 0.5
# Forces that are no peace operations: what is said of them behind their name.
FORCES = {"party": "party of the war", "political": "political mission"}
COLUMNS = (
    "lane",
    "line",
    "kind",
    "from_date",
    "to_date",
    "is_open",
    "sender",
    "conflict_ids",
    "item",
    "detail",
)


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """A war to be shown, as the list of cases declares it."""

    __pydantic_config__ = STRICT

    title: Annotated[Name, Field(description="What its figure is called.")]
    years: Annotated[
        tuple[Year, Year], Field(description="First and last year that the axis covers.")
    ]
    conflicts: Annotated[
        dict[Annotated[Whole, Field(ge=1)], Name],
        Field(min_length=1, description="Conflict ids, each with the name of its line."),
    ]
    marks: Annotated[
        dict[Day, Name],
        Field(description="Days to be marked, each with what happened on it."),
    ] = field(default_factory=dict)


#: The whole list: cases by name.
Entries = dict[Annotated[str, Field(pattern=IDENTIFIER, max_length=40)], CaseEntry]


@dataclass(frozen=True, slots=True)
class Case:
    """A war to be shown.

    Attributes
    ----------
    name : str
        Such as ``rwanda``.
    title : str
    first_year, last_year : int
        The years that the axis covers.
    conflicts : dict of int to str
        Conflict ids, and how the line of each is called.
    marks : dict of str to str
        Days to be marked, and what happened on them.
    """

    name: str
    title: str
    first_year: int
    last_year: int
    conflicts: dict[int, str]
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def first_day(self) -> pd.Timestamp:
        """The first day of the axis."""
        return pd.Timestamp(self.first_year, 1, 1)

    @property
    def last_day(self) -> pd.Timestamp:
        """The last day of the axis."""
        return pd.Timestamp(self.last_year, 12, 31)


def check(project: Project) -> None:
    """Check the list of cases against the raw tables; nothing where no cases are declared.

    Raises
    ------
    BadSpec, BadTable
    """
    path = project.root / FILE
    if path.exists():
        named = resources(project)
        episodes, releases = (
            read_raw(project, named[name]) for name in ("episodes", "episode_crosswalk")
        )
        known = set(episodes["conflict_id"].astype(int))
        read_cases(path, episodes, set(releases["conflict_id"].astype(int)) - known)


@dataclass(frozen=True, slots=True)
class CaseTables:
    """What a case is drawn from.

    Attributes
    ----------
    episodes, missions, acts, assembly : DataFrame
        As linked.
    war : DataFrame
        The timeline of intensity.
    resolutions_until : Timestamp
        Last day of the ledger of resolutions.
    strengths : DataFrame
        Authorized strengths, with the day of the resolution of each; empty where there are none.
    forces : DataFrame
        Forces that are no peace operations; empty where there are none.
    """

    episodes: pd.DataFrame
    missions: pd.DataFrame
    acts: pd.DataFrame
    assembly: pd.DataFrame
    war: pd.DataFrame
    resolutions_until: pd.Timestamp
    strengths: pd.DataFrame = field(default_factory=pd.DataFrame)
    forces: pd.DataFrame = field(default_factory=pd.DataFrame)


def shown(project: Project) -> list[tuple[Case, pd.DataFrame]]:
    """Return each declared case with its events; nothing where no cases are declared.

    Raises
    ------
    BadSpec
        If the list of cases is ill-formed.
    MissingInput
        If the timelines have not been made.
    """
    path = project.root / FILE
    if not path.exists():
        return []
    tables = CaseTables(
        episodes=project.read("episodes", "episodes"),
        missions=project.read("episodes", "missions"),
        acts=project.read("episodes", "acts"),
        assembly=project.read("episodes", "assembly"),
        war=project.read("timelines", "war"),
        resolutions_until=by_name(project.read("episodes", "extents"))["resolutions"].last_day,
        strengths=_strengths(project),
        forces=_optional(project, "other_forces"),
    )
    releases = project.read("tables", "episode_crosswalk")["conflict_id"]
    elsewhere = set(releases.astype(int)) - set(tables.episodes["conflict_id"].astype(int))
    declared = read_cases(path, tables.episodes, elsewhere)
    return [(case, events(case, tables)) for case in declared]


def _optional(project: Project, table: str) -> pd.DataFrame:
    """A raw table; empty where the study has none."""
    is_there = project.stage("tables", table).exists()
    return project.read("tables", table) if is_there else pd.DataFrame()


def _strengths(project: Project) -> pd.DataFrame:
    """Authorized strengths, and the days on which the resolutions of them were adopted."""
    strengths, resolutions = (
        _optional(project, name) for name in ("authorized_strength", "resolutions")
    )
    if strengths.empty or resolutions.empty:
        return pd.DataFrame()
    days = resolutions[["resolution_id", "resolution_date"]]
    return strengths.merge(
        days, left_on="strength_resolution", right_on="resolution_id", how="left", validate="m:1"
    )


def read_cases(path: Path, episodes: pd.DataFrame, elsewhere: Collection[int] = ()) -> list[Case]:
    """Read the declared cases, each checked against the episodes.

    Parameters
    ----------
    path : Path
    episodes : DataFrame
        As linked.
    elsewhere : collection of int
        Conflicts that only another release of the conflict data has: they have no line, and a case
        of none but them is left out.

    Raises
    ------
    BadSpec
        At an unknown key, a conflict that does not exist, or years in which none is active.
    """
    try:
        document = read_yaml(path, FILE)
    except BadDocument as error:
        raise BadSpec(*error.faults) from None
    entries = build(Entries, document, BadSpec)
    faults = [
        fault
        for name, entry in entries.items()
        for fault in _contradictions(name, entry, document, episodes, elsewhere)
    ]
    if faults:
        raise BadSpec(*faults)
    cases = [
        Case(
            name,
            entry.title,
            *entry.years,
            {c: label for c, label in entry.conflicts.items() if c not in elsewhere},
            entry.marks,
        )
        for name, entry in entries.items()
    ]
    return [case for case in cases if case.conflicts]


def _contradictions(
    name: str,
    entry: CaseEntry,
    document: Document,
    episodes: pd.DataFrame,
    elsewhere: Collection[int],
) -> Iterator[Fault]:
    """Years out of order, conflicts that do not exist, years in which none is active."""
    first, last = entry.years
    if first > last:
        problem = "must be two years, the earlier first, such as [1990, 1994]."
        yield document.fault((name, "years"), problem, entry.years)
        return
    for conflict in (c for c in entry.conflicts if c not in elsewhere):
        own = episodes[episodes["conflict_id"] == conflict]
        if own.empty:
            yield document.fault(
                (name, "conflicts", conflict),
                "no episode has this conflict_id.",
                conflict,
                "The ids stand in data/raw/compiled/episodes.csv.",
            )
        elif not ((own["first_year"] <= last) & (own["last_year"] >= first)).any():
            problem = f"conflict {conflict} has no episode in them."
            yield document.fault((name, "years"), problem, entry.years)
    for day in entry.marks:
        if not first <= int(day[:4]) <= last:
            yield document.fault((name, "marks", day), f"the axis covers {first} to {last}.", day)


def events(case: Case, tables: CaseTables) -> pd.DataFrame:
    """Everything that a case shows, one row each.

    Parameters
    ----------
    case : Case
    tables : CaseTables

    Returns
    -------
    DataFrame
        ``lane`` (violence, council, boots), ``line`` (whose), ``kind`` (episode, war, mark;
        resolution, not_on_record, veto, assembly; authorized, personnel, troops, cut; party,
        political), ``from_date`` and
        ``to_date`` (both included, within the years of the case), ``is_open`` (goes on after
        them), ``sender`` of a mission, ``conflict_ids``, ``item`` (episode, symbol, sitting,
        mission) and ``detail``. In the order of the lines, and of dates within them.
    """
    rows = [
        *_violence(case, tables),
        *_marks(case),
        *_acts(case, tables.acts, tables.resolutions_until),
        *_sittings(case, tables.assembly),
        *_boots(case, tables),
        *_others(case, tables),
    ]
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    found = found[(found["to_date"] >= case.first_day) & (found["from_date"] <= case.last_day)]
    found["is_open"] = found["is_open"] | (found["to_date"] > case.last_day)
    for column in ("from_date", "to_date"):
        days = pd.to_datetime(found[column])
        days = days.where(days >= case.first_day, case.first_day)
        days = days.where(days <= case.last_day, case.last_day)
        found[column] = days.astype("datetime64[s]")
    return found.reset_index(drop=True)


def _violence(case: Case, tables: CaseTables) -> Iterator[tuple[Any, ...]]:
    """Spans of episodes, and within them the years of a thousand deaths."""
    for conflict, label in case.conflicts.items():
        own = tables.episodes[tables.episodes["conflict_id"] == conflict]
        for episode in own.sort_values("onset_date").to_dict(orient="records"):
            first, last = episode["onset_date"], episode["exit_date"]
            is_open, item = not episode["is_ended"], str(episode["episode_id"])
            yield (
                "violence",
                label,
                "episode",
                first,
                last,
                is_open,
                "",
                str(conflict),
                item,
                f"onset known to the {episode['onset_precision']}",
            )
            years = tables.war[
                (tables.war["conflict_id"] == conflict)
                & tables.war["is_war"]
                & tables.war["from_date"].dt.year.between(first.year, last.year)
            ]["from_date"]
            for year in years.sort_values():
                until = min(year + pd.offsets.YearEnd(), last)
                yield (
                    "violence",
                    label,
                    "war",
                    max(year, first),
                    until,
                    is_open and until == last,
                    "",
                    str(conflict),
                    item,
                    "1,000 battle deaths or more in the year",
                )


def _marks(case: Case) -> Iterator[tuple[Any, ...]]:
    """Days that the list of cases marks."""
    for day, words in sorted(case.marks.items()):
        at = pd.Timestamp(day)
        yield "violence", words, "mark", at, at, False, "", "", "", words


def _acts(
    case: Case, acts: pd.DataFrame, resolutions_until: pd.Timestamp
) -> Iterator[tuple[Any, ...]]:
    """Acts of the Council, each once, whichever of the conflicts it concerned."""
    own = counted_acts(acts)
    own = own[own["conflict_id"].isin(list(case.conflicts))].sort_values(["date", "item_id"])
    for kind, line in (("resolution", "Resolutions"), ("veto", "Vetoed drafts")):
        for item, rows in own[own["act"] == kind].groupby("item_id", sort=False):
            act = rows.iloc[0]
            cast = [name for key, name in MEMBERS.items() if act[f"cast_{key}"]]
            detail = ", ".join(cast) if kind == "veto" else str(act["action_class"])
            yield (
                "council",
                line,
                kind,
                act["date"],
                act["date"],
                False,
                "",
                _joined(rows["conflict_id"]),
                item,
                detail,
            )
        if kind == "resolution" and case.last_day > resolutions_until:
            yield (
                "council",
                line,
                "not_on_record",
                resolutions_until + ONE_DAY,
                case.last_day,
                False,
                "",
                "",
                "",
                f"compiled up to {resolutions_until:%Y-%m-%d}",
            )


def _sittings(case: Case, assembly: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Sittings of emergency special sessions of the Assembly, each once; weak links left out."""
    own = counted_acts(assembly)
    own = own[own["conflict_id"].isin(list(case.conflicts))]
    for item, rows in own.groupby("sitting_id", sort=False):
        sitting = rows.iloc[0]
        known = pd.notna(sitting["to_date"])
        last = sitting["to_date"] if known else sitting["from_date"]
        by = {
            "council": f"convened by {sitting['resolution_id']}",
            "members": "convened by members",
        }
        detail = by.get(sitting["convened_by"], "resumed")
        yield (
            "council",
            "Emergency sessions of the General Assembly",
            "assembly",
            sitting["from_date"],
            last,
            False,
            "",
            _joined(rows["conflict_id"]),
            item,
            detail,
        )


def _boots(case: Case, tables: CaseTables) -> Iterator[tuple[Any, ...]]:
    """Authorization, personnel and troops of the missions whose links exposures count."""
    missions, last_day = tables.missions, last_day_followed(tables.episodes)
    own = missions[missions["conflict_id"].isin(list(case.conflicts))]
    own = own[(own["link_basis"] != RECALLED) & (own["link_confidence"] >= STRONG)]
    troops = presence_spells(own, ANY_TROOPS)
    by_mission = own.assign(came=_backed(own, "first_personnel")).sort_values("came")
    for mission, rows in by_mission.groupby("mission_id", sort=False):
        m = rows.iloc[0]
        sender = SENDERS[m["sponsor"]]
        shared = (sender, _joined(rows["conflict_id"]), str(mission))
        spells = troops[troops["mission_id"] == mission]
        line = f"{m['acronym']} ({sender})"
        # It came to this war with the first of its links, and left with the last of them.
        came = rows[["came", "from_date"]].max(axis=1).min()
        authorized = _backed(rows, "authorized").iloc[0]
        if pd.notna(authorized):
            waited = max(came, authorized) if pd.notna(came) else authorized
            symbol = "" if pd.isna(m["resolution"]) else str(m["resolution"])
            yield "boots", line, "authorized", authorized, waited, False, *shared, symbol
        if pd.notna(came):
            left = rows[["end_date", "to_date"]].min(axis=1)
            unknown = UNDATED if rows["has_troops"].any() and spells.empty else ""
            yield "boots", line, "personnel", came, *_until(left, last_day), *shared, unknown
        if len(spells):
            until, is_open = _until(spells["last"], last_day)
            yield "boots", line, "troops", spells["first"].min(), until, is_open, *shared, ""
        for day, before, after in _cuts(tables.strengths, str(mission)):
            words = f"from {before:,} to {after:,}"
            yield "boots", line, "cut", day, day, False, *shared, words


def _cuts(strengths: pd.DataFrame, mission: str) -> Iterator[tuple[pd.Timestamp, int, int]]:
    """Days on which the authorized strength of an operation fell below half of the one before.

    The day is that of the resolution, else the last of the first month of the new strength.
    """
    if strengths.empty:
        return
    own = strengths[strengths["mission_id"] == mission].sort_values("from_month")
    days = own["resolution_date"].fillna(own["from_month"]).tolist()
    people = [int(n) for n in own["authorized"]]
    for before, after, day in zip(people, people[1:], days[1:], strict=False):
        if after < CUT_SHARE * before:
            yield day, before, after


def _others(case: Case, tables: CaseTables) -> Iterator[tuple[Any, ...]]:
    """Forces that are no peace operations: parties of the war, and political missions."""
    last_day = last_day_followed(tables.episodes)
    for row in tables.forces.to_dict(orient="records"):
        concerned = {int(c) for c in str(row["conflict_ids"]).split(";")} & set(case.conflicts)
        if not concerned or row["basis"] == RECALLED:
            continue
        kind = str(row["force_kind"])
        until, is_open = _until(pd.Series([row["to_date"]]), last_day)
        yield (
            "boots",
            f"{row['name']} ({FORCES[kind]})",
            kind,
            row["from_date"],
            until,
            is_open,
            "UN" if row["sender"] == "United Nations" else str(row["sender"]),
            _joined(pd.Series(sorted(concerned))),
            str(row["force_id"]),
            "" if pd.isna(row["resolution"]) else str(row["resolution"]),
        )


def _backed(missions: pd.DataFrame, milestone: str) -> pd.Series:
    """Dates of a milestone, but for those that rest on general knowledge alone."""
    return missions[f"{milestone}_date"].where(missions[f"{milestone}_basis"] != RECALLED)


def _until(days: pd.Series, last_day: pd.Timestamp) -> tuple[pd.Timestamp, bool]:
    """The last of some days, and whether the record ends before it is known."""
    return (last_day, True) if days.isna().any() else (days.max(), False)


def _joined(ids: pd.Series) -> str:
    return ";".join(str(i) for i in sorted(set(ids)))
