"""Exploratory: does a veto matter only where someone has something at stake?

*The caster:* each veto is split by how close its caster stood to the host before onset: above the
middle of all members' ties to all hosts of the cohort, or not. A veto that is redrawn keeps its
caster, and lies on the side that the caster's tie to its new war makes it. *All five:* the cohort
is split at the median of their salience.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.exclusions import MOST_DRAWS
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.designs.split_exposure import (
    PRINTED,
    MedianSplit,
    SplitExposure,
    chosen,
    estimate_split,
    exploratory_halves,
    split_by,
)
from collsec.designs.time_varying import calendar_day, followed
from collsec.histories.timelines import counted_acts
from collsec.measures.interest import P5, TIES, salience_index, tie_strength
from riskset.inference import (
    ExposureDesign,
    Integers,
    Split,
)

NAMES = {
    "first": "caster_interest.close",
    "second": "caster_interest.distant",
    "ratio": "caster_interest.ratio",
}
TITLES = {
    "first": "Vetoed by a member close to the host (exploratory)",
    "second": "Vetoed by members not close to the host (exploratory)",
    "ratio": "Vetoed by a close member against by others (exploratory)",
}
SALIENCE = MedianSplit("interaction", "salience")
CASTERS = tuple(f"acts.cast_{member}" for member in P5)


@part(
    roles=(Role.INTERACTION,),
    variables=tuple(VariablesOf(name, PRINTED) for name in NAMES.values()),
    uses=(*CASTERS, *TIES),
    exposures=("veto_12m",),
)
def caster_interest(context: Context) -> Part:
    """Vetoes whose caster stood close to the host, others, and the ratio of the two."""
    inputs, prepared = context.inputs, context.prepared
    assert prepared.spells is not None
    close = is_close(inputs.ties, prepared.units["episode_id"])
    casters = casters_of(inputs, prepared)
    own = (casters & close[prepared.spells.unit]).any(axis=1)
    halves = SplitExposure(
        names=NAMES,
        titles=TITLES,
        first=chosen(prepared.spells, own),
        second=chosen(prepared.spells, ~own),
        split=lambda design: by_caster(design, prepared, close, casters),
    )
    return Part(
        estimate_split(
            inputs,
            prepared,
            inputs.spec.exposure,
            halves,
            draws=min(context.draws.rerandomization_draws, MOST_DRAWS),
        )
    )


def is_close(ties: pd.DataFrame, episodes: pd.Series) -> np.ndarray:
    """Whether each permanent member stood closer to each war's host than the middle of all ties.

    A member that is the host itself has all at stake; a tie that is not known is not close.

    Returns
    -------
    ndarray of bool, shape (n_units, 5)
    """
    rows = ties[ties["power"].isin(P5)]
    strength = tie_strength(rows).where(~rows["is_host_itself"].astype(bool), np.inf)
    wide = rows.assign(strength=strength).pivot_table(
        index="episode_id", columns="power", values="strength", aggfunc="max"
    )
    values = wide.reindex(index=episodes, columns=list(P5)).to_numpy(float)
    middle = np.median(values[np.isfinite(values)])
    closer: np.ndarray = np.nan_to_num(values, nan=-np.inf, posinf=np.inf) > middle
    return closer


def casters_of(inputs: Inputs, prepared: Prepared) -> np.ndarray:
    """Which members cast the vetoes that began each spell.

    Returns
    -------
    ndarray of bool, shape (n_spells, 5)
    """
    spells, units = prepared.spells, prepared.units
    assert spells is not None
    acts = counted_acts(inputs.acts)
    vetoes = acts[(acts["act"] == "veto") & acts["conflict_id"].notna()]
    cast = vetoes.groupby([vetoes["conflict_id"].astype("int64"), vetoes["date"]])[
        [f"cast_{member}" for member in P5]
    ].any()
    began = units["time_zero"].iloc[spells.unit] + pd.to_timedelta(spells.assigned, unit="D")
    keys = pd.MultiIndex.from_arrays(
        [
            units["conflict_id"].astype("int64").to_numpy()[spells.unit],
            began.astype(vetoes["date"].dtype),
        ]
    )
    return cast.reindex(keys).fillna(False).to_numpy(bool)


def by_caster(
    design: ExposureDesign, prepared: Prepared, close: np.ndarray, casters: np.ndarray
) -> Split:
    """Split assignments by whether a caster of the spell stands close to the unit drawn."""
    spells = prepared.spells
    assert spells is not None
    kept = followed(prepared)
    place = np.cumsum(kept) - 1
    day = calendar_day(prepared.units["time_zero"])[spells.unit] + spells.assigned
    known = {
        (int(place[unit]), float(at)): row
        for row, (unit, at) in enumerate(zip(spells.unit, day, strict=True))
        if kept[unit]
    }
    order = [
        known[int(unit), float(at)] for unit, at in zip(design.unit, design.assigned, strict=True)
    ]
    of_units = close[kept]
    # Shape (n_spells, n_units + 1); the last place stands for "on no unit".
    is_first = (casters[order][:, None, :] & of_units[None, :, :]).any(axis=2)
    is_first = np.column_stack([is_first, np.zeros(len(order), dtype=bool)])
    spell = np.arange(design.n_spells)

    def is_close_to(unit: Integers) -> np.ndarray:
        close_to: np.ndarray = is_first[spell, unit]
        return close_to

    return split_by(design, is_close_to)


@part(
    roles=(Role.INTERACTION,),
    variables=SALIENCE.variables,
    uses=TIES,
    designs=("time_varying",),
)
def salience_interaction(context: Context) -> Part:
    """The primary's exposure where salience is above its median, where it is not, and the ratio."""
    return exploratory_halves(context, salience_index(context.inputs.ties), SALIENCE)
