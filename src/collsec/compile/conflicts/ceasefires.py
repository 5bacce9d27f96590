"""Whether a ceasefire held, month by month: of a conflict, and of each of its dyads.

The terms of the record do not say whether rows may be handed on: only what a month of a conflict
had is kept, ceasefires are merged, and no name and no text is taken over. The end of a third of
the ceasefires is not known. So two answers stand side by side: what surely held, and what may have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.conflicts.negotiations import day_in
from collsec.compile.conflicts.spans import Spans, episode_near, spans_by_conflict
from collsec.compile.rules import RuleFile
from collsec.compile.text import records_of
from collsec.upstream.readers import read_columns

DATES = tuple(
    f"{of}_{part}" for of in ("cf_dec", "cf_effect", "end") for part in ("yr", "month", "day")
)
FURTHER = (
    "ucdp_acd_id",
    "ucdp_dyad",
    "ucdp_actor_id",
    "actor_name",
    "side",
    "partial",
    "fixed",
    "fixed_time",
    "ceasefire_class",
    "mediator_nego",
    "ended",
)
YES, NO = "1", "0"
NONE, PARTIAL, FULL = "none", "partial", "full"


class CeasefireRules(RuleFile):
    """What the record covers, and what its codes mean.

    Attributes
    ----------
    first_year, last_year : int
        Years that it covers.
    never_held, still_held : str
        Codes of an end: the ceasefire never took effect; it goes on.
    unilateral : str
        Code of a ceasefire that one party declared alone.
    kinds, purposes : dict of str
        Code of the class, weakest first, and column of the purpose → name.
    covered_types : tuple of str
        Types of conflict that the record follows.
    covered_reason, other_reason : str
        What the absence of a ceasefire means of these types, and of others.
    """

    file: ClassVar[str] = "ceasefires.toml"
    first_year: int
    last_year: int
    never_held: str
    still_held: str
    unilateral: str
    kinds: dict[str, str]
    purposes: dict[str, str]
    covered_types: tuple[str, ...]
    covered_reason: str
    other_reason: str


@dataclass(frozen=True, slots=True)
class Ceasefire:
    """One party's part in a ceasefire.

    Attributes
    ----------
    conflict_id, dyad_id : int or None
    party : tuple of str
        Who keeps it, in which conflict.
    is_partial, is_mutual : bool
    is_mediated : bool or None
    kind : str
    purposes : frozenset of str
    sure, possible : tuple of Period
        First and last month in which it surely held, and in which it may have; the first pair is
        empty if none is sure.
    days : tuple of date
        First and last day on which it surely held, as far as the sure months reach; empty too.
    """

    conflict_id: int | None
    dyad_id: int | None
    party: tuple[str, ...]
    is_partial: bool
    is_mutual: bool
    is_mediated: bool | None
    kind: str
    purposes: frozenset[str]
    sure: tuple[pd.Period, ...]
    possible: tuple[pd.Period, pd.Period]
    days: tuple[date, ...]


def ceasefires_from(
    path: Path, episodes: pd.DataFrame, rules: CeasefireRules, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per conflict and run of months in which the same held, or may have.

    Parameters
    ----------
    path : Path
        The record of ceasefires.
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    rules : CeasefireRules
    sources : tuple of str
        Keys of the sources of the ceasefires and the episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by conflict and month.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing.

    References
    ----------
    Clayton, G., H. M. Nygård, H. Strand, S. A. Rustad, C. Wiehler, T. Sagård, P. Landsverk, R.
    Ryland, V. Sticher, E. Wink and C. Bara (2023). Introducing the ETH/PRIO Civil Conflict
    Ceasefire dataset. Journal of Conflict Resolution 67(7–8): 1430–1451.
    doi:10.1177/00220027221129183
    """
    spans = spans_by_conflict(episodes)
    every = [(c.conflict_id, c) for c in read_ceasefires(path, rules) if c.conflict_id in spans]
    rows = [
        {"conflict_id": conflict_id, "from_month": last_day_of(months[0])}
        | {"to_month": last_day_of(months[1])}
        | _episode(spans, conflict_id, months[0])
        | status
        | {"source": list(sources), "basis": "file"}
        for conflict_id, months, status in runs_of(
            every, rules, lambda unit, month: _episode(spans, unit, month)
        )
    ]
    return pd.DataFrame(rows)


def dyad_ceasefires_from(
    path: Path, dyads: pd.DataFrame, rules: CeasefireRules, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per dyad and run of months in which the same held, or may have.

    Parameters
    ----------
    path, rules
        As of `ceasefires_from`.
    dyads : DataFrame
        As `collsec.compile.conflicts.dyads.dyads_from` gives it: says to which conflict a dyad
        belongs, whatever the record of ceasefires says.
    sources : tuple of str
        Keys of the sources of the ceasefires and the dyads.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by dyad and month.
    """
    conflict_of = dict(zip(dyads["dyad_id"], dyads["conflict_id"], strict=True))
    every = [(c.dyad_id, c) for c in read_ceasefires(path, rules) if c.dyad_id in conflict_of]
    rows = [
        {"dyad_id": dyad_id, "from_month": last_day_of(months[0])}
        | {"to_month": last_day_of(months[1]), "conflict_id": conflict_of[dyad_id]}
        | status
        | {"source": list(sources), "basis": "file"}
        for dyad_id, months, status in runs_of(every, rules)
    ]
    return pd.DataFrame(rows)


def ceasefire_coverage_from(
    episodes: pd.DataFrame, rules: CeasefireRules, sources: tuple[str, str]
) -> pd.DataFrame:
    """One row per episode active in the years of the record: whether an absence is one.

    Parameters
    ----------
    episodes, rules, sources
        As of `ceasefires_from`.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by episode. Outside of the years of a row it is not
        known whether there was a ceasefire that `ceasefires` does not have.
    """
    rows = []
    for episode in records_of(episodes):
        first = max(int(episode["first_year"]), rules.first_year)
        last = min(int(episode["last_year"]), rules.last_year)
        if first > last:
            continue
        is_followed = any(kind in rules.covered_types for kind in episode["types_ever"])
        rows.append(
            {
                "episode_id": episode["episode_id"],
                "conflict_id": episode["conflict_id"],
                "first_year": first,
                "last_year": last,
                "is_followed": is_followed,
                "reason": rules.covered_reason if is_followed else rules.other_reason,
                "source": list(sources),
                "basis": "file",
            }
        )
    return pd.DataFrame(rows)


def _episode(spans: Spans, conflict_id: int, month: pd.Period) -> dict[str, Any]:
    found = episode_near(spans, conflict_id, last_day_of(month).isoformat())
    return {"episode_id": found and found[0]["episode_id"], "timing": found and found[1]}


def last_day_of(month: pd.Period) -> date:
    """Last day of a month."""
    return day_in(month, 31)


Run = tuple[int, tuple[pd.Period, pd.Period], dict[str, Any]]


def runs_of(
    every: Iterable[tuple[int | None, Ceasefire]],
    rules: CeasefireRules,
    besides: Callable[[int, pd.Period], dict[str, Any]] = lambda unit, month: {},
) -> list[Run]:
    """Runs of months of the same status, by unit and month.

    Parameters
    ----------
    every : iterable of tuple
        Unit, and a ceasefire of it.
    rules : CeasefireRules
    besides : callable
        What else of a unit and month ends a run when it changes.

    Returns
    -------
    list of tuple
        Unit, first and last month, status; the days of the months of a run are added up.
    """
    months: dict[tuple[int, pd.Period], list[Ceasefire]] = {}
    for unit, one in every:
        if unit is not None:
            for month in pd.period_range(*one.possible):
                months.setdefault((unit, month), []).append(one)
    runs: list[Run] = []
    previous: tuple[Any, ...] | None = None
    for unit, month in sorted(months):
        status = status_of(month, months[unit, month], rules)
        days = status.pop("held_days")
        now = (unit, status, besides(unit, month))
        if runs and now == previous and runs[-1][1][1] + 1 == month:
            _, (first, _), kept = runs[-1]
            runs[-1] = (unit, (first, month), kept | {"held_days": kept["held_days"] + days})
        else:
            runs.append((unit, (month, month), {**status, "held_days": days}))
        previous = now
    return runs


def status_of(month: pd.Period, every: list[Ceasefire], rules: CeasefireRules) -> dict[str, Any]:
    """What held in a month: the widest of all ceasefires that surely did, and that may have."""
    sure = [c for c in every if c.sure and c.sure[0] <= month <= c.sure[1]]
    kinds = [name for name in rules.kinds.values() if any(c.kind == name for c in sure)]
    return {
        "ceasefire_status": extent_of(sure),
        "mutual_ceasefire": extent_of([c for c in sure if c.is_mutual]),
        "possible_ceasefire": extent_of(every),
        "is_mediated_ceasefire": mediated(sure),
        "strongest_ceasefire": kinds[-1] if kinds else None,
        "ceasefire_purposes": [
            p for p in rules.purposes.values() if any(p in c.purposes for c in sure)
        ],
        "held_days": len({day for c in sure for day in days_in(month, c.days)}),
    }


def extent_of(every: Iterable[Ceasefire]) -> str:
    """The widest extent: the whole zone of the conflict, a part of it, or nothing."""
    partial = [c.is_partial for c in every]
    return NONE if not partial else PARTIAL if all(partial) else FULL


def mediated(sure: list[Ceasefire]) -> bool | None:
    """Whether a third party brought one about; None if nothing holds, or if it is not known."""
    known = [c.is_mediated for c in sure]
    if True in known:
        return True
    return None if None in known or not known else False


def days_in(month: pd.Period, days: tuple[date, ...]) -> list[date]:
    """Days of a month from a first to a last day."""
    if not days:
        return []
    start = max(days[0], month.start_time.date())
    stop = min(days[1], month.end_time.date())
    return [start + timedelta(n) for n in range((stop - start).days + 1)]


def read_ceasefires(path: Path, rules: CeasefireRules) -> list[Ceasefire]:
    """Each party's part in each ceasefire that took effect, in the order of the file.

    An end that is not known is bounded from above: by the term for which the ceasefire was made, by
    the next ceasefire of the whole zone that the same party kept, or by the end of the record. One
    that is said to go on, although the same party made a later one, has such an end too (the Tamil
    Tigers' of September 1989 towards India).
    """
    rows = records_of(read_columns(path, [*FURTHER, *DATES, *rules.purposes]))
    held = [r for r in rows if r["cf_effect_yr"] != NO and r["ended"] != rules.never_held]
    wide: dict[tuple[str, ...], list[pd.Period]] = {}
    for r in held:
        began = beginning(r)
        if r["partial"] == NO and began[0] == began[1]:
            wide.setdefault(party_of(r), []).append(began[0])
    return [_ceasefire(r, wide.get(party_of(r), []), rules) for r in held]


def party_of(row: dict[str, str]) -> tuple[str, ...]:
    """Who keeps the ceasefire, in which conflict."""
    return row["ucdp_acd_id"], row["ucdp_actor_id"], row["actor_name"]


def _ceasefire(r: dict[str, str], wide: list[pd.Period], rules: CeasefireRules) -> Ceasefire:
    """One row of `read_ceasefires`; `wide` are the beginnings of the party's full ceasefires."""
    first, last_first = beginning(r)
    record_ends = pd.Period(year=rules.last_year, month=12, freq="M")
    year, month = int(r["end_yr"]), int(r["end_month"])
    is_end_known = year > 0 and month > 0
    later = [m for m in wide if m > last_first]
    if year > 0:
        last = pd.Period(year=year, month=month if month > 0 else 12, freq="M")
        sure_last = last if is_end_known else last - 12
    elif r["ended"] == rules.still_held and not later:
        last = sure_last = record_ends
    else:
        last = min([record_ends, *term_of(r, last_first), *later])
        sure_last = first - 1
    if int(r["cf_effect_yr"]) > 0 and first == last_first:
        sure_last = max(sure_last, first)  # It held in the month in which it took effect.
    is_sure = int(r["cf_effect_yr"]) > 0 and last_first <= sure_last
    sure = (last_first, sure_last) if is_sure else ()
    return Ceasefire(
        conflict_id=known_id(r["ucdp_acd_id"]),
        dyad_id=known_id(r["ucdp_dyad"]),
        party=party_of(r),
        is_partial=r["partial"] != NO,
        is_mutual=r["side"] != rules.unilateral,
        is_mediated={YES: True, NO: False}.get(r["mediator_nego"]),
        kind=rules.kinds[r["ceasefire_class"]],
        purposes=frozenset(name for c, name in rules.purposes.items() if r[c] == YES),
        sure=sure,
        possible=(first, max(first, last)),
        days=_days(r, sure, is_end_known) if sure else (),
    )


def beginning(r: dict[str, str]) -> tuple[pd.Period, pd.Period]:
    """First and last month in which a ceasefire can have taken effect.

    One of which only the declaration is dated may have taken effect from that month on; of a year
    whose month is not known, from its declaration to December.
    """
    declared = pd.Period(year=int(r["cf_dec_yr"]), month=max(int(r["cf_dec_month"]), 1), freq="M")
    year, month = int(r["cf_effect_yr"]), int(r["cf_effect_month"])
    if year <= 0:
        return declared, declared
    if month > 0:
        known = pd.Period(year=year, month=month, freq="M")
        return known, known
    return max(declared, pd.Period(year=year, month=1, freq="M")), pd.Period(
        year=year, month=12, freq="M"
    )


def term_of(r: dict[str, str], began: pd.Period) -> list[pd.Period]:
    """The month in which the term ends for which it was made; empty if it was made for none."""
    if r["fixed"] != YES or not r["fixed_time"].isdigit() or r["fixed_time"] == NO:
        return []
    last = day_in(began, max(int(r["cf_effect_day"]), 1)) + timedelta(int(r["fixed_time"]))
    return [pd.Period(last, freq="M")]


def _days(r: dict[str, str], sure: tuple[pd.Period, ...], is_end_known: bool) -> tuple[date, ...]:
    """First and last day on which it surely held; a day that is not known counts against it."""
    first, last = sure
    begins, ends = int(r["cf_effect_day"]), int(r["end_day"])
    is_month_known = int(r["cf_effect_month"]) > 0
    start = day_in(first, begins if begins > 0 and is_month_known else 31)
    if is_end_known:
        stop = day_in(last, ends) if ends > 0 else last.start_time.date()
    elif last > first:
        stop = last.end_time.date()
    else:
        stop = start
    return (start, max(start, stop))


def known_id(text: str) -> int | None:
    """An id of UCDP; None for the codes of what has none.

    >>> known_id("389"), known_id("-2"), known_id("0"), known_id("")
    (389, None, None, None)
    """
    return int(text) if text.isdigit() and int(text) > 0 else None
