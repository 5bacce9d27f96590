"""The record of a hypothesis as the estimate step wrote it: read and checked, never changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.core.errors import BadTable, CollsecError, MissingInput
from collsec.core.project import Project
from collsec.designs.estimate import Unit
from collsec.evidence.verdict import CODES, Family, Verdict
from collsec.hypothesis.extension import register_made

PROFILES = ("quick", "full")


class BadRecord(CollsecError):
    """A record of estimates lacks something that its report must state."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything known about one hypothesis, as the estimate step wrote it.

    Attributes
    ----------
    hypothesis : str
        Identifier, such as `h1`.
    verdict : Verdict
    quantities, made_by, diagnostics, provenance, spec : mapping
        The parts of `estimates/{h}.json`: `quantities` by the name of the page's variable, without
        the hypothesis; `made_by` the part that made an estimate, by its id.
    result_id : str
        Such as `h1.primary@3f9c2a`.
    estimates : pandas.DataFrame
        One row an estimate.
    curves, attrition : pandas.DataFrame or None
        Missing where the hypothesis has none.
    places : mapping of int to str
        Country of each conflict, by its identifier.
    parts : mapping
        What the hypothesis' further parts recorded, by name.
    multiverse : mapping
        Summaries of the multiverse by validity (log hazard ratios), and by `options`.
    specifications : pandas.DataFrame or None
        One row a specification of the multiverse; missing where it has not been estimated.
    """

    hypothesis: str
    spec: Mapping[str, Any]
    verdict: Verdict
    quantities: Mapping[str, Mapping[str, Any]]
    made_by: Mapping[str, str]
    diagnostics: Mapping[str, Any]
    provenance: Mapping[str, Any]
    result_id: str
    estimates: pd.DataFrame
    curves: pd.DataFrame | None
    attrition: pd.DataFrame | None
    places: Mapping[int, str]
    parts: Mapping[str, Any]
    multiverse: Mapping[str, Any]
    specifications: pd.DataFrame | None

    @property
    def is_quick(self) -> bool:
        """Whether fewer draws were used than the published numbers need."""
        return bool(self.provenance["profile"] == "quick")

    @property
    def no_effect(self) -> tuple[float, float]:
        """Hazard ratios nearer to one than the smallest effect of interest."""
        low, high = self.spec["estimand"]["no_effect"]
        return float(low), float(high)

    @property
    def leave_one_out(self) -> pd.DataFrame:
        """The hazard ratio without each conflict and mission: `kind`, `dropped`, `estimate`."""
        rows = self.diagnostics.get("leave_one_out", [])
        names = [
            row["left_out"].upper()
            if row["kind"] == "mission"
            else f"{self.places.get(int(row['left_out']), 'Conflict')} {row['left_out']}"
            for row in rows
        ]
        return pd.DataFrame(
            {
                "kind": [row["kind"] for row in rows],
                "dropped": names,
                "estimate": pd.Series([row["hazard_ratio"] for row in rows], dtype=float),
            }
        )

    @property
    def primary(self) -> pd.Series:
        """The row of the primary estimate."""
        return self.estimates[self.estimates["role"] == "primary"].iloc[0]


def load(project: Project, hypothesis: str) -> Record:
    """Read the record of one hypothesis.

    Raises
    ------
    MissingInput
        If the estimate step has not been run.
    BadRecord
        If a part is absent or has no meaning here.
    """
    path = project.record(hypothesis)
    where = project.relative(path)
    if not path.exists():
        raise MissingInput(
            f"{where} does not exist yet. Run `collsec run`, or the estimate step, first."
        )
    content = project.read_json(path)
    register_made(project, hypothesis)
    needed = (
        "spec",
        "verdict",
        "quantities",
        "made_by",
        "diagnostics",
        "provenance",
        "result_id",
    )
    for part in needed:
        if part not in content:
            raise BadRecord(f"{where}: no `{part}`. Run the estimate step of {hypothesis} again.")
    record = Record(
        hypothesis=hypothesis,
        estimates=project.read("estimates", hypothesis),
        curves=_optional(project, "estimates", f"{hypothesis}-curves"),
        attrition=_optional(project, "panels", f"{hypothesis}-attrition"),
        places=_places(project),
        parts=content.get("parts", {}),
        multiverse=content.get("multiverse", {}),
        specifications=_optional(project, "estimates", f"{hypothesis}-multiverse"),
        verdict=_verdict(content["verdict"], where),
        **{part: content[part] for part in needed if part != "verdict"},
    )
    _check(record, where, project.relative(project.stage("estimates", hypothesis)))
    return record


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What can be said only of all hypotheses together.

    Attributes
    ----------
    p_holm : mapping of str to float
        Holm's p-value of each primary, by hypothesis.
    families : mapping of str to Family
        The further tests of each hypothesis.
    """

    p_holm: Mapping[str, float]
    families: Mapping[str, Family]


def load_synthesis(project: Project) -> Synthesis:
    """Read what can be said only of all hypotheses together.

    Raises
    ------
    MissingInput
        If the synthesis step has not been run.
    """
    path = project.record("study")
    if not path.exists():
        raise MissingInput(
            f"{project.relative(path)} does not exist yet. "
            "Run `collsec run`, or the synthesis step."
        )
    content = project.read_json(path)
    families = {
        h: Family(**one | {"remaining": tuple(one["remaining"])})
        for h, one in content["families"].items()
    }
    p_holm = {h: math.nan if p is None else p for h, p in content["p_holm"].items()}
    return Synthesis(p_holm, families)


def _optional(project: Project, stage: str, name: str) -> pd.DataFrame | None:
    return project.read(stage, name) if project.stage(stage, name).exists() else None


def _places(project: Project) -> dict[int, str]:
    episodes = _optional(project, "episodes", "episodes")
    if episodes is None:
        return {}
    pairs = zip(episodes["conflict_id"], episodes["location"], strict=True)
    return {int(conflict): str(place).replace(";", ", ") for conflict, place in pairs}


def _verdict(content: Any, where: str) -> Verdict:
    """Read a verdict, refusing one that no rule reaches or that has no reasons."""
    try:
        verdict = Verdict.of_plain(content)
    except (KeyError, TypeError) as error:
        raise BadRecord(f"{where}: the verdict is incomplete ({error}).") from None
    if verdict.code not in CODES:
        raise BadRecord(
            f"{where}: verdict code {verdict.code!r} is none of {', '.join(sorted(CODES))}."
        )
    if not verdict.reasons:
        raise BadRecord(f"{where}: the verdict has no reasons.")
    return verdict


def _check(record: Record, where: str, table: str) -> None:
    """Refuse a record that a page would have to leave holes for."""
    for key in ("collsec_version", "data_vintage", "profile"):
        if not record.provenance.get(key):
            raise BadRecord(f"{where}: provenance has no `{key}`.")
    if record.provenance["profile"] not in PROFILES:
        raise BadRecord(
            f"{where}: profile {record.provenance['profile']!r} is neither quick nor full."
        )
    units = {unit.value for unit in Unit}
    for name, plain in record.quantities.items():
        if not isinstance(plain, dict) or "value" not in plain:
            raise BadRecord(f"{where}: quantity {name!r} is {plain!r}, without a value.")
        if plain.get("unit") not in units:
            raise BadRecord(
                f"{where}: quantity {name!r} has the unit {plain.get('unit')!r}; "
                f"known: {', '.join(sorted(units))}."
            )
    if (record.estimates["role"] == "primary").sum() != 1:
        raise BadTable(table, "there must be exactly one primary estimate.", column="role")
    for key in ("null_calibration", "falsification", "sign_flips", "principled_agreement"):
        if key not in record.diagnostics:
            raise BadRecord(f"{where}: diagnostics have no `{key}`.")
    try:
        low, high = record.no_effect
    except (KeyError, TypeError, ValueError):
        low, high = 0.0, 0.0
    if not 0 < low < 1 < high:
        raise BadRecord(
            f"{where}: spec.estimand.no_effect must be two hazard ratios around 1, "
            "such as [0.8, 1.25]."
        )
