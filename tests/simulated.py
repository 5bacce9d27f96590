"""Simulated samples: the study's own wars and calendar of acts, with an effect that is known.

Onsets, hosts, types and the days of deployments and vetoes are the real ones. Which war an act
falls on is drawn among the wars at risk on its day. How long a war lasts is drawn too, from the
real wars of its stratum, with the hazard of the end multiplied while the war is exposed; or it is
left as it was, in data sets in which nothing has an effect.

Durations are drawn in continuous time; a war ends on the day that is then going on. An earlier
generator let wars end only on days on which a real war of the stratum had ended, and the last of
them whatever the effect: 17 of the 24 strata of H3 ended so. Such data sets hold a smaller effect
than the one written down (log ratio 0.237, standard error 0.011, for 0.262 in 40 data sets of H3),
and drawing all durations again on one clock did not correct it (0.240). What changed is the effect
written down, so that it is the effect there is; the tolerance of the tests did not change.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec.designs import Inputs
from collsec.designs.inputs import codes
from collsec.histories.cohorts import with_strata
from collsec.histories.episodes import HALF_DAY
from collsec.histories.extents import last_day_followed
from collsec.histories.panels import clock, days_of
from collsec.histories.timelines import PRESENCES
from collsec.hypothesis.validation import load
from collsec.measures import get
from study import PROJECT, study_inputs

Spells = list[tuple[float, float]]


@functools.cache
def real(name: str) -> Inputs:
    """A hypothesis on the study's own data."""
    return study_inputs(load(PROJECT, name))


@dataclass(frozen=True, slots=True)
class Wars:
    """Wars on the clocks of their strata.

    Attributes
    ----------
    frame : DataFrame
        One row per war, each a conflict of its own, so that an act concerns one war alone.
    limit : ndarray, shape (n,)
        Days from onset to the end of the record.
    stratum : ndarray of int, shape (n,)
    clocks : list of (ndarray, ndarray)
        Of each stratum: ages in days, from 0, and the cumulative hazard of the end there, linear
        between them (Nelson–Aalen); beyond the last age the hazard is the mean one.
    age : ndarray, shape (n,)
        Cumulative hazard at which each war ends: unit exponential.
    """

    frame: pd.DataFrame
    limit: np.ndarray
    stratum: np.ndarray
    clocks: list[tuple[np.ndarray, np.ndarray]]
    age: np.ndarray

    @classmethod
    def of(cls, inputs: Inputs, rng: np.random.Generator) -> Wars:
        """The wars of a hypothesis, with fates drawn for each."""
        spec = inputs.spec
        frame = inputs.episodes[inputs.episodes["type_at_onset"].isin(spec.cohort.types)]
        frame = frame.sort_values("episode_id").reset_index(drop=True)
        frame["conflict_id"] = np.arange(1, len(frame) + 1)
        limit = (last_day_followed(inputs.episodes) - frame["onset_date"]).dt.days.to_numpy(float)
        stratum = codes(with_strata(frame), spec.strata)
        duration, ended = frame["duration_days"].to_numpy(float), frame["is_ended"].to_numpy(bool)
        clocks = []
        for code in range(stratum.max() + 1):
            own = stratum == code
            times, deaths = np.unique(duration[own & ended], return_counts=True)
            at_risk = (duration[own] >= times[:, None]).sum(axis=1)
            clocks.append((np.r_[0.0, times], np.r_[0.0, np.cumsum(deaths / at_risk)]))
        return cls(frame, limit, stratum, clocks, rng.exponential(size=len(frame)))

    def end(self, war: int, spells: Spells, log_ratio: float) -> float:
        """Days after which a war ends, given its exposed spells ``(on, off]``."""
        times, hazard = self.clocks[self.stratum[war]]
        rate = hazard[-1] / times[-1]
        # Beyond the clock the rate is constant, and beyond the last change so is the hazard.
        changes = [t for spell in spells for t in spell if np.isfinite(t)]
        far = max([times[-1], *changes]) + 1.0
        grid = np.unique([*times, far, *(t for t in changes if t > 0)])
        step = np.diff(np.interp(grid, times, hazard) + rate * np.maximum(grid - times[-1], 0))
        middle = (grid[:-1] + grid[1:]) / 2
        inside = np.zeros(len(middle), dtype=bool)
        for on, off in spells:
            inside |= (on < middle) & (middle < off)
        total = np.r_[0.0, np.cumsum(step * np.exp(log_ratio * inside))]
        if self.age[war] <= total[-1]:
            return float(np.interp(self.age[war], total, grid))
        last = any(on < far < off for on, off in spells)
        return float(far + (self.age[war] - total[-1]) / (rate * np.exp(log_ratio * last)))

    def as_it_was(self) -> np.ndarray:
        """Days after which each war really ended; inf for one that goes on."""
        days = self.frame["duration_days"].to_numpy(float)
        return np.where(self.frame["is_ended"].to_numpy(bool), days, np.inf)

    def followed(self, ends: np.ndarray) -> pd.DataFrame:
        """Episodes of the truth, by the day on which each war ends."""
        # A war that ends in the first half of its first day has lasted no whole day.
        days = np.where(ends <= HALF_DAY, 0.0, np.ceil(ends))
        is_ended = days <= self.limit
        days = np.where(is_ended, days, self.limit)
        exits = self.frame["onset_date"] + pd.to_timedelta(days, unit="D")
        made = self.frame.assign(exit_date=exits, end_date=exits.where(is_ended), is_ended=is_ended)
        return made.assign(duration_days=clock(made.assign(time_zero=made["onset_date"])))


@dataclass(frozen=True, slots=True)
class Act:
    """A deployment or a veto: its day, the last day of what it began, where it really fell."""

    day: pd.Timestamp
    last: pd.Timestamp | None
    region: int


def calendar(inputs: Inputs) -> list[Act]:
    """The real acts of the primary's exposure on wars of the hypothesis that were going on."""
    spec = inputs.spec
    spells = inputs.calendar(spec.exposure.measure)
    wars = inputs.episodes[inputs.episodes["type_at_onset"].isin(spec.cohort.types)]
    pairs = wars.merge(spells, on="conflict_id")
    during = (pairs["on_date"] > pairs["onset_date"]) & (pairs["on_date"] < pairs["exit_date"])
    rows = pairs[during].sort_values(["on_date", "conflict_id"])
    return [
        Act(row.on_date, None if pd.isna(row.off_date) else row.off_date, int(row.region))
        for row in rows.itertuples()
    ]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true in a truth.

    Attributes
    ----------
    log_ratio : float
        True log hazard ratio of exposure.
    times : int
        How many wars each real act falls on; 1 makes as few exposed wars as the study has.
    is_real : bool
        Every war lasts as long as it did and acts fall on wars of the region where they really
        fell, as the re-randomization supposes: a data set without an effect.
    is_halved : bool
        An act cuts in half the days that remain when it begins to count, whatever the hazard.
    """

    log_ratio: float = 0.0
    times: int = 1
    is_real: bool = False
    is_halved: bool = False


def assign(
    wars: Wars, acts: list[Act], rng: np.random.Generator, truth: Truth, lag_months: int
) -> tuple[np.ndarray, list[tuple[int, Act]]]:
    """Let acts fall on wars at risk, in order of days; each changes when its war ends.

    Returns
    -------
    ends : ndarray, shape (n,)
        Days from onset to the end of each war.
    fallen : list of (int, Act)
        Wars and the acts that fell on them.
    """
    lag = days_of(lag_months)
    onset = wars.frame["onset_date"].to_numpy("datetime64[D]").astype(float)
    region = wars.frame["region"].to_numpy(int)
    spells: dict[int, Spells] = {}
    busy = np.full(len(onset), -np.inf)
    ends = (
        wars.as_it_was()
        if truth.is_real
        else np.array([wars.end(war, [], 0.0) for war in range(len(onset))])
    )
    fallen = []
    for act in (act for act in acts for _ in range(truth.times)):
        day = float(np.datetime64(act.day, "D").astype(float))
        last = np.inf if act.last is None else float(np.datetime64(act.last, "D").astype(float))
        at_risk = (onset < day) & (day < onset + np.minimum(ends, wars.limit)) & (busy < day)
        near = at_risk & (region == act.region)
        if truth.is_real and near.sum() >= 2:
            at_risk = near
        if not at_risk.any():
            continue
        war = int(rng.choice(np.flatnonzero(at_risk)))
        busy[war] = last + lag
        on = day - onset[war] + lag
        spells.setdefault(war, []).append((on, last - onset[war] + lag))
        if truth.is_halved and on < ends[war]:
            ends[war] = on + (ends[war] - on) / 2
        elif not (truth.is_real or truth.is_halved):
            ends[war] = wars.end(war, spells[war], truth.log_ratio)
        fallen.append((war, act))
    return ends, fallen


def steps(fallen: list[tuple[int, Act]], unit: np.ndarray, name: str) -> pd.DataFrame:
    """Presence as a step function of calendar time, one row per change."""
    changes = []
    for war, act in fallen:
        changes.append((unit[war], act.day, 1))
        if act.last is not None:
            changes.append((unit[war], act.last, -1))
    frame = pd.DataFrame(changes, columns=[name, "from_date", "change"])
    counts = frame.groupby([name, "from_date"])["change"].sum().groupby(level=0).cumsum()
    out = counts.rename("count").reset_index()
    return out.assign(known_from=out["from_date"])


def deployments(rng: np.random.Generator, truth: Truth) -> Inputs:
    """A data set of H1: UN troops change the hazard of the end from six months after arrival."""
    inputs = real("h1")
    wars = Wars.of(inputs, rng)
    ends, fallen = assign(wars, calendar(inputs), rng, truth, inputs.spec.exposure.lag_months)
    presence = steps(fallen, wars.frame["conflict_id"].to_numpy(), "conflict_id")
    columns = {name: presence["count"] for name in PRESENCES if name != "un_authorized"}
    deployment = presence.drop(columns="count").assign(**columns, un_authorized=0)
    hosts = steps(fallen, wars.frame["gwno_host"].to_numpy(), "gwno_host")
    return dataclasses.replace(
        inputs,
        episodes=wars.followed(ends),
        timelines=inputs.timelines
        | {
            "deployment": deployment,
            "host_deployment": hosts.rename(columns={"count": "un_troops"}),
        },
    )


def vetoes(rng: np.random.Generator, truth: Truth) -> Inputs:
    """A data set of H2: a veto changes the hazard of the end for twelve months."""
    inputs = real("h2")
    wars = Wars.of(inputs, rng)
    ends, fallen = assign(wars, calendar(inputs), rng, truth, inputs.spec.exposure.lag_months)
    # A spell of several vetoes is one act here; its last veto was twelve months before its end.
    rows = []
    for war, act in fallen:
        day, conflict = act.day, int(wars.frame["conflict_id"].iloc[war])
        while day is not None:
            rows.append((conflict, day))
            rest = act.last - pd.DateOffset(months=12)
            following = min(day + pd.DateOffset(months=11), rest)
            day = following if following > day else None
    council = pd.DataFrame(rows, columns=["conflict_id", "from_date"])
    council = council.sort_values(["conflict_id", "from_date"]).reset_index(drop=True)
    council["vetoes"] = council.groupby("conflict_id").cumcount() + 1
    council = council.assign(known_from=council["from_date"])
    return dataclasses.replace(
        inputs, episodes=wars.followed(ends), timelines=inputs.timelines | {"council": council}
    )


def interests(rng: np.random.Generator, truth: Truth) -> Inputs:
    """A data set of H3: each standard deviation of salience multiplies the hazard of the end.

    Each country has the ties of another one, so that ties say nothing but what the simulated effect
    makes them say. No act falls on a war: ``times`` has no meaning here.
    """
    inputs = real("h3")
    wars = Wars.of(inputs, rng)
    ties = dealt(inputs.ties, wars.frame, rng)
    salience = np.nan_to_num(
        get("salience")({"episodes": wars.frame, "ties": ties}).to_numpy(float)
    )
    always = [(0.0, np.inf)]
    ends = (
        wars.as_it_was()
        if truth.is_real
        else np.array(
            [wars.end(war, always, truth.log_ratio * score) for war, score in enumerate(salience)]
        )
    )
    return dataclasses.replace(inputs, episodes=wars.followed(ends), ties=ties)


def dealt(ties: pd.DataFrame, wars: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Ties of a war of another country, one other country for each."""
    hosts = np.unique(wars["gwno_host"])
    giver = dict(zip(hosts, rng.permutation(hosts), strict=True))
    own = {host: rows["episode_id"].to_numpy() for host, rows in wars.groupby("gwno_host")}
    given = [str(rng.choice(own[giver[host]])) for host in wars["gwno_host"]]
    pairs = pd.DataFrame({"episode_id": wars["episode_id"], "given": given})
    renamed = ties.rename(columns={"episode_id": "given"})
    return pairs.merge(renamed, on="given").drop(columns="given")


SIMULATORS = {"h1": deployments, "h2": vetoes, "h3": interests}
