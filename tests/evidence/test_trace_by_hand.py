"""From a number back to what it rests on, in a made-up study of two conflicts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from by_hand import rows, told
from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.evidence.record import Record
from collsec.evidence.trace import trace
from evidence.dossier_world import PAGE, project_of
from study import PROJECT, raw_tables

PANEL = pd.DataFrame(
    {
        "unit_id": ["2-1", "1-1", "1-1"],
        "start": [0.0, 0.0, 200.0],
        "stop": [1095.0, 200.0, 366.0],
        "event": [False, False, True],
        "un_troops_lag_06": [0, 0, 1],
    }
)
RECORD = cast(
    Record,
    SimpleNamespace(
        hypothesis="q1",
        estimates=rows("estimate_id estimate", ("q1.primary", 1.5), ("q1.lag_03", 1.25)),
        quantities={"cost.months": {"value": 3, "unit": "months"}},
        result_id="q1.primary@3f9c2a",
        spec={"design": "time_varying", "exposure": {"measure": "un_troops", "lag_months": 6}},
    ),
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = project_of(tmp_path, {})
    (tmp_path / "data" / "raw").symlink_to(PROJECT.raw)
    (tmp_path / "analyses").mkdir()
    (tmp_path / "analyses" / "q1-troops.qmd").write_text(PAGE)
    frames = {"panels/q1": PANEL}
    for name in ("episodes", "missions", "mission_conflicts"):
        frames[f"tables/{name}"] = raw_tables()[name].head(0)
    for name, frame in frames.items():
        path = made.processed / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        frame.to_parquet(path)
    return made


def test_an_estimate_leads_by_its_panel_to_raw_columns_and_to_wars(project: Project) -> None:
    found = trace(project, RECORD, "q1.lag_03")
    assert found.result_id == "q1.lag_03@3f9c2a"
    assert found.values == {"estimate_id": "q1.lag_03", "estimate": 1.25}
    stages = [(one.stage, one.file, one.holds) for one in found.stages]
    assert stages[:3] == [
        ("estimate", "data/processed/estimates/q1.parquet", "row estimate_id = q1.lag_03"),
        ("specification", "data/processed/specs/q1.json", "from analyses/q1-troops.qmd"),
        ("panel", "data/processed/panels/q1.parquet", "3 start-stop rows of 2 units"),
    ]
    # No mission is on record here, and so of the raw tables only the declared source is left.
    assert [(stage, file) for stage, file, _ in stages[3:]] == [("raw", "data/raw: episodes")]
    assert "onset_date" in stages[3][2].split(", ")
    assert [use.key for use in found.used] == ["ucdp_acd"]
    assert told(found.wars, "episode_id", "war") == [("1-1", "One, over Rock")]
    assert set(found.rows["war"]) == {"One, over Rock"} and list(found.rows)[:2] == ["war", "kind"]
    assert {"episode", "veto", "troops", "talks"} <= set(found.rows["kind"])


def test_a_quantity_is_found_with_or_without_its_hypothesis(project: Project) -> None:
    for name in ("q1.cost.months", "cost.months"):
        found = trace(project, RECORD, name)
        assert found.values == {"value": 3, "unit": "months"}
        first = found.stages[0]
        assert (first.file, first.holds) == (
            "data/processed/estimates/q1.json",
            "quantities, cost.months",
        )


def test_what_there_is_not_is_refused_with_the_nearest(project: Project) -> None:
    with pytest.raises(CollsecError, match=r"no estimate and no quantity 'q1\.lag_04'.*q1\.lag_03"):
        trace(project, RECORD, "q1.lag_04")


def test_without_an_exposed_war_there_is_no_fact(project: Project) -> None:
    PANEL.assign(un_troops_lag_06=0).to_parquet(project.stage("panels", "q1"))
    found = trace(project, RECORD, "q1.primary")
    assert found.wars.empty and found.rows.empty and list(found.rows)[:2] == ["war", "kind"]
