"""Values whose change is no loss: times of the last change, what triggers count, and fractions that arithmetic left a trace in."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator
from typing import TypeAlias

from mrt_runtime.compare.blame import has_word
from mrt_runtime.compare.row_difference import Excuse, ValueChange
from mrt_runtime.compare.schema import CatalogueColumn, Schema

Disturbed: TypeAlias = frozenset[tuple[str | None, str | None]]
"""The tables and columns that the writing of rows changed in other rows."""

TIME = "became the time of this run"
COUNT = "counted on by a trigger"
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
CHANGED = re.compile(r"(?:last|date|time|row|record)?(?:updat|modif|chang|edit|touch)\w*|mtime")
AROUND = frozenset(
    {
        *(
            "last",
            "latest",
            "date",
            "datetime",
            "time",
            "timestamp",
            "tstamp",
            "stamp",
            "ts",
            "dt",
            "day",
            "utc",
            "at",
            "on",
            "when",
        ),
        *("of", "is", "by", "row", "record", "rec", "entry", "db", "sys", "system", "auto"),
    }
)
"""Words beside one for a change that do not say of what: `status_changed_at` is the time of another event than of any change."""
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d))?")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
FURTHEST = 15 * 3600  # seconds: times without a zone are some zone's, the furthest from UTC is 14 hours away
UNITS = (1, 1_000, 1_000_000)  # in which a time is counted since 1970
# An assignment in the body of a trigger, and not a comparison.
ASSIGNED = r"(?:\bSET\b|,|;|\bBEGIN\b|\bTHEN\b|\bELSE\b)\s*(?:\w+\.)?[\"`]?{column}[\"`]?\s*:?="


def find_stamps(before: Schema, first: Schema, disturbed: Disturbed = frozenset()) -> Excuse:
    """Return what excuses a change between the two looks around an upgrade and its rollback.

    A time that became the present one is a stamp where the database sets it by itself (a trigger, ON UPDATE) or its column is
    named as one (`updated_at`), of the whole row, and stayed there meanwhile: one that comes back with a default has lost its
    values. So is one of a row that nothing had changed before: it says that the row was changed now, as it does for any other.
    A row that a migration of this run wrote has its own time: a later one that writes it again may give it another one.

    A number is counted where a trigger assigns it. What is `disturbed` was stamped or counted because rows of ours were written.
    """
    labels = {table.label for table in first.tables}

    def excuse(change: ValueChange) -> str | None:
        column = _find(first, change) if change.table in labels else None
        if column is None or change.now is None:
            return None
        if is_same_decimal(column, change):
            return ""
        is_stamp = column.on_update or is_named(change.table, column.name) or is_assigned(before, change)
        # what held the time of this run has it from a migration, as its default
        if is_present(change.now) and (is_stamp or is_present(change.was)):
            words: str | None = TIME
        else:
            is_number = all(NUMBER.fullmatch(str(value)) for value in (change.was, change.now))
            words = COUNT if is_number and is_assigned(before, change) else None
        return "" if words and (change.table, change.column) in disturbed else words

    return excuse


def _find(schema: Schema, change: ValueChange) -> CatalogueColumn | None:
    return next((table.column(change.column) for table in schema.tables if table.label == change.table), None)


def is_named(table: str, column: str) -> bool:
    """Whether a column is called by when a row was changed last: by no word that says of what, unless that is the table."""
    words = [word.lower() for word in WORD.findall(column)]
    own = {word.lower().rstrip("s") for word in WORD.findall(table.rpartition(".")[2])}
    others = [word for word in words if not CHANGED.fullmatch(word)]
    return len(others) < len(words) and all(word in AROUND or word.rstrip("s") in own for word in others)


def is_same_decimal(column: CatalogueColumn, change: ValueChange) -> bool:
    """Whether both are one number to the digits that SQLite's column declares, which keeps it as a binary fraction."""
    scale, values = column.type.scale, (change.was, change.now)
    if column.type.affinity != "numeric" or scale is None or not all(isinstance(value, int | float) for value in values):
        return False
    was, now = (round(float(value), scale) for value in values)
    return was == now


def is_assigned(schema: Schema, change: ValueChange) -> bool:
    """Whether a trigger assigns the column: one of its own table, or one that names the table."""
    assigned = re.compile(ASSIGNED.format(column=re.escape(change.column)), re.IGNORECASE)
    name = change.table.rpartition(".")[2]
    return any((table == change.table or has_word(body, name)) and assigned.search(body) for table, body in read_triggers(schema))


def read_triggers(schema: Schema) -> Iterator[tuple[str | None, str]]:
    """Yield the table of each trigger, and what it runs: its own body, and the functions that it names."""
    functions = [one for one in schema.objects if one.kind in {"function", "procedure"}]
    for trigger in (one for one in schema.objects if one.kind == "trigger"):
        called = [one.definition for one in functions if f"{one.name.partition('(')[0]}(" in trigger.definition]
        yield trigger.table, "\n".join((trigger.definition, *called))


def is_present(value: object) -> bool:
    """Whether a value is the present time, of whatever zone: written out, or counted since 1970."""
    text, now = str(value), time.time()
    moment = MOMENT.match(text)
    if moment:
        try:
            written = dt.datetime.fromisoformat(f"{moment[1]} {moment[2] or '12:00'}").replace(tzinfo=dt.timezone.utc)
        except ValueError:
            return False
        return abs(written.timestamp() - now) <= FURTHEST + (0 if moment[2] else 12 * 3600)
    return bool(NUMBER.fullmatch(text)) and any(abs(float(text) / unit - now) <= FURTHEST for unit in UNITS)
