"""MRT401."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import needs_value
from mrt_lint.analysis.downgrade.definition import for_dialect
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.left_null import NONE, may_hold_null, rows_filled
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.written_code import call_on_table
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN, SqlType


class NotNullWithoutDefault(Rule):
    """A NOT NULL column without a server default is added to a table that is there already.

    The rows of the table would hold NULL in it, so PostgreSQL and SQLite refuse the statement and the deployment stops halfway;
    on an empty test database it passes. MySQL fills in an empty string or zero that was never chosen. A Python `default=` emits no
    DDL, and the older release, which does not know the column, cannot insert rows any more. A column that is set NOT NULL in a step
    of its own is refused in the same way, if no UPDATE before it reaches each row.
    """

    code = "MRT401"
    name = "not-null-without-default"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_FAILS
    message = "upgrade adds NOT NULL {the_column} without a server default: {rows}old code cannot insert"
    instead = "{default}add it with nullable=True, fill it, and then {call}"
    of_key = DialectWording(
        message=message,
        instead=(
            "add it with nullable=True and fill it, since no constant is a row of {parent} for certain; set it NOT NULL in a later "
            "revision, once no former release inserts rows: {call}"
        ),
    )
    unfilled = DialectWording(
        message="upgrade adds {the_column} without a value, and sets it NOT NULL: it fails where the table has rows",
        instead="give every row a value before it: op.execute(«UPDATE {sql_table} SET {sql_column} = …»)",
    )
    partly = DialectWording(
        message="upgrade sets {the_column} NOT NULL, and fills it only in {rows}: it fails where another one holds NULL",
        instead=(
            "give the other rows a value before it, too: "
            "op.execute(«UPDATE {sql_table} SET {sql_column} = … WHERE {sql_column} IS NULL»)"
        ),
    )
    held = DialectWording(
        message="upgrade sets {the_column} NOT NULL, and fills it nowhere before: it fails where a row holds NULL",
        instead="give them a value before it: op.execute(«UPDATE {sql_table} SET {sql_column} = … WHERE {sql_column} IS NULL»)",
    )
    manual = (
        "PostgreSQL, “Adding a Column”: https://www.postgresql.org/docs/current/ddl-alter.html#DDL-ALTER-ADDING-A-COLUMN",
        "MySQL, “Data Type Default Values”: https://dev.mysql.com/doc/refman/8.0/en/data-type-defaults.html",
        "SQLAlchemy, Column.server_default: https://docs.sqlalchemy.org/en/20/core/metadata.html",
    )
    exemptions = (
        "The table was created, or emptied, earlier in the same upgrade.",
        "An identity, autoincrement, serial or generated column fills itself.",
        (
            "A column that is set NOT NULL was filled by several UPDATEs whose conditions may take every row between them, "
            "with DELETEs or without, or something cannot be read before."
        ),
        "A column that was there before is NOT NULL by the history, or MODIFY may only repeat that. On PostgreSQL it is MRT213's.",
        "An UPDATE from another table: the columns that join it are NOT NULL, or a foreign key points there.",
    )

    bad = (
        Example(
            title="By operation, in a batch and in SQL",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("email", sa.Text, nullable=False))  # MRT401
                with op.batch_alter_table("users") as batch:
                    batch.add_column(sa.Column("age", sa.Integer(), nullable=False))  # MRT401
                op.execute("ALTER TABLE users ADD COLUMN name varchar(50) NOT NULL")  # MRT401
            """,
        ),
        Example(
            title="A Python default is no server default",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("active", sa.Boolean, nullable=False, default=True))  # MRT401
            """,
        ),
        Example(
            title="A primary key cannot be NULL either",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("code", sa.Text, primary_key=True))  # MRT401
            """,
        ),
        Example(
            title="NOT NULL in a step of its own, and rows that are left with NULL",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.Text))
                op.create_table("mails", sa.Column("id", sa.Integer), sa.Column("user_id", sa.Integer), sa.Column("mail", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("age", sa.Integer))
                op.alter_column("users", "age", nullable=False)  # MRT401
                op.add_column("users", sa.Column("level", sa.Integer))
                op.execute("UPDATE users SET level = 1 WHERE kind = 'admin'")
                op.alter_column("users", "level", nullable=False)  # MRT401
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = m.mail FROM mails m WHERE m.user_id = users.id")
                op.alter_column("users", "mail", nullable=False)  # MRT401
            """,
        ),
    )
    good = (
        Example(
            title="A value for every row before NOT NULL",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("level", sa.Integer))
                op.execute("UPDATE users SET level = 1 WHERE kind = 'admin'")
                op.execute("UPDATE users SET level = 0 WHERE level IS NULL")
                op.alter_column("users", "level", nullable=False)
            """,
        ),
        Example(
            title="With a server default, or NULL first",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()))
                op.add_column("users", sa.Column("email", sa.Text))
            """,
        ),
        Example(
            title="A new table has no rows",
            source="""
            def upgrade():
                op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
                op.add_column("notes", sa.Column("title", sa.Text, nullable=False))
            """,
        ),
        Example(
            title="Columns that fill themselves",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False))
                op.add_column("users", sa.Column("size", sa.Integer, sa.Computed("length(name)"), nullable=False))
                op.add_column("users", sa.Column("id", sa.Integer, primary_key=True, autoincrement=True))
                op.execute("ALTER TABLE users ADD COLUMN place bigserial NOT NULL")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every new column that existing rows cannot have a value for."""
        for op in case.ops_for(self, ops.AddColumn):
            if needs_value(op.definition) and not case.state_before(op).empty:
                found = names(op, case.dialect(op))
                setting = f"{literal(found['column'])}, nullable=False{found['typed']}"
                call = call_on_table(case, op, "alter_column", after=setting)
                default = "" if _takes_no_default(case, op) else "give it a server_default, or "
                words = found | {"rows": _fate_of_rows(case, op), "call": call, "default": default, "parent": _parent(case, op)}
                yield self.found(case.migration, op, self.of_key if words["parent"] else None, **words)
        for change in case.ops_for(self, ops.AlterColumn):
            rows = rows_filled(case, change) if change.nullable is False else None
            if rows is not None:
                wording = self.unfilled if rows == NONE else self.partly
                yield self.found(case.migration, change, wording, **names(change, case.dialect(change)), rows=rows)
            elif case.dialect(change) != "postgresql" and may_hold_null(case, change):
                yield self.found(case.migration, change, self.held, **names(change, case.dialect(change)))


def _parent(case: MigrationCase, op: ops.AddColumn) -> str:
    """Return the table to which a foreign key of the new column points by the end of upgrade(), "" where none does."""
    table, name = case.state_before(op).table, fold(str(op.column))
    keys = [key for key in op.definition.constraints if key.kind == "foreignkey"]
    for other in case.later(op):
        if isinstance(other, ops.CreateForeignKey) and case.state_before(other).table is table is not None:
            columns = other.columns if isinstance(other.columns, tuple) else ()
            keys += [other.definition] if name in {fold(str(column)) for column in columns} else []
    return next((f"'{key.referred_table}'" if readable(key.referred_table) else "the other table" for key in keys), "")


def _takes_no_default(case: MigrationCase, op: ops.AddColumn) -> bool:
    """Return whether MySQL takes no constant as a default of the column, error 1101, which MariaDB does."""
    kind = for_dialect(op.definition.type, "mysql")
    return case.dialect(op) == "mysql" and isinstance(kind, SqlType) and kind.name.endswith(("TEXT", "BLOB", "JSON", "GEOMETRY"))


def _fate_of_rows(case: MigrationCase, op: ops.AddColumn) -> str:
    """Return what becomes of existing rows; MySQL fills in an empty value, which upgrade() may overwrite at once."""
    if case.dialect(op) not in {"mysql", "mariadb"}:
        return "it fails where the table has rows, and "
    table = case.state_before(op).table
    updates = (
        other for other in case.migration.upgrade_ops if isinstance(other, ops.Update) and case.state_before(other).table is table
    )
    if any(update.columns is not UNKNOWN and op.column in update.columns for update in updates):
        return ""
    return "existing rows get an empty value that was never chosen, and "
