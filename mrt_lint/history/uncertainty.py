"""Why something of a replayed schema is not known: the operations that could not be read, or not be decided by reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Final

from mrt_lint.history.doubt import unread
from mrt_lint.history.effects import OF_TABLES, Thing, effects_of
from mrt_lint.history.schema import QualifiedName, QualifiedObject
from mrt_lint.model import ops
from mrt_lint.model.lean import dataclass
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import Op
from mrt_lint.model.values import HOLE, UNKNOWN

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
        self._indexes: dict[QualifiedName, QualifiedName] = {}
        for migration in migrations:
            for op in migration.upgrade_ops:
                if op.dialects is not None and dialect not in op.dialects:
                    continue
                self._follow(op, migration)
                if isinstance(op, ops.Statement) and _may_change(op):
                    text = " ".join(op.text.replace(HOLE, "…").split())
                    self._add(self.of_all, op, migration, "what it does to the schema could not be read", text)
            self.of_all += _unread(migration)

    def _follow(self, op: Op, migration: Migration) -> None:
        effects = effects_of(op)
        for thing in (*effects.makes, *effects.drops, *effects.changes, *(old for old, _ in effects.moves)):
            doubts = self._of(thing)
            if doubts is None:
                kind = "table" if thing.kind in OF_TABLES else getattr(op, "kind", thing.kind)
                self._add(self.of_all, op, migration, f"which {kind} it concerns could not be read")
            elif isinstance(op, ops.AlterObject):
                self._add(doubts, op, migration, "what it leaves is not followed")
            else:
                # a table that is recreated, or gone, has none of the doubts about the one before it
                if thing.kind == "table" and thing in (*effects.makes, *effects.drops) and op.certain:
                    doubts.clear()
                self._collect(doubts, op, migration)
        self.made |= {thing.place for thing in effects.makes if thing.kind == "table" and isinstance(thing.name, str)}
        for thing in effects.makes:
            if thing.kind == "index" and isinstance(thing.owner, tuple):
                self._indexes[thing.place] = thing.owner
        for old, new in effects.moves:
            self._rename(old, new, op, migration)

    def _of(self, thing: Thing) -> list[UnknownCause] | None:
        """Return the doubts about a thing, or about its table; None if it may be any."""
        if thing.kind not in OF_TABLES:
            return self.of_object[thing.key] if isinstance(thing.name, str) else None
        where = thing.place if thing.kind == "table" and isinstance(thing.name, str) else thing.owner
        if where is None and thing.kind == "index" and isinstance(thing.name, str):
            where = self._indexes.get(thing.place)
            return self.of_table[where] if where is not None else []
        return self.of_table[where] if isinstance(where, tuple) else None

    def _rename(self, old: Thing, new: Thing, op: Op, migration: Migration) -> None:
        if not (isinstance(old.name, str) and isinstance(new.name, str)):
            return
        if old.kind not in OF_TABLES:
            self.of_object[new.key] = self.of_object.pop(old.key, [])
        elif old.kind == "table":
            self.of_table[new.place] = self.of_table.pop(old.place, [])
            if old.place in self.made:
                self.made.add(new.place)
            else:
                self._add(self.of_table[new.place], op, migration, f"it renames {old.name}, which this history does not create")

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
