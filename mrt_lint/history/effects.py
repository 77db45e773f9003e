"""What each operation makes, drops, moves, changes and needs: one table of effects by operation.

Everything that asks what an operation concerns asks here: the graph (which parallel branch makes a name), the doubts (which names
an operation leaves open), and the judgement of whether it can run (what it needs is there, what it makes is not).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from mrt_lint.history.function_body import needed_tables, sources
from mrt_lint.history.schema import QualifiedName, QualifiedObject, fold, object_place, place
from mrt_lint.model import ops
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import Op
from mrt_lint.model.values import HOLE, UNKNOWN, UNSET, Column, Constraint, MaybeName, SqlType, Unknown, Unset


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing of the database by its kind and place: `name` is folded, None if it has none, UNKNOWN if it could not be read.

    `kind` is "table", "column", "constraint", "index", or the family of an object's kind ("view", "type", …). `owner` is the place
    of the table of a column or constraint, and of an index where it is named, UNKNOWN if that could not be read.
    """

    kind: str
    schema: str | None
    name: str | Unknown | None
    owner: QualifiedName | Unknown | None = None

    @property
    def place(self) -> QualifiedName:
        """The place of a thing that has a readable name."""
        return (self.schema, str(self.name))

    @property
    def key(self) -> QualifiedObject:
        """The place of an object that has a readable name and belongs to no table."""
        return (self.kind, *self.place)


@dataclass(frozen=True, slots=True)
class Effects:
    """What one operation makes, drops, changes, moves from one name to another, and needs."""

    makes: tuple[Thing, ...] = ()
    drops: tuple[Thing, ...] = ()
    moves: tuple[tuple[Thing, Thing], ...] = ()
    changes: tuple[Thing, ...] = ()
    needs: tuple[Thing, ...] = ()

    def touched(self) -> Iterator[Thing]:
        """Return everything that is other than before."""
        yield from self.makes
        yield from self.drops
        yield from self.changes
        for pair in self.moves:
            yield from pair


OF_TABLES: Final = frozenset({"table", "column", "index", "constraint"})
"""The kinds of things that are tables or belong to one."""
_NOTHING: Final = Effects()
_RUNS: Final = re.compile(r"\bexecute\s+(?:function|procedure)\s+((?:\"?\w+\"?\.)?\"?\w+)", re.IGNORECASE)
_COUNTED_BY: Final = re.compile(r"\bnextval\(\s*'((?:\"?\w+\"?\.)?\"?\w+\"?)'", re.IGNORECASE)


_KNOWN: Final[dict[int, tuple[Op, Effects]]] = {}
"""The effects of operations by their identity: each is asked about a dozen times, and hashing one takes half as long."""
_MOST_KNOWN: Final = 20_000


def effects_of(op: Op) -> Effects:
    """Return what an operation does by itself; what goes along with what it drops is in `dependents`."""
    known = _KNOWN.get(id(op))
    if known is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        # the five operations that make a constraint have one entry, that of their base
        kind = next((kind for kind in type(op).__mro__ if kind in _EFFECTS), None)
        # with the operation itself, so that no other one gets its identity
        known = _KNOWN[id(op)] = op, _EFFECTS[kind](op) if kind is not None else _NOTHING
    return known[1]


def names_made(operations: Iterable[Op]) -> Iterator[tuple[str, ...]]:
    """Yield the kind and name of all that operations make, a column's with its table's between them."""
    for effects in map(effects_of, operations):
        for made in (*effects.makes, *(new for _, new in effects.moves)):
            owner = (made.owner[1],) if made.kind == "column" and isinstance(made.owner, tuple) else ()
            names = (made.kind, *owner, made.name)
            if all(isinstance(name, str) for name in names):
                yield tuple(map(str, names))


def types_made(op: Op) -> Iterator[str | Unknown]:
    """Yield the types that an operation makes on PostgreSQL, by their folded names, UNKNOWN where it may make any."""
    if isinstance(op, ops.CreateObject | ops.RenameObject):
        name = op.name if isinstance(op, ops.CreateObject) else op.new_name
        yield fold(name) if isinstance(name, str) and HOLE not in name else UNKNOWN
    elif isinstance(op, ops.CreateTable):
        yield from (thing.name for thing in map(type_of, op.columns) if thing is not None and thing.name is not None)
    elif isinstance(op, ops.Statement) and op.effect is not False:
        yield UNKNOWN


def _name(name: MaybeName | Unset) -> str | Unknown | None:
    if name is None or isinstance(name, Unset):
        return None
    return UNKNOWN if isinstance(name, Unknown) or HOLE in name else fold(name)


def _place(schema: MaybeName, name: MaybeName) -> QualifiedName | Unknown | None:
    return place(schema, name) if isinstance(name, str) and HOLE not in name else UNKNOWN if name is not None else None


def table_thing(schema: MaybeName, name: MaybeName) -> Thing:
    """Return a table by its name."""
    return Thing("table", place(schema, "")[0], _name(name))


def _part(kind: str, op: Any, name: MaybeName | Unset) -> Thing:
    """Return a column, constraint or index of an operation's table."""
    return Thing(kind, place(op.schema, "")[0], _name(name), _place(op.schema, op.table))


def object_thing(kind: str, schema: MaybeName, name: MaybeName) -> Thing:
    """Return an object that is no table by its kind and name."""
    family, where, _ = object_place(kind, schema, "")
    return Thing(family, where, _name(name))


def _of_table(op: Any) -> Thing:
    return table_thing(op.schema, op.table)


def function_of(trigger: ops.CreateObject) -> Thing | None:
    """Return the function that a trigger runs, as far as its text shows."""
    return _named("function", _RUNS, trigger.body)


def _named(kind: str, pattern: re.Pattern[str], text: object) -> Thing | None:
    found = pattern.search(text) if isinstance(text, str) and HOLE not in text else None
    schema, _, name = found[1].replace('"', "").rpartition(".") if found else ("", "", "")
    return object_thing(kind, schema or None, name) if found else None


def _enum_of(column: Column) -> object:
    """Return the type of a column on PostgreSQL, of an array that of its items."""
    kind = column.type.on("postgresql") if isinstance(column.type, SqlType) else None
    return kind.item if isinstance(kind, SqlType) and isinstance(kind.item, SqlType) else kind


def type_of(column: Column) -> Thing | None:
    """Return the enum or domain that a column has."""
    inner = _enum_of(column)
    named = isinstance(inner, SqlType) and isinstance(inner.type_name, str)
    return object_thing("type", inner.schema, inner.type_name) if named and isinstance(inner, SqlType) else None


def referred(constraints: Iterable[Constraint], schema: MaybeName) -> Iterator[Thing]:
    """Return the tables that foreign keys point to."""
    for constraint in constraints:
        if constraint.kind == "foreignkey" and constraint.referred_table is not None:
            yield table_thing(constraint.referred_schema or schema, constraint.referred_table)


def implied_types(op: ops.CreateTable) -> Iterator[tuple[Thing, SqlType]]:
    """Yield the enum types that SQLAlchemy creates along with a table on PostgreSQL, unless they are there."""
    for column in op.columns if not op.sql else ():
        kind, thing = _enum_of(column), type_of(column)
        if isinstance(kind, SqlType) and kind.name == "ENUM" and kind.creates_type is True and thing is not None:
            yield thing, kind


def _create_table(op: ops.CreateTable) -> Effects:
    keys = (*op.constraints, *(constraint for column in op.columns for constraint in column.constraints))
    keys = tuple(key for key in keys if key.use_alter is False)  # SQLite, which writes the others, looks for no table
    me = _of_table(op)
    # SQLAlchemy makes an enum type along with the table; SQL finds it there or fails
    implied = [thing for thing, _ in implied_types(op)]
    types = (thing for thing in map(type_of, op.columns) if thing is not None and thing not in implied)
    needs = (*(thing for thing in referred(keys, op.schema) if thing != me), *types)
    return Effects(makes=(me,), needs=needs)


def _drop_table(op: ops.DropTable) -> Effects:
    return Effects(drops=(_of_table(op),), needs=(_of_table(op),))


def _rename_table(op: ops.RenameTable) -> Effects:
    return Effects(moves=((_of_table(op), table_thing(op.schema, op.new_table)),), needs=(_of_table(op),))


def _add_column(op: ops.AddColumn) -> Effects:
    keys = (thing for thing in referred(op.definition.constraints, op.schema) if thing != _of_table(op))
    others = (type_of(op.definition), _named("sequence", _COUNTED_BY, op.definition.server_default))
    needs = (_of_table(op), *keys, *filter(None, others))
    return Effects(makes=(_part("column", op, op.column),), needs=needs)


def _drop_column(op: ops.DropColumn) -> Effects:
    column = _part("column", op, op.column)
    return Effects(drops=(column,), needs=(_of_table(op), column))


def _alter_column(op: ops.AlterColumn) -> Effects:
    column = _part("column", op, op.column)
    moves = ((column, _part("column", op, op.new_column)),) if op.new_column is not UNSET else ()
    return Effects(changes=(column,), moves=moves, needs=(_of_table(op), column))


def _columns(op: Any, columns: tuple[MaybeName, ...] | Unknown) -> tuple[Thing, ...]:
    known = columns if isinstance(columns, tuple) else ()
    return tuple(_part("column", op, name) for name in known if not (isinstance(name, str) and name.startswith("(")))


def _create_index(op: ops.CreateIndex) -> Effects:
    return Effects(makes=(_part("index", op, op.index),), needs=(_of_table(op), *_columns(op, op.columns)))


def _drop_index(op: ops.DropIndex) -> Effects:
    index = _part("index", op, op.index)
    return Effects(drops=(index,), needs=(*((_of_table(op),) if op.table is not None else ()), index))


def _rename_index(op: ops.RenameIndex) -> Effects:
    index = _part("index", op, op.index)
    return Effects(moves=((index, _part("index", op, op.new_index)),), needs=(index,))


def _create_constraint(op: ops.CreateConstraint) -> Effects:
    columns = () if op.definition.kind == "exclude" else _columns(op, op.definition.columns)
    targets = tuple(referred((op.definition,), op.schema))
    return Effects(makes=(_part("constraint", op, op.definition.name),), needs=(_of_table(op), *columns, *targets))


def _drop_constraint(op: ops.DropConstraint) -> Effects:
    constraint = _part("constraint", op, op.constraint)
    return Effects(drops=(constraint,), needs=(_of_table(op), constraint))


def _rename_constraint(op: ops.RenameConstraint) -> Effects:
    constraint = _part("constraint", op, op.constraint)
    return Effects(moves=((constraint, _part("constraint", op, op.new_constraint)),), needs=(_of_table(op), constraint))


def _validate_constraint(op: ops.ValidateConstraint) -> Effects:
    constraint = _part("constraint", op, op.constraint)
    return Effects(changes=(constraint,), needs=(_of_table(op), constraint))


def _create_object(op: ops.CreateObject) -> Effects:
    needs = [_of_table(op)] if op.kind == "trigger" and op.table is not None else []
    if op.kind == "trigger":
        needs += filter(None, (function_of(op),))
    if op.kind in {"view", "materialized view"}:
        needs += [table_thing(schema, name) for schema, name in sources(op.body)]
    if op.kind in {"function", "procedure"}:
        needs += [table_thing(schema, name) for schema, name in needed_tables(op.body)]
    return Effects(makes=(object_thing(op.kind, op.schema, op.name),), needs=tuple(needs))


def _drop_object(op: ops.DropObject) -> Effects:
    return Effects(drops=(object_thing(op.kind, op.schema, op.name),), needs=(object_thing(op.kind, op.schema, op.name),))


def _rename_object(op: ops.RenameObject) -> Effects:
    thing = object_thing(op.kind, op.schema, op.name)
    return Effects(moves=((thing, object_thing(op.kind, op.schema, op.new_name)),), needs=(thing,))


def _alter_object(op: ops.AlterObject) -> Effects:
    thing = table_thing(op.schema, op.name) if op.kind == "table" else object_thing(op.kind, op.schema, op.name)
    return Effects(changes=(thing,), needs=(thing,))


def _alter_enum(op: ops.AddEnumValue | ops.RenameEnumValue) -> Effects:
    thing = object_thing("enum", op.schema, op.enum)
    return Effects(changes=(thing,), needs=(thing,))


def _write_rows(op: ops.Insert | ops.Update | ops.BulkInsert) -> Effects:
    read = getattr(op, "source_tables", ())
    return Effects(needs=(_of_table(op), *_columns(op, op.columns), *(table_thing(None, name) for name in read)))


def _take_rows(op: ops.Delete | ops.Truncate) -> Effects:
    return Effects(needs=(_of_table(op),))


_EFFECTS: Final[dict[type[Op], Callable[[Any], Effects]]] = {
    ops.CreateTable: _create_table,
    ops.DropTable: _drop_table,
    ops.RenameTable: _rename_table,
    ops.AddColumn: _add_column,
    ops.DropColumn: _drop_column,
    ops.AlterColumn: _alter_column,
    ops.CreateIndex: _create_index,
    ops.DropIndex: _drop_index,
    ops.RenameIndex: _rename_index,
    ops.CreateConstraint: _create_constraint,
    ops.DropConstraint: _drop_constraint,
    ops.RenameConstraint: _rename_constraint,
    ops.ValidateConstraint: _validate_constraint,
    ops.CreateObject: _create_object,
    ops.DropObject: _drop_object,
    ops.RenameObject: _rename_object,
    ops.AlterObject: _alter_object,
    ops.AddEnumValue: _alter_enum,
    ops.RenameEnumValue: _alter_enum,
    ops.Insert: _write_rows,
    ops.Update: _write_rows,
    ops.BulkInsert: _write_rows,
    ops.Delete: _take_rows,
    ops.Truncate: _take_rows,
}
