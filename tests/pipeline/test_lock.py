"""The lock holds on a fresh machine, also after its packages have had newer releases."""

import importlib.metadata
import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from study import REPOSITORY

PIN = re.compile(r"^([A-Za-z0-9][^=;]*)==", re.MULTILINE)


def locked_extras() -> dict[str, set[str]]:
    """Extras that the lock names, by package."""
    found: dict[str, set[str]] = {}
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    for pin in PIN.findall(text):
        requirement = Requirement(pin)
        found.setdefault(canonicalize_name(requirement.name), set()).update(requirement.extras)
    return found


def test_every_extra_asked_for_is_pinned() -> None:
    # pip with hashes refuses an extra without a pin of its own as soon as the package has a newer
    # release than the pinned one: the lock then holds until that day only.
    locked = locked_extras()
    asked = {
        (name, canonicalize_name(wanted.name), extra)
        for name, extras in locked.items()
        for text in _requires(name)
        for wanted in [Requirement(text)]
        for extra in wanted.extras
        if wanted.marker is None
        or any(wanted.marker.evaluate({"extra": own}) for own in {"", *extras})
    }
    assert ("pytest-cov", "coverage", "toml") in asked
    assert {ask for ask in asked if ask[2] not in locked[ask[1]]} == set()


def _requires(name: str) -> list[str]:
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # locked for another system or Python
        return []


def test_no_index_address_is_locked() -> None:
    assert "://" not in (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
