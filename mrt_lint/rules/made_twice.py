"""MRT441."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.twin_key import twin_of
from mrt_lint.analysis.wording import join, names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
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
    twin = DialectWording(
        message=(
            "upgrade makes {the_constraint} from ({columns}) to '{parent}', where {other} is the same already: each row is checked "
            "twice from now on"
        ),
        instead="leave it out in both directions, or drop the other one before it",
        consequence=Consequence.HYGIENE,
    )
    manual = ("Alembic, “Operation Reference”: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    exemptions = (
        "The operation runs under a condition or with IF NOT EXISTS, or replaces (CREATE OR REPLACE).",
        "A part of what runs before cannot be read, or of this upgrade(), or a parallel branch may have made it.",
        "Batch mode on SQLite, which recreates the table.",
        "A second foreign key of the same columns runs, and is a warning; not where `upgrade()` drops or renames something before.",
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
        Example(
            title="A foreign key, which runs under another name",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("notes", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", name="fk_user")))
            """,
            ),
            source="""
            def upgrade():
                op.create_foreign_key("fk_author", "notes", "users", ["user_id"], ["id"])  # MRT441
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
        for key in case.ops_for(self, ops.CreateForeignKey):
            twin = twin_of(case, key)
            if twin is not None:
                other = f"'{twin.name}'" if readable(twin.name) else "one without a name"
                words = {"columns": join(key.columns), "parent": key.definition.referred_table, "other": other}
                yield replace(self.found(case.migration, key, self.twin, **names(key) | words), severity=Severity.WARNING)
