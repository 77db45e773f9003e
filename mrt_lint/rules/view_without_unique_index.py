"""MRT448."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.refresh import keeps_unique, unique_index_of
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import object_place, place
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule


class ViewWithoutUniqueIndex(Rule):
    """`upgrade()` builds a materialized view again without the unique index that it had.

    The index goes with the view, and nothing fails during the migration. The next REFRESH MATERIALIZED VIEW CONCURRENTLY of the
    application or a job does: PostgreSQL finds the rows that changed by such an index. From then on the view shows old rows.
    """

    code = "MRT448"
    name = "view-without-unique-index"
    severity = Severity.WARNING
    consequence = Consequence.OLD_RELEASE_BREAKS
    message = (
        "upgrade drops unique index '{index}' along with {the_name} and builds the view again without one: "
        "REFRESH MATERIALIZED VIEW CONCURRENTLY fails from then on"
    )
    instead = "create it again behind the view, before it is read: op.create_index(«{index}», «{last}», …, unique=True{in_schema})"
    dialects = ("postgresql",)
    manual = ("PostgreSQL, REFRESH MATERIALIZED VIEW: https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html",)
    exemptions = (
        "Another unique index of columns, without a condition, is created on the view, or one that cannot be read.",
        "The view is not built again, or a part of the upgrade cannot be read.",
    )

    bad = (
        Example(
            title="The index went with the view",
            before=(
                """
            def upgrade():
                op.execute("CREATE MATERIALIZED VIEW days AS SELECT day, sum(amount) AS amount FROM sales GROUP BY day")
                op.execute("CREATE UNIQUE INDEX days_day ON days (day)")
            """,
            ),
            source="""
            def upgrade():
                op.execute("DROP MATERIALIZED VIEW days")  # MRT448
                op.execute("CREATE MATERIALIZED VIEW days AS SELECT day, max(amount) AS amount FROM sales GROUP BY day")
                op.create_index("days_amount", "days", ["amount"])
            """,
        ),
    )
    good = (
        Example(
            title="Created again with it",
            before=bad[0].before,
            source="""
            def upgrade():
                op.execute("DROP MATERIALIZED VIEW days")
                op.execute("CREATE MATERIALIZED VIEW days AS SELECT day, max(amount) AS amount FROM sales GROUP BY day")
                op.create_index("days_once", "days", ["day"], unique=True)
            """,
        ),
        Example(
            title="Gone for good, or an index that never served",
            before=(
                """
            def upgrade():
                op.execute("CREATE MATERIALIZED VIEW days AS SELECT day, sum(amount) AS amount FROM sales GROUP BY day")
                op.execute("CREATE UNIQUE INDEX days_day ON days (day)")
                op.execute("CREATE MATERIALIZED VIEW weeks AS SELECT week FROM sales")
                op.execute("CREATE UNIQUE INDEX weeks_week ON weeks (week) WHERE week > 0")
            """,
            ),
            source="""
            def upgrade():
                op.execute("DROP MATERIALIZED VIEW days")
                op.execute("DROP MATERIALIZED VIEW weeks")
                op.execute("CREATE MATERIALIZED VIEW weeks AS SELECT week, 1 AS one FROM sales")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every view that comes back without its unique index."""
        if not case.is_readable("upgrade"):
            return
        for op in case.ops_for(self, ops.DropObject, along=True):
            if op.kind != "materialized view" or not op.certain or not isinstance(op.name, str):
                continue
            where, dialect = place(op.schema, op.name), case.dialect(op)
            index = unique_index_of(case.known_schema(dialect).schema.tables_by_place.get(where, None))
            after = case.analysis(op).after_upgrade
            view = after.objects_by_place.get(object_place(op.kind, op.schema, op.name), None)
            is_back = isinstance(view, ops.CreateObject) and view.kind == op.kind
            if index is not None and is_back and keeps_unique(after.tables_by_place.get(where, None)) is False:
                yield self.found(case.migration, op, **(names(op) | {"index": index}))
