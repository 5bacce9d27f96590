"""What one screen says of a hypothesis, in words: facts, estimates by role, checks.

Nothing is computed here: counts, estimates and checks are those of the record, formatted as on the
pages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from collsec.core.documents import read_front_matter
from collsec.core.errors import BadSpec
from collsec.core.names import nearest
from collsec.core.project import Project
from collsec.evidence.record import Record, load
from collsec.hypothesis.study import Study, load_study
from collsec.measures import MEASURES
from collsec.reports.tables import exhibits, pipetables
from collsec.reports.words import quantities, wording
from collsec.reports.words.claim_words import CLUSTERS

QUICK = "quick profile: do not cite"
#: Roles in the order of the screen; further ones follow, and known-biased estimates come last.
ORDER = ("primary", "lag", "secondary", "outcome")
#: Units that stand behind a number; a hazard ratio has none.
UNITS = {
    "probability": "%",
    "probability_difference": "pp",
    "rmst_difference_months": "months",
    "months_per_year_of_delay": "months/yr",
    "ratio_of_hazard_ratios": "HR/HR",
}
#: Roles told elsewhere: placebos among the checks, variants in one line.
ELSEWHERE = ("falsification", "variant")


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
    units = pipetables.count(primary["exposed_units"])
    ends = pipetables.count(primary["exposed_events"])
    where = f"{pipetables.count(primary['exposed_clusters'])} {CLUSTERS[spec['cluster']]}"
    exposed = f"every war, to a degree; {ends} ended, in {where}"
    if spec["design"] == "time_varying":
        exposed = (
            f"{units} wars in {where}, {ends} ended while exposed (at least "
            f"{study.minimum_exposed_ends} ends in {study.minimum_exposed_clusters} needed)"
        )
    return {
        "Estimand": _estimand(spec),
        "Cohort": _cohort(record),
        "Exposed": exposed,
        "Detectable": _detectable(primary, study.power),
        "Inference": f"{_method(str(primary['inference']))}, "
        f"{wording.level(primary['level'])} interval; "
        f"p {pipetables.p_value(primary['p_value'])}, Holm over {len(study.primaries)} primaries "
        f"{pipetables.p_value(p_holm)}",
    }


def _estimand(spec: Mapping[str, Any]) -> str:
    """Exposure, outcome, and the sign that the claim implies."""
    exposure, outcome = spec["exposure"], MEASURES[spec["outcome"]].title
    lag = f", lagged {exposure['lag_months']} months" if exposure["lag_months"] else ""
    low, high = (wording.number(v) for v in spec["estimand"]["no_effect"])
    sign = spec["estimand"]["expected"].replace("_", " ")
    return (
        f"hazard ratio of {outcome[:1].lower()}{outcome[1:]}. Exposure: "
        f"{MEASURES[exposure['measure']].title}{lag}. The claim implies {sign}; {low} to "
        f"{high} is no effect worth the name"
    )


def _cohort(record: Record) -> str:
    """How many are followed, and the steps that left them."""
    primary = record.primary
    wars, ends, hosts = (
        pipetables.count(primary[name]) for name in ("n_units", "n_events", "n_clusters")
    )
    kept = f"{wars} wars, {ends} ended, in {hosts} {CLUSTERS[record.spec['cluster']]}"
    if record.attrition is None:
        return kept
    steps = [
        f"{row['step']} {pipetables.count(row['n_units'])}"
        for _, row in record.attrition.iterrows()
    ]
    return f"{kept}. From {' → '.join(steps)}"


def _detectable(primary: pd.Series, power: float) -> str:
    low, high = primary["mde_low"], primary["mde_high"]
    if not (math.isfinite(low) and math.isfinite(high)):
        return "no effect, however large"
    return (
        f"a hazard ratio above {wording.number(high)} or below {wording.number(low)}, with "
        f"power {wording.percent(power)}"
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


def by_role(estimates: pd.DataFrame, rows: float) -> list[tuple[str, pd.DataFrame, int]]:
    """Return each role with its first estimates and the number left out.

    The longest role gives way first, so that every role is seen.

    Parameters
    ----------
    estimates : DataFrame
        With `role` and `lag_months`. Placebos and variants are told elsewhere, and the primary
        stands once, not among its lags again.
    rows : float
        How many rows there may be, at least one a role.
    """
    is_primary = estimates["role"] == "primary"
    is_again = (estimates["role"] == "lag") & estimates["lag_months"].isin(
        estimates.loc[is_primary, "lag_months"]
    )
    shown = estimates[~estimates["role"].isin(ELSEWHERE) & ~is_again]
    found = list(dict.fromkeys(shown["role"]))
    roles = [r for r in ORDER if r in found]
    roles += [r for r in found if r not in (*ORDER, "known_biased")]
    roles += [r for r in ("known_biased",) if r in found]
    counts = {role: int((shown["role"] == role).sum()) for role in roles}
    kept = dict(counts)
    while sum(kept.values()) > rows and max(kept.values()) > 1:
        longest = max(roles, key=lambda role: (kept[role], roles.index(role)))
        kept[longest] -= 1
    return [
        (role, shown[shown["role"] == role].head(kept[role]), counts[role] - kept[role])
        for role in roles
    ]


def cells(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """Label, value with its unit, interval, p-value and exposed ends of one estimate."""
    estimand, label = str(row["estimand"]), str(row["label"])
    value = pipetables.in_unit(row["estimate"], estimand)
    if pd.isna(row["estimate"]) and row["note"]:
        label = f"{label}. {row['note']}"
    elif estimand in UNITS:
        value = f"{value} {UNITS[estimand]}"
    elif estimand not in ("hazard_ratio", "hazard_ratio_of_action"):  # the label names the act
        label = f"{estimand.replace('_', ' ')}: {label}"
    return (
        label,
        value,
        pipetables.interval(row["ci_low"], row["ci_high"], estimand),
        pipetables.p_value(row["p_value"]),
        pipetables.count(row["exposed_events"]),
    )


def beneath(record: Record) -> str:
    """Levels of the intervals, and what is not listed: variants and the multiverse."""
    rows = record.estimates
    told = [f"Intervals: {_levels(rows)}"]
    is_shown = (rows["role"] == "variant") & (rows["validity"] != "known-biased")
    ratios = rows.loc[is_shown, "estimate"].dropna()
    if len(ratios):
        low, high = wording.number(ratios.min()), wording.number(ratios.max())
        told.append(f". {len(ratios)} variants: hazard ratios from {low} to {high}")
    return "".join([*told, ".", _multiverse(record)])


def _multiverse(record: Record) -> str:
    """The specifications of the multiverse, where it has been estimated."""
    h, said = record.hypothesis, quantities.variables(record)
    if f"{h}.multiverse.n" not in said:
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
    told = [wording.level(usual)]
    for level, own in roles.items():
        if level != usual:
            named = [
                role if own.count(role) == every.count(role) else f"{own.count(role)} {role}"
                for role in dict.fromkeys(own)
            ]
            told.append(f"{wording.level(level)} ({', '.join(named)})")
    return ", ".join(told)


def checks(record: Record) -> dict[str, str]:
    """What was asked of the primary, and what came of it."""
    rows = exhibits.checks(record.diagnostics, hypothesis=record.hypothesis).data
    return {
        str(check): str(outcome).replace("*", "")
        for check, outcome in zip(rows["check"], rows["outcome"], strict=True)
    }
