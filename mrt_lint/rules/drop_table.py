"""MRT202."""

from collections.abc import Iterator

from mrt_lint import ops
from mrt_lint.case import Case
from mrt_lint.phrase import names
from mrt_lint.rule import Example, Finding, Rule, Severity


class DropTable(Rule):
    """`upgrade()` drops a table.

    All its rows are gone when the migration commits. `downgrade()` can create the table again, empty; the older release then
    works on an empty table, and rows in other tables point to nothing.
    """

    code = "MRT202"
    name = "drop-table"
    severity = Severity.ERROR
    message = "upgrade drops {the_table}: a downgrade can create the table again, its rows are lost"
    instead = (
        "set it aside under another name (ALTER TABLE {sql_table} RENAME TO {last}_retired), rename it back in downgrade(), and "
        "drop it in a "
        "later release when nobody has missed it"
    )
    manual = (
        "PostgreSQL, DROP TABLE: https://www.postgresql.org/docs/current/sql-droptable.html",
        "SQLite, “Making Other Kinds Of Table Schema Changes”: https://www.sqlite.org/lang_altertable.html#otheralter",
    )
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "The same upgrade emptied it before (MRT203 or MRT214 spoke of that).",
        (
            "Its rows were copied to another table in the same upgrade and are back under its name in the end, as when SQLite "
            "rebuilds a table."
        ),
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

    def check(self, case: Case) -> Iterator[Finding]:
        """Yield a finding for every table that held rows before this upgrade and does not get them back."""
        for op in case.concerned(self, ops.DropTable):
            ledger = case.ledger(op)
            if not case.moment(op).empty and not ledger.keeps_rows(op) and not ledger.clears_the_way(op):
                found = names(op, case.dialect(op))
                yield self.found(case.migration, op, **found, last=found["table"].rpartition(".")[2])
