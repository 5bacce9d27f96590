"""Simulated units that move between war, talks and peace, for the tests of multi-state models."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Arguments that name the columns of these rows.
NAMES = {"start": "start", "stop": "stop", "state": "state", "to": "to", "unit": "unit"}
NAMES |= {"censored": "none"}


def moves(n: int = 120, seed: int = 7) -> pd.DataFrame:
    """Return rows on whole months, many tied: late entry, returns, rows cut in two, weights."""
    rng, rows = np.random.default_rng(seed), []
    for unit in range(n):
        time = float(rng.integers(0, 6)) if unit % 3 == 0 else 0.0
        state = "talks" if unit % 15 == 0 else "war"
        end, x = time + rng.integers(6, 40), rng.normal()
        while time < end and state != "peace":
            leaves = time + float(rng.integers(1, 12))
            stop = min(leaves, end)
            to = "none"
            if leaves <= end:
                to = str(rng.choice(["talks", "peace"] if state == "war" else ["war", "peace"]))
            if stop - time > 3 and rng.random() < 0.4:
                rows.append((unit, unit // 4, time, time + 2, state, "none", x))
                time += 2
            rows.append((unit, unit // 4, time, stop, state, to, x))
            time, state = stop, state if to == "none" else to
    columns = ["unit", "country", "start", "stop", "state", "to", "x"]
    data = pd.DataFrame(rows, columns=columns)
    return data.assign(z=data["unit"] % 2, w=rng.uniform(0.3, 2, len(data)))


def illness_death(rng: np.random.Generator, clusters: int = 60, each: int = 4) -> pd.DataFrame:
    """Return rows with constant hazards: war → talks 0.3, war → peace 0.2, talks → peace 0.4.

    A third of the units enters at time 1, whoever is then still in war or talks; copies within
    clusters make units dependent.
    """
    n = clusters * each
    group = np.repeat(np.arange(clusters), each)
    leaves, talks = rng.exponential(2.0, n), rng.random(n) < 0.6
    peace = np.where(talks, leaves + rng.exponential(2.5, n), leaves)
    copy = np.flatnonzero(np.arange(n) % each == 1)
    for values in (leaves, talks, peace):
        values[copy] = values[copy - 1]
    end = rng.uniform(3, 8, n)
    entry = np.where(np.arange(n) % each == 2, 1.0, 0.0)
    first = pd.DataFrame({"unit": np.arange(n), "group": group, "start": entry, "state": "war"})
    stop = np.minimum(leaves, end)
    first["stop"] = stop
    first["to"] = np.where(leaves > end, "none", np.where(talks, "talks", "peace"))
    second = first.assign(
        start=np.maximum(leaves, entry),
        stop=np.minimum(peace, end),
        state="talks",
        to=np.where(peace > end, "none", "peace"),
    )[talks & (leaves < end)]
    rows = pd.concat([first, second], ignore_index=True)
    return rows[rows["stop"] > rows["start"]].reset_index(drop=True)
