"""A hypothesis is one file: its front matter is the specification, its body the report's prose.

The models say what each key is and which values it takes; whether the names in it exist is checked
against the registries (`collsec.hypothesis.validation`). JSON Schema and the page of all keys are
made from the same models.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from collsec.core.documents import Document, parse_front_matter, read_text
from collsec.core.errors import BadDocument, BadSpec, Fault
from collsec.core.models import (
    IDENTIFIER,
    STRICT,
    Name,
    Number,
    Text,
    Whole,
    build,
    checked,
    one_of,
    unrepeated,
)
from collsec.core.project import Project
from collsec.core.provenance import (
    digest_file,
    digest_json,
)
from collsec.hypothesis.options import VALIDITY, Axes, Lag

# Types of war at onset, as UCDP numbers them.
TYPES = ("extrasystemic", "interstate", "intrastate", "internationalized")
DIRECTIONS = ("above_one", "below_one")
# Names of files in the folder of estimates that are no hypothesis.
RESERVED = ("study",)

Identifier = Annotated[str, Field(strict=True, pattern=IDENTIFIER, max_length=40)]
Validity = Annotated[Name, *one_of(*VALIDITY)]
Names = Annotated[tuple[Name, ...], checked(unrepeated)]


def _free(name: str) -> str:
    return f"{name!r} is taken by a file of the study; choose another." if name in RESERVED else ""


HypothesisName = Annotated[Identifier, checked(_free)]


@dataclass(frozen=True, slots=True)
class CohortSpec:
    """Who is followed: types at onset and rules known at time zero."""

    __pydantic_config__ = STRICT

    types: Annotated[
        Names, Field(min_length=1, description="Types of war at onset that are followed.")
    ]
    rules: Annotated[
        Names, Field(description="Rules that a war must pass at its onset, in this order.")
    ] = ()


@dataclass(frozen=True, slots=True)
class ExposureSpec:
    """One exposure: a measure, its lag in months, and how far the design can be trusted.

    ``inference`` is empty for the hypothesis' own method; an exposure that falls on many units at
    once, which cannot be redrawn among them, names another one.
    """

    __pydantic_config__ = STRICT

    measure: Annotated[Name, Field(description="Name of a registered measure.")]
    lag_months: Annotated[
        Lag, Field(description="Months from the act to the day from which it counts.")
    ] = 0
    validity: Annotated[
        Validity, Field(description="How far an estimate with it can be trusted.")
    ] = "principled"
    inference: Annotated[
        Name | None, Field(description="Method of inference, where it is not the design's own.")
    ] = None


@dataclass(frozen=True, slots=True)
class FalsificationSpec(ExposureSpec):
    """A placebo, and the direction (or `either`) in which an effect speaks against the design."""

    __pydantic_config__ = STRICT

    fails_if: Annotated[
        Name,
        *one_of(*DIRECTIONS, "either"),
        Field(description="Direction of an effect that speaks against the design."),
    ] = "either"


@dataclass(frozen=True, slots=True)
class EstimandSpec:
    """What is estimated: the sign that the claim implies, and which hazard ratios are no effect.

    The bounds of ``no_effect`` are the smallest effects of interest in either direction.
    """

    __pydantic_config__ = STRICT

    expected: Annotated[
        Name,
        *one_of(*DIRECTIONS),
        Field(description="Side of a hazard ratio of one that the claim implies."),
    ]
    no_effect: Annotated[
        tuple[Number, Number],
        Field(description="Two hazard ratios around one; effects between them do not matter."),
    ]
    literature: Annotated[
        tuple[Number, Number] | None,
        Field(description="Two ratios between which earlier studies put it, for a posterior."),
    ] = None


@dataclass(frozen=True, slots=True)
class InferenceSpec:
    """How uncertainty is judged, and the strata within which an exposure is redrawn."""

    __pydantic_config__ = STRICT

    method: Annotated[Name, Field(description="Method of inference that the design offers.")]
    assignment_strata: Annotated[
        Names, Field(description="Strata within which an exposure is redrawn.")
    ] = ()


@dataclass(frozen=True, slots=True)
class AmendmentSpec:
    """A change of the specification or of its inference made after estimates had been seen."""

    __pydantic_config__ = STRICT

    day: Annotated[Text, Field(description="Day of the change, in quotation marks.")]
    change: Annotated[Text, Field(description="What was changed.")]
    reason: Annotated[Text, Field(description="Why, and what became of the verdict.")]
    is_rule: Annotated[
        bool,
        Field(strict=True, description="Whether a rule changed, so that the overview names it."),
    ] = False


@dataclass(frozen=True, slots=True)
class CovariateSpec:
    """A covariate of the hypothesis' own: one column of a table, known before onset."""

    __pydantic_config__ = STRICT

    table: Annotated[Name, Field(description="Name of a raw table, or of one of `tables`.")]
    column: Annotated[Name, Field(description="Column that holds the values.")]
    lag_years: Annotated[
        Whole,
        Field(ge=1, le=50, description="Years before onset from which the value is taken."),
    ] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The whole specification of a hypothesis."""

    __pydantic_config__ = STRICT

    hypothesis: Annotated[
        HypothesisName, Field(description="Its name, with which the name of its file begins.")
    ]
    claims: Annotated[Names, Field(description="Ids of the claims that it tests.")] = ()
    design: Annotated[Name, Field(description="Name of a registered design.")]
    cohort: Annotated[CohortSpec, Field(description="Who is followed.")]
    exposure: Annotated[ExposureSpec, Field(description="Exposure of the primary estimate.")]
    outcome: Annotated[Name, Field(description="Measure of the outcome.")]
    estimand: Annotated[EstimandSpec, Field(description="What is estimated.")]
    inference: Annotated[InferenceSpec, Field(description="How uncertainty is judged.")]
    cluster: Annotated[
        Name, Field(description="Column whose values are the clusters of dependent wars.")
    ]
    multiverse: Annotated[
        Axes,
        Field(
            min_length=1,
            description="Axes of choices, each with its options; every combination is estimated.",
        ),
    ]
    strata: Annotated[Names, Field(description="Strata with baseline hazards of their own.")] = ()
    adjustment: Annotated[Names, Field(description="Covariates adjusted for.")] = ()
    lags_months: Annotated[
        tuple[Lag, ...],
        checked(unrepeated),
        Field(description="Lags at which the primary is estimated again."),
    ] = ()
    secondary: Annotated[
        tuple[ExposureSpec, ...], Field(description="Further exposures, outside the verdict.")
    ] = ()
    falsification: Annotated[
        tuple[FalsificationSpec, ...], Field(description="Placebos that should find no effect.")
    ] = ()
    outcomes: Annotated[Names, Field(description="Further outcomes of the same exposure.")] = ()
    parts: Annotated[Names, Field(description="Registered parts, run after the primary.")] = ()
    reachable_verdicts: Annotated[
        Names, Field(description="Verdicts that the record could give, stated beforehand.")
    ] = ()
    cites: Annotated[Names, Field(description="Keys of sources that its page cites.")] = ()
    amendments: Annotated[
        tuple[AmendmentSpec, ...],
        Field(description="Changes made after estimates had been seen, the latest last."),
    ] = ()
    modules: Annotated[
        Names,
        Field(
            description="Python modules beside the page, loaded in this order before it is "
            "checked; one may import from those before it (`from .dose import followed_to`)."
        ),
    ] = ()
    tables: Annotated[
        Names, Field(description="CSV tables beside the page, each with its `….schema.json`.")
    ] = ()
    covariates: Annotated[
        dict[Identifier, CovariateSpec], Field(description="Covariates of its own, by name.")
    ] = field(default_factory=dict)

    def normalized(self) -> dict[str, Any]:
        """Plain JSON of the specification: the same content gives the same digest.

        What a page brings along stands in it only where there is any, so that the ids of
        hypotheses without are those that they had before such keys existed.
        """
        plain: dict[str, Any] = _plain(dataclasses.asdict(self))
        if self.estimand.literature is None:
            del plain["estimand"]["literature"]
        return {k: v for k, v in plain.items() if v or k not in ("modules", "tables", "covariates")}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter(Spec):
    """Front matter of a hypothesis' page: the specification, and what belongs to the document."""

    __pydantic_config__ = STRICT

    title: Annotated[Name, Field(max_length=300, description="Title of the page: a question.")]
    subtitle: Annotated[Text, Field(description="Line under the title.")] = ""
    abstract: Annotated[Text, Field(description="Summary above the text.")] = ""
    keywords: Annotated[Names, Field(description="Keywords of the document.")] = ()
    bibliography: Annotated[Text, Field(description="File of references.")] = ""

    @property
    def specification(self) -> Spec:
        """The specification alone."""
        return Spec(**{f.name: getattr(self, f.name) for f in dataclasses.fields(Spec)})


# Keys of the front matter that belong to the document, not to the specification.
DOCUMENT_KEYS = frozenset(
    {f.name for f in dataclasses.fields(FrontMatter)} - {f.name for f in dataclasses.fields(Spec)}
)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def read(project: Project, hypothesis: str) -> tuple[Spec, Document]:
    """The specification of a hypothesis, its shape checked, and the document that it is from.

    Raises
    ------
    MissingInput
        If there is no such page.
    BadSpec
        Holding every key or value that is unknown, missing, out of bounds or of the wrong type.
    """
    document, _ = _front_matter(project, hypothesis)
    spec = build(FrontMatter, document, BadSpec).specification
    if spec.hypothesis != hypothesis:
        problem = f"must be {hypothesis!r}, as its file's name begins."
        raise BadSpec(document.fault(("hypothesis",), problem, spec.hypothesis))
    return spec, document


def from_json(record: dict[str, Any]) -> Spec:
    """A specification from its normalized JSON."""
    return build(Spec, Document("data/processed/specs", record), BadSpec)


def _front_matter(project: Project, hypothesis: str) -> tuple[Document, str]:
    path = project.spec_file(hypothesis)
    file = project.relative(path)
    try:
        return _parsed(read_text(path, file), file)
    except BadDocument as error:
        raise BadSpec(*error.faults) from None


def _parsed(text: str, file: str) -> tuple[Document, str]:
    """Front matter and body of a page's text."""
    try:
        document, body = parse_front_matter(text, file)
    except BadDocument as error:
        raise BadSpec(*error.faults) from None
    if not isinstance(document.content, dict):
        raise BadSpec(
            Fault(document.file, "front matter must be a mapping of keys.", line=document.line(()))
        )
    return document, body


def specification_digest(project: Project, hypothesis: str) -> str:
    """Digest of a hypothesis file's front matter: prose below it does not enter.

    Modules and tables that the page brings along enter with their bytes. An ill-formed file gives
    a digest of its own; the step that checks it says what is wrong.
    """
    path = project.spec_file(hypothesis)
    file = project.relative(path)
    try:
        said, names = _said(read_text(path, file), file)
    except BadDocument as error:
        return digest_json(str(error))
    brought = [path.parent / name for name in names]
    brought += [path.with_suffix(".schema.json") for path in brought if path.suffix == ".csv"]
    return digest_json(said | {p.name: digest_file(p) for p in brought if p.is_file()})


def modules_of(project: Project, hypothesis: str) -> tuple[str, ...]:
    """Texts of the modules that a page brings along; none of an ill-formed page."""
    path = project.spec_file(hypothesis)
    try:
        _, names = _said(read_text(path, project.relative(path)), project.relative(path))
    except BadDocument:
        return ()
    files = [path.parent / name for name in names if name.endswith(".py")]
    return tuple(f.read_text(encoding="utf-8", errors="replace") for f in files if f.is_file())


@functools.lru_cache(maxsize=256)
def _said(text: str, file: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """What a page's text specifies, and names of the files that it brings along.

    Every unit of a hypothesis rests on the same text, which takes long to parse.
    """
    front: dict[str, Any] = _parsed(text, file)[0].content
    said = {str(k): str(v) for k, v in front.items() if k not in DOCUMENT_KEYS}
    names = [
        str(name)
        for key in ("modules", "tables")
        if isinstance(listed := front.get(key), tuple)
        for name in listed
    ]
    return said, tuple(names)
