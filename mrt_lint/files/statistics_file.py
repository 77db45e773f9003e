"""The file that `mrt stats` writes and `mrt check` reads: the sizes of the tables, a table a line, so that a diff is small.

Figures are rounded, and one that changed little since the file was written stays as it is there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from mrt_lint.model.table_size import TableSize, TableStatistics
from mrt_lint.settings import Settings
from mrt_lint.usage import UsageError

# to be raised when the format changes: a file of another one is refused
_FORMAT: Final = 1
STATISTICS_FILE: Final = "mrt-stats.toml"
"""The file in the project's folder that is read if nothing else is said."""
_CLOSE: Final = 0.25
_DIGITS: Final = 2


def with_statistics(settings: Settings) -> Settings:
    """Return the settings with the sizes of the tables, where there is a file of them.

    Raises UsageError for a file that is named and not there, and for one that is damaged or of another version.
    """
    path = settings.root / (settings.stats or STATISTICS_FILE)
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        if settings.stats:
            raise UsageError(f"There is no file {path}, which stats names: mrt stats URL writes it.") from None
        return settings
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return replace(settings, statistics=loads(text, path))


def loads(text: str, path: Path) -> TableStatistics:
    """Read the text of a file. Raises UsageError where it is damaged or of another version."""
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415  most projects have no such file
    else:
        import tomli as tomllib  # noqa: PLC0415  see above
    try:
        document = tomllib.loads(text)
        version = document["mrt_stats"]
        if version != _FORMAT:
            raise UsageError(f"{path} is of format {version!r}, where this mrt knows {_FORMAT}: mrt stats URL writes it again.")
        return _statistics(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(f"{path} holds no sizes of tables, or is damaged: mrt stats URL writes it again.") from None


def dumps(statistics: TableStatistics) -> str:
    """Write the text of a file."""
    lines = [
        "# How large the tables are, about: mrt check names it, and reports no locks on small tables. mrt stats writes this file.",
        f"mrt_stats = {_FORMAT}",
        f"date = {statistics.date}",
        f"dialect = {_quoted(statistics.dialect)}",
        f"server = {_quoted(statistics.server)}",
        f"revisions = [{', '.join(map(_quoted, sorted(statistics.revisions)))}]",
    ]
    by_schema: dict[str | None, list[TableSize]] = {None: []}
    for table in sorted(statistics.tables, key=lambda table: (table.schema or "", table.name)):
        by_schema.setdefault(table.schema, []).append(table)
    for schema, tables in by_schema.items():
        lines += ["", "[tables]" if schema is None else f"[schemas.{_quoted(schema)}]", *map(_line, tables)]
    return "\n".join(lines) + "\n"


def settle(read: TableStatistics, earlier: TableStatistics | None) -> TableStatistics:
    """Return what was just read with its figures rounded, and as they were in an earlier file where they are close to that.

    If then no more than the date is new, it is the earlier one: the file need not change.
    """
    known = {(table.schema, table.name): table for table in earlier.tables} if earlier is not None else {}
    tables = tuple(_settled(table, known.get((table.schema, table.name))) for table in read.tables)
    settled = replace(read, tables=tuple(sorted(tables, key=lambda table: (table.schema or "", table.name))))
    if earlier is None:
        return settled
    before = tuple(sorted(earlier.tables, key=lambda table: (table.schema or "", table.name)))
    return earlier if replace(settled, date=earlier.date) == replace(earlier, tables=before) else settled


def _settled(table: TableSize, before: TableSize | None) -> TableSize:
    rows, size = (before.rows, before.size) if before is not None else (None, None)
    return replace(table, rows=_stable(table.rows, rows), size=None if table.size is None else _stable(table.size, size))


def _stable(figure: int, before: int | None) -> int:
    if before and abs(figure - before) <= _CLOSE * before:
        return before
    surplus = len(str(figure)) - _DIGITS
    return round(figure, -surplus) if surplus > 0 else figure


def _line(table: TableSize) -> str:
    size = "" if table.size is None else f", bytes = {table.size:_}"
    return f"{_quoted(table.name)} = {{ rows = {table.rows:_}{size} }}"


def _quoted(text: str) -> str:
    """Write a TOML string: a JSON string is one, but for the character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _statistics(document: dict[str, Any]) -> TableStatistics:
    revisions, schemas = document["revisions"], document.get("schemas", {})
    words = (document["dialect"], document["server"], *revisions)
    if not isinstance(revisions, list) or not all(isinstance(word, str) for word in words):
        raise TypeError("a value of another type")
    return TableStatistics(
        date=document["date"].isoformat(),
        dialect=document["dialect"],
        server=document["server"],
        revisions=tuple(revisions),
        tables=(*_tables(None, document["tables"]), *(table for name in schemas for table in _tables(name, schemas[name]))),
    )


def _tables(schema: str | None, entries: dict[str, Any]) -> Iterable[TableSize]:
    for name, entry in entries.items():
        rows, size = entry["rows"], entry.get("bytes")
        if type(rows) is not int or rows < 0 or (size is not None and type(size) is not int):
            raise TypeError("a value of another type")
        yield TableSize(schema=schema, name=name, rows=rows, size=size)
