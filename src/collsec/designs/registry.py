"""Designs by name, behind one protocol, and what each accepts of a specification.

A design says how an exposure is compared: which kind of measure it takes, how its uncertainty is
judged, which keys of a hypothesis file mean something to it. What it does not honor is refused
when the file is read, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import pandas as pd

from collsec.core.errors import BadSpec
from collsec.core.schema import Role
from collsec.designs.estimate import Estimate, Quantity
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import PARTS, Part
from collsec.hypothesis.specification import Draws, ExposureSpec, Spec
from collsec.survival.inference import Calibration

Task = Callable[[], Part]

# Keys that mean something only to some designs.
ADJUSTMENT, LAGS, LAG, ASSIGNMENT = (
    "adjustment",
    "lags_months",
    "lag_months",
    "inference.assignment_strata",
)
OPTIONAL = (ADJUSTMENT, LAGS, LAG, ASSIGNMENT)


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
        Which of :data:`OPTIONAL` it honors; a file that names another one is refused.
    methods : tuple of str
        Methods of inference that its primary honors.
    further_methods : tuple of str
        Those that a secondary exposure or a placebo may name for itself.
    calibration_blocks : int
        Into how many blocks the draws of its null calibration are split.
    """

    name: str
    kind: str
    honors: frozenset[str]
    methods: tuple[str, ...]
    further_methods: tuple[str, ...]
    calibration_blocks: int

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
    """Register an instance of a class as the design of its ``name``."""
    made = cls()
    DESIGNS[made.name] = made
    return cls


def get(name: str) -> Design:
    """A design by name."""
    return DESIGNS[name]


def check(spec: Spec, where: str) -> None:
    """Refuse what the design of a specification, or one of its parts, does not honor.

    Raises
    ------
    BadSpec
        With the file, the key, its value and what is honored instead.
    """
    for key, value, why in refusals(spec):
        raise BadSpec(f"{where}: key {key}, value {value!r}: {why}")


def refusals(spec: Spec) -> Iterator[tuple[str, Any, str]]:
    """Key, value and reason of everything that would be ignored."""
    found = get(spec.design)

    def is_not(honored: Mapping[str, Any] | tuple[str, ...]) -> str:
        return f"design {spec.design!r} does not honor it. Honored: {', '.join(honored)}."

    if spec.inference.method not in found.methods:
        yield "inference.method", spec.inference.method, is_not(found.methods)
    set_: dict[str, Any] = {
        ADJUSTMENT: spec.adjustment,
        LAGS: spec.lags_months,
        ASSIGNMENT: spec.inference.assignment_strata,
    }
    named = {"exposure": spec.exposure}
    named |= {f"secondary[{i}]": e for i, e in enumerate(spec.secondary)}
    named |= {f"falsification[{i}]": e for i, e in enumerate(spec.falsification)}
    unused = [key for key in OPTIONAL if key not in found.honors]
    honored = tuple(sorted(found.honors))
    for key in unused:
        if set_.get(key):
            yield key, list(set_[key]), is_not(honored)
    for place, exposure in named.items():
        if LAG in unused and exposure.lag_months:
            yield f"{place}.{LAG}", exposure.lag_months, is_not(honored)
        methods = found.methods if place == "exposure" else found.further_methods
        if exposure.inference and exposure.inference not in methods:
            yield f"{place}.inference", exposure.inference, is_not(methods)
    for name in spec.parts:
        part = PARTS[name]
        if part.exposures and spec.exposure.measure not in part.exposures:
            yield (
                "parts",
                name,
                f"the part asks about {' or '.join(part.exposures)}, and the exposure of this "
                f"hypothesis is {spec.exposure.measure!r}.",
            )
        if part.designs and spec.design not in part.designs:
            yield (
                "parts",
                name,
                f"the part belongs to {' or '.join(part.designs)}, and the design of this "
                f"hypothesis is {spec.design!r}.",
            )
