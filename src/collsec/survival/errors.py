"""The one error of the room: a model that cannot be estimated, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


class EstimationError(ValueError):
    """The data or the model do not admit the estimate; the message says why and what helps."""


class InferenceError(ValueError):
    """The inputs do not allow the requested inference; the message says why."""


def shown(value: object) -> str:
    """Return a label as its reader wrote it: numpy scalars as plain numbers."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def listed(values: Iterable[object], most: int = 8) -> str:
    """Return the first labels of a list, and how many follow."""
    every = [shown(v) for v in values]
    rest = f", … ({len(every)} in all)" if len(every) > most else ""
    return ", ".join(every[:most]) + rest
