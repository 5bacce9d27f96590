"""Designs by name, behind one protocol, and what each accepts of a specification.

A design says how an exposure is compared: which kind of measure it takes, how its uncertainty is
judged, which keys of a hypothesis file mean something to it. What it does not honor is refused
when the file is read, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import pandas as pd

from collsec import measures
from collsec.core.schema import Role
from collsec.designs.estimate import EVENTS, Estimate, Quantity
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Part
from collsec.histories.registry import enter
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from collsec.hypothesis.validation import ON_THE_DAY, OPTIONAL
from riskset.inference import Calibration

Task = Callable[[], Part]

# Keys that mean something only to some designs.
ADJUSTMENT, LAGS, LAG, ASSIGNMENT = OPTIONAL
DAY_STRATA = ON_THE_DAY


class Design(Protocol):
    """How a hypothesis is put to the data.

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
    """

    name: str
    kind: str
    honors: frozenset[str]
    methods: tuple[str, ...]
    further_methods: tuple[str, ...]
    calibration_blocks: int
    exposed_outcome: str
    estimand: str
    unit: str
    clock: str

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> Any:
        """What the design compares, laid out for one exposure and one outcome.

        A :class:`~collsec.designs.inputs.Prepared` where it is a Cox model of units followed in
        time; a layout of its own where it is not.
        """
        ...

    def counts(self, inputs: Inputs, prepared: Any) -> dict[str, Any]:
        """The counts that stand alongside an estimate of what was laid out."""
        ...

    def panel(self, inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The primary's panel as it is written, and its attrition table."""
        ...

    def tasks(self, inputs: Inputs, draws: Draws) -> dict[str, Task]:
        """``primary``, ``lag.N``, ``secondary.MEASURE`` and ``outcome.MEASURE``, by name."""
        ...

    def estimate(
        self,
        inputs: Inputs,
        prepared: Prepared,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """Hazard ratio of one exposure, with the interval of its method."""
        ...

    def without_draws(self, inputs: Inputs, prepared: Prepared, level: float) -> Estimate:
        """The primary's hazard ratio with an error that needs no random draws."""
        ...

    def calibrate(self, inputs: Inputs, prepared: Prepared, draws: int, block: int) -> Calibration:
        """One block of the draws of the null calibration: the primary's own test."""
        ...

    def calibrate_biased(self, inputs: Inputs, draws: int) -> float:
        """Rejection rate of a known-biased estimator that the file declares; NaN if none."""
        ...

    def specified(self, inputs: Inputs, specifications: Sequence[Specification]) -> pd.DataFrame:
        """Each specification of the multiverse, estimated with errors that need no draws."""
        ...

    def robustness(self, inputs: Inputs) -> dict[str, Any]:
        """``without`` (leave-one-out, by column), ``engines_agree``, ``engine_gap``,
        ``proportional_hazards``."""
        ...

    def since(self, inputs: Inputs, day: pd.Timestamp, level: float) -> Estimate:
        """The primary on follow-up from a day alone; counts where they are too few."""
        ...

    def outcomes_per_year(self, inputs: Inputs) -> float:
        """Exposed outcomes a year, over the last ten years of the record."""
        ...

    def survival(self, inputs: Inputs, prepared: Prepared) -> list[pd.DataFrame]:
        """The survival curve of the units by group; none where nothing is followed in time."""
        ...

    def groups(self, inputs: Inputs, prepared: Prepared) -> Any:
        """Group of each unit in the survival figure: array of str, shape (n_units,)."""
        ...

    def curves(
        self, inputs: Inputs, prepared: Prepared
    ) -> tuple[list[pd.DataFrame], dict[str, Quantity]]:
        """Curves beyond survival by group, and what a page prints from them."""
        ...


DESIGNS: dict[str, Design] = {}
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


def get(name: str) -> Design:
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
