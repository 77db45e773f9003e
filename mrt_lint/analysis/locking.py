"""Which operations hold a lock that others wait for."""

from __future__ import annotations

import re

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.transaction import surroundings
from mrt_lint.analysis.volatile_default import is_volatile
from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import HOLE, UNSET

_HEAVY = (
    ops.AddColumn,
    ops.AlterColumn,
    ops.CreateConstraint,
    ops.CreateIndex,
    ops.DropColumn,
    ops.DropConstraint,
    ops.DropIndex,
    ops.DropTable,
    ops.RenameConstraint,
    ops.RenameTable,
)
_SHORT = (
    ops.AddEnumValue,
    ops.CreateTable,
    ops.CreateTableComment,
    ops.DropColumn,
    ops.DropConstraint,
    ops.DropIndex,
    ops.DropObject,
    ops.DropTable,
    ops.RenameConstraint,
    ops.RenameIndex,
    ops.RenameObject,
    ops.RenameTable,
    ops.Truncate,
)
# 0 is no limit
_LIMIT = re.compile(r"\block_timeout\b(?!\s*(=|TO)\s*'?0)", re.IGNORECASE)
_FOR_TRANSACTION = re.compile(r"\bset\s+local\b|\bset_config\s*\(.*,\s*true\s*\)", re.IGNORECASE | re.DOTALL)
_AT_ONCE = re.compile(r"\bnowait\b", re.IGNORECASE)
_LIMIT_OF_MYSQL = re.compile(r"\block_wait_timeout\b", re.IGNORECASE)


def takes_heavy_lock(case: MigrationCase, op: Op) -> bool:
    """Return whether an operation of upgrade() locks a table that existed before, so that writers or all sessions wait.

    Sources: PostgreSQL, “Explicit Locking” and ALTER TABLE; MySQL, “Metadata Locking”. CONCURRENTLY does not block others.
    """
    if not isinstance(op, _HEAVY) or getattr(op, "concurrently", False) is not False:
        return False
    if isinstance(op, ops.DropIndex):
        return case.existed_before(op)
    return not case.state_before(op).new_table


def limits_wait(case: MigrationCase, op: Op) -> bool:
    """Return whether an operation limits how long the later ones wait for a lock."""
    limit = _LIMIT if case.server(op) is None else _LIMIT_OF_MYSQL
    return isinstance(op, ops.Statement) and limit.search(op.text) is not None


def waits_briefly(case: MigrationCase, lock: ops.Statement) -> bool:
    """Return whether a LOCK TABLE gives up at once, or after a time that is set for its session or transaction before."""
    if _AT_ONCE.search(lock.text):
        return True
    numbers = {id(op): number for op, _, number in surroundings(case.migration.upgrade_ops)}
    return any(
        limits_wait(case, op) and (numbers[id(op)] == numbers[id(lock)] or not _FOR_TRANSACTION.search(op.text))
        for op in case.earlier(lock)
        if isinstance(op, ops.Statement)
    )


def under_lock(case: MigrationCase, lock: ops.Statement) -> list[Op]:
    """Return the operations of upgrade() behind a lock in its transaction."""
    numbers = {id(op): number for op, _, number in surroundings(case.migration.upgrade_ops)}
    return [op for op in case.later(lock) if numbers[id(op)] == numbers[id(lock)]]


def is_short(case: MigrationCase, behind: list[Op]) -> bool:
    """Return whether none of some operations of upgrade() goes through rows, as far as they could be read."""
    return case.is_readable("upgrade") and not any(map(_takes_long, behind))


def _takes_long(op: Op) -> bool:
    if isinstance(op, ops.Execute):
        return not isinstance(op.statement, str) or HOLE in op.statement
    if isinstance(op, ops.Statement):
        return op.effect is not False or op.command in {"SELECT", "WITH", "VALUES"}
    if isinstance(op, ops.AddColumn):
        default = op.definition.server_default
        return op.definition.computed is not None or (readable(default) and is_volatile(str(default)))
    if isinstance(op, ops.AlterColumn):
        return op.type is not UNSET or op.nullable is False
    if isinstance(op, ops.CreateForeignKey | ops.CreateCheckConstraint):
        return op.definition.not_valid is not True
    if isinstance(op, ops.CreateObject):
        return op.kind == "materialized view"
    return not isinstance(op, _SHORT)


def is_partitioned(case: MigrationCase, op: Op) -> bool:
    """Return whether an operation's table is one that PostgreSQL keeps in partitions: it has no CONCURRENTLY, nor NOT VALID, there.

    Sources: PostgreSQL, CREATE INDEX and ALTER TABLE; NOT VALID foreign keys are taken from 18 on.
    """
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    return known is not None and known.partitioned
