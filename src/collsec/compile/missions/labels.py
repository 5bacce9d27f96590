"""What the sources call the UN's operations, and the ids that the study gives them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import ClassVar

import pandas as pd

from collsec.compile.rules import RuleFile


class LabelRules(RuleFile):
    """Labels of the sources.

    Attributes
    ----------
    not_operations : tuple of str
        Labels that are not among the UN's operations, and why.
    counted_operations : tuple of str
        Operations that stood while people were counted.
    same_as : dict
        Label → id of the operation, where it is not the label in lower case with hyphens.
    """

    file: ClassVar[str] = "mission_labels.toml"
    not_operations: tuple[str, ...]
    not_operations_reason: str
    counted_operations: tuple[str, ...]
    same_as: dict[str, str]

    def mission_id(self, label: str) -> str:
        """Id of the operation that a source means by a label."""
        return self.same_as.get(label, label.lower().replace(" ", "-"))


def mission_labels_from(
    named: Mapping[str, tuple[str, pd.Series]], operations: Set[str], labels: LabelRules
) -> pd.DataFrame:
    """One row per UN operation: under which labels the publications have it.

    Parameters
    ----------
    named : mapping of str to tuple
        Column of the table → key of the source, and its labels: a Series whose index is the id of
        the operation where the source's label stands for several, else of plain numbers.
    operations : set of str
        Ids of the UN's operations.
    labels : LabelRules

    Returns
    -------
    DataFrame
        Columns in the order of the schema; several labels are joined by `;`.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for column, (_, series) in named.items():
        for key, label in series.dropna().items():
            text = str(label).strip()
            mission = key if isinstance(key, str) else labels.mission_id(text)
            if mission in operations:
                found.setdefault(mission, {}).setdefault(column, set()).add(text)
    rows = [
        {
            "mission_id": mission,
            **{column: sorted(found[mission].get(column, ())) for column in named},
            "source": [named[column][0] for column in named if column in found[mission]],
            "basis": "file",
        }
        for mission in sorted(found)
    ]
    return pd.DataFrame(rows)


def by_mission_and_year(
    frame: pd.DataFrame, years: pd.Series
) -> dict[tuple[str, int], pd.DataFrame]:
    """Split a frame with ``mission_id`` by operation and year, in order."""
    numbers = years.astype(int).to_numpy()
    return {
        (str(mission), year): own[own_years == year]
        for mission, part in frame.assign(_year=numbers).groupby("mission_id")
        for own, own_years in [(part.drop(columns="_year"), part["_year"])]
        for year in sorted(set(own_years.tolist()))
    }
