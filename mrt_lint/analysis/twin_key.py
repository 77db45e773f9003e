"""Foreign keys of which a table has the same already, under another name."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import fold, place
from mrt_lint.model.ops import AddColumn, AlterColumn, CreateForeignKey, DropColumn, DropConstraint, RenameTable
from mrt_lint.model.values import Constraint, MaybeName, Name


def twin_of(case: MigrationCase, op: CreateForeignKey) -> Constraint | None:
    """Return a foreign key of the same columns to the same ones of a table that is certainly there, None if none is known."""
    table, wanted = case.state_before(op).table, _meaning(op.definition, op.schema)
    if not isinstance(table, TrackedTable) or wanted is None or not op.certain or op.caught or not case.is_readable("upgrade"):
        return None
    earlier = list(case.earlier(op))
    # which may have taken it away, or given it another meaning
    changes = (DropConstraint, DropColumn, RenameTable)
    if any(isinstance(other, changes) or (isinstance(other, AlterColumn) and readable(other.new_column)) for other in earlier):
        return None
    known = case.known_schema(case.dialect(op)).table(table.origin)
    old = list(known.known_constraints("foreignkey")) if known is not None else []
    for other in earlier:
        is_mine = other.certain and not other.caught and case.state_before(other).table is table
        if is_mine and isinstance(other, AddColumn | CreateForeignKey):
            old += _made(other)
    twins = (key for key in old if _meaning(key, op.schema) == wanted)
    return next((key for key in twins if key.name is None or key.name != op.constraint), None)


def _made(op: AddColumn | CreateForeignKey) -> Iterator[Constraint]:
    if isinstance(op, CreateForeignKey):
        yield op.definition
        return
    for key in op.definition.constraints:
        if key.is_reference:
            yield Constraint(
                kind=key.kind,
                name=key.name,
                columns=key.columns or (op.column,),
                referred_table=key.referred_table,
                referred_schema=key.referred_schema,
                referred_columns=key.referred_columns,
            )


def _meaning(key: Constraint, schema: MaybeName) -> tuple[object, ...] | None:
    """Return what a foreign key refers with and to, None if that is not known."""
    columns, referred = _folded(key.columns), _folded(key.referred_columns)
    if not columns or not referred or not readable(key.referred_table):
        return None
    return columns, place(key.referred_schema or schema, key.referred_table), referred


def _folded(names: tuple[Name, ...] | object) -> tuple[str, ...]:
    return tuple(map(fold, names)) if isinstance(names, tuple) and all(map(readable, names)) else ()
