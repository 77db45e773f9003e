"""MRT705."""

from collections.abc import Iterator

from mrt_lint.analysis.altered_setting import may_repeat_type
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.former_type import former_type
from mrt_lint.analysis.type_change import is_harmless
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNSET, SqlType


class RollingTypeChange(Rule):
    """A column's type changes while the older release may still run.

    In a rolling deployment old and new code work on one database for a while. The old code binds and reads values of the old
    type: it fails, or reads something else than was meant.
    """

    code = "MRT705"
    name = "rolling-type-change"
    severity = Severity.ERROR
    consequence = Consequence.OLD_RELEASE_BREAKS
    message = "upgrade changes the type of {the_column}: instances of the older release read and write the former one"
    instead = "add a column of the new type, write both from the application, fill it, and drop {column} in a later release"
    default = False
    manual = ("Martin Fowler, “Parallel Change”: https://martinfowler.com/bliki/ParallelChange.html",)
    exemptions = (
        "The change is provably harmless on the database.",
        "MySQL and MariaDB: MODIFY or CHANGE has to repeat the type, and the former one is not known.",
        "The column or its table was created earlier in the same upgrade.",
    )

    bad = (
        Example(
            title="In any spelling",
            source="""
            def upgrade():
                op.alter_column("users", "age", type_=sa.Integer, existing_type=sa.Text())  # MRT705
                op.execute("ALTER TABLE users ALTER COLUMN born TYPE date")  # MRT705
            """,
        ),
    )

    good = (
        Example(
            title="Wider",
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.String(100), existing_type=sa.String(50))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that old code knows as another type."""
        for op in case.ops_for(self, ops.AlterColumn):
            if op.type is UNSET or case.state_before(op).new_column:
                continue
            former, new = for_dialect(former_type(case, op), case.dialect(op)), for_dialect(op.type, case.dialect(op))
            if not isinstance(former, SqlType) and may_repeat_type(op):
                continue
            if not (isinstance(former, SqlType) and isinstance(new, SqlType) and is_harmless(former, new, case.dialect(op))):
                yield self.found(case.migration, op, **names(op))
