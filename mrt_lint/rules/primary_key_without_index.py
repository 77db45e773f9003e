"""MRT426."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import join, names
from mrt_lint.model import ops
from mrt_lint.model.finding import Finding, Severity
from mrt_lint.model.rule import Example, Rule


class PrimaryKeyWithoutIndex(Rule):
    """A primary key is added to a PostgreSQL table that is there already, and its index built at once.

    PostgreSQL keeps everybody out of the table while it builds the index, and looks at every row for NULL. With an index that was
    built concurrently before, the statement takes a moment.
    """

    code = "MRT426"
    name = "primary-key-without-index"
    severity = Severity.WARNING
    message = "PostgreSQL locks {the_table} against everybody while it builds the primary key ({columns})"
    instead = (
        "build the index first (CREATE UNIQUE INDEX CONCURRENTLY …), then op.execute('ALTER TABLE {sql_table} ADD CONSTRAINT "
        "{sql_constraint} PRIMARY KEY USING INDEX …')"
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",)
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "The key takes over a finished index: USING INDEX.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                op.create_primary_key("users_pkey", "users", ["id"])  # MRT426
                op.execute("ALTER TABLE teams ADD PRIMARY KEY (id)")  # MRT426
            """,
        ),
    )

    good = (
        Example(
            title="From an index, or in a new table",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX ix_users_id")
                op.create_table("notes", sa.Column("id", sa.Integer, nullable=False))
                op.create_primary_key("notes_pkey", "notes", ["id"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every primary key that is built under the lock."""
        for op in case.ops_for(self, ops.CreatePrimaryKey):
            if op.definition.using_index is None:
                yield self.found(case.migration, op, **names(op), columns=join(op.columns))
