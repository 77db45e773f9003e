"""Which transaction an operation runs in, and what PostgreSQL refuses to do in one.

Alembic opens a transaction around a migration; an autocommit block and COMMIT end it. After a COMMIT in SQL, psycopg2 and asyncpg
go on without a transaction; psycopg 3 begins another one with the next statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.ops import Op

_ENDS: Final = frozenset({"COMMIT", "END", "ROLLBACK", "ABORT"})
_BEGINS: Final = frozenset({"BEGIN", "START TRANSACTION"})
# made of files, which no rollback would remove
_SERVER_WIDE: Final = frozenset({"database", "tablespace"})
_ALONE: Final = re.compile(r"\s*(DISCARD\s+ALL|(?:COMMIT|ROLLBACK)\s+PREPARED)\b", re.IGNORECASE)
# these end no transaction, though they begin like what does
_GOES_ON: Final = re.compile(r"\s*(COMMIT|ROLLBACK)\s+(PREPARED|TO)\b", re.IGNORECASE)
_REFRESHES: Final = re.compile(r"(REFRESH|SET|ADD|DROP) PUBLICATION")
_NO_REFRESH: Final = re.compile(r"(REFRESH|COPY_DATA)\s*=\s*'?(FALSE|OFF|0)", re.IGNORECASE)
# it is the slot on the other server that no transaction can take back
_NO_SLOT: Final = re.compile(r"(connect|create_slot)\s*=\s*'?(false|off|0)", re.IGNORECASE)
# from 12 on only the use of the new value has to wait for the commit (release notes of PostgreSQL 12)
_FIRST_WITH_ADD_VALUE: Final = (12, 0)


class Surroundings(Enum):
    """Where an operation runs: in the migration's transaction, one that SQL began, a text of several, after COMMIT, or alone."""

    MIGRATION = "this is in no autocommit block"
    BEGUN = "a BEGIN before it has opened one"
    TEXT = "several statements in one text are one"
    COMMITTED = "psycopg 3 begins one again after a COMMIT in SQL; only psycopg2 and asyncpg do not"
    NONE = ""


def surroundings(function: Iterable[Op]) -> Iterator[tuple[Op, Surroundings, int]]:
    """Yield the operations of a function with where they run and the number of their transaction."""
    number, begun, committed = 0, False, False
    together = _together(function)
    was_alone = False
    for op in function:
        if op.autocommit != was_alone:
            number, begun, was_alone = number + 1, False, op.autocommit
        if isinstance(op, ops.Statement) and (op.command in _BEGINS or ends_transaction(op)):
            chained = "CHAIN" in op.text.upper().split()
            number, begun, committed = number + 1, op.command in _BEGINS, op.command in _ENDS and not chained
        if begun:
            where = Surroundings.BEGUN
        elif not op.autocommit and not committed:
            where = Surroundings.MIGRATION
        elif id(op) in together:
            where = Surroundings.TEXT
        else:
            where = Surroundings.NONE if op.autocommit else Surroundings.COMMITTED
        # alone, each statement is a transaction of its own
        number += where in {Surroundings.NONE, Surroundings.COMMITTED}
        yield op, where, number


def ends_transaction(op: ops.Statement) -> bool:
    """Return whether a statement ends the transaction in which it runs, with or without what was done in it."""
    return op.command in _ENDS and not _GOES_ON.match(op.text)


def _together(function: Iterable[Op]) -> set[int]:
    """Return the operations that come from a text with other statements beside them."""
    found: set[int] = set()
    group: list[Op] = []
    # the empty one ends the last group
    for op in [*function, ops.Execute(statement="")]:
        if op.sql:
            group.append(op)
            continue
        statements = [each for each in group if not each.joined]
        if len(statements) > 1:
            found.update(map(id, group))
        group = []
    return found


def refused(op: Op, version: tuple[int, ...]) -> str:
    """Return what PostgreSQL of a version refuses to do in a transaction, as a clause; nothing if it does not refuse.

    Source: PostgreSQL's PreventInTransactionBlock(), and the manual's page of each statement.
    """
    if isinstance(op, ops.CreateIndex | ops.DropIndex):
        does = "build" if isinstance(op, ops.CreateIndex) else "drop"
        return f"to {does} {names(op)['the_index']} CONCURRENTLY" if op.concurrently is True else ""
    if isinstance(op, ops.Reindex):
        return _refused_rebuild(op)
    if isinstance(op, ops.AddEnumValue):
        return "ALTER TYPE … ADD VALUE" if version < _FIRST_WITH_ADD_VALUE else ""
    if isinstance(op, ops.Statement):
        alone = _ALONE.match(op.text)
        return op.command if op.command == "VACUUM" else " ".join(alone[1].upper().split()) if alone else ""
    if isinstance(op, ops.CreateObject | ops.DropObject):
        verb = op.op.partition("_")[0].upper()
        slot = op.kind == "subscription" and isinstance(op, ops.CreateObject) and not _NO_SLOT.search(str(op.body))
        return f"{verb} {op.kind.upper()}" if op.kind in _SERVER_WIDE or slot else ""
    if isinstance(op, ops.AlterObject):
        action = op.action if isinstance(op.action, str) else ""
        if op.kind == "table" and action.startswith("DETACH PARTITION") and action.endswith("CONCURRENTLY"):
            return "DETACH PARTITION … CONCURRENTLY"
        if op.kind == "subscription" and _REFRESHES.match(action) and not _NO_REFRESH.search(action):
            return f"ALTER SUBSCRIPTION … {' '.join(action.split()[:2])}"
        if op.kind == "system" or (op.kind == "database" and action.startswith("SET TABLESPACE")):
            return f"ALTER {op.kind.upper()}"
    return ""


def _refused_rebuild(op: ops.Reindex) -> str:
    if op.command == "REINDEX":
        wide = op.scope in {"SCHEMA", "DATABASE", "SYSTEM"}
        return "REINDEX CONCURRENTLY" if op.concurrently else f"REINDEX {op.scope}" if wide else ""
    if op.command == "CLUSTER":
        return "CLUSTER without a table" if op.table is None else ""
    return op.command if op.command.startswith("VACUUM") else ""
