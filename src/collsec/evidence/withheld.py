"""What is on record and not printed: what is withdrawn, and ratios that rest on too few cases.

A record is read without the numbers that may not be printed, so that no page, table, figure or
terminal has them to print. The files of the estimate step keep them.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from collsec.core.documents import Document, read_yaml
from collsec.core.errors import BadDocument, BadSpec, Fault
from collsec.core.models import IDENTIFIER, STRICT, Text, build, checked, unrepeated
from collsec.core.project import Project
from collsec.core.schema import Role
from collsec.designs.estimate import EQUIVALENCE, UNITS, Unit
from collsec.evidence.verdict import counted
from collsec.hypothesis.study import Study, load_study

FILE = "analyses/_withdrawn.yml"
#: How what is said in place of a number begins.
WITHDRAWN, NOT_ESTIMABLE = "withdrawn", "not estimable"
#: Column of the estimates that says why there is no number; empty where there is one.
COLUMN = "withheld"
PRIMARY = "primary"
TOO_FEW = f"{NOT_ESTIMABLE}: too few cases"
#: Fields of an estimate that hold its value, or follow from it.
VALUES = (
    *("estimate", "ci_low", "ci_high", "low_95", "high_95", "p_value", "std_error", "centered"),
    *("cluster_low", "cluster_high", "mde_low", "mde_high", *EQUIVALENCE),
)
#: Quantities that restate a primary, and the counts among them.
_OF_PRIMARY = (f"{PRIMARY}.*", "posterior.*", "multiverse", "multiverse.*")
_COUNTS = (
    f"{PRIMARY}.expected",
    *("multiverse.n", "multiverse.*.n", "multiverse.declared", "multiverse.*.estimable"),
)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What is withdrawn, since when, and why."""

    __pydantic_config__ = STRICT

    names: Annotated[
        tuple[Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]*|\*)\.[\w.*]+$")], ...],
        checked(unrepeated),
        Field(
            min_length=1,
            description="Ids of estimates, quantities or records of parts, such as "
            "`<hypothesis>.primary`; `*` stands for any text. What restates a primary is withdrawn "
            "with it.",
        ),
    ]
    since: Annotated[
        str,
        Field(
            pattern=r"^\d+\.\d+\.\d+$",
            description="Release from which on it is not printed, such as `0.4.0`.",
        ),
    ]
    reason: Annotated[
        Text,
        Field(
            min_length=1,
            pattern=r"^[^\n]*[^\n.]\n?$",
            description="What is wrong, printed after `withdrawn:` in place of each number; "
            "one line without a period at its end.",
        ),
    ]

    @property
    def sentence(self) -> str:
        """What is printed in place of a number."""
        return f"{WITHDRAWN}: {self.reason.strip()}"


#: The whole list: withdrawals by name.
Entries = dict[Annotated[str, Field(pattern=IDENTIFIER, max_length=40)], Withdrawal]


def read(project: Project) -> list[Withdrawal]:
    """Read what is withdrawn; nothing where the study has no such list.

    Raises
    ------
    BadSpec
        Holding everything that is wrong with the list by itself.
    """
    return list(_read(project)[1].values())


def _read(project: Project) -> tuple[Document | None, Entries]:
    path = project.root / FILE
    if not path.exists():
        return None, {}
    try:
        document = read_yaml(path, FILE)
    except BadDocument as error:
        raise BadSpec(*error.faults) from None
    return document, build(Entries, document, BadSpec)


def check(project: Project) -> None:
    """Check the list against the study: each name must be that of something.

    A name of a hypothesis that has been estimated must fit an estimate, a quantity, or a record of
    a part; of one that has not, only the hypothesis is asked for.

    Raises
    ------
    BadSpec
    """
    document, entries = _read(project)
    if document is not None and (faults := list(_unknown(project, document, entries))):
        raise BadSpec(*faults)


def _unknown(project: Project, document: Document, entries: Entries) -> Iterator[Fault]:
    hypotheses = load_study(project).hypotheses
    for key, entry in entries.items():
        for place, name in enumerate(entry.names):
            h, _, own = name.partition(".")
            if h != "*" and h not in hypotheses:
                yield document.unknown((key, "names", place), h, hypotheses)
                continue
            known = [_names(project, one) for one in (hypotheses if h == "*" else (h,))]
            if None not in known and not any(fnmatch.filter(one or (), own) for one in known):
                yield document.fault(
                    (key, "names", place),
                    "is no estimate, no quantity and no record of a part.",
                    name,
                    "`collsec show` lists estimates; the record in data/processed/estimates has "
                    "all names.",
                )


def _names(project: Project, hypothesis: str) -> set[str] | None:
    """Names of all that is on record of a hypothesis; None where it has not been estimated."""
    path = project.record(hypothesis)
    if not (path.exists() and project.stage("estimates", hypothesis).exists()):
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = pd.read_parquet(project.stage("estimates", hypothesis), columns=["estimate_id"])
    return {
        *(_short(one) for one in rows["estimate_id"]),
        *content["quantities"],
        *content.get("parts", {}),
    }


def of(hypothesis: str, declared: Iterable[Withdrawal]) -> dict[str, Withdrawal]:
    """The withdrawal by each pattern of names of a hypothesis, without the hypothesis."""
    found = {}
    for one in declared:
        for name in one.names:
            h, _, own = name.partition(".")
            if h in ("*", hypothesis):
                found[own] = one
    return found


def reasons(
    rows: pd.DataFrame,
    others: Collection[str],
    code: str,
    withdrawn: Mapping[str, Withdrawal],
    study: Study,
) -> dict[str, str]:
    """Why which numbers of a hypothesis are not printed, by their names without the hypothesis.

    Parameters
    ----------
    rows : DataFrame
        Its estimates.
    others : collection of str
        Names of its quantities and of the records of its parts.
    code : str
        Of its verdict. Where that is ``not-estimable``, what restates the primary is withheld, and
        every ratio that rests on fewer exposed outcomes or clusters than the least.
    withdrawn : mapping
        From :func:`of`.
    study : Study

    Returns
    -------
    dict
    """
    found: dict[str, str] = {}
    names = [_short(one) for one in rows["estimate_id"]]
    restating = [
        name for name, role in zip(names, rows["role"], strict=True) if Role(role).restates_primary
    ]
    derived = [n for n in others if _fits(n, _OF_PRIMARY) and not _fits(n, _COUNTS)]
    if code == "not-estimable":
        outcomes = pd.Series(
            [
                counted(seen, expected)
                for seen, expected in zip(
                    rows["exposed_events"], rows["expected_events"], strict=True
                )
            ],
            index=rows.index,
        )
        is_few = (outcomes < study.least_exposed_events) | (
            rows["exposed_clusters"] < study.least_exposed_clusters
        )
        is_ratio = rows["estimand"].map(lambda one: UNITS.get(str(one)) is Unit.RATIO)
        few = [name for name, is_one in zip(names, is_few & is_ratio, strict=True) if is_one]
        found |= dict.fromkeys([PRIMARY, *restating, *derived, *few], TOO_FEW)
    of_primary = next((w for p, w in withdrawn.items() if fnmatch.fnmatch(PRIMARY, p)), None)
    if of_primary is not None:
        found |= dict.fromkeys([PRIMARY, *restating, *derived], of_primary.sentence)
    for pattern, one in withdrawn.items():
        found |= dict.fromkeys(fnmatch.filter([*names, *others], pattern), one.sentence)
    return found


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _short(estimate_id: Any) -> str:
    return str(estimate_id).partition(".")[2]


def without_numbers(rows: pd.DataFrame, why: Mapping[str, str]) -> pd.DataFrame:
    """Estimates without the numbers that are withheld, and with a column that says why.

    Counts stay. The note of such an estimate is the reason. Where its estimator gave no number and
    said why, that stays instead of *too few cases*; what is withdrawn always says so.
    """
    said = rows["estimate_id"].map(lambda one: why.get(_short(one), ""))
    is_withheld = (said != "").to_numpy()
    values = [name for name in VALUES if name in rows]
    masked = rows.assign(**{COLUMN: said})
    masked[values] = masked[values].astype(float)
    if "note" in masked:
        says_why = (said == TOO_FEW) & masked["estimate"].isna() & (masked["note"] != "")
        masked["note"] = said.where(is_withheld & ~says_why, masked["note"])
    masked.loc[is_withheld, values] = np.nan
    return masked
