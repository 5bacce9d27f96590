"""Droughts as a timeline, and drought at onset as a measure."""

from __future__ import annotations

import pandas as pd

from collsec.histories.registry import timeline
from collsec.histories.timelines import ONE_DAY, as_of
from collsec.measures.registry import measure


@timeline(uses=("toy.gwno", "toy.from_date", "toy.to_date"), unit="gwno")
def droughts(toy: pd.DataFrame) -> pd.DataFrame:
    """Whether each state is in a drought: known from its first day, and over after its last."""
    on = toy[["gwno", "from_date"]].assign(is_dry=1)
    off = toy[["gwno"]].assign(from_date=toy["to_date"] + ONE_DAY, is_dry=0)
    steps = pd.concat([on, off]).sort_values(["gwno", "from_date"], ignore_index=True)
    steps.insert(2, "known_from", steps["from_date"])
    return steps


@measure(
    "covariate",
    "Drought in the host state at onset",
    uses=(
        "episodes.gwno_host",
        "episodes.onset_date",
        "droughts.gwno",
        "droughts.known_from",
        "droughts.is_dry",
    ),
    contrast=("wars that began in a drought", "other wars"),
)
def drought_at_onset(episodes: pd.DataFrame, droughts: pd.DataFrame) -> pd.Series:
    """The host state was in a drought on the day before the war began."""
    asked = pd.DataFrame({"gwno": episodes["gwno_host"], "date": episodes["onset_date"]})
    return as_of(droughts, "gwno", asked, "is_dry")
