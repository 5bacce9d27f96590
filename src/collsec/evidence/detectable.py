"""With so many exposed ends, which effect could be seen?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project
from collsec.designs.registry import exposed_outcome, is_timed
from collsec.evidence.record import load
from collsec.evidence.withheld import PRIMARY
from collsec.hypothesis.study import load_study
from riskset.inference import (
    InferenceError,
    minimum_detectable_effect,
    power_curve,
    schoenfeld_std_error,
)

#: Exposed ends that are shown unless others are asked for.
ENDS = (5, 10, 15, 20, 30, 50, 100)
#: Hazard ratios of which the power is shown.
RATIOS = (1.5, 2.0, 3.0)


def detectable(ends: Sequence[int], share: float, *, alpha: float, power: float) -> pd.DataFrame:
    r"""Return the effects that a two-sided test could show, by number of exposed ends.

    Parameters
    ----------
    ends : sequence of int
        Exposed terminations, positive.
    share : float
        Exposed share of those at risk when a war ends, in (0, 1).
    alpha : float
        Level of the test.
    power : float
        Probability of rejecting that is asked for.

    Returns
    -------
    DataFrame
        ``exposed_events``, ``above`` and ``below`` (detectable hazard ratios), and the power at
        each of :data:`RATIOS` (``power_1.5``, …).

    Raises
    ------
    CollsecError
        If a number lies outside its bounds.

    Notes
    -----
    With :math:`n` exposed ends in risk sets of which the share :math:`\pi` is exposed, the
    information on the log hazard ratio is :math:`n (1 - \pi)`.
    """
    if not 0 < share < 1:
        raise CollsecError(f"collsec power: a share lies between 0 and 1, not at {share:g}.")
    rows = []
    try:
        for n in ends:
            std_error = schoenfeld_std_error(n, n * (1 - share) / share)
            effect = minimum_detectable_effect(std_error, alpha=alpha, power=power)
            at = power_curve(np.array(RATIOS), std_error, alpha=alpha)
            rows.append(
                {"exposed_events": n, "above": effect.high, "below": effect.low}
                | {f"power_{r:g}": float(p) for r, p in zip(RATIOS, at, strict=True)}
            )
    except InferenceError as error:
        raise CollsecError(f"collsec power: {error}") from None
    return pd.DataFrame(rows)


def along(ends: Sequence[int]) -> list[int]:
    """Return numbers of ends for a smooth curve over those given, at least from 3 to 100."""
    low, high = min(3, *ends), max(100, *ends)
    return sorted({round(float(n)) for n in np.geomspace(low, high, 60)})


def in_study(project: Project) -> pd.DataFrame:
    """Return what the primaries made so far could have shown.

    Returns
    -------
    DataFrame
        ``hypothesis, exposed_events, outcome, above, below, withheld`` (why there are no numbers,
        or empty) of each timed exposure that has a whole record.
    """
    rows = []
    for name in load_study(project).hypotheses:
        try:
            record = load(project, name)
        except MissingInput:
            continue
        primary = record.primary
        if is_timed(record.spec):
            exposed = int(primary["exposed_events"])
            ends = (float(primary["mde_high"]), float(primary["mde_low"]))
            why = record.withheld.get(PRIMARY, "")
            rows.append((name, exposed, exposed_outcome(record.spec), *ends, why))
    names = ["hypothesis", "exposed_events", "outcome", "above", "below", "withheld"]
    return pd.DataFrame(rows, columns=names)
