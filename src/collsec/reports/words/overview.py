"""What the study found, in a paragraph and a list of counts; what a report found, in a box."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from collsec.designs.registry import exposed_outcome, get, unit_of
from collsec.evidence.record import Record
from collsec.evidence.verdict import NEEDS_FULL
from collsec.reports.words import quantities, verdicts, wording
from collsec.reports.words.wording import begun, in_words, listed

#: What a verdict says of a claim, for a count of claims: in the order in which they are listed.
_COUNTED = {
    "supported": "supported",
    "contradicted": "contradicted",
    "mixed": "backed by an estimate that fails a check",
    "no-effect": "refuted: no effect large enough to matter",
    NEEDS_FULL: "not judged yet: it needs the full profile",
    "withdrawn": "withdrawn until corrected",
}
_UNDECIDED = "undecided"
#: Classes of claims, and how a count of them reads.
_CLASSES = {
    "tested": "tested here",
    "not-estimable": "with data on too few cases",
    "deferred": "testable, not tested yet",
    "not-testable": "beyond what data can decide",
    "not-empirical": "norms, definitions, and premises",
}
_LEVELS = "[{level} interval](glossary.qmd#sec-interval)"


def lead(records: Sequence[Record], primaries: Sequence[str]) -> str:
    """What was found, in one paragraph of Markdown.

    Parameters
    ----------
    records : sequence of Record
    primaries : sequence of str
        The hypotheses that carry a verdict of their own; further ones are counted.
    """
    main = [r for r in records if r.hypothesis in primaries] or list(records)
    found = Counter(_COUNTED.get(r.verdict.code, _UNDECIDED) for r in main)
    parts = [
        f"{in_words(found[name])} {'is' if found[name] == 1 else 'are'} {name}"
        for name in (*_COUNTED.values(), _UNDECIDED)
        if found[name]
    ]
    claims = f"Of the {in_words(len(main))} main claims" if len(main) > 1 else "Of one main claim"
    if found[_COUNTED[NEEDS_FULL]] == len(main):
        head = f"{claims}, none is judged here."
        if len(main) == 1:
            head = "The main claim is not judged here."
    elif found[_UNDECIDED] == len(main):
        everything = "it remains" if len(main) == 1 else "all remain"
        head = f"{claims}, {everything} undecided: the record neither supports nor refutes "
        head += "it." if len(main) == 1 else "any of them."
    else:
        head = f"{claims}, {listed(parts)}."
    undecided = [r for r in main if r.verdict.code not in (*_COUNTED, "void")]
    text = f"**{head}**"
    if undecided:
        those = [quantities.contrast(record).those for record in undecided]
        one = those[0] if len(those) == 1 else f"{', '.join(those[:-1])}, or {those[-1]}"
        it = "It" if found[_UNDECIDED] == len(main) else "The record"
        text += f" {it} does not show whether {one} end sooner or later than comparable wars."
    # What several verdicts say in the same words is said once.
    decided = [quantities.sentences(r)["primary.plain"] for r in main if r not in undecided]
    text = " ".join([text, *dict.fromkeys(decided)])
    if undecided:
        text += " Undecided does not mean without effect."
    further = len(records) - len(main)
    if further > 0:
        are = "question is" if further == 1 else "questions are"
        text += (
            f" {begun(in_words(further))} further {are} secondary, each with a report of its own."
        )
    return text


def tally(ledger: pd.DataFrame) -> str:
    """How many claims there are of each class, as a list; the tested ones by verdict."""
    counts = ledger["verdict_class"].value_counts()
    lines = []
    for name, words in _CLASSES.items():
        n = int(counts.get(name, 0))
        if not n:
            continue
        detail = ""
        if name == "tested":
            standings = ledger.loc[ledger["verdict_class"] == name, "answer"].value_counts()
            kinds = [f"{k} “{answer}”" for answer, k in standings.items()]
            detail = f" ({', '.join(kinds)})"
        lines.append(f"- [**{n}** {words}](claims.qmd#sec-{name}){detail}")
    return (
        f"::: {{.tally}}\n{len(ledger)} claims of the article:\n\n" + "\n".join(lines) + "\n:::\n"
    )


def box(record: Record) -> str:
    """The verdict of a report with its estimate, interval and numbers of wars, as Markdown."""
    code = record.verdict.code
    said = quantities.sentences(record)
    reasons = wording.harmless("; ".join(quantities.reasons(record)))
    facts = "\n".join(f"- [{value}]{{.fact}} {name}" for value, name in numbers(record))
    return (
        f"::: {{.verdict .verdict-{code}}}\n"
        f"[{verdicts.answer(record.verdict)}]{{.verdict-label}}\n\n"
        f"**{wording.harmless(said['primary.plain'])}**\n\n"
        f"::: {{.facts}}\n{facts}\n:::\n\n"
        f"{verdicts.without_label(record.verdict)} Why: {reasons}. "
        f"[How answers are reached](method.qmd#sec-verdicts), "
        f"[glossary](glossary.qmd), result `{record.result_id}`.\n:::\n"
    )


def results(records: Sequence[Record], titles: Mapping[str, str]) -> str:
    """The answer to each question in a paragraph, with what its checks say, as Markdown."""
    parts = []
    for record in records:
        said = quantities.sentences(record)
        checks = [f"The reasons: {'; '.join(quantities.reasons(record))}."]
        agreement = record.diagnostics["principled_agreement"]
        if agreement is not None:
            checks.append(
                f"Of the principled specifications, {wording.percent(agreement)} have the sign of "
                "the main estimate."
            )
        rate = record.diagnostics["null_calibration"]["rejection_rate"]
        if rate is not None:
            checks.append(f"Under random exposure the test rejects in {wording.percent(rate, 1)}.")
        h = record.hypothesis
        parts.append(
            f"### {titles.get(h, h)} {{#sec-{h}}}\n\n{said['primary.sentence']} "
            f"{' '.join(checks)} Result `{record.result_id}`."
        )
    return "\n\n".join(parts) + "\n"


def numbers(record: Record) -> list[tuple[str, str]]:
    """The numbers of the primary that a reader needs first, each with what it is."""
    primary, spec = record.primary, record.spec
    words = quantities.ratio_words(spec, str(primary["estimand"]))
    if record.verdict.code == "void":
        estimate = ("–", "no estimate is reported: the estimator failed a check of its own")
    elif verdicts.is_without_ratio(record.verdict):
        estimate = ("–", "no ratio: too few cases")
    elif math.isnan(primary["estimate"]):
        estimate = ("–", primary.get("withheld") or f"{wording.NOT_ESTIMABLE}: too few cases")
    else:
        level = _LEVELS.format(level=wording.level(primary["level"]))
        interval = wording.interval(primary["ci_low"], primary["ci_high"])
        # Where nobody ended while exposed, a ratio of zero would be a number without a fact.
        ratio = wording.number(primary["estimate"]) if primary["exposed_events"] else "no event"
        estimate = (ratio, f"{words.times}: the {words.name} ({level} {interval})")
    unit = wording.plural(unit_of(spec))
    units, events = wording.count(primary["n_units"]), wording.count(primary["n_events"])
    if get(str(spec["design"])).kind == "covariate":
        return [estimate, (units, f"{unit} compared, of which {events} {words.happened}")]
    exposed, hit = (wording.count(primary[f"exposed_{name}"]) for name in ("units", "events"))
    return [
        estimate,
        (f"{exposed} of {units}", f"{unit} with the exposure"),
        (hit, wording.plural(exposed_outcome(spec), primary["exposed_events"])),
    ]


def family_level(alpha: float, primaries: int) -> str:
    """Why the intervals of the main estimates are wider than those of others, in a sentence."""
    if primaries < 2:
        return "All estimates have intervals of this level."
    return (
        f"The main estimates, {in_words(primaries)} of them, have wider intervals, of "
        f"{wording.level(1 - alpha / primaries)}: with {in_words(primaries)} chances to err, this "
        f"keeps the chance that any of them misses the truth at {wording.percent(alpha)}."
    )
