"""Why the database refused a statement of a release: its words, and the column that they are about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import Table
from mrt_runtime.databases import driver_error
from mrt_runtime.seed.refusal import read_refusal
from mrt_runtime.seed.unique_key import columns_of, mentioned, uniques_of

NAMED = re.compile(r"""["'`]([^"'`]+)["'`]|(?:column named|no such column:) (\w+)""")
REPEATED = re.compile(r"unique|duplicate", re.IGNORECASE)
VALUE = re.compile(
    r"""(?<=:\ )".*"$ | (?<=value\ )".*"(?=\ is\ out\ of\ range) | (?<=value:\ )'.*' | (?<=Duplicate\ entry\ )'.*'(?=\ for\ key)""",
    re.VERBOSE,
)
"""Where PostgreSQL, and MySQL and MariaDB, quote a value of a row, which may be the users'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedStatement:
    """`words` are the database's, on one line. `state` is what kind of error it is, `constraint` the one that was broken."""

    words: str
    state: str
    column: str | None = None
    constraint: str | None = None
    is_taken: bool = False
    """Whether the row's key is taken already, of which the release knows."""


def read_words(error: DBAPIError) -> str:
    """Return what the database said, without the row that it was about."""
    diagnosis = getattr(error.orig, "diag", None)
    said = getattr(diagnosis, "message_primary", None)
    text = str(said or (driver_error.read_words(error.orig) if error.orig is not None else error))
    return VALUE.sub("…", " ".join(text.split()))


def read_refused(error: DBAPIError, known: Table, now: Table | None, place: str) -> RefusedStatement:
    """Return why a statement was refused.

    known: the table as the release knows it; now: as it is, None where it is not there. place: the scratch database, whose name is
    left out.
    """
    refusal = read_refusal(error)
    tables = [known, *([now] if now is not None else [])]
    names = {column.name for table in tables for column in table.columns}
    columns: set[str] = set(refusal.columns)
    if not columns and refusal.constraint is not None:
        columns = {name for table in tables for name in find_columns(refusal.constraint, table)}
    words = read_words(error).replace(f"`{place}`.", "").replace(f"{place}.", "")
    if not columns:
        quoted = (found for match in NAMED.finditer(words) for found in match.groups() if found)
        columns = {name.rpartition(".")[2] for name in quoted} & names
    state, number = driver_error.read_state(error.orig)
    return RefusedStatement(
        words=words,
        state=state or str(number or words.partition(":")[0]),
        column=next(iter(columns)) if len(columns) == 1 else None,
        constraint=refusal.constraint,
        is_taken=is_unique(known, refusal.constraint, columns) and REPEATED.search(words) is not None,
    )


def is_unique(table: Table, constraint: str | None, columns: set[str]) -> bool:
    """Whether a table has a key of that name, or over these columns."""
    keys = list(uniques_of(table))
    return any((constraint is not None and key.name == constraint) or set(key.columns) == columns for key in keys)


def find_columns(constraint: str, table: Table) -> tuple[str, ...]:
    """Return the columns of the constraint or index of that name; SQLite calls a nameless check by its expression."""
    for key in (table.primary_key, *table.uniques):
        if key is not None and key.name == constraint:
            return key.columns
    for index in table.indexes:
        if index.name == constraint:
            return columns_of(index, table)
    for check in table.checks:
        if constraint in {check.name, check.expression}:
            return mentioned(check.expression, table)
    return next((key.columns for key in table.foreign_keys if key.name == constraint), ())
