"""The answers of all questions in few words: for the front page and for the briefing.

Everything follows by rule from the records. What comes first is shortest: the findings, then how
sure they are, then each answer, then what each rests on and what would change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from collsec.evidence.questions import Asked
from collsec.evidence.record import Record
from collsec.evidence.verdict import NEEDS_FULL
from collsec.reports.words import questions, verdicts
from collsec.reports.words.questions import Answer, lower
from collsec.reports.words.wording import begun, count, interval, listed, plural

#: What would change an answer, by verdict; one for want of cases changes with more of them.
_TURNS = {
    "supported": "a check that fails, or one conflict that carries the result",
    "contradicted": "a check that fails, or one conflict that carries the result",
    "mixed": "the same result with every check passed",
    "no-effect": "a range that reaches a difference that matters",
    "inconclusive": "a narrower range, clear of no difference or close to it",
    "described": "a comparison that does not rest on time alone",
    NEEDS_FULL: "the draws of the full profile",
    "void": "a method that passes its own checks",
    "withdrawn": "a comparison without the fault",
}
#: Verdicts of outcomes that are named where sureness is said in short.
_MOST_NAMED = 5
_NAMED = ("supported", "contradicted", "mixed", "no-effect", "described")
#: Verdicts under which there is no number.
_WITHOUT_NUMBER = ("void", "withdrawn")
#: What stands behind a direction.
_BEHIND = {"mixed": " (mixed)", "described": " (a number, not a cause)"}
_DOUBLING = "2"


def short(
    asked: Iterable[Asked], records: Mapping[str, Record], variables: Mapping[str, str]
) -> str:
    """What each question has found, in one sentence of few words each.

    Notes
    -----
    The first outcome that shows anything speaks for its question; :func:`sureness` names all.
    """
    found = (_first(one, records) or questions.filled(one.short, variables) for one in asked)
    return " ".join(f"{begun(text)}." for text in found)


def _first(question: Asked, records: Mapping[str, Record]) -> str:
    """The first outcome that has a direction, or makes no difference; empty without one."""
    for outcome in question.outcomes:
        record = records[outcome.hypothesis]
        if questions.has_direction(record):
            words = outcome.above if record.primary["estimate"] > 1 else outcome.below
            return f"{question.subject}, {words}{_BEHIND.get(record.verdict.code, '')}"
        if record.verdict.code == "no-effect":
            about = lower(outcome.about)
            return f"{question.subject}, no difference worth mentioning in {about}"
    return ""


def sureness(asked: Iterable[Asked], records: Mapping[str, Record]) -> str:
    """How many outcomes have each place on the plain scale, in one sentence."""
    every = [answer for one in asked for answer in questions.answers(one, records)]
    known, open_, n_open = [], [], 0
    for answer, those in _by_answer(every).items():
        n = len(those)
        if records[those[0].outcome.hypothesis].verdict.code in _NAMED:
            abouts = "; ".join(lower(one.outcome.about) for one in those)
            known.append(f"{lower(answer)}, {count(n)}{f' ({abouts})' * (n <= _MOST_NAMED)}")
        else:
            open_.append(f"{questions.why_open(answer)}, {count(n)}")
            n_open += n
    parts = known + ([f"cannot tell, {count(n_open)} ({'; '.join(open_)})"] if open_ else [])
    return f"Of {count(len(every))} {plural('outcome', len(every))}: {'; '.join(parts)}."


def on_record(question: Asked, records: Mapping[str, Record]) -> str:
    """The range of ratios that the record of each outcome allows, or how many cases it has."""
    parts = []
    for one in questions.answers(question, records):
        record = records[one.outcome.hypothesis]
        verdict, primary = record.verdict, record.primary
        if verdict.code in _WITHOUT_NUMBER:
            continue
        if verdicts.is_without_ratio(verdict):
            values = verdict.reasons[0].values
            said = f"{count(values['outcomes'])} {plural('case', values['outcomes'])}"
            if verdicts.is_of_few(verdict):
                said = _independent(one, values["clusters"])
        else:
            said = interval(primary["ci_low"], primary["ci_high"])
        parts.append(f"{lower(one.outcome.about)}, {said}")
    return f"{begun('; '.join(parts))}." if parts else ""


def turning(question: Asked, records: Mapping[str, Record]) -> str:
    """What would change each answer, in one sentence for those of the same answer."""
    sentences = []
    for those in _by_answer(questions.answers(question, records)).values():
        verdict = records[those[0].outcome.hypothesis].verdict
        if verdicts.is_without_ratio(verdict):
            needed = "; ".join(lower(one.outcome.about) + _needed(one, records) for one in those)
            sentences.append(f"More cases: {needed}.")
            continue
        abouts = listed([lower(one.outcome.about) for one in those])
        sentences.append(f"{begun(abouts)}: {_TURNS[verdict.code]}.")
    return " ".join(sentences)


def _needed(one: Answer, records: Mapping[str, Record]) -> str:
    """How many cases would let a ratio of two show, or how many independent ones there must be."""
    verdict = records[one.outcome.hypothesis].verdict
    values = verdict.reasons[0].values
    if verdicts.is_of_few(verdict):
        return f", at least {_independent(one, values['minimum_clusters'])}"
    n = values["needed"].get(_DOUBLING)
    return "" if n is None else f", about {count(n)} for a doubling to show"


def _independent(one: Answer, n: int) -> str:
    return f"{count(n)} {plural(f'independent {one.unit}', n)}"


def _by_answer(found: Iterable[Answer]) -> dict[str, list[Answer]]:
    by_answer: dict[str, list[Answer]] = {}
    for one in found:
        by_answer.setdefault(one.answer, []).append(one)
    return by_answer
