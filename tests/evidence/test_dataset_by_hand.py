"""Public tables of a made-up history, given out: the files as they are read, and what is said."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from by_hand import told
from collsec.core import __version__
from collsec.core.errors import CollsecError
from collsec.core.provenance import data_vintage
from collsec.evidence.dataset import write
from collsec.evidence.formats import STATA_LABEL
from collsec.histories.public import PUBLIC
from collsec.reports.tables.codebook import entries_of
from histories.public_world import FRAMES
from study import PROJECT

NAMES = ("acts", "episode_hosts")


@functools.cache
def frames() -> dict[str, pd.DataFrame]:
    return {name: PUBLIC[name](FRAMES) for name in NAMES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("given")
    written = write(PROJECT, frames(), made, entries_of(PROJECT), names=NAMES)
    assert [path.relative_to(made).as_posix() for path in written] == [
        "csv/acts.csv", "parquet/acts.parquet", "stata/acts.dta",
        "csv/episode_hosts.csv", "parquet/episode_hosts.parquet", "stata/episode_hosts.dta",
        "datapackage.json", "croissant.json", "codebook.csv", "references.bib", "README.md",
        "read.R",
    ]  # fmt: skip
    assert all(path.exists() for path in written)
    return made


def test_csv_has_plain_days_and_truths(folder: Path) -> None:
    lines = (folder / "csv/episode_hosts.csv").read_text().split("\n")
    assert len(lines) == 1 + 7 + 1
    assert lines[1].startswith("1-1,1,1,10,1,TEN,1990-02-10,1990-05-05,TRUE,2,2,1,0.5,0.5,700.0")
    assert lines[3].startswith("1-2,1,1,10,1,TEN,1992-01-31,1992-12-31,FALSE,,,,,,")


ORIGIN = f"collsec {__version__}, data {data_vintage(PROJECT)}"


def test_parquet_is_the_table_and_says_what_it_is_from(folder: Path) -> None:
    said = pq.read_schema(folder / "parquet/acts.parquet").metadata
    assert said[b"made_by"].decode() == ORIGIN
    assert said[b"title"].decode() == PUBLIC["acts"].title
    found = pd.read_parquet(folder / "parquet/acts.parquet")
    assert told(found) == told(frames()["acts"])
    assert list(found.columns) == list(frames()["acts"].columns)


def test_stata_has_dates_numbers_texts_and_labels(folder: Path) -> None:
    path = folder / "stata/acts.dta"
    found = pd.read_stata(path, convert_categoricals=False)
    assert len(found) == 7 and list(found.columns) == list(frames()["acts"].columns)
    first = found.iloc[0]
    assert (first["item_id"], first["date"], first["cast_china"]) == (
        "r1", pd.Timestamp("1990-02-28"), 0,
    )  # fmt: skip
    assert found["episode_id"].tolist() == ["1-1", "", "1-1", "2-1", "1-1", "", ""]
    # A truth that is missing somewhere is a number with gaps; one that never is, is whole.
    assert found["is_chapter_vii"].isna().sum() == 4 and found["is_chapter_vii"].sum() == 2
    assert str(found["cast_china"].dtype) == "int8" and found["cast_china"].sum() == 2
    assert pd.read_stata(path)["cast_china"].iloc[0] == "no"
    with pd.read_stata(path, iterator=True) as reader:
        labels = reader.variable_labels()
        assert reader.time_stamp == "01 Jan 2000 00:00"  # the same of every file, whenever written
        assert reader.data_label == f"{PUBLIC['acts'].title} ({ORIGIN})"
        assert len(reader.data_label) <= STATA_LABEL
    assert all(labels.values()) and max(len(text) for text in labels.values()) <= STATA_LABEL


def test_a_value_that_is_not_listed_is_no_missing_one(tmp_path: Path) -> None:
    table = frames()["acts"].assign(action_class="another").astype({"action_class": "string"})
    with pytest.raises(ValueError, match=r"action_class: \{'another'\} are not among its listed"):
        write(PROJECT, {"acts": table}, tmp_path, entries_of(PROJECT), names=["acts"])


def test_a_long_text_is_whole_in_stata(tmp_path: Path) -> None:
    long, edge = "x" * 3000, "y" * 2045
    table = frames()["acts"].assign(act=[long, edge, None, "é", "a", "b", "c"])
    table = table.astype({"act": "string"})
    write(
        PROJECT, {"acts": table}, tmp_path, entries_of(PROJECT), names=["acts"], formats=["stata"]
    )
    found = pd.read_stata(tmp_path / "stata/acts.dta")["act"].tolist()
    assert found == [long, edge, "", "é", "a", "b", "c"]
    package = json.loads((tmp_path / "datapackage.json").read_text())
    assert [one["name"] for one in package["resources"]] == ["acts"]


@pytest.mark.parametrize(("length", "is_apart"), [(2000, False), (2001, True)])
def test_a_text_beyond_two_thousand_bytes_lies_apart(
    tmp_path: Path, length: int, is_apart: bool
) -> None:
    texts = [f"é{row}" + "x" * (length - 3) for row in range(7)]  # a letter of two bytes
    table = frames()["acts"].assign(act=texts)
    table = table.astype({"act": "string"})
    write(
        PROJECT, {"acts": table}, tmp_path, entries_of(PROJECT), names=["acts"], formats=["stata"]
    )
    # Stata keeps long strings in a section of their own, each after these letters.
    assert (b"<strls>GSO" in (tmp_path / "stata/acts.dta").read_bytes()) is is_apart


def test_a_text_said_in_every_row_is_kept_once(tmp_path: Path) -> None:
    table = frames()["acts"].assign(act="x" * 1000).astype({"act": "string"})
    write(
        PROJECT, {"acts": table}, tmp_path, entries_of(PROJECT), names=["acts"], formats=["stata"]
    )
    assert (tmp_path / "stata/acts.dta").read_bytes().count(b"x" * 1000) == 1


def test_the_package_describes_each_file(folder: Path) -> None:
    package = json.loads((folder / "datapackage.json").read_text())
    by = {one["name"]: one for one in package["resources"]}
    assert list(by) == [
        "acts", "acts-parquet", "acts-stata",
        "episode-hosts", "episode-hosts-parquet", "episode-hosts-stata",
    ]  # fmt: skip
    for one in by.values():
        content = (folder / one["path"]).read_bytes()
        assert one["bytes"] == len(content)
        assert one["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert ("schema" in one) == ("rows" in one) == (one["format"] == "csv")
        assert one["type"] == ("table" if one["format"] == "csv" else "file")
        assert one["sources"]
    acts = by["acts"]
    assert acts["rows"] == 7 and acts["schema"]["primaryKey"] == ["item_id", "conflict_id"]
    fields = {field["name"]: field for field in acts["schema"]["fields"]}
    assert list(fields) == list(frames()["acts"].columns)
    assert fields["date"]["type"] == "date" and fields["cast_uk"]["type"] == "boolean"
    # Tables that are not given out are no target of a key.
    assert "foreignKeys" not in acts["schema"]


def test_keys_lead_to_tables_that_are_given_out(tmp_path: Path) -> None:
    spells = PUBLIC["episode_spells"](FRAMES)
    made = frames() | {"episode_spells": spells, "episodes": frames()["episode_hosts"]}
    names = ["episode_spells", "acts", "episodes"]
    write(PROJECT, made, tmp_path, entries_of(PROJECT), names=names, formats=["csv", "parquet"])
    package = json.loads((tmp_path / "datapackage.json").read_text())
    by = {one["name"]: one for one in package["resources"]}
    assert by["episode-spells"]["schema"]["primaryKey"] == ["episode_id", "start"]
    to_episodes = {"resource": "episodes", "fields": ["episode_id"]}
    for name in ("episode-spells", "acts"):
        foreign = by[name]["schema"]["foreignKeys"]
        assert foreign == [{"fields": ["episode_id"], "reference": to_episodes}]
    assert "foreignKeys" not in by["episodes"]["schema"]
    assert not (tmp_path / "stata").exists()
    croissant = json.loads((tmp_path / "croissant.json").read_text())
    assert [one["@id"] for one in croissant["distribution"]] == [
        "episode_spells.csv", "episode_spells.parquet", "acts.csv", "acts.parquet",
        "episodes.csv", "episodes.parquet",
    ]  # fmt: skip
    spell = croissant["recordSet"][0]
    assert spell["key"] == [{"@id": "episode_spells/episode_id"}, {"@id": "episode_spells/start"}]
    assert len(spell["field"]) == len(spells.columns)
    assert spell["field"][0]["source"]["fileObject"] == {"@id": "episode_spells.csv"}
    assert spell["field"][0]["references"] == {"field": {"@id": "episodes/episode_id"}}
    [own] = [f for f in croissant["recordSet"][2]["field"] if f["name"] == "episode_id"]
    assert "references" not in own
    [outcome] = [f for f in croissant["recordSet"][2]["field"] if f["name"] == "outcome"]
    assert "Values: peace_agreement, " in outcome["description"]
    [clock] = [f for f in spell["field"] if f["name"] == "start"]
    assert clock["description"].endswith("Unit: days since time zero.")
    sizes = [(tmp_path / f["contentUrl"]).stat().st_size for f in croissant["distribution"]]
    assert [f["contentSize"] for f in croissant["distribution"]] == [f"{size} B" for size in sizes]
    # The study has no address of its own: its license is none.
    assert "url" not in croissant and croissant["datePublished"].startswith("2026")


def test_codebook_references_and_readme_tell_of_every_table(folder: Path) -> None:
    book = pd.read_csv(folder / "codebook.csv")
    counts = book.groupby("table").size().to_dict()
    assert counts == {name: len(PUBLIC[name].columns) for name in NAMES}
    assert book[["type", "unit", "definition"]].notna().all(axis=None)
    text = (folder / "README.md").read_text()
    assert "| `acts` | 7 | `item_id, conflict_id` |" in text
    assert 'd <- read_collsec("acts")`' in text and "haven::read_dta" in text
    references = (folder / "references.bib").read_text()
    assert references.startswith("@software{collsec,") and references.count("\n@") > 3


def test_what_there_is_not_is_named_with_the_nearest(tmp_path: Path) -> None:
    for more, needle in (
        ({"names": ["act"]}, "no table 'act'.*acts"),
        ({"formats": ["cvs"]}, "no format 'cvs'.*csv"),
    ):
        with pytest.raises(CollsecError, match=needle):
            write(PROJECT, frames(), tmp_path, entries_of(PROJECT), **more)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
