"""What a specification may name: handed in, so that this room knows no measure and no design."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


class Measured(Protocol):
    """A measure, as far as a specification is concerned."""

    @property
    def kind(self) -> str:
        """``exposure``, ``covariate``, ``outcome``, or ``ever`` (frozen as if known at onset)."""
        ...

    @property
    def options(self) -> Mapping[str, tuple[str, ...]]:
        """Choices that an option of the multiverse may make for it, and their allowed values."""
        ...

    @property
    def is_own(self) -> bool:
        """Whether it is a covariate of one hypothesis' own, which no other one may name."""
        ...


class Designed(Protocol):
    """A design, as far as a specification is concerned."""

    @property
    def kind(self) -> str:
        """Kind of the measures that it takes as exposures."""
        ...

    @property
    def honors(self) -> Collection[str]:
        """Keys of :data:`collsec.hypothesis.validation.OPTIONAL` that mean something to it."""
        ...

    @property
    def methods(self) -> Collection[str]:
        """Methods of inference of its primary."""
        ...

    @property
    def further_methods(self) -> Collection[str]:
        """Methods that a secondary exposure or a placebo may name for itself."""
        ...

    def takes(self, outcome: str) -> bool:
        """Whether an outcome is one that it compares."""
        ...


class Parted(Protocol):
    """A part, as far as a specification is concerned."""

    @property
    def exposures(self) -> Collection[str]:
        """Measures of which one must be the exposure; empty where it follows any."""
        ...

    @property
    def designs(self) -> Collection[str]:
        """Designs that it can be part of; empty for every one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """Everything that a specification may name, by what it is.

    Attributes
    ----------
    measures : mapping of str to Measured
        The register itself: a module that a page brings along adds to it.
    designs : mapping of str to Designed
    parts : mapping of str to Parted
    rules, strata, clusters, verdicts : collection of str
        Rules of cohorts; strata; columns of clusters; codes of verdicts.
    day_strata : collection of str
        Strata that are asked on the day of an act.
    tables : mapping of str to collection of str
        Columns of the study's own raw tables, by name.
    claims, sources : collection of str or None
        Ids of the coded claims, and keys of the sources; None where their own table cannot be
        read, which is a fault of that table alone.
    """

    measures: Mapping[str, Measured]
    designs: Mapping[str, Designed]
    parts: Mapping[str, Parted]
    rules: Collection[str]
    strata: Collection[str]
    clusters: Collection[str]
    verdicts: Collection[str]
    tables: Mapping[str, Collection[str]]
    claims: Collection[str] | None
    sources: Collection[str] | None
    day_strata: Collection[str] = ()

    def measure(self, name: str) -> Measured | None:
        """A measure that any hypothesis may name; none where there is no such."""
        found = self.measures.get(name)
        return None if found is None or found.is_own else found

    def measures_of(self, *kinds: str) -> list[str]:
        """Names of the measures of some kinds that any hypothesis may name."""
        return sorted(n for n, m in self.measures.items() if m.kind in kinds and not m.is_own)

    def has_lag(self, name: str) -> bool:
        """Whether a measure is a timed exposure, which can count from some months later."""
        found = self.measure(name)
        return found is not None and found.kind == "exposure"
