"""MRT117."""

from collections.abc import Iterator

from mrt_lint.analysis.absent_table import is_made_by_later_downgrade
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.absent_objects import ON_CONSTRAINTS
from mrt_lint.analysis.wrong_name import own_name, right_names
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class NoSuchTable(Rule):
    """`downgrade()` works on a table, column or index that no migration has made, or that has another name by then.

    A misspelt name, or one forgotten in a copy, is found by the first rollback, in the middle of an incident: the database
    reports that it does not exist, and nothing of the rollback happens, or on MySQL half of it.
    """

    code = "MRT117"
    name = "no-such-table"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_FAILS
    message = "downgrade fails here: {missing}"
    instead = "write {right}{and_kind}"
    manual = ("Alembic, “Operation Reference”: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    exemptions = (
        "The operation runs under a condition or IF EXISTS.",
        "The history does not make all of its tables itself (of columns: that table), or a part of it cannot be read.",
        "A parallel branch makes it, whose revisions may still be applied when this one is rolled back.",
        "`downgrade()` of a later revision, which runs before, makes the table.",
        "MRT116 reports constraints.",
    )

    bad = (
        Example(
            title="Names that nothing has",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))
                op.create_index("ix_users_age", "users", ["age"])

            def downgrade():
                op.drop_index("ix_user_age", table_name="users")  # MRT117
                op.drop_column("users", "agee")  # MRT117
                op.execute("UPDATE user SET name = trim(name)")  # MRT117
                op.drop_column("user", "age")  # MRT117
            """,
        ),
        Example(
            title="A table that an earlier revision has dropped",
            before=(
                """
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.create_table("users", sa.Column("id", sa.Integer))
            """,
                """
            def upgrade():
                op.drop_table("notes")
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))

            def downgrade():
                op.drop_column("users", "age")
                op.drop_column("notes", "age")  # MRT117
            """,
        ),
    )
    good = (
        Example(
            title="Names that upgrade or the history gave",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text), sa.UniqueConstraint("name"))
                op.execute("CREATE VIEW names AS SELECT name FROM users")
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))
                op.rename_table("users", "people")
                op.drop_constraint("users_name_key", "people", type_="unique")

            def downgrade():
                op.create_unique_constraint("users_name_key", "people", ["name"])
                op.drop_column("people", "age")
                op.alter_column("people", "name", nullable=True)
                op.rename_table("people", "users")
                op.execute("UPDATE names SET name = trim(name)")
                op.execute("UPDATE alembic_version SET version_num = version_num")
            """,
        ),
        Example(
            title="A table that the history does not make",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))

            def downgrade():
                op.drop_index("ix_users_age", table_name="users")
                op.drop_column("users", "age")
                op.drop_table("sessions")
            """,
        ),
        Example(
            title="What cannot be read may have made it",
            before=(
                """
            from models import Base

            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
                Base.metadata.create_all(op.get_bind())
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))

            def downgrade():
                op.drop_column("users", "age")
                op.execute("DELETE FROM sessions")
            """,
        ),
        Example(
            title="An index is found by its name, whatever table is named",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.create_index("ix_users_name", "users", ["name"])

            def downgrade():
                op.drop_index("ix_users_name", table_name="user")
            """,
        ),
        Example(
            title="Under a condition",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))

            def downgrade():
                op.drop_column("users", "age")
                op.execute("DROP TABLE IF EXISTS user_backup")
                op.drop_index("ix_users", table_name="users", if_exists=True)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every operation of downgrade() on something that does not exist."""
        named = (op for op in case.migration.downgrade_ops if not isinstance(op, ON_CONSTRAINTS))
        for op, missing in case.failing(named, lambda analysis: analysis.missing_objects):
            if is_made_by_later_downgrade(case, op):
                continue
            made = next((made for drop, made in right_names(case) if drop is op), None)
            right = "the name that upgrade() or an earlier revision gave" if made is None else f"'{own_name(made)}'"
            and_kind = ", and drop it as what it is" if op.op.startswith("drop") and made is None else ""
            yield self.found(case.migration, op, missing=missing, right=right, and_kind=and_kind)
