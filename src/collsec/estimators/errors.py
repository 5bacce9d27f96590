"""The one error of the room: a model that cannot be estimated, and what to do about it."""

from __future__ import annotations


class EstimationError(ValueError):
    """The data or the model do not admit the estimate; the message says why and what helps."""
