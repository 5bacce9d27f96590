"""What is published of the models is what they accept."""

from __future__ import annotations

import json
import tomllib

import jsonschema
import pytest
import yaml

from collsec.core.documents import read_front_matter
from collsec.hypothesis.schemas import PAGE, published
from collsec.pipeline import schemas
from study import PROJECT


def test_the_published_files_are_current() -> None:
    for name, text in published(schemas()).items():
        committed = (PROJECT.root / name).read_text(encoding="utf-8")
        assert committed == text, f"{name}: run collsec.pipeline.publish_schemas"


@pytest.mark.parametrize("name", ["hypothesis", "study", "cases", "questions", "sources"])
def test_committed_documents_keep_their_published_schema(name: str) -> None:
    schema = json.loads((PROJECT.root / "docs" / "schemas" / f"{name}.json").read_text("utf-8"))
    documents = {
        "hypothesis": lambda: [
            read_front_matter(PROJECT.spec_file(h), h)[0].content for h in ("h1", "h2", "h3")
        ],
        "study": lambda: [yaml.safe_load(PROJECT.study_file.read_text("utf-8"))],
        "cases": lambda: [
            yaml.safe_load((PROJECT.root / "analyses/_cases.yml").read_text("utf-8"))
        ],
        "questions": lambda: [
            yaml.safe_load((PROJECT.root / "analyses/_questions.yml").read_text("utf-8"))
        ],
        "sources": lambda: [tomllib.loads((PROJECT.raw / "sources.toml").read_text("utf-8"))],
    }
    for document in documents[name]():
        plain = json.loads(json.dumps(document))
        jsonschema.Draft202012Validator(schema).validate(plain)
        plain["unknown key"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate(plain)


def test_every_key_of_the_committed_hypotheses_is_on_the_page() -> None:
    page = (PROJECT.root / PAGE).read_text(encoding="utf-8")
    for h in ("h1", "h2", "h3"):
        content = read_front_matter(PROJECT.spec_file(h), h)[0].content
        for key, value in content.items():
            assert f"| `{key}` |" in page
            if isinstance(value, dict) and key != "multiverse":
                assert all(f"| `{key}.{inner}` |" in page for inner in value)
