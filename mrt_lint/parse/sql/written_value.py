"""Constants of SQL, and what CASE makes of a column by them."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.model.values import HOLE, UNKNOWN, ColumnTest, MaybeConstant, Name, WrittenValue
from mrt_lint.parse.sql.condition import tests_of_condition
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.literal import constant_text, is_null


def constant(side: TokenCursor) -> MaybeConstant:
    """Return what an expression is if it is one constant."""
    text = constant_text(side)
    return None if is_null(side) else UNKNOWN if text is None else text


def rows_of(source: TokenCursor, columns: int) -> tuple[tuple[MaybeConstant, ...], ...] | None:
    """Return the constants of VALUES, or of one SELECT, of so many columns; None where these are not read."""
    source = source.rest()
    if source.accept("VALUES", "VALUE"):
        rows = [tuple(map(constant, item.inside().items())) for item in source.until("ON", "RETURNING", "AS").items()]
    elif source.accept("SELECT") and not any(source.has(key) for key in ("UNION", "EXCEPT", "INTERSECT")):
        source.accept("DISTINCT", "ALL")
        rows = [tuple(constant(item.until("AS")) for item in source.until("FROM", "WHERE", "LIMIT").items())]
    else:
        return None
    return tuple(rows) if rows and all(len(row) == columns for row in rows) else None


def written(column: Name, value: TokenCursor, alias: str) -> tuple[WrittenValue, ...]:
    """Return the constants that a column gets, by CASE, too; nothing where it may get anything else but what it holds."""
    known = constant(value)
    if known is not UNKNOWN:
        return (WrittenValue(column=column, value=known),)
    if value.key != "CASE" or value.closing() != value.stop - 1:
        return ()
    inside = TokenCursor(value.statement, value.dialect, value.position + 1, value.closing())
    found = list(_branches(column, inside, alias))
    return tuple(write for write in found if write is not None) if None not in found else ()


def _branches(column: Name, inside: TokenCursor, alias: str) -> Iterator[WrittenValue | None]:
    """Yield what CASE gives in each branch, None for what is not read."""
    operand = inside.until("WHEN")
    tested = None if operand.done else operand.path()[1]
    met: list[tuple[ColumnTest, ...]] = []
    while inside.accept("WHEN"):
        condition = inside.until("THEN")
        inside.take()
        result = inside.until("WHEN", "ELSE")
        if tested is None:
            tests = tests_of_condition(condition, alias)
        else:
            text = constant_text(condition)
            tests = (ColumnTest(column=tested, asks="in", values=(text,)) if text is not None and operand.done else ColumnTest(),)
        yield from _branch(
            column, result, (*(_denied(before) for before in met if len(before) != 1 or before[0].asks != "in"), *tests)
        )
        met.append(tests)
    others = tuple(map(_denied, met))
    if not inside.accept("ELSE"):
        yield WrittenValue(column=column, value=None, tests=others)
        return
    yield from _branch(column, inside.rest(), others)


def _branch(column: Name, result: TokenCursor, tests: tuple[ColumnTest, ...]) -> Iterator[WrittenValue | None]:
    known = constant(result)
    if known is not UNKNOWN:
        yield WrittenValue(column=column, value=known, tests=tests)
    elif HOLE in str(result.text()) or result.rest().path()[1] != column or len(result.parts()) > 2:  # noqa: PLR2004 - table.column
        yield None


def _denied(tests: tuple[ColumnTest, ...]) -> ColumnTest:
    return tests[0].denied if len(tests) == 1 else ColumnTest()
