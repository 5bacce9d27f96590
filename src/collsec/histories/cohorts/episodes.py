"""episodes, timelines → cohorts of episodes: who is followed, and who is left out at which step.

A rule keeps episodes by what was known at time zero; a stratum groups them by what was known then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec.histories.registry import Declared, Frames, Function, declaration, enter
from collsec.histories.timelines import as_of

# Columns that a specification may name as clusters of dependent wars.
CLUSTERS = ("gwno_host", "conflict_id")
# First years of the periods of history.
PERIOD_STARTS = (1946, 1960, 1975, 1990, 2005)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Units under study.

    Attributes
    ----------
    units : DataFrame
        One row per unit: ``unit_id, conflict_id, time_zero`` and the episode's own columns.
    attrition : DataFrame
        ``step, rule, n_units, n_events, dropped``, from all episodes to those followed.
    """

    units: pd.DataFrame
    attrition: pd.DataFrame


# Say of each episode whether it stays; the docstring is what a reader sees.
RULES: dict[str, Declared] = {}
# Give the group of each episode.
STRATA: dict[str, Declared] = {}


def _into(registry: dict[str, Declared], uses: Iterable[str]) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        enter(registry, Declared(*_parts(function, uses)))
        return function

    return register


def _parts(
    function: Function, uses: Iterable[str]
) -> tuple[str, Function, tuple[str, ...], tuple[str, ...]]:
    name, takes, columns = declaration(function, uses)
    return name, function, takes, columns


def rule(*, uses: Iterable[str]) -> Callable[[Function], Function]:
    """Register a cohort rule: a function of ``episodes`` and of timelines, one truth each."""
    return _into(RULES, uses)


def stratum(*, uses: Iterable[str]) -> Callable[[Function], Function]:
    """Register a stratum: a function of ``episodes`` that gives one group each."""
    return _into(STRATA, uses)


@rule(
    uses=(
        "episodes.gwno_host",
        "episodes.onset_date",
        "host_deployment.gwno_host",
        "host_deployment.known_from",
        "host_deployment.un_troops",
    )
)
def no_un_troops_in_host_at_onset(
    episodes: pd.DataFrame, host_deployment: pd.DataFrame
) -> pd.Series:
    """UN troops were not yet in the host state when the episode began."""
    asked = episodes[["gwno_host"]].assign(date=episodes["onset_date"])
    return as_of(host_deployment, "gwno_host", asked, "un_troops") == 0


@rule(uses=("episodes.onset_year",))
def onset_since_1989(episodes: pd.DataFrame) -> pd.Series:
    """The episode began in 1989 or later."""
    return episodes["onset_year"] >= 1989


@rule(uses=("episodes.duration_days",))
def more_than_one_day(episodes: pd.DataFrame) -> pd.Series:
    """The episode lasted more than one day."""
    return episodes["duration_days"] >= 1


@rule(uses=("episodes.onset_precision",))
def dates_known_to_the_month(episodes: pd.DataFrame) -> pd.Series:
    """Onset is known at least to the month."""
    return episodes["onset_precision"].isin(["day", "month"])


@rule(uses=("episodes.has_p5_party",))
def no_p5_party(episodes: pd.DataFrame) -> pd.Series:
    """No permanent member fights in the episode's first year."""
    return ~episodes["has_p5_party"]


@stratum(uses=("episodes.region",))
def region(episodes: pd.DataFrame) -> pd.Series:
    """Region of the war, as the conflict data have it."""
    return episodes["region"]


@stratum(uses=("episodes.onset_year",))
def period(episodes: pd.DataFrame) -> np.ndarray:
    """Period of history in which the episode began, numbered from one."""
    return np.searchsorted(PERIOD_STARTS, episodes["onset_year"], side="right")


@stratum(uses=("episodes.earlier_episodes",))
def earlier_episodes_group(episodes: pd.DataFrame) -> pd.Series:
    """Earlier episodes of the conflict: none, one, or more."""
    return episodes["earlier_episodes"].clip(upper=2).astype(int)


@stratum(uses=("episodes.type_at_onset",))
def type_group(episodes: pd.DataFrame) -> pd.Series:
    """Type at onset, with internationalized wars among those within a state."""
    return episodes["type_at_onset"].replace({"internationalized": "intrastate"})


def with_strata(units: pd.DataFrame) -> pd.DataFrame:
    """Add the strata that a hypothesis may name, one column each."""
    return units.assign(**{name: group({"episodes": units}) for name, group in STRATA.items()})


def select(
    episodes: pd.DataFrame, frames: Frames, types: Sequence[str], rules: Sequence[str]
) -> Cohort:
    """Select a cohort of episodes by type at onset and by rules known at time zero.

    Parameters
    ----------
    episodes : DataFrame
        The linked episodes.
    frames : mapping of str to DataFrame
        Timelines, and whatever else a rule takes, by name.
    types : sequence of str
        Types at onset that enter.
    rules : sequence of str
        Keys of :data:`RULES`, applied in order.

    Returns
    -------
    Cohort
    """
    kept = episodes
    first, last = episodes["first_year"].min(), episodes["last_year"].max()
    steps = [("all episodes", f"every UCDP/PRIO episode {first}–{last}", kept)]
    kept = kept[kept["type_at_onset"].isin(types)]
    steps.append(("type at onset", ", ".join(types), kept))
    for name in rules:
        kept = kept[RULES[name]({**frames, "episodes": kept})]
        step = name.replace("_", " ").replace("un troops", "UN troops")
        steps.append((step, (RULES[name].function.__doc__ or "").rstrip("."), kept))
    attrition = pd.DataFrame(
        [(s, r, len(k), int(k["is_ended"].sum())) for s, r, k in steps],
        columns=["step", "rule", "n_units", "n_events"],
    )
    attrition["dropped"] = -attrition["n_units"].diff().fillna(0).astype(int)
    units = kept.assign(unit_id=kept["episode_id"], time_zero=kept["onset_date"])
    return Cohort(units.sort_values("unit_id").reset_index(drop=True), attrition)
