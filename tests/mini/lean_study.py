"""A study with two short hypotheses on few conflicts: run in the time that one test may take."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

from collsec.cli.new import new, new_study, with_item
from collsec.cli.options import Kind
from collsec.core.project import Project
from mini.small_study import DRAWS, RAW, REPOSITORY, build

HYPOTHESES = ("first", "second")
CLAIMS = RAW / "coded" / "claims.csv"
#: One shard a hypothesis: a process less for each.
ONE_SHARD = ("--", "--set-scatter", "work=1")


def build_lean(folder: Path, aside: Path, hypotheses: tuple[str, ...] = HYPOTHESES) -> Path:
    """Write a study of starts into ``folder``, and a claim for the first of them.

    Parameters
    ----------
    folder : Path
    aside : Path
        An empty folder for what is needed on the way.
    hypotheses : tuple of str
        The first has an exposure in calendar time, each other one a covariate known at onset.
    """
    new_study(folder)
    cut = build(aside / "cut")
    shutil.rmtree(folder / "data")
    shutil.move(cut / "data", folder / "data")
    shutil.copy(REPOSITORY / "reports" / "claims.qmd", folder / "reports" / "claims.qmd")
    (folder / "src").symlink_to(REPOSITORY / "src")  # the code that is tested
    study = folder / "analyses" / "_study.yml"
    # A family of two asks for a multiple of 80, where one of three asks for 120.
    draws = DRAWS | {"rerandomization_draws": 80}
    few = ", ".join(f"{name}: {number}" for name, number in draws.items())
    text = study.read_text(encoding="utf-8")
    study.write_text(re.sub(r"(quick|full): \{.*\}", rf"\1: {{{few}}}", text), encoding="utf-8")
    for place, name in enumerate(hypotheses):
        new(Project(folder), Kind.HYPOTHESIS, name, exposure="covariate" if place else "exposure")
    text = study.read_text(encoding="utf-8")
    for name in hypotheses[1:]:
        text = with_item(text, "primaries", name)
    study.write_text(text, encoding="utf-8")
    _claim(folder, f"{hypotheses[0]}.primary")
    return folder


def _claim(folder: Path, tests: str) -> None:
    """Keep a claim of each class, the tested one tested by an estimate of this study."""
    with (folder / CLAIMS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept: dict[str, dict[str, str]] = {}
    for row in rows:
        kept.setdefault(row["verdict_class"], row)
    kept["tested"] |= {"tests": tests, "hypothesis": tests.partition(".")[0], "description": ""}
    with (folder / CLAIMS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept.values())
