"""Copies of rows as advice: a name that no other revision of a history takes, and types that the copy keeps no longer in use."""

from __future__ import annotations

import re
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.sql_names import sql_name, sql_path
from mrt_lint.history.schema import ReplayedTable
from mrt_lint.model.advice import literal
from mrt_lint.model.ops import Op
from mrt_lint.model.values import Column, MaybeName, SqlType, Unset

_LONGEST: Final = 63
"""The bytes that PostgreSQL keeps of a name; MySQL takes one more."""


def copy_of(case: MigrationCase, table: MaybeName | Unset, schema: MaybeName, dialect: str) -> str:
    """Return the name, as SQL, of a copy of a table's rows, with the revision in it: several may copy the same table."""
    if not readable(table):
        return "…"
    revision = case.migration.revision
    suffix = "_backup" + (f"_{re.sub(r'[^a-zA-Z0-9]+', '_', revision)}" if isinstance(revision, str) else "")
    room = max(_LONGEST - len(suffix), 1)
    return sql_path(schema if readable(schema) else None, f"{table.encode()[:room].decode(errors='ignore')}{suffix}", dialect)


def kept_before(case: MigrationCase, op: Op) -> str:
    """Return the calls that keep the rows of a table before downgrade() deletes some: after a second rollback those of both.

    What has an enum type or a domain is text in the copy, as otherwise DROP TYPE would fail.
    """
    table, schema, dialect = getattr(op, "table", None), getattr(op, "schema", None), case.dialect(op)
    copy = copy_of(case, table, schema, dialect)
    source = sql_path(schema if readable(schema) else None, table, dialect) if readable(table) else "…"
    known = case.analysis(op).state_before(op).schema.table(table, schema) if readable(table) else None
    known = known if isinstance(known, ReplayedTable) and dialect == "postgresql" else None
    columns = [str(column.name) for column in known.columns.values() if has_own_type(column)] if known is not None else []
    as_text = ", ".join(f"ALTER {sql_name(name, dialect)} TYPE text" for name in columns)
    statements = [
        f"CREATE TABLE IF NOT EXISTS {copy} AS SELECT * FROM {source} WHERE 1 = 0",
        *([f"ALTER TABLE {copy} {as_text}"] if as_text else []),
        f"INSERT INTO {copy} SELECT * FROM {source}",
    ]
    return "; ".join(f"op.execute({literal(each)})" for each in statements)


def has_own_type(column: object) -> bool:
    """Return whether a column's type on PostgreSQL is one that DROP TYPE drops, or an array of such."""
    kind = column.type.on("postgresql") if isinstance(column, Column) and isinstance(column.type, SqlType) else None
    item = kind.item if isinstance(kind, SqlType) else None
    return any(isinstance(each, SqlType) and readable(each.type_name) for each in (kind, item))
