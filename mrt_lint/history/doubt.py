"""What a function may have done besides what was read of it, kept to the things that it may have done it to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mrt_lint.history.effects import OF_TABLES, Thing, effects_of
from mrt_lint.history.schema import QualifiedName, fold
from mrt_lint.model.dialects import admits
from mrt_lint.model.migration import Migration, UnreadableCall
from mrt_lint.model.ops import BatchAlterTable, DropObject, Execute, Op, Statement
from mrt_lint.model.values import UNKNOWN

_WORD = re.compile(r"\w+")


class Doubts:
    """What upgrade() or downgrade() may have done that cannot be read from the source.

    `anything` is True if it may be anything: SQL that could not be read, a block or routine that is run, a call of the project's
    own code. An operation without a readable name leaves open what is of its kind in its table; one that Alembic does not have,
    a plugin's, whatever is no part of a table, and what its call names. `rows` is True if rows may have been changed.
    """

    def __init__(self, migration: Migration, function: str, dialect: str | None, ops: Iterable[Op]) -> None:
        operations = tuple(ops)
        calls = tuple(unread(migration, function, dialect))
        self.anything = migration.unseen or any(map(is_opaque, operations)) or any(map(_may_do_anything, calls))
        self.rows = self.anything or not migration.readable(function, dialect)
        self.words = frozenset(fold(word) for call in calls if call.concerns == "objects" for word in _WORD.findall(call.source))
        self.has_plugins = any(call.concerns == "objects" for call in calls)
        self._open = {(thing.kind, _owner(thing)) for op in operations for thing in _left_open(op)}
        self._is_about_names = all(map(_is_about_names, operations))

    def concern(self, kind: str, owner: QualifiedName | None = None, *names: str) -> bool:
        """Return whether something of a kind, in a table, of one of these names, may have been made, changed or dropped."""
        if self.anything or not self._open.isdisjoint({("table", None), (kind, None), (kind, owner)}):
            return True
        if self.has_plugins and kind not in OF_TABLES:
            return True
        return not self.words.isdisjoint({*names, *((owner[1],) if owner is not None else ())})

    def concern_thing(self, thing: Thing) -> bool:
        """Return whether a thing may have been made, changed or dropped."""
        return self.concern(thing.kind, _owner(thing), *((thing.name,) if isinstance(thing.name, str) else ()))

    @property
    def is_clear_but_for_names(self) -> bool:
        """Whether there is none, except about the names that the database gives to what is made without one."""
        return self._is_about_names and not (self.anything or self.has_plugins)

    @property
    def is_clear(self) -> bool:
        """Whether there is none."""
        return not (self.anything or self._open or self.has_plugins)

    @property
    def leaves_tables_open(self) -> bool:
        """Whether an operation was on a table whose name could not be read."""
        return any(owner is None for _, owner in self._open)


def unread(migration: Migration, function: str, dialect: str | None = None) -> Iterator[UnreadableCall]:
    """Return the calls that became no operation and may have changed the schema."""
    ops = migration.upgrade_ops if function == "upgrade" else migration.downgrade_ops
    # a line that became an operation was read well enough, though one of its arguments was not
    understood = {op.origin.line for op in ops if op.origin is not None and not isinstance(op, Execute | BatchAlterTable)}
    for call in migration.unreadable:
        runs = call.function == function and (dialect is None or admits(call.dialects, dialect))
        if runs and call.place.line not in understood and call.concerns != "rows":
            yield call


def is_opaque(op: Op) -> bool:
    """Return whether an operation may do anything at all: SQL that could not be read, a block or routine that is run."""
    if isinstance(op, Execute):
        return not isinstance(op.statement, str)
    return isinstance(op, Statement) and op.effect is UNKNOWN


def _may_do_anything(call: UnreadableCall) -> bool:
    return call.concerns != "objects"


def _left_open(op: Op) -> Iterator[Thing]:
    """Return the things that an operation concerns of which the name, or the table, is not known."""
    for thing in effects_of(op).touched():
        if not isinstance(thing.name, str) or thing.owner is UNKNOWN:
            yield thing
    if isinstance(op, DropObject) and op.kind == "schema" and op.name is UNKNOWN:
        yield Thing("table", None, UNKNOWN)  # whatever is in it goes along


def _is_about_names(op: Op) -> bool:
    """Return whether an operation leaves open at most the names of what it makes in a known table without one."""
    made = effects_of(op).makes
    return all(thing in made and thing.name is None and isinstance(thing.owner, tuple) for thing in _left_open(op))


def _owner(thing: Thing) -> QualifiedName | None:
    return thing.owner if isinstance(thing.owner, tuple) else None
