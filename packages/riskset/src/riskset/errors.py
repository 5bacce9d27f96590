"""Errors of the room, checks of single arguments, and how messages show values."""

from __future__ import annotations

import importlib
import math
import sys
import warnings
from collections.abc import Iterable
from numbers import Real

import numpy as np


class EstimationError(ValueError):
    """The data or the model do not admit the estimate; the message says why and what helps."""


class EstimationWarning(UserWarning):
    """The estimate stands, but part of what is reported with it has to be read with care."""


class FewClustersWarning(EstimationWarning):
    """Errors and intervals rest on so few clusters that they are too small."""


class InferenceError(ValueError):
    """The inputs do not allow the requested inference; the message says why."""


def warn(message: str, category: type[Warning] = EstimationWarning) -> None:
    """Warn at the line of the caller outside this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("riskset"):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def require_extra(library: str, extra: str, what: str) -> None:
    """Raise where a library that only an extra brings is not installed.

    Parameters
    ----------
    library : str
        Name under which it is imported.
    extra : str
        Of riskset.
    what : str
        What needs it, for the message; a plural.
    """
    try:
        importlib.import_module(library)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != library:
            raise
        raise EstimationError(f"{what} need {library}: pip install 'riskset[{extra}]'") from None


def check_level(level: object, error: type[ValueError] = EstimationError) -> float:
    """Return the level of an interval; raise unless it is a number between 0 and 1."""
    if not isinstance(level, Real) or isinstance(level, bool) or not 0 < float(level) < 1:
        raise error(f"level must lie between 0 and 1, not {level!r}")
    return float(level)


def check_alpha(alpha: object, error: type[ValueError] = InferenceError) -> float:
    """Return a significance level; raise unless it is a number between 0 and 1."""
    if not isinstance(alpha, Real) or isinstance(alpha, bool) or not 0 < float(alpha) < 1:
        raise error(f"alpha must lie between 0 and 1, not {alpha!r}")
    return float(alpha)


def check_positive(value: object, name: str) -> float:
    """Return a number above zero, such as a horizon; raise where it is none."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 < float(value) < math.inf:
        raise EstimationError(f"{name} must be a number above zero, not {value!r}")
    return float(value)


def shown(value: object) -> str:
    """Return a label as its reader wrote it: numpy scalars as plain numbers."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def listed(values: Iterable[object], most: int = 8) -> str:
    """Return the first labels of a list, and how many follow."""
    every = [shown(v) for v in values]
    rest = f", … ({len(every)} in all)" if len(every) > most else ""
    return ", ".join(every[:most]) + rest
