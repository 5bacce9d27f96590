"""The nearest of the names that exist, for the message about one that does not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

CUTOFF = 0.5  # of difflib's ratio: one letter wrong in a word of four still counts as near


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A phrase that offers the nearest of the allowed names, or nothing.

    Parameters
    ----------
    name : str
        What was asked for.
    allowed : iterable of str
        What exists.

    Examples
    --------
    >>> nearest("un_trops", ["un_troops", "vetoes"])
    " Did you mean 'un_troops'?"
    >>> nearest("wisdom", ["un_troops", "vetoes"])
    ''
    """
    close = difflib.get_close_matches(name, list(allowed), n=1, cutoff=CUTOFF)
    return f" Did you mean {close[0]!r}?" if close else ""
