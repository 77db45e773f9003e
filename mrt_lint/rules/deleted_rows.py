"""MRT219."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.row_deletion import are_kept, deletions, empties, insertions, makes_fit, may_come_along, parent_deleted_next
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class DeletedRows(Rule):
    """`downgrade()` deletes rows that `upgrade()` did not insert.

    A rollback is to leave the data as it was. These rows were there before, or the application has written them since; DELETE
    succeeds without a word, and takes rows along that refer to them with ON DELETE CASCADE.
    """

    code = "MRT219"
    name = "deleted-rows"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "downgrade deletes rows of {the_table}, into which upgrade inserts none: they are lost in a rollback"
    instead = (
        "leave them, or keep them first: op.execute(«CREATE TABLE {sql_backup} AS SELECT * FROM {sql_table}»); where they are "
        "worthless, say so behind '# noqa: MRT219'"
    )
    of_children = DialectWording(
        message=message,
        instead=(
            "those of {parent} that they refer to go next, so they cannot stay: point them to others before, or keep them first: "
            "op.execute(«CREATE TABLE {sql_backup} AS SELECT * FROM {sql_table}»); where they are worthless, say so behind "
            "'# noqa: MRT219'"
        ),
    )
    everything = DialectWording(
        message="downgrade deletes every row of {the_table}, also those that upgrade did not insert: they are lost in a rollback",
        instead=(
            "delete with WHERE only what upgrade() inserts; if all have to go, keep them first: "
            "op.execute(«CREATE TABLE {sql_backup} AS SELECT * FROM {sql_table}»)"
        ),
    )
    pattern = DialectWording(
        message="downgrade deletes rows of {the_table} by a pattern that others meet as well: those are lost in a rollback",
        instead="name the rows that upgrade() inserts by their keys, or mark them in a column of their own",
    )
    manual = ("PostgreSQL, DELETE: https://www.postgresql.org/docs/current/sql-delete.html",)
    exemptions = (
        "The table is made or dropped in this migration, or belongs to the database itself.",
        "`upgrade()` inserts rows there, and WHERE names values: which rows these are is not looked at.",
        "`upgrade()` empties the table itself: MRT203 and MRT214 report that.",
        "The rows are copied to another table.",
        "`downgrade()` then narrows the table, with NOT NULL, a key, a type or a column less, which such rows may not fit.",
        "It is under a condition, or `upgrade()` has parts that cannot be read.",
    )

    bad = (
        Example(
            title="Every row",
            source="""
            def upgrade():
                op.add_column("pools", sa.Column("type", sa.Text))
                op.execute("INSERT INTO kinds (name) VALUES ('new')")

            def downgrade():
                op.execute("DELETE FROM kinds")  # MRT219
                op.drop_column("pools", "type")
                op.execute("TRUNCATE visits")  # MRT219
            """,
        ),
        Example(
            title="What was only changed, and what others meet as well",
            source="""
            def upgrade():
                op.execute("UPDATE roles SET name = 'owner' WHERE name = 'admin'")
                op.execute("INSERT INTO limits (name, value) SELECT 'tag:' || tag, value FROM old_limits")

            def downgrade():
                op.execute("DELETE FROM roles WHERE name = 'owner'")  # MRT219
                op.execute("DELETE FROM limits WHERE name LIKE 'tag:%'")  # MRT219
            """,
        ),
    )
    good = (
        Example(
            title="What upgrade inserts, by its keys",
            source="""
            def upgrade():
                op.execute("INSERT INTO kinds (name) VALUES ('a'), ('b')")

            def downgrade():
                op.execute("DELETE FROM kinds WHERE name IN ('a', 'b')")
            """,
        ),
        Example(
            title="Copied first, or of a table of this migration's own",
            source="""
            def upgrade():
                op.create_table("drafts", sa.Column("id", sa.Integer))

            def downgrade():
                op.execute("CREATE TABLE visits_backup AS SELECT * FROM visits")
                op.execute("DELETE FROM visits")
                op.execute("DELETE FROM drafts")
                op.drop_table("drafts")
            """,
        ),
        Example(
            title="What the former table cannot hold",
            source="""
            def upgrade():
                op.alter_column("notes", "user_id", existing_type=sa.Integer, nullable=True)

            def downgrade():
                op.execute("DELETE FROM notes WHERE user_id IS NULL")
                op.alter_column("notes", "user_id", existing_type=sa.Integer, nullable=False)
            """,
        ),
        Example(
            title="Marked as new in a column of their own",
            source="""
            def upgrade():
                op.add_column("notes", sa.Column("source", sa.Text))

            def downgrade():
                op.execute("DELETE FROM notes WHERE source = 'import'")
                op.drop_column("notes", "source")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every deletion of rows that are not known to be upgrade's own."""
        for op, table in deletions(case):
            if are_kept(case, op, table) or empties(case, op, table):
                continue
            found, doubts = names(op, case.dialect(op)), case.analysis(op).upgrade_doubts
            if isinstance(op, ops.Truncate) or op.where is False:
                if doubts.anything:
                    continue
                yield replace(self.found(case.migration, op, self.everything, **found), severity=Severity.ERROR)
            elif op.where is not True or makes_fit(case, op, table):
                continue
            elif insertions(case, op, table):
                if op.by_value is False:
                    yield self.found(case.migration, op, self.pattern, **found)
            elif not doubts.rows and not may_come_along(case, op):
                parent = parent_deleted_next(case, op, table)
                yield self.found(case.migration, op, self.of_children if parent else None, **found, parent=parent)
