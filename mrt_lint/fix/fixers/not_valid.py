"""MRT422, MRT423: constraints that are added NOT VALID, so that no row has to be looked at under the lock."""

from __future__ import annotations

from mrt_lint.analysis.wording import names
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.fixer import Fixer
from mrt_lint.fix.proposed_fix import FixSafety, NoFix, ProposedFix
from mrt_lint.fix.statement import CallStatement
from mrt_lint.model.finding import Finding
from mrt_lint.model.ops import CreateCheckConstraint, CreateForeignKey


class NotValidFixer(Fixer):
    """Sets `postgresql_not_valid=True`.

    It is never safe: the rows that are there stay unchecked until VALIDATE CONSTRAINT, which needs a transaction of its own
    (MRT424) and so belongs in a later revision. The note names that statement.
    """

    codes = ("MRT422", "MRT423")

    def propose(self, context: FixContext, finding: Finding) -> ProposedFix:
        """Return the fix for the constraint that a finding is about. Raises NoFix on MySQL and MariaDB, which know no NOT VALID."""
        op = context.op_at(finding, CreateForeignKey, CreateCheckConstraint)
        if context.case.server(op) is not None:
            raise NoFix("MySQL and MariaDB have no NOT VALID")
        statement = CallStatement.at(context.text, op.origin)
        if getattr(op, "constraint", None) is None:
            raise NoFix("without a name it cannot be validated later")
        words = names(op)
        later = f"ALTER TABLE {words['sql_table']} VALIDATE CONSTRAINT {words['sql_constraint']}"
        return ProposedFix(
            edits=(statement.replaced(statement.with_keyword("postgresql_not_valid", "True", deeper=False)),),
            safety=FixSafety.UNSAFE,
            why="the rows that are there stay unchecked until a later revision validates them",
            note=f'validate it in a later revision: op.execute("{later}")',
        )
