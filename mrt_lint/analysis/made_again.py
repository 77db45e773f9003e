"""The later revision that makes again what an upgrade drops: the same thing, as far as is known, not another of its name."""

from __future__ import annotations

from functools import lru_cache

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history import History
from mrt_lint.history.schema import fold, place
from mrt_lint.model.ops import AddColumn, CreateTable, DropColumn, DropTable
from mrt_lint.model.values import Column, SqlType

_FAMILIES = (
    {"TINYINT", "SMALLINT", "MEDIUMINT", "INTEGER", "BIGINT", "NUMERIC", "DECIMAL", "FLOAT", "REAL", "DOUBLE", "DOUBLE_PRECISION"},
    {"VARCHAR", "CHAR", "NVARCHAR", "TEXT", "MEDIUMTEXT", "LONGTEXT", "CITEXT", "ENUM", "CLOB"},
    {"DATE", "DATETIME", "TIMESTAMP"},
    {"JSON", "JSONB"},
    {"BLOB", "BYTEA", "BINARY", "VARBINARY", "LARGEBINARY"},
)
"""Types between which the values of a column are commonly moved."""


def made_again(case: MigrationCase, op: DropColumn | DropTable) -> str | None:
    """Return the first later revision of this branch that adds a dropped column or table again."""
    revision = case.migration.revision
    if case.history is None or not isinstance(revision, str):
        return None
    wanted = _identity(op)
    for later, made in _additions(case.history).get(wanted, ()) if wanted is not None else ():
        if case.history.is_before(revision, later):
            return later if _may_be_same(case, op, made) else None
    return None


def _may_be_same(case: MigrationCase, op: DropColumn | DropTable, made: AddColumn | CreateTable) -> bool:
    """Return whether what is made later may be what was dropped: a table with half its columns, a column of a similar type."""
    tracked = case.tracked(op)
    if isinstance(made, AddColumn):
        former = tracked.definition if tracked is not None else None
        return _is_similar(former.type if isinstance(former, Column) else None, made.definition.type)
    known = case.known_schema(case.dialect(op)).table(tracked.origin) if isinstance(tracked, TrackedTable) else None
    if known is None or not known.complete or not made.complete:
        return True
    names = {fold(column.name) for column in made.columns if readable(column.name)}
    return 2 * len(names & set(known.columns)) >= len(known.columns)


def _is_similar(former: object, new: object) -> bool:
    if not isinstance(former, SqlType) or not isinstance(new, SqlType) or not (former.name.isupper() and new.name.isupper()):
        return True
    return former.name == new.name or any({former.name, new.name} <= family for family in _FAMILIES)


@lru_cache(maxsize=1)
def _additions(history: History) -> dict[tuple[object, ...], list[tuple[str, AddColumn | CreateTable]]]:
    """Return the revisions that add a column or create a table, with how, by what they add, in their order."""
    found: dict[tuple[object, ...], list[tuple[str, AddColumn | CreateTable]]] = {}
    for revision in history.order:
        for op in history.migrations[revision].upgrade_ops:
            wanted = _identity(op) if isinstance(op, AddColumn | CreateTable) else None
            if wanted is not None and isinstance(op, AddColumn | CreateTable):
                found.setdefault(wanted, []).append((revision, op))
    return found


def _identity(op: AddColumn | CreateTable | DropColumn | DropTable) -> tuple[object, ...] | None:
    """Return the place of a column or table in the database, None if its names could not be read."""
    if not readable(op.table):
        return None
    if isinstance(op, CreateTable | DropTable):
        return place(op.schema, op.table)
    return (*place(op.schema, op.table), fold(op.column)) if readable(op.column) else None
