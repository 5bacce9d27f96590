"""Whatever stands in a specification: a valid one, or one clear error for each fault."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from collsec.core.documents import parse_yaml
from collsec.core.errors import CollsecError, faults_of
from collsec.core.models import build
from collsec.core.project import Project
from collsec.hypothesis.multiverse import expand
from collsec.hypothesis.specification import FrontMatter, Spec, from_json
from collsec.hypothesis.study import load_study
from collsec.hypothesis.validation import check, load
from for_all_tests import examples
from study import PROJECT, known

REPOSITORY = Path(__file__).resolve().parents[2]
H1 = yaml.safe_load(PROJECT.spec_file("h1").read_text("utf-8").split("\n---\n")[0][4:])
# A grid of a few options, so that a check takes milliseconds.
H1["multiverse"] = {axis: H1["multiverse"][axis] for axis in ("lag", "adjustment")}
STUDY = yaml.safe_load(PROJECT.study_file.read_text("utf-8"))

values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**25), 10**25),
        st.integers(-3, 200),
        st.floats(),
        st.text(max_size=20),
        st.dates(),
        st.sampled_from(["h1", "un_troops", "salience", "ever_un_troops", "region", "principled"]),
        st.sampled_from(["", " ", "../x", "a" * 5000, "no", "\u202e", "\x07", "{{< include x >}}"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.text(max_size=8), st.integers(0, 9)), inner, max_size=4),
    ),
    max_leaves=8,
)


def places(content: Any, key: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document, by its keys."""
    inner = content.items() if isinstance(content, dict) else enumerate(content)
    found = []
    for name, value in inner:
        found.append((*key, name))
        if isinstance(value, dict | list):
            found += places(value, (*key, name))
    return found


@st.composite
def documents(draw: st.DrawFn, base: dict[str, Any]) -> Any:
    """A document with a few values replaced, dropped, doubled, renamed or added."""
    content: Any = copy.deepcopy(base)
    for _ in range(draw(st.integers(0, 3))):
        key = draw(st.sampled_from(places(content)))
        holder = content
        for part in key[:-1]:
            holder = holder[part]
        match draw(st.sampled_from(["replace", "replace", "drop", "double", "rename", "add"])):
            case "replace":
                holder[key[-1]] = draw(values)
            case "drop":
                del holder[key[-1]]
            case "double" if isinstance(holder, list):
                holder.append(holder[key[-1]])
            case "rename" if isinstance(holder, dict):
                holder[draw(st.text(max_size=6))] = holder.pop(key[-1])
            case _ if isinstance(holder, dict):
                holder[draw(st.text(max_size=6))] = draw(values)
        if not content:
            break
    return content


def refused_clearly(error: CollsecError, file: str) -> None:
    """Each fault is one line of bounded length that names the file, and says something."""
    faults = faults_of(error)
    assert faults
    for fault in faults:
        said = str(fault)
        assert "\n" not in said and len(said) < 4000
        assert said.startswith(file)
        assert fault.problem


@examples(300, suppress_health_check=list(HealthCheck))
@given(documents(H1))
@example(H1)
def test_a_specification_is_valid_or_refused_in_clear_lines(content: Any) -> None:
    text = yaml.safe_dump(content, allow_unicode=True)
    try:
        document = parse_yaml(text, "page.qmd", first_line=2)
        spec = build(FrontMatter, document).specification
        faults = list(check(spec, document, known()))
    except CollsecError as error:
        refused_clearly(error, "page.qmd")
        return
    assert isinstance(spec, Spec)
    for fault in faults:
        assert str(fault).startswith("page.qmd, line ") and "\n" not in str(fault)
    plain = json.loads(json.dumps(spec.normalized()))
    assert from_json(plain) == spec
    if not faults:
        specifications = expand(spec, known())
        assert [s for s in specifications if not s.departures]
        assert all(0 <= s.lag_months <= 120 for s in specifications)


@examples(200, suppress_health_check=list(HealthCheck))
@given(content=documents(STUDY))
@example(content=STUDY)
def test_a_study_file_is_valid_or_refused_in_clear_lines(
    tmp_path_factory: Any, content: Any
) -> None:
    root = tmp_path_factory.mktemp("study")
    project = Project(root)
    (root / "analyses").mkdir()
    project.study_file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    try:
        study = load_study(project)
    except CollsecError as error:
        refused_clearly(error, "analyses/_study.yml")
        return
    assert 0 < study.alpha < 1 and set(study.primaries) <= set(study.hypotheses)
    assert all(study.draws(name).rerandomization_draws > 0 for name in study.profiles)


@examples(200, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=300), cut=st.integers(0, 8000))
def test_any_text_as_a_page_is_refused_in_clear_lines(
    tmp_path_factory: Any, text: str, cut: int
) -> None:
    root = tmp_path_factory.mktemp("page")
    (root / "analyses").mkdir()
    page = PROJECT.spec_file("h1").read_text("utf-8")
    torn = page[:cut] + text + page[cut + len(text) :]
    (root / "analyses" / "h1-x.qmd").write_text(torn, encoding="utf-8", errors="replace")
    try:
        load(Project(root), "h1", known())
    except CollsecError as error:
        refused_clearly(error, "analyses/h1-x.qmd")
