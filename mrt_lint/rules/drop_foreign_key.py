"""MRT205."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.replacement import has_replacement
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.impossible import find_impossibility
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.written_code import constraint_again
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule


class DropForeignKey(Rule):
    """`upgrade()` drops a foreign key that `downgrade()` does not create again, with the same name.

    After the rollback nothing keeps the rows of the two tables together. Rows that point to nothing come in, with ON DELETE CASCADE
    rows that should have been deleted stay, and once they are there the foreign key can no longer be created.
    """

    code = "MRT205"
    name = "drop-foreign-key"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade drops {the_constraint} of '{table}', downgrade does not create it again: rows that point to nothing get in"
    instead = "add to downgrade(): {call}"
    manual = ("PostgreSQL, “Foreign Keys”: https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK",)
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole."
    )
    exemptions = (
        "It was created earlier in the same upgrade, or is created again there, under the same name or another.",
        "The table or a column under it is dropped in the same upgrade.",
        "`downgrade()` creates an unnamed foreign key there, or has parts that cannot be read.",
    )

    bad = (
        Example(
            title="By operation, and in a batch",
            source="""
            def upgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")  # MRT205
                with op.batch_alter_table("orders") as batch:
                    batch.drop_constraint("fk_shop", type_="foreignkey")  # MRT205

            def downgrade():
                op.create_foreign_key("fk_users", "orders", "users", ["user_id"], ["id"])
            """,
        ),
        Example(
            title="MySQL's statement",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE orders DROP FOREIGN KEY fk_user")  # MRT205

            def downgrade():
                pass
            """,
        ),
        Example(
            title="Another takes its place, and another on those columns points elsewhere",
            before=(
                """
            def upgrade():
                op.create_table("orders", sa.Column("user_id", sa.Integer), sa.Column("shop_id", sa.Integer))
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
                op.create_foreign_key("fk_shop", "orders", "shops", ["shop_id"], ["id"])
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")  # MRT205
                op.drop_constraint("fk_shop", "orders", type_="foreignkey")  # MRT205
                op.create_foreign_key("fk_person", "orders", "people", ["user_id"], ["id"])

            def downgrade():
                op.drop_column("orders", "note")
            """,
        ),
        Example(
            title="Known from the history",
            before=(
                """
            def upgrade():
                op.create_table("orders", sa.Column("user_id", sa.Integer))
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
            """,
            ),
            source="""
            def upgrade():
                op.execute("ALTER TABLE orders DROP CONSTRAINT fk_user")  # MRT205

            def downgrade():
                pass
            """,
        ),
    )
    good = (
        Example(
            title="Created again",
            source="""
            def upgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")
                op.drop_constraint("fk_shop", "orders", type_="foreignkey")

            def downgrade():
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])
                op.execute("ALTER TABLE orders ADD CONSTRAINT fk_shop FOREIGN KEY (shop_id) REFERENCES shops")
            """,
        ),
        Example(
            title="Replaced within upgrade, under the same name",
            source="""
            def upgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")
                op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"], ondelete="SET NULL")

            def downgrade():
                op.drop_column("orders", "note")
            """,
        ),
        Example(
            title="Given a shorter name, which stays",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
                op.create_table("orders", sa.Column("user_id", sa.Integer))
                op.create_foreign_key("fk_orders_user_id_users_id", "orders", "users", ["user_id"], ["id"])
            """,
            ),
            source="""
            def upgrade():
                op.drop_constraint("fk_orders_user_id_users_id", "orders", type_="foreignkey")
                op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"])

            def downgrade():
                op.drop_column("orders", "note")
            """,
        ),
        Example(
            title="It goes and comes with its table or column",
            source="""
            def upgrade():
                op.drop_constraint("fk_user", "orders", type_="foreignkey")
                op.drop_column("orders", "user_id")

            def downgrade():
                op.add_column("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every foreign key that does not come back."""
        for op in case.ops_for(self, ops.DropConstraint, along=True):
            gone = case.kind(op) == "foreignkey" and (case.undone(op) is UndoStatus.NO or case.returns_as_another_kind(op))
            if gone and not has_replacement(case.analysis(op), op) and not _is_meant_to_return(case, op):
                yield self.found(case.migration, op, **names(op), call=constraint_again(case, op))


def _is_meant_to_return(case: MigrationCase, op: ops.DropConstraint) -> bool:
    """Return whether downgrade() names the key in SQL that no database parses, which MRT121 reports."""
    broken = (other for other in case.migration.downgrade_ops if isinstance(other, ops.AlterObject) and readable(other.action))
    return any(fold(str(op.constraint)) in fold(str(other.action)).split() and find_impossibility(case, other) for other in broken)
