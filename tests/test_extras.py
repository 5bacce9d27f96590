"""What `pip install collsec` brings is enough for the library and `load`; extras say their name."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from collsec import api as session
from collsec.core.errors import MissingInput
from collsec.core.extras import EXTRA_OF, missing

#: Imports of the base dependencies alone: what only an extra brings is not to be found.
BLOCKED = """
import json, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {names}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Absent())
"""


def alone(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code as if no extra were installed."""
    whole = BLOCKED.format(names=set(EXTRA_OF)) + code
    command = [sys.executable, "-c", whole, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_extra_library_is_declared_under_its_extra(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    renamed = {"pypandoc": "pypandoc_binary"}
    base = " ".join(project["dependencies"])
    for library, extra in EXTRA_OF.items():
        wanted = renamed.get(library, library)
        named = [d for d in project["optional-dependencies"][extra] if d.startswith(wanted)]
        assert len(named) == 1, library
        assert wanted not in base
    assert {"collsec[study]", "collsec[compile]"} <= set(project["optional-dependencies"]["dev"])


def test_names_and_tables_without_extras(repository: Path) -> None:
    done = alone(
        "import collsec as cs\n"
        "for name in cs.__all__: getattr(cs, name)\n"
        "found = [len(f('missions', root=sys.argv[1])) for f in (cs.load, cs.codebook)]\n"
        "print(json.dumps(found))",
        str(repository),
    )
    assert done.returncode == 0, done.stderr
    rows, described = json.loads(done.stdout)
    assert rows > 50 and described >= 1


@pytest.mark.full
def test_a_command_that_needs_an_extra_says_so(repository: Path) -> None:
    done = alone(
        "sys.argv = ['collsec', 'run', '--dry-run', '--root', sys.argv[1]]\n"
        "from collsec.cli.main import main\nmain()",
        str(repository),
    )
    assert done.returncode == 1
    assert "pip install 'collsec[study]' brings it." in done.stderr
    assert "Traceback" not in done.stderr


def test_other_missing_modules_are_left_alone() -> None:
    assert missing(ModuleNotFoundError("no", name="collsec.nowhere")) is None
    assert missing(ModuleNotFoundError("no", name="rdata.parser")) == (
        "rdata is not installed: pip install 'collsec[compile]' brings it."
    )


def test_the_wheel_brings_the_tables(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["data/raw"] == "collsec/_study/data/raw"


def test_the_shipped_tables_are_found_where_there_is_no_study(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLLSEC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingInput):
        session.load("missions")
    inside = tmp_path / "package" / "_study"
    inside.parent.mkdir()
    inside.symlink_to(repository)
    monkeypatch.setattr("collsec.core.project.shipped", lambda: inside)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert len(session.load("missions")) > 50
