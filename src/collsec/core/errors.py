"""Errors that say what is wrong, where it stands, the nearest right name, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 80  # characters of a faulty value in a message


class CollsecError(Exception):
    """A mistake that the user can correct; printed as one message, without a traceback.

    Attributes
    ----------
    exit_code : int
        Exit code of a command that ends with it.
    """

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a file that a person writes.

    Attributes
    ----------
    file : str
        Path relative to the project.
    problem : str
        What is wrong.
    line : int or None
        Line of the file, from 1 (the header of a table is line 1).
    key : str or None
        Dotted key of a document, or column of a table.
    value : str or None
        The faulty value as it stands in the file.
    remedy : str
        What to do.
    is_cell : bool
        Whether it stands in a table: its line is a row, and its key a column.
    """

    file: str
    problem: str
    line: int | None = None
    key: str | None = None
    value: str | None = None
    remedy: str = ""
    is_cell: bool = False

    def __str__(self) -> str:
        line, key = ("row", "column") if self.is_cell else ("line", "key")
        where = [self.file] if self.file else []
        where += [f"{line} {self.line}"] if self.line is not None else []
        where += [f"{key} {self.key}"] if self.key is not None else []
        where += [f"value {self.value}"] if self.value is not None else []
        said = f"{', '.join(where)}: {self.problem}" if where else self.problem
        return f"{said} {self.remedy}" if self.remedy else said

    @property
    def place(self) -> tuple[str, int, str]:
        """File, line and key: the order in which faults are listed."""
        return self.file, self.line or 0, self.key or ""


def shown(text: str) -> str:
    """A text, cut to the length that a message can hold."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


class BadDocument(CollsecError):
    """A file that a person writes cannot be used as it stands.

    Parameters
    ----------
    *faults : Fault or str
        Everything that is wrong, one line each.
    """

    def __init__(self, *faults: Fault | str) -> None:
        self.faults = tuple(Fault("", f) if isinstance(f, str) else f for f in faults)
        super().__init__("\n".join(str(f) for f in self.faults))


class BadTable(CollsecError):
    """A table breaks its schema.

    Parameters
    ----------
    file : str
        Path of the table, relative to the project.
    problem : str
        What is wrong.
    row : int or None
        Line of the file (the header is line 1), where one line is at fault.
    column : str or None
        Name of the column.
    value : object
        The offending cell, shown as it stands in the file.
    remedy : str
        What the user should do.
    """

    def __init__(
        self,
        file: str,
        problem: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        remedy: str = "",
    ) -> None:
        self.file, self.problem, self.row = file, problem, row
        self.column, self.value, self.remedy = column, value, remedy
        where = file
        if row is not None:
            where += f", row {row}"
        if column is not None:
            where += f", column {column}"
        if value is not None:
            where += f", value {value!r}"
        super().__init__(f"{where}: {problem}" + (f" {remedy}" if remedy else ""))


class BadSpec(BadDocument):
    """A hypothesis file asks for something that does not exist or is not allowed."""


class MissingInput(CollsecError):
    """A file that a step needs is absent."""


class Corrupt(MissingInput):
    """A file of the pipeline is not what was written; like a missing one, it is made again.

    Parameters
    ----------
    file : str
        Path relative to the project.
    problem : str
        A clause that says what is wrong.
    """

    def __init__(self, file: str, problem: str) -> None:
        self.file = file
        super().__init__(f"{file} is corrupt: {problem}. `collsec run` makes it again.")


def faults_of(error: CollsecError) -> tuple[Fault, ...]:
    """What an error says, fault by fault."""
    if isinstance(error, BadDocument):
        return error.faults
    if isinstance(error, BadTable):
        value = None if error.value is None else repr(error.value)
        return (
            Fault(error.file, error.problem, error.row, error.column, value, error.remedy, True),
        )
    return (Fault("", str(error)),)


CUTOFF = 0.5  # of difflib's ratio: one letter wrong in a word of four still counts as near


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A phrase that offers the nearest of the allowed names, or nothing.

    Parameters
    ----------
    name : str
        What was asked for.
    allowed : iterable of str
        What exists.

    Examples
    --------
    >>> nearest("un_trops", ["un_troops", "vetoes"])
    " Did you mean 'un_troops'?"
    >>> nearest("wisdom", ["un_troops", "vetoes"])
    ''
    """
    close = difflib.get_close_matches(name, list(allowed), n=1, cutoff=CUTOFF)
    return f" Did you mean {close[0]!r}?" if close else ""
