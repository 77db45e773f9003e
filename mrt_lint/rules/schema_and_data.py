"""MRT802."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.locking import takes_heavy_lock
from mrt_lint.analysis.wording import deed, names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class SchemaAndData(Rule):
    """One transaction changes a table's schema and then rows, so that the lock lasts until the rows are done.

    PostgreSQL keeps the lock that ALTER TABLE takes until the transaction ends: no other session uses the table while an UPDATE
    works through it, or through another one. It is the shortest way to fill a new column, and a good one for small tables;
    therefore this rule applies only when selected.
    """

    code = "MRT802"
    name = "schema-and-data"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "{the_locked} is locked by {first}, and stays so while this {verb} works through {the_table}"
    instead = "change rows in a revision of its own, in batches, and what needs them (NOT NULL, constraints) in a third"
    dialects = ("postgresql",)
    default = False
    manual = (
        "PostgreSQL, “Explicit Locking”: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES",
        "strong_migrations, “Backfilling data”: https://github.com/ankane/strong_migrations#backfilling-data",
    )
    exemptions = (
        "The table that is locked, or the one whose rows are changed, was created earlier in the same upgrade.",
        "The rows are literals: op.bulk_insert, INSERT … VALUES.",
        "Either is in an autocommit block.",
        "Another database is declared, or a guard keeps PostgreSQL out; MySQL and MariaDB commit each change of a table at once.",
    )

    bad = (
        Example(
            title="A new column filled at once",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = lower(email)")  # MRT802
            """,
        ),
        Example(
            title="Another table's rows",
            source="""
            def upgrade():
                op.drop_column("users", "phone")
                op.execute("DELETE FROM sessions WHERE seen < now() - interval '1 year'")  # MRT802
                op.execute("UPDATE sessions SET state = 'old'")
            """,
        ),
    )
    good = (
        Example(
            title="Rows alone, or first",
            source="""
            def upgrade():
                op.execute("UPDATE users SET mail = lower(email) WHERE mail IS NULL")
                op.alter_column("users", "mail", nullable=False)
            """,
        ),
        Example(
            title="New tables, literal rows",
            source="""
            def upgrade():
                op.create_table("roles", sa.Column("name", sa.Text))
                op.execute("INSERT INTO roles SELECT DISTINCT role FROM users")
                op.add_column("users", sa.Column("level", sa.Integer))
                op.execute("INSERT INTO levels (name) VALUES ('new')")
            """,
        ),
        Example(
            title="A database that commits each change of a table",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = lower(email)")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first change of rows under a lock."""
        locked: ops.Op | None = None
        for op in case.ops_for(self, ops.Op):
            if op.autocommit:
                continue
            if locked is None and takes_heavy_lock(case, op):
                locked = op
            elif locked is not None and _works_through_rows(op):
                the_locked, verb = names(locked)["the_table"], type(op).__name__.upper()
                yield self.found(case.migration, op, **names(op), the_locked=the_locked, first=deed(locked), verb=verb)
                return


def _works_through_rows(op: ops.Op) -> bool:
    return isinstance(op, ops.Update | ops.Delete) or (isinstance(op, ops.Insert) and op.query)
