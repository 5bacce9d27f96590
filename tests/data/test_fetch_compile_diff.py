"""The commands on upstream files: fetch, compile, diff, as a user runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import collsec.compile as compile_
from collsec.cli.data import changed_lines, interval
from collsec.cli.main import app
from collsec.compile import RECIPES
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project
from collsec.evidence.diff import KINDS, difference_of, renamed, side_of


def run(*arguments: str) -> str:
    """Run a command that must succeed; its output."""
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def study(repository: Path, tmp_path: Path) -> Path:
    """A folder of the study with its raw tables."""
    folder = tmp_path / "study"
    shutil.copytree(repository / "data" / "raw", folder / "data" / "raw")
    return folder


def test_fetch_from_a_folder(shared: Path, study: Path) -> None:
    upstream = str(shared / "upstream")
    told = run("fetch", "ucdp_acd", "wdi", "article", "--from", upstream, "--root", str(study))
    assert "3 files copied from the folder." in told
    assert "article: cited only, nothing to fetch." in told
    files = {p.name for p in (study / "data" / "upstream").rglob("*") if p.is_file()}
    assert files == {"ucdp-prio-acd-251.csv", "WDI_GDP.csv", "WDI_POPULATION.csv"}
    again = run("fetch", "wdi", "--to", str(study / "data" / "upstream"), "--root", str(study))
    assert "2 files in place already." in again


def test_compile_tells_what_changed(
    shared: Path, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_, "RECIPES", {n: RECIPES[n] for n in ("states", "episodes")})
    path = study / "data" / "raw" / "compiled" / "states.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:5], *lines[7:]]), encoding="utf-8")
    upstream = str(shared / "upstream")
    rows = [
        x.split() for x in run("compile", "--from", upstream, "--root", str(study)).splitlines()
    ]
    assert ["states", "2", "0"] in rows and ["episodes", "unchanged"] in rows
    assert path.read_text(encoding="utf-8") == "".join(lines)
    checked = run("compile", "--from", upstream, "--check", "--root", str(study))
    assert checked.count("unchanged") == 3
    with pytest.raises(CollsecError, match="give a folder with --to"):
        run("compile", "--from", upstream, "--vintage", "20.1", "--root", str(study))
    with pytest.raises(CollsecError, match="leave out --to"):
        run("compile", "--from", upstream, "--check", "--to", "x", "--root", str(study))


def test_two_releases_side_by_side(repository: Path) -> None:
    project = Project(repository)
    found = difference_of(side_of("20.1", project), side_of("25.1", project))
    assert (found.n_old, found.n_new, found.n_same) == (567, 620, 512)
    assert found.episodes["change"].value_counts().to_dict() == {
        "added": 55,
        "re-dated": 34,
        "ended": 19,
        "dropped": 2,
    }
    assert found.estimates is None and found.verdicts is None
    told = found.episodes.set_index("episode_id")
    assert told.loc["390-1", ["location", "end_old", "end_new"]].tolist() == [
        "Croatia",
        "1993-12-13",
        "1995-09-13",
    ]
    assert told.loc["383-5", ["change", "location"]].tolist() == ["dropped", "Turkey"]
    back = difference_of(side_of("25.1", project), side_of("20.1", project))
    assert back.n_same == 531
    assert back.episodes["change"].value_counts().to_dict() == {
        "dropped": 55,
        "re-dated": 34,
        "added": 2,
    }
    printed = run("diff", "20.1", "25.1", "--root", str(repository))
    assert "567 → 620; 512 the same, 55 added, 2 dropped, 19 ended, 34 re-dated." in printed
    assert "No estimates to compare" in printed


def results(folder: Path, estimate: float, verdict: str) -> None:
    """Write the estimates of one hypothesis, two of them."""
    where = folder / "data" / "processed" / "estimates"
    where.mkdir(parents=True)
    pd.DataFrame(
        {
            "estimate_id": ["h1.primary", f"h1.only_{verdict}"],
            "estimand": ["hazard_ratio", "probability"],
            "estimate": [estimate, 0.5],
            "ci_low": [0.7, None],
            "ci_high": [12.4, None],
            "p_value": [0.1, None],
            "role": ["primary", "secondary"],
            "n_units": [479, 479],
            "n_events": [432, 432],
            "exposed_events": [9, 9],
        }
    ).to_parquet(where / "h1.parquet")
    (where / "h1.json").write_text(
        json.dumps({"verdict": {"code": verdict}, "result_id": f"h1.primary@{verdict}"}),
        encoding="utf-8",
    )


def test_two_folders_side_by_side(study: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(study, other)
    path = other / "data" / "raw" / "compiled" / "episodes.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(",1946-07-21,month,2,1946-07-21,day,", ",1946-07-21,month,2,1946-07-22,day,"),
        encoding="utf-8",
    )
    results(study, 2.5, "inconclusive")
    found = difference_of(side_of(str(study), Project(study)), side_of(str(other), Project(study)))
    assert found.episodes["episode_id"].tolist() == ["200-1"] and found.n_same == 619
    assert found.estimates is None
    results(other, 2.6, "supported")
    found = difference_of(side_of(str(study), Project(study)), side_of(str(other), Project(study)))
    assert found.estimates is not None and found.verdicts is not None
    estimates = found.estimates.set_index("estimate_id")
    assert estimates.loc["h1.primary", ["estimate_old", "estimate_new", "is_same"]].tolist() == [
        2.5,
        2.6,
        False,
    ]
    assert pd.isna(estimates.loc["h1.only_supported", "estimate_old"])
    ids = ["h1.primary@inconclusive", "h1.primary@supported"]
    assert found.verdicts.values.tolist() == [["h1", "inconclusive", "supported", *ids, "changed"]]
    printed = run("diff", str(study), str(other), "--root", str(study))
    lines = [line.split() for line in printed.splitlines()]
    assert "h1.primary  hazard ratio  2.50 (0.70 to 12.40)  2.60 (0.70 to 12.40)" in printed
    assert ["p-value", "0.1", "0.1"] in lines and ["exposed", "ends", "9", "9"] in lines
    assert ["h1.only_inconclusive", "probability", "0.50", "–", "differs"] in lines
    same = difference_of(side_of(str(study), Project(study)), side_of(f"{study}/.", Project(study)))
    assert same.estimates is not None and same.estimates["is_same"].all()
    assert same.n_same == 620 and same.episodes.empty


def test_what_has_another_name_than_before_is_compared_under_it(
    study: Path, tmp_path: Path
) -> None:
    """Columns, estimates and result ids by the published table of renamings, chains included."""
    older = tmp_path / "older"
    shutil.copytree(study, older)
    results(study, 2.5, "inconclusive")
    results(older, 2.5, "supported")
    frame = older / "data" / "processed" / "estimates" / "h1.parquet"
    pd.read_parquet(frame).rename(columns={"exposed_events": "exposed_ends"}).to_parquet(frame)
    (study / "reports").mkdir(exist_ok=True)
    (study / "reports" / "RENAMED.csv").write_text(
        "kind,old,new,reason\n"
        "column,exposed_ends,exposed_events,field term\n"
        "estimate,h1.only_supported,h1.other,shorter\n"
        "estimate,h1.other,h1.only_inconclusive,plainer\n"
        "result,h1.primary@supported,h1.primary@inconclusive,names alone\n",
        encoding="utf-8",
    )
    names = renamed(Project(study))
    assert names["estimate"]["h1.only_supported"] == "h1.only_inconclusive"
    sides = (side_of(str(one), Project(study)) for one in (older, study))
    found = difference_of(*sides, names["result"])
    assert found.estimates is not None and found.estimates["is_same"].all()
    assert len(found.estimates) == 2
    assert found.verdicts is not None and found.verdicts["result"].tolist() == ["renamed"]


def test_the_published_renamings_are_of_known_kinds_and_say_why() -> None:
    table = pd.read_csv(Path(__file__).parents[2] / "reports" / "RENAMED.csv", dtype=str)
    assert table.columns.tolist() == ["kind", "old", "new", "reason"]
    assert set(table["kind"]) <= set(KINDS) and table.notna().all(axis=None)
    assert not table.duplicated(["kind", "old"]).any()


def test_sides_that_are_none(study: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=r"neither a folder nor a release .*25\.1, 20\.1"):
        side_of("26.1", Project(study))
    with pytest.raises(MissingInput, match="Is it a study's folder"):
        side_of(str(tmp_path), Project(study))
    with pytest.raises(CollsecError, match="are the same"):
        difference_of(side_of("25.1", Project(study)), side_of("25.1", Project(study)))


def test_words_of_the_tables() -> None:
    assert changed_lines("--- a\n+++ b\n@@ -1 +1,2 @@\n-x\n+y\n+z\n") == (2, 1)
    numbers = {"estimate_old": 2.5, "ci_low_old": 0.7, "ci_high_old": 12.0}
    assert interval(numbers, "old") == "2.50 (0.70 to 12.00)"
    assert interval(numbers | {"ci_low_old": float("nan")}, "old") == "2.50"
    assert interval({f"{c}_new": None for c in ("estimate", "ci_low", "ci_high")}, "new") == "–"


def test_the_default_folder_of_upstream_files_is_never_committed(repository: Path) -> None:
    ignored = (repository / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert Project(repository).upstream == repository / "data" / "upstream"
    assert "data/upstream/" in ignored
