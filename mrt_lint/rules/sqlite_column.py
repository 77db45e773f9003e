"""MRT437."""

import re
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import names
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import Column

_CONSTANT = re.compile(
    r"\(*\s*([+-]?\s*(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|x?'(''|[^'])*'|null|true|false)\s*\)*", re.IGNORECASE | re.DOTALL
)


class SqliteColumn(Rule):
    """A column is added in a way that SQLite refuses.

    ALTER TABLE … ADD COLUMN of SQLite writes no row: a table that has rows can take neither a default that has to be worked out
    (CURRENT_TIMESTAMP, an expression) nor a stored generated column. A test on an empty table passes. Constraints of a column
    Alembic does not add on SQLite outside of batch mode at all.
    """

    code = "MRT437"
    name = "sqlite-column"
    severity = Severity.ERROR
    consequence = Consequence.DEPLOY_FAILS
    message = "SQLite refuses to add {the_column} to a table that has rows: {why}"
    instead = (
        "add it in batch mode, which recreates the table where it has to: with op.batch_alter_table(«{last}») as batch: "
        "batch.add_column(…)"
    )
    constrained = DialectWording(
        message="Alembic refuses to add {the_column} on SQLite: {why}",
        instead=(
            "add it in batch mode: with op.batch_alter_table(«{last}») as batch: batch.add_column(…), and the constraint, with a "
            "name, by batch.create_unique_constraint(…) or batch.create_foreign_key(…)"
        ),
    )
    dialects = ("sqlite",)
    manual = (
        "SQLite, ALTER TABLE ADD COLUMN: https://sqlite.org/lang_altertable.html#altertabaddcol",
        "Alembic, “Running Batch Migrations for SQLite”: https://alembic.sqlalchemy.org/en/latest/batch.html",
    )
    exemptions = (
        "It is added in batch mode, or its table was created or emptied earlier in the same upgrade.",
        "The default is a number, a text, NULL, TRUE or FALSE.",
        "SQLite is neither declared nor named by a guard.",
    )

    bad = (
        Example(
            title="A default that is no constant, in either direction",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("at", sa.DateTime(), server_default=sa.func.now()))  # MRT437
                op.add_column("users", sa.Column("seen", sa.DateTime(), server_default=sa.text("CURRENT_TIMESTAMP")))  # MRT437
                op.add_column("users", sa.Column("half", sa.Integer(), server_default=sa.text("(1 + 1)")))  # MRT437
                op.execute("ALTER TABLE users ADD COLUMN key TEXT DEFAULT (hex(randomblob(8)))")  # MRT437
                op.add_column("users", sa.Column("twice", sa.Integer(), sa.Computed("id * 2", persisted=True)))  # MRT437
                op.execute("ALTER TABLE users ADD COLUMN code TEXT UNIQUE")  # MRT437

            def downgrade():
                op.drop_column("users", "twice")
                op.drop_column("users", "key")
                op.drop_column("users", "half")
                op.drop_column("users", "seen")
                op.drop_column("users", "at")
                op.add_column("users", sa.Column("born", sa.DateTime(), server_default=sa.func.current_date()))  # MRT437
            """,
        ),
        Example(
            title="A constraint of the column",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text(), unique=True))  # MRT437
                op.add_column("users", sa.Column("team", sa.Integer(), sa.ForeignKey("teams.id", name="fk_team")))  # MRT437
                with op.batch_alter_table("users", recreate="never") as batch:
                    batch.add_column(sa.Column("at", sa.DateTime(), server_default=sa.func.now()))  # MRT437
            """,
        ),
    )
    good = (
        Example(
            title="Constants, batch mode, a new table",
            target=DatabaseTarget(dialect="sqlite"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("level", sa.Integer(), server_default="1"))
                op.add_column("users", sa.Column("rank", sa.Integer(), server_default=sa.text("(-1)")))
                op.add_column("users", sa.Column("active", sa.Boolean(), server_default=sa.true()))
                op.add_column("users", sa.Column("note", sa.Text(), server_default=sa.text("'it''s'"), index=True))
                op.add_column("users", sa.Column("next", sa.Integer(), sa.Computed("level + 1")))
                with op.batch_alter_table("users") as batch:
                    batch.add_column(sa.Column("at", sa.DateTime(), server_default=sa.func.now()))
                op.create_table("notes", sa.Column("id", sa.Integer()))
                op.add_column("notes", sa.Column("at", sa.DateTime(), server_default=sa.func.now()))
            """,
        ),
        Example(
            title="Another database",
            target=DatabaseTarget(dialect="postgresql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("at", sa.DateTime(), server_default=sa.func.now()))
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every column that SQLite refuses, in either direction."""
        named = case.target.dialect == "sqlite"
        upgrade = [op for op in case.ops_for(self, ops.AddColumn) if not case.state_before(op).empty]
        downgrade = [op for op in case.migration.downgrade_ops if isinstance(op, ops.AddColumn) and case.runs(op, self.dialects)]
        for op in (*upgrade, *downgrade):
            remade = op.batch and not (op.rebuild is not None and op.rebuild.recreate == "never")
            if remade or not (named or op.dialects == self.dialects):
                continue
            found = names(op)
            if not op.sql and _constraint(op.definition):
                yield self.found(case.migration, op, self.constrained, **found, why=_constraint(op.definition))
            elif why := _refused(op.definition) or (_key(op.definition) if op.sql else ""):
                yield self.found(case.migration, op, **found, why=why)


def _refused(column: Column) -> str:
    if column.computed is not None and column.persisted is True:
        return "it is a stored generated column"
    default = column.server_default
    if readable(default) and not _CONSTANT.fullmatch(default.strip()):
        return f"its default, {default}, is no constant"
    return ""


def _key(column: Column) -> str:
    """Return the key that SQL makes of a column; Alembic adds the column first, and the key by itself."""
    kinds = {constraint.kind for constraint in column.constraints}
    if column.primary_key is True or "primary" in kinds:
        return "it is the PRIMARY KEY"
    return "it is UNIQUE" if column.unique is True or "unique" in kinds else ""


def _constraint(column: Column) -> str:
    kinds = {constraint.kind for constraint in column.constraints}
    if column.unique is True or "unique" in kinds:
        return "it is UNIQUE, and constraints are added in batch mode only"
    return "it has a foreign key, and constraints are added in batch mode only" if "foreignkey" in kinds else ""
