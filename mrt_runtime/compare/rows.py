"""Every row of every table, as values that can be compared exactly. How they are fetched is the dialects' business."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, TypeAlias

from mrt_runtime.compare.json_value import JSON_NULL, canonical, is_json_column
from mrt_runtime.compare.schema import Table
from mrt_runtime.compare.sequence_position import SequencePosition

Row: TypeAlias = tuple[Any, ...]

LIMIT = 5000  # rows of a table that are kept as they are; of longer tables a fingerprint of each long value is kept
SHORT = 40  # characters of a text that takes no more room than its fingerprint


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Takes the place of a long value of a long table: equal values have equal fingerprints, others by all odds different ones.

    Two texts that are the same JSON are equal here too.
    """

    digest: bytes

    def __repr__(self) -> str:
        return f"#{self.digest.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """The rows of one table, in no order. `key` names the columns that identify them; () where none do.

    NULL is None. All other values represent exactly what the database holds: two are equal when their `repr` is. In a long
    table, which is `hashed`, long ones are Fingerprints. `numbers` names the columns whose values are numbers or truth values that
    came as text, `json` those that hold nothing but JSON.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    hashed: bool = False
    numbers: frozenset[str] = frozenset()
    json: frozenset[str] = frozenset()

    def project(self, names: Iterable[str]) -> list[Row]:
        """Return the values of these columns, row by row."""
        places = [self.columns.index(name) for name in names]
        return [tuple(row[place] for place in places) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of all tables by label, and the `positions` of what hands out numbers for them.

    `basis` is what the dialect keeps for a later look to build on.
    """

    tables: Mapping[str, TableRows] = field(default_factory=lambda: MappingProxyType({}))
    basis: object = field(default=None, compare=False, repr=False)
    positions: tuple[SequencePosition, ...] = ()


def holds_rows(table: Table) -> bool:
    """Whether a table's rows are read: a partition's are read through the whole, a foreign table's belong to another server."""
    return table.kind in {"table", "partitioned", "virtual"}


def key_of(table: Table) -> tuple[str, ...]:
    """Choose the columns that identify a table's rows: the primary key, else a unique one without NULLs, else none."""
    if table.primary_key is not None:
        return table.primary_key.columns
    candidates = [key.columns for key in table.uniques]
    candidates += [
        tuple(element.column or "" for element in index.elements)
        for index in table.indexes
        if index.unique and index.predicate is None and index.valid and all(e.column and not e.prefix for e in index.elements)
    ]
    required = {column.name for column in table.columns if not column.nullable}
    return next((columns for columns in candidates if required.issuperset(columns)), ())


def keep(table: Table, rows: Iterable[Row], numbers: Collection[str] = ()) -> TableRows:
    """Keep a table's rows, each with the values of all columns in their order; `numbers` as in `TableRows`."""
    columns = tuple(column.name for column in table.columns)
    json = frozenset(column.name for column in table.columns if is_json_column(column, table))
    bare = TableRows(table=table.label, columns=columns, key=key_of(table), numbers=frozenset(numbers), json=json)
    pending = iter(rows)
    # one more than is kept shows that a table is long, without a count(*)
    first = tuple(islice(pending, LIMIT + 1))
    if len(first) <= LIMIT:
        return replace(bare, rows=first)
    return replace(bare, rows=tuple(_fingerprints(bare, chain(first, pending))), hashed=True)


def fingerprinted(table: TableRows) -> TableRows:
    """Turn the long values into fingerprints, as `keep` does for a long table."""
    return table if table.hashed else replace(table, rows=tuple(_fingerprints(table, table.rows)), hashed=True)


def form_of(value: object, *, is_json: bool = False) -> str:
    """Return the form in which values are compared: as they are, but JSON by what it says."""
    if is_json and value is None:
        return JSON_NULL  # Python, which writes most JSON, reads both as None, and SQLAlchemy's JSON writes None as null
    # repr() distinguishes 1 from 1.0 and "1", which == does not
    return canonical(value, scalars=is_json) or repr(value)


def _fingerprints(table: TableRows, rows: Iterable[Row]) -> Iterator[Row]:
    is_json = [name in table.json for name in table.columns]
    for row in rows:
        yield tuple(_fingerprint(value, is_json=json) for value, json in zip(row, is_json, strict=True))


def _fingerprint(value: object, *, is_json: bool) -> object:
    form = canonical(value, scalars=is_json)
    if form == JSON_NULL:
        return None
    if form is None:
        if not isinstance(value, str | bytes) or len(value) <= SHORT:
            return value
        form = repr(value)
    return Fingerprint(hashlib.blake2b(form.encode(), digest_size=12).digest())
