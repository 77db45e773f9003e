"""What was so when an operation came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from mrt_lint.analysis.downgrade.definition import for_dialect, former
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, TrackedTable, readable
from mrt_lint.history.schema import ReplayedSchema, ReplayedTable, fold, place
from mrt_lint.model import ops
from mrt_lint.model.lean import dataclass, replace
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, UNSET, Column, SqlType

_EMPTY: Final = ReplayedSchema()

_SETTINGS = ("type", "nullable", "server_default")


@dataclass(frozen=True, slots=True)
class StateBefore:
    """What was so when an operation came: the table it names, that one or the column made by this migration, or without a row.

    `settings` are those of the column which an `AlterColumn` changes, UNKNOWN where they are not known. `type` is its type,
    `new_type` the one that it gets, with the labels that an enum has by then; UNKNOWN where the operation changes none. `parent`
    is the table to which a new foreign key points, where this migration has made or used it; `schema` is all that was there, as
    far as it is known, when rows were written or deleted.
    """

    table: TrackedObject | None = None
    new_table: bool = False
    new_column: bool = False
    new_columns: frozenset[str] = frozenset()
    empty: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    type: object = UNKNOWN
    new_type: object = UNKNOWN
    parent: TrackedObject | None = None
    schema: ReplayedSchema = _EMPTY


def find_state(simulated: SimulatedSchema, op: Op, *, may_be_new: bool) -> StateBefore:
    """Return what is so in a schema before it follows an operation.

    `may_be_new` is whether a table of unknown name or schema may be one that upgrade() has made.
    """
    if isinstance(op, ops.CreateTable):
        return StateBefore()
    table = simulated.view_of(op) or simulated.table_of(op)
    column = None
    name = getattr(op, "column", None)
    if isinstance(table, TrackedTable) and readable(name):
        column = table.columns_by_name.now.get(fold(name))
    settings = _find_settings(simulated, op, column)
    return StateBefore(
        table=table,
        new_table=may_be_new or (table is not None and table.creator is not None),
        new_column=column is not None and column.creator is not None,
        new_columns=_new_columns(simulated, op, table) if isinstance(op, ops.Update) else frozenset(),
        empty=isinstance(table, TrackedTable) and (not table.rows or (table.maybe_empty and not op.certain)),
        settings=settings,
        type=_find_type(simulated, op, settings.get("type", UNKNOWN)),
        new_type=find_new_type(simulated, op),
        parent=find_parent(simulated, op),
        schema=simulated.schema if isinstance(op, ops.Insert | ops.Update | ops.Delete) else _EMPTY,
    )


def find_parent(simulated: SimulatedSchema, op: Op) -> TrackedObject | None:
    """Return the table to which a foreign key that an operation makes points, where this migration has made or used it before."""
    if not isinstance(op, ops.CreateForeignKey) or not readable(op.definition.referred_table):
        return None
    return simulated.tables.now.get(place(op.definition.referred_schema or op.schema, op.definition.referred_table))


def find_new_type(simulated: SimulatedSchema, op: Op) -> object:
    """Return the type that an operation gives to a column, an enum of the database's with the labels that it has by then."""
    if not isinstance(op, ops.AlterColumn) or op.type is UNSET:
        return UNKNOWN
    return _with_labels(simulated, for_dialect(op.type, simulated.dialect))


def _find_settings(simulated: SimulatedSchema, op: Op, column: TrackedObject | None) -> dict[str, object]:
    """Return what the column of an `AlterColumn` has by then; what an operation under a condition has set is not known."""
    if not isinstance(op, ops.AlterColumn):
        return {}
    found = {}
    for setting in _SETTINGS:
        existing = getattr(op, f"existing_{setting}")
        known = former(op, column, setting) if column is not None else UNKNOWN if existing is UNSET else existing
        is_open = column is not None and setting in column.settings and not column.settings[setting][1].certain
        found[setting] = UNKNOWN if is_open else for_dialect(known, simulated.dialect)
    return found


def _find_type(simulated: SimulatedSchema, op: Op, known: object) -> object:
    """Return the type that a column has before an operation changes it, with the labels of an enum; `known` is the type without."""
    if not isinstance(op, ops.AlterColumn) or op.type is UNSET:
        return UNKNOWN
    table = simulated.schema.table(op.table, op.schema) if readable(op.table) else None
    # an enum may have another name by now, which the schema follows
    now = table.columns.get(fold(op.column)) if isinstance(table, ReplayedTable) and readable(op.column) else None
    here = _with_labels(simulated, now.type) if isinstance(now, Column) else None
    if isinstance(known, SqlType) and isinstance(here, SqlType) and here.name == "ENUM" and readable(known.type_name):
        return replace(known, name="ENUM", members=here.members)
    return _with_labels(simulated, known)


def _with_labels(simulated: SimulatedSchema, kind: object) -> object:
    """Return a type with the labels of the enum that has its name, as far as they are known."""
    if not isinstance(kind, SqlType) or not readable(kind.type_name):
        return kind
    made = simulated.schema.object("enum", kind.type_name, kind.schema)
    if not isinstance(made, ops.CreateObject) or made.kind != "enum":
        return kind
    return replace(kind, name="ENUM", members=made.members if isinstance(made.members, tuple) else kind.members)


def _new_columns(simulated: SimulatedSchema, op: ops.Update, table: TrackedObject | None) -> frozenset[str]:
    """Return the columns that are new in the table of an UPDATE, in any table if it is not known which one that is."""
    tables = [table] if readable(op.table) else simulated.tables.now.values()
    return frozenset(
        str(name)
        for one in tables
        if isinstance(one, TrackedTable)
        for name, column in one.columns_by_name.now.items()
        if column is not None and column.creator is not None
    )
