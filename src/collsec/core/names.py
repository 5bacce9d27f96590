"""Names that were meant: the nearest of those that exist."""

from __future__ import annotations

import difflib


def nearest(name: str, allowed: list[str]) -> str:
    """A phrase that offers the nearest of the allowed names, or nothing."""
    close = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""
