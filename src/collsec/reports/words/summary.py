"""The plain-language summary of a hypothesis: what was compared, in whom, and what could be seen.

Nothing is computed here: counts, estimates and checks are those of the record, formatted as on the
pages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from collsec.core.documents import read_front_matter
from collsec.core.errors import BadSpec, nearest
from collsec.core.project import Project
from collsec.designs.registry import is_timed, unit_of
from collsec.evidence.record import Record, load
from collsec.evidence.withheld import PRIMARY
from collsec.hypothesis.study import Study, load_study
from collsec.measures import MEASURES
from collsec.reports.words import quantities, wording

QUICK = "quick profile: do not cite"


def read(project: Project, names: Sequence[str]) -> list[tuple[Record, str]]:
    """Return the record of each named hypothesis, and its question.

    Raises
    ------
    BadSpec
        If the study has no such hypothesis.
    MissingInput
        If it has not been estimated.
    """
    return [
        (
            load(project, known(project, name)),
            _title(project, name),
        )
        for name in names
    ]


def _title(project: Project, name: str) -> str:
    path = project.spec_file(name)
    front, _ = read_front_matter(path, project.relative(path))
    return str(front.content.get("title", name))


def known(project: Project, name: str) -> str:
    """Return the name of a hypothesis, if the study has it.

    Raises
    ------
    BadSpec
        If not; the nearest name is given.
    """
    names = list(load_study(project).hypotheses)
    if name not in names:
        raise BadSpec(f"no hypothesis {name!r}.{nearest(name, names)} Known: {', '.join(names)}.")
    return name


def facts(record: Record, study: Study, p_holm: float = math.nan) -> dict[str, str]:
    """What is compared, in whom, with how many exposed, and what could be seen."""
    spec, primary = record.spec, record.primary
    exposed = quantities.rests_on(primary, spec)
    if is_timed(spec):
        expected = wording.number(float(primary.get("expected_events", math.nan)), 1)
        beside = "" if expected == wording.NOT_ESTIMABLE else f"; {expected} expected"
        exposed = (
            f"{exposed}{beside} (at least {study.minimum_exposed_events} in "
            f"{study.minimum_exposed_clusters} required)"
        )
    return {
        "Estimand": _estimand(spec, str(primary["estimand"])),
        "Cohort": _cohort(record),
        "Exposed": exposed,
        "Detectable": record.withheld.get(PRIMARY) or _detectable(primary, study.power),
        "Inference": f"{_method(str(primary['inference']))}, "
        f"{wording.level(primary['level'])} interval; "
        + (
            wording.missing(primary)
            if PRIMARY in record.withheld
            else f"p {wording.p_value(primary['p_value'])}, Holm over {len(study.primaries)} "
            f"primaries {wording.p_value(p_holm)}"
        ),
    }


def _estimand(spec: Mapping[str, Any], estimand: str) -> str:
    """Exposure, outcome, and the sign that the claim implies."""
    exposure, outcome = spec["exposure"], MEASURES[spec["outcome"]].title
    lag = f", lagged {exposure['lag_months']} months" if exposure["lag_months"] else ""
    low, high = (wording.number(v) for v in spec["estimand"]["no_effect"])
    sign = spec["estimand"]["expected"].replace("_", " ")
    return (
        f"{quantities.ratio_words(spec, estimand).name}. Outcome: {outcome}. Exposure: "
        f"{MEASURES[exposure['measure']].title}{lag}. The claim implies {sign}; {low} to "
        f"{high} is too small an effect to matter"
    )


def _cohort(record: Record) -> str:
    """How many are followed, and the steps that left them."""
    primary = record.primary
    units, spec = wording.plural(unit_of(record.spec)), record.spec
    happened = quantities.ratio_words(spec, str(primary["estimand"])).happened
    kept = (
        f"{wording.count(primary['n_units'])} {units}, {wording.count(primary['n_events'])} "
        f"{happened}, in {quantities.clusters(int(primary['n_clusters']), spec)}"
    )
    if record.attrition is None:
        return kept
    steps = [
        f"{row['step']} {wording.count(row['n_units'])}" for _, row in record.attrition.iterrows()
    ]
    return f"{kept}. From {' → '.join(steps)}"


def _detectable(primary: pd.Series, power: float) -> str:
    low, high = primary["mde_low"], primary["mde_high"]
    if not (math.isfinite(low) and math.isfinite(high)):
        return quantities.NONE_DETECTABLE
    return (
        f"a ratio above {wording.number(high)} or below {wording.number(low)}, with power "
        f"{wording.percent(power)}"
    )


def _method(inference: str) -> str:
    name = inference.replace("risk_set", "risk-set").replace("rerandom", "re-random")
    return name.replace("_", " ")


def cited(record: Record) -> str:
    """What to cite, and of which code and data."""
    source = record.provenance
    parts = [
        record.result_id,
        f"collsec {source['collsec_version']}",
        f"data {source['data_vintage']}",
    ]
    return " · ".join([*parts, QUICK if record.is_quick else "full profile"])


def beneath(record: Record) -> str:
    """Levels of the intervals, and what is not listed: variants and the multiverse."""
    rows = record.estimates
    parts = [f"Intervals: {_levels(rows)}"]
    is_shown = (rows["role"] == "variant") & (rows["validity"] != "known-biased")
    ratios = rows.loc[is_shown, "estimate"].dropna()
    if len(ratios):
        low, high = wording.number(ratios.min()), wording.number(ratios.max())
        parts.append(f". {len(ratios)} variants: hazard ratios from {low} to {high}")
    return "".join([*parts, ".", _multiverse(record)])


def _multiverse(record: Record) -> str:
    """The specifications of the multiverse, where it has been estimated."""
    h, said = record.hypothesis, quantities.variables(record)
    if f"{h}.multiverse.n" not in said or PRIMARY in record.withheld:
        return ""
    return (
        " Multiverse: {n} specifications, {principled_n} principled, of these "
        "{principled_above} above one, median {principled_median}."
    ).format(
        **{
            key.removeprefix(f"{h}.multiverse.").replace(".", "_"): value
            for key, value in said.items()
            if key.startswith(f"{h}.multiverse.")
        }
    )


def _levels(rows: pd.DataFrame) -> str:
    """The levels of the intervals: the commonest is that of all roles that are not named."""
    roles: dict[float, list[str]] = {}
    for level, role in zip(rows["level"], rows["role"], strict=True):
        if not math.isnan(level):
            roles.setdefault(float(level), []).append(str(role))
    every = [role for own in roles.values() for role in own]
    usual = max(roles, key=lambda level: len(roles[level]))
    parts = [wording.level(usual)]
    for level, own in roles.items():
        if level != usual:
            named = [
                role if own.count(role) == every.count(role) else f"{own.count(role)} {role}"
                for role in dict.fromkeys(own)
            ]
            parts.append(f"{wording.level(level)} ({', '.join(named)})")
    return ", ".join(parts)
