"""The lock file: what revisions were when they were merged, so that editing, re-pointing or deleting one is noticed.

It holds an entry a line, sorted by revision, so that it can be read in a review and merged by git.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from mrt_lint.cache.store import digest
from mrt_lint.gate import MigrationHeader, read_header
from mrt_lint.model.values import SourceSpan
from mrt_lint.usage import UsageError

LOCK_FILE: Final = "mrt.lock"
"""Where `mrt lock` writes, in the project's root."""

# to be raised when the format changes: a file of another one is refused
_FORMAT: Final = 1


class LockEntry(NamedTuple):
    """A locked revision. `path` starts at the project's root; `line` is its own in the lock file."""

    revision: str
    parents: tuple[str, ...]
    path: str
    content: str
    line: int = 1


class LockViolation(NamedTuple):
    """How a locked revision was changed, and where to report it."""

    path: str
    place: SourceSpan
    revision: str
    what: str


def entry_of(source: bytes, path: str) -> LockEntry | None:
    """Return the entry of a migration, given its path from the project's root; None if it declares no revision."""
    header = read_header(source)
    if header is None or header.revision is None:
        return None
    return LockEntry(header.revision, header.down_revision, path, _content(source))


def dumps(entries: Iterable[LockEntry]) -> str:
    """Write a lock file."""
    lines = [
        json.dumps({"revision": entry.revision, "parents": entry.parents, "path": entry.path, "content": entry.content})
        for entry in sorted(entries)
    ]
    return "\n".join(["{", f'"mrt_lock": {_FORMAT},', '"revisions": [', ",\n".join(lines), "]", "}"]) + "\n"


def loads(source: bytes) -> tuple[LockEntry, ...]:
    """Read what `dumps` wrote. Raises UsageError if it is damaged or of another version."""
    try:
        text = source.decode("utf-8")
        document = json.loads(text)
        version = document["mrt_lock"]
        # json.loads() knows no lines, and a revision that is gone is reported at its own
        lines = {line.strip().rstrip(","): number for number, line in enumerate(text.splitlines(), 1)}
        entries = tuple(_entry(plain, lines) for plain in document["revisions"]) if version == _FORMAT else ()
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{LOCK_FILE} is no lock file, or is damaged: restore it, or write it again with mrt lock.") from None
    if version != _FORMAT:
        raise UsageError(f"{LOCK_FILE} has format {version!r}, where this mrt knows {_FORMAT}: write it again with mrt lock.")
    return entries


def breaches(lock: bytes, path: str, sources: Mapping[str, bytes], held: Callable[[str], bool]) -> tuple[LockViolation, ...]:
    """Return what has become of the locked revisions in one history, given its files' bytes by path.

    `path` is the lock file's own: a revision without a file is reported there. `held` returns of a path from the project's root
    whether it is this history's. Raises UsageError as `loads` does.
    """
    found: dict[str | None, list[tuple[str, MigrationHeader]]] = {}
    for file, source in sources.items():
        header = read_header(source)
        if header:
            found.setdefault(header.revision, []).append((file, header))
    broken: list[LockViolation] = []
    for entry in loads(lock):
        files = found.get(entry.revision, [])
        if files:
            if not any(_content(sources[file]) == entry.content for file, _ in files):
                file, header = files[0]
                broken.append(
                    LockViolation(file, SourceSpan(header.line, 1, header.line, 1), entry.revision, _change(entry, header))
                )
        elif held(entry.path):
            gone = f"no file declares it any more, {entry.path} did"
            broken.append(LockViolation(path, SourceSpan(entry.line, 1, entry.line, 1), entry.revision, gone))
    return tuple(broken)


def breaks_lock(lock: bytes | None, path: str, file: str, before: bytes, after: bytes) -> bool:
    """Return whether new bytes of a file break a lock that its old bytes kept; `path` is the lock file's own."""
    if lock is None:
        return False
    was, now = (breaches(lock, path, {file: source}, lambda _: False) for source in (before, after))
    return len(now) > len(was)


def _change(entry: LockEntry, header: MigrationHeader) -> str:
    if set(entry.parents) == set(header.down_revision):
        return "its file was edited"
    was, now = (" and ".join(parents) or "nothing" for parents in (entry.parents, header.down_revision))
    return f"it follows {now} now, where it followed {was}"


def _content(source: bytes) -> str:
    """Name a content; git may have changed the ends of its lines."""
    return digest(source.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))


def _entry(plain: Mapping[str, Any], lines: Mapping[str, int]) -> LockEntry:
    revision, parents, path, content = (plain[name] for name in ("revision", "parents", "path", "content"))
    if not all(isinstance(text, str) for text in (revision, path, content, *parents)):
        raise TypeError("a value of another type")
    return LockEntry(revision, tuple(parents), path, content, lines.get(json.dumps(plain), 1))
