"""MRT431."""

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import join, names
from mrt_lint.history.schema import ReplayedTable, without_order
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.ops import AddColumn, CreateConstraint, CreateTable
from mrt_lint.model.rule import Example, Rule
from mrt_lint.model.values import UNKNOWN, Constraint, Name, Unknown


class ForeignKeyWithoutIndex(Rule):
    """A foreign key's columns have no index on PostgreSQL.

    PostgreSQL indexes what a foreign key points to, not the columns that point. Each delete or key change in the parent then
    reads the whole child table, and holds its locks for as long.
    """

    code = "MRT431"
    name = "foreign-key-without-index"
    severity = Severity.WARNING
    consequence = Consequence.HYGIENE
    message = "PostgreSQL reads all of {the_table} for each row deleted in '{parent}': no index begins with ({columns})"
    instead = "add op.create_index(«ix_{last}_{name}», «{last}», [{quoted}]{in_schema}), or index=True to the column"
    dialects = ("postgresql",)
    default = False
    manual = ("PostgreSQL, “Foreign Keys”: https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK",)
    exemptions = (
        "An index, unique constraint or primary key of the table begins with the columns once this revision has run.",
        "The table was not created by this history, or not wholly readable: then there may be one.",
        "Another database is declared, or a guard keeps PostgreSQL out; MySQL creates such an index itself.",
    )

    bad = (
        Example(
            title="In a new table, and added to one of the history",
            before=(
                """
            def upgrade():
                op.create_table("carts", sa.Column("shop_id", sa.Integer), sa.Column("user_id", sa.Integer))
                op.create_index("ix_carts", "carts", ["user_id", "shop_id"])
            """,
            ),
            source="""
            def upgrade():
                op.create_table("orders", sa.Column("id", sa.Integer), sa.Column("user_id", sa.ForeignKey("users.id")))  # MRT431
                op.create_foreign_key("fk_shop", "carts", "shops", ["shop_id"], ["id"])  # MRT431
            """,
        ),
    )

    good = (
        Example(
            title="An index begins with it, made before or after",
            source="""
            def upgrade():
                op.create_table("orders", sa.Column("user_id", sa.ForeignKey("users.id"), index=True))
                op.create_table("items", sa.Column("order_id", sa.ForeignKey("orders.id")), sa.Column("at", sa.Integer))
                op.create_index("ix_items", "items", ["order_id", "at"], unique=True)
                op.create_table("notes", sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True))
            """,
        ),
        Example(
            title="The table is not known",
            source="""
            def upgrade():
                op.create_foreign_key("fk_shop", "carts", "shops", ["shop_id"], ["id"])
            """,
        ),
    )

    def check(self, case: MigrationCase) -> Iterator[Finding]:
        """Yield a finding for every foreign key whose columns no index begins with."""
        said: set[tuple[object, ...]] = set()
        for op in case.ops_for(self, ops.CreateTable, ops.CreateForeignKey, ops.AddColumn, new_tables=True):
            for key in _unindexed_keys(case, op):
                found = names(op)
                columns = join(key.columns).split(", ")
                if (found["table"], *columns) in said:  # one index serves all keys of the same columns
                    continue
                said.add((found["table"], *columns))
                parent = key.referred_table if readable(key.referred_table) else "another table"
                quoted = ", ".join(map(literal, columns))
                yield self.found(
                    case.migration,
                    op,
                    **found | {"name": "_".join(columns)},
                    columns=", ".join(columns),
                    quoted=quoted,
                    parent=parent,
                )


def _unindexed_keys(case: MigrationCase, op: CreateTable | CreateConstraint | AddColumn) -> Iterator[Constraint]:
    """Return the foreign keys that an operation adds and whose columns no index begins with once this revision has run."""
    revision = case.migration.revision
    if case.history is None or not isinstance(revision, str) or not readable(op.table):
        return
    table = case.history.at(revision).table(op.table, op.schema)
    # an index that was not read may serve the key
    if not isinstance(table, ReplayedTable) or not table.complete or UNKNOWN in table.indexes.values():
        return
    keys = (*table.known_constraints("unique"), *table.known_constraints("primary"))
    covered = [*(index.columns for index in table.known_indexes()), *(key.columns for key in keys)]
    if UNKNOWN in covered:
        return
    for key in table.known_constraints("foreignkey"):
        if _adds(op, key) and not any(_begins_with(columns, key.columns) for columns in covered):
            yield key


def _adds(op: CreateTable | CreateConstraint | AddColumn, key: Constraint) -> bool:
    """Return whether an operation adds a foreign key of the table that it names."""
    if key.columns is UNKNOWN or isinstance(op, CreateTable):
        return key.columns is not UNKNOWN
    if isinstance(op, AddColumn):
        return (op.column,) == key.columns and any(each.is_reference for each in op.definition.constraints)
    return op.columns == key.columns


def _begins_with(columns: tuple[Name, ...] | Unknown, key: tuple[Name, ...] | Unknown) -> bool:
    """Return whether an index serves a key: its first columns are the key's, in whatever order."""
    if columns is UNKNOWN or key is UNKNOWN:
        return False
    first = {without_order(name) if isinstance(name, str) else name for name in columns[: len(key)]}
    return first == set(key)
