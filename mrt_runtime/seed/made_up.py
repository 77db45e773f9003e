"""Which made-up values an obstacle is about: columns, and places in the documents that they hold."""

from __future__ import annotations

import json
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass, replace

from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema import Schema
from mrt_runtime.seed.edge_row import shorten
from mrt_runtime.seed.json_texts import ITEM, JsonPath
from mrt_runtime.seed.obstacle import Obstacle

SHORTEST = 3  # characters of a part of a text that shows where it is from
MOST_NAMED = 2
MOST_PARTS = 5000  # of documents


@dataclass(frozen=True, slots=True)
class Holder:
    """A value in a row: its table, column and, in a document, the path that leads to it."""

    label: str
    column: str
    value: object
    path: JsonPath | None = None

    def __str__(self) -> str:
        where = f"'{self.label}.{self.column}'"
        return f"{where} at {'.'.join(self.path)}" if self.path else where


def list_values(rows: Rows) -> Iterator[Holder]:
    """Yield the values of all rows, and those in the documents that they hold."""
    for label, table in rows.tables.items():
        for row in table.rows if not table.hashed else ():
            for name, value in zip(table.columns, row, strict=True):
                if isinstance(value, str):
                    yield Holder(label, name, value)
                    if value[:1] in ("{", "["):
                        yield from _list_parts(label, name, value)


def _list_parts(label: str, name: str, text: str) -> Iterator[Holder]:
    try:
        pending: list[tuple[JsonPath, object]] = [((), json.loads(text))]
    except (ValueError, RecursionError):
        return
    for _ in range(MOST_PARTS):
        if not pending:
            return
        path, value = pending.pop()
        yield Holder(label, name, value, path)
        if isinstance(value, dict):
            pending += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            pending += [((*path, ITEM), inner) for inner in value]


def find_holders(obstacle: Obstacle, rows: Rows) -> list[Holder]:
    """Return the values that an obstacle is about, as far as it shows them: whole ones, or else those that a part is from."""
    texts = {text for text in obstacle.quoted if text}
    if obstacle.needs_value:
        texts = texts if obstacle.key is None else {obstacle.key}
        return [
            one for one in list_values(rows) if (one.path is not None and one.value in obstacle.held) or is_one_of(one.value, texts)
        ]
    found = [one for one in list_values(rows) if isinstance(one.value, str)]
    texts |= {one for one in obstacle.held if isinstance(one, str) and one} if not texts else set()
    whole = [one for one in found if is_one_of(one.value, texts)]
    long = [text for text in texts if len(text) >= SHORTEST]
    return whole or [one for one in found if any(text in str(one.value) for text in long)]


def is_one_of(value: object, texts: Collection[str]) -> bool:
    """Whether a value is one of these texts: documents cannot be looked up."""
    return isinstance(value, str) and value in texts


def confirm(
    obstacle: Obstacle | None, schema: Schema, rows: Rows, imposed: Container[tuple[str, str, object]] = ()
) -> Obstacle | None:
    """Return an obstacle of an upgrade if made-up values may be the reason; None for labels that the schema itself lists.

    rows: those from before the upgrade. imposed: what migrations wrote to a table and column, which was not made up.
    """
    if obstacle is None or obstacle.is_guard:
        return obstacle
    holders = find_holders(obstacle, rows) if obstacle.needs_value or obstacle.quoted else []
    if not holders and obstacle.needs_value:
        return None
    if holders and all((one.label, one.column, one.value) in imposed for one in holders):
        return None
    listed = {
        (table.label, column.name)
        for table in schema.tables
        for column in table.columns
        if column.type.labels or column.type.kind == "enum"
    }
    texts = [f"'{text}'" for text in obstacle.quoted if text]
    listed |= {
        (table.label, column.name)
        for table in schema.tables
        for check in table.checks
        if any(text in check.expression for text in texts)
        for column in table.columns
    }
    if any((one.label, one.column) in listed for one in holders if one.path is None):
        return None
    met = name_met(holders or find_holders(obstacle, rows))
    return replace(obstacle, holders=tuple(dict.fromkeys((one.label, one.column) for one in holders)), met=met)


def name_met(holders: Sequence[Holder]) -> str:
    """Return in words where a value is that a step met, with the value; nothing where it may be in many places."""
    places = {str(one): one for one in holders}
    return "; ".join(f"{place}, such as {shorten(one.value)}" for place, one in places.items()) if len(places) <= MOST_NAMED else ""
