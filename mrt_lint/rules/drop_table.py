"""MRT202."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class DropTable(Rule):
    """`upgrade()` drops a table.

    All its rows are lost when the migration commits. `downgrade()` can create the table again, empty; the older release then
    works on an empty table, and rows in other tables point to nothing.
    """

    code = "MRT202"
    name = "drop-table"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade drops {the_table}: a downgrade can create the table again, its rows are lost"
    instead = (
        "set it aside under another name (ALTER TABLE {sql_table} RENAME TO {sql_retired}), rename it back in downgrade(), and "
        "drop it in a "
        "later release if nothing needed it"
    )
    manual = (
        "PostgreSQL, DROP TABLE: https://www.postgresql.org/docs/current/sql-droptable.html",
        "SQLite, “Making Other Kinds Of Table Schema Changes”: https://www.sqlite.org/lang_altertable.html#otheralter",
    )
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "The same upgrade emptied it before (MRT203 or MRT214 reports that).",
        (
            "Its rows were copied to another table in the same upgrade and are back under its name in the end, as when SQLite "
            "rebuilds a table."
        ),
        "It is one that Alembic's batch mode puts a table together in.",
        "IF EXISTS, before the upgrade makes a table of that name for itself: a temporary one, or one that is dropped in the end.",
    )

    bad = (
        Example(
            title="By operation, and in SQL",
            source="""
            def upgrade():
                op.drop_table("invoices")  # MRT202
                op.drop_table("invoices", schema="archive")  # MRT202
                op.execute('DROP TABLE IF EXISTS "old_invoices", items CASCADE')  # MRT202

            def downgrade():
                op.create_table("invoices", sa.Column("id", sa.Integer, primary_key=True))
            """,
        ),
        Example(
            title="Copied away and never brought back",
            source="""
            def upgrade():
                op.execute("CREATE TABLE invoices_2019 AS SELECT * FROM invoices")
                op.drop_table("invoices")  # MRT202

            def downgrade():
                op.create_table("invoices", sa.Column("id", sa.Integer, primary_key=True))
            """,
        ),
        Example(
            title="Replaced by one that has rows of its own, or by an empty one that downgrade() fills",
            source="""
            def upgrade():
                op.drop_table("plans")  # MRT202
                op.create_table("plans", sa.Column("name", sa.Text))
                op.execute("INSERT INTO plans (name) VALUES ('free')")
                op.drop_table("invoices")  # MRT202
                op.create_table("invoices_new", sa.Column("id", sa.Integer))
                op.rename_table("invoices_new", "invoices")

            def downgrade():
                op.create_table("invoices_old", sa.Column("id", sa.Integer))
                op.execute("INSERT INTO invoices_old SELECT id FROM invoices")
                op.drop_table("invoices")
                op.rename_table("invoices_old", "invoices")
            """,
        ),
        Example(
            title="Rebuilt both ways, with rows that are in the statement, or under a condition that checks something else",
            source="""
            def upgrade():
                op.create_table("users_new", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
                op.execute("INSERT INTO users_new (id, name) VALUES (1, 'admin')")
                op.drop_table("users")  # MRT202
                op.rename_table("users_new", "users")
                if os.environ.get("RESET"):
                    op.drop_table("teams")  # MRT202
                op.create_table("teams", sa.Column("id", sa.Integer))

            def downgrade():
                op.drop_table("teams")
                op.create_table("users_old", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
                op.execute("INSERT INTO users_old (id, name) VALUES (1, 'admin')")
                op.drop_table("users")
                op.rename_table("users_old", "users")
            """,
        ),
        Example(
            title="Replaced by an empty one",
            source="""
            def upgrade():
                op.drop_table("sessions")  # MRT202
                op.create_table("sessions", sa.Column("token", sa.Text, primary_key=True))
            """,
        ),
    )
    good = (
        Example(
            title="Set aside",
            source="""
            def upgrade():
                op.rename_table("invoices", "invoices_retired")

            def downgrade():
                op.rename_table("invoices_retired", "invoices")
            """,
        ),
        Example(
            title="A table of this upgrade's own",
            source="""
            def upgrade():
                op.execute("CREATE TEMPORARY TABLE wanted AS SELECT id FROM users")
                op.create_table("scratch", sa.Column("id", sa.Integer))
                op.drop_table("scratch")
                op.execute("DROP TABLE wanted")
            """,
        ),
        Example(
            title="Rebuilt: create, copy, drop, rename",
            source="""
            def upgrade():
                op.create_table("users_new", sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.Text))
                op.execute("INSERT INTO users_new (id, email) SELECT id, email FROM users")
                op.drop_table("users")
                op.rename_table("users_new", "users")
            """,
        ),
        Example(
            title="Rebuilt both ways, with rows that pass through Python",
            source="""
            def upgrade():
                bind = op.get_bind()
                users = sa.Table("users", sa.MetaData(), autoload_with=bind)
                op.create_table("users_new", *[column.copy() for column in users.columns])
                for row in bind.execute(users.select()):
                    bind.execute(sa.text("INSERT INTO users_new (id, email) VALUES (:id, :email)"), changed(row))
                op.drop_table("users")
                op.rename_table("users_new", "users")

            def downgrade():
                bind = op.get_bind()
                op.create_table("users_old", sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.Text))
                for row in bind.execute(sa.text("SELECT id, email FROM users")):
                    bind.execute(sa.text("INSERT INTO users_old (id, email) VALUES (:id, :email)"), changed_back(row))
                op.drop_table("users")
                op.rename_table("users_old", "users")
            """,
        ),
        Example(
            title="What a batch that failed may have left",
            source="""
            def upgrade():
                if "_alembic_tmp_users" in sa.inspect(op.get_bind()).get_table_names():
                    op.drop_table("_alembic_tmp_users")
                if has_table("users_rebuilt"):
                    op.drop_table("users_rebuilt")
                op.execute("CREATE TABLE users_rebuilt AS SELECT * FROM users")
                op.drop_table("users")
                op.rename_table("users_rebuilt", "users")
            """,
        ),
        Example(
            title="What a failed run may have left of a table of this migration's own",
            source="""
            def upgrade():
                op.execute("DROP TABLE IF EXISTS before_merge")
                op.execute("CREATE TABLE before_merge AS SELECT id, email FROM users")
                op.execute("DROP TABLE IF EXISTS seen_twice")
                op.execute("CREATE TABLE seen_twice AS SELECT email FROM users GROUP BY email HAVING count(*) > 1")
                op.execute("UPDATE users SET email = NULL WHERE email IN (SELECT email FROM seen_twice)")
                op.drop_table("seen_twice")
                op.execute("DROP TABLE IF EXISTS seen_once")
                op.execute("CREATE TEMPORARY TABLE seen_once AS SELECT email FROM users")

            def downgrade():
                op.execute("UPDATE users SET email = before_merge.email FROM before_merge WHERE before_merge.id = users.id")
                op.drop_table("before_merge")
            """,
        ),
        Example(
            title="Rows moved to another table, and back",
            source="""
            def upgrade():
                op.execute("INSERT INTO people (id, name) SELECT id, name FROM staff")
                op.drop_table("staff")

            def downgrade():
                op.create_table("staff", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
                op.execute("INSERT INTO staff (id, name) SELECT id, name FROM people")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every table that held rows before this upgrade and does not get them back."""
        for op in case.ops_for(self, ops.DropTable, along=True):
            analysis = case.analysis(op)
            if _is_of_a_batch(op) or case.state_before(op).empty:
                continue
            if not analysis.keeps_rows(op) and not analysis.makes_room_for_own_table(op):
                found = names(op, case.dialect(op))
                yield self.found(case.migration, op, **found)


def _is_of_a_batch(op: ops.DropTable) -> bool:
    """Return whether it is the temporary table of Alembic's batch mode, which a failed batch leaves behind."""
    return readable(op.table) and fold(op.table).startswith("_alembic_tmp_")
