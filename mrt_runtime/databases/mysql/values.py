"""What MySQL's and MariaDB's columns hold: https://dev.mysql.com/doc/refman/8.4/en/data-types.html."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, ForeignKey, Schema, Table
from mrt_runtime.seed.datetimes import Datetimes
from mrt_runtime.seed.json_texts import JsonTexts
from mrt_runtime.seed.seed_dialect import SeedDialect
from mrt_runtime.seed.text import THREE_BYTES
from mrt_runtime.seed.value import SeedExpression, Value
from mrt_runtime.seed.value_kind import Binaries, Booleans, Choices, Decimals, Floats, Integers, Texts, ValueKind

INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "integer": 32, "bigint": 64}
TEXTS = {"tinytext": 60, "text": None, "mediumtext": None, "longtext": None}  # TINYTEXT holds 255 bytes, so 63 characters
BINARIES = {"tinyblob": 255, "blob": None, "mediumblob": None, "longblob": None}
UTC = dt.timezone.utc
# as well-known text, which ST_GeomFromText() reads
SHAPES = {
    "point": "POINT(1 2)",
    "geometry": "POINT(1 2)",
    "linestring": "LINESTRING(0 0, 1 2)",
    "polygon": "POLYGON((0 0, 0 3, 3 3, 0 0))",
    "multipoint": "MULTIPOINT(0 0, 1 2)",
    "multilinestring": "MULTILINESTRING((0 0, 1 2))",
    "multipolygon": "MULTIPOLYGON(((0 0, 0 3, 3 3, 0 0)))",
    "geometrycollection": "GEOMETRYCOLLECTION(POINT(1 2))",
    "geomcollection": "GEOMETRYCOLLECTION(POINT(1 2))",
}
OTHERS: dict[str, ValueKind] = {
    "json": JsonTexts(),
    "year": Integers(1901, 2155),
    "date": Datetimes("date", earliest=dt.datetime(1000, 1, 1, tzinfo=UTC), latest=dt.datetime(9999, 12, 31, tzinfo=UTC)),
    "uuid": Texts(36, fixed=True),
    "inet4": Choices(("192.0.2.1", "192.0.2.2", "192.0.2.3"), ("255.255.255.255",), ("0.0.0.0",)),  # noqa: S104 a value, nothing binds to it
    "inet6": Choices(("2001:db8::1", "2001:db8::2", "2001:db8::3"), ("::ffff:192.0.2.1",), ("::",)),
}


class MySQLValues(SeedDialect):
    """The dialect of seeding for MySQL and MariaDB."""

    grammar = "mysql"
    converts = True

    def kind_of(self, column: CatalogueColumn, schema: Schema) -> ValueKind | None:
        """Return the kind of values that the column holds, None for an unknown type."""
        del schema
        kind = column.type
        base = kind.base.lower().removesuffix(" unsigned").removesuffix(" zerofill")
        if base in SHAPES:
            return Choices((SeedExpression(f"ST_GeomFromText('{SHAPES[base]}')"),))
        if base in {"enum", "set"}:
            return self._labels(base, kind.labels)
        if base in {"datetime", "timestamp", "time"}:
            return self._moment(base, kind)
        if base in {"char", "varchar"} or base in TEXTS:
            return Texts(TEXTS.get(base, kind.length), fixed=base == "char", encoding=encoding_of(column.collation))
        if base in {"binary", "varbinary"} or base in BINARIES:
            return Binaries(BINARIES.get(base, kind.length), fixed=base == "binary")
        return self._number(base, kind) or OTHERS.get(base)

    def differ(self, one: str, other: str, column: CatalogueColumn) -> str:
        """Compare bytes: many collations take texts that differ in case for the same."""
        del column
        return f"NOT (CAST({one} AS BINARY) <=> CAST({other} AS BINARY))"

    def _number(self, base: str, kind: ColumnType) -> ValueKind | None:
        unsigned = kind.unsigned or "unsigned" in kind.text
        if base in {"bool", "boolean"} or kind.text.startswith("tinyint(1)"):
            return Booleans()
        if base in INTEGERS:
            bits = INTEGERS[base]
            return Integers(0, 2**bits - 1) if unsigned else Integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if base == "bit":
            return Integers(0, 2 ** (kind.length or kind.precision or 1) - 1)
        if base in {"decimal", "numeric"}:
            return Decimals(min(kind.precision or 10, 30), kind.scale or 0, unsigned)
        if base in {"float", "double", "real"}:
            if kind.precision is not None and kind.scale is not None:
                return Decimals(min(kind.precision, 6), min(kind.scale, 2), unsigned)
            return Floats(1.5e30 if base == "float" else 1.5e300, unsigned)
        return None

    def _labels(self, base: str, labels: tuple[str, ...]) -> ValueKind:
        if base == "set" and len(labels) > 1:
            return Choices(labels, (",".join(labels),), ("",))
        return Choices(labels)

    def _moment(self, base: str, kind: ColumnType) -> ValueKind:
        digits = kind.precision or 0
        if base == "time":
            return Datetimes("time", digits=digits)
        if base == "datetime":
            earliest = dt.datetime(1000, 1, 1, tzinfo=UTC)
            return Datetimes(digits=digits, earliest=earliest, latest=dt.datetime(9999, 12, 31, 23, 59, 58, 999_999, tzinfo=UTC))
        # TIMESTAMP ends at 2038-01-19 03:14:07 UTC, whatever zone the session has.
        earliest = dt.datetime(1970, 1, 3, tzinfo=UTC)
        return Datetimes(digits=digits, earliest=earliest, latest=dt.datetime(2038, 1, 17, 3, 14, 7, 999_999, tzinfo=UTC))

    def write(self, value: Value) -> object:
        """Return the form in which the driver takes the value."""
        return int(value) if isinstance(value, bool) else value

    def cast(self, placeholder: str, column: CatalogueColumn) -> str:
        """Return a placeholder for moments with their type, so that they are compared as such."""
        base = column.type.base.lower()
        if base in {"datetime", "timestamp"}:
            return f"CAST({placeholder} AS DATETIME(6))"
        return f"CAST({placeholder} AS DATE)" if base == "date" else placeholder

    @contextmanager
    def deferral(self, connection: Connection, keys: Iterable[tuple[Table, ForeignKey]]) -> Iterator[None]:
        """Switch foreign keys off for the session; InnoDB cannot put them off."""
        del keys
        connection.exec_driver_sql("SET @mrt_foreign_key_checks = @@foreign_key_checks, foreign_key_checks = 0")
        try:
            yield
        finally:
            connection.exec_driver_sql("SET foreign_key_checks = @mrt_foreign_key_checks")


def encoding_of(collation: str | None) -> str:
    """Return an encoding of Python whose characters a column of this collation can all hold."""
    charset = (collation or "utf8mb4").partition("_")[0]
    if charset in {"utf8", "utf8mb3", "ucs2"}:
        return THREE_BYTES
    if charset.startswith("utf"):
        return "utf-8"
    return "latin-1" if charset == "latin1" else "ascii"
