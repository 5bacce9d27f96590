"""One file out of a publisher's archive, and nothing else.

An archive is never unpacked: the one member that `sources.toml` names is read through, up to its
declared size. An archive with a member that would lie elsewhere than below its own root is refused
as a whole, since nothing in it deserves trust.
"""

from __future__ import annotations

import fnmatch
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from collsec.core.errors import CollsecError

CHUNK_BYTES = 1 << 16


class BadArchive(CollsecError):
    """An archive is corrupt, holds unsafe members, or lacks the one requested."""


def take_member(archive: Path, member: str, target: Path, limit: int) -> None:
    """Write one member of a zip archive to a file.

    Parameters
    ----------
    archive : Path
    member : str
        Its path in the archive, or a pattern such as ``*.csv`` that one member alone fits.
    target : Path
        Where it is written.
    limit : int
        Most bytes that it may have.

    Raises
    ------
    BadArchive
        If the archive is no readable zip file; if any member of it has an absolute path, a path
        with ``..`` or a drive, or is a link; if the one requested is absent, stands there twice, is
        encrypted, or is larger than `limit`.
    """
    corrupt = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            for one in members:
                refuse_unsafe(one)
            found = [one for one in members if fnmatch.fnmatchcase(one.filename, member)]
            if len(found) != 1:
                held = ", ".join(sorted(one.filename for one in members)[:5])
                raise BadArchive(f"holds {member} {len(found)} times; it has {held}.")
            if found[0].flag_bits & 1:
                raise BadArchive(f"{found[0].filename} is encrypted.")
            copy_bounded(opened, found[0], target, limit)
    except corrupt as error:
        raise BadArchive(f"is no readable zip archive ({error}).") from None


def refuse_unsafe(member: zipfile.ZipInfo) -> None:
    """Refuse a member that would not lie below the folder into which an archive is unpacked.

    Raises
    ------
    BadArchive
        Naming the member.
    """
    name = member.filename
    path, windows = PurePosixPath(name), PureWindowsPath(name)
    is_outside = (
        path.is_absolute()
        or ".." in path.parts
        or windows.drive
        or windows.root
        or ".." in windows.parts
    )
    if is_outside or stat.S_ISLNK(member.external_attr >> 16):
        raise BadArchive(f"has the unsafe member {name!r}; nothing was taken from it.")


def copy_bounded(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, limit: int
) -> None:
    """Read a member through, up to its limit: the size that an archive states may be a lie.

    Raises
    ------
    BadArchive
        If there is more.
    """
    remaining = limit
    with opened.open(member) as stream, target.open("wb") as out:
        while chunk := stream.read(CHUNK_BYTES):
            remaining -= len(chunk)
            if remaining < 0:
                raise BadArchive(f"{member.filename} is larger than {limit} bytes.")
            out.write(chunk)
