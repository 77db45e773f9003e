"""Raw SQL as operations: `ALTER TABLE … DROP COLUMN` in a string is the same `DropColumn` as `op.drop_column`.

Statements are read by their keywords from tokens, so comments and literals never count. sqlglot does not read migrations well
enough: of 483 statements it leaves 76 opaque and refuses 22, in 211 ms where this reader takes 124. Only expressions and
subqueries that an UPDATE computes its values from are read by sqlglot, which is imported only then.
"""

from __future__ import annotations

from typing import Final

from mrt_lint.model.lean import replace
from mrt_lint.model.migration import Migration, MigrationFunction, UnreadableCall
from mrt_lint.model.ops import Execute, Op
from mrt_lint.model.values import UNKNOWN, SourceSpan
from mrt_lint.parse.sql.binds import find_bind_fault, with_constants
from mrt_lint.parse.sql.routine import Routines
from mrt_lint.parse.sql.syntax import find_syntax_error
from mrt_lint.parse.sql.tokens import MYSQL, backticked

MAX_CHARACTERS: Final = 1_000_000
"""Characters of raw SQL that are read in one function."""
MAX_OPERATIONS: Final = 6_000
"""Operations that one function may have with those that its SQL performs."""


def expand_sql(migration: Migration, dialect: str | None = None) -> Migration:
    """Insert after every `Execute` of a migration the operations that its statement performs.

    They share its place, guard, certainty and transaction, and carry `sql=True`. `dialect` is SQLAlchemy's name of the database
    that the migration is written for; a guard that leaves one dialect only decides before it. A statement too many or too long
    is left as it is, and unreadable.
    """
    unreadable = list(migration.unreadable)
    routines = Routines()
    upgrade = _expanded_ops(migration.upgrade, "upgrade", dialect, unreadable, routines)
    downgrade = _expanded_ops(migration.downgrade, "downgrade", dialect, unreadable, routines)
    return replace(migration, upgrade=upgrade, downgrade=downgrade, unreadable=tuple(unreadable))


def read_sql(text: str, dialect: str | None = None, routines: Routines | None = None) -> tuple[Op, ...]:
    """Read SQL text, one statement or several, as operations in the order in which the database runs them.

    Accepts any text and never raises: what has no operation of its own is a `Statement`. `dialect` is SQLAlchemy's name; without
    one the text is read as PostgreSQL, or as MySQL where it quotes names in backticks. Unquoted names are folded to lower case
    on PostgreSQL and Oracle, as `op.` calls write them, and kept as written elsewhere. `routines` are those that were made before.
    """
    if dialect is None and backticked(text):
        dialect = "mysql"
    return (routines or Routines()).read_sql(text, dialect)


def _expanded_ops(
    function: MigrationFunction | None, name: str, dialect: str | None, unreadable: list[UnreadableCall], routines: Routines
) -> MigrationFunction | None:
    if function is None or not any(isinstance(op, Execute) for op in function.ops):
        return function
    ops: list[Op] = []
    characters, room = 0, MAX_OPERATIONS - len(function.ops)
    for op in function.ops:
        ops.append(op)
        if not isinstance(op, Execute) or op.statement is UNKNOWN:
            continue
        characters += len(op.statement)
        meant = _dialect(op, dialect)
        text = with_constants(op.statement, op.bound, meant) if op.bound is not None else op.statement
        found = read_sql(text, meant, routines) if characters <= MAX_CHARACTERS else None
        if found is None or len(found) > room:
            unreadable.append(_too_much(op, name, "it has too many operations" if found else "it has too much raw SQL"))
            continue
        room -= len(found)
        ops[-1] = _judged(op, op.statement, meant)
        ops += (_placed(each, op) for each in found)
    return replace(function, ops=tuple(ops))


def _judged(execute: Execute, text: str, dialect: str | None) -> Execute:
    """Return a statement with what makes it fail whatever the database holds, if anything does."""
    if error := find_syntax_error(text, dialect):
        broken = f"this is no SQL that a database parses: {error}"
        return replace(execute, broken=broken, mend="correct the statement, and run it once")
    fault = find_bind_fault(text, execute.bound, dialect) if execute.bound is not None else None
    return replace(execute, broken=fault.why, mend=fault.instead) if fault else execute


def _too_much(execute: Execute, function: str, why: str) -> UnreadableCall:
    lines = str(execute.statement).strip().splitlines() or [""]
    return UnreadableCall(
        place=execute.origin or SourceSpan(1, 1, 1, 1),
        source=lines[0],
        why=f"{function}() is read in part, for {why}: this statement is left out",
        function=function,
        dialects=execute.dialects,
    )


def _placed(found: Op, execute: Execute) -> Op:
    return replace(
        found,
        origin=execute.origin,
        dialects=execute.dialects,
        certain=found.certain and execute.certain,
        autocommit=execute.autocommit,
        batch=execute.batch,
        caught=execute.caught,
        elsewhere=execute.elsewhere,
        savepoint=execute.savepoint,
        repeated=execute.repeated,
        found_none=execute.found_none,
        if_absent=execute.if_absent,
    )


def _dialect(execute: Execute, declared: str | None) -> str | None:
    """Return the dialect that a statement is written in: its guard's, or else the project's."""
    guard = execute.dialects
    if guard is None or declared in guard:
        return declared
    if len(guard) == 1:
        return guard[0]
    # the two are read alike where they are guarded together
    return "mysql" if guard and MYSQL.issuperset(guard) else None
