"""The import graph of a package is remembered by content, and never trusted beyond it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collsec.core import import_graph
from collsec.core.import_graph import REMEMBERED, imports, reached_from


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of three modules: ``a`` imports ``b``, and ``b`` imports ``c`` for types alone."""
    folder = tmp_path / "little"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "a.py").write_text("from little import b\n")
    (folder / "b.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from little import c\n"
    )
    (folder / "c.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("little", None)
    monkeypatch.setattr(import_graph, "PACKAGES", ("little",))
    forget()
    yield folder
    forget()


def forget() -> None:
    for cached in (import_graph.folders, import_graph.file_digests, import_graph.imports):
        cached.cache_clear()


def graph() -> dict[str, list[str]]:
    """The graph as another process would read it."""
    forget()
    return imports()


def test_imports_for_types_alone_are_left_out(package: Path) -> None:
    found = graph()
    assert found == {"little": [], "little.a": ["little.b"], "little.b": [], "little.c": []}
    assert reached_from(found, {"little.a"}) == {"little.a", "little.b"}


def test_remembered_until_a_file_has_another_content(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = graph()
    with monkeypatch.context() as without:
        without.setattr(import_graph, "_read", lambda: pytest.fail("read again"))
        assert graph() == first
    file = package / "c.py"
    stamp = file.stat()
    file.write_text("import little.a\n")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert graph()["little.c"] == ["little.a"]
    (package / "d.py").write_text("import little.c\n")
    assert graph()["little.d"] == ["little.c"]
    (package / "d.py").unlink()
    assert "little.d" not in graph()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"of": 1}', '{"of": "x", "imports": {}}'])
def test_a_torn_memory_is_passed_over(package: Path, content: str) -> None:
    first = graph()
    file = package / "__pycache__" / REMEMBERED
    assert json.loads(file.read_text())["imports"] == first
    file.write_text(content)
    assert graph() == first


def test_a_folder_that_cannot_be_written_is_no_fault(package: Path) -> None:
    (package / "__pycache__").write_text("in the way")
    assert graph()["little.a"] == ["little.b"]
