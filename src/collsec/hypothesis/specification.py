"""A hypothesis is one file: its front matter is the specification, its body the report's prose.

The front matter is read into frozen dataclasses (`collsec.frontmatter`) and checked for what no
design may do (`collsec.soundness`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from collsec.core.errors import BadSpec, MissingInput
from collsec.core.names import nearest
from collsec.core.project import Project
from collsec.hypothesis.frontmatter import DOCUMENT_KEYS, build, split
from collsec.hypothesis.multiverse import Axes

# Types of war at onset, as UCDP numbers them.
TYPES = ("extrasystemic", "interstate", "intrastate", "internationalized")


@dataclass(frozen=True, slots=True)
class CohortSpec:
    """Who is followed: types at onset and rules known at time zero."""

    types: tuple[str, ...]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExposureSpec:
    """One exposure: a measure, its lag in months, and how far the design can be trusted.

    ``inference`` is empty for the hypothesis' own method; an exposure that falls on many units at
    once, which cannot be redrawn among them, names another one.
    """

    measure: str
    lag_months: int = 0
    validity: str = "principled"
    inference: str = ""


@dataclass(frozen=True, slots=True)
class FalsificationSpec(ExposureSpec):
    """A placebo, and the direction (or `either`) in which an effect speaks against the design."""

    fails_if: str = "either"


@dataclass(frozen=True, slots=True)
class EstimandSpec:
    """What is estimated: the sign that the claim implies, and which hazard ratios are no effect.

    The bounds of ``no_effect`` are the smallest effects of interest in either direction.
    """

    expected: str
    no_effect: tuple[float, float]


@dataclass(frozen=True, slots=True)
class InferenceSpec:
    """How uncertainty is judged, and the strata within which an exposure is redrawn."""

    method: str
    assignment_strata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AmendmentSpec:
    """A change of the specification or of its inference made after estimates had been seen."""

    day: str
    change: str
    reason: str


@dataclass(frozen=True, slots=True)
class Spec:
    """The whole specification of a hypothesis."""

    hypothesis: str
    claims: tuple[str, ...]
    design: str
    cohort: CohortSpec
    exposure: ExposureSpec
    outcome: str
    estimand: EstimandSpec
    inference: InferenceSpec
    cluster: str
    multiverse: Axes
    strata: tuple[str, ...] = ()
    adjustment: tuple[str, ...] = ()
    lags_months: tuple[int, ...] = ()
    secondary: tuple[ExposureSpec, ...] = ()
    falsification: tuple[FalsificationSpec, ...] = ()
    outcomes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    reachable_verdicts: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    amendments: tuple[AmendmentSpec, ...] = ()

    def normalized(self) -> dict[str, Any]:
        """Plain JSON of the specification: the same content gives the same digest."""
        plain: dict[str, Any] = _plain(dataclasses.asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def load(project: Project, hypothesis: str) -> Spec:
    """Read and check the specification of a hypothesis.

    Raises
    ------
    BadSpec
        If a key or value is unknown, missing or of the wrong type.
    """
    from collsec.hypothesis.validation import check

    path = project.spec_file(hypothesis)
    front, _ = split(path)
    content = {k: v for k, v in front.items() if k not in DOCUMENT_KEYS}
    where = f"analyses/{path.name}"
    spec = build(Spec, content, where, "")
    assert isinstance(spec, Spec)
    if spec.hypothesis != hypothesis:
        raise BadSpec(
            f"{where}: key hypothesis, value {spec.hypothesis!r}: must be {hypothesis!r}."
        )
    check(spec, where)
    return spec


def from_json(record: dict[str, Any]) -> Spec:
    """A specification from its normalized JSON."""
    spec = build(Spec, record, "specs", "")
    assert isinstance(spec, Spec)
    return spec


@dataclass(frozen=True, slots=True)
class Draws:
    """How many draws a profile takes."""

    rerandomization_draws: int
    calibration_draws: int
    bootstrap_draws: int
    imputation_draws: int


@dataclass(frozen=True, slots=True)
class Study:
    """Choices shared by every hypothesis (``analyses/_study.yml``)."""

    hypotheses: tuple[str, ...]
    primaries: int
    alpha: float
    power: float
    horizon_months: int
    agreement: float
    minimum_exposed_ends: int
    minimum_exposed_clusters: int
    calibration_bounds: tuple[float, float]
    seed: int
    profiles: dict[str, Any]

    @property
    def usual_level(self) -> float:
        """Confidence level of every interval that is no primary's."""
        return 1 - self.alpha

    @property
    def primary_level(self) -> float:
        """Confidence level of a primary's interval."""
        return 1 - self.alpha / self.primaries

    def draws(self, profile: str) -> Draws:
        """Draw counts of a profile.

        Raises
        ------
        BadSpec
            If the profile does not exist.
        """
        if profile not in self.profiles:
            known = sorted(self.profiles)
            raise BadSpec(
                f"unknown profile {profile!r}.{nearest(profile, known)} Known: {', '.join(known)}."
            )
        draws = build(Draws, self.profiles[profile], "analyses/_study.yml", f"profiles.{profile}")
        assert isinstance(draws, Draws)
        return draws


def load_study(project: Project) -> Study:
    """Read the shared choices.

    Raises
    ------
    MissingInput, BadSpec
        If the file is absent or ill-formed.
    """
    import yaml

    if not project.study_file.exists():
        raise MissingInput("analyses/_study.yml is missing: is this the project's folder?")
    content = yaml.safe_load(project.study_file.read_text(encoding="utf-8"))
    study = build(Study, content, "analyses/_study.yml", "")
    assert isinstance(study, Study)
    return study


def specification_digest(project: Project, hypothesis: str) -> str:
    """Digest of a hypothesis file's front matter: prose below it does not enter.

    An ill-formed file gives a digest of its own; the step that checks it says what is wrong.
    """
    from collsec.core.provenance import digest_json

    try:
        front, _ = split(project.spec_file(hypothesis))
    except BadSpec as error:
        return digest_json(str(error))
    return digest_json({k: str(v) for k, v in front.items() if k not in DOCUMENT_KEYS})
