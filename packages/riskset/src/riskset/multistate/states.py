"""Rows of units that move between states: who is in which state, and where each row leads."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats, Integers
from riskset.causes import NO_EVENT
from riskset.columns import (
    Names,
    as_frame,
    case_weights,
    clusters,
    codes,
    number_array,
    require_columns,
    row_label,
    rows_at,
)
from riskset.errors import EstimationError, listed, shown
from riskset.times import require_no_overlap, survival_times

#: A row that leads to no other state.
STAYS = -1


@dataclass(frozen=True, slots=True)
class StateRows:
    """Checked rows, each of a unit in one state on ``(start, stop]``.

    Attributes
    ----------
    labels : pandas.Index
        The s states, those that are only reached included.
    start, stop : ndarray, shape (n,)
    width : float
        Times no further apart than this are one time.
    state : ndarray of int, shape (n,)
    to : ndarray of int, shape (n,)
        The state entered at the row's end; `STAYS` where it is none, or the same.
    weights : ndarray, shape (n,)
    cluster : ndarray of int, shape (n,)
    cluster_labels : pandas.Index
    """

    labels: pd.Index
    start: Floats
    stop: Floats
    width: float
    state: Integers
    to: Integers
    weights: Floats
    cluster: Integers
    cluster_labels: pd.Index

    @classmethod
    def from_frame(
        cls,
        data: pd.DataFrame,
        *,
        start: str,
        stop: str,
        state: str,
        to: str,
        unit: Names,
        censored: Hashable = 0,
        cluster: Names | None = None,
        weights: str | None = None,
    ) -> StateRows:
        """Check the rows.

        Raises
        ------
        EstimationError
            A state is missing; rows of a unit overlap, or one does not begin in the state in which
            the one before it left the unit; no row leads to another state.
        """
        data = as_frame(data)
        require_columns(data, [state, to])
        for name in (state, to):
            if (bad := np.flatnonzero(data[name].isna().to_numpy())).size:
                hint = f"; use {shown(censored)} for no transition" if name == to else ""
                raise EstimationError(f"state {name!r} is missing in {rows_at(data, bad)}{hint}")
        spells = survival_times(data, start, stop)
        require_no_overlap(data, unit, spells)
        stays = (data[to] == censored).to_numpy(dtype=bool)
        blank = [kind for kind in pd.unique(data[to]) if str(kind).strip().lower() in NO_EVENT]
        if not stays.any() and blank:
            raise EstimationError(
                f"no row of {to!r} holds {shown(censored)} (censored=), but some hold "
                f"{shown(blank[0])}; if that means no transition, say censored={blank[0]!r}, or "
                "else name the state otherwise"
            )
        if (bad := np.flatnonzero((data[state] == censored).to_numpy(dtype=bool))).size:
            raise EstimationError(
                f"state {state!r} holds {shown(censored)} in {rows_at(data, bad)}, which means no "
                "transition; name the state otherwise, or another value as censored="
            )
        both = pd.concat([data[state], data[to][~stays]], ignore_index=True)
        found, labels = codes(pd.DataFrame({"state": both}), "state")
        own = found[: len(data)]
        target = np.full(len(data), STAYS, dtype=np.int64)
        target[~stays] = found[len(data) :]
        target[target == own] = STAYS
        if (target == STAYS).all():
            raise EstimationError(f"no row leads from {state!r} to another state in {to!r}")
        _require_one_course(
            data, unit, spells.start, spells.stop, spells.width, own, target, labels
        )
        groups, group_labels = clusters(data, unit if cluster is None else cluster)
        given = case_weights(data, weights)
        return cls(
            labels=labels,
            start=spells.start,
            stop=spells.stop,
            width=spells.width,
            state=own,
            to=target,
            weights=np.ones(len(data)) if given is None else given,
            cluster=groups,
            cluster_labels=group_labels,
        )

    @property
    def transitions(self) -> list[tuple[int, int]]:
        """The transitions that occur, by state of origin."""
        moves = self.to != STAYS
        pairs = {*zip(self.state[moves].tolist(), self.to[moves].tolist(), strict=True)}
        return sorted(pairs)

    def label(self, transition: tuple[int, int]) -> str:
        """Name a transition: origin and target, with an arrow between."""
        origin, target = (self.labels[code] for code in transition)
        return f"{origin} → {target}"

    def code(self, state: Hashable) -> int:
        """Return the number of a state."""
        if state not in self.labels:
            raise EstimationError(f"no state {shown(state)}; states are {listed(self.labels)}")
        return int(np.flatnonzero(self.labels == state)[0])

    def since(self, given: float | None) -> float:
        """Return the time from which probabilities run: the first start by default."""
        first, last = float(self.start.min()), float(self.stop.max())
        if given is None:
            if not np.isfinite(first):
                raise EstimationError("rows start at minus infinity; say since when (since=)")
            return first
        value = float(number_array(given, "since")[0])
        if not first <= value < last:
            raise EstimationError(
                f"since={value:g} lies outside the follow-up ({first:g}–{last:g})"
            )
        return value

    def there(self, time: float) -> Booleans:
        """Return the rows under observation just after a time, shape (n,)."""
        return np.asarray(
            (self.start <= time + self.width) & (self.stop > time + self.width) & (self.weights > 0)
        )

    def unobserved(self, state: int, low: float, high: float) -> list[tuple[float, float]]:
        """Return when, within a window, nobody is under observation in a state."""
        own = np.flatnonzero((self.state == state) & (self.weights > 0))
        reached, found = low, []
        for row in own[np.argsort(self.start[own], kind="stable")]:
            begin = float(self.start[row])
            if reached + self.width < begin < high:
                found.append((reached, begin))
            reached = max(reached, float(self.stop[row]))
        if reached < high - self.width:
            found.append((reached, high))
        return found

    def initial(
        self, given: Hashable | Mapping[Hashable, float] | None, since: float
    ) -> tuple[Floats, Floats]:
        """Return the distribution over states at a time, shape (s,), and its influence, (g, s).

        Parameters
        ----------
        given : hashable, mapping, or None
            A state, probabilities of states, or None for the share of the rows under observation.
        since : float

        Raises
        ------
        EstimationError
            A state is unknown; probabilities do not add up to one; nobody is under observation.
        """
        size, groups = len(self.labels), len(self.cluster_labels)
        still = np.zeros((groups, size))
        if given is None:
            seen = np.flatnonzero(self.there(since))
            if not seen.size:
                raise EstimationError(f"nobody is under observation just after {since:g}")
            weight = np.bincount(self.state[seen], self.weights[seen], minlength=size)
            share = weight / weight.sum()
            np.add.at(still, (self.cluster[seen], self.state[seen]), self.weights[seen])
            influence = (still - still.sum(axis=1)[:, None] * share) / weight.sum()
            return share, influence
        share = np.zeros(size)
        if isinstance(given, Mapping):
            for name, value in given.items():
                share[self.code(name)] = number_array(value, f"the probability of {shown(name)}")[0]
            if (share < 0).any() or abs(share.sum() - 1) > 1e-9:
                raise EstimationError(f"initial probabilities add up to {share.sum():g}, not one")
        else:
            share[self.code(given)] = 1.0
        return share, still


def _require_one_course(
    data: pd.DataFrame,
    unit: Names,
    start: Floats,
    stop: Floats,
    width: float,
    state: Integers,
    to: Integers,
    labels: pd.Index,
) -> None:
    """Raise where a row of a unit does not begin in the state in which the one before it ended."""
    owner, _ = codes(data, unit)
    order = np.lexsort((start, owner))
    same = owner[order][1:] == owner[order][:-1]
    reached = np.where(to == STAYS, state, to)[order][:-1]
    wrong = np.flatnonzero(same & (state[order][1:] != reached))
    if wrong.size:
        first, second = int(order[wrong[0]]), int(order[wrong[0] + 1])
        gap = start[second] > stop[first] + width
        raise EstimationError(
            f"{row_label(data, second)} is in state {shown(labels[state[second]])}, but "
            f"{row_label(data, first)} of the same unit ends in {shown(labels[reached[wrong[0]]])} "
            f"({wrong.size} such pairs): "
            + (
                "a transition within the gap was not seen; make what follows a unit of its own"
                if gap
                else "name the transition in the row that it ends"
            )
        )
