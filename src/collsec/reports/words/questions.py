"""What is said of a question: its finding, how sure that is, and what would change it.

A finding is written from the records by one rule, never by hand: a fact in numbers, then what the
outcomes show, then what the record does not say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from collsec.core.errors import BadSpec, nearest
from collsec.core.project import Project
from collsec.designs.registry import unit_of
from collsec.evidence.questions import FILE, NAMED, Asked, Outcome, Picture, Questions, hundred
from collsec.evidence.questions import read as listed_of
from collsec.evidence.record import Record, load
from collsec.hypothesis.study import load_study
from collsec.reports.words import claims, quantities, verdicts
from collsec.reports.words.wording import begun, count, harmless, listed

#: Verdicts under which a direction is said.
_DIRECTED = ("supported", "contradicted", "mixed", "described")
#: What stands behind a direction, of one outcome and of several.
_BEHIND = {
    "mixed": (", though a check fails", ", though a check of each fails"),
    "described": (" (a number, not a cause)", " (numbers, not causes)"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One outcome of a question, as it is said.

    Attributes
    ----------
    outcome : Outcome
    answer : str
        Its place on the plain scale.
    unit : str
        What is compared, in the singular.
    finding : str
        In a sentence.
    """

    outcome: Outcome
    answer: str
    unit: str
    finding: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A question as a terminal shows it.

    Attributes
    ----------
    question, title, subtitle : str
    answers : list of Answer
    hypotheses : tuple of str
        Those that it rests on.
    """

    question: str
    title: str
    subtitle: str
    answers: list[Answer]
    hypotheses: tuple[str, ...]


def answers(question: Asked, records: Mapping[str, Record]) -> list[Answer]:
    """Each outcome of a question with its answer, in the order in which it lists them."""
    found = []
    for outcome in question.outcomes:
        record = records[outcome.hypothesis]
        said = quantities.sentences(record)
        found.append(
            Answer(
                outcome,
                verdicts.answer(record.verdict),
                unit_of(record.spec),
                said["primary.sentence"],
            )
        )
    return found


def filled(text: str, variables: Mapping[str, str]) -> str:
    """A text of the list with the variables that it names.

    Raises
    ------
    BadSpec
        If there is no such variable.
    """
    for name in NAMED.findall(text):
        if name not in variables:
            raise BadSpec(f"{FILE}: no variable {name!r}.{nearest(name, list(variables))}")
    return NAMED.sub(lambda found: variables[found[1]], text)


def headline(
    question: Asked, records: Mapping[str, Record], variables: Mapping[str, str]
) -> tuple[str, str]:
    """The finding of a question: title and subtitle of its page.

    The title is what the outcomes show, where they show anything; else the fact. What is left is
    the subtitle.
    """
    states, found = f"{filled(question.fact, variables)}.", _shown(question, records)
    if not found:
        return states, answered(question, records)
    left = _open(question, records)
    return f"{begun(found)}.", f"{states} {begun(left)}{'.' * bool(left)}".rstrip()


def answered(question: Asked, records: Mapping[str, Record]) -> str:
    """What the outcomes show, and what stays open and why, in one sentence.

    Notes
    -----
    A direction is said where the interval excludes one and the verdict allows it; what the
    interval shows to be small is said to make no difference; all else stays open.
    """
    parts = [part for part in (_shown(question, records), _open(question, records)) if part]
    return f"{begun('; '.join(parts))}."


def _shown(question: Asked, records: Mapping[str, Record]) -> str:
    """What the outcomes show; empty where they show nothing."""
    directed: dict[str, list[str]] = {}
    small = []
    for outcome in question.outcomes:
        record = records[outcome.hypothesis]
        if has_direction(record):
            words = outcome.above if record.primary["estimate"] > 1 else outcome.below
            directed.setdefault(record.verdict.code, []).append(words)
        elif record.verdict.code == "no-effect":
            small.append(lower(outcome.about))
    parts: list[str] = []
    for code, words_of in directed.items():
        behind = _BEHIND.get(code, ("", ""))[len(words_of) > 1]
        where = "" if parts else f"{question.subject}, "
        parts.append(f"{where}{listed(words_of)}{behind}")
    if small:
        where = "" if parts else f"{question.subject}, "
        parts.append(f"{where}there is no difference worth mentioning in {listed(small)}")
    return "; ".join(parts)


def _open(question: Asked, records: Mapping[str, Record]) -> str:
    """What the outcomes leave open, each with the reason; empty where they leave nothing open."""
    by_reason: dict[str, list[str]] = {}
    for outcome in question.outcomes:
        if not _says(record := records[outcome.hypothesis]):
            reason = why_open(verdicts.answer(record.verdict))
            by_reason.setdefault(reason, []).append(outcome.unknown)
    whether = ", or whether ".join(
        f"{_either(those)} ({reason})" for reason, those in by_reason.items()
    )
    return f"the record cannot tell whether {whether}" if whether else ""


def why_open(answer: str) -> str:
    """Why an outcome stays open, from its place on the plain scale."""
    return lower(answer.removeprefix("Cannot tell: "))


def _either(names: list[str]) -> str:
    """Names in a row, the last after `or`."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def has_direction(record: Record) -> bool:
    """Whether a direction may be said: the verdict allows it, and the interval excludes one."""
    primary = record.primary
    excludes_one = primary["ci_low"] > 1 or primary["ci_high"] < 1
    return record.verdict.code in _DIRECTED and bool(excludes_one)


def _says(record: Record) -> bool:
    """Whether an outcome has a direction, or makes no difference."""
    return has_direction(record) or record.verdict.code == "no-effect"


def lower(text: str) -> str:
    """A text within a sentence."""
    return text[:1].lower() + text[1:]


def in_full(question: Asked, records: Mapping[str, Record], minimum: tuple[int, int]) -> str:
    """Each outcome with its finding, how sure it is, and what would change it, as Markdown."""
    parts: list[str] = []
    for one in answers(question, records):
        words = claims.of_primary(records[one.outcome.hypothesis], minimum)
        parts.append(
            f"{one.outcome.about}: **{lower(one.answer)}**\n\n"
            f":   {harmless(words.finding)}\n\n"
            f"    *What would change it?* {harmless(words.what_would_change)}\n"
        )
    return "\n".join(parts)


def squares(picture: Picture, record: Record) -> dict[str, int]:
    """Of a hundred wars: how many were reached, ended without it, and went on without it."""
    reached, ended = (
        float(record.quantities[name]["value"]) for name in (picture.reached, picture.ended)
    )
    return hundred({"reached": reached, "ended": ended, "going on": 1 - reached - ended})


def steps(picture: Picture, record: Record) -> dict[str, float]:
    """Months of each step of delay, by what it is called."""
    known = record.quantities
    return {name: float(known[q]["value"]) for name, q in picture.steps.items() if q in known}


def has_picture(listed: Questions, records: Mapping[str, Record]) -> bool:
    """Whether the hypothesis of the front picture is in the study, with its quantities."""
    picture = listed.picture
    if picture.hypothesis not in records:
        return False
    known = set(records[picture.hypothesis].quantities)
    return {picture.reached, picture.ended, picture.horizon} <= known


def variables(
    listed: Questions, records: Mapping[str, Record], ledger: pd.DataFrame | None
) -> dict[str, str]:
    """What sentences print of the picture, and of how many claims there are."""
    found: dict[str, str] = {}
    if has_picture(listed, records):
        record = records[listed.picture.hypothesis]
        whole = squares(listed.picture, record)
        horizon = float(record.quantities[listed.picture.horizon]["value"])
        found |= {f"study.hundred.{name.replace(' ', '_')}": count(n) for name, n in whole.items()}
        found["study.hundred.years"] = count(horizon / 12)
    if ledger is not None:
        counts = ledger["verdict_class"].value_counts()
        found["study.claims.all"] = count(len(ledger))
        found["study.claims.tested"] = count(int(counts.get("tested", 0)))
    return found


def is_question(project: Project, name: str) -> bool:
    """Whether a name is that of a question, and of no hypothesis."""
    listed = listed_of(project)
    is_hypothesis = name in load_study(project).hypotheses
    return listed is not None and name in listed.questions and not is_hypothesis


def read(project: Project, name: str) -> Answered:
    """Return a question with its answers.

    Raises
    ------
    MissingInput
        If a hypothesis that it rests on has not been estimated.
    """
    listed = listed_of(project)
    assert listed is not None  # is_question
    one = listed.questions[name]
    needed = {*one.rests_on(), listed.picture.hypothesis}
    records = {h: load(project, h) for h in load_study(project).hypotheses if h in needed}
    ledger = claims.ledger_of(project) if "study.claims" in one.fact else None
    known = variables(listed, records, ledger)
    for record in records.values():
        known |= quantities.variables(record)
    return Answered(
        one.question, *headline(one, records, known), answers(one, records), tuple(records)
    )
