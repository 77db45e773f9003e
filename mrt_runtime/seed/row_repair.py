"""Writing other values into rows: for a column, for those that hold the same because they refer to each other, or in documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import ForeignKey, Schema, Table, qualified
from mrt_runtime.seed.json_texts import ITEM, JsonPath
from mrt_runtime.seed.row_adjuster import is_one_of
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.seeded import Seeded
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row, Value
from mrt_runtime.seed.value_repair import ValueRepair

MOST_TURNS = 40
Place: TypeAlias = tuple[str, str]
"""A table, by its label, and a column."""
Imposed: TypeAlias = Container[tuple[str, str, object]]
"""Values of a table and column."""


class RowRepairer:
    """Writes what repairs ask for into rows that were made up; `seeded` is what is seeded then.

    schema: with the keys that later migrations add, and the columns by which they join tables. is_written: whether a migration
    names a value. imposed: what migrations wrote, into rows that were made up as well. `given` are the tables whose
    rows the project supplies.
    """

    def __init__(
        self, writer: RowWriter, schema: Schema, seeded: Seeded, is_written: Callable[[str], bool], imposed: Imposed = ()
    ) -> None:
        self.seeded = seeded
        self._imposed = imposed
        self.given: Collection[str] = ()
        self._is_written = is_written
        self._writer = writer
        self._tables = {table.label: table for table in schema.tables}

    def repair(self, repair: ValueRepair) -> bool:
        """Write other values in the place of those that are not of the wanted sort, and return whether there were any."""
        if repair.label not in self._tables or self._tables[repair.label].column(repair.column) is None:
            return False
        if repair.path is not None:
            return self._repair_documents(repair, repair.path)
        places = self._connected((repair.label, repair.column))
        changes = self._plan(repair, places)
        connection, dialect = self._writer.connection, self._writer.dialect
        try:
            with connection.begin_nested(), dialect.deferral(connection, self._keys(places) if changes else ()):
                for label, name in places:
                    for old, new in changes.items():
                        self._update(label, name, old, new, may_fail=(label, name) != (repair.label, repair.column))
        except DBAPIError:
            return False
        for label, name in places:
            self._follow(label, name, changes)
        return bool(changes)

    def _update(self, label: str, column: str, old: Value, new: Value, *, may_fail: bool) -> None:
        """Write a value in the place of another; a column that is only joined with it may be of another type."""
        update, change = self._writer.update, (self._tables[label], {column: old}, {column: new})
        if may_fail:
            self._writer.attempt(update, *change)
        else:
            update(*change)

    def _repair_documents(self, repair: ValueRepair, path: JsonPath) -> bool:
        """Write other documents."""
        table, has_changed = self._tables[repair.label], False
        for ordinal, (row, is_ours) in enumerate(self._read(repair.label, repair.column)):
            old = row[repair.column]
            new = change_part(old, repair, path, ordinal) if is_ours and isinstance(old, str) else None
            if new is not None:
                where = {name: row[name] for name in key_columns(table) or (repair.column,)}
                has_changed = self._writer.attempt(self._writer.update, table, where, {repair.column: new}) is None or has_changed
        return has_changed

    def _read(self, label: str, column: str) -> Iterator[tuple[Row, bool]]:
        """Yield the rows of a table with a column and those of its key, and whether each was made up.

        So is a row that came with another one and is not known by its key; what a migration wrote, it says.
        """
        names, keys = key_columns(self._tables[label]), self.seeded.keys.get(label)
        for row in self._writer.read(self._tables[label], tuple(dict.fromkeys((column, *names)))):
            is_known = keys is not None and (not names or is_one_of(row, keys))
            is_theirs = label in self.given or (label, column, row[column]) in self._imposed
            yield row, not is_theirs and (is_known or not self._is_written(str(row[column])))

    def _plan(self, repair: ValueRepair, places: Sequence[Place]) -> dict[Value, Value]:
        """Return the new value of each of ours that is not of the wanted sort; values that other rows hold as well stay."""
        rows = [(row[name], is_ours) for label, name in places for row, is_ours in self._read(label, name)]
        others = {value for value, is_ours in rows if not is_ours}
        ours = [value for value in dict.fromkeys(value for value, is_ours in rows if is_ours) if isinstance(value, str)]
        changes: dict[Value, Value] = {}
        taken = {value for value, _ in rows}
        for ordinal, old in enumerate(value for value in ours if value not in others and not repair.reads(value)):
            new = next(self._untaken(repair, old, ordinal, taken))
            taken.add(new)
            changes[old] = new
        return changes

    def _untaken(self, repair: ValueRepair, old: str, ordinal: int, taken: Collection[Value]) -> Iterator[str]:
        """Yield values that no row holds yet; in the end, since there may be but a few labels, one that some row does."""
        made = [str(repair.make(old, ordinal + turn)) for turn in range(MOST_TURNS)]
        yield from (value for value in made if value not in taken)
        yield made[0]

    def _connected(self, place: Place) -> list[Place]:
        """Return a column with all that refer to it, or that it refers to, however many in between."""
        found, pending = {place}, [place]
        while pending:
            here = pending.pop()
            for one, other in self._references():
                near = other if one == here else one if other == here else None
                if near is not None and near not in found:
                    found.add(near)
                    pending.append(near)
        return sorted(found)

    def _references(self) -> Iterator[tuple[Place, Place]]:
        """Yield each column that refers to another one with that one."""
        for table in self._tables.values():
            for key in table.foreign_keys:
                referred = self._tables.get(qualified(key.referred_table, key.referred_schema))
                if referred is not None:
                    there = key.referred_columns or key_columns(referred)
                    yield from (((table.label, a), (referred.label, b)) for a, b in zip(key.columns, there, strict=False))

    def _keys(self, places: Sequence[Place]) -> list[tuple[Table, ForeignKey]]:
        """Return the foreign keys over these columns that the database checks."""
        columns = set(places)
        return [
            (table, key)
            for table in self._tables.values()
            for key in table.foreign_keys
            if any((table.label, name) in columns for name in key.columns)
        ]

    def _follow(self, label: str, name: str, changes: Mapping[Value, Value]) -> None:
        """Record what our rows are found by now."""

        def follow(key: Row) -> Row:
            new = changes.get(key.get(name))
            return {**key, name: new} if name in key and new is not None else key

        keys, edges, orphans, held = self.seeded.keys, self.seeded.edges, self.seeded.orphans, self.seeded.held
        self.seeded = replace(
            self.seeded,
            keys={**keys, label: tuple(map(follow, keys[label]))} if label in keys else keys,
            edges={**edges, label: tuple(replace(edge, key=follow(edge.key)) for edge in edges[label])}
            if label in edges
            else edges,
            orphans={**orphans, label: tuple(map(follow, orphans[label]))} if label in orphans else orphans,
            held={**held, label: tuple(map(follow, held[label]))} if label in held else held,
        )


def change_part(text: str, repair: ValueRepair, path: JsonPath, ordinal: int) -> str | None:
    """Return a document with another value at a path; None where nothing is there, or what is wanted."""
    try:
        root: list[object] = [json.loads(text)]
    except (ValueError, RecursionError):
        return None
    has_changed = False
    for holder, key in list(_find_at(root, (ITEM, *path))):
        old = holder[key]
        if not repair.reads(old):
            holder[key], has_changed = repair.make(old, ordinal), True
    return json.dumps(root[0]) if has_changed else None


def _find_at(holder: Any, path: JsonPath) -> Iterator[tuple[Any, Any]]:
    """Yield each list or object with the place in it that a path ends at."""
    places: list[object] = []
    if path[0] == ITEM and isinstance(holder, list):
        places = list(range(len(holder)))
    elif isinstance(holder, dict) and path[0] in holder:
        places = [path[0]]
    for place in places:
        if len(path) == 1:
            yield holder, place
        else:
            yield from _find_at(holder[place], path[1:])
