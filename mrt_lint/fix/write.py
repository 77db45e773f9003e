"""Writing a file so that a half-written one is never visible."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from mrt_lint.usage import UsageError

_NEW: Final = 0o666
_WRITABLE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
"""A file without write permission is not written, not even by root, whom the system would allow it."""


def write_file(path: Path, before: bytes, after: bytes, *, shown_as: str = "", command: str = "mrt check --fix") -> None:
    """Put new bytes in the place of those that were read, in one move; a link keeps pointing to the file behind it.

    The file keeps its permissions and its owner. Raises UsageError, and changes nothing, if the file no longer exists, was
    changed since it was read, may not be written, or its folder may not, where it is a hard link or cannot keep its owner.
    """
    name = shown_as or str(path)
    try:
        target = path.resolve(strict=True)
        if not os.access(target, os.W_OK) or not target.stat().st_mode & _WRITABLE:
            raise PermissionError(None, "it is read-only")
        _replace(target, before, after)
    except FileNotFoundError:
        raise UsageError(f"{name} no longer exists since it was read: nothing was written.") from None
    except OSError as error:
        raise UsageError(f"{name} could not be written: {error.strerror or error}.") from None
    except _ChangedError:
        raise UsageError(f"{name} was changed since it was read: it was left alone, run {command} again.") from None


def create_file(path: Path, content: bytes, *, shown_as: str = "") -> None:
    """Write a new file in one move, with the folders that it needs. Raises UsageError if it cannot be, or is there already."""
    name = shown_as or str(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = _make_sibling(path)
        try:
            scratch.write_bytes(content)
            _flush_to_disk(scratch)
            scratch.chmod(_NEW & ~_umask())
            _move_to_new(scratch, path)
        finally:
            scratch.unlink(missing_ok=True)
    except FileExistsError:
        raise UsageError(f"{name} is there by now: it was left alone.") from None
    except OSError as error:
        raise UsageError(f"{name} could not be written: {error.strerror or error}.") from None


def _move_to_new(scratch: Path, path: Path) -> None:
    """Rename a file to a name which no file may have yet."""
    try:
        os.link(scratch, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError from None
        scratch.replace(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _replace(target: Path, before: bytes, after: bytes) -> None:
    status = target.stat()
    if status.st_nlink > 1:
        raise PermissionError(None, "it is a hard link, and the file's other names would keep what it was")
    scratch = _make_sibling(target)
    try:
        scratch.write_bytes(after)
        _flush_to_disk(scratch)
        _copy_owner(scratch, status)
        scratch.chmod(stat.S_IMODE(status.st_mode))
        # as late as can be: an editor may save the file while it is fixed
        same = target.read_bytes() == before
        if same:
            scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
    if not same:
        raise _ChangedError


def _copy_owner(scratch: Path, status: os.stat_result) -> None:
    """Set the owner of a file to that of another one. Raises OSError if the user may not do that."""
    if not hasattr(os, "chown"):
        return
    made = scratch.stat()
    if made.st_gid != status.st_gid:
        with suppress(OSError):  # a group that the user is not in
            os.chown(scratch, -1, status.st_gid)
    if made.st_uid != status.st_uid:
        try:
            os.chown(scratch, status.st_uid, -1)
        except OSError:
            raise PermissionError(None, "it belongs to another user") from None


def _make_sibling(target: Path) -> Path:
    """Create an empty file in the same folder, with a name that no tool takes for a migration."""
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".mrt")
    except OSError as error:
        raise PermissionError(None, f"nothing can be written in its folder ({error.strerror or error})") from None
    os.close(descriptor)
    return Path(name)


def _flush_to_disk(path: Path) -> None:
    """Flush a file's bytes to disk before it is renamed."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


class _ChangedError(Exception):
    """The file is not what it was when it was read."""
