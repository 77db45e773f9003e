"""A migration for people, as it was read: a line for each operation, beginning with the object that it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from mrt_lint.escape import printable
from mrt_lint.model import ops
from mrt_lint.model.migration import Migration, MigrationFunction
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, Column, Unknown
from mrt_lint.report.show.definition import constraint_words, extras, listed, text
from mrt_lint.report.show.plain import said
from mrt_lint.report.style import TextStyle

_WORDS: Final[dict[str, dict[object, str]]] = {
    "nullable": {True: "null", False: "not null", UNKNOWN: "null ?"},
    "existing_nullable": {True: "was null", False: "was not null"},
    "where": {True: "some rows", False: "all rows", UNKNOWN: "some or all rows"},
    "complete": {False: "and more that could not be read"},
}
"""What some settings are called, by their values."""
_EFFECTS: Final = {True: "changes something", False: "changes nothing", UNKNOWN: "reading cannot decide what it changes"}
_NAMES: Final = {
    "new_table": "to",
    "new_column": "to",
    "new_index": "to",
    "new_constraint": "to",
    "new_name": "to",
    "new_value": "to",
    "server_default": "default",
    "existing_type": "was",
    "existing_server_default": "was default",
    "existing_comment": "was",
    "exception": "",
}
# how an operation was written, or what its name says already
_SILENT: Final = frozenset({"sql", "batch", "joined", "kind", "command"})
_SUBJECT: Final = frozenset({"schema", "table", "column", "index", "constraint", "name", "enum", "sequence", "statement", "text"})
_INNER: Final = ("index", "constraint", "name", "enum", "sequence")


def render(migration: Migration, style: TextStyle) -> str:
    """Render a migration's place in the history, what its two functions do, and what could not be read."""
    return "\n".join(_lines(migration, style)) + "\n"


def _lines(migration: Migration, style: TextStyle) -> Iterator[str]:
    revision = migration.revision if isinstance(migration.revision, str) else "?"
    after = f"after {' and '.join(migration.parents)}" if migration.parents else "the first of its history"
    if migration.down_revision is UNKNOWN:
        after = "after a revision that could not be read"
    yield style.paint(printable(migration.path), "bold")
    yield printable(f"revision {revision}, {after}" + (f": {migration.message}" if migration.message else ""))
    for name, function in (("upgrade", migration.upgrade), ("downgrade", migration.downgrade)):
        yield ""
        yield from _function(name, function, style)
    if migration.unreadable:
        yield f"\n{style.paint('could not be read', 'bold')}"
        for unreadable in migration.unreadable:
            source = style.paint(printable(unreadable.source.strip()), "cyan")
            yield f"{unreadable.place.line:>6}  {source}  {style.paint(printable(unreadable.why), 'dim')}"


def _function(name: str, function: MigrationFunction | None, style: TextStyle) -> Iterator[str]:
    if function is None:
        yield f"there is no {style.paint(f'{name}()', 'bold')}"
        return
    yield style.paint(f"{name}()", "bold") + ("" if function.ops or function.effect else "  does nothing")
    for op in function.ops:
        yield from _operation(op, style)


def _operation(op: Op, style: TextStyle) -> Iterator[str]:
    """Write an operation: its line in the file, its name, what it concerns, what it sets; the definition of a table below."""
    remarks = [f"only on {printable(', '.join(op.dialects))}"] if op.dialects is not None else []
    remarks += [] if op.certain else ["perhaps"]
    remark = style.paint(f"  ({'; '.join(remarks)})", "yellow") if remarks else ""
    line = "" if op.sql or op.origin is None else str(op.origin.line)
    indent = "  " if op.sql else ""  # the operations that SQL was read as come below its execute
    subject = " ".join(word for word in (_subject(op), _definition(op)) if word)
    details = ", ".join(word for word in (subject, *_details(op)) if word)
    yield f"{line:>6}  {indent}{style.paint(op.op, 'cyan')} {details}".rstrip() + remark
    if isinstance(op, ops.CreateTable):
        parts = [*map(_column, op.columns), *map(constraint_words, op.constraints)]
        yield from (f"{'':>8}{indent}    {part}" for part in parts)


def _subject(op: Op) -> str:
    """Return what an operation concerns: users.phone, ix_email on users, the statement itself."""
    if isinstance(op, ops.Execute | ops.Statement):
        return text(op.statement if isinstance(op, ops.Execute) else op.command)
    given: dict[str, Any] = {field: getattr(op, field) for field in _SUBJECT if hasattr(op, field)}
    owner = ".".join(text(given[field]) for field in ("schema", "table", "column") if given.get(field) is not None)
    inner = next((field for field in _INNER if field in given), None)
    if inner is None:
        return owner
    name = "without a name" if given[inner] is None else text(given[inner])
    if given.get("table") is None:
        return ".".join(part for part in (owner, name) if part)
    return f"{name} on {owner}"


def _definition(op: Op) -> str:
    """Return what an operation adds, apart from its name."""
    if isinstance(op, ops.AddColumn):
        return _column(op.definition).removeprefix(text(op.definition.name)).strip()
    if isinstance(op, ops.CreateConstraint):
        return constraint_words(replace(op.definition, name=None))
    return listed(op.columns) if isinstance(op, ops.CreateIndex) else ""


def _details(op: Op) -> Iterator[str]:
    """Return the remaining fields of an operation."""
    if isinstance(op, ops.Statement):
        yield _EFFECTS[op.effect]
        return
    defined = {"columns", "constraints"} if isinstance(op, ops.CreateTable | ops.CreateIndex) else {"definition"}
    for name, value in said(op):
        if name in _SILENT | _SUBJECT | defined:
            continue
        words = name.replace("_", " ")
        if isinstance(value, bool | Unknown) and value in _WORDS.get(name, {}):
            yield _WORDS[name][value]
        elif value is True:
            yield words
        elif isinstance(value, tuple):
            yield f"{words} {listed(value)}"
        else:
            yield f"{_NAMES.get(name, words)} {'none' if value is None else text(value)}".strip()


def _column(column: Column) -> str:
    null = _WORDS["nullable"][column.nullable] if column.nullable is not None else ""
    key = "primary key" if column.primary_key is True else "primary key ?" if column.primary_key is UNKNOWN else ""
    words = [text(column.name), text(column.type), null, key, extras(column), *map(constraint_words, column.constraints)]
    return " ".join(word for word in words if word)
