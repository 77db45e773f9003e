"""MRT407, MRT420, MRT421: indexes that are built and dropped CONCURRENTLY, outside of the transaction."""

from __future__ import annotations

import ast
import re
from contextlib import suppress

from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.fixer import Fixer
from mrt_lint.fix.proposed_fix import FixSafety, NoFix, ProposedFix, TextEdit
from mrt_lint.fix.statement import CallStatement
from mrt_lint.history.schema import fold
from mrt_lint.model.finding import Finding
from mrt_lint.model.ops import CreateIndex, CreateTable, DropIndex, Execute, Op

_CONCURRENTLY = "postgresql_concurrently"
_FOREIGN = "PostgreSQL alone understands CONCURRENTLY in SQL: declare it, --dialect postgresql, where nothing else runs this"


class ConcurrentlyFixer(Fixer):
    """Sets `postgresql_concurrently=True` and puts the call into an autocommit block, and its reverse in downgrade() as well.

    The block commits what came before it and itself. If the function does nothing else the fix is safe; else, along with a second
    index as well, a failure would leave half a migration that no retry gets over, and the author has to say so. So they have where
    CONCURRENTLY comes into SQL that may run on another database, which does not know the word; a keyword of Alembic's it skips.
    """

    codes = ("MRT407", "MRT420", "MRT421")

    def propose(self, context: FixContext, finding: Finding) -> ProposedFix:
        """Return the fix for the index that a finding is about."""
        op = context.op_at(finding, CreateIndex, DropIndex)
        edits, function = _rewritten(context, op)
        foreign = _is_foreign(context, op)
        # MRT421 finds CONCURRENTLY in a transaction, which fails as it is: nothing can get worse
        committed = None if _is_alone(context, op) or finding.code == "MRT421" else function
        for reverse in _reverses(context, op) if finding.code != "MRT421" else ():
            with suppress(NoFix):  # it works as it is, and was not reported
                more, function = _rewritten(context, reverse)
                edits += more
                foreign = foreign or _is_foreign(context, reverse)
                committed = committed or (None if _is_alone(context, reverse) else function)
        breaks = f"it commits {committed}() step by step, so a failure leaves half of it, and a retry stumbles over that"
        why = [_FOREIGN] * foreign + [breaks] * bool(committed)
        return ProposedFix(edits=edits, safety=FixSafety.UNSAFE if why else FixSafety.SAFE, why="; ".join(why))


def _is_foreign(context: FixContext, op: Op) -> bool:
    """Return whether CONCURRENTLY would be added to SQL that is not known to run on PostgreSQL only."""
    assert isinstance(op, CreateIndex | DropIndex)  # noqa: S101  for mypy
    return op.sql and op.concurrently is not True and context.target.dialect != "postgresql" and op.dialects != ("postgresql",)


def _is_alone(context: FixContext, op: Op) -> bool:
    """Return whether the function does nothing else, not even work on another index or a SET LOCAL."""
    migration = context.migration
    functions = (migration.upgrade_ops, migration.downgrade_ops)
    ops = next(ops for ops in functions if any(other is op for other in ops))
    name = "upgrade" if ops is migration.upgrade_ops else "downgrade"
    # what cannot be read may be the work that a failure would leave half done
    return migration.readable(name) and all(other is op or _is_call_of(other, op) for other in ops)


def _is_call_of(other: Op, op: Op) -> bool:
    """Return whether it is the call whose SQL an operation was read from."""
    return isinstance(other, Execute) and op.sql and other.origin == op.origin


def _rewritten(context: FixContext, op: Op) -> tuple[tuple[TextEdit, ...], str]:
    """Return the edits for one index, and the function that they are in. Raises NoFix."""
    if op.batch:
        raise NoFix("a batch does all its work in one transaction")
    if not op.certain:
        raise NoFix("reading cannot decide whether it runs")
    if _is_partitioned(context, getattr(op, "table", None)):
        raise NoFix("PostgreSQL builds and drops no index of a partitioned table concurrently")
    statement = CallStatement.at(context.text, op.origin)
    if any(isinstance(outer, ast.For | ast.While | ast.Try) for outer in context.text.enclosing(statement.node)):
        raise NoFix("it is in a loop or a try")
    deeper = not op.autocommit
    if deeper and any(isinstance(outer, ast.With) for outer in context.text.enclosing(statement.node)):
        raise NoFix("it is in a block of another kind")
    assert isinstance(op, CreateIndex | DropIndex)  # noqa: S101  for mypy
    if op.concurrently is True:
        code = statement.moved(deeper=deeper)
    elif op.sql:
        code = _in_sql(context, op, statement, deeper=deeper)
    else:
        code = statement.with_keyword(_CONCURRENTLY, "True", deeper=deeper)
    edit = statement.in_autocommit_block(code) if deeper else statement.replaced(code)
    return (edit,), statement.function.name


def _is_partitioned(context: FixContext, table: object) -> bool:
    """Return whether a migration before made the table with PARTITION BY.

    Source: https://www.postgresql.org/docs/current/sql-createindex.html ("Building Indexes Concurrently").
    """
    history = context.rule_context.history
    if history is None or not isinstance(table, str):
        return False
    for migration in map(history.migrations.__getitem__, history.makers.by_name.get(("table", fold(table)), ())):
        for op in migration.upgrade_ops:
            if isinstance(op, CreateTable) and isinstance(op.table, str) and fold(op.table) == fold(table):
                with suppress(NoFix):
                    source = ast.unparse(context.text_of(migration).call(op.origin))
                    return re.search(r"partition[ _]by", source, re.IGNORECASE) is not None
    return False


def _in_sql(context: FixContext, op: Op, statement: CallStatement, *, deeper: bool) -> str:
    """Return the call with CONCURRENTLY in its SQL. Raises NoFix if that is not one statement in one plain literal."""
    here = [other for other in (*context.migration.upgrade_ops, *context.migration.downgrade_ops) if other.origin == op.origin]
    literals = [node for node in ast.walk(statement.call) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if len(here) != 2 or len(literals) != 1:  # noqa: PLR2004  the call and what its SQL means
        raise NoFix("its SQL is not one statement in one plain string")
    written = statement.text.source(literals[0])
    found = re.match(r"""[rRuU]?("{3}|'{3}|"|')\s*(CREATE(\s+UNIQUE)?|DROP)\s+INDEX\b""", written, re.IGNORECASE)
    if found is None:
        raise NoFix("its SQL is not one statement in one plain string")
    if re.search(r"\bCASCADE\b", written, re.IGNORECASE):
        raise NoFix("PostgreSQL knows no DROP INDEX CONCURRENTLY … CASCADE")
    # as INDEX is written
    word = "CONCURRENTLY" if found[0][-5:].isupper() else "concurrently"
    code = statement.moved(deeper=deeper)
    return code.replace(found[0], f"{found[0]} {word}", 1)


def _reverses(context: FixContext, op: Op) -> list[Op]:
    """Return the operations of downgrade() on the same index that are not concurrent yet."""
    kind = DropIndex if isinstance(op, CreateIndex) else CreateIndex
    return [
        other
        for other in context.migration.downgrade_ops
        if isinstance(other, kind) and other.index == getattr(op, "index", None) and other.concurrently is False
    ]
