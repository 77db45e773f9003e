"""Migrations as the linter reads them. What it takes is imported late: most runs come to it for few files, or for none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mrt_lint.model.migration import Migration


def read_migration(file: str, dialect: str | None = None) -> Migration | None:
    """Return a migration with the operations that its raw SQL contains; None if the file cannot be read.

    dialect: SQLAlchemy's name of the database that the SQL is written for.
    """
    from mrt_lint.model.migration import UnparsableError  # noqa: PLC0415  as all of these, see above
    from mrt_lint.parse.python import parse_migration  # noqa: PLC0415  brings libcst
    from mrt_lint.parse.sql.expand import expand_sql  # noqa: PLC0415  brings sqlglot

    try:
        return expand_sql(parse_migration(Path(file).read_bytes(), file), dialect)
    except (OSError, UnparsableError):
        return None
