"""MRT106."""

from collections.abc import Iterator
from typing import Final

from mrt_lint.analysis.absent_table import is_table_absent
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.inserted_kinds import left_rows
from mrt_lint.analysis.row_copy import copy_of
from mrt_lint.analysis.row_deletion import cascades, refusing_keys
from mrt_lint.analysis.sql_names import sql_name, sql_path
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.written_code import key_columns
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN, Column

_SHOWN: Final = 2


class InsertedRows(Rule):
    """`upgrade()` inserts rows that `downgrade()` does not remove.

    After the rollback the older release finds rows that it does not know, and the next upgrade inserts them a second time or fails
    on their keys.
    """

    code = "MRT106"
    name = "inserted-rows"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LEAVES_THINGS
    message = "upgrade inserts rows into {the_table}, downgrade removes none there: they outlive the rollback"
    instead = "delete them by their keys in downgrade(){statement}{order}"
    selected = DialectWording(
        message=message,
        instead=(
            "keep {what} of the rows that it inserts in a table of its own (on PostgreSQL by RETURNING), since {since}, and in "
            "downgrade() delete those{statement} and drop that table{order}"
        ),
    )
    emptied = DialectWording(
        message="upgrade empties {the_table} and inserts rows, downgrade changes none there: the new ones outlive the rollback",
        instead=(
            "keep the former rows before they are deleted (CREATE TABLE {copy} AS SELECT * FROM {sql_table}), and in downgrade() "
            "insert those again that are missing, delete what was not there, and drop the copy; where upgrade() inserts the former "
            "rows again and no others, explain that in downgrade() and write '# noqa: MRT106' here"
        ),
    )
    unmet = DialectWording(
        message=(
            "upgrade inserts a row into {the_table} with {what}, which no DELETE of downgrade meets: it outlives the rollback"
        ),
        instead="ask in downgrade() for what upgrade() inserts; check the values",
    )
    manual = ("Alembic, Operations.bulk_insert: https://alembic.sqlalchemy.org/en/latest/ops.html",)
    exemptions = (
        "The table was created in the same upgrade, or is dropped in either direction.",
        "`downgrade()` deletes, updates or inserts rows of the same table, or has parts that cannot be read.",
        "No revision makes the table, and the history makes all of its tables: MRT443 reports that.",
        "`downgrade()` is missing or does nothing: MRT101 and MRT102 report that.",
    )

    bad = (
        Example(
            title="In bulk, in SQL and with Core",
            source="""
            roles = sa.table("roles", sa.column("name", sa.Text))

            def upgrade():
                op.bulk_insert(roles, [{"name": "admin"}])  # MRT106
                op.execute("INSERT INTO groups (name) VALUES ('all')")  # MRT106
                op.execute(roles.insert().values(name="guest"))  # MRT106

            def downgrade():
                op.execute("DELETE FROM rights WHERE name = 'all'")
            """,
        ),
    )
    good = (
        Example(
            title="Deleted again",
            source="""
            roles = sa.table("roles", sa.column("name", sa.Text))

            def upgrade():
                op.bulk_insert(roles, [{"name": "admin"}])

            def downgrade():
                op.execute(roles.delete().where(roles.c.name == "admin"))
            """,
        ),
        Example(
            title="Into a table of this upgrade's own",
            source="""
            def upgrade():
                roles = op.create_table("roles", sa.Column("name", sa.Text))
                op.bulk_insert(roles, [{"name": "admin"}])
                op.execute("INSERT INTO roles (name) VALUES ('guest')")

            def downgrade():
                op.drop_table("roles")
            """,
        ),
        Example(
            title="downgrade() does nothing: MRT102 reports it",
            source="""
            def upgrade():
                op.execute("INSERT INTO groups (name) VALUES ('all')")

            def downgrade():
                pass
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every INSERT that downgrade() does not reverse."""
        if case.lacks_downgrade:
            return
        for op in case.ops_for(self, ops.Insert, ops.BulkInsert):
            if is_table_absent(case, op):
                continue
            answered = case.has_counterpart(op, ops.Delete, ops.Truncate, ops.Update, ops.Insert, ops.BulkInsert)
            if answered is UndoStatus.YES and (left := left_rows(case, op)):
                yield self.found(case.migration, op, self.unmet, **names(op), what=left)
            if answered is UndoStatus.NO:
                found = names(op, case.dialect(op))
                if _is_emptied(case, op):
                    found["copy"] = copy_of(case, op.table, op.schema, case.dialect(op))
                    yield self.found(case.migration, op, self.emptied, **found)
                    continue
                if since := _why_kept(case, op):
                    found |= {**_kept_keys(case, op), "since": since, "order": _order(case, op)}
                    yield self.found(case.migration, op, self.selected, **found)
                    continue
                where = " AND ".join(f"{sql_name(column, case.dialect(op))} IN (…)" for column in _key(case, op)) or "…"
                statement = f": op.execute(«DELETE FROM {found['sql_table']} WHERE {where}»)" if readable(op.table) else ""
                yield self.found(case.migration, op, **found, statement=statement, order=_order(case, op))


def _is_emptied(case: MigrationCase, op: ops.Insert | ops.BulkInsert) -> bool:
    """Return whether upgrade() has deleted all rows of the table before, which may be those that it inserts."""
    table = case.state_before(op).table
    deletes = (
        other
        for other in case.earlier(op)
        if isinstance(other, ops.Truncate) or (isinstance(other, ops.Delete) and other.where is False)
    )
    return any(case.state_before(other).table is table is not None for other in deletes)


def _why_kept(case: MigrationCase, op: ops.Insert | ops.BulkInsert) -> str:
    """Return why the keys of the inserted rows have to be kept, "" where what is inserted is enough to find them again."""
    if isinstance(op, ops.Insert) and _has_found_keys(case, op):
        return "they look like others later"
    spares = isinstance(op, ops.Insert) and op.spares
    updates = (other for other in case.analysis(op).upgrade if isinstance(other, ops.Update))
    table = case.state_before(op).table
    or_updates = not op.certain and any(case.state_before(other).table is table is not None for other in updates)
    return "others were there before, which it leaves or changes" if spares or or_updates else ""


def _has_found_keys(case: MigrationCase, op: ops.Insert) -> bool:
    """Return whether an INSERT … SELECT takes what its rows are found again by from other rows."""
    key = {fold(name) for name in _key(case, op)}
    if not op.query or op.flows is UNKNOWN:
        return op.query
    return any(not key or (readable(flow.column) and fold(flow.column) in key) for flow in op.flows)


def _kept_keys(case: MigrationCase, op: ops.Insert | ops.BulkInsert) -> dict[str, str]:
    """Return what to keep of inserted rows, and the statement that deletes them by it."""
    dialect, key = case.dialect(op), key_columns(case, op) or _key(case, op)
    if not readable(op.table) or not key:
        return {"what": "the keys", "statement": ""}
    columns = ", ".join(sql_name(name, dialect) for name in key)
    kept = sql_path(op.schema if readable(op.schema) else None, f"{op.table}_added", dialect)
    by = columns if len(key) == 1 else f"({columns})"
    table = names(op, dialect)["sql_table"]
    where = f"{by} IN (SELECT {columns} FROM {kept})"
    if _may_be_null(case, op, key):  # which is IN nothing
        pairs = ((f"{kept}.{sql_name(name, dialect)}", f"{table}.{sql_name(name, dialect)}") for name in key)
        same = {"sqlite": "{} IS {}", **dict.fromkeys(FAMILY, "{} <=> {}")}.get(dialect, "{} IS NOT DISTINCT FROM {}")
        where = f"EXISTS (SELECT 1 FROM {kept} WHERE {' AND '.join(same.format(*pair) for pair in pairs)})"
    return {"what": columns, "statement": f": op.execute(«DELETE FROM {table} WHERE {where}»)"}


def _may_be_null(case: MigrationCase, op: ops.Insert | ops.BulkInsert, key: tuple[str, ...]) -> bool:
    """Return whether a column of a key may hold NULL, as those of a unique constraint may."""
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    columns = (known.columns.get(fold(name)) if known is not None else None for name in key)
    return key != key_columns(case, op) and not all(isinstance(each, Column) and each.nullable is False for each in columns)


def _order(case: MigrationCase, op: ops.Insert | ops.BulkInsert) -> str:
    """Return which rows have to go before those that are inserted, since foreign keys of other tables point there in the end."""
    table, analysis = case.state_before(op).table, case.analysis(op)
    if not isinstance(table, TrackedTable) or (case.dialect(op) == "sqlite" and case.target.sqlite_foreign_keys is not True):
        return ""
    keys = refusing_keys(analysis.simulated.schema, table.current_key)
    children = list(dict.fromkeys(f"'{child.name}'" for child, key in keys if not cascades(key)))
    more = [f"{len(children) - _SHOWN} more"] if len(children) > _SHOWN else []
    what = " and ".join([*children[:_SHOWN], *more])
    return f", once those of {what} that refer to them are gone: a foreign key refuses it before" if children else ""


def _key(case: MigrationCase, op: ops.Insert | ops.BulkInsert) -> tuple[str, ...]:
    """Return the columns that upgrade() gives a value by which its rows are found again: a key of the table, as far as is known."""
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    if known is None or not isinstance(op.columns, tuple):
        return ()
    given = {fold(name) for name in op.columns if readable(name)}
    for key in sorted(known.known_constraints(), key=lambda constraint: constraint.kind):
        columns = tuple(filter(readable, key.columns)) if isinstance(key.columns, tuple) else ()
        if key.kind in {"primary", "unique"} and columns and given.issuperset(map(fold, columns)):
            return columns
    return ()
