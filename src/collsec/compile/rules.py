"""Coding rules as data: each file of ``data/raw/rules`` read into one checked model.

A model says which keys a file may hold and of what type their values are. A compiler declares the
model of its rules alongside and gets it, read, from the workbench.
"""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from collsec.core.errors import CollsecError, MissingInput
from collsec.core.names import nearest

FOLDER = "data/raw/rules"
NAMES = ("key", "regime_id", "mission_id", "name", "label", "gwno", "number", "case", "id")


class BadRule(CollsecError):
    """A file of coding rules is malformed."""


class Strict(BaseModel):
    """A part of a file of rules: no unknown key, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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
        If it is no TOML, lacks a key, or has an unknown key or a value of another type; the
        message names the entry, the key, the value, and the nearest known key.
    """
    path, where = folder / model.file, f"{FOLDER}/{model.file}"
    if not path.exists():
        raise MissingInput(f"{where} is missing. Take it back from git.")
    try:
        block = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadRule(f"{where}: not readable TOML ({error}).") from None
    try:
        # By way of JSON, whose strict mode takes an array for a tuple and a text for a date.
        return model.model_validate_json(json.dumps(block, default=date.isoformat))
    except ValidationError as error:
        raise BadRule(f"{where}{fault_of(error, block, model)}") from None


def fault_of(error: ValidationError, block: Any, model: type[BaseModel]) -> str:
    """One fault of a file of rules in one line: entry, key, value and what is wrong.

    An unknown key comes before the missing one that it stands for.
    """
    faults = error.errors(include_url=False)
    fault = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    where = ""
    for step in fault["loc"]:
        if isinstance(step, int):
            block = block[step]
            name = next((block[n] for n in NAMES if isinstance(block, dict) and n in block), None)
            where += f" entry {step + 1}" + (f" ({name})" if name is not None else "")
        else:
            where += f", {step}"
            block = block.get(step) if isinstance(block, dict) else None
    value = fault["input"]
    shown = "" if isinstance(value, dict | list) else f", value {value!r}"
    if fault["type"] == "extra_forbidden":
        keys = list(model_at(model, fault["loc"][:-1]).model_fields)
        near = nearest(str(fault["loc"][-1]), keys) or f" Known keys: {', '.join(keys)}."
        return f"{where}: unknown key.{near}"
    return f"{where}{shown}: {fault['msg']}."


def model_at(model: type[BaseModel], places: tuple[int | str, ...]) -> type[BaseModel]:
    """The model of the block that stands at some place of a file."""
    for place in places:
        if isinstance(place, str) and place in model.model_fields:
            kinds = get_args(model.model_fields[place].annotation)
            model = next(
                (k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), model
            )
    return model
