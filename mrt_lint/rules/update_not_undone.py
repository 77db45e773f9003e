"""MRT103."""

from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.history.schema import fold
from mrt_lint.phrase import names
from mrt_lint.rule import Example, Finding, Rule, Severity
from mrt_lint.undo import Undo
from mrt_lint.undo.things import readable
from mrt_lint.values import UNKNOWN


class UpdateNotUndone(Rule):
    """`upgrade()` changes values with UPDATE, and `downgrade()` changes nothing in that table.

    The rollback restores the tables and leaves the new values in them. The older release reads data in a form it does not know,
    and what stood there before is overwritten.
    """

    code = "MRT103"
    name = "update-not-undone"
    severity = Severity.WARNING
    of_undoing = True
    message = "upgrade overwrites values in {the_table}, downgrade changes nothing there: the older release reads the new values"
    instead = (
        "write the values to a new column of {table}, which downgrade() drops, or compute the former ones again there with an "
        "UPDATE"
    )
    manual = (
        (
            "Alembic cookbook, “Data Migrations”: "
            "https://alembic.sqlalchemy.org/en/latest/cookbook.html#data-migrations-general-techniques"
        ),
    )
    exemptions = (
        "It fills only columns that were added in the same upgrade.",
        "The table was created in the same upgrade, or is dropped in either direction.",
        "`downgrade()` updates, deletes or inserts rows of the same table, or has parts that cannot be read.",
    )

    bad = (
        Example(
            title="In SQL",
            source="""
            def upgrade():
                op.execute("UPDATE users SET email = lower(email)")  # MRT103
                op.execute("WITH old AS (SELECT id FROM teams) UPDATE crm.teams SET name = 'x' FROM old")  # MRT103

            def downgrade():
                op.execute("UPDATE roles SET name = upper(name)")
            """,
        ),
        Example(
            title="With Core",
            source="""
            users = sa.table("users", sa.column("email", sa.Text))

            def upgrade():
                op.execute(users.update().values(email="?"))  # MRT103
                op.get_bind().execute(sa.update(users).where(users.c.email == "").values(email=None))  # MRT103

            def downgrade():
                pass
            """,
        ),
        Example(
            title="A new column and an old one",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = email, email = NULL")  # MRT103

            def downgrade():
                op.drop_column("users", "mail")
            """,
        ),
    )
    good = (
        Example(
            title="It fills a column of this upgrade's own",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = lower(email) WHERE email IS NOT NULL")

            def downgrade():
                op.drop_column("users", "mail")
            """,
        ),
        Example(
            title="Taken back, in SQL or with Core",
            source="""
            users = sa.table("users", sa.column("state", sa.Text))

            def upgrade():
                op.execute("UPDATE users SET state = 'on' WHERE state = 'active'")

            def downgrade():
                op.execute(users.update().where(users.c.state == "on").values(state="active"))
            """,
        ),
        Example(
            title="A table of this upgrade's own",
            source="""
            def upgrade():
                op.create_table("totals", sa.Column("day", sa.Date), sa.Column("amount", sa.Integer))
                op.execute("UPDATE totals SET amount = 0")
            """,
        ),
    )

    def check(self, case: Case) -> Iterator[Finding]:
        """Yield a finding for every UPDATE of former values that nothing answers."""
        for op in case.concerned(self, ops.Update):
            answered = case.answered(op, ops.Update, ops.Insert, ops.BulkInsert, ops.Delete, ops.Truncate)
            if answered is Undo.NO and not self._fills_new_columns(case, op):
                yield self.found(case.migration, op, **names(op))

    @staticmethod
    def _fills_new_columns(case: Case, op: ops.Update) -> bool:
        added = case.moment(op).new_columns
        if op.columns is UNKNOWN:
            return bool(added)
        return all(readable(column) and fold(column) in added for column in op.columns)
