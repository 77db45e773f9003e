"""Migrations as Python and the linter read them. What the linter takes is imported late: most runs need it for few files."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mrt_lint.model.migration import Migration


def read_migration(file: str, dialect: str | None = None, source: bytes | None = None) -> Migration | None:
    """Return a migration with the operations that its raw SQL contains; None if the file cannot be read.

    dialect: SQLAlchemy's name of the database that the SQL is written for. source: what is read in place of the file's text.
    """
    from mrt_lint.model.migration import UnparsableError  # noqa: PLC0415  as all of these, see above
    from mrt_lint.parse.python import parse_migration  # noqa: PLC0415  brings libcst
    from mrt_lint.parse.sql.expand import expand_sql  # noqa: PLC0415  brings sqlglot

    try:
        return expand_sql(parse_migration(Path(file).read_bytes() if source is None else source, file), dialect)
    except (OSError, UnparsableError):
        return None


def parse_file(file: str | Path) -> tuple[bytes, ast.Module] | None:
    """Return the source of a Python file and its syntax tree; None if it cannot be read, or not by this Python."""
    try:
        source = Path(file).read_bytes()
        return source, ast.parse(source)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
