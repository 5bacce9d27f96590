"""What a design is: a layout, an estimator, a reference and a reading; the rest is written here.

A design says how an exposure is compared. Its *layout* says who is compared with whom, and when.
Its *estimator* gives one number and its error. Its *reference* says how the exposure might have
fallen otherwise. Its *reading* names units, outcomes and estimand. All else follows from these: the
primary and what is reported with it, the multiverse, and what is asked of the primary before it
is believed. Which keys of a hypothesis file mean something to a design is part of it: what it does
not honor is refused when the file is read, never ignored.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import pandas as pd

from collsec import measures
from collsec.core.schema import Role
from collsec.designs.checks import ENGINE_TOLERANCE, LEVEL, rejections
from collsec.designs.comparison import identity
from collsec.designs.estimate import EVENTS, Estimate, Quantity, Unit, seed_for
from collsec.designs.inputs import Inputs
from collsec.designs.multiverse import Ratio, tabulated
from collsec.designs.parts import Part
from collsec.histories.registry import enter
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from collsec.hypothesis.validation import ON_THE_DAY, OPTIONAL
from riskset import EstimationError, wald_p_value
from riskset.inference import Calibration

Task = Callable[[], Part]

# Keys that mean something only to some designs.
ADJUSTMENT, LAGS, LAG, ASSIGNMENT, STRATA = OPTIONAL
DAY_STRATA = ON_THE_DAY
#: Years of the record over which exposed outcomes are counted for what another year may bring.
RECENT_YEARS = 10
SANDWICH = "cluster_sandwich"


class Layout(Protocol):
    """Who is compared with whom, when: a value that can be cut to a later time."""

    @property
    def attrition(self) -> pd.DataFrame:
        """Units that remain after each step of the selection."""
        ...

    def since(self, day: pd.Timestamp) -> Any:
        """The same layout from a day on."""
        ...


Laid = TypeVar("Laid", bound=Layout)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """An estimate that every design gives, before it is made; named without the hypothesis."""

    task: str
    name: str
    role: Role
    exposure: ExposureSpec
    level: float
    label: str = ""
    outcome: str | None = None


class Design(Generic[Laid]):
    """How a hypothesis is put to the data.

    A design of one's own derives from one that is there, or from this class, and gives what it
    does otherwise. Four things it must have: a reading (the attributes), a layout
    (:meth:`prepare`, :meth:`rows`, :meth:`counts`), an estimator (:meth:`log_ratio`,
    :meth:`estimate`), and a reference (:meth:`redrawn`, or :meth:`calibrate`).

    Attributes
    ----------
    name : str
        What a hypothesis file calls it.
    kind : str
        Kind of the measures that it takes as exposures: ``exposure`` (spells in calendar time) or
        ``covariate`` (known before onset).
    honors : frozenset of str
        Which of :data:`collsec.hypothesis.validation.OPTIONAL` it honors; a file that names
        another one is refused.
    methods : tuple of str
        Methods of inference that its primary honors.
    further_methods : tuple of str
        Those that a secondary exposure or a placebo may name for itself.
    calibration_blocks : int
        Into how many blocks the draws of its null calibration are split.
    exposed_outcome : str
        What counts as an exposed outcome, in the singular, such as ``arrival``: the verdict rule
        asks for a number of these. ``{event}`` stands for what happens, by the estimand;
        ``{period}`` for that of the outcome.
    estimand : str
        What the primary's ratio is of; empty for what the outcome declares.
    unit : str
        What is compared, in the singular, such as ``war``; ``{unit}`` for that of the outcome.
    clock : str
        At what moment units are compared, such as ``of the same age``: it takes the place of
        ``{clock}`` in the contrast of a measure.
    lag_label : str
        What the estimate at another lag is called; ``{lag}`` stands for its months.
    counted_in : str
        Where the outcomes that it compares are counted, as their measures declare it; empty for
        outcomes that end a follow-up.
    """

    name: str
    kind: str
    honors: frozenset[str] = frozenset()
    methods: tuple[str, ...] = (SANDWICH,)
    further_methods: tuple[str, ...] = (SANDWICH,)
    calibration_blocks: int = 1
    exposed_outcome: str = "exposed {event}"
    estimand: str = ""
    unit: str = "war"
    clock: str = "of the same age"
    lag_label: str = "Lag of {lag} months"
    counted_in: str = ""

    # Layout -----------------------------------------------------------------------------------

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Laid:
        """What the design compares, laid out for one exposure and one outcome."""
        raise NotImplementedError

    def takes(self, outcome: str) -> bool:
        """Whether an outcome is one that it compares."""
        found = measures.get(outcome)
        return not found.cell and found.counted_in == self.counted_in

    def rows(self, inputs: Inputs, laid_out: Laid) -> pd.DataFrame:
        """The rows of a layout as the panel step writes them."""
        raise NotImplementedError

    def counts(self, inputs: Inputs, laid_out: Laid) -> dict[str, Any]:
        """The counts that are reported with an estimate of what was laid out."""
        raise NotImplementedError

    def recent_outcomes(self, inputs: Inputs, laid_out: Laid) -> int:
        """Exposed outcomes of the last :data:`RECENT_YEARS` of the record."""
        raise NotImplementedError

    # Estimator --------------------------------------------------------------------------------

    def estimate(
        self,
        inputs: Inputs,
        prepared: Laid,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """The ratio of one exposure, with the interval of its error unless a design has another.

        Without draws the interval is one that needs none.
        """
        known = self.described(
            inputs, prepared, exposure, estimate_id=estimate_id, role=role, label=label
        )
        try:
            log, error = self.log_ratio(inputs, prepared)
        except EstimationError as reason:
            return Estimate.missing(reason, level=level, **known)
        return Estimate.from_fit(log, error, level=level, power=inputs.study.power, **known)

    def log_ratio(self, inputs: Inputs, laid_out: Laid) -> Ratio:
        """The log ratio and its cluster error, as the multiverse has them.

        Raises
        ------
        EstimationError
            If the data cannot give it.
        """
        raise NotImplementedError

    def leave_one_out(self, inputs: Inputs, laid_out: Laid) -> pd.DataFrame:
        """The ratio without each conflict or mission: ``kind, left_out, hazard_ratio``."""
        return pd.DataFrame({"kind": [], "left_out": [], "hazard_ratio": []})

    def engine_gap(self, inputs: Inputs, laid_out: Laid) -> float:
        """Distance of the log ratio from that of another engine; zero where there is no ratio."""
        raise NotImplementedError

    def proportional_hazards(self, laid_out: Laid) -> float:
        """p-value of the test that the ratio is the same at all times; NaN where there is none."""
        return math.nan

    # Reference --------------------------------------------------------------------------------

    def calibrate(self, inputs: Inputs, prepared: Laid, draws: int, block: int) -> Calibration:
        """One block of the draws of the null calibration: the primary's own test."""
        rejected, estimates, exposed = 0, [], []
        for rng in self.generators(inputs, draws, block):
            drawn = self.redrawn(inputs, prepared, rng)
            try:
                log, error = self.log_ratio(inputs, drawn)
            except EstimationError:
                continue
            rejected += wald_p_value(log, error) < LEVEL
            estimates.append(log)
            exposed.append(float(self.counts(inputs, drawn)["exposed_events"]))
        events = float(np.mean(exposed)) if exposed else math.nan
        return rejections(rejected, events, np.array(estimates))

    def redrawn(self, inputs: Inputs, laid_out: Laid, rng: np.random.Generator) -> Laid:
        """The layout with its exposure as it might have fallen otherwise."""
        raise NotImplementedError

    def generators(self, inputs: Inputs, draws: int, block: int) -> Iterator[np.random.Generator]:
        """Random numbers of each draw of a block: blocks of draws give what one run would."""
        name = f"{inputs.spec.hypothesis}.calibration"
        for draw in range(block, draws, self.calibration_blocks):
            yield np.random.default_rng(seed_for(inputs.study.seed, f"{name}.{draw}"))

    def calibrate_biased(self, inputs: Inputs, draws: int) -> float:
        """Rejection rate of a known-biased estimator that the file declares; NaN if none."""
        return math.nan

    def anticipation(self, inputs: Inputs, laid_out: Laid) -> Calibration | None:
        """Rejection rate of exposures that change nothing but prefer wars that are about to end.

        None where the design has no such placebo.
        """
        return None

    # Reading ----------------------------------------------------------------------------------

    def outcome_label(self, outcome: str) -> str:
        """What the estimate of another outcome is called."""
        return measures.get(outcome).title

    def alongside(
        self, inputs: Inputs, laid_out: Laid, primary: Estimate, draws: Draws
    ) -> list[Estimate]:
        """Estimates that the design reports with every primary."""
        return []

    def doubts(
        self, inputs: Inputs, laid_out: Laid
    ) -> tuple[list[dict[str, Any]], dict[str, Quantity]]:
        """What the design itself holds against its primary, and what a page says of these checks.

        Codes and values of a :class:`collsec.evidence.verdict.Reason`.
        """
        return [], {}

    def groups(self, inputs: Inputs, prepared: Laid) -> Any:
        """Group of each unit in the survival figure: array of str, shape (n_units,)."""
        raise NotImplementedError

    def survival(self, inputs: Inputs, prepared: Laid) -> list[pd.DataFrame]:
        """The survival curve of the units by group; none where nothing is followed in time."""
        return []

    def curves(
        self, inputs: Inputs, prepared: Laid
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """Curves beyond survival by group, and what a page prints from them."""
        return [], {}

    # What follows -----------------------------------------------------------------------------

    def panel(self, inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The primary's panel as it is written, and its attrition table."""
        laid_out = self.prepare(inputs, inputs.spec.exposure)
        return self.rows(inputs, laid_out), laid_out.attrition

    def estimates(self, inputs: Inputs) -> list[Row]:
        """The primary, its lags, other exposures and outcomes, in the order of the results."""
        spec, study = inputs.spec, inputs.study
        own, level = spec.exposure, study.level_of(spec.hypothesis)
        rows = [Row("primary", "primary", Role.PRIMARY, own, level)]
        for lag in spec.lags_months if LAGS in self.honors else ():
            if lag != own.lag_months:  # else the primary itself: one estimate, one interval
                lagged = dataclasses.replace(own, lag_months=lag)
                label = self.lag_label.format(lag=lag)
                rows.append(Row(f"lag.{lag}", f"lag_{lag:02d}", Role.LAG, lagged, level, label))
        usual = study.usual_level
        for other in spec.secondary:
            role = Role.KNOWN_BIASED if other.validity == "known-biased" else Role.SECONDARY
            rows.append(Row(f"secondary.{other.measure}", other.measure, role, other, usual))
        for outcome in spec.outcomes:
            label, task = self.outcome_label(outcome), f"outcome.{outcome}"
            rows.append(Row(task, outcome, Role.OUTCOME, own, usual, label, outcome))
        return rows

    def tasks(self, inputs: Inputs, draws: Draws) -> dict[str, Task]:
        """``primary``, ``lag.N``, ``secondary.MEASURE`` and ``outcome.MEASURE``, by name."""
        return {row.task: partial(self.made, inputs, row, draws) for row in self.estimates(inputs)}

    def made(self, inputs: Inputs, row: Row, draws: Draws) -> Part:
        """One estimate of its own layout; with the primary, what is reported with it."""
        laid_out = self.prepare(inputs, row.exposure, outcome=row.outcome)
        found = self.estimate(
            inputs,
            laid_out,
            row.exposure,
            estimate_id=f"{inputs.spec.hypothesis}.{row.name}",
            role=row.role,
            level=row.level,
            draws=draws.rerandomization_draws,
            label=row.label,
        )
        if row.role is not Role.PRIMARY:
            return Part([found])
        return Part([found, *self.alongside(inputs, laid_out, found, draws)])

    def without_draws(self, inputs: Inputs, prepared: Laid, level: float) -> Estimate:
        """The primary's ratio with an error that needs no random draws."""
        exposure = inputs.spec.exposure
        return self.estimate(
            inputs, prepared, exposure, estimate_id="", role=Role.PRIMARY, level=level, draws=0
        )

    def layouts(
        self, inputs: Inputs, specifications: Sequence[Specification]
    ) -> Callable[[Choices], Laid]:
        """What gives the layout of each specification, so that they may share what is common."""
        return lambda choices: self.prepare(inputs, inputs.spec.exposure, choices=choices)

    def specified(self, inputs: Inputs, specifications: Sequence[Specification]) -> pd.DataFrame:
        """Each specification of the multiverse, estimated with errors that need no draws."""
        return tabulated(
            specifications,
            self.layouts(inputs, specifications),
            partial(self.log_ratio, inputs),
            partial(self.counts, inputs),
            estimand=estimand_of(self.estimand, inputs.spec.outcome),
            level=inputs.study.usual_level,
        )

    def robustness(self, inputs: Inputs) -> Part:
        """What is asked of the primary before it is believed.

        Returns
        -------
        Part
            Records ``without`` (leave-one-out, by column), ``engines_agree``, ``engine_gap``,
            ``proportional_hazards`` and ``describes``; quantities of the checks.
        """
        laid_out = self.prepare(inputs, inputs.spec.exposure)
        try:
            gap = self.engine_gap(inputs, laid_out)
        except EstimationError:  # nothing is estimated, and no engine can say otherwise
            gap = 0.0
        reasons, said = self.doubts(inputs, laid_out)
        placebo = self.anticipation(inputs, laid_out)
        if placebo is not None:
            rate = Quantity(placebo.rejection_rate, Unit.SHARE, digits=1)
            said["eve_of_peace.rejection"] = rate
        constant = self.proportional_hazards(laid_out)
        if not math.isnan(constant):
            said["constant_ratio.p"] = Quantity(constant, Unit.P_VALUE)
        return Part(
            records={
                "without": self.leave_one_out(inputs, laid_out).to_dict(orient="list"),
                "engines_agree": gap <= ENGINE_TOLERANCE,
                "engine_gap": gap,
                "proportional_hazards": constant,
                "describes": reasons,
            },
            quantities=said,
        )

    def since(self, inputs: Inputs, day: pd.Timestamp, level: float) -> Estimate:
        """The primary on follow-up from a day alone; counts where they are too few."""
        laid_out = self.prepare(inputs, inputs.spec.exposure).since(day)
        return self.without_draws(inputs, laid_out, level)

    def outcomes_per_year(self, inputs: Inputs) -> float:
        """Exposed outcomes a year, over the last ten years of the record."""
        laid_out = self.prepare(inputs, inputs.spec.exposure)
        return self.recent_outcomes(inputs, laid_out) / RECENT_YEARS

    def described(
        self,
        inputs: Inputs,
        laid_out: Laid,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        label: str = "",
        outcome: str | None = None,
    ) -> dict[str, Any]:
        """What is known of an estimate before it is made: its identity, estimand and counts."""
        known = identity(inputs, exposure, estimate_id=estimate_id, role=role, label=label)
        known["estimand"] = estimand_of(self.estimand, outcome or inputs.spec.outcome)
        known["inference"] = exposure.inference or inputs.spec.inference.method
        return known | self.counts(inputs, laid_out)


DESIGNS: dict[str, Design[Any]] = {}
AnyDesign = TypeVar("AnyDesign", bound=type)


def design(cls: AnyDesign) -> AnyDesign:
    """Register an instance of a class as the design of its ``name``.

    Raises
    ------
    BadDeclaration
        If another module has registered one of that name.
    """
    enter(DESIGNS, cls())
    return cls


def get(name: str) -> Design[Any]:
    """A design by name."""
    return DESIGNS[name]


def estimand_of(own: str, outcome: str) -> str:
    """What a ratio of an outcome is called: the design's own word, or that of the outcome."""
    return own or measures.get(outcome).estimand


def exposed_outcome(spec: Mapping[str, Any]) -> str:
    """What counts as an exposed outcome of a specification, in the singular."""
    one = DESIGNS[spec["design"]]
    event = EVENTS.get(estimand_of(one.estimand, str(spec["outcome"])), "outcome")
    return one.exposed_outcome.format(event=event, period=_cell(spec)[1])


def unit_of(spec: Mapping[str, Any]) -> str:
    """What a specification compares, in the singular."""
    return DESIGNS[spec["design"]].unit.format(unit=_cell(spec)[0])


def _cell(spec: Mapping[str, Any]) -> tuple[str, str]:
    """Unit and period of an outcome that is counted by period."""
    unit, period = measures.get(str(spec["outcome"])).cell or ("unit", "period")
    return unit, period


def is_timed(spec: Mapping[str, Any]) -> bool:
    """Whether the exposure of a specification begins while a war is going on."""
    return DESIGNS[spec["design"]].kind == "exposure"
