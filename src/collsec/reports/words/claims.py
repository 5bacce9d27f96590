"""The claims ledger in words: what was found, how sure that is, and what would change it."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from collsec.core.errors import BadTable
from collsec.core.project import Project
from collsec.core.schema import Role
from collsec.designs import registry
from collsec.designs.estimate import UNITS, Unit
from collsec.designs.parts import PARTS, Declaration
from collsec.evidence.claims import (
    FILE,
    NOT_IN_STUDY,
    Results,
    falls,
    is_description,
    is_withdrawn,
    ledger,
    primary_of,
    read,
    row_of,
    tested_by,
)
from collsec.evidence.record import load
from collsec.evidence.verdict import NEEDS_FULL
from collsec.hypothesis.study import load_study
from collsec.reports.words import quantities, verdicts, wording
from collsec.reports.words.wording import begun
from collsec.tables.clean import LITERATURE, read_raw

#: Estimands whose value without any difference is zero, and what their unit is called.
_DIFFERENCES = {Unit.POINTS: "percentage points", Unit.MONTHS: "months"}
_NAMES = {
    "hazard_ratio_of_action": "Hazard ratio of the act",
    "probability_difference": "Difference in probability",
    "rmst_difference_months": "Difference in months of war",
}
_ALONGSIDE = f"{verdicts.label('secondary')}, and no part of the answer:"


class Printable(Results, quantities.Results, Protocol):
    """What words need of the record of a hypothesis."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a claim; empty where nothing was estimated."""

    finding: str = ""
    how_sure: str = ""
    what_would_change: str = ""


#: A variable that a sentence of a coded table names.
_NAMED = re.compile(r"\{([^{}]*)\}")
_NOT_IN_STUDY = "The hypothesis that tests it is not among those of this study."
_CORRECTED = "A design without the fault."
_VOID = "An estimator that passes its own checks."


def worded(
    table: pd.DataFrame, records: Mapping[str, Printable], minimum: tuple[int, int]
) -> pd.DataFrame:
    """Return a ledger with its sentences, the columns of :class:`Words`, and its `answer`.

    Parameters
    ----------
    table : DataFrame
        From :func:`collsec.evidence.claims.ledger`.
    records : mapping of str to Printable
        The record of each hypothesis that a claim is tested by.
    minimum : tuple of int
        Exposed terminations and exposed clusters below which no effect is looked at.

    Raises
    ------
    BadTable
        If a description names a variable that does not exist.
    """
    texts = [
        _claim(claim, line, records[claim["hypothesis"]], minimum)
        if claim["standing"] not in (claim["verdict_class"], NOT_IN_STUDY)
        else Words(_NOT_IN_STUDY if claim["standing"] == NOT_IN_STUDY else "")
        for line, claim in enumerate(table.fillna("").to_dict(orient="records"), 2)
    ]
    said = pd.DataFrame([dataclasses.asdict(words) for words in texts])
    return table.join(said).assign(
        answer=[_answer(claim, records) for claim in table.to_dict(orient="records")]
    )


def _answer(claim: Mapping[Hashable, Any], records: Mapping[str, Printable]) -> str:
    """How a claim is headed: a verdict is that of the record, with its reason."""
    record = records.get(claim["hypothesis"])
    if record is not None and claim["standing"] == record.verdict.code:
        return verdicts.answer(record.verdict)
    return verdicts.label(str(claim["standing"]))


def ledger_of(project: Project) -> pd.DataFrame:
    """Return the ledger of a study in words.

    Raises
    ------
    MissingInput
        If an estimate step has not been run.
    """
    claims, study = read(project), load_study(project)
    records = {h: load(project, h) for h in tested_by(claims, project)}
    minimum = (study.minimum_exposed_events, study.minimum_exposed_clusters)
    return worded(ledger(claims, records), records, minimum)


def of_primary(record: Printable, minimum: tuple[int, int]) -> Words:
    """What is said of the primary of a hypothesis, whichever claim it tests."""
    return _judged(primary_of(record), record, minimum)


def _claim(
    claim: Mapping[Hashable, Any], line: int, record: Printable, minimum: tuple[int, int]
) -> Words:
    """The first estimate leads; the others are reported after it."""
    first, *others = str(claim["tests"]).split(";")
    if is_description(first, record):
        words = Words(
            _description(claim, line, record),
            "A description: nothing is tested, and nothing follows from it about causes.",
            "Better records.",
        )
    elif row_of(first, record)["role"] == Role.PRIMARY:
        words = _judged(row_of(first, record), record, minimum)
    else:
        words = _exploratory(row_of(first, record), record, claim["expected"], minimum)
    further = [
        _description(claim, line, record)
        if is_description(name, record)
        else alongside(row_of(name, record), claim["expected"], minimum)
        for name in others
    ]
    if claim["standing"] == "void" or not further:
        return words
    lead = [] if claim["standing"] in ("secondary", "described") else [_ALONGSIDE]
    return dataclasses.replace(words, finding=" ".join([words.finding, *lead, *further]))


def _description(claim: Mapping[Hashable, Any], line: int, record: Printable) -> str:
    """The sentence of a described claim, with the variables that it names."""
    known = quantities.variables(record)
    return filled(claim, line, known, FILE, "description", f" of {claim['hypothesis']}")


def filled(
    row: Mapping[Hashable, Any],
    line: int,
    known: Mapping[str, str],
    file: str,
    column: str,
    of: str = "",
) -> str:
    """A sentence of a coded table with the variables that it names.

    Raises
    ------
    BadTable
        If there is no such variable.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in known:
            raise BadTable(
                file, f"no variable {name!r}{of}.", row=line, column=column, value=row[column]
            )
        return known[name]

    return _NAMED.sub(value, str(row[column]))


def literature(project: Project, known: Mapping[str, str]) -> pd.DataFrame:
    """What other studies found, with ours alongside, in words.

    Parameters
    ----------
    project : Project
    known : mapping of str to str
        Every variable of the reports.

    Raises
    ------
    BadTable
        At the first cell that breaks a rule, or names a variable that does not exist.

    Notes
    -----
    Where a cell names a hypothesis that is not in the study there is no number of ours.
    """
    table = read_raw(project, LITERATURE)
    listed = {name.partition(".")[0] for name in known}
    file = f"data/raw/{LITERATURE['path']}"
    rows = table.astype(object).fillna("").to_dict(orient="records")
    return table.assign(
        who=[f"{row['study']} ({row['year']})" for row in rows],
        found=[_found(row) for row in rows],
        our_number=[
            filled(row, line, known, file, "ours") or wording.NONE
            if {name.partition(".")[0] for name in _NAMED.findall(row["ours"])} <= listed
            else wording.NONE
            for line, row in enumerate(rows, 2)
        ],
    )


def _found(row: Mapping[Hashable, Any]) -> str:
    """The finding, with the number that the document gives."""
    low, high = row["value_low"], row["value_high"]
    if low == "":
        return str(row["finding"])
    ends = [f"{float(value):g}" for value in dict.fromkeys((low, high))]
    unit = str(row["value_unit"]).removeprefix("%")
    percent = "\u00a0%" if str(row["value_unit"]).startswith("%") else ""
    return f"{row['finding']} ({' to '.join(ends)}{percent}{'' if percent else ' '}{unit})"


def _judged(row: pd.Series, record: Printable, minimum: tuple[int, int]) -> Words:
    """Word the estimate that carries the verdict."""
    code = record.verdict.code
    low, high = (wording.number(v) for v in record.spec["estimand"]["no_effect"])
    why = quantities.reasons(record)
    rests_on = counts(row, record.spec)
    holds = f"Fairly sure: the interval excludes a ratio of one, and every check holds. {rests_on}."
    turns = (
        "A placebo that finds an effect, one conflict that carries the result, or principled "
        "designs that disagree in sign would make it mixed."
    )
    more = _more(record, minimum)
    narrower = (
        "A narrower interval: one that excludes a ratio of one, or one that lies within "
        f"{low} to {high}."
    )
    how_sure, what = {
        "supported": (holds, turns),
        "contradicted": (holds, turns),
        "mixed": (f"Unsure: {'; '.join(why[1:])}.", "The same estimate, once each check holds."),
        "no-effect": (
            f"Fairly sure: the whole interval lies within {low} to {high}. {rests_on}.",
            f"An interval that reaches beyond {low} or {high}.",
        ),
        "inconclusive": (
            f"Undecided. {rests_on}.{_detectable(row, record)}",
            more if verdicts.is_for_want(record.verdict) else narrower,
        ),
        "described": (
            f"A description: {why[0]}. {rests_on}.",
            "A design in which timing does not decide.",
        ),
        "not-estimable": (f"Not at all. {rests_on}.", more),
        NEEDS_FULL: (f"Not yet: {'; '.join(why)}. {rests_on}.", "The draws of the full profile."),
        "void": (f"Not at all: {'; '.join(why)}.", _VOID),
        "withdrawn": (f"Not at all. {rests_on}.", _CORRECTED),
    }[code]
    return Words(quantities.sentences(record)["primary.sentence"], how_sure, what)


def _more(record: Printable, minimum: tuple[int, int]) -> str:
    """How many more cases it would take."""
    unit = registry.unit_of(record.spec)
    if verdicts.is_of_few(record.verdict):
        return (
            f"More independent {wording.plural(unit)}: at least {minimum[1]} before anything is "
            "looked at."
        )
    outcome = wording.plural(registry.exposed_outcome(record.spec))
    known = record.quantities
    needed = [
        f"about {wording.count(known[f'primary.needed_{name}']['value'])} for a ratio of {ratio}"
        for name, ratio in (("1_5", "1.5"), ("2", "2"))
        if known.get(f"primary.needed_{name}", {}).get("unit") == Unit.COUNT
    ]
    return (
        f"More {wording.plural(unit)}: at least {minimum[0]} {outcome} in {minimum[1]} "
        f"{quantities.CLUSTERS[record.spec['cluster']][1]} before anything is looked at, and "
        f"{wording.listed(needed) if needed else 'more'} to be likely to show."
    )


def _detectable(row: pd.Series, record: Printable) -> str:
    low, high = row["mde_low"], row["mde_high"]
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    seen = quantities.ratio_words(record.spec, str(row["estimand"])).detectable
    ends = {"low": wording.number(low), "high": wording.number(high)}
    return f" Only {seen.format(**ends)} could be expected to show."


def _exploratory(
    row: pd.Series, record: Printable, expected: str, minimum: tuple[int, int]
) -> Words:
    """Word an estimate that carries no verdict; it falls with the estimator of its primary."""
    if falls(row, record):
        return Words(
            "Not reported: its estimator failed a check.",
            f"Not at all: {'; '.join(quantities.reasons(record))}.",
            _VOID,
        )
    if is_withdrawn(row):
        return Words(
            alongside(row, expected), f"Not at all. {counts(row, record.spec)}.", _CORRECTED
        )
    is_known = not math.isnan(row["estimate"])
    return Words(
        alongside(row, expected, minimum).removesuffix(".")
        + (f"; the claim implies {expected}." if is_known else "."),
        f"{verdicts.label('secondary')}: not a primary, so without a verdict, and with an interval "
        f"that is not adjusted for the other estimates. {counts(row, record.spec)}.",
        "A hypothesis of its own, stated before its estimate is known.",
    )


def alongside(row: pd.Series, expected: str, minimum: tuple[int, int] = (0, 0)) -> str:
    """One sentence on a further estimate that speaks to the same claim.

    Parameters
    ----------
    row : Series
        Row of an estimates table.
    expected : str
        What the claim implies, in words; a side is read from `above one`, `below zero`, and so on.
    minimum : tuple of int
        Exposed outcomes and clusters below which no direction is said.
    """
    found = value(row, expected, minimum)
    return f"{row['label']}: {found[0].lower()}{found[1:]}."


def value(row: pd.Series, expected: str, minimum: tuple[int, int] = (0, 0)) -> str:
    """Value and interval of an estimate, and whether it lies on the side that the claim implies."""
    estimand = str(row["estimand"])
    name = _NAMES.get(estimand, begun(estimand.replace("_", " ")))
    if math.isnan(row["estimate"]):
        return begun(row.get("withheld") or wording.NOT_ESTIMABLE)
    unit = UNITS.get(estimand, Unit.RATIO)
    what = _DIFFERENCES.get(unit, "")
    scale = 100 if unit is Unit.POINTS else 1
    digits = 1 if what else 2
    point, low, high = (scale * float(row[c]) for c in ("estimate", "ci_low", "ci_high"))
    is_thin = wording.is_thin(row, minimum)
    within = f"{wording.level(row['level'])} interval {wording.interval(low, high, digits)}"
    none = "" if what else wording.none_ended(row)
    if none:
        return f"{begun(none)} ({name[0].lower()}{name[1:]}: {within})"
    return (
        f"{name} {wording.number(point, digits)}{' ' if what else ''}{what} ({within})"
        f"{_counted(row) if is_thin else ''}"
        f"{_side(low, high, expected, 0.0 if what else 1.0, is_thin)}"
    )


def _counted(row: pd.Series) -> str:
    """Observed against expected, where a ratio rests on few exposed outcomes."""
    expected = float(row.get("expected_events", math.nan))
    seen = f", {wording.count(row['exposed_events'])} observed"
    return seen + ("" if math.isnan(expected) else f" and {wording.number(expected, 1)} expected")


def _side(low: float, high: float, expected: str, neutral: float, is_thin: bool) -> str:
    side = re.search(r"\b(above|below) (one|zero)\b", expected)
    if side is None:
        return ""
    return f", {wording.exploratory(low, high, f'{side[1]}_one', neutral, is_thin=is_thin)}"


def counts(row: pd.Series, spec: Mapping[str, Any]) -> str:
    """What an estimate rests on: who was exposed, and what happened to them.

    The part that made it says so in a sentence of its own; without one, the design does.
    """
    declared = _declared(str(row["role"]), spec.get("parts", ()))
    if declared is not None:
        return declared.counts.format(**_fields(row, spec))
    return quantities.rests_on(row, spec)


def _fields(row: pd.Series, spec: Mapping[str, Any]) -> dict[str, Any]:
    units, events = int(row["n_units"]), int(row["n_events"])
    exposed, hit = int(row["exposed_units"]), int(row["exposed_events"])
    return {
        "units": units,
        "events": events,
        "clusters": int(row["n_clusters"]),
        "exposed_units": exposed,
        "exposed_events": hit,
        "exposed_clusters": int(row["exposed_clusters"]),
        "other_units": units - exposed,
        "other_events": events - hit,
        "cluster": quantities.CLUSTERS[spec["cluster"]][1],
    }


def _declared(role: str, parts: Any) -> Declaration | None:
    """The part of a hypothesis that makes estimates of a role and says what they rest on."""
    found = (PARTS[name] for name in parts if name in PARTS)
    return next((part for part in found if role in part.roles and part.counts), None)
