"""MRT207."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import dropwhile
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.view_definition import difference, same_place
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import object_place
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN

_END: Final = (
    "begin downgrade() with op.execute(«DROP {kind} IF EXISTS {sql_name}»), and end it with "
    "op.execute(«CREATE {kind} {sql_name} AS …»)"
)


class DropView(Rule):
    """`upgrade()` drops a view or materialized view that `downgrade()` does not create again as it was.

    After the rollback the older release, and every report that reads the view, fails on a name that is not there. Where upgrade
    put a new view in its place, the older release reads the new one's columns as if they were the old one's.
    """

    code = "MRT207"
    name = "drop-view"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade drops {the_name}, downgrade does not create it again: who reads it finds {left}"
    instead = "add the former definition to downgrade(): op.execute(«CREATE {kind} {sql_name} AS …»)"
    from_elsewhere = DialectWording(
        message=message,
        instead=(
            "no revision makes it: where the application or a job does, it may be there again by then, so {end}, unless "
            "they make it again after a rollback, too: then explain that, and write '# noqa: MRT207' here"
        ),
    )
    if_at_all = DialectWording(
        message=(
            "upgrade drops {the_name} if it exists, which no revision makes, and downgrade does not create it: where it was there, "
            "who reads it finds {left}"
        ),
        instead=("if the older release has it, {end}; if it never had one, explain that and write '# noqa: MRT207' here"),
    )
    otherwise = DialectWording(
        message="upgrade drops {the_name}, downgrade creates it again otherwise: {difference}",
        instead="create it in downgrade() by the definition that it had before this revision",
    )
    manual = ("PostgreSQL, CREATE VIEW: https://www.postgresql.org/docs/current/sql-createview.html",)
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole."
    )
    exemptions = (
        "`downgrade()` creates a view of the name again, also where upgrade replaced it, unless that has other columns or no rows.",
        "The view was created earlier in the same upgrade.",
        "`downgrade()` has parts that cannot be read.",
        "But with IF EXISTS, a view that no revision makes is a warning: the older release may never have had it.",
    )

    bad = (
        Example(
            title="Dropped and not restored",
            source="""
            def upgrade():
                op.execute("DROP VIEW active_users")  # MRT207
                op.execute("drop materialized view if exists stats.daily cascade")  # MRT207

            def downgrade():
                op.execute("CREATE VIEW inactive_users AS SELECT id FROM users WHERE NOT active")
            """,
        ),
        Example(
            title="Created again otherwise",
            before=(
                """
            def upgrade():
                op.execute("CREATE VIEW active_users AS SELECT id, name FROM users WHERE active")
                op.execute("CREATE MATERIALIZED VIEW daily AS SELECT day, sum(amount) AS amount FROM sales")
            """,
            ),
            source="""
            def upgrade():
                op.execute("DROP VIEW active_users")  # MRT207
                op.execute("CREATE VIEW active_users AS SELECT id, name, email FROM users WHERE active")
                op.execute("DROP MATERIALIZED VIEW daily")  # MRT207

            def downgrade():
                op.execute("CREATE MATERIALIZED VIEW daily AS SELECT day, sum(amount) AS amount FROM sales WITH NO DATA")
                op.execute("DROP VIEW active_users")
                op.execute("CREATE VIEW active_users AS SELECT id FROM users WHERE active")
            """,
        ),
        Example(
            title="Replaced, and the new one stays",
            source="""
            def upgrade():
                op.execute("DROP VIEW active_users")  # MRT207
                op.execute("CREATE VIEW active_users AS SELECT id, email FROM users WHERE active")

            def downgrade():
                op.drop_column("users", "email")
            """,
        ),
    )
    good = (
        Example(
            title="Created again",
            source="""
            def upgrade():
                op.execute("DROP VIEW active_users")

            def downgrade():
                op.execute("CREATE OR REPLACE VIEW active_users AS SELECT id FROM users WHERE active")
            """,
        ),
        Example(
            title="Replaced in both directions",
            source="""
            def upgrade():
                op.execute("DROP MATERIALIZED VIEW daily")
                op.execute("CREATE MATERIALIZED VIEW daily AS SELECT day, sum(amount) FROM sales GROUP BY day")

            def downgrade():
                op.execute("DROP MATERIALIZED VIEW daily")
                op.execute("CREATE MATERIALIZED VIEW daily AS SELECT day, count(*) FROM sales GROUP BY day")
            """,
        ),
        Example(
            title="A view of this upgrade's own",
            source="""
            def upgrade():
                op.execute("CREATE TEMP VIEW wanted AS SELECT id FROM users")
                op.execute("DROP VIEW wanted")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every view that does not come back."""
        for op in case.ops_for(self, ops.DropObject, along=True):
            if op.kind not in {"view", "materialized view"}:
                continue
            undone = case.undone(op)
            if (
                undone in {UndoStatus.DIFFERENT, UndoStatus.YES}
                and not case.lacks_downgrade
                and (other := _difference(case, op)) is not None
            ):
                yield self.found(case.migration, op, self.otherwise, **names(op), difference=other)
            if undone in {UndoStatus.NO, UndoStatus.REPLACED}:
                left = "nothing" if undone is UndoStatus.NO else "the new one"
                words = names(op) | {"left": left, "kind": op.kind.upper()}
                words["end"] = _END.format(**words)
                is_from_elsewhere = _is_made_elsewhere(case, op)
                is_open = is_from_elsewhere and op.if_exists is True and undone is UndoStatus.NO
                wording = self.if_at_all if is_open else self.from_elsewhere if is_from_elsewhere else None
                found = self.found(case.migration, op, wording, **words)
                found = replace(found, severity=Severity.WARNING) if is_open else found
                yield found if op.along_with else replace(found, fix=self.fix)


def _difference(case: MigrationCase, op: ops.DropObject) -> str | None:
    """Return one clause on how a view that comes back differs from what it was, where that is certain."""
    dropped, now = case.tracked(op), case.analysis(op).successor(op)
    before, after = (tracked.definition if tracked is not None else None for tracked in (dropped, now))
    if not isinstance(before, ops.CreateObject) or not isinstance(after, ops.CreateObject):
        return None
    made = (new for new in case.migration.upgrade_ops if isinstance(new, ops.CreateObject) and same_place(new, before))
    behind = dropwhile(lambda one: one is not after, case.migration.downgrade_ops)
    return difference(before, after, made, behind)


def _is_made_elsewhere(case: MigrationCase, op: ops.DropObject) -> bool:
    """Return whether the migrations are known, and none of them makes a view."""
    if case.history is None or not case.migration.parents or not readable(op.name):
        return False
    known = case.known_schema(case.dialect(op)).schema
    return known.objects_by_place.get(object_place(op.kind, op.schema, op.name), UNKNOWN) is UNKNOWN
