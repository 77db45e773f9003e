"""MRT421."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule


class ConcurrentlyInTransaction(Rule):
    """Something is built or dropped CONCURRENTLY inside of the migration's transaction.

    PostgreSQL refuses that: “cannot run inside a transaction block”. The migration stops there on the first database that it
    meets, unless env.py runs without transactions.
    """

    code = "MRT421"
    name = "concurrently-in-transaction"
    severity = Severity.ERROR
    message = "PostgreSQL refuses to {does} {the_index} CONCURRENTLY in a transaction, and this is in no autocommit block"
    instead = "put it into a block of its own: with op.get_context().autocommit_block(): …"
    dialects = ("postgresql",)
    manual = (
        (
            "PostgreSQL, “Building Indexes Concurrently”: "
            "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
        ),
        "Alembic, MigrationContext.autocommit_block: https://alembic.sqlalchemy.org/en/latest/api/runtime.html",
    )
    fix = FixSafety.SAFE
    fixes = "The statement is put into an autocommit block."
    exemptions = (
        "It is in an autocommit block, or after a COMMIT.",
        "Whether it is concurrent cannot be read.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)  # MRT421
                op.execute("DROP INDEX CONCURRENTLY ix_users_age")  # MRT421
            """,
        ),
    )

    good = (
        Example(
            title="In an autocommit block",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)
                    op.execute("DROP INDEX CONCURRENTLY ix_users_age")
            """,
        ),
        Example(
            title="After a COMMIT",
            source="""
            def upgrade():
                op.execute("COMMIT")
                op.execute("CREATE INDEX CONCURRENTLY ix_users_email ON users (email)")
            """,
        ),
        Example(
            title="Not concurrently",
            source="""
            def upgrade():
                op.create_index("ix_users_email", "users", ["email"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for everything that PostgreSQL refuses, in either direction."""
        for function in (case.migration.upgrade_ops, case.migration.downgrade_ops):
            committed = False
            for op in function:
                committed = committed or (isinstance(op, ops.Statement) and op.command == "COMMIT")
                if not isinstance(op, ops.CreateIndex | ops.DropIndex) or op.concurrently is not True or op.autocommit or committed:
                    continue
                if case.runs(op, self.dialects):
                    does = "build" if isinstance(op, ops.CreateIndex) else "drop"
                    yield self.found(case.migration, op, **names(op), does=does)
