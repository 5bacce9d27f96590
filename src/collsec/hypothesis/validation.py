"""What no specification may do: name what does not exist, say what no engine honors, or use a
design that manufactures effects.

An exposure after onset frozen as if it were known at onset is refused unless tagged
``known-biased``. Every fault is found, not the first alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from collsec.core.documents import Document, Key
from collsec.core.errors import BadSpec, Fault
from collsec.core.project import Project
from collsec.hypothesis import multiverse
from collsec.hypothesis.extension import load_modules, own_tables
from collsec.hypothesis.options import OptionSpec
from collsec.hypothesis.registries import Registries
from collsec.hypothesis.specification import TYPES, ExposureSpec, Spec, read

#: Keys that mean something only to some designs; ``lag_months`` is that of any exposure.
OPTIONAL = (
    "adjustment",
    "lags_months",
    "lag_months",
    "inference.assignment_strata",
    "strata",
)
#: What a design honors that asks for the state of wars on the day of an act.
ON_THE_DAY = "strata of the day"


def check(
    spec: Spec,
    document: Document,
    registries: Registries,
    own_tables: Mapping[str, Collection[str]] = {},
) -> Iterator[Fault]:
    """Everything that is wrong with a specification whose shape is right.

    Parameters
    ----------
    spec : Spec
    document : Document
        The front matter that it is from, for lines.
    registries : Registries
        What exists.
    own_tables : mapping of str to collection of str
        Columns of the tables that the page brings along, by name.

    Yields
    ------
    Fault
        With the file, the line, the key, its value and what is known instead.
    """
    faults = [*_names(spec, document, registries), *_values(spec, document)]
    faults += _exposures(spec, document, registries)
    faults += _amendments(spec, document)
    faults += _parts(spec, document, registries)
    faults += _covariates(spec, document, registries, own_tables)
    if spec.design in registries.designs:
        faults += _honored(spec, document, registries)
    yield from faults
    if not faults:
        yield from multiverse.check(spec, document, registries)


def _names(spec: Spec, document: Document, registries: Registries) -> Iterator[Fault]:
    """Names that do not exist, wherever they stand but in exposures."""
    covariates = {*registries.measures_of("covariate"), *spec.covariates}
    outcomes = registries.measures_of("outcome")
    named: list[tuple[Key, tuple[str, ...], Iterable[str] | None]] = [
        (("claims",), spec.claims, registries.claims),
        (("cites",), spec.cites, registries.sources),
        (("cohort", "types"), spec.cohort.types, TYPES),
        (("cohort", "rules"), spec.cohort.rules, registries.rules),
        (("strata",), spec.strata, _strata(spec, registries) or None),
        (
            ("inference", "assignment_strata"),
            spec.inference.assignment_strata,
            registries.strata,
        ),
        (("adjustment",), spec.adjustment, covariates),
        (("outcomes",), spec.outcomes, outcomes),
        (("parts",), spec.parts, registries.parts),
        (("reachable_verdicts",), spec.reachable_verdicts, registries.verdicts),
    ]
    single: list[tuple[Key, str, Iterable[str]]] = [
        (("design",), spec.design, registries.designs),
        (("cluster",), spec.cluster, registries.clusters),
        (("outcome",), spec.outcome, outcomes),
    ]
    single += [
        ((*key, i), name, allowed)
        for key, names, allowed in named
        if allowed is not None
        for i, name in enumerate(names)
    ]
    for axis, options in spec.multiverse.items():
        for name, option in options.items():
            key: Key = ("multiverse", axis, name)
            single += _of_option(spec, option, key, covariates, registries)
            yield from _index_choices(spec, option, document, key, registries)
    for key, name, allowed in single:
        if name not in allowed:
            yield document.unknown(key, name, allowed)


def _strata(spec: Spec, registries: Registries) -> list[str]:
    """Strata that the design may name: those of the day only where it asks for that day."""
    found = registries.designs.get(spec.design)
    honors = ("strata",) if found is None else found.honors
    of_unit = registries.strata if "strata" in honors else ()
    of_day = registries.day_strata if ON_THE_DAY in honors else ()
    return [*of_unit, *of_day]


def _of_option(
    spec: Spec, option: OptionSpec, key: Key, covariates: set[str], registries: Registries
) -> Iterator[tuple[Key, str, Iterable[str]]]:
    """Every name in an option, and the names that are allowed there."""
    allowed: dict[str, Iterable[str]] = {
        "types": TYPES,
        "strata": _strata(spec, registries),
        "adjustment": covariates,
        "drop_adjustment": covariates,
        "add_rules": registries.rules,
        "drop_rules": spec.cohort.rules,
    }
    made = option.made()
    if not allowed["strata"]:  # the design honors none, which is a fault of its own
        del allowed["strata"]
    for choice, names in allowed.items():
        for i, name in enumerate(made.get(choice) or ()):
            yield (*key, choice, i), name, names


def _index_choices(
    spec: Spec, option: OptionSpec, document: Document, key: Key, registries: Registries
) -> Iterator[Fault]:
    """Choices that only some measures take, such as the components of an index."""
    measure = option.measure or spec.exposure.measure
    if (found := registries.measure(measure)) is None:
        return
    taken = found.options
    for choice in ("components", "powers", "weights"):
        value = getattr(option, choice)
        if value is None:
            continue
        if choice not in taken:
            able = sorted(n for n, m in registries.measures.items() if choice in m.options)
            yield document.fault(
                (*key, choice),
                f"the measure {measure!r} takes no {choice}.",
                value,
                f"It belongs to {' and '.join(map(repr, able)) or 'no measure'}.",
            )
            continue
        if value == ():
            yield document.fault((*key, choice), "is empty; fill it in.", value)
        for name in (value,) if isinstance(value, str) else value:
            if name not in taken[choice]:
                yield document.unknown((*key, choice), name, taken[choice])


def _values(spec: Spec, document: Document) -> Iterator[Fault]:
    """Bounds that are reversed, and exposures that stand twice."""
    low, high = spec.estimand.no_effect
    if not 0 < low < 1 < high:
        yield document.fault(
            ("estimand", "no_effect"),
            "must be two hazard ratios around 1, such as [0.8, 1.25].",
            spec.estimand.no_effect,
        )
    if spec.estimand.literature is not None:
        low, high = spec.estimand.literature
        if not 0 < low < high:
            yield document.fault(
                ("estimand", "literature"),
                "must be two positive ratios, the smaller first, such as [0.25, 0.5].",
                spec.estimand.literature,
            )
    for key, exposures in (("secondary", spec.secondary), ("falsification", spec.falsification)):
        measures = [e.measure for e in exposures]
        for i, name in enumerate(measures):
            if name in measures[:i]:
                yield document.fault((key, i, "measure"), "stands twice; keep one.", name)
    if spec.outcome in spec.outcomes:
        place = spec.outcomes.index(spec.outcome)
        yield document.fault(("outcomes", place), "is the primary's own outcome.", spec.outcome)


def _named(spec: Spec) -> list[tuple[Key, ExposureSpec]]:
    """Every exposure that a specification names, by its key."""
    named: list[tuple[Key, ExposureSpec]] = [(("exposure",), spec.exposure)]
    named += [(("secondary", i), e) for i, e in enumerate(spec.secondary)]
    named += [(("falsification", i), e) for i, e in enumerate(spec.falsification)]
    for axis, options in spec.multiverse.items():
        for name, option in options.items():
            if option.measure is not None:
                exposure = ExposureSpec(option.measure, validity=option.validity)
                named.append((("multiverse", axis, name), exposure))
    return named


def _exposures(spec: Spec, document: Document, registries: Registries) -> Iterator[Fault]:
    """Exposures that do not exist, that cannot lag, or that make time immortal."""
    if spec.design not in registries.designs:
        return
    kind = registries.designs[spec.design].kind
    allowed = {*registries.measures_of(kind, "ever")}
    if kind == "covariate":
        allowed |= set(spec.covariates)
    for key, exposure in _named(spec):
        place, name = (*key, "measure"), exposure.measure
        if name not in allowed:
            yield document.unknown(place, name, allowed)
            continue
        if (found := registries.measure(name)) is None or found.kind != "ever":
            continue
        if exposure.lag_months:
            problem = f"the measure {name!r} counts from onset, and has no lag."
            yield document.fault((*key, "lag_months"), problem, exposure.lag_months, "Drop it.")
        if exposure.validity != "known-biased":
            yield document.fault(
                place,
                "an exposure that came after onset cannot be used as if it were known at onset "
                "(immortal time: under random deployment it rejects nearly always).",
                name,
                "Use a time-varying exposure, or tag it `validity: known-biased` to show the bias.",
            )
        elif key == ("exposure",):
            yield document.fault(place, "a known-biased design cannot be primary.", name)


def _honored(spec: Spec, document: Document, registries: Registries) -> Iterator[Fault]:
    """Keys and methods that the design does not honor."""
    design = registries.designs[spec.design]
    if spec.inference.method not in design.methods:
        yield document.unknown(("inference", "method"), spec.inference.method, design.methods)
    set_: list[tuple[str, Key, Any]] = [
        ("adjustment", ("adjustment",), spec.adjustment),
        ("lags_months", ("lags_months",), spec.lags_months),
        (
            "inference.assignment_strata",
            ("inference", "assignment_strata"),
            spec.inference.assignment_strata,
        ),
    ]
    set_ += [("lag_months", (*key, "lag_months"), e.lag_months) for key, e in _named(spec)]
    if not _strata(spec, registries):
        set_.append(("strata", ("strata",), spec.strata))
        set_ += [
            ("strata", ("multiverse", axis, name, "strata"), option.strata)
            for axis, options in spec.multiverse.items()
            for name, option in options.items()
        ]
    for name, key, value in set_:
        if value and name not in design.honors:
            problem = f"the design {spec.design!r} does not honor this key."
            yield document.fault(key, problem, value, "Drop it.")
    outcomes: list[tuple[Key, str]] = [(("outcome",), spec.outcome)]
    outcomes += [(("outcomes", place), name) for place, name in enumerate(spec.outcomes)]
    for key, name in outcomes:
        if name in registries.measures_of("outcome") and not design.takes(name):
            fit = ", ".join(n for n in registries.measures_of("outcome") if design.takes(n))
            problem = f"is no outcome that the design {spec.design!r} compares."
            yield document.fault(key, problem, name, f"It compares: {fit or 'none that is here'}.")
    for key, exposure in _named(spec):
        methods = design.methods if key == ("exposure",) else design.further_methods
        if exposure.inference is not None and exposure.inference not in methods:
            yield document.unknown((*key, "inference"), exposure.inference, methods)


def _parts(spec: Spec, document: Document, registries: Registries) -> Iterator[Fault]:
    """Parts that ask about another exposure, or belong to another design."""
    for place, name in enumerate(spec.parts):
        if name not in registries.parts:
            continue
        part = registries.parts[name]
        for asked, own, what in (
            (part.exposures, spec.exposure.measure, "the exposure"),
            (part.designs, spec.design, "the design"),
        ):
            if asked and own not in asked:
                yield document.fault(
                    ("parts", place),
                    f"asks about {what} {' or '.join(sorted(asked))}, not {own}.",
                    name,
                    "Drop it.",
                )


def _covariates(
    spec: Spec,
    document: Document,
    registries: Registries,
    own_tables: Mapping[str, Collection[str]],
) -> Iterator[Fault]:
    """Own covariates and tables whose names are taken, or whose columns do not exist."""
    for place, file in enumerate(spec.tables):
        if file.removesuffix(".csv") in registries.tables:
            problem = "the study has a table of this name; choose another."
            yield document.fault(("tables", place), problem, file)
    tables = {**registries.tables, **own_tables}
    for name, covariate in spec.covariates.items():
        key: Key = ("covariates", name)
        if registries.measure(name) is not None:
            yield document.fault(key, "is the name of a measure already; choose another.")
        if covariate.table not in tables:
            yield document.unknown((*key, "table"), covariate.table, tables)
        elif covariate.column not in tables[covariate.table]:
            yield document.unknown((*key, "column"), covariate.column, tables[covariate.table])


def _amendments(spec: Spec, document: Document) -> Iterator[Fault]:
    """Amendments are appended: each with a day, none before the one above it."""
    before: datetime.date | None = None
    for place, amendment in enumerate(spec.amendments):
        key: Key = ("amendments", place)
        for name in ("change", "reason"):
            if not getattr(amendment, name).strip():
                problem = "is empty; say what was changed, and why."
                yield document.fault((*key, name), problem)
        try:
            day = datetime.date.fromisoformat(amendment.day)
        except ValueError:
            yield document.fault(
                (*key, "day"),
                "must be a day in quotation marks, such as '2026-11-24'.",
                amendment.day,
            )
            continue
        if before is not None and day < before:
            yield document.fault(
                (*key, "day"),
                f"is before {before}; amendments are appended, the latest last.",
                amendment.day,
            )
        before = day


def load(project: Project, hypothesis: str, registries: Registries | None = None) -> Spec:
    """Read and check the specification of a hypothesis.

    Parameters
    ----------
    project : Project
    hypothesis : str
    registries : Registries, optional
        What it may name. Without them its shape alone is checked, as is enough for one that the
        panel step has accepted.

    Raises
    ------
    MissingInput
        If there is no such page.
    BadSpec
        Holding everything that is wrong with it.
    """
    spec, document = read(project, hypothesis)
    if registries is not None:
        load_modules(project, spec, document)
        own = {
            name: [*map(str, table)] for name, table in own_tables(project, spec, document).items()
        }
        if faults := list(check(spec, document, registries, own)):
            raise BadSpec(*faults)
    return spec
