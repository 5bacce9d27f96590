"""What a ratio is of, in words: the verbs of a finding follow from its estimand and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RatioWords:
    """How a finding about a ratio is said.

    In each text ``{noun}`` stands for what the outcome counts or waits for.

    Attributes
    ----------
    name : str
        What the ratio is called.
    times : str
        What it multiplies, after the number: ``times the rate of ending``.
    happened : str
        What it says of a unit that the outcome came: ``ended``.
    compared : str
        Between those and others, in the past: ``ended at {ratio} times the rate of``.
    above, below : tuple of str
        What those above and below one did, in the past and in the present.
    either : str
        What those do of whom it is not known, in the present: ``end sooner or later``.
    alike : str
        What those do who do not differ, in the present.
    detectable : str
        Which ratios could have been seen, between ``low`` and ``high``.
    """

    name: str
    times: str
    happened: str
    compared: str
    above: tuple[str, str]
    below: tuple[str, str]
    either: str
    alike: str
    detectable: str

    def past(self, ratio: float) -> str:
        """What those did."""
        return (self.above if ratio > 1 else self.below)[0]

    def present(self, ratio: float) -> str:
        """What those do."""
        return (self.above if ratio > 1 else self.below)[1]


#: What is counted, or waited for, where an outcome does not say it.
NOUNS = {
    "hazard_ratio_of_action": "the act",
    "hazard_ratio_of_outcome": "the outcome",
    "rate_ratio": "events",
}
_TERMINATION = RatioWords(
    "hazard ratio",
    "times the rate of ending",
    "ended",
    "ended at {ratio} times the rate of",
    ("ended sooner", "end sooner"),
    ("ended later", "end later"),
    "end sooner or later",
    "end about as soon as",
    "termination at more than {high} times the rate, or at less than {low} times,",
)
_ARRIVAL = RatioWords(
    "hazard ratio of {noun}",
    "times the rate of {noun}",
    "saw it",
    "saw {noun} at {ratio} times the rate of",
    ("saw it sooner", "see {noun} sooner"),
    ("saw it later", "see {noun} later"),
    "see {noun} sooner or later",
    "see {noun} about as soon as",
    "{noun} at more than {high} times the rate, or at less than {low} times,",
)
RATIOS = {
    "hazard_ratio": _TERMINATION,
    "hazard_ratio_of_action": _ARRIVAL,
    "hazard_ratio_of_outcome": _ARRIVAL,
    "hazard_ratio_of_recurrence": RatioWords(
        "hazard ratio of recurrence",
        "times the rate of resuming",
        "resumed",
        "resumed at {ratio} times the rate of",
        ("resumed more often", "resume more often"),
        ("resumed less often", "resume less often"),
        "resume more often or less often",
        "resume about as often as",
        "recurrence at more than {high} times the rate, or at less than {low} times,",
    ),
    "ratio_of_months": RatioWords(
        "ratio of months at war",
        "times the months at war",
        "were followed to the end",
        "had {ratio} times the months at war of",
        ("had more months at war", "have more months at war"),
        ("had fewer months at war", "have fewer months at war"),
        "have more months at war or fewer",
        "have about as many months at war as",
        "more than {high} times the months at war, or less than {low} times,",
    ),
    "rate_ratio": RatioWords(
        "ratio of rates",
        "times as many {noun}",
        "were counted",
        "had {ratio} times as many {noun} as",
        ("had more {noun}", "have more {noun}"),
        ("had fewer {noun}", "have fewer {noun}"),
        "have more {noun} or fewer",
        "have about as many {noun} as",
        "more than {high} times as many {noun}, or less than {low} times,",
    ),
}


def of(estimand: str, noun: str = "") -> RatioWords:
    """The words of an estimand; those of the end of war where it has none of its own.

    Parameters
    ----------
    estimand : str
    noun : str
        What the outcome counts or waits for; empty for a word that fits any.
    """
    words = RATIOS.get(estimand, _TERMINATION)
    said = noun or NOUNS.get(estimand, "")

    def filled(text: str) -> str:
        return text.replace("{noun}", said)

    changes: dict[str, Any] = {}
    for name in RatioWords.__slots__:
        text = getattr(words, name)
        changes[name] = filled(text) if isinstance(text, str) else tuple(map(filled, text))
    return RatioWords(**changes)
