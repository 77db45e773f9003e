"""MRT440."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import names
from mrt_lint.history.effects import types_made
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNKNOWN, SqlType


class MissingEnumType(Rule):
    """A column of an enum type is added that nothing has created.

    `op.create_table` creates the type of a `sa.Enum` column before the table; `op.add_column` and `op.alter_column` do not, and
    PostgreSQL refuses: “type … does not exist”. SQLite and MySQL need no type, so a test there passes.
    """

    code = "MRT440"
    name = "missing-enum-type"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "PostgreSQL refuses {the_column}: no migration creates its type '{kind}', and {call}() does not"
    instead = "create the type before: sa.Enum(…, name=«{kind}»).create(op.get_bind()), and drop it in downgrade() after the column"
    dialects = ("postgresql",)
    manual = (
        "SQLAlchemy, ENUM: https://docs.sqlalchemy.org/en/20/dialects/postgresql.html#sqlalchemy.dialects.postgresql.ENUM",
        "PostgreSQL, CREATE TYPE: https://www.postgresql.org/docs/current/sql-createtype.html",
    )
    exemptions = (
        "The type is made by any migration before, by name or with a table that has a column of it.",
        "Something before could not be read, or the table was not made by the migrations: then the type may come from elsewhere.",
        "PostgreSQL is neither declared nor named by a guard.",
    )

    bad = (
        Example(
            title="Added, and changed to",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("kind", sa.Text))
            """,
            ),
            source="""
            from sqlalchemy.dialects import postgresql

            def upgrade():
                op.add_column("users", sa.Column("state", sa.Enum("on", "off", name="state")))  # MRT440
                op.add_column("users", sa.Column("mood", postgresql.ENUM("ok", name="mood", create_type=False)))  # MRT440
                op.alter_column("users", "kind", type_=sa.Enum("a", name="user_kind"))  # MRT440
            """,
        ),
    )
    good = (
        Example(
            title="Created before, in whatever way",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer), sa.Column("kind", sa.Text))
                op.create_table("teams", sa.Column("state", sa.Enum("on", "off", name="state")))
                op.execute("CREATE TYPE mood AS ENUM ('ok')")
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("state", sa.Enum("on", "off", name="state")))
                op.add_column("users", sa.Column("mood", sa.Enum("ok", name="mood")))
                kind = sa.Enum("a", name="user_kind")
                kind.create(op.get_bind(), checkfirst=True)
                op.add_column("users", sa.Column("kind_of", kind))
                op.add_column("users", sa.Column("level", sa.Enum("low", name="level", native_enum=False)))
            """,
        ),
        Example(
            title="A database without such types, and a table from elsewhere",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer))
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("state", sa.Enum("on", "off", name="state")))
                op.add_column("orders", sa.Column("state", sa.Enum("on", "off", name="order_state")))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column of a type that no migration creates."""
        for op in case.ops_for(self, ops.AddColumn, ops.AlterColumn):
            given = op.definition.type if isinstance(op, ops.AddColumn) else op.type
            kind = given.on("postgresql") if isinstance(given, SqlType) else None
            if op.sql or not isinstance(kind, SqlType) or kind.name != "ENUM" or not readable(kind.type_name):
                continue
            if (case.target.dialect == "postgresql" or op.dialects == self.dialects) and _is_nobodys(case, op, kind.type_name):
                yield self.found(case.migration, op, **names(op), kind=kind.type_name, call=op.op)


def _is_nobodys(case: MigrationCase, op: ops.AddColumn | ops.AlterColumn, name: str) -> bool:
    """Return whether everything that ran before is known, and none of it makes the type."""
    revision, history = case.migration.revision, case.history
    if history is None or not isinstance(revision, str) or not case.is_readable("upgrade") or not readable(op.table):
        return False
    known = case.known_schema("postgresql")
    table = known.schema.table(op.table, op.schema)
    if not (isinstance(table, ReplayedTable) and table.complete and known.is_complete(name)):
        return False
    own = {made for each in case.migration.upgrade_ops for made in types_made(each)}
    return own.isdisjoint({fold(name), UNKNOWN}) and not history.may_have_made_type(revision, fold(name))
