"""MRT123."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.row_deletion import cascades, deletions, insertions, left_referrers
from mrt_lint.analysis.sql_names import sql_name
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import Constraint


class ReferencedRows(Rule):
    """`downgrade()` deletes rows to which other tables may refer by then.

    `upgrade()` inserts them, and from then on the application uses them: users choose the new kind, orders get the new state. The
    foreign key then refuses the deletion, and the whole rollback fails; with ON DELETE CASCADE the orders are deleted along.
    On the empty database of a test neither shows.
    """

    code = "MRT123"
    name = "referenced-rows"
    severity = Severity.WARNING
    consequence = Consequence.ROLLBACK_FAILS
    message = "downgrade deletes rows of {the_table} that upgrade inserts: it fails where rows of {children} refer to them by then"
    instead = (
        "{own}leave those that are in use: DELETE …{unless}, and let upgrade() insert only what is missing by then; or move the "
        "others to a former row first"
    )
    cascading = DialectWording(
        message=(
            "downgrade deletes rows of {the_table} that upgrade inserts: rows of {children} that refer to them by then "
            "are deleted along"
        ),
        instead=instead,
        consequence=Consequence.ROLLBACK_LOSES_DATA,
    )
    manual = ("PostgreSQL, “Foreign Keys”: https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK",)
    exemptions = (
        "No revision makes a foreign key to the table, or one with ON DELETE SET NULL; the child is dropped before.",
        "`downgrade()` deletes or updates rows of the child before, or asks NOT EXISTS or NOT IN.",
        "`upgrade()` inserts nothing there: MRT219 reports that.",
        "SQLite, unless it is known to enforce foreign keys; the table is made or dropped in this migration; a condition.",
        "`downgrade()` has parts that cannot be read.",
    )

    bad = (
        Example(
            title="Refused, or along",
            before=(
                """
            def upgrade():
                op.create_table("kinds", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
                op.create_table("states", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
                op.create_table(
                    "orders",
                    sa.Column("kind_id", sa.ForeignKey("kinds.id")),
                    sa.Column("state_id", sa.ForeignKey("states.id", ondelete="CASCADE")),
                )
            """,
            ),
            source="""
            def upgrade():
                op.execute("INSERT INTO kinds (name) VALUES ('new')")
                op.execute("INSERT INTO states (name) VALUES ('paid')")

            def downgrade():
                op.execute("DELETE FROM kinds WHERE name = 'new'")  # MRT123
                op.execute("DELETE FROM states WHERE name = 'paid'")  # MRT123
            """,
        ),
    )
    good = (
        Example(
            title="Only what is not in use, or after the rows that use it were moved",
            before=(
                """
            def upgrade():
                op.create_table("kinds", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
                op.create_table("states", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
                op.create_table("orders", sa.Column("kind_id", sa.ForeignKey("kinds.id")))
                op.create_table("bills", sa.Column("state_id", sa.ForeignKey("states.id")))
            """,
            ),
            source="""
            def upgrade():
                op.execute("INSERT INTO kinds (name) VALUES ('new')")
                op.execute("INSERT INTO states (id, name) VALUES (9, 'paid')")

            def downgrade():
                op.execute(
                    "DELETE FROM kinds WHERE name = 'new' "
                    "AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.kind_id = kinds.id)"
                )
                op.execute("UPDATE bills SET state_id = 1 WHERE state_id = 9")
                op.execute("DELETE FROM states WHERE id = 9")
            """,
        ),
        Example(
            title="Nothing refers to them",
            before=(
                """
            def upgrade():
                op.create_table("kinds", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
            """,
            ),
            source="""
            def upgrade():
                op.execute("INSERT INTO kinds (name) VALUES ('new')")

            def downgrade():
                op.execute("DELETE FROM kinds WHERE name = 'new'")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first deletion from every table whose rows others may refer to."""
        seen = set()
        for op, table in deletions(case):
            if not isinstance(op, ops.Delete) or op.where is not True or op.spares_used or op.caught or table in seen:
                continue
            dialect = case.dialect(op)
            if case.analysis(op).downgrade_doubts.rows:
                continue
            if not insertions(case, op, table) or (dialect == "sqlite" and case.target.sqlite_foreign_keys is not True):
                continue
            referrers = left_referrers(case, op)
            refusing = [entry for entry in referrers if not cascades(entry[1])]
            if not referrers:
                continue
            seen.add(table)
            tables = list(dict.fromkeys(f"'{child}'" for child, _ in refusing or referrers))
            found = names(op, dialect) | {
                "children": tables[0] if len(tables) == 1 else f"{tables[0]} and {len(tables) - 1} more",
                "own": _own_children(case, op, referrers),
                "unless": "".join(_unless(case, op, child, key) for child, key in referrers),
            }
            yield self.found(case.migration, op, None if refusing else self.cascading, **found)


def _own_children(case: MigrationCase, op: ops.Delete, referrers: list[tuple[str, Constraint]]) -> str:
    """Return what to delete first, "" for nothing: rows of children that upgrade() inserts itself refer to those of their own."""
    inserts = (other for other in case.analysis(op).upgrade if isinstance(other, ops.Insert | ops.BulkInsert))
    filled = {fold(str(other.table)) for other in inserts if readable(other.table)}
    own = list(dict.fromkeys(f"'{child}'" for child, _ in referrers if fold(child) in filled))
    return f"delete first the rows that upgrade() itself inserts into {' and '.join(own)}, by what these hold; then " if own else ""


def _unless(case: MigrationCase, op: ops.Delete, child: str, key: Constraint) -> str:
    """Return the condition that no row of a table refers to the one that is deleted."""
    dialect, table = case.dialect(op), case.state_before(op).table
    known = case.known_schema(dialect).table(table.origin) if isinstance(table, TrackedTable) else None
    primary = known.primary_key if known is not None and isinstance(known.primary_key, tuple) else ()
    referred = key.referred_columns if isinstance(key.referred_columns, tuple) and key.referred_columns else primary
    columns = key.columns if isinstance(key.columns, tuple) else ()
    name, parent = sql_name(child, dialect), names(op, dialect)["sql_table"]
    pairs = [
        f"{name}.{sql_name(str(column), dialect)} = {parent}.{sql_name(str(other), dialect)}"
        for column, other in zip(columns, referred, strict=False)
    ]
    return f" AND NOT EXISTS (SELECT 1 FROM {name} WHERE {' AND '.join(pairs) or '…'})"
