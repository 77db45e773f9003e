"""MRT704."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import is_nullable
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNSET


class RollingNotNull(Rule):
    """A column is NOT NULL without a server default while the older release may still run.

    In a rolling deployment old and new code work on one database for a while. The old code does not know that the column needs a
    value, so its inserts fail.
    """

    code = "MRT704"
    name = "rolling-not-null"
    severity = Severity.ERROR
    consequence = Consequence.OLD_RELEASE_BREAKS
    message = "upgrade makes {the_column} NOT NULL without a server default: inserts of the older release fail as long as it runs"
    instead = "give it a server_default as long as the older release runs, or set it NOT NULL in the next release"
    default = False
    manual = ("Martin Fowler, “Parallel Change”: https://martinfowler.com/bliki/ParallelChange.html",)
    exemptions = (
        "It has a server default, or fills itself.",
        "The table was created earlier in the same upgrade.",
    )

    bad = (
        Example(
            title="Added so, or set so",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("state", sa.Text, nullable=False))  # MRT704
                op.alter_column("users", "email", nullable=False)  # MRT704
            """,
        ),
    )

    good = (
        Example(
            title="With a server default, or NULL",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("state", sa.Text, nullable=False, server_default="new"))
                op.add_column("users", sa.Column("number", sa.Integer, sa.Identity(), nullable=False))
                op.alter_column("users", "email", nullable=False, server_default="")
                op.alter_column("users", "name", nullable=True)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that old code leaves empty."""
        for op in case.ops_for(self, ops.AddColumn, ops.AlterColumn):
            if _refuses(case, op):
                yield self.found(case.migration, op, **names(op))


def _refuses(case: MigrationCase, op: ops.AddColumn | ops.AlterColumn) -> bool:
    if isinstance(op, ops.AddColumn):
        column = op.definition
        fills_itself = bool(column.identity) or column.computed is not None or column.autoincrement is True
        return is_nullable(column) is False and column.server_default is None and not fills_itself
    return op.nullable is False and op.server_default in {UNSET, None} and case.before(op, "nullable") is not False
