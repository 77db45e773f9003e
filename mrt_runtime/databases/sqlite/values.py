"""What SQLite's columns hold. A declared type only suggests: https://sqlite.org/datatype3.html."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import CatalogueColumn, ForeignKey, Schema, Table
from mrt_runtime.seed.datetimes import Datetimes
from mrt_runtime.seed.json_texts import JsonTexts
from mrt_runtime.seed.seed_dialect import SeedDialect
from mrt_runtime.seed.value import Value
from mrt_runtime.seed.value_kind import Binaries, Booleans, Choices, Decimals, Floats, Integers, Texts, ValueKind

# In SQLAlchemy's spelling of types; the first word that the declared type contains decides.
DECLARED: dict[str, ValueKind] = {
    "bool": Booleans(),
    "json": JsonTexts(),
    "timestamp": Datetimes("moment"),
    "datetime": Datetimes("moment"),
    "date": Datetimes("date"),
    "time": Datetimes("time"),
    "bigint": Integers(-(2**63), 2**63 - 1),
    "smallint": Integers(-(2**15), 2**15 - 1),
    "tinyint": Integers(-(2**7), 2**7 - 1),
    "uuid": Texts(36, fixed=True),
}
AFFINITIES: dict[str, ValueKind] = {
    "integer": Integers(-(2**31), 2**31 - 1),
    "real": Floats(1.5e300),
    "numeric": Decimals(12, 2),
    "text": Texts(),
}
UNDECLARED = Choices(("untyped 1", "untyped 2", "untyped 3", "untyped 4"), (-1, b"\x00\xff", 0.5), ("",))
WORDS = re.compile("|".join(DECLARED))
DIGITS = 15  # what REAL, which NUMERIC columns fall back on, holds exactly


class SQLiteValues(SeedDialect):
    """The dialect of seeding for SQLite."""

    grammar = "sqlite"
    converts = False

    def kind_of(self, column: CatalogueColumn, schema: Schema) -> ValueKind | None:
        """Return the kind of values that the column holds."""
        del schema
        kind = column.type
        declared, affinity = kind.base.lower(), kind.affinity or "blob"
        if affinity == "text":
            fixed = declared in {"char", "character", "nchar", "uuid"}
            return DECLARED["json"] if "json" in declared else Texts(kind.length, fixed=fixed)
        word = WORDS.search(declared)
        if word is not None:
            return self._rowid(column) or DECLARED[word.group()]
        if affinity == "numeric" and kind.precision is not None:
            precision = min(kind.precision, DIGITS)
            return Decimals(precision, min(kind.scale or 0, precision))
        if affinity == "blob":
            return Binaries(kind.length) if declared and declared != "any" else UNDECLARED
        return AFFINITIES[affinity]

    def _rowid(self, column: CatalogueColumn) -> ValueKind | None:
        return AFFINITIES["integer"] if column.identity == "auto" else None

    def write(self, value: Value) -> object:
        """Return the form in which the driver takes the value."""
        if isinstance(value, Decimal):
            # sqlite3 binds no Decimal; up to 2**53 a REAL holds every whole number, too
            return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
        return int(value) if isinstance(value, bool) else value

    @contextmanager
    def deferral(self, connection: Connection, keys: Iterable[tuple[Table, ForeignKey]]) -> Iterator[None]:
        """Defer foreign keys to the end of the transaction (they may be enforced by env.py's own hooks)."""
        del keys
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        yield
