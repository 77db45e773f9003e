"""Where a file name leads that SQLite is given: by `connect`, by ATTACH or by VACUUM INTO.

Source: https://sqlite.org/uri.html. What is not certain to stay inside counts as outside.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

MEMORY = frozenset({"", ":memory:"})  # the first is a temporary file of SQLite's own, deleted as soon as it is open
MEMORY_URI = re.compile(r"file:(?::memory:(?:\?cache=(?:shared|private))?|[^?#%]*\?(?:cache=\w+&)?mode=memory(?:&cache=\w+)?)")
READING_URI = re.compile(r"file:[^?#%]+\?(?:mode=ro&immutable=1|immutable=1&mode=ro)")

with closing(sqlite3.connect(":memory:")) as _connection:
    ALWAYS_URI = bool(_connection.execute("SELECT sqlite_compileoption_used('USE_URI')").fetchone()[0])


def is_memory(name: str, *, uri: bool) -> bool:
    """Whether nothing is opened that could be seen on a disk. uri: whether the connection takes names for URIs."""
    return name in MEMORY or (takes_uri(uri=uri) and MEMORY_URI.fullmatch(name) is not None)


def is_for_reading(name: str, *, uri: bool) -> bool:
    """Whether a file is opened so that neither it nor a side file can be written: `mode=ro` alone may make a -shm file."""
    return takes_uri(uri=uri) and READING_URI.fullmatch(name) is not None


def is_inside(name: str, folder: Path, *, uri: bool) -> bool:
    """Whether this is a file of that folder, whatever symbolic links the name goes through."""
    if name.startswith("file:") and takes_uri(uri=uri):
        name = re.split(r"[?#]", name.removeprefix("file:"), maxsplit=1)[0]
        if name.startswith("//"):
            host, slash, name = name[2:].partition("/")
            if host not in {"", "localhost"}:
                return False
            name = slash + name
        name = unquote(name, errors="surrogateescape")
    # SQLite, in C, would take the name up to the null byte
    if not name or "\0" in name:
        return False
    head, tail = os.path.split(name)
    if head == str(folder) and tail not in {"", ".", ".."} and not Path(name).is_symlink():
        return True  # the usual case; to follow every link costs more
    return Path(os.path.realpath(name)).parent == Path(os.path.realpath(folder))


def takes_uri(*, uri: bool) -> bool:
    """Whether a connection takes file names for URIs: where it was asked to, or where this SQLite was built to do so always."""
    return uri or ALWAYS_URI
