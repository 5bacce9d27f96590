"""Sanctions regimes of the Security Council and the conflicts that they concern.

A regime is what one founding resolution set up: the unit by which the Council itself counts them.
The days are those of the resolutions. Two data sets of sanctions are held against the regimes:
every case under the name of the United Nations belongs to a regime or is left out with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal

import pandas as pd

from collsec.compile.council.links import WINDOW, spans_of
from collsec.compile.rules import RuleFile, Strict
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.core.models import Whole
from collsec.upstream.readers import read_columns

LIBRARY, GSDB, EUSANCT = "un_library", "gsdb", "eusanct"
# Kinds of measures: column of the table → columns of the data set.
MEASURES = {
    "has_arms_embargo": ("arms", "military"),
    "has_trade_restriction": ("trade",),
    "has_financial_restriction": ("financial",),
    "has_travel_restriction": ("travel",),
}
Days = Mapping[int, tuple[str, date]]  # number of a resolution → its id and day


class Regime(Strict):
    """One sanctions regime.

    Attributes
    ----------
    regime_id : str
    targets : tuple of int
        State codes; of regimes against a movement, the state on whose ground it stands.
    founded_by : int
        Number of the resolution that imposed the first binding measure.
    ended_by : int or None
        Number of the resolution that ended the last measure; None if it lapsed, or goes on.
    agenda_keys : tuple of str
        Matters of the Council that the regime was part of.
    gsdb, eusanct : tuple of int
        Cases of the two data sets.
    start_day, end_day : date or None
        Days of founding and end where no available resolution has them.
    start_source, end_source : str
        Source of such a day: key of a source or address.
    note : str
        Changes on the way.
    """

    regime_id: str
    targets: tuple[Whole, ...]
    founded_by: Whole
    ended_by: Whole | None = None
    agenda_keys: tuple[str, ...]
    gsdb: tuple[Whole, ...]
    eusanct: tuple[Whole, ...] = ()
    start_day: date | None = None
    start_source: str = ""
    end_day: date | None = None
    end_source: str = ""
    note: str = ""


class LeftOut(Strict):
    """A case under the name of the United Nations that is no sanctions of the Council."""

    data_set: Literal["gsdb", "eusanct"]
    case: Whole
    reason: str


class SanctionsRules(RuleFile):
    """The regimes, and the cases that belong to none."""

    file: ClassVar[str] = "sanctions.toml"
    regime: tuple[Regime, ...]
    left_out: tuple[LeftOut, ...]

    def cases_left_out(self, data_set: str) -> list[int]:
        """Cases of a data set that belong to no regime."""
        return [one.case for one in self.left_out if one.data_set == data_set]


def un_sanctions_from(
    resolutions: pd.DataFrame,
    agenda: pd.DataFrame,
    episodes: pd.DataFrame,
    gsdb: Path,
    eusanct: Path,
    rules: SanctionsRules,
    acd: str,
) -> pd.DataFrame:
    """One row per regime and conflict that it concerns; one row if it concerns none.

    A regime concerns a conflict if one of its matters stands for the conflict at some time of the
    regime, and an episode of the conflict is active during the regime or within 12 months before
    or after it.

    Parameters
    ----------
    resolutions : DataFrame
        As `collsec.compile.council.resolutions.resolutions_from` gives it.
    agenda : DataFrame
        As `collsec.compile.council.links.read_agenda_conflicts` gives it.
    episodes : DataFrame
        Conflict episodes.
    gsdb : Path
        Global Sanctions Data Base (CSV).
    eusanct : Path
        EUSANCT, cases (``.xls``).
    rules : SanctionsRules
    acd : str
        Key of the source of the episodes.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by first day, regime and conflict.

    Raises
    ------
    MissingInput
        If a file is absent.
    BadTable
        If a case of the United Nations is not accounted for, or is accounted for twice.

    References
    ----------
    Felbermayr, G., A. Kirilakha, C. Syropoulos, E. Yalcin and Y. V. Yotov (2020). The Global
    Sanctions Data Base. European Economic Review 129.
    https://doi.org/10.1016/j.euroecorev.2020.103561

    Weber, P. M. and G. Schneider (2022). Post-Cold War sanctioning by the EU, the UN, and the US.
    Conflict Management and Peace Science 39(1). https://doi.org/10.1177/0738894220948729
    """
    cases = read_gsdb(gsdb)
    out_of_gsdb, out_of_eusanct = map(rules.cases_left_out, (GSDB, EUSANCT))
    check_cases(gsdb.name, cases["case_id"], [r.gsdb for r in rules.regime], out_of_gsdb)
    imposed = read_eusanct(eusanct)
    check_cases(eusanct.name, imposed, [r.eusanct for r in rules.regime], out_of_eusanct)
    days: Days = {
        int(r["number"]): (r["resolution_id"], r["resolution_date"])
        for r in records_of(resolutions)
    }
    spans = spans_of(episodes)
    rows = []
    for regime in rules.regime:
        facts = facts_of(regime, days, cases)
        links = links_of(regime, facts["from_date"], facts["to_date"], agenda, spans)
        for link in links or [none_of(regime)]:
            conflict = link["conflict_id"]
            rows.append(
                {
                    "link_id": f"{regime.regime_id}/{'none' if conflict is None else conflict}",
                    **facts,
                    "conflict_id": conflict,
                    "is_none": conflict is None,
                    "rule": link["rule"],
                    "confidence": link["confidence"],
                    "reason": link["reason"],
                    "source": sources_of(regime, acd if conflict is not None else None),
                    "basis": "file",
                    "note": regime.note,
                }
            )
    table = pd.DataFrame(rows).sort_values(
        ["from_date", "regime_id", "conflict_id"], ignore_index=True
    )
    return table.astype({"conflict_id": "Int64"})


def facts_of(regime: Regime, days: Days, cases: pd.DataFrame) -> dict[str, Any]:
    """What is known of the regime itself."""
    founded, first = days.get(regime.founded_by, (f"S/RES/{regime.founded_by}", None))
    ended, last = days[regime.ended_by] if regime.ended_by else (None, None)
    first = regime.start_day or first
    if first is None:
        raise BadTable(
            "resolutions",
            "the founding resolution of a regime is missing.",
            column="number",
            value=regime.founded_by,
        )
    if regime.start_day and regime.founded_by not in days:
        founded = f"{founded} ({first.year})"
    last = regime.end_day or last
    own = cases[cases["case_id"].isin(regime.gsdb)]
    return {
        "regime_id": regime.regime_id,
        "gwno_target": [str(t) for t in regime.targets],
        "from_date": first,
        "from_resolution": founded,
        "from_source": regime.start_source or LIBRARY,
        "to_date": last,
        "to_resolution": ended,
        "to_source": None if last is None else regime.end_source or LIBRARY,
        "is_ongoing": last is None,
        **{
            name: bool((own[list(columns)] == "1").to_numpy().any())
            for name, columns in MEASURES.items()
        },
        "gsdb_cases": [str(c) for c in regime.gsdb],
        "eusanct_cases": [str(c) for c in regime.eusanct],
    }


def links_of(
    regime: Regime,
    first: date,
    last: date | None,
    agenda: pd.DataFrame,
    spans: Mapping[int, list[tuple[pd.Timestamp, pd.Timestamp | None]]],
) -> list[dict[str, Any]]:
    """Conflicts of a regime, each by its surest matter."""
    start = pd.Timestamp(first)
    stop = pd.Timestamp.max if last is None else pd.Timestamp(last)
    agenda_end = agenda["to_date"].max()  # a matter that reaches it goes on
    found: dict[int, dict[str, Any]] = {}
    for link in records_of(agenda[agenda["agenda_key"].isin(regime.agenda_keys)]):
        until = link["to_date"] if link["to_date"] < agenda_end else pd.Timestamp.max
        if link["from_date"] > stop or until < start:
            continue
        conflict = int(link["conflict_id"])
        late = stop if last is None else stop + WINDOW
        if not any(
            onset <= late and (end is None or end >= start - WINDOW)
            for onset, end in spans[conflict]
        ):
            continue
        if conflict not in found or link["confidence"] > found[conflict]["confidence"]:
            found[conflict] = {
                "conflict_id": conflict,
                "rule": link["rule"],
                "confidence": int(link["confidence"]),
                "reason": link["reason"],
            }
    return [found[c] for c in sorted(found)]


def none_of(regime: Regime) -> dict[str, Any]:
    """The row of a regime that concerns no conflict."""
    if regime.agenda_keys:
        rule, confidence = "no_war_active", 2
        reason = "No war of this matter was on during the regime, or within 12 months of it."
    else:
        rule, confidence = "no_war_meant", 3
        reason = "The matter is terrorism or weapons, not one war."
    return {"conflict_id": None, "rule": rule, "confidence": confidence, "reason": reason}


def sources_of(regime: Regime, acd: str | None) -> list[str]:
    """Keys of the sources of one row."""
    keys = [LIBRARY, GSDB, *([EUSANCT] if regime.eusanct else []), *([acd] if acd else [])]
    return [k for k in keys if k != LIBRARY or not regime.start_source or regime.ended_by]


def read_gsdb(path: Path) -> pd.DataFrame:
    """Cases under the name of the United Nations, all text but the number of the case."""
    measures = [c for columns in MEASURES.values() for c in columns]
    raw = read_columns(path, ["case_id", "sanctioning_state", *measures])
    cases = raw[raw["sanctioning_state"] == "UN"]
    return cases.assign(case_id=cases["case_id"].astype(int))


def read_eusanct(path: Path) -> list[int]:
    """Numbers of the cases in which the United Nations imposed sanctions."""
    raw = read_columns(path, ("caseid", "impositionUN"))
    return [int(c) for c in raw.loc[raw["impositionUN"] == "1", "caseid"]]


def check_cases(
    file: str, listed: Iterable[int], used: Iterable[tuple[int, ...]], left_out: Iterable[int]
) -> None:
    """Refuse a data set with a case that no regime has, or a regime with a case that it lacks."""
    known = [*(c for cases in used for c in cases), *left_out]
    doubled = {c for c in known if known.count(c) > 1}
    for cases, what in (
        (doubled, "a case belongs to two regimes."),
        (set(listed) - set(known), "a case of the United Nations belongs to no regime."),
        (set(known) - set(listed), "a case of a regime is missing."),
    ):
        if cases:
            raise BadTable(
                file,
                what,
                column="case",
                value=min(cases),
                remedy=f"Settle it in data/raw/rules/{SanctionsRules.file}.",
            )
