"""Acts laid out with the wars at risk on their days, and the months at war that followed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec import measures
from collsec.core.errors import BadSpec
from collsec.designs.inputs import Inputs, PanelBuilder, cohort_of
from collsec.histories.cohorts import DAY_STRATA as OF_DAY
from collsec.histories.cohorts import STRATA
from collsec.histories.cohorts.matched import MatchedSets, match, months_at_war
from collsec.histories.extents import last_day_followed
from collsec.histories.panels import days_of
from collsec.hypothesis.options import Choices
from collsec.hypothesis.specification import ExposureSpec
from riskset import MatchedOutcomes


@dataclass(frozen=True, slots=True)
class Matched:
    """Acts with the wars at risk on their days, and what followed.

    Attributes
    ----------
    sets : MatchedSets
    outcome : ndarray of float, shape (n_members,)
        Months at war in each member's window.
    window, shift : int
        Months of the window, and from the act to its beginning.
    """

    sets: MatchedSets
    outcome: np.ndarray
    window: int
    shift: int

    def numbers(self, cluster: str = "conflict_id") -> MatchedOutcomes:
        """Outcomes by set, with the clusters of the acts."""
        members = self.sets.members
        return MatchedOutcomes(
            members["act"].to_numpy(np.int64),
            members["is_own"].to_numpy(bool),
            self.outcome,
            pd.factorize(self.sets.acts[cluster])[0].astype(np.int64),
        )

    def counts(self, cluster: str) -> dict[str, int]:
        """Acts with a complete window, and the wars that they are compared with."""
        acts, members = self.sets.acts, self.sets.members
        return {
            "nobs": len(members),
            "n_units": int(members["unit_id"].nunique()),
            "n_events": len(members),
            "n_clusters": int(members[cluster].nunique()),
            "exposed_units": int(acts["unit_id"].nunique()),
            "exposed_events": len(acts),
            "exposed_clusters": int(acts[cluster].nunique()),
        }

    def going_on_after(self, months: int) -> Matched:
        """The same sets with the members alone whose war goes on so many months after the act."""
        return self._where(self.sets.members["days_to_end"].to_numpy(float) > days_of(months))

    @property
    def attrition(self) -> pd.DataFrame:
        """Acts that remain after each step."""
        return self.sets.attrition

    def since(self, day: pd.Timestamp) -> Matched:
        """The sets of acts from a day on."""
        late = (self.sets.acts["day"] >= day).to_numpy(bool)
        return self._where(late[self.sets.members["act"].to_numpy(int)])

    def _where(self, stays: np.ndarray) -> Matched:
        """Some members of the sets; sets that still have the act's own war and another."""
        members, acts = self.sets.members, self.sets.acts
        act = members["act"].to_numpy(int)
        own = np.bincount(act[stays & members["is_own"].to_numpy(bool)], minlength=len(acts)) > 0
        others = np.bincount(act[stays], minlength=len(acts)) - own > 0
        use = own & others
        inside = stays & use[act]
        place = np.cumsum(use) - 1
        sets = MatchedSets(
            acts[use].reset_index(drop=True),
            members[inside].assign(act=place[act[inside]]).reset_index(drop=True),
            self.sets.attrition,
        )
        return dataclasses.replace(self, sets=sets, outcome=self.outcome[inside])


def window_of(outcome: str) -> int:
    """Months of the window that an outcome's name ends with.

    Raises
    ------
    BadSpec
        If it ends with none.
    """
    months = outcome.rpartition("_")[2]
    if not months.isdigit():
        raise BadSpec(
            f"outcome {outcome!r}: has no window; name one whose name ends with its months."
        )
    return int(months)


def lay_out(
    inputs: Inputs,
    exposure: ExposureSpec,
    outcome: str,
    choices: Choices,
    builder: PanelBuilder | None = None,
) -> Matched:
    """Matched sets of one exposure, with the months at war in one window.

    The lag of the exposure is the number of months from the act to the window.

    Parameters
    ----------
    inputs : Inputs
    exposure : ExposureSpec
    outcome : str
        Its name ends with the months of the window.
    choices : Choices
        What is done otherwise than declared.
    builder : PanelBuilder, optional
        One that keeps the cohorts that it has selected.
    """
    spec = inputs.spec
    shift = exposure.lag_months if choices.lag_months is None else choices.lag_months
    window = window_of(outcome)
    strata = spec.strata if choices.strata is None else choices.strata
    builder = builder or PanelBuilder(inputs, ())
    units = builder.cohort(cohort_of(spec, choices)).units
    if choices.drop_countries:
        units = units[~units["gwno_host"].isin(choices.drop_countries)]
    name = choices.measure or exposure.measure
    spells = builder.calendar(name).astype({"conflict_id": "int64"})
    last = last_day_followed(inputs.episodes)
    known = inputs.known_until(name)
    if choices.last_year is not None:
        last = min(last, pd.Timestamp(choices.last_year, 12, 31))
    acts = _acts(units, spells)
    steps = [("acts", f"{measures.get(name).title}: begun during a war", len(acts))]
    complete = acts["day"] + pd.to_timedelta(days_of(shift + window), unit="D") <= last
    acts = acts[complete & ((acts["day"] <= known) if known is not None else True)]
    steps.append(("a complete window", f"{shift + window} months of record follow", len(acts)))
    acts = _covered(inputs, acts, strata, steps)
    values = {name: _on_days(inputs, units, name, acts["day"]) for name in strata}
    sets = match(units, spells, strata, acts, values, steps)
    member = sets.members
    day = sets.acts["day"].to_numpy("datetime64[D]")[member["act"].to_numpy(int)]
    outcome_months = months_at_war(
        inputs.episodes,
        member["conflict_id"].to_numpy(np.int64),
        day + np.timedelta64(days_of(shift), "D"),
        window,
    )
    return Matched(sets, outcome_months, window, shift)


def _acts(units: pd.DataFrame, spells: pd.DataFrame) -> pd.DataFrame:
    """Beginnings of the exposure while a war was going on, not on the day of its end."""
    pairs = units[["unit_id", "conflict_id", "gwno_host", "onset_date", "exit_date"]].astype(
        {"conflict_id": "int64"}
    )
    pairs = pairs.merge(spells, on="conflict_id")
    during = (pairs["on_date"] > pairs["onset_date"]) & (pairs["on_date"] < pairs["exit_date"])
    acts = pairs[during].rename(columns={"on_date": "day"})
    acts = acts.sort_values(["day", "conflict_id"]).reset_index(drop=True)
    return acts[["day", "conflict_id", "unit_id", "gwno_host"]]


def _covered(
    inputs: Inputs, acts: pd.DataFrame, strata: Sequence[str], steps: list[tuple[str, str, int]]
) -> pd.DataFrame:
    """Acts on days on which every stratum of the day is on record."""
    for name in strata:
        if name not in OF_DAY or not OF_DAY[name].known:
            continue
        extent = inputs.extents[OF_DAY[name].known]
        first = extent.first_day + pd.DateOffset(months=OF_DAY[name].looks_back_months)
        acts = acts[(acts["day"] >= first) & (acts["day"] <= extent.last_day)]
        what = str(OF_DAY[name].function.__doc__).strip().rstrip(".")
        steps.append((name.replace("_", " "), f"{what}: on record", len(acts)))
    return acts.reset_index(drop=True)


def _on_days(inputs: Inputs, units: pd.DataFrame, name: str, days: pd.Series) -> np.ndarray:
    """A stratum of all units on each day: shape (n_days, n_units)."""
    if name not in OF_DAY:
        return np.tile(np.asarray(STRATA[name]({"episodes": units})), (len(days), 1))
    asked = pd.DataFrame(
        {
            "conflict_id": np.tile(units["conflict_id"].to_numpy(), len(days)),
            "date": np.repeat(days.to_numpy(), len(units)),
        }
    )
    found = np.asarray(OF_DAY[name]({**inputs.timelines, "asked": asked}))
    return found.reshape(len(days), len(units))
