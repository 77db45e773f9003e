"""MRT420."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule


class DropIndexWithoutConcurrently(Rule):
    """An index is dropped on a PostgreSQL table without CONCURRENTLY.

    DROP INDEX waits for an exclusive lock on the table, and while it waits behind one long query every other query, also a plain
    SELECT, waits behind it. The lock itself lasts a moment, so this rule applies only when selected.
    """

    code = "MRT420"
    name = "drop-index-without-concurrently"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL blocks reads and writes of {table_words} to drop {the_index}"
    instead = (
        "with op.get_context().autocommit_block(): op.drop_index(«{index}», table_name=«{last}»{in_schema}, "
        "postgresql_concurrently=True)"
    )
    dialects = ("postgresql",)
    default = False
    manual = ("PostgreSQL, DROP INDEX: https://www.postgresql.org/docs/current/sql-dropindex.html",)
    fix = FixSafety.SAFE
    fixes = (
        "`postgresql_concurrently=True`, in an autocommit block; the index in `downgrade()` likewise. Where the function does "
        "anything else, a second index included, only with `--unsafe-fixes`: the block commits step by step, and a retry after a "
        "failure finds the first half done."
    )
    exemptions = (
        "The index or its table was created earlier in the same upgrade, or the table is dropped in it.",
        "Whether it is dropped concurrently cannot be read, or, under a condition, which one it is.",
        "The history, which knows the table, never made it: DROP INDEX IF EXISTS has nothing to lock.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL",
            source="""
            def upgrade():
                op.drop_index("ix_users_email", table_name="users")  # MRT420
                with op.batch_alter_table("users") as batch:
                    batch.drop_index("ix_users_name")  # MRT420
                op.execute("DROP INDEX IF EXISTS ix_users_age")  # MRT420
            """,
        ),
    )

    good = (
        Example(
            title="Concurrently, outside of the transaction",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.drop_index("ix_users_email", table_name="users", postgresql_concurrently=True)
                    op.execute("DROP INDEX CONCURRENTLY ix_users_age")
            """,
        ),
        Example(
            title="An index or table of this upgrade's own, or a table that goes",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, index=True))
                op.drop_index("ix_notes_id", table_name="notes")
                op.create_index("ix_move", "users", ["name"])
                op.drop_index("ix_move", table_name="users")
                op.drop_index("ix_old", table_name="old")
                op.drop_table("old")
            """,
        ),
        Example(
            title="MySQL's statements, which PostgreSQL does not know",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users DROP INDEX ix_users_email")
                op.execute("DROP INDEX ix_users_age ON users")
            """,
        ),
        Example(
            title="One that is not there, and one that may be",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.drop_index("ix_of_long_ago", table_name="users", if_exists=True)
                for index in sa.inspect(op.get_bind()).get_indexes("teams"):
                    op.drop_index(index["name"], table_name="teams")
            """,
        ),
        Example(
            title="Another database",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.drop_index("ix_users_email", table_name="users")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every index that is dropped under the lock."""
        for op in case.ops_for(self, ops.DropIndex):
            if op.concurrently is not False or not case.existed_before(op) or (op.sql and op.table is not None):
                continue  # in PostgreSQL's own SQL a drop names no table
            found = names(op)
            table_words = found["the_table"] if op.table is not None else "its table"
            yield self.found(case.migration, op, **found, table_words=table_words)
