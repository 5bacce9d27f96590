"""`collsec new KIND NAME`: a commented, minimal start that passes, with its test.

What is new stands in files of its own; nothing that is there is overwritten. A hypothesis is added
to the list of `_study.yml`; what a page brings along, to its `modules` or `tables`.
"""

from __future__ import annotations

import keyword
import re
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from collsec import pipeline
from collsec.cli.options import Kind
from collsec.core.documents import parse_yaml
from collsec.core.errors import BadDocument, CollsecError
from collsec.core.models import IDENTIFIER
from collsec.core.project import Project, shipped, whole
from collsec.hypothesis.specification import RESERVED
from collsec.hypothesis.validation import load

#: Of the package's own study, what another one begins with ...
SHIPPED = ("Snakefile", "data/raw", "reports")
#: ... but for what one article asserts, what is known of its questions, how known designs fare
#: with them, its manuscript, earlier studies computed again, what was published, and what is
#: generated.
LEFT_OUT = (
    "claims.csv",
    "claims.qmd",
    "literature.csv",
    "known.qmd",
    "replications.csv",
    "controls.qmd",
    "changes.qmd",
    "published",
    "manuscript.qmd",
    "appendix.qmd",
    "briefing.qmd",
    "cases.qmd",
    "index.qmd",
    "MANIFEST.json",
    "RENAMED.csv",
    "README.md",
    "site",
    "project",
    ".build-*",
    "__pycache__",
)


@dataclass(frozen=True, slots=True)
class Started:
    """What a start consists of.

    Attributes
    ----------
    written : list of Path
        New files.
    changed : list of Path
        Files that had to name what is new.
    following : str
        What to do next, in one sentence.
    """

    written: list[Path]
    changed: list[Path]
    following: str


def new(
    project: Project,
    kind: Kind,
    name: str,
    *,
    hypothesis: str | None = None,
    title: str | None = None,
    exposure: str = "exposure",
) -> Started:
    """Begin a hypothesis, something that its page brings along, or a source.

    Parameters
    ----------
    project : Project
    kind : Kind
        Not a study: see :func:`new_study`.
    name : str
        A name in lower case; of a hypothesis, with words behind it if wanted (``h19-mediation``).
    hypothesis : str, optional
        Whose page brings it along; needed but for a hypothesis and a source.
    title : str, optional
        What a reader sees; from the name by default.
    exposure : str
        What the page of a new hypothesis compares: ``exposure`` (begins while a war goes on) or
        ``covariate`` (known before it began).

    Raises
    ------
    CollsecError
        If the name is taken or is none, a file is there already, or the page is not known.
    """
    if kind is Kind.HYPOTHESIS:
        return _hypothesis(project, name, title, exposure)
    shown = title or name.replace("_", " ").capitalize()
    if kind is Kind.SOURCE:
        return _source(project, name, shown)
    if hypothesis is None:
        raise CollsecError(
            f"--for is missing: a {kind} belongs to the page that uses it. "
            f"Known: {', '.join(_hypotheses(project)) or 'none; `collsec new hypothesis NAME`'}."
        )
    if hypothesis not in (known := _hypotheses(project)):
        raise CollsecError(f"--for {hypothesis}: no such hypothesis. Known: {', '.join(known)}.")
    return _beside(project, kind, name, hypothesis, shown)


def new_study(folder: Path, title: str | None = None) -> Started:
    """A folder of hypotheses of one's own, with the tables of the installed package.

    Raises
    ------
    CollsecError
        If the folder holds anything.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CollsecError(f"{folder}: is there already, and is not empty. Name a new folder.")
    shown = title or folder.resolve().name.replace("-", " ").replace("_", " ").capitalize()
    source = shipped()
    for name in SHIPPED:
        path, target = source / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copyfile(path, target)
    given = {"title": _quoted(shown)}
    written = {
        folder / "analyses" / "_study.yml": _start("_study.yml", **given),
        folder / "reports" / "index.qmd": _start("index.qmd", **given),
        folder / "reports" / "changes.qmd": _start("changes.qmd", **given),
        folder / "CITATION.cff": _start("CITATION.cff", **given),
    }
    _write(written)
    configuration = folder / "reports" / "_quarto.yml"
    text = configuration.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^( +)title: .*$", lambda m: f'{m[1]}title: "{_quoted(shown)}"', text)
    configuration.write_text(text, encoding="utf-8")
    return Started(
        [*written],
        [],
        f"`cd {folder}`, then `collsec new hypothesis NAME`.",
    )


def _hypothesis(project: Project, name: str, title: str | None, exposure: str) -> Started:
    own, _, words = name.partition("-")
    _refuse(own, (*_hypotheses(project), *RESERVED), "a hypothesis or a file of the study")
    if words and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", words):
        raise CollsecError(f"{name}: words are lower case, joined by hyphens.")
    usual = tomllib.loads(_packaged("hypothesis.toml"))[exposure]
    folder = project.study_file.parent / own
    page = folder / f"{own}-{words or 'question'}.qmd"
    asked = title or f"Are wars with {(words or own).replace('-', ' ')} shorter?"
    given = {"name": own, "page": page.name, "title": _quoted(asked)} | usual
    changed = with_item(_text(project.study_file), "hypotheses", own)
    if not _list_of(changed, "primaries"):
        changed = with_item(changed, "primaries", own)
    _write(
        {
            page: _start("hypothesis.qmd", **given),
            folder / f"test_{own}.py": _start("test_hypothesis.py", **given),
        }
    )
    _replace(project.study_file, changed)
    return Started(
        [page, folder / f"test_{own}.py"],
        [project.study_file],
        f"Write the page, then `collsec check` and `collsec run`. `pytest {_of(project, folder)}` "
        "runs its test.",
    )


def _beside(project: Project, kind: Kind, name: str, hypothesis: str, title: str) -> Started:
    registries = pipeline.registries(project)
    spec = load(project, hypothesis, registries)
    taken: Mapping[Kind, Iterable[str]] = {
        Kind.MEASURE: registries.measures,
        Kind.DESIGN: registries.designs,
        Kind.PART: registries.parts,
        Kind.TABLE: registries.tables,
    }
    own = [one.partition(".")[0] for one in (*spec.modules, *spec.tables)]
    _refuse(name, (*taken[kind], *own), f"a {kind} or a file of the page")
    page = project.spec_file(hypothesis)
    folder = page.parent
    made = type(registries.designs[spec.design])
    given = {
        **{"name": name, "hypothesis": hypothesis, "page": page.name, "title": _quoted(title)},
        **{"dashed": name.replace("_", "-"), "design": spec.design},
        **{"module": made.__module__, "base": made.__name__},
        "class_": "".join(word.capitalize() for word in name.split("_")),
    }
    test = folder / f"test_{hypothesis}_{name}.py"
    start: str = kind
    if kind is Kind.MEASURE:
        start = registries.designs[spec.design].kind
    if kind is Kind.DESIGN and not made.__module__.startswith("collsec."):
        raise CollsecError(
            f"{hypothesis} has a design of its own already ({spec.design}): change that one."
        )
    if kind is Kind.TABLE:
        file, key = folder / f"{name}.csv", "tables"
        written = {
            file: _coding_sheet(project),
            folder / f"{name}.schema.json": _start("table.schema.json", **given),
        }
    else:
        file, key = folder / f"{name}.py", "modules"
        written = {file: _start(f"{start}.py", **given)}
    written[test] = _start(f"test_{start}.py", **given)
    changed = with_item(_text(page), key, file.name, after="hypothesis")
    _write(written)
    _replace(page, changed)
    following = {
        Kind.MEASURE: f"Name it in {page.name}: `measure: {name}`.",
        Kind.DESIGN: f"Name it in {page.name}: `design: {name}`.",
        Kind.PART: f"Name it in {page.name}: `parts: [{name}]`, and show "
        f"`{{{{< include _tbl-{hypothesis}-{given['dashed']}.md >}}}}`.",
        Kind.TABLE: f"Fill in the values, and name a covariate in {page.name}: "
        f"`covariates: {{{name}_value: {{table: {name}, column: value}}}}`.",
    }[kind]
    return Started([*written], [page], following)


def _coding_sheet(project: Project) -> str:
    """One row for each conflict of the study, its value still to be coded."""
    from collsec.tables.clean import read_raw, resources

    episodes = read_raw(project, resources(project)["episodes"])
    conflicts = episodes.drop_duplicates("conflict_id").sort_values("conflict_id")
    sheet = conflicts[["conflict_id", "location"]].rename(columns={"location": "place"})
    text: str = sheet.assign(value="", source="").to_csv(index=False, lineterminator="\n")
    return text


def _source(project: Project, name: str, title: str) -> Started:
    from collsec.upstream.sources import read_sources

    file = project.raw / "sources.toml"
    _refuse(name, read_sources(file), "a source")
    given = {"name": name, "title": _quoted(title)}
    test = project.root / "tests" / f"test_source_{name}.py"
    _write({test: _start("test_source.py", **given)})
    _replace(file, _text(file) + _start("source.toml", **given))
    return Started(
        [test],
        [file],
        f"Fill in its fields, and cite it on a page: `cites: [{name}]`; a column of a table names "
        f'it in its schema: `"sources": ["{name}"]`.',
    )


def with_item(text: str, key: str, item: str, *, after: str = "") -> str:
    """YAML, or a page with YAML at its head, with an item added to a list of its top level.

    All else, comments among it, stays as it is.

    Parameters
    ----------
    text, key, item : str
    after : str
        Key after whose line the list is put where there is none yet.

    Raises
    ------
    CollsecError
        If the list is not written in a form that is understood.
    """
    head = re.match(r"---[ \t]*\n(.*?\n)---", text, re.DOTALL)
    start, end = head.span(1) if head else (0, len(text))
    listed = text[start:end]
    flow = re.search(rf"^{key}:[ \t]*\[([^\]]*)\]", listed, re.MULTILINE)
    block = re.search(
        rf"^{key}:[ \t]*(?:#.*)?\n((?:[ \t]*- .*\n|[ \t]*#.*\n)+)", listed, re.MULTILINE
    )
    if flow is not None:
        before = flow[1].rstrip().rstrip(",")
        added = f"{before}, {item}" if before.strip() else item
        changed = listed[: flow.start(1)] + added + listed[flow.end(1) :]
    elif block is not None:
        indent = re.match(r"[ \t]*", block[1])
        line = f"{indent[0] if indent else ''}- {item}\n"
        changed = listed[: block.end(1)] + line + listed[block.end(1) :]
    else:
        found = re.search(rf"^{after}:.*\n", listed, re.MULTILINE) if after else None
        at = found.end() if found else len(listed)
        changed = f"{listed[:at]}{key}: [{item}]\n{listed[at:]}"
    try:
        is_right = _list_of(changed, key) == (*_list_of(listed, key), item)
    except BadDocument:
        is_right = False
    if not is_right:
        raise CollsecError(f"add {item!r} to `{key}` by hand: the list is written in a rare form.")
    return text[:start] + changed + text[end:]


def _list_of(text: str, key: str) -> tuple[Any, ...]:
    content = parse_yaml(text, "").content
    found = content.get(key) if isinstance(content, dict) else None
    return tuple(found or ())


def _hypotheses(project: Project) -> list[str]:
    return [str(name) for name in _list_of(_text(project.study_file), "hypotheses")]


def _refuse(name: str, taken: Iterable[str], what: str) -> None:
    if not re.fullmatch(IDENTIFIER, name) or keyword.iskeyword(name):
        raise CollsecError(
            f"{name!r} is no name: lower-case letters, digits and underscores, a letter first."
        )
    if name in taken:
        raise CollsecError(f"{name!r} is the name of {what} already; choose another.")


def _quoted(text: str) -> str:
    if not text.isprintable() or set(text) & set('"\\{}'):
        raise CollsecError(f"--title {text!r}: quotation marks, braces and control characters.")
    return text


def _start(start: str, /, **given: str) -> str:
    """Text of a start with its names filled in."""
    return Template(_packaged(f"{start}.tmpl")).substitute(given)


def _packaged(name: str) -> str:
    return files("collsec.cli").joinpath("starts", name).read_text(encoding="utf-8")


def _write(texts: Mapping[Path, str]) -> None:
    for path in texts:
        if path.exists():
            raise CollsecError(f"{path}: is there already. Nothing was written.")
    for path, text in texts.items():
        with whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _replace(path: Path, text: str) -> None:
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _of(project: Project, path: Path) -> str:
    return project.relative(path)
