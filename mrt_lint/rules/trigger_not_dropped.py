"""MRT502."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule

_NAMELESS = FAMILY | {"sqlite", "mssql", "oracle"}
"""Databases whose DROP TRIGGER takes no table."""


class TriggerNotDropped(Rule):
    """`upgrade()` creates a trigger that `downgrade()` does not drop.

    After the rollback it still fires on every write of the older release. If the function or column that it needs no longer exists,
    each of those writes fails.
    """

    code = "MRT502"
    name = "trigger-not-dropped"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade creates {the_name}, downgrade does not drop it: it fires on the writes of the older release"
    instead = "add op.execute(«DROP TRIGGER {sql_name}{on}») to downgrade()"
    manual = ("PostgreSQL, CREATE TRIGGER: https://www.postgresql.org/docs/current/sql-createtrigger.html",)
    exemptions = (
        "It belongs to a table that upgrade created or downgrade drops.",
        "`downgrade()` is missing or does nothing (MRT101 and MRT102 report that), raises, or has parts that cannot be read.",
        "CREATE OR REPLACE and IF NOT EXISTS may have created nothing.",
    )

    bad = (
        Example(
            title="Another trigger is dropped, or that of another table",
            source="""
            def upgrade():
                op.execute("CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()")  # MRT502
                op.execute("CREATE TRIGGER audit AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION audit()")  # MRT502

            def downgrade():
                op.execute("DROP TRIGGER touched ON users")
                op.execute("DROP TRIGGER audit ON roles")
            """,
        ),
    )
    good = (
        Example(
            title="Dropped",
            source="""
            def upgrade():
                op.execute("CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()")

            def downgrade():
                op.execute("DROP TRIGGER IF EXISTS touch ON users")
            """,
        ),
        Example(
            title="Dropped without its table's name, which SQLite does not want, and before it is made, too",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                op.execute("DROP TRIGGER IF EXISTS touch")
                op.execute("CREATE TRIGGER touch AFTER UPDATE ON users BEGIN SELECT 1; END")

            def downgrade():
                op.execute("DROP TRIGGER IF EXISTS touch")
            """,
        ),
        Example(
            title="It goes with its table",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.execute("CREATE TRIGGER touch BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch()")

            def downgrade():
                op.drop_table("notes")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every trigger that is left behind."""
        if case.lacks_downgrade:
            return
        for op in case.ops_for(self, ops.CreateObject):
            if op.kind == "trigger" and not op.or_replace and not op.if_not_exists and case.undone(op) is UndoStatus.NO:
                found = names(op, case.dialect(op))
                on = op.table and case.dialect(op) not in _NAMELESS
                yield self.found(case.migration, op, **found, on=f" ON {found['sql_table']}" if on else "")
