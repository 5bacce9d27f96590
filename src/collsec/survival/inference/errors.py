"""What the functions of this room raise when a question cannot be answered."""

from __future__ import annotations


class InferenceError(ValueError):
    """The inputs do not allow the inference asked for; the message says why."""
