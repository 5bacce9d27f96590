"""What the Council does next, where it is the outcomes of votes that are exchanged.

A resolution cannot be its own next act, and a veto can be followed by each. So within one war the
rate of the next act is higher after a veto than after a resolution even if vetoes change nothing.
What no effect looks like is found by exchanging the outcomes of votes among the days of a war on
which the Council voted, and looking for the next act again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate, seed_for
from collsec.histories.cohorts.votes import ADJUSTMENT
from riskset import EstimationError
from riskset.inference import permute_within
from riskset.inference.inversion import tail_p_value

#: Years of the calendar within which outcomes are exchanged; 0 for the whole war.
BLOCKS_YEARS = (0, 10, 5, 3, 1)
#: Blocks begin with the Council.
FIRST_YEAR = 1946
#: What came of a day's votes. Days with both a veto and a resolution are compared with none.
VETO, ACT, OTHER = "veto", "act", "other"
#: Exchanges at most: each looks for every next act again and fits a model.
MOST_DRAWS = 499


def vote_days(votes: pd.DataFrame, counted: pd.Series, known_until: pd.Timestamp) -> pd.DataFrame:
    """Votes on a war collapsed to days: the drafts of one day are one vote.

    Parameters
    ----------
    votes : DataFrame
        As :func:`collsec.histories.cohorts.votes.votes_on_wars` gives them.
    counted : Series of bool
        Which of them are adopted resolutions that count as an act.
    known_until : Timestamp
        Last day of the record of the acts.

    Returns
    -------
    DataFrame
        One row per war and day of a vote, by war and day, of the wars that have both a veto and a
        resolution: ``kind`` (:data:`VETO`, :data:`ACT`,
        :data:`OTHER`: adopted, and no act that counts), ``is_compared`` (whether all of the day's
        drafts had one outcome), ``last_date`` (to which the next act is looked for), what was known
        at the vote.
    """
    own = votes.assign(is_act=counted.to_numpy(bool), is_adopted=votes["is_blocked"] == 0)
    own = own[own["date"] <= known_until]
    days = own.groupby(["episode_id", "date"], as_index=False).agg(
        conflict_id=("conflict_id", "first"),
        exit_date=("exit_date", "first"),
        type_group=("type_group", "first"),
        is_act=("is_act", "any"),
        is_adopted=("is_adopted", "any"),
        is_blocked=("is_blocked", "max"),
        **{name: (name, "first") for name in ADJUSTMENT},
    )
    days["kind"] = np.select([days["is_act"], days["is_adopted"]], [ACT, OTHER], VETO)
    days["is_compared"] = ~(days["is_adopted"] & (days["is_blocked"] == 1))
    days["last_date"] = days["exit_date"].where(days["exit_date"] <= known_until, known_until)
    days["day_id"] = days["episode_id"].astype(str) + "/" + days["date"].astype(str)
    vetoed = days["is_blocked"].where(days["is_compared"]).groupby(days["episode_id"])
    days = days[(vetoed.transform("min") == 0) & (vetoed.transform("max") == 1)]
    days = days.drop(columns=["is_act", "is_adopted", "is_blocked", "exit_date"])
    return days.sort_values(["episode_id", "date"]).reset_index(drop=True)


def followed(days: pd.DataFrame, kind: np.ndarray) -> pd.DataFrame:
    """Each compared day of a vote followed to the next act on its war, if days had these kinds.

    Returns
    -------
    DataFrame
        ``is_blocked``, ``start``, ``stop`` (days), ``event``.
    """
    war = np.unique(days["episode_id"].to_numpy(), return_inverse=True)[1]
    date = days["date"].to_numpy("datetime64[D]").astype(np.int64)
    last = days["last_date"].to_numpy("datetime64[D]").astype(np.int64)
    place = np.where(kind == ACT, np.arange(len(days)), len(days))
    # The place of the next act: the smallest from the row below on.
    after = np.append(np.minimum.accumulate(place[::-1])[::-1][1:], len(days))
    found = after < len(days)
    found[found] &= war[after[found]] == war[found]
    until = last.copy()
    until[found] = date[after[found]]
    stop = (until - date).astype(float)
    kept = days["is_compared"].to_numpy(bool) & (stop > 0)
    return days[kept].assign(
        is_blocked=(kind[kept] == VETO).astype(float),
        start=0.0,
        stop=stop[kept],
        event=found[kept],
    )


def compared(rows: pd.DataFrame) -> Comparison:
    """Days after a veto against days after a resolution, within the same war."""
    return Comparison(
        rows, "is_blocked", ADJUSTMENT, ("episode_id",), cluster="conflict_id", unit="day_id"
    )


def exchanged(
    days: pd.DataFrame, years: int, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Log ratios, and acts after vetoes, where outcomes are exchanged within wars and years.

    An exchange whose model has no finite maximum is left out.

    Returns
    -------
    log_ratios, acts_after_vetoes : ndarray of float
    """
    kind = days["kind"].to_numpy(str)
    block = days["episode_id"].astype(str)
    if years:
        block = block + "/" + ((days["date"].dt.year - FIRST_YEAR) // years).astype(str)
    stratum = np.unique(block.to_numpy(str), return_inverse=True)[1]
    # What every exchange lays out again: wars are integers, which group faster.
    war = pd.factorize(days["episode_id"], sort=True)[0]
    days = days[["date", "last_date", "is_compared", *ADJUSTMENT]].assign(episode_id=war)
    # Days with both outcomes keep them.
    free = np.flatnonzero(days["is_compared"].to_numpy(bool))
    rng = np.random.default_rng(seed)
    logs, acts = [], []
    for _ in range(draws):
        drawn = kind.copy()
        drawn[free] = permute_within(kind[free], stratum[free], rng)
        rows = followed(days, drawn)
        try:
            log = float(compared(rows).design().estimate()[0])
        except EstimationError:
            continue
        logs.append(log)
        acts.append(float((rows["event"] & (rows["is_blocked"] == 1)).sum()))
    return np.array(logs), np.array(acts)


def within_war(
    days: pd.DataFrame, years: int, *, draws: int, seed: int, **known: Any
) -> tuple[Estimate, float, float]:
    """The ratio within the same war, as a multiple of what exchanged outcomes give.

    The interval moves the distribution of exchanged outcomes to the estimate: it holds the
    multiples from which the observed ratio is no rare departure.

    Parameters
    ----------
    days : DataFrame
        As :func:`vote_days` gives them.
    years : int
        Outcomes are exchanged within so many years of the calendar; within the war if 0.
    draws, seed : int
    **known
        The other fields of :class:`~collsec.designs.estimate.Estimate`, the level among them.

    Returns
    -------
    estimate : Estimate
        Its expected acts are those after vetoes in the mean exchange.
    observed, without_effect : float
        The ratio of the rates as it is, and the median over exchanges; NaN where there is none.
    """
    nothing = math.nan, math.nan
    comparison = compared(followed(days, days["kind"].to_numpy(str)))
    known |= {"inference": "exchanged_outcomes"} | comparison.counts()
    if reason := comparison.too_thin():
        return Estimate.missing(reason, **known), *nothing
    try:
        own = float(comparison.design().estimate()[0])
    except EstimationError as error:
        return Estimate.missing(error, **known), *nothing
    logs, acts = exchanged(
        days, years, min(draws, MOST_DRAWS), seed_for(seed, known["estimate_id"])
    )
    if not len(logs):
        why = "no exchange of outcomes has a finite ratio"
        return Estimate.missing(why, **known), *nothing
    middle, tail = float(np.median(logs)), (1 - known["level"]) / 2
    low, high = np.quantile(logs, [tail, 1 - tail])
    found = Estimate.from_fit(
        own - middle,
        float(logs.std(ddof=1)),
        limits=(own - float(high), own - float(low)),
        p_value=tail_p_value(own, logs),
        expected_events=float(acts.mean()),
        **known,
    )
    return found, math.exp(own), math.exp(middle)
