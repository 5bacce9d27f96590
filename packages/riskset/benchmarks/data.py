"""Invented rows, seeded, and the files by which each engine gets the same ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]

SEED = 20_251
COVARIATES = tuple(f"x{j}" for j in range(1, 11))
EFFECTS = np.array([0.4, -0.3, 0.2, 0.0, 0.1, 0.5, -0.4, 0.0, 0.3, -0.2])
PANEL_COVARIATES = ("x1", "x2", "x3", "x4", "x5")
#: Untied times are whole multiples of 2^-15 day (2.6 s): exact in binary, and further apart than
#: what R (1.5e-8 of the mean time) and collsec (1e-9) take for rounding, so that all engines see
#: the same ties.
GRID = 2.0**-15
#: Beginning of the names of many controls, and how many.
CONTROL, CONTROLS = "control", 226
#: Bootstrap draws.
DRAWS = 500


def spells(rows: int, *, tied: bool, seed: int = SEED) -> Columns:
    """Return ``(start, stop]`` rows: five or so a spell, two covariates changing within it.

    Parameters
    ----------
    rows : int
        Exactly so many rows are returned.
    tied : bool
        Times in whole days; otherwise on a grid of seconds.
    seed : int
    """
    rng = np.random.default_rng(seed)
    sizes = rng.geometric(0.13, rows // 3 + 50)
    spell = np.repeat(np.arange(len(sizes)), sizes)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    n = len(spell)
    fixed = rng.normal(size=(len(sizes), 5))
    binary = rng.integers(0, 2, (len(sizes), 3)).astype(np.float64)
    moving = np.column_stack([rng.normal(size=n), (rng.random(n) < 0.3).astype(np.float64)])
    x = np.hstack([fixed[spell], binary[spell], moving])
    length = np.ceil(rng.exponential(90, n)) if tied else rng.exponential(90, n) + 1
    length = length if tied else np.round(length / GRID) * GRID
    hazard = np.exp(x @ EFFECTS) / 800
    stop = _within(length, first, spell)
    passed = _within(hazard * length, first, spell)
    limit = rng.exponential(size=len(sizes))[spell]
    before = passed - hazard * length
    kept = before < limit
    ends = kept & (passed >= limit)
    start = stop - length
    moment = start + (limit - before) / hazard
    moment = np.ceil(moment) if tied else np.ceil(moment / GRID) * GRID
    stop = np.where(ends, np.clip(moment, start + (1 if tied else GRID), stop), stop)
    chosen = np.flatnonzero(kept)[:rows]
    if len(chosen) < rows:
        raise ValueError(f"{rows} rows asked for, {len(chosen)} made")
    columns: Columns = {
        "start": start[chosen],
        "stop": stop[chosen],
        "event": ends[chosen].astype(np.int32),
        "cluster": (spell[chosen] // 10).astype(np.int32),
    }
    return columns | {name: x[chosen, j] for j, name in enumerate(COVARIATES)}


def durations(rows: int, *, seed: int = SEED) -> Columns:
    """Return one row a unit, followed from a late entry on and to a censoring."""
    rng = np.random.default_rng(seed)
    made = 0
    parts: list[NDArray[np.float64]] = []
    while made < rows:
        x = rng.normal(size=(rows, 10))
        ends = 30 * np.exp(x @ (EFFECTS / 2) + 0.8 * np.log(rng.exponential(size=rows)))
        entry = rng.uniform(0, 20, rows) * (rng.random(rows) < 0.7)
        until = entry + rng.exponential(60, rows) + 0.01
        seen = ends > entry
        part = np.column_stack([entry, np.minimum(ends, until), ends <= until, x])[seen]
        parts.append(part)
        made += len(part)
    table = np.concatenate(parts)[:rows]
    columns: Columns = {
        "start": table[:, 0].copy(),
        "stop": table[:, 1].copy(),
        "event": table[:, 2].astype(np.int32),
        "cluster": (np.arange(rows) // 10).astype(np.int32),
    }
    return columns | {name: table[:, 3 + j].copy() for j, name in enumerate(COVARIATES)}


def panel(rows: int, *, seed: int = SEED) -> Columns:
    """Return an unbalanced panel of units over 20 times, with one instrument."""
    rng = np.random.default_rng(seed)
    units = rows // 18 + 2
    unit, time = np.divmod(np.arange(units * 20), 20)
    order = np.sort(rng.permutation(units * 20)[:rows])
    unit, time = unit[order].astype(np.int32), time[order].astype(np.int32)
    of_unit, of_time = rng.normal(size=units)[unit], rng.normal(size=20)[time]
    x = rng.normal(size=(rows, 5)) + 0.5 * of_unit[:, None]
    z, hidden = rng.normal(size=rows) + 0.3 * of_time, rng.normal(size=rows)
    treated = 0.5 * z + 0.5 * hidden + 0.3 * of_unit + 0.2 * x[:, 0] + rng.normal(size=rows)
    y = 0.7 * treated + x @ EFFECTS[:5] + of_unit + of_time + hidden + rng.normal(size=rows)
    columns: Columns = {"unit": unit, "time": time, "y": y, "d": treated, "z": z}
    return columns | {name: x[:, j].copy() for j, name in enumerate(PANEL_COVARIATES)}


def controlled(rows: int, *, seed: int = SEED) -> Columns:
    """Return rows with one instrument and as many controls as a page of fixed effects makes."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, CONTROLS))
    z, hidden = rng.normal(size=rows), rng.normal(size=rows)
    treated = z + hidden + x[:, 0] + rng.normal(size=rows)
    y = 0.7 * treated + x[:, 1] + hidden + rng.normal(size=rows)
    unit = (np.arange(rows) // 25).astype(np.int32)
    columns: Columns = {"unit": unit, "y": y, "d": treated, "z": z}
    return columns | {f"{CONTROL}{j}": x[:, j].copy() for j in range(CONTROLS)}


def acts(rows: int, *, seed: int = SEED) -> Columns:
    """Return units of thirty years in five regions, a fifth of which an act falls on.

    ``assigned`` is the day of the act on the units' common calendar, -1 where there is none.
    """
    rng = np.random.default_rng(seed)
    origin, length = np.floor(rng.uniform(0, 10_000, rows)), np.ceil(rng.exponential(900, rows)) + 1
    day = origin + np.floor(rng.random(rows) * (length - 1)) + 1
    exposed = (rng.random(rows) < 0.2) & (day < origin + length)
    return {
        "origin": origin,
        "exit": length,
        "event": (rng.random(rows) < 0.9).astype(np.int32),
        "region": rng.integers(0, 5, rows).astype(np.int32),
        "assigned": np.where(exposed, day, -1.0),
    }


def picks(cluster: NDArray[Any], draws: int = DRAWS, seed: int = SEED) -> NDArray[np.int32]:
    """Return the clusters of each bootstrap draw, shape (draws, clusters).

    They are those that `riskset.inference.cluster_bootstrap` picks with this seed.
    """
    count = len(np.unique(cluster))
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(0, count, count) for _ in range(draws)]).astype(np.int32)


def write(columns: Columns, folder: Path) -> None:
    """Write each column as raw little-endian numbers: nothing to parse, in any language."""
    folder.mkdir(parents=True)
    kinds = {name: "i4" if values.dtype == np.int32 else "f8" for name, values in columns.items()}
    for name, values in columns.items():
        values.astype("<" + kinds[name]).ravel().tofile(folder / f"{name}.{kinds[name]}")
    (folder / "columns.json").write_text(json.dumps(kinds), encoding="utf-8")
    listed = "".join(f"{name} {kind}\n" for name, kind in kinds.items())
    (folder / "columns.txt").write_text(listed, encoding="utf-8")


def read(folder: Path) -> Columns:
    """Read what `write` has written."""
    kinds = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    return {name: np.fromfile(folder / f"{name}.{k}", "<" + k) for name, k in kinds.items()}


def _within(
    values: NDArray[np.float64], first: NDArray[np.int64], spell: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Cumulative sums within each spell; sums of multiples of the grid are exact."""
    total = np.cumsum(values)
    before = np.concatenate([[0.0], total])[first]
    return np.asarray(total - before[spell], dtype=np.float64)
