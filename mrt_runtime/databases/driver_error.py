"""What a driver's error says, wherever the driver keeps it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import exc


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


def read_state(error: BaseException | None) -> tuple[str, int | None]:
    """Return the SQLSTATE of an error, empty where there is none, and its number."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    first = error.args[0] if error is not None and error.args else None
    if state is None and isinstance(first, dict):  # pg8000
        state = first.get("C")
    number = getattr(error, "errno", None) or first
    return str(state or ""), number if isinstance(number, int) else None


def read_words(error: BaseException) -> object:
    """Return what an error says, without its number."""
    if isinstance(error, OSError):
        return error.strerror
    return error.args[1] if len(error.args) > 1 and isinstance(error.args[0], int) else error
