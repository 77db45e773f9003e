"""What batch mode rebuilds on SQLite, and what of a table it then loses.

It copies what SQLAlchemy reads of a table. That does not see expressions in indexes, the order and collation of what they and
columns hold, CHECKs without a name, AUTOINCREMENT and triggers (https://alembic.sqlalchemy.org/en/latest/batch.html; SQLAlchemy's
reflection for SQLite).
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias, TypeGuard

from mrt_lint.history.schema import ReplayedTable
from mrt_lint.model import ops
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import Op
from mrt_lint.model.values import HOLE, UNKNOWN, UNSET, BatchRebuild, Column, Constraint, Flag, SqlType, Unknown

Rebuilding: TypeAlias = (
    ops.AddColumn
    | ops.AlterColumn
    | ops.BatchAlterTable
    | ops.CreateConstraint
    | ops.CreateIndex
    | ops.DropColumn
    | ops.DropConstraint
    | ops.DropIndex
)

_NO_OPTIONS: Final = BatchRebuild()
_PLAIN: Final = re.compile(r"""[\w"`\[\]]+""")
_ORDERED: Final = re.compile(r"""(?P<name>[\w"`\[\]]+)(?: COLLATE \w+)?(?: (?:ASC|DESC))?""", re.IGNORECASE)


def rebuilds(op: Op) -> TypeGuard[Rebuilding]:
    """Return whether batch mode rebuilds a table on SQLite for an operation, as far as that can be determined.

    To add a column it does so only if a foreign key, a computed value that is stored, or a default that is more than a text comes
    along.
    """
    how = asked(op)
    if how.recreate not in {"auto", "always"}:
        return False
    if isinstance(op, ops.AddColumn) and how.recreate == "auto":
        return op.batch and _is_more_than_added(op.definition)
    if isinstance(op, ops.CreateIndex | ops.DropIndex) and how.recreate == "auto":
        return False
    return op.batch and isinstance(op, Rebuilding)


def _is_more_than_added(column: Column) -> bool:
    computed = column.computed is not None and column.persisted is True
    default = isinstance(column.server_default, str) and not column.server_default.startswith(("'", HOLE))
    return computed or default or any(constraint.kind == "foreignkey" for constraint in column.constraints)


def asked(op: Op) -> BatchRebuild:
    """Return the options of an operation's batch."""
    return op.rebuild or _NO_OPTIONS


def is_unseen(index: ops.CreateIndex) -> bool:
    """Return whether an index is certainly left behind: it has an expression."""
    return index.columns is not UNKNOWN and any(
        isinstance(part, str) and HOLE not in part and _ORDERED.fullmatch(_inner(part)) is None for part in index.columns
    )


def is_reordered(index: ops.CreateIndex) -> bool:
    """Return whether an index is restored without the order or collation of its columns."""
    if index.columns is UNKNOWN or is_unseen(index):
        return False
    parts = [_inner(part) for part in index.columns if isinstance(part, str)]
    return any(_PLAIN.fullmatch(part) is None and not part.upper().endswith(" ASC") for part in parts)


def _inner(part: str) -> str:
    return part[1:-1].strip() if part.startswith("(") and part.endswith(")") else part


def is_unnamed_check(entry: Constraint | ops.CreateIndex) -> TypeGuard[Constraint]:
    """Return whether an entry is an unnamed CHECK."""
    return isinstance(entry, Constraint) and entry.kind == "check" and entry.name is None


def collation(column: Column | Unknown | None) -> str | None:
    """Return the collation that a column certainly has."""
    kind = column.type if isinstance(column, Column) else None
    return kind.collation if isinstance(kind, SqlType) and isinstance(kind.collation, str) else None


def numbered(before: Flag, how: BatchRebuild) -> Flag:
    """Return whether a rebuilt table is AUTOINCREMENT."""
    return UNKNOWN if how.has_unknown_parts and before is not how.autoincrement else how.autoincrement


def rebuilt(table: ReplayedTable, op: Rebuilding) -> ReplayedTable:
    """Return the table that batch mode makes of one."""
    how = asked(op)
    indexes = {name: index if index is UNKNOWN else _seen(index, how) for name, index in table.indexes.items()}
    return replace(
        table,
        autoincrement=numbered(table.autoincrement, how),
        indexes={name: index for name, index in indexes.items() if index is not None},
        unnamed=tuple(entry for entry in table.unnamed if how.checks or how.has_unknown_parts or not is_unnamed_check(entry)),
        columns={name: _uncollated(column, op, how) for name, column in table.columns.items()},
    )


def _seen(index: ops.CreateIndex, how: BatchRebuild) -> ops.CreateIndex | Unknown | None:
    if is_unseen(index):
        return UNKNOWN if how.has_unknown_parts else None
    if not is_reordered(index) or index.columns is UNKNOWN:
        return index
    parts = (re.match(r"\(?([^ )]+)", part) if isinstance(part, str) else None for part in index.columns)
    columns = tuple(UNKNOWN if part is None else part[1] for part in parts)
    return replace(index, columns=UNKNOWN if how.has_unknown_parts else columns)


def _uncollated(column: Column | Unknown, op: Rebuilding, how: BatchRebuild) -> Column | Unknown:
    if collation(column) is None or not isinstance(column, Column) or not isinstance(column.type, SqlType):
        return column
    is_given = isinstance(op, ops.AddColumn) or (isinstance(op, ops.AlterColumn) and op.type is not UNSET)
    unknown = UNKNOWN if how.has_unknown_parts else replace(column.type, collation=None)
    return column if is_given and getattr(op, "column", None) == column.name else replace(column, type=unknown)
