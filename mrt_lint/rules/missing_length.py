"""MRT118."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNSET, Name, SqlType

_WANTING = frozenset({"VARCHAR", "NVARCHAR", "VARBINARY"})
_RESTATING = ("nullable", "new_column", "autoincrement", "comment")
"""What of a column MySQL changes by a MODIFY or CHANGE, which defines the whole column again, its type included."""


class MissingLength(Rule):
    """A VARCHAR without a length is meant for MySQL or MariaDB, which know none.

    `sa.String()` is a good type on PostgreSQL and SQLite. For MySQL and MariaDB SQLAlchemy refuses to write it (“VARCHAR requires a
    length on dialect mysql”), and the migration stops there. In `upgrade()` that is seen at once. In `downgrade()`, where
    autogenerate puts what it found on a developer's SQLite, it is seen in the middle of a rollback.
    """

    code = "MRT118"
    name = "missing-length"
    severity = Severity.ERROR
    consequence = Consequence.ROLLBACK_FAILS
    message = "{function} fails here: {what} is a {kind} without a length, which {dialect} does not know"
    instead = "give it a length, sa.String(255), or write sa.Text"
    dialects = ("mysql", "mariadb")
    manual = (
        "MySQL, “The CHAR and VARCHAR Types”: https://dev.mysql.com/doc/refman/8.4/en/char.html",
        "SQLAlchemy, String: https://docs.sqlalchemy.org/en/20/core/type_basics.html#sqlalchemy.types.String",
    )
    exemptions = (
        "The database is neither declared to be MySQL or MariaDB nor named so by a guard.",
        "The length could not be read, the type has a variant for MySQL, or is an application's own.",
    )

    bad = (
        Example(
            title="In downgrade(), as autogenerate finds it on SQLite",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.drop_table("roles")
                op.drop_column("steps", "entrypoint")
                op.alter_column("artifacts", "uri", existing_type=sa.String(500), type_=sa.Text())

            def downgrade():
                op.alter_column("artifacts", "uri", existing_type=sa.Text(), type_=sa.String())  # MRT118
                op.add_column("steps", sa.Column("entrypoint", sa.VARCHAR(), nullable=True))  # MRT118
                op.create_table("roles", sa.Column("id", sa.Integer), sa.Column("name", sa.Unicode))  # MRT118
            """,
        ),
        Example(
            title="Nothing of the type changes, but MODIFY repeats it",
            target=DatabaseTarget(dialect="mariadb"),
            source="""
            def upgrade():
                op.alter_column("users", "name", existing_type=sa.String(), nullable=False)  # MRT118
            """,
        ),
    )
    good = (
        Example(
            title="With a length, a variant, or without end",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("name", sa.String(50)))
                op.add_column("users", sa.Column("title", sa.String(length=config.TITLE)))
                op.add_column("users", sa.Column("bio", sa.String().with_variant(mysql.LONGTEXT(), "mysql")))
                op.add_column("users", sa.Column("notes", sa.Text()))
                op.add_column("users", sa.Column("nick", sqlmodel.sql.sqltypes.AutoString()))
                op.alter_column("users", "name", existing_type=sa.String(), server_default="x")
            """,
        ),
        Example(
            title="PostgreSQL and SQLite know it",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("name", sa.String()))
                if op.get_bind().dialect.name == "sqlite":
                    op.add_column("users", sa.Column("title", sa.String()))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every operation that writes such a type, in either function."""
        for function, operations in (("upgrade", case.migration.upgrade_ops), ("downgrade", case.migration.downgrade_ops)):
            for op in operations:
                server = case.server(op)
                if server is None or op.sql or not op.certain or not case.runs(op, self.dialects):
                    continue
                for name, kind in _written(op):
                    if isinstance(kind, SqlType) and _lacks_length(kind):
                        what = f"column '{name}'" if readable(name) else "a column"
                        given = {"what": what, "kind": kind.name, "dialect": server.name}
                        yield self.found(case.migration, op, function=function, **given)
                        break


def _written(op: ops.Op) -> Iterator[tuple[Name, object]]:
    """Return the columns whose types an operation writes into SQL, each with its type."""
    if isinstance(op, ops.CreateTable):
        yield from ((column.name, column.type) for column in op.columns)
    elif isinstance(op, ops.AddColumn):
        yield op.column, op.definition.type
    elif isinstance(op, ops.AlterColumn):
        if op.type is not UNSET:
            yield op.column, op.type
        elif any(getattr(op, setting) is not UNSET for setting in _RESTATING):
            yield op.column, op.existing_type


def _lacks_length(kind: SqlType) -> bool:
    """Return whether a type is written without the length that it needs there."""
    elsewhere = FAMILY & {dialect for dialect, _ in kind.variants}
    return kind.name in _WANTING and not kind.args and kind.item is None and not elsewhere
