"""A raw folder small enough to be cleaned a hundred times: a few conflicts, all tables."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd

REPOSITORY = Path(__file__).resolve().parents[2]
RAW = Path("data") / "raw"
# Of all conflicts, and of resolutions, one in so many stays.
ONE_IN = 15


def read_text(path: Path) -> pd.DataFrame:
    """A raw CSV, all cells as they stand in the file."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def write_text(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as the raw folder has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, lineterminator="\n")


def build_raw(folder: Path) -> Path:
    """Write the small raw folder below ``folder`` and return ``folder``."""
    package = json.loads((REPOSITORY / RAW / "datapackage.json").read_text(encoding="utf-8"))
    schemas, frames = {}, {}
    tables = [r for r in package["resources"] if "schema" in r]
    for resource in tables:
        name = resource["name"]
        frames[name] = read_text(REPOSITORY / RAW / resource["path"])
        schemas[name] = json.loads((REPOSITORY / RAW / resource["schema"]).read_text("utf-8"))
    conflicts = sorted(set(frames["episodes"]["conflict_id"]), key=int)[::ONE_IN]
    for name, frame in frames.items():
        if "conflict_id" in frame:
            frames[name] = frame[frame["conflict_id"].isin([*conflicts, ""])]
        elif name == "resolutions":
            named = {
                *frames["missions"]["resolution"],
                *frames["assembly_sittings"]["resolution_id"],
            }
            frames[name] = frame[frame["resolution_id"].isin(named) | (frame.index % ONE_IN == 0)]
    _follow_keys(frames, schemas)
    for resource in tables:
        write_text(frames[resource["name"]], folder / RAW / resource["path"])
        resource["rows"] = len(frames[resource["name"]])
        assert resource["rows"], f"nothing is left of {resource['name']}"
    (folder / RAW / "datapackage.json").write_text(json.dumps(package, indent=1), "utf-8")
    shutil.copy(REPOSITORY / RAW / "sources.toml", folder / RAW / "sources.toml")
    for name in ("schemas", "rules"):
        shutil.copytree(REPOSITORY / RAW / name, folder / RAW / name)
    return folder


def _follow_keys(frames: dict[str, pd.DataFrame], schemas: dict[str, dict]) -> None:
    """Take out rows that point to a row taken out, until none is left."""
    is_changed = True
    while is_changed:
        is_changed = False
        for name, schema in schemas.items():
            for key in schema.get("foreignKeys", []):
                own, there = key["fields"], key["reference"]["fields"]
                other = frames[key["reference"]["resource"]]
                kept = frames[name][own].isin([*other[there], ""])
                is_changed |= not kept.all()
                frames[name] = frames[name][kept]
