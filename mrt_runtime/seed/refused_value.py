"""Which value a database could not convert, and what it asks for, in the words of its error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mrt_runtime.compare.schema import Schema
from mrt_runtime.seed.seed_dialect import SeedDialect
from mrt_runtime.seed.wanted_value import (
    ARRAYS,
    BASE64,
    BY_TYPE,
    DATES,
    DOCUMENTS,
    HEXADECIMAL,
    MOMENTS,
    TIMES,
    WantedValue,
    of_format,
    of_shape,
    of_type,
    one_of,
    translate_format,
)

OF_TYPE = re.compile(
    r'invalid input syntax for type (?P<type>[\w ]+?)(?:: "(?P<text>.*?)"$|$)'
    r'|"(?P<big>.*?)" is out of range for type (?P<range>[\w ]+)',
    re.DOTALL | re.MULTILINE,
)
OF_ENUM = re.compile(r'invalid input value for enum (?:"?\w+"?\.)?"?(?P<type>\w+)"?: "(?P<text>.*?)"$', re.DOTALL | re.MULTILINE)
OF_DATE = re.compile(
    r'(?:date/time field value out of range|timestamp out of range|date out of range): "(?P<text>.*?)"$', re.MULTILINE
)
OF_PART = re.compile(r'invalid value "(?P<text>.*?)" for "\w+"|source string too short for "\w+" formatting field')
OF_LITERAL = re.compile(r'malformed array literal: "(?P<text>.*?)"$', re.DOTALL | re.MULTILINE)
OF_DOCUMENT = re.compile(
    r"cannot (?:call \w+ on|extract elements from) (?:a |an )?(?P<not>non-array|non-object|scalar|array|object)|cannot deconstruct"
)
OF_SERVER = re.compile(r"(?:Truncated i|I)ncorrect (?P<type>\w+) value: '(?P<text>.*)'(?P<rest>.*)", re.DOTALL)
OF_COLUMN = re.compile(r"Data truncated for column '(?P<column>[^']+)'")
OF_CHECK = re.compile(r"CONSTRAINT [`'](?:[^`'.]+\.)*(?P<column>[^`'.]+)[`'] ")
OF_SYNTAX = re.compile(r"Invalid JSON text|(?:JSON text|malformed JSON|JSON path error|bad JSON path)", re.IGNORECASE)
NAMED = re.compile(r"in value for column '(?:[^'.]+\.)*(?P<column>[^'.]+)'")
FORMAT = re.compile(r"\b(?:to_date|to_timestamp|str_to_date)\s*\(.*?,\s*'([^']+)'\s*\)", re.IGNORECASE | re.DOTALL)
LABELS = re.compile(r"\bENUM\s*\(([^)]*)\)", re.IGNORECASE)
PADDING = re.compile(r"(?:\\x00)+$")
"""What MariaDB adds to a value in its words."""


@dataclass(frozen=True, slots=True)
class RefusedValue:
    """`wanted` in its place, what is likeliest first; `texts` that it may be, or hold, likewise; none where the error shows none.

    column: the one that the error names. parts: documents, or parts of such, of which one lacks something.
    """

    wanted: tuple[WantedValue, ...]
    texts: tuple[str, ...] = ()
    column: str | None = None
    parts: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What a database said of a statement; labels: returns those of an enum by its name."""

    words: str
    statement: str
    dialect: SeedDialect
    schema: Schema
    labels: Callable[[str], Sequence[str]]

    def read(self) -> RefusedValue | None:
        """Return the value that could not be converted, None where the words name no conversion."""
        return next((found for found in (*self._of_postgresql(), *self._of_mysql(), *self._of_documents()) if found.wanted), None)

    def _of_postgresql(self) -> Iterator[RefusedValue]:
        if found := OF_TYPE.search(self.words):
            wanted = of_type((found["type"] or found["range"]).strip(), self.dialect, self.schema)
            text = found["text"] if found["type"] else found["big"]
            yield RefusedValue((wanted,) if wanted else (), () if text is None else (text,))
        if found := OF_ENUM.search(self.words):
            named = (one.labels for one in self.schema.types if one.name == found["type"])
            labels = self.labels(found["type"]) or next(named, ())
            yield RefusedValue((one_of(f"that are no label of {found['type']}", labels),) if labels else (), (found["text"],))
        if found := OF_DATE.search(self.words):
            yield RefusedValue((MOMENTS, DATES, TIMES), (found["text"],))
        if found := OF_PART.search(self.words):
            yield RefusedValue(tuple(self._formats()), (found["text"],) if found["text"] else ())
        if found := OF_LITERAL.search(self.words):
            yield RefusedValue((ARRAYS,), (found["text"],))
        if "base64" in self.words:
            yield RefusedValue((BASE64,))
        if "hexadecimal d" in self.words:
            yield RefusedValue((HEXADECIMAL,))

    def _of_mysql(self) -> Iterator[RefusedValue]:
        if found := OF_SERVER.search(self.words):
            formats = tuple(self._formats()) if "str_to_date" in found["rest"] else ()
            wanted = of_type(found["type"], self.dialect, self.schema)
            yield RefusedValue(formats or ((wanted,) if wanted else ()), (PADDING.sub("", found["text"]),))
        if found := OF_COLUMN.search(self.words):
            yield RefusedValue(tuple(self._new_type(found["column"])), column=found["column"])
        if found := OF_CHECK.search(self.words):
            # MariaDB's JSON is a text with a check that it names after the column
            yield RefusedValue((DOCUMENTS,), column=found["column"])

    def _of_documents(self) -> Iterator[RefusedValue]:
        if OF_SYNTAX.search(self.words):
            named = NAMED.search(self.words)
            yield RefusedValue((DOCUMENTS,), column=named["column"] if named else None)
        if found := OF_DOCUMENT.search(self.words):
            is_list = (
                found["not"] in {"non-array", "object"} or "elements" in self.words or "array" in self.words.partition(" on ")[0]
            )
            yield RefusedValue((of_shape(list if is_list else dict),))

    def _formats(self) -> Iterator[WantedValue]:
        """Yield the texts of the formats of dates that the statement names."""
        for form in dict.fromkeys(FORMAT.findall(self.statement)):
            found = of_format(form.replace("%%", "%") if "%" in form else translate_format(form))
            if found is not None:
                yield found

    def _new_type(self, column: str) -> Iterator[WantedValue]:
        """Yield what a column is changed to, or else has as a type: the error does not say it."""
        behind = re.search(
            rf"[`\s]{re.escape(column)}`?\s+(?:`?\w+`?\s+)?(?=ENUM|\w+)(.*)", self.statement, re.IGNORECASE | re.DOTALL
        )
        listed = LABELS.search(behind[1] if behind else self.statement)
        labels: Sequence[str] = re.findall(r"'((?:[^']|'')*)'", listed[1]) if listed else ()
        labels = labels or self.labels(column)
        if not labels:
            columns = (table.column(column) for table in self.schema.tables if table.name in self.statement)
            labels = next((found.type.labels for found in columns if found is not None and found.type.labels), ())
        if labels:
            yield one_of(f"that are no label of {column}", labels)
        changed = re.search(rf"[`\s]{re.escape(column)}`?\s+(\w+)", self.statement)
        if changed and changed[1].lower() in BY_TYPE:
            yield BY_TYPE[changed[1].lower()]
