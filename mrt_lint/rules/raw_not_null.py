"""MRT403."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.restated_column import may_have_been_required
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN, SqlType
from mrt_lint.online.types import spelled


class RawNotNull(Rule):
    """`upgrade()` sets a column NOT NULL in SQL, and `downgrade()` does not take that back.

    The older release writes rows without a value there: after the rollback each of its inserts fails, and nothing in the
    migration's operations shows why.
    """

    code = "MRT403"
    name = "raw-not-null"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade sets {the_column} NOT NULL in SQL, downgrade does not drop that: inserts of the older release fail"
    instead = "add op.execute(«ALTER TABLE {sql_table} ALTER COLUMN {sql_column} DROP NOT NULL») to downgrade()"
    on_mysql = DialectWording(
        message=message,
        instead="add op.execute(«ALTER TABLE {sql_table} MODIFY {sql_column} {type} NULL») to downgrade()",
    )
    manual = (
        "PostgreSQL, ALTER TABLE, SET/DROP NOT NULL: https://www.postgresql.org/docs/current/sql-altertable.html",
        "MySQL, ALTER TABLE, MODIFY: https://dev.mysql.com/doc/refman/8.4/en/alter-table.html",
    )
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole."
    )
    exemptions = (
        "The column was NOT NULL before, by the history.",
        "On MySQL, the history does not make the table, and no UPDATE fills the column before: MODIFY repeats what was.",
        "The column or its table was added in the same upgrade, or is dropped in it.",
        "`downgrade()` has parts that cannot be read.",
    )

    bad = (
        Example(
            title="SET NOT NULL alone",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ALTER COLUMN email SET NOT NULL")  # MRT403
                op.execute("alter table only crm.users alter phone set not null, alter fax set not null")  # MRT403

            def downgrade():
                op.execute("ALTER TABLE users ALTER COLUMN name DROP NOT NULL")
            """,
        ),
        Example(
            title="MySQL's MODIFY",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE users MODIFY email VARCHAR(50) NOT NULL")  # MRT403

            def downgrade():
                op.drop_column("users", "age")
            """,
        ),
    )
    good = (
        Example(
            title="Dropped again, in SQL or by operation",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ALTER COLUMN email SET NOT NULL")
                op.execute("ALTER TABLE users ALTER phone SET NOT NULL")

            def downgrade():
                op.alter_column("users", "email", nullable=True)
                op.execute("ALTER TABLE users ALTER COLUMN phone DROP NOT NULL")
            """,
        ),
        Example(
            title="A column of this upgrade's own",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ADD COLUMN email text")
                op.execute("UPDATE users SET email = ''")
                op.execute("ALTER TABLE users ALTER COLUMN email SET NOT NULL")

            def downgrade():
                op.execute("ALTER TABLE users DROP COLUMN email")
            """,
        ),
        Example(
            title="It was NOT NULL before",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("email", sa.Text, nullable=False))
            """,
            ),
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ALTER COLUMN email SET NOT NULL")

            def downgrade():
                pass
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that stays NOT NULL."""
        for op in case.ops_for(self, ops.AlterColumn):
            if not op.sql or op.nullable is not False or case.originally(op, "nullable") is False:
                continue
            if may_have_been_required(case, op):
                continue
            if case.undone(op, "nullable") in {UndoStatus.NO, UndoStatus.DIFFERENT}:
                kind = _written(op, case.dialect(op))
                wording = None if case.server(op) is None else self.on_mysql
                yield self.found(case.migration, op, wording, **names(op, case.dialect(op)), type=kind)


def _written(op: ops.AlterColumn, dialect: str) -> str:
    """Return the type of MODIFY as SQL, with the members and the collation that it would lose without."""
    kind = op.type.on(dialect) if isinstance(op.type, SqlType) else None
    if not isinstance(kind, SqlType) or kind.members is UNKNOWN or UNKNOWN in (kind.members or ()):
        return "…"
    return spelled(kind, whole=True)
