"""What is known of an object's definition, and whether two definitions are the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mrt_lint.analysis.downgrade.condition import differ
from mrt_lint.analysis.downgrade.stored_default import defaults_differ
from mrt_lint.analysis.downgrade.tracked_objects import Definition, TrackedObject
from mrt_lint.history.schema import fold
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import AlterColumn, CreateIndex, CreateObject
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint, SqlType, Unknown

_COMPARED: dict[type, tuple[str, ...]] = {
    CreateIndex: ("columns", "unique", "where", "using"),
    Constraint: ("kind", "columns", "referred_table", "referred_columns", "ondelete", "onupdate"),
    Column: ("type", "nullable", "server_default", "computed"),
    CreateObject: ("members", "body"),
}


# what at least one database keeps alike: BOOLEAN is MySQL's TINYINT(1), and NVARCHAR SQLite's VARCHAR
_SAME_TYPE = {
    "DATETIME": "TIMESTAMP",
    "DECIMAL": "NUMERIC",
    "INT": "INTEGER",
    "NVARCHAR": "VARCHAR",
    "CLOB": "TEXT",
    "LONGTEXT": "TEXT",
    "MEDIUMTEXT": "TEXT",
    "DOUBLE": "FLOAT",
    "DOUBLE_PRECISION": "FLOAT",
    "DOUBLE PRECISION": "FLOAT",
    "REAL": "FLOAT",
    "BYTEA": "BLOB",
    "VARBINARY": "BLOB",
    "BINARY": "BLOB",
    "LARGEBINARY": "BLOB",
    "LONGBLOB": "BLOB",
    "TINYINT": "BOOLEAN",
}
_UNSAID = {"using": "btree", "ondelete": "NO ACTION", "onupdate": "NO ACTION"}
"""What a definition means where it says nothing."""
_WORDS = {
    "server_default": "default",
    "referred_table": "target",
    "referred_columns": "target",
    "where": "condition",
    "using": "method",
}


def is_same(one: Definition, other: Definition) -> bool | None:
    """Return whether two definitions are the same; None if one of them is not known or only in part."""
    if one is None or other is None or type(one) is not type(other):
        return None
    differences = [_differ_in(field, one, other) for field in _compared(one)]
    if any(differences):
        return False
    return None if None in differences or not differences else True


def is_same_value(one: object, other: object, setting: str = "") -> bool | None:
    """Return whether a setting has the same value; None if one of them is not known."""
    differs = _differ(one, other, setting)
    return None if differs is None else not differs


def effective(tracked: TrackedObject) -> Definition:
    """Return an object's definition with the settings changed since."""
    if not isinstance(tracked.definition, Column):
        return tracked.definition
    changed: dict[str, Any] = {name: value for name, (value, _) in tracked.settings.items() if name in _COMPARED[Column]}
    return replace(tracked.definition, **changed)


def _compared(definition: object) -> tuple[str, ...]:
    if isinstance(definition, Constraint) and definition.kind == "check":
        return ("kind", "condition")
    return _COMPARED.get(type(definition), ())


def describe(one: Definition, other: Definition) -> str:
    """Return one clause that describes how two definitions differ."""
    return ", ".join(difference for _, difference in differences(one, other)) or "it differs"


def differences(one: Definition, other: Definition) -> Iterator[tuple[str, str]]:
    """Yield each field in which two definitions differ, with a clause that describes how."""
    yield from ((field, _clause(field, one, other)) for field in _compared(one) if _differ_in(field, one, other))


def _clause(field: str, one: Definition, other: Definition) -> str:
    before, after = _value(one, field), _value(other, field)
    if field == "unique":
        return "it was unique and is not any more" if before is True else "it was not unique and is now"
    was, becomes = ("were", "become") if field == "columns" else ("was", "becomes")
    if isinstance(before, tuple) and isinstance(after, tuple):  # compared without their order, but written with it
        before, after = getattr(one, field), getattr(other, field)
    return f"its {_WORDS.get(field, field)} {was} {_shown(before)} and {becomes} {_shown(after)}"


def _differ_in(field: str, one: Definition, other: Definition) -> bool | None:
    before, after = _value(one, field), _value(other, field)
    if field == "condition" and None in (before, after):
        return None  # every CHECK has a condition: it was not read
    if field in {"condition", "where"}:
        conditions = (value if isinstance(value, str) or value is None else UNKNOWN for value in (before, after))
        return differ(*conditions)
    return _differ(before, after, field)


def _value(definition: object, field: str) -> object:
    if field == "nullable" and isinstance(definition, Column):
        return is_nullable(definition)
    value: object = getattr(definition, field)
    if field == "server_default":
        return chosen_default(value)
    if value is None and field in _UNSAID:
        return _UNSAID[field]
    if isinstance(definition, Constraint) and isinstance(value, tuple):
        return tuple(sorted(map(str, value)))  # the order of a key's columns is no part of what it promises
    return value


def chosen_default(value: object) -> object:
    """Return a server default, None for one that is not the user's: a serial's, which draws from its sequence."""
    is_own = isinstance(value, str) and (value.lower() == "null" or value.lower().startswith("nextval"))
    return None if is_own else value


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(str, value)) + ")"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _differ(one: object, other: object, setting: str = "") -> bool | None:
    if UNKNOWN in (one, other):
        return None
    if setting == "server_default" and isinstance(one, str) and isinstance(other, str):
        return defaults_differ(one, other)
    if isinstance(one, SqlType) and isinstance(other, SqlType):
        return _differ_in_type(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return None if UNKNOWN in one or UNKNOWN in other else _folded(one) != _folded(other)
    return _folded((one,)) != _folded((other,))


def _differ_in_type(one: SqlType, other: SqlType) -> bool | None:
    """Compare types that have many names; an application's own, which is not in capitals, may be any of them."""
    if not (one.name.isupper() and other.name.isupper()):
        return None
    names = (_SAME_TYPE.get(one.name, one.name), _SAME_TYPE.get(other.name, other.name))
    if names[0] != names[1]:
        return True
    known = UNKNOWN not in one.args and UNKNOWN not in other.args
    # the arguments of other types need not be part of what is kept: MySQL's INT(11)
    return None if not known else names[0] in {"VARCHAR", "NUMERIC"} and one.args != other.args


def _folded(values: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(_plain(value) if isinstance(value, str) else value for value in values)


def _plain(text: str) -> str:
    """Return SQL without what databases and people write in different ways: spaces, outer parentheses, quotes, casts."""
    plain = " ".join(fold(text).split())
    while plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1].strip()
    plain = plain.partition("::")[0].strip("'")
    return {"true": "1", "false": "0", "now()": "current_timestamp", "null": ""}.get(plain, plain)


def setting_of(tracked: TrackedObject, setting: str) -> object:
    """Return a column's setting ("nullable", "type", …) by its definition, UNKNOWN if that does not show it."""
    column = tracked.definition
    if not isinstance(column, Column):
        return UNKNOWN
    if setting == "nullable":
        return is_nullable(column)
    value: object = getattr(column, setting)
    return UNKNOWN if setting == "type" and value is None else value


def is_nullable(column: Column) -> bool | Unknown:
    """Return whether a column takes NULL; where the source does not say, all but a primary key do."""
    if column.nullable is not None:
        return column.nullable
    return UNKNOWN if column.primary_key is UNKNOWN else not column.primary_key


def former(op: AlterColumn, column: TrackedObject, setting: str) -> object:
    """Return a setting's value before an operation: the last one set, else the defined one, else the operation's `existing_…`."""
    known = column.settings[setting][0] if setting in column.settings else setting_of(column, setting)
    existing = getattr(op, f"existing_{setting}", UNSET)
    # which type the database uses for an application's own only the operation can show; SQL has named what it set
    own = isinstance(known, SqlType) and not known.name.isupper() and not (setting in column.settings and known.type_name)
    if existing is UNSET or not (known is UNKNOWN or own):
        return known
    return UNKNOWN if setting == "type" and existing is None else existing


def for_dialect(value: object, dialect: str) -> object:
    """Return a value as a dialect uses it: of a type with variants, the one for that dialect."""
    kind = value.on(dialect) if isinstance(value, SqlType) else value
    return replace(kind, variants=()) if isinstance(kind, SqlType) and kind.variants else kind


def of_kind(kind: str) -> Constraint:
    """Return a constraint of which only the kind is known, as from `drop_constraint`."""
    unread: dict[str, Any] = dict.fromkeys(("columns", "referred_table", "referred_columns", "ondelete", "onupdate"), UNKNOWN)
    return Constraint(kind=kind, **unread)
