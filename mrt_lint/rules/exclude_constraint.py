"""MRT425."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class ExcludeConstraint(Rule):
    """An EXCLUDE constraint is added to a PostgreSQL table that is there already.

    PostgreSQL blocks reads and writes of the table while it builds the index and compares every row; there is neither NOT VALID nor
    USING INDEX for it. Where two rows exclude each other, it fails.
    """

    code = "MRT425"
    name = "exclude-constraint"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL blocks reads and writes of {the_table} while it builds {the_constraint}"
    instead = "run it when the table is not in use, with a lock_timeout, or keep the rule with a trigger"
    dialects = ("postgresql",)
    manual = (
        "PostgreSQL, CREATE TABLE, EXCLUDE: https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-EXCLUDE",
    )
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                op.create_exclude_constraint("no_overlap", "bookings", ("during", "&&"), using="gist")  # MRT425
                op.execute("ALTER TABLE rooms ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&)")  # MRT425
            """,
        ),
    )

    good = (
        Example(
            title="A new table",
            source="""
            def upgrade():
                op.create_table("bookings", sa.Column("id", sa.Integer))
                op.execute("ALTER TABLE bookings ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&)")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every such constraint."""
        for op in case.ops_for(self, ops.CreateExcludeConstraint):
            yield self.found(case.migration, op, **names(op))
