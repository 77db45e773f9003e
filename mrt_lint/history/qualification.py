"""One name for each thing of a history: what is named with its schema in one place and without it in another.

Which schema a name without one is in, the database knows from its search path, which env.py, a role or the server may set. So the
names are made the same before anything is replayed or compared, and no one else has to ask which two are one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from mrt_lint.history.named_schema import NameKey, with_schemas
from mrt_lint.history.schema import DEFAULT_SCHEMAS, fold
from mrt_lint.model import ops
from mrt_lint.model.dialects import admits
from mrt_lint.model.lean import replace
from mrt_lint.model.migration import Migration, MigrationFunction
from mrt_lint.model.ops import Op
from mrt_lint.model.search_path import SearchPath, search_path_in
from mrt_lint.model.values import HOLE, MaybeName

_FUNCTIONS: Final = ("upgrade", "downgrade")
_MARKS: Final = ("column", "constraint", "columns", "new_table")
_KINDS_OF_LOGIN: Final = frozenset({"role", "user", "database"})


class Qualification:
    """Which schema the names without one are in, by what a history says of them.

    `search_path` is the one that env.py sets. Without it a name is taken for the same with and without a schema if the history
    makes it with one schema only and never without; if it makes neither, and no function does the same to both; or if a
    downgrade() undoes under the one name what upgrade() did under the other. But an upgrade() has to find something of that schema
    without naming it: a schema that only downgrades leave out was forgotten there, and they fail.
    """

    def __init__(self, migrations: Iterable[Migration], dialect: str, search_path: SearchPath = ()) -> None:
        self._dialect = dialect
        self._known: dict[int, tuple[Migration, Migration]] = {}
        self._used: defaultdict[NameKey, set[str | None]] = defaultdict(set)
        self._made: defaultdict[NameKey, set[str | None]] = defaultdict(set)
        self._apart: defaultdict[NameKey, set[str]] = defaultdict(set)
        self._distinct: set[tuple[NameKey, str]] = set()
        self._indexes: defaultdict[NameKey, set[str | None]] = defaultdict(set)
        self._found_bare: set[NameKey] = set()
        self._searched: set[str] = set()
        self._answers: dict[NameKey, tuple[str, ...]] = {}
        every = tuple(migrations)
        self._path = search_path or _of_login(op for migration in every for op in migration.upgrade_ops)
        if not self._path and not any(map(_has_schema, every)):
            return
        for migration in every:
            self._note(migration)
        self._searched |= self._find_searched()
        self._answers = {key: found for key in self._used if (found := tuple(sorted(self._candidates(key))))}
        indexed = [op for migration in every for _, function in _functions(self.of(migration)) for op in function.ops]
        for op in indexed:
            if isinstance(op, ops.CreateIndex) and isinstance(op.index, str):
                self._indexes["index", fold(op.index)].add(self._written(op.schema))
        self._known.clear()  # what was asked for the indexes knew of none

    def of(self, migration: Migration) -> Migration:
        """Return a migration whose names have the schema that they are in; itself where they had."""
        if not self._answers and not self._indexes:
            return migration
        known = self._known.get(id(migration))
        if known is None:
            # with the migration itself, so that no other one gets its identity
            known = self._known[id(migration)] = migration, self._qualified(migration)
            self._known[id(known[1])] = known[1], known[1]
        return known[1]

    def _note(self, migration: Migration) -> None:
        """Note what a migration calls things."""
        names: dict[str, defaultdict[NameKey, set[str | None]]] = {}
        for kind, function in _functions(migration):
            here: defaultdict[NameKey, set[str | None]] = defaultdict(set)
            names[kind] = here
            done: defaultdict[tuple[object, ...], set[str | None]] = defaultdict(set)
            for op, path in _with_paths(function.ops, ()):
                if not admits(op.dialects, self._dialect):
                    continue
                self._note_op(op, path, here, is_upgrade=kind == "upgrade")
                self._note_twin(op, done)
        for key in names.get("upgrade", {}).keys() & names.get("downgrade", {}).keys():
            both = sorted((names["upgrade"][key], names["downgrade"][key]), key=lambda found: None not in found)
            if both[0] == {None} and len(both[1]) == 1:
                self._apart[key] |= {schema for schema in both[1] if schema is not None}

    def _note_op(self, op: Op, path: SearchPath, here: defaultdict[NameKey, set[str | None]], *, is_upgrade: bool) -> None:
        def answer(key: NameKey, schema: MaybeName, is_made: bool) -> MaybeName:  # noqa: FBT001 - one signature for all
            if schema is None or isinstance(schema, str):
                written = self._written(schema)
                here[key].add(written)
                self._used[key].add(written)
                if path:
                    self._searched.update(path)
                elif is_upgrade and not is_made and written is None:
                    self._found_bare.add(key)
                # what is made under a search path of the function's own is in a schema of it
                if is_made and is_upgrade and not (schema is None and path):
                    self._made[key].add(written)
            return schema

        with_schemas(op, answer)
        if isinstance(op, ops.AlterObject) and isinstance(op.name, str) and str(op.action).startswith("SET SCHEMA"):
            self._made["relation", fold(op.name)].add(self._written(str(op.action).removeprefix("SET SCHEMA").strip(' "')))

    def _note_twin(self, op: Op, done: defaultdict[tuple[object, ...], set[str | None]]) -> None:
        """Note a table to which a function does the same with its schema and without: these are two."""
        name, schema = getattr(op, "table", None), getattr(op, "schema", None)
        mark = tuple(getattr(op, mark) for mark in _MARKS if hasattr(op, mark))
        if not isinstance(name, str) or not mark or not op.certain:
            return
        key, written = ("relation", fold(name)), self._written(schema)
        others = done[key, op.op, mark]
        others.add(written)
        if None in others:
            self._distinct |= {(key, other) for other in others if other is not None}

    def _written(self, schema: MaybeName) -> str | None:
        """Return a schema as it is compared: the default one is none, unless names without one may be elsewhere."""
        folded = fold(schema) if isinstance(schema, str) else None
        return None if folded in DEFAULT_SCHEMAS and not self._path else folded

    def _find_searched(self) -> set[str]:
        """Return the schemas in which upgrades find what they name without one."""
        found: set[str] = set()
        for key in self._found_bare:
            if None not in self._made[key]:
                found |= {schema for schema in self._made[key] or self._used[key] if schema is not None}
        return found

    def _candidates(self, key: NameKey) -> set[str]:
        """Return the schemas that a name without one may be in, none where it is in the default one."""
        used, made = self._used[key], self._made[key]
        others = {schema for schema in used if schema is not None and (key, schema) not in self._distinct}
        if None not in used or not others:
            return set()
        if self._path:
            wanted = self._path[:1] if None in made else self._path
            return set(next(([schema] for schema in wanted if schema in others), ()))
        if None in made:
            return self._apart[key] & others if len(self._apart[key]) == 1 and not made & others else set()
        return ({schema for schema in made if schema in others} or others) & self._searched

    def _qualified(self, migration: Migration) -> Migration:
        found = {kind: self._qualified_function(migration, function) for kind, function in _functions(migration)}
        changed = {kind: function for kind, function in found.items() if function is not getattr(migration, kind)}
        return replace(migration, **changed) if changed else migration  # type: ignore[arg-type]  # both are functions

    def _qualified_function(self, migration: Migration, function: MigrationFunction) -> MigrationFunction:
        named: defaultdict[NameKey, set[str]] | None = None

        def schema_of(key: NameKey, path: SearchPath) -> str | None:
            nonlocal named
            found = self._answers.get(key, ())
            if path:
                return next((schema for schema in path if schema in self._used.get(key, ())), None)
            if len(found) > 1:
                # what else the migration names may leave one of them
                named = _named_in(migration) if named is None else named
                found = tuple(schema for schema in found if schema in named[key])
            return found[0] if len(found) == 1 else None

        def qualified(op: Op, path: SearchPath) -> Op:
            def answer(key: NameKey, schema: MaybeName, is_made: bool) -> MaybeName:  # noqa: ARG001, FBT001 - one signature
                if schema is not None:
                    return schema
                if key[0] == "index":
                    places = self._indexes.get(key, set())
                    return next(iter(places)) if len(places) == 1 else None
                return schema_of(key, path)

            return with_schemas(op, answer) if admits(op.dialects, self._dialect) else op

        new = tuple(qualified(op, path) for op, path in _with_paths(function.ops, ()))
        is_same = all(after is before for after, before in zip(new, function.ops, strict=True))
        return function if is_same else replace(function, ops=new)


def _functions(migration: Migration) -> Iterator[tuple[str, MigrationFunction]]:
    for kind in _FUNCTIONS:
        function = getattr(migration, kind)
        if function is not None:
            yield kind, function


def _with_paths(operations: Iterable[Op], path: SearchPath) -> Iterator[tuple[Op, SearchPath]]:
    """Return each operation with the search path that the function itself has set before it."""
    for op in operations:
        if isinstance(op, ops.Statement) and op.command in {"SET", "RESET", "SELECT"} and "search_path" in op.text.lower():
            path = search_path_in(op.text) or ()
        yield op, path


def _of_login(operations: Iterable[Op]) -> SearchPath:
    """Return the search path that migrations themselves give to a role or the database."""
    found = [
        search_path_in(op.action) or ()
        for op in operations
        if isinstance(op, ops.AlterObject) and op.kind in _KINDS_OF_LOGIN and isinstance(op.action, str)
    ]
    return next(filter(None, reversed(found)), ())


def _has_schema(migration: Migration) -> bool:
    """Return whether an operation names a schema that is not the default one."""
    for _, function in _functions(migration):
        for op in function.ops:
            schema = getattr(op, "schema", None)
            if isinstance(schema, str) and HOLE not in schema and fold(schema) not in DEFAULT_SCHEMAS:
                return True
    return False


def _named_in(migration: Migration) -> defaultdict[NameKey, set[str]]:
    """Return the schemas that a migration names with each name."""
    found: defaultdict[NameKey, set[str]] = defaultdict(set)

    def answer(key: NameKey, schema: MaybeName, is_made: bool) -> MaybeName:  # noqa: ARG001, FBT001 - one signature
        if isinstance(schema, str):
            found[key].add(fold(schema))
        return schema

    for _, function in _functions(migration):
        for op in function.ops:
            with_schemas(op, answer)
    return found
