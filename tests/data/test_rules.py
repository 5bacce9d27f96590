"""Coding rules as data: every file reads, is credited, and refuses what it does not know."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest

import collsec.compile
from coding_rules import FOLDER
from collsec.compile.council.sanctions import SanctionsRules
from collsec.compile.rules import BadRule, RuleFile, read_rules
from collsec.core.errors import MissingInput
from collsec.upstream.sources import read_sources

for found in pkgutil.walk_packages(collsec.compile.__path__, "collsec.compile."):
    importlib.import_module(found.name)
MODELS = {model.file: model for model in RuleFile.__subclasses__() if hasattr(model, "file")}
FILES = sorted(p.name for p in FOLDER.glob("*"))


def test_every_file_has_one_model_and_every_model_a_file() -> None:
    assert set(FILES) == set(MODELS)


@pytest.mark.parametrize("file", FILES)
def test_a_file_reads_is_documented_and_credits_declared_sources(file: str) -> None:
    rules = read_rules(FOLDER, MODELS[file])
    assert rules.title and rules.sources
    assert set(rules.sources) <= set(read_sources(FOLDER.parent / "sources.toml"))
    lines = (FOLDER / file).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ") and "" in lines


@pytest.mark.parametrize("file", FILES)
def test_no_key_of_a_file_is_dead(file: str) -> None:
    """Every key of every block is one that the model has: nothing is carried along unread."""
    blocks = tomllib.loads((FOLDER / file).read_text(encoding="utf-8"))
    assert set(blocks) <= set(MODELS[file].model_fields)


def broken(tmp_path: Path, old: str, new: str) -> str:
    """Message of the error of the sanctions rules with one text replaced."""
    text = (FOLDER / "sanctions.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "sanctions.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadRule) as caught:
        read_rules(tmp_path, SanctionsRules)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_faults_are_named_with_entry_key_value_and_the_nearest_key(tmp_path: Path) -> None:
    where = "data/raw/rules/sanctions.toml, regime entry 1 (rhodesia-1966), "
    assert broken(tmp_path, "founded_by = 232", "found_by = 232") == (
        f"{where}found_by: unknown key. Did you mean 'founded_by'?"
    )
    assert broken(tmp_path, "founded_by = 232\n", "") == f"{where}founded_by: Field required."
    assert broken(tmp_path, "ended_by = 460", "endet_by = 460") == (
        f"{where}endet_by: unknown key. Did you mean 'ended_by'?"
    )
    assert broken(tmp_path, "founded_by = 232", 'founded_by = "232"') == (
        f"{where}founded_by, value '232': Input should be a valid integer."
    )
    assert broken(tmp_path, "title =", "titel =") == (
        "data/raw/rules/sanctions.toml, titel: unknown key. Did you mean 'title'?"
    )
    assert "not readable TOML" in broken(tmp_path, "title =", "title ==")
    with pytest.raises(MissingInput, match=r"rules/sanctions\.toml is missing"):
        read_rules(tmp_path / "none", SanctionsRules)
