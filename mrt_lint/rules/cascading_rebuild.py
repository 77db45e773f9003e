"""MRT217."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.wording import names
from mrt_lint.history.sqlite_rebuild import rebuilds
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class CascadingRebuild(Rule):
    """SQLite rebuilds a table that others point to with ON DELETE CASCADE.

    A batch operation creates a new table, copies the rows and drops the old one. Where foreign keys are enforced SQLite deletes
    the rows of a table before it drops it, and every row that points to them with ON DELETE CASCADE is deleted, too:
    the children are empty after the migration.
    """

    code = "MRT217"
    name = "cascading-rebuild"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "SQLite drops {the_table} to rebuild it, and where foreign keys are enforced that empties '{child}', which cascades"
    instead = "run PRAGMA foreign_keys=OFF in env.py before the transaction begins, and PRAGMA foreign_key_check after it"
    dialects = ("sqlite",)
    manual = (
        "SQLite, “Making Other Kinds Of Table Schema Changes”: https://www.sqlite.org/lang_altertable.html#otheralter",
        (
            "Alembic, “Dealing with Referencing Foreign Keys”: "
            "https://alembic.sqlalchemy.org/en/latest/batch.html#dealing-with-referencing-foreign-keys"
        ),
    )
    exemptions = (
        "The database is not SQLite, neither by declaration nor by a guard.",
        "The operation needs no rebuild: a column added, an index.",
        (
            "Foreign keys are not enforced: `sqlite_foreign_keys = false` in `[tool.mrt]`, or an env.py that switches them "
            "off, or one that imports nothing but Alembic, SQLAlchemy and Python's own modules and does not switch them on. With "
            "`true`, or an env.py that switches them on, `downgrade()` is checked, too."
        ),
        "The function switches the enforcement off: PRAGMA foreign_keys=OFF.",
    )

    bad = (
        Example(
            title="The children are known from the history",
            target=DatabaseTarget(dialect="sqlite"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False))
                op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")))
            """,
            ),
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("name", nullable=True)  # MRT217
            """,
        ),
        Example(
            title="In downgrade(), or for a foreign key",
            target=DatabaseTarget(dialect="sqlite", sqlite_foreign_keys=True),
            before=(
                """
            def upgrade():
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")))
                op.create_table("players", sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="CASCADE")))
            """,
            ),
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    batch.add_column(sa.Column("age", sa.Integer))
                with op.batch_alter_table("teams") as batch:
                    batch.add_column(sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.id")))  # MRT217

            def downgrade():
                op.execute("ALTER TABLE teams DROP COLUMN owner_id")
                with op.batch_alter_table("users") as batch:
                    batch.drop_column("age")  # MRT217
            """,
        ),
    )

    good = (
        Example(
            title="Nothing cascades, or nothing is rebuilt",
            target=DatabaseTarget(dialect="sqlite"),
            before=(
                """
            def upgrade():
                op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False))
                op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")))
                op.create_table("players", sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="CASCADE")))
            """,
            ),
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("name", nullable=True)
                with op.batch_alter_table("teams") as batch:
                    batch.add_column(sa.Column("size", sa.Integer))
                    batch.create_index("ix_teams_size", ["size"])
            """,
        ),
        Example(
            title="In downgrade(), where foreign keys are not declared to be enforced",
            target=DatabaseTarget(dialect="sqlite"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")))
            """,
            ),
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    batch.add_column(sa.Column("age", sa.Integer))

            def downgrade():
                with op.batch_alter_table("users") as batch:
                    batch.drop_column("age")
            """,
        ),
        Example(
            title="Foreign keys are not enforced",
            target=DatabaseTarget(dialect="sqlite", sqlite_foreign_keys=False),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False))
                op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")))
            """,
            ),
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("name", nullable=True)
            """,
        ),
        Example(
            title="Switched off",
            target=DatabaseTarget(dialect="sqlite"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False))
                op.create_table("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")))
            """,
            ),
            source="""
            def upgrade():
                op.execute("PRAGMA foreign_keys=OFF")
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("name", nullable=True)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield one finding for every table that is rebuilt at its children's cost."""
        found = set()
        enforced = case.target.sqlite_foreign_keys
        for function in (case.migration.upgrade_ops, *([case.migration.downgrade_ops] if enforced else [])):
            if enforced is False or any(isinstance(op, ops.Execute) and _switches_off(op) for op in function):
                continue
            for op in function:
                if not rebuilds(op) or not case.runs(op, self.dialects) or case.state_before(op).new_table:
                    continue
                child = case.cascading_child(op) if op.table not in found else None
                if child is not None:
                    found.add(op.table)
                    yield self.found(case.migration, op, **names(op), child=child)


def _switches_off(op: ops.Execute) -> bool:
    words = "".join(str(op.statement).lower().split())
    return words.startswith("pragmaforeign_keys=") and words.rstrip(";").endswith(("off", "0", "false"))
