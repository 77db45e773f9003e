"""What a run notes about its own work in a database that others may use too, so that it can prove later what is its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine


class Journal(Protocol):
    """Notes what the connections of this run do in a scratch database."""

    def admit(self, dbapi_connection: Any) -> None:
        """Note that this connection is the run's own."""

    def before_commit(self, connection: Connection) -> None:
        """Note what is about to be committed."""

    def execute(self, connection: Connection, statement: str, run: Callable[[], None]) -> bool:
        """Execute a statement with `run`, noting what it commits by itself; False, and nothing done, where that is not needed."""

    def require_alone(self, connection: Connection) -> None:
        """Raise ConfigurationError where something is there that this run cannot prove to be its own."""


class NoJournal:
    """Notes nothing: no other than this run works in its scratch database."""

    def admit(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def before_commit(self, connection: Connection) -> None:
        """Do nothing."""

    def execute(self, connection: Connection, statement: str, run: Callable[[], None]) -> bool:  # noqa: ARG002  as the protocol says
        """Leave the statement to the caller."""
        return False

    def require_alone(self, connection: Connection) -> None:
        """Do nothing."""


NO_JOURNAL = NoJournal()


def listen(target: Engine | type[Engine], find: Callable[[Connection], AbstractContextManager[Journal]]) -> None:
    """Report to a journal what the connections of an engine, or of all engines, execute and commit.

    find: returns the journal of a connection, to be used within its block.
    """

    def before_commit(connection: Connection) -> None:
        with find(connection) as journal:
            journal.before_commit(connection)

    def noted(connection: Connection, statement: str, run: Callable[[], None]) -> bool:
        with find(connection) as journal:
            return journal.execute(connection, statement, run)

    def execute(cursor: Any, statement: str, *rest: Any) -> bool:
        *parameters, context = rest
        # do_execute_no_params hands over (cursor, statement, context), with no parameters between
        run = context.dialect.do_execute if parameters else context.dialect.do_execute_no_params
        return noted(context.root_connection, statement, lambda: run(cursor, statement, *parameters, context))

    def execute_many(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        run = context.dialect.do_executemany
        return noted(context.root_connection, statement, lambda: run(cursor, statement, parameters, context))

    event.listen(target, "commit", before_commit)
    event.listen(target, "do_execute", execute)
    event.listen(target, "do_execute_no_params", execute)
    event.listen(target, "do_executemany", execute_many)
