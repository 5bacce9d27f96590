"""The register of measures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from collsec.core.errors import BadSpec, nearest
from collsec.histories.registry import BadDeclaration, Declared, Function, declaration, enter

KINDS = ("exposure", "covariate", "outcome", "ever", "by_period")


@dataclass(frozen=True, slots=True)
class Measure(Declared):
    """A named measure.

    Attributes
    ----------
    kind : str
        ``exposure`` (spells in calendar time), ``covariate`` (one value per episode, before
        onset), ``outcome``, or ``ever`` (a post-onset exposure frozen as if known at onset: it
        manufactures effects and is refused unless tagged ``known-biased``).
    title : str
        What a reader sees.
    known_until : str or None
        Extent of the record on which it rests: days after its last one are not unexposed but
        unknown, and follow-up ends with it.
    options : mapping of str to tuple of str
        Allowed values of each option; the options are the keyword-only parameters of the function.
    is_own : bool
        Whether it is a covariate of one hypothesis' own, which no other one may name.
    contrast : tuple of str
        Who is compared with whom where it is the primary's exposure: those, and others. Empty
        for the default, by the title. ``{clock}`` is filled by the design: ``of the same age``;
        ``{lag}`` by the lag: ``for six months``, or nothing.
    act : str
        What an exposure begins with, as a figure calls it.
    estimand : str
        What a ratio of the rates of an outcome is called.
    noun : str
        What an outcome counts or waits for, as a sentence has it: ``new disputes``, ``a lull``.
    cell : tuple of str
        Unit and period of an outcome that is counted by period: ``("state", "year")``.
    counted_in : str
        Where an outcome that is no end of follow-up and has no cell is counted, such as ``window``
        (the months after an act): designs know by it what they can compare.
    """

    kind: str
    title: str
    known_until: str | None = None
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_own: bool = False
    contrast: tuple[str, ...] = ()
    act: str = "The act"
    estimand: str = "hazard_ratio"
    noun: str = ""
    cell: tuple[str, ...] = ()
    counted_in: str = ""

    @property
    def gives(self) -> tuple[str, ...]:
        """Columns that its result has; none where it is one value for each episode.

        An outcome that is counted in a way of a design's own has the columns that the design says.
        """
        if self.kind != "outcome":
            return COLUMNS.get(self.kind, ())
        return ("unit_id", "period", "count") if self.cell else COUNTED.get(self.counted_in, ())


#: Columns of the result of a measure, by its kind; and of an outcome, by what it is counted in.
COLUMNS = {
    "exposure": ("conflict_id", "on_date", "off_date"),
    "ever": ("conflict_id", "on_date", "off_date"),
    "by_period": ("unit_id", "period", "exposure"),
}
COUNTED = {
    "": ("exit_date", "is_event"),
    "window": ("conflict_id", "onset_date", "exit_date"),
}
MEASURES: dict[str, Measure] = {}


def measure(
    kind: str,
    title: str,
    *,
    uses: Iterable[str],
    known_until: str | None = None,
    options: Mapping[str, tuple[str, ...]] | None = None,
    contrast: tuple[str, ...] = (),
    act: str = "The act",
    estimand: str = "hazard_ratio",
    noun: str = "",
    cell: tuple[str, ...] = (),
    counted_in: str = "",
) -> Callable[[Function], Function]:
    """Register a function as a measure under its own name.

    Its positional parameters name what it takes: an exposure, timelines; a covariate or an
    outcome, ``episodes`` first (those that are followed), and further frames.

    Parameters
    ----------
    kind, title, known_until, options, contrast, act, estimand, noun, cell, counted_in
        As in :class:`Measure`.
    uses : iterable of str
        Columns that it reads, ``"<frame>.<column>"``; the unit and the dates of a timeline too.

    Raises
    ------
    BadDeclaration
        If parameters, options and columns do not belong together, or the kind is unknown.
    """

    def register(function: Function) -> Function:
        name, takes, columns = declaration(function, uses)
        allowed = {option: tuple(values) for option, values in (options or {}).items()}
        parameters = inspect.signature(function).parameters.values()
        named = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        if kind not in KINDS:
            raise BadDeclaration(f"{name}: kind {kind!r} is none of {', '.join(KINDS)}.")
        if named != allowed.keys():
            raise BadDeclaration(
                f"{name}: keyword-only parameters {sorted(named)} and options {sorted(allowed)} "
                "must be the same."
            )
        enter(
            MEASURES,
            Measure(
                name,
                function,
                takes,
                columns,
                kind,
                title,
                known_until,
                allowed,
                contrast=contrast,
                act=act,
                estimand=estimand,
                noun=noun,
                cell=cell,
                counted_in=counted_in,
            ),
        )
        return function

    return register


class _Shared(Mapping[str, Measure]):
    """The measures that any hypothesis may name, as they are registered at any time."""

    def __getitem__(self, name: str) -> Measure:
        if MEASURES[name].is_own:
            raise KeyError(name)
        return MEASURES[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, m in MEASURES.items() if not m.is_own)

    def __len__(self) -> int:
        return sum(1 for _ in self)


SHARED: Mapping[str, Measure] = _Shared()


def names(kind: str | None = None) -> list[str]:
    """Names of the registered measures, of one kind or all."""
    return sorted(n for n, m in MEASURES.items() if kind is None or m.kind == kind)


def get(name: str, *kinds: str) -> Measure:
    """A measure by name.

    Raises
    ------
    BadSpec
        If there is no such measure of the kinds asked for; the nearest name is given.
    """
    allowed = [n for n in names() if not kinds or MEASURES[n].kind in kinds]
    if name in allowed:
        return MEASURES[name]
    what = " or ".join(kinds) if kinds else "measure"
    raise BadSpec(f"unknown {what} {name!r}.{nearest(name, allowed)} Known: {', '.join(allowed)}.")
