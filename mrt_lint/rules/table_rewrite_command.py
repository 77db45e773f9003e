"""MRT428."""

from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.phrase import names
from mrt_lint.rule import Example, Finding, Rule, Severity


class TableRewriteCommand(Rule):
    """REINDEX, CLUSTER or VACUUM FULL runs in a migration.

    They rebuild a table or its indexes while nobody can write, most of them while nobody can read, for as long as it takes. They
    change nothing that the application needs, so they do not belong into its deployment.
    """

    code = "MRT428"
    name = "table-rewrite-command"
    severity = Severity.WARNING
    message = "{command} locks {table_words} until everything is rebuilt"
    instead = "run it as maintenance, outside of migrations: REINDEX CONCURRENTLY, or pg_repack in place of CLUSTER and VACUUM FULL"
    dialects = ("postgresql",)
    manual = ("PostgreSQL, “Explicit Locking”: https://www.postgresql.org/docs/current/explicit-locking.html",)
    exemptions = (
        "REINDEX CONCURRENTLY.",
        "The table was created earlier in the same upgrade.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="In SQL",
            source="""
            def upgrade():
                op.execute("REINDEX TABLE users")  # MRT428
                op.execute("CLUSTER users USING ix_users_id")  # MRT428
                op.execute("VACUUM FULL users")  # MRT428
            """,
        ),
    )

    good = (
        Example(
            title="Concurrently, or harmless",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.execute("REINDEX INDEX CONCURRENTLY ix_users_id")
                    op.execute("VACUUM ANALYZE users")
            """,
        ),
    )

    def check(self, case: Case) -> Iterator[Finding]:
        """Yield a finding for every such command."""
        for op in case.concerned(self, ops.Reindex):
            if not op.concurrently:
                table_words = names(op)["the_table"] if op.table is not None else "what it works on"
                yield self.found(case.migration, op, command=op.command, table_words=table_words)
