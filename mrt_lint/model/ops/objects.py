"""Operations on what has no columns of its own: views, triggers, types, sequences."""

from __future__ import annotations

from dataclasses import field

from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops.operation import Op
from mrt_lint.model.values import Flag, MaybeName, Name, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectOp(Op):
    """What the operations on such an object share: its `kind`, of which `CreateObject` has a list."""

    kind: str
    name: Name

    @property
    def op(self) -> str:
        """Like "create_view", "drop_materialized_view", "rename_type", …"""
        return f"{type(self).__name__.removesuffix('Object').lower()}_{self.kind.replace(' ', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateObject(ObjectOp):
    """An object without columns of its own: `kind` is its type.

    kind: "view", "materialized view", "trigger", "function", "procedure", "sequence", "type", "enum", "domain", "extension",
    "schema", "policy", "rule", "event", "collation", … in lower case. `table` if it belongs to one. `members` for an enum.
    `body` is the text after the name, for comparing definitions.
    """

    schema: MaybeName = None
    table: MaybeName = None
    members: tuple[Name, ...] | Unknown | None = None
    or_replace: bool = False
    if_not_exists: Flag = False
    body: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropObject(ObjectOp):
    """`together` are the names of the same statement (never compared)."""

    schema: MaybeName = None
    table: MaybeName = None
    if_exists: Flag = False
    cascade: bool = False
    together: tuple[Name, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameObject(ObjectOp):
    new_name: Name
    schema: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterObject(ObjectOp):
    """A change to such an object that has no operation of its own; `action` is the rest of the statement, upper-cased words.

    `text` is the statement itself (never compared).
    """

    schema: MaybeName = None
    action: MaybeName = None
    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEnumValue(Op):
    """`ALTER TYPE … ADD VALUE`."""

    enum: Name
    value: Name
    schema: MaybeName = None
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameEnumValue(Op):
    enum: Name
    value: Name
    new_value: Name
    schema: MaybeName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSequenceValue(Op):
    """`setval()`, `ALTER SEQUENCE … RESTART`, `ALTER TABLE … AUTO_INCREMENT =`; ROLLBACK takes back only RESTART (`restarts`)."""

    sequence: Name
    table: MaybeName = None
    restarts: bool = field(default=False, compare=False, repr=False)
