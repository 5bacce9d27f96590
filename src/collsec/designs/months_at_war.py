"""Months at war after an act, against wars at risk on the same day in the same strata.

No hazard is modeled: what is compared is how many of the months that follow are months of war,
relapses included, in the war that received the act and in those that might have. Acts need a
complete window. Comparison wars are unexposed on that day and keep what comes later. Beside the
window that begins with the act stand windows that begin some months after it, in both arms, since
an act may fall on a war that is about to end: how often the test rejects where acts that change
nothing fall on such wars is computed and printed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from collsec import measures
from collsec.core.errors import BadSpec
from collsec.core.schema import Role
from collsec.designs import curves as drawn_curves
from collsec.designs.estimate import USUAL, Estimate, Quantity, Scale, Unit, seed_for
from collsec.designs.inputs import Inputs, PanelBuilder, cohort_of
from collsec.designs.kept_together import Series
from collsec.designs.multiverse import Ratio
from collsec.designs.preference import explaining
from collsec.designs.redrawn import EVE_DRAWS, EVE_MONTHS, EVE_WEIGHT, RedrawnDesign
from collsec.designs.registry import DAY_STRATA, LAG, LAGS, RECENT_YEARS, SANDWICH, STRATA, design
from collsec.histories.cohorts import DAY_STRATA as OF_DAY
from collsec.histories.cohorts import STRATA as OF_UNIT
from collsec.histories.cohorts.matched import MatchedSets, match, months_at_war
from collsec.histories.extents import last_day_followed
from collsec.histories.panels import DAYS_PER_MONTH, days_of
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from collsec.measures.months import WINDOW
from riskset import EstimationError, MatchedOutcomes, matched_difference, matched_ratio
from riskset.inference import Calibration, InvertedInterval, set_rerandomization
from riskset.inference.matched_sets import set_rejections

#: Acts are redrawn one by one, or those on one war together.
RERANDOMIZED, TOGETHER = "set_rerandomization", "series_rerandomization"


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
    is_together : bool
        Whether the acts on one war are redrawn together.
    """

    sets: MatchedSets
    outcome: np.ndarray
    window: int
    shift: int
    is_together: bool = False

    @property
    def series(self) -> Series:
        """The sets, with the acts on one war as a series."""
        members, acts = self.sets.members, self.sets.acts
        codes = pd.factorize(pd.concat([members["unit_id"], acts["unit_id"]]))[0]
        return Series(self.numbers(), codes[: len(members)], codes[len(members) :])

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
    """
    spec = inputs.spec
    shift = exposure.lag_months if choices.lag_months is None else choices.lag_months
    window = window_of(outcome)
    strata = spec.strata if choices.strata is None else choices.strata
    builder = PanelBuilder(inputs, ())
    whose = (cohort_of(spec, choices), choices.drop_countries)
    units = builder.cohort(cohort_of(spec, choices)).units
    if choices.drop_countries:
        units = units[~units["gwno_host"].isin(choices.drop_countries)]
    name = choices.measure or exposure.measure
    spells = builder.calendar(name).astype({"conflict_id": "int64"})
    last = last_day_followed(inputs.episodes)
    known = inputs.known_until(name)
    if choices.last_year is not None:
        last = min(last, pd.Timestamp(choices.last_year, 12, 31))
    acts = inputs.once(("acts", name, *whose), lambda: _acts(units, spells))
    steps = [("acts", f"{measures.get(name).title}: begun during a war", len(acts))]
    complete = acts["day"] + pd.to_timedelta(days_of(shift + window), unit="D") <= last
    acts = acts[complete & ((acts["day"] <= known) if known is not None else True)]
    steps.append(("a complete window", f"{shift + window} months of record follow", len(acts)))
    acts = _covered(inputs, acts, strata, steps)
    days = acts["day"]
    values = {
        held: inputs.once(
            (held, days.to_numpy().tobytes(), *whose), partial(_on_days, inputs, units, held, days)
        )
        for held in strata
    }
    sets = match(units, spells, strata, acts, values, steps)
    member = sets.members
    day = sets.acts["day"].to_numpy("datetime64[D]")[member["act"].to_numpy(int)]
    outcome_months = months_at_war(
        inputs.episodes,
        member["conflict_id"].to_numpy(np.int64),
        day + np.timedelta64(days_of(shift), "D"),
        window,
    )
    together = (exposure.inference or spec.inference.method) == TOGETHER
    return Matched(sets, outcome_months, window, shift, together)


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
        return np.tile(np.asarray(OF_UNIT[name]({"episodes": units})), (len(days), 1))
    asked = pd.DataFrame(
        {
            "conflict_id": np.tile(units["conflict_id"].to_numpy(), len(days)),
            "date": np.repeat(days.to_numpy(), len(units)),
        }
    )
    found = np.asarray(OF_DAY[name]({**inputs.timelines, "asked": asked}))
    return found.reshape(len(days), len(units))


RATIO = "ratio_of_months"
FEWEST_ACTS = 3


@design
class MonthsAtWar(RedrawnDesign[Matched]):
    """Acts as units; what followed in the wars that might have received them as comparison."""

    name = "months_at_war"
    kind = "exposure"
    honors = frozenset({LAG, LAGS, STRATA, DAY_STRATA})
    methods = (RERANDOMIZED, TOGETHER)
    further_methods = (RERANDOMIZED, TOGETHER, SANDWICH)
    exposed_outcome = "act with a complete window"
    clock = "going on that day"
    estimand = RATIO
    counted_in = WINDOW
    lag_label = "Window from month {lag} after the act"

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Matched:
        """Matched sets of one exposure, with the months at war in one window."""
        return lay_out(inputs, exposure, outcome or inputs.spec.outcome, choices)

    def rows(self, inputs: Inputs, laid_out: Matched) -> pd.DataFrame:
        """One row per act × war at risk: days at war within the window, and whose act it was."""
        members, window = laid_out.sets.members, days_of(laid_out.window)
        act = members["act"].astype(int).astype(str)
        return pd.DataFrame(
            {
                "unit_id": members["unit_id"].astype(str) + "@" + act,
                "conflict_id": members["conflict_id"],
                "start": 0.0,
                "stop": float(window),
                "event": members["is_own"].astype(bool),
                "months_at_war": laid_out.outcome,
                "gwno_host": members["gwno_host"],
            }
        )

    def counts(self, inputs: Inputs, laid_out: Matched) -> dict[str, Any]:
        """Acts with a complete window, and the wars that they are compared with."""
        return laid_out.counts(inputs.spec.cluster)

    def recent_outcomes(self, inputs: Inputs, laid_out: Matched) -> int:
        """Acts of the last ten years that have a complete window."""
        window = days_of(laid_out.window + laid_out.shift)
        last = last_day_followed(inputs.episodes) - pd.Timedelta(days=window)
        recent = laid_out.sets.acts["day"] > last - pd.DateOffset(years=RECENT_YEARS)
        return int(recent.sum())

    def too_few(self, inputs: Inputs, laid_out: Matched) -> str:
        """Why there are too few acts."""
        acts = len(laid_out.sets.acts)
        few = f"acts with a complete window {acts}; at least {FEWEST_ACTS} are required"
        return few if acts < FEWEST_ACTS else ""

    def log_ratio(self, inputs: Inputs, laid_out: Matched) -> Ratio:
        """The log ratio of months at war, with its error between clusters of acts."""
        found = matched_ratio(laid_out.numbers(inputs.spec.cluster))
        if math.isnan(found.estimate):
            raise EstimationError("no month at war on one of the sides")
        return found.estimate, found.std_error

    def leave_one_out(self, inputs: Inputs, laid_out: Matched) -> pd.DataFrame:
        """The ratio without each conflict that received an act."""
        sets = laid_out.numbers(inputs.spec.cluster)
        conflict = laid_out.sets.acts["conflict_id"].to_numpy()
        return pd.DataFrame(
            [
                ("conflict", str(one), math.exp(sets.log_ratio(conflict != one)))
                for one in np.unique(conflict)
            ],
            columns=["kind", "left_out", "hazard_ratio"],
        )

    def engine_gap(self, inputs: Inputs, laid_out: Matched) -> float:
        """Distance from a weighted Poisson regression."""
        return _engine_gap(laid_out.numbers(inputs.spec.cluster))

    def inverted(
        self, laid_out: Matched, estimate: float, *, draws: int, level: float, seed: int
    ) -> InvertedInterval:
        """By redrawing each act within its set, those on one war together where asked."""
        if laid_out.is_together:
            return laid_out.series.inverted(draws=draws, level=level, seed=seed)
        return set_rerandomization(laid_out.numbers(), draws=draws, level=level, seed=seed)

    def rejected(
        self, laid_out: Matched, draws: int, seed: int, chances: Any = None
    ) -> tuple[int, np.ndarray]:
        """Acts that fall on any member of their set, alike or by weights.

        With weights they fall one by one, whatever the test's own reference.
        """
        if laid_out.is_together:
            return laid_out.series.rejections(draws, 1 - USUAL, seed, chances)
        return set_rejections(laid_out.numbers(), draws, 1 - USUAL, seed, chances)

    def anticipation(self, inputs: Inputs, laid_out: Matched, landmark: int = 0) -> Calibration:
        """Rejection rate of acts that change nothing but prefer wars about to end."""
        to_end = laid_out.sets.members["days_to_end"].to_numpy(float)
        chances = np.where(to_end <= days_of(EVE_MONTHS), EVE_WEIGHT, 1.0)
        return self.placebo(
            inputs, laid_out, f"eve.{laid_out.shift}.{landmark}", EVE_DRAWS, chances
        )

    def alongside(
        self, inputs: Inputs, laid_out: Matched, primary: Estimate, draws: Draws
    ) -> list[Estimate]:
        """The difference in months, and the ratio among wars that were still going on later."""
        exposure = dataclasses.replace(inputs.spec.exposure, lag_months=EVE_MONTHS)
        still = self.estimate(
            inputs,
            self.still_at_war(inputs),
            exposure,
            estimate_id=f"{inputs.spec.hypothesis}.still_at_war",
            role=Role.SECONDARY,
            level=inputs.study.usual_level,
            draws=draws.rerandomization_draws,
            label=f"Still at war in month {EVE_MONTHS}: window from then on",
        )
        return [self.difference(inputs, laid_out, primary), still]

    def still_at_war(self, inputs: Inputs) -> Matched:
        """Sets of wars that go on six months after the act, with the window from then on."""
        exposure = dataclasses.replace(inputs.spec.exposure, lag_months=EVE_MONTHS)
        return self.prepare(inputs, exposure).going_on_after(EVE_MONTHS)

    def difference(self, inputs: Inputs, laid_out: Matched, primary: Estimate) -> Estimate:
        """The primary as a difference in months at war, with its error between clusters."""
        known: dict[str, Any] = {
            **{n: getattr(primary, n) for n in ("hypothesis", "measure", "lag_months", "validity")},
            "estimate_id": f"{inputs.spec.hypothesis}.difference",
            "role": Role.SECONDARY,
            "label": "Difference in months at war",
            "estimand": "difference_in_months",
            "inference": SANDWICH,
            **self.counts(inputs, laid_out),
        }
        level = inputs.study.usual_level
        if len(laid_out.sets.acts) < FEWEST_ACTS:
            return Estimate.missing("too few acts with a complete window", level=level, **known)
        found = matched_difference(laid_out.numbers(inputs.spec.cluster))
        if found.n_clusters < 2:
            return Estimate.missing("all acts in one cluster", level=level, **known)
        return Estimate.from_fit(
            found.estimate,
            found.std_error,
            level=level,
            scale=Scale.DIFFERENCE,
            degrees=found.n_clusters - 1,
            **known,
        )

    def doubts(
        self, inputs: Inputs, laid_out: Matched
    ) -> tuple[list[dict[str, Any]], dict[str, Quantity]]:
        """How often acts on the eve of peace are rejected in later windows too, and how strongly
        they would have to prefer wars about to end, or avoid them, to explain the ratio.
        """
        later = {"still_at_war": self.anticipation(inputs, self.still_at_war(inputs), EVE_MONTHS)}
        for lag in inputs.spec.lags_months:
            if lag != inputs.spec.exposure.lag_months:
                shifted = dataclasses.replace(inputs.spec.exposure, lag_months=lag)
                later[f"lag_{lag:02d}"] = self.anticipation(inputs, self.prepare(inputs, shifted))
        said = {
            f"eve_of_peace.{name}.rejection": Quantity(one.rejection_rate, Unit.SHARE, digits=1)
            for name, one in later.items()
        }
        if laid_out.is_together:
            seed = seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.series")
            rate = laid_out.series.rejected_one_by_one(EVE_DRAWS, 1 - USUAL, seed)
            said["one_by_one.rejection"] = Quantity(rate, Unit.SHARE, digits=1)
            said["series.held"] = Quantity(laid_out.series.held(EVE_DRAWS, seed), Unit.SHARE)
        found = explaining(
            laid_out.numbers(inputs.spec.cluster),
            laid_out.sets.members["days_to_end"].to_numpy(float) <= days_of(EVE_MONTHS),
            alpha=1 - inputs.study.level_of(inputs.spec.hypothesis),
            seed=seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.preference"),
        )
        way = "prefer" if found.is_toward else "avoid"
        return [], said | {
            "preference.way": Quantity(way, Unit.TEXT),
            "preference.point": Quantity(found.point, Unit.RATIO),
            "preference.limit": Quantity(found.limit, Unit.RATIO),
        }

    def groups(self, inputs: Inputs, prepared: Matched) -> np.ndarray:
        """Those that received the act, and those that might have."""
        own = prepared.sets.members["is_own"].to_numpy(bool)
        return np.where(own, "After the act", "Wars at risk on the same day")

    def survival(self, inputs: Inputs, prepared: Matched) -> list[pd.DataFrame]:
        """Share at war by month since the act, relapses included, in either arm."""
        horizon = prepared.window + prepared.shift
        members = prepared.sets.members
        day = prepared.sets.acts["day"].to_numpy("datetime64[D]")[members["act"].to_numpy(int)]
        at_war = _at_war(inputs.episodes, members["conflict_id"].to_numpy(np.int64), day, horizon)
        own = members["is_own"].to_numpy(bool)
        size = np.bincount(members["act"].to_numpy(int))[members["act"].to_numpy(int)]
        made = []
        for name, weight in (
            ("After the act", own.astype(float)),
            ("Wars at risk on the same day", np.where(own, 0.0, 1.0 / (size - 1))),
        ):
            share = weight @ at_war / weight.sum()
            at = pd.DataFrame(
                {
                    "share": share,
                    "ci_low": np.nan,
                    "ci_high": np.nan,
                    "at_risk": float((weight > 0).sum()),
                }
            )
            months = drawn_curves.whole_months(horizon)
            made.append(drawn_curves.family("survival", name, months, at, "share"))
        return made

    def curves(
        self, inputs: Inputs, prepared: Matched
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """What a page says of the acts and the wars that they are compared with."""
        members = prepared.sets.members
        is_own = members["is_own"].to_numpy(bool)
        months = prepared.numbers()
        age = members["age_days"].to_numpy(float) / DAYS_PER_MONTH
        ages = dataclasses.replace(months, outcome=age)
        coarsened = int((prepared.sets.acts["strata"] < len(inputs.spec.strata)).sum())
        expected, (low, high) = float(months.expected.mean()), inputs.spec.estimand.no_effect
        return [], {
            "acts": Quantity(len(prepared.sets.acts), Unit.COUNT),
            "window": Quantity(prepared.window, Unit.MONTHS, digits=0),
            "coarsened": Quantity(coarsened, Unit.COUNT),
            "own.months": Quantity(float(months.treated.mean()), Unit.MONTHS),
            "others.months": Quantity(expected, Unit.MONTHS),
            "margin.low": Quantity((low - 1) * expected, Unit.MONTHS, digits=1),
            "margin.high": Quantity((high - 1) * expected, Unit.MONTHS, digits=1),
            "own.age": Quantity(float(age[is_own].mean()), Unit.MONTHS, digits=0),
            "others.age": Quantity(float(ages.expected.mean()), Unit.MONTHS, digits=0),
        }


def _engine_gap(sets: MatchedOutcomes) -> float:
    """Distance of the log ratio from that of a weighted Poisson regression."""
    import statsmodels.api as sm

    if math.isnan(sets.log_ratio()):
        return 0.0
    weight = np.where(sets.is_treated, 1.0, 1.0 / (sets.size[sets.set_of] - 1))
    x = np.column_stack([np.ones(len(weight)), sets.is_treated.astype(float)])
    model = sm.GLM(sets.outcome, x, family=sm.families.Poisson(), freq_weights=weight)
    fitted = model.fit(tol=1e-12, maxiter=100)
    return abs(float(fitted.params[1]) - sets.log_ratio())


def _at_war(
    episodes: pd.DataFrame, conflict: np.ndarray, day: np.ndarray, horizon: int
) -> np.ndarray:
    """Whether each conflict is at war so many months after a day: shape (n, horizon + 1)."""
    wars = episodes.groupby("conflict_id")
    spans: dict[Any, tuple[np.ndarray, np.ndarray]] = {
        name: (
            own["onset_date"].to_numpy("datetime64[D]"),
            own["exit_date"].to_numpy("datetime64[D]"),
        )
        for name, own in wars
    }
    offsets = np.round(np.arange(horizon + 1) * DAYS_PER_MONTH).astype(int)
    found = np.zeros((len(conflict), horizon + 1))
    for row, (one, begin) in enumerate(zip(conflict, day, strict=True)):
        first, last = spans[int(one)]
        moment = (begin + offsets.astype("timedelta64[D]"))[:, None]
        found[row] = ((first <= moment) & (moment < last)).any(axis=1)
    return found
