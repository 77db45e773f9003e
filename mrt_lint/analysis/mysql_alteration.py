"""What an operation costs on MySQL and MariaDB, given what its column was before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.key_checks import unchecked
from mrt_lint.analysis.volatile_default import is_computed
from mrt_lint.history.schema import QualifiedName, place
from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNSET, Column, MaybeName, Name, SqlType
from mrt_lint.online import DdlAlgorithm, ServerVersion, TableChange, change_of_type

_OF_CONSTRAINT = {
    "foreignkey": (TableChange.ADD_FOREIGN_KEY, TableChange.DROP_FOREIGN_KEY),
    "check": (TableChange.ADD_CHECK, TableChange.DROP_CHECK),
    "primary": (TableChange.ADD_PRIMARY_KEY, TableChange.DROP_PRIMARY_KEY),
    "unique": (TableChange.ADD_INDEX, TableChange.DROP_INDEX),
}
_OF_INDEX = {"fulltext": TableChange.ADD_FULLTEXT, "spatial": TableChange.ADD_SPATIAL}
_DROPPED: dict[type[Op], TableChange] = {ops.DropColumn: TableChange.DROP_COLUMN, ops.DropIndex: TableChange.DROP_INDEX}
_OF_TABLE = (
    (re.compile(r"CONVERT TO\b"), TableChange.CONVERT),
    (re.compile(r"(FORCE|ENGINE\s*=?\s*INNODB)$"), TableChange.REBUILD),
    (re.compile(r"ENGINE\b"), TableChange.CHANGE_ENGINE),
    (re.compile(r"(PARTITION BY|REMOVE PARTITIONING)\b"), TableChange.PARTITION),
)
# a statement that asks for one of these is refused where the server would have to copy
_FORBID_COPY = frozenset({"INSTANT", "NOCOPY", "INPLACE"})


def blocked(case: MigrationCase, op: Op, change: TableChange) -> ServerVersion | None:
    """Return the server on which a change that an operation makes keeps writers out of the table until it is done.

    None if it is judged on another database, where the server allows writes, and where a clause of the statement makes the
    server refuse rather than do so.
    """
    server = case.server(op)
    if server is None or server.way(change).writes or op.lock == "NONE":
        return None
    copied = server.way(change).algorithm is DdlAlgorithm.COPY
    # then the server refuses, which is MRT434's to report
    return None if copied and op.algorithm in _FORBID_COPY else server


def leaves_keys_unchecked(case: MigrationCase, op: Op) -> bool:
    """Return whether foreign_key_checks is off when an operation comes."""
    return any(other is op for other in unchecked(case.function_of(op)))


def changes(case: MigrationCase, op: Op, server: ServerVersion) -> Iterator[TableChange]:
    """Return the changes of a table that an operation certainly makes; nothing of what cannot be read or has no entry."""
    if isinstance(op, ops.AddColumn):
        yield from _of_new_column(op.definition, server)
    elif isinstance(op, ops.AlterColumn):
        yield from _of_column(case, op, server)
    elif isinstance(op, ops.CreateConstraint | ops.DropConstraint):
        yield from _of_constraint(case, op)
    elif isinstance(op, ops.CreateIndex):
        yield _OF_INDEX.get(str(op.using), TableChange.ADD_INDEX)
    else:
        change = change_of_table(op) if isinstance(op, ops.AlterObject) else _DROPPED.get(type(op))
        yield from () if change is None else (change,)


def change_of_table(op: ops.AlterObject) -> TableChange | None:
    """Return what an action of ALTER TABLE that has no operation of its own does to all rows; None if none is known."""
    if op.kind != "table" or not readable(op.action):
        return None
    action = " ".join(op.action.split())
    return next((change for pattern, change in _OF_TABLE if pattern.match(action)), None)


def is_new(case: MigrationCase, op: ops.AlterObject) -> bool:
    """Return whether a table that is altered was created earlier in this upgrade."""
    made = (other for other in case.earlier(op) if isinstance(other, ops.CreateTable))
    return readable(op.name) and any(_place(other.table, other.schema) == _place(op.name, op.schema) for other in made)


def replaces_key(case: MigrationCase, op: ops.DropConstraint) -> bool:
    """Return whether the statement that drops a primary key adds another one, so that the table is rebuilt in place."""
    return any(isinstance(other, ops.CreatePrimaryKey) for other in statement(case, op))


def statement(case: MigrationCase, op: Op) -> list[Op]:
    """Return the operations of the one statement that an operation comes from."""
    found: list[Op] = []
    for other in case.function_of(op):
        if not other.joined:
            if any(known is op for known in found):
                return found
            found = []
        found.append(other)
    return found


def _of_new_column(column: Column, server: ServerVersion) -> Iterator[TableChange]:
    if column.computed is not None:
        yield TableChange.ADD_STORED if column.persisted is True else TableChange.ADD_VIRTUAL
    elif column.autoincrement is True:
        yield TableChange.ADD_AUTO_INCREMENT
    elif readable(column.server_default) and is_computed(column.server_default, server.dialect):
        yield TableChange.ADD_COMPUTED_DEFAULT
    else:
        yield TableChange.ADD_COLUMN


def _of_column(case: MigrationCase, op: ops.AlterColumn, server: ServerVersion) -> Iterator[TableChange]:
    former, new = for_dialect(case.before(op, "type"), server.dialect), for_dialect(op.type, server.dialect)
    if isinstance(former, SqlType) and isinstance(new, SqlType):
        change = change_of_type(former, new, server.dialect)
        yield from () if change is None else (change,)
    # MODIFY has to repeat NOT NULL, which changes nothing
    if op.nullable is False and case.before(op, "nullable") is True:
        yield TableChange.SET_NOT_NULL
    if op.nullable is True and case.before(op, "nullable") is False:
        yield TableChange.DROP_NOT_NULL
    if op.server_default is not UNSET:
        yield TableChange.SET_DEFAULT
    if op.new_column is not UNSET:
        yield TableChange.RENAME_COLUMN


def _of_constraint(case: MigrationCase, op: ops.CreateConstraint | ops.DropConstraint) -> Iterator[TableChange]:
    kind = op.definition.kind if isinstance(op, ops.CreateConstraint) else case.kind(op)
    if kind not in _OF_CONSTRAINT:
        return
    added, dropped = _OF_CONSTRAINT[kind]
    if isinstance(op, ops.CreateConstraint):
        yield TableChange.ADD_UNCHECKED_FOREIGN_KEY if kind == "foreignkey" and leaves_keys_unchecked(case, op) else added
    elif not (kind == "primary" and replaces_key(case, op)):
        yield dropped


def _place(name: Name, schema: MaybeName) -> QualifiedName | None:
    return place(schema, name) if readable(name) else None
