"""What can be said only of all hypotheses together: Holm's p-values over the primaries."""

from __future__ import annotations

from typing import Any

import pandas as pd

from collsec import wording
from collsec.inference import holm


def over_primaries(estimates: dict[str, pd.DataFrame], primaries: int) -> dict[str, Any]:
    """Holm-adjusted p-values of the primaries.

    Parameters
    ----------
    estimates : dict of DataFrame
        Tidy estimates by hypothesis.
    primaries : int
        How many primaries the study declares; only the first so many hypotheses enter.

    Returns
    -------
    dict
        ``p_holm`` by hypothesis, and ``variables`` as strings for the pages.
    """
    names = list(estimates)[:primaries]
    p_values = [
        float(estimates[h].loc[estimates[h]["role"] == "primary", "p_value"].iloc[0])
        for h in names
    ]
    adjusted = dict(zip(names, holm(p_values).tolist(), strict=True))
    return {
        "p_holm": adjusted,
        "variables": {f"{h}.primary.p_holm": wording.p_value(p) for h, p in adjusted.items()},
    }
