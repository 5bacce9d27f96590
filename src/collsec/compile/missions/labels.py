"""What the sources call the UN's operations, and the ids that the study gives them."""

from __future__ import annotations

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
