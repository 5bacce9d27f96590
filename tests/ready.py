"""Whether the repository is ready for a release: `make release` asks before its steps and after.

Usage: ``python tests/ready.py [--after]``. Each fault is one line; exit code 1 if there is any.
"""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement

from collsec.evidence.release import compare

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = "reports/MANIFEST.json"
_SECTION = re.compile(r"^## \[(.+?)\](?: – (\S+))?$", re.MULTILINE)


def before(root: Path) -> Iterator[str]:
    """What is wrong before anything is run: versions, changelog, and what is not committed."""
    project = _project(root, "pyproject.toml")
    version = project["version"]
    cff = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    pinned = [one for one in map(Requirement, project["dependencies"]) if one.name == "riskset"]
    named = {
        "packages/riskset/pyproject.toml": _project(root, "packages/riskset/pyproject.toml")[
            "version"
        ],
        "pyproject.toml, riskset": "".join(str(one.specifier) for one in pinned)[2:],
        "src/collsec/core/__init__.py": _of_module(root / "src/collsec/core/__init__.py"),
        "packages/riskset/src/riskset/__init__.py": _of_module(
            root / "packages/riskset/src/riskset/__init__.py"
        ),
        "CITATION.cff, version": str(cff["version"]),
        "CITATION.cff, preferred-citation": str(cff["preferred-citation"]["version"]),
    }
    for place, found in named.items():
        if found != version:
            yield f"{place}: is {found}, but pyproject.toml has {version}."
    yield from _changelog(root, version)
    if changed := _git(root, "status", "--porcelain").splitlines():
        yield f"{changed[0][3:]}: is not committed ({len(changed)} in all). Commit first."
    if _git(root, "tag", "--list", f"v{version}").strip():
        yield f"v{version}: this version has been released. Choose the next one."


def after(root: Path) -> Iterator[str]:
    """What is wrong once the results are there: numbers that moved and are not told."""
    try:
        old = json.loads(_git(root, "show", f"HEAD:{MANIFEST}"))
    except subprocess.CalledProcessError:
        return  # the first release
    new = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    moved = [line for line in compare(old, new).moved if not line.startswith("data vintage")]
    version = _project(root, "pyproject.toml")["version"]
    if moved and "\n### Results that changed\n" not in _sections(root).get(version, ("", ""))[1]:
        yield (
            f"CHANGELOG.md, {version}: no *Results that changed*, but {len(moved)} numbers moved, "
            f"such as {moved[0]}."
        )


def _changelog(root: Path, version: str) -> Iterator[str]:
    sections = _sections(root)
    if sections.get("Unreleased", ("", ""))[1].strip():
        yield f"CHANGELOG.md: entries under [Unreleased]. Move them to [{version}]."
    if version not in sections:
        yield f"CHANGELOG.md: no section [{version}] – {datetime.date.today()}."
        return
    if next(name for name in sections if name != "Unreleased") != version:
        yield f"CHANGELOG.md: [{version}] is not the first section."
    try:
        datetime.date.fromisoformat(sections[version][0])
    except ValueError:
        yield f"CHANGELOG.md, [{version}]: has no day, such as `## [{version}] – 2026-12-02`."


def _sections(root: Path) -> dict[str, tuple[str, str]]:
    """Version → day, and what stands below it."""
    parts = _SECTION.split((root / "CHANGELOG.md").read_text(encoding="utf-8"))[1:]
    return {parts[n]: (parts[n + 1] or "", parts[n + 2]) for n in range(0, len(parts), 3)}


def _project(root: Path, name: str) -> dict[str, Any]:
    return tomllib.loads((root / name).read_text(encoding="utf-8"))["project"]


def _of_module(path: Path) -> str:
    found = re.search(r'^__version__ = "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "nowhere"


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def main() -> None:
    """Print what is wrong."""
    found = list((after if "--after" in sys.argv else before)(ROOT))
    print("\n".join(found) or "Ready.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
