"""MRT301."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule


class RenameTable(Rule):
    """`upgrade()` renames a table and `downgrade()` does not rename it back.

    After the rollback the older release looks for the table under its old name and finds nothing: every query on it fails,
    although the rows are still there under the new one.
    """

    code = "MRT301"
    name = "rename-table"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = (
        "upgrade renames {the_table} to '{new_table}', downgrade does not rename it back: the older release finds no '{table}'"
    )
    instead = "add op.rename_table(«{new}», «{old}»{in_schema}) to downgrade()"
    manual = ("Alembic, Operations.rename_table: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole."
    )
    exemptions = (
        "The table is dropped later in the same upgrade (MRT202 reports that).",
        "`downgrade()` has parts that cannot be read.",
    )

    bad = (
        Example(
            title="Not renamed back at all",
            source="""
            def upgrade():
                op.rename_table("users", "accounts")  # MRT301
                op.execute("ALTER TABLE roles RENAME TO groups")  # MRT301

            def downgrade():
                op.drop_column("accounts", "nickname")
            """,
        ),
        Example(
            title="Another table is renamed back, or to another name",
            source="""
            def upgrade():
                op.rename_table("users", "accounts")  # MRT301
                op.rename_table("roles", "groups")  # MRT301

            def downgrade():
                op.rename_table("accounts", "user")
                op.rename_table("group", "roles")
            """,
        ),
        Example(
            title="In another schema",
            source="""
            def upgrade():
                op.rename_table("users", "accounts", schema="crm")  # MRT301

            def downgrade():
                op.rename_table("accounts", "users", schema="sales")
            """,
        ),
        Example(
            title="MySQL's statement",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("RENAME TABLE users TO accounts")  # MRT301

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
                op.rename_table("users", "accounts")
                op.rename_table("roles", "Groups")

            def downgrade():
                op.execute('ALTER TABLE "Groups" RENAME TO roles')
                op.execute("ALTER TABLE IF EXISTS accounts RENAME TO users")
            """,
        ),
        Example(
            title="By way of a third name",
            source="""
            def upgrade():
                op.rename_table("a", "swap")
                op.rename_table("b", "a")
                op.rename_table("swap", "b")

            def downgrade():
                op.rename_table("b", "swap")
                op.rename_table("a", "b")
                op.rename_table("swap", "a")
            """,
        ),
        Example(
            title="A table of this upgrade's own takes the name of the old one",
            source="""
            def upgrade():
                op.create_table("users_new", sa.Column("id", sa.Integer, primary_key=True))
                op.execute("INSERT INTO users_new SELECT id FROM users")
                op.drop_table("users")
                op.rename_table("users_new", "users")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every rename that is not taken back."""
        for op in case.ops_for(self, ops.RenameTable):
            if case.undone(op) is UndoStatus.NO:
                found = names(op)
                arguments = {"old": str(op.table), "new": str(op.new_table)}
                yield self.found(case.migration, op, **found, **arguments)
