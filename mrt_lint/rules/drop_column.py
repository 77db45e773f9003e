"""MRT201."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.data_movement import is_refilled, movement
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.written_code import kept_values
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class DropColumn(Rule):
    """`upgrade()` drops a column.

    The values are lost when the migration commits. `downgrade()` can add the column again, empty: the older release finds NULL
    or a default where its users' data was, and nothing but a backup of the whole database brings it back.
    """

    code = "MRT201"
    name = "drop-column"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade drops {the_column}: a downgrade can bring the column back, its values are lost"
    instead = (
        "first release code that no longer uses {column} and keep its values (CREATE TABLE {copy} AS SELECT {values} FROM "
        "{sql_table}); drop it in a later release, and restore it from the copy in downgrade()"
    )
    manual = (
        "PostgreSQL, ALTER TABLE, DROP COLUMN: https://www.postgresql.org/docs/current/sql-altertable.html",
        "Alembic, Operations.drop_column: https://alembic.sqlalchemy.org/en/latest/ops.html",
    )
    exemptions = (
        "The column was added earlier in the same upgrade.",
        "The table was created earlier in the same upgrade.",
        "The upgrade moved the values to a new column, or to one of that name in another table: MRT208 is reported instead.",
        "Every row was deleted earlier in the same upgrade: MRT214 and MRT203 report that.",
        "`downgrade()` computes the values again from other columns or tables: only a test can show whether they are the same.",
    )

    bad = (
        Example(
            title="By operation, positional or keyword",
            source="""
            def upgrade():
                op.drop_column("users", "phone")  # MRT201
                op.drop_column(table_name="users", column_name="fax", schema="crm")  # MRT201
            """,
        ),
        Example(
            title="In a batch",
            source="""
            def upgrade():
                with op.batch_alter_table("users") as batch:
                    batch.drop_column("phone")  # MRT201
            """,
        ),
        Example(
            title="In SQL, two in one statement",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users DROP COLUMN phone, DROP COLUMN fax")  # MRT201
                op.get_bind().execute(sa.text("alter table only crm.people drop if exists phone cascade"))  # MRT201
            """,
        ),
        Example(
            title="downgrade() fills it with what never was in it",
            source="""
            def upgrade():
                op.drop_column("users", "number")  # MRT201
                op.drop_column("users", "phone")  # MRT201

            def downgrade():
                op.add_column("users", sa.Column("number", sa.Integer))
                op.add_column("users", sa.Column("phone", sa.Text))
                op.execute("UPDATE users SET phone = ''")
                op.execute("ALTER TABLE users ADD COLUMN counter serial")
                op.execute("UPDATE users SET number = counter")
                op.execute("ALTER TABLE users DROP COLUMN counter")
            """,
        ),
        Example(
            title="In a helper and a loop, under another alias",
            source="""
            from alembic import op as operations

            def drop_all(table, *columns):
                for column in columns:
                    operations.drop_column(table, column)  # MRT201

            def upgrade():
                drop_all("users", "phone", "fax")
            """,
        ),
    )
    good = (
        Example(
            title="Keep the column, stop using it",
            source="""
            def upgrade():
                op.alter_column("users", "phone", nullable=True)

            def downgrade():
                op.execute("UPDATE users SET phone = '' WHERE phone IS NULL")
                op.alter_column("users", "phone", nullable=False)
            """,
        ),
        Example(
            title="A column of this upgrade's own",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("scratch", sa.Integer))
                op.execute("UPDATE users SET score = scratch")
                op.drop_column("users", "scratch")
            """,
        ),
        Example(
            title="No row is left (MRT214 reports it)",
            source="""
            def upgrade():
                op.execute("DELETE FROM sessions")
                op.drop_column("sessions", "token")
            """,
        ),
        Example(
            title="downgrade() computes the values again",
            source="""
            def upgrade():
                op.execute("INSERT INTO active (user_id) SELECT id FROM users WHERE retired = false")
                op.drop_column("users", "retired")
                op.drop_column("users", "org_name")
                op.drop_column("users", "is_owner")

            def downgrade():
                op.add_column("users", sa.Column("retired", sa.Boolean))
                op.execute("UPDATE users SET retired = NOT EXISTS (SELECT 1 FROM active WHERE active.user_id = users.id)")
                op.add_column("users", sa.Column("org_name", sa.Text))
                op.execute("UPDATE users SET org_name = orgs.name FROM orgs WHERE orgs.id = users.org_id")
                op.add_column("users", sa.Column("is_owner", sa.Boolean, server_default="false"))
                op.execute("UPDATE users SET is_owner = true WHERE id IN (SELECT owner_id FROM orgs)")
            """,
        ),
        Example(
            title="Words in a comment or a string drop nothing",
            source="""
            def upgrade():
                op.execute("-- ALTER TABLE users DROP COLUMN phone")
                op.execute("INSERT INTO log (line) VALUES ('ALTER TABLE users DROP COLUMN phone')")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that held values before this upgrade."""
        for op in case.ops_for(self, ops.DropColumn, along=True):
            state = case.state_before(op)
            gone = state.new_column or state.empty
            if not gone and movement(case, op) is None and not is_refilled(case, op):
                yield self.found(case.migration, op, **names(op, case.dialect(op)), **kept_values(case, op))
