"""SQLAlchemy's expressions over columns: what they read, and what they require as conditions."""

from __future__ import annotations

import dataclasses
from typing import TypeGuard

from mrt_lint.model.values import UNKNOWN, Column
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


def require_null(tested: Value, value: Value) -> SqlExpression:
    """Return the condition that something equals a value: where that is NULL, a column that is tested is."""
    read = merge_sql(tested, value)
    is_null = value is None or (isinstance(value, SqlExpression) and value.text == "NULL")
    return dataclasses.replace(read, nulls=as_sql(tested).columns) if is_null and is_column(tested) else read


def require_all(*conditions: Value) -> SqlExpression:
    """Return the condition that all of some hold."""
    nulls = tuple(name for condition in conditions if isinstance(condition, SqlExpression) for name in condition.nulls)
    return dataclasses.replace(merge_sql(*conditions), nulls=nulls)


def is_column(value: Value) -> TypeGuard[SqlExpression | Column]:
    """Return whether an expression is a column and nothing else."""
    return isinstance(value, Column) or (isinstance(value, SqlExpression) and value.columns == (value.name,))
