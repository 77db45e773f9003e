"""MRT107."""

import re
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule

_MAY_INSERT_NOTHING = re.compile(r"\bon\s+(?:conflict|duplicate)\b|\bignore\b|\bnot\s+exists\b", re.IGNORECASE)


class RowsFromNowhere(Rule):
    """`downgrade()` inserts rows that `upgrade()` did not take away.

    After the rollback the table holds rows that it never held, or holds them twice; a unique key refuses them, and then the whole
    rollback fails. It happens when both functions are filled from one list, or an INSERT is copied instead of turned into a DELETE.
    """

    code = "MRT107"
    name = "rows-from-nowhere"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "downgrade inserts rows into {the_table}, from which upgrade took none away: they were not there before"
    instead = "delete in downgrade() the rows that upgrade() inserts, and leave alone those that it leaves alone"
    manual = ("Alembic tutorial, “Downgrading”: https://alembic.sqlalchemy.org/en/latest/tutorial.html#downgrading",)
    exemptions = (
        "`upgrade()` deletes rows or drops a table, whichever, or has parts that cannot be read.",
        "`upgrade()` changes rows of the table, or `downgrade()` makes it or deletes from it.",
        "The rows are the result of a query, or inserted only where they are missing.",
    )

    bad = (
        Example(
            title="Inserted again instead of deleted",
            source="""
            def upgrade():
                op.execute("INSERT INTO roles (name) VALUES ('admin')")

            def downgrade():
                op.execute("INSERT INTO roles (name) VALUES ('admin')")  # MRT107
            """,
        ),
        Example(
            title="By operation, where upgrade has nothing to do with rows",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))

            def downgrade():
                op.drop_column("users", "age")
                op.bulk_insert(sa.table("roles", sa.column("name")), [{"name": "admin"}])  # MRT107
            """,
        ),
    )
    good = (
        Example(
            title="What upgrade took away",
            source="""
            def upgrade():
                op.execute("DELETE FROM roles WHERE name = 'admin'")

            def downgrade():
                op.execute("INSERT INTO roles (name) VALUES ('admin')")
            """,
        ),
        Example(
            title="Into a table that downgrade makes, or from one that goes",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("role", sa.Text))

            def downgrade():
                op.create_table("roles", sa.Column("name", sa.Text))
                op.execute("INSERT INTO roles (name) VALUES ('admin')")
                op.execute("INSERT INTO user_roles (user_id, role) SELECT id, role FROM users")
                op.drop_column("users", "role")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every INSERT of downgrade() that reverses nothing."""
        if any(isinstance(op, ops.Delete | ops.Truncate | ops.DropTable | ops.Raise) for op in case.migration.upgrade_ops):
            return
        statement = ""
        for op in case.migration.downgrade_ops:
            statement = str(op.statement) if isinstance(op, ops.Execute) else statement if op.sql else ""
            is_written_out = isinstance(op, ops.BulkInsert) or (isinstance(op, ops.Insert) and not op.query)
            if (
                is_written_out
                and not _MAY_INSERT_NOTHING.search(statement)
                and op.certain
                and case.runs(op)
                and self._answers_nothing(case, op)
            ):
                yield self.found(case.migration, op, **names(op, case.dialect(op)))

    @staticmethod
    def _answers_nothing(case: MigrationCase, op: ops.Op) -> bool:
        analysis, table = case.analysis(op), case.state_before(op).table
        if analysis.upgrade_doubts.rows or analysis.downgrade_doubts.rows or analysis.refuses:
            return False
        if not isinstance(table, TrackedTable) or table.creator is not None or not readable(getattr(op, "table", None)):
            return False
        changes = (
            *(other for other in analysis.upgrade if isinstance(other, ops.Update | ops.DropColumn | ops.AlterColumn)),
            *(other for other in analysis.reverse.values() if isinstance(other, ops.Delete | ops.Truncate)),
        )
        return not any(analysis.state_before(other).table is table for other in changes)
