"""The SQL file that makes what a history begins on, where its first revision finds tables that it did not make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.sentences import end
from mrt_runtime.migrate.error import describe

COMMAND_OF_PSQL = re.compile(r"^\\.*$", re.MULTILINE)
"""Lines that pg_dump writes for psql alone, such as `\\restrict`."""


def load_base_schema(file: str, connection: Connection) -> None:
    """Execute a file's statements. Raises ConfigurationError with the line of the one that the database refuses."""
    for line, statement in read_statements(file, connection.dialect.name):
        execute(connection, statement, f"base_schema, {Path(file).name}:{line}")


def execute(connection: Connection, statement: str, place: str) -> None:
    """Execute a statement as it is written. Raises ConfigurationError with its place where the database refuses it."""
    try:
        connection.execution_options(no_parameters=True).exec_driver_sql(statement)
    except SQLAlchemyError as error:
        raise ConfigurationError(f"{place}: {end(describe(error))}") from error


def read_statements(file: str, dialect: str) -> Iterator[tuple[int, str]]:
    """Yield the statements of a file with the line where each begins."""
    from mrt_lint.parse.sql.tokens import statements  # noqa: PLC0415  few projects have such a file

    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"base_schema, {file}, cannot be read: {end(describe(error))}") from None
    for found in statements(COMMAND_OF_PSQL.sub("", text), dialect):
        if found.tokens and found.tokens[0].key not in TRANSACTIONS:
            yield found.source.count("\n", 0, found.tokens[0].start) + 1, found.text


TRANSACTIONS = frozenset({"BEGIN", "COMMIT", "START", "END"})
"""How a statement begins that opens or ends a transaction, as `sqlite3 .dump` writes them: the file is loaded in one."""
