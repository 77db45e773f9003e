"""MRT433."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.mysql_alteration import blocked, change_of_table, changes, is_new
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule
from mrt_lint.online import DdlAlgorithm, ServerVersion, TableChange

_OWN = {
    TableChange.ADD_FULLTEXT: "build a FULLTEXT index",
    TableChange.ADD_SPATIAL: "build a SPATIAL index",
    TableChange.DROP_PRIMARY_KEY: "drop its primary key",
    TableChange.CONVERT: "convert its character set",
    TableChange.CHANGE_ENGINE: "move it to another engine",
    TableChange.PARTITION: "partition it",
}
"""What no other rule reports."""
_INSTEAD = {
    TableChange.DROP_PRIMARY_KEY: "drop and add in one statement: ALTER TABLE {sql_table} DROP PRIMARY KEY, ADD PRIMARY KEY (…)"
}
_OTHERWISE = "use gh-ost or pt-online-schema-change, or do it at a quiet hour"


class BlockedWrites(Rule):
    """MySQL or MariaDB blocks writes to a table while it changes it: a copy, or an index that it cannot build online.

    Writers wait until the last row is copied or indexed: seconds on a test database, hours on a large table, and each holds a
    connection meanwhile. Types, foreign keys, checks and computed columns have rules of their own.
    """

    code = "MRT433"
    name = "blocked-writes"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "{server} {does} {the_table} to {purpose}: writes to it wait until it is done"
    instead = "{safe}"
    dialects = ("mysql", "mariadb")
    manual = (
        "MySQL, “Online DDL Operations”: https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html",
        (
            "MariaDB, “InnoDB Online DDL Operations with the INPLACE Alter Algorithm”: https://mariadb.com/docs/server/server-usage/"
            "storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-operations-with-the-inplace-alter-algorithm"
        ),
    )
    exemptions = (
        "The database is neither declared to be MySQL or MariaDB nor named so by a guard.",
        "The table was created earlier in the same upgrade.",
        "The statement has LOCK=NONE or, where a copy is needed, ALGORITHM=INPLACE: then the server refuses (MRT434).",
        "The server does it at once or allows writes: most changes of columns and indexes; copies, too, on MariaDB 11.2.",
    )

    bad = (
        Example(
            title="Indexes that are not built online",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.create_index("ix_text", "notes", ["text"], mysql_prefix="FULLTEXT")  # MRT433
                op.execute("CREATE SPATIAL INDEX ix_place ON shops (place)")  # MRT433
                op.execute("ALTER TABLE notes ADD FULLTEXT INDEX ix_title (title)")  # MRT433
            """,
        ),
        Example(
            title="Copies",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE notes CONVERT TO CHARACTER SET utf8mb4")  # MRT433
                op.drop_constraint("pk", "notes", type_="primary")  # MRT433
                op.create_primary_key("pk", "notes", ["id", "day"])
                op.execute("ALTER TABLE notes PARTITION BY HASH (id) PARTITIONS 4")  # MRT433
            """,
        ),
        Example(
            title="Asked for",
            target=DatabaseTarget(dialect="mariadb"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE notes ADD COLUMN day DATE, ALGORITHM=COPY")  # MRT433
                op.execute("CREATE INDEX ix_day ON notes (day) LOCK=SHARED")  # MRT433
            """,
        ),
    )
    good = (
        Example(
            title="In place",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("ALTER TABLE notes DROP PRIMARY KEY, ADD PRIMARY KEY (id, day)")
                op.create_index("ix_day", "notes", ["day"])
                op.drop_column("notes", "text")
            """,
        ),
        Example(
            title="A new table",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text))
                op.create_index("ix_text", "notes", ["text"], mysql_prefix="FULLTEXT")
                op.execute("ALTER TABLE notes CONVERT TO CHARACTER SET utf8mb4")
            """,
        ),
        Example(
            title="MariaDB 11.2 allows writes while it copies",
            target=DatabaseTarget(dialect="mariadb", mariadb_version=(11, 4)),
            source="""
            def upgrade():
                op.execute("ALTER TABLE notes CONVERT TO CHARACTER SET utf8mb4")
            """,
        ),
        Example(
            title="It is not declared to be MySQL",
            source="""
            def upgrade():
                op.create_index("ix_text", "notes", ["text"], mysql_prefix="FULLTEXT")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every such change, and for every statement that requests a copy or a lock."""
        for op in case.ops_for(self, ops.Op):
            server = case.server(op)
            if server is None or (isinstance(op, ops.AlterObject) and (is_new(case, op) or change_of_table(op) is None)):
                continue
            own = [change for change in changes(case, op, server) if change in _OWN and blocked(case, op, change)]
            if own:
                yield self._found(case, op, server, own[0])
            elif not op.joined and _asks(op, server):
                clause = f"LOCK={op.lock}" if op.lock in {"SHARED", "EXCLUSIVE"} else "ALGORITHM=COPY"
                given = {"does": "locks" if op.lock else "copies", "purpose": f"obey {clause}", "safe": f"leave {clause} out"}
                yield self.found(case.migration, op, **names(op), **given, server=server.name)

    def _found(self, case: MigrationCase, op: ops.Op, server: ServerVersion, change: TableChange) -> Finding:
        found = names(op, server.dialect)
        if isinstance(op, ops.AlterObject):
            found["the_table"] = f"table '{op.name}'" if readable(op.name) else "a table"
        does = "copies" if server.way(change).algorithm is DdlAlgorithm.COPY else "locks"
        safe = _INSTEAD.get(change, _OTHERWISE).format(**found)
        return self.found(case.migration, op, **found, server=server.name, does=does, purpose=_OWN[change], safe=safe)


def _asks(op: ops.Op, server: ServerVersion) -> bool:
    """Return whether a statement requests a lock, or a copy that blocks writes."""
    return op.lock in {"SHARED", "EXCLUSIVE"} or (op.algorithm == "COPY" and not server.way(TableChange.CHANGE_TYPE).writes)
