"""MRT302."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNSET


class RenameColumn(Rule):
    """`upgrade()` renames a column and `downgrade()` does not rename it back.

    After the rollback the older release names a column that is not there: every query that reads or writes it fails, although
    the values are still there under the new name.
    """

    code = "MRT302"
    name = "rename-column"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = (
        "upgrade renames {the_column} to '{new_column}', downgrade does not rename it back: the older release finds no '{column}'"
    )
    instead = "add op.alter_column(«{last}», «{new_column}», new_column_name=«{column}»{typed}{in_schema}) to downgrade(){order}"
    elsewhere = DialectWording(
        message=message,
        instead="write «{right}» in place of «{wrong}» where downgrade() renames '{new_column}' of the wrong table (line {line})",
    )
    manual = ("Alembic, Operations.alter_column, new_column_name: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole."
    )
    exemptions = (
        "The column was added, or is dropped later, in the same upgrade.",
        "`downgrade()` adds the old column again: it moves the values another way.",
        "`downgrade()` has parts that cannot be read.",
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL",
            source="""
            def upgrade():
                op.alter_column("users", "mail", new_column_name="email")  # MRT302
                with op.batch_alter_table("users") as batch:
                    batch.alter_column(column_name="tel", new_column_name="phone")  # MRT302
                op.execute("ALTER TABLE users RENAME COLUMN nick TO nickname")  # MRT302

            def downgrade():
                op.drop_column("users", "age")
            """,
        ),
        Example(
            title="Renamed back in another table, or to another name",
            source="""
            def upgrade():
                op.alter_column("users", "mail", new_column_name="email")  # MRT302
                op.alter_column("staff", "tel", new_column_name="phone")  # MRT302

            def downgrade():
                op.alter_column("staff", "email", new_column_name="mail")
                op.alter_column("staff", "phone", new_column_name="telephone")
            """,
        ),
        Example(
            title="MySQL's CHANGE",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE users CHANGE COLUMN mail email VARCHAR(255) NULL")  # MRT302

            def downgrade():
                pass
            """,
        ),
    )
    good = (
        Example(
            title="Renamed back, in whatever spelling",
            source="""
            def upgrade():
                op.alter_column("users", "mail", new_column_name="email")
                op.execute("ALTER TABLE users RENAME tel TO phone")

            def downgrade():
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("phone", new_column_name="tel")
                op.execute("ALTER TABLE users RENAME COLUMN email TO mail")
            """,
        ),
        Example(
            title="The table was renamed too, and first things come last",
            source="""
            def upgrade():
                op.rename_table("users", "accounts")
                op.alter_column("accounts", "mail", new_column_name="email")

            def downgrade():
                op.rename_table("accounts", "users")
                op.alter_column("users", "email", new_column_name="mail")
            """,
        ),
        Example(
            title="A column of this upgrade's own takes the name",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age_number", sa.Integer))
                op.drop_column("users", "age")
                op.alter_column("users", "age_number", new_column_name="age")

            def downgrade():
                op.alter_column("users", "age", type_=sa.Text)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every rename that is not taken back."""
        for op in case.ops_for(self, ops.AlterColumn):
            if op.new_column is not UNSET and case.undone(op, "moved") is UndoStatus.NO:
                found, wrong = names(op, case.dialect(op)), _on_wrong_table(case, op)
                if wrong is not None and wrong.origin is not None:
                    right = _name_then(case, op, wrong)
                    where = {"right": right, "wrong": wrong.table, "line": wrong.origin.line}
                    yield self.found(case.migration, op, self.elsewhere, **found, **where)
                else:
                    yield self.found(case.migration, op, **found, order=_order(case, op))


def _on_wrong_table(case: MigrationCase, op: ops.AlterColumn) -> ops.AlterColumn | None:
    """Return the operation of downgrade() that renames the same column of a table of which upgrade() renames none so."""
    upgrade = [other for other in case.migration.upgrade_ops if isinstance(other, ops.AlterColumn)]
    for other in case.migration.downgrade_ops:
        if not isinstance(other, ops.AlterColumn) or (other.column, other.new_column) != (op.new_column, op.column):
            continue
        table = case.state_before(other).table
        answered = any(each.new_column == op.new_column and case.state_before(each).table is table for each in upgrade)
        if readable(other.table) and not answered and table is not case.state_before(op).table:
            return other
    return None


def _name_then(case: MigrationCase, op: ops.AlterColumn, then: ops.Op) -> str:
    """Return the name that the table of an operation of upgrade() has before one of downgrade()."""
    name = op.table
    for other in (*case.later(op), *case.earlier(then)):
        name = other.new_table if isinstance(other, ops.RenameTable) and other.table == name else name
    return str(name)


def _order(case: MigrationCase, op: ops.AlterColumn) -> str:
    """Return before what the column has to be renamed in downgrade(), which gives its table another name."""
    for other in case.migration.downgrade_ops:
        if isinstance(other, ops.RenameTable) and readable(other.new_table) and other.table == op.table:
            return f", before it renames the table to {literal(other.new_table)}"
    return ""
