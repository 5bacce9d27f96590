"""JSON Schemas of the documents that a person writes, and the page of all their keys.

Both are made from the models that validate the documents, so that they say what is accepted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from collsec.core.models import IDENTIFIER, json_schema, resolved, within

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PAGE = "docs/specification.md"
# Document → its file, what it is, and what stands for the names in it that a person chooses.
DOCUMENTS = {
    "hypothesis": (
        "analyses/<name>-….qmd",
        "Front matter of the page of a hypothesis, between two lines of `---`.",
        ("<axis>", "<option>", "<name>"),
    ),
    "study": ("analyses/_study.yml", "Choices shared by every hypothesis.", ("<profile>",)),
    "cases": ("analyses/_cases.yml", "Wars that the page of cases shows.", ("<case>", "<id>")),
    "questions": (
        "analyses/_questions.yml",
        "Questions that the study answers, with the outcomes that answer each.",
        ("<question>",),
    ),
    "withdrawn": (
        "analyses/_withdrawn.yml",
        "What is withdrawn until corrected: in place of a number stands `withdrawn: <reason>`.",
        ("<withdrawal>",),
    ),
    "sources": ("data/raw/sources.toml", "Published data sets, one block each.", ("<source>",)),
    "record": ("data/processed/estimates/<name>.json", "What the estimate step records.", ()),
}
# Written by the pipeline: published as a schema, and no part of the page of keys.
MADE = ("record",)
_PLAIN = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
}


def published(models: Mapping[str, Any]) -> dict[str, str]:
    """Text of every published file, by its path below the project.

    Parameters
    ----------
    models : mapping of str to type
        Model of each document of :data:`DOCUMENTS`.
    """
    files = {
        f"docs/schemas/{name}.json": json.dumps(
            {"$schema": DIALECT, **json_schema(model), "title": DOCUMENTS[name][0]},
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
        for name, model in models.items()
    }
    return files | {PAGE: _page(models)}


def _page(models: Mapping[str, Any]) -> str:
    lines = [
        "# Every key",
        "",
        "What may stand in the documents that a person writes. A key that is not listed is",
        "refused, as is a value out of its bounds or a name that does not exist. This page and the",
        "JSON Schemas in `docs/schemas/` are made from the models that check the documents.",
    ]
    for name, model in models.items():
        if name in MADE:
            continue
        file, what, names = DOCUMENTS[name]
        lines += ["", f"## `{file}`", "", what, ""]
        lines += ["| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
        schema = json_schema(model)
        for key, rule, default in _keys(schema, schema, "", list(names)):
            said = " ".join(rule.get("description", "").split())
            lines.append(f"| `{key}` | {_type(rule, schema)} | {default} | {said} |")
    return "\n".join(lines) + "\n"


def _keys(
    rule: Mapping[str, Any], root: Mapping[str, Any], prefix: str, names: list[str]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every key below a rule, with its own rule and its default in words."""
    required = rule.get("required", ())
    for name, inner in rule.get("properties", {}).items():
        here = resolved(inner, root)
        key = f"{prefix}.{name}" if prefix else name
        yield key, here, "**required**" if name in required else _default(here.get("default", ()))
        yield from _below(here, root, key, names)
    if "properties" not in rule:
        yield from _below(rule, root, prefix, names)


def _below(
    rule: Mapping[str, Any], root: Mapping[str, Any], key: str, names: list[str]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Keys below a mapping of names, the items of a list, or a mapping of keys."""
    if "properties" in rule:
        yield from _keys(rule, root, key, names)
    elif "items" in rule:
        yield from _below(resolved(rule["items"], root), root, f"{key}[]", names)
    elif inner := _named(rule):
        name = names.pop(0) if names else "<name>"
        below = f"{key}.{name}" if key else name
        yield from _below(resolved(inner, root), root, below, names)


def _named(rule: Mapping[str, Any]) -> Any:
    """The rule of the values of a mapping of names; nothing where it is none."""
    by_pattern = next(iter(rule.get("patternProperties", {}).values()), None)
    return by_pattern or rule.get("additionalProperties")


def _type(rule: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """What a value is, in words, with its bounds."""
    if "enum" in rule:
        return " or ".join(f"`{name}`" for name in rule["enum"])
    if "prefixItems" in rule:
        return f"list of {len(rule['prefixItems'])} numbers"
    kind = rule.get("type")
    if kind == "array":
        inner = resolved(rule.get("items", {}), root)
        items = {"text": "names", "whole number": "whole numbers", "mapping": "mappings"}
        word = _PLAIN[inner.get("type", "object")]
        bounds = within(inner)
        return f"list of {items.get(word, word)}" + (f", each {bounds}" if bounds else "")
    word = _PLAIN[str(kind)]
    if kind == "object" and "properties" not in rule:
        word = "mapping of names"
    if rule.get("pattern") == IDENTIFIER:
        word = "name in lower case"
    bounds = within(rule)
    return f"{word}, {bounds}" if bounds else word


def _default(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if value in ([], {}, ()):
        return "empty"
    return f"`{value}`"
