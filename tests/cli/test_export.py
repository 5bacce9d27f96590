"""`collsec export`: files that pandas, R and Stata read, with Frictionless and Croissant."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from frictionless import Package
from typer.testing import CliRunner

import collsec as cs
from collsec import api
from collsec.cli.main import app
from collsec.core.errors import CollsecError
from collsec.evidence import dataset
from collsec.evidence import formats as dataset_formats
from collsec.histories.public import PUBLIC
from study import PROJECT, REPOSITORY

FEW = ("dyads", "episodes", "missions", "votes", "conflict_years")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    done = CliRunner().invoke(app, ["export", str(folder), *FEW, "--root", str(REPOSITORY)])
    assert done.exit_code == 0, done.output
    assert len(done.output.split()) == 3 * len(FEW) + 6
    return folder


@pytest.mark.parametrize("name", FEW)
def test_every_format_holds_the_same_table(release: Path, name: str) -> None:
    whole = cs.load(name, root=REPOSITORY)
    parquet = pd.read_parquet(release / "parquet" / f"{name}.parquet")
    days = dict.fromkeys(parquet.select_dtypes("datetime").columns, "datetime64[s]")
    pd.testing.assert_frame_equal(parquet.astype(days), whole, check_dtype=False)
    csv = pd.read_csv(release / "csv" / f"{name}.csv", keep_default_na=False, na_values=[""])
    stata = pd.read_stata(release / "stata" / f"{name}.dta")
    for column in stata.select_dtypes("category"):  # labels of values, with their texts
        texts = stata[column].astype("object")
        stata[column] = (
            texts.map({"no": False, "yes": True})
            if pd.api.types.is_bool_dtype(whole[column])
            else (texts.where(texts.notna(), ""))
        )
    for other in (csv, stata):
        assert list(other.columns) == list(whole.columns) and len(other) == len(whole)
    for column in whole:
        known = whole[column].notna()
        told = stata[column].ne("") if whole[column].dtype == "string" else stata[column].notna()
        assert (csv[column].notna() == known).all() and (told == known).all(), column
        if pd.api.types.is_bool_dtype(whole[column]):
            truths = whole[column][known].astype(bool)
            assert (stata[column][known].astype(bool) == truths).all(), column
            assert set(csv[column][known].map(type)) <= {bool}, column
            assert (csv[column][known].astype(bool) == truths).all(), column
        elif pd.api.types.is_numeric_dtype(whole[column]):
            assert csv[column].astype(float).equals(whole[column].astype("Float64").astype(float))
            difference = stata[column].astype(float) - whole[column].astype("Float64").astype(float)
            assert difference.abs().max() < 1e-9, column
        elif pd.api.types.is_datetime64_any_dtype(whole[column]):
            assert (stata[column][known].dt.date == whole[column][known].dt.date).all(), column
        elif whole[column].dtype == "string":
            assert (stata[column][known] == whole[column][known]).all(), column


def test_stata_labels_end_with_a_word_and_types_are_small(release: Path) -> None:
    with pd.io.stata.StataReader(release / "stata" / "conflict_years.dta") as reader:
        labels, values = reader.variable_labels(), reader.value_labels()
        types = reader.read(convert_categoricals=False).dtypes
    book = pd.read_csv(release / "codebook.csv").set_index(["table", "column"])["title"]
    for name, label in labels.items():
        assert label and len(label) <= dataset_formats.STATA_LABEL
        title = book["conflict_years", name]
        assert label == title or (label.endswith(" …") and title.startswith(label[:-2] + " "))
    assert values["is_active"] == {0: "no", 1: "yes"}
    # A byte for a number up to 100, two up to 32,740.
    assert types["resolutions_adopted"] == "int8" and types["year"] == "int16"
    assert (release / "stata" / "conflict_years.dta").stat().st_size < 2_000_000


def test_r_reads_days_factors_and_logical_values(release: Path) -> None:
    r = shutil.which("Rscript")
    if not r:
        pytest.skip("R is not installed")
    ask = (
        f'source("{release}/read.R"); d <- read_collsec("episodes", "{release}"); '
        "cat(nrow(d), class(d$onset_date), class(d$outcome), nlevels(d$outcome), "
        "class(d$is_ended), sum(d$is_ended), class(d$duration_days), sum(is.na(d$outcome)))"
    )
    done = subprocess.run([r, "-e", ask], capture_output=True, text=True, check=False)
    episodes = cs.load("episodes", root=REPOSITORY)
    ended, missing = int(episodes["is_ended"].sum()), int(episodes["outcome"].isna().sum())
    assert done.stdout == f"620 Date factor 8 logical {ended} numeric {missing}", done.stderr


def test_the_data_package_is_valid_and_true(release: Path) -> None:
    package = Package(str(release / "datapackage.json"))
    tables = [r for r in package.resources if r.path.endswith(".csv")]
    assert [r.path for r in tables] == [f"csv/{name}.csv" for name in FEW]
    report = package.validate()
    assert report.valid, report.flatten(["name", "fieldName", "note"])[:5]
    written = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))
    for one in written["resources"]:
        content = (release / one["path"]).read_bytes()
        assert one["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert one["bytes"] == len(content) and one["sources"] and one["licenses"]
        under = "GPL-2.0" if one["path"].split("/")[1].startswith("missions.") else "CC-BY-4.0"
        assert [license_["name"] for license_ in one["licenses"]] == [under], one["path"]
    assert {license_["name"] for license_ in written["licenses"]} == {"CC-BY-4.0", "GPL-2.0"}


def test_croissant_names_every_file_and_column(release: Path) -> None:
    found = json.loads((release / "croissant.json").read_text(encoding="utf-8"))
    files = {f["@id"]: f for f in found["distribution"]}
    assert len(files) == 3 * len(FEW)
    for one in files.values():
        content = (release / one["contentUrl"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
    for record in found["recordSet"]:
        columns = [f["source"]["extract"]["column"] for f in record["field"]]
        assert columns == list(PUBLIC[record["name"]].columns)
        assert all(f["source"]["fileObject"]["@id"] in files for f in record["field"])
    assert "Undefined" not in json.dumps(found) and found["citeAs"].startswith("@software{collsec")
    assert found["conformsTo"] == "http://mlcommons.org/croissant/1.1"


def test_croissant_is_valid(release: Path, caplog: pytest.LogCaptureFixture) -> None:
    import mlcroissant  # takes a second

    with caplog.at_level("WARNING"):
        found = mlcroissant.Dataset(str(release / "croissant.json"))
    # What the format only recommends is told as a warning: nothing is.
    assert not caplog.messages and str(found.metadata.ctx.conforms_to.value).endswith("/1.1")
    fields = {f.id: f for record in found.metadata.record_sets for f in record.fields}
    assert fields["conflict_years/episode_id"].references.field == "episodes/episode_id"
    assert len(fields) == len(pd.read_csv(release / "codebook.csv"))


@pytest.mark.full
def test_croissant_reads_every_row(release: Path) -> None:
    import mlcroissant

    found = mlcroissant.Dataset(str(release / "croissant.json"))
    rows = list(found.records("episodes"))
    episodes = cs.load("episodes", root=REPOSITORY)
    assert [row["episodes/episode_id"].decode() for row in rows] == list(episodes["episode_id"])
    onsets = [row["episodes/onset_date"].date() for row in rows]
    assert onsets == list(episodes["onset_date"].dt.date)
    # A key that leads to another table loses no row, not even where it is empty.
    assert sum(1 for _ in found.records("conflict_years")) == len(
        cs.load("conflict_years", root=REPOSITORY)
    )


def test_codebook_references_and_readme(release: Path) -> None:
    book = pd.read_csv(release / "codebook.csv")
    assert set(book["table"]) == set(FEW)
    assert book[["type", "unit", "definition"]].notna().all(axis=None)
    references = (release / "references.bib").read_text(encoding="utf-8")
    assert "@misc{ucdp_acd," in references and "@misc{atop," in references
    readme = (release / "README.md").read_text(encoding="utf-8")
    assert "`missions`: [GNU General Public License, version 2]" in readme
    assert "| `episodes` | 620 |" in readme and 'use "stata/dyads.dta"' in readme


def test_the_same_data_give_the_same_bytes(release: Path, tmp_path: Path) -> None:
    entries = api.public_tables(PROJECT)
    from collsec.reports.tables.codebook import entries_of

    dataset.write(PROJECT, entries, tmp_path, entries_of(PROJECT), names=["missions"])
    for kind, ending in dataset_formats.FORMATS.items():
        name = f"{kind}/missions{ending}"
        assert (tmp_path / name).read_bytes() == (release / name).read_bytes()


@pytest.mark.parametrize(
    ("names", "formats", "near"), [(["vote"], [], "'votes'"), ([], ["dta"], "stata")]
)
def test_what_does_not_exist_is_named(
    names: list[str], formats: list[str], near: str, tmp_path: Path
) -> None:
    with pytest.raises(CollsecError, match=near):
        dataset.write(PROJECT, {}, tmp_path, {}, names=names, formats=formats)


def test_r_reads_the_stata_files(release: Path) -> None:
    r = shutil.which("Rscript")
    ask = 'if (!requireNamespace("haven", quietly = TRUE)) quit(status = 9); '
    read = (
        f'd <- haven::read_dta("{release}/stata/dyads.dta"); '
        "cat(nrow(d), class(d$first_death_date), format(d$first_death_date[1]))"
    )
    done = r and subprocess.run([r, "-e", ask + read], capture_output=True, text=True, check=False)
    if not done or done.returncode == 9:
        pytest.skip("R with haven is not installed")
    dyads = cs.load("dyads", root=REPOSITORY)
    assert done.stdout == f"684 Date {dyads['first_death_date'].iloc[0]:%Y-%m-%d}"


def test_the_page_on_the_data_runs_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLSEC_ROOT", str(REPOSITORY))
    text = (REPOSITORY / "docs" / "data.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    # Ten statements at most, an import and the citation included.
    assert len(re.findall(r"^\S", blocks[0], re.MULTILINE)) - blocks[0].count("\n])") < 10
    space: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/data.md", "exec"), space)
    by_talks = space["by_talks"]
    assert isinstance(by_talks, pd.DataFrame)
    without, with_talks = by_talks["size"]
    states = space["panel"]["gwno"].nunique()  # type: ignore[index]
    assert f"{without:,} months of {states} states without talks, and {with_talks:,} with" in (
        text.replace("\n", " ")
    )
    for name in PUBLIC:
        assert f"`{name}`" in text
