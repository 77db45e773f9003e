"""The names in an operation: which of them have a schema, and the operation with other schemas in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from mrt_lint.history.schema import FAMILIES, fold
from mrt_lint.model import ops
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import Op
from mrt_lint.model.values import HOLE, UNKNOWN, Column, Constraint, MaybeName, SqlType

NameKey: TypeAlias = tuple[str, str]
"""What a name is of, and the name, folded: no two relations of a schema have one name, whatever they are, nor two types."""
Answer: TypeAlias = Callable[[NameKey, MaybeName, bool], MaybeName]
"""Returns the schema of a name, given the one that is written and whether the operation makes what is named so."""

_RELATIONS: Final = frozenset({"table", "view", "materialized view", "sequence"})
_NAMED: Final = frozenset({"type", "function"})


def with_schemas(op: Op, answer: Answer) -> Op:
    """Return an operation with the schema of each of its names as it is answered; the operation itself if each is as written."""
    changes: dict[str, object] = {}
    key, is_made = _subject(op)
    if key is not None:
        _note(changes, "schema", op.schema, answer(key, op.schema, is_made))  # type: ignore[attr-defined]  # what has a subject
    if isinstance(op, ops.RenameTable) and isinstance(op.new_table, str):
        answer(("relation", fold(op.new_table)), changes.get("schema", op.schema), True)  # type: ignore[arg-type]  # noqa: FBT003 - only a name is used
    for name in ("definition", "columns", "constraints", "type", "existing_type"):
        value = getattr(op, name, None)
        if value is not None:
            _note(changes, name, value, _inside(value, answer))
    return replace(op, **changes) if changes else op  # type: ignore[arg-type]  # the fields of its class


def _subject(op: Any) -> tuple[NameKey | None, bool]:
    """Return what an operation is about, and whether it makes it."""
    if not hasattr(op, "schema"):
        return None, False
    if isinstance(op, ops.CreateObject | ops.DropObject | ops.RenameObject | ops.AlterObject):
        return _object(op), isinstance(op, ops.CreateObject)
    if isinstance(op, ops.AddEnumValue | ops.RenameEnumValue):
        return _key("type", op.enum), False
    if isinstance(op, ops.DropIndex | ops.RenameIndex) and op.table is None:
        return _key("index", op.index), False
    return _key("relation", op.table), isinstance(op, ops.CreateTable)


def _object(op: Any) -> NameKey | None:
    if op.kind == "trigger":
        return _key("relation", getattr(op, "table", None))
    family = FAMILIES.get(op.kind, op.kind)
    return _key("relation" if op.kind in _RELATIONS else family, op.name) if op.kind in _RELATIONS or family in _NAMED else None


def _key(kind: str, name: object) -> NameKey | None:
    return (kind, fold(name)) if isinstance(name, str) and HOLE not in name else None


def _note(changes: dict[str, object], name: str, before: object, after: object) -> None:
    if after is not before:
        changes[name] = after


def _inside(value: Any, answer: Answer) -> Any:
    """Return a part of an operation with the schemas that are answered, itself if each is as written."""
    if isinstance(value, tuple):
        parts = tuple(_inside(part, answer) for part in value)
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    changes: dict[str, object] = {}
    if isinstance(value, Constraint):
        key = _key("relation", value.referred_table)
        if key is not None:
            _note(changes, "referred_schema", value.referred_schema, answer(key, value.referred_schema, False))  # noqa: FBT003 - only a name is used
    elif isinstance(value, Column):
        _note(changes, "type", value.type, _inside(value.type, answer))
        _note(changes, "constraints", value.constraints, _inside(value.constraints, answer))
    elif isinstance(value, SqlType):
        key = _key("type", value.type_name)
        if key is not None and value.schema is not UNKNOWN:
            _note(changes, "schema", value.schema, answer(key, value.schema, False))  # noqa: FBT003 - only a name is used
        _note(changes, "item", value.item, _inside(value.item, answer))
    return replace(value, **changes) if changes else value
