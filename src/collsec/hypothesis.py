"""A hypothesis is one file: its front matter is the specification, its body the report's prose.

The front matter is read into frozen dataclasses. An unknown key, measure, rule or tag is refused
with the nearest name that exists; an exposure after onset frozen as if it were known at onset is
refused unless tagged ``known-biased``.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collsec.errors import BadSpec, MissingInput
from collsec.multiverse import VALIDITY, Axes, OptionSpec, check
from collsec.store import Store

TYPES = ("extrasystemic", "interstate", "intrastate", "internationalized")
STRATA = ("earlier_episodes_group", "type_group", "region", "period")
CLUSTERS = ("gwno_host", "conflict_id")
DIRECTIONS = ("above_one", "below_one")
DESIGNS = ("time_varying", "fixed_at_onset")
METHODS = ("risk_set_rerandomization", "cluster_sandwich", "cluster_jackknife")
# Keys of the front matter that belong to the document, not to the specification.
DOCUMENT_KEYS = frozenset({"title", "subtitle", "abstract", "keywords", "bibliography"})


@dataclass(frozen=True, slots=True)
class CohortSpec:
    """Who is followed: types at onset and rules known at time zero."""

    types: tuple[str, ...]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExposureSpec:
    """One exposure: a measure, its lag in months, and how far the design can be trusted.

    ``inference`` is the hypothesis' own method unless named here: an exposure that falls on many
    units at once cannot be redrawn among them.
    """

    measure: str
    lag_months: int = 0
    validity: str = "principled"
    inference: str = "risk_set_rerandomization"


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
    falsification: tuple[ExposureSpec, ...] = ()
    outcomes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    reachable_verdicts: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    amendments: tuple[str, ...] = field(default=())

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


def split(path: Path) -> tuple[dict[str, Any], str]:
    """Front matter and body of a ``.qmd`` file.

    Raises
    ------
    BadSpec
        If the file has no front matter or it is not YAML.
    """
    import yaml

    text = path.read_text(encoding="utf-8")
    parts = text.split("\n---\n", 1)
    if not text.startswith("---\n") or len(parts) != 2:
        raise BadSpec(f"analyses/{path.name}: no front matter between two lines of ---.")
    try:
        front = yaml.safe_load(parts[0][4:])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 2}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        where = f"analyses/{path.name}{line}"
        raise BadSpec(f"{where}: front matter is not YAML ({problem}).") from None
    if not isinstance(front, dict):
        raise BadSpec(f"analyses/{path.name}: front matter must be a mapping of keys.")
    return front, parts[1]


def load(store: Store, hypothesis: str) -> Spec:
    """Read and check the specification of a hypothesis.

    Raises
    ------
    BadSpec
        If a key or value is unknown, missing or of the wrong type.
    """
    path = store.spec_file(hypothesis)
    front, _ = split(path)
    content = {k: v for k, v in front.items() if k not in DOCUMENT_KEYS}
    where = f"analyses/{path.name}"
    spec = _build(Spec, content, where, "")
    assert isinstance(spec, Spec)
    if spec.hypothesis != hypothesis:
        raise BadSpec(
            f"{where}: key hypothesis, value {spec.hypothesis!r}: must be {hypothesis!r}."
        )
    _check(spec, where)
    return spec


def from_json(record: dict[str, Any]) -> Spec:
    """A specification from its normalized JSON."""
    spec = _build(Spec, record, "specs", "")
    assert isinstance(spec, Spec)
    return spec


def _build(cls: type, content: Any, where: str, key: str) -> Any:
    """Build a dataclass from a mapping, refusing unknown, missing and ill-typed keys."""
    from collsec.measures.registry import nearest

    if not isinstance(content, dict):
        raise BadSpec(
            f"{where}: key {key or 'front matter'}, value {content!r}: must be a mapping."
        )
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for name in content:
        if name not in fields:
            allowed = sorted(set(fields) | (DOCUMENT_KEYS if not key else frozenset()))
            raise BadSpec(
                f"{where}: unknown key {_dotted(key, name)!r}.{nearest(str(name), allowed)} "
                f"Known here: {', '.join(allowed)}."
            )
    missing = [
        n for n, f in fields.items()
        if n not in content
        and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise BadSpec(f"{where}: key {_dotted(key, missing[0])!r} is missing.")
    return cls(**{
        name: _value(hints[name], value, where, _dotted(key, name))
        for name, value in content.items()
    })


def _dotted(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _value(hint: Any, value: Any, where: str, key: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        if value is None:
            return None
        hint = next(a for a in typing.get_args(hint) if a is not type(None))
        origin = typing.get_origin(hint)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise BadSpec(f"{where}: key {key}, value {value!r}: must be a list.")
        inner = typing.get_args(hint)
        if inner[-1] is not Ellipsis and len(value) != len(inner):
            raise BadSpec(f"{where}: key {key}, value {value!r}: must be {len(inner)} values.")
        return tuple(_value(inner[0], v, where, f"{key}[{i}]") for i, v in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise BadSpec(f"{where}: key {key}, value {value!r}: must be a mapping of names.")
        inner = typing.get_args(hint)[1]
        return {name: _value(inner, v, where, _dotted(key, name)) for name, v in value.items()}
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value, where, key)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or isinstance(value, bool):
        raise BadSpec(f"{where}: key {key}, value {value!r}: must be {hint.__name__}.")
    return value


def _check(spec: Spec, where: str) -> None:
    """Refuse names that do not exist and designs that are known to manufacture effects."""
    from collsec import measures
    from collsec.cohorts import RULES
    from collsec.designs import PARTS
    from collsec.verdict import CODES

    def one_of(key: str, value: str, allowed: typing.Iterable[str]) -> None:
        names = sorted(allowed)
        if value not in names:
            raise BadSpec(
                f"{where}: key {key}, value {value!r}: unknown."
                f"{measures.registry.nearest(value, names)} Known: {', '.join(names)}."
            )

    one_of("design", spec.design, DESIGNS)
    one_of("estimand.expected", spec.estimand.expected, DIRECTIONS)
    low, high = spec.estimand.no_effect
    if not 0 < low < 1 < high:
        raise BadSpec(f"{where}: key estimand.no_effect, value {[low, high]}: must be two hazard "
                      "ratios around 1, such as [0.8, 1.25].")
    one_of("inference.method", spec.inference.method, METHODS)
    one_of("cluster", spec.cluster, CLUSTERS)
    for name in (*spec.strata, *spec.inference.assignment_strata):
        one_of("strata", name, STRATA)
    for name in spec.cohort.types:
        one_of("cohort.types", name, TYPES)
    for name in spec.cohort.rules:
        one_of("cohort.rules", name, RULES)
    for name in spec.reachable_verdicts:
        one_of("reachable_verdicts", name, CODES)
    for name in (spec.outcome, *spec.outcomes):
        one_of("outcome", name, measures.names("outcome"))
    for name in spec.parts:
        one_of("parts", name, PARTS)
    for name in spec.adjustment:
        one_of("adjustment", name, measures.names("covariate"))
    kind = "exposure" if spec.design == "time_varying" else "covariate"
    named = [("exposure", spec.exposure)]
    named += [(f"secondary[{i}]", e) for i, e in enumerate(spec.secondary)]
    named += [(f"falsification[{i}]", e) for i, e in enumerate(spec.falsification)]
    for key, exposure in named:
        one_of(f"{key}.validity", exposure.validity, VALIDITY)
        one_of(f"{key}.inference", exposure.inference, METHODS)
        one_of(
            f"{key}.measure", exposure.measure, measures.names(kind) + measures.names("ever")
        )
        _refuse_immortal_time(exposure, where, key)
    for axis, options in spec.multiverse.items():
        for name, option in options.items():
            _check_option(spec, option, where, f"multiverse.{axis}.{name}", one_of)
            if option.measure is not None:
                exposure = ExposureSpec(option.measure, validity=option.validity)
                _refuse_immortal_time(exposure, where, f"multiverse.{axis}.{name}")
    check(spec, where)


def _check_option(
    spec: Spec, option: OptionSpec, where: str, key: str,
    one_of: Callable[[str, str, typing.Iterable[str]], None],
) -> None:
    """Refuse names in an option that do not exist."""
    from collsec import measures
    from collsec.cohorts import RULES
    from collsec.measures.interest import COMPONENTS, P5, WEIGHTS

    kind = "exposure" if spec.design == "time_varying" else "covariate"
    covariates = measures.names("covariate")
    allowed: dict[str, typing.Iterable[str]] = {
        "types": TYPES, "strata": STRATA, "adjustment": covariates,
        "drop_adjustment": covariates, "add_rules": RULES, "drop_rules": spec.cohort.rules,
        "components": COMPONENTS, "powers": P5, "weights": WEIGHTS,
        "measure": measures.names(kind) + measures.names("ever"),
    }
    one_of(f"{key}.validity", option.validity, VALIDITY)
    for years in ("gap_years", "last_year"):
        value = getattr(option, years)
        if value is not None and value < 1:
            raise BadSpec(f"{where}: key {key}.{years}, value {value}: must be 1 or more.")
    is_index = option.components or option.powers or option.weights
    if is_index and spec.exposure.measure != "salience":
        raise BadSpec(f"{where}: key {key}: components, powers and weights belong to the measure "
                      f"'salience', not to {spec.exposure.measure!r}.")
    for choice, value in option.made().items():
        for name in (value if isinstance(value, tuple) else (value,)):
            if choice in allowed:
                one_of(f"{key}.{choice}", name, allowed[choice])


def _refuse_immortal_time(exposure: ExposureSpec, where: str, key: str) -> None:
    from collsec.measures import MEASURES

    is_ever = MEASURES[exposure.measure].kind == "ever"
    if is_ever and exposure.validity != "known-biased":
        raise BadSpec(
            f"{where}: key {key}.measure, value {exposure.measure!r}: an exposure that came after "
            "onset cannot be used as if it were known at onset (immortal time: under random "
            "deployment it rejects nearly always). Use a time-varying exposure, or tag it "
            "`validity: known-biased` to show the bias."
        )
    if is_ever and key == "exposure":
        raise BadSpec(f"{where}: key exposure.measure: a known-biased design cannot be primary.")


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
    level: float
    power: float
    horizon_months: int
    agreement: float
    minimum_exposed_ends: int
    minimum_exposed_clusters: int
    calibration_bounds: tuple[float, float]
    seed: int
    profiles: dict[str, Any]

    @property
    def primary_level(self) -> float:
        """Confidence level of a primary's interval."""
        return 1 - self.level / self.primaries

    def draws(self, profile: str) -> Draws:
        """Draw counts of a profile.

        Raises
        ------
        BadSpec
            If the profile does not exist.
        """
        from collsec.measures.registry import nearest

        if profile not in self.profiles:
            known = sorted(self.profiles)
            raise BadSpec(f"unknown profile {profile!r}.{nearest(profile, known)} "
                          f"Known: {', '.join(known)}.")
        draws = _build(Draws, self.profiles[profile], "analyses/_study.yml", f"profiles.{profile}")
        assert isinstance(draws, Draws)
        return draws


def load_study(store: Store) -> Study:
    """Read the shared choices.

    Raises
    ------
    MissingInput, BadSpec
        If the file is absent or ill-formed.
    """
    import yaml

    if not store.study_file.exists():
        raise MissingInput("analyses/_study.yml is missing: is this the project's folder?")
    content = yaml.safe_load(store.study_file.read_text(encoding="utf-8"))
    study = _build(Study, content, "analyses/_study.yml", "")
    assert isinstance(study, Study)
    return study


def specification_digest(store: Store, hypothesis: str) -> str:
    """Digest of a hypothesis file's front matter: prose below it does not enter.

    An ill-formed file gives a digest of its own; the step that checks it says what is wrong.
    """
    from collsec.provenance import digest_json

    try:
        front, _ = split(store.spec_file(hypothesis))
    except BadSpec as error:
        return digest_json(str(error))
    return digest_json({k: str(v) for k, v in front.items() if k not in DOCUMENT_KEYS})
