"""What values will have to be later: a migration ahead turns a column into an enum, a number, JSON or a key, or lists its values.

A made-up text would fail there and say nothing about the migration, so such columns get values that it can convert, and numbers
those that a check ahead lists. Whether other numbers or lengths still fit later is what seeding is meant to find out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mrt_runtime.compare.schema import Schema
from mrt_runtime.seed.code_reader import CodeReading, read_code
from mrt_runtime.seed.constraint_ahead import CheckAhead, KeyAhead, bind_ahead
from mrt_runtime.seed.json_texts import JsonPath, JsonTexts
from mrt_runtime.seed.value import Value, ValuePool
from mrt_runtime.seed.value_kind import Choices, ColumnSlot, Integers, Raw, Texts, ValueKind

Found = TypeVar("Found")

TYPES = re.compile(rb"\btype_\s*=|\bALTER\b[^;]*\bTYPE\b|\bMODIFY\b|\bCHANGE\s+COLUMN\b", re.IGNORECASE)
RENAMES = re.compile(
    rb"rename_table\(\s*[\"'](\w+)[\"']\s*,\s*[\"'](\w+)[\"']"
    rb"|\bALTER\s+TABLE\s+[\"`]?(\w+)[\"`]?\s+RENAME\s+TO\s+[\"`]?(\w+)",
    re.IGNORECASE,
)
KEYS = re.compile(
    rb"add_column\(.{0,400}?ForeignKey|create_(?:foreign_key|unique_constraint|primary_key)|create_index\(.{0,400}?unique\s*=\s*True"
    rb"|\bADD\b[^;]*\b(?:FOREIGN|UNIQUE|PRIMARY)\b|\bUNIQUE\s+INDEX\b",
    re.IGNORECASE | re.DOTALL,
)
CHECKS = re.compile(rb"create_check_constraint|\bADD\b[^;]*\bCHECK\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ConvertibleTexts:
    """Texts that are also values of another kind."""

    text: Texts
    other: ValueKind

    def pool(self, slot: ColumnSlot) -> ValuePool:
        """Return the values for a column."""
        pool = self.other.pool(slot)
        return ValuePool(
            typical=self._texts(pool.typical), edges=self._texts(pool.edges), bare=self._texts(pool.bare), place=pool.place
        )

    def _texts(self, values: Iterable[Value]) -> tuple[str, ...]:
        texts = [str(int(value) if isinstance(value, bool) else value) for value in values]
        return tuple(text for text in texts if self.text.length is None or len(text) <= self.text.length)

    def fit(self, raw: Raw) -> Iterator[Value]:
        """Yield the values of this kind that a constant of a constraint, or its neighbours, can be written as.

        Documents that hold the constant come before the constant itself: a pattern asks for what a text holds.
        """
        if isinstance(self.other, JsonTexts):
            yield from self._texts(self.other.fit(raw))
        yield from self.text.fit(raw)


class MigrationHints:
    """Reads the files of a history, in its order, when it is first asked.

    converts: whether the database refuses to convert a text that is no value of the new type.
    """

    def __init__(self, files: Sequence[str] = (), dialect: str = "", *, converts: bool = True) -> None:
        self._files = files
        self._dialect = dialect
        self._converts = converts
        self._known: dict[tuple[str, str], ValueKind] | None = None
        self._later: dict[str, tuple[str, ...]] = {}
        self._parsed: list[tuple[frozenset[str], str, ValueKind]] | None = None
        self._code: dict[str, CodeReading] = {}
        self._ahead: list[tuple[int, KeyAhead | CheckAhead]] = []
        self._position = 0

    def note_next(self, file: str) -> None:
        """Note which migration comes next: keys that earlier ones added are no longer ahead."""
        self._position = self._files.index(file) if file in self._files else 0

    def bind(self, schema: Schema, *, is_clean: bool = True) -> Schema:
        """Return a catalogue with the keys and checks that the migrations from the next one on add to what is there.

        is_clean: whether rows meet the next one's checks, too; a migration often changes those that do not before it adds one.
        """
        self._read_once()
        ahead = [(place, one) for place, one in self._ahead if place >= self._position]
        binding = (one for place, one in ahead if is_clean or place > self._position or not isinstance(one, CheckAhead))
        return bind_ahead(schema, binding, self._later)

    def follow(self, found: Mapping[str, Found], labels: Collection[str]) -> dict[str, Found]:
        """Return what is known of each table by the name that it has now; nothing of those that are gone."""
        self._read_once()
        names = {label: next((name for name in (label, *self._later.get(label, ())) if name in labels), None) for label in found}
        return {now: found[label] for label, now in names.items() if now is not None}

    def code(self, file: str) -> CodeReading:
        """Return what a migration's code says of rows; it is read once."""
        if file not in self._code:
            self._code[file] = read_code(file)
        return self._code[file]

    def kind_for(self, label: str, column: str, kind: ValueKind) -> ValueKind:
        """Return the kind that a column should be filled as, which is `kind` itself where no later migration concerns it."""
        if not isinstance(kind, Texts | Integers | JsonTexts):
            return kind
        known = self._read_once()
        if self._parsed is None:
            self._parsed = [(r.words, name, kind) for r in map(self.code, self._files) for name, kind in r.parsed]
        labels = (label, *self._later.get(label, ()))
        other = next((known[name, column] for name in labels if (name, column) in known), None)
        if isinstance(kind, Integers):
            return other if isinstance(other, Choices) and all(isinstance(value, int) for value in other.typical) else kind
        other = other or self._parsed_as(label, column)
        paths = tuple(self._paths(label, column)) if isinstance(other or kind, JsonTexts) else ()
        if isinstance(kind, JsonTexts):
            return JsonTexts(paths)
        return kind if other is None else ConvertibleTexts(kind, JsonTexts(paths) if paths else other)

    def _paths(self, label: str, column: str) -> Iterator[JsonPath]:
        """Yield the keys that the migrations read of the documents in a column."""
        table = label.rpartition(".")[2]
        for reading in map(self.code, self._files):
            yield from (path for name, path in reading.keys if name == column and table in reading.words)

    def _parsed_as(self, label: str, column: str) -> ValueKind | None:
        """Return what the code of a migration parses the column's texts as, None where it does not."""
        table = label.rpartition(".")[2]
        found = (kind for words, name, kind in self._parsed or () if name == column and table in words)
        return next(found, None)

    def _read_once(self) -> dict[tuple[str, str], ValueKind]:
        if self._known is None:
            known: dict[tuple[str, str], ValueKind] = {}
            self._known = known
            self._later = find_later_names(self._files)
            self._ahead = []
            files = [(place, file) for place, file in enumerate(self._files) if self._hints(file)]
            if files:
                from mrt_runtime.seed.hint_reader import HintReader  # noqa: PLC0415 slow to import, and few histories need it

                reader = HintReader(self._dialect)
                for place, file in files:
                    for hint in reader.read(file, self.code(file)):
                        if isinstance(hint, KeyAhead | CheckAhead):
                            self._ahead.append((place, hint))
                        elif self._converts or not hint.converted:
                            known.setdefault((hint.label, hint.column), hint.kind)
        return self._known

    def _hints(self, file: str) -> bool:
        try:
            source = Path(file).read_bytes().partition(b"def downgrade")[0]
        except OSError:
            return False
        return bool(CHECKS.search(source) or KEYS.search(source) or (self._converts and TYPES.search(source)))


def find_later_names(files: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the names that tables get in the upgrades of a history, by each that they had before."""
    later: dict[str, tuple[str, ...]] = {}
    for file in reversed(files):
        try:
            source = Path(file).read_bytes().partition(b"def downgrade")[0]
        except OSError:
            continue
        for found in reversed(list(RENAMES.finditer(source))):
            old, new = (name.decode() for name in found.groups() if name)
            later[old] = (new, *later.get(new, ()))
    return later
