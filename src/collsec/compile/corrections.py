"""Known errors of upstream files, mended by declared corrections that guard themselves.

A correction states what stands in the file (`found`). It is applied only if that is what stands
there; otherwise the source has been mended and the correction must go.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from collsec.core.errors import CollsecError, MissingInput

FILE = "data/raw/corrections.toml"
ACTIONS = ("replace", "insert")


class BadCorrection(CollsecError):
    """A correction is malformed, or its guard says that the source no longer needs it."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One declared correction of one upstream file.

    Attributes
    ----------
    id : str
        Name of the correction.
    source : str
        Key of the source in ``sources.toml``.
    locator : mapping of str to str
        Column → value that single out the record.
    action : str
        ``replace`` (the lines `found` by `record`) or ``insert`` (`record`, absent so far).
    reason : str
        Why the source is wrong.
    found : tuple of str
        The lines as they stand in the file; empty for ``insert``.
    record : mapping of str to str
        The corrected record, column → cell; columns left out are empty.
    evidence : str
        Key of another source that the record rests on; empty if the file itself shows it.
    """

    id: str
    source: str
    locator: Mapping[str, str]
    action: str
    reason: str
    found: tuple[str, ...]
    record: Mapping[str, str]
    evidence: str = ""


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """Read ``corrections.toml``.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadCorrection
        If an entry lacks a field, has an unknown one or an unknown action.
    """
    if not path.exists():
        raise MissingInput(f"{FILE} is missing: is this the project's folder?")
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("correction", [])
    except tomllib.TOMLDecodeError as error:
        raise BadCorrection(f"{FILE}: not readable TOML ({error}).") from None
    corrections = []
    for number, entry in enumerate(entries, start=1):
        where = f"{FILE}, entry {number} ({entry.get('id', 'without id')})"
        try:
            correction = Correction(**{**entry, "found": tuple(entry["found"])})
        except (TypeError, KeyError) as error:
            raise BadCorrection(f"{where}: {error}.") from None
        if correction.action not in ACTIONS:
            raise BadCorrection(
                f"{where}: unknown action {correction.action!r}. Use one of {', '.join(ACTIONS)}."
            )
        if (correction.action == "replace") != bool(correction.found):
            raise BadCorrection(f"{where}: `found` belongs to `replace`, and only there.")
        if any(correction.record.get(c) != v for c, v in correction.locator.items()):
            raise BadCorrection(f"{where}: the record does not carry its locator's values.")
        corrections.append(correction)
    return tuple(corrections)


def take_out_lines(lines: Sequence[str], corrections: Sequence[Correction]) -> list[str]:
    """Drop the broken lines that `replace` corrections name.

    Raises
    ------
    BadCorrection
        If the lines do not stand in the file once, one after the other.
    """
    kept = list(lines)
    for correction in corrections:
        if correction.action != "replace":
            continue
        n = len(correction.found)
        places = [i for i in range(len(kept) - n + 1) if tuple(kept[i : i + n]) == correction.found]
        if len(places) != 1:
            raise mended(correction, f"its broken lines stand there {len(places)} times")
        del kept[places[0] : places[0] + n]
    return kept


def put_in_records(
    records: Sequence[Mapping[str, str]],
    corrections: Sequence[Correction],
    columns: Sequence[str],
) -> list[dict[str, str]]:
    """Add the corrected records, each with all `columns`.

    Raises
    ------
    BadCorrection
        If a record with the locator's values is there already, or a column is unknown.
    """
    out = [dict(r) for r in records]
    for correction in corrections:
        strange = sorted(set(correction.record) - set(columns))
        if strange:
            raise BadCorrection(
                f"{FILE}, {correction.id}: the source has no column {', '.join(strange)}."
            )
        if any(all(r[c] == v for c, v in correction.locator.items()) for r in out):
            raise mended(correction, "a whole record stands there")
        out.append({c: correction.record.get(c, "") for c in columns})
    return out


def mended(correction: Correction, what: str) -> BadCorrection:
    """The error of a guard that failed."""
    where = ", ".join(f"{c} {v}" for c, v in correction.locator.items())
    return BadCorrection(
        f"{FILE}, {correction.id}: the source no longer has this error ({where}: {what}). "
        "Check the record against the source and delete the entry."
    )
