"""Earlier studies computed again: printed numbers come out, and a wrong file is named."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from collsec.cli.main import app
from collsec.core.errors import MissingInput
from collsec.core.project import Project
from collsec.replications import LEDGER, STUDIES, Replicated, compare, replicate
from collsec.replications.compare import NotTheData, UnknownStudy
from collsec.tables.clean import read_raw

#: The ledger keeps five decimals of ours; a flat likelihood moves the last one between machines.
KEPT = 2e-5


@pytest.fixture(scope="module")
def ledger(repository: Path) -> pd.DataFrame:
    return read_raw(Project(repository), LEDGER)


def folder_of(name: str, shared: Path) -> Path:
    folders = (shared / "replication", shared / "upstream" / "violence_months")
    return next(f for f in folders if (f / STUDIES[name].file).exists())


@pytest.mark.parametrize("name", STUDIES)
def test_printed_numbers_come_out_again(name: str, shared: Path, ledger: pd.DataFrame) -> None:
    _, models = replicate(name, folder_of(name, shared))
    own = ledger[ledger["replication_id"] == name]
    rows = compare(models, own)
    assert [(r.model, r.quantity) for r in rows] == [
        *zip(own["model"], own["quantity"], strict=True)
    ]
    assert all(row.agrees in (True, None) for row in rows), rows
    kept = own["computed"].astype(float)
    assert [r.ours for r in rows] == pytest.approx(kept.tolist(), abs=KEPT, rel=KEPT)


def test_each_study_has_a_printed_number_or_says_what_its_abstract_says(
    ledger: pd.DataFrame,
) -> None:
    for name, rows in ledger.groupby("replication_id"):
        assert rows["published"].notna().any() or rows["note"].str.contains("abstract").any(), name
    assert ((ledger["basis"] == "document") == ledger["published"].notna()).all()
    assert set(ledger["replication_id"]) == STUDIES.keys()


def test_the_known_effects_have_their_known_signs(ledger: pd.DataFrame) -> None:
    counts = ledger[ledger["model"] == "negative binomial"].set_index(
        ["replication_id", "quantity"]
    )
    ours = counts["computed"].astype(float)
    troops = "UN troops (thousands): "
    for year in (2013, 2014):
        study = f"hultman_kathman_shannon_{year}"
        ratio = ours[study, f"{troops}coefficient"] / ours[study, f"{troops}standard error"]
        assert ratio < -1.96, study


def test_a_difference_is_that_of_numbers_rounded_alike() -> None:
    assert Replicated("m", "q", 0.123, 3, 0.12345).agrees
    assert Replicated("m", "q", -0.12, 2, -0.1274).difference == -0.01
    assert Replicated("m", "q", math.nan, 0, 1.0).agrees is None


def test_a_missing_or_wrong_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownStudy, match="walter_2015"):
        replicate("walter_2051", tmp_path)
    with pytest.raises(MissingInput, match=r"walter_2015\.csv: not there"):
        replicate("walter_2015", tmp_path)
    (tmp_path / "walter_2015.csv").write_text("id,renewed_war\n1,0\n")
    with pytest.raises(NotTheData, match="no column 'unpko'"):
        replicate("walter_2015", tmp_path)


def test_the_command_prints_published_ours_and_difference(shared: Path, repository: Path) -> None:
    given = ["replicate", "doyle_sambanis_2000", "--from", str(shared / "replication")]
    done = CliRunner().invoke(app, [*given, "--json", "--root", str(repository)])
    assert done.exit_code == 0, done.output
    rows = {row["quantity"]: row for row in json.loads(done.output)}
    leading = rows["Multidimensional UN operation: coefficient"]
    assert (leading["published"], leading["difference"]) == (3.135, 0)
    listed = CliRunner().invoke(app, ["replicate"])
    assert listed.exit_code == 0 and "bsj_un_missions.csv" in listed.output
