"""MRT428."""

import re
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.locking import is_short, under_lock, waits_briefly
from mrt_lint.analysis.mysql_alteration import change_of_table, is_new
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import HOLE, SourceSpan
from mrt_lint.online import TableChange

_COPYING = ("SET UNLOGGED", "SET LOGGED", "SET TABLESPACE", "SET ACCESS METHOD")
_COMMAND = re.compile(r"SET (UNLOGGED|LOGGED|TABLESPACE|ACCESS METHOD|NOT NULL)|ADD( CONSTRAINT)?")
_LOCKS = re.compile(
    r"""lock\s+(table\s+)?(only\s+)?(?P<name>[\w."]+)(?!.*\bin\s+(access\s+share|row\s+share|row\s+exclusive|share\s+update\s+exclusive)\s+mode)
    |refresh\s+materialized\s+view\s+(?!concurrently\b)(?P<view>[\w."]+)(?!.*\bwith\s+no\s+data)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


_WRITERS_ONLY = re.compile(r"\bin\s+(share|share\s+row\s+exclusive|exclusive)\s+mode", re.IGNORECASE)
_READS = re.compile(r"\bselect\b", re.IGNORECASE)
_SHOWN = 3


class TableRewriteCommand(Rule):
    """A command that rewrites or locks a whole table runs in a migration: REINDEX, SET LOGGED, LOCK TABLE, OPTIMIZE TABLE, etc.

    PostgreSQL's rebuild a table or its indexes and block writes, most of them reads as well, for as long as it takes;
    MySQL's rewrite the whole table, on every replica once more. They change nothing that the application needs, so they do not
    belong into its deployment.
    """

    code = "MRT428"
    name = "table-rewrite-command"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "{command} locks {table_words} until everything is rebuilt"
    instead = "run it as maintenance, outside of migrations: REINDEX CONCURRENTLY, or pg_repack in place of CLUSTER and VACUUM FULL"
    rebuilt = DialectWording(
        message="{command} rewrites {table_words}, all of it, here and on every replica",
        instead="run it as maintenance, outside of migrations; a change of engine, with gh-ost or pt-online-schema-change",
    )
    moved = DialectWording(
        message="{command} copies {table_words}, all of it, and PostgreSQL blocks reads and writes meanwhile",
        instead="run it as maintenance, outside of migrations, or make a new table and move the rows in batches",
    )
    held = DialectWording(
        message="{command} blocks {blocked} of {table_words} until {transaction} ends",
        instead="leave it out: each statement takes the lock that it needs; or set a lock_timeout before, and keep the rest short",
    )
    guarding = DialectWording(
        message=held.message,
        instead=(
            "keep it, as what is read of the table has to stay so until it is used, but run "
            "op.execute(«SET LOCAL lock_timeout = '5s'») before it, and do nothing else in this revision"
        ),
    )
    refreshed = DialectWording(
        message="{command} blocks reads of {table_words} until all of it is computed again",
        instead=(
            "run it as maintenance, outside of migrations: REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on "
            "the view"
        ),
    )
    domain = DialectWording(
        message="{command} looks at every row of every table that has a column of {table_words}, while writes to them wait",
        instead="add the constraint NOT VALID, and validate it in a later revision: ALTER DOMAIN … VALIDATE CONSTRAINT",
    )
    dialects = ("postgresql", "mysql", "mariadb")
    manual = (
        "PostgreSQL, “Explicit Locking”: https://www.postgresql.org/docs/current/explicit-locking.html",
        "MySQL, OPTIMIZE TABLE: https://dev.mysql.com/doc/refman/8.4/en/optimize-table.html",
    )
    exemptions = (
        "REINDEX and REFRESH CONCURRENTLY; a view that is new, or filled WITH NO DATA; a domain's constraint that is NOT VALID.",
        "LOCK TABLE in a mode that does not block writes.",
        (
            "LOCK TABLE … NOWAIT or under a lock_timeout, where it guards what is read until it is used, or where nothing behind "
            "it in its transaction takes long."
        ),
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
            title="Copied, locked, computed again, looked through",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users SET UNLOGGED")  # MRT428
                op.execute("ALTER TABLE users SET TABLESPACE fast")  # MRT428
                op.execute("ALTER TABLE users SET ACCESS METHOD columnar")  # MRT428
                op.execute("LOCK TABLE users IN SHARE MODE")  # MRT428
                op.execute("LOCK users")  # MRT428
                op.execute("REFRESH MATERIALIZED VIEW totals")  # MRT428
                op.execute("ALTER DOMAIN zip ADD CONSTRAINT ck CHECK (value <> '')")  # MRT428
                op.execute("ALTER DOMAIN zip SET NOT NULL")  # MRT428
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
                op.execute("LOCK TABLE users IN ROW EXCLUSIVE MODE")
                op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY totals")
                op.execute("CREATE MATERIALIZED VIEW sums AS SELECT 1 AS one WITH NO DATA")
                op.execute("REFRESH MATERIALIZED VIEW sums")
                op.execute("ALTER DOMAIN zip ADD CONSTRAINT ck CHECK (value <> '') NOT VALID")
                op.execute("CREATE TABLE events (id int)")
                op.execute("ALTER TABLE events SET LOGGED")
                op.execute("LOCK TABLE events")
            """,
        ),
        Example(
            title="Locked for a moment only, which does not wait for long",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.execute("BEGIN")
                    op.execute("SET LOCAL lock_timeout = '1s'")
                    op.execute("LOCK TABLE users")
                    op.execute("ALTER TABLE users ADD COLUMN nick text")
                    op.execute("COMMIT")
                op.execute("LOCK TABLE teams IN ACCESS EXCLUSIVE MODE NOWAIT")
                op.add_column("teams", sa.Column("nick", sa.Text))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every such command."""
        new = {fold(op.table) for op in case.migration.upgrade_ops if isinstance(op, ops.CreateTable) and readable(op.table)}
        new |= {fold(op.name) for op in case.migration.upgrade_ops if isinstance(op, ops.CreateObject) and readable(op.name)}
        for op in case.ops_for(self, ops.Reindex, ops.AlterObject):
            optimizes = isinstance(op, ops.Reindex) and op.command.startswith("OPTIMIZE")
            if isinstance(op, ops.Reindex) and not op.concurrently and (optimizes or case.server(op) is None):
                table_words = names(op)["the_table"] if op.table is not None else "what it works on"
                wording = self.rebuilt if optimizes else None
                yield self.found(case.migration, op, wording, command=op.command, table_words=table_words)
            elif isinstance(op, ops.AlterObject) and self._rebuilds(case, op):
                command = f"ALTER TABLE … {op.action}"
                yield self.found(case.migration, op, self.rebuilt, command=command, table_words=f"table '{op.name}'")
            elif isinstance(op, ops.AlterObject) and (wording := self._locking(case, op)) and fold(str(op.name)) not in new:
                command = f"ALTER {op.kind.upper()} … {_COMMAND.match(str(op.action))[0]}"  # type: ignore[index] # as _locking saw
                yield self.found(case.migration, op, wording, command=command, table_words=f"{op.kind} '{op.name}'")
        yield from self._find_locks(case, new)

    def _find_locks(self, case: MigrationCase, new: set[str]) -> Iterator[Finding]:
        """Yield a finding for each call that locks tables or fills views again, one for all turns of a loop."""
        found: dict[SourceSpan | None, list[tuple[ops.Statement, re.Match[str]]]] = {}
        for statement in case.ops_for(self, ops.Statement):
            match = _LOCKS.match(statement.text) if case.server(statement) is None else None
            if match is not None and _last(match) not in new:
                found.setdefault(statement.origin, []).append((statement, match))
        for locks in found.values():
            statement, match = locks[0]
            paths = list(dict.fromkeys("'" + (each["name"] or each["view"]).replace('"', "") + "'" for _, each in locks))
            shown = ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
            if not statement.command.startswith("LOCK"):
                yield self.found(case.migration, statement, self.refreshed, command=statement.command, table_words=shown)
                continue
            behind = [(each, _last(of), under_lock(case, each)) for each, of in locks]
            guards = any(_are_read(held, table) for _, table, held in behind)
            if all(waits_briefly(case, each) and (guards or is_short(case, held)) for each, _, held in behind):
                continue
            words = {
                "blocked": "writes" if _WRITERS_ONLY.search(statement.text) else "reads and writes",
                "transaction": "its own transaction" if statement.autocommit else "the migration's transaction",
            }
            wording = self.guarding if guards else self.held
            yield self.found(case.migration, statement, wording, command=statement.command, table_words=shown, **words)

    def _locking(self, case: MigrationCase, op: ops.AlterObject) -> DialectWording | None:
        action = op.action if isinstance(op.action, str) and case.server(op) is None else ""
        if op.kind == "domain":
            looks = _COMMAND.match(action) is not None and not action.endswith("NOT VALID")
            return self.domain if looks and not action.startswith(_COPYING) else None
        return self.moved if op.kind in {"table", "materialized view", "index"} and action.startswith(_COPYING) else None

    @staticmethod
    def _rebuilds(case: MigrationCase, op: ops.AlterObject) -> bool:
        return case.server(op) is not None and change_of_table(op) is TableChange.REBUILD and not is_new(case, op)


def _last(match: re.Match[str]) -> str:
    """Return the name of a locked table or view without its schema, folded."""
    return fold((match["name"] or match["view"]).rpartition(".")[2].strip('"'))


def _are_read(behind: list[ops.Op], table: str) -> bool:
    """Return whether a locked table is read behind the lock, in a statement or another one, or Core may have read what is used."""
    texts = (op.statement for op in behind if isinstance(op, ops.Execute))
    name = re.compile(rf"\b{re.escape(table)}\b", re.IGNORECASE)
    return any(not isinstance(text, str) or HOLE in text or (_READS.search(text) and name.search(text)) for text in texts)
