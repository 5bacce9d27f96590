"""Mandates by a second coder: known ones, paragraphs, and how far the two coders agree."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.missions.further_mandates import (
    FurtherMandateRules,
    further_mandates_from,
    mandate_paragraphs_from,
    paragraph_of,
)
from collsec.compile.missions.labels import LabelRules
from collsec.compile.missions.mandate_tasks import TaskRules
from collsec.core.errors import BadTable

LABELS, RULES = rules(LabelRules), rules(FurtherMandateRules)


def read(repository: Path, name: str) -> pd.DataFrame:
    """A committed table."""
    return pd.read_csv(repository / "data/raw/compiled" / f"{name}.csv")


def months(table: pd.DataFrame) -> pd.DataFrame:
    """One row per operation and month with its kinds of tasks."""
    rows = [
        {"mission_id": r["mission_id"], "month": month}
        | {k: v for k, v in r.items() if str(k).endswith("_task")}
        for r in table.to_dict("records")
        for month in pd.period_range(r["from_month"][:7], r["to_month"][:7], freq="M")
    ]
    return pd.DataFrame(rows).set_index(["mission_id", "month"])


def test_kinds_are_those_of_the_first_coder() -> None:
    assert list(RULES.kinds) == [kind.name for kind in rules(TaskRules).kind]


def test_agreement_of_the_two_coders(repository: Path) -> None:
    """Cohen's kappa by kind over the 2,606 months that both have, as `CODING` prints it.

    Kappa is (p − e) / (1 − e), p the share of equal codes, e that of coders who draw by chance.
    """
    first, second = (
        months(read(repository, "mandate_tasks")),
        months(read(repository, "further_mandates")),
    )
    shared = first.index.intersection(second.index)
    assert len(shared) == 2606 and shared.get_level_values(0).nunique() == 46
    kappa = {}
    for kind in RULES.kinds:
        a, b = (t.loc[shared, f"has_{kind}_task"].astype(bool) for t in (first, second))
        equal = float((a == b).mean())
        chance = float(a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean()))
        kappa[kind] = round((equal - chance) / (1 - chance), 2)
    assert kappa == {
        "ceasefire": 0.43,
        "mediation": 0.36,
        "civilian_protection": 0.89,
        "human_rights": 0.65,
        "humanitarian": 0.80,
        "arms_control": 0.22,
        "disarmament": 0.77,
        "police_and_justice": 0.49,
        "election": 0.81,
        "government": 0.67,
    }
    text = (repository / "data/raw/CODING-ceasefires-and-force.md").read_text(encoding="utf-8")
    for kind, value in kappa.items():
        assert f"| `{kind}` | {value:.2f} |" in text


def test_known_paragraphs(repository: Path) -> None:
    """S/RES/1996 (2011): 3 (b) and 4 protect civilians; 10 and 11, children and others."""
    table = read(repository, "mandate_paragraphs").set_index(
        ["mission_id", "resolution_id", "task_kind"]
    )
    assert (
        table.loc[("unmiss", "S/RES/1996 (2011)", "civilian_protection"), "paragraphs"]
        == "3;4;10;11"
    )
    row = table.loc[("minuci", "S/RES/1479 (2003)", "disarmament")]
    assert row["paragraphs"] == "3" and not row["is_partly_elsewhere"]
    assert len(table) == 1055 and table["paragraphs"].isna().sum() == 38


def test_the_record_mostly_ends_before_2018(repository: Path) -> None:
    last = pd.to_datetime(
        read(repository, "further_mandates").groupby("mission_id")["to_month"].max()
    )
    assert last.loc["minujusth"].year == 2019
    assert (last >= "2016-01-01").sum() == 11 and (last >= "2018-01-01").sum() == 2


def panel(tmp_path: Path, *rows: dict[str, str]) -> Path:
    columns = [f"{c}_V3" for kind in RULES.kinds for c in RULES.columns(kind)]
    path = tmp_path / "panel.csv"
    pd.DataFrame([dict.fromkeys(columns, "0") | row for row in rows]).to_csv(path, index=False)
    return path


def test_runs_by_hand(tmp_path: Path) -> None:
    def row(month: str, **tasks: str) -> dict[str, str]:
        return {"namepko": "UNOMOZ", "date3": month} | tasks

    path = panel(
        tmp_path,
        row("1992m11", ceasefire_monitor_V3="1"),
        row("1993m1", ceasefire_monitor_V3="1"),
        row("1992m12", ceasefire_assist_V3="1"),
        row("1993m2", electassist_security_V3="1"),
        row("1993m4", electassist_security_V3="1"),
        row(""),
    )
    stood = {"onumoz": ("1992-12-16", "1994-12-09")}
    table = further_mandates_from(path, stood, LABELS, RULES)
    assert table["from_month"].astype(str).tolist() == ["1992-12-31", "1993-02-28", "1993-04-30"]
    assert table["has_ceasefire_task"].tolist() == [True, False, False]
    assert table["has_election_task"].tolist() == [False, True, True]
    with pytest.raises(BadTable, match="neither 0 nor 1"):
        further_mandates_from(
            panel(tmp_path, row("1993m1", demil_assist_V3="2")), {}, LABELS, RULES
        )


def test_paragraphs_by_hand(tmp_path: Path) -> None:
    parts = ["7 c", "12", "10 referring to 42 e (S/1996/300)", "9:30 AM", "Annex 11", "p.5"]
    assert [paragraph_of(p) for p in parts] == [7, 12, None, None, None, None]
    columns = [c for kind in RULES.kinds for c in RULES.columns(kind)]
    empty = dict.fromkeys(columns, "")
    rows = [
        {"Signature": "S/RES/797", "NamePKO": "UNOMOZ"}
        | empty
        | {"ceasefire_monitor": "2b, 4 and 11", "demil_assist": "Annex 11"},
        {"Signature": "S/RES/797", "NamePKO": "UNAMI"} | empty | {"demil_assist": "1"},
    ]
    path = tmp_path / "raw.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    known = pd.DataFrame({"number": ["797"], "resolution_id": ["S/RES/797 (1992)"]})
    table = mandate_paragraphs_from(path, frozenset({"onumoz"}), known, LABELS, RULES)
    assert table[["resolution_id", "task_kind"]].to_numpy().tolist() == [
        ["S/RES/797 (1992)", "ceasefire"]
    ]
    assert table["paragraphs"].tolist() == [[2, 4, 11]]
    assert table["is_partly_elsewhere"].tolist() == [True]
