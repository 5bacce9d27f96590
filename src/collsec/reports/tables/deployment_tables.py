"""Tables of how operations were deployed and of the trials that rest on their dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from collsec.reports.tables.pipetables import NONE, Exhibit, count, number, pipe_table

_FORCES = {"all": "All", "new": "New", "rehatted": "Re-hatted"}


def exhibits(parts: Mapping[str, Any], *, hypothesis: str) -> dict[str, Exhibit]:
    """Return the tables that the parts of a hypothesis have recorded the numbers for, by name."""
    made = {}
    if "stages" in parts:
        made["stages"] = stages(parts["stages"], hypothesis=hypothesis)
    if "trial_authorization" in parts:
        made["authorized"] = authorized(parts["trial_authorization"], hypothesis=hypothesis)
    return made


def stages(rows: Sequence[Mapping[str, Any]], *, hypothesis: str) -> Exhibit:
    """Return the months that each stage of a deployment took.

    Parameters
    ----------
    rows : sequence of mapping
        ``stage, title, forces, period, n_units, n_known, q1, median, q3``, a row for each stage,
        kind of forces and period.
    """
    table = pd.DataFrame(rows)
    periods = list(table["period"].unique())
    lines = []
    for (_, forces), cells in table.groupby(["stage", "forces"], sort=False):
        both = cells.set_index("period").loc[periods]
        lines.append(
            [
                str(both["title"].iloc[0]) if forces == "all" else "",
                _FORCES[str(forces)],
                *(cell for _, row in both.iterrows() for cell in _quartiles(row)),
            ]
        )
    markdown = pipe_table(
        [
            "Stage",
            "Forces",
            *(f"{period}: {what}" for period in periods for what in ("known", "months")),
        ],
        lines,
        caption="Months that each stage took: median, with quartiles in parentheses. Known: "
        "operations (in the first rows operations × wars) that passed the stage on a known day, of "
        "all authorized in those years. A day known by its month counts as the month's last.",
        identifier=f"tbl-{hypothesis}-stages",
        align="llrrrr",
        widths=[32, 12, 12, 18, 12, 18],
    )
    return Exhibit(markdown, table)


def _quartiles(row: pd.Series) -> tuple[str, str]:
    known = f"{count(row['n_known'])} of {count(row['n_units'])}"
    if pd.isna(row["median"]):
        return known, NONE
    return known, f"{number(row['median'], 1)} ({number(row['q1'], 1)}–{number(row['q3'], 1)})"


def authorized(trial: Mapping[str, Any], *, hypothesis: str) -> Exhibit:
    """Return the operations that are compared from the landmark after their vote on.

    Parameters
    ----------
    trial : mapping
        ``operations``: ``operation, episode_id, place, vote, is_rehatted, half, is_fast, months,
        event``; ``steps``: ``n_units, dropped``, from all authorized to those followed.
    """
    table = pd.DataFrame(trial["operations"])
    lines = [
        [
            str(row["operation"]),
            f"{row['place']} {row['episode_id']}",
            str(row["vote"]),
            _FORCES["rehatted" if row["is_rehatted"] else "new"],
            str(row["half"]) or NONE,
            "yes" if row["is_fast"] else "no",
            number(row["months"], 1) + ("" if row["event"] else " +"),
        ]
        for _, row in table.iterrows()
    ]
    all_, counted, on = (step["n_units"] for step in trial["steps"])
    markdown = pipe_table(
        ["Operation", "War", "Vote", "Forces", "Half strength", "Fast", "Months of war left"],
        lines,
        caption=f"Operations authorized for a war still on. Of {count(all_)} operations × wars, "
        f"{count(counted)} have monthly counts; in {count(on)} of these the war was still on at "
        "the end of the sixth month after the vote, from which the months of war left are counted. "
        "A war is named by its place, conflict and episode; operations in one war share its end. "
        "A plus: still on when the record ends.",
        identifier=f"tbl-{hypothesis}-authorized",
        align="lllllrr",
        widths=[14, 24, 12, 11, 12, 7, 14],
    )
    return Exhibit(markdown, table)
