"""What many estimates say together: Holm over the primaries, false discoveries beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from collsec.core.schema import Role
from collsec.reports.words import wording
from collsec.survival.inference import benjamini_hochberg, holm

# Roles of estimates that ask no question of their own.
_NO_QUESTION = [role.value for role in Role if role.restates_primary]
LEVEL, FALSE_DISCOVERY_RATE = 0.05, 0.10


def over_primaries(estimates: dict[str, pd.DataFrame], primaries: Sequence[str]) -> dict[str, Any]:
    """Holm-adjusted p-values of the primaries.

    Parameters
    ----------
    estimates : dict of DataFrame
        Tidy estimates by hypothesis.
    primaries : sequence of str
        The hypotheses whose primaries are one family; no other has an adjusted p-value.

    Returns
    -------
    dict
        ``p_holm`` by hypothesis, and ``variables`` as strings for the pages.
    """
    names = list(primaries)
    p_values = [
        float(estimates[h].loc[estimates[h]["role"] == "primary", "p_value"].iloc[0]) for h in names
    ]
    adjusted = dict(zip(names, holm(p_values).tolist(), strict=True))
    told = {f"{h}.primary.p_holm": wording.p_value(p) for h, p in adjusted.items()}
    told |= {f"{h}.multiplicity": beside_the_primary(e) for h, e in estimates.items()}
    return {"p_holm": adjusted, "variables": told}


def beside_the_primary(estimates: pd.DataFrame) -> str:
    """How many estimates beside a primary exclude no effect, and how many would by chance.

    All estimates of a hypothesis that have a p-value and ask something else than the primary are
    one family, with the false discovery rate of Benjamini and Hochberg.

    Parameters
    ----------
    estimates : DataFrame
        Tidy estimates of one hypothesis.
    """
    asks = ~estimates["role"].isin(_NO_QUESTION) & (estimates["validity"] != "known-biased")
    rows = estimates[asks & estimates["p_value"].notna()]
    if rows.empty:
        return "No other estimate has a p-value."
    low = int((rows["p_value"] < LEVEL).sum())
    kept = rows.loc[benjamini_hochberg(rows["p_value"].to_numpy(float)) <= FALSE_DISCOVERY_RATE]
    rate = wording.percent(FALSE_DISCOVERY_RATE)
    names = "; ".join(str(name) for name in kept["label"])
    found = (
        "none remains"
        if kept.empty
        else (f"{len(kept)} {'remains' if len(kept) == 1 else 'remain'} ({names})")
    )
    return (
        f"Of {len(rows)} estimates beside the primary {low} have a p-value below "
        f"{wording.number(LEVEL)}; {wording.number(LEVEL * len(rows), 1)} would, were there no "
        f"effect anywhere. At a false discovery rate of {rate} (Benjamini and Hochberg) {found}."
    )
