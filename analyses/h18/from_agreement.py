"""Wars on their course, the primary's transition being that from an agreement to the end."""

from __future__ import annotations

from collsec.designs.multi_state import MultiState, between
from collsec.designs.registry import design
from collsec.histories.cohorts.courses import State


@design
class FromAgreement(MultiState):
    """As any course; in question is what follows an agreement."""

    name = "from_agreement"
    clock = "as long after their agreement"
    builder = between(State.AGREEMENT, State.END)
