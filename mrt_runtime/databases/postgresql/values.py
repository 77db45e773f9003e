"""What PostgreSQL's columns hold. Every value is written as text, which the server reads as the column's type.

Input forms: https://www.postgresql.org/docs/current/datatype.html, and the extensions' own pages.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import Literal

from sqlalchemy.engine import Connection

from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, ForeignKey, NamedType, Schema, Table
from mrt_runtime.databases.postgresql.exotics import EXOTICS, ranges_of
from mrt_runtime.databases.postgresql.quoting import quote
from mrt_runtime.seed.arrays import Arrays
from mrt_runtime.seed.datetimes import Datetimes
from mrt_runtime.seed.json_texts import JsonTexts
from mrt_runtime.seed.seed_dialect import SeedDialect
from mrt_runtime.seed.value import Value, ValuePool
from mrt_runtime.seed.value_kind import Binaries, Booleans, Choices, ColumnSlot, Decimals, Floats, Integers, Texts, ValueKind

INTEGERS = {"smallint": 16, "integer": 32, "bigint": 64}
TEXTS = {"character varying", "character", "text", "bpchar", "name", "citext"}
NEXT_NUMBER = re.compile(r"\bnextval\('((?:[^']|'')+)'")
"""A column's default that takes a number from a sequence which it need not own."""
SIMPLE: dict[str, ValueKind] = {
    "boolean": Booleans(),
    "real": Floats(1.5e30),
    "double precision": Floats(1.5e300),
    "json": JsonTexts(),
    "jsonb": JsonTexts(),
    "bytea": Binaries(),
    "date": Datetimes("date", latest=dt.datetime(9999, 12, 31, tzinfo=dt.timezone.utc)),
    "oid": Integers(0, 2**31 - 1),
}


# A partition's key is part of the key of the table that was divided, and changes with that one only.
_ROOTS = """WITH RECURSIVE chain AS (
  SELECT c.oid, c.conparentid FROM pg_catalog.pg_constraint c
  WHERE c.contype = 'f' AND NOT c.condeferrable AND c.conname = %s AND c.conrelid = CAST(%s AS regclass)
  UNION SELECT c.oid, c.conparentid FROM pg_catalog.pg_constraint c JOIN chain ON c.oid = chain.conparentid)
SELECT CAST(CAST(c.conrelid AS regclass) AS text), quote_ident(c.conname)
FROM pg_catalog.pg_constraint c JOIN chain ON c.oid = chain.oid WHERE c.conparentid = 0"""


class PostgreSQLValues(SeedDialect):
    """The dialect of seeding for PostgreSQL."""

    grammar = "postgres"
    converts = True
    defers = True

    def kind_of(self, column: CatalogueColumn, schema: Schema) -> ValueKind | None:
        """Return the kind of values that the column holds, None for an unknown type."""
        return self._kind(column.type, schema, column.name)

    def _kind(self, kind: ColumnType, schema: Schema, name: str) -> ValueKind | None:
        if kind.kind == "array":
            inner = self._kind(kind.element, schema, name) if kind.element is not None else None
            return Arrays(inner, name, self._write_array) if inner is not None else None
        named = schema.type_named(kind.base, kind.schema)
        if kind.kind == "domain":
            under = kind.element or (named.base if named else None)
            return self._kind(under, schema, name) if under is not None else None
        if kind.kind == "enum":
            return Choices(kind.labels or (named.labels if named else ()))
        if kind.kind == "composite":
            return self._composite(named, schema) if named else None
        if kind.kind in {"range", "multirange"}:
            return self._range(kind, named, schema)
        return self._plain(kind)

    def _plain(self, kind: ColumnType) -> ValueKind | None:
        base = kind.base
        if base in INTEGERS:
            bits = INTEGERS[base]
            return Integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if base == "numeric":
            scale = kind.scale or 0
            return Decimals(kind.precision, scale) if kind.precision and 0 <= scale <= kind.precision else Decimals()
        if base in TEXTS:
            length = 63 if base == "name" else kind.length or (1 if base == "character" else None)
            return Texts(length, fixed=base in {"character", "bpchar"})
        if base.startswith("time"):
            return self._moment(base, kind)
        if base in {"bit", "bit varying"}:
            return self._bits(base, kind.length)
        return SIMPLE.get(base) or EXOTICS.get(base) or ranges_of(base) or self._vector(base, kind)

    def _moment(self, base: str, kind: ColumnType) -> ValueKind:
        # The precision is in the text: "timestamp(0) without time zone".
        digits = kind.precision if kind.precision is not None else 6
        part: Literal["moment", "time"] = "moment" if base.startswith("timestamp") else "time"
        return Datetimes(part, zone="with time zone" in kind.text, digits=digits)

    def _bits(self, base: str, length: int | None) -> ValueKind:
        most = length or (1 if base == "bit" else 12)
        typical = tuple(format(n, "b").zfill(most)[-most:] for n in range(1, min(2**most, 40)))
        return Choices(typical, ("1" * most,), ("0" * most,))

    def _vector(self, base: str, kind: ColumnType) -> ValueKind | None:
        if base not in {"vector", "halfvec"}:
            return None
        digits = "".join(c for c in kind.text if c.isdigit())
        size = int(digits) if digits else 3
        return Choices(tuple(str([n + 1] * size).replace(" ", "") for n in range(10)), (str([-0.5] * size).replace(" ", ""),))

    def _write_array(self, values: Iterable[Value]) -> str:
        return "{" + ",".join("NULL" if value is None else quoted(self.write(value)) for value in values) + "}"

    def _composite(self, named: NamedType, schema: Schema) -> ValueKind | None:
        pools: list[ValuePool] = []
        for place, (name, field) in enumerate(named.fields):
            inner = self._kind(field, schema, name)
            pools.append(inner.pool(ColumnSlot(name=name, place=place)) if inner is not None else ValuePool())
        rows = zip(*(p.typical or (None,) * 10 for p in pools), strict=False)
        edge = [(*p.edges, *p.typical, None)[0] for p in pools]
        return Choices(tuple(self._record(row) for row in rows), (self._record(edge),), (self._record([None] * len(pools)),))

    def _record(self, values: list[Value] | tuple[Value, ...]) -> str:
        return "(" + ",".join("" if v is None else quoted(self.write(v)) for v in values) + ")"

    def _range(self, kind: ColumnType, named: NamedType | None, schema: Schema) -> ValueKind | None:
        if named is None:
            return ranges_of(kind.base)
        over = next((t for t in schema.types if t.multirange == named.name), named)
        subtype = over.subtype or named.subtype
        inner = self._kind(subtype, schema, "") if subtype is not None else None
        if inner is None:
            return None
        steps = [quoted(self.write(value)) for value in inner.pool(ColumnSlot(name="")).typical]
        spans = tuple(f"[{low},{high})" for low, high in zip(steps[::2], steps[1::2], strict=False))
        if kind.kind == "multirange":
            return Choices(tuple(f"{{{span}}}" for span in spans), ("{(,)}",), ("{}",))
        return Choices(spans, ("(,)",), ("empty",))

    def write(self, value: Value) -> object:
        """Write the value as text."""
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, bytes):
            return "\\x" + value.hex()
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    def cast(self, placeholder: str, column: CatalogueColumn) -> str:
        """Return the placeholder with the column's type; a domain's own type would refuse what is to be asked about."""
        kind = column.type
        while kind.kind == "domain" and kind.element is not None:
            kind = kind.element
        return f"CAST({placeholder} AS {kind.text})"

    def reading(self, name: str) -> str:
        """Return an expression that reads the column as text, as it is written."""
        return f"CAST({name} AS text)"

    def differ(self, one: str, other: str, column: CatalogueColumn) -> str:
        """Compare texts, which every type can be written as; JSON has to be put in order first."""
        first, second = (f"({text})::jsonb" if column.type.base == "json" else f"({text})" for text in (one, other))
        return f"CAST({first} AS text) IS DISTINCT FROM CAST({second} AS text)"

    def source(self, name: str, table: Table) -> str:
        """Return the table's name with ONLY, without the rows of tables that inherit from it: its keys are not theirs."""
        return f"ONLY {name}" if table.kind == "table" else name

    def preface(self, table: Table) -> str:
        """Return the clause that accepts our numbers in identity columns."""
        return " OVERRIDING SYSTEM VALUE" if any(column.identity for column in table.columns) else ""

    def target(self, table: Table, schema: Schema) -> Table:
        """Insert a partition's rows through the table that it is a part of, as applications do."""
        labels = {other.label: other for other in schema.tables}
        while table.kind in {"partition", "partitioned"} and table.bounds and table.parents and table.parents[0] in labels:
            table = labels[table.parents[0]]
        return table

    def hidden_checks(self, connection: Connection, table: Table) -> tuple[str, ...]:
        """Return a partition's bounds as a condition, with those of the partitions that it is in."""
        if not table.bounds:
            return ()
        preparer = connection.dialect.identifier_preparer
        name = ".".join(preparer.quote(part) for part in (table.schema, table.name) if part)
        found = connection.exec_driver_sql("SELECT pg_get_partition_constraintdef(CAST(%s AS regclass))", (name,)).scalar()
        return (str(found),) if found else ()

    def pass_number(self, connection: Connection, table: Table, name: str, number: int) -> None:
        """Move the sequence of a column on, so that it gives no other row this number."""
        preparer = connection.dialect.identifier_preparer
        label = ".".join(preparer.quote(part) for part in (table.schema, table.name) if part)
        owned = connection.exec_driver_sql("SELECT pg_get_serial_sequence(%s, %s)", (label, name)).scalar()
        column = table.column(name)
        named = NEXT_NUMBER.search(column.default or "") if column is not None else None
        sequence = owned or (named[1].replace("''", "'") if named else None)
        if sequence is not None:
            connection.exec_driver_sql(
                f"SELECT setval(CAST(%s AS regclass), {number}) FROM {sequence} WHERE last_value <= {number}", (sequence,)
            )

    def attempt(self, connection: Connection) -> AbstractContextManager[object]:
        """Set a savepoint: a refused statement would end the transaction."""
        return connection.begin_nested()

    def check_at_once(self, connection: Connection) -> None:
        """Check each constraint, and run each constraint trigger, at the statement that it is about."""
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")

    @contextmanager
    def deferral(self, connection: Connection, keys: Iterable[tuple[Table, ForeignKey]]) -> Iterator[None]:
        """Defer the check of all foreign keys that are DEFERRABLE, and make these ones so for as long as it takes.

        Where the body or a key's check fails, the caller's savepoint brings the keys back as they were. Source: PostgreSQL's
        manual, ALTER TABLE (ALTER CONSTRAINT).
        """
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")  # a table that a check waits for cannot be altered
        changed = dict.fromkeys(place for table, key in keys for place in _find_roots(connection, table, key))
        for table, name in changed:
            connection.exec_driver_sql(f"ALTER TABLE {table} ALTER CONSTRAINT {name} DEFERRABLE")
        connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
        yield
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        for table, name in changed:
            connection.exec_driver_sql(f"ALTER TABLE {table} ALTER CONSTRAINT {name} NOT DEFERRABLE")


def _find_roots(connection: Connection, table: Table, key: ForeignKey) -> list[tuple[str, str]]:
    """Find where a key that is not deferrable is defined: the table's and its own name, quoted; none where it is deferrable."""
    name = ".".join(quote(part) for part in (table.schema, table.name) if part)
    found = connection.exec_driver_sql(_ROOTS, (key.name, name))
    return [(str(place).replace("%", "%%"), str(constraint).replace("%", "%%")) for place, constraint in found]


def quoted(value: object) -> str:
    """Quote a part of an array, a record or a range."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
