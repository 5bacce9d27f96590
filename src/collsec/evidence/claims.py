"""The claims ledger: each claim of the article, and the verdict or the estimate that speaks to it.

A claim names the estimate that it stands with, and may name others that are reported alongside.
Only a primary carries the machine's verdict; a description carries its number, and any other
estimate its interval, as exploratory. Codes stand here; the reports make the sentences.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from collsec.core.errors import BadTable
from collsec.core.project import Project
from collsec.core.schema import Role
from collsec.evidence.record import load
from collsec.evidence.verdict import Verdict
from collsec.evidence.withheld import WITHDRAWN
from collsec.hypothesis.study import load_study
from collsec.tables.clean import CLAIMS, read_raw

RESOURCE = CLAIMS
FILE = f"data/raw/{RESOURCE['path']}"
#: Where a claim stands whose hypothesis the study does not list.
NOT_IN_STUDY = "not-in-study"


class Results(Protocol):
    """What the ledger asks of the record of a hypothesis."""

    @property
    def verdict(self) -> Verdict: ...
    @property
    def estimates(self) -> pd.DataFrame: ...
    @property
    def result_id(self) -> str: ...
    @property
    def is_quick(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a claim stands.

    Attributes
    ----------
    standing : str
        A code of the verdict rule, ``described``, ``secondary``, ``withdrawn``, the
        claim's class, or ``not-in-study``.
    result_id : str
        What to cite, such as ``h3.divergence@3f9c2a``; empty where nothing was estimated.
    is_quick : bool
        Whether fewer draws were used than the published numbers need.
    """

    standing: str
    result_id: str = ""
    is_quick: bool = False


def read(project: Project) -> pd.DataFrame:
    """Read the coded claims, validated against their schema and against each other.

    Raises
    ------
    BadTable
        At the first cell that breaks a rule.
    """
    claims = read_raw(project, RESOURCE)
    check(claims)
    return claims


def are_listed(project: Project) -> bool:
    """Whether a study lists claims, or has a page that shows them: one of one's own need not."""
    page = project.root / "reports" / "claims.qmd"
    return (project.raw / RESOURCE["path"]).exists() or page.exists()


def check(claims: pd.DataFrame) -> None:
    """Refuse a claim whose columns contradict each other.

    Raises
    ------
    BadTable
        With row, column and value.
    """
    for line, claim in enumerate(claims.fillna("").to_dict(orient="records"), 2):
        is_tested = claim["verdict_class"] == "tested"
        is_conceptual = claim["verdict_class"] == "not-empirical"
        if is_tested != bool(claim["tests"]):
            raise BadTable(
                FILE,
                "a claim names an estimate if, and only if, it is tested.",
                row=line,
                column="tests",
                value=claim["tests"],
            )
        named = {name.split(".")[0] for name in claim["tests"].split(";")}
        if is_tested and named != {claim["hypothesis"]}:
            raise BadTable(
                FILE,
                f"is no estimate of {claim['hypothesis'] or 'no hypothesis'}.",
                row=line,
                column="tests",
                value=claim["tests"],
            )
        if is_conceptual != (claim["kind"] == "conceptual"):
            raise BadTable(
                FILE,
                "a claim is not empirical if, and only if, it is conceptual.",
                row=line,
                column="kind",
                value=claim["kind"],
            )
        if claim["description"] and not is_tested:
            raise BadTable(
                FILE,
                "only a tested claim has a description.",
                row=line,
                column="description",
                value=claim["description"],
            )
        if claim["verdict_class"] in ("tested", "not-estimable", "deferred"):
            for column in ("estimand", "expected"):
                if not claim[column]:
                    raise BadTable(
                        FILE,
                        "must be said of a claim that can be tested.",
                        row=line,
                        column=column,
                        value="",
                    )


def ledger(claims: pd.DataFrame, records: Mapping[str, Results]) -> pd.DataFrame:
    """Join each claim with where it stands.

    Parameters
    ----------
    claims : DataFrame
        As read by :func:`read`.
    records : mapping of str to Results
        The record of each hypothesis of the study that a claim is tested by.

    Returns
    -------
    DataFrame
        The claims with the columns of :class:`Standing`.

    Raises
    ------
    BadTable
        If a claim names an estimate that does not exist or may not speak to a claim.
    """
    standings = [
        Standing(claim["verdict_class"])
        if claim["verdict_class"] != "tested"
        else _tested(claim, line, records[claim["hypothesis"]])
        if claim["hypothesis"] in records
        else Standing(NOT_IN_STUDY)
        for line, claim in enumerate(claims.fillna("").to_dict(orient="records"), 2)
    ]
    return claims.reset_index(drop=True).join(
        pd.DataFrame([dataclasses.asdict(s) for s in standings])
    )


def ledger_of(project: Project) -> pd.DataFrame:
    """Return the ledger of a study whose estimates exist.

    Raises
    ------
    MissingInput
        If an estimate step has not been run.
    """
    claims = read(project)
    return ledger(claims, {h: load(project, h) for h in tested_by(claims, project)})


def tested_by(claims: pd.DataFrame, project: Project) -> list[str]:
    """The hypotheses of the study whose estimates speak to some claim."""
    tested = claims.loc[claims["verdict_class"] == "tested", "hypothesis"]
    return sorted({*tested} & {*load_study(project).hypotheses})


def is_description(name: str, record: Results) -> bool:
    """Whether a name in ``tests`` is that of a description: of no estimate."""
    return name not in set(record.estimates["estimate_id"])


def row_of(name: str, record: Results) -> pd.Series:
    """The estimate of a name."""
    rows = record.estimates
    return rows[rows["estimate_id"] == name].iloc[0]


def primary_of(record: Results) -> pd.Series:
    """The estimate that carries the verdict."""
    rows = record.estimates
    return rows[rows["role"] == Role.PRIMARY].iloc[0]


def is_withdrawn(row: pd.Series) -> bool:
    """Whether an estimate is withdrawn until it is corrected."""
    return str(row.get("withheld") or "").startswith(WITHDRAWN)


def falls(row: pd.Series, record: Results) -> bool:
    """Whether an estimate falls with the primary, whose estimator failed a check of its own."""
    is_shared = row["inference"] == primary_of(record)["inference"]
    return bool(record.verdict.code == "void" and is_shared)


def _tested(claim: Mapping[Hashable, Any], line: int, record: Results) -> Standing:
    """The claim stands as its first estimate does."""
    names = str(claim["tests"]).split(";")
    described = [name for name in names if is_description(name, record)]
    if len(described) > 1 or bool(described) != bool(claim["description"]):
        known = ", ".join(record.estimates["estimate_id"])
        raise BadTable(
            FILE,
            "no such estimate."
            if described
            else "the claim has a description, and `tests` does not name it.",
            row=line,
            column="tests",
            value=(described or names)[-1],
            remedy=f"Known: {known}; one further name may stand for the claim's `description`.",
        )
    for name in names:
        if name not in described:
            _check_role(name, line, record, may_be_primary=name == names[0])
    first = names[0]
    if first in described:
        code = "described"
    else:
        row = row_of(first, record)
        code = "secondary"
        if is_withdrawn(row):
            code = "withdrawn"
        elif row["role"] == Role.PRIMARY:
            code = record.verdict.code
        elif falls(row, record):
            code = "void"
    # The digest is that of the whole hypothesis.
    digest = record.result_id.split("@")[-1]
    return Standing(code, f"{first}@{digest}", record.is_quick)


def _check_role(name: str, line: int, record: Results, *, may_be_primary: bool) -> None:
    """Refuse an estimate that may not speak to a claim."""
    row = row_of(name, record)
    role = Role(row["role"])
    is_fit = role.speaks_to_claims and row["validity"] != "known-biased"
    if not (is_fit or (may_be_primary and role is Role.PRIMARY)):
        raise BadTable(
            FILE,
            f"an estimate of role {role} cannot speak to a claim.",
            row=line,
            column="tests",
            value=name,
        )
