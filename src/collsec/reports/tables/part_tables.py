"""Tables of the further parts of a hypothesis: each estimate beside the counts it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.reports.tables.pipetables import (
    NONE,
    Exhibit,
    count,
    in_unit,
    interval,
    p_value,
    pipe_table,
    with_unit,
)

NOT_ESTIMABLE = "not estimable"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the roles whose estimates it lists, and what its reader must know."""

    roles: tuple[str, ...]
    caption: str


_INTERVALS = "Intervals at 95 %, by a jackknife over"
_COUNTS = "Exposed of all, for units, events and clusters."
_IN_DEGREES = "A tie in degrees exposes every unit: units, events and clusters are all there are."
TABLES = {
    "drafts": Table(
        ("draft",),
        f"Vetoed drafts against adopted resolutions on wars that were on; the unit is a vote × "
        f"war, exposed are the vetoed. Hazard ratios of the end unless a unit is named. "
        f"{_INTERVALS} conflicts, but that of months by the sandwich. {_COUNTS}",
    ),
    "mechanism": Table(
        ("mechanism",),
        f"What the Council did next on the same conflict. Events are the acts, the end of the war "
        f"competes: hazard ratios of the act unless a unit is named. "
        f"{_INTERVALS} conflicts, but the shares' by the sandwich. {_COUNTS}",
    ),
    "council-action": Table(
        ("council_action",),
        f"First acts of the Council on a conflict, per standard deviation of an index: hazard "
        f"ratios of the act; the end of the war competes. Wars that a "
        f"permanent member fights, and conflicts with such an act "
        f"before onset, are left out. Fewer covariates: income and population, baselines by "
        f"period; none: one baseline. {_INTERVALS} countries. {_IN_DEGREES}",
    ),
    "form": Table(
        ("functional_form",),
        f"Wars in states at the ninetieth percentile of salience against the tenth: hazard ratios "
        f"of the end unless a unit is named. {_INTERVALS} countries. {_IN_DEGREES}",
    ),
    "index-forms": Table(
        ("alternative_index",),
        f"Salience and divergence made otherwise: hazard ratios of the end per standard deviation "
        f"of each. {_INTERVALS} countries. {_IN_DEGREES}",
    ),
    "other-powers": Table(
        ("other_powers",),
        f"Ties to the five beside ties to Germany, Japan, India, Italy and Brazil, and to each "
        f"power alone: hazard ratios of the end per standard deviation. {_INTERVALS} countries. "
        f"{_IN_DEGREES}",
    ),
    "p5-fights": Table(
        ("p5_fights",),
        "Wars in which a permanent member fights at onset against wars in which none does, all "
        "types, baselines by type and period. Ends: intervals at 95 %, by a jackknife over "
        "countries. Acts of the Council: hazard ratios of the act by Firth’s penalized "
        "model, with profile limits, which make "
        f"no allowance for wars of one country. Mandates are those of UN operations and UN "
        f"sanctions; force that states were authorized to use is not on this record. {_COUNTS}",
    ),
    "votes": Table(
        ("votes",),
        f"Who cast the veto, among the permanent members with a known tie to the host, within one "
        f"vetoed draft on a war that was on. Units are members × drafts × wars, events the vetoes "
        f"cast. {_INTERVALS} conflicts. {_COUNTS}",
    ),
    "vetoes-by-class": Table(
        ("action_class", "casting_state"),
        f"Vetoes by what the draft would have done and by who cast them: hazard ratios of the end. "
        f"Intervals at 95 %, by re-randomization. {_COUNTS}",
    ),
    "controls": Table(
        ("falsification", "sensitivity"),
        f"Vetoes that should do nothing to a war, and the hidden veto as a sensitivity analysis: "
        f"hazard ratios of the end. For vetoes that concern no war the clusters are calendar "
        f"years. {_COUNTS}",
    ),
}


def exhibits_of(estimates: pd.DataFrame, *, hypothesis: str) -> dict[str, Exhibit]:
    """Return the tables that the estimates of a hypothesis have rows for, by name.

    Parameters
    ----------
    estimates : DataFrame
        The estimates table.
    hypothesis : str
        Identifier, such as `h2`.
    """
    made = {}
    for name, table in TABLES.items():
        rows = estimates[estimates["role"].isin(table.roles)]
        if len(rows):
            made[name] = part_table(
                rows, caption=table.caption, identifier=f"tbl-{hypothesis}-{name}"
            )
    return made


def part_table(estimates: pd.DataFrame, *, caption: str, identifier: str) -> Exhibit:
    """Return estimates with their counts, and the reason where there is no number."""
    lines = []
    for _, row in estimates.iterrows():
        # What the act is stands in the label, and what its ratio is in the caption.
        is_act = row["estimand"] == "hazard_ratio_of_action"
        label = str(row["label"]) if is_act else with_unit(str(row["label"]), str(row["estimand"]))
        known = pd.notna(row["estimate"])
        if not known:
            label = f"{label}. {row['note']}"
        lines.append(
            [
                label,
                in_unit(row["estimate"], row["estimand"]) if known else NOT_ESTIMABLE,
                interval(row["ci_low"], row["ci_high"], row["estimand"]),
                p_value(row["p_value"]),
                *(
                    _of(row[exposed], row[every], row["exposed_units"] == row["n_units"])
                    for exposed, every in (
                        ("exposed_units", "n_units"),
                        ("exposed_events", "n_events"),
                        ("exposed_clusters", "n_clusters"),
                    )
                ),
            ]
        )
    markdown = pipe_table(
        ["Estimate", "Value", "Interval", "*p*", "Units", "Events", "Clusters"],
        lines,
        caption=caption,
        identifier=identifier,
        align="lrrrrrr",
        widths=[38, 10, 18, 8, 14, 12, 10],
    )
    return Exhibit(markdown, estimates)


def _of(exposed: float, every: float, is_everyone: bool) -> str:
    """The exposed of all; all alone where every unit is exposed, as to a tie in degrees."""
    return count(every) if is_everyone else f"{count(exposed)} of {count(every)}"


_STATES = {
    "usa": "United States",
    "uk": "United Kingdom",
    "france": "France",
    "russia": "Soviet Union, Russia",
    "china": "China",
    "all": "Any",
}
_CLASSES = {
    "enforcement_or_mission": "Mission or force",
    "sanctions": "Sanctions",
    "condemnation": "Condemnation",
    "other": "Other",
    "all": "Any",
}


def vetoes_by_state(rows: Sequence[Mapping[str, Any]], *, hypothesis: str) -> Exhibit:
    """Return vetoed drafts by casting state and class of action: drafts, wars, and ends.

    Parameters
    ----------
    rows : sequence of mapping
        ``state, action_class, drafts, wars, ends``, one for each cell, with margins (``all``).
    """
    table = pd.DataFrame(rows)
    lines = []
    for state, name in _STATES.items():
        own = table[table["state"] == state].set_index("action_class")
        found = own.loc[list(_CLASSES), ["drafts", "wars", "ends"]].to_dict(orient="records")
        lines.append(
            [
                name,
                *(
                    ", ".join(count(n) for n in cell.values()) if cell["drafts"] else NONE
                    for cell in found
                ),
            ]
        )
    markdown = pipe_table(
        ["Cast by", *_CLASSES.values()],
        lines,
        caption="Vetoed drafts on wars that were on, the wars that they concerned, and how many of "
        "these ended within twelve months of such a veto. A draft that two members vetoed counts "
        "for each; a war can stand in several cells. Where nobody vetoed anything, a dash.",
        identifier=f"tbl-{hypothesis}-vetoes-by-state",
        align="l" + "r" * len(_CLASSES),
        widths=[22, *[16] * len(_CLASSES)],
    )
    return Exhibit(markdown, table)
