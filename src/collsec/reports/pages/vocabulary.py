"""Names in prose that nothing can bear, found before anything is estimated.

Which variables, tables, and figures there are is known only after a run: parts name some of them
after what they find. But every name is put together from words that stand in the code, in the
page's own specification and modules, or in the tables. A name with a word of none of these is
wrong. Of the primary and the verdict all names are known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from collsec.core.documents import parse_front_matter, read_text
from collsec.core.errors import BadDocument, CollsecError, Fault, nearest
from collsec.core.project import Project
from collsec.evidence.questions import FILE, FOLDER, NAMED, known_hypotheses
from collsec.hypothesis.study import load_study
from collsec.reports.pages.source import SHORTCODE
from collsec.reports.words import quantities

KINDS = ("include", "meta", "var")
#: Families of which every variable is known, and the modules that name them.
CLOSED = ("primary", "verdict")
_WORD = re.compile(r"[A-Za-z]+|[0-9]+")
_FIGURE = re.compile(r"\]\(figures/([\w.-]+)\.svg\)")
_OWNER = re.compile(r"""["']([a-z]+)\.""")
_NAMED = re.compile(rf"\b((?:{'|'.join(CLOSED)})\.[a-z_]+[a-z])\b(?!\()")


class _Named(NamedTuple):
    """A name in prose: where, what it is called there, and the name."""

    at: int
    what: str
    name: str


def check(project: Project) -> None:
    """Refuse names in prose that no run can give anything to.

    Raises
    ------
    BadDocument
        One fault for each, with file, line, and the nearest name.
    """
    try:
        listed = load_study(project).hypotheses
    except CollsecError:  # told of the file itself
        return
    pages = [project.spec_file(h) for h in listed]
    shared = [*(project.root / "reports").glob("*.qmd"), *(project.root / FOLDER).glob("*.qmd")]
    shared += [project.paper] if project.paper.is_file() else []
    found: list[Fault] = []
    used: dict[str, str] = {}
    places: list[tuple[str, int, str]] = []
    known: set[str] | None = None
    anyone = [*known_hypotheses(project), *_names_of_questions(project)]
    for path in [*(p for p in pages if p.is_file()), *sorted(shared), project.root / FILE]:
        try:
            text, names = _read(path, project.relative(path))
        except CollsecError:
            continue
        if known is None:
            known = _words_of(project, pages) | _words(" ".join(anyone))
        owners = listed if path in pages else anyone
        file = project.relative(path)
        for one in names:
            line = text.count("\n", 0, one.at) + 1
            if one.what == "var":
                used.setdefault(one.name, f"{file}, line {line}")
                places.append((file, line, one.name))
            if problem := _problem(project, one, known, owners):
                said, remedy = problem
                found.append(Fault(file, said, line, one.what, repr(one.name), remedy))
    found += _groups(places, used)
    if found:
        raise BadDocument(*found)


def _groups(places: Iterable[tuple[str, int, str]], used: Mapping[str, str]) -> Iterator[Fault]:
    """Variables that are the beginning of another one's name: a name is a value or a group."""
    first: dict[str, str] = {}  # of each group, a variable in it
    for name in used:
        parts = name.split(".")
        for n in range(1, len(parts)):
            first.setdefault(".".join(parts[:n]), name)
    for file, line, name in places:
        if name in first:
            said = (
                f"is a group of variables ({first[name]!r} in {used[first[name]]}), and no value."
            )
            yield Fault(file, said, line, "var", repr(name), "Name one variable of the group.")


def _names_of_questions(project: Project) -> list[str]:
    """Names of the questions: variables of their pages begin with them."""
    return [path.stem for path in (project.root / FOLDER).glob("*.qmd")]


def _read(path: Path, name: str) -> tuple[str, list[_Named]]:
    """The text of a page, or of the list of questions, and the names in it."""
    text = read_text(path, name)
    if path.suffix == ".yml":
        # A sentence goes on over lines.
        return text, [_Named(at.start(), "var", at[1].strip()) for at in NAMED.finditer(text)]
    _, body = parse_front_matter(text, name)
    before = len(text) - len(body)
    return text, [one._replace(at=before + one.at) for one in _names(body)]


def _names(body: str) -> Iterator[_Named]:
    """Variables, included files, and figures of a text."""
    for found in SHORTCODE.finditer(body):
        yield _Named(found.start(), found[1], found[2].strip("\"'"))
    for found in _FIGURE.finditer(body):
        yield _Named(found.start(), "figure", found[1])


def _problem(
    project: Project, one: _Named, known: Collection[str], listed: Collection[str]
) -> tuple[str, str] | None:
    """What is wrong with a name and what to do; none where it may be right."""
    if one.what not in (*KINDS, "figure"):
        near = f"{nearest(one.what, KINDS)} Known: {', '.join(KINDS)}.".strip()
        return "is no shortcode of these pages.", near
    if one.what == "meta":
        return None
    owner, _, rest = one.name.partition(".")
    family = rest.partition(".")[0]
    if one.what == "var" and owner not in (*listed, *_owners()):
        near = nearest(owner, [*listed, *_owners()]).strip()
        return f"no result has this name: {owner!r} is no hypothesis of the study.", near
    if one.what == "var" and family in CLOSED:
        names = _closed()
        if rest not in names and not rest.startswith("primary.needed_"):
            near = nearest(rest, names).replace("'", f"'{owner}.", 1)
            return "no result has this name.", near.strip()
    strange = [w for w in _words(one.name) if w not in known]
    strange = [w for w in strange if not _is_in_tables(project, w)]
    if not strange:
        return None
    near = nearest(strange[0], known).replace("Did you mean", "Is it").strip()
    what = {"var": "no result has", "include": "no file has", "figure": "no figure has"}[one.what]
    return f"{what} this name: {strange[0]!r} stands nowhere else.", near


@cache
def _owners() -> frozenset[str]:
    """First words of variables that belong to no hypothesis."""
    package = Path(__file__).parents[2]
    texts = (path.read_text(encoding="utf-8") for path in package.glob("reports/**/*.py"))
    return frozenset(name for text in texts for name in _OWNER.findall(text))


@cache
def _closed() -> frozenset[str]:
    """Every variable of a primary and its verdict, without the hypothesis."""
    package = Path(__file__).parents[2]
    found = {name for of in quantities.PRIMARY for name in of.names} | set(quantities.ADJUSTED)
    found |= {quantities.with_sign(name) for name in found if quantities.is_p_value(name)}
    for path in sorted(package.rglob("*.py")):
        found |= set(_NAMED.findall(path.read_text(encoding="utf-8")))
    return frozenset(found)


def _words_of(project: Project, pages: Collection[Path]) -> set[str]:
    """Words of the code, of the pages' specifications and modules, and of what pages share."""
    package = Path(__file__).parents[2]
    analyses = project.root / "analyses"
    files = [*package.rglob("*.py"), *analyses.rglob("*.py"), *analyses.glob("*.yml")]
    found = {w for path in files for w in _words(path.read_text(encoding="utf-8-sig"))}
    for path in pages:
        if path.is_file():
            text = read_text(path, path.name)
            _, body = parse_front_matter(text, path.name)
            found |= _words(text[: len(text) - len(body)])
    return found


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def _is_in_tables(project: Project, word: str) -> bool:
    """Whether a word stands in a raw table: parts name results after wars, states, and acts."""
    return any(word in text for text in _tables(project.raw))


@cache
def _tables(raw: Path) -> tuple[str, ...]:
    paths = sorted(raw.rglob("*.csv"))
    return tuple(p.read_text(encoding="utf-8-sig", errors="replace").lower() for p in paths)
