"""What is kept between passes is what was made, or it is made again; workers change no result."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from collsec.core.errors import BadTable
from collsec.core.import_graph import files_reached
from collsec.core.manifest import WorkUnit
from collsec.core.project import Project
from collsec.reports import pandoc
from collsec.reports.figures import forest, style
from collsec.reports.figures.style import Drawing, drawn
from collsec.reports.kept import kept, kept_in
from collsec.reports.pages.side_by_side import side_by_side


def test_a_content_is_made_once_and_again_where_its_entry_is_spoilt(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"picture"

    assert kept(b"numbers", make) == b"picture"  # no folder, nothing kept
    for spoil in (None, None, b"", b"short", b"x" * 39):
        with kept_in(tmp_path):
            if spoil is not None:
                next(tmp_path.iterdir()).write_bytes(spoil)
            assert kept(b"numbers", make) == b"picture"
    assert len(made) == 5  # without a folder, first, and thrice spoilt
    with kept_in(tmp_path):
        kept(b"other numbers", make)
    assert len(list(tmp_path.iterdir())) == 1  # the one that was not used has been dropped


def test_a_failed_pass_drops_nothing(tmp_path: Path) -> None:
    with kept_in(tmp_path):
        kept(b"numbers", lambda: b"picture")
    with pytest.raises(ValueError, match="failed"), kept_in(tmp_path):
        raise ValueError("failed")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_picture_is_kept_under_its_numbers_and_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @drawn
    def draw(numbers: pd.DataFrame, *, title: str = "") -> Drawing:
        return Drawing(str(numbers["x"].sum()).encode(), title.encode(), numbers, title)

    def entries() -> int:
        return len(list(tmp_path.iterdir()))

    one, other = pd.DataFrame({"x": [1]}), pd.DataFrame({"x": [2]})
    with kept_in(tmp_path):
        first = draw(one)
        assert draw(one).svg == first.svg == b"1"
        assert entries() == 1
        assert draw(other).svg == b"2"
        assert draw(one, title="t").png == b"t"
        assert entries() == 3
        monkeypatch.setattr(style, "_code", lambda _: b"changed")
        draw(one)
        assert entries() == 4


def test_the_code_of_a_picture_is_its_module_and_all_that_it_imports() -> None:
    def files(module: str) -> list[str]:
        return [file.as_posix() for file in files_reached({module})]

    found = {Path(file).name for file in files(forest.__module__)}
    assert {"forest.py", "style.py"} <= found
    assert "swimmer.py" not in found
    assert style._code(forest.__module__) != style._code("collsec.reports.figures.swimmer")
    found = set(files("collsec.reports.figures.answers"))
    for module in ("words/verdicts.py", "words/wording.py", "designs/estimate.py"):
        assert any(file.endswith(module) for file in found)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_with_what_was_read(tmp_path: Path, workers: int) -> None:
    project, unit = Project(tmp_path), WorkUnit("episodes", "", "")
    names = [f"t{i}" for i in range(7)]
    for name in names:
        path = project.stage("tables", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"x": [name]}).to_parquet(path)
    with (
        project.making(unit, {}, {}),
        side_by_side(project, [lambda n=n: project.read("tables", n) for n in names], workers) as r,
    ):
        assert [frame["x"][0] for frame in r()] == names
        assert len(project.inputs) == len(names)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_error_of_a_task_is_raised_as_it_is(tmp_path: Path, workers: int) -> None:
    def fail() -> str:
        raise BadTable("a.csv", "wrong.", row=3)

    with (
        pytest.raises(BadTable, match=r"a\.csv"),
        side_by_side(Project(tmp_path), [lambda: "well", fail], workers) as results,
    ):
        results()


def test_threads_that_look_for_pandoc_at_once_find_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[str] = []

    def look() -> str:
        if not found:  # as pypandoc does: the first, then the best
            found.append("first")
            time.sleep(0.05)
            found.append("best")
        return found[-1]

    monkeypatch.setattr("collsec.reports.pandoc.pypandoc.get_pandoc_path", look)
    pandoc.executable.cache_clear()
    try:
        with ThreadPoolExecutor(4) as threads:
            assert set(threads.map(lambda _: pandoc.executable(), range(8))) == {"best"}
    finally:
        pandoc.executable.cache_clear()


def test_what_an_ended_worker_left_is_done_here(tmp_path: Path) -> None:
    here = os.getpid()

    def end() -> int:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return 1

    with side_by_side(Project(tmp_path), [end, lambda: 2, end], 2) as results:
        assert results() == [1, 2, 1]
