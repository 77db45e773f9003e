"""MRT218."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TypeAlias, TypeGuard

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.wording import names
from mrt_lint.history import History
from mrt_lint.history.schema import QualifiedName, fold, place
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.ops import AddColumn, AlterColumn, CreateTable, DropColumn, DropTable, RenameTable
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN, Column, SqlType

# a column that comes back with a type beside the former one may be meant to hold the old values
_FAMILIES = (
    {"TINYINT", "SMALLINT", "MEDIUMINT", "INTEGER", "BIGINT", "NUMERIC", "DECIMAL", "FLOAT", "REAL", "DOUBLE", "DOUBLE_PRECISION"},
    {"VARCHAR", "CHAR", "NVARCHAR", "TEXT", "MEDIUMTEXT", "LONGTEXT", "CITEXT", "ENUM", "CLOB"},
    {"DATE", "DATETIME", "TIMESTAMP"},
    {"JSON", "JSONB"},
    {"BLOB", "BYTEA", "BINARY", "VARBINARY", "LARGEBINARY"},
)
"""Types between which the values of a column are commonly moved."""

_Change: TypeAlias = AddColumn | AlterColumn | CreateTable | DropTable | RenameTable


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
    redefined = DialectWording(
        message=(
            "upgrade drops {what}, and revision {later} makes it again with another definition: an upgrade through both loses its "
            "{values}"
        ),
        instead=(
            "if neither has run in production, change it in place: write the ALTERs that make of it what revision {later} makes, "
            "and remove both steps; otherwise keep the values in between in a table of their own, from which that revision takes "
            "those that fit"
        ),
    )
    manual = ("Alembic, “Working with Branches”: https://alembic.sqlalchemy.org/en/latest/branches.html",)
    exemptions = (
        "The values are moved elsewhere in the same upgrade.",
        "The later revision is on another branch.",
        "The name is another one's in between, by a rename.",
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
            later, change = _made_again(case, op) or (None, None)
            if later is not None and change is not None:
                found = names(op)
                is_table = isinstance(op, ops.DropTable)
                what, values = (found["the_table"], "rows") if is_table else (found["the_column"], "values")
                wording = self.redefined if _differs(case, op, change) else None
                yield self.found(case.migration, op, wording, what=what, values=values, later=later)


def _made_again(case: MigrationCase, op: DropColumn | DropTable) -> tuple[str, AddColumn | CreateTable] | None:
    """Return the first later revision of this branch that adds a dropped column or table again, and how it does that.

    It is another one if something else was given the name in between.
    """
    revision, history = case.migration.revision, case.history
    if history is None or not isinstance(revision, str) or not readable(op.table):
        return None
    table, column = place(op.schema, op.table), fold(str(op.column)) if isinstance(op, DropColumn) else None
    if (table if column is None else column) not in _changes(history).made:
        return None
    if any(_is_change(other) and _makes(other, table, column) for other in case.later(op)):
        return None
    for later, change in _changes(history).since(revision):
        if not history.is_before(revision, later):
            continue
        if _makes(change, table, column):
            return (later, change) if _may_be_same(case, op, change) else None
        moved = _after(change, table, column)
        if moved is None:
            return None
        table = moved
    return None


def _makes(change: _Change, table: QualifiedName, column: str | None) -> TypeGuard[AddColumn | CreateTable]:
    """Return whether a change makes the column of a table, or the table if there is no column."""
    is_made = isinstance(change, CreateTable) if column is None else isinstance(change, AddColumn) and _is(change.column, column)
    return is_made and place(change.schema, str(change.table)) == table


def _after(change: _Change, table: QualifiedName, column: str | None) -> QualifiedName | None:
    """Return where the table of a column is after a change; None once its name, or that of a dropped table, is another's."""
    at = place(change.schema, str(change.table))
    if isinstance(change, RenameTable):
        becomes = place(change.schema, str(change.new_table))
        return becomes if at == table and column is not None else None if becomes == table else table
    if at != table or column is None:
        return table
    # one that is renamed from the name had it in between
    is_taken = isinstance(change, AlterColumn) and (_is(change.new_column, column) or _is(change.column, column))
    return None if is_taken or isinstance(change, CreateTable | DropTable) else table


def _is(name: object, column: str) -> bool:
    return isinstance(name, str) and readable(name) and fold(name) == column


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


def _differs(case: MigrationCase, op: DropColumn | DropTable, made: AddColumn | CreateTable) -> bool:
    """Return whether what is made later certainly has another definition: other columns or another key, another type."""
    tracked = case.tracked(op)
    if isinstance(made, AddColumn):
        former = tracked.definition if tracked is not None else None
        return isinstance(former, Column) and _has_another_type(former, made.definition)
    known = case.known_schema(case.dialect(op)).table(tracked.origin) if isinstance(tracked, TrackedTable) else None
    if known is None or not known.complete or not made.complete:
        return False
    columns = {fold(column.name): column for column in made.columns if readable(column.name)}
    key = None if known.primary_key is UNKNOWN else {fold(str(name)) for name in known.primary_key or ()}
    others = (
        name for name, former in known.columns.items() if isinstance(former, Column) and _has_another_type(former, columns[name])
    )
    return set(columns) != set(known.columns) or (key is not None and key != _key_of(made)) or any(others)


def _key_of(made: CreateTable) -> set[str]:
    keys = [key.columns for key in made.constraints if key.kind == "primary" and isinstance(key.columns, tuple)]
    own = [column.name for column in made.columns if column.primary_key is True]
    return {fold(str(name)) for name in (*own, *(name for columns in keys for name in columns))}


def _has_another_type(former: Column, new: Column) -> bool:
    known = isinstance(former.type, SqlType) and isinstance(new.type, SqlType)
    return known and former.type != new.type


def _is_similar(former: object, new: object) -> bool:
    if not isinstance(former, SqlType) or not isinstance(new, SqlType) or not (former.name.isupper() and new.name.isupper()):
        return True
    return former.name == new.name or any({former.name, new.name} <= family for family in _FAMILIES)


class _Changes:
    """What makes, drops and renames tables and adds and renames columns in a history, each with its revision, in their order.

    `made` are the places of tables and names of columns that any of it makes.
    """

    def __init__(self, history: History) -> None:
        self.made: set[object] = set()
        self._changes: list[tuple[str, _Change]] = []
        self._begins: dict[str, int] = {}
        for revision in history.order:
            self._changes += ((revision, op) for op in history.migrations[revision].upgrade_ops if _is_change(op))
            self._begins[revision] = len(self._changes)
        for _, op in self._changes:
            if isinstance(op, CreateTable):
                self.made.add(place(op.schema, str(op.table)))
            elif isinstance(op, AddColumn) and readable(op.column):
                self.made.add(fold(op.column))

    def since(self, revision: str) -> Iterator[tuple[str, _Change]]:
        """Yield the changes of the revisions after one."""
        yield from islice(self._changes, self._begins.get(revision, len(self._changes)), None)


@lru_cache(maxsize=1)
def _changes(history: History) -> _Changes:
    return _Changes(history)


def _is_change(op: ops.Op) -> TypeGuard[_Change]:
    if isinstance(op, AlterColumn):
        return readable(op.table) and readable(op.new_column)
    if isinstance(op, RenameTable):
        return readable(op.table) and readable(op.new_table)
    return isinstance(op, AddColumn | CreateTable | DropTable) and readable(op.table)
