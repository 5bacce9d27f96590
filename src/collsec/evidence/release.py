"""The manifest of a release: what was published, by result id and by the bytes of each file.

`reports/MANIFEST.json` is committed at a release, so that its history is the history of the
results, and whoever reruns the study can say whether theirs are the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.core import __version__, processor
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project, whole
from collsec.core.provenance import digest_json
from collsec.designs.estimate import rounded
from collsec.evidence.record import Record, stored
from collsec.evidence.verdict import EDITION
from collsec.evidence.withheld import PRIMARY, WITHDRAWN
from collsec.hypothesis.study import load_study

COUNTS = ("n_units", "n_events", "n_clusters", "exposed_units", "exposed_events")
#: Significant digits within which a number has not moved; those of a result id.
DIGITS = 6
#: A number with digits behind the point, or with a power of ten.
_NUMBER = re.compile(r"-?\d+(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+)")
#: Files of the site that are text.
TEXTS = (".html", ".svg", ".csv", ".js", ".json", ".txt", ".md", ".xml")
NUMBERS = ("estimate", "ci_low", "ci_high", "level", "p_value")


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The present study against a manifest.

    Attributes
    ----------
    moved : tuple of str
        What differs in the results, one line each: ids, verdicts, numbers. Empty if reproduced.
    files : tuple of str
        Outputs whose bytes differ or that only one of the two has; on another platform bytes may
        differ where no result does.
    n_files : int
        Outputs compared.
    last_digits : tuple of str
        Those of `files` that are the same when every number is rounded to ``DIGITS`` digits.
    made_with : tuple of str
        Instructions of the processor, and libraries, that differ, one line each.
    """

    moved: tuple[str, ...]
    files: tuple[str, ...]
    n_files: int
    last_digits: tuple[str, ...] = ()
    made_with: tuple[str, ...] = ()


def manifest(project: Project) -> dict[str, Any]:
    """Describe the present results.

    Returns
    -------
    dict
        ``collsec_version``, ``data_vintage``, ``profile``; ``results`` by hypothesis: result id,
        verdict with its reasons, digest of the specification, and the numbers and counts of the
        primary at the precision of a result id; ``history``: what earlier releases had;
        ``outputs``: SHA-256 of every estimates file and every file of the site; ``rounded``: digest
        of those that are tables or text, every number rounded to ``DIGITS`` digits; ``made_with``:
        instructions of the processor and versions of libraries, by the manifests of the units.

    Raises
    ------
    MissingInput
        If the study has not been run to its reports.
    CollsecError
        If its hypotheses were not run in one profile and on one vintage of the data.
    """
    site = project.root / "reports" / "site"
    if not (site / "index.html").exists():
        raise MissingInput("reports/site/index.html does not exist yet. Run `collsec run` first.")
    records = {h: stored(project, h) for h in load_study(project).hypotheses}
    # A hypothesis that was taken off the list may have left its estimates behind.
    names = {*records, project.record("study").stem}
    estimates = project.record("study").parent.glob("*")
    files = [p for p in estimates if p.stem.partition("-")[0] in names] + [*site.rglob("*")]
    files = sorted(path for path in files if path.is_file())
    results = {h: _result(record) for h, record in records.items()}
    return {
        "collsec_version": __version__,
        "data_vintage": _one(records, "data_vintage"),
        "profile": _one(records, "profile"),
        "results": results,
        "history": history(project, results),
        "made_with": _made_with(project),
        "outputs": {
            project.relative(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        },
        "rounded": {
            project.relative(path): digest_json(text)
            for path in files
            if (text := _rounded_text(path)) is not None
        },
    }


def publish(project: Project) -> list[Path]:
    """Keep the present estimates as those of a release, which an installed package brings.

    Returns
    -------
    list of Path
        `reports/published/<stage>/…`: records, estimates, and who was left out at which step. What
        an earlier release had there is gone.
    """
    wanted: list[Path] = [project.record("study"), project.stage("episodes", "episodes")]
    for h in load_study(project).hypotheses:
        wanted += sorted(project.record(h).parent.glob(f"{h}.*"))
        wanted += sorted(project.record(h).parent.glob(f"{h}-*"))
        wanted.append(project.stage("panels", f"{h}-attrition"))
    there = [path for path in wanted if path.is_file()]
    kept = [project.published / path.relative_to(project.processed) for path in there]
    for old in sorted(project.published.glob("*/*")):
        if old not in kept:
            old.unlink()
    for path, place in zip(there, kept, strict=True):
        with whole(place) as temporary:
            temporary.write_bytes(project.content(path))
    return kept


def _made_with(project: Project) -> dict[str, list[str]]:
    """With which instructions and libraries the units were made: one of each, as a rule."""
    every = [manifest.settings for manifest in project.manifests().values()]
    keys = (processor.INSTRUCTIONS, processor.LIBRARIES)
    return {key: sorted({one[key] for one in every if key in one}) for key in keys}


def _rounded_text(path: Path) -> str | None:
    """Content of a table or text, its numbers rounded; none for pictures and PDF.

    What a record was made from is left out: digests of files, which last digits change.
    """
    if path.suffix == ".parquet":
        text = pd.read_parquet(path).to_csv(index=False)
    elif path.suffix in TEXTS:
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".json" and path.parent.name == "estimates":
            record = json.loads(text)
            record.pop("provenance", None)
            text = json.dumps(record, sort_keys=True)
    else:
        return None
    return _NUMBER.sub(lambda found: f"{float(found[0]):.{DIGITS}g}", text)


def history(project: Project, now: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """What earlier releases of the full profile published, the first one first.

    Parameters
    ----------
    project : Project
    now : mapping, optional
        Results of the present study: the last release is no earlier one if it had the same.
    """
    if not project.manifest.exists():
        return []
    last = published(project)
    earlier: list[dict[str, Any]] = list(last.get("history", ()))
    if last["profile"] != "full" or last["results"] == now:
        return earlier
    kept = {name: last[name] for name in ("collsec_version", "data_vintage", "results")}
    return [*earlier, kept]


def primaries_over_time(project: Project, records: Mapping[str, Record]) -> pd.DataFrame:
    """The primary of each hypothesis at each release, and now.

    Returns
    -------
    DataFrame
        ``hypothesis, release`` (code and data, or ``now`` with the profile), the numbers and counts
        of the manifest, and ``verdict`` (a code). What is withdrawn now has no numbers at any
        release, and what was not estimable has none at its own.
    """
    rows = []
    for h, record in records.items():
        is_withdrawn = record.withheld.get(PRIMARY, "").startswith(WITHDRAWN)
        for one in history(project):
            if h in one["results"]:
                found = one["results"][h]
                name = f"{one['collsec_version']}, data {one['data_vintage'][:6]}"
                numbers = found["primary"]
                if is_withdrawn or found["verdict"] == "not-estimable":
                    numbers = numbers | dict.fromkeys(NUMBERS, math.nan)
                verdict = WITHDRAWN if is_withdrawn else found["verdict"]
                rows.append(_row(h, name, numbers, verdict))
        here = _result(record)
        now = f"here, {record.provenance['profile']} profile"
        rows.append(_row(h, now, here["primary"], record.verdict.code))
    return pd.DataFrame(rows)


def _row(h: str, release: str, numbers: Mapping[str, Any], verdict: str) -> dict[str, Any]:
    # The first release called them ends and a confidence level.
    old = {"exposed_events": "exposed_ends", "level": "ci_level"}
    values = {k: numbers.get(k, numbers.get(old.get(k, k))) for k in (*NUMBERS, *COUNTS)}
    return {"hypothesis": h, "release": release, **values, "verdict": verdict}


def _one(records: Mapping[str, Record], key: str) -> str:
    values = {h: str(record.provenance[key]) for h, record in records.items()}
    if len(set(values.values())) > 1:
        told = ", ".join(f"{h} {value}" for h, value in values.items())
        raise CollsecError(
            f"the results are of more than one {key.replace('_', ' ')} ({told}). "
            "Run `collsec run` to the end, with one profile."
        )
    return next(iter(values.values()))


def _result(record: Record) -> dict[str, Any]:
    primary = record.primary
    return {
        "id": record.result_id,
        "verdict": record.verdict.code,
        "rule": record.verdict.plain(),
        "edition": EDITION,
        "specification": digest_json(record.spec),
        "primary": {name: rounded(float(primary[name])) for name in NUMBERS}
        | {name: int(primary[name]) for name in COUNTS},
    }


def published(project: Project) -> dict[str, Any]:
    """Read the committed manifest.

    Raises
    ------
    MissingInput
        If there is none.
    CollsecError
        If it is not one.
    """
    path = project.manifest
    where = project.relative(path)
    if not path.exists():
        raise MissingInput(f"{where} does not exist: `collsec release` writes it.")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _ = content["results"], content["outputs"], content["profile"], content["data_vintage"]
    except (ValueError, KeyError, TypeError):
        message = f"{where} is no manifest: write it again with `collsec release`."
        raise CollsecError(message) from None
    return content


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Reproduction:
    """Compare the present results (``new``) with published ones (``old``).

    Raises
    ------
    CollsecError
        If the two were run in different profiles: other draws give other numbers.
    """
    if old["profile"] != new["profile"]:
        raise CollsecError(
            f"the manifest is of profile {old['profile']}, the present results are of profile "
            f"{new['profile']}: run `collsec run --profile {old['profile']}`, then compare."
        )
    moved = []
    if old["data_vintage"] != new["data_vintage"]:
        moved.append(f"data vintage: {old['data_vintage']} published, {new['data_vintage']} here")
    for h in sorted(old["results"].keys() | new["results"].keys()):
        before, here = _flat(old["results"].get(h)), _flat(new["results"].get(h))
        moved += [
            f"{h} {name}: {before.get(name, 'none')} published, {here.get(name, 'none')} here"
            for name in sorted(before.keys() | here.keys())
            if before.get(name) != here.get(name)
        ]
    paths = old["outputs"].keys() | new["outputs"].keys()
    files = sorted(p for p in paths if old["outputs"].get(p) != new["outputs"].get(p))
    before, here = old.get("rounded", {}), new.get("rounded", {})
    last = tuple(p for p in files if p in before and before[p] == here.get(p))
    then, now = old.get("made_with", {}), new.get("made_with", {})
    made_with = tuple(
        f"{key}: {' and '.join(then.get(key, ())) or 'none named'} published, "
        f"{' and '.join(now.get(key, ())) or 'none named'} here"
        for key in sorted(then.keys() | now.keys())
        if then.get(key, []) != now.get(key, [])
    )
    return Reproduction(tuple(moved), tuple(files), len(paths), last, made_with)


def _flat(result: Mapping[str, Any] | None) -> dict[str, Any]:
    if result is None:
        return {}
    own = {k: result[k] for k in ("id", "verdict") if k in result}
    return own | dict(result["primary"])
