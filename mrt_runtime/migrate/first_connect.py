"""What SQLAlchemy asks a server on the first connection of each engine, asked once for a scratch database.

env.py makes an engine for every run, so the same four or five questions would be asked three times for each revision. PostgreSQL's
dialect takes over what it found; MySQL's and MariaDB's, which make objects of the answers, ask and are given the same answers. What
psycopg's dialect asks besides, whether there is an hstore, is asked each time: a migration may make it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Connection

from mrt_runtime.databases import Scratch

PLAIN = (str, int, bool, tuple, type(None))
"""Types of values that mean the same in every object: they refer to none."""
SETTING = re.compile(
    r"\b(?:ALTER\s+(?:ROLE|USER|DATABASE|SYSTEM)|CREATE\s+SCHEMA|DROP\s+SCHEMA|RENAME|set_config|GLOBAL|PERSIST\w*)\b",
    re.IGNORECASE,
)
"""What is in a statement after which new connections may get other answers: settings, and which schema is the first there is."""
CONNECTS_WITH = "_mrt_connects_with"
"""Name under which a dialect object keeps what distinguishes its connections."""
Answer = tuple[Any, tuple[Any, ...]]
"""A cursor's description, and its rows."""


class FirstConnects:
    """The attributes that dialect objects have after their first connection to a scratch database."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._known: dict[object, dict[str, Any]] = {}
        self._answers: dict[object, dict[str, Answer]] = {}

    def read(self, statement: str) -> None:
        """Forget the answers where a statement may change them."""
        if (self._known or self._answers) and SETTING.search(statement):
            self._known.clear()
            self._answers.clear()

    def initialize(self, dialect: Any, ask: Callable[[], None]) -> None:
        """Set the dialect's attributes as `ask` sets them, which is called where that is not known yet."""
        connects_with = vars(dialect).get(CONNECTS_WITH)
        key = self._key(dialect)
        if key in self._known:
            vars(dialect).update(self._known[key])
            return
        before = dict(vars(dialect))
        ask()
        changed = {name: value for name, value in vars(dialect).items() if name not in before or before[name] is not value}
        answers = {name: value for name, value in changed.items() if isinstance(value, PLAIN)}
        # What is left has to be what the class computes by itself when it is needed.
        if connects_with is not None and all(hasattr(type(dialect), name) for name in changed.keys() - answers.keys()):
            self._known[key] = answers

    def answer(self, dialect: Any, connection: Any, ask: Callable[[], None]) -> None:
        """Have `ask` ask this connection only what was not asked before."""
        place: Any = getattr(connection, "_dbapi_connection", None)
        raw = getattr(place, "dbapi_connection", None)
        if raw is None or vars(dialect).get(CONNECTS_WITH) is None:
            ask()
            return
        place.dbapi_connection = AskedConnection(raw, self._answers.setdefault(self._key(dialect), {}))
        try:
            ask()
        finally:
            place.dbapi_connection = raw

    def _key(self, dialect: Any) -> tuple[int, object]:
        return self._scratch.generation, vars(dialect).get(CONNECTS_WITH)


class AskedConnection:
    """A driver's connection whose cursors are not asked again what they were asked before."""

    def __init__(self, connection: Any, answers: dict[str, Answer]) -> None:
        self._connection = connection
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def cursor(self, *values: Any, **named: Any) -> AskedCursor:
        """Return a cursor."""
        return AskedCursor(lambda: self._connection.cursor(*values, **named), self._answers)


class AskedCursor:
    """A cursor for questions that each have one small answer."""

    rowcount = lastrowid = -1
    arraysize = 1

    def __init__(self, open_one: Callable[[], Any], answers: dict[str, Answer]) -> None:
        self._open = open_one
        self._answers = answers
        self._rows: list[Any] = []
        self.description: Any = None

    def execute(self, question: str, parameters: Any = ()) -> None:
        """Ask, where it was not asked before."""
        asked = f"{question} {parameters!r}"
        if asked not in self._answers:
            cursor = self._open()
            try:
                cursor.execute(question, *([parameters] if parameters else []))
                self._answers[asked] = cursor.description, tuple(cursor.fetchall() if cursor.description else ())
            finally:
                cursor.close()
        self.description, rows = self._answers[asked]
        self._rows = list(rows)

    def fetchone(self) -> Any:
        """Return the next row; None where there is none."""
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    def fetchmany(self, size: int = 1) -> list[Any]:
        """Return some of the rows that are left."""
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def close(self) -> None:
        """Do nothing: the cursor that asked is closed."""


def note_arguments(dialect: Any, arguments: Iterable[Any], settings: Mapping[str, Any]) -> None:
    """Note with what an engine connects: engines whose arguments differ may get other answers."""
    named = sorted(settings.items())
    passed = [
        value if isinstance(value, PLAIN) else type(value) for value in (*arguments, *(item for pair in named for item in pair))
    ]
    vars(dialect)[CONNECTS_WITH] = (type(dialect), *passed)


def install(find_answers: Callable[[], Iterable[FirstConnects]]) -> None:
    """Take the answers from there, where there are any, from now on."""
    initialize: Callable[[PGDialect, Connection], None] = PGDialect.initialize

    def initialize_once(self: PGDialect, connection: Connection) -> None:
        for answers in find_answers():
            answers.initialize(self, lambda: initialize(self, connection))
            return
        initialize(self, connection)

    PGDialect.initialize = initialize_once  # type: ignore[method-assign]  # there is no event for it
    initialize_mysql: Callable[[MySQLDialect, Connection], None] = MySQLDialect.initialize

    def initialize_answered(self: MySQLDialect, connection: Connection) -> None:
        for answers in find_answers():
            answers.answer(self, connection, lambda: initialize_mysql(self, connection))
            return
        initialize_mysql(self, connection)

    MySQLDialect.initialize = initialize_answered  # type: ignore[method-assign]  # as above
