"""SQLAlchemy's expressions over columns: what they read, and what they require as conditions."""

from __future__ import annotations

import dataclasses
from typing import TypeGuard

from mrt_lint.model.values import HOLE, UNKNOWN, Column, ColumnTest, MaybeConstant
from mrt_lint.parse.python.library.elements import SqlExpression
from mrt_lint.parse.python.objects import Value


def as_sql(value: SqlExpression | Column) -> SqlExpression:
    """Return a column of a table or model as an expression."""
    return value if isinstance(value, SqlExpression) else SqlExpression(value.name, (value.name,), (), value.name)


def merge_sql(*parts: Value) -> SqlExpression:
    """Return an expression over several: what it reads is known though its text is not."""
    found = [as_sql(part) for part in parts if isinstance(part, (SqlExpression, Column))]
    columns = tuple(dict.fromkeys(column for part in found for column in part.columns))
    tables = tuple(dict.fromkeys(table for part in found for table in part.tables))
    return SqlExpression(UNKNOWN, columns, tables, measures=any(map(_measures, found)))


def _measures(part: SqlExpression) -> bool:
    return part.measures or (isinstance(part.text, str) and "length" in part.text.lower())


def require(asks: str, tested: Value, value: Value) -> SqlExpression:
    """Return the condition that a column holds one of some constants ("in"), or none ("not in"), each of which may be NULL.

    "not null" is that of IS NOT, which no row with NULL fails but where that is asked for.
    """
    read = merge_sql(tested, value)
    if asks == "in" and is_column(tested) and is_column(value):
        own, other = as_sql(tested), as_sql(value)
        found = (next(iter(other.tables), None), other.name)
        test = ColumnTest(column=own.name, asks="same", table=next(iter(own.tables), None), other=found)
        return dataclasses.replace(read, tests=(test,))
    asks, values = _asked(asks, value)
    if not is_column(tested) or not (values or asks.endswith("null")) or (values and asks == "not null"):
        return dataclasses.replace(read, tests=(ColumnTest(),))
    column = as_sql(tested)
    test = ColumnTest(column=column.name, asks=asks, values=values, table=next(iter(column.tables), None))
    return dataclasses.replace(read, tests=(test,))


def _asked(asks: str, value: Value) -> tuple[str, tuple[str, ...]]:
    """Return what is asked for of a column, and the constants that it is compared with; none where one is not known."""
    if value is None or (isinstance(value, SqlExpression) and value.text == "NULL"):
        return {"in": "null", "not in": "not null"}.get(asks, asks), ()
    found = [_constant(item) for item in (value if isinstance(value, (list, tuple, set, frozenset)) else [value])]
    return asks, tuple(item for item in found if item is not None) if None not in found else ()


def maybe_constant(value: Value) -> MaybeConstant:
    """Return what a value is if it is one constant."""
    is_null = value is None or (isinstance(value, SqlExpression) and value.text == "NULL")
    text = _constant(value)
    return None if is_null else UNKNOWN if text is None else text


def _constant(value: Value) -> str | None:
    if isinstance(value, SqlExpression):
        return value.text if value.text in ("true", "false") and isinstance(value.text, str) else None
    is_known = isinstance(value, (str, int, float)) and not (isinstance(value, str) and HOLE in value)
    return (str(value).lower() if isinstance(value, bool) else str(value)) if is_known else None


def deny(condition: Value) -> SqlExpression:
    """Return the condition that another one does not hold."""
    tests = condition.tests if isinstance(condition, SqlExpression) else ()
    if not tests and is_column(condition):
        return require("in", condition, False)  # noqa: FBT003 - the value that a column holds
    read = merge_sql(condition)
    return dataclasses.replace(read, tests=(tests[0].denied,) if len(tests) == 1 else (ColumnTest(),))


def require_all(*conditions: Value) -> SqlExpression:
    """Return the condition that all of some hold."""
    tests = tuple(test for condition in conditions for test in tests_of(condition))
    return dataclasses.replace(merge_sql(*conditions), tests=tests)


def tests_of(condition: Value) -> tuple[ColumnTest, ...]:
    """Return what a condition asks for; true asks for nothing."""
    if isinstance(condition, SqlExpression) and (condition.tests or condition.text == "true"):
        return condition.tests
    return require("in", condition, True).tests if is_column(condition) else (ColumnTest(),)  # noqa: FBT003 - as above


def is_column(value: Value) -> TypeGuard[SqlExpression | Column]:
    """Return whether an expression is a column and nothing else."""
    return isinstance(value, Column) or (isinstance(value, SqlExpression) and value.columns == (value.name,))
