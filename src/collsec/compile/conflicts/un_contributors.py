"""Contributors of UN troops who stand as secondary parties of UCDP, and who are none of ours.

UCDP lists the states of a UN mission with a mandate to fight as secondary parties of the
government. Read as parties, a mission would make the five permanent members belligerents of the
wars it was sent to. They are taken out, year by year, except for states that fought in the same
year under their own flag or a regional one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# The Force Intervention Brigade: South Africa, Malawi, Tanzania.
BRIGADE = frozenset({"510", "553", "560"})
# Quick reaction forces and aviation of MONUSCO beside the brigade.
REACTION_FORCES = frozenset({"369", "501", "771", "790", "850"})


@dataclass(frozen=True, slots=True)
class Rule:
    """In which years the states of a UN mission stand beside side A of a conflict.

    Attributes
    ----------
    conflict_id : str
    first_year, last_year : int
        Years that the rule covers, both included.
    mission : str
        The UN mission.
    contributors : frozenset of str
        State codes to take out; empty means every state.
    fought_themselves : frozenset of str
        State codes that stay, because their troops fought outside the mission.
    reason : str
        Who stays, and why.
    """

    conflict_id: str
    first_year: int
    last_year: int
    mission: str
    contributors: frozenset[str] = frozenset()
    fought_themselves: frozenset[str] = frozenset()
    reason: str = ""


FRANCE, RWANDA = frozenset({"220"}), frozenset({"517"})
BARKHANE = "France fought in its own operations Serval and Barkhane."
RULES = (
    Rule("11347", 2013, 2022, "MINUSMA", fought_themselves=FRANCE, reason=BARKHANE),
    Rule("11347", 2023, 2023, "MINUSMA"),
    Rule("14113", 2017, 2022, "MINUSMA", fought_themselves=FRANCE, reason=BARKHANE),
    Rule("14113", 2023, 2023, "MINUSMA"),
    Rule("372", 2015, 2015, "MINUSMA"),
    Rule(
        "416",
        2014,
        2014,
        "MINUSCA",
        fought_themselves=FRANCE,
        reason="France fought in its own operation Sangaris.",
    ),
    Rule("416", 2017, 2019, "MINUSCA"),
    Rule(
        "416",
        2020,
        2024,
        "MINUSCA",
        fought_themselves=RWANDA,
        reason="Rwanda sent its own troops from December 2020.",
    ),
    Rule(
        "15283",
        2015,
        2015,
        "MINUSCA",
        fought_themselves=FRANCE,
        reason="France fought in its own operation Sangaris.",
    ),
    Rule(
        "15283",
        2023,
        2023,
        "MINUSCA",
        fought_themselves=RWANDA,
        reason="Rwanda had troops of its own in the country.",
    ),
    Rule("265", 2013, 2020, "MONUSCO", contributors=BRIGADE),
    Rule("429", 2017, 2020, "MONUSCO", contributors=BRIGADE),
    Rule("283", 2013, 2021, "MONUSCO", contributors=BRIGADE | REACTION_FORCES),
    Rule(
        "283",
        2022,
        2023,
        "MONUSCO",
        contributors=(BRIGADE | REACTION_FORCES) - {"501"},
        reason="Kenya led the regional force of the East African Community.",
    ),
    Rule("14692", 2017, 2024, "MONUSCO", contributors=BRIGADE | REACTION_FORCES),
)


def without_contributors(
    conflict_id: str, year: int, secondary: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Part the secondary parties of side A into real ones and contributors to a UN mission.

    Parameters
    ----------
    conflict_id : str
    year : int
    secondary : iterable of str
        State codes of UCDP's secondary parties of side A in that year.

    Returns
    -------
    kept, removed : list of str
        In the order given.
    """
    kept, removed = list(secondary), []
    for rule in RULES:
        if rule.conflict_id != conflict_id or not rule.first_year <= year <= rule.last_year:
            continue
        gone = set(rule.contributors or kept) - rule.fought_themselves
        removed += [s for s in kept if s in gone]
        kept = [s for s in kept if s not in gone]
    return kept, removed
