"""MRT114."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import Example, Rule


class LeakedEnum(Rule):
    """A table brings an enum type along on PostgreSQL, and `downgrade()` drops the table alone.

    `op.create_table` creates the type of a `sa.Enum` column before the table; `op.drop_table` knows nothing of it. After the
    rollback the type is still there, and the next upgrade fails because it exists already.
    """

    code = "MRT114"
    name = "leaked-enum"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "PostgreSQL keeps enum type '{kind}', which came with {the_table}: the next upgrade fails because it exists already"
    instead = "add sa.Enum(name=«{kind}»).drop(op.get_bind(), checkfirst=True) to downgrade(), after the table"
    dialects = ("postgresql",)
    manual = (
        (
            "SQLAlchemy, PostgreSQL ENUM: "
            "https://docs.sqlalchemy.org/en/20/dialects/postgresql.html#sqlalchemy.dialects.postgresql.ENUM"
        ),
    )
    fix = FixSafety.SAFE
    fixes = (
        "`sa.Enum(name=…).drop(op.get_bind(), checkfirst=True)` is added at the end of `downgrade()`; on a database without "
        "such types it does nothing."
    )
    exemptions = (
        "`downgrade()` drops the type, or does not drop the table (MRT110 reports that).",
        "The type existed before, or the source suppresses it: create_type=False, native_enum=False.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="The table is dropped, the type stays",
            source="""
            def upgrade():
                op.create_table(  # MRT114
                    "people",
                    sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("mood", sa.Enum("sad", "ok", name="mood"), nullable=False),
                )

            def downgrade():
                op.drop_table("people")
            """,
        ),
    )
    good = (
        Example(
            title="Both are dropped",
            source="""
            def upgrade():
                op.create_table("people", sa.Column("mood", sa.Enum("sad", "ok", name="mood")))
                op.create_table("rooms", sa.Column("size", sa.Enum("s", "l", name="size")))

            def downgrade():
                op.drop_table("rooms")
                op.execute("DROP TYPE size")
                op.drop_table("people")
                sa.Enum(name="mood").drop(op.get_bind(), checkfirst=False)
            """,
        ),
        Example(
            title="No type is created",
            source="""
            from sqlalchemy.dialects import postgresql

            def upgrade():
                op.create_table("people", sa.Column("mood", sa.Enum("sad", "ok", name="mood", native_enum=False)))
                op.create_table("pets", sa.Column("mood", postgresql.ENUM("sad", "ok", name="feeling", create_type=False)))

            def downgrade():
                op.drop_table("pets")
                op.drop_table("people")
            """,
        ),
        Example(
            title="Another database has no such types",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.create_table("people", sa.Column("mood", sa.Enum("sad", "ok", name="mood")))

            def downgrade():
                op.drop_table("people")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every type that outlives its table."""
        for op in case.ops_for(self, ops.CreateTable, new_tables=True):
            if case.undone(op) is not UndoStatus.YES or case.undone(op, "implied") is not UndoStatus.NO:
                continue
            for kind in case.analysis(op).leaked_types(op):
                yield self.found(case.migration, op, **names(op), kind=kind)
