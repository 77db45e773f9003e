"""Why the database refused a row, read from its error: SQLSTATE and diagnostics, or the code and the message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from mrt_runtime.databases.driver_error import ErrorKind, is_of_driver, list_causes, read_state, read_words
from mrt_runtime.databases.sentences import cut
from mrt_runtime.verdict import RowRefusal

KINDS = {
    "null": ErrorKind("23502", frozenset({1048, 1138, 1364}), "^(NOT NULL constraint failed|Cannot add a NOT NULL column)"),
    "too large": ErrorKind("22001|22003", frozenset({1264, 1406})),
    "duplicate": ErrorKind("23505", frozenset({1062, 1586}), "^UNIQUE constraint failed"),
    "reference": ErrorKind("23503", frozenset({1216, 1217, 1451, 1452}), "^FOREIGN KEY constraint failed"),
    "check": ErrorKind("23514", frozenset({3819, 4025}), "^CHECK constraint failed"),
}
"""What a database refuses rows for.

Source: PostgreSQL's manual, appendix A; MySQL's Server Error Message Reference, MariaDB's Error Codes. The words are SQLite's.
"""
CONSTRAINT = (
    re.compile(r"CHECK constraint failed: (?P<name>.+)"),  # SQLite (the expression, where it has no name)
    re.compile(r"CONSTRAINT [`'](?:[^`'.]+\.)?(?P<name>[^`']+)[`'] failed"),  # MariaDB (CHECK)
    re.compile(r"Check constraint '(?P<name>[^']+)' is violated"),  # MySQL
    re.compile(r"CONSTRAINT `(?P<name>[^`]+)` FOREIGN KEY"),  # MySQL and MariaDB
    re.compile(r"Duplicate entry .* for key '(?:[^'.]+\.)?(?P<name>[^']+)'"),  # MySQL and MariaDB
    re.compile(r"constraint failed: index '(?P<name>.+)'"),  # SQLite, an index over expressions
)
COLUMNS = re.compile(r"(?:UNIQUE|NOT NULL) constraint failed: (?P<columns>[^\n]+)")  # SQLite
COLUMN = (
    re.compile(r"for column (?:`[^`]+`\.){0,2}[`'](?P<name>[^`']+)[`'] at row"),  # MySQL and MariaDB
    re.compile(r"Data too long for column '(?P<name>[^']+)'"),
    re.compile(r"Column '(?P<name>[^']+)' cannot be null"),
    re.compile(r"Field '(?P<name>[^']+)' doesn't have a default value"),
    re.compile(r"cannot store \w+ value in \w+ column \w+\.(?P<name>\w+)"),  # SQLite, STRICT
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`reason` in the database's words, on one line; the constraint or the columns that it names."""

    reason: str
    constraint: str | None = None
    columns: tuple[str, ...] = ()


def read_refusal(error: BaseException) -> Refusal:
    """Return what the database said."""
    diagnosed = next(filter(None, map(_read_diagnosis, list_causes(error))), None)
    if diagnosed is not None:
        return diagnosed
    text = str(read_words(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error))
    constraint = next((match["name"].strip() for shape in CONSTRAINT if (match := shape.search(text))), None)
    named = COLUMNS.search(text)
    if named is not None and constraint is None:
        return Refusal(reason=_line(text), columns=split_columns(named["columns"]))
    column = next((match["name"] for shape in COLUMN if (match := shape.search(text))), None)
    return Refusal(reason=_line(text), constraint=constraint, columns=(column,) if column and constraint is None else ())


def split_columns(listed: str) -> tuple[str, ...]:
    """Return the columns that SQLite lists, each behind its table and a dot; names may contain commas."""
    table = listed.partition(".")[0]
    return tuple(part.rpartition(".")[2] for part in listed.split(f", {table}."))


def _read_diagnosis(error: BaseException) -> Refusal | None:
    """Return what a driver of PostgreSQL keeps apart: psycopg and psycopg2 in `diag`, asyncpg in the error, pg8000 by letters."""
    fields = error.args[0] if error.args and isinstance(error.args[0], dict) else None
    if fields is not None:
        words, detail, constraint, column = (fields.get(letter) for letter in "MDnc")
    elif (diagnosis := getattr(error, "diag", None)) is not None:
        words, detail = diagnosis.message_primary, diagnosis.message_detail
        constraint, column = diagnosis.constraint_name, diagnosis.column_name
    else:
        names = ("message", "detail", "constraint_name", "column_name")
        words, detail, constraint, column = (getattr(error, name, None) for name in names)
    if not words or not is_of_driver(error):
        return None
    reason = f"{words} ({detail})" if detail else str(words)
    return Refusal(reason=_line(reason), constraint=constraint, columns=(column,) if column else ())


def _line(text: str) -> str:
    return cut(" ".join(text.split()), 300)


def classify(error: BaseException | None) -> RowRefusal | None:
    """Return what a statement was refused for, and the column; None where it was not for its rows."""
    for cause in list_causes(error) if error is not None else ():
        kind = next((name for name, kind in KINDS.items() if kind.matches(cause)), None)
        if kind is not None:
            columns = read_refusal(cause).columns
            return RowRefusal(kind=kind, sqlstate=read_state(cause)[0], column=columns[0] if len(columns) == 1 else None)
    return None
