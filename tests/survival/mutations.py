"""Mutants of the event-history library, each run against the tests of its own module.

A mutant changes one operator, comparison, constant or keyword of one module, in a copy of the
package; it is killed if a test of that module fails. Run a shard:

    python tests/survival/mutations.py --sample 300 --seed 1 --shard 1/6 --out mutants.csv

The sample is drawn once from all places of all modules, so that shards of one seed make one sample.
"""

from __future__ import annotations

import argparse
import ast
import csv
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROOM = REPOSITORY / "src" / "collsec" / "survival"
#: Tests of each part, the quickest first: the most specific key that matches a module counts.
TESTS = {
    "multistate": ["survival/test_multistate.py", "reference/test_multistate_against_r.py"],
    "parametric/flexible": [
        "survival/test_flexible_parametric.py",
        "reference/test_flexible_against_r.py",
    ],
    "parametric/split": ["survival/test_pseudo_split_case_cohort.py"],
    "parametric": ["reference/test_aft_against_r.py", "survival/test_estimators_aft.py"],
    "cox/case_cohort": ["survival/test_pseudo_split_case_cohort.py"],
    "cox/frailty": ["reference/test_frailty.py"],
    "cox/penalized": ["reference/test_frailty.py"],
    "cox/firth": ["survival/test_estimators_firth.py"],
    "cox/fine_gray": ["reference/test_fine_gray.py"],
    "cox/pictures": ["survival/test_plots.py"],
    "cox/partial_likelihood": [
        "survival/test_estimators_exact_ties.py",
        "survival/test_cox_invariances.py",
        "reference/test_cox_against_r.py",
    ],
    "cox": [
        "survival/test_cox_invariances.py",
        "reference/test_cox_hand_worked.py",
        "reference/test_cox_against_r.py",
        "survival/test_predictions.py",
    ],
    "nonparametric/pseudo": ["survival/test_pseudo_split_case_cohort.py"],
    "nonparametric": [
        "reference/test_nonparametric_against_r.py",
        "survival/test_estimators_nonparametric.py",
    ],
    "regression/pseudo": ["survival/test_pseudo_split_case_cohort.py"],
    "regression": [
        "reference/test_regressions_against_r.py",
        "survival/test_estimators_regressions.py",
    ],
    "emulation/adjusted": ["survival/test_adjusted_survival.py"],
    "emulation/marginal": [
        "reference/test_emulation_against_r.py",
        "survival/test_emulation_over_time.py",
    ],
    "emulation/sequential": [
        "reference/test_emulation_against_r.py",
        "survival/test_emulation_over_time.py",
    ],
    "emulation/treatment": [
        "reference/test_emulation_against_r.py",
        "survival/test_emulation_over_time.py",
    ],
    "emulation/regimes": ["survival/test_treatment_regimes.py"],
    "emulation/standardization": ["survival/test_standardization.py"],
    "emulation": ["survival/test_estimators_emulation.py"],
    "plotting": ["survival/test_plots.py"],
    "": [
        "survival/test_estimators_cox_errors.py",
        "survival/test_estimators_corners.py",
        "survival/test_refusals.py",
        "survival/test_cox_invariances.py",
    ],
}
#: Longest that the tests of one mutant may take; an endless loop is a kill.
SECONDS = 300
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True)
class Mutant:
    """One change: the number of the place among those of its module."""

    module: str
    place: int


class Changer(ast.NodeTransformer):
    """Change the place of the given number; count places where the number is none."""

    def __init__(self, place: int | None = None) -> None:
        self.place, self.count, self.line, self.what = place, 0, 0, ""

    def _here(self, node: ast.AST, what: str) -> bool:
        hit = self.count == self.place
        self.count += 1
        if hit:
            self.line, self.what = getattr(node, "lineno", 0), what
        return hit

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        is_text = isinstance(node.value, ast.Constant)
        return node if is_text else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return node  # the words of messages are no computation

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        other = SWAPS.get(type(node.op))
        text = any(
            isinstance(side, ast.JoinedStr)
            or (isinstance(side, ast.Constant) and isinstance(side.value, str))
            for side in (node.left, node.right)
        )
        if other and not text and self._here(node, f"{type(node.op).__name__} → {other.__name__}"):
            node.op = other()  # type: ignore[assignment]
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        other = SWAPS[type(node.op)]
        if self._here(node, f"{type(node.op).__name__} → {other.__name__}"):
            node.op = other()  # type: ignore[assignment]
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        other = SWAPS.get(type(node.ops[0]))
        if other and self._here(node, f"{type(node.ops[0]).__name__} → {other.__name__}"):
            node.ops[0] = other()  # type: ignore[assignment]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.USub | ast.Not | ast.Invert) and self._here(node, "dropped"):
            return node.operand
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            if self._here(node, f"{node.value} → {node.value + 1}"):
                return ast.copy_location(ast.Constant(node.value + 1), node)
        elif isinstance(node.value, bool) and self._here(node, f"{node.value} → other"):
            return ast.copy_location(ast.Constant(not node.value), node)
        return node


def places(file: Path) -> int:
    """Count the places of a module at which it can be changed."""
    changer = Changer()
    changer.visit(ast.parse(file.read_text(encoding="utf-8")))
    return changer.count


def sample(number: int, seed: int) -> list[Mutant]:
    """Draw mutants from all places of all modules."""
    every = []
    for file in sorted(ROOM.rglob("*.py")):
        module = file.relative_to(ROOM).as_posix()
        if not module.startswith("inference/") and file.name != "__init__.py":
            every += [Mutant(module, place) for place in range(places(file))]
    return random.Random(seed).sample(every, min(number, len(every)))


def tests_of(module: str) -> list[str]:
    """Return the tests of a module."""
    key = max((key for key in TESTS if module.startswith(key)), key=len)
    return [str(REPOSITORY / "tests" / name) for name in TESTS[key]]


def run(mutants: list[Mutant], only: str) -> Iterator[tuple[str, int, str, str, float]]:
    """Run the tests of each mutant: module, line, change, killed or survived, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "collsec"
        shutil.copytree(REPOSITORY / "src" / "collsec", package)
        for mutant in mutants:
            if not mutant.module.startswith(only):
                continue
            file = package / "survival" / mutant.module
            original = file.read_text(encoding="utf-8")
            changer = Changer(mutant.place)
            tree = ast.fix_missing_locations(changer.visit(ast.parse(original)))
            file.write_text(ast.unparse(tree), encoding="utf-8")
            command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
            begun, killed = time.monotonic(), True
            try:
                done = subprocess.run(
                    [*command, "-W", "ignore", *tests_of(mutant.module)],
                    cwd=REPOSITORY,
                    env={**os.environ, "PYTHONPATH": folder},
                    capture_output=True,
                    timeout=SECONDS,
                    check=False,
                )
                killed = done.returncode != 0
            except subprocess.TimeoutExpired:
                pass
            file.write_text(original, encoding="utf-8")
            fate = "killed" if killed else "survived"
            yield mutant.module, changer.line, changer.what, fate, time.monotonic() - begun


def main() -> None:
    """Run a shard of the sample and write what became of each mutant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", default="1/1", help="such as 2/6")
    parser.add_argument("--only", default="", help="modules that begin so")
    parser.add_argument("--out", type=Path, default=Path("mutants.csv"))
    given = parser.parse_args()
    part, parts = map(int, given.shard.split("/"))
    chosen = sample(given.sample, given.seed)[part - 1 :: parts]
    with given.out.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["module", "line", "change", "fate", "seconds"])
        for module, line, change, fate, seconds in run(chosen, given.only):
            table.writerow([module, line, change, fate, round(seconds, 1)])
            file.flush()


if __name__ == "__main__":
    main()
