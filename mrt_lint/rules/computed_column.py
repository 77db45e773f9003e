"""MRT427."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.mysql_alteration import blocked
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.online import TableChange


class ComputedColumn(Rule):
    """A serial, identity, AUTO_INCREMENT or stored generated column is added to a table that is there already.

    Each row needs a value of its own at once: PostgreSQL rewrites the whole table and its indexes while it blocks reads and writes,
    and needs twice the space. MySQL and MariaDB block writes meanwhile.
    """

    code = "MRT427"
    name = "computed-column"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL rewrites {the_table} under an exclusive lock to give every row a value of {kind} {the_column}"
    instead = "add a plain column, fill it in batches, and only then add a default, a sequence or a trigger for new rows"
    copied = DialectWording(
        message="{server} copies {the_table} to give every row a value of {kind} {the_column}: writes wait until it is done",
        instead="make the column VIRTUAL (sa.Computed(…, persisted=False)), which needs no copy and can be indexed, too",
    )
    numbered = DialectWording(
        message="{server} rebuilds {the_table} to number every row in {the_column}: writes wait until it is done",
        instead="add it with gh-ost or pt-online-schema-change, or at a quiet hour",
    )
    dialects = ("postgresql", "mysql", "mariadb")
    manual = (
        "PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",
        "MySQL, “Online DDL Operations”: https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html",
        (
            "MariaDB, “InnoDB Online DDL Operations with the INPLACE Alter Algorithm”: https://mariadb.com/docs/server/server-usage/"
            "storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-operations-with-the-inplace-alter-algorithm"
        ),
    )
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "The generated column is virtual, not stored.",
        (
            "MySQL, MariaDB: the statement has ALGORITHM=INPLACE or LOCK=NONE, so that the server refuses rather than copies; "
            "or it is MariaDB 11.2, which allows writes while it copies."
        ),
        "Another database is declared, or a guard names one; MySQL and MariaDB have to be declared or named.",
    )

    bad = (
        Example(
            title="Stored, identity and serial",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("size", sa.Integer, sa.Computed("length(name)", persisted=True)))  # MRT427
                op.add_column("users", sa.Column("number", sa.BigInteger, sa.Identity()))  # MRT427
                op.execute("ALTER TABLE users ADD COLUMN place bigserial")  # MRT427
            """,
        ),
        Example(
            title="Stored and numbered",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("size", sa.Integer, sa.Computed("length(name)", persisted=True)))  # MRT427
                op.execute("ALTER TABLE users ADD COLUMN place BIGINT NOT NULL AUTO_INCREMENT UNIQUE")  # MRT427
            """,
        ),
    )

    good = (
        Example(
            title="A plain column, a new table",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("size", sa.Integer))
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.add_column("notes", sa.Column("number", sa.Integer, sa.Identity()))
            """,
        ),
        Example(
            title="Virtual",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("size", sa.Integer, sa.Computed("length(name)", persisted=False)))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that is computed row by row."""
        for op in case.ops_for(self, ops.AddColumn):
            kind = _kind(op)
            if kind and case.server(op) is None:
                yield self.found(case.migration, op, **names(op), kind=kind)
            elif kind:
                stored = kind == "stored"
                server = blocked(case, op, TableChange.ADD_STORED if stored else TableChange.ADD_AUTO_INCREMENT)
                if server is not None:
                    wording = self.copied if stored else self.numbered
                    yield self.found(case.migration, op, wording, **names(op), kind=kind, server=server.name)


def _kind(op: ops.AddColumn) -> str:
    column = op.definition
    if column.computed is not None and column.persisted is True:
        return "stored"
    if column.identity is True:
        return "identity"
    return "serial" if op.sql and column.autoincrement is True else ""
