"""Published number, ours, difference: the ledger of replications, and a study computed again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from collsec.core.errors import CollsecError, MissingInput, nearest
from collsec.replications.studies import STUDIES, Replication

#: What earlier studies printed, and what came out here when it was last computed.
LEDGER = {"path": "coded/replications.csv", "schema": "schemas/replications.json"}


class UnknownStudy(CollsecError):
    """There is no replication of that name."""


class NotTheData(CollsecError):
    """The user's copy is not the file that the study needs."""


@dataclass(frozen=True, slots=True)
class Replicated:
    """One quantity of a study.

    Parameters
    ----------
    model, quantity : str
    published : float
        As printed; NaN where the document that was read has no number.
    decimals : int
        Decimals of the printed number; 0 without one.
    ours : float
    """

    model: str
    quantity: str
    published: float
    decimals: int
    ours: float

    @property
    def difference(self) -> float:
        """Ours, rounded as the published number is, less the published one; NaN without one."""
        return round(round(self.ours, self.decimals) - self.published, self.decimals)

    @property
    def agrees(self) -> bool | None:
        """Whether ours is the published number to its last digit; None without one."""
        return None if math.isnan(self.published) else self.difference == 0


def replicate(name: str, folder: Path) -> tuple[Replication, dict[str, dict[str, float]]]:
    """Compute a study again from the user's copy of its data.

    Parameters
    ----------
    name : str
        One of :data:`STUDIES`.
    folder : Path
        Folder that holds the authors' file.

    Raises
    ------
    UnknownStudy
        If there is none of that name.
    MissingInput
        If the file is not in the folder.
    NotTheData
        If it cannot be read, or lacks a column.
    """
    if name not in STUDIES:
        known = ", ".join(STUDIES)
        raise UnknownStudy(f"no replication {name!r}{nearest(name, STUDIES)} Known: {known}.")
    study = STUDIES[name]
    file = folder / study.file
    if not file.is_file():
        raise MissingInput(
            f"{file}: not there. {study.title} needs the authors' file under this name: "
            "put it in a folder and name that with --from."
        )
    try:
        rows = study.read(file)
    except (ValueError, OSError, UnicodeDecodeError) as error:
        raise NotTheData(f"{file}: cannot be read: {error}.") from None
    if missing := [column for column in study.needs if column not in rows]:
        raise NotTheData(f"{file}: no column {missing[0]!r}; it is not the file of {study.title}")
    return study, study.models(rows)


def compare(models: dict[str, dict[str, float]], printed: pd.DataFrame) -> list[Replicated]:
    """Put what was computed beside what was printed.

    Parameters
    ----------
    models : dict
        Model → quantity → value.
    printed : DataFrame
        Rows of the ledger for the study.
    """
    known = printed.set_index(["model", "quantity"])
    found = []
    for model, quantities in models.items():
        for quantity, value in quantities.items():
            at = (model, quantity)
            number = known["published"].astype(float).get(at, math.nan)
            decimals = known["published_decimals"].fillna(0).get(at, 0)
            found.append(Replicated(model, quantity, number, int(decimals), value))
    return found


def recorded(printed: pd.DataFrame) -> list[Replicated]:
    """What the ledger keeps, as it was last computed."""
    ours: dict[str, dict[str, float]] = {}
    for row in printed.to_dict(orient="records"):
        ours.setdefault(str(row["model"]), {})[str(row["quantity"])] = float(row["computed"])
    return compare(ours, printed)
