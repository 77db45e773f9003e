"""What a migration's source says about the values of a column. Slow to import: it brings the linter's reader."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from mrt_lint.model.ops import (
    AddColumn,
    AlterColumn,
    CreateCheckConstraint,
    CreateConstraint,
    CreateForeignKey,
    CreateIndex,
    CreateObject,
    CreatePrimaryKey,
    CreateTable,
    CreateUniqueConstraint,
    Op,
    Update,
)
from mrt_lint.model.values import UNSET, SqlType
from mrt_runtime.compare.schema import qualified
from mrt_runtime.migration_file import parse_file, read_migration
from mrt_runtime.seed.arrays import Elements
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import find_listed, parse_sql, read_condition
from mrt_runtime.seed.constraint_ahead import CheckAhead, KeyAhead
from mrt_runtime.seed.copied_keys import find_copied_keys
from mrt_runtime.seed.datetimes import Datetimes
from mrt_runtime.seed.imported_values import Namespace, write_out
from mrt_runtime.seed.json_texts import JsonTexts
from mrt_runtime.seed.seed_dialect import dialect_of
from mrt_runtime.seed.value import Value
from mrt_runtime.seed.value_kind import Booleans, Choices, Decimals, Floats, Integers, Texts, ValueKind

INSERTED = re.compile(r"\bINSERT\b.*\bVALUES\b", re.IGNORECASE | re.DOTALL)
VOCABULARY = re.compile(r"(?<!NOT )\bIN\s*\(|\bANY\s*\(|(?<![<>!])=\s*['\d]", re.IGNORECASE)
KINDS: dict[str, ValueKind] = {
    "SMALLINT": Integers(-(2**15), 2**15 - 1),
    "INTEGER": Integers(-(2**31), 2**31 - 1),
    "BIGINT": Integers(-(2**63), 2**63 - 1),
    "NUMERIC": Decimals(6, 2),
    "DECIMAL": Decimals(6, 2),
    "FLOAT": Floats(1.5e30),
    "REAL": Floats(1.5e30),
    "DOUBLE": Floats(1.5e30),
    "DOUBLE PRECISION": Floats(1.5e30),
    "BOOLEAN": Booleans(),
    "DATE": Datetimes("date"),
    "TIME": Datetimes("time"),
    "DATETIME": Datetimes(digits=0),
    "TIMESTAMP": Datetimes(digits=0),
    "UUID": Texts(36, fixed=True),
    "JSON": JsonTexts(),
    "JSONB": JsonTexts(),
}


@dataclass(frozen=True, slots=True)
class ColumnHint:
    """The kind that a column's values have to be of; `converted` where that is so because of a new type."""

    label: str
    column: str
    kind: ValueKind
    converted: bool = False


class HintReader:
    """Reads migrations in the order of the history; remembers the enums that they create."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._enums: dict[str, tuple[str, ...]] = {}
        self._added: dict[str, tuple[str, ...]] = {}
        self._former: dict[tuple[str, str], tuple[str, ...]] = {}

    def read(self, file: str, code: CodeReading, namespace: Namespace) -> Iterator[ColumnHint | KeyAhead | CheckAhead]:
        """Yield each column that the upgrade converts or lists the values of, and what it adds to a table that was there.

        code: what the file's Python says. namespace: what its names stand for. A file that cannot be read yields nothing.
        """
        parsed = parse_file(file)
        written = write_out(parsed[1], namespace, self._dialect) if parsed is not None else None
        is_same = written is None or (parsed is not None and written is parsed[1])
        migration = read_migration(file, self._dialect, None if is_same or written is None else ast.unparse(written).encode())
        made: set[str] = set()
        changed: set[tuple[object, object]] = set()
        for op in migration.upgrade_ops if migration is not None else ():
            changed.update(_find_changed(op))
            self._note_name(op)
            if isinstance(op, CreateTable):
                made.add(self._label(op))
            elif isinstance(op, CreateObject) and isinstance(op.members, tuple) and isinstance(op.name, str):
                self._enums[op.name] = tuple(label for label in op.members if isinstance(label, str))
            elif isinstance(op, AlterColumn) and isinstance(op.type, SqlType) and isinstance(op.column, str):
                kind = self._kind(op.type)
                if kind is not None:
                    yield ColumnHint(self._label(op), op.column, kind, converted=True)
            elif isinstance(op, CreateCheckConstraint):
                yield from self._read_check(
                    op, {name for table, name in changed if table == op.table}, is_new=self._label(op) in made
                )
            elif isinstance(op, AddColumn) and isinstance(op.column, str):
                kind = self._kind(op.definition.type) if isinstance(op.definition.type, SqlType) else None
                self._added[op.column] = tuple(map(str, kind.typical)) if isinstance(kind, Choices) else ()
                yield from _read_keys_of(op, self._label(op), code)
            elif (key := _read_key(op, self._label(op))) is not None and key.label not in made:
                yield from self._listed(key, code) if key.referred in made else self._under_former_names(key)
        tables = [op for op in migration.upgrade_ops if isinstance(op, CreateTable)] if migration is not None else []
        yield from find_copied_keys(tables, code.statements, dialect_of(self._dialect).grammar)

    def _note_name(self, op: Op) -> None:
        """Note which names a column had before it was renamed, the last one first; a column that is added had none."""
        if isinstance(op, AlterColumn) and isinstance(op.column, str) and isinstance(op.new_column, str):
            label = self._label(op)
            self._former[label, op.new_column] = (op.column, *self._former.pop((label, op.column), ()))
        elif isinstance(op, AddColumn) and isinstance(op.column, str):
            self._former.pop((self._label(op), op.column), None)

    def _under_former_names(self, key: KeyAhead) -> Iterator[KeyAhead]:
        """Yield a key, and the same on the columns by the names that they had before: their rows are there by then."""
        yield key
        former = [(name, *self._former.get((key.label, name), ())) for name in key.columns]
        for turn in range(1, max(map(len, former))):
            columns = tuple(names[min(turn, len(names) - 1)] for names in former)
            yield replace(key, columns=columns, becomes=tuple(set(key.columns) - set(columns)))

    def list_labels(self, name: str) -> tuple[str, ...]:
        """Return the labels of an enum that a migration which was read makes, or of a column that it adds, by its name."""
        return self._enums.get(name) or self._added.get(name, ())

    def _read_check(self, op: CreateCheckConstraint, changed: set[object], *, is_new: bool) -> Iterator[ColumnHint | CheckAhead]:
        """Yield a check and the columns that it lists the values of, without those that were changed before it is added."""
        condition = op.definition.condition
        if not isinstance(condition, str):
            return
        for column, kind in _vocabulary(condition, self._dialect):
            if not _is_about(column, changed):
                yield ColumnHint(self._label(op), column, kind)
        if not is_new and not _is_about(condition, changed):
            yield CheckAhead(label=self._label(op), expression=condition)

    def _listed(self, key: KeyAhead, code: CodeReading) -> Iterator[ColumnHint]:
        """Yield the values of a column that is going to refer to a table which the same migration makes and fills."""
        if len(key.columns) == len(key.referred_columns) == 1:
            inserted = _find_inserted(code.statements, str(key.referred), dialect_of(self._dialect).grammar)
            values = [value for name, value in (*code.given, *inserted) if name == key.referred_columns[0]]
            if values:
                yield ColumnHint(key.label, key.columns[0], Choices(tuple(dict.fromkeys(values))))

    def _label(self, op: Op) -> str:
        schema = getattr(op, "schema", None)
        return qualified(str(getattr(op, "table", "")), schema if isinstance(schema, str) else None)

    def _kind(self, wanted: SqlType) -> ValueKind | None:
        wanted = found if isinstance(found := wanted.on(self._dialect), SqlType) else wanted
        labels = wanted.members if isinstance(wanted.members, tuple) else self._enums.get(str(wanted.type_name))
        if labels:
            return Choices(tuple(label for label in labels if isinstance(label, str)))
        if isinstance(wanted.item, SqlType):
            inner = self._kind(wanted.item)
            return Elements(inner) if isinstance(inner, Choices) else None
        return None if wanted.item is not None else KINDS.get(wanted.name)


def _vocabulary(condition: str, dialect: str) -> Iterator[tuple[str, ValueKind]]:
    """Yield the columns of a condition such as `status IN ('a', 'b')` or `kind = 1 OR (kind = 2 AND …)`, with words or numbers."""
    if not VOCABULARY.search(condition):
        return
    grammar = dialect_of(dialect).grammar
    names = [word for word in dict.fromkeys(re.findall(r"\w+", re.sub(r"'[^']*'", "", condition))) if not word.isnumeric()]
    read = read_condition(condition, names, grammar)
    listed = {read.columns[0]: read.constants} if len(read.columns) == 1 else find_listed(condition, grammar)
    for name, constants in listed.items():
        words = tuple(word for word in constants if isinstance(word, str))
        numbers = (number for number in constants if isinstance(number, Decimal))
        values: tuple[Value, ...] = words or tuple(int(number) for number in numbers if number == int(number))
        if values:
            yield name, Choices(values)


def _find_changed(op: Op) -> Iterator[tuple[object, object]]:
    """Yield the table and the columns that have other values, another type or name after an operation; None where any may."""
    if isinstance(op, Update):
        names = set(op.columns) - set(op.fills) if isinstance(op.columns, tuple) else {None}
        yield from ((op.table, name) for name in names)
    elif isinstance(op, AddColumn):
        yield op.table, op.column
    elif isinstance(op, AlterColumn) and not (op.type is UNSET and op.new_column is UNSET):
        yield from ((op.table, name) for name in (op.column, op.new_column))


def _is_about(condition: str, changed: set[object]) -> bool:
    """Whether a condition may be about a column that the migration has changed: it says nothing of the values before then."""
    return None in changed or not changed.isdisjoint(re.findall(r"\w+", condition))


def _read_key(op: Op, label: str) -> KeyAhead | None:
    """Return the key that an operation adds, None where it adds none or its columns cannot be read."""
    columns = op.columns if isinstance(op, CreateIndex) else op.definition.columns if isinstance(op, CreateConstraint) else ()
    names = tuple(name for name in columns if isinstance(name, str)) if isinstance(columns, tuple) else ()
    if not names or len(names) != len(columns if isinstance(columns, tuple) else ()):
        return None
    if isinstance(op, CreateForeignKey):
        key = op.definition
        schema = key.referred_schema if isinstance(key.referred_schema, str) else None
        there = tuple(map(str, key.referred_columns)) if isinstance(key.referred_columns, tuple) else ()
        return KeyAhead(label=label, columns=names, referred=qualified(str(key.referred_table), schema), referred_columns=there)
    if isinstance(op, CreateUniqueConstraint | CreatePrimaryKey):
        return KeyAhead(label=label, columns=names, nulls_equal=op.definition.nulls_not_distinct is True)
    if isinstance(op, CreateIndex) and op.unique is True:
        where = op.where if isinstance(op.where, str) else None
        return KeyAhead(label=label, columns=names, nulls_equal=op.nulls_not_distinct is True, where=where)
    return None


def _read_keys_of(op: AddColumn, label: str, code: CodeReading) -> Iterator[KeyAhead]:
    """Yield the foreign keys of a column that is added."""
    is_filled = code.statements or "update" in code.words or any(name == op.column for name, _ in code.assigned)
    for key in op.definition.constraints if is_filled else ():
        if key.kind == "foreignkey" and isinstance(key.referred_table, str):
            schema = key.referred_schema if isinstance(key.referred_schema, str) else None
            there = tuple(map(str, key.referred_columns)) if isinstance(key.referred_columns, tuple) else ()
            referred = qualified(key.referred_table, schema)
            yield KeyAhead(label=label, columns=(str(op.column),), referred=referred, referred_columns=there, words=code.words)


def _find_inserted(statements: Iterable[str], table: str, grammar: str) -> Iterator[tuple[str, Value]]:
    """Yield each column with each constant that INSERT … VALUES writes to it in a table."""
    for tree in filter(None, (parse_sql(sql, grammar) for sql in statements if INSERTED.search(sql))):
        target, rows = tree.this, tree.args.get("expression")
        if type(target).__name__ == "Schema" and type(rows).__name__ == "Values" and target.this.name == table:
            names = [column.name for column in target.expressions]
            for row in rows.args["expressions"] if rows is not None else ():
                pairs = zip(names, row.expressions, strict=False)
                yield from ((name, value.name) for name, value in pairs if type(value).__name__ == "Literal" and value.is_string)
