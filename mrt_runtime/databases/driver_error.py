"""What a driver's error says, wherever the driver keeps it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import exc

DRIVERS = frozenset({"Error", "PostgresError"})
"""The base of a driver's errors, which PEP 249 calls Error, and of asyncpg's own."""
OF_PYTHON = sys.stdlib_module_names - {"sqlite3"}
"""Modules of which a few have an Error of their own: binascii, csv."""
ABORTED = "25P02"
"""The SQLSTATE in_failed_sql_transaction. Source: PostgreSQL's manual, appendix A."""


def list_causes(error: BaseException, *, with_context: bool = False) -> Iterator[BaseException]:
    """Return an error, and what it was raised from, as far as drivers and SQLAlchemy wrap it.

    with_context: also what was being handled when it was raised, which may be the error of another statement.
    """
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        cause = pending.pop()
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            pending += [cause.__cause__, cause.orig if isinstance(cause, exc.DBAPIError) else None]
            pending += [cause.__context__] if with_context else []


def is_of_driver(error: BaseException | None) -> bool:
    """Whether a driver raised it, and not Python, or the project's own code, whose numbers and words mean something else."""
    named = [cls for cls in type(error).__mro__ if cls.__name__ in DRIVERS]
    return any(cls.__module__.partition(".")[0] not in OF_PYTHON for cls in named)


def read_state(error: BaseException | None) -> tuple[str, int | None]:
    """Return the SQLSTATE of a driver's error, empty where there is none, and its number."""
    if error is None or not is_of_driver(error):
        return "", None
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    first = error.args[0] if error.args else None
    if state is None and isinstance(first, dict):  # pg8000
        state = first.get("C")
    number = getattr(error, "errno", None) or first
    return str(state or ""), number if isinstance(number, int) else None


def read_words(error: BaseException) -> object:
    """Return what an error says, without a driver's number, or the operating system's."""
    if isinstance(error, OSError):
        return error.strerror or error
    first, *rest = error.args or (None,)
    if isinstance(first, dict):  # pg8000
        return first.get("M") or error
    return rest[0] if rest and isinstance(first, int) and is_of_driver(error) else error


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """Errors that mean the same: by their SQLSTATE, by their number, or by their words where a driver has neither.

    states, words: regular expressions; an error of the operating system has words only.
    """

    states: str
    numbers: frozenset[int]
    words: str = "(?!)"

    def matches(self, error: BaseException) -> bool:
        """Whether an error is one of them."""
        if isinstance(error, OSError):
            return re.search(self.words, str(error)) is not None
        if not is_of_driver(error):
            return False
        state, number = read_state(error)
        if state or number is not None:
            return re.fullmatch(self.states, state) is not None or number in self.numbers
        return re.search(self.words, str(read_words(error))) is not None


def is_consequence(error: BaseException | None) -> bool:
    """Whether PostgreSQL only refuses what follows an error in its transaction."""
    return read_state(error)[0] == ABORTED
