"""Tasks of UN operations over time: by hand, and against the publication month by month."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.missions.labels import LabelRules
from collsec.compile.missions.mandate_tasks import CHAPTER_VII, TaskRules, mandate_tasks_from
from collsec.core.errors import BadTable, MissingInput

KINDS = {kind.name: kind.tasks for kind in rules(TaskRules).kind}
TASKS = [task for of_kind in KINDS.values() for task in of_kind]
RULES = rules(LabelRules), rules(TaskRules)
RESOLUTIONS = pd.DataFrame(
    {
        "number": [1, 2, 3],
        "resolution_id": ["S/RES/1 (1994)", "S/RES/2 (1994)", "S/RES/3 (1994)"],
        "resolution_date": [date(1994, 1, 20), date(1994, 3, 2), date(1994, 9, 1)],
    }
)
FOUNDED = {"unamir": "1994-01-20", "unosom-i": "1992-04-24"}


def publication(path: Path, rows: list[tuple[str, str, str, set[str]]]) -> Path:
    """A file like the publication's: mission, month, resolution, tasks of each row."""
    told = [
        {
            "mission": mission,
            "year": month[:4],
            "month": str(int(month[5:])),
            "unsc_resolution": number,
            **{task: str(int(task in tasks)) for task in [*TASKS, CHAPTER_VII]},
        }
        for mission, month, number, tasks in rows
    ]
    pd.DataFrame(told).to_csv(path, index=False)
    return path


def test_runs_of_the_same_kinds_by_hand(tmp_path: Path) -> None:
    path = publication(
        tmp_path / "t.csv",
        [
            ("UNAMIR", "1993-12", "1", {"prociv"}),  # sent ahead of the founding
            ("UNAMIR", "1994-01", "1", {"buffer_monitor"}),
            ("UNAMIR", "1994-02", "1", {"liaise_warpart"}),  # another task of the same kind
            ("UNAMIR", "1994-03", "2", {"buffer_monitor", "prociv", CHAPTER_VII}),
            ("UNAMIR", "1994-04", "3", {"buffer_monitor"}),  # 3 is of September
            ("UNOSOM", "1992-04", "425/426", set()),
            ("BINUB", "2007-01", "1", {"goodoffices"}),
            ("MISCA", "2014-01", "1", {"prociv"}),
        ],
    )
    table = mandate_tasks_from(path, frozenset(FOUNDED), RESOLUTIONS, FOUNDED, *RULES)
    told = table[["mission_id", "from_month", "to_month", "kinds_of_tasks"]].astype(str)
    assert told.values.tolist() == [
        ["unamir", "1994-01-31", "1994-02-28", "1"],
        ["unamir", "1994-03-31", "1994-03-31", "2"],
        ["unamir", "1994-04-30", "1994-04-30", "1"],
        ["unosom-i", "1992-04-30", "1992-04-30", "0"],
    ]
    assert table["mandate_resolution"].fillna("").tolist() == [
        "S/RES/1 (1994)",
        "S/RES/2 (1994)",
        "",
        "",
    ]
    assert table["has_ceasefire_task"].tolist() == [True, True, True, False]
    assert table["has_civilian_protection_task"].tolist() == [False, True, False, False]
    assert table["has_chapter_vii"].tolist() == [False, True, False, False]
    assert table["source"].tolist()[1:3] == [["tamm", "un_library"], ["tamm"]]


def test_a_task_stands_in_one_kind() -> None:
    assert len(TASKS) == len(set(TASKS)) and len(KINDS) == 10


def test_another_publication_is_refused(tmp_path: Path) -> None:
    path = publication(tmp_path / "t.csv", [("UNAMIR", "1994-01", "1", {"prociv"})])
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("prociv", "protection"), encoding="utf-8")
    with pytest.raises(BadTable, match="lacks column prociv"):
        mandate_tasks_from(path, frozenset(FOUNDED), RESOLUTIONS, FOUNDED, *RULES)
    path.write_text(text.replace(",1,0", ",2,0"), encoding="utf-8")
    with pytest.raises(BadTable, match="neither 0 nor 1"):
        mandate_tasks_from(path, frozenset(FOUNDED), RESOLUTIONS, FOUNDED, *RULES)
    with pytest.raises(MissingInput):
        mandate_tasks_from(tmp_path / "none.csv", frozenset(FOUNDED), RESOLUTIONS, FOUNDED, *RULES)


@pytest.fixture(scope="module")
def table(repository: Path) -> pd.DataFrame:
    path = repository / "data/raw/compiled/mandate_tasks.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_mandates_that_are_known(table: pd.DataFrame) -> None:
    assert len(table) == 114 and table["mission_id"].nunique() == 70
    at = table.set_index(["mission_id", "from_month"])
    first = at.loc[("unprofor", "1992-02-29")]
    assert first["mandate_resolution"] == "S/RES/743 (1992)"
    assert first["has_ceasefire_task"] == "true"
    assert first["has_humanitarian_task"] == "false"  # the airport of Sarajevo came in June
    assert at.loc[("unprofor", "1992-06-30")]["has_humanitarian_task"] == "true"
    rwanda = at.loc["unamir"]
    assert rwanda.loc["1993-10-31", "has_election_task"] == "true"
    assert rwanda.loc["1994-04-30", "mandate_resolution"] == "S/RES/912 (1994)"
    # the first mandate in which the Council had an operation protect civilians
    guarded = table[table["has_civilian_protection_task"] == "true"]
    assert "unamsil" in set(guarded["mission_id"])
    assert (guarded["to_month"] >= "1999").all()


def test_months_are_those_of_the_publication(table: pd.DataFrame, shared: Path) -> None:
    raw = pd.read_csv(shared / "upstream/un_missions/TAMM.csv", dtype=str, keep_default_na=False)
    label = {"UNPSG": "uncpsg", "UNOSOM": "unosom-i"}
    raw["id"] = [label.get(m, m.lower().replace(" ", "-")) for m in raw["mission"]]
    raw["ym"] = raw["year"] + "-" + raw["month"].str.zfill(2)
    at = raw.set_index(["id", "ym"])
    checked = 0
    for row in table.to_dict("records"):
        for month in pd.period_range(row["from_month"], row["to_month"], freq="M"):
            theirs = at.loc[(row["mission_id"], str(month))]
            for kind, tasks in KINDS.items():
                asked = any(theirs[task] == "1" for task in tasks)
                assert (row[f"has_{kind}_task"] == "true") == asked
            checked += 1
    before = {("monuc", "1999-09"), ("monuc", "1999-10"), ("unef-i", "1956-10")}
    others = raw["id"].isin(["binub", "misca"]).sum()
    assert before < set(at.index) and checked == len(raw) - others - len(before)
