"""Wars that begin in a year, and how unevenly capabilities are spread over states."""

from __future__ import annotations

import pandas as pd

from collsec.designs.estimate import Quantity, Unit
from collsec.designs.parts import Context, Part, part
from collsec.measures.registry import measure


def _years(world_power: pd.DataFrame) -> list[int]:
    """Years whose preceding one has a concentration."""
    return [int(year) + 1 for year in sorted(world_power["year"])]


def _onsets(episodes: pd.DataFrame, world_power: pd.DataFrame) -> pd.DataFrame:
    years = _years(world_power)
    found = episodes["onset_date"].dt.year.value_counts()
    return pd.DataFrame(
        {"unit_id": 0, "period": years, "count": [float(found.get(y, 0)) for y in years]}
    )


@measure(
    "outcome",
    "Wars that begin in the year",
    uses=("episodes.onset_date", "world_power.year"),
    noun="new wars",
    cell=("series", "year"),
)
def onsets_in_year(episodes: pd.DataFrame, world_power: pd.DataFrame) -> pd.DataFrame:
    """Episodes by the year of their onset."""
    return _onsets(episodes, world_power)


@measure(
    "outcome",
    "Wars between states that begin in the year",
    uses=("episodes.onset_date", "episodes.type_at_onset", "world_power.year"),
    noun="new wars between states",
    cell=("series", "year"),
)
def onsets_between_states(episodes: pd.DataFrame, world_power: pd.DataFrame) -> pd.DataFrame:
    """Episodes between states by the year of their onset."""
    return _onsets(episodes[episodes["type_at_onset"] == "interstate"], world_power)


@measure(
    "by_period",
    "Concentration of capabilities in the year before, per standard deviation",
    uses=("world_power.year", "world_power.concentration_index"),
    contrast=(
        "years after a more concentrated spread of capabilities, by one standard deviation,",
        "other years",
    ),
)
def concentration(world_power: pd.DataFrame) -> pd.DataFrame:
    """The index of concentration, standardized over the years."""
    rows = world_power.sort_values("year")
    index = rows["concentration_index"].astype(float)
    return pd.DataFrame(
        {
            "unit_id": 0,
            "period": rows["year"].astype(int).to_numpy() + 1,
            "exposure": ((index - index.mean()) / index.std()).to_numpy(),
        }
    )


@part(uses=("episodes.onset_date", "episodes.type_at_onset"))
def wars_between_states(context: Context) -> Part:
    """Onsets of wars between states, over all and by decade."""
    episodes = context.inputs.episodes
    years = episodes.loc[episodes["type_at_onset"] == "interstate", "onset_date"].dt.year
    decades = (years // 10).value_counts()
    last = context.inputs.extents["wars"].last_day.year
    every = range(int(episodes["onset_date"].dt.year.min()) // 10, last // 10 + 1)
    counts = [int(decades.get(d, 0)) for d in every]
    return Part(
        quantities={
            "between_states.onsets": Quantity(len(years), Unit.COUNT),
            "between_states.first_year": Quantity(int(years.min()), Unit.CALENDAR_YEAR),
            "between_states.last_year": Quantity(int(years.max()), Unit.CALENDAR_YEAR),
            "between_states.decades": Quantity(len(counts), Unit.COUNT),
            "between_states.decades_without": Quantity(counts.count(0), Unit.COUNT),
            "between_states.fewest": Quantity(min(counts), Unit.COUNT),
            "between_states.most": Quantity(max(counts), Unit.COUNT),
        }
    )
