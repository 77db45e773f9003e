"""Why something of a replayed schema is not known: the operations that could not be read, or not be decided by reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Final

from mrt_lint.history.doubt import unread
from mrt_lint.history.schema import QualifiedName, QualifiedObject, fold, object_place, place
from mrt_lint.model import ops
from mrt_lint.model.lean import dataclass
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Op
from mrt_lint.model.values import HOLE, UNKNOWN

_OF_TABLES: Final = (
    ops.CreateTable,
    ops.DropTable,
    ops.RenameTable,
    ops.AddColumn,
    ops.DropColumn,
    ops.AlterColumn,
    ops.CreateIndex,
    ops.DropIndex,
    ops.RenameIndex,
    ops.CreateConstraint,
    ops.DropConstraint,
    ops.RenameConstraint,
    ops.ValidateConstraint,
)
_OF_OBJECTS: Final = (ops.CreateObject, ops.DropObject, ops.RenameObject, ops.AlterObject)
_CONDITION: Final = "under a condition that reading cannot decide"
_HOLES: Final = "not all of it could be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCause:
    """What leaves something unknown: `what` is an operation or the source of a call, `why` one clause."""

    path: str
    line: int
    revision: str | None
    what: str
    why: str


class UnknownCauses:
    """The doubts about a schema, by what they concern; those about no table or object in particular concern all of it.

    `made` are the tables that the migrations create, whatever became of them.
    """

    def __init__(self, migrations: Iterable[Migration], dialect: str) -> None:
        self.of_all: list[UnknownCause] = []
        self.of_table: defaultdict[QualifiedName, list[UnknownCause]] = defaultdict(list)
        self.of_object: defaultdict[QualifiedObject, list[UnknownCause]] = defaultdict(list)
        self.made: set[QualifiedName] = set()
        self._indexes: dict[str, QualifiedName] = {}
        for migration in migrations:
            for op in migration.upgrade_ops:
                if op.dialects is None or dialect in op.dialects:
                    self._follow(op, migration)
            self.of_all += _unread(migration)

    def _follow(self, op: Op, migration: Migration) -> None:
        if isinstance(op, _OF_TABLES):
            self._follow_table(op, migration)
        elif isinstance(op, _OF_OBJECTS):
            self._follow_object(op, migration)
        elif isinstance(op, ops.Statement) and _may_change(op):
            text = " ".join(op.text.replace(HOLE, "…").split())
            self._add(self.of_all, op, migration, "what it does to the schema could not be read", text)

    def _follow_table(self, op: Op, migration: Migration) -> None:
        table, index = getattr(op, "table", None), getattr(op, "index", None)
        where = place(op.schema, table) if isinstance(table, str) else self._indexes.get(fold(str(index)))  # type: ignore[attr-defined]  # they all have one
        if where is None:
            if table is UNKNOWN or index is UNKNOWN:
                self._add(self.of_all, op, migration, "which table it concerns could not be read")
            return
        if isinstance(op, ops.CreateTable):
            self.made.add(where)
        # a table that is made anew, or gone, has none of the doubts about the one before it
        if isinstance(op, ops.CreateTable | ops.DropTable) and op.certain:
            self.of_table.pop(where, None)
        if isinstance(op, ops.CreateIndex) and isinstance(index, str):
            self._indexes[fold(index)] = where
        self._collect(self.of_table[where], op, migration)
        if isinstance(op, ops.RenameTable) and isinstance(op.new_table, str):
            self._rename(where, place(op.schema, op.new_table), op, migration)

    def _rename(self, old: QualifiedName, new: QualifiedName, op: ops.RenameTable, migration: Migration) -> None:
        self.of_table[new] = self.of_table.pop(old, [])
        if old in self.made:
            self.made.add(new)
        else:
            self._add(self.of_table[new], op, migration, f"it renames {op.table}, which this history does not create")

    def _follow_object(self, op: Op, migration: Migration) -> None:
        kind, name, schema = (getattr(op, field) for field in ("kind", "name", "schema"))
        if not isinstance(name, str):
            self._add(self.of_all, op, migration, f"which {kind} it concerns could not be read")
            return
        where = object_place(kind, schema, name)
        if isinstance(op, ops.AlterObject):
            doubts = self.of_table[where[1:]] if kind == "table" else self.of_object[where]
            self._add(doubts, op, migration, "what it leaves is not followed")
            return
        self._collect(self.of_object[where], op, migration)
        if isinstance(op, ops.RenameObject) and isinstance(op.new_name, str):
            self.of_object[object_place(kind, schema, op.new_name)] = self.of_object.pop(where, [])

    def _collect(self, doubts: list[UnknownCause], op: Op, migration: Migration) -> None:
        if not op.certain:
            self._add(doubts, op, migration, _CONDITION)
        elif _has_hole(op) or (isinstance(op, ops.CreateTable) and not op.complete):
            self._add(doubts, op, migration, _HOLES)

    @staticmethod
    def _add(doubts: list[UnknownCause], op: Op, migration: Migration, why: str, what: str = "") -> None:
        line = op.origin.line if op.origin else migration.place.line
        revision = migration.revision if isinstance(migration.revision, str) else None
        doubt = UnknownCause(path=migration.path, line=line, revision=revision, what=what or describe(op), why=why)
        # a loop makes one line many operations
        if doubt not in doubts:
            doubts.append(doubt)


def describe(op: Op) -> str:
    """Name an operation and what it concerns: "drop_column users.phone"."""
    names = [getattr(op, field, None) for field in ("schema", "table", "column", "index", "constraint", "name")]
    said = ".".join("?" if name is UNKNOWN else str(name) for name in names if name is not None)
    return f"{op.op} {said}".rstrip()


def _unread(migration: Migration) -> Iterator[UnknownCause]:
    """Return the calls in upgrade() that became no operation."""
    revision = migration.revision if isinstance(migration.revision, str) else None
    for call in unread(migration, "upgrade"):
        source = " ".join(call.source.split())
        yield UnknownCause(path=migration.path, line=call.place.line, revision=revision, what=source, why=call.why)


def _may_change(op: ops.Statement) -> bool:
    """Return whether a statement without an operation of its own may change the schema."""
    return op.effect is UNKNOWN or (op.effect is True and op.command.partition(" ")[0] in {"ALTER", "CREATE", "DROP", "RENAME"})


def _has_hole(value: object) -> bool:
    if value is UNKNOWN:
        return True
    if isinstance(value, str):
        return HOLE in value
    if isinstance(value, tuple):
        return any(map(_has_hole, value))
    return is_dataclass(value) and any(_has_hole(getattr(value, field.name)) for field in fields(value) if field.name != "origin")
