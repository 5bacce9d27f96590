"""What a rendering pass takes over from the pass before: contents by a digest of what made them.

The folder is safe to delete. An entry is verified when it is read; one that is not what was put
there is made again. What a pass has not used is removed at its end.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from collsec.core.project import whole

#: Where contents are kept between runs; nowhere without one.
FOLDER: ContextVar[Path | None] = ContextVar("folder", default=None)
_DIGEST_BYTES = hashlib.sha256().digest_size


@contextmanager
def kept_in(folder: Path) -> Iterator[None]:
    """Keep contents in a folder, and drop those that were not used this time."""
    folder.mkdir(parents=True, exist_ok=True)
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir() if file.is_file()}
    token = FOLDER.set(folder)
    try:
        yield
        for file, when in before.items():
            with suppress(FileNotFoundError):
                if file.stat().st_mtime_ns == when:
                    file.unlink()
    finally:
        FOLDER.reset(token)


def kept(rests_on: bytes, make: Callable[[], bytes]) -> bytes:
    """Return the content that was made of the same before, or make it.

    Parameters
    ----------
    rests_on : bytes
        Everything that the content depends on.
    make : callable
        Makes the content.
    """
    folder = FOLDER.get()
    if folder is None:
        return make()
    file = folder / hashlib.sha256(rests_on).hexdigest()
    with suppress(OSError):
        found = file.read_bytes()
        digest, content = found[:_DIGEST_BYTES], found[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() == digest:
            os.utime(file)
            return content
    content = make()
    with whole(file) as temporary:
        temporary.write_bytes(hashlib.sha256(content).digest() + content)
    return content
