"""What an operation costs on MySQL and MariaDB, in the light of what its column was before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.history.schema import place
from mrt_lint.online import Algorithm, Change, Server, change_of_type
from mrt_lint.ops import Op, Statement
from mrt_lint.undo.definition import here
from mrt_lint.undo.things import readable
from mrt_lint.values import UNKNOWN, UNSET, Column, SqlType
from mrt_lint.volatility import is_computed
from mrt_lint.widening import is_narrowing

_CHECKS = re.compile(r"\bforeign_key_checks\b\s*:?=\s*(\w+)", re.IGNORECASE)
_OF_CONSTRAINT = {
    "foreignkey": (Change.ADD_FOREIGN_KEY, Change.DROP_FOREIGN_KEY),
    "check": (Change.ADD_CHECK, Change.DROP_CHECK),
    "primary": (Change.ADD_PRIMARY_KEY, Change.DROP_PRIMARY_KEY),
    "unique": (Change.ADD_INDEX, Change.DROP_INDEX),
}
_OF_INDEX = {"fulltext": Change.ADD_FULLTEXT, "spatial": Change.ADD_SPATIAL}
_DROPPED: dict[type[Op], Change] = {ops.DropColumn: Change.DROP_COLUMN, ops.DropIndex: Change.DROP_INDEX}
_OF_TABLE = (
    (re.compile(r"CONVERT TO\b"), Change.CONVERT),
    (re.compile(r"(FORCE|ENGINE\s*=?\s*INNODB)$"), Change.REBUILD),
    (re.compile(r"ENGINE\b"), Change.CHANGE_ENGINE),
    (re.compile(r"(PARTITION BY|REMOVE PARTITIONING)\b"), Change.PARTITION),
)
_REFUSED_ROWS = {
    "foreignkey": "a row has no parent",
    "check": "a row breaks the check",
    "unique": "two rows hold the same",
    "primary": "two rows hold the same",
}
_TEXTS = frozenset({"VARCHAR", "TEXT", "CHAR", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT"})
_FORBID_COPY = frozenset({"INSTANT", "NOCOPY", "INPLACE"})


def blocked(case: Case, op: Op, change: Change) -> Server | None:
    """Give the server on which a change that an operation makes keeps writers out of the table until it is done.

    None where it is judged on another database, where the server lets them write, and where a clause of the statement makes the
    server refuse rather than do so.
    """
    server = case.server(op)
    if server is None or server.way(change).writes or op.lock == "NONE":
        return None
    copied = server.way(change).algorithm is Algorithm.COPY
    return None if copied and op.algorithm in _FORBID_COPY else server


def leaves_keys_unchecked(case: Case, op: Op) -> bool:
    """Tell whether foreign_key_checks is off when an operation of upgrade() comes."""
    off = False
    for other in case.migration.upgrade_ops:
        if other is op:
            break
        if isinstance(other, Statement) and (found := _CHECKS.search(other.text)):
            off = found[1].upper() in {"0", "OFF", "FALSE"}
    return off


def changes(case: Case, op: Op, server: Server) -> Iterator[Change]:
    """Give the changes of a table that an operation certainly makes; nothing of what cannot be read or has no entry."""
    if isinstance(op, ops.AddColumn):
        yield from _of_new_column(op.definition, server)
    elif isinstance(op, ops.AlterColumn):
        yield from _of_column(case, op, server)
    elif isinstance(op, ops.CreateConstraint | ops.DropConstraint):
        yield from _of_constraint(case, op)
    elif isinstance(op, ops.CreateIndex):
        yield _OF_INDEX.get(str(op.using), Change.ADD_INDEX)
    else:
        change = change_of_table(op) if isinstance(op, ops.AlterObject) else _DROPPED.get(type(op))
        yield from () if change is None else (change,)


def change_of_table(op: ops.AlterObject) -> Change | None:
    """Tell what an action of ALTER TABLE that has no operation of its own does to all rows; None for nothing that is known."""
    if op.kind != "table" or not readable(op.action):
        return None
    action = " ".join(op.action.split())
    return next((change for pattern, change in _OF_TABLE if pattern.match(action)), None)


def is_new(case: Case, op: ops.AlterObject) -> bool:
    """Tell whether a table that is altered was created earlier in this upgrade."""
    for other in case.migration.upgrade_ops:
        if other is op:
            break
        named = isinstance(other, ops.CreateTable) and readable(other.table) and readable(op.name)
        if named and place(other.schema, other.table) == place(op.schema, op.name):
            return True
    return False


def refusable(case: Case, op: Op) -> str:
    """Say what in the rows of a table may make MySQL or MariaDB refuse an operation, or nothing where no row is known to.

    What this upgrade prepared (it filled the column, deleted or changed rows of the table) or replaces is taken to fit.
    """
    moment = case.moment(op)
    if moment.new_table or moment.empty or moment.new_column or _is_prepared(case, op):
        return ""
    if isinstance(op, ops.AlterColumn):
        return _refusable_column(case, op)
    if isinstance(op, ops.CreateForeignKey | ops.CreateCheckConstraint | ops.CreateUniqueConstraint | ops.CreatePrimaryKey):
        return "" if _is_replacement(case, op) or leaves_keys_unchecked(case, op) else _REFUSED_ROWS[op.definition.kind]
    unique = isinstance(op, ops.CreateIndex) and op.unique is True
    return _REFUSED_ROWS["unique"] if unique and not _is_replacement(case, op) else ""


def replaces_key(case: Case, op: ops.DropConstraint) -> bool:
    """Tell whether the statement that drops a primary key adds another one, so that the table is rebuilt in place."""
    return any(isinstance(other, ops.CreatePrimaryKey) for other in statement(case, op))


def statement(case: Case, op: Op) -> list[Op]:
    """Give the operations of the one statement that an operation of upgrade() comes from."""
    found: list[Op] = []
    for other in case.migration.upgrade_ops:
        if not other.joined:
            if any(known is op for known in found):
                return found
            found = []
        found.append(other)
    return found


def _of_new_column(column: Column, server: Server) -> Iterator[Change]:
    if column.computed is not None:
        yield Change.ADD_STORED if column.persisted is True else Change.ADD_VIRTUAL
    elif column.autoincrement is True:
        yield Change.ADD_AUTO_INCREMENT
    elif readable(column.server_default) and is_computed(column.server_default, server.dialect):
        yield Change.ADD_COMPUTED_DEFAULT
    else:
        yield Change.ADD_COLUMN


def _of_column(case: Case, op: ops.AlterColumn, server: Server) -> Iterator[Change]:
    former, new = here(case.before(op, "type"), server.dialect), here(op.type, server.dialect)
    if isinstance(former, SqlType) and isinstance(new, SqlType):
        change = change_of_type(former, new, server.dialect)
        yield from () if change is None else (change,)
    if op.nullable is False and case.before(op, "nullable") is True:
        yield Change.SET_NOT_NULL
    if op.nullable is True and case.before(op, "nullable") is False:
        yield Change.DROP_NOT_NULL
    if op.server_default is not UNSET:
        yield Change.SET_DEFAULT
    if op.new_column is not UNSET:
        yield Change.RENAME_COLUMN


def _of_constraint(case: Case, op: ops.CreateConstraint | ops.DropConstraint) -> Iterator[Change]:
    kind = op.definition.kind if isinstance(op, ops.CreateConstraint) else case.kind(op)
    if kind not in _OF_CONSTRAINT:
        return
    added, dropped = _OF_CONSTRAINT[kind]
    if isinstance(op, ops.CreateConstraint):
        yield Change.ADD_UNCHECKED_FOREIGN_KEY if kind == "foreignkey" and leaves_keys_unchecked(case, op) else added
    elif not (kind == "primary" and replaces_key(case, op)):
        yield dropped


def _refusable_column(case: Case, op: ops.AlterColumn) -> str:
    was_nullable = case.before(op, "nullable")
    restated = op.sql or op.type is not UNSET  # MySQL takes whole definitions
    if op.nullable is False and (was_nullable is True or (was_nullable is UNKNOWN and not restated)):
        return "a row holds NULL"
    dialect = case.dialect(op)
    former, new = here(case.before(op, "type"), dialect), here(op.type, dialect)
    if isinstance(former, SqlType) and isinstance(new, SqlType):
        converted = former.name in _TEXTS and new.name.isupper() and new.name not in _TEXTS
        return "a value does not fit" if converted or is_narrowing(former, new, dialect) else ""
    return ""


def _is_prepared(case: Case, op: Op) -> bool:
    """Tell whether this upgrade changed or deleted rows of an operation's table before it, or filled the columns it added."""
    table = case.moment(op).table
    for other in case.migration.upgrade_ops:
        if other is op:
            break
        if isinstance(other, ops.Update | ops.Delete) and case.moment(other).table in {None, table}:
            return True
        if isinstance(other, ops.AddColumn) and case.moment(other).table is table and other.column in _columns(op):
            return True
    return False


def _columns(op: Op) -> tuple[object, ...]:
    columns = op.columns if isinstance(op, ops.CreateConstraint | ops.CreateIndex) else ()
    return () if columns is UNKNOWN else columns


def _is_replacement(case: Case, op: Op) -> bool:
    """Tell whether this upgrade dropped a constraint or index of the table before, in whose place another one comes."""
    kinds = ops.DropIndex | ops.DropConstraint
    table = case.moment(op).table
    for other in case.migration.upgrade_ops:
        if other is op:
            return False
        if isinstance(other, kinds) and case.moment(other).table in {None, table}:
            return True
    return False
