"""What of the record still needs a coder's hand, from the raw tables as they are.

A new release of the conflict data is compiled without an edit; what a program cannot know is listed
here: whether the Council dealt with a new war, how an episode ended, what a new veto was about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from collsec.compile.missions.labels import LabelRules
from collsec.compile.rules import read_rules
from collsec.compile.text import records_of
from collsec.core.project import Project
from collsec.tables import repeat_coding
from collsec.tables.clean import read_raw, resources
from collsec.tables.repeat_coding import RepeatRules

#: What general knowledge alone backs.
RECALLED = "recalled"
NOT_COVERED = "not_covered"

Tables = Callable[[str], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to be coded.

    Attributes
    ----------
    what : str
        Kind of the task.
    which : str
        Key of the row, or how many there are.
    why : str
    where : str
        The file that is edited.
    """

    what: str
    which: str
    why: str
    where: str


def todo(project: Project) -> list[Todo]:
    """List what needs a coder's hand; empty if nothing does.

    Raises
    ------
    BadTable
        If a raw table breaks its schema.
    """
    named = resources(project)
    known: dict[str, pd.DataFrame] = {}

    def table(name: str) -> pd.DataFrame:
        if name not in known:
            known[name] = read_raw(project, named[name])
        return known[name]

    labels = read_rules(project.raw / "rules", LabelRules)
    has_second = repeat_coding.TABLE in named  # a study of one's own need not code twice
    parts = (_vetoes, _resolutions, _outcomes, _short_records, _recalled)
    return [
        *_new_wars(table),
        *_missions(table, labels),
        *(one for part in parts for one in part(table)),
        *(_second(table, read_rules(project.raw / "rules", RepeatRules)) if has_second else ()),
    ]


def _new_wars(table: Tables) -> Iterator[Todo]:
    """Episodes that no earlier release had."""
    episodes, crosswalk = table("episodes"), table("episode_crosswalk")
    new = episodes[~episodes["episode_id"].isin(crosswalk["episode_id"])]
    ledgers = ("mission_conflicts", "agenda_conflicts", "draft_conflicts")
    linked = {int(c) for name in ledgers for c in table(name)["conflict_id"].dropna()}
    earlier = set(episodes["conflict_id"][episodes["episode_id"].isin(crosswalk["episode_id"])])
    for row in records_of(new):
        is_new = row["conflict_id"] not in earlier
        who = f"{row['location']}, {row['side_b']}, onset {row['onset_date']:%Y-%m-%d}"
        if is_new or int(row["conflict_id"]) not in linked:
            why = f"{who}: is it on the agenda of the Council, does a peace operation concern it?"
            yield Todo("new war" if is_new else "new episode", row['episode_id'], why,
                       "coded/agenda_conflicts.csv, coded/mission_conflicts.csv")  # fmt: skip
        else:
            why = f"{who}: do the links of the conflict hold for it too?"
            yield Todo("new episode", row["episode_id"], why, "coded/mission_conflicts.csv")


def _missions(table: Tables, labels: LabelRules) -> Iterator[Todo]:
    """Operations without a ledger row; those that a resolution names and no table has."""
    missions, links = table("missions"), table("mission_conflicts")
    for name in missions["mission_id"][~missions["mission_id"].isin(links["mission_id"])]:
        why = "which war did it concern, or none?"
        yield Todo("mission without a link", name, why, "coded/mission_conflicts.csv")
    resolutions = table("resolutions").dropna(subset=["missions"])
    named = resolutions.assign(label=resolutions["missions"].str.split(";")).explode("label")
    named["mission_id"] = named["label"].map(labels.mission_id)
    is_known = named["mission_id"].isin(missions["mission_id"])
    is_known |= named["label"].isin([*missions["acronym"], *labels.not_operations])
    for mission, rows in named[~is_known].groupby("label"):
        why = f"named by {rows['resolution_id'].iloc[0]} and in no table of operations."
        yield Todo("new mission", str(mission), why, "coded/missions.csv")


def _vetoes(table: Tables) -> Iterator[Todo]:
    """Vetoed drafts without a row in their ledger."""
    vetoes, links = table("vetoes"), table("draft_conflicts")
    for row in records_of(vetoes[~vetoes["veto_id"].isin(links["item_id"])]):
        why = f"{row['agenda_item']}: which war did the draft concern, or none?"
        yield Todo("veto without a link", row["veto_id"], why, "coded/draft_conflicts.csv")


def _resolutions(table: Tables) -> Iterator[Todo]:
    """Resolutions after the last day for which the agenda is linked, and those not read."""
    resolutions, agenda = table("resolutions"), table("agenda_conflicts")
    last = agenda["to_date"].max()
    later = resolutions[resolutions["resolution_date"] > last]
    for row in records_of(later):
        why = f"after {last:%Y-%m-%d}, to which the agenda is linked to wars."
        yield Todo("resolution without a link", row['resolution_id'], why,
                   "coded/agenda_conflicts.csv")  # fmt: skip
    unread = resolutions[resolutions["is_chapter_vii"].isna()]
    if len(unread):
        years = unread["resolution_date"].dt.year
        why = f"not read for Chapter VII, {years.min()}–{years.max()}."
        yield Todo("resolutions not read", str(len(unread)), why, "coded/chapter_vii.csv")


def _outcomes(table: Tables) -> Iterator[Todo]:
    """Ends of which no release says how."""
    outcomes = table("outcomes")
    for row in records_of(outcomes[outcomes["outcome"] == NOT_COVERED]):
        why = "how did it end? No release of the Termination Dataset at hand says so."
        yield Todo("end without an outcome", row["episode_id"], why, "sources.toml")


def _short_records(table: Tables) -> Iterator[Todo]:
    """Hand-coded records that end before the release of the conflict data."""
    last = pd.Timestamp(int(table("episodes")["last_year"].max()), 12, 31)
    for name, column in (
        ("vetoes", "veto_date"),
        ("resolutions", "resolution_date"),
        ("council_members", "to_date"),
        ("council_terms", "to_date"),
    ):
        until = table(name)[column].max()
        if until < last:
            where = "coded/resolutions_since_2022.csv" if name == "resolutions" else name
            where = where if "/" in where else f"coded/{where.replace('_members', '_terms')}.csv"
            why = f"ends {until:%Y-%m-%d}; wars are followed to {last:%Y-%m-%d}."
            yield Todo("record that ends early", name, why, where)


def _recalled(table: Tables) -> Iterator[Todo]:
    """Dates and links that rest on general knowledge."""
    for name in ("missions", "mission_conflicts", "vetoes", "draft_conflicts", "nuclear_states"):
        rows = table(name)
        key = rows.columns[0]
        for column in (str(c) for c in rows.columns if str(c).endswith("basis")):
            for row in rows[rows[column] == RECALLED][key]:
                what = "the row" if column == "basis" else column.removesuffix("_basis")
                why = f"{what.replace('_', ' ')} rests on general knowledge: find a document."
                yield Todo("recalled", str(row), why, f"coded/{name}.csv")


def _second(table: Tables, rules: RepeatRules) -> Iterator[Todo]:
    """Units drawn for a second coding that no document was read for: keys, and no coded value."""
    second = table(repeat_coding.TABLE)
    read = second[second["is_read"]]
    for name in rules.tables:
        known = set(read.loc[read["coded_table"] == name, "coded_key"])
        units = [
            shown for unit, shown in rules.sheet(name, table(name)).items() if unit not in known
        ]
        if units:
            why = f"drawn to be coded again, and no document was read: {'; '.join(units)}."
            yield Todo("second coding", name, why, f"coded/{repeat_coding.TABLE}.csv")
