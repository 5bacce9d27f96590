"""Do the tests notice a change of the code? A sample of mutants, each against its room's tests.

A mutant is one module with one operator, number, or truth value changed. The room's tests run once
with coverage, test by test; each mutant is then run against those that execute its lines (all of
the room's, where the line is executed on import; those of the modules that import it, where it is
compiled, which coverage does not see), and then against the files that these stand in. One that no
test kills is a survivor.

    python tests/mutants.py measures designs --sample 50 --to mutants.csv
    python tests/mutants.py designs --again mutants.csv --to survivors.csv
"""

from __future__ import annotations

import argparse
import ast
import csv
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from coverage.numbits import numbits_to_nums

ROOT = Path(__file__).parents[1]
#: Where the packages are: the study's and the library's.
SOURCES = ("src", "packages/riskset/src")
#: The library is one room, with its tests beside it.
LIBRARY = "riskset"
#: Times that the room's tests take, after which a mutant counts as killed: it loops, or is far
#: slower than the code.
TIMES = 3
#: All tests but the long simulations; nothing is kept.
QUIETLY = ("-q", "-p", "no:cacheprovider", "-m", "not slow")
#: Exit code of pytest where a test of that name is not found.
NOT_FOUND = 4
#: Tests of a room that stand elsewhere: against other engines, and on data of a known truth.
FURTHER = {
    "designs": ("tests/reference/test_leading_numbers.py", "tests/properties", "tests/analyses"),
}
#: Keywords that guard or tidy up; a change of theirs shows in no result.
TIDY = {"strict", "ignore_index", "drop", "copy", "stacklevel"}
COMPARED = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In},
}
COMPUTED = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.FloorDiv: ast.Div},
}


def mutated(node: ast.AST) -> ast.AST | None:
    """Return the node with one thing changed, or None if there is nothing to change."""
    match node:
        case ast.Compare(left, [op], right) if type(op) in COMPARED:
            return ast.Compare(left, [COMPARED[type(op)]()], right)
        case ast.BinOp(left, op, right) if type(op) in COMPUTED and not _is_text(left, right):
            return ast.BinOp(left, COMPUTED[type(op)](), right)
        case ast.BoolOp(op, values):
            return ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            return operand
        case ast.Constant(bool(value)):
            return ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            return ast.Constant(value + 1)
    return None


def _is_text(*nodes: ast.expr) -> bool:
    return any(
        isinstance(n, ast.JoinedStr) or (isinstance(n, ast.Constant) and isinstance(n.value, str))
        for n in nodes
    )


def sites(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.AST]]:
    """Expressions that can be changed; not annotations, decorators, error texts, or guards."""
    if isinstance(tree, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return
    if isinstance(tree, ast.keyword) and tree.arg in TIDY:
        return
    if isinstance(tree, ast.expr) and (other := mutated(tree)) is not None:
        yield tree, other
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from sites(child)


def spliced(source: str, node: ast.expr, other: ast.AST) -> str:
    """Put the other expression in the place of the node."""
    lines = [line.encode() for line in source.splitlines(keepends=True)]
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    head, tail = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    put = f"({ast.unparse(ast.fix_missing_locations(other))})".encode()
    return b"".join([*lines[:first], head + put + tail, *lines[last + 1 :]]).decode()


def executing(data: Path, module: Path) -> dict[int, set[str]]:
    """Return the tests that execute each line of a module; '' is on import."""
    found: dict[int, set[str]] = {}
    with sqlite3.connect(data) as stored:
        rows = stored.execute(
            "select context.context, numbits from line_bits join file on file.id = file_id"
            " join context on context.id = context_id where file.path = ?",
            (str(module),),
        )
        for context, bits in rows:
            for line in numbits_to_nums(bits):
                found.setdefault(line, set()).add(context.partition("|")[0])
    return found


def source_of(home: Path, module: Path) -> Path:
    """Return the folder that holds the package of a module."""
    return next(home / folder for folder in SOURCES if module.is_relative_to(home / folder))


def importing(home: Path, module: Path) -> list[Path]:
    """Return the modules that import a module of compiled loops; none for any other module."""
    name = ".".join(module.relative_to(source_of(home, module)).with_suffix("").parts)
    if "@loop" not in module.read_text(encoding="utf-8"):
        return []
    package, _, last = name.rpartition(".")
    ways = (f"from {name} import", f"from {package} import")
    return [
        path
        for path in sorted(source_of(home, module).rglob("*.py"))
        if path != module
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(ways) and (name in line or re.search(rf"\b{last}\b", line))
    ]


def pytest(home: Path, *arguments: str, seconds: float | None = None, **environment: str) -> int:
    """Run pytest in a copy of the repository; a run that does not end in time has failed."""
    sources = os.pathsep.join(str(home / folder) for folder in SOURCES)
    known = os.environ | {"PYTHONPATH": sources, "OPENBLAS_NUM_THREADS": "1"}
    try:
        return subprocess.run(
            [
                *(sys.executable, "-m", "pytest"),
                *QUIETLY,
                *arguments,
            ],
            cwd=home,
            env=known | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return 1


def described(home: Path, path: Path, node: ast.expr, other: ast.AST) -> tuple[str, ...]:
    """Return module, line, code, and changed code."""
    source = path.read_text(encoding="utf-8")
    code = ast.get_source_segment(source, node) or ""
    return (
        path.relative_to(source_of(home, path)).as_posix(),
        str(node.lineno),
        code,
        ast.unparse(other),
    )


def survivors(table: Path) -> set[tuple[str, ...]]:
    """Return the mutants of a table that no test killed."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["is_killed"] == "False"]
    return {(row["module"], row["line"], row["code"], row["mutant"]) for row in rows}


def main() -> None:
    """Sample, run, and tabulate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="+", help="folders of src/collsec, or riskset")
    parser.add_argument("--sample", type=int, default=50, help="mutants in each room")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", default="1/1", help="a part of the sample, such as 2/6")
    parser.add_argument("--again", type=Path, help="only the survivors of this CSV")
    parser.add_argument("--to", type=Path, required=True, help="CSV to write")
    given = parser.parse_args()
    part, parts = map(int, given.shard.split("/"))
    with tempfile.TemporaryDirectory() as folder, given.to.open("w", encoding="utf-8") as file:
        home = Path(folder) / "copy"
        ignored = shutil.ignore_patterns(".git", ".venv*", ".snakemake", "site", "project")
        shutil.copytree(ROOT, home, ignore=ignored)
        out = csv.writer(file)
        out.writerow(["room", "module", "line", "code", "mutant", "tests", "is_killed"])
        for room in given.rooms:
            is_library = room == LIBRARY
            tests = ["packages/riskset/tests"] if is_library else [f"tests/{room}"]
            tests += FURTHER.get(room, ())
            data = Path(folder) / f"{room.replace('/', '-')}.coverage"
            began = time.monotonic()
            covered = ("--cov=collsec", "--cov=riskset", "--cov-context=test", "--cov-report=")
            if pytest(home, *covered, *tests, COVERAGE_FILE=str(data)):
                sys.exit(f"{' '.join(tests)} fails without any mutant.")
            limit = TIMES * (time.monotonic() - began)
            code = home / SOURCES[is_library] / ("." if is_library else f"collsec/{room}")
            known = [
                (path, node, other)
                for path in sorted(code.rglob("*.py"))
                for node, other in sites(ast.parse(path.read_text(encoding="utf-8")))
            ]
            drawn = random.Random(given.seed).sample(known, min(given.sample, len(known)))
            drawn = drawn[part - 1 :: parts]
            if given.again:
                left = survivors(given.again)
                drawn = [one for one in known if described(home, *one) in left]
            tally: Counter[bool] = Counter()
            for path, node, other in drawn:
                lines = executing(data, path)
                span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                ids = set().union(*(lines.get(line, set()) for line in span))
                for other_path in () if ids - {""} else importing(home, path):
                    ids |= set().union(*executing(data, other_path).values()) - {""}
                chosen = tests if "" in ids else sorted(ids)
                source = path.read_text(encoding="utf-8")
                path.write_text(spliced(source, node, other), encoding="utf-8")
                status = pytest(home, "-x", *chosen, seconds=limit) if chosen else 0
                if status == NOT_FOUND:
                    status = pytest(home, "-x", *tests, seconds=limit)
                if (
                    status == 0 and chosen != tests
                ):  # what a test made may be kept for its neighbors
                    files = sorted({one.split("::")[0] for one in chosen})
                    status = pytest(home, "-x", *files, seconds=limit) if files else 0
                is_killed = status != 0
                path.write_text(source, encoding="utf-8")
                tally[is_killed] += 1
                out.writerow([room, *described(home, path, node, other), len(chosen), is_killed])
                file.flush()
            total = sum(tally.values())
            print(f"{room}: {tally[True]} of {total} killed of {len(known)} possible", flush=True)


if __name__ == "__main__":
    main()
