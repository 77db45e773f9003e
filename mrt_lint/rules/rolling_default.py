"""MRT706."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNSET


class RollingDefault(Rule):
    """A column loses or changes its default, or begins to take NULL, while the older release may still run.

    In a rolling deployment old and new code work on one database for a while. The old code leaves the column out and counts on
    its default, or reads rows with a NULL that it never met.
    """

    code = "MRT706"
    name = "rolling-default"
    severity = Severity.WARNING
    consequence = Consequence.OLD_RELEASE_BREAKS
    message = "upgrade {does} of {the_column} while the older release may still count on it"
    instead = "release code that does not count on it first, and change it in the next release"
    default = False
    manual = ("Martin Fowler, “Parallel Change”: https://martinfowler.com/bliki/ParallelChange.html",)
    exemptions = (
        "The column or its table was created earlier in the same upgrade.",
        "A default is given where there was none before.",
    )

    bad = (
        Example(
            title="Dropped default, dropped NOT NULL",
            source="""
            def upgrade():
                op.alter_column("users", "state", server_default=None)  # MRT706
                op.alter_column("users", "state", server_default="old", existing_server_default="new")  # MRT706
                op.execute("ALTER TABLE users ALTER COLUMN email DROP NOT NULL")  # MRT706
            """,
        ),
    )

    good = (
        Example(
            title="A default where there was none, a column of this upgrade's own",
            source="""
            def upgrade():
                op.alter_column("users", "state", server_default="new", existing_server_default=None)
                op.add_column("users", sa.Column("kind", sa.Text, server_default="a", nullable=False))
                op.alter_column("users", "kind", server_default=None)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that old code counts on to be as it was."""
        for op in case.ops_for(self, ops.AlterColumn):
            if case.state_before(op).new_column:
                continue
            if op.server_default is not UNSET and case.originally(op, "server_default") is not None:
                yield self.found(case.migration, op, **names(op), does="changes the default")
            if op.nullable is True and case.originally(op, "nullable") is not True:
                yield self.found(case.migration, op, **names(op), does="drops the NOT NULL")
