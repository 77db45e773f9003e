"""Operations on what has no columns of its own: views, triggers, types, sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrt_lint.model.ops.operation import Op
from mrt_lint.model.values import Flag, MaybeName, Name, Unknown

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from mrt_lint.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateObject(Op):
    """An object without columns of its own: `kind` is its type.

    kind: "view", "materialized view", "trigger", "function", "procedure", "sequence", "type", "enum", "domain", "extension",
    "schema", "policy", "rule", "event", "collation", … in lower case. `table` if it belongs to one. `members` for an enum.
    `body` is the text after the name, for comparing definitions.
    """

    kind: str
    name: Name
    schema: MaybeName = None
    table: MaybeName = None
    members: tuple[Name, ...] | Unknown | None = None
    or_replace: bool = False
    if_not_exists: Flag = False
    body: MaybeName = None

    @property
    def op(self) -> str:
        """Like "create_view", "create_materialized_view", …"""
        return f"create_{self.kind.replace(' ', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropObject(Op):
    kind: str
    name: Name
    schema: MaybeName = None
    table: MaybeName = None
    if_exists: Flag = False
    cascade: bool = False

    @property
    def op(self) -> str:
        """Like "drop_view", "drop_materialized_view", …"""
        return f"drop_{self.kind.replace(' ', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameObject(Op):
    kind: str
    name: Name
    new_name: Name
    schema: MaybeName = None

    @property
    def op(self) -> str:
        """Like "rename_view", "rename_materialized_view", …"""
        return f"rename_{self.kind.replace(' ', '_')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterObject(Op):
    """A change to such an object that has no operation of its own; `action` is the rest of the statement, upper-cased words."""

    kind: str
    name: Name
    schema: MaybeName = None
    action: MaybeName = None

    @property
    def op(self) -> str:
        """Like "alter_view", "alter_materialized_view", …"""
        return f"alter_{self.kind.replace(' ', '_')}"


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
    """`setval()`, `ALTER SEQUENCE … RESTART`, `ALTER TABLE … AUTO_INCREMENT =`."""

    sequence: Name
    table: MaybeName = None
