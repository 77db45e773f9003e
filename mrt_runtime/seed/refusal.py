"""Why the database refused a row, read from its error: psycopg's diagnostics, MySQL's and SQLite's messages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

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
        return Refusal(reason=_line(text), columns=tuple(part.rpartition(".")[2].strip() for part in named["columns"].split(",")))
    column = next((match["name"] for shape in COLUMN if (match := shape.search(text))), None)
    return Refusal(reason=_line(text), constraint=constraint, columns=(column,) if column and constraint is None else ())


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:297] + "..."  # noqa: PLR2004 a line that is still read
