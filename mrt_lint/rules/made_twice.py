"""MRT441."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNKNOWN


class MadeTwice(Rule):
    """`upgrade()` makes what a revision before has made, and it fails: table, index or type exists already.

    The two revisions were written on branches that have been merged since, or the first was never run where the second was
    generated. Every new database stops here.
    """

    code = "MRT441"
    name = "made-twice"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "upgrade fails here: {conflict}"
    instead = "leave it out in one of the two revisions, in both directions, or drop or rename the first before this"
    manual = ("Alembic, “Operation Reference”: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    exemptions = (
        "The operation runs under a condition or with IF NOT EXISTS, or replaces (CREATE OR REPLACE).",
        "A part of what runs before cannot be read, or of this upgrade(), or a parallel branch may have made it.",
        "Batch mode on SQLite, which recreates the table.",
    )

    bad = (
        Example(
            title="A table",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))  # MRT441
            """,
        ),
        Example(
            title="Columns, indexes, constraints, views and enum types",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("state", sa.Enum("on", "off", name="state")))
                op.create_index("ix_users_id", "users", ["id"])
                op.create_unique_constraint("uq_users_id", "users", ["id"])
                op.execute("CREATE VIEW names AS SELECT id FROM users")
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("id", sa.Integer))  # MRT441
                op.create_index("ix_users_id", "users", ["id"])  # MRT441
                op.create_unique_constraint("uq_users_id", "users", ["id"])  # MRT441
                op.execute("CREATE VIEW names AS SELECT id FROM users")  # MRT441
                op.create_table("teams", sa.Column("state", sa.Enum("on", "off", name="state")))  # MRT441
            """,
        ),
    )
    good = (
        Example(
            title="It is free again, or made only unless it is there",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
                op.create_index("ix_users_name", "users", ["name"])
            """,
            ),
            source="""
            def upgrade():
                op.drop_index("ix_users_name")
                op.create_index("ix_users_name", "users", ["name", "id"])
                op.execute("ALTER TABLE users ADD COLUMN IF NOT EXISTS name text")
                op.create_table("users", sa.Column("id", sa.Integer), if_not_exists=True)
            """,
        ),
        Example(
            title="What cannot be read may have dropped it",
            before=(
                """
            from models import Base

            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
                Base.metadata.drop_all(op.get_bind())
            """,
            ),
            source="""
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every operation of upgrade() that makes what certainly is there."""
        for op, conflict in case.failing(case.migration.upgrade_ops, lambda analysis: analysis.duplicates):
            if getattr(op, "schema", None) is not UNKNOWN:
                yield self.found(case.migration, op, conflict=conflict.clause)
