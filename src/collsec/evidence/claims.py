"""The claims ledger: each claim of the article, and the verdict or the estimate that speaks to it.

A claim names the estimate that it stands with, and may name others that are told beside it. Only a
primary carries the machine's verdict; a description carries its number, and any other estimate its
interval, as exploratory. Every sentence follows from the verdict code and the numbers named.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from collsec.core.errors import BadTable
from collsec.core.project import Project
from collsec.core.schema import Role
from collsec.designs.estimate import Quantity
from collsec.reports.words import claim_words, wording
from collsec.reports.words.claim_words import CLUSTERS
from collsec.reports.words.quantities import printed, sentences
from collsec.tables.clean import CLAIMS, read_raw

RESOURCE = CLAIMS
FILE = f"data/raw/{RESOURCE['path']}"
#: How a described claim is told, from the variables below the name that it tests.
DESCRIPTIONS = {
    "h1.incidence": "Within {horizon} months of onset UN troops had come to {deployed} of the "
    "wars; {ended} had ended without any.",
    "h1.stages": "Operations that the Council authorized in {years} into a war were voted "
    "{onset_all_median} months after its onset at the median; new forces then took "
    "{half_new_median} months to half of their strength.",
}
BESIDE = "Exploratory, and no part of the verdict:"


class Evidence(Protocol):
    """What the ledger asks of the record of a hypothesis."""

    @property
    def spec(self) -> Mapping[str, Any]: ...
    @property
    def verdict(self) -> Mapping[str, Any]: ...
    @property
    def hypothesis(self) -> str: ...
    @property
    def quantities(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def made_by(self) -> Mapping[str, str]: ...
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
        A code of the verdict rule, ``described``, ``secondary``, or the claim's class.
    finding, how_sure, what_would_change : str
        Sentences; empty where nothing was estimated.
    result_id : str
        What to cite, such as ``h3.divergence@3f9c2a``.
    is_quick : bool
        Whether fewer draws were used than the published numbers need.
    """

    standing: str
    finding: str = ""
    how_sure: str = ""
    what_would_change: str = ""
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
        if claim["verdict_class"] in ("tested", "deferred"):
            for column in ("estimand", "expected"):
                if not claim[column]:
                    raise BadTable(
                        FILE,
                        "must be said of a claim that can be tested.",
                        row=line,
                        column=column,
                        value="",
                    )


def ledger(
    claims: pd.DataFrame, records: Mapping[str, Evidence], minimum_exposed: tuple[int, int]
) -> pd.DataFrame:
    """Join each claim with what its hypothesis says about it.

    Parameters
    ----------
    claims : DataFrame
        As read by :func:`read`.
    records : mapping of str to Evidence
        The record of each hypothesis that a claim is tested by.
    minimum_exposed : tuple of int
        Exposed ends and exposed clusters below which no effect is looked at.

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
        else _tested(claim, line, records[claim["hypothesis"]], minimum_exposed)
        for line, claim in enumerate(claims.to_dict(orient="records"), 2)
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
    from collsec.evidence.record import load
    from collsec.hypothesis.study import load_study

    claims, study = read(project), load_study(project)
    named = claims.loc[claims["verdict_class"] == "tested", "hypothesis"].unique()
    return ledger(
        claims,
        {h: load(project, h) for h in named},
        (study.minimum_exposed_ends, study.minimum_exposed_clusters),
    )


def standing_of(record: Evidence, minimum_exposed: tuple[int, int]) -> Standing:
    """Return where the primary of a hypothesis stands, whichever claim it tests.

    Parameters
    ----------
    record : Evidence
    minimum_exposed : tuple of int
        As for :func:`ledger`.
    """
    primary = record.estimates.loc[record.estimates["role"] == "primary"].iloc[0]
    name = str(primary["estimate_id"])
    return _cited(_judged(name, primary, record, minimum_exposed), name, record)


def _tested(
    claim: Mapping[Hashable, Any], line: int, record: Evidence, minimum: tuple[int, int]
) -> Standing:
    """The claim stands as its first estimate does; the others are told after it."""
    first, *others = str(claim["tests"]).split(";")
    if first in DESCRIPTIONS:
        standing = _described(first, record)
    else:
        row = _row(first, line, record, may_be_primary=True)
        standing = (
            _judged(first, row, record, minimum)
            if row["role"] == "primary"
            else _exploratory(row, record, claim["expected"])
        )
    told = [
        _description(name, record)
        if name in DESCRIPTIONS
        else claim_words.beside(_row(name, line, record), claim["expected"])
        for name in others
    ]
    if standing.standing != "void" and told:
        lead = [] if standing.standing in ("secondary", "described") else [BESIDE]
        standing = dataclasses.replace(standing, finding=" ".join([standing.finding, *lead, *told]))
    return _cited(standing, first, record)


def _row(name: str, line: int, record: Evidence, *, may_be_primary: bool = False) -> pd.Series:
    """The estimate of a name, refused where it may not speak to a claim."""
    rows = record.estimates.set_index("estimate_id")
    if name not in rows.index:
        raise BadTable(
            FILE,
            "no such estimate.",
            row=line,
            column="tests",
            value=name,
            remedy=f"Known: {', '.join([*DESCRIPTIONS, *rows.index])}.",
        )
    row = pd.Series(rows.loc[name])
    is_fit = Role(row["role"]).speaks_to_claims and row["validity"] != "known-biased"
    if not (is_fit or (may_be_primary and row["role"] == "primary")):
        raise BadTable(
            FILE,
            f"an estimate of role {row['role']} cannot speak to a claim.",
            row=line,
            column="tests",
            value=name,
        )
    return row


def _cited(standing: Standing, name: str, record: Evidence) -> Standing:
    """Add what to cite: the digest is that of the whole hypothesis."""
    digest = record.result_id.split("@")[-1]
    return dataclasses.replace(standing, result_id=f"{name}@{digest}", is_quick=record.is_quick)


def _described(name: str, record: Evidence) -> Standing:
    primary = record.estimates.loc[record.estimates["role"] == "primary"].iloc[0]
    return Standing(
        "described",
        _description(name, record),
        f"A share among {primary['n_units']} wars, with nothing to test.",
        "Better dates. Nothing follows from it about causes.",
    )


def _description(name: str, record: Evidence) -> str:
    short = f"{name.partition('.')[2]}."
    parts = {
        key.removeprefix(short).replace(".", "_"): printed(Quantity.from_plain(plain))
        for key, plain in record.quantities.items()
        if key.startswith(short)
    }
    return DESCRIPTIONS[name].format(**parts)


def _judged(name: str, row: pd.Series, record: Evidence, minimum: tuple[int, int]) -> Standing:
    code = record.verdict["code"]
    low, high = (wording.number(v) for v in record.spec["estimand"]["no_effect"])
    reasons = list(record.verdict["reasons"])
    exposure = claim_words.counts(row, record.spec)
    is_few = row["exposed_events"] < minimum[0] or row["exposed_clusters"] < minimum[1]
    holds = f"Fairly sure: the interval excludes no effect, and every check holds. {exposure}."
    turns = (
        "A placebo that finds an effect, one conflict that carries the result, or principled "
        "designs that disagree in sign would make it mixed."
    )
    more = (
        f"More wars: at least {minimum[0]} that end while exposed, and {minimum[1]} "
        f"{CLUSTERS[record.spec['cluster']]} with an exposed war."
    )
    narrower = (
        "A narrower interval: one that excludes equal rates of ending, or one that lies "
        f"within {low} to {high} times the rate."
    )
    how_sure, what = {
        "supported": (holds, turns),
        "contradicted": (holds, turns),
        "mixed": (
            f"Unsure: {'; '.join(reasons[1:])}.",
            "The same estimate, once each check holds.",
        ),
        "no-effect": (
            f"Fairly sure: the whole interval lies within {low} to {high}. {exposure}.",
            f"An interval that reaches beyond {low} or {high}.",
        ),
        "inconclusive": (f"Undecided. {exposure}.{_detectable(row)}", more if is_few else narrower),
        "void": (f"Not at all: {'; '.join(reasons)}.", "An estimator that passes its own checks."),
    }[code]
    return Standing(code, sentences(record)["primary.sentence"], how_sure, what)


def _exploratory(row: pd.Series, record: Evidence, expected: str) -> Standing:
    """Word an estimate that carries no verdict; it falls with the estimator of its primary."""
    primary = record.estimates.loc[record.estimates["role"] == "primary"].iloc[0]
    if record.verdict["code"] == "void" and row["inference"] == primary["inference"]:
        return Standing(
            "void",
            "Not reported: its estimator failed a check.",
            f"Not at all: {'; '.join(record.verdict['reasons'])}.",
            "An estimator that passes its own checks.",
        )
    is_known = not math.isnan(row["estimate"])
    return Standing(
        "secondary",
        claim_words.beside(row, expected).removesuffix(".")
        + (f"; the claim implies {expected}." if is_known else "."),
        "Exploratory: not a primary, so without a verdict, and with an interval that makes no "
        f"allowance for the other estimates. {claim_words.counts(row, record.spec)}.",
        "A hypothesis of its own, stated before its estimate is known.",
    )


def _detectable(row: pd.Series) -> str:
    low, high = row["mde_low"], row["mde_high"]
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return (
        f" Only ends at more than {wording.number(high)} times the rate, or at less than "
        f"{wording.number(low)} times, could be expected to show."
    )
