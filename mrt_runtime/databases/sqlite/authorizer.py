"""SQLite's own refusal: the engine asks before it compiles a statement, whatever its spelling and wherever it comes from.

Source: https://sqlite.org/c3ref/set_authorizer.html and https://sqlite.org/c3ref/c_alter_table.html, which lists what is asked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeAlias

Callback: TypeAlias = Callable[[int, str | None, str | None, str | None, str | None], int]

ASKED = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_CREATE_VTABLE})
FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer", "writefile", "readfile", "edit"})
"""Those of SQLite and of the extensions in its source tree that reach the disk, or run code from it."""
PRAGMAS = frozenset({"temp_store_directory", "data_store_directory", "cipher_log", "cipher_profile", "cipher_trace"})
"""Those that hold for the whole process, and SQLCipher's that write to a file. `writable_schema` spoils only its own database."""
MODULES = frozenset({"zipfile"})
"""Virtual tables of those extensions that write files."""


class Authorizer:
    """What SQLite calls for each thing that a statement is going to do.

    find_outside: Return the reason to refuse a file; empty for one that may be attached.
    report: called with the reason why something was refused; the engine's own error says only "not authorized".
    """

    __slots__ = ("_find_outside", "_report", "further", "last_pragma")

    def __init__(self, find_outside: Callable[[str], str], report: Callable[[str], None]) -> None:
        self._find_outside = find_outside
        self._report = report
        self.further: Callback | None = None
        self.last_pragma: str | None = None

    def __call__(self, action: int, first: str | None, second: str | None, schema: str | None, origin: str | None) -> int:
        if action in ASKED:
            reason = self.find_reason(action, first, second)
            if reason:
                self._report(reason)
                return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK if self.further is None else self.further(action, first, second, schema, origin)

    def find_reason(self, action: int, first: str | None, second: str | None) -> str:
        """Return why an action is refused; empty for one that stays inside of the scratch database."""
        if action == sqlite3.SQLITE_FUNCTION:
            name = str(second).lower()
            return explain_function(name) if name in FUNCTIONS else ""
        name = str(first).lower()
        if action == sqlite3.SQLITE_PRAGMA:
            self.last_pragma = name
            return explain_pragma(name) if name in PRAGMAS and second is not None else ""
        if action == sqlite3.SQLITE_CREATE_VTABLE:
            return explain_module(str(second)) if str(second).lower() in MODULES else ""
        return self._find_outside(first) if first is not None else explain_file("a file whose name SQL works out")


ALONE = "outside of the scratch database, which is all that a migration may write to, so SQLite was made to refuse"
INSTEAD_OF_A_FILE = (
    "Put ':memory:' in the place of the file, or, to read it only, let the migration open it by itself with "
    "sqlite3.connect('file:…?mode=ro&immutable=1', uri=True)"
)


def explain_file(name: str) -> str:
    """Report that a file is outside, and what to do instead."""
    return f"it opens {name} by ATTACH or VACUUM INTO, {ALONE}. {INSTEAD_OF_A_FILE}"


def explain_function(name: str) -> str:
    """Report that a function reaches outside, and what to do instead."""
    is_loading = name == "load_extension"
    instead = "Let env.py call Python's connection.load_extension()" if is_loading else "Work on files in Python, not in migrations"
    return f"it calls the SQL function {name}(), which reaches files {ALONE}. {instead}"


def explain_pragma(name: str) -> str:
    """Report that a setting holds outside, and what to do instead."""
    return f"it sets PRAGMA {name}, which holds {ALONE}. Set it where the application opens its own database"


def explain_module(name: str) -> str:
    """Report that a virtual table is a file outside, and what to do instead."""
    return f"it makes a virtual table of {name}, which writes files {ALONE}. Work on files in Python, not in migrations"
