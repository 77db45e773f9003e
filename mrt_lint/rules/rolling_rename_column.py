"""MRT702."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNSET


class RollingRenameColumn(Rule):
    """A column is renamed while the older release may still run.

    In a rolling deployment old and new code work on one database for a while, and there is no moment at which both find the
    column under the name that they know.
    """

    code = "MRT702"
    name = "rolling-rename-column"
    severity = Severity.ERROR
    consequence = Consequence.OLD_RELEASE_BREAKS
    message = "upgrade renames {the_column} to '{new_column}': instances of the older release fail as long as they run"
    instead = "add {new_column}, write both from the application, fill it, read from it, and drop {column} in a later release"
    default = False
    manual = ("Martin Fowler, “Parallel Change”: https://martinfowler.com/bliki/ParallelChange.html",)
    exemptions = ("The column or its table was created earlier in the same upgrade.",)

    bad = (
        Example(
            title="In any spelling",
            source="""
            def upgrade():
                op.alter_column("users", "mail", new_column_name="email")  # MRT702
                op.execute("ALTER TABLE users RENAME COLUMN tel TO phone")  # MRT702
            """,
        ),
    )

    good = (
        Example(
            title="Altered, not renamed",
            source="""
            def upgrade():
                op.alter_column("users", "mail", nullable=True)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that old code may still name."""
        for op in case.ops_for(self, ops.AlterColumn):
            if op.new_column is not UNSET and not case.state_before(op).new_column:
                yield self.found(case.migration, op, **names(op))
