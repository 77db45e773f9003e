"""MRT426."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.duplicates import deletes_rows
from mrt_lint.analysis.key_of_index import PARTITIONED, key_of_index
from mrt_lint.analysis.locking import is_partitioned
from mrt_lint.analysis.wording import join, names
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import Column

_DELETED = "delete the duplicates in a revision before this one; "
_PROVED = "set {} NOT NULL, proved by a validated CHECK, so that the key does not look at every row for NULL under its lock, and "


class PrimaryKeyWithoutIndex(Rule):
    """A primary key is added to a PostgreSQL table that is there already, and its index built at once.

    PostgreSQL blocks reads and writes of the table while it builds the index, and looks at every row for NULL. With an index
    that was built concurrently before, the statement takes a moment.
    """

    code = "MRT426"
    name = "primary-key-without-index"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = "PostgreSQL blocks reads and writes of {the_table} while it builds the primary key ({columns})"
    instead = "{first}build its index: {build}; {moved}{proved}{take_over}, which takes it over"
    of_partitions = DialectWording(message=message, instead=PARTITIONED)
    verified = DialectWording(
        message=(
            "PostgreSQL blocks reads and writes of {the_table} while it looks at every row for NULL in '{column}', which it sets "
            "NOT NULL"
        ),
        instead=(
            "set the column NOT NULL first, proved by a validated CHECK: ADD CONSTRAINT … CHECK ({column} IS NOT NULL) NOT VALID, "
            "VALIDATE CONSTRAINT in a later revision, then SET NOT NULL"
        ),
    )
    dialects = ("postgresql",)
    manual = ("PostgreSQL, ALTER TABLE: https://www.postgresql.org/docs/current/sql-altertable.html",)
    exemptions = (
        "The table was created earlier in the same upgrade.",
        "The key takes over a finished index, USING INDEX, whose columns are not known to be nullable.",
        "Another database is declared, or a guard keeps PostgreSQL out.",
    )

    bad = (
        Example(
            title="By operation and in SQL",
            source="""
            def upgrade():
                op.create_primary_key("users_pkey", "users", ["id"])  # MRT426
                op.execute("ALTER TABLE teams ADD PRIMARY KEY (id)")  # MRT426
            """,
        ),
        Example(
            title="From an index of nullable columns",
            before=(
                """
            def upgrade():
                op.create_table("users", sa.Column("code", sa.Text))
                op.create_index("ix_users_code", "users", ["code"], unique=True)
            """,
            ),
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX ix_users_code")  # MRT426
            """,
        ),
    )
    good = (
        Example(
            title="From an index, or in a new table",
            source="""
            def upgrade():
                op.execute("ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX ix_users_id")
                op.create_table("notes", sa.Column("id", sa.Integer, nullable=False))
                op.create_primary_key("notes_pkey", "notes", ["id"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every primary key that is built under the lock."""
        for op in case.ops_for(self, ops.CreatePrimaryKey):
            if op.definition.using_index is None:
                nullable = _nullable(case, op, op.columns)
                words = {"columns": join(op.columns), "proved": _PROVED.format(", ".join(nullable)) if nullable else ""}
                words["first"] = _DELETED if deletes_rows(case, op) else ""
                wording = self.of_partitions if is_partitioned(case, op) else None
                yield self.found(case.migration, op, wording, **names(op) | words | key_of_index(case, op))
            elif column := next(iter(_nullable(case, op, _of_index(case, op))), ""):
                yield self.found(case.migration, op, self.verified, **{**names(op), "column": column})


def _of_index(case: MigrationCase, op: ops.CreatePrimaryKey) -> object:
    """Return the columns of the index that a key takes over, as far as they are known."""
    table = case.known_schema("postgresql").schema.table(op.table, op.schema) if readable(op.table) else None
    index = op.definition.using_index
    made = [each for each in case.migration.upgrade_ops if isinstance(each, ops.CreateIndex) and each.index == index]
    known = made[-1] if made else table.index(index) if isinstance(table, ReplayedTable) and readable(index) else None
    return known.columns if isinstance(known, ops.CreateIndex) else ()


def _nullable(case: MigrationCase, op: ops.CreatePrimaryKey, columns: object) -> list[str]:
    """Return those of some columns that may hold NULL, as far as the history shows."""
    table = case.known_schema("postgresql").schema.table(op.table, op.schema) if readable(op.table) else None
    if not isinstance(table, ReplayedTable):
        return []
    set_here = {
        fold(each.column): each.nullable
        for each in case.migration.upgrade_ops
        if isinstance(each, ops.AlterColumn) and each.table == op.table and readable(each.column)
    }
    found: list[str] = []
    for name in columns if isinstance(columns, tuple) else ():
        column = table.column(name) if readable(name) else None
        if isinstance(column, Column) and column.nullable is True and set_here.get(fold(str(name))) is not False:
            found.append(str(name))
    return found
