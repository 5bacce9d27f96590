"""Which resolutions act under Chapter VII of the Charter, from the hand-coded table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from collsec.core.errors import BadTable, MissingInput

CODED = "data/raw/coded/chapter_vii.csv"


def with_chapter_vii(resolutions: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Resolutions with what their texts say of Chapter VII.

    What the text says comes before what TAMM says of the mandate in force: a text may carry a
    mandate on without naming the Chapter, or name it for a part that is no mandate.

    Parameters
    ----------
    resolutions : DataFrame
        Resolutions with ``number`` and ``is_chapter_vii`` (true, false or None).
    path : Path
        The hand-coded table.

    Returns
    -------
    DataFrame
        The same rows and columns; ``is_chapter_vii`` is None where nothing was read.

    Raises
    ------
    MissingInput
        If the coded table is absent.
    BadTable
        If it has a resolution that the others do not.
    """
    if not path.exists():
        raise MissingInput(f"{CODED} is missing.")
    coded = pd.read_csv(path, usecols=["number", "is_chapter_vii"])
    unknown = coded.index[~coded["number"].isin(resolutions["number"])]
    if len(unknown):
        raise BadTable(
            CODED,
            "no such resolution.",
            row=int(unknown[0]) + 2,
            column="number",
            value=int(coded.loc[unknown[0], "number"]),
        )
    read: dict[int, bool] = dict(zip(coded["number"], coded["is_chapter_vii"], strict=True))
    known = [
        bool(read[number]) if number in read else told
        for number, told in zip(resolutions["number"], resolutions["is_chapter_vii"], strict=True)
    ]
    return resolutions.assign(is_chapter_vii=pd.Series(known, resolutions.index, dtype=object))
