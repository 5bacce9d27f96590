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
    times : str
        What it multiplies, after the number: ``times the rate of ending``.
    happened : str
        What it says of a unit that the outcome came: ``ended``.
    compared : str
        Between those and others, in the past: ``ended at {ratio} times the rate of``.
    above, below : tuple of str
        What those above and below one did, in the past and in the present.
    alike : str
        What those do who do not differ, in the present.
    """

    name: str
    times: str
    happened: str
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
    "times the rate of ending",
    "ended",
    "ended at {ratio} times the rate of",
    ("ended sooner", "end sooner"),
    ("ended later", "end later"),
    "end about as soon as",
)
RATIOS = {
    "hazard_ratio": _TERMINATION,
    "hazard_ratio_of_action": RatioWords(
        "hazard ratio of the act",
        "times the rate of the act",
        "saw it",
        "saw the act at {ratio} times the rate of",
        ("saw it sooner", "see the act sooner"),
        ("saw it later", "see the act later"),
        "see the act about as soon as",
    ),
    "hazard_ratio_of_recurrence": RatioWords(
        "hazard ratio of recurrence",
        "times the rate of resuming",
        "resumed",
        "resumed at {ratio} times the rate of",
        ("resumed more often", "resume more often"),
        ("resumed less often", "resume less often"),
        "resume about as often as",
    ),
    "hazard_ratio_of_outcome": RatioWords(
        "hazard ratio of the outcome",
        "times the rate of the outcome",
        "saw it",
        "saw the outcome at {ratio} times the rate of",
        ("saw it sooner", "see the outcome sooner"),
        ("saw it later", "see the outcome later"),
        "see the outcome about as soon as",
    ),
    "ratio_of_months": RatioWords(
        "ratio of months at war",
        "times the months at war",
        "were followed to the end",
        "had {ratio} times the months at war of",
        ("had more months at war", "have more months at war"),
        ("had fewer months at war", "have fewer months at war"),
        "have about as many months at war as",
    ),
    "rate_ratio": RatioWords(
        "ratio of rates",
        "times the rate",
        "were counted",
        "had {ratio} times the rate of",
        ("had a higher rate", "have a higher rate"),
        ("had a lower rate", "have a lower rate"),
        "have about the same rate as",
    ),
}


def of(estimand: str) -> RatioWords:
    """The words of an estimand; those of the end of war where it has none of its own."""
    return RATIOS.get(estimand, _TERMINATION)
