"""What many estimates say together: Holm over the primaries, false discoveries among the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.core.schema import Role
from collsec.survival.inference import benjamini_hochberg, holm

#: Significance level at which further estimates are counted.
ALPHA = 0.05
FALSE_DISCOVERY_RATE = 0.10


@dataclass(frozen=True, slots=True)
class Family:
    """The further tests of a hypothesis: estimates with a p-value that ask something else.

    Attributes
    ----------
    tests : int
        How many there are.
    low : int
        How many have a p-value below `alpha`.
    by_chance : float
        How many would, were there no effect anywhere.
    remaining : tuple of str
        Labels of those that remain at the false discovery rate of Benjamini and Hochberg.
    alpha, false_discovery_rate : float
    """

    tests: int
    low: int
    by_chance: float
    remaining: tuple[str, ...]
    alpha: float = ALPHA
    false_discovery_rate: float = FALSE_DISCOVERY_RATE


def over_primaries(
    estimates: Mapping[str, pd.DataFrame], primaries: Sequence[str]
) -> dict[str, Any]:
    """Holm-adjusted p-values of the primaries, and the further tests of each hypothesis.

    Parameters
    ----------
    estimates : mapping of DataFrame
        Tidy estimates by hypothesis.
    primaries : sequence of str
        The hypotheses whose primaries are one family.

    Returns
    -------
    dict
        ``p_holm`` and ``families``, by hypothesis; plain.
    """
    p_values = [
        float(estimates[h].loc[estimates[h]["role"] == Role.PRIMARY, "p_value"].iloc[0])
        for h in primaries
    ]
    adjusted = dict(zip(primaries, holm(p_values).tolist(), strict=True))
    families = {h: dataclasses.asdict(further_tests(rows)) for h, rows in estimates.items()}
    return {"p_holm": adjusted, "families": families}


def further_tests(estimates: pd.DataFrame) -> Family:
    """Count the estimates that test something else than the primary does, and what remains.

    Parameters
    ----------
    estimates : DataFrame
        Tidy estimates of one hypothesis.
    """
    asks = ~estimates["role"].map(lambda role: Role(role).restates_primary).astype(bool)
    rows = estimates[
        asks & (estimates["validity"] != "known-biased") & estimates["p_value"].notna()
    ]
    if rows.empty:
        return Family(0, 0, 0.0, ())
    is_low = rows["p_value"] < ALPHA
    kept = rows.loc[benjamini_hochberg(rows["p_value"].to_numpy(float)) <= FALSE_DISCOVERY_RATE]
    names = tuple(str(name) for name in kept["label"])
    return Family(len(rows), int(is_low.sum()), ALPHA * len(rows), names)
