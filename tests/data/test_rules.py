"""Coding rules as data: every file reads, is credited, and refuses what it does not know."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest

import collsec.compile
import collsec.tables
from coding_rules import FOLDER
from collsec.compile.council.sanctions import SanctionsRules
from collsec.compile.rules import BadRule, RuleFile, read_rules
from collsec.core.errors import MissingInput
from collsec.upstream.sources import read_sources

for room in (collsec.compile, collsec.tables):
    for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
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


def broken(tmp_path: Path, old: str, new: str) -> list[str]:
    """Faults of the sanctions rules with one text replaced, one line each."""
    text = (FOLDER / "sanctions.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "sanctions.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadRule) as caught:
        read_rules(tmp_path, SanctionsRules)
    return str(caught.value).split("\n")


def test_faults_are_named_with_line_key_value_and_the_nearest_key(tmp_path: Path) -> None:
    lines = (FOLDER / "sanctions.toml").read_text(encoding="utf-8").splitlines()
    file, line = "data/raw/rules/sanctions.toml", lines.index("founded_by = 232") + 1
    missing, unknown = broken(tmp_path, "founded_by = 232", "found_by = 232")
    assert missing.startswith(f"{file}, line {line - 3}, key regime[0].founded_by: is missing.")
    assert unknown.startswith(
        f"{file}, line {line}, key regime[0].found_by: unknown key. Did you mean 'founded_by'?"
    )
    assert broken(tmp_path, "founded_by = 232", 'founded_by = "232"') == [
        f"{file}, line {line}, key regime[0].founded_by, value '232': must be a whole number."
    ]
    assert "key titel: unknown key. Did you mean 'title'?" in broken(tmp_path, "title", "titel")[1]
    [unreadable] = broken(tmp_path, "title =", "title ==")
    assert "not readable TOML" in unreadable
    with pytest.raises(MissingInput, match=r"rules/sanctions\.toml is missing"):
        read_rules(tmp_path / "none", SanctionsRules)
