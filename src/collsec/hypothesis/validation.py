"""What no specification may do: name what does not exist, use a design that manufactures effects.

An unknown measure, rule or tag is refused with the nearest name that exists; an exposure after
onset frozen as if it were known at onset is refused unless tagged ``known-biased``.
"""

from __future__ import annotations

import datetime
import itertools
import typing
from collections.abc import Callable

from collsec.core.errors import BadSpec
from collsec.core.names import nearest
from collsec.hypothesis import multiverse
from collsec.hypothesis.multiverse import VALIDITY, OptionSpec
from collsec.hypothesis.specification import TYPES, AmendmentSpec, ExposureSpec, Spec

STRATA = ("earlier_episodes_group", "type_group", "region", "period")
CLUSTERS = ("gwno_host", "conflict_id")
DIRECTIONS = ("above_one", "below_one")
METHODS = ("risk_set_rerandomization", "cluster_sandwich", "cluster_jackknife")


def check(spec: Spec, where: str) -> None:
    """Refuse names that do not exist and designs that are known to manufacture effects.

    Raises
    ------
    BadSpec
        With the file, the key, its value and what is known instead.
    """
    import collsec.subjects  # noqa: F401
    from collsec import measures
    from collsec.designs import DESIGNS, PARTS, registry
    from collsec.evidence.verdict import CODES
    from collsec.histories.cohorts import RULES

    def one_of(key: str, value: str, allowed: typing.Iterable[str]) -> None:
        names = sorted(allowed)
        if value not in names:
            raise BadSpec(
                f"{where}: key {key}, value {value!r}: unknown."
                f"{nearest(value, names)} Known: {', '.join(names)}."
            )

    one_of("design", spec.design, DESIGNS)
    one_of("estimand.expected", spec.estimand.expected, DIRECTIONS)
    low, high = spec.estimand.no_effect
    if not 0 < low < 1 < high:
        raise BadSpec(
            f"{where}: key estimand.no_effect, value {[low, high]}: must be two hazard "
            "ratios around 1, such as [0.8, 1.25]."
        )
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
    kind = DESIGNS[spec.design].kind
    named = [("exposure", spec.exposure)]
    named += [(f"secondary[{i}]", e) for i, e in enumerate(spec.secondary)]
    named += [(f"falsification[{i}]", e) for i, e in enumerate(spec.falsification)]
    for key, exposure in named:
        one_of(f"{key}.validity", exposure.validity, VALIDITY)
        if exposure.inference:
            one_of(f"{key}.inference", exposure.inference, METHODS)
        one_of(f"{key}.measure", exposure.measure, measures.names(kind) + measures.names("ever"))
        _refuse_immortal_time(exposure, where, key)
    for i, placebo in enumerate(spec.falsification):
        one_of(f"falsification[{i}].fails_if", placebo.fails_if, (*DIRECTIONS, "either"))
    for axis, options in spec.multiverse.items():
        for name, option in options.items():
            _check_option(spec, option, where, f"multiverse.{axis}.{name}", one_of)
            if option.measure is not None:
                exposure = ExposureSpec(option.measure, validity=option.validity)
                _refuse_immortal_time(exposure, where, f"multiverse.{axis}.{name}")
    multiverse.check(spec, where)
    registry.check(spec, where)
    _check_amendments(spec.amendments, where)


def _check_option(
    spec: Spec,
    option: OptionSpec,
    where: str,
    key: str,
    one_of: Callable[[str, str, typing.Iterable[str]], None],
) -> None:
    """Refuse names in an option that do not exist."""
    from collsec import measures
    from collsec.designs import DESIGNS
    from collsec.histories.cohorts import RULES
    from collsec.measures.interest import COMPONENTS, P5, WEIGHTS

    kind = DESIGNS[spec.design].kind
    covariates = measures.names("covariate")
    allowed: dict[str, typing.Iterable[str]] = {
        "types": TYPES,
        "strata": STRATA,
        "adjustment": covariates,
        "drop_adjustment": covariates,
        "add_rules": RULES,
        "drop_rules": spec.cohort.rules,
        "components": COMPONENTS,
        "powers": P5,
        "weights": WEIGHTS,
        "measure": measures.names(kind) + measures.names("ever"),
    }
    one_of(f"{key}.validity", option.validity, VALIDITY)
    for years in ("gap_years", "last_year"):
        value = getattr(option, years)
        if value is not None and value < 1:
            raise BadSpec(f"{where}: key {key}.{years}, value {value}: must be 1 or more.")
    is_index = option.components or option.powers or option.weights
    if is_index and spec.exposure.measure != "salience":
        raise BadSpec(
            f"{where}: key {key}: components, powers and weights belong to the measure "
            f"'salience', not to {spec.exposure.measure!r}."
        )
    for choice, value in option.made().items():
        for name in value if isinstance(value, tuple) else (value,):
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


def _check_amendments(amendments: tuple[AmendmentSpec, ...], where: str) -> None:
    """Amendments are appended: each with a day, none before the one above it."""
    days = []
    for place, amendment in enumerate(amendments):
        key = f"{where}: key amendments[{place}]"
        try:
            days.append(datetime.date.fromisoformat(amendment.day))
        except ValueError:
            raise BadSpec(
                f"{key}.day, value {amendment.day!r}: must be a day in quotation marks, "
                "such as '2026-11-24'."
            ) from None
        for name in ("change", "reason"):
            if not getattr(amendment, name).strip():
                raise BadSpec(f"{key}.{name}: is empty; say what was changed, and why.")
    for place, (before, day) in enumerate(itertools.pairwise(days), 1):
        if day < before:
            raise BadSpec(
                f"{where}: key amendments[{place}].day, value {str(day)!r}: is before "
                f"{before}; amendments are appended, the latest last."
            )
