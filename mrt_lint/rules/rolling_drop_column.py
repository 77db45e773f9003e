"""MRT701."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class RollingDropColumn(Rule):
    """A column is dropped while the older release may still run.

    In a rolling deployment old and new code work on one database for a while. SQLAlchemy names every mapped column in its SELECT,
    so each request that the old code serves fails.
    """

    code = "MRT701"
    name = "rolling-drop-column"
    severity = Severity.ERROR
    consequence = Consequence.OLD_RELEASE_BREAKS
    message = "upgrade drops {the_column}: instances of the older release fail as long as they run"
    instead = "release code that does not map {column} first, and drop it in the next release"
    default = False
    manual = ("Martin Fowler, “Parallel Change”: https://martinfowler.com/bliki/ParallelChange.html",)
    exemptions = ("The column or its table was created earlier in the same upgrade.",)

    bad = (
        Example(
            title="In any spelling",
            source="""
            def upgrade():
                op.drop_column("users", "phone")  # MRT701
                op.execute("ALTER TABLE users DROP COLUMN fax")  # MRT701
            """,
        ),
    )

    good = (
        Example(
            title="A column of this upgrade's own",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("scratch", sa.Integer))
                op.drop_column("users", "scratch")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that old code may still name."""
        for op in case.ops_for(self, ops.DropColumn):
            if not case.state_before(op).new_column:
                yield self.found(case.migration, op, **names(op))
