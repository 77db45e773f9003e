"""MRT402."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable
from mrt_lint.analysis.restated_column import may_have_been_required
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.written_code import call_on_table
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNKNOWN, Constraint


class NullableNotRestored(Rule):
    """`upgrade()` sets `nullable=False` on a column, and `downgrade()` does not set it back.

    The older release writes rows without a value there: after the rollback each of its inserts fails, on a schema that Alembic
    calls the old one.
    """

    code = "MRT402"
    name = "nullable-not-restored"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade sets {the_column} NOT NULL, downgrade does not set it back: inserts of the older release fail"
    instead = "add to downgrade(): {call}"
    manual = ("Alembic, Operations.alter_column, nullable: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole."
    )
    exemptions = (
        "The column was NOT NULL before, by `existing_nullable`, which `downgrade()` may have as well, or the history.",
        "On MySQL, the history does not make the table, and no UPDATE fills the column before: MODIFY repeats what was.",
        "Both directions set it, and nothing shows what was before.",
        "The column or its table was added in the same upgrade, or is dropped in it.",
        "`downgrade()` has parts that cannot be read.",
    )

    bad = (
        Example(
            title="Not at all, or another column",
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.Text(), nullable=False)  # MRT402
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("phone", nullable=False)  # MRT402
                    batch.alter_column("fax", nullable=False)

            def downgrade():
                op.alter_column("staff", "email", nullable=True)
                op.alter_column("users", "fax", nullable=True)
            """,
        ),
        Example(
            title="Set to the same again",
            source="""
            def upgrade():
                op.alter_column("users", "email", nullable=False, existing_nullable=True)  # MRT402

            def downgrade():
                op.alter_column("users", "email", nullable=False)
            """,
        ),
    )
    good = (
        Example(
            title="Set back, in whatever spelling",
            source="""
            def upgrade():
                op.alter_column("users", "email", nullable=False)
                op.alter_column("users", "phone", nullable=False)

            def downgrade():
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("email", nullable=True)
                op.execute("ALTER TABLE users ALTER COLUMN phone DROP NOT NULL")
            """,
        ),
        Example(
            title="MySQL's MODIFY restates the whole column",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "email", existing_type=sa.String(50), nullable=False)

            def downgrade():
                op.execute("ALTER TABLE users MODIFY email VARCHAR(50) NULL")
            """,
        ),
        Example(
            title="A column of this upgrade's own",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("email", sa.Text))
                op.execute("UPDATE users SET email = ''")
                op.alter_column("users", "email", nullable=False)

            def downgrade():
                op.drop_column("users", "email")
            """,
        ),
        Example(
            title="It was NOT NULL before, by downgrade()'s own `existing_nullable` where it changes the type back",
            source="""
            def upgrade():
                op.alter_column("trials", "value", type_=sa.Float(53), nullable=False)

            def downgrade():
                op.alter_column("trials", "value", type_=sa.Float(), existing_nullable=False)
            """,
        ),
        Example(
            title="It is in the primary key that downgrade() makes",
            source="""
            def upgrade():
                op.alter_column("users", "email", nullable=False)

            def downgrade():
                op.create_primary_key("pk_users", "users", ["tenant", "email"])
            """,
        ),
        Example(
            title="It was NOT NULL before",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("email", sa.Text, nullable=False))
            """,
            ),
            source="""
            def upgrade():
                op.alter_column("users", "email", nullable=False)
                op.alter_column("users", "name", nullable=False, existing_nullable=False)

            def downgrade():
                pass
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that stays NOT NULL."""
        for op in case.ops_for(self, ops.AlterColumn):
            if op.sql or op.nullable is not False or case.undone(op, "nullable") not in {UndoStatus.NO, UndoStatus.DIFFERENT}:
                continue
            before = case.originally(op, "nullable")
            if _joins_key(case, op) or may_have_been_required(case, op):
                continue
            if before is not False and (before is not UNKNOWN or not _is_meant_to_stay(case, op)):
                found = names(op, case.dialect(op))
                setting = f"{literal(found['column'])}, nullable=True{found['typed']}"
                yield self.found(case.migration, op, **found, call=call_on_table(case, op, "alter_column", after=setting))


def _joins_key(case: MigrationCase, op: ops.AlterColumn) -> bool:
    """Return whether the column is in the primary key that downgrade() leaves, which takes no NULL."""
    column = case.tracked(op)
    table = column.table if column is not None else None
    if not isinstance(table, TrackedTable):
        return False
    keys = (key for key in (*table.constraints.now.values(), *table.unnamed) if key is not None and column in key.covering)
    return any(isinstance(key.definition, Constraint) and key.definition.kind == "primary" for key in keys)


def _is_meant_to_stay(case: MigrationCase, op: ops.AlterColumn) -> bool:
    """Return whether downgrade() changes the column and declares it NOT NULL: then it was, as far as its author knows."""
    return any(
        isinstance(other, ops.AlterColumn) and other.existing_nullable is False and case.tracked(other) is case.tracked(op)
        for other in case.analysis(op).reverse.values()
    )
