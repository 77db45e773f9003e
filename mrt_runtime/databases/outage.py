"""The one place that says: this error says nothing about the migration. The server was lost, or the machine is full.

A connection that is cut may be the migration's own doing (`pg_terminate_backend(pg_backend_pid())`, a packet that is too large) or
the server's (a restart, an administrator, a proxy). They differ in the connection that holds the run's lock, on which no
migration works: where that is gone as well, the server is to blame. Otherwise it is an order to end the session that did
not come from the migration.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import event, exc
from sqlalchemy.engine import Engine, ExceptionContext

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.driver_error import ErrorKind, list_causes, read_words
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.databases.shortage import explain_shortage, find_shortage
from mrt_runtime.secret import scrub

LOST = ErrorKind(
    r"57P0[1-5]|08[0-9A-Z]{3}",
    frozenset({1053, 1080, 1184, 1927, 2002, 2003, 2006, 2013, 2055}),
    r"(?i)server closed the connection|terminating connection|connection (already|is|was|has been) closed|connection refused|"
    r"connection reset|connect call failed|could not connect|can't connect|lost connection|gone away|"
    r"network error|(starting up|shutting down)|in recovery mode|unexpected connection_lost|connection was killed|broken pipe",
)
"""Sessions that end, a server that starts or stops, connection exceptions.

Source: PostgreSQL's manual, appendix A, and the error references of MySQL's and MariaDB's servers and clients.
"""
ORDERED = ErrorKind(
    r"57P0[12]",
    frozenset({1053, 1927, 2006, 2013}),
    r"(?i)due to administrator command|server closed the connection unexpectedly|connection was killed|"
    r"connection was closed in the middle",
)
"""The error of a session that was ended from outside, or that it is closed, where the reason was lost on the way.

In MySQL's client that looks like a packet that was too large.
"""
ENDS_SESSIONS = re.compile(r"(?i)pg_terminate_backend|\bkill\b|wait_timeout|session_timeout")
PACKET = 500_000
"""Characters of a statement that may be more than a MySQL server takes; its smallest default is 1 MB."""
FULL = ErrorKind(
    "53300",
    frozenset({1040, 1203, 1226}),
    r"(?i)too many (clients|connections)|connection slots are reserved|max_user_connections",
)
"""A server that takes no more connections."""


class LostServerError(ConfigurationError):
    """The server is gone, or takes no more connections: the run ends, and nothing is known of what was not verified yet."""


def explain(error: BaseException, is_lost: Callable[[], bool] = bool, revision: str | None = None) -> ConfigurationError | None:
    """Return the error to raise where this one says nothing about the migration, else None.

    is_lost: answers whether the connection that holds the run's lock is gone. revision: at which the run was, where it was at one.
    """
    for cause in list_causes(error):
        if FULL.matches(cause):
            return LostServerError(
                f"The database server takes no more connections: {describe(cause)} {spare(revision)} End other sessions there or "
                "raise max_connections, and run again."
            )
    shortage = find_shortage(error)
    if shortage is not None:
        return explain_shortage(shortage)
    lost = next((cause for cause in list_causes(error) if LOST.matches(cause)), None)
    if lost is not None and (is_lost() or was_ordered(error, lost)):
        return explain_loss(lost, revision)
    return None


def refuse_outage(engine: Engine, is_lost: Callable[[], bool]) -> None:
    """Make an engine of ours raise ConfigurationError for an outage, so that it is not taken for a refused row."""

    def on_error(context: ExceptionContext) -> None:
        explained = explain(context.sqlalchemy_exception or context.original_exception, is_lost)
        if explained is not None:
            raise explained

    event.listen(engine, "handle_error", on_error)


def explain_loss(error: object, revision: str | None = None) -> LostServerError:
    """Report that the server was lost."""
    return LostServerError(
        f"The connection to the database server was lost: {describe(error)} {spare(revision)} Run again when the server is back; "
        "what was left there is dropped then."
    )


def was_ordered(error: BaseException, lost: BaseException) -> bool:
    """Whether the session was ended from outside: not by the statement, nor for its size."""
    statement = next((str(cause.statement) for cause in list_causes(error) if isinstance(cause, exc.DBAPIError)), "")
    # then the statement is the likelier cause, and what the migration does is a verdict
    if ENDS_SESSIONS.search(statement) or len(statement) > PACKET:
        return False
    return ORDERED.matches(lost)


def explain_failure(error: Exception, is_lost: Callable[[], bool], revision: str | None) -> ConfigurationError | None:
    """Return the error to raise where a statement of our own failed; None where it is no database's error."""
    explained = explain(error, is_lost, revision)
    if explained is not None or isinstance(error, OSError):
        return explained
    cause = scrub(join(error.orig if isinstance(error, exc.DBAPIError) else error))
    place = f" while {revision} was verified" if revision else ""
    return ConfigurationError(f"The database failed{place}: {end(cause)}")


def spare(revision: str | None) -> str:
    """Report that no revision is to blame."""
    return f"Nothing is known about {revision}, which was being verified." if revision else "No revision is to blame."


def describe(error: object) -> str:
    """Describe it in the server's words, as one sentence."""
    words: Any = read_words(error) if isinstance(error, BaseException) else error
    return end(join(words) or type(error).__name__)
