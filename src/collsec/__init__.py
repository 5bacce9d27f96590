"""Tests of the claims about UN collective security on every armed conflict since 1946.

:func:`load` a table, :func:`join` it with another, look a column up in the :func:`codebook`, put
a :class:`Hypothesis` to the data, read the :func:`results`, and :func:`cite` what was used. The
estimators are the library :mod:`riskset`; its names still answer here (``collsec.cox_ph``), for
this release alone.

Examples
--------
>>> import collsec as cs
>>> episodes = cs.load("episodes")  # doctest: +SKIP
>>> cs.Hypothesis.from_file("analyses/h1/h1-deployment-delay.qmd").fit().verdict  # doctest: +SKIP

Notes
-----
Nothing is imported before it is asked for; ``__init__.pyi`` is what type checkers and editors read.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

__all__ = ["Hypothesis", "References", "catalog", "cite", "codebook", "join", "load", "results"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name == "__version__":
        return import_module("collsec.core").__version__
    if name in __all__:
        found = getattr(import_module("collsec.api"), name)
    elif name.startswith("_") or find_spec(f"{__name__}.{name}") is not None:
        # `from collsec import pipeline` asks here first; a room is no reason to import the library.
        raise AttributeError(f"module 'collsec' has no attribute {name!r}")
    elif name in (library := import_module("riskset")).__all__:
        found = getattr(library, name)
        import warnings

        warnings.warn(
            f"collsec.{name} is riskset.{name}; the name here goes with the next release",
            DeprecationWarning,
            stacklevel=2,
        )
    else:
        raise AttributeError(f"module 'collsec' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
