"""Which made-up values a migration could not convert, by the error, and what is written in their place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema import Schema, Table, qualified
from mrt_runtime.seed.edge_row import shorten
from mrt_runtime.seed.json_texts import JsonPath
from mrt_runtime.seed.made_up import SHORTEST, Holder, list_values
from mrt_runtime.seed.obstacle import Obstacle
from mrt_runtime.seed.refused_value import ErrorWords, RefusedValue
from mrt_runtime.seed.seed_dialect import SeedDialect
from mrt_runtime.seed.wanted_value import WantedValue

CUT = 60
"""Characters of a text from which on an error may show only its beginning."""
MOST_PLACES = 3  # that one error may be about
CONVERTED = re.compile(r"\(\s*(?:[\"`]?\w+[\"`]?\.)?[\"`]?(\w+)|(\w+)[\"`]?\s*(?:::|->)")
"""The first argument of a function, and what is cast or searched: `f(a, …)`, `a::date`, `a->'b'`."""
TEXTUAL = re.compile(r"char|text|string|clob", re.IGNORECASE)


RepairKey: TypeAlias = tuple[str, str, JsonPath | None]


@dataclass(frozen=True, slots=True)
class ValueRepair:
    """Other values for a column, or for what is at a path in its documents.

    old: the value that was refused, or of which a part was. before, behind: what is kept of it on both sides of the new part.
    """

    label: str
    column: str
    wanted: WantedValue
    old: object
    before: str = ""
    behind: str = ""
    path: JsonPath | None = None

    @property
    def key(self) -> RepairKey:
        """What only one repair at a time may be about."""
        return self.label, self.column, self.path

    @property
    def place(self) -> tuple[object, ...]:
        """What no second repair of the same sort may be about."""
        return self.label, self.column, self.path, self.before, self.behind, self.wanted.lacking

    def make(self, old: object, ordinal: int) -> object:
        """Return what is written in the place of a value."""
        new = self.wanted.make(old, ordinal)
        return f"{self.before}{new}{self.behind}" if isinstance(new, str) else new

    def reads(self, old: object) -> bool:
        """Whether a value is of the wanted sort already."""
        if not isinstance(old, str):
            return self.wanted.reads(old)
        is_around = old.startswith(self.before) and old.endswith(self.behind) and len(old) >= len(self.before) + len(self.behind)
        return is_around and self.wanted.reads(old[len(self.before) : len(old) - len(self.behind)])

    def __str__(self) -> str:
        where = f"'{self.label}.{self.column}'" + (f" at {'.'.join(name or '[]' for name in self.path)}" if self.path else "")
        parts = [f"after the first {len(self.before)} characters"] * bool(self.before)
        parts += [f"before the last {len(self.behind)} characters"] * bool(self.behind)
        return " ".join((f"values of {where}", self.wanted.lacking, *([" and ".join(parts)] if parts else [])))

    def describe(self) -> str:
        """Return which values are not there any more, with one of them."""
        return f"{self}, such as {shorten(self.old)}"


def find_repairs(
    obstacle: Obstacle,
    schema: Schema,
    rows: Rows,
    dialect: SeedDialect,
    *,
    labels: Callable[[str], Sequence[str]],
    ours: Collection[str],
    code: str,
) -> Iterator[list[ValueRepair]]:
    """Yield other values to try in place of those that an obstacle is about, the likeliest first.

    labels: returns those of an enum by its name. ours: the tables whose rows were made up. code: the migration's, which
    names the tables that an error of Python's is about.
    """
    if obstacle.is_of_database:
        refused = ErrorWords(obstacle.words, obstacle.statement, dialect, schema, labels).read()
    else:
        refused = obstacle.refused
    if refused is None:
        return
    tables = {table.label: table for table in schema.tables if table.label in ours}
    known = [one for one in list_values(rows) if one.label in tables]
    for wanted in refused.wanted:
        words = obstacle.statement or code
        read = [one for one in known if not obstacle.is_of_database or is_read(one, obstacle.statement)]
        places = list(_find_places(refused, wanted, read, tables, words)) or list(
            _find_places(refused, wanted, known, tables, words)
        )
        referring = {(one.label, one.column) for one in places if _refers(tables[one.label], one.column, places)}
        if places:
            yield [one for one in places if (one.label, one.column) not in referring][:MOST_PLACES] or places[:1]


def is_read(one: Holder, statement: str) -> bool:
    """Whether a statement may read a column: it names it, or all of the table, or does not name the table either."""
    words = set(re.findall(r"\w+", statement))
    return one.column in words or one.label.rpartition(".")[2] not in words or re.search(r"\*\s*(?:FROM|,)", statement) is not None


def _refers(table: Table, column: str, places: Sequence[ValueRepair]) -> bool:
    """Whether a column refers to one that is repaired as well, and changes with it."""
    return any(
        (qualified(key.referred_table, key.referred_schema), there) == (one.label, one.column)
        for key in table.foreign_keys
        for here, there in zip(key.columns, key.referred_columns, strict=False)
        for one in places
        if here == column and one.label != table.label
    )


def _find_places(
    refused: RefusedValue, wanted: WantedValue, known: Sequence[Holder], tables: dict[str, Table], words: str
) -> Iterator[ValueRepair]:
    if wanted.is_document and refused.parts:
        parts = [one for one in known if one.path is not None and any(same_shape(one.value, part) for part in refused.parts)]
        found = [ValueRepair(one.label, one.column, wanted, one.value, path=one.path) for one in parts]
        yield from _by_place(_likeliest(found, words))
        return
    texts = [one for one in known if isinstance(one.value, str)]
    for text in refused.texts if refused.column is None else ():
        found = _likeliest(_hold(text, wanted, texts), words)
        # nothing at all is in many columns, and may as well be what is left of a value
        if found and (text or is_named(found[0], words)):
            yield from _by_place(found)
            return
    yield from _of_names(refused, wanted, known, tables, words)


def same_shape(one: object, other: object) -> bool:
    """Whether two values are equal and of the same type: 1 is no truth value."""
    return type(one) is type(other) and one == other


def _hold(text: str, wanted: WantedValue, known: Sequence[Holder]) -> list[ValueRepair]:
    """Return where a text is: as a whole value, or else as a part of one, or else where it was a part before it was changed."""
    whole = [ValueRepair(one.label, one.column, wanted, one.value, path=one.path) for one in known if one.value == text]
    finds = (str.find, find_changed) if len(text) >= SHORTEST and not whole else ()
    return next(filter(None, (list(_hold_part(text, wanted, known, find)) for find in finds)), whole)


def _hold_part(text: str, wanted: WantedValue, known: Sequence[Holder], find: Callable[[str, str], int]) -> Iterator[ValueRepair]:
    for one in known:
        value = str(one.value)
        start = find(value, text)
        is_document = one.path is None and value.startswith(("{", "[")) and not wanted.is_whole
        if start >= 0 and not is_document:  # a part of it is listed by itself
            behind = value[find_end(value, start, text) :] if len(text) < CUT else ""
            around = ("", "") if wanted.is_whole else (value[:start], behind)
            yield ValueRepair(one.label, one.column, wanted, value, *around, path=one.path)


def find_changed(value: str, text: str) -> int:
    """Return where a text begins in a value that has other letters between its own, and of another case; -1 where it does not."""
    places = [place for place, letter in enumerate(value) if letter.isalnum()]
    letters, sought = "".join(value[place] for place in places).lower(), "".join(filter(str.isalnum, text)).lower()
    found = letters.find(sought) if len(sought) >= SHORTEST and len(letters) == len(places) else -1
    if found < 0:
        return -1
    lead = text[: next(place for place, letter in enumerate(text) if letter.isalnum())]
    start = places[found]
    return start - len(lead) if value[:start].endswith(lead) else start


def find_end(value: str, start: int, text: str) -> int:
    """Return where a text ends in a value in which it begins there."""
    if value.startswith(text, start):
        return start + len(text)
    left, end = sum(map(str.isalnum, text)), start
    while left and end < len(value):
        left -= value[end].isalnum()
        end += 1
    rest = text[max(place for place, letter in enumerate(text) if letter.isalnum()) + 1 :]
    return end + len(rest) if value.startswith(rest, end) else end


def _likeliest(found: Sequence[ValueRepair], statement: str) -> list[ValueRepair]:
    """Return those whose table and column the statement names, if it names any."""
    words = set(re.findall(r"\w+", statement))

    def weigh(one: ValueRepair) -> tuple[bool, bool]:
        return one.label.rpartition(".")[2] in words, one.column in words

    most = max(map(weigh, found), default=(False, False))
    return [one for one in found if weigh(one) == most]


def is_named(one: ValueRepair, statement: str) -> bool:
    """Whether a statement converts a column as a whole."""
    names = {name for pair in CONVERTED.findall(statement) for name in pair if name}
    return one.path is None and one.column in names and one.label.rpartition(".")[2] in re.findall(r"\w+", statement)


def _of_names(
    refused: RefusedValue, wanted: WantedValue, known: Sequence[Holder], tables: dict[str, Table], statement: str
) -> Iterator[ValueRepair]:
    """Yield the columns that a statement converts: the one that the error names, or those that it puts into a function or casts."""
    words = set(re.findall(r"\w+", statement))
    named = [table for label, table in tables.items() if label.rpartition(".")[2] in words] or list(tables.values())
    inside = {name for pair in CONVERTED.findall(statement) for name in pair if name}
    for names in ({refused.column}, inside, words):
        own = {
            (table.label, column.name)
            for table in named
            for column in table.columns
            if column.name in names and (TEXTUAL.search(column.type.base) or is_json(column.type.base))
        }
        values = [one for one in known if (one.label, one.column) in own and one.path == (() if wanted.is_document else None)]
        repairs = [ValueRepair(one.label, one.column, wanted, one.value, path=one.path) for one in values]
        found = list(_by_place(one for one in repairs if not one.reads(one.old)))
        if found:
            yield from found
            return


def is_json(base: str) -> bool:
    """Whether a type is that of documents."""
    return base.lower() in {"json", "jsonb"}


def _by_place(found: Iterable[ValueRepair]) -> Iterator[ValueRepair]:
    """Yield the first repair of each place."""
    seen: set[tuple[object, ...]] = set()
    for one in found:
        if one.place not in seen:
            seen.add(one.place)
            yield one
