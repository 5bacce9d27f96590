"""Cross-checks that ask no knowledge of the subject: order, precision, keys, copies, sources."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from string import Formatter
from typing import ClassVar
from urllib.parse import urlparse

import pandas as pd

from collsec.compile.rules import RuleFile
from collsec.tables.issues import Issue, Tables, issues

# Facts of the study lie in this span. States, and the first deaths of some conflicts, are older;
# terms on the Council end in a year ahead, two years after they begin.
SPAN = (pd.Timestamp("1946-01-01"), pd.Timestamp("2026-12-31"))
OLDER = {
    ("states", "valid_from"),
    ("states", "valid_to"),
    ("episodes", "first_death_date"),
    ("nuclear_states", "from_date"),
    ("dyads", "first_death_date"),
}
AHEAD = {("council_terms", "to_date"): pd.Timestamp("2028-12-31")}
#: Works on the claims are older than the Council, and report on years before it.
WITHOUT_SPAN = ("literature", "claims", "replications")
#: How the beginning and the end of a span are named: ``from_date`` and ``to_date``.
TIME = re.compile(r"_(date|month|year)(_[0-9]+)?$")
ENDS = (("from_", "to_"), ("first_", "last_"), ("start_", "end_"), ("onset_", "end_"))
# (table, earlier date, later date): the later may not lie before the earlier. Pairs whose names say
# so (``ENDS``) are not listed.
ORDER = (
    ("states", "valid_from", "valid_to"),
    ("episodes", "first_death_date", "onset_date"),
    ("missions", "first_personnel_date", "first_troops_date"),
    ("missions", "first_troops_date", "last_troops_date"),
    ("missions", "first_personnel_date", "strength_10pct_date"),
    ("missions", "strength_10pct_date", "strength_50pct_date"),
    ("missions", "first_personnel_date", "end_date"),
    ("mission_milestones", "strength_10pct_month", "strength_50pct_month"),
    ("council_terms", "elected_date", "from_date"),
)
# (table, key, column, other table, its key, its column): the same fact written twice.
COPIES = (
    ("draft_conflicts", "item_id", "date", "vetoes", "veto_id", "veto_date"),
    ("draft_conflicts", "item_id", "action_class", "vetoes", "veto_id", "action_class"),
    ("resolution_conflicts", "item_id", "date", "resolutions", "resolution_id", "resolution_date"),
    (
        "missions",
        "resolution",
        "authorized_date",
        "resolutions",
        "resolution_id",
        "resolution_date",
    ),
    (
        "resolutions_since_2022",
        "resolution_id",
        "resolution_date",
        "resolutions",
        "resolution_id",
        "resolution_date",
    ),
    (
        "chapter_vii",
        "resolution_id",
        "is_chapter_vii",
        "resolutions",
        "resolution_id",
        "is_chapter_vii",
    ),
)
# (table, key, how it begins, spelled from other columns).
PREFIXES = (
    ("episodes", "episode_id", "{conflict_id}-"),
    ("vetoes", "veto_id", "{veto_date:%Y-%m-%d}-"),
    ("chapter_vii", "resolution_id", "S/RES/{number} ("),
    ("resolution_actions", "resolution_id", "S/RES/{number} ("),
    ("assembly_sittings", "sitting_id", "{session}/"),
    ("dyad_episodes", "dyad_episode_id", "{dyad_id}-"),
    ("council_votes", "vote_id", "{item_id}/"),
)
# (table, key, how it is spelled from other columns; `none` where one is empty).
KEYS = (
    ("mission_conflicts", "link_id", "{mission_id}:{conflict_id}"),
    ("draft_conflicts", "link_id", "{item_id}/{conflict_id}"),
    ("resolution_conflicts", "link_id", "{item_id}/{conflict_id}"),
    ("agenda_conflicts", "agenda_conflict_id", "{agenda_key}/{conflict_id}/{from_date:%Y-%m-%d}"),
    ("un_sanctions", "link_id", "{regime_id}/{conflict_id}"),
    ("council_terms", "term_id", "{from_date:%Y}/{gwno}"),
    ("nuclear_states", "nuclear_id", "{gwno}/{from_date:%Y}"),
    ("assembly_conflicts", "link_id", "{session}/{conflict_id}"),
    ("resolutions", "resolution_id", "S/RES/{number} ({resolution_date:%Y})"),
    ("resolutions_since_2022", "resolution_id", "S/RES/{number} ({resolution_date:%Y})"),
)
# Tables whose dates follow the rule "never earlier than the truth"; UCDP's own dates do not.
CODED_DATES = ("missions", "mission_conflicts", "nuclear_states")
LINKS = ("mission_conflicts", "draft_conflicts", "assembly_conflicts", "un_sanctions")


class Encyclopedias(RuleFile):
    """Hosts of encyclopedias that anyone may edit, and how a row says that it rests on them."""

    file: ClassVar[str] = "encyclopedias.toml"
    mark: str
    hosts: tuple[str, ...]


def dates_within_the_span(tables: Tables) -> Iterator[Issue]:
    """Dates lie between the first year of the Council and the last year coded."""
    for name, frame in tables.items():
        for column in map(str, frame.select_dtypes("datetime")):
            first = pd.Timestamp.min if (name, column) in OLDER else SPAN[0]
            last = AHEAD.get((name, column), SPAN[1])
            told = (
                f"after {last:%Y-%m-%d}"
                if (name, column) in OLDER
                else (f"outside of {first:%Y-%m-%d} to {last:%Y-%m-%d}")
            )
            yield from issues(
                tables,
                name,
                column,
                (frame[column] < first) | (frame[column] > last),
                f"lies {told}.",
                "Correct the year; the span is `SPAN` in collsec.tables.consistency.",
            )


def years_within_the_span(tables: Tables) -> Iterator[Issue]:
    """No year lies after the last one coded; a value before an onset may be of any year."""
    last = SPAN[1].year
    for name, frame in tables.items():
        if name in WITHOUT_SPAN:
            continue
        for column in (c for c in frame if _is_year(str(c)) and _is_whole(frame[c])):
            yield from issues(
                tables,
                name,
                str(column),
                frame[column] > last,
                f"lies after {last}, the last year coded.",
                "Correct the year; the span is `SPAN` in collsec.tables.consistency.",
            )


def _is_year(column: str) -> bool:
    return column == "year" or column.endswith("_year") or "_year_" in column


def _is_whole(column: pd.Series) -> bool:
    return pd.api.types.is_integer_dtype(column)


def ends_follow_beginnings(tables: Tables) -> Iterator[Issue]:
    """No span ends before it begins, wherever two columns are named as its ends."""
    for name, frame in tables.items():
        for earlier, later in spans(frame):
            yield from issues(
                tables,
                name,
                later,
                frame[later] < frame[earlier],
                f"lies before {earlier}, {{}}.",
                "Correct one of the two.",
                frame[earlier],
            )


def spans(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Pairs of columns, of days or of years, that are named as a beginning and its end."""
    for column in map(str, frame.columns):
        for begins, ends in ENDS:
            other = column.replace(begins, ends, 1)
            if column.startswith(begins) and other in frame and TIME.search(column):
                yield column, other


def dates_in_order(tables: Tables) -> Iterator[Issue]:
    """What comes later in the course of things has no earlier date."""
    for name, earlier, later in (row for row in ORDER if row[0] in tables):
        frame = tables[name]
        yield from issues(
            tables,
            name,
            later,
            frame[later] < frame[earlier],
            f"lies before {earlier}, {{}}.",
            "Correct one of the two dates.",
            frame[earlier],
        )


def precision_fits_date(tables: Tables) -> Iterator[Issue]:
    """A date known to the month is its last day, one known to the year is 31 December."""
    for name in (n for n in CODED_DATES if n in tables):
        frame = tables[name]
        for column in (c for c in frame.columns if c.endswith("_precision")):
            day = f"{column.removesuffix('_precision')}_date"
            date, precision = frame[day], frame[column]
            yield from issues(
                tables,
                name,
                column,
                date.isna() != precision.isna(),
                f"{day} and its precision must both be there, or neither.",
                "Add the one that is missing, or empty both.",
            )
            is_last = date.dt.is_month_end & ((precision != "year") | (date.dt.month == 12))
            yield from issues(
                tables,
                name,
                day,
                precision.isin(["month", "year"]) & ~is_last,
                f"is no last day, although {column} is {{}}.",
                "Give the last day of the month (of the year), or the precision `day`.",
                precision,
            )


def keys_spell_their_parts(tables: Tables) -> Iterator[Issue]:
    """A key that is spelled from other columns agrees with them."""
    for name, key, form in (row for row in (*PREFIXES, *KEYS) if row[0] in tables):
        frame = tables[name]
        named = frame[[part for _, part, _, _ in Formatter().parse(form) if part]]
        parts = named.astype(object).where(named.notna(), "none").to_dict(orient="records")
        spelled = pd.Series([form.format_map(row) for row in parts], index=frame.index)
        whole = (name, key, form) in KEYS
        fits = [
            given == right if whole else str(given).startswith(right)
            for given, right in zip(frame[key], spelled, strict=True)
        ]
        yield from issues(
            tables,
            name,
            key,
            ~pd.Series(fits, index=frame.index),
            "does not fit the row's other columns, {}.",
            "Correct the key or the column.",
            spelled,
        )


def copies_agree(tables: Tables) -> Iterator[Issue]:
    """A fact that stands in two tables is the same in both."""
    for name, key, column, other, its_key, its_column in COPIES:
        if name not in tables:
            continue
        frame = tables[name]
        there = frame[key].map(tables[other].set_index(its_key)[its_column])
        yield from issues(
            tables,
            name,
            column,
            there.notna() & frame[column].notna() & (frame[column] != there),
            f"differs from {its_column} in {other}, {{}}.",
            "Correct the one that is wrong.",
            there,
        )


def links_lead_somewhere_or_nowhere(tables: Tables) -> Iterator[Issue]:
    """A link has a conflict, or says that there is none."""
    for name in LINKS:
        frame = tables[name]
        yield from issues(
            tables,
            name,
            "is_none",
            frame["is_none"] != frame["conflict_id"].isna(),
            "must be true where conflict_id is empty, and only there.",
            "Give the conflict, or set is_none to true with the reason.",
        )


def sources_are_declared(tables: Tables, sources: Collection[str]) -> Iterator[Issue]:
    """Every source is a key of ``sources.toml`` or the address of a document."""
    for name, frame in tables.items():
        for column in (c for c in frame.columns if c == "source" or c.endswith("_source")):
            parts = frame[column].str.split(";").explode().str.strip().dropna()
            strange = parts[~parts.isin(list(sources)) & ~parts.str.startswith("http")]
            yield from issues(
                tables,
                name,
                column,
                pd.Series(frame.index.isin(strange.index), frame.index),
                "is neither a key of data/raw/sources.toml nor an address.",
                "Declare the source there, or correct the key.",
            )


def encyclopedias_are_marked(tables: Tables, rules: Encyclopedias) -> Iterator[Issue]:
    """The note of a row says what of it rests on encyclopedias alone, and only then."""
    for name, frame in tables.items():
        columns = [c for c in frame.columns if c == "source" or c.endswith("_source")]
        if "note" not in frame.columns or not columns:
            continue
        alone = pd.Series(False, index=frame.index)
        for column in columns:
            hosts = (
                frame[column]
                .fillna("")
                .str.split(";")
                .map(lambda parts: {urlparse(part.strip()).netloc for part in parts})
            )
            alone |= hosts.map(lambda of_cell: of_cell <= set(rules.hosts)).astype(bool)
        is_marked = frame["note"].fillna("").str.contains(rules.mark, regex=False).astype(bool)
        yield from issues(
            tables,
            name,
            "note",
            alone != is_marked,
            f"must say {rules.mark!r} where a source is an encyclopedia alone, and only there.",
            "Find a second source, or name the columns in the note.",
        )


# `copies_agree` and `sources_are_declared` come later: they need other checks, or the sources.
#: Those that ask of a table what any table must keep.
OF_ONE_TABLE = {
    "dates lie in the span of the study": dates_within_the_span,
    "years lie in the span of the study": years_within_the_span,
    "ends follow beginnings": ends_follow_beginnings,
}
CHECKS = {
    **OF_ONE_TABLE,
    "dates are in order": dates_in_order,
    "precision fits the date": precision_fits_date,
    "keys spell their parts": keys_spell_their_parts,
    "links lead somewhere or nowhere": links_lead_somewhere_or_nowhere,
}
