"""MRT432."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class HiddenInvalidIndex(Rule):
    """An index is created CONCURRENTLY and IF NOT EXISTS.

    When such a build fails it leaves an INVALID index of that name behind, which no query uses. IF NOT EXISTS then finds it, and
    the migration succeeds from then on without an index.
    """

    code = "MRT432"
    name = "hidden-invalid-index"
    severity = Severity.WARNING
    consequence = Consequence.HYGIENE
    message = "IF NOT EXISTS takes an INVALID {the_index}, left by a build that failed, for a good one"
    instead = (
        "drop it first: op.drop_index(«{index}», table_name=«{last}»{in_schema}, postgresql_concurrently=True, if_exists=True), "
        "then create it without if_not_exists"
    )
    unread = DialectWording(
        message=message,
        instead=(
            "drop it first by the same name: op.drop_index(…, table_name=…, postgresql_concurrently=True, if_exists=True), then "
            "create it without if_not_exists"
        ),
    )
    dialects = ("postgresql",)
    manual = (
        (
            "PostgreSQL, “Building Indexes Concurrently”: "
            "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
        ),
    )
    exemptions = (
        "The same upgrade drops an index of that name before.",
        "The index is not built concurrently.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.create_index("ix_a", "users", ["a"], postgresql_concurrently=True, if_not_exists=True)  # MRT432
                    op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_b ON users (b)")  # MRT432
            """,
        ),
    )

    good = (
        Example(
            title="Dropped first",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_a")
                    op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_a ON users (a)")
            """,
        ),
        Example(
            title="One or the other",
            source="""
            def upgrade():
                op.create_index("ix_b", "users", ["b"], if_not_exists=True)
                with op.get_context().autocommit_block():
                    op.create_index("ix_a", "users", ["a"], postgresql_concurrently=True)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every index that may be there and of no use."""
        dropped = {op.index for op in case.migration.upgrade_ops if isinstance(op, ops.DropIndex)}
        for op in case.ops_for(self, ops.CreateIndex):
            if op.concurrently is True and op.if_not_exists is True and op.index not in dropped:
                is_known = readable(op.index) and readable(op.table)
                what = names(op) if is_known else names(op) | {"the_index": "index"}
                yield self.found(case.migration, op, None if is_known else self.unread, **what)
