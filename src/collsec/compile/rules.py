"""Coding rules as data: each file of ``data/raw/rules`` read into one checked model.

A model says which keys a file may hold and of what type their values are. A compiler declares the
model of its rules in its own module and gets it, read, from the workbench.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from collsec.core.documents import read_toml
from collsec.core.errors import BadDocument, MissingInput
from collsec.core.models import build

FOLDER = "data/raw/rules"


class BadRule(BadDocument):
    """A file of coding rules is malformed."""


class Strict(BaseModel):
    """A part of a file of rules: no key that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleFile(Strict):
    """A whole file of rules.

    Attributes
    ----------
    file : str
        Its name in the folder of rules.
    title : str
        What the rules are about.
    sources : tuple of str
        Keys of ``sources.toml`` that the rules are read from or apply to.
    """

    file: ClassVar[str]
    title: str
    sources: tuple[str, ...]


R = TypeVar("R", bound=RuleFile)


def read_rules(folder: Path, model: type[R]) -> R:
    """Read one file of rules.

    Parameters
    ----------
    folder : Path
        ``data/raw/rules``.
    model : type
        The model of the file.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadRule
        Holding every fault, each with line, key, value and the nearest known key: a key that is
        missing or unknown, a value of another type.
    """
    path, where = folder / model.file, f"{FOLDER}/{model.file}"
    if not path.exists():
        raise MissingInput(f"{where} is missing. Take it back from git.")
    try:
        document = read_toml(path, where)
    except BadDocument as error:
        raise BadRule(*error.faults) from None
    return build(model, document, BadRule)
