"""MRT503."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.sql_names import sql_path
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import object_place
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule

_KINDS = frozenset({"type", "enum", "domain", "composite"})


class TypeNotDropped(Rule):
    """`upgrade()` creates a type or domain that `downgrade()` does not drop.

    Dropping the columns and tables that use it does not drop the type. It stays behind, and the next upgrade fails because it
    exists already.
    """

    code = "MRT503"
    name = "type-not-dropped"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade creates {the_name}, downgrade does not drop it: the next upgrade fails because it exists already"
    instead = "add op.execute(«DROP {kind} {sql_name}») to downgrade(), after the columns that use it"
    unless_there = DialectWording(
        message="upgrade creates {the_name} unless it is there, downgrade does not drop it: the next upgrade takes it as it is",
        instead=instead,
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL, CREATE TYPE: https://www.postgresql.org/docs/current/sql-createtype.html",)
    fix = FixSafety.SAFE
    fixes = (
        "The reverse of the operation is added to `downgrade()`, if the earlier migrations show what it was; a "
        "`downgrade()` that does nothing is written whole."
    )
    exemptions = (
        "`downgrade()` is missing or does nothing (MRT101 and MRT102 report that), raises, or has parts that cannot be read.",
        "The type comes with a table (MRT114 reports that).",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="In SQL, and by SQLAlchemy",
            source="""
            def upgrade():
                op.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")  # MRT503
                sa.Enum("low", "high", name="level").create(op.get_bind())  # MRT503
                op.add_column("users", sa.Column("mood", sa.Enum("sad", "ok", name="mood", create_type=False)))

            def downgrade():
                op.drop_column("users", "mood")
            """,
        ),
    )
    good = (
        Example(
            title="Dropped",
            source="""
            def upgrade():
                op.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
                sa.Enum("low", "high", name="level").create(op.get_bind(), checkfirst=True)

            def downgrade():
                op.execute("DROP TYPE IF EXISTS mood")
                sa.Enum(name="level").drop(op.get_bind())
            """,
        ),
        Example(
            title="A type of this upgrade's own",
            source="""
            def upgrade():
                op.execute("CREATE TYPE mood_new AS ENUM ('sad', 'ok')")
                op.execute("ALTER TABLE users ALTER mood TYPE mood_new USING mood::text::mood_new")
                op.execute("DROP TYPE mood")
                op.execute("ALTER TYPE mood_new RENAME TO mood")

            def downgrade():
                op.execute("CREATE TYPE mood_old AS ENUM ('sad')")
                op.execute("ALTER TABLE users ALTER mood TYPE mood_old USING mood::text::mood_old")
                op.execute("DROP TYPE mood")
                op.execute("ALTER TYPE mood_old RENAME TO mood")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every type that is left behind."""
        if case.lacks_downgrade:
            return
        for op in case.ops_for(self, ops.CreateObject):
            if op.kind not in _KINDS or case.undone(op) is not UndoStatus.NO or (op.if_not_exists and not _is_new(case, op)):
                continue
            found = names(op, case.dialect(op)) | {"kind": "DOMAIN" if op.kind == "domain" else "TYPE"}
            if "own" in (now := case.current_names(op)):
                found["sql_name"] = sql_path(op.schema if readable(op.schema) else None, now["own"], case.dialect(op))
            if op.if_not_exists:
                yield replace(self.found(case.migration, op, self.unless_there, **found), severity=Severity.WARNING, fix=self.fix)
            else:
                yield self.found(case.migration, op, **found)


def _is_new(case: MigrationCase, op: ops.CreateObject) -> bool:
    """Return whether no earlier revision makes a type, as far as the history was read."""
    known = case.known_schema(case.dialect(op))
    return readable(op.name) and known.schema.objects_by_place.get(object_place(op.kind, op.schema, op.name), None) is None
