"""The releases of a study one after another, its present results, and what moved between them."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from collsec.compile.conflicts.vintages import Vintages
from collsec.compile.rules import read_rules
from collsec.core import __version__
from collsec.core.project import Project
from collsec.core.provenance import data_vintage
from collsec.evidence import withheld
from collsec.evidence.record import load
from collsec.evidence.release import history
from collsec.hypothesis.study import load_study

if TYPE_CHECKING:
    import pandas as pd

#: The profile of every release.
RELEASED = "full"
HERE = "here"
NOT_ESTIMABLE = "not-estimable"


@dataclass(frozen=True, slots=True)
class Version:
    """One release, or what is here.

    Attributes
    ----------
    name : str
        Version of the package; ``here`` for the present results.
    collsec_version, data_vintage : str
        Code and raw tables.
    profile : str or None
        None where no results are here.
    n_hypotheses : int
        With results.
    moved : tuple of str
        What differs from the version before: one line for each hypothesis whose primary or verdict
        does, that is new, or that is gone. Empty for the first, and where profiles differ.
    """

    name: str
    collsec_version: str
    data_vintage: str
    profile: str | None
    n_hypotheses: int
    moved: tuple[str, ...]


def versions(project: Project) -> list[Version]:
    """List the releases, the first one first, and what is here.

    Numbers that are withdrawn now are not printed of any release.

    Raises
    ------
    CollsecError
        If the manifest of the last release is none.
    """
    declared = withheld.read(project)

    def is_withdrawn(h: str) -> bool:
        own = withheld.of(h, declared)
        return any(fnmatch.fnmatch(withheld.PRIMARY, pattern) for pattern in own)

    found: list[Version] = []
    before: dict[str, str] = {}
    for one in history(project):
        now = {
            h: withheld.WITHDRAWN if is_withdrawn(h) else _told(r["primary"], r["verdict"])
            for h, r in one["results"].items()
        }
        version, data = str(one["collsec_version"]), str(one["data_vintage"])
        found.append(Version(version, version, data, RELEASED, len(now), _moved(before, now)))
        before = now
    records = [
        load(project, h) for h in load_study(project).hypotheses if project.record(h).exists()
    ]
    here = {
        r.hypothesis: withheld.WITHDRAWN
        if is_withdrawn(r.hypothesis)
        else _told(r.primary, r.verdict.code)
        for r in records
    }
    profiles = " and ".join(sorted({str(r.provenance["profile"]) for r in records})) or None
    moved = _moved(before, here) if profiles == RELEASED else ()
    own = data_vintage(project)
    return [*found, Version(HERE, __version__, own, profiles, len(here), moved)]


def conflict_data(project: Project) -> list[str]:
    """Releases of the conflict data that the study knows, its own first; none without rules."""
    rules = project.raw / "rules"
    if not (rules / Vintages.file).is_file():
        return []
    return [one.name for one in read_rules(rules, Vintages).vintage]


def _told(primary: Mapping[str, Any] | pd.Series[Any], verdict: str) -> str:
    """A primary with its interval and verdict, to the digits that pages print."""
    values = [primary.get(name) for name in ("estimate", "ci_low", "ci_high")]
    numbers = [math.nan if v is None else float(v) for v in values]
    if verdict == NOT_ESTIMABLE or not math.isfinite(numbers[0]):
        return verdict
    estimate, low, high = numbers
    interval = f" ({low:.2f} to {high:.2f})" if math.isfinite(low) and math.isfinite(high) else ""
    return f"{estimate:.2f}{interval}, {verdict}"


def _moved(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    if not before:
        return ()
    lines = []
    for h in sorted(before.keys() | now.keys(), key=lambda name: (len(name), name)):
        if h not in before:
            lines.append(f"{h}: new, {now[h]}")
        elif h not in now:
            lines.append(f"{h}: gone")
        elif before[h] != now[h]:
            lines.append(f"{h}: {before[h]} → {now[h]}")
    return tuple(lines)
