"""episodes, timelines → cohorts: who is followed, from when, and who is left out at which step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from collsec.histories.timelines import as_of

Timelines = dict[str, pd.DataFrame]
Keep = Callable[[pd.DataFrame, Timelines], pd.Series]


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


def no_un_troops_in_host_at_onset(episodes: pd.DataFrame, timelines: Timelines) -> pd.Series:
    """UN troops were not yet in the host state when the episode began."""
    asked = episodes[["gwno_host"]].assign(date=episodes["onset_date"])
    return as_of(timelines["host_deployment"], "gwno_host", asked, "un_troops") == 0


def onset_since_1989(episodes: pd.DataFrame, timelines: Timelines) -> pd.Series:
    """The episode began in 1989 or later."""
    return episodes["onset_year"] >= 1989


def more_than_one_day(episodes: pd.DataFrame, timelines: Timelines) -> pd.Series:
    """The episode lasted more than one day."""
    return episodes["duration_days"] >= 1


def dates_known_to_the_month(episodes: pd.DataFrame, timelines: Timelines) -> pd.Series:
    """Onset is known at least to the month."""
    return episodes["onset_precision"].isin(["day", "month"])


def no_p5_party(episodes: pd.DataFrame, timelines: Timelines) -> pd.Series:
    """No permanent member fights in the episode's first year."""
    return ~episodes["has_p5_party"]


RULES: dict[str, Keep] = {
    f.__name__: f
    for f in (
        no_un_troops_in_host_at_onset,
        onset_since_1989,
        more_than_one_day,
        dates_known_to_the_month,
        no_p5_party,
    )
}


def select(
    episodes: pd.DataFrame, timelines: Timelines, types: list[str], rules: list[str]
) -> Cohort:
    """Select a cohort of episodes by type at onset and by rules known at time zero.

    Parameters
    ----------
    episodes : DataFrame
        The linked episodes.
    timelines : dict of DataFrame
        Step functions by family.
    types : list of str
        Types at onset that enter.
    rules : list of str
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
    for rule in rules:
        passes = RULES[rule](kept, timelines)
        kept = kept[passes]
        name = rule.replace("_", " ").replace("un troops", "UN troops")
        steps.append((name, (RULES[rule].__doc__ or "").rstrip("."), kept))
    attrition = pd.DataFrame(
        [(s, r, len(k), int(k["is_ended"].sum())) for s, r, k in steps],
        columns=["step", "rule", "n_units", "n_events"],
    )
    attrition["dropped"] = -attrition["n_units"].diff().fillna(0).astype(int)
    units = kept.assign(unit_id=kept["episode_id"], time_zero=kept["onset_date"])
    return Cohort(units.sort_values("unit_id").reset_index(drop=True), attrition)
