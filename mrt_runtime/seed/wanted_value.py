"""What a migration asks of a value that it could not read, and values of that sort."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import re
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, Schema
from mrt_runtime.seed.datetimes import Datetimes
from mrt_runtime.seed.parsed_text import format_dates
from mrt_runtime.seed.seed_dialect import SeedDialect
from mrt_runtime.seed.value_kind import ColumnSlot, ValueKind

Reader: TypeAlias = Callable[[str], object]
"""Raises an error for a text that it cannot read."""
UNREAD = (ValueError, TypeError, binascii.Error)
A_PART = re.compile(
    r"(?P<year>YYYY)|(?P<month>MM)|(?P<day>DD)|(?P<hour>HH24|HH12|HH)|(?P<minute>MI)|(?P<second>SS)|(?P<fraction>US|MS)"
    r"|(?P<name>Month|Mon)|(?P<noon>AM|PM)|(?P<short>YY)"
)
DIRECTIVES = {
    "year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S", "fraction": "%f", "name": "%b",
    "noon": "%p", "short": "%y",
}  # fmt: skip
"""What Python calls the parts of a date that to_date() and to_timestamp() of PostgreSQL read."""


BROKEN = 6
"""Times that a text of ten letters is more than the 57 bytes that fit in a line of base64."""


@dataclass(frozen=True, slots=True)
class WantedValue:
    """A sort of value. lacking: says of values that they are not of it.

    make: returns a value for what is there and the number of a row. reads: whether what is there is of that sort already.
    is_whole: whether a part of a text that is of it would not do.
    is_document: whether it is a document, or a part of one, and no text.
    """

    lacking: str
    make: Callable[[object, int], object]
    reads: Callable[[object], bool]
    is_whole: bool = False
    is_document: bool = False


def as_text(lacking: str, write: Callable[[int], str], read: Reader | None, *, is_whole: bool = False) -> WantedValue:
    """Return a sort of text; without a reader, no text that is there is taken for one."""
    return WantedValue(
        lacking, lambda _, ordinal: write(ordinal), lambda old: read is not None and can_read(read, old), is_whole=is_whole
    )


def can_read(read: Reader, value: object) -> bool:
    """Whether a value is a text that can be read."""
    try:
        read(value if isinstance(value, str) else "")
    except UNREAD:
        return False
    return isinstance(value, str)


def of_kind(lacking: str, kind: ValueKind, read: Reader | None = None) -> WantedValue:
    """Return the texts of a kind of values."""

    def write(ordinal: int) -> str:
        pool = kind.pool(ColumnSlot(name="value", start=ordinal, count=1))
        value = next(iter(pool.values), "")
        return str(int(value) if isinstance(value, bool) else value)

    return as_text(lacking, write, read)


def one_of(lacking: str, labels: Collection[object]) -> WantedValue:
    """Return the sort of a handful of labels."""
    listed = [str(label) for label in labels]

    def read(text: str) -> None:
        if text not in listed:
            raise ValueError(text)

    return as_text(lacking, lambda ordinal: listed[ordinal % len(listed)], read)


def of_format(form: str) -> WantedValue | None:
    """Return the texts that strptime() reads with a format; None where it is none."""
    kind = format_dates(form)
    if kind is None:
        return None
    return of_kind(
        f"that are not of the format '{form}'",
        kind,
        lambda text: dt.datetime.strptime(text, form),  # noqa: DTZ007  no moment in time, only its form
    )


def translate_format(form: str) -> str:
    """Return a format of PostgreSQL's to_date() as one of Python's."""
    return A_PART.sub(lambda part: DIRECTIVES[str(part.lastgroup)], form)


def with_key(key: str) -> WantedValue:
    """Return the sort of documents that have a key."""
    return WantedValue(
        f"without the key '{key}'",
        lambda old, ordinal: {**(old if isinstance(old, dict) else {}), key: f"{key} {ordinal + 1}"},
        lambda old: isinstance(old, dict) and key in old,
        is_document=True,
    )


def of_shape(shape: type) -> WantedValue:
    """Return the sort of documents that are objects, or lists."""
    name = "object" if shape is dict else "list" if shape is list else "text"
    return WantedValue(
        f"that are no {name}",
        lambda old, ordinal: [old] if shape is list else f"text {ordinal + 1}" if shape is str else {},
        lambda old: isinstance(old, shape),
        is_document=True,
    )


def refuse_json_word(text: str) -> object:
    """Read JSON; a bare number or word would do, but is not what is meant."""
    found = json.loads(text)
    if isinstance(found, dict | list):
        return found
    raise ValueError(text)


def write_base64(old: object, ordinal: int) -> str:
    """Return base64 for a row: longer than a line of MIME where what was there was, for many encoders begin another line then."""
    text = f"text {ordinal + 1:04} "
    times = BROKEN if len(str(old)) >= len(base64.b64encode(text.encode() * BROKEN)) else 1
    return base64.b64encode(text.encode() * times).decode()


UUIDS = as_text("that are no UUID", lambda n: str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{n}.example.org")), uuid.UUID)
INTEGERS = as_text("that are no integer", lambda n: str(7001 + n), int)
NUMBERS = as_text("that are no number", lambda n: f"{7001 + n}.25", float)
DOCUMENTS = as_text("that are no JSON", lambda n: json.dumps({"value": n + 1}), refuse_json_word, is_whole=True)
DATES = of_kind("that are no date", Datetimes("date"), dt.date.fromisoformat)
MOMENTS = of_kind("that are no date and time", Datetimes(digits=0), dt.datetime.fromisoformat)
TIMES = of_kind("that are no time", Datetimes("time", digits=0), dt.time.fromisoformat)
TRUTHS = as_text("that are no truth value", lambda n: str(n % 2), None)
ARRAYS = as_text("that are no array", lambda n: f"{{{n + 1},{n + 2}}}", None, is_whole=True)
BASE64 = WantedValue(
    "that are no base64",
    write_base64,
    lambda old: can_read(lambda text: base64.b64decode(text, validate=True), old),
)
HEXADECIMAL = as_text("that are no hexadecimal digits", lambda n: f"text {n + 1}".encode().hex(), bytes.fromhex)
ADDRESSES = as_text("that are no IP address", lambda n: f"192.0.2.{n % 200 + 1}", None)

BY_TYPE = {
    "uuid": UUIDS,
    **dict.fromkeys(("integer", "bigint", "smallint", "int", "tinyint", "mediumint", "oid", "year"), INTEGERS),
    **dict.fromkeys(("numeric", "decimal", "double", "double precision", "real", "float"), NUMBERS),
    **dict.fromkeys(("json", "jsonb"), DOCUMENTS),
    "date": DATES,
    **dict.fromkeys(("datetime", "timestamp", "timestamp with time zone", "timestamptz"), MOMENTS),
    "time": TIMES,
    **dict.fromkeys(("boolean", "bool"), TRUTHS),
    **dict.fromkeys(("inet", "cidr", "inet4"), ADDRESSES),
}


def of_type(name: str, dialect: SeedDialect, schema: Schema) -> WantedValue | None:
    """Return the texts that a database reads as one of its types; None for a type that nothing is known of."""
    known = BY_TYPE.get(name.lower())
    if known is not None:
        return known
    column = CatalogueColumn(name="value", position=1, type=ColumnType(text=name, base=name.lower()))
    kind = dialect.kind_of(column, schema)
    return of_kind(f"that are no {name}", kind) if kind is not None else None
