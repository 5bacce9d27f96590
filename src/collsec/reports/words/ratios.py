"""What a ratio is of, in words: the verbs of a finding follow from its estimand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RatioWords:
    """How a finding about a ratio is said.

    Attributes
    ----------
    name : str
        What the ratio is called.
    compared : str
        Between those and others, in the past: ``ended at {ratio} times the rate of``.
    above, below : tuple of str
        What those above and below one did, in the past and in the present.
    alike : str
        What those do who do not differ, in the present.
    """

    name: str
    compared: str
    above: tuple[str, str]
    below: tuple[str, str]
    alike: str

    def past(self, ratio: float) -> str:
        """What those did."""
        return (self.above if ratio > 1 else self.below)[0]

    def present(self, ratio: float) -> str:
        """What those do."""
        return (self.above if ratio > 1 else self.below)[1]


_TERMINATION = RatioWords(
    "hazard ratio",
    "ended at {ratio} times the rate of",
    ("ended sooner", "end sooner"),
    ("ended later", "end later"),
    "end about as soon as",
)
RATIOS = {
    "hazard_ratio": _TERMINATION,
    "hazard_ratio_of_action": RatioWords(
        "hazard ratio of the act",
        "saw the act at {ratio} times the rate of",
        ("saw it sooner", "see the act sooner"),
        ("saw it later", "see the act later"),
        "see the act about as soon as",
    ),
    "hazard_ratio_of_recurrence": RatioWords(
        "hazard ratio of recurrence",
        "resumed at {ratio} times the rate of",
        ("resumed more often", "resume more often"),
        ("resumed less often", "resume less often"),
        "resume about as often as",
    ),
    "ratio_of_months": RatioWords(
        "ratio of months at war",
        "had {ratio} times the months at war of",
        ("had more months at war", "have more months at war"),
        ("had fewer months at war", "have fewer months at war"),
        "have about as many months at war as",
    ),
    "rate_ratio": RatioWords(
        "ratio of rates",
        "had {ratio} times the rate of",
        ("had more", "have more"),
        ("had fewer", "have fewer"),
        "have about as many as",
    ),
}


def of(estimand: str) -> RatioWords:
    """The words of an estimand; those of the end of war where it has none of its own."""
    return RATIOS.get(estimand, _TERMINATION)
