"""What is on record of a conflict, and which wars an estimate rests on."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import report_study as study
from collsec.core.project import Project
from collsec.evidence.dossiers import Dossier, dossiers, name_of
from collsec.evidence.exposed import exposed_wars
from collsec.evidence.record import load
from collsec.reports import figures
from collsec.reports.pages import interactive
from collsec.reports.tables import results
from collsec.upstream.sources import read_sources


@pytest.fixture
def project(tmp_path: Path, repository: Path) -> Project:
    root = study.write_study(tmp_path / "study", repository, ("h1",))
    panel = pd.DataFrame(
        {
            "unit_id": ["1-1", "1-1", "3-1"],
            "start": [0.0, 340.0, 0.0],
            "stop": [340.0, 1095.0, 364.0],
            "event": [False, True, True],
            "un_troops_lag_06": [0, 1, 0],
        }
    )
    panel.to_parquet(root / "data" / "processed" / "panels" / "h1.parquet")
    write(
        root,
        "peace_agreements",
        conflict_id=[1, None],
        name=["Pact of <b>Atlantis</b>", "Elsewhere"],
        signed_date=pd.to_datetime(["2003-05-01", "2003-05-02"]),
        kind=["full", "full"],
        has_peacekeeping=[True, False],
        source=["atlas", "atlas"],
    )
    write(
        root,
        "negotiations",
        conflict_id=[1],
        month=pd.to_datetime(["2002-06-30"]),
        is_mediated=[True],
        source=["https://atlas.example/talks"],
    )
    write(
        root,
        "violence_months",
        gwno_host=[90, 90, 91],
        from_month=pd.to_datetime(["2001-03-31", "2009-01-31", "2001-03-31"]),
        to_month=pd.to_datetime(["2001-05-31", "2009-01-31", "2001-03-31"]),
        deaths=[40, 7, 9],
        is_shared=[False, False, True],
    )
    episodes = study.episode_rows().assign(
        gwno_loc="90", gwno_host=90, source="atlas", side_a="The Isle", side_b="</script> Rebels"
    )
    episodes.to_parquet(root / "data" / "processed" / "episodes" / "episodes.parquet")
    return Project(root)


def write(root: Path, table: str, **columns: object) -> None:
    folder = root / "data" / "processed" / "tables"
    pd.DataFrame(columns).to_parquet(folder / f"{table}.parquet")


def of(found: list[Dossier], conflict: int) -> Dossier:
    return next(one for one in found if one.conflict == conflict)


def kinds(one: Dossier, kind: str) -> list[tuple[str, str]]:
    rows = one.events[one.events["kind"] == kind]
    return [(row["name"], f"{row['from_date']:%Y-%m-%d}") for _, row in rows.iterrows()]


def test_every_conflict_has_its_dossier(project: Project) -> None:
    found = dossiers(project)
    assert {one.conflict for one in found} == {1, 2, 3}
    assert [one.name for one in found] == sorted(one.name for one in found)
    atlantis = of(found, 1)
    assert kinds(atlantis, "episode") == [("1-1", "2001-03-01")]
    assert len(kinds(atlantis, "resolution")) == 2
    (veto,) = atlantis.events[atlantis.events["kind"] == "veto"].to_dict(orient="records")
    assert veto["detail"] == "vetoed by Russia, United States"
    assert kinds(atlantis, "agreement") == [("Pact of <b>Atlantis</b>", "2003-05-01")]
    assert kinds(atlantis, "talks") == [("Talks", "2002-06-01")]


def test_deaths_of_months_are_those_of_the_hosts_around_the_conflict(project: Project) -> None:
    months = of(dossiers(project), 1).months
    assert months["deaths"].tolist() == [40]


def test_a_conflict_is_called_by_its_place_and_its_stake() -> None:
    named = {"location": "Egypt;Israel", "incompatibility": "territory", "territory_name": "Suez"}
    assert name_of(named) == "Egypt and Israel, over Suez"
    assert name_of({"location": "Mali"}) == "Mali, over government"


def test_the_exposed_wars_are_those_with_exposed_rows(project: Project) -> None:
    known = {one.conflict: one for one in dossiers(project)}
    found = exposed_wars(project, load(project, "h1"), known)
    assert found is not None
    wars, events = found
    (war,) = wars.to_dict(orient="records")
    assert war["episode_id"] == "1-1" and war["ended_exposed"]
    assert war["exposed_date"] == pd.Timestamp("2002-02-04")
    assert war["agreement_date"] == pd.Timestamp("2003-05-01")
    assert war["talks_date"] == pd.Timestamp("2002-06-01")
    assert set(events["kind"]) >= {"war", "exposed", "agreement", "talks"}
    assert events["to_months"].max() <= war["months_in_all"]
    drawing = figures.swimmer(wars, events)
    assert "Atlantis, over government: exposed after 11 months, ended after 36" in (
        drawing.alternative
    )
    table = results.exposed(wars, hypothesis="h1").markdown()
    assert "[Atlantis, over government](explorer.qmd#1)" in table and "2004-02-29 \\*" in table
    at = wars.assign(latitude=10.0, longitude=20.0)
    assert "Atlantis, over government 11" in figures.delays(at, {}).alternative


def test_a_clock_that_starts_after_the_onset_moves_no_day_of_exposure(project: Project) -> None:
    known, record = {one.conflict: one for one in dossiers(project)}, load(project, "h1")
    found = exposed_wars(project, record, known)
    assert found is not None
    path = project.stage("panels", "h1")
    panel = pd.read_parquet(path)
    onset = project.read("episodes", "episodes").set_index("episode_id")["onset_date"]
    late = panel.assign(time_zero=onset[panel["unit_id"]].to_numpy() + pd.Timedelta(days=100))
    is_exposed = panel["un_troops_lag_06"] > 0
    late.loc[is_exposed, ["start", "stop"]] -= 100.0
    late.to_parquet(path)
    again = exposed_wars(project, record, known)
    assert again is not None
    for ours, theirs in zip(again, found, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)


def test_a_degree_of_exposure_has_no_exposed_wars(project: Project) -> None:
    record = load(project, "h1")
    by_degree = {**record.spec, "design": "fixed_at_onset"}
    object.__setattr__(record, "spec", by_degree)
    assert exposed_wars(project, record, {}) is None


def test_a_script_of_a_conflict_is_json_that_cannot_end_its_element(
    project: Project, tmp_path: Path
) -> None:
    sources = read_sources(project.raw / "sources.toml")
    interactive.write_conflicts(project, dossiers(project), tmp_path, sources)
    folder = tmp_path / "data" / "conflicts"
    assert sorted(p.name for p in folder.iterdir()) == ["1.js", "2.js", "3.js", "index.js"]
    for path in folder.iterdir():
        text = path.read_text()
        assert not set("<>&") & set(text), path.name
        _, _, rest = text.partition("(")
        json.loads(f"[{rest.rstrip().removesuffix(');')}]")
    one = json.loads((folder / "1.js").read_text().partition("(")[2].rstrip()[:-2])
    sides = [event[5].partition(";")[0] for event in one["events"] if event[0] == "episode"]
    assert sides == ["The Isle against </script> Rebels"]
    assert one["months"] == [[90, "2001-03-31", "2001-05-31", 40, 0]]
    index = (folder / "index.js").read_text()
    assert '"atlas":"Atlas of Invented Wars"' in index
    # Found by its missions too; and the explorer knows where each record ends.
    rows, _, ends = json.loads(f"[{index.partition('(')[2].rstrip()[:-2]}]")
    assert ends == {"resolution": "2025-12-31", "months": "2009-01-31"}
    (first,) = (row for row in rows if row[0] == 1)
    assert first[3:6] == ["2001–2004", 2001, 2004]
    assert any("UNMAT" in name for name in first[8]) and "UNMAT" in first[2]
    assert {"veto", "un-troops"} <= set(first[9])
    (going_on,) = (row for row in rows if row[0] == 2)
    assert going_on[3:6] == ["2003–", 2003, None]


def test_specifications_are_places_of_options_and_numbers(project: Project, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    record = load(project, "h1")
    tags = interactive.write_specifications([record], {"h1": "Sooner?"}, tmp_path, 10)
    assert '<script src="data/h1-specifications.js"></script>' in tags
    text = (tmp_path / "data" / "h1-specifications.js").read_text()
    one = json.loads(text.partition("(")[2].rstrip()[:-2])
    assert [axis for axis, _ in one["axes"]] == ["exposure", "left_out"]
    assert len(one["rows"]) == len(study.specification_rows())
    assert one["rows"][-1][2:5] == [None, None, None]
    assert one["title"] == "Sooner?" and one["least"] == 10
    # The main estimate has the interval of its report, and no number is rounded twice.
    main = record.primary
    assert one["primary"] == [main["estimate"], main["ci_low"], main["ci_high"]]
    assert one["level"] == "98.3 %"
    first = study.specification_rows().iloc[0]
    assert one["rows"][0][2:5] == [first["estimate"], first["ci_low"], first["ci_high"]]
