"""MRT218."""

from collections.abc import Iterator
from functools import lru_cache

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.wording import names
from mrt_lint.history import History
from mrt_lint.history.schema import fold, place
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.ops import AddColumn, CreateTable, DropColumn, DropTable
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import Column, SqlType

# a column that comes back with a type beside the former one may be meant to hold the old values
_FAMILIES = (
    {"TINYINT", "SMALLINT", "MEDIUMINT", "INTEGER", "BIGINT", "NUMERIC", "DECIMAL", "FLOAT", "REAL", "DOUBLE", "DOUBLE_PRECISION"},
    {"VARCHAR", "CHAR", "NVARCHAR", "TEXT", "MEDIUMTEXT", "LONGTEXT", "CITEXT", "ENUM", "CLOB"},
    {"DATE", "DATETIME", "TIMESTAMP"},
    {"JSON", "JSONB"},
    {"BLOB", "BYTEA", "BINARY", "VARBINARY", "LARGEBINARY"},
)
"""Types between which the values of a column are commonly moved."""


class DataHole(Rule):
    """A column or table is dropped here and comes back in a later revision.

    An upgrade through both loses the values in between, for nothing: the later revision shows that they are wanted. This
    hurts most where a history is upgraded in one go.
    """

    code = "MRT218"
    name = "data-hole"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade drops {what}, and revision {later} brings it back: an upgrade through both loses its {values}"
    instead = "if neither has run in production, remove both steps; otherwise keep the values in between in a table of their own"
    manual = ("Alembic, “Working with Branches”: https://alembic.sqlalchemy.org/en/latest/branches.html",)
    exemptions = (
        "The values are moved elsewhere in the same upgrade.",
        "The later revision is on another branch.",
        "It was created earlier in the same upgrade, or comes back in it.",
    )

    bad = (
        Example(
            title="A column and a table that come back",
            source="""
            def upgrade():
                op.drop_column("users", "phone")  # MRT218
                op.drop_table("visits")  # MRT218
            """,
            after=(
                """
            def upgrade():
                op.add_column("users", sa.Column("phone", sa.Text))
            """,
                """
            def upgrade():
                op.create_table("visits", sa.Column("day", sa.Date))
            """,
            ),
        ),
    )
    good = (
        Example(
            title="Something else comes later",
            source="""
            def upgrade():
                op.drop_column("users", "phone")
            """,
            after=(
                """
            def upgrade():
                op.add_column("teams", sa.Column("phone", sa.Text))
            """,
            ),
        ),
        Example(
            title="It comes back at once",
            source="""
            def upgrade():
                op.drop_column("users", "age")
                op.add_column("users", sa.Column("age", sa.Integer))
            """,
        ),
        Example(
            title="It was there before, too",
            before=(
                """
            def upgrade():
                op.add_column("users", sa.Column("phone", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.drop_column("users", "phone")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for everything that a later revision misses."""
        for op in case.ops_for(self, ops.DropColumn, ops.DropTable):
            if case.state_before(op).new_column or case.moves_rows(op):
                continue
            later = _made_again(case, op)
            if later is not None:
                found = names(op)
                is_table = isinstance(op, ops.DropTable)
                what, values = (found["the_table"], "rows") if is_table else (found["the_column"], "values")
                yield self.found(case.migration, op, what=what, values=values, later=later)


def _made_again(case: MigrationCase, op: DropColumn | DropTable) -> str | None:
    """Return the first later revision of this branch that adds a dropped column or table again."""
    revision = case.migration.revision
    if case.history is None or not isinstance(revision, str):
        return None
    wanted = _identity(op)
    for later, made in _additions(case.history).get(wanted, ()) if wanted is not None else ():
        if case.history.is_before(revision, later):
            return later if _may_be_same(case, op, made) else None
    return None


def _may_be_same(case: MigrationCase, op: DropColumn | DropTable, made: AddColumn | CreateTable) -> bool:
    """Return whether what is made later may be what was dropped: a table with half its columns, a column of a similar type."""
    tracked = case.tracked(op)
    if isinstance(made, AddColumn):
        former = tracked.definition if tracked is not None else None
        return _is_similar(former.type if isinstance(former, Column) else None, made.definition.type)
    known = case.known_schema(case.dialect(op)).table(tracked.origin) if isinstance(tracked, TrackedTable) else None
    if known is None or not known.complete or not made.complete:
        return True
    names = {fold(column.name) for column in made.columns if readable(column.name)}
    # half of the columns: a table that was redesigned under its name is rarely meant to hold the old rows
    return 2 * len(names & set(known.columns)) >= len(known.columns)


def _is_similar(former: object, new: object) -> bool:
    if not isinstance(former, SqlType) or not isinstance(new, SqlType) or not (former.name.isupper() and new.name.isupper()):
        return True
    return former.name == new.name or any({former.name, new.name} <= family for family in _FAMILIES)


@lru_cache(maxsize=1)
def _additions(history: History) -> dict[tuple[object, ...], list[tuple[str, AddColumn | CreateTable]]]:
    """Return the revisions that add a column or create a table, with how, by what they add, in their order."""
    found: dict[tuple[object, ...], list[tuple[str, AddColumn | CreateTable]]] = {}
    for revision in history.order:
        for op in history.migrations[revision].upgrade_ops:
            wanted = _identity(op) if isinstance(op, AddColumn | CreateTable) else None
            if wanted is not None and isinstance(op, AddColumn | CreateTable):
                found.setdefault(wanted, []).append((revision, op))
    return found


def _identity(op: AddColumn | CreateTable | DropColumn | DropTable) -> tuple[object, ...] | None:
    """Return the place of a column or table in the database, None if its names could not be read."""
    if not readable(op.table):
        return None
    if isinstance(op, CreateTable | DropTable):
        return place(op.schema, op.table)
    return (*place(op.schema, op.table), fold(op.column)) if readable(op.column) else None
