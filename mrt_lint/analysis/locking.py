"""Which operations hold a lock that others wait for."""

from __future__ import annotations

import re

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable
from mrt_lint.model import ops
from mrt_lint.model.ops import Op

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
# 0 is no limit
_LIMIT = re.compile(r"\block_timeout\b(?!\s*(=|TO)\s*'?0)", re.IGNORECASE)
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


def is_partitioned(case: MigrationCase, op: Op) -> bool:
    """Return whether an operation's table is one that PostgreSQL keeps in partitions: it has no CONCURRENTLY, nor NOT VALID, there.

    Sources: PostgreSQL, CREATE INDEX and ALTER TABLE; NOT VALID foreign keys are taken from 18 on.
    """
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    return known is not None and known.partitioned
