"""The values that `sa.text()` gets for its binds, by `bindparams()`, by the call that executes it, or in a definition."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mrt_lint.model.lean import replace
from mrt_lint.model.values import UNKNOWN, BoundText, BoundValues, Name
from mrt_lint.parse.python.convert import to_name
from mrt_lint.parse.python.library.elements import SqlExpression
from mrt_lint.parse.python.objects import CallArguments, PossibleItem, Value

DEFAULTS: Final = ("server_default", "existing_server_default")
STATEMENT_NAMES: Final = ("statement", "sql", "object", "clause", "sqltext", "query", "operation")
_VALUES: Final = ("parameters", "params", "multiparams")
_OPTIONS: Final = frozenset({*STATEMENT_NAMES, "execution_options", "bind_arguments", "bind", "mapper"})


def bind_values(text: SqlExpression, name: str, arguments: CallArguments) -> SqlExpression:
    """Return a text after `.bindparams(…)`, `.params(…)` or `.unique_params(…)`."""
    if text.bound is None:
        return text
    # what sa.bindparam() brings is not read, nor a dictionary of names
    more = () if arguments.complete and not arguments.positional else (UNKNOWN,)
    given = tuple(arguments.keyword)
    named = given if name == "bindparams" else ()
    bound = BoundValues(given=(*text.bound.given, *given, *more), named=(*text.bound.named, *named))
    return replace(text, bound=bound)


def executed_with(arguments: CallArguments) -> tuple[Name, ...]:
    """Return the names of the binds that a call of `execute()` brings values for; UNKNOWN among them where there may be others."""
    found: list[Name] = [] if arguments.complete else [UNKNOWN]
    by_statement = any(name in arguments.keyword for name in STATEMENT_NAMES)
    containers = arguments.positional[0 if by_statement else 1 :]
    containers += [arguments.keyword[name] for name in _VALUES if name in arguments.keyword]
    for container in containers:
        found += _names(container)
    # SQLAlchemy 1.x takes values by keyword
    found += (name for name in arguments.keyword if name not in _OPTIONS and name not in _VALUES)
    return tuple(found)


def bound_texts(*given: tuple[str, Value]) -> tuple[BoundText, ...]:
    """Return what is a `text()` of the SQL that a definition is given, each by its argument, if there is a colon in it.

    A string is one, too, but for a `server_default`, which SQLAlchemy quotes.
    """
    found = []
    for argument, value in given:
        sql = SqlExpression(value, bound=BoundValues()) if isinstance(value, str) and argument not in DEFAULTS else value
        if isinstance(sql, SqlExpression) and sql.bound is not None and isinstance(sql.text, str) and ":" in sql.text:
            found.append(BoundText(argument=argument, text=sql.text, bound=sql.bound))
    return tuple(found)


def _names(container: Value) -> Iterable[Name]:
    """Return the names that one dictionary has, or every one of a list of them."""
    if container is None:
        return ()
    if isinstance(container, PossibleItem):
        container = container.value
    # one that begins empty is filled where that is not read
    if isinstance(container, dict) and container:
        return map(to_name, container)
    if not isinstance(container, (list, tuple)) or not container:
        return (UNKNOWN,)
    rows = [tuple(_names(row)) for row in container]
    if any(UNKNOWN in row for row in rows):
        return (UNKNOWN,)
    return (name for name in rows[0] if all(name in row for row in rows))
