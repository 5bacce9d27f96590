"""A small study: a few dozen real conflicts with all that bears on them, in a folder of its own.

It is cut from the committed tables by conflict, so that every key still resolves and the schemas
stay those of the study.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

REPOSITORY = Path(__file__).resolve().parents[2]
RAW = Path("data") / "raw"
# The family of the primaries: designs with few acts need all of the study's wars.
HYPOTHESES = ("h1", "h2", "h3")
# Every conflict with a mission or a vetoed draft stays, and every case; of the others, one in so
# many.
KEEP_ONE_IN = 4
# Options of an axis of the multiverse that stay, and how far axes and options are indented.
OPTIONS, AXIS, OPTION = 2, 2, 4
# As few as a study may declare (2 · primaries / alpha), and of the bootstrap some more, for draws
# that fail; no test looks at how sure a number is.
DRAWS = {
    "rerandomization_draws": 120,
    "calibration_draws": 20,
    "bootstrap_draws": 149,
    "imputation_draws": 2,
}


def build(folder: Path, *, with_code: bool = False, raw: Path = REPOSITORY / RAW) -> Path:
    """Write a small study into ``folder`` and return it.

    Parameters
    ----------
    with_code : bool
        Copy the source of the package and of the library too, so that a test may edit a module.
    raw : Path
        The raw folder that it is cut from.
    """
    package = json.loads((raw / "datapackage.json").read_text(encoding="utf-8"))
    frames = {
        r["name"]: pd.read_csv(raw / r["path"], dtype=str, keep_default_na=False)
        for r in package["resources"]
        if "schema" in r
    }
    touched = set(frames["mission_conflicts"]["conflict_id"])
    touched |= set(frames["draft_conflicts"]["conflict_id"])
    touched |= _of_cases()
    conflicts = sorted(set(frames["episodes"]["conflict_id"]), key=int)
    kept = {c for i, c in enumerate(conflicts) if c in touched or i % KEEP_ONE_IN == 0}
    episodes = frames["episodes"]["episode_id"][frames["episodes"]["conflict_id"].isin(kept)]
    for resource in (r for r in package["resources"] if "schema" in r):
        frame = frames[resource["name"]]
        if "episode_id" in frame:
            frame = frame[frame["episode_id"].isin(set(episodes))]
        elif "conflict_id" in frame:
            frame = frame[frame["conflict_id"].isin(kept | {""})]
        path = folder / RAW / resource["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False, lineterminator="\n")
        resource["rows"] = len(frame)
    (folder / RAW / "datapackage.json").write_text(json.dumps(package, indent=1), encoding="utf-8")
    shutil.copy(REPOSITORY / RAW / "sources.toml", folder / RAW / "sources.toml")
    # The claims are no table of facts: no step but the last reads them.
    _claims(folder / RAW / "coded" / "claims.csv")
    for name in ("schemas", "rules"):
        shutil.copytree(REPOSITORY / RAW / name, folder / RAW / name)
    for name in ("analyses", "reports"):
        shutil.copytree(
            REPOSITORY / name,
            folder / name,
            # What is withdrawn names hypotheses that this study does not have; so do estimates.
            ignore=shutil.ignore_patterns("site", "project", "published", "_withdrawn.yml"),
        )
    for name in ("Snakefile", "CITATION.cff"):
        shutil.copy(REPOSITORY / name, folder / name)
    source = folder / "src"
    if with_code:
        # The library too: a module outside of the study is an input by its way from there, and a
        # copy of the study at another depth would be outdated.
        for tree in (REPOSITORY / "src", REPOSITORY / "packages" / "riskset" / "src"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(tree, source, ignore=ignored, dirs_exist_ok=True)
    else:
        source.symlink_to(REPOSITORY / "src")
    _fewer_draws(folder / "analyses" / "_study.yml")
    for name in HYPOTHESES:
        _fewer_specifications(next((folder / "analyses").glob(f"*/{name}-*.qmd")))
    return folder


def _of_cases() -> set[str]:
    """Conflicts that the page of cases shows."""
    import yaml

    cases = yaml.safe_load((REPOSITORY / "analyses" / "_cases.yml").read_text(encoding="utf-8"))
    return {str(conflict) for case in cases.values() for conflict in case["conflicts"]}


def _claims(path: Path) -> None:
    """The claims, of which those that hypotheses left out here test are open again."""
    claims = pd.read_csv(
        REPOSITORY / RAW / "coded" / "claims.csv", dtype=str, keep_default_na=False
    )
    left_out = (claims["verdict_class"] == "tested") & ~claims["hypothesis"].isin(HYPOTHESES)
    claims.loc[left_out, ["tests", "description", "hypothesis"]] = ""
    claims.loc[left_out, "verdict_class"] = "deferred"
    claims.to_csv(path, index=False, lineterminator="\n")


def _fewer_draws(study: Path) -> None:
    import yaml

    content = yaml.safe_load(study.read_text(encoding="utf-8"))
    content["hypotheses"] = list(HYPOTHESES)
    content["profiles"] = {"quick": dict(DRAWS), "full": dict(DRAWS)}
    study.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _fewer_specifications(page: Path) -> None:
    """Of each axis of a page's multiverse, the first options and those that its prose names."""
    text = page.read_text(encoding="utf-8")
    named = {part for name in re.findall(r"\{\{< var ([\w.]+)", text) for part in name.split(".")}
    kept: list[str] = []
    is_within, options, is_kept = False, 0, True
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip(" "))
        if indent == 0:
            is_within = line.startswith("multiverse:")
        if is_within and indent == AXIS:
            options = 0
        if is_within and indent == OPTION:
            options += 1
            is_kept = options <= OPTIONS or line.strip().partition(":")[0] in named
        if not is_within or indent < OPTION or is_kept:
            kept.append(line)
    page.write_text("".join(kept), encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    """Environment in which the study’s own copy of the code is the one that runs."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    own = {"PATH": path, "PYTHONPATH": str(folder / "src")}
    return {k: v for k, v in os.environ.items() if k != "COLLSEC_ROOT"} | own


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run real Snakemake in a small study."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "-c", "2", *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def collsec(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a small study."""
    return subprocess.run(
        [sys.executable, "-m", "collsec", *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
