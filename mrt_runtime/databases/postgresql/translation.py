"""Statements about roles, databases and what only a superuser may do, as they run on a scratch database.

What belongs to the whole server is done to something that this run made for the purpose, or left out and reported. Where a
statement is not recognised, the server refuses it: this is for migrations that are to work, not for those that must not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from mrt_runtime.databases.edit import Edit, apply_edits
from mrt_runtime.databases.isolation import Translation
from mrt_runtime.databases.postgresql.command import NOTHING, Command, read_commands
from mrt_runtime.databases.postgresql.outside import find_outside
from mrt_runtime.databases.postgresql.privileged import answer
from mrt_runtime.databases.postgresql.quoting import quote
from mrt_runtime.databases.postgresql.role import ScratchRole
from mrt_runtime.databases.postgresql.roles import leave_settings, translate_roles

CONCERNED = re.compile(
    r"(?i)\b(role|user|group|owner|owned|authorization|database|grant|revoke|policy|extension|event|publication|trigger|"
    r"session_replication_role|tablespace|system|copy|subscription|dblink\w*|lo_export|pg_\w+)\b"
)
"""Words without which no statement is translated; most statements of most histories have none of them."""
MOST_KEPT = 200
"""Statements whose translation is remembered."""


class Translator:
    """Translates for one scratch database.

    role: None where migrations run as the given role; then only the names of databases are translated.
    """

    def __init__(self, database: str, role: ScratchRole | None) -> None:
        self._database = database
        self._role = role
        self.translate = functools.lru_cache(MOST_KEPT)(self._translate)
        """As `_translate`; what SQLAlchemy and Alembic execute comes again at every step."""

    def _translate(self, statement: str) -> tuple[Translation, frozenset[str]]:
        """Return what is to run in place of a statement, or what the statement would change outside.

        Beside it, roles of the server in whose place a stand-in has to exist before that runs.
        """
        if not CONCERNED.search(statement):
            return Translation(statement=statement), frozenset()
        edits: list[Edit] = []
        for command in read_commands(statement):
            # What a body holds may never run: where it does, the server refuses it to the scratch role.
            outside = "" if command.is_inner and self._role is not None else find_outside(command, self._database)
            if outside:
                return Translation(statement=statement, outside=outside), frozenset()
            edits += (edit.doubled() if command.is_quoted else edit for edit in self._read(command))
        notes = tuple(dict.fromkeys(edit.note for edit in edits if edit.note))
        taken = frozenset(name for edit in edits for name in edit.taken)
        return Translation(statement=apply_edits(edits, statement), notes=notes), taken

    def _read(self, command: Command) -> Iterator[Edit]:
        yield from self._rename_database(command)
        if self._role is None:
            yield from leave_settings(command)
            return
        answered = answer(command, self._role) if self._role.is_answered else None
        yield from translate_roles(command, self._role) if answered is None else (answered,)

    def _rename_database(self, command: Command) -> Iterator[Edit]:
        """Apply to the scratch database what is said about a database: a migration means the one that it runs in."""
        cursor = command.cursor()
        verb = cursor.accept("GRANT", "REVOKE", "ALTER DATABASE", "COMMENT ON DATABASE", "SECURITY LABEL")
        if verb in {"GRANT", "REVOKE"}:
            if cursor.until("ON").done and cursor.done:
                return
            cursor.accept("ON")
            if not cursor.accept("DATABASE"):
                return
        elif not verb or verb == "SECURITY LABEL":
            return
        while True:
            token = cursor.token
            name = cursor.name()
            if verb == "ALTER DATABASE" and (cursor.at("SET TABLESPACE") or cursor.key not in {"SET", "RESET"}):
                yield Edit(*command.whole, NOTHING, f"{verb} {name} … was not run: the run needs its scratch database as it is")
                return
            if name != self._database and isinstance(name, str):
                what = verb if "DATABASE" in verb else f"{verb} … ON DATABASE"
                note = f"{what} {name} was run on the scratch database, not on {name!r}"
                yield Edit(*command.span(token, token), quote(self._database), note)
            if not cursor.accept(","):
                return
