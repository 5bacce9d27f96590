"""Documents are read safely: bounded, no key twice, nothing hidden, and each fault has its line."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from collsec.core.documents import (
    Document,
    parse_yaml,
    read_front_matter,
    read_json,
    read_toml,
    read_yaml,
)
from collsec.core.errors import BadDocument, BadTable, CollsecError, Fault, faults_of
from collsec.core.models import STRICT, Name, Number, Whole, build, one_of

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "line 1: anchors"),
        ("a: *b\n", "line 1: anchors"),
        ("a: 1\nb: " + "[" * 30_000, "line 2: nested more than 16 levels deep"),
        ("- " * 15_000, "line 1: nested more than 16"),
        ("{a: " * 8_000, "line 1: nested more than 16"),
        ("? " * 15_000, "line 1: nested more than 16"),
        ("a: 'x" * 20_000, "100,000 characters of YAML; at most"),
        ("a: " + "9" * 30_000, "line 1, key a, value '999"),
        ("a: 1\nb: 2\na: 3\n", "line 3, key a: the key stands on line 1 already"),
        ("a:\n  b: 1\n  b: 2\n", "line 3, key a.b: the key stands on line 2 already"),
        ('? "a\\nb"\n: 012\n', "line 2, key a\\nb, value '012': reads as"),
        ("a: 012\n", "line 1, key a, value '012': reads as a number in another base"),
        ("a: 1:30\n", "line 1, key a, value '1:30'"),
        ("a: 0x1F\n", "line 1, key a, value '0x1F'"),
        ("a: .nan\n", "line 1, key a, value '.nan': must be a finite number"),
        ("a: -.inf\n", "line 1, key a, value '-.inf': must be a finite number"),
        ("a: 1.0e+999\n", "line 1, key a, value '1.0e+999': must be a finite number"),
        ("a: !!python/object/apply:os.system [id]\n", "line 1: tag "),
        ("a: !!binary aGk=\n", "only plain values are read"),
        ("[1, 2]: x\n", "line 1: a key must be a name"),
        ("yes: x\n", "line 1: a key must be a name"),
        ("<<: {a: 1}\n", "line 1: a key must be a name"),
        ("a: 'x\n", "not YAML"),
        ("a: 1\n---\nb: 1\n", "line 2: not YAML"),
        ('a: "\\u202egpj"\n', "line 1, key a, value '\\u202egpj': character U+202E"),
        ('a: "\\u2066x"\n', "U+2066 (left-to-right isolate)"),
        ('a: "\\x07"\n', "U+0007 (a control character)"),
        ('"\\u200b": 1\n', "U+200B (zero width space) in a key"),
    ],
)
def test_yaml_that_misleads_is_refused_in_a_second(text: str, message: str) -> None:
    began = time.process_time()
    with pytest.raises(BadDocument) as caught:
        parse_yaml(text, "f.yml")
    assert time.process_time() - began < 1
    assert message in str(caught.value)
    for line in str(caught.value).splitlines():
        assert line.startswith("f.yml")
        assert len(line) < 400


def test_the_largest_yaml_is_read_in_a_second() -> None:
    text = "a: [" + "1, " * 13_000 + "1]\n"
    began = time.process_time()
    assert len(parse_yaml(text, "f.yml").content["a"]) == 13_001
    assert time.process_time() - began < 1.5


def test_values_keep_their_types_and_lines() -> None:
    found = parse_yaml("a: 1\nb:\n  - x\n  - {c: 0.5}\n7: yes\nd: ~\n", "f.yml", first_line=2)
    assert found.content == {"a": 1, "b": ("x", {"c": 0.5}), 7: True, "d": None}
    assert [found.line(key) for key in [("a",), ("b",), ("b", 1, "c"), (7,)]] == [2, 3, 5, 6]
    assert found.line(("b", 1, "missing")) == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff\n", "f.yml, line 1: not UTF-8"),
        ("ok: 1\nb: x\u202ey\n".encode(), "f.yml, line 2: character U+202E"),
        (b"a: 1\nb: \x00\n", "f.yml, line 2: character U+0000"),
        (b"a: \xef\xbb\xbf1\n", "f.yml, line 1: character U+FEFF"),
        (b"#" * 2_000_001, "f.yml: 2,000,001 bytes; at most 2,000,000"),
    ],
)
def test_a_file_with_hidden_or_too_much_text_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "f.yml").write_bytes(content)
    with pytest.raises(BadDocument, match=re.escape(message)):
        read_yaml(tmp_path / "f.yml", "f.yml")


def test_front_matter_is_split_from_the_body_whatever_the_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "p.qmd"
    path.write_bytes(b"---\r\ntitle: T\r\n---\r\nBody\r\n")
    document, body = read_front_matter(path, "p.qmd")
    assert (document.content, document.line(("title",)), body) == ({"title": "T"}, 2, "Body\n")
    path.write_text("Body\n", encoding="utf-8")
    with pytest.raises(BadDocument, match=r"p\.qmd, line 1: no front matter"):
        read_front_matter(path, "p.qmd")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = \n", "f.toml, line 1: not readable TOML"),
        ("a = 1\na = 2\n", "f.toml, line 2: not readable TOML"),
        ("a = " + "[" * 50_000, "f.toml"),
        (f"a = {'9' * 5000}\n", "f.toml"),
        (f"a = {'9' * 30}\n", "f.toml, line 1, key a, .*too large a number"),
        ("x = 1\n[a]\nb = nan\n", "f.toml, line 3, key a.b, value nan: must be a finite number"),
        ('x = 1\n[a]\nb = "\\u202e"\n', "f.toml, line 3, key a.b, .*U\\+202E"),
        ('[a]\nf = [\n  { b = "x" },\n  { b = inf },\n]\n', r"f\.toml, line 4, key a\.f\[1\]\.b"),
    ],
)
def test_toml_is_read_as_safely(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "f.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadDocument, match=message):
        read_toml(tmp_path / "f.toml", "f.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n "b"}', "f.json, line 2: not readable JSON"),
        ('{"a": 1, "a": 2}', "f.json, key a: the key stands twice"),
        ("[" * 200_000, "f.json: nested"),
        ("9" * 5000, "f.json: holds too large a number"),
    ],
)
def test_json_is_read_as_safely(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "f.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadDocument, match=message):
        read_json(tmp_path / "f.json", "f.json")


@dataclass(frozen=True, slots=True)
class Inner:
    __pydantic_config__ = STRICT

    share: Annotated[Number, Field(gt=0, le=1)] = 0.5
    kind: Annotated[Name, *one_of("above", "below")] = "above"


@dataclass(frozen=True, slots=True)
class Outer:
    __pydantic_config__ = STRICT

    name: Annotated[Name, Field(description="What it is called.")]
    count: Annotated[Whole, Field(ge=0)] = 0
    inner: tuple[Inner, ...] = ()


def test_every_fault_of_a_model_is_told_with_line_and_remedy() -> None:
    text = "cuont: 1\ncount: true\ninner:\n  - {share: 0}\n  - {kind: abvoe}\n  - 3\n"
    with pytest.raises(BadDocument) as caught:
        build(Outer, parse_yaml(text, "f.yml"))
    assert sorted(str(caught.value).splitlines()) == [
        "f.yml, line 1, key cuont: unknown key. Did you mean 'count'? "
        "Known here: count, inner, name.",
        "f.yml, line 1, key name: is missing. Add it: What it is called.",
        "f.yml, line 2, key count, value True: must be a whole number.",
        "f.yml, line 4, key inner[0].share, value 0: must be above 0 and at most 1.",
        "f.yml, line 5, key inner[1].kind, value 'abvoe': unknown. Did you mean 'above'? "
        "Known: above, below.",
        "f.yml, line 6, key inner[2], value 3: must be a mapping of keys.",
    ]


def test_a_built_model_is_what_was_written() -> None:
    built = build(Outer, Document("f", {"name": "x", "inner": ({"share": 1},)}))
    assert built == Outer("x", 0, (Inner(1.0, "above"),))
    assert isinstance(built.inner[0].share, float)


def test_faults_of_any_error_have_file_place_and_value() -> None:
    table = BadTable("a.csv", "wrong.", row=3, column="x", value="y", remedy="Correct it.")
    [fault] = faults_of(table)
    assert (str(fault), fault.place) == (str(table), ("a.csv", 3, "x"))
    assert faults_of(CollsecError("text.")) == (Fault("", "text."),)
