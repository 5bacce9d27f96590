"""What the primaries of a study could have shown, from its records."""

from __future__ import annotations

import json
from pathlib import Path

import report_study as made_up
from collsec.core.project import Project
from collsec.evidence.detectable import in_study


def test_primaries_in_time_are_listed_where_their_records_are(
    tmp_path: Path, repository: Path
) -> None:
    project = Project(made_up.write_study(tmp_path / "study", repository, ("h1", "h3")))
    path = project.record("h3")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["spec"] = record["spec"] | {"design": "fixed_at_onset"}
    path.write_text(json.dumps(record), encoding="utf-8")
    found = in_study(project)
    assert found["hypothesis"].tolist() == ["h1"]
    assert found["exposed_events"].tolist() == [23]
    assert found[["above", "below"]].to_numpy().tolist() == [[2.2, 0.46]]
    assert "termination" in found["outcome"][0]
