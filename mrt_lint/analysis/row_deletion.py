"""Which rows downgrade() deletes: those that upgrade() inserted, or others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Final, TypeAlias

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.returning_rows import comes_back_along
from mrt_lint.analysis.wording import names
from mrt_lint.history.schema import QualifiedName, ReplayedSchema, ReplayedTable, fold, place, refers
from mrt_lint.model import ops
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNSET, Constraint

Deletion: TypeAlias = ops.Delete | ops.Truncate

_OF_DATABASE: Final = ("pg_", "sqlite_", "alembic_", "mysql.", "information_schema.")
"""How names of tables begin whose rows are the database's own, or Alembic's."""


def deletions(case: MigrationCase) -> Iterator[tuple[Deletion, TrackedTable]]:
    """Return what downgrade() certainly deletes from tables that were there before upgrade() and stay, each with the table."""
    for op in case.migration.downgrade_ops:
        if not isinstance(op, ops.Delete | ops.Truncate) or not op.certain or not case.runs(op) or not readable(op.table):
            continue
        table, name = case.state_before(op).table, fold(f"{op.schema}.{op.table}" if readable(op.schema) else op.table)
        if not isinstance(table, TrackedTable) or table.creator is not None or not table.exists or case.state_before(op).empty:
            continue
        analysis = case.analysis(op)
        if not name.startswith(_OF_DATABASE) and not analysis.refuses and id(op) not in analysis.missing_objects:
            yield op, table


def parent_deleted_next(case: MigrationCase, op: Deletion, table: TrackedTable) -> str:
    """Return the table whose rows downgrade() deletes behind an operation, and to which those of its table point; "" for none."""
    for other in case.later(op):
        if isinstance(other, ops.Delete | ops.Truncate) and readable(other.table) and case.runs(other):
            children = refusing_keys(case.analysis(op).state_before(other).schema, place(other.schema, other.table))
            if any(place(child.schema, child.name) == table.current_key for child, _ in children):
                return names(other)["the_table"]
    return ""


def dropped_child(case: MigrationCase, op: ops.Delete) -> ops.DropTable | None:
    """Return how downgrade() drops a table of this upgrade's own that holds the rest of an operation's rows, by their key."""
    where = place(op.schema, str(op.table))
    made = (other for other in case.migration.upgrade_ops if isinstance(other, ops.CreateTable) and readable(other.table))
    children = {place(other.schema, str(other.table)) for other in made if any(refers(key, where) for key in _keys_by_key(other))}
    drops = (other for other in case.migration.downgrade_ops if isinstance(other, ops.DropTable) and readable(other.table))
    return next((drop for drop in drops if place(drop.schema, str(drop.table)) in children), None)


def _keys_by_key(made: ops.CreateTable) -> Iterator[Constraint]:
    """Yield the foreign keys over a new table's primary key, as where a class inherits from that of another table."""
    own = [column for column in made.columns if column.primary_key is True]
    keys = [key.columns for key in made.constraints if key.kind == "primary" and isinstance(key.columns, tuple)]
    primary = {str(column.name) for column in own} or {str(name) for columns in keys for name in columns}
    for key in made.constraints:
        if key.kind == "foreignkey" and isinstance(key.columns, tuple) and set(map(str, key.columns)) == primary:
            yield key
    for column in made.columns:
        if {str(column.name)} == primary:
            yield from (key for key in column.constraints if key.kind == "foreignkey")


def insertions(case: MigrationCase, op: Op, table: TrackedTable) -> list[Op]:
    """Return the operations with which upgrade() inserts rows into a table, or may do so."""
    analysis = case.analysis(op)
    return [
        other
        for other in analysis.upgrade
        if isinstance(other, ops.Insert | ops.BulkInsert) and analysis.state_before(other).table in {table, None}
    ]


def may_come_along(case: MigrationCase, op: Op) -> bool:
    """Return whether objects of an ORM that upgrade() inserts may bring rows of this table along, which refer to them."""
    analysis = case.analysis(op)
    known = case.known_schema(case.dialect(op)).table(place(getattr(op, "schema", None), str(getattr(op, "table", ""))))
    parents = list(known.known_constraints("foreignkey")) if known is not None else []
    return any(
        isinstance(other, ops.Insert) and not other.sql and readable(other.table) and refers(key, place(other.schema, other.table))
        for other in analysis.upgrade
        for key in parents
    )


def are_kept(case: MigrationCase, op: Op, table: TrackedTable) -> bool:
    """Return whether rows of a table are also in another one in the end, or downgrade() inserts those of another one instead."""
    analysis = case.analysis(op)
    tables = analysis.simulated.tables.now.values()
    return any(isinstance(other, TrackedTable) and other is not table and table in other.rows for other in tables) or any(
        isinstance(other, ops.Insert) and other.query and analysis.state_before(other).table is table for other in _after(case, op)
    )


def empties(case: MigrationCase, op: Op, table: TrackedTable) -> bool:
    """Return whether upgrade() itself deletes every row of a table."""
    analysis = case.analysis(op)
    return any(
        isinstance(other, ops.Truncate) or (isinstance(other, ops.Delete) and other.where is not True)
        for other in analysis.upgrade
        if analysis.state_before(other).table is table
    )


def makes_fit(case: MigrationCase, op: Op, table: TrackedTable) -> Op | None:
    """Return how downgrade() narrows a table after a deletion, which some of its rows may not fit; None where it does not.

    It sets a column NOT NULL, changes its type, drops it, or makes a key or enum type again; a drop counts least.
    """
    analysis = case.analysis(op)
    found = [
        other
        for other in _after(case, op)
        if _narrows(other) and (analysis.state_before(other).table is table or isinstance(other, ops.CreateObject))
    ]
    return next((other for other in found if not isinstance(other, ops.DropColumn)), next(iter(found), None))


def _after(case: MigrationCase, op: Op) -> list[Op]:
    """Return what downgrade() does after an operation."""
    done = list(case.analysis(op).reverse.values())
    return done[next(place for place, other in enumerate(done) if other is op) + 1 :]


def _narrows(op: Op) -> bool:
    if isinstance(op, ops.AlterColumn):
        return op.nullable is False or op.type is not UNSET
    if isinstance(op, ops.CreateObject):
        return op.kind in {"enum", "domain"}
    return isinstance(op, ops.DropColumn | ops.CreateConstraint) or (isinstance(op, ops.CreateIndex) and op.unique is True)


def cascaded(case: MigrationCase, op: ops.Delete) -> tuple[ReplayedTable, ...]:
    """Return the tables whose rows an operation of upgrade() deletes along, since their foreign keys say ON DELETE CASCADE.

    Left out are those in which upgrade() has deleted or changed rows before, and those to which downgrade() brings them back.
    Where WHERE asks for rows that others do not use, these are none.
    """
    if not readable(op.table) or op.spares_used or (case.dialect(op) == "sqlite" and not case.target.sqlite_foreign_keys):
        return ()
    schema = case.state_before(op).schema
    earlier = takewhile(lambda other: other is not op, case.analysis(op).upgrade)
    cleared = {
        place(other.schema, str(other.table)) for other in earlier if isinstance(other, ops.Delete | ops.Truncate | ops.Update)
    }
    found: dict[QualifiedName, ReplayedTable] = {}
    left, first = [place(op.schema, op.table)], place(op.schema, op.table)
    while left:
        for child, key in schema.references_to(left.pop()):
            where = place(child.schema, child.name)
            if cascades(key) and where not in {first, *found, *cleared}:
                found[where] = child
                left.append(where)
    lost = (child for child in found.values() if not comes_back_along(case, op, child))
    return tuple(sorted(lost, key=lambda child: (str(child.schema), child.name)))


def left_referrers(case: MigrationCase, op: ops.Delete) -> list[tuple[str, Constraint]]:
    """Return the foreign keys whose rows may still point to what is deleted, each after the name of its table.

    A table in which downgrade() has deleted rows before, or emptied the key, is left out, and so is a key that ON DELETE empties.
    """
    analysis = case.analysis(op)
    cleared = set()
    for other in analysis.reverse.values():
        if other is op:
            break
        if isinstance(other, ops.Delete | ops.Truncate | ops.Update | ops.DropTable) and readable(other.table):
            cleared.add(place(other.schema, other.table))
    referrers = refusing_keys(analysis.state_before(op).schema, place(op.schema, str(op.table)))
    return [(table.name, key) for table, key in referrers if place(table.schema, table.name) not in cleared]


def refusing_keys(schema: ReplayedSchema, target: QualifiedName) -> Iterator[tuple[ReplayedTable, Constraint]]:
    """Yield the foreign keys of other tables that point to one, but for those that ON DELETE empties, each after its table."""
    for table, key in schema.references_to(target):
        rule = fold(key.ondelete) if readable(key.ondelete) else ""
        if place(table.schema, table.name) != target and rule not in {"set null", "set default"}:
            yield table, key


def cascades(key: Constraint) -> bool:
    """Return whether a foreign key deletes its rows along."""
    return readable(key.ondelete) and fold(key.ondelete) == "cascade"
