"""MRT430."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, readable
from mrt_lint.analysis.mysql_alteration import changes
from mrt_lint.analysis.type_change import is_harmless
from mrt_lint.analysis.volatile_default import is_volatile
from mrt_lint.analysis.wording import deed, names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNSET, SqlType
from mrt_lint.online import DdlAlgorithm


class SeveralRewrites(Rule):
    """One upgrade rewrites a whole table more than once, where one statement would do so once.

    Every `op.` call is a statement of its own, in a `batch_alter_table`, too, on all databases but SQLite. On a large table each
    rewrite takes as long as the first, and the space of a second table once more.
    """

    code = "MRT430"
    name = "several-rewrites"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "{database} rewrites all of {the_table} once more, as it did for {first}"
    instead = 'do it in one statement: op.execute("ALTER TABLE {sql_table} …, …"), which rewrites the table once'
    dialects = ("postgresql", "mysql", "mariadb")
    default = False
    manual = (
        "PostgreSQL, ALTER TABLE, Notes: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
        "MySQL, “Online DDL Operations”: https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html",
    )
    exemptions = (
        "The actions are in one ALTER TABLE already.",
        "The database does one of them without a rewrite, or the column's former type is not known.",
        "The table was created earlier in the same upgrade, or rows of it are changed in between.",
        "Another database is declared, or a guard names one; MySQL and MariaDB have to be declared or named.",
    )

    bad = (
        Example(
            title="Two types of one table",
            source="""
            def upgrade():
                op.alter_column("users", "age", type_=sa.BigInteger(), existing_type=sa.Integer())
                with op.batch_alter_table("users") as batch:
                    batch.alter_column("born", type_=sa.DateTime(), existing_type=sa.Text())  # MRT430
            """,
        ),
        Example(
            title="NOT NULL and a type",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.alter_column("users", "name", existing_type=sa.String(50), existing_nullable=True, nullable=False)
                op.alter_column("users", "age", type_=sa.BigInteger(), existing_type=sa.Integer())  # MRT430
            """,
        ),
    )
    good = (
        Example(
            title="One statement",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ALTER age TYPE bigint, ALTER born TYPE timestamp USING born::timestamp")
            """,
        ),
        Example(
            title="One rewrite, and what needs none; two tables",
            source="""
            def upgrade():
                op.alter_column("users", "age", type_=sa.BigInteger(), existing_type=sa.Integer())
                op.alter_column("users", "name", type_=sa.String(100), existing_type=sa.String(50))
                op.add_column("users", sa.Column("note", sa.Text))
                op.alter_column("teams", "size", type_=sa.BigInteger(), existing_type=sa.Integer())
                op.execute("UPDATE teams SET area = 0 WHERE area < 0")
                op.alter_column("teams", "area", type_=sa.BigInteger(), existing_type=sa.Integer())
            """,
        ),
        Example(
            title="What MySQL does at once",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))
                op.drop_column("users", "born")
                op.create_index("ix_users_age", "users", ["age"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every table that is rewritten again, at the second time."""
        first: dict[TrackedObject, ops.Op | None] = {}
        written: TrackedObject | None = None
        for op in case.ops_for(self, ops.Op):
            written = written if op.joined else None
            table = case.state_before(op).table
            if table is not None and isinstance(op, ops.Update | ops.Delete | ops.Insert):
                # with rows changed between them, two changes cannot be one statement
                first.pop(table, None)
            if table is None or table is written or not _rewrites(case, op):
                continue
            written = table
            earlier = first.setdefault(table, op)
            if earlier is not None and earlier is not op:
                first[table] = None
                server = case.server(op)
                database = "PostgreSQL" if server is None else server.name
                yield self.found(case.migration, op, **names(op, case.dialect(op)), database=database, first=deed(earlier))


def _rewrites(case: MigrationCase, op: ops.Op) -> bool:
    """Return whether an operation certainly rewrites the whole table."""
    server = case.server(op)
    if server is not None:
        return any(server.way(change).algorithm >= DdlAlgorithm.INPLACE for change in changes(case, op, server))
    if isinstance(op, ops.AddColumn):
        column = op.definition
        stored = column.computed is not None and column.persisted is True
        return stored or column.identity is True or (readable(column.server_default) and is_volatile(column.server_default))
    if not isinstance(op, ops.AlterColumn) or op.type is UNSET or case.state_before(op).new_column:
        return False
    former, new = for_dialect(case.before(op, "type"), "postgresql"), for_dialect(op.type, "postgresql")
    return isinstance(former, SqlType) and isinstance(new, SqlType) and not is_harmless(former, new, "postgresql")
