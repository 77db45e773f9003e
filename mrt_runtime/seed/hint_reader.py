"""What a migration's source says about the values of a column. Slow to import: it brings the linter's reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from mrt_lint.model.ops import AlterColumn, CreateCheckConstraint, CreateObject
from mrt_lint.model.values import SqlType
from mrt_runtime.compare.schema import qualified
from mrt_runtime.migration_file import read_migration
from mrt_runtime.seed.condition import read_condition
from mrt_runtime.seed.datetimes import Datetimes
from mrt_runtime.seed.json_texts import JsonTexts
from mrt_runtime.seed.seed_dialect import dialect_of
from mrt_runtime.seed.value import Value
from mrt_runtime.seed.value_kind import Booleans, Choices, Decimals, Floats, Integers, Texts, ValueKind

VOCABULARY = re.compile(r"(?<!NOT )\bIN\s*\(|\bANY\s*\(|=\s*'", re.IGNORECASE)
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


class HintReader:
    """Reads migrations in the order of the history; remembers the enums that they create."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._enums: dict[str, tuple[str, ...]] = {}

    def read(self, file: str) -> Iterator[tuple[str, str, ValueKind, bool]]:
        """Yield each column that the upgrade converts or lists the values of.

        Yields its table's label, its name, the kind that its values have to be of, and whether that is so because of a new type.
        A file that cannot be read yields nothing.
        """
        migration = read_migration(file, self._dialect)
        for op in migration.upgrade_ops if migration is not None else ():
            if isinstance(op, CreateObject) and isinstance(op.members, tuple) and isinstance(op.name, str):
                self._enums[op.name] = tuple(label for label in op.members if isinstance(label, str))
            elif isinstance(op, AlterColumn) and isinstance(op.type, SqlType) and isinstance(op.column, str):
                kind = self._kind(op.type)
                if kind is not None:
                    yield self._label(op), op.column, kind, True
            elif isinstance(op, CreateCheckConstraint) and isinstance(op.definition.condition, str):
                for column, kind in _vocabulary(op.definition.condition, self._dialect):
                    yield self._label(op), column, kind, False

    def _label(self, op: AlterColumn | CreateCheckConstraint) -> str:
        return qualified(str(op.table), op.schema if isinstance(op.schema, str) else None)

    def _kind(self, wanted: SqlType) -> ValueKind | None:
        wanted = found if isinstance(found := wanted.on(self._dialect), SqlType) else wanted
        labels = wanted.members if isinstance(wanted.members, tuple) else self._enums.get(str(wanted.type_name))
        if labels:
            return Choices(tuple(label for label in labels if isinstance(label, str)))
        return None if wanted.item is not None else KINDS.get(wanted.name)


def _vocabulary(condition: str, dialect: str) -> Iterator[tuple[str, ValueKind]]:
    """Yield the column of a condition such as `status IN ('a', 'b')` or `level IN (1, 2)`, with its words or numbers."""
    if not VOCABULARY.search(condition):
        return
    names = [word for word in dict.fromkeys(re.findall(r"\w+", re.sub(r"'[^']*'", "", condition))) if not word.isnumeric()]
    read = read_condition(condition, names, dialect_of(dialect).grammar)
    words = tuple(word for word in read.constants if isinstance(word, str))
    numbers = (number for number in read.constants if isinstance(number, Decimal))
    values: tuple[Value, ...] = words or tuple(int(number) for number in numbers if number == int(number))
    if len(read.columns) == 1 and values:
        yield read.columns[0], Choices(values)
