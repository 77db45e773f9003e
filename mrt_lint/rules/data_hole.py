"""MRT218."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.made_again import made_again
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class DataHole(Rule):
    """A column or table is dropped here and comes back in a later revision.

    Whoever upgrades through both loses the values in between, for nothing: the later revision shows that they are wanted. A
    history that is upgraded in one go shows it most cruelly.
    """

    code = "MRT218"
    name = "data-hole"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade drops {what}, and revision {later} brings it back: an upgrade through both loses its {values}"
    instead = "if neither has run in production, remove both steps; otherwise keep the values in between in a table of their own"
    manual = ("Alembic, “Working with Branches”: https://alembic.sqlalchemy.org/en/latest/branches.html",)
    exemptions = (
        "The values are moved elsewhere in the same upgrade.",
        "The later revision is on another branch.",
        "It was created earlier in the same upgrade, or comes back in it.",
    )

    bad = (
        Example(
            title="A column and a table that come back",
            source="""
            def upgrade():
                op.drop_column("users", "phone")  # MRT218
                op.drop_table("visits")  # MRT218
            """,
            after=(
                """
            def upgrade():
                op.add_column("users", sa.Column("phone", sa.Text))
            """,
                """
            def upgrade():
                op.create_table("visits", sa.Column("day", sa.Date))
            """,
            ),
        ),
    )
    good = (
        Example(
            title="Something else comes later",
            source="""
            def upgrade():
                op.drop_column("users", "phone")
            """,
            after=(
                """
            def upgrade():
                op.add_column("teams", sa.Column("phone", sa.Text))
            """,
            ),
        ),
        Example(
            title="It comes back at once",
            source="""
            def upgrade():
                op.drop_column("users", "age")
                op.add_column("users", sa.Column("age", sa.Integer))
            """,
        ),
        Example(
            title="It was there before, too",
            before=(
                """
            def upgrade():
                op.add_column("users", sa.Column("phone", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.drop_column("users", "phone")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for everything that a later revision misses."""
        for op in case.ops_for(self, ops.DropColumn, ops.DropTable):
            if case.state_before(op).new_column or case.moves_rows(op):
                continue
            later = made_again(case, op)
            if later is not None:
                found = names(op)
                is_table = isinstance(op, ops.DropTable)
                what, values = (found["the_table"], "rows") if is_table else (found["the_column"], "values")
                yield self.found(case.migration, op, what=what, values=values, later=later)
