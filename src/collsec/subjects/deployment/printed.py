"""Tables of what is on record of deployments: their stages, and the operations of a trial."""

from __future__ import annotations

from collsec.designs.estimate import Unit
from collsec.designs.printed import Column, RecordTable

FORCES = {"all": "All", "new": "New", "rehatted": "Re-hatted"}

STAGES_TABLE = RecordTable(
    name="stages",
    record="stages",
    caption="Months that each stage took: median, with quartiles in parentheses. Known: operations "
    "(in the first rows operations × wars) that passed the stage on a known day, of all authorized "
    "in those years. A day known by its month counts as the month's last.",
    columns=(
        Column("Stage", "title", width=32, is_grouped=True),
        Column("Forces", "forces", labels={"forces": FORCES}),
    ),
    spread="period",
    repeated=(
        Column("{}: known", "{n_known} of {n_units}", Unit.COUNT),
        Column("{}: months", "{median} ({q1}–{q3})", Unit.MONTHS, width=18),
    ),
)

AUTHORIZED = RecordTable(
    name="authorized",
    record="trial_authorization",
    rows="operations",
    caption="Operations authorized for a war in progress. Of {steps[0][n_units]:,} operations × "
    "wars, {steps[1][n_units]:,} have monthly counts; in {steps[2][n_units]:,} of these the war "
    "was still in progress at the end of the sixth month after the vote, from which the remaining "
    "months of war are counted. A war is named by its place, conflict and episode; operations in "
    "one war share its end. A plus: still in progress when the record ends.",
    columns=(
        Column("Operation", "operation", width=14),
        Column("War", "{place} {episode_id}", width=24),
        Column("Vote", "vote"),
        Column("Forces", "is_rehatted", labels={"is_rehatted": {True: "Re-hatted", False: "New"}}),
        Column("Half strength", "half"),
        Column("Fast", "is_fast", labels={"is_fast": {True: "yes", False: "no"}}, align="right"),
        Column(
            "Remaining months of war",
            "{months}{event}",
            Unit.MONTHS,
            labels={"event": {True: "", False: " +"}},
            width=14,
        ),
    ),
)
