"""Documents that a person writes (YAML, TOML, JSON), read safely, with the line of every value.

A document is read whole or refused: its size and depth are bounded, a key stands once, and no
character may hide or turn what a reader sees.
"""

from __future__ import annotations

import datetime
import functools
import json
import math
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from collsec.core.errors import BadDocument, Fault, MissingInput, nearest, shown

#: Place of a value in a document: keys of mappings and positions in lists.
Key = tuple[str | int, ...]

LISTED = 40  # names that exist are listed, if they are no more
LARGEST_FILE = 2_000_000  # bytes
LARGEST_YAML = 40_000  # characters: about a second of scanning; a specification has ten thousand
LARGEST_TEXT = 20_000  # characters of one value
DEEPEST = 16  # levels of lists and mappings
LARGEST_INTEGER_DIGITS = 18  # more do not fit into 64 bits
# Control characters, marks that turn the direction of text, and characters of no width.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]"
)
#: What some editors put before the first character; it says nothing where a file is UTF-8.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_GIVEN: Any = object()
_KINDS = {"!!map": "mapping", "!!seq": "list"}


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds, and where in it.

    Attributes
    ----------
    file : str
        The file as the user knows it.
    content : object
        Mappings, lists and scalars, as read.
    lines : callable
        Gives the line of every value by its :data:`Key`; asked only where there is a fault.
    """

    file: str
    content: Any
    lines: Callable[[], Mapping[Key, int]] = field(default=dict, repr=False, compare=False)

    def line(self, key: Key) -> int | None:
        """Line of a value, or of the nearest one that holds it."""
        lines = self.lines()
        return next((lines[key[:n]] for n in range(len(key), -1, -1) if key[:n] in lines), None)

    def fault(
        self, key: Key, problem: str, value: Any = _NOT_GIVEN, remedy: str = "", known: str = ""
    ) -> Fault:
        """A fault at one key.

        Parameters
        ----------
        key : tuple of str and int
        problem : str
        value : object, optional
            The value as it stands in the file.
        remedy : str
            What to do.
        known : str
            Names that exist, where one was looked up.
        """
        return Fault(
            self.file,
            problem,
            line=self.line(key),
            key=dotted(key) or None,
            value=None if value is _NOT_GIVEN else written(value),
            remedy=" ".join(part for part in (remedy, known) if part),
        )

    def unknown(self, key: Key, value: Any, allowed: Iterable[str]) -> Fault:
        """The fault of a name that does not exist, with the nearest one that does."""
        names = sorted(allowed)
        listed = ", ".join(names) or "none"
        known = f"Known: {listed}." if len(names) <= LISTED else f"{len(names)} exist."
        return self.fault(key, "unknown.", value, nearest(str(value), names).strip(), known)


def dotted(key: Key) -> str:
    """A key as messages show it, such as ``secondary[2].measure``."""
    text = ""
    for part in key:
        # A name may hold anything, a line break too, where it is the fault.
        name = part if isinstance(part, int) or part.isprintable() else repr(part)[1:-1]
        text += f"[{part}]" if isinstance(part, int) else f".{name}" if text else str(name)
    return shown(text)


def written(value: Any) -> str:
    """A value as a message shows it: on one line, and not too long."""
    return shown(repr(_untupled(value)))


def _untupled(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_untupled(v) for v in value]
    if isinstance(value, dict):
        return {k: _untupled(v) for k, v in value.items()}
    return str(value) if isinstance(value, datetime.date) else value


# Reading ------------------------------------------------------------------------------------------


def read_text(path: Path, file: str) -> str:
    """Text of a file that a person writes: byte-order mark and Windows line ends are passed over.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadDocument
        If it is too large, not UTF-8, or holds a character that hides or turns text.
    """
    if not path.is_file():
        raise MissingInput(f"{file} is missing.")
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise BadDocument(
            Fault(file, f"{size:,} bytes; at most {LARGEST_FILE:,} are read.", remedy="Shorten it.")
        )
    try:
        text = path.read_bytes().removeprefix(BYTE_ORDER_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadDocument(
            Fault(file, "not UTF-8.", line=line, remedy="Save it as UTF-8.")
        ) from None
    text = text.replace("\r\n", "\n")
    if faults := list(hidden_characters(text, file)):
        raise BadDocument(*faults)
    return text


def hidden_characters(text: str, file: str) -> Iterator[Fault]:
    """One fault for each line with a character that hides or turns what a reader sees."""
    if FORBIDDEN.search(text) is None:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if found := FORBIDDEN.search(line):
            yield Fault(
                file,
                f"{named(found.group())}: no text may hold it.",
                line=number,
                remedy="Delete it.",
            )


def named(character: str) -> str:
    """A character by its code point and name."""
    name = unicodedata.name(character, "a control character").lower()
    return f"character U+{ord(character):04X} ({name})"


def read_yaml(path: Path, file: str) -> Document:
    """A YAML file.

    Raises
    ------
    MissingInput, BadDocument
    """
    return parse_yaml(read_text(path, file), file)


def read_front_matter(path: Path, file: str) -> tuple[Document, str]:
    """Front matter of a page between two lines of ``---``, and the body below it.

    Raises
    ------
    MissingInput, BadDocument
    """
    return parse_front_matter(read_text(path, file), file)


def parse_front_matter(text: str, file: str) -> tuple[Document, str]:
    """The same of the text of a page."""
    found = re.match(r"---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", text, re.DOTALL)
    if found is None:
        raise BadDocument(
            Fault(
                file,
                "no front matter between two lines of ---.",
                line=1,
                remedy="Begin the file with it.",
            )
        )
    return parse_yaml(found.group(1), file, first_line=2), text[found.end() :]


def parse_yaml(text: str, file: str, first_line: int = 1) -> Document:
    """YAML text as a document: no tag, anchor or alias, no key twice, no more than plain values.

    Parameters
    ----------
    text, file : str
    first_line : int
        Line of the file on which the text begins.

    Raises
    ------
    BadDocument
    """
    if len(text) > LARGEST_YAML:
        raise BadDocument(
            Fault(
                file,
                f"{len(text):,} characters of YAML; at most {LARGEST_YAML:,} are read.",
                remedy="Shorten it.",
            )
        )
    import yaml

    lines: dict[Key, int] = {}
    try:
        content = _Yaml(file, first_line, lines).read(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be read"
        raise BadDocument(
            Fault(
                file,
                f"not YAML ({problem}).",
                line=first_line if mark is None else mark.line + first_line,
                remedy="Correct it.",
            )
        ) from None
    return _checked(Document(file, content, lambda: lines))


class _Yaml:
    """Nodes of YAML → plain values, noting the line of each."""

    def __init__(self, file: str, first_line: int, lines: dict[Key, int]) -> None:
        self.file, self.first_line, self.lines = file, first_line, lines
        self.faults: list[Fault] = []

    def read(self, text: str) -> Any:
        node = _composer()(text, self.refuse).get_single_node()
        content = None if node is None else self.plain(node, ())
        if self.faults:
            raise BadDocument(*self.faults)
        return content

    def refuse(self, mark: Any, problem: str, remedy: str) -> NoReturn:
        raise BadDocument(
            Fault(self.file, problem, line=mark.line + self.first_line, remedy=remedy)
        )

    def plain(self, node: Any, key: Key) -> Any:
        self.lines.setdefault(key, node.start_mark.line + self.first_line)
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if node.id == "sequence" and kind == "seq":
            return tuple(self.plain(item, (*key, i)) for i, item in enumerate(node.value))
        if node.id == "mapping" and kind == "map":
            return self.mapping(node, key)
        if node.id == "scalar":
            return self.scalar(node, kind, key)
        self.refuse(node.start_mark, f"tag {node.tag!r}: only plain values are read.", "Drop it.")

    def mapping(self, node: Any, key: Key) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for name_node, value_node in node.value:
            mark = name_node.start_mark
            name = self.plain(name_node, (*key, "?")) if name_node.id == "scalar" else None
            self.lines.pop((*key, "?"), None)
            if isinstance(name, bool) or not isinstance(name, str | int):
                self.refuse(mark, "a key must be a name.", "Put it in quotation marks.")
            here, line = (*key, name), mark.line + self.first_line
            if name in found:
                self.faults.append(
                    Fault(
                        self.file,
                        f"the key stands on line {self.lines[here]} already.",
                        line=line,
                        key=dotted(here),
                        remedy="Keep one.",
                    )
                )
                continue
            self.lines[here] = line
            found[name] = self.plain(value_node, here)
        return found

    def scalar(self, node: Any, kind: str, key: Key) -> Any:
        text, fault = node.value, ""
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in ("true", "yes", "on")
        if kind == "timestamp":
            try:
                return datetime.date.fromisoformat(text)
            except ValueError:
                return text
        if kind == "int":
            if re.fullmatch(r"[-+]?(0|[1-9][0-9]*)", text):
                if len(text.lstrip("+-")) <= LARGEST_INTEGER_DIGITS:
                    return int(text)
                fault = "too large a number."
            else:
                fault = "reads as a number in another base."
        elif kind == "float":
            try:
                if math.isfinite(number := float(text)):
                    return number
                fault = "must be a finite number."
            except ValueError:
                fault = "must be a finite number." if "." in text[:2] else "is no plain number."
        else:
            fault = f"tag {kind!r}: only plain values are read."
        self.faults.append(
            Fault(
                self.file,
                fault,
                line=node.start_mark.line + self.first_line,
                key=dotted(key),
                value=written(text),
                remedy="Write a plain number, or text in quotation marks.",
            )
        )
        return None


@functools.cache
def _composer() -> Any:
    """A composer of YAML that refuses anchors and deep nesting before it follows them."""
    import yaml

    class Composer(yaml.SafeLoader):
        def __init__(self, text: str, refuse: Callable[[Any, str, str], NoReturn]) -> None:
            super().__init__(text)
            self.refuse, self.depth = refuse, 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
                self.refuse(
                    event.start_mark,
                    "anchors (&) and aliases (*) are not read.",
                    "Write the value where it is meant, or put the text in quotation marks.",
                )
            self.depth += 1
            if self.depth > DEEPEST:
                self.refuse(
                    event.start_mark, f"nested more than {DEEPEST} levels deep.", "Flatten it."
                )
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    return Composer


def read_toml(path: Path, file: str) -> Document:
    """A TOML file.

    Raises
    ------
    MissingInput, BadDocument
    """
    text = read_text(path, file)
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise BadDocument(Fault(file, f"nested more than {DEEPEST} levels deep.")) from None
    except ValueError as error:
        where = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        problem = str(error)[: where.start()] if where else str(error)
        raise BadDocument(
            Fault(
                file,
                f"not readable TOML ({problem[:1].lower()}{problem[1:]}).",
                line=int(where[1]) if where else text.count("\n"),
                remedy="Correct it.",
            )
        ) from None
    return _checked(Document(file, content, functools.cache(lambda: _lines_of_toml(text))))


def _lines_of_toml(text: str) -> dict[Key, int]:
    """Lines of tables, of their keys, and of the inline tables of a list, one a line."""
    lines: dict[Key, int] = {}
    table: Key = ()
    listed: Key = ()
    in_text = False
    for number, line in enumerate(text.split("\n"), 1):
        was_in_text, quotes = in_text, line.count('"""') + line.count("'''")
        in_text ^= quotes % 2 == 1
        if was_in_text:
            continue
        if header := re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]", line):
            table = tuple(part.strip(" \"'") for part in header[2].split("."))
            if header[1] == "[[":
                table = (*table, sum(key[:-1] == table for key in lines if len(key) > len(table)))
            lines.setdefault(table, number)
        elif found := re.match(r"\s*(?:\"([^\"]+)\"|'([^']+)'|([\w-]+))\s*=\s*(\[?)", line):
            key = (*table, found[1] or found[2] or found[3])
            lines.setdefault(key, number)
            listed = key if found[4] else ()
        elif listed and re.match(r"\s*[\[{\"'\w-]", line):
            item = sum(key[:-1] == listed for key in lines)
            lines[*listed, item] = number
    return lines


def read_json(path: Path, file: str) -> Document:
    """A JSON file.

    Raises
    ------
    MissingInput, BadDocument
    """
    if not path.is_file():
        raise MissingInput(f"{file} is missing.")

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(found)
        if len(content) < len(found):
            names = [name for name, _ in found]
            twice = next(name for name in names if names.count(name) > 1)
            raise BadDocument(Fault(file, "the key stands twice.", key=twice, remedy="Keep one."))
        return content

    try:
        text = path.read_bytes().removeprefix(BYTE_ORDER_MARK).decode("utf-8")
        content = json.loads(text, object_pairs_hook=pairs)
    except UnicodeDecodeError:
        raise BadDocument(Fault(file, "not UTF-8.", remedy="Save it as UTF-8.")) from None
    except json.JSONDecodeError as error:
        raise BadDocument(
            Fault(
                file, f"not readable JSON ({error.msg}).", line=error.lineno, remedy="Correct it."
            )
        ) from None
    except RecursionError:
        raise BadDocument(Fault(file, f"nested more than {DEEPEST} levels deep.")) from None
    except ValueError:
        raise BadDocument(Fault(file, "holds too large a number.")) from None
    return Document(file, content)


def _checked(document: Document) -> Document:
    """Refuse values that are too long, too deep, not finite, or hide what a reader sees."""
    if faults := list(_faulty_values(document, document.content, ())):
        raise BadDocument(*faults)
    return document


def _faulty_values(document: Document, value: Any, key: Key) -> Iterator[Fault]:
    if len(key) > DEEPEST:
        yield document.fault(key[:4], f"nested more than {DEEPEST} levels deep.")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(name, str) and (found := FORBIDDEN.search(name)):
                yield document.fault(key, f"{named(found.group())} in a key.", remedy="Delete it.")
            yield from _faulty_values(document, inner, (*key, name))
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _faulty_values(document, inner, (*key, place))
    elif isinstance(value, str):
        if len(value) > LARGEST_TEXT:
            yield document.fault(
                key, f"is longer than {LARGEST_TEXT:,} characters.", value, "Shorten it."
            )
        if found := FORBIDDEN.search(value):
            yield document.fault(
                key, f"{named(found.group())}: no text may hold it.", value, "Delete it."
            )
    elif isinstance(value, float) and not math.isfinite(value):
        yield document.fault(key, "must be a finite number.", value)
    elif isinstance(value, int) and abs(value) >= 10**LARGEST_INTEGER_DIGITS:
        yield document.fault(key, "too large a number.", value)
