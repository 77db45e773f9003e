"""MRT405."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.volatile_default import is_volatile
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import Example, Rule

_FIRST_WITHOUT_REWRITE = (11, 0)
_OLD = DatabaseTarget(dialect="postgresql", pg_version=(10, 0))


class AddColumnDefault(Rule):
    """A column with a server default is added on a PostgreSQL older than 11.

    Those versions write the default into every row: the whole table is rewritten under a lock that keeps out readers and writers
    alike, and it takes twice its space while that lasts.
    """

    code = "MRT405"
    name = "add-column-default"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL {version} rewrites {the_table} under an exclusive lock to write the default of '{column}' into every row"
    instead = (
        "add {column} without a default, set it with op.alter_column(«{last}», «{column}», server_default=…{in_schema}), and fill "
        "the rows in batches"
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL 11, release notes, “Fast column addition”: https://www.postgresql.org/docs/11/release-11.html",)
    exemptions = (
        "PostgreSQL 11 or newer, which is assumed where no version is declared: a constant or stable default costs nothing there.",
        "The default is volatile: that rewrites the table on any version, and MRT404 reports that.",
        "The table was created earlier in the same upgrade.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="PostgreSQL 10",
            target=_OLD,
            source="""
            def upgrade():
                op.add_column("users", sa.Column("active", sa.Boolean, server_default=sa.true()))  # MRT405
                op.add_column("users", sa.Column("seen", sa.DateTime, server_default=sa.func.now()))  # MRT405
                op.execute("ALTER TABLE users ADD COLUMN score integer NOT NULL DEFAULT 0")  # MRT405
            """,
        ),
    )
    good = (
        Example(
            title="PostgreSQL 11 and newer",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("active", sa.Boolean, server_default=sa.true()))
                op.add_column("users", sa.Column("seen", sa.DateTime, server_default=sa.func.now()))
            """,
        ),
        Example(
            title="Default afterwards; DEFAULT NULL; a Python default",
            target=_OLD,
            source="""
            def upgrade():
                op.add_column("users", sa.Column("active", sa.Boolean, default=True))
                op.alter_column("users", "active", server_default=sa.true())
                op.execute("ALTER TABLE users ADD COLUMN note text DEFAULT NULL")
            """,
        ),
        Example(
            title="A new table",
            target=_OLD,
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer))
                op.add_column("notes", sa.Column("kind", sa.Text, server_default="plain"))
            """,
        ),
        Example(
            title="Volatile: MRT404 reports it",
            target=_OLD,
            source="""
            def upgrade():
                op.add_column("users", sa.Column("token", sa.Uuid, server_default=sa.text("gen_random_uuid()")))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every default that is written into the rows."""
        if case.target.pg_version >= _FIRST_WITHOUT_REWRITE:
            return
        for op in case.ops_for(self, ops.AddColumn):
            default = op.definition.server_default
            if readable(default) and default.upper() != "NULL" and not is_volatile(default):
                yield self.found(case.migration, op, **names(op), version=case.target.pg_version[0])
