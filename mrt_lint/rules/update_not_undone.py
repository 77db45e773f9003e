"""MRT103."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from mrt_lint.analysis.answered_update import deletes_next, fills_new_columns, is_about_others, keeps_values
from mrt_lint.analysis.backfill import fills_only, overwrites_nothing
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.lost_values import lost_values
from mrt_lint.analysis.overwritten_values import listed, may_be_computed, updates_others, where_kept, written
from mrt_lint.analysis.refusing_step import is_for_good, refusing_step
from mrt_lint.analysis.wording import names, quoted
from mrt_lint.analysis.written_code import key_columns
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN

_COPY: Final = (
    "copy the former values, and the rows that upgrade() deletes next, to other tables first, from which downgrade() restores "
    "both: it inserts the rows, updates the values and drops the copies"
)
_KEEP_KEYS: Final = (
    "note the former and the new {key} of each row that changes in a table of its own first, by which downgrade() sets it back and "
    "which it then drops; or, where nothing refers to those rows, explain that in downgrade() and write '# noqa: MRT103' here"
)
_KEEP_VALUES: Final = (
    "copy the former values of {columns} first, to {place}, from which downgrade() takes them back and which it drops; where "
    "they have to go for good, explain that in downgrade() and write '# noqa: MRT103' here"
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
    refusing = DialectWording(
        message="upgrade overwrites values in {the_columns}, downgrade() raises and brings none back", instead=instead
    )
    merged = DialectWording(
        message=(
            "upgrade sets {the_columns} from {former} to {left}, and downgrade from that to {given} in all rows: which held "
            "another value is lost"
        ),
        instead=(
            "copy keys and former values of rows that change to a table of its own first, from which downgrade() takes them back "
            "and which it drops; where the difference may go, explain that in downgrade() and write '# noqa: MRT103' here"
        ),
    )
    unmet = DialectWording(
        message="upgrade sets {the_columns} to {left}, which no UPDATE of downgrade meets: the older release reads the new value",
        instead="ask in downgrade() for what upgrade() leaves in {column}",
    )
    other = DialectWording(
        message="upgrade sets {the_columns} from {former} to {left}, and downgrade from that to {given}: the former value is lost",
        instead="set what was there before: {former}",
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
        "But of constants it has to meet what `upgrade()` leaves, and to give back the one value that was there before.",
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
            title="Several values that become one, and a WHERE that meets nothing",
            source="""
            def upgrade():
                op.execute("UPDATE users SET state = 'on' WHERE state IN ('new', 'old')")  # MRT103
                op.execute("UPDATE teams SET version = 3 WHERE version = 2")  # MRT103

            def downgrade():
                op.execute("UPDATE users SET state = 'old' WHERE state = 'on'")
                op.execute("UPDATE teams SET version = 2 WHERE version = 4")
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
        refuses, answers = refusing_step(case) is not None, list[ops.Update]()
        for op in case.ops_for(self, ops.Update):
            if fills_new_columns(case, op) or keeps_values(op):
                continue
            words = names(op)
            words["of_table"] = f"of {words['table']}" if readable(op.table) else "beside them"
            columns = written(case, op)
            words["the_columns"] = listed(op, columns) if columns else words["the_table"]
            fills = fills_only(case, op) and (self.filling if overwrites_nothing(op) else self.newer)
            if refuses:
                if not fills and is_for_good(case, op):
                    yield self.found(case.migration, op, self.refusing, **words)
                continue
            others = partial(is_about_others, case, op)
            answered = case.has_counterpart(op, ops.Update, ops.Insert, ops.BulkInsert, ops.Delete, ops.Truncate, but=others)
            if answered is UndoStatus.NO:
                wording = fills or (self.in_part if columns and updates_others(case, op) else None)
                found = self.found(case.migration, op, wording, **words)
                overwrites = wording in (None, self.in_part)
                yield replace(found, instead=_advice(case, op, words, overwrites=overwrites) or found.instead)
            elif answered is UndoStatus.YES:
                answers.append(op)
        yield from self._in_values(case, answers)

    def _in_values(self, case: MigrationCase, updates: list[ops.Update]) -> Iterator[Finding]:
        """Yield a finding for the values of each statement that the UPDATEs of downgrade() do not give back."""
        unmet: dict[tuple[object, str], tuple[ops.Update, list[str]]] = {}
        for op in updates:
            for loss in lost_values(case, op):
                words = {"left": quoted(loss.left), "column": loss.column, "the_columns": listed(op, (loss.column,))}
                if loss.given is None:  # a loop writes several in one place
                    unmet.setdefault((op.origin, loss.column), (op, []))[1].append(words["left"])
                    continue
                words["given"] = quoted(loss.given.value)
                words["former"] = " and ".join(map(quoted, loss.former)) if loss.former is not None else "various values"
                is_one = loss.former is not None and len(loss.former) == 1
                yield self.found(case.migration, op, self.other if is_one else self.merged, **words)
        for (_, column), (op, left) in unmet.items():
            yield self.found(
                case.migration, op, self.unmet, left=" and ".join(left), column=column, the_columns=listed(op, (column,))
            )


def _advice(case: MigrationCase, op: ops.Update, words: dict[str, str], *, overwrites: bool) -> str:
    """Return what to do instead where the values come back in another way than most, "" where not."""
    columns = written(case, op)
    if deletes_next(case, op):
        return _COPY
    if key := _key_changed(case, op):
        return _KEEP_KEYS.format(key=key)
    if overwrites and not may_be_computed(op, columns):
        return _KEEP_VALUES.format(**where_kept(columns, words["of_table"]))
    return ""


def _key_changed(case: MigrationCase, op: ops.Update) -> str:
    """Return the column of the primary key that an UPDATE changes, one named `id` where the key is not known; "" for no such."""
    key = key_columns(case, op) or ("id",)
    written = (name for name in op.columns if readable(name)) if op.columns is not UNKNOWN else ()
    return next((name for name in written if fold(name) in map(fold, key)), "")
