"""Errors that say what is wrong, where it stands, and what to do about it."""

from __future__ import annotations


class CollsecError(Exception):
    """A mistake that the user can mend; printed as one message, without a traceback."""


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


class BadSpec(CollsecError):
    """A hypothesis file asks for something that does not exist or is not allowed."""


class MissingInput(CollsecError):
    """A file that a step needs is absent."""
