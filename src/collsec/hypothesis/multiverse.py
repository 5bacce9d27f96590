"""The multiverse of a hypothesis: every combination of its declared options, tagged beforehand.

The front matter declares axes, and on each axis options with a validity tag. One specification
takes one option on each axis; its tag is the weakest of theirs. Tags and digests follow from the
file alone, so that they stand before any estimate does.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from collsec.core.errors import BadSpec
from collsec.core.provenance import digest_json

if TYPE_CHECKING:
    from collsec.hypothesis.specification import Spec

#: From strongest to weakest; known-biased specifications are shown and never summarized.
VALIDITY = ("principled", "plausible", "known-biased")
AXIS = "axis_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is done otherwise than in the primary; as there, where a field is empty.

    Attributes
    ----------
    lag_months : int or None
    measure : str or None
        Exposure in place of the declared one.
    components, powers : tuple of str or None
        Components of the tie, and powers whose ties count, of an interest index.
    weights : str or None
        ``equal`` or ``principal_component``: how the index weighs its components.
    types, strata, adjustment : tuple of str or None
        In place of the declared ones.
    add_rules, drop_rules : tuple of str
        Cohort rules beside, and out of, the declared ones.
    drop_adjustment : tuple of str
        Covariates that have no variation once other choices hold.
    drop_countries : tuple of int
        Host states left out.
    gap_years : int or None
        Years without activity that end an episode, one as UCDP has it.
    last_year : int or None
        Follow-up ends with this year.
    """

    lag_months: int | None = None
    measure: str | None = None
    components: tuple[str, ...] | None = None
    powers: tuple[str, ...] | None = None
    weights: str | None = None
    types: tuple[str, ...] | None = None
    strata: tuple[str, ...] | None = None
    adjustment: tuple[str, ...] | None = None
    add_rules: tuple[str, ...] = ()
    drop_rules: tuple[str, ...] = ()
    drop_adjustment: tuple[str, ...] = ()
    drop_countries: tuple[int, ...] = ()
    gap_years: int | None = None
    last_year: int | None = None

    def made(self) -> dict[str, Any]:
        """The fields that are not empty."""
        every = {f.name: getattr(self, f.name) for f in dataclasses.fields(Choices)}
        # An empty tuple of strata or covariates is a choice of its own: none of them.
        return {
            name: value
            for name, value in every.items()
            if value is not None and (value != () or name not in _ADDING)
        }


# Fields of which several options may each add some; every other one belongs to a single axis.
_ADDING = ("add_rules", "drop_rules", "drop_adjustment", "drop_countries")
AS_DECLARED = Choices()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec(Choices):
    """One option on an axis: what it does otherwise, and how far it can be trusted.

    An option without any choice is the primary's own.
    """

    validity: str
    label: str


Axes = dict[str, dict[str, OptionSpec]]


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
    """

    id: str
    options: dict[str, str]
    validity: str
    departures: tuple[str, ...]
    choices: Choices


def expand(spec: Spec) -> list[Specification]:
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
        identity = digest_json(content(spec, choices))
        validity = max((o.validity for o in chosen), key=VALIDITY.index)
        departures = tuple(a for a, o in zip(axes, chosen, strict=True) if o.made())
        found.setdefault(identity, Specification(identity, options, validity, departures, choices))
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


def content(spec: Spec, choices: Choices) -> dict[str, Any]:
    """All that determines the estimate of a specification, in one order, as plain JSON."""
    from collsec.measures import MEASURES

    measure = choices.measure or spec.exposure.measure
    lag = spec.exposure.lag_months if choices.lag_months is None else choices.lag_months
    adjustment = adjusted_for(spec, choices)
    return {
        "hypothesis": spec.hypothesis,
        "outcome": spec.outcome,
        "cluster": spec.cluster,
        "measure": measure,
        # A covariate before onset has no lag, nor has an exposure frozen as if it were one.
        "lag_months": lag if MEASURES[measure].kind == "exposure" else 0,
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


def check(spec: Spec, where: str) -> None:
    """Refuse a multiverse that does not say clearly what it varies.

    Raises
    ------
    BadSpec
        If an axis has no option of the primary's own, or several, or that one is not principled;
        if an option changes nothing or is the same as another; if two axes choose one thing.
    """
    owner: dict[str, str] = {}
    primary = content(spec, AS_DECLARED)
    for axis, options in spec.multiverse.items():
        key = f"{where}: key multiverse.{axis}"
        own = [name for name, option in options.items() if not option.made()]
        if len(own) != 1:
            raise BadSpec(
                f"{key}: {len(own)} options without any choice ({', '.join(own) or 'none'}); "
                "exactly one is needed, which stands for the primary."
            )
        if options[own[0]].validity != "principled":
            raise BadSpec(
                f"{key}.{own[0]}.validity, value {options[own[0]].validity!r}: "
                "the primary's own option must be principled."
            )
        if len(options) < 2:
            raise BadSpec(f"{key}: one option varies nothing; name another, or drop the axis.")
        seen = [(own[0], primary)]
        for name, option in options.items():
            if name == own[0]:
                continue
            here = content(spec, combine([option]))
            for other, there in seen:
                if here == there:
                    raise BadSpec(f"{key}.{name}: gives the same specification as {other!r}.")
            seen.append((name, here))
            for choice in option.made():
                first = owner.setdefault(choice, axis)
                if first != axis and choice not in _ADDING:
                    raise BadSpec(
                        f"{key}.{name}.{choice}: axis {first!r} chooses it already; "
                        "one axis alone may."
                    )
