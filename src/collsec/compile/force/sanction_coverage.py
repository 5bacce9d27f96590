"""Which share of a state's trade is with those who have imposed sanctions on it, by year.

The terms of the publication do not say whether rows may be handed on: cases are merged to the years
of their targets. Shares are those before the sanctions, which cut the trade that they cover.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.rules import RuleFile
from collsec.compile.states.states import StateCodes
from collsec.compile.text import records_of
from collsec.core.models import Whole
from collsec.upstream.readers import read_columns

SOURCE, TRADE = "ties", "cow_trade"
SENDERS = tuple(f"sender{n}" for n in range(1, 6))
FURTHER = (
    "targetstate",
    "institution",
    "institutionid",
    "imposition",
    "sancimpositionstartyear",
    "startyear",
    "endyear",
    "ongoingasofyear",
)
YES = "1"
OLDEST = 5  # years that a share of trade may be old, as of yearly ties
YEAR = re.compile(r"\d{4}")


class SanctionCoverageRules(RuleFile):
    """Years of the publication, and who stands behind its codes.

    Attributes
    ----------
    first_year, last_year : int
    united_nations : str
        Code of the institution.
    european_union : int
        Code of the sender that stands for its members.
    union_members : dict
        Year → states that are members from then on.
    """

    file: ClassVar[str] = "sanction_coverage.toml"
    first_year: Whole
    last_year: Whole
    united_nations: str
    european_union: Whole
    union_members: dict[str, tuple[Whole, ...]]

    def states(self, sender: int, year: int) -> list[int]:
        """States that a sender stands for in a year."""
        if sender != self.european_union:
            return [sender]
        return [s for since, own in self.union_members.items() if int(since) <= year for s in own]


@dataclass(frozen=True, slots=True)
class Imposition:
    """Sanctions on a state.

    Attributes
    ----------
    target : int
        COW code.
    senders : frozenset of int
        COW codes of the states that are named, or that stand behind a named union.
    is_with_un, is_with_organization : bool
    first, last : int
        Years in which they surely were in force.
    is_end_known : bool
    """

    target: int
    senders: frozenset[int]
    is_with_un: bool
    is_with_organization: bool
    first: int
    last: int
    is_end_known: bool


def sanction_coverage_from(
    ties: Path, trade: Path, codes: StateCodes, rules: SanctionCoverageRules
) -> pd.DataFrame:
    """One row per state and year in which sanctions on it surely were in force.

    Parameters
    ----------
    ties, trade : Path
        Cases of sanctions; trade of pairs of states.
    codes : StateCodes
    rules : SanctionCoverageRules

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by state and year.

    References
    ----------
    Morgan, T. C., N. Bapat and Y. Kobayashi (2014). Threat and imposition of economic sanctions
    1945–2005: Updating the TIES dataset. Conflict Management and Peace Science 31(5): 541–558.
    doi:10.1177/0738894213520379
    """
    shares = read_trade_shares(trade, rules.first_year - OLDEST)
    in_force: dict[tuple[int, int], list[Imposition]] = {}
    for case in read_cases(ties, rules):
        for year in range(case.first, min(case.last, rules.last_year) + 1):
            in_force.setdefault((codes.gwno_of_cow(case.target, year), year), []).append(case)
    rows = []
    for (state, year), cases in sorted(in_force.items()):
        since: dict[int, int] = {}
        for case in cases:
            for sender in case.senders:
                since[sender] = min(since.get(sender, year), case.first)
        covered = [share_before(shares, cases[0].target, s, y) for s, y in sorted(since.items())]
        known = [share for share in covered if share is not None]
        rows.append(
            {
                "gwno": state,
                "year": year,
                "sanctions": len(cases),
                "sender_states": len(since),
                "has_un_part": any(case.is_with_un for case in cases),
                "has_organization_part": any(case.is_with_organization for case in cases),
                "sender_trade_share": round(min(sum(known), 1.0), 4) if known else None,
                "senders_without_trade": len(covered) - len(known),
                "ends_unknown": sum(not case.is_end_known for case in cases),
                "source": [SOURCE, TRADE],
                "basis": "file",
            }
        )
    return pd.DataFrame(rows)


def read_cases(path: Path, rules: SanctionCoverageRules) -> list[Imposition]:
    """Cases in which sanctions were imposed on a state, in the order of the file.

    One whose end is not known surely was in force up to the last year as of which it is said to go
    on, or in its first year alone.
    """
    out = []
    for r in records_of(read_columns(path, [*SENDERS, *FURTHER], encoding="latin-1")):
        first = year_of(str(r["sancimpositionstartyear"]))
        target = int(str(r["targetstate"]))
        if r["imposition"] != YES or first is None or target == rules.european_union:
            continue
        end = year_of(str(r["endyear"]))
        last = max(first, end or year_of(str(r["ongoingasofyear"])) or first)
        named = [int(str(r[c])) for c in SENDERS if r[c]]
        senders = {state for one in named for state in rules.states(one, first)} - {target}
        out.append(
            Imposition(
                target,
                frozenset(senders),
                rules.united_nations in str(r["institutionid"]).split(),
                r["institution"] == YES,
                first,
                last,
                end is not None,
            )
        )
    return out


def year_of(text: str) -> int | None:
    """The first year in a cell; a few hold a remark beside it.

    >>> year_of("1949, sometime before this date."), year_of("")
    (1949, None)
    """
    found = YEAR.search(text)
    return int(found[0]) if found else None


Shares = Mapping[tuple[int, int], Mapping[int, float]]


def read_trade_shares(path: Path, first_year: int) -> Shares:
    """Share of each partner in a state's trade: (state, partner) → year → share; COW codes.

    A flow that is not known counts as none if the other one of the pair is known.
    """
    trade = read_columns(path, ["ccode1", "ccode2", "year", "flow1", "flow2"])
    trade = trade[trade["year"] >= first_year].dropna(subset=["flow1", "flow2"], how="all")
    amount = trade["flow1"].fillna(0) + trade["flow2"].fillna(0)
    both = [
        pd.DataFrame({"state": trade[a], "partner": trade[b], "year": trade["year"], "n": amount})
        for a, b in (("ccode1", "ccode2"), ("ccode2", "ccode1"))
    ]
    long = pd.concat(both, ignore_index=True)
    long["share"] = long["n"] / long.groupby(["state", "year"])["n"].transform("sum")
    out: dict[tuple[int, int], dict[int, float]] = {}
    columns: list[list[Any]] = [long[c].tolist() for c in ("state", "partner", "year", "share")]
    for state, partner, year, share in zip(*columns, strict=True):
        if share == share:  # a state without any trade has no shares
            out.setdefault((int(state), int(partner)), {})[int(year)] = float(share)
    return out


def share_before(shares: Shares, state: int, partner: int, year: int) -> float | None:
    """Share in the year before, or the latest of the five years before; None if not known."""
    own = shares.get((state, partner), {})
    return next((own[y] for y in range(year - 1, year - 1 - OLDEST, -1) if y in own), None)
