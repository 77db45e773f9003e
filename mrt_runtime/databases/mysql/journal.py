"""Which objects of a lent MySQL or MariaDB database are this run's own, and in which state it left them.

These servers commit each definition by itself, and neither objects nor rows show who wrote them. So a run notes what there is
before and after each of its statements: new or other is its own if the statement names it; the rows are its own where nothing
had changed since its last statement. The notes are in the comment of the run's mark, an empty procedure, written before a
transaction commits and after a definition was changed. What a killed run left is dropped only where it is exactly as noted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from mrt_lint.parse.sql.tokens import statements
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.mysql.holdings import Holding, read_holdings, read_rows, shorten
from mrt_runtime.databases.mysql.quoting import literal, quote
from mrt_runtime.databases.mysql.server import MySQLServer
from mrt_runtime.databases.sentences import name_some

HARMLESS = {"SELECT", "SHOW", "SET", "USE", "EXPLAIN", "DESCRIBE", "DESC", "SAVEPOINT", "RELEASE", "ROLLBACK", "DO", "VALUES"}
WRITING = {"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "LOAD"}
ENDING = {"COMMIT", "BEGIN", "START"}
"""Words of statements that commit what was written before."""
PREPARING, CALLING = {"SET", "PREPARE"}, {"EXECUTE", "CALL"}
"""Words of statements that say what others, of the second kind, are to do."""
LONGEST = 65000
"""Bytes of notes that a comment has room for, nearly. Source: MySQL's manual, the type TEXT."""
LOST = {(number,) for number in (0, 2006, 2013, 2055, 4031)}
"""Error numbers of a connection that is gone. Source: MySQL's client error reference."""
PROMPTLY = 2
"""Seconds in which a definition is made, of those that the statement under way names when a run is killed."""
MARKED = "SELECT ROUTINE_COMMENT FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name} AND ROUTINE_NAME = {mark}"


class MySQLJournal:
    """The notes of one run: the states of each object in which the run itself left it."""

    def __init__(self, server: MySQLServer, token: str, database: str) -> None:
        self.mark = f"lent_mrt_{token}"
        self.database = database
        self.is_marked = False
        self.sessions: set[int] = set()
        self.is_reported = False
        self._server = server
        self._own: dict[tuple[str, str], set[str]] = {}
        self._digests: set[str] = set()
        """What a killed run noted of all objects."""
        self._under_way: set[str] = set()
        self._since = 0
        self._unsettled: tuple[dict[tuple[str, str], Holding], set[str]] | None = None
        """What there was before a statement, and what it names, while it is not known what it has made."""
        self._prepared: set[str] = set()
        """Names in statements that are executed later, from a variable or by the name under which they were prepared."""

    def begin(self) -> None:
        """Leave a mark, where the account may; the database is empty."""
        with contextlib.suppress(exc.DBAPIError):
            self._server.run(f"CREATE PROCEDURE {quote(self.database)}.{quote(self.mark)}() DO 0")
            self.is_marked = True

    def read(self) -> None:
        """Read what a killed run noted; another version of this program noted nothing."""
        self.is_marked = True
        found = self._server.run(MARKED.format(name=literal(self.database), mark=literal(self.mark)))
        words = str(found[0][0]).split() if found else []
        if words[:1] == ["mrt1"] and words[-1:] == ["."]:
            self._since = int(words[1])
            self._under_way = {word[1:] for word in words[2:] if word.startswith("?")}
            self._digests = {word for word in words[2:-1] if not word.startswith("?")}

    def look(self) -> list[Holding]:
        """Read all that the database holds now."""
        with self._server.engine_for(self.database).connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute("SET SESSION lock_wait_timeout = 10, time_zone = '+00:00', sql_mode = ''")
            return read_holdings(cursor, self.database, self.mark)

    def proves(self, holding: Holding) -> bool:
        """Whether an object is exactly as this run left it."""
        if holding.digest in self._own.get(holding.key, ()) or holding.digest in self._digests:
            return True
        # the run was killed between the statement and its note: what it names, made at that moment and still empty, is its own
        prompt = 0 <= holding.made - self._since <= PROMPTLY
        return prompt and not holding.count and shorten(holding.name) in self._under_way

    def admit(self, dbapi_connection: Any) -> None:
        cursor = dbapi_connection.cursor()
        cursor.execute("SELECT CONNECTION_ID()")
        self.sessions.add(int(cursor.fetchall()[0][0]))
        cursor.close()

    def before_commit(self, connection: Connection) -> None:
        """Note the rows that this transaction wrote; not where others wrote any since, for they would be among them."""
        cursor = connection.connection.cursor()
        try:
            known = [holding for holding in self.look() if self.proves(holding)]
            tables = {holding.name: holding for holding in known if holding.kind == "TABLE"}
            try:
                rows = read_rows(cursor, self.database, tables)
            except Exception:  # noqa: BLE001  another has just changed a table that this transaction sees as it was
                return
            outside = {holding.key: holding.digest for holding in self.look()}
        finally:
            cursor.close()
        changed = False
        for name, (count, checksum) in rows.items():
            holding = tables[name]
            if outside.get(holding.key) == holding.digest:
                self._own[holding.key] = {holding.digest}
                new = replace(holding, count=count, checksum=checksum)
                changed = changed or new.digest != holding.digest
                self._own[holding.key].add(new.digest)
        if changed:
            self._write()

    def execute(self, connection: Connection, statement: str, run: Callable[[], None]) -> bool:
        words = [part.tokens[0].key for part in statements(statement, "mysql") if part.tokens]
        if PREPARING.intersection(words):
            self._prepared |= find_names(statement)
        if not words or all(word in HARMLESS for word in words):
            return False
        if all(word in WRITING for word in words) and not commits_itself(connection):
            return False
        self.settle()
        self.before_commit(connection)  # definitions commit what was written before them
        if all(word in ENDING for word in words):
            return False
        before = {holding.key: holding for holding in self.look()}
        named = find_names(statement)
        if CALLING.intersection(words):
            programs = (holding.definition for holding in before.values() if self.proves(holding))
            named = named.union(self._prepared, *map(find_names, programs))
        self._since = int(self._server.run("SELECT UNIX_TIMESTAMP()")[0][0])
        self._write(named)
        self._unsettled = before, named
        try:
            run()
        except Exception as error:
            if error.args[:1] not in LOST:  # otherwise the server may go on
                self.settle()
            raise
        self.settle()
        return True

    def settle(self) -> None:
        """Note what the last statement has made, where an interruption kept that from being seen; its session has ended."""
        if self._unsettled is not None:
            self._take_over(*self._unsettled)
            self._unsettled = None

    def require_alone(self, connection: Connection) -> None:  # noqa: ARG002  another one sees what is committed
        self.settle()
        strangers = [str(holding) for holding in self.look() if not self.proves(holding)]
        if strangers:
            self.is_reported = True
            raise ConfigurationError(
                f"{self.database} is used by others while migrations run in it: {name_some(strangers)} cannot be proved to be as "
                "this run left it, so the run was stopped. Let db_url name a database that no other uses, or grant the account "
                "the right to create scratch databases."
            )

    def _take_over(self, before: dict[tuple[str, str], Holding], named: set[str]) -> None:
        """Note as the run's own what a statement that names it has made, or changed if it was the run's own before."""
        for holding in self.look():
            former = before.get(holding.key)
            is_own = former is None or self.proves(former)
            if is_own and (former == holding or holding.name.lower() in named):
                self._own[holding.key] = {holding.digest}
        self._write()

    def _write(self, under_way: Iterable[str] = ()) -> None:
        """Write the notes down; those that a comment has no room for prove nothing after a kill."""
        if not self.is_marked:
            return
        digests = sorted(digest for states in self._own.values() for digest in states)
        names = sorted(f"?{shorten(name)}" for name in under_way)
        text = " ".join(["mrt1", str(self._since), *names, *digests, "."])
        if len(text) > LONGEST:
            text = ""
        try:
            self._server.run(f"ALTER PROCEDURE {quote(self.database)}.{quote(self.mark)} COMMENT {literal(text)}")
        except exc.DBAPIError as error:
            raise ConfigurationError(
                f"The mark of this run, the procedure {self.mark} in {self.database}, cannot be written to any more, so nothing "
                f"could be proved to be the run's own after this: {error.orig}"
            ) from None


def find_names(statement: str) -> set[str]:
    """Collect every word of a statement, in lower case, also from strings: one of them may be executed."""
    found: set[str] = set()
    for part in statements(statement, "mysql"):
        for token in part.tokens:
            found.add(token.text.lower())
            if token.kind == "string":
                found |= find_names(token.text)
    return found


def commits_itself(connection: Connection) -> bool:
    """Whether each statement is committed at once."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute("SELECT @@autocommit")
        return bool(cursor.fetchall()[0][0])
    finally:
        cursor.close()
