"""Months in which the parties of a conflict negotiated, and which conflicts the record covers.

The record lists rounds of talks. Its terms do not say whether rows may be handed on: only what a
month of a conflict had is kept, and no name and no text. Where it does not cover a conflict, that
no round is listed says nothing.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.conflicts.spans import Spans, episode_near, spans_by_conflict
from collsec.compile.rules import RuleFile, Strict
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

ENCODING = "latin-1"
KINDS = {"prenego": "prenegotiation", "nego": "negotiation", "nego_implement": "implementation"}
RESULTS = ("ceasefire", "peace_agreement", "other_agreement")
NOT = frozenset({"0", ""})  # a few flags are misprinted as 3 or 11: any other mark is a yes
DATES = tuple(
    f"{end}_negotiations_{part}" for end in ("start", "end") for part in ("year", "month", "day")
)
FURTHER = (
    "conflict_id",
    "negotiation_id",
    "description",
    "mediated_negotiations",
    "agreement",
    "ceasefire",
    "peace_agreement",
)
# A round of more days than two months have, whose text names one day, is a misprint until settled.
LONGEST_DAYS = 62
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DAY_NAMED = re.compile(rf"\b(\d{{1,2}}) ({MONTHS})\b|\b({MONTHS}) (\d{{1,2}})\b(?!\d)")


class ThirdParty(Strict):
    """A kind of third parties, and the columns of the file that it joins."""

    kind: str
    columns: tuple[str, ...]


class LongRound(Strict):
    """What became of a long round whose days look misprinted.

    Attributes
    ----------
    conflict_id : int
    negotiation_id : str
    printed : tuple of str
        First and last day as the file has them.
    days : tuple of str or None
        First and last day as they are; None if they stand as printed.
    reason : str
    """

    conflict_id: int
    negotiation_id: str
    printed: tuple[str, str]
    days: tuple[str, str] | None = None
    reason: str


class NegotiationRules(RuleFile):
    """What the record covers, and how its third parties are grouped.

    Attributes
    ----------
    first_year, last_year : int
        Years that it covers.
    region : int
        UCDP region of which it covers every conflict.
    region_reason, named_reason : str
        What the absence of a round means within the region, and of a conflict elsewhere.
    third_party : tuple of ThirdParty
    long_round : tuple of LongRound
        Long rounds that have been held against their text.
    """

    file: ClassVar[str] = "negotiations.toml"
    first_year: int
    last_year: int
    region: int
    region_reason: str
    named_reason: str
    third_party: tuple[ThirdParty, ...]
    long_round: tuple[LongRound, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """A round of talks.

    Attributes
    ----------
    conflict_id : int
    first, last : Period
        Months.
    days : frozenset of date
        Its days, if both the first and the last are known.
    is_mediated : bool
    kinds, third_parties, results : frozenset of str
        Results belong to the last month.
    """

    conflict_id: int
    first: pd.Period
    last: pd.Period
    days: frozenset[date]
    is_mediated: bool
    kinds: frozenset[str]
    third_parties: frozenset[str]
    results: frozenset[str]


def negotiations_from(
    path: Path, episodes: pd.DataFrame, rules: NegotiationRules, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per conflict and month with a round of talks.

    Parameters
    ----------
    path : Path
        The record of rounds.
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    rules : NegotiationRules
    sources : tuple of str
        Keys of the sources of the rounds and the episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by conflict and month.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, or the days of a round contradict its text (`settled_days`).

    References
    ----------
    Duursma, A. and S. M. Gamez (2023). Introducing the African Peace Processes (APP) dataset.
    Journal of Peace Research 60(6).
    """
    spans = spans_by_conflict(episodes)
    by_month: dict[tuple[int, pd.Period], list[Round]] = {}
    for one in read_rounds(path, set(spans), rules):
        for month in pd.period_range(one.first, one.last):
            by_month.setdefault((one.conflict_id, month), []).append(one)
    rows = [
        row_of(conflict_id, month, by_month[conflict_id, month], spans, rules, sources)
        for conflict_id, month in sorted(by_month)
    ]
    return pd.DataFrame(rows).astype({"talk_days": "Int64"})


def read_rounds(path: Path, conflicts: set[int], rules: NegotiationRules) -> list[Round]:
    """Rounds of the conflicts whose first month is known.

    A round whose last month is not known, or lies before its first, is one of its first month.

    Raises
    ------
    BadTable
        If a round is as long as `settled_days` doubts, and no rule settles it.
    """
    parties = [c for kind in rules.third_party for c in kind.columns]
    raw = read_columns(path, [*FURTHER, *DATES, *KINDS, *parties], encoding=ENCODING)
    settled = {(one.conflict_id, one.negotiation_id): one for one in rules.long_round}
    rounds = []
    for row, r in enumerate(records_of(raw), start=2):
        first = month_of(r["start_negotiations_year"], r["start_negotiations_month"])
        if int(r["conflict_id"]) not in conflicts or first is None:
            continue
        last = month_of(r["end_negotiations_year"], r["end_negotiations_month"])
        if last is None or last < first:
            last = first
        days = days_of(first, r["start_negotiations_day"], last, r["end_negotiations_day"])
        one = settled.get((int(r["conflict_id"]), r["negotiation_id"]))
        if len(days) > LONGEST_DAYS or one is not None:
            days = settled_days(days, r, one, path.name, row)
            first, last = (pd.Period(day, freq="M") for day in (min(days), max(days)))
        results = {c for c in RESULTS[:2] if r[c] not in NOT}
        if r["agreement"] not in NOT and not results:
            results = {RESULTS[2]}
        rounds.append(
            Round(
                int(r["conflict_id"]),
                first,
                last,
                days,
                r["mediated_negotiations"] not in NOT,
                frozenset(name for c, name in KINDS.items() if r[c] not in NOT),
                frozenset(
                    k.kind for k in rules.third_party if any(r[c] not in NOT for c in k.columns)
                ),
                frozenset(results),
            )
        )
    return rounds


def settled_days(
    days: frozenset[date], cells: dict[str, Any], rule: LongRound | None, file: str, row: int
) -> frozenset[date]:
    """Days of a long round, as a rule settles them or as its text bears them out.

    Raises
    ------
    BadTable
        If the text names one single day and no rule says what the days are, or if a rule no longer
        fits the file.
    """
    printed = (min(days).isoformat(), max(days).isoformat()) if days else ("", "")
    if rule is None and len(days_named(cells["description"])) != 1:
        return days
    if rule is None or rule.printed != printed:
        raise BadTable(
            file,
            f"a round from {printed[0]} to {printed[1]}, "
            + ("whose text names one day." if rule is None else "which a rule has otherwise."),
            row=row,
            column="negotiation_id",
            value=cells["negotiation_id"],
            remedy=f"Settle it under long_round in data/raw/rules/{NegotiationRules.file}.",
        )
    if rule.days is None:
        return days
    first, last = map(date.fromisoformat, rule.days)
    return frozenset(first + timedelta(n) for n in range((last - first).days + 1))


def days_named(text: str) -> set[tuple[int, str]]:
    """Days of a month that a text names.

    >>> sorted(days_named("They met on 22 February 2019, as agreed on September 3, in May 2018."))
    [(3, 'September'), (22, 'February')]
    """
    found = DAY_NAMED.findall(text)
    return {(int(a or d), b or c) for a, b, c, d in found}


def month_of(year: str, month: str) -> pd.Period | None:
    """A month from its two cells; None if it is none.

    >>> month_of("1994", "8"), month_of("1998", "19"), month_of("23", "7")
    (Period('1994-08', 'M'), None, None)
    """
    if len(year) != 4 or not year.isdigit() or not month.isdigit() or not 1 <= int(month) <= 12:
        return None
    return pd.Period(year=int(year), month=int(month), freq="M")


def days_of(first: pd.Period, begin: str, last: pd.Period, end: str) -> frozenset[date]:
    """Days from one to another; none if one of the two is not known.

    >>> month = pd.Period("1994-08")
    >>> len(days_of(month, "30", month + 1, "2")), len(days_of(month, "", month, "2"))
    (4, 0)
    """
    if not begin or not end:
        return frozenset()
    start, stop = day_in(first, int(begin)), day_in(last, int(end))
    return frozenset(start + timedelta(n) for n in range((stop - start).days + 1))


def day_in(month: pd.Period, day: int) -> date:
    """A day of a month; one that the month does not have is its last."""
    return date(month.year, month.month, min(day, monthrange(month.year, month.month)[1]))


def row_of(
    conflict_id: int,
    month: pd.Period,
    rounds: list[Round],
    spans: Spans,
    rules: NegotiationRules,
    sources: tuple[str, str],
) -> dict[str, Any]:
    """One row of `negotiations_from`."""
    days = {d for r in rounds for d in r.days if (d.year, d.month) == (month.year, month.month)}
    ended = [r for r in rounds if r.last == month]
    kinds = [k.kind for k in rules.third_party if any(k.kind in r.third_parties for r in rounds)]
    last_day = month.end_time.date()
    found = episode_near(spans, conflict_id, last_day.isoformat())
    return {
        "conflict_id": conflict_id,
        "month": last_day,
        "episode_id": found and found[0]["episode_id"],
        "timing": found and found[1],
        "rounds": len(rounds),
        "dated_rounds": sum(bool(r.days) for r in rounds),
        "talk_days": len(days) if days else None,
        "talk_kinds": [name for name in KINDS.values() if any(name in r.kinds for r in rounds)],
        "is_mediated": any(r.is_mediated for r in rounds),
        "third_parties": kinds,
        "results": [name for name in RESULTS if any(name in r.results for r in ended)],
        "source": list(sources),
        "basis": "file",
    }


def negotiation_coverage_from(
    path: Path, episodes: pd.DataFrame, rules: NegotiationRules, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per conflict that the record covers: all of a region, elsewhere those it names.

    Parameters
    ----------
    path, episodes, rules, sources
        As of `negotiations_from`.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by conflict. Of any other conflict, and outside of the
        years, it is not known whether there were talks.
    """
    spans = spans_by_conflict(episodes)
    named = {int(c) for c in read_columns(path, ["conflict_id"], encoding=ENCODING)["conflict_id"]}
    rows = []
    for conflict_id in sorted(spans):
        own = spans[conflict_id]
        is_active = any(e["last_year"] >= rules.first_year for e in own)
        is_region = own[0]["region"] == rules.region and is_active
        if is_region or conflict_id in named:
            rows.append(
                {
                    "conflict_id": conflict_id,
                    "gwno_loc": own[0]["gwno_loc"],
                    "coverage": "region" if is_region else "named",
                    "first_year": rules.first_year,
                    "last_year": rules.last_year,
                    "has_rounds": conflict_id in named,
                    "reason": rules.region_reason if is_region else rules.named_reason,
                    "source": list(sources),
                    "basis": "file",
                }
            )
    return pd.DataFrame(rows)
