"""Mediation before 1989: what could be joined, a second source after 1989, and rules by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from coding_rules import rules
from collsec.compile.conflicts.early_mediation import (
    EarlyMediationRules,
    early_mediation_from,
    matches,
)

FILE = Path("upstream/mediation/CWM.csv")
RULES = rules(EarlyMediationRules)
SAME_YEAR = 0.9  # share of years, 46 of 47; the second source is mended from time to time


def read(repository: Path, name: str) -> pd.DataFrame:
    """A committed table; cells that are empty are text."""
    return pd.read_csv(repository / "data/raw/compiled" / f"{name}.csv", keep_default_na=False)


def test_what_was_joined_and_what_was_not(repository: Path, shared: Path) -> None:
    """97 efforts that began in 1946–1988: 92 joined, 78 of them by a name of the rebels."""
    found = matches(shared / FILE, read(repository, "episodes"), RULES)
    assert Counter(how for *_, how in found) == {
        "side": 78,
        "only_conflict": 14,
        "several_conflicts": 3,
        "no_conflict": 2,
    }
    table = read(repository, "early_mediation")
    assert table["mediations_begun"].sum() == 92
    assert table["year"].between(1946, 1988).all()


def test_known_mediation(repository: Path) -> None:
    table = read(repository, "early_mediation").set_index(["conflict_id", "year"])
    # Addis Ababa for Southern Sudan, Lancaster House for Zimbabwe, Contadora for El Salvador.
    assert (282, 1971) in table.index or (282, 1972) in table.index
    assert (318, 1979) in table.index and (316, 1984) in table.index
    assert table.loc[(318, 1979), "matched_by"] == "side"


def test_the_rule_joins_what_another_record_has_after_1989(repository: Path, shared: Path) -> None:
    """The same rule on 1989–1999, in Africa, against months with mediated talks by UCDP id."""
    later = RULES.model_copy(update={"first_year": 1989, "last_year": 1999})
    found = matches(shared / FILE, read(repository, "episodes"), later)
    coverage = read(repository, "negotiation_coverage")
    covered = set(coverage.loc[coverage["coverage"] == "region", "conflict_id"])
    pairs = {(c, y) for c, y, _ in found if c in covered}
    talks = read(repository, "negotiations")
    talks = talks[talks["is_mediated"]]
    known = set(zip(talks["conflict_id"], talks["month"].str[:4].astype(int), strict=True))
    assert len(pairs) > 40 and len(pairs & known) / len(pairs) > SAME_YEAR


EPISODES = pd.DataFrame(
    {
        "conflict_id": [1, 2, 3],
        "location": ["Myanmar (Burma)", "Myanmar (Burma)", "Chad"],
        "side_b": ["KNU", "KIO;Arakan front", "FAN"],
        "first_year": [1960, 1960, 1975],
        "last_year": [1970, 1970, 1978],
    }
)


def test_rules_by_hand(tmp_path: Path) -> None:
    rows = [
        ("Myanmar", "KNU ", "1/5/63"),
        ("Myanmar ", "The Arakan liberation front", "//1963"),
        ("Myanmar", "KNU and KIO", "1//63"),
        ("Myanmar", "CPB", "1/1/64"),
        ("Chad", "GUNT", "1/1/79"),
        ("Chad", "GUNT", "1/1/80"),
        ("Chad", "FAN", "1/1/75"),
        ("Chad", "FAN", "1/1/02"),
        ("Chad", "FAN", "3/2/1882"),
        ("Chad", "FAN", "?"),
    ]
    path = tmp_path / "cwm.csv"
    pd.DataFrame(rows, columns=["country", "sideb", "med.begins"]).to_csv(path, index=False)
    assert matches(path, EPISODES, RULES) == [
        (1, 1963, "side"),
        (2, 1963, "side"),
        (None, 1963, "several_conflicts"),
        (None, 1964, "several_conflicts"),
        (3, 1979, "only_conflict"),
        (None, 1980, "no_conflict"),
        (3, 1975, "side"),
    ]
    table = early_mediation_from(path, EPISODES, RULES, ("m", "e"))
    assert table[["conflict_id", "year", "mediations_begun"]].to_numpy().tolist() == [
        [1, 1963, 1],
        [2, 1963, 1],
        [3, 1975, 1],
        [3, 1979, 1],
    ]
