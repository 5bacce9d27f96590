"""wars → courses: from war to an agreement, to the end, and to the conflict's next war.

An agreement counts from the day on which it was known, and only within the war in which it was
made. What the record of agreements does not cover is left out: a war that began before it may have
had one that nobody counted, and all follow-up ends with it.
"""

from __future__ import annotations

from enum import StrEnum

import pandas as pd

from collsec.histories.cohorts.episodes import Cohort
from collsec.histories.extents import last_day_followed
from collsec.histories.panels import clock
from collsec.histories.registry import Extent


class State(StrEnum):
    """Where a war stands."""

    WAR = "war"  # no agreement so far
    AGREEMENT = "agreement"  # still at war, after an agreement
    END = "end"  # at peace
    RELAPSE = "relapse"  # the conflict's next war; nothing is followed from there


Transition = tuple[State, State]
#: The transitions that there are, in the order of a course.
TRANSITIONS: tuple[Transition, ...] = (
    (State.WAR, State.AGREEMENT),
    (State.WAR, State.END),
    (State.AGREEMENT, State.END),
    (State.END, State.RELAPSE),
)
#: No transition: the state in which follow-up ends.
STAYS = ""


def courses(cohort: Cohort, episodes: pd.DataFrame, signed: pd.DataFrame, record: Extent) -> Cohort:
    """Follow the wars of a cohort through agreement and end to the next war.

    Parameters
    ----------
    cohort : Cohort
        Wars.
    episodes : DataFrame
        All episodes, those outside the cohort too: any of them resumes its conflict.
    signed : DataFrame
        Agreements: ``conflict_id, known_from``.
    record : Extent
        What the record of agreements covers.

    Returns
    -------
    Cohort
        One unit per war that began within the record, with ``agreement_date, end_date,
        relapse_date`` (missing where it has not come to pass within the record) and ``last_date``,
        the last day followed.
    """
    ongoing = episodes.loc[~episodes["is_ended"].astype(bool), "exit_date"]
    last = min(record.last_day, last_day_followed(episodes))
    last = last if ongoing.empty else min(last, ongoing.max())
    onset = cohort.units["onset_date"]
    units = cohort.units[(onset >= record.first_day) & (onset < last)].reset_index(drop=True)
    later = episodes.sort_values(["conflict_id", "onset_date"])
    following = later.groupby("conflict_id")["onset_date"].shift(-1)
    again = pd.Series(following.to_numpy(), index=later["episode_id"].to_numpy())
    end = units["exit_date"].where(units["is_ended"].astype(bool))
    end = end.where(end <= last)
    relapse = units["unit_id"].map(again).where(end.notna())
    relapse = relapse.where(relapse <= last)
    pairs = units[["unit_id", "conflict_id", "onset_date", "exit_date"]].merge(
        signed[["conflict_id", "known_from"]].astype({"conflict_id": "int64"}), on="conflict_id"
    )
    known = pairs["known_from"]
    during = (known > pairs["onset_date"]) & (known < pairs["exit_date"]) & (known < last)
    first = units["unit_id"].map(pairs[during].groupby("unit_id")["known_from"].min())
    units = units.assign(
        agreement_date=first.astype("datetime64[s]"),
        end_date=end.astype("datetime64[s]"),
        relapse_date=relapse.astype("datetime64[s]"),
        last_date=last,
        is_ended=end.notna(),
    )
    rule = f"Agreements are recorded from {record.first_day:%Y-%m-%d} to {record.last_day:%Y-%m-%d}"
    return Cohort(units, _step(cohort.attrition, "begun within the record", rule, units))


def stays(units: pd.DataFrame) -> pd.DataFrame:
    """Each war's stay in each state that it came to, in order.

    Parameters
    ----------
    units : DataFrame
        As :func:`courses` gives them.

    Returns
    -------
    DataFrame
        ``unit`` (row of the unit), ``state, to`` (:data:`STAYS` where follow-up ends in the
        state), ``entered_date, left_date``.
    """
    last = units["last_date"]
    at_war_to = units["end_date"].fillna(last)
    has, ended = units["agreement_date"].notna(), units["end_date"].notna()
    made = []
    for state, kept, entered, left, to in (
        (
            State.WAR,
            units["onset_date"].notna(),
            units["onset_date"],
            units["agreement_date"].fillna(at_war_to),
            ended.map({True: State.END, False: STAYS}).where(~has, State.AGREEMENT),
        ),
        (
            State.AGREEMENT,
            has,
            units["agreement_date"],
            at_war_to,
            ended.map({True: State.END, False: STAYS}),
        ),
        (
            State.END,
            ended & (units["end_date"] < last),
            units["end_date"],
            units["relapse_date"].fillna(last),
            units["relapse_date"].notna().map({True: State.RELAPSE, False: STAYS}),
        ),
    ):
        rows = pd.DataFrame({"entered_date": entered, "left_date": left, "to": to.astype(str)})
        made.append(rows[kept].assign(state=str(state)).rename_axis("unit").reset_index())
    found = pd.concat(made).sort_values("unit", kind="stable", ignore_index=True)
    return found[["unit", "state", "to", "entered_date", "left_date"]]


def on_one_clock(units: pd.DataFrame, cluster: str) -> pd.DataFrame:
    """The stays on the clock of days since onset, as a multi-state model takes them.

    Parameters
    ----------
    units : DataFrame
        As :func:`courses` gives them.
    cluster : str
        Column of dependent wars, carried along.

    Returns
    -------
    DataFrame
        ``unit_id``, the cluster, ``start, stop, state, to``.
    """
    found = stays(units)
    own = units.iloc[found["unit"].to_numpy()].reset_index(drop=True)
    stop = clock(own.assign(time_zero=own["onset_date"], exit_date=found["left_date"]))
    first = found["state"] == State.WAR
    return own[["unit_id", cluster]].assign(
        start=pd.Series(stop).shift(fill_value=0.0).where(~first, 0.0),
        stop=stop,
        state=found["state"],
        to=found["to"],
    )


def between(cohort: Cohort, transition: Transition) -> Cohort:
    """The wars that came to a state, from that day to the day on which they left it.

    Parameters
    ----------
    cohort : Cohort
        As :func:`courses` gives it.
    transition : tuple of State
        The state, and where it leads; wars that leave it elsewhere are censored.

    Returns
    -------
    Cohort
        ``time_zero`` the day on which the state was entered, ``exit_date`` that on which it was
        left or the last day followed, ``is_ended`` whether the transition was made.
    """
    origin, target = transition
    found = stays(cohort.units)
    found = found[found["state"] == origin]
    units = cohort.units.iloc[found["unit"].to_numpy()].reset_index(drop=True)
    units = units.assign(
        time_zero=found["entered_date"].to_numpy(),
        exit_date=found["left_date"].to_numpy(),
        is_ended=(found["to"] == target).to_numpy(bool),
    )
    units = units.assign(duration_days=clock(units))
    rule = f"Followed in it; events are the transitions from {origin} to {target}"
    step = _step(cohort.attrition, f"came to the state: {origin}", rule, units)
    return Cohort(units, step)


def _step(attrition: pd.DataFrame, step: str, rule: str, kept: pd.DataFrame) -> pd.DataFrame:
    before = int(attrition["n_units"].iloc[-1])
    row = {
        "step": step,
        "rule": rule,
        "n_units": len(kept),
        "n_events": int(kept["is_ended"].sum()),
        "dropped": before - len(kept),
    }
    return pd.concat([attrition, pd.DataFrame([row])], ignore_index=True)
