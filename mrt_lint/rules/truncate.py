"""MRT203."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.returning_rows import come_back, comes_back_along, going_along, is_written_again, kept_rows, listed
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class Truncate(Rule):
    """`upgrade()` truncates a table.

    Every row is lost, with CASCADE those of all tables that point to it too, and no `downgrade()` can know them. On MySQL the
    statement commits implicitly: not even an error later in the migration takes it back.
    """

    code = "MRT203"
    name = "truncate"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade truncates {the_table}{along}: every row is lost, and {unknown}"
    instead = (
        "keep the rows{when} ({kept}), {back} in downgrade() and drop the {copies} there, or delete only the rows that are wrong"
    )
    manual = (
        "PostgreSQL, TRUNCATE: https://www.postgresql.org/docs/current/sql-truncate.html",
        "MySQL, “Statements That Cause an Implicit Commit”: https://dev.mysql.com/doc/refman/8.0/en/implicit-commit.html",
    )
    exemptions = (
        "The word is in a comment or a string.",
        "The table was created earlier in the same upgrade.",
        "The rows were copied to another table in the same upgrade, in SQL or by Python, and `downgrade()` inserts them again.",
    )

    bad = (
        Example(
            title="In any spelling of SQL",
            source="""
            def upgrade():
                op.execute("TRUNCATE TABLE sessions RESTART IDENTITY CASCADE")  # MRT203
                op.get_bind().exec_driver_sql("truncate only web.sessions, web.visits")  # MRT203
            """,
        ),
        Example(
            title="Among other statements, behind a comment",
            source='''
            def upgrade():
                op.execute(sa.text("""  # MRT203
                    -- start afresh
                    UPDATE users SET session_id = NULL;
                    TRUNCATE sessions;
                """))
            ''',
        ),
    )
    good = (
        Example(
            title="In a comment, a string or a name",
            source="""
            def upgrade():
                op.execute("/* TRUNCATE sessions */ SELECT 1")
                op.execute("INSERT INTO log (line) VALUES ('TRUNCATE sessions')")
                op.execute("UPDATE prices SET amount = truncate(amount, 2)")
            """,
        ),
        Example(
            title="A table of this upgrade's own",
            source="""
            def upgrade():
                op.create_table("staging", sa.Column("id", sa.Integer))
                op.execute("TRUNCATE staging")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every table that is emptied so."""
        for op in case.ops_for(self, ops.Truncate):
            others = going_along(case, op)
            if come_back(case, op) and all(comes_back_along(case, op, other) for other in others):
                continue
            words = {"along": "", "copies": "copies" if others else "copy", "unknown": "a downgrade cannot know them"}
            if others:
                words["along"] = f" and by CASCADE what points to it ({', '.join(listed(others))})"
            if is_written_again(case, op):
                words["unknown"] = "downgrade inserts only those that it holds itself"
            schema, table = (name if readable(name) else None for name in (op.schema, op.table))
            is_later = any(isinstance(other, ops.Truncate) and other.cascade for other in case.earlier(op))
            words["when"] = " before the first TRUNCATE of this upgrade()" if is_later else ""
            made = (other for other in case.later(op) if isinstance(other, ops.Insert | ops.BulkInsert))
            is_filled = any(case.state_before(other).table is case.state_before(op).table is not None for other in made)
            words["back"] = (
                "delete those that upgrade() inserts and insert the kept ones again" if is_filled else "insert them again"
            )
            words["kept"] = kept_rows(case, table or "…", schema, others)
            yield self.found(case.migration, op, **names(op, case.dialect(op)), **words)
