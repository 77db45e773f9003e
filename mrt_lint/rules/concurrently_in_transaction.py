"""MRT421."""

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.transaction import Surroundings, refused, surroundings
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class ConcurrentlyInTransaction(Rule):
    """A statement that PostgreSQL refuses in a transaction is inside of the migration's.

    What works CONCURRENTLY, on the whole server or on files of its own “cannot run inside a transaction block”. The migration stops
    there on the first database that it meets, unless env.py runs without transactions.
    """

    code = "MRT421"
    name = "concurrently-in-transaction"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "PostgreSQL refuses {what} in a transaction, and {where}"
    instead = "put it into a block of its own: with op.get_context().autocommit_block(): …"
    alone = DialectWording(message=message, instead=instead)
    begun = DialectWording(message=message, instead="leave out the BEGIN: an autocommit block runs every statement by itself")
    apart = DialectWording(message=message, instead="give each statement to an op.execute() of its own, in an autocommit block")
    dialects = ("postgresql",)
    manual = (
        (
            "PostgreSQL, “Building Indexes Concurrently”: "
            "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
        ),
        "PostgreSQL, “Multiple Statements in a Simple Query”: https://www.postgresql.org/docs/current/protocol-flow.html",
        "Alembic, MigrationContext.autocommit_block: https://alembic.sqlalchemy.org/en/latest/api/runtime.html",
    )
    fix = FixSafety.SAFE
    fixes = "The statement is put into an autocommit block, if it builds or drops an index."
    exemptions = (
        "It is in an autocommit block.",
        (
            'It comes after op.execute("COMMIT"): then this is a warning, since that helps with psycopg2 and asyncpg; psycopg 3 '
            "begins another transaction with the next statement."
        ),
        "Whether it is concurrent cannot be read.",
        "ALTER TYPE … ADD VALUE from PostgreSQL 12 on.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)  # MRT421
                op.execute("DROP INDEX CONCURRENTLY ix_users_age")  # MRT421
            """,
        ),
        Example(
            title="Other statements of that kind",
            source="""
            def upgrade():
                op.execute("REINDEX TABLE CONCURRENTLY users")  # MRT421
                op.execute("REINDEX (CONCURRENTLY) INDEX ix_users_age")  # MRT421
                op.execute("REINDEX SCHEMA public")  # MRT421
                op.execute("ALTER TABLE events DETACH PARTITION events_2019 CONCURRENTLY")  # MRT421
                op.execute("VACUUM ANALYZE users")  # MRT421
                op.execute("CREATE DATABASE reports")  # MRT421
                op.execute("DROP DATABASE IF EXISTS old_reports")  # MRT421
                op.execute("ALTER SYSTEM SET work_mem = '64MB'")  # MRT421
                op.execute("ALTER SUBSCRIPTION copy REFRESH PUBLICATION")  # MRT421
                op.execute("COMMIT PREPARED 'import'")  # MRT421
                op.execute("CREATE SUBSCRIPTION copy CONNECTION 'host=a' PUBLICATION all_tables")  # MRT421
            """,
        ),
        Example(
            title="In an autocommit block that has a transaction all the same",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.execute("DROP INDEX CONCURRENTLY ix_a; DROP INDEX CONCURRENTLY ix_b")  # MRT421
                    op.execute("BEGIN")
                    op.execute("DROP INDEX CONCURRENTLY ix_c")  # MRT421
                    op.execute("COMMIT")
                    op.execute("DROP INDEX CONCURRENTLY ix_d")
            """,
        ),
        Example(
            title="After a COMMIT in SQL, which does not help with psycopg 3",
            source="""
            def upgrade():
                op.execute("COMMIT")
                op.execute("CREATE INDEX CONCURRENTLY ix_users_email ON users (email)")  # MRT421
            """,
        ),
        Example(
            title="ADD VALUE up to PostgreSQL 11",
            target=DatabaseTarget(dialect="postgresql", pg_version=(11, 0)),
            source="""
            def upgrade():
                op.execute("ALTER TYPE mood ADD VALUE 'happy'")  # MRT421
            """,
        ),
    )

    good = (
        Example(
            title="In an autocommit block",
            source="""
            def upgrade():
                with op.get_context().autocommit_block():
                    op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)
                    op.execute("DROP INDEX CONCURRENTLY ix_users_age")
                    op.execute("REINDEX TABLE CONCURRENTLY users;")
                    op.execute("VACUUM users")
                op.execute("REINDEX TABLE teams")
                op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY totals")
                op.execute("ALTER TYPE mood ADD VALUE 'happy'")
            """,
        ),
        Example(
            title="Not concurrently",
            source="""
            def upgrade():
                op.create_index("ix_users_email", "users", ["email"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for everything that PostgreSQL refuses, in either direction.

        Of several statements in one text, or behind one COMMIT, only the first has one.
        """
        seen: set[object] = set()
        for function in (case.migration.upgrade_ops, case.migration.downgrade_ops):
            for op, where, _ in surroundings(function):
                what = refused(op, case.target.pg_version) if where is not Surroundings.NONE else ""
                once = {Surroundings.TEXT: op.origin, Surroundings.COMMITTED: id(function)}.get(where)
                if not what or not case.runs(op, self.dialects) or once in seen:
                    continue
                seen |= {once} - {None}
                found = self.found(case.migration, op, self._wording(op, where), what=what, where=where.value)
                yield replace(found, severity=Severity.WARNING) if where is Surroundings.COMMITTED else found

    def _wording(self, op: ops.Op, where: Surroundings) -> DialectWording | None:
        if where is Surroundings.MIGRATION:
            return None if isinstance(op, ops.CreateIndex | ops.DropIndex) else self.alone
        return {Surroundings.BEGUN: self.begun, Surroundings.COMMITTED: self.alone}.get(where, self.apart)
