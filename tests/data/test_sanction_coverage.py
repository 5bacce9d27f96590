"""Sanctions and the trade that they cover: known targets from the files, and rules by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from coding_rules import rules
from collsec.compile.force.sanction_coverage import (
    FURTHER,
    SENDERS,
    SanctionCoverageRules,
    read_cases,
    share_before,
    year_of,
)
from collsec.upstream.readers import read_columns

RULES = rules(SanctionCoverageRules)


def read(repository: Path, name: str) -> pd.DataFrame:
    """A committed table."""
    return pd.read_csv(repository / "data/raw/compiled" / f"{name}.csv")


def test_cuba_by_hand(repository: Path, shared: Path) -> None:
    """Sanctions of 1960 by five states; of trade in 1959, 957 of 1,333 with the United States."""
    path = shared / "upstream/peacesciencer_history/cow_trade_ndy.rda"
    trade = read_columns(path, ["ccode1", "ccode2", "year", "flow1", "flow2"])
    own = trade[(trade["year"] == 1959) & ((trade["ccode1"] == 40) | (trade["ccode2"] == 40))]
    amount = own["flow1"].fillna(0) + own["flow2"].fillna(0)
    partner = (own["ccode1"] + own["ccode2"] - 40).astype(int)
    assert amount.sum() == 1333 and amount[partner == 2].sum() == 957
    senders = amount[partner.isin([2, 200, 740, 260, 666])].sum()
    table = read(repository, "sanction_coverage").set_index(["gwno", "year"])
    row = table.loc[(40, 1963)]
    assert row["sender_states"] == 5 and row["sender_trade_share"] == round(senders / 1333, 4)
    assert (40, 1959) not in table.index


def test_counts(repository: Path, shared: Path) -> None:
    path = shared / "upstream/ties/TIES.csv"
    raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="latin-1")
    imposed = raw[(raw["imposition"] == "1") & (raw["targetstate"] != "1000")]
    known = imposed["sancimpositionstartyear"] != ""
    assert len(read_cases(path, RULES)) == known.sum()
    table = read(repository, "sanction_coverage")
    assert len(table) == 1849 and table["gwno"].nunique() == 135
    assert table["sender_trade_share"].notna().sum() == 1639
    assert table["year"].min() == 1946 and table["year"].max() == 2005


def test_the_part_of_the_united_nations_is_not_a_regime_of_the_council(repository: Path) -> None:
    """Of 180 years of states under regimes of the Council to 2005, 93 are in the publication."""
    regimes = read(repository, "un_sanctions").drop_duplicates("regime_id")
    regimes = regimes[regimes["gwno_target"].notna()]
    years = set()
    for target, first, last in regimes[["gwno_target", "from_date", "to_date"]].to_numpy():
        end = int(last[:4]) if isinstance(last, str) else 2005
        for code in str(target).split(";"):
            years |= {(int(float(code)), y) for y in range(int(first[:4]), min(end, 2005) + 1)}
    table = read(repository, "sanction_coverage")
    pairs = set(zip(table["gwno"], table["year"], strict=True))
    named = table[table["has_un_part"]]
    un = set(zip(named["gwno"], named["year"], strict=True))
    assert (len(years), len(years & pairs), len(years & un), len(un)) == (180, 93, 76, 218)


def case(**cells: str) -> dict[str, str]:
    return (
        dict.fromkeys([*SENDERS, *FURTHER], "") | {"imposition": "1", "targetstate": "40"} | cells
    )


def test_cases_by_hand(tmp_path: Path) -> None:
    rows = [
        case(sender1="2", sender2="40", sancimpositionstartyear="1960", ongoingasofyear="1962"),
        case(sender1="1000", sancimpositionstartyear="1974, before May", endyear="1973"),
        case(sender1="2", sancimpositionstartyear="1980", institutionid="1830 4400"),
        case(sender1="2", sancimpositionstartyear="1980", imposition="0"),
        case(sender1="2", sancimpositionstartyear="1980", targetstate="1000"),
        case(sender1="2"),
    ]
    path = tmp_path / "ties.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    first, second, third = read_cases(path, RULES)
    assert (first.senders, first.first, first.last, first.is_end_known) == ({2}, 1960, 1962, False)
    assert second.senders == {210, 211, 212, 220, 255, 260, 325, 200, 205, 390}
    assert (second.first, second.last, second.is_end_known) == (1974, 1974, True)
    assert third.is_with_un and not first.is_with_un and third.last == 1980
    assert year_of("") is None


def test_shares_are_of_the_years_before() -> None:
    shares = {(40, 2): {1950: 0.1, 1954: 0.4, 1956: 0.9}}
    assert share_before(shares, 40, 2, 1956) == 0.4
    assert share_before(shares, 40, 2, 1957) == 0.9
    assert share_before(shares, 40, 2, 1950) is None
    assert share_before(shares, 40, 3, 1956) is None
    assert share_before(shares, 40, 2, 1962) is None
