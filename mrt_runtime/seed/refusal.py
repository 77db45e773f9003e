"""Why the database refused a row, read from its error: SQLSTATE and diagnostics, or the code and the message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from mrt_runtime.databases.driver_error import list_causes, read_state
from mrt_runtime.verdict import RowRefusal

BY_STATE = {
    "23502": "null",
    "22001": "too large",
    "22003": "too large",
    "23505": "duplicate",
    "23503": "reference",
    "23514": "check",
}
"""What PostgreSQL refuses a row for, by SQLSTATE. Source: its manual, appendix A."""
BY_NUMBER = {
    **dict.fromkeys((1048, 1138, 1364), "null"),
    **dict.fromkeys((1264, 1406), "too large"),
    **dict.fromkeys((1062, 1586), "duplicate"),
    **dict.fromkeys((1216, 1217, 1451, 1452), "reference"),
    **dict.fromkeys((3819, 4025), "check"),
}
"""The same of MySQL and MariaDB. Source: MySQL's Server Error Message Reference, MariaDB's Error Codes."""
BY_NAME = {
    "SQLITE_CONSTRAINT_NOTNULL": "null",
    "SQLITE_CONSTRAINT_UNIQUE": "duplicate",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "duplicate",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "reference",
    "SQLITE_CONSTRAINT_CHECK": "check",
}
"""The same of SQLite. Source: its Result and Error Codes."""
BY_WORDS = {
    "NOT NULL constraint failed": "null",
    "Cannot add a NOT NULL column": "null",
    "UNIQUE constraint failed": "duplicate",
    "FOREIGN KEY constraint failed": "reference",
    "CHECK constraint failed": "check",
}
"""For SQLite on a Python before 3.11, which does not pass the code on, and for what it refuses without one of its own."""
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


def read_refusal(error: DBAPIError) -> Refusal:
    """Return what the database said."""
    original = error.orig
    diagnosis = getattr(original, "diag", None)
    if diagnosis is not None and diagnosis.message_primary:
        detail = f" ({diagnosis.message_detail})" if diagnosis.message_detail else ""
        columns = (diagnosis.column_name,) if diagnosis.column_name else ()
        return Refusal(reason=_line(diagnosis.message_primary + detail), constraint=diagnosis.constraint_name, columns=columns)
    arguments: tuple[object, ...] = getattr(original, "args", ())
    text = str(arguments[1] if len(arguments) > 1 else original)  # MySQL's drivers raise it with (number, message)
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


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:297] + "..."  # noqa: PLR2004 a line that is still read


def classify(error: BaseException | None) -> RowRefusal | None:
    """Return what a statement was refused for, and the column; None where it was not for its rows."""
    for cause in list_causes(error) if error is not None else ():
        state, number = read_state(cause)
        name = str(getattr(cause, "sqlite_errorname", ""))
        kind = BY_STATE.get(state) or BY_NUMBER.get(number or 0) or BY_NAME.get(name)
        if kind is None and type(cause).__module__.partition(".")[0] == "sqlite3":
            kind = next((kind for words, kind in BY_WORDS.items() if str(cause).startswith(words)), None)
        if kind is not None:
            return RowRefusal(kind=kind, sqlstate=state, column=_find_column(cause))
    return None


def _find_column(cause: BaseException) -> str | None:
    named = getattr(cause, "column_name", None) or getattr(getattr(cause, "diag", None), "column_name", None)
    if named is not None:
        return str(named)
    text = str(cause)
    listed = COLUMNS.search(text)
    if listed is not None:
        names = split_columns(listed["columns"])
        return names[0] if len(names) == 1 else None
    return next((match["name"] for shape in COLUMN if (match := shape.search(text))), None)
