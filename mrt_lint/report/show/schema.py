"""A replayed schema for people, in words that SQL would use; a question mark is what could not be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from mrt_lint.escape import printable
from mrt_lint.history.schema import QualifiedName, QualifiedObject, ReplayedTable
from mrt_lint.history.schema_at import SchemaAtRevision
from mrt_lint.history.uncertainty import UnknownCause
from mrt_lint.model.ops import CreateIndex, CreateObject
from mrt_lint.model.values import UNKNOWN, Column, Constraint, Unknown
from mrt_lint.report.show.definition import CONSTRAINTS, constraint_words, extras, listed, text
from mrt_lint.report.style import TextStyle

_MOST_DOUBTS: Final = 20
_WIDEST: Final = 40
"""Characters of a name or type that still align in the listing; longer ones extend beyond their column."""


def render(replayed: SchemaAtRevision, chosen: Collection[QualifiedName] | None, style: TextStyle) -> str:
    """Write a schema as blocks, narrowed to some tables where they are given."""
    blocks = [_title(replayed, style)]
    for where, table in replayed.tables():
        if chosen is None or where in chosen:
            blocks.append("\n".join(_table(where, table, replayed, style)))
    if chosen is None:
        objects = "\n".join(line for where, made in replayed.objects() for line in _object(where, made, replayed, style))
        blocks += [objects] if objects else []
    mentioned = [_mention(where, by) for where, by in replayed.mentioned().items() if chosen is None or where in chosen]
    if mentioned:
        blocks.append("\n".join([style.paint("not created by this history, only referred to", "bold"), *mentioned]))
    if replayed.doubts.of_all:
        head = style.paint("not followed, so that anything of the above may differ", "bold", "yellow")
        blocks.append("\n".join([head, *_doubts(replayed.doubts.of_all, style)]))
    return "\n\n".join(blocks) + "\n"


def _title(replayed: SchemaAtRevision, style: TextStyle) -> str:
    names = ", ".join(replayed.revisions)
    at = replayed.wanted if replayed.wanted == names or not names else f"{replayed.wanted} ({names})"
    count = len(replayed.run)
    left = f"as {count} migrations leave it" if count != 1 else "as 1 migration leaves it"
    if not count:
        left = "no migration has run, and nothing is known of what was there before"
    return f"{style.paint(f'schema at {printable(at)}', 'bold')}, {left}; read for {replayed.dialect}"


def _table(where: QualifiedName, table: ReplayedTable | Unknown, replayed: SchemaAtRevision, style: TextStyle) -> Iterator[str]:
    """Write a table: columns, constraints, indexes, and why something of it is not known."""
    doubts = replayed.doubts.of_table.get(where, [])
    if not isinstance(table, ReplayedTable):
        name = printable(".".join(part for part in where if part))
        yield f"table {style.paint(name, 'bold')}  {_unsure('? may or may not be there', style)}"
        yield from _doubts(doubts, style)
        return
    schema = f"{text(table.schema)}." if table.schema is not None else ""
    yield f"table {style.paint(schema + text(table.name), 'bold')}"
    lines = [*_columns(table), *_constraints(table), *_indexes(table)]
    yield from (f"    {_marked(line, style)}" for line in lines)
    if not table.complete:
        made = where in replayed.doubts.made
        why = "not all of its definition could be read" if made else "this history does not create it"
        yield f"    {_unsure(f'? {why}: there may be more than this', style)}"
    if not table.complete or any("?" in line.split() for line in lines):
        yield from _doubts(doubts, style)


def _columns(table: ReplayedTable) -> list[str]:
    rows = [(text(column.name), text(column.type), _null(column), extras(column)) if isinstance(column, Column)
            else (text(name), "?", "?", "may or may not be there") for name, column in table.columns.items()]  # fmt: skip
    widths = [max((len(row[place]) for row in rows if len(row[place]) <= _WIDEST), default=0) for place in range(3)]
    return ["  ".join(part.ljust(width) for part, width in zip(row, (*widths, 0), strict=True)).rstrip() for row in rows]


def _null(column: Column) -> str:
    return "?" if column.nullable is UNKNOWN or column.nullable is None else "null" if column.nullable else "not null"


def _constraints(table: ReplayedTable) -> Iterator[str]:
    unnamed = [entry for entry in table.unnamed if isinstance(entry, Constraint)]
    order = list(CONSTRAINTS)
    known = [entry for entry in (*table.constraints.values(), *unnamed) if isinstance(entry, Constraint)]
    for entry in sorted(known, key=lambda entry: (order.index(entry.kind) if entry.kind in order else 2, str(entry.name))):
        yield constraint_words(entry)
    for name, constraint in table.constraints.items():
        if constraint is UNKNOWN:
            yield f"constraint {text(name)} ? may or may not be there"


def _indexes(table: ReplayedTable) -> Iterator[str]:
    for name, index in (*table.indexes.items(), *((None, entry) for entry in table.unnamed if isinstance(entry, CreateIndex))):
        if not isinstance(index, CreateIndex):
            yield f"index {text(name)} ? may or may not be there"
            continue
        unique = {True: "unique ", UNKNOWN: "unique? "}.get(index.unique, "")
        said = [f"{unique}index", *([text(index.index)] if index.index is not None else []), listed(index.columns)]
        said += [f"using {text(index.using)}"] if index.using is not None else []
        said += [f"where {text(index.where)}"] if index.where is not None else []
        yield " ".join(said)


def _object(where: QualifiedObject, made: CreateObject | Unknown, replayed: SchemaAtRevision, style: TextStyle) -> Iterator[str]:
    doubts = replayed.doubts.of_object.get(where, [])
    if not isinstance(made, CreateObject):
        name = printable(".".join(part for part in where[1:] if part))
        yield f"{where[0]} {style.paint(name, 'bold')}  {_unsure('? may or may not be there', style)}"
        yield from _doubts(doubts, style)
        return
    schema = f"{text(made.schema)}." if made.schema is not None else ""
    members = "" if made.members is None else f" {listed(made.members)}"
    on = f" on {text(made.table)}" if made.table is not None else ""
    yield f"{made.kind} {style.paint(schema + text(made.name), 'bold')}{on}{members}"
    if made.members is UNKNOWN or (isinstance(made.members, tuple) and UNKNOWN in made.members):
        yield from _doubts(doubts, style)


def _mention(where: QualifiedName, by: list[str]) -> str:
    return printable(f"    {'.'.join(part for part in where if part)}  (by {', '.join(by)})")


def _doubts(doubts: Sequence[UnknownCause], style: TextStyle) -> Iterator[str]:
    for doubt in doubts[:_MOST_DOUBTS]:
        what = doubt.what if len(doubt.what) <= _WIDEST * 2 else f"{doubt.what[: _WIDEST * 2]} …"
        place = printable(f"{doubt.path}:{doubt.line}")
        yield f"    {_unsure('?', style)} {place}  {style.paint(text(what), 'cyan')}  {style.paint(printable(doubt.why), 'dim')}"
    if len(doubts) > _MOST_DOUBTS:
        yield f"    … and {len(doubts) - _MOST_DOUBTS} more (--format json lists all)"


def _marked(line: str, style: TextStyle) -> str:
    return line.replace("?", style.paint("?", "bold", "yellow")) if style.colour else line


def _unsure(text: str, style: TextStyle) -> str:
    return style.paint(text, "yellow")
