"""What values will have to be later: a migration ahead turns a column into an enum, a number, JSON or a key, or lists its values.

A made-up text would fail there and say nothing about the migration, so such columns get values that it can convert, and numbers
those that a check ahead lists. Whether other numbers or lengths still fit later is what seeding is meant to find out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import make_url
from sqlalchemy.types import TypeEngine

from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.migration_file import parse_file
from mrt_runtime.seed.arrays import Arrays, Elements
from mrt_runtime.seed.code_reader import CodeReading, read_code
from mrt_runtime.seed.computed_back import ComputedBack, find_computed_back
from mrt_runtime.seed.constraint_ahead import CheckAhead, KeyAhead, bind_ahead
from mrt_runtime.seed.convertible_texts import ConvertibleTexts
from mrt_runtime.seed.filled_table import find_filled_tables, is_list
from mrt_runtime.seed.imported_values import Namespace
from mrt_runtime.seed.joined_columns import find_joined
from mrt_runtime.seed.json_texts import JsonPath, JsonTexts
from mrt_runtime.seed.kept_decimals import find_kept_decimals
from mrt_runtime.seed.later_names import find_later_names, find_renames
from mrt_runtime.seed.numbered_rows import WrittenNumbers
from mrt_runtime.seed.restored_constants import find_restored, takes_one_value
from mrt_runtime.seed.seed_dialect import dialect_of
from mrt_runtime.seed.single_row import SingleRows
from mrt_runtime.seed.table_order import parents_of
from mrt_runtime.seed.unread_hints import UnreadHints
from mrt_runtime.seed.value import Value
from mrt_runtime.seed.value_kind import Binaries, Choices, ColumnSlot, Integers, Texts, ValueKind
from mrt_runtime.seed.way_back import WayBack, read_way_back
from mrt_runtime.seed.written_values import PythonType, WrittenValues

Found = TypeVar("Found")

NO_NAMESPACES: Mapping[str, Namespace] = {}
NO_TYPES: Mapping[tuple[str, str], TypeEngine[Any]] = {}
TYPES = re.compile(rb"\btype_\s*=|\bALTER\b[^;]*\bTYPE\b|\bMODIFY\b|\bCHANGE\s+COLUMN\b", re.IGNORECASE)
KEYS = re.compile(
    rb"add_column\(.{0,400}?ForeignKey|create_(?:foreign_key|unique_constraint|primary_key)|create_index\(.{0,400}?unique\s*=\s*True"
    rb"|\bADD\b[^;]*\b(?:FOREIGN|UNIQUE|PRIMARY)\b|\bUNIQUE\s+INDEX\b|\bnew_column_name\b|\bRENAME\s+COLUMN\b"
    rb"|\bINSERT\s+INTO\b.{0,2000}?\bSELECT\b",
    re.IGNORECASE | re.DOTALL,
)
CHECKS = re.compile(rb"create_check_constraint|\bADD\b[^;]*\bCHECK\b", re.IGNORECASE)


class MigrationHints:
    """Reads the files of a history, in its order, when it is first asked.

    converts: whether the database refuses to convert a text that is no value of the new type. column_types: those by which the
    project's Python converts values, for each table and column. namespaces: what the names in each file stand for.
    """

    def __init__(
        self,
        files: Sequence[str] = (),
        dialect: str = "",
        *,
        converts: bool = True,
        column_types: Mapping[tuple[str, str], TypeEngine[Any]] = NO_TYPES,
        namespaces: Mapping[str, Namespace] = NO_NAMESPACES,
    ) -> None:
        self._files = files
        self._dialect = dialect
        self._converts = converts
        self._known: dict[tuple[str, str], ValueKind] | None = None
        self._later: dict[str, tuple[str, ...]] = {}
        self._parsed: list[tuple[frozenset[str], str, ValueKind]] | None = None
        self._code: dict[str, CodeReading] = {}
        self._ahead: list[tuple[int, KeyAhead | CheckAhead]] = []
        self._renames: list[tuple[int, str, str]] = []
        self._position = 0
        self._column_types = column_types
        self._namespaces = namespaces
        self._filled: dict[str, bool] | None = None
        self._sources: str | None = None
        self.unread = UnreadHints()
        self._numbers = WrittenNumbers(files, dialect, dialect_of(dialect).grammar if dialect else "")

    def note_next(self, file: str) -> None:
        """Note which migration comes next: keys that earlier ones added are no longer ahead."""
        self._position = self._files.index(file) if file in self._files else 0

    @property
    def next_code(self) -> CodeReading:
        """What the migration that comes next says."""
        return self.code(self._files[self._position]) if self._files else CodeReading()

    def bind(self, schema: Schema, *, is_clean: bool = True, is_repeated: bool = False) -> Schema:
        """Return a catalogue with the keys and checks that the migrations from the next one on add to what is there.

        is_clean: whether rows meet the next one's checks, too; a migration often changes those that do not before it adds one.
        is_repeated: whether its unique keys are left out: it deletes duplicates.
        """
        self._read_once()
        ahead = [(place, one) for place, one in self._ahead if place >= self._position]
        binding = (pair for pair in ahead if is_clean or pair[0] > self._position or not isinstance(pair[1], CheckAhead))
        if is_repeated:
            left = list(binding)
            binding = (pair for pair in left if pair[0] > self._position or getattr(pair[1], "referred", None) is not None)
        return bind_ahead(schema, (self._under_names_now(place, one) for place, one in binding))

    def find_made_keys(self, file: str) -> list[KeyAhead]:
        """Return the foreign keys that a migration makes on tables that were there."""
        self._read_once()
        at = self._files.index(file) if file in self._files else -1
        made = (one for place, one in self._ahead if place == at and isinstance(one, KeyAhead) and one.referred and not one.is_join)
        return [one for one in (self._under_names_now(at, key) for key in made) if isinstance(one, KeyAhead)]

    def _under_names_now(self, place: int, one: KeyAhead | CheckAhead) -> KeyAhead | CheckAhead:
        """Return what a migration adds with the names that its tables have now: some may be another table's by then."""
        one = replace(one, label=self._name_now(one.label, place))
        if isinstance(one, CheckAhead) or one.referred is None:
            return one
        return replace(one, referred=self._name_now(one.referred, place))

    def _name_now(self, label: str, place: int) -> str:
        for at, old, new in reversed(self._renames):
            if self._position <= at <= place and label == new:
                label = old
        return label

    def follow(self, found: Mapping[str, Found], labels: Collection[str]) -> dict[str, Found]:
        """Return what is known of each table by the name that it has now; nothing of those that are gone."""
        self._read_once()
        names = {label: next((name for name in (label, *self._later.get(label, ())) if name in labels), None) for label in found}
        return {now: found[label] for label, now in names.items() if now is not None}

    def find_filled(self, tables: Mapping[str, Table]) -> frozenset[str]:
        """Return those of the tables whose rows migrations write, by the names that they have now."""
        filled = self.list_filled(tables)
        return frozenset(label for label, is_made in filled.items() if is_made or is_list(tables[label], tables.values()))

    def list_filled(self, tables: Mapping[str, Table]) -> dict[str, bool]:
        """Return the tables that migrations insert rows of their own into, and whether the same one makes the table."""
        if self._filled is None:
            self._filled = find_filled_tables(self._files, self._dialect)
        return self.follow(self._filled, tables)

    def find_single(self, file: str, tables: Mapping[str, Table]) -> frozenset[str]:
        """Return those of the tables of which a migration reads a single row.

        Where it takes any one of the rows, they may be many where others point at them: a default owner of what has none.
        """
        referred = {label for table in tables.values() for label in parents_of(table)}
        with self.unread.noting(file):
            read = SingleRows(file, dialect_of(self._dialect).grammar)
            return frozenset(read.find(tables, exact=True) | (read.find(tables, exact=False) - referred))
        return frozenset()

    def find_computed(self, tables: Mapping[str, Table]) -> list[ComputedBack]:
        """Return what the next migration's rollback computes from columns that are there before it, or writes as constants."""
        file, grammar = self._files[self._position] if self._files else "", dialect_of(self._dialect).grammar
        found: list[ComputedBack] = []
        with self.unread.noting(file):
            found += find_computed_back(file, grammar)
        with self.unread.noting(file):
            restored = find_restored(file, self._files[: self._position], self._dialect, grammar)
            found += (one for one in restored if takes_one_value(one, tables.get(one.table)))
        with self.unread.noting(file):
            found += find_kept_decimals(file, grammar)
        names = {label: {column.name for column in table.columns} for label, table in tables.items()}
        return [one for one in found if {one.column, *one.sources} <= names.get(one.table, set())]

    def code(self, file: str) -> CodeReading:
        """Return what a migration's code says of rows; it is read once."""
        if file not in self._code:
            with self.unread.noting(file):
                self._code[file] = read_code(file, self._namespaces.get(file, {}))
        return self._code.setdefault(file, CodeReading())

    def read_way_back(self, file: str) -> WayBack | None:
        """Return what a migration does in both directions; None where its downgrade changes no rows."""
        earlier = tuple(self._files[: self._files.index(file)]) if file in self._files else ()
        with self.unread.noting(file):
            return read_way_back(self.code(file), earlier, self._namespaces.get(file, {}), self._dialect)
        return None

    def may_number(self, file: str, label: str, column: str, number: Value) -> bool:
        """Whether a migration may insert the row with that number, under any name that its table has; file: the next one."""
        self._read_once()
        labels = (label, *self._later.get(label, ()))
        return any(self._numbers.may_write(file, name, column, number, self.code) for name in labels)

    def names(self, text: str) -> bool:
        """Whether any of the migrations contains a text, so that it may be of a row that one of them writes."""
        if self._sources is None:
            self._sources = "\n".join(parsed[0].decode(errors="replace") for file in self._files if (parsed := parse_file(file)))
        return text in self._sources

    def read_labels(self, file: str) -> Callable[[str], Sequence[str]]:
        """Return what lists the labels of the enums that a migration makes, or of a column that it adds, by its name."""

        def list_labels(name: str) -> Sequence[str]:
            from mrt_runtime.seed.hint_reader import HintReader  # noqa: PLC0415 as below

            reader = HintReader(self._dialect)
            for _ in self.unread.read(file, reader.read(file, self.code(file), self._namespaces.get(file, {}))):
                pass
            return reader.list_labels(name)

        return list_labels

    def kind_for(self, label: str, column: str, kind: ValueKind, *, is_key: bool = False) -> ValueKind:
        """Return the kind that a column should be filled as, which is `kind` itself where no later migration concerns it.

        is_key: whether it is of the primary key: numbers of rows that a migration names are those of rows that it writes itself.
        """
        if isinstance(kind, Arrays):
            return self._of_elements(label, column, kind)
        fitting = self._fitting(label, column, kind, is_key=is_key) if isinstance(kind, Texts | Integers | JsonTexts) else kind
        return self._written(label, column, fitting) if isinstance(kind, Texts | Integers | Binaries) else fitting

    def _of_elements(self, label: str, column: str, kind: Arrays) -> Arrays:
        """Return arrays of texts that can be converted, where they are going to be."""
        known = (self._read_once().get((name, column)) for name in (label, *self._later.get(label, ())))
        found = next((one for one in known if isinstance(one, Elements)), None)
        if found is None or not isinstance(kind.inner, Texts):
            return kind
        return replace(kind, inner=ConvertibleTexts(kind.inner, found.kind))

    def _written(self, label: str, column: str, kind: ValueKind) -> ValueKind:
        """Return the kind as far as the column's type in Python reads it."""
        labels = (label, *self._later.get(label, ()))
        found = next((self._column_types[name, column] for name in labels if (name, column) in self._column_types), None)
        if found is None:
            return kind
        own = PythonType(found, make_url(f"{self._dialect}://").get_dialect()())
        if all(map(own.reads, kind.pool(ColumnSlot(name=column)).values)):
            return kind
        return WrittenValues(kind, own, tuple(self._paths(label, column)))

    def _fitting(self, label: str, column: str, kind: Texts | Integers | JsonTexts, *, is_key: bool) -> ValueKind:
        known = self._read_once()
        if self._parsed is None:
            self._parsed = [(r.words, name, kind) for r in map(self.code, self._files) for name, kind in r.parsed]
        labels = (label, *self._later.get(label, ()))
        found = [one for name in labels if (one := known.get((name, column))) is not None and not isinstance(one, Elements)]
        found += self._parsed_as(label, column) if not (is_key and isinstance(kind, Integers)) else ()
        wanted = int if isinstance(kind, Integers) else str
        found = [one for one in found if not isinstance(one, Choices) or all(isinstance(value, wanted) for value in one.typical)]
        other = next(iter(found), None)
        if isinstance(kind, Integers):
            return next((one for one in found if isinstance(one, Choices)), kind)
        paths = tuple(self._paths(label, column)) if isinstance(other or kind, JsonTexts) else ()
        if isinstance(kind, JsonTexts):
            return JsonTexts(paths)
        return kind if other is None else ConvertibleTexts(kind, JsonTexts(paths) if paths else other)

    def _paths(self, label: str, column: str) -> Iterator[JsonPath]:
        """Yield the keys that the migrations read of the documents in a column."""
        table = label.rpartition(".")[2]
        for reading in map(self.code, self._files):
            yield from (path for name, path in reading.keys if name == column and table in reading.words)

    def _parsed_as(self, label: str, column: str) -> Iterator[ValueKind]:
        """Yield what the code of migrations reads the column's values as."""
        table = label.rpartition(".")[2]
        yield from (kind for words, name, kind in self._parsed or () if name == column and table in words)

    def _read_once(self) -> dict[tuple[str, str], ValueKind]:
        if self._known is None:
            known: dict[tuple[str, str], ValueKind] = {}
            self._known = known
            self._renames = list(find_renames(self._files))
            self._later = find_later_names(self._renames)
            self._ahead = list(self._find_joins())
            files = [(place, file) for place, file in enumerate(self._files) if self._hints(file)]
            if files:
                from mrt_runtime.seed.hint_reader import HintReader  # noqa: PLC0415 slow to import, and few histories need it

                reader = HintReader(self._dialect)
                for place, file in files:
                    for hint in self.unread.read(file, reader.read(file, self.code(file), self._namespaces.get(file, {}))):
                        if isinstance(hint, KeyAhead | CheckAhead):
                            self._ahead.append((place, hint))
                        elif self._converts or not hint.converted:
                            known.setdefault((hint.label, hint.column), hint.kind)
        return self._known

    def _find_joins(self) -> Iterator[tuple[int, KeyAhead]]:
        """Yield the columns by which migrations join tables, or look rows up in others, as keys ahead, and at which place."""
        grammar = dialect_of(self._dialect).grammar if self._files else ""  # without a history no dialect is named
        for place, (file, code) in enumerate(zip(self._files, map(self.code, self._files), strict=True)):
            found = (pair for sql in dict.fromkeys(code.statements) for pair in find_joined(sql, grammar))
            joined = self.unread.read(file, found)
            for (table, column), (other, there) in dict.fromkeys((*code.looked_up, *joined)):
                yield place, KeyAhead(label=table, columns=(column,), referred=other, referred_columns=(there,), is_join=True)

    def _hints(self, file: str) -> bool:
        try:
            source = Path(file).read_bytes().partition(b"def downgrade")[0]
        except OSError:
            return False
        return bool(CHECKS.search(source) or KEYS.search(source) or (self._converts and TYPES.search(source)))
