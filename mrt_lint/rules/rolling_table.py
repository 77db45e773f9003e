"""MRT703."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class RollingTable(Rule):
    """A table is dropped or renamed while the older release may still run.

    In a rolling deployment old and new code work on one database for a while. Every query of the old code on that table fails.
    """

    code = "MRT703"
    name = "rolling-table"
    severity = Severity.ERROR
    consequence = Consequence.OLD_RELEASE_BREAKS
    message = "upgrade {does} {the_table}: instances of the older release fail as long as they run"
    instead = "release code that does not use {table} first; where it is renamed, leave a view under the old name until then"
    default = False
    manual = ("Martin Fowler, “Parallel Change”: https://martinfowler.com/bliki/ParallelChange.html",)
    exemptions = ("The table was created earlier in the same upgrade.",)

    bad = (
        Example(
            title="Dropped or renamed",
            source="""
            def upgrade():
                op.drop_table("visits")  # MRT703
                op.rename_table("users", "accounts")  # MRT703
            """,
        ),
    )

    good = (
        Example(
            title="A table of this upgrade's own",
            source="""
            def upgrade():
                op.create_table("draft", sa.Column("id", sa.Integer))
                op.rename_table("draft", "notes")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every table that old code may still name."""
        for op in case.ops_for(self, ops.DropTable, ops.RenameTable):
            does = "drops" if isinstance(op, ops.DropTable) else "renames"
            yield self.found(case.migration, op, **names(op), does=does)
