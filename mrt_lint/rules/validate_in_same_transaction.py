"""MRT424."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.transaction import surroundings
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class ValidateInSameTransaction(Rule):
    """A constraint is added NOT VALID and validated in the same transaction.

    The lock that ADD CONSTRAINT took is held until the transaction ends, so reads and writes wait while VALIDATE looks at every
    row: exactly what NOT VALID was meant to avoid.
    """

    code = "MRT424"
    name = "validate-in-same-transaction"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL validates {the_constraint} of '{table}' while it still holds the lock under which this upgrade added it"
    instead = "validate it in a revision of its own, or in an autocommit block"
    dialects = ("postgresql",)
    manual = ("PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",)
    exemptions = (
        "The validation is in an autocommit block, after a COMMIT, or in another revision.",
        "The table was created earlier in the same upgrade.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="One after the other",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ADD CONSTRAINT ck_age CHECK (age > 0) NOT VALID")
                op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_age")  # MRT424
            """,
        ),
    )

    good = (
        Example(
            title="In an autocommit block",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ADD CONSTRAINT ck_age CHECK (age > 0) NOT VALID")
                with op.get_context().autocommit_block():
                    op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_age")
            """,
        ),
        Example(
            title="After a COMMIT",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ADD CONSTRAINT ck_age CHECK (age > 0) NOT VALID")
                op.execute("COMMIT")
                op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_age")
            """,
        ),
        Example(
            title="Added in an earlier revision",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_age")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every validation under the lock."""
        transactions = {id(op): number for op, _, number in surroundings(case.migration.upgrade_ops)}
        added = {
            (transactions[id(op)], fold(op.constraint))
            for op in case.migration.upgrade_ops
            if isinstance(op, ops.CreateConstraint) and isinstance(op.constraint, str)
        }
        for op in case.ops_for(self, ops.ValidateConstraint):
            same = isinstance(op.constraint, str) and (transactions[id(op)], fold(op.constraint)) in added
            if same and not op.autocommit and case.makes_constraint(op):
                yield self.found(case.migration, op, **names(op))
