"""Tables and figures of what is on record of vetoes."""

from __future__ import annotations

from collsec.core.schema import Role
from collsec.designs.estimate import Unit
from collsec.designs.printed import Column, ForestOf, RecordTable

VETOES_APART = ForestOf("vetoes-apart", (Role.PRIMARY, Role.ACTION_CLASS, Role.CASTING_STATE))

VETOES_BY_STATE = RecordTable(
    name="vetoes-by-state",
    record="veto_table",
    caption="Vetoed drafts on wars in progress, the wars that they concerned, and how many of "
    "these ended within twelve months of such a veto. A draft that two members vetoed counts for "
    "each; a war can stand in several cells. Where nobody vetoed anything, a dash.",
    columns=(
        Column(
            "Cast by",
            "state",
            labels={
                "state": {
                    "usa": "United States",
                    "uk": "United Kingdom",
                    "france": "France",
                    "russia": "Soviet Union, Russia",
                    "china": "China",
                    "all": "Any",
                }
            },
            width=22,
        ),
    ),
    spread="action_class",
    repeated=(
        Column("{}", "{drafts}, {wars}, {ends}", Unit.COUNT, width=16, is_blank_at_zero=True),
    ),
    spread_labels={
        "enforcement_or_mission": "Mission or force",
        "sanctions": "Sanctions",
        "condemnation": "Condemnation",
        "other": "Other",
        "all": "Any",
    },
)
