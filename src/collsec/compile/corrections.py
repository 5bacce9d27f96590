"""Known errors of the conflict data, corrected by declared entries that guard themselves.

A correction states what stands in a cell (`found`) and what is right (`value`). It is applied only
if that is what stands there. A release that is known to have an error and no longer has it was
corrected at its source, and must be taken out of the entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from collsec.compile.rules import Strict
from collsec.core.documents import read_toml
from collsec.core.errors import BadDocument, CollsecError, MissingInput, nearest
from collsec.core.models import build

FILE = "data/raw/corrections.toml"


class BadCorrection(BadDocument):
    """A correction is malformed, or its guard says that the source no longer needs it."""


class Correction(Strict):
    """One declared correction of one cell.

    Attributes
    ----------
    id : str
        Name of the correction.
    sources : tuple of str
        Keys in ``sources.toml`` of the releases that are known to have the error.
    locator : mapping of str to str
        Column → value that single out the record.
    column, found, value : str
        The cell: its column, what stands there, and what is right.
    reason : str
        Why the source is wrong.
    evidence : str
        Key of the source that shows it.
    document : str
        Address of a second document that does; empty if there is none.
    """

    id: str
    sources: tuple[str, ...]
    locator: dict[str, str]
    column: str
    found: str
    value: str
    reason: str
    evidence: str
    document: str = ""


class _Corrections(Strict):
    correction: tuple[Correction, ...] = ()


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """Read ``corrections.toml``.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadCorrection
        Holding every fault: an entry that lacks a field or has an unknown one.
    """
    if not path.exists():
        raise MissingInput(f"{FILE} is missing: is this the project's folder?")
    try:
        document = read_toml(path, FILE)
    except BadDocument as error:
        raise BadCorrection(*error.faults) from None
    return build(_Corrections, document, BadCorrection).correction


def corrected(
    records: Sequence[Mapping[str, str]], corrections: Sequence[Correction], source: str
) -> tuple[list[dict[str, str]], list[Correction]]:
    """Records with the corrections of their release applied.

    Parameters
    ----------
    records : sequence of mapping
        Cells as the release has them.
    corrections : sequence of Correction
    source : str
        Key of the release.

    Returns
    -------
    records : list of dict
    applied : list of Correction
        Those that changed a cell.

    Raises
    ------
    BadCorrection
        If a column is unknown, or the release is known to have an error and has it no longer.
    """
    out, applied = [dict(r) for r in records], []
    for correction in corrections:
        names = list(out[0]) if out else []
        for column in (*correction.locator, correction.column):
            if column not in names:
                raise BadCorrection(
                    f"{FILE}, {correction.id}: {source} has no column {column}."
                    f"{nearest(column, names)}"
                )
        here = [r for r in out if all(r[c] == v for c, v in correction.locator.items())]
        has_error = [r for r in here if r[correction.column] == correction.found]
        if len(has_error) == 1:
            has_error[0][correction.column] = correction.value
            applied.append(correction)
        elif source in correction.sources:
            raise no_longer_wrong(correction, source, here)
    return out, applied


def no_longer_wrong(
    correction: Correction, source: str, records: Sequence[Mapping[str, str]]
) -> CollsecError:
    """The error of a guard that failed."""
    where = ", ".join(f"{c} {v}" for c, v in correction.locator.items())
    what = ", ".join(r[correction.column] or "nothing" for r in records) or "no such record"
    return BadCorrection(
        f"{FILE}, {correction.id}: {source} no longer has this error ({where}, "
        f"{correction.column}: {what}). Check the cell against the source and take {source} out "
        "of `sources`; delete the entry if none is left."
    )
