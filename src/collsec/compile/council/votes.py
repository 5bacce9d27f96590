"""How each member of the Council voted, where a document or the count settles it.

Vetoes are known by member, and some records list every vote. Texts of resolutions to 1973 name who
abstained or voted against. Where those who are named account for all votes but one kind, the
remaining members cast that kind. What neither settles is left out, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.council.meetings import read_meetings
from collsec.compile.rules import RuleFile
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_texts

NAME_OF_TEXT = r"S-RES-(\d+)\(\d+\)\.txt"
RECORD = re.compile(r"Adopted (?:at|by) the .{0,60}?me+ting")
LENGTH_OF_RECORD = 900  # characters that can hold the record of a vote
NEXT_TEXT = re.compile(r"Resolution \d+ \(")
AGAINST = re.compile(r"votes? to (?:\d+|one|two|three) ?\(([^)]*)\)")
ABSTAINING = re.compile(r"[Aa]bstentions? ?\(([^)]*)\)")
NOT_VOTING = re.compile(
    r"members? \(([^)]*)\) (?:did not|was absent|were absent)"
    r"|[(;] ?([A-Z][^;(]*?), (?:absent|present and not voting)"
)
TALLY_OF_VETO = re.compile(r"(S/[\w/.]+)[^/]{0,60}?vetoed by[^/]*?(\d+)-(\d+)-(\d+)")
# Columns of the coded table of vetoes → code of the seat; China's is that of the day.
CASTS = {"cast_usa": 2, "cast_uk": 200, "cast_france": 220, "cast_russia": 365, "cast_china": 710}
CHINA = frozenset({710, 713})
Seats = Callable[[str], frozenset[int]]
Cast = dict[int, tuple[str, str]]  # member → its vote, and the rule that settles it


class VoteRules(RuleFile):
    """Names of members in the texts of resolutions, to state codes."""

    file: ClassVar[str] = "votes.toml"
    gwno: dict[str, int]


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of votes."""

    in_favor: int
    against: int
    abstaining: int


@dataclass(frozen=True, slots=True)
class VoteSources:
    """Keys of the sources of texts, of the Library's tables, and of members."""

    texts: str
    library: str
    members: str


def council_votes_from(
    texts: Path,
    pages: Iterable[Path],
    resolutions: pd.DataFrame,
    members: pd.DataFrame,
    coded: Path,
    names: Mapping[str, int],
    sources: VoteSources,
) -> pd.DataFrame:
    """One row per member and act of the Council whose vote is known.

    Parameters
    ----------
    texts : Path
        Archive of the texts of resolutions.
    pages : iterable of Path
        The Library's yearly tables, with the counts of votes on vetoed drafts.
    resolutions, members : DataFrame
        Of the study: counts of votes, and seats by day.
    coded : Path
        Folder of the coded tables: vetoes, and records that list every vote on a vetoed draft.
    names : mapping
        Name of a member → state code.
    sources : VoteSources

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by act and member: vetoed drafts, and resolutions that
        were not unanimous. Vetoes that are recalled are left out.

    Raises
    ------
    MissingInput
        If a file is absent.
    BadTable
        If a list of votes names who had no seat, or contradicts the veto.
    """
    seats = seats_by_day(members)
    rows = votes_on_drafts(tallies_of_vetoes(pages), coded, seats, sources)
    recorded = read_texts(texts, NAME_OF_TEXT)
    for r in records_of(resolutions):
        text, tally = recorded.get(str(r["number"])), tally_of(r)
        if text is None or tally is None or not tally.against + tally.abstaining:
            continue
        day = str(r["resolution_date"])[:10]
        cast = votes_on_resolution(text, seats(day), tally, names)
        cited = {"text": [sources.texts], "remainder": [sources.texts, sources.library]}
        rows += rows_of(str(r["resolution_id"]), day, "resolution", cast, cited, sources)
    return pd.DataFrame(rows)


def votes_on_drafts(
    tallies: Mapping[str, Tally], coded: Path, seats: Seats, sources: VoteSources
) -> list[dict[str, Any]]:
    """Rows on vetoed drafts: the vetoes, whole records, and what the count leaves."""
    vetoes = pd.read_csv(coded / "vetoes.csv", dtype=str, keep_default_na=False)
    records = pd.read_csv(coded / "draft_votes.csv", dtype=str, keep_default_na=False)
    listed = {r["veto_id"]: r for r in records_of(records)}
    rows: list[dict[str, Any]] = []
    for veto in records_of(vetoes[vetoes["basis"] != "recalled"]):
        own, day = seats(veto["veto_date"]), veto["veto_date"]
        cast = vetoes_cast(veto, own)
        tally = tallies.get(veto["draft_symbol"]) if veto["kind"] == "draft" else None
        if tally and tally.in_favor + tally.against + tally.abstaining == len(own):
            cast |= remainder(cast, own, tally)
        cited = {
            "veto": cited_by(veto),
            "remainder": [*cited_by(veto), sources.library],
        }
        if veto["veto_id"] in listed:
            record = listed[veto["veto_id"]]
            cast |= whole_record(record, cast, own)
            cited["record"] = [record["source"]]
        rows += rows_of(veto["veto_id"], day, "vetoed_draft", cast, cited, sources)
    return rows


def cited_by(veto: Mapping[str, str]) -> list[str]:
    """Sources of a veto: documents where it rests on them, else keys."""
    parts = veto["source"].split(";")
    documents = [p for p in parts if p.startswith("http")]
    return documents if veto["basis"] == "document" else [p for p in parts if p not in documents]


def seats_by_day(members: pd.DataFrame) -> Seats:
    """Members of the Council on a day, given as ISO text."""
    spans = [
        (str(m["from_date"])[:10], str(m["to_date"])[:10], int(m["gwno"]))
        for m in records_of(members)
    ]

    def on(day: str) -> frozenset[int]:
        return frozenset(gwno for first, last, gwno in spans if first <= day <= last)

    return on


def tally_of(resolution: Mapping[str, Any]) -> Tally | None:
    """Votes on a resolution; None if they are not known."""
    numbers = [resolution[c] for c in ("in_favor", "against", "abstaining")]
    return None if any(pd.isna(n) for n in numbers) else Tally(*map(int, numbers))


def tallies_of_vetoes(pages: Iterable[Path]) -> dict[str, Tally]:
    """Symbol of a vetoed draft → votes on it, as the Library's tables count them."""
    return {
        symbol: Tally(int(favor), int(against), int(abstaining))
        for item in read_meetings(pages)
        for symbol, favor, against, abstaining in TALLY_OF_VETO.findall(item.outcome)
    }


def vetoes_cast(veto: Mapping[str, str], seats: frozenset[int]) -> Cast:
    """Negative votes of the permanent members that vetoed a draft."""
    china = next(iter(seats & CHINA))
    codes = [china if g in CHINA else g for column, g in CASTS.items() if veto[column] == "true"]
    return {gwno: ("against", "veto") for gwno in codes}


def whole_record(record: Mapping[str, str], cast: Cast, seats: frozenset[int]) -> Cast:
    """Votes of a record that lists all of them; a veto stays settled by its own row."""
    votes = {
        int(gwno): vote
        for vote in ("in_favor", "against", "abstaining")
        for gwno in record[f"gwno_{vote}"].split(";")
        if gwno
    }
    vetoed = {g for g, (_, rule) in cast.items() if rule == "veto"}
    if set(votes) != seats or any(votes[g] != "against" for g in vetoed):
        raise BadTable(
            "data/raw/coded/draft_votes.csv",
            "does not list the members of that day, or contradicts the veto.",
            column="veto_id",
            value=record["veto_id"],
        )
    return {g: (vote, "record") for g, vote in votes.items() if g not in vetoed}


def remainder(cast: Cast, seats: frozenset[int], tally: Tally) -> Cast:
    """Votes of the members that are not named, if the count leaves them one kind alone."""
    left = {
        vote: getattr(tally, vote) - sum(v == vote for v, _ in cast.values())
        for vote in ("in_favor", "against", "abstaining")
    }
    others = seats - set(cast)
    kinds = [vote for vote, n in left.items() if n]
    if len(kinds) != 1 or left[kinds[0]] != len(others):
        return {}
    return {gwno: (kinds[0], "remainder") for gwno in others}


def votes_on_resolution(
    text: str, seats: frozenset[int], tally: Tally, names: Mapping[str, int]
) -> Cast:
    """Votes on a resolution whose text names all that did not vote for it; else none.

    The named must have seats and fit the count, one by one.
    """
    flat = " ".join(text.split())
    found = RECORD.search(flat)
    if found is None:
        return {}
    record = flat[found.start() : found.start() + LENGTH_OF_RECORD]
    if later := NEXT_TEXT.search(record):
        record = record[: later.start()]
    cast: Cast = {}
    for vote, lists in (
        ("against", AGAINST.findall(record)),
        ("abstaining", ABSTAINING.findall(record)),
        ("not_voting", [a or b for a, b in NOT_VOTING.findall(record)]),
    ):
        for gwno in (code_of(n, seats, names) for one in lists for n in names_in(one, names)):
            if gwno is None:
                return {}
            cast[gwno] = (vote, "text")
    counted = {v: sum(vote == v for vote, _ in cast.values()) for v in ("against", "abstaining")}
    if counted != {"against": tally.against, "abstaining": tally.abstaining}:
        return {}
    others = seats - set(cast)
    if len(others) != tally.in_favor or not set(cast) <= seats:
        return {}
    return cast | {gwno: ("in_favor", "remainder") for gwno in others}


def names_in(text: str, names: Mapping[str, int]) -> list[str]:
    """Names in a list of a record; ``and`` separates two where it is in no name.

    >>> names_in("Canada and United States of America", {"Canada": 20})
    ['Canada', 'United States of America']
    """
    parts = [" ".join(p.split()) for p in re.split(r",(?!\d)", text)]
    out: list[str] = []
    for part in filter(None, parts):
        pair = re.split(r" and ", part)
        out += pair if part not in names and len(pair) == 2 and pair[0] in names else [part]
    return out


def code_of(name: str, seats: frozenset[int], names: Mapping[str, int]) -> int | None:
    """State of a member by its name; China's is the one that held the seat."""
    gwno = names.get(name.strip(" .1"))
    if gwno in CHINA:
        return next(iter(seats & CHINA))
    return gwno


def rows_of(
    item_id: str,
    day: str,
    kind: str,
    cast: Cast,
    cited: Mapping[str, list[str]],
    sources: VoteSources,
) -> list[dict[str, Any]]:
    """Rows of one act, by member."""
    rows = []
    for gwno in sorted(cast):
        vote, rule = cast[gwno]
        source = list(dict.fromkeys(cited[rule]))
        is_document = source[0].startswith("http")
        if rule == "remainder":
            source.append(sources.members)
        rows.append(
            {
                "vote_id": f"{item_id}/{gwno}",
                "item_id": item_id,
                "date": date.fromisoformat(day),
                "kind": kind,
                "gwno": gwno,
                "vote": vote,
                "rule": rule,
                "source": source,
                "basis": "document" if is_document else "file",
            }
        )
    return rows
