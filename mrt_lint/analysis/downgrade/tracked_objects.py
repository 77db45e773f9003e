"""What a migration makes, moves and drops, followed by identity: a renamed table is the same table under another name."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from typing import TypeAlias, TypeGuard

from mrt_lint.history.schema import QualifiedName, fold, without_order
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import (
    CreateIndex,
    Op,
)
from mrt_lint.model.values import HOLE, Column, Constraint, MaybeName, Unset

_WORD = re.compile(r"\w+")
Key = Hashable
Definition: TypeAlias = Column | Constraint | Op | None


def readable(name: MaybeName | Unset) -> TypeGuard[str]:
    """Return whether a name was read in full."""
    return isinstance(name, str) and HOLE not in name


class TrackedObject:
    """An object of the database.

    `creator` is the operation that created it, None if it existed before the migration. `definition` is what is known of it:
    a Column, a Constraint, the operation that created it, None for nothing. `table` is the table it belongs to, `beside` the column
    whose definition brought it along. `settings` are the attributes that operations have set since, each with the operation
    that did, `former` what they were before. `exists` is False once it was dropped or replaced. `uncertain` is True if it is not
    known whether it existed: it was dropped IF EXISTS, and no migration mentions it. `covering` are the columns under a
    constraint or index, by identity.
    """

    def __init__(
        self,
        creator: Op | None = None,
        definition: Definition = None,
        table: TrackedObject | None = None,
        beside: tuple[str, ...] = (),
    ) -> None:
        self.creator = creator
        self.definition = definition
        self.table = table
        self.beside = beside
        self.settings: dict[str, tuple[object, Op]] = {}
        self.former: dict[str, object] = {}
        self.exists = True
        self.uncertain = False
        self.covering: tuple[TrackedObject | None, ...] = ()

    def mentions(self, column: str) -> bool:
        """Return whether an index or constraint covers a column, or its text names it: the database drops it with the column."""
        if column in self.columns:
            return True
        texts: list[object] = [self.definition.condition] if isinstance(self.definition, Constraint) else []
        if isinstance(self.definition, CreateIndex):  # of an expression, as of a predicate
            texts = [self.definition.where, *(self.definition.columns if isinstance(self.definition.columns, tuple) else ())]
        return any(isinstance(text, str) and column in map(fold, _WORD.findall(text)) for text in texts)

    @property
    def is_unique(self) -> bool:
        """Whether no two rows may hold the same in its columns."""
        if isinstance(self.definition, CreateIndex):
            return self.definition.unique is True and self.definition.where is None
        return isinstance(self.definition, Constraint) and self.definition.kind in {"unique", "primary"}

    @property
    def constraint_kind(self) -> str | None:
        """The kind of the constraint that it is, None for what is none or is not known."""
        return self.definition.kind if isinstance(self.definition, Constraint) else None

    @property
    def is_reference(self) -> bool:
        """Whether it is a foreign key."""
        return isinstance(self.definition, Constraint) and self.definition.is_reference

    @property
    def is_unread_check(self) -> bool:
        """Whether it is a CHECK whose condition, and so its columns, could not be read."""
        check = self.definition
        return isinstance(check, Constraint) and check.kind == "check" and not readable(check.condition)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that an index or constraint covers, folded; empty if they are not known."""
        found = self.definition.columns if isinstance(self.definition, Constraint | CreateIndex) else ()
        return self.beside + (tuple(fold(name) for name in found if readable(name)) if isinstance(found, tuple) else ())


class ObjectNamespace:
    """Objects by name: `before` as they were when a name was first used, `now` as they are.

    `replaced_objects` are the last ones removed from each name.
    """

    def __init__(self, original: Callable[[Key], TrackedObject]) -> None:
        self.original = original
        self.before: dict[Key, TrackedObject | None] = {}
        self.now: dict[Key, TrackedObject | None] = {}
        self.dropped_in_upgrade: frozenset[Key] = frozenset()
        self.seen_in_upgrade: frozenset[Key] = frozenset()
        self.unsure: set[Key] = set()
        self.replaced_objects: dict[Key, TrackedObject] = {}

    def mark(self, is_open: Callable[[Key], bool]) -> None:
        """Record what was used, and what is dropped, at the end of upgrade(); `is_open` returns whether a name is in doubt."""
        self.seen_in_upgrade = frozenset(self.now)
        self.dropped_in_upgrade = frozenset(key for key, tracked in self.now.items() if tracked is None)
        self.unsure |= set(filter(is_open, self.dropped_in_upgrade))

    def was_dropped(self, key: Key) -> bool:
        """Return whether an object is gone that is known to have been there, or that this migration made or downgrade() dropped."""
        before = self.before.get(key)
        was_known = before is not None and before.definition is not None
        return self.is_gone(key) and (key not in self.dropped_in_upgrade or before is None or was_known)

    def find(self, key: Key) -> TrackedObject | None:
        """Return the object of a name; a name not seen before belongs to an object that existed before."""
        if key not in self.now:
            self.now[key] = self.before[key] = self.original(key)
        return self.now[key]

    def seed(self, key: Key, tracked: TrackedObject) -> None:
        """Record an object that existed before, unless its name was used already."""
        if key not in self.now:
            self.now[key] = self.before[key] = tracked

    def original_object(self, key: Key) -> TrackedObject | None:
        """Return the object that had this name before the migration, whatever its name is now."""
        self.find(key)
        return self.before[key]

    def put(self, key: Key, tracked: TrackedObject | None) -> None:
        """Store an object under a name, or None for no object."""
        self.before.setdefault(key, None)
        replaced = self.now.get(key)
        if replaced is not None and replaced is not tracked:
            replaced.exists = False
        self.now[key] = tracked

    def key_of(self, tracked: TrackedObject, former: Key) -> Key:
        """Return the name that an object has now; `former` where it has none."""
        if self.now.get(former) is tracked:
            return former
        return next((key for key, now in self.now.items() if now is tracked), former)

    def is_gone(self, key: Key) -> bool:
        """Return whether something certainly was taken away from there and nothing put in its place."""
        return key in self.now and self.now[key] is None and key not in self.unsure

    def drop(self, key: Key, *, certain: bool = True) -> TrackedObject | None:
        """Remove the object of a name and return it; None if there was none."""
        tracked = self.find(key)
        if not certain:
            self.unsure.add(key)
        self.now[key] = None
        if tracked is not None:
            tracked.exists = False
            self.replaced_objects[key] = tracked
        return tracked

    def move(self, key: Key, new_key: Key) -> TrackedObject | None:
        """Rename an object and return it; None if there was none."""
        tracked = self.find(key)
        if tracked is not None:
            self.put(new_key, tracked)
            if new_key != key:
                self.now[key] = None
        return tracked


class TrackedTable(TrackedObject):
    """A table with its columns and constraints by name. `rows` are the tables whose rows it holds; an existing one holds its own.

    `unnamed` are constraints without a name in the source; `complete` is False if its definition was not read in full,
    `maybe_empty` True once rows were deleted under a condition, `filled` once rows were written.
    `current_key` is its present name, `origin` its first.
    """

    def __init__(
        self, current_key: QualifiedName, creator: Op | None = None, definition: Definition = None, *, complete: bool = True
    ) -> None:
        super().__init__(creator, definition)
        self.current_key = self.origin = current_key
        self.complete = complete
        self.maybe_empty = False
        self.filled = False
        self.columns_by_name = ObjectNamespace(lambda _: TrackedObject(creator, table=self))
        self.constraints = ObjectNamespace(lambda _: TrackedObject(creator, table=self))
        self.unnamed: list[TrackedObject] = []
        self.rows: set[TrackedTable] = {self} if creator is None else set()

    def parts(self) -> Iterator[TrackedObject | None]:
        """Return the constraints that are there, named or not."""
        yield from (*self.constraints.now.values(), *self.unnamed)

    def cover(self, index: TrackedObject) -> TrackedObject:
        """Note the columns under an index of the table, unless it has an expression; return the index."""
        names = tuple(map(without_order, index.columns))
        if names and all(name.isidentifier() or name in self.columns_by_name.now for name in names):
            index.covering = tuple(self.columns_by_name.find(name) for name in names)
        return index

    def drop_unnamed(self, constraint: TrackedObject) -> None:
        """Remove a constraint that has no name in the source."""
        self.unnamed.remove(constraint)
        constraint.exists = False


@dataclass(frozen=True, slots=True)
class ObjectEffect:
    """What one operation did to one object: `action` is "made", "dropped", "moved" or the setting that it changed.

    `key` is the place in `namespace` that has to be as before once the operation is undone, None for what has no name there;
    `tracked` is the object, None if it no longer existed.
    """

    action: str
    namespace: ObjectNamespace
    key: Key
    tracked: TrackedObject | None
