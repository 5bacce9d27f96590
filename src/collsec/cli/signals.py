"""Signals that end a run: from its first moment on, with one line and one exit code."""

from __future__ import annotations

import os
import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupted(number: int) -> str:
    """What a run says when a signal has ended it; its exit code is 128 and the signal's number."""
    return f"interrupted ({signal.Signals(number).name}). `collsec run` goes on from here."


def end_at_once() -> None:
    """Let a signal end the process while it has begun nothing: before there is a command line."""
    for number in SIGNALS:
        signal.signal(number, _end)


def _end(number: int, _: FrameType | None) -> None:
    os.write(2, f"error: {interrupted(number)}\n".encode())
    os._exit(128 + number)
