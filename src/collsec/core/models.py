"""Models of documents: dataclasses annotated for pydantic, and its errors in this package's words.

All that breaks a model is reported at once, each fault with its file, line, dotted key and value,
the nearest name that exists, and what to do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from collsec.core.documents import Document, Key
from collsec.core.errors import BadDocument, Fault, nearest

Model = TypeVar("Model")
#: Of every model: a key that is not declared is refused, never passed over.
STRICT = ConfigDict(extra="forbid")

# Values are taken as they stand: no text is read as a number, and no truth value either.
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
YesOrNo = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, max_length=20_000)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=120)]
#: What a hypothesis, a case or a covariate may be called.
IDENTIFIER = r"^[a-z][a-z0-9_]*$"


def one_of(*names: str) -> tuple[AfterValidator, Any]:
    """Annotations of a text that must be one of some names; unpack them into ``Annotated``."""

    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"unknown.{nearest(value, names)} Known: {', '.join(names)}.")
        return value

    return AfterValidator(check), Field(json_schema_extra={"enum": list(names)})


def checked(check: Callable[[Any], str]) -> AfterValidator:
    """An annotation from a function that says what is wrong with a value, or nothing."""

    def validate(value: Any) -> Any:
        if problem := check(value):
            raise ValueError(problem)
        return value

    return AfterValidator(validate)


def unrepeated(values: Sequence[Any]) -> str:
    """What is wrong with a list in which a value stands twice."""
    twice = [v for i, v in enumerate(values) if v in values[:i]]
    return f"{twice[0]!r} stands twice; keep one." if twice else ""


@functools.cache
def adapter(model: Any) -> Any:
    """The validator of a model: a dataclass, or a mapping of names to one."""
    return TypeAdapter(model)


@functools.cache
def json_schema(model: Any) -> dict[str, Any]:
    """JSON Schema (2020-12) of a model."""
    schema: dict[str, Any] = _closed(adapter(model).json_schema())
    return schema


def _closed(rule: Any) -> Any:
    """A rule in which a mapping whose keys have a pattern takes no other key."""
    if isinstance(rule, list):
        return [_closed(inner) for inner in rule]
    if not isinstance(rule, dict):
        return rule
    rule = {name: _closed(inner) for name, inner in rule.items()}
    return rule | {"additionalProperties": False} if "patternProperties" in rule else rule


def build(model: type[Model], document: Document, error: type[BadDocument] = BadDocument) -> Model:
    """A model from a document.

    Parameters
    ----------
    model : type
        A dataclass whose fields are annotated for pydantic.
    document : Document
    error : type of BadDocument
        What to raise.

    Raises
    ------
    BadDocument
        Holding every fault: unknown and missing keys, values of the wrong type or out of bounds.
    """
    try:
        built: Model = adapter(cast(Any, model)).validate_python(document.content)
    except ValidationError as caught:
        faults = [_fault_of(e, model, document) for e in caught.errors(include_url=False)]
        raise error(*dict.fromkeys(faults)) from None
    return built


def _fault_of(error: Mapping[str, Any], model: Any, document: Document) -> Fault:
    """One error of pydantic in the words of this package."""
    key: Key = error["loc"]
    kind, value = error["type"], error["input"]
    root = json_schema(model)
    if kind == "missing" and key and isinstance(key[-1], int):
        key = key[:-1]
        rule = schema_at(root, key)
        return document.fault(key, f"must be {rule.get('minItems')} values.", value)
    if key and key[-1] == "[key]":
        key = key[:-1]
        if kind == "string_pattern_mismatch":
            rule = {"pattern": next(iter(schema_at(root, key[:-1])["patternProperties"]))}
            return document.fault(key, _pattern(rule), value)
        if kind == "value_error":
            return document.fault(key, str(error["ctx"]["error"]), value)
        return document.fault(key[:-1], "must be a mapping of names.", value)
    rule = schema_at(root, key)
    if kind == "missing":
        what = rule.get("description", "")
        return document.fault(key, "is missing.", remedy=f"Add it: {what}" if what else "Add it.")
    if kind in ("unexpected_keyword_argument", "invalid_key", "extra_forbidden"):
        allowed = sorted(schema_at(root, key[:-1]).get("properties", {}))
        near = nearest(str(key[-1]), allowed).strip()
        return document.fault(
            key, "unknown key.", remedy=near, known=f"Known here: {', '.join(allowed)}."
        )
    remedy = rule.get("description", "") if kind == "string_pattern_mismatch" else ""
    return document.fault(key, _problem(kind, error, rule), value, remedy)


def _problem(kind: str, error: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """What is wrong with a value, from the kind of error and the rule that it breaks."""
    match kind:
        case "dataclass_type" | "model_type":
            return "must be a mapping of keys."
        case "dict_type":
            return "must be a mapping of names."
        case "tuple_type" | "list_type":
            return "must be a list."
        case "string_type":
            return "must be text, in quotation marks where it reads as something else."
        case "int_type" | "int_from_float" | "int_parsing_size":
            return "must be a whole number."
        case "float_type":
            return "must be a number."
        case "bool_type":
            return "must be true or false."
        case "finite_number":
            return "must be a finite number."
        case "string_too_short" | "too_short":
            return "is empty; fill it in."
        case "string_too_long":
            return f"is longer than {rule.get('maxLength')} characters."
        case "too_long":
            return f"must be {rule.get('maxItems')} values."
        case "string_pattern_mismatch":
            return _pattern(rule)
        case "literal_error":
            allowed = [str(v) for v in rule.get("enum", [rule.get("const", "")])]
            near = nearest(str(error["input"]), allowed)
            return f"unknown.{near} Known: {', '.join(allowed)}."
        case "value_error":
            return str(error["ctx"]["error"])
    if bounds := within(rule):
        return f"must be {bounds}."
    return f"{error['msg']}."


def _pattern(rule: Mapping[str, Any]) -> str:
    if rule.get("pattern") == IDENTIFIER:
        return "a name has lower-case letters, digits and underscores only, a letter first."
    if examples := rule.get("examples"):
        return f"does not read like {examples[0]}."
    return f"is not of the form {rule.get('pattern')}."


def within(rule: Mapping[str, Any]) -> str:
    """The bounds of a number in words; empty where it has none."""
    words = {
        "exclusiveMinimum": "above {}",
        "minimum": "{} or more",
        "exclusiveMaximum": "below {}",
        "maximum": "at most {}",
    }
    return " and ".join(text.format(rule[name]) for name, text in words.items() if name in rule)


def schema_at(root: Mapping[str, Any], key: Key) -> dict[str, Any]:
    """The part of a JSON Schema that rules the value at a key; empty where there is none."""
    rule = resolved(root, root)
    for part in key:
        if isinstance(part, int) and "properties" not in rule and "prefixItems" in rule:
            inner = rule["prefixItems"][min(part, len(rule["prefixItems"]) - 1)]
        elif isinstance(part, int) and "items" in rule:
            inner = rule["items"]
        else:
            by_pattern = next(iter(rule.get("patternProperties", {}).values()), None)
            inner = rule.get("properties", {}).get(part, rule.get("additionalProperties"))
            inner = by_pattern if by_pattern is not None else inner
        rule = resolved(inner if isinstance(inner, Mapping) else {}, root)
    return rule


def resolved(rule: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """A rule of a JSON Schema with its reference followed and its nullable alternative taken."""
    if options := [o for o in rule.get("anyOf", []) if o.get("type") != "null"]:
        rule = {**rule, **options[0]}
    if name := rule.get("$ref", "").rpartition("/")[2]:
        rule = {**root["$defs"][name], **{k: v for k, v in rule.items() if k != "$ref"}}
    return dict(rule)
