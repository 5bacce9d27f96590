"""Months with negotiations: what the record has, what it covers, and nothing of its text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.conflicts.negotiations import (
    DATES,
    FURTHER,
    KINDS,
    LongRound,
    NegotiationRules,
    negotiation_coverage_from,
    negotiations_from,
)
from collsec.core.errors import BadTable

COMPILED = Path("data/raw/compiled")
FILE = Path("upstream/negotiations/peace_observatory_negotiations.csv")
RULES = rules(NegotiationRules)


def read(repository: Path, name: str) -> pd.DataFrame:
    """A committed table, all text."""
    return pd.read_csv(repository / COMPILED / f"{name}.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def rounds(shared: Path, repository: Path) -> pd.DataFrame:
    """Rows of the record on conflicts of the study."""
    raw = pd.read_csv(shared / FILE, sep=";", encoding="latin-1", dtype=str, keep_default_na=False)
    assert len(raw) == 3923
    return raw[raw["conflict_id"].isin(read(repository, "episodes")["conflict_id"])]


def test_months_are_those_of_the_record(repository: Path, rounds: pd.DataFrame) -> None:
    table = read(repository, "negotiations")
    assert len(rounds) == 1953 and rounds["conflict_id"].nunique() == 56
    assert len(table) == 1498 and table["conflict_id"].nunique() == 55
    month = pd.to_numeric(rounds["start_negotiations_month"], errors="coerce")
    known = rounds[month.between(1, 12)]
    assert len(rounds) - len(known) == 21
    first = known["start_negotiations_year"] + "-" + known["start_negotiations_month"].str.zfill(2)
    begun = set(zip(known["conflict_id"], first, strict=True))
    ours = set(zip(table["conflict_id"], table["month"].str[:7], strict=True))
    assert len(ours - begun) == 1499 - len(begun)
    mediated = known["mediated_negotiations"] == "1"
    pairs = set(zip(known.loc[mediated, "conflict_id"], first[mediated], strict=True))
    mediated_months = table[table["is_mediated"] == "true"]
    # The one whose first month is misprinted: 2014, not 2013.
    assert begun - ours == {("332", "2013-02")}
    assert pairs - {("332", "2013-02")} <= set(
        zip(mediated_months["conflict_id"], mediated_months["month"].str[:7], strict=True)
    )
    assert len(mediated_months) == 1209
    dated = table["talk_days"] != ""
    assert dated.sum() == 1004 and ((table["dated_rounds"] != "0") == dated).mean() > 0.99
    assert table.loc[dated, "talk_days"].astype(int).between(1, 31).all()
    assert table["timing"].value_counts().to_dict() == {"during": 940, "after": 534, "before": 24}


def test_rounds_in_active_years(repository: Path, rounds: pd.DataFrame) -> None:
    """1,459 rows fall in active years of 91 episodes."""
    episodes = read(repository, "episodes")
    both = rounds.merge(episodes, on="conflict_id")
    year = pd.to_numeric(both["start_negotiations_year"])
    active = both[
        (year >= both["first_year"].astype(int)) & (year <= both["last_year"].astype(int))
    ]
    assert len(active) == 1459 and active["episode_id"].nunique() == 91


def test_coverage_is_told_conflict_by_conflict(repository: Path) -> None:
    table = read(repository, "negotiation_coverage")
    counts = table.groupby(["coverage", "has_rounds"]).size().to_dict()
    assert counts == {("region", "true"): 46, ("region", "false"): 33, ("named", "true"): 10}
    covered = set(table["conflict_id"])
    assert set(read(repository, "negotiations")["conflict_id"]) <= covered
    # Bosnia, El Salvador, Guatemala, Colombia, Nepal, Afghanistan.
    assert not covered & {"389", "316", "233", "289", "269", "333"}


def test_nothing_of_the_text_is_kept(repository: Path, rounds: pd.DataFrame) -> None:
    text = (repository / COMPILED / "negotiations.csv").read_text(encoding="utf-8")
    names = {t.strip() for t in rounds["third_party"] if len(t.strip()) > 3}
    assert len(names) > 200 and not [n for n in names if n in text]
    places = {p for p in rounds["location_negotiations"] if len(p) > 3 and p != "unknown"}
    assert len(places) > 200 and not [p for p in places if p in text]


def test_misprinted_years_are_no_talks(repository: Path) -> None:
    table = read(repository, "negotiations")
    for conflict, first, last, kept in (
        ("409", "2019-03", "2022-02", 4),  # 36 months, of which 32 rested on the misprint alone
        ("294", "2008-12", "2009-11", 2),
        ("332", "2013-02", "2014-01", 4),
        ("309", "2005-01", "2005-04", 2),
    ):
        month = table.loc[table["conflict_id"] == conflict, "month"].str[:7]
        assert ((month >= first) & (month <= last)).sum() == kept, conflict
    meeting = table[(table["conflict_id"] == "409") & (table["month"] == "2019-02-28")]
    assert meeting["talk_days"].tolist() == ["1"]


EPISODES = pd.DataFrame(
    {
        "episode_id": ["1-1", "2-1", "3-1"],
        "conflict_id": [1, 2, 3],
        "onset_date": ["1995-03-01", "1990-01-01", "1950-01-01"],
        "end_date": ["1996-06-30", None, "1951-01-01"],
        "is_ended": [True, False, True],
        "last_year": [1996, 2024, 1951],
        "region": [4, 3, 4],
        "gwno_loc": [["500"], ["700"], ["501"]],
    }
)


def line(conflict: str, start: str, end: str, **cells: str) -> dict[str, str]:
    """One round; days as year-month-day, parts that are not known empty."""
    parties = [c for kind in RULES.third_party for c in kind.columns]
    row = dict.fromkeys([*FURTHER, *KINDS, *parties], "0")
    row |= dict(zip(DATES, [*start.split("-"), *end.split("-")], strict=True))
    return row | {"conflict_id": conflict, "nego": "1"} | cells


def test_months_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "rounds.csv"
    lines = [
        line("1", "1995-5-30", "1995-6-2", mediated_negotiations="1", peace_operation="1"),
        line("1", "1995-6-2", "1995-6-4", ceasefire="1", agreement="1"),
        line("1", "1995-6-", "1995-6-", agreement="1", prenego="1"),
        line("1", "1996-7-1", "1995-7-2", peace_agreement="11", agreement="1", company="1"),
        line("1", "1995--", "1995--"),
        line("1", "1998-19-1", "1998-10-1"),
        line("9", "1995-5-1", "1995-5-1"),
    ]
    pd.DataFrame(lines).to_csv(path, index=False, sep=";", encoding="latin-1")
    table = negotiations_from(path, EPISODES, RULES, ("n", "e")).set_index("month")
    assert table.index.astype(str).tolist() == ["1995-05-31", "1995-06-30", "1996-07-31"]
    may, june, july = (table.iloc[i] for i in range(3))
    assert may[["rounds", "dated_rounds", "talk_days", "is_mediated"]].tolist() == [1, 1, 2, True]
    assert may["third_parties"] == ["peace_operation"] and may["results"] == []
    assert june[["rounds", "dated_rounds", "talk_days"]].tolist() == [3, 2, 4]
    assert june["results"] == ["ceasefire", "other_agreement"]
    assert june["talk_kinds"] == ["prenegotiation", "negotiation"]
    assert july["results"] == ["peace_agreement"] and july["timing"] == "after"
    assert july["third_parties"] == ["non_governmental"]
    coverage = negotiation_coverage_from(path, EPISODES, RULES, ("n", "e"))
    assert coverage[["conflict_id", "coverage", "has_rounds"]].to_numpy().tolist() == [
        [1, "region", True]
    ]


def test_a_long_round_of_one_day_is_refused_until_settled(tmp_path: Path) -> None:
    path = tmp_path / "rounds.csv"
    text = "On 3 May 1995 the two met."
    cells = line("1", "1995-5-3", "1996-5-3", negotiation_id="7-1", description=text)
    pd.DataFrame([cells]).to_csv(path, index=False, sep=";", encoding="latin-1")
    open_rules = RULES.model_copy(update={"long_round": ()})
    with pytest.raises(BadTable, match=r"7-1.*names one day.*long_round"):
        negotiations_from(path, EPISODES, open_rules, ("n", "e"))
    rule = LongRound(
        conflict_id=1,
        negotiation_id="7-1",
        printed=("1995-05-03", "1996-05-03"),
        days=("1995-05-03", "1995-05-03"),
        reason="The year of the end is misprinted.",
    )
    settled = RULES.model_copy(update={"long_round": (rule,)})
    table = negotiations_from(path, EPISODES, settled, ("n", "e"))
    assert table[["month", "talk_days"]].astype(str).to_numpy().tolist() == [["1995-05-31", "1"]]
    stands = RULES.model_copy(update={"long_round": (rule.model_copy(update={"days": None}),)})
    assert len(negotiations_from(path, EPISODES, stands, ("n", "e"))) == 13
    stale = rule.model_copy(update={"printed": ("1995-05-03", "1995-07-20")})
    with pytest.raises(BadTable, match="which a rule has otherwise"):
        negotiations_from(
            path, EPISODES, RULES.model_copy(update={"long_round": (stale,)}), ("n", "e")
        )
    # Two days named bear a long round out.
    pd.DataFrame([cells | {"description": text + " They parted on 3 June."}]).to_csv(
        path, index=False, sep=";", encoding="latin-1"
    )
    assert len(negotiations_from(path, EPISODES, open_rules, ("n", "e"))) == 13
