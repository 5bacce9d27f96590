"""Front matter of a page, built into frozen dataclasses; an error names the nearest known key."""

from __future__ import annotations

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any

from collsec.core.errors import BadSpec
from collsec.core.names import nearest

# Keys of the front matter that belong to the document, not to the specification.
DOCUMENT_KEYS = frozenset({"title", "subtitle", "abstract", "keywords", "bibliography"})


def split(path: Path) -> tuple[dict[str, Any], str]:
    """Front matter and body of a ``.qmd`` file.

    Raises
    ------
    BadSpec
        If the file has no front matter or it is not YAML.
    """
    import yaml

    text = path.read_text(encoding="utf-8")
    parts = text.split("\n---\n", 1)
    if not text.startswith("---\n") or len(parts) != 2:
        raise BadSpec(f"analyses/{path.name}: no front matter between two lines of ---.")
    try:
        front = yaml.safe_load(parts[0][4:])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 2}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        where = f"analyses/{path.name}{line}"
        raise BadSpec(f"{where}: front matter is not YAML ({problem}).") from None
    if not isinstance(front, dict):
        raise BadSpec(f"analyses/{path.name}: front matter must be a mapping of keys.")
    return front, parts[1]


def build(cls: type, content: Any, where: str, key: str) -> Any:
    """Build a dataclass from a mapping.

    Parameters
    ----------
    cls : type
        A dataclass; nested dataclasses, tuples and mappings of names are built as annotated.
    content : Any
        What YAML or JSON gave.
    where, key : str
        The file, and the dotted key within it (empty for the whole), for messages.

    Raises
    ------
    BadSpec
        If a key is unknown, missing or of the wrong type.
    """
    if not isinstance(content, dict):
        raise BadSpec(
            f"{where}: key {key or 'front matter'}, value {content!r}: must be a mapping."
        )
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for name in content:
        if name not in fields:
            allowed = sorted(set(fields) | (DOCUMENT_KEYS if not key else frozenset()))
            raise BadSpec(
                f"{where}: unknown key {_dotted(key, name)!r}.{nearest(str(name), allowed)} "
                f"Known here: {', '.join(allowed)}."
            )
    missing = [
        n
        for n, f in fields.items()
        if n not in content
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise BadSpec(f"{where}: key {_dotted(key, missing[0])!r} is missing.")
    return cls(
        **{
            name: _value(hints[name], value, where, _dotted(key, name))
            for name, value in content.items()
        }
    )


def _dotted(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _value(hint: Any, value: Any, where: str, key: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        if value is None:
            return None
        hint = next(a for a in typing.get_args(hint) if a is not type(None))
        origin = typing.get_origin(hint)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise BadSpec(f"{where}: key {key}, value {value!r}: must be a list.")
        inner = typing.get_args(hint)
        if inner[-1] is not Ellipsis and len(value) != len(inner):
            raise BadSpec(f"{where}: key {key}, value {value!r}: must be {len(inner)} values.")
        return tuple(_value(inner[0], v, where, f"{key}[{i}]") for i, v in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise BadSpec(f"{where}: key {key}, value {value!r}: must be a mapping of names.")
        inner = typing.get_args(hint)[1]
        return {name: _value(inner, v, where, _dotted(key, name)) for name, v in value.items()}
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type, hint), value, where, key)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or isinstance(value, bool):
        raise BadSpec(f"{where}: key {key}, value {value!r}: must be {hint.__name__}.")
    return value
