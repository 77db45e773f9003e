"""MRT445."""

from collections.abc import Iterator

from mrt_lint.analysis.absent_parent import absent_parents
from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.mysql_alteration import leaves_keys_unchecked
from mrt_lint.analysis.unfilled import is_unfilled
from mrt_lint.analysis.wording import join, names
from mrt_lint.history.schema import fold, place, refers
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN, Constraint


class UnmatchedForeignKey(Rule):
    """`upgrade()` makes a foreign key to a table that cannot hold what the column holds.

    The table is new and still empty, or the column's values are keys of another table, to which a foreign key pointed until now. On
    a database without rows the upgrade runs; in production it fails at the first row that has a value.
    """

    code = "MRT445"
    name = "unmatched-foreign-key"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_FAILS
    message = "upgrade makes a foreign key from {columns} of {the_table} to '{parent}': it fails where a row has a value, for {why}"
    instead = (
        "before it, fill '{parent}' with what the rows refer to, or give them new values with an UPDATE, NULL where the former are "
        "worthless"
    )
    constant = DialectWording(
        message=(
            "upgrade writes {value} into column '{last}.{column}', which refers to '{parent}', and no revision makes a row there "
            "with {key} = {value}: it fails on every database without one"
        ),
        instead="insert the row into '{parent}' before it, or take one that is there: (SELECT … FROM {parent} WHERE …)",
    )
    dialects = ("postgresql", "mysql", "mariadb")
    manual = ("PostgreSQL, “Foreign Keys”: https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK",)
    exemptions = (
        "The column or its table is new in this upgrade, or every row was deleted before.",
        "`upgrade()` writes the column, inserts rows into the table that it refers to, or has parts that cannot be read.",
        "The former table has the other name now, or its own key refers to it.",
        "The key is made NOT VALID, under a condition, or on MySQL while foreign_key_checks is 0.",
        "A constant is NULL, an INSERT of the history may make its row, or WHERE chooses the rows that get it.",
        "SQLite, which looks at no rows.",
    )

    bad = (
        Example(
            title="To a new table, and from one table to another",
            before=(
                """
            def upgrade():
                op.create_table("queues", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("lines", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table(
                    "pools",
                    sa.Column("boss", sa.Text),
                    sa.Column("queue_id", sa.Integer, sa.ForeignKey("queues.id", name="fk_queue")),
                )
            """,
            ),
            source="""
            def upgrade():
                op.create_table("people", sa.Column("name", sa.Text, primary_key=True))
                op.create_foreign_key("fk_boss", "pools", "people", ["boss"], ["name"])  # MRT445
                op.drop_constraint("fk_queue", "pools", type_="foreignkey")
                op.create_foreign_key("fk_line", "pools", "lines", ["queue_id"], ["id"])  # MRT445
            """,
        ),
    )
    good = (
        Example(
            title="Filled first, or written again",
            before=(
                """
            def upgrade():
                op.create_table("queues", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("lines", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table(
                    "pools",
                    sa.Column("boss", sa.Text),
                    sa.Column("queue_id", sa.Integer, sa.ForeignKey("queues.id", name="fk_queue")),
                )
            """,
            ),
            source="""
            def upgrade():
                op.create_table("people", sa.Column("name", sa.Text, primary_key=True))
                op.execute("INSERT INTO people (name) SELECT DISTINCT boss FROM pools")
                op.create_foreign_key("fk_boss", "pools", "people", ["boss"], ["name"])
                op.drop_constraint("fk_queue", "pools", type_="foreignkey")
                op.execute("UPDATE pools SET queue_id = (SELECT min(id) FROM lines)")
                op.create_foreign_key("fk_line", "pools", "lines", ["queue_id"], ["id"])

            def downgrade():
                op.drop_constraint("fk_line", "pools", type_="foreignkey")
                op.execute("UPDATE pools SET queue_id = (SELECT min(id) FROM queues)")
                op.create_foreign_key("fk_queue", "pools", "queues", ["queue_id"], ["id"], postgresql_not_valid=True)
                op.drop_constraint("fk_boss", "pools", type_="foreignkey")
                op.drop_table("people")
            """,
        ),
        Example(
            title="The same table under another name; not looked at yet",
            target=DatabaseTarget(dialect="postgresql"),
            before=(
                """
            def upgrade():
                op.create_table("queues", sa.Column("id", sa.Integer, primary_key=True))
                op.create_table("pools", sa.Column("queue_id", sa.Integer, sa.ForeignKey("queues.id", name="fk_queue")))
            """,
            ),
            source="""
            def upgrade():
                op.rename_table("queues", "lines")
                op.drop_constraint("fk_queue", "pools", type_="foreignkey")
                op.create_foreign_key("fk_line", "pools", "lines", ["queue_id"], ["id"])
                op.create_table("people", sa.Column("id", sa.Integer, primary_key=True))
                op.create_foreign_key("fk_boss", "pools", "people", ["queue_id"], ["id"], postgresql_not_valid=True)
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every new foreign key of former values that its table does not hold."""
        for op in case.migration.upgrade_ops:
            key = getattr(op, "definition", None)
            if isinstance(op, ops.CreateForeignKey) and isinstance(key, Constraint) and case.runs(op, self.dialects):
                why = _mismatch(case, op, key) if op.certain and not op.caught else ""
                if why:
                    found = names(op, case.dialect(op)) | {"columns": f"({join(key.columns)})", "parent": key.referred_table}
                    yield self.found(case.migration, op, **found, why=why)
        for change in case.ops_for(self, ops.AddColumn, ops.Update):
            for absent in absent_parents(case, change):
                words = {"column": absent.column, "value": absent.value, "parent": absent.parent, "key": absent.key}
                yield self.found(case.migration, change, self.constant, **names(change) | words)


def _mismatch(case: MigrationCase, op: ops.CreateForeignKey, key: Constraint) -> str:
    """Return why rows of a table may refer to nothing, as one clause, empty where they may do so."""
    analysis, state = case.analysis(op), case.state_before(op)
    table = state.table
    if not isinstance(table, TrackedTable) or state.new_table or state.empty or key.not_valid is not False:
        return ""
    columns = {fold(name) for name in key.columns if readable(name)} if key.columns is not UNKNOWN else set()
    if not columns or not readable(key.referred_table) or analysis.upgrade_doubts.rows or leaves_keys_unchecked(case, op):
        return ""
    done = list(case.earlier(op))
    if _is_written(case, table, columns, done):
        return ""
    parent = state.parent or analysis.simulated.table(key.referred_table, key.referred_schema or op.schema)
    if is_unfilled(case, parent, op):
        return "that table is new and empty"
    former = next(filter(None, (_former_parent(case, other, table, columns) for other in done)), None)
    if former is None or not isinstance(former.referred_table, str) or not isinstance(parent, TrackedTable):
        return ""
    origin = place(former.referred_schema or op.schema, former.referred_table)
    if refers(key, origin) or parent.origin == origin or parent.rows - {parent} or _is_part(case, op, origin, parent):
        return ""
    filled = any(isinstance(other, ops.Insert) and case.state_before(other).table is parent for other in done)
    return "" if filled else f"its values are those of '{former.referred_table}', to which a foreign key pointed until now"


def _is_written(case: MigrationCase, table: TrackedTable, columns: set[str], done: list[ops.Op]) -> bool:
    """Return whether upgrade() has made or written a column of the key, or taken rows away."""
    for op in done:
        if case.state_before(op).table is not table:
            continue
        if isinstance(op, ops.Delete | ops.Truncate):
            return True
        if isinstance(op, ops.AddColumn | ops.AlterColumn):
            touched = {op.column, getattr(op, "new_column", None)}
            if any(readable(name) and fold(name) in columns for name in touched) and not _only_nullability(op):
                return True
        written = getattr(op, "columns", ()) if isinstance(op, ops.Update) else ()
        if written is UNKNOWN or any(not readable(name) or fold(name) in columns for name in written):
            return True
    return False


def _only_nullability(op: ops.AddColumn | ops.AlterColumn) -> bool:
    return isinstance(op, ops.AlterColumn) and op.using is None and not readable(op.new_column)


def _former_parent(case: MigrationCase, op: ops.Op, table: TrackedTable, columns: set[str]) -> Constraint | None:
    """Return the foreign key of the same columns that an operation drops."""
    if not isinstance(op, ops.DropConstraint) or not op.certain or case.state_before(op).table is not table:
        return None
    tracked = case.tracked(op)
    key = tracked.definition if tracked is not None else None
    if not isinstance(key, Constraint) or key.kind != "foreignkey" or key.columns is UNKNOWN:
        return None
    return key if {fold(str(name)) for name in key.columns} == columns else None


def _is_part(case: MigrationCase, op: ops.Op, origin: tuple[str | None, str], parent: TrackedTable) -> bool:
    """Return whether the former table's own key refers to the new one, or that one's to it: they share their values."""
    known = case.known_schema(case.dialect(op))
    for one, other in ((origin, parent.origin), (parent.origin, origin)):
        table = known.table(one)
        if table is not None and any(refers(key, other) for key in table.known_constraints("foreignkey")):
            return True
    return False
