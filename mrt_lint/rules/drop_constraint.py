"""MRT409."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.replacement import has_replacement
from mrt_lint.analysis.former_definition import without_duplicates
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.written_code import constraint_again
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule


class DropConstraint(Rule):
    """`upgrade()` drops a constraint that `downgrade()` does not create again, with the same name and kind.

    The older release relied on it. After the rollback rows that it rejected exist, its code does not expect them, and the
    next upgrade fails to drop a constraint that no longer exists.
    """

    code = "MRT409"
    name = "drop-constraint"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade drops {the_constraint} of '{table}', downgrade does not create it again: rows that it kept out get in"
    instead = "{first}add to downgrade(): {call}"
    manual = ("Alembic, Operations.drop_constraint: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole."
    )
    exemptions = (
        "It is a foreign key: MRT205 reports it.",
        "It was created earlier in the same upgrade, or is created again there under the same name.",
        "A constraint of the kind finally covers the same columns, under another name.",
        "The table or a column under it is dropped in the same upgrade.",
        "`downgrade()` creates an unnamed one of its kind, or has parts that cannot be read.",
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL",
            source="""
            def upgrade():
                op.drop_constraint("uq_users_email", "users", type_="unique")  # MRT409
                with op.batch_alter_table("users") as batch:
                    batch.drop_constraint("ck_users_age", type_="check")  # MRT409
                op.execute("ALTER TABLE users DROP CONSTRAINT IF EXISTS users_name_key")  # MRT409

            def downgrade():
                op.create_unique_constraint("uq_users_mail", "users", ["email"])
            """,
        ),
        Example(
            title="Another kind of the same name, or in another table",
            source="""
            def upgrade():
                op.drop_constraint("users_email", "users", type_="unique")  # MRT409
                op.drop_constraint("positive", "prices", type_="check")  # MRT409

            def downgrade():
                op.create_check_constraint("users_email", "users", "email <> ''")
                op.create_check_constraint("positive", "costs", "amount > 0")
            """,
        ),
    )
    good = (
        Example(
            title="Created again",
            source="""
            def upgrade():
                op.drop_constraint("uq_users_email", "users", type_="unique")
                op.execute("ALTER TABLE users DROP CONSTRAINT ck_users_age")

            def downgrade():
                op.execute("ALTER TABLE users ADD CONSTRAINT uq_users_email UNIQUE (email)")
                op.create_check_constraint("ck_users_age", "users", "age >= 0")
            """,
        ),
        Example(
            title="Replaced within upgrade, under the same name",
            source="""
            def upgrade():
                op.drop_constraint("ck_users_age", "users", type_="check")
                op.create_check_constraint("ck_users_age", "users", "age >= 18")

            def downgrade():
                op.drop_column("users", "phone")
            """,
        ),
        Example(
            title="Replaced under another name, which MRT110 reports",
            before=(
                """
            def upgrade():
                op.create_table("links", sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))
                op.create_primary_key("old_pkey", "links", ["a", "b"])
            """,
            ),
            source="""
            def upgrade():
                op.alter_column("links", "b", new_column_name="c")
                op.execute("ALTER TABLE links DROP CONSTRAINT IF EXISTS old_pkey")
                op.create_primary_key("new_pkey", "links", ["a", "c"])

            def downgrade():
                op.alter_column("links", "c", new_column_name="b")
            """,
        ),
        Example(
            title="Created again without a name, or with its table",
            source="""
            def upgrade():
                op.drop_constraint("users_email_key", "users", type_="unique")
                op.drop_constraint("roles_name_key", "roles", type_="unique")
                op.drop_table("roles")

            def downgrade():
                op.create_table("roles", sa.Column("id", sa.Integer), sa.Column("name", sa.Text, unique=True))
                op.create_unique_constraint(None, "users", ["email"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every constraint that does not come back."""
        for op in case.ops_for(self, ops.DropConstraint, along=True):
            kind = case.kind(op)
            gone = case.undone(op) is UndoStatus.NO and not has_replacement(case.analysis(op), op)
            if kind != "foreignkey" and (gone or case.returns_as_another_kind(op)):
                yield self.found(
                    case.migration, op, **names(op), call=constraint_again(case, op), first=without_duplicates(case, op)
                )
