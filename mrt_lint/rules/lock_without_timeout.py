"""MRT429."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.locking import limits_wait, takes_heavy_lock
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule


class LockWithoutTimeout(Rule):
    """A heavy lock on a table is waited for without a limit.

    The statement takes a moment, but first it waits for every transaction that uses the table, and every later statement,
    even a plain SELECT, waits behind it. One forgotten session in a terminal is enough to stop the application.
    """

    code = "MRT429"
    name = "lock-without-timeout"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "upgrade waits for a lock on {the_table} for as long as it takes, and every other session waits behind it"
    instead = (
        "run op.execute(\"SET LOCAL lock_timeout = '5s'\") first, or set it in env.py for all migrations, and try again on failure"
    )
    on_mysql = DialectWording(
        message=message,
        instead='run op.execute("SET SESSION lock_wait_timeout = 5") first, or set it in env.py for all migrations',
    )
    dialects = ("postgresql", "mysql", "mariadb")
    default = False
    for_small_tables = True
    manual = (
        "PostgreSQL, lock_timeout: https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT",
        "MySQL, lock_wait_timeout: https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_lock_wait_timeout",
    )
    exemptions = (
        "A timeout was set before in the same upgrade. What env.py sets is not seen, so this rule applies only when selected.",
        "The table was created earlier in the same upgrade.",
        "The index is built or dropped CONCURRENTLY.",
        "Another database is declared, or a guard names one; MySQL and MariaDB have to be declared or named.",
    )

    bad = (
        Example(
            title="Once for each upgrade",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))  # MRT429
                op.drop_column("users", "born")
            """,
        ),
        Example(
            title="No limit, or too late",
            source="""
            def upgrade():
                op.execute("SET lock_timeout = 0")
                op.drop_column("users", "born")  # MRT429
                op.execute("SET lock_timeout = '5s'")
            """,
        ),
        Example(
            title="Metadata locks",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))  # MRT429
            """,
        ),
    )
    good = (
        Example(
            title="With a limit",
            source="""
            def upgrade():
                op.execute("SET LOCAL lock_timeout = '5s'")
                op.add_column("users", sa.Column("age", sa.Integer))
            """,
        ),
        Example(
            title="A new table; an index built concurrently; set_config()",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.add_column("notes", sa.Column("text", sa.Text))
                with op.get_context().autocommit_block():
                    op.create_index("ix_users_age", "users", ["age"], postgresql_concurrently=True)
                op.execute("SELECT set_config('lock_timeout', '5s', true)")
                op.drop_column("users", "born")
            """,
        ),
        Example(
            title="MySQL's limit",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.execute("SET SESSION lock_wait_timeout = 5")
                op.add_column("users", sa.Column("age", sa.Integer))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first lock that is waited for without a limit."""
        for op in case.ops_for(self, ops.Op):
            if limits_wait(case, op):
                return
            if takes_heavy_lock(case, op):
                found = names(op)
                if getattr(op, "table", None) is None:
                    found["the_table"] = "the table of " + found["the_index"]
                yield self.found(case.migration, op, None if case.server(op) is None else self.on_mysql, **found)
                return
