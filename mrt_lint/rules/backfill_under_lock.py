"""MRT438."""

from collections import defaultdict
from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.every_row import takes_every_row
from mrt_lint.analysis.transaction import surroundings
from mrt_lint.analysis.wording import bare, names
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.rule import DialectWording, Example, Rule
from mrt_lint.model.values import UNKNOWN, Column, ColumnTest


class BackfillUnderLock(Rule):
    """A new column is filled in all rows by the transaction that adds it.

    ADD COLUMN takes an ACCESS EXCLUSIVE lock, and PostgreSQL holds it until the transaction ends: reads and writes of the table
    wait while the UPDATE rewrites every row of it.
    """

    code = "MRT438"
    name = "backfill-under-lock"
    severity = Severity.WARNING
    consequence = Consequence.DEPLOY_BLOCKS
    message = (
        "PostgreSQL blocks reads and writes of {the_table}, by the lock that added {added}, while this UPDATE rewrites all rows"
    )
    instead = "{what} in a later revision, in batches that commit{behind}{constant}"
    by_row = DialectWording(
        message="PostgreSQL blocks reads and writes of {the_table}, by the lock that added {added}, while a loop updates its rows",
        instead=instead,
    )
    dialects = ("postgresql",)
    manual = (
        "PostgreSQL, “Explicit Locking”: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES",
        "strong_migrations, “Backfilling data”: https://github.com/ankane/strong_migrations#backfilling-data",
    )
    exemptions = (
        "The table was created or emptied earlier in the same upgrade.",
        "The UPDATE has a WHERE, other than that the new column IS NULL, and is in no loop over rows.",
        "It runs in another transaction: after an autocommit block or a COMMIT.",
        "Another database is declared, or a guard keeps PostgreSQL out; MySQL and MariaDB commit each change of a table at once.",
    )

    bad = (
        Example(
            title="All rows",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = lower(email)")  # MRT438
                op.add_column("teams", sa.Column("size", sa.Integer))
                op.execute("UPDATE teams SET size = 0 WHERE size IS NULL")  # MRT438
                op.add_column("notes", sa.Column("text", sa.Text))
                op.execute(sa.table("notes", sa.column("text")).update().values(text=""))  # MRT438
            """,
        ),
    )
    good = (
        Example(
            title="Some rows, another table, another transaction",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = lower(email) WHERE id = 1")
                op.execute("UPDATE teams SET size = 0")
                with op.get_context().autocommit_block():
                    op.execute("UPDATE users SET mail = lower(email)")
                op.create_table("roles", sa.Column("name", sa.Text))
                op.add_column("roles", sa.Column("level", sa.Integer))
                op.execute("UPDATE roles SET level = 1")
            """,
        ),
        Example(
            title="Rows that hold a value where others hold none",
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = lower(email) WHERE email IS NOT NULL")
            """,
        ),
        Example(
            title="A database that commits each change of a table",
            target=DatabaseTarget(dialect="mysql"),
            source="""
            def upgrade():
                op.add_column("users", sa.Column("mail", sa.Text))
                op.execute("UPDATE users SET mail = lower(email)")
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for the first UPDATE of each table whose new column it fills."""
        wanted = set(map(id, case.ops_for(self, ops.AddColumn, ops.Update)))
        added: dict[tuple[object, int], dict[str, ops.AddColumn]] = defaultdict(dict)
        for op, _, number in surroundings(case.migration.upgrade_ops):
            if id(op) not in wanted or op.autocommit or not isinstance(op, ops.AddColumn | ops.Update) or not readable(op.table):
                continue
            if op.elsewhere:  # it waits for the lock, which MRT450 reports
                continue
            place = (fold(op.table), number)
            if isinstance(op, ops.AddColumn):
                if not case.state_before(op).empty:
                    added[place].setdefault(fold(str(op.column)), op)
                continue
            filled = _filled(op, added[place])
            shown = filled or next(iter(added[place].values()), None)
            if shown is not None and (takes_every_row(case.analysis(op), op) or _is_whole(case, op, shown)):
                yield self.found(
                    case.migration, op, **_words(case, op, shown), what="fill the column" if filled else "update the rows"
                )
            elif filled is not None and op.repeated:
                yield self.found(case.migration, op, self.by_row, **_words(case, op, filled), what="fill the column")
            else:
                continue
            del added[place]


def _words(case: MigrationCase, op: ops.Update, added: ops.AddColumn) -> dict[str, str]:
    needing = list(dict.fromkeys(_needing(case, op, added)))
    behind = f", and move {' and '.join(needing)} behind that, to a revision of its own" if needing else ""
    reads = op.flows is UNKNOWN or any(True for _ in op.flows) or bool(op.source_tables)
    constant = "" if reads or needing else "; where a constant will do, make it the server_default"
    return names(op) | {"added": names(added)["the_column"], "behind": behind, "constant": constant}


def _needing(case: MigrationCase, op: ops.Update, added: ops.AddColumn) -> Iterator[str]:
    """Return what the same upgrade() does later that needs the column filled, or takes away what it is filled from."""
    table, column = case.state_before(op).table, fold(str(added.column))
    flows = op.flows if op.flows is not UNKNOWN else ()
    sources = {fold(flow.source) for flow in flows if readable(flow.source)}
    is_unread = op.flows is UNKNOWN or any(flow.source is UNKNOWN for flow in flows)  # Python may have read any column before
    for later in case.later(op):
        if isinstance(later, ops.DropTable) and has_name(op.source_tables, later.table):
            yield f"the drop of {names(later)['the_table']}"
        if table is None or case.state_before(later).table is not table:
            continue
        if isinstance(later, ops.DropColumn) and (
            is_unread or fold(str(later.column)) in sources or has_name(op.conditions, later.column)
        ):
            yield f"the drop of '{later.column}'"
        elif isinstance(later, ops.AlterColumn) and later.nullable is False and fold(str(later.column)) == column:
            yield "NOT NULL"
        elif isinstance(later, ops.CreateConstraint | ops.CreateIndex) and has_name(later.columns, added.column):
            if isinstance(later, ops.CreateIndex) and later.unique is not True:
                continue
            found = names(later)
            yield bare(found["the_index" if isinstance(later, ops.CreateIndex) else "the_constraint"])


def _is_whole(case: MigrationCase, op: ops.Update, added: ops.AddColumn) -> bool:
    """Return whether every row meets the only conditions: the new column IS NULL, one that is NOT NULL IS NOT NULL."""
    return bool(op.tests) and all(_holds(case, op, test, added) for test in op.tests)


def _holds(case: MigrationCase, op: ops.Update, test: ColumnTest, added: ops.AddColumn) -> bool:
    if not readable(test.column) or not test.asks.endswith("null"):
        return False
    name = fold(test.column)
    if test.asks == "null":
        # a default has filled the rows that are there
        return name == fold(str(added.column)) and added.definition.server_default is None
    table = case.state_before(op).schema.table(str(op.table), op.schema)
    column = table.columns.get(name) if isinstance(table, ReplayedTable) else None
    return isinstance(column, Column) and (column.nullable is False or column.primary_key is True)


def _filled(op: ops.Update, added: dict[str, ops.AddColumn]) -> ops.AddColumn | None:
    """Return the first of the new columns that an UPDATE sets, None if it sets none of them."""
    written = op.columns if isinstance(op.columns, tuple) else ()
    return next((added[fold(name)] for name in written if readable(name) and fold(name) in added), None)
