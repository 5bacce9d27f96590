"""The record of a hypothesis as the estimate step wrote it: read and checked, never changed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from collsec.core.documents import Document
from collsec.core.errors import BadDocument, BadTable, MissingInput
from collsec.core.models import STRICT, Name, Whole, build, checked, one_of
from collsec.core.project import Project
from collsec.core.provenance import digest_json
from collsec.designs.estimate import Unit
from collsec.evidence import withheld
from collsec.evidence.verdict import CODES, EDITION, Family, Reason, Verdict, printed
from collsec.hypothesis.extension import register_made
from collsec.hypothesis.study import load_study


class BadRecord(BadDocument):
    """A record of estimates lacks something that its report must state."""


@pydantic_dataclass(config=STRICT, frozen=True)
class StoredReason:
    """Why a verdict is what it is."""

    code: Name
    values: dict[str, Any]


@pydantic_dataclass(config=STRICT, frozen=True)
class StoredVerdict:
    """A verdict and its reasons, the first of them first."""

    code: Annotated[str, *one_of(*sorted(CODES))]
    reasons: Annotated[tuple[StoredReason, ...], Field(min_length=1)]
    flags: tuple[StoredReason, ...] = ()


@pydantic_dataclass(config=STRICT, frozen=True)
class StoredQuantity:
    """A number or text that a page may print."""

    value: Any
    unit: Annotated[str, *one_of(*sorted(unit.value for unit in Unit))]
    digits: Whole | None = None


@pydantic_dataclass(config=STRICT, frozen=True)
class StoredProvenance:
    """What the estimates were made from, and by which code."""

    collsec_version: Name
    data_vintage: Name
    profile: Literal["quick", "full"]
    stage: Name
    inputs: dict[str, str]


@pydantic_dataclass(config=ConfigDict(extra="allow"), frozen=True)
class StoredDiagnostics:
    """What the report states of the primary estimate; a design may record more."""

    null_calibration: dict[str, Any]
    falsification: list[dict[str, Any]]
    sign_flips: list[str]
    principled_agreement: Annotated[
        float | None, Field(description="Share of specifications; none without any.")
    ]


def _around_one(estimand: dict[str, Any]) -> str:
    """What is wrong with the range of no interest of an estimand, or nothing."""
    match estimand.get("no_effect"):
        case [int() | float() as low, int() | float() as high] if 0 < low < 1 < high:
            return ""
    return "no_effect must be two hazard ratios around 1, such as [0.8, 1.25]."


@pydantic_dataclass(config=ConfigDict(extra="allow"), frozen=True)
class StoredSpecification:
    """The specification as it was estimated; its own model checked it then."""

    estimand: Annotated[dict[str, Any], checked(_around_one)]


@pydantic_dataclass(config=STRICT, frozen=True)
class StoredRecord:
    """The JSON of a hypothesis' record, ``data/processed/estimates/<name>.json``."""

    hypothesis: Name
    result_id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*@[0-9a-f]+$")]
    spec: StoredSpecification
    verdict: StoredVerdict
    quantities: dict[str, StoredQuantity]
    made_by: Annotated[dict[str, str], Field(description="Part that made an estimate, by its id.")]
    diagnostics: StoredDiagnostics
    provenance: StoredProvenance
    multiverse: Annotated[dict[str, Any], Field(default_factory=dict)]
    parts: Annotated[dict[str, Any], Field(default_factory=dict)]
    minimum: Annotated[
        tuple[int, int],
        Field(description="Exposed outcomes and clusters below which no direction is said."),
    ] = (0, 0)


@dataclass(frozen=True, slots=True)
class Record:
    """Everything known about one hypothesis, as the estimate step wrote it.

    Attributes
    ----------
    hypothesis : str
        Identifier, such as `h1`.
    verdict : Verdict
        The one that may be printed: that of the full profile.
    minimum : tuple of int
        Exposed outcomes and clusters below which no direction is said of any estimate.
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
    withheld : mapping of str to str
        Why what is not printed, by the name of the estimate, quantity or record of a part without
        the hypothesis: ``withdrawn: …`` or ``not estimable: …``.
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
    minimum: tuple[int, int] = (0, 0)
    withheld: Mapping[str, str] = field(default_factory=dict)

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
    """Read what may be printed of the record of one hypothesis.

    Numbers that are withdrawn, and those of a primary that is not estimable, are not in it.

    Raises
    ------
    MissingInput
        If the estimate step has not been run.
    BadRecord
        Holding every part that is absent or has no meaning here.
    BadSpec
        If the list of what is withdrawn is ill-formed.
    """
    return _printable(stored(project, hypothesis), project)


def _printable(record: Record, project: Project) -> Record:
    """A record without the numbers that are withheld, and with the verdict that this leaves."""
    h, rows = record.hypothesis, record.estimates
    withdrawn = withheld.of(h, withheld.read(project))
    others = [*record.quantities, *record.parts, *["multiverse"] * bool(record.multiverse)]
    why = withheld.reasons(rows, others, record.verdict.code, withdrawn, load_study(project))
    verdict = record.verdict
    if "primary.needed_2" in why:
        # The reason of a verdict for want of cases holds the same numbers.
        parts = (
            tuple(
                Reason(r.code, {**r.values, "needed": {}}) if "needed" in r.values else r
                for r in own
            )
            for own in (verdict.reasons, verdict.flags)
        )
        verdict = Verdict(verdict.code, *parts)
    shown = replace(
        record,
        verdict=verdict,
        estimates=withheld.without_numbers(rows, why),
        quantities={
            name: {"value": why[name], "unit": Unit.TEXT.value} if name in why else one
            for name, one in record.quantities.items()
        },
        parts={name: one for name, one in record.parts.items() if name not in why},
        withheld=why,
    )
    said = why.get(withheld.PRIMARY, "")
    if not said:
        return shown
    if said.startswith(withheld.WITHDRAWN):
        reason = said.partition(": ")[2]
        verdict = Verdict("withdrawn", (Reason("withdrawn", {"reason": reason}),))
    hidden: dict[str, Any] = {"leave_one_out": [], "sign_flips": None, "principled_agreement": None}
    calibration = record.diagnostics["null_calibration"] | {"estimates": []}
    return replace(
        shown,
        verdict=verdict,
        diagnostics={
            **record.diagnostics,
            **hidden,
            "null_calibration": calibration,
            "proportional_hazards_p": None,
        },
        multiverse={},
        specifications=None,
    )


def stored(project: Project, hypothesis: str) -> Record:
    """Read the record of one hypothesis as it stands, for what compares and publishes records.

    Raises
    ------
    MissingInput
        If the estimate step has not been run.
    BadRecord
        Holding every part that is absent or has no meaning here.
    """
    path = project.record(hypothesis)
    where = project.relative(path)
    if not path.exists():
        raise MissingInput(
            f"{where} does not exist yet. Run `collsec run`, or the estimate step, first."
        )
    content = project.read_json(path)
    register_made(project, hypothesis)
    build(StoredRecord, Document(where, content), BadRecord)
    record = Record(
        hypothesis=hypothesis,
        estimates=project.read("estimates", hypothesis),
        curves=_optional(project, "estimates", f"{hypothesis}-curves"),
        attrition=_optional(project, "panels", f"{hypothesis}-attrition"),
        places=_places(project),
        specifications=_optional(project, "estimates", f"{hypothesis}-multiverse"),
        verdict=printed(
            Verdict.of_plain(content["verdict"]),
            content["provenance"],
            _published(project, content),
        ),
        minimum=tuple(content.get("minimum", (0, 0))),
        parts=content.get("parts", {}),
        multiverse=content.get("multiverse", {}),
        **{
            part: content[part]
            for part in ("spec", "quantities", "made_by", "diagnostics", "provenance", "result_id")
        },
    )
    if (record.estimates["role"] == "primary").sum() != 1:
        table = project.relative(project.stage("estimates", hypothesis))
        raise BadTable(table, "there must be exactly one primary estimate.", column="role")
    return record


def _published(project: Project, content: Mapping[str, Any]) -> Verdict | None:
    """The verdict of the last release, if it was of the full profile, this data and this file."""
    if content["provenance"].get("profile") != "quick" or not project.manifest.exists():
        return None
    try:
        manifest = json.loads(project.manifest.read_text(encoding="utf-8"))
        known = manifest["results"][content["hypothesis"]]
        is_same = (
            manifest["profile"] == "full"
            and manifest["data_vintage"] == content["provenance"].get("data_vintage")
            and known["specification"] == digest_json(content["spec"])
            and known.get("edition") == EDITION
        )
        return Verdict.of_plain(known["rule"]) if is_same else None
    except (ValueError, KeyError, TypeError):
        return None  # a release from before verdicts stood in it whole, or none of this hypothesis


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What can be said only of all hypotheses together.

    Attributes
    ----------
    p_holm : mapping of str to float
        Holm's p-value of each primary of the family, by hypothesis.
    q_value : mapping of str to float
        Benjamini and Hochberg's of every other hypothesis' main estimate.
    families : mapping of str to Family
        The further tests of each hypothesis.
    """

    p_holm: Mapping[str, float]
    q_value: Mapping[str, float]
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
    p_holm, q_value = (
        {h: math.nan if p is None else p for h, p in content[key].items()}
        for key in ("p_holm", "q_value")
    )
    return Synthesis(p_holm, q_value, families)


def _optional(project: Project, stage: str, name: str) -> pd.DataFrame | None:
    return project.read(stage, name) if project.stage(stage, name).exists() else None


def _places(project: Project) -> dict[int, str]:
    episodes = _optional(project, "episodes", "episodes")
    if episodes is None:
        return {}
    pairs = zip(episodes["conflict_id"], episodes["location"], strict=True)
    return {int(conflict): str(place).replace(";", ", ") for conflict, place in pairs}
