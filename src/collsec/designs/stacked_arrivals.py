"""Stacks of arrivals laid out: what is counted in each, and how much each counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.arrivals import BEFORE, MONTHS, Arrivals
from riskset import EventStack, EventWindow, stacked_poisson

#: Deaths that make a year of war, below which a host is not weighed up further.
YEAR_OF_WAR = 25.0


def own_weight(stack: EventStack) -> np.ndarray:
    """One over each host's deaths in the two years before, or over those of a year of war."""
    found: np.ndarray = 1.0 / np.maximum(stack.values[:, :BEFORE].sum(axis=1), YEAR_OF_WAR)
    return found


@dataclass(frozen=True, slots=True)
class StackedDesign:
    """Arrivals, and how each stack counts.

    Attributes
    ----------
    arrivals : Arrivals
    stacks : tuple of EventStack
        Its weight is one over its host's deaths before the arrival, so that every arrival counts
        alike; one where every death does.
    is_pooled : bool
        Whether every death counts alike.
    """

    arrivals: Arrivals
    stacks: tuple[EventStack, ...]
    is_pooled: bool = False

    @classmethod
    def equal(cls, arrivals: Arrivals) -> StackedDesign:
        """Every arrival counts alike."""
        stacks = [dataclasses.replace(s, weight=float(own_weight(s)[0])) for s in arrivals.stacks]
        return cls(arrivals, tuple(stacks))

    @property
    def attrition(self) -> pd.DataFrame:
        """Arrivals that remain after each step."""
        return self.arrivals.attrition

    def window(self, months: np.ndarray, used: np.ndarray | None = None) -> EventWindow:
        """The stacks with the months of a ratio, as the reference takes them."""
        weights = None if self.is_pooled else [own_weight(stack) for stack in self.stacks]
        return EventWindow(self.stacks, months, used, weights)

    @property
    def after(self) -> np.ndarray:
        """Months from the arrival on."""
        later: np.ndarray = self.arrivals.relative >= 0
        return later

    @property
    def lead(self) -> np.ndarray:
        """The twelve months before the arrival."""
        relative = self.arrivals.relative
        lead: np.ndarray = (relative >= -BEFORE // 2) & (relative < 0)
        return lead

    def counts(self) -> dict[str, int]:
        """Arrivals, hosts and months; the treated outcome is an arrival."""
        hosts = {int(h) for own in self.arrivals.hosts for h in own}
        known = sum(int(s.known.sum()) for s in self.stacks)
        events = self.arrivals.events
        return {
            "nobs": known,
            "n_units": len(hosts),
            "n_events": int(sum(s.values.sum() for s in self.stacks)),
            "n_clusters": len(hosts),
            "exposed_units": len(events),
            "exposed_events": len(events),
            "exposed_clusters": int(events["gwno_host"].nunique()),
        }

    def only(self, rows: Callable[[int], np.ndarray]) -> StackedDesign:
        """The same stacks with some of their control rows."""
        keep = [np.r_[True, rows(place)[1:]] for place in range(len(self.stacks))]
        use = [own.sum() > 1 for own in keep]
        events = self.arrivals.events[use].reset_index(drop=True)
        chosen = [place for place, stays in enumerate(use) if stays]
        arrivals = dataclasses.replace(
            self.arrivals,
            events=events,
            hosts=tuple(self.arrivals.hosts[p][keep[p]] for p in chosen),
            later=tuple(self.arrivals.later[p][keep[p]] for p in chosen),
            status=tuple(self.arrivals.status[p][keep[p]] for p in chosen),
            ending=tuple(self.arrivals.ending[p][keep[p]] for p in chosen),
        )
        cut = tuple(
            dataclasses.replace(self.stacks[p], counts=self.stacks[p].counts[keep[p]])
            for p in chosen
        )
        return dataclasses.replace(self, arrivals=arrivals, stacks=cut)

    def without(self, place: int) -> StackedDesign:
        """Without one arrival."""
        stays = tuple(s for p, s in enumerate(self.stacks) if p != place)
        return dataclasses.replace(self, stacks=stays)

    def pooled(self) -> StackedDesign:
        """Every death counts alike, and with it arrivals in proportion to their deaths."""
        alike = tuple(dataclasses.replace(s, weight=1.0) for s in self.stacks)
        return dataclasses.replace(self, stacks=alike, is_pooled=True)

    def since(self, day: pd.Timestamp) -> StackedDesign:
        """The arrivals from the month of a day on."""
        first = day.year * MONTHS + day.month - 1
        late = [p for p, month in enumerate(self.arrivals.events["month"]) if month >= first]

        def of(parts: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(parts[place] for place in late)

        arrivals = dataclasses.replace(
            self.arrivals,
            events=self.arrivals.events.iloc[late].reset_index(drop=True),
            stacks=of(self.arrivals.stacks),
            hosts=of(self.arrivals.hosts),
            later=of(self.arrivals.later),
            ending=of(self.arrivals.ending),
            status=of(self.arrivals.status),
        )
        return dataclasses.replace(self, arrivals=arrivals, stacks=of(self.stacks))


def engine_gap(laid_out: StackedDesign) -> float:
    """Distance of the pooled log ratio from that of a Poisson regression with dummies."""
    import statsmodels.api as sm

    if not laid_out.stacks:
        return 0.0
    frames = []
    for place, stack in enumerate(laid_out.stacks):
        rows, columns = np.nonzero(stack.known)
        # A row or a month without any death has a mean of zero, and no part in the fit.
        y = stack.values[rows, columns]
        alive = (stack.values.sum(axis=1) > 0)[rows] & (stack.values.sum(axis=0) > 0)[columns]
        frames.append(
            pd.DataFrame(
                {
                    "y": y,
                    "treated": (rows == 0) & laid_out.after[columns],
                    "row": [f"{place}.r{r}" for r in rows],
                    "column": [f"{place}.c{c}" for c in columns],
                    "weight": stack.weight,
                }
            )[alive]
        )
    # Two stacks show whether the engines agree; all of them would need thousands of dummies.
    data = pd.concat(frames[:2], ignore_index=True)
    dummies = [
        pd.get_dummies(data["row"], dtype=float),
        pd.get_dummies(data["column"], dtype=float).iloc[:, 1:],
    ]
    x = np.column_stack([data["treated"].astype(float), *(d.to_numpy() for d in dummies)])
    if np.linalg.matrix_rank(x) < x.shape[1]:  # a column of each further stack is a sum of others
        ranks = [np.linalg.matrix_rank(x[:, : column + 1]) for column in range(x.shape[1])]
        x = x[:, np.diff(ranks, prepend=0) > 0]
    model = sm.GLM(
        data["y"].to_numpy(), x, family=sm.families.Poisson(), freq_weights=data["weight"]
    )
    fitted = model.fit(tol=1e-13, maxiter=200)
    own = stacked_poisson(laid_out.stacks[:2], laid_out.after).estimate
    return abs(float(fitted.params[0]) - own)
