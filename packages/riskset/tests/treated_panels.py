"""Simulated panels whose treatment depends on what it changes, for the tests of emulation."""

from __future__ import annotations

import numpy as np
import pandas as pd


def panel(n: int = 300, periods: int = 10, seed: int = 1, effect: float = 0.0) -> pd.DataFrame:
    """Return months of units: a burden that grows, draws treatment, and is eased by it.

    The hazard rests on the unit's frailty alone (and on treatment by ``effect``, a log ratio); the
    burden tells of the frailty, so that treated months look worse than they are.
    """
    rng, rows = np.random.default_rng(seed), []
    frail = rng.integers(0, 2, n)
    for unit in range(n):
        treated, burden = 0, rng.normal() + frail[unit]
        for month in range(periods):
            burden = 0.5 * burden + frail[unit] - 0.8 * treated + rng.normal() * 0.5
            if not treated:
                treated = int(rng.random() < 1 / (1 + np.exp(2.2 - 0.8 * burden)))
            risk = 0.04 * np.exp(1.2 * frail[unit] + effect * treated)
            waits = rng.exponential(1 / risk)
            ended, lost = int(waits < 1), int(rng.random() < 0.02)
            stop = month + min(waits, 1.0)
            rows.append((unit, month, stop, ended, treated, burden, frail[unit], lost))
            if ended or lost:
                break
    columns = ["unit", "start", "stop", "event", "treated", "burden", "frail", "lost"]
    data = pd.DataFrame(rows, columns=columns).astype({"start": float})
    paused = rng.random(len(data)) < 0.2  # a treatment that may stop, and begin again
    return data.assign(
        group=data["unit"] // 3,
        burden=data["burden"].round(3),
        on=data["treated"].where(~paused, 0),
    )
