"""MRT214."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.returning_rows import come_back, holds_others, inserted_again, is_written_again, kept_rows, kept_when, listed
from mrt_lint.analysis.row_copy import copy_of
from mrt_lint.analysis.row_deletion import cascaded
from mrt_lint.analysis.taken_keys import taken_keys
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_CHILDREN = """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))
                key = sa.ForeignKey("users.id", ondelete="CASCADE")
                op.create_table("visits", sa.Column("id", sa.Integer), sa.Column("user_id", sa.Integer, key))
            """


class DeleteAll(Rule):
    """`upgrade()` deletes every row of a table: DELETE without WHERE.

    No `downgrade()` can know them, unless they were copied before, and ON DELETE CASCADE takes the rows of other tables along.
    Where a condition was forgotten, nothing warns of it: the statement succeeds.
    """

    code = "MRT214"
    name = "delete-all"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade deletes every row of {the_table}: they are lost, and a downgrade cannot know them"
    instead = (
        "name the rows with WHERE; if all have to go, keep them {first} (CREATE TABLE {sql_backup} AS SELECT * FROM {sql_table}), "
        "and in downgrade() insert them again ({again}) and drop the copy{taken}"
    )
    along = DialectWording(
        message=(
            "upgrade deletes every row of {the_table}, and ON DELETE CASCADE with them those of {children}: a downgrade cannot "
            "know them"
        ),
        instead=(
            "name the rows with WHERE; if all have to go, keep them first ({copies}), and in downgrade() insert them again, those "
            "of {the_table} first, and drop the copies"
        ),
    )
    along_replaced = DialectWording(
        message=along.message,
        instead=(
            "drop the foreign keys before, and make them again after the table is filled, if their rows are among the new ones; if "
            "all have to go, keep them first ({copies}), and in downgrade() insert them again, those of {the_table} first"
        ),
    )
    replaced = DialectWording(
        message="upgrade deletes every row of {the_table} and writes others: downgrade() does not write the former ones again",
        instead=(
            "where they can be computed again, do that in downgrade(): DELETE FROM {sql_table}, and INSERT as the older release "
            "needs them; if not, keep them {first} (CREATE TABLE {sql_backup} AS SELECT * FROM {sql_table}), and there delete "
            "the new rows, insert the kept ones ({again}) and drop the copy"
        ),
    )
    manual = ("PostgreSQL, DELETE: https://www.postgresql.org/docs/current/sql-delete.html",)
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "Its rows were copied to another table in the same upgrade, in SQL or by Python, and `downgrade()` inserts them again.",
        "Whether there is a condition cannot be read.",
        "`upgrade()` fills it again from other tables or with what Python works out, and `downgrade()` inserts rows there, too.",
        "Of tables whose rows go along: `upgrade()` deletes or changes rows there before; SQLite does not enforce foreign keys.",
    )

    bad = (
        Example(
            title="In SQL and with Core",
            source="""
            sessions = sa.table("sessions", sa.column("id", sa.Integer))

            def upgrade():
                op.execute("DELETE FROM web.visits -- WHERE old")  # MRT214
                op.execute(sessions.delete())  # MRT214
            """,
        ),
        Example(
            title="The rows come back, but not those that ON DELETE CASCADE takes along",
            before=(_CHILDREN,),
            source="""
            def upgrade():
                op.execute("CREATE TABLE users_backup AS SELECT * FROM users")
                op.execute("DELETE FROM users")  # MRT214

            def downgrade():
                op.execute("INSERT INTO users SELECT * FROM users_backup")
            """,
        ),
    )
    good = (
        Example(
            title="With the rows of others, which are copied, too",
            before=(_CHILDREN,),
            source="""
            def upgrade():
                op.execute("CREATE TABLE users_backup AS SELECT * FROM users")
                op.execute("CREATE TABLE visits_backup AS SELECT * FROM visits")
                op.execute("DELETE FROM users")

            def downgrade():
                op.execute("INSERT INTO users SELECT * FROM users_backup")
                op.execute("INSERT INTO visits SELECT * FROM visits_backup")
                op.drop_table("visits_backup")
                op.drop_table("users_backup")
            """,
        ),
        Example(
            title="With a condition",
            source="""
            sessions = sa.table("sessions", sa.column("id", sa.Integer))

            def upgrade():
                op.execute("DELETE FROM visits WHERE day < '2020-01-01'")
                op.execute(sessions.delete().where(sessions.c.id < 100))
            """,
        ),
        Example(
            title="A table of this upgrade's own",
            source="""
            def upgrade():
                op.create_table("staging", sa.Column("id", sa.Integer))
                op.execute("DELETE FROM staging")
            """,
        ),
        Example(
            title="Copied before, and filled again in downgrade()",
            source="""
            def upgrade():
                op.execute("CREATE TABLE visits_backup AS SELECT * FROM visits")
                op.execute("DELETE FROM visits")

            def downgrade():
                op.execute("INSERT INTO visits SELECT * FROM visits_backup")
                op.drop_table("visits_backup")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every table that is emptied so."""
        for op in case.ops_for(self, ops.Delete):
            if op.where is not False:
                continue
            children = cascaded(case, op)
            if children:
                copies = kept_rows(case, str(op.table), op.schema if readable(op.schema) else None, children)
                found = {**names(op, case.dialect(op)), "children": ", ".join(listed(children)), "copies": copies}
                yield self.found(case.migration, op, self.along_replaced if _is_filled_again(case, op) else self.along, **found)
            elif not come_back(case, op):
                found = names(op, case.dialect(op))
                found["sql_backup"] = copy_of(case, op.table, op.schema, case.dialect(op))
                found |= {"again": inserted_again(case, op, found), "first": kept_when(case, op), "taken": taken_keys(case, op)}
                if not _is_filled_again(case, op):
                    yield self.found(case.migration, op, **found)
                elif not is_written_again(case, op):
                    yield replace(self.found(case.migration, op, self.replaced, **found), severity=Severity.WARNING)


def _is_filled_again(case: MigrationCase, op: ops.Delete) -> bool:
    """Return whether upgrade() then fills the table with rows that it takes from other tables, or works out in Python."""
    table = case.state_before(op).table
    return table is not None and any(
        isinstance(other, ops.Insert | ops.BulkInsert) and holds_others(other) and case.state_before(other).table is table
        for other in case.later(op)
    )
