"""The values that `sa.text()` gets for its binds, by `bindparams()`, by the call that executes it, or in a definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mrt_lint.model.lean import replace
from mrt_lint.model.quotes import in_quotes
from mrt_lint.model.values import HOLE, UNKNOWN, BoundText, BoundValues, Name
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
    values = BoundValues(given=(*given, *more), named=named, constants=_constants([arguments.keyword]))
    return replace(text, bound=joined(text.bound, values))


def joined(text: BoundValues, more: BoundValues) -> BoundValues:
    """Return what a text has for its binds with what is given later, which counts where both have a value."""
    constants = {**dict(text.constants), **dict(more.constants)}
    unread = set(more.given) - set(dict(more.constants))
    known = tuple((name, constant) for name, constant in constants.items() if name not in unread)
    return BoundValues(
        given=(*text.given, *more.given), named=(*text.named, *more.named), constants=known if UNKNOWN not in more.given else ()
    )


def _constants(rows: Sequence[Value]) -> tuple[tuple[str, str], ...]:
    """Return the binds to which each of several dictionaries gives the same constant, as SQL."""
    given = [row for row in rows if isinstance(row, dict)]
    found = [{name: text for name, value in row.items() if isinstance(name, str) and (text := _as_sql(value))} for row in given]
    same = dict(found[0]).items() if found and len(found) == len(rows) else ()
    return tuple((name, text) for name, text in same if all(row.get(name) == text for row in found))


def _as_sql(value: Value) -> str:
    if isinstance(value, str):
        return in_quotes(value, "'") if HOLE not in value and "\\" not in value else ""
    return str(value).lower() if isinstance(value, (bool, int, float)) else ""


def executed_with(arguments: CallArguments) -> BoundValues:
    """Return the binds that a call of `execute()` brings values for; UNKNOWN among them where there may be others."""
    found: list[Name] = [] if arguments.complete else [UNKNOWN]
    by_statement = any(name in arguments.keyword for name in STATEMENT_NAMES)
    containers = arguments.positional[0 if by_statement else 1 :]
    containers += [arguments.keyword[name] for name in _VALUES if name in arguments.keyword]
    rows: list[Value] = []
    for container in containers:
        found += _names(container)
        rows += container if isinstance(container, (list, tuple)) else [] if container is None else [container]
    # SQLAlchemy 1.x takes values by keyword
    found += (name for name in arguments.keyword if name not in _OPTIONS and name not in _VALUES)
    return BoundValues(given=tuple(found), constants=_constants(rows) if UNKNOWN not in found else ())


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
