"""The contract of the rooms: who may import whom, and which names stand where.

Imports inside functions and for types alone count like any other.
"""

from __future__ import annotations

import ast
import collections
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import grimp
import pandas as pd
import pytest

import collsec
from collsec.histories import TIMELINES
from collsec.measures import MEASURES

PACKAGE = Path(collsec.__file__).parent
#: Each room imports only rooms above it.
ROOMS = (
    "core",
    "upstream",
    "compile",
    "replications",
    "tables",
    "histories",
    "measures",
    "hypothesis",
    "designs",
    "evidence",
    "reports",
    "pipeline",
    "api",
    "cli",
)
#: `survival` is the old name of the library, for one release.
FLAT = {"__init__", "__main__", "api", "survival"}
#: Rooms that are about one subject; all others serve hypotheses that their authors have not met.
PARTICULAR = {"measures", "compile"}
#: The face of the package stands above every room; only `__main__` and the command line see it.
FACE = ("collsec", "collsec.__main__", "collsec.survival")

Graph = grimp.ImportGraph
HYPOTHESIS = re.compile(r"(?<![\w</])h[1-9]\d?(?![\w%{])")  # and no tag of HTML
CLAIM = re.compile(r"\bC\d{2}[a-z]?\b")
#: Keywords of calls whose texts are help for a user.
HELP = {"help", "epilog", "metavar", "short_help", "show_default"}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return grimp.build_graph("collsec", exclude_type_checking_imports=False, cache_dir=None)


def room(module: str) -> str:
    """The room of a module; the face of the package is a room of its own."""
    return "face" if module in FACE else module.split(".")[1]


def edges(graph: Graph) -> Iterator[tuple[str, str]]:
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            yield importer, imported


def places(graph: Graph, importer: str, imported: str) -> str:
    """Where one module imports another, for messages."""
    found = graph.get_import_details(importer=importer, imported=imported)
    lines = ", ".join(str(d["line_number"]) for d in found)
    return f"{importer} → {imported} (line {lines})"


def circles(graph: Graph) -> list[list[str]]:
    """Groups of modules each of which imports all others of its group, directly or not (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(graph.find_modules_directly_imported_by(module)):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(graph.modules):
        if module not in index:
            visit(module)
    return found


# Imports ---------------------------------------------------------------------------------------


def test_only_the_face_and_the_stages_stand_flat() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == FLAT
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert folders | {"api"} == set(ROOMS)


def test_no_arrow_points_upward(graph: Graph) -> None:
    order = {name: place for place, name in enumerate((*ROOMS, "face"))}
    upward = [
        places(graph, importer, imported)
        for importer, imported in edges(graph)
        if order[room(imported)] > order[room(importer)]
    ]
    assert upward == []


def test_no_modules_import_each_other_in_a_circle(graph: Graph) -> None:
    assert circles(graph) == []


def test_a_circle_would_be_found() -> None:
    graph = Graph()
    for importer, imported in (("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")):
        graph.add_import(importer=importer, imported=imported)
    assert circles(graph) == [["a", "b", "c"]]


def drawn(page: str, heading: str) -> set[tuple[str, str]]:
    """The arrows of the picture below a heading."""
    picture = page.split(f"## {heading}", 1)[1].split("```mermaid", 1)[1].split("```", 1)[0]
    arrows = set()
    for line in picture.splitlines():
        names = re.split(r"\s*-->(?:\|\w+\|)?\s*", line.strip())
        arrows |= set(itertools.pairwise(names))
    return arrows


def reached(arrows: set[tuple[str, str]], start: str) -> set[str]:
    """All that arrows lead to from a name."""
    found: set[str] = set()
    to_do = [start]
    while to_do:
        here = to_do.pop()
        new = {b for a, b in arrows if a == here} - found
        found |= new
        to_do += new
    return found


def test_the_picture_of_the_rooms_is_true(graph: Graph, repository: Path) -> None:
    """Each drawn arrow is an import, and each import lies along drawn arrows."""
    page = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    arrows = drawn(page, "The rooms")
    imports = {
        (room(imported), room(importer))
        for importer, imported in edges(graph)
        if room(imported) != room(importer) and {room(imported), room(importer)} <= set(ROOMS)
    }
    assert {name for arrow in arrows for name in arrow} == set(ROOMS) - FLAT
    assert arrows - imports == set()
    along = {(a, b) for a in ROOMS for b in reached(arrows, a)}
    assert {(a, b) for a, b in imports if not {a, b} & FLAT} - along == set()
    listed = re.findall(r"^\| `(\w+)` \|", page.split("## The rooms", 1)[1], re.MULTILINE)
    assert tuple(listed) == tuple(name for name in ROOMS if name not in FLAT)


def test_the_picture_of_the_flow_is_true(repository: Path) -> None:
    """Its nouns are the stages of the table below it, and the folders of the pipeline."""
    page = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    arrows = drawn(page, "The flow of the data")
    nouns = {name for arrow in arrows for name in arrow}
    listed = dict(re.findall(r"^\| (\w+) \| `([\w/]+)`", page, re.MULTILINE))
    assert nouns == listed.keys() | {"cohorts"}  # cohorts are written with their panels
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    for noun, folder in listed.items():
        assert f'"{folder.rstrip("/").rpartition("/")[2]}"' in code, noun


def test_no_two_classes_share_a_name() -> None:
    """One name means one thing; protocols say what one reader needs of another's class."""
    found = collections.Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and not any(ast.unparse(base) == "Protocol" for base in node.bases)
    )
    assert [name for name, n in found.items() if n > 1] == []


def test_imports_within_functions_and_for_types_count(graph: Graph) -> None:
    """The stages import inside their functions; a graph without those would prove nothing."""
    direct = graph.find_modules_directly_imported_by("collsec.pipeline.stages")
    source = (PACKAGE / "pipeline" / "stages.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    inner = {
        node.module
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and node.module in graph.modules
    }
    assert inner and all(
        name in direct or any(d.startswith(f"{name}.") for d in direct) for name in inner
    )


# Names -----------------------------------------------------------------------------------------


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text of a module that is neither a docstring nor help for a user, with its line."""
    free: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            free.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg in HELP:
            free.update(ast.walk(node.value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Argument"):
            free.update(ast.walk(node))
    for node in ast.walk(tree):
        if node not in free and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def numbered(tree: ast.Module, known: set[int]) -> set[tuple[int, int]]:
    """Every number that is a conflict's and stands in an expression about conflicts."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.Call | ast.keyword | ast.Assign | ast.Dict):
            if "conflict" not in ast.unparse(node).lower():
                continue
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant) and type(inner.value) is int:
                    found |= {(inner.lineno, inner.value)} if inner.value in known else set()
    return found


def generic() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] not in PARTICULAR:
            yield inside.as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def named(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{file}:{line}: {text!r}"
        for file, tree in generic()
        for line, text in texts(tree)
        if pattern.search(text)
    ]


def test_generic_rooms_name_no_hypothesis() -> None:
    assert named(HYPOTHESIS) == []


def test_generic_rooms_name_no_claim() -> None:
    assert named(CLAIM) == []


def test_generic_rooms_name_no_measure() -> None:
    """Timelines hold columns that measures are named after: such a name is that of a column."""
    columns = {column for timeline in TIMELINES.values() for column in timeline.columns}
    found = [
        f"{file}:{line}: {text!r}"
        for file, tree in generic()
        for line, text in texts(tree)
        # The core knows no table of a subject, and no column of one either.
        if (text not in columns or file.startswith("core/"))
        and text in MEASURES
        and MEASURES[text].kind in ("exposure", "ever", "covariate")
    ]
    assert found == []


def test_generic_rooms_name_no_conflict(repository: Path) -> None:
    episodes = pd.read_csv(repository / "data" / "raw" / "compiled" / "episodes.csv")
    known = set(episodes["conflict_id"].astype(int))
    found = [
        f"{file}:{line}: {number}"
        for file, tree in generic()
        for line, number in sorted(numbered(tree, known))
    ]
    places = re.compile(r"\bconflicts?\b\D{0,12}(" + "|".join(map(str, sorted(known))) + r")\b")
    assert found + named(places) == []


def test_a_name_would_be_found() -> None:
    module = '"""About h1."""\nA = "h1"\ncall(help="Such as h2.")\nB = rows["conflict_id"] == 234\n'
    tree = ast.parse(module)
    assert [text for _, text in texts(tree)] == ["h1", "conflict_id"]
    assert numbered(tree, {234}) == {(4, 234)}
