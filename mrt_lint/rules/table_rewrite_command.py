"""MRT428."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.mysql_alteration import change_of_table, is_new
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.online import TableChange


class TableRewriteCommand(Rule):
    """REINDEX, CLUSTER, VACUUM FULL or MySQL's OPTIMIZE TABLE, FORCE and ENGINE=InnoDB run in a migration.

    PostgreSQL's rebuild a table or its indexes and block writes, most of them reads as well, for as long as it takes;
    MySQL's rewrite the whole table, on every replica once more. They change nothing that the application needs, so they do not
    belong into its deployment.
    """

    code = "MRT428"
    name = "table-rewrite-command"
    severity = Severity.WARNING
    message = "{command} locks {table_words} until everything is rebuilt"
    instead = "run it as maintenance, outside of migrations: REINDEX CONCURRENTLY, or pg_repack in place of CLUSTER and VACUUM FULL"
    rebuilt = DialectWording(
        message="{command} rewrites {table_words}, all of it, here and on every replica",
        instead="run it as maintenance, outside of migrations; a change of engine, with gh-ost or pt-online-schema-change",
    )
    dialects = ("postgresql", "mysql", "mariadb")
    manual = (
        "PostgreSQL, “Explicit Locking”: https://www.postgresql.org/docs/current/explicit-locking.html",
        "MySQL, OPTIMIZE TABLE: https://dev.mysql.com/doc/refman/8.4/en/optimize-table.html",
    )
    exemptions = (
        "REINDEX CONCURRENTLY.",
        "The table was created earlier in the same upgrade.",
        "Another database is declared, or a guard names one.",
    )

    bad = (
        Example(
            title="In SQL",
            source="""
            def upgrade():
                op.execute("REINDEX TABLE users")  # MRT428
                op.execute("CLUSTER users USING ix_users_id")  # MRT428
                op.execute("VACUUM FULL users")  # MRT428
            """,
        ),
        Example(
            title="The whole table rewritten",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("OPTIMIZE TABLE users")  # MRT428
                op.execute("ALTER TABLE users ENGINE=InnoDB")  # MRT428
            """,
        ),
    )

    good = (
        Example(
            title="Concurrently, or harmless",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.execute("REINDEX INDEX CONCURRENTLY ix_users_id")
                    op.execute("VACUUM ANALYZE users")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every such command."""
        for op in case.ops_for(self, ops.Reindex, ops.AlterObject):
            optimizes = isinstance(op, ops.Reindex) and op.command.startswith("OPTIMIZE")
            if isinstance(op, ops.Reindex) and not op.concurrently and (optimizes or case.server(op) is None):
                table_words = names(op)["the_table"] if op.table is not None else "what it works on"
                wording = self.rebuilt if optimizes else None
                yield self.found(case.migration, op, wording, command=op.command, table_words=table_words)
            elif isinstance(op, ops.AlterObject) and self._rebuilds(case, op):
                command = f"ALTER TABLE … {op.action}"
                yield self.found(case.migration, op, self.rebuilt, command=command, table_words=f"table '{op.name}'")

    @staticmethod
    def _rebuilds(case: MigrationCase, op: ops.AlterObject) -> bool:
        return case.server(op) is not None and change_of_table(op) is TableChange.REBUILD and not is_new(case, op)
