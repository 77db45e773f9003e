"""MRT804."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.conflict import ConflictKind
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class BrokenUpgrade(Rule):
    """`upgrade()` works on what the revisions before do not leave.

    It runs where the database was changed by hand, or the revision was written beside another branch that has been merged since. On
    a fresh database, as in the next test run or a new installation, it fails: no such column. A run on a fresh database shows
    that already, which is why the rule applies only when it is selected. MRT441 reports what is made twice.
    """

    code = "MRT804"
    name = "broken-upgrade"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    default = False
    message = "upgrade fails here: {conflict}"
    instead = "write the name that it has in the history"
    needed = DialectWording(message=message, instead="drop first what still needs it")
    types = DialectWording(message=message, instead="give both columns one type before the foreign key is made")
    manual = ("Alembic, “Operation Reference”: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    exemptions = (
        "The operation runs under a condition, IF EXISTS or IF NOT EXISTS.",
        "A table that no revision makes: it may come from elsewhere.",
        "A part of what runs before cannot be read, or of this upgrade().",
        "Columns: the history does not make all of its tables itself.",
    )

    bad = (
        Example(
            title="What is still needed, also under another name, and columns that do not fit",
            before=(
                """
            def upgrade():
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id")))
            """,
            ),
            source="""
            def upgrade():
                op.rename_table("teams", "teams_old")
                op.create_table("teams", sa.Column("id", sa.Uuid, primary_key=True))
                op.create_foreign_key("fk_team", "users", "teams", ["team_id"], ["id"])  # MRT804
                op.drop_table("teams_old")  # MRT804
            """,
        ),
        Example(
            title="What is not there",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.create_table("teams", sa.Column("id", sa.Integer))
            """,
                """
            def upgrade():
                op.drop_table("notes")
                op.rename_table("teams", "groups")
                op.alter_column("users", "name", new_column_name="full_name")
            """,
            ),
            source="""
            def upgrade():
                op.add_column("notes", sa.Column("text", sa.Text))  # MRT804
                op.execute("DELETE FROM teams WHERE id < 0")  # MRT804
                op.create_index("ix_users_name", "users", ["name"])  # MRT804
                op.execute("UPDATE users SET name = 'x' WHERE name IS NULL")  # MRT804
                op.alter_column("users", "nam", nullable=True)  # MRT804
            """,
        ),
    )
    good = (
        Example(
            title="Names that the history gave, or that are free again",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
                op.create_table("teams", sa.Column("state", sa.Enum("on", "off", name="state")))
                op.create_index("ix_users_name", "users", ["name"])
                op.execute("CREATE VIEW names AS SELECT name FROM users")
            """,
                """
            def upgrade():
                op.rename_table("teams", "groups")
            """,
            ),
            source="""
            from sqlalchemy.dialects import postgresql

            def upgrade():
                op.create_table("teams", sa.Column("state", postgresql.ENUM("on", "off", name="state", create_type=False)))
                op.add_column("teams", sa.Column("size", sa.Integer))
                op.create_index("ix_teams_size", "teams", ["size", sa.text("lower(other)")])
                op.execute("DROP VIEW names")
                op.execute("CREATE VIEW names AS SELECT id FROM users")
                op.execute("CREATE OR REPLACE VIEW names AS SELECT id FROM users")
                op.drop_index("ix_users_name")
                op.create_index("ix_users_name", "users", ["name", "id"])
                op.drop_column("users", "name")
                op.add_column("users", sa.Column("name", sa.String(80)))
                op.execute("UPDATE users SET name = 'x'")
            """,
        ),
        Example(
            title="Unless it is there",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("name", sa.Text))
                op.create_table("notes", sa.Column("id", sa.Integer))
            """,
                """
            def upgrade():
                op.drop_table("notes")
            """,
            ),
            source="""
            def upgrade():
                op.execute("DROP TABLE IF EXISTS notes")
                op.create_table("users", sa.Column("id", sa.Integer), if_not_exists=True)
                op.execute("ALTER TABLE users ADD COLUMN IF NOT EXISTS name text")
                if not sa.inspect(op.get_bind()).has_table("notes"):
                    op.drop_column("users", "nam")
            """,
        ),
        Example(
            title="Tables that come from elsewhere",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                op.add_column("orders", sa.Column("user_id", sa.Integer))
                op.drop_column("orders", "user")
            """,
        ),
        Example(
            title="What cannot be read may have made or dropped it",
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
                op.create_table("users", sa.Column("id", sa.Integer))
                op.drop_column("users", "name")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every operation of upgrade() that fails on the schema that the earlier revisions leave."""
        for op, conflict in case.failing(case.migration.upgrade_ops, lambda analysis: analysis.upgrade_conflicts):
            if conflict.kind in {ConflictKind.NO_KEY, ConflictKind.UNREFRESHABLE}:  # MRT443 reports that
                continue
            wording = {ConflictKind.MISFIT: self.types, ConflictKind.NEEDED: self.needed}.get(conflict.kind)
            yield self.found(case.migration, op, wording, conflict=conflict.clause)
