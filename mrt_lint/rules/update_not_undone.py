"""MRT103."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from mrt_lint.analysis.backfill import fills_only, overwrites_nothing
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.overwritten_values import is_constant, listed, updates_others, written
from mrt_lint.analysis.wording import names
from mrt_lint.analysis.written_code import key_columns
from mrt_lint.history.schema import QualifiedName, ReplayedTable, fold, place
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN, Constraint

_COPY: Final = (
    "copy the former values, and the rows that upgrade() deletes next, to other tables first, from which downgrade() restores "
    "both: it inserts the rows, updates the values and drops the copies"
)
_KEEP_KEYS: Final = (
    "note the former and the new {key} of each row that changes in a table of its own first, by which downgrade() sets it back and "
    "which it then drops; or, where nothing refers to those rows, explain that in downgrade() and write '# noqa: MRT103' here"
)
_KEEP_VALUES: Final = (
    "copy the former values of {columns} first, to a new column {of_table} or a table of its own, from which downgrade() takes "
    "them back and which it drops; where they have to go for good, explain that in downgrade() and write '# noqa: MRT103' here"
)


class UpdateNotUndone(Rule):
    """`upgrade()` changes values with UPDATE, and `downgrade()` changes nothing in that table.

    The rollback restores the tables and leaves the new values in them. The older release reads data in a form it does not know,
    and the former values are overwritten.
    """

    code = "MRT103"
    name = "update-not-undone"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_LOSES_DATA
    message = "upgrade overwrites values in {the_table}, downgrade changes nothing there: the older release reads the new values"
    instead = (
        "write the values to a new column {of_table}, which downgrade() drops, or compute the former ones again there with an "
        "UPDATE"
    )
    in_part = DialectWording(
        message=(
            "upgrade overwrites values in {the_columns}, and what downgrade changes in the table are other ones: the older release "
            "reads the new values"
        ),
        instead=instead,
    )
    filling = DialectWording(
        message="upgrade fills what was NULL in {the_table}, downgrade empties nothing there: the older release reads new values",
        instead=(
            "where the older release can do with them, explain that in downgrade() and write '# noqa: MRT103' here; where not, "
            "mark the rows in a new column {of_table}, by which downgrade() empties them again and which it drops"
        ),
    )
    newer = DialectWording(
        message=(
            "upgrade writes values to {the_columns}, added empty by an earlier revision, downgrade changes nothing there: what the "
            "older release has written there since is lost"
        ),
        instead=(
            "where it has written nothing yet, explain that in downgrade() and write '# noqa: MRT103' here; where it has, copy the "
            "former values to a table of its own first, from which downgrade() takes them back and which it drops"
        ),
    )
    manual = (
        (
            "Alembic cookbook, “Data Migrations”: "
            "https://alembic.sqlalchemy.org/en/latest/cookbook.html#data-migrations-general-techniques"
        ),
    )
    exemptions = (
        "It fills only columns that were added in the same upgrade.",
        "The table was created in the same upgrade, or is dropped in either direction.",
        "`downgrade()` updates the same columns, deletes or inserts rows of the same table, or has parts that cannot be read.",
        "But a DELETE counts as the reverse of what `upgrade()` inserts there.",
    )

    bad = (
        Example(
            title="In SQL",
            source="""
            def upgrade():
                op.execute("UPDATE users SET email = lower(email)")  # MRT103
                op.execute("WITH old AS (SELECT id FROM teams) UPDATE crm.teams SET name = 'x' FROM old")  # MRT103

            def downgrade():
                op.execute("UPDATE roles SET name = upper(name)")
            """,
        ),
        Example(
            title="With Core",
            source="""
            users = sa.table("users", sa.column("email", sa.Text))

            def upgrade():
                op.execute(users.update().values(email="?"))  # MRT103
                op.get_bind().execute(sa.update(users).where(users.c.email == "").values(email=None))  # MRT103

            def downgrade():
                pass
            """,
        ),
        Example(
            title="A new column and an old one",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = email, email = NULL")  # MRT103

            def downgrade():
                op.drop_column("users", "mail")
            """,
        ),
        Example(
            title="Other columns are changed back, or only the inserted rows removed",
            source="""
            def upgrade():
                op.execute("UPDATE users SET email = lower(email)")  # MRT103
                op.execute("UPDATE states SET name = upper(name)")  # MRT103
                op.execute("INSERT INTO states (name) VALUES ('GONE')")

            def downgrade():
                op.execute("UPDATE users SET phone = NULL")
                op.execute("DELETE FROM states WHERE name = 'GONE'")
            """,
        ),
    )
    good = (
        Example(
            title="It fills a column of this upgrade's own",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = lower(email) WHERE email IS NOT NULL")

            def downgrade():
                op.drop_column("users", "mail")
            """,
        ),
        Example(
            title="Taken back, in SQL or with Core",
            source="""
            users = sa.table("users", sa.column("state", sa.Text))

            def upgrade():
                op.execute("UPDATE users SET state = 'on' WHERE state = 'active'")

            def downgrade():
                op.execute(users.update().where(users.c.state == "on").values(state="active"))
            """,
        ),
        Example(
            title="Under the name that the column has then",
            source="""
            def upgrade():
                op.alter_column("users", "active", new_column_name="stale")
                op.execute("UPDATE users SET stale = NOT stale")

            def downgrade():
                op.alter_column("users", "stale", new_column_name="active")
                op.execute("UPDATE users SET active = NOT active")
            """,
        ),
        Example(
            title="Computed into a new column in downgrade()",
            source="""
            def upgrade():
                op.execute("UPDATE users SET score = NULL WHERE score < 0")

            def downgrade():
                op.add_column("users", sa.Column("score_float", sa.Float))
                op.execute("UPDATE users SET score_float = score")
                op.drop_column("users", "score")
                op.alter_column("users", "score_float", new_column_name="score")
            """,
        ),
        Example(
            title="Deleted and written again",
            source="""
            def upgrade():
                op.execute("UPDATE states SET name = upper(name)")

            def downgrade():
                op.execute("DELETE FROM states")
                op.execute("INSERT INTO states (name) VALUES ('new'), ('paid')")
            """,
        ),
        Example(
            title="Written through a relationship of the ORM",
            source="""
            from shop.models import Session, User

            def upgrade():
                for user in Session(op.get_bind()).query(User):
                    user.team = user.boss.team

            def downgrade():
                op.execute("UPDATE users SET team_id = NULL")
            """,
        ),
        Example(
            title="A table of this upgrade's own",
            source="""
            def upgrade():
                op.create_table("totals", sa.Column("day", sa.Date), sa.Column("amount", sa.Integer))
                op.execute("UPDATE totals SET amount = 0")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every UPDATE of former values that downgrade() does not reverse."""
        for op in case.ops_for(self, ops.Update):
            others = partial(_is_about_others, case, op)
            answered = case.has_counterpart(op, ops.Update, ops.Insert, ops.BulkInsert, ops.Delete, ops.Truncate, but=others)
            if answered is UndoStatus.NO and not self._fills_new_columns(case, op) and not _keeps_values(op):
                words = names(op)
                words["of_table"] = f"of {words['table']}" if readable(op.table) else "beside them"
                words["the_columns"] = listed(op, columns := written(case, op))
                fills = fills_only(case, op) and (self.filling if overwrites_nothing(op) else self.newer)
                wording = fills or (self.in_part if columns and updates_others(case, op) else None)
                found = self.found(case.migration, op, wording, **words)
                other = _KEEP_KEYS.format(key=key) if (key := _key_changed(case, op)) else found.instead
                if not key and wording in (None, self.in_part) and columns and is_constant(op, columns):
                    other = _KEEP_VALUES.format(columns=" and ".join(columns), **words)
                yield replace(found, instead=_COPY if _deletes_next(case, op) else other)

    @staticmethod
    def _fills_new_columns(case: MigrationCase, op: ops.Update) -> bool:
        added = case.state_before(op).new_columns
        if op.columns is UNKNOWN:
            return bool(added)
        if not op.sql:  # assigning to a relationship of the ORM writes its foreign key
            added |= {name.removesuffix("_id") for name in added} - _former_columns(case, op)
            # an attribute may have another name than its column: `metadata` is SQLAlchemy's own
            added |= {f"{name}_" for name in added}
        return all(readable(column) and fold(column) in added for column in op.columns)


def _former_columns(case: MigrationCase, op: ops.Update) -> set[str]:
    """Return the columns that the table is known to have had before upgrade()."""
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    return set(known.columns) if known is not None else set()


def _keeps_values(op: ops.Update) -> bool:
    """Return whether every column is set to what it holds, as one does to fire a trigger."""
    flows = op.flows if op.flows is not UNKNOWN and not op.source_tables else ()
    kept = {fold(flow.column) for flow in flows if flow.plain and readable(flow.column) and flow.source == flow.column}
    return isinstance(op.columns, tuple) and all(readable(column) and fold(column) in kept for column in op.columns)


def _key_changed(case: MigrationCase, op: ops.Update) -> str:
    """Return the column of the primary key that an UPDATE changes, one named `id` where the key is not known; "" for no such."""
    key = key_columns(case, op) or ("id",)
    written = (name for name in op.columns if readable(name)) if op.columns is not UNKNOWN else ()
    return next((name for name in written if fold(name) in map(fold, key)), "")


def _deletes_next(case: MigrationCase, op: ops.Update) -> bool:
    """Return whether upgrade() deletes rows later without which the former values may be of no use.

    These are rows of the same table, or of one to which a column that is written points by a foreign key.
    """
    places, table = case.analysis(op).places, case.state_before(op).table
    at, schema = places.get(id(op), 0), case.state_before(op).schema
    for other in case.migration.upgrade_ops:
        if not isinstance(other, ops.Delete) or places.get(id(other), -1) <= at:
            continue
        if table is None or case.state_before(other).table in {table, None}:
            return True
        referring = schema.references_to(place(other.schema, other.table)) if readable(other.table) else ()
        if any(isinstance(table, TrackedTable) and _writes(op, child, key, table.current_key) for child, key in referring):
            return True
    return False


def _writes(op: ops.Update, child: ReplayedTable, key: Constraint, target: QualifiedName) -> bool:
    """Return whether an UPDATE of the target writes a column of a table's foreign key."""
    columns = {fold(name) for name in key.columns if isinstance(name, str)} if key.columns is not UNKNOWN else set()
    written = {fold(name) for name in op.columns if readable(name)} if op.columns is not UNKNOWN else columns
    return place(child.schema, child.name) == target and not columns.isdisjoint(written)


def _is_about_others(case: MigrationCase, op: ops.Update, answer: ops.Op) -> bool:
    """Return whether what downgrade() does in the table is about other columns, or about rows that upgrade() inserts."""
    analysis, table = case.analysis(op), case.state_before(op).table
    if isinstance(answer, ops.Update):
        if op.columns is UNKNOWN or answer.columns is UNKNOWN or _changes_columns(case, op):
            return False
        mine = {fold(str(name)) for name in op.columns}
        # assigning to a relationship of the ORM writes its foreign key
        mine |= {f"{name}_id" for name in mine}
        return mine.isdisjoint(fold(str(name)) for name in answer.columns)
    inserts = (other for other in case.migration.upgrade_ops if isinstance(other, ops.Insert | ops.BulkInsert))
    return (
        isinstance(answer, ops.Delete)
        and table is not None
        and any(analysis.state_before(other).table is table for other in inserts)
    )


def _changes_columns(case: MigrationCase, op: ops.Update) -> bool:
    """Return whether a column of the table is renamed or moved, so that names do not identify it."""
    analysis, table = case.analysis(op), case.state_before(op).table
    return table is None or any(
        isinstance(other, ops.AddColumn | ops.DropColumn | ops.AlterColumn) and analysis.state_before(other).table is table
        for other in (*case.migration.upgrade_ops, *case.migration.downgrade_ops)
    )
