"""MRT434."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.mysql_alteration import changes
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.online import DdlAlgorithm, ServerVersion, TableChange


class RefusedAlgorithm(Rule):
    """A statement requests an ALGORITHM or a LOCK from MySQL or MariaDB that the change cannot have.

    The server refuses the statement, and the deployment stops there. On an empty test database it is refused as well; but where
    migrations are only tested on SQLite, or on a newer server, this is not noticed before production.
    """

    code = "MRT434"
    name = "refused-algorithm"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "{server} {version} refuses {clause} where {change}: the migration stops here"
    instead = "{safe}"
    dialects = ("mysql", "mariadb")
    manual = (
        "MySQL, “Online DDL Operations”: https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html",
        "MariaDB, ALTER TABLE, ALGORITHM: https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table",
    )
    exemptions = (
        "The database is neither declared to be MySQL or MariaDB nor named so by a guard.",
        "The change is not in the tables of the manual, or the column's former type is not known.",
    )

    bad = (
        Example(
            title="A change that takes a copy",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE notes ADD CONSTRAINT ck CHECK (size > 0), ALGORITHM=INPLACE, LOCK=NONE")  # MRT434
                op.execute("CREATE FULLTEXT INDEX ix ON notes (text) LOCK=NONE")  # MRT434
                op.execute("ALTER TABLE notes ADD INDEX ix_day (day), ALGORITHM=INSTANT")  # MRT434
            """,
        ),
        Example(
            title="In downgrade()",
            target=DatabaseTarget(dialect="mariadb"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE notes DROP CONSTRAINT ck, ALGORITHM=INSTANT")

            def downgrade():
                op.execute("ALTER TABLE notes ADD CONSTRAINT ck CHECK (size > 0), ALGORITHM=NOCOPY")  # MRT434
            """,
        ),
        Example(
            title="A server that is too old",
            target=DatabaseTarget(dialect="mysql", mysql_version=(8, 0, 28)),
            source="""
            def upgrade():
                op.execute("ALTER TABLE notes DROP COLUMN day, ALGORITHM=INSTANT")  # MRT434
            """,
        ),
    )
    good = (
        Example(
            title="What the server can do",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE notes ADD COLUMN day DATE, ALGORITHM=INSTANT")
                op.execute("ALTER TABLE notes ADD INDEX ix_day (day), ALGORITHM=INPLACE, LOCK=NONE")
                op.execute("ALTER TABLE notes ADD CONSTRAINT ck CHECK (size > 0), ALGORITHM=COPY")
            """,
        ),
        Example(
            title="MariaDB 11.2 copies without a lock",
            target=DatabaseTarget(dialect="mariadb", mariadb_version=(11, 2)),
            source="""
            def upgrade():
                op.execute("ALTER TABLE notes ADD CONSTRAINT ck CHECK (size > 0), LOCK=NONE")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every action that is refused, in either function."""
        for op in (*case.migration.upgrade_ops, *case.migration.downgrade_ops):
            server = case.server(op)
            if server is None or not (op.algorithm or op.lock) or not case.runs(op, self.dialects):
                continue
            for change in changes(case, op, server):
                clause, safe = _refused(op, change, server)
                if clause:
                    given = {"version": ".".join(map(str, server.version)), "change": change.value, "safe": safe}
                    yield self.found(case.migration, op, server=server.name, clause=clause, **given)


def _refused(op: ops.Op, change: TableChange, server: ServerVersion) -> tuple[str, str]:
    """Return the clause that is refused and what to write instead; empty if none is."""
    way = server.way(change)
    if op.algorithm and DdlAlgorithm[op.algorithm] < way.algorithm:
        best = "INPLACE" if way.algorithm is DdlAlgorithm.NOCOPY and server.dialect == "mysql" else way.algorithm.name
        blocking = "" if way.writes else ", which blocks writes meanwhile; or use gh-ost or pt-online-schema-change"
        return f"ALGORITHM={op.algorithm}", f"the best that it can do is ALGORITHM={best}{blocking}"
    if op.lock == "NONE" and not way.writes:
        return "LOCK=NONE", "write LOCK=SHARED, which blocks writes meanwhile, or use gh-ost or pt-online-schema-change"
    return "", ""
