"""MRT404."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.mysql_alteration import blocked
from mrt_lint.analysis.volatile_default import is_computed, is_volatile
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.online import TableChange


class VolatileDefault(Rule):
    """A column is added to a table with a default that differs from row to row.

    PostgreSQL has to compute it for each row at once: on every version the whole table is rewritten under a lock that keeps out
    readers and writers alike, and it takes twice its space while that lasts. MySQL and MariaDB copy the table for such a default,
    MySQL for any expression in parentheses, and blocks writes meanwhile.
    """

    code = "MRT404"
    name = "volatile-default"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL rewrites {the_table} under an exclusive lock to compute {default} for '{column}' in every row"
    instead = (
        "add {column} without a default, set it with op.alter_column(«{last}», «{column}», "
        "server_default=sa.text(«{default}»){in_schema}), which "
        "concerns new rows only, and fill the others in batches"
    )
    copied = DialectWording(
        message="{server} copies {the_table} to compute {default} for '{column}' in every row: writes wait until it is done",
        instead=(
            "add {column} without a default, which takes no copy, set it with op.alter_column(«{last}», «{column}», "
            "existing_type=…, server_default=sa.text(«{default}»){in_schema}), which concerns new rows only, and fill the others "
            "in batches"
        ),
    )
    dialects = ("postgresql", "mysql", "mariadb")
    manual = (
        "PostgreSQL, ALTER TABLE, Notes: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
        "MySQL, “Data Type Default Values”: https://dev.mysql.com/doc/refman/8.4/en/data-type-defaults.html",
        (
            "MariaDB, “InnoDB Online DDL Operations with the INPLACE Alter Algorithm”: https://mariadb.com/docs/server/server-usage/"
            "storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-operations-with-the-inplace-alter-algorithm"
        ),
    )
    exemptions = (
        "The default is constant, or the same for the whole statement, like now().",
        "The function is not known to be volatile.",
        "The table was created earlier in the same upgrade.",
        (
            "MySQL, MariaDB: the statement has ALGORITHM=INPLACE or LOCK=NONE, so that the server refuses rather than copies; "
            "or it is MariaDB 11.2, which allows writes while it copies."
        ),
        "Another database is declared, or a guard names one; MySQL and MariaDB have to be declared or named.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("token", sa.Uuid, server_default=sa.text("gen_random_uuid()")))  # MRT404
                op.add_column("users", sa.Column("seen", sa.DateTime, server_default=sa.func.clock_timestamp()))  # MRT404
                op.execute("ALTER TABLE users ADD COLUMN lot float NOT NULL DEFAULT random() * 10")  # MRT404
            """,
        ),
        Example(
            title="An old version too",
            target=DatabaseTarget(dialect="postgresql", pg_version=(10, 0)),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("number", sa.Integer, server_default=sa.text("nextval('numbers')")))  # MRT404
            """,
        ),
        Example(
            title="A copy",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("token", sa.String(36), server_default=sa.text("(uuid())")))  # MRT404
                op.execute("ALTER TABLE users ADD COLUMN tags JSON NOT NULL DEFAULT (JSON_ARRAY())")  # MRT404
            """,
        ),
    )
    good = (
        Example(
            title="Constant or stable",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("active", sa.Boolean, server_default=sa.true()))
                op.add_column("users", sa.Column("seen", sa.DateTime, server_default=sa.func.now()))
                op.add_column("users", sa.Column("note", sa.Text, server_default="random() is a word here"))
            """,
        ),
        Example(
            title="Set afterwards, for new rows only",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("token", sa.Uuid))
                op.alter_column("users", "token", server_default=sa.text("gen_random_uuid()"))
            """,
        ),
        Example(
            title="MySQL: constant, or the same for the whole statement",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("note", sa.String(20), server_default="uuid() is a word here"))
                op.add_column("users", sa.Column("seen", sa.DateTime, server_default=sa.func.now()))
                op.add_column("users", sa.Column("made", sa.DateTime(6), server_default=sa.text("CURRENT_TIMESTAMP(6)")))
            """,
        ),
        Example(
            title="A new table, another database",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.add_column("notes", sa.Column("token", sa.Uuid, server_default=sa.text("gen_random_uuid()")))
                if op.get_bind().dialect.name == "sqlite":
                    op.add_column("users", sa.Column("token", sa.Uuid, server_default=sa.text("(uuid_generate_v4())")))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every default that is computed row by row."""
        for op in case.ops_for(self, ops.AddColumn):
            default = op.definition.server_default
            if not readable(default):
                continue
            server = blocked(case, op, TableChange.ADD_COMPUTED_DEFAULT)
            if server is not None and is_computed(default, server.dialect):
                yield self.found(case.migration, op, self.copied, **names(op), default=default, server=server.name)
            elif case.server(op) is None and is_volatile(default):
                yield self.found(case.migration, op, **names(op), default=default)
