"""What is known of a thing's definition, and whether two definitions are the same."""

from __future__ import annotations

from dataclasses import replace

from mrt_lint.history.schema import fold
from mrt_lint.ops import AlterColumn, CreateIndex, CreateObject
from mrt_lint.undo.things import Definition, Thing
from mrt_lint.values import UNKNOWN, UNSET, Column, Constraint, SqlType, Unknown

_COMPARED: dict[type, tuple[str, ...]] = {
    CreateIndex: ("columns", "unique", "where"),
    Constraint: ("kind", "columns", "referred_table", "referred_columns", "ondelete"),
    Column: ("type", "nullable", "server_default", "computed"),
    CreateObject: ("members", "body"),
}


def is_same(one: Definition, other: Definition) -> bool | None:
    """Tell whether two definitions are the same; None where one of them is not known or only in part."""
    if one is None or other is None or type(one) is not type(other):
        return None
    differences = [_differ(getattr(one, field), getattr(other, field)) for field in _COMPARED.get(type(one), ())]
    if any(differences):
        return False
    return None if None in differences or not differences else True


def _differ(one: object, other: object) -> bool | None:
    if UNKNOWN in (one, other):
        return None
    if isinstance(one, tuple) and isinstance(other, tuple):
        return None if UNKNOWN in one or UNKNOWN in other else _folded(one) != _folded(other)
    return _folded((one,)) != _folded((other,))


def _folded(values: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(" ".join(fold(value).split()) if isinstance(value, str) else value for value in values)


def setting_of(thing: Thing, setting: str) -> object:
    """Give a column's setting ("nullable", "type", …) by its definition, UNKNOWN where that does not tell."""
    column = thing.definition
    if not isinstance(column, Column):
        return UNKNOWN
    if setting == "nullable":
        return is_nullable(column)
    value: object = getattr(column, setting)
    return UNKNOWN if setting == "type" and value is None else value


def is_nullable(column: Column) -> bool | Unknown:
    """Tell whether a column takes NULL; where the source does not say, all but a primary key do."""
    if column.nullable is not None:
        return column.nullable
    return UNKNOWN if column.primary_key is UNKNOWN else not column.primary_key


def former(op: AlterColumn, column: Thing, setting: str) -> object:
    """Give a setting's value before an operation: as the operation says it was, else as last set, else as defined."""
    existing = getattr(op, f"existing_{setting}", UNSET)
    if existing is not UNSET:
        return UNKNOWN if setting == "type" and existing is None else existing
    return column.settings[setting][0] if setting in column.settings else setting_of(column, setting)


def here(value: object, dialect: str) -> object:
    """Give a value as it is on a dialect: of a type with variants, the one that stands there."""
    kind = value.on(dialect) if isinstance(value, SqlType) else value
    return replace(kind, variants=()) if isinstance(kind, SqlType) and kind.variants else kind


def of_kind(kind: str) -> Constraint:
    """Make a constraint of which only the kind is known, as `drop_constraint` tells it."""
    return Constraint(kind=kind, columns=UNKNOWN, referred_table=UNKNOWN, referred_columns=UNKNOWN, ondelete=UNKNOWN)
