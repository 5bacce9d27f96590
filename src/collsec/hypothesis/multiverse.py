"""The multiverse of a hypothesis: every combination of its declared options, tagged beforehand.

The front matter declares axes, and on each axis options with a validity tag. One specification
takes one option on each axis; its tag is the weakest of theirs. Tags and digests follow from the
file alone, so that they stand before any estimate does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.core.documents import Document, Key
from collsec.core.errors import Fault
from collsec.core.provenance import (
    digest_json,
)
from collsec.hypothesis.options import _ADDING, AS_DECLARED, VALIDITY, Choices, OptionSpec
from collsec.hypothesis.registries import Registries
from collsec.hypothesis.specification import Spec

#: From strongest to weakest; known-biased specifications are shown and never summarized.
AXIS = "axis_"
LARGEST_GRID = 20_000  # combinations of options: more are no multiverse but a mistake


@dataclass(frozen=True, slots=True)
class Specification:
    """One point of the multiverse.

    Attributes
    ----------
    id : str
        Digest of all that determines the estimate.
    options : dict of str
        Option by axis.
    validity : str
        The weakest of its options' tags.
    departures : tuple of str
        Axes on which it is not the primary.
    choices : Choices
    measure : str
        Its exposure.
    lag_months : int
        Its lag; 0 for a measure that has none.
    """

    id: str
    options: dict[str, str]
    validity: str
    departures: tuple[str, ...]
    choices: Choices
    measure: str
    lag_months: int


def expand(spec: Spec, registries: Registries) -> list[Specification]:
    """Every distinct combination of the declared options.

    Combinations that come to the same model (a lag of an exposure that has none) are one
    specification. Axes come by name; their options by tag, the primary's own first.
    """
    axes = sorted(spec.multiverse)
    ordered = [in_order(spec.multiverse[axis]) for axis in axes]
    found: dict[str, Specification] = {}
    for combination in itertools.product(*ordered):
        options = {axis: name for axis, (name, _) in zip(axes, combination, strict=True)}
        chosen = [option for _, option in combination]
        choices = combine(chosen)
        said = content(spec, choices, registries)
        identity = digest_json(said)
        validity = max((o.validity for o in chosen), key=VALIDITY.index)
        departures = tuple(a for a, o in zip(axes, chosen, strict=True) if o.made())
        one = Specification(
            identity, options, validity, departures, choices, said["measure"], said["lag_months"]
        )
        found.setdefault(identity, one)
    return list(found.values())


def in_order(options: dict[str, OptionSpec]) -> list[tuple[str, OptionSpec]]:
    """Options of an axis, the primary's own first, then by tag and name."""

    def key(item: tuple[str, OptionSpec]) -> tuple[bool, int, str]:
        name, option = item
        return bool(option.made()), VALIDITY.index(option.validity), name

    return sorted(options.items(), key=key)


def combine(options: list[OptionSpec]) -> Choices:
    """The choices of several options, one from each axis."""
    together: dict[str, Any] = {}
    for option in options:
        for name, value in option.made().items():
            if name in _ADDING:
                value = tuple(sorted({*together.get(name, ()), *value}))
            together[name] = value
    return Choices(**together)


def content(spec: Spec, choices: Choices, registries: Registries) -> dict[str, Any]:
    """All that determines the estimate of a specification, in one order, as plain JSON."""
    measure = choices.measure or spec.exposure.measure
    lag = spec.exposure.lag_months if choices.lag_months is None else choices.lag_months
    adjustment = adjusted_for(spec, choices)
    return {
        "hypothesis": spec.hypothesis,
        "outcome": spec.outcome,
        "cluster": spec.cluster,
        "measure": measure,
        # A covariate before onset has no lag, nor has an exposure frozen as if it were one.
        "lag_months": lag if registries.has_lag(measure) else 0,
        "components": choices.components and sorted(choices.components),
        "powers": choices.powers and sorted(choices.powers),
        "weights": choices.weights,
        "types": sorted(choices.types or spec.cohort.types),
        "rules": sorted(rules_of(spec, choices)),
        "drop_countries": sorted(choices.drop_countries),
        "gap_years": choices.gap_years or 1,
        "last_year": choices.last_year,
        "strata": sorted(spec.strata if choices.strata is None else choices.strata),
        "adjustment": sorted(adjustment),
    }


def rules_of(spec: Spec, choices: Choices) -> list[str]:
    """Rules of the cohort, the declared ones first."""
    kept = [rule for rule in spec.cohort.rules if rule not in choices.drop_rules]
    return [*kept, *(rule for rule in choices.add_rules if rule not in kept)]


def adjusted_for(spec: Spec, choices: Choices) -> tuple[str, ...]:
    """Covariates that a specification adjusts for."""
    declared = spec.adjustment if choices.adjustment is None else choices.adjustment
    return tuple(name for name in declared if name not in choices.drop_adjustment)


def declared(specifications: list[Specification]) -> pd.DataFrame:
    """One row per specification: ``specification, validity`` and the option on each axis."""
    return pd.DataFrame(
        [
            {"specification": s.id, "validity": s.validity}
            | {f"{AXIS}{axis}": option for axis, option in s.options.items()}
            for s in specifications
        ]
    )


def digest(grid: pd.DataFrame) -> str:
    """Digest of specifications with their tags, whatever their order."""
    return digest_json(sorted(grid[["specification", "validity"]].to_numpy().tolist()))


def check(spec: Spec, document: Document, registries: Registries) -> Iterator[Fault]:
    """What is not clear about what a multiverse varies.

    An axis has exactly one option of the primary's own, which is principled; every other option
    changes something, each something else; and no two axes choose one thing.

    Parameters
    ----------
    spec : Spec
        All names in it exist.
    document : Document
        That it is from.
    registries : Registries
    """
    size = math.prod(len(options) for options in spec.multiverse.values())
    if size > LARGEST_GRID:
        yield document.fault(
            ("multiverse",),
            f"{size:,} combinations; at most {LARGEST_GRID:,} are estimated.",
            remedy="Drop options or an axis.",
        )
        return
    owner: dict[str, str] = {}
    for axis, options in spec.multiverse.items():
        key: Key = ("multiverse", axis)
        own = [name for name, option in options.items() if not option.made()]
        if len(own) != 1:
            yield document.fault(
                key,
                f"{len(own)} options without any choice ({', '.join(own) or 'none'}); "
                "exactly one is needed, which stands for the primary.",
            )
            continue
        if options[own[0]].validity != "principled":
            yield document.fault(
                (*key, own[0], "validity"),
                "the primary's own option must be principled.",
                options[own[0]].validity,
            )
        if len(options) < 2:
            yield document.fault(
                key, "one option varies nothing.", remedy="Name another, or drop the axis."
            )
        seen = [(own[0], content(spec, AS_DECLARED, registries))]
        for name, option in options.items():
            if name == own[0]:
                continue
            here = content(spec, combine([option]), registries)
            for other, there in seen:
                if here == there:
                    problem = f"gives the same specification as {other!r}."
                    yield document.fault((*key, name), problem, remedy="Drop one of them.")
            seen.append((name, here))
            for choice in option.made():
                first = owner.setdefault(choice, axis)
                if first != axis and choice not in _ADDING:
                    yield document.fault(
                        (*key, name, choice),
                        f"axis {first!r} chooses it already; one axis alone may.",
                    )
