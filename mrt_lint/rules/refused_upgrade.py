"""MRT443."""

from collections.abc import Iterator

from mrt_lint.analysis.absent_table import is_table_absent
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.conflict import ConflictKind
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class RefusedUpgrade(Rule):
    """`upgrade()` does what the database refuses, since something else needs what it changes, or nothing has made it.

    PostgreSQL changes no type of a column that a view reads, drops no table that a foreign key points to, nor truncates it, and
    makes no foreign key to columns that are no key; no database takes rows for a table that is not there. The deployment stops.
    """

    code = "MRT443"
    name = "refused-upgrade"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "upgrade fails here: {conflict}"
    instead = "take away first what still needs it, and make that again behind it; downgrade() likewise"
    absent = DialectWording(message=message, instead="write the name of a table that a revision makes, or make it first")
    keyless = DialectWording(
        message=message,
        instead="name all columns of the primary key in the foreign key, or first make a unique constraint of those that it names",
    )
    unrefreshable = DialectWording(
        message=message,
        instead="create a unique index of columns on the view first, without a condition, or leave out CONCURRENTLY",
    )
    manual = (
        "PostgreSQL, “Dependency Tracking”: https://www.postgresql.org/docs/current/ddl-depend.html",
        "PostgreSQL, TRUNCATE: https://www.postgresql.org/docs/current/sql-truncate.html",
        "PostgreSQL, REFRESH MATERIALIZED VIEW: https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html",
    )
    exemptions = (
        "The operation runs under a condition, with CASCADE or IF EXISTS, or its failure is caught.",
        "A part of what runs before cannot be read, or of this upgrade().",
        "A view of all columns (*), and one that reads a table without naming it with the column in a join.",
        "INSERT: the history does not make all other tables itself.",
    )

    bad = (
        Example(
            title="What others need",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
                op.create_table("notes", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")))
                op.execute("CREATE VIEW names AS SELECT u.name FROM users u JOIN notes n ON n.user_id = u.id")
            """,
            ),
            source="""
            def upgrade():
                op.alter_column("users", "name", type_=sa.Text)  # MRT443
                op.execute("TRUNCATE users")  # MRT443
                op.drop_table("users")  # MRT443
            """,
        ),
        Example(
            title="A materialized view without the unique index that went with it",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.execute("CREATE MATERIALIZED VIEW days AS SELECT 1 AS day")
                op.execute("CREATE UNIQUE INDEX days_day ON days (day)")
            """,
            ),
            source="""
            def upgrade():
                op.execute("DROP MATERIALIZED VIEW days")
                op.execute("CREATE MATERIALIZED VIEW days AS SELECT 1 AS day, 2 AS total")
                op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY days")  # MRT443

            def downgrade():
                op.execute("DROP MATERIALIZED VIEW days")
                op.execute("CREATE MATERIALIZED VIEW days AS SELECT 1 AS day")
                op.execute("CREATE UNIQUE INDEX days_day ON days (day)")
            """,
        ),
        Example(
            title="A foreign key to a part of the primary key",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table(
                    "files", sa.Column("id", sa.Integer, primary_key=True), sa.Column("version", sa.Integer, primary_key=True)
                )
            """,
            ),
            source="""
            def upgrade():
                op.create_table("pages", sa.Column("file_id", sa.Integer, sa.ForeignKey("files.id")))  # MRT443
            """,
        ),
        Example(
            title="Rows for a table that nothing makes",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
            """,
            ),
            source="""
            def upgrade():
                op.execute("INSERT INTO user (name) VALUES ('Ada')")  # MRT443
            """,
        ),
    )
    good = (
        Example(
            title="Taken away first, and along",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
                op.create_table("notes", sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")))
                op.execute("CREATE VIEW names AS SELECT name FROM users")
            """,
            ),
            source="""
            def upgrade():
                op.execute("DROP VIEW names")
                op.alter_column("users", "name", type_=sa.Text)
                op.execute("CREATE VIEW names AS SELECT name FROM users")
                op.execute("INSERT INTO users (id, name) VALUES (1, 'Ada')")

            def downgrade():
                op.execute("DELETE FROM users WHERE id = 1")
                op.execute("DROP VIEW names")
                op.alter_column("users", "name", type_=sa.String(20))
                op.execute("CREATE VIEW names AS SELECT name FROM users")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every operation that what is there keeps from running, and every INSERT into nothing."""
        wordings = {ConflictKind.NO_KEY: self.keyless, ConflictKind.UNREFRESHABLE: self.unrefreshable}
        for op, conflict in case.failing(case.migration.upgrade_ops, lambda analysis: analysis.upgrade_conflicts):
            if conflict.kind in {ConflictKind.NEEDED, *wordings}:
                yield self.found(case.migration, op, wordings.get(conflict.kind), conflict=conflict.clause)
        for change in case.ops_for(self, ops.Insert, ops.BulkInsert):
            if change.certain and not change.caught and is_table_absent(case, change):
                absent = f"no revision before this one leaves a table '{change.table}'"
                yield self.found(case.migration, change, self.absent, conflict=absent)
