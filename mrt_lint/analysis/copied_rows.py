"""What a statement copies from one table to another: values with both types, and keys that may get the same twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.definition import for_dialect, is_nullable
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.duplicates import demands_unique, thinks_of_duplicates
from mrt_lint.history.doubt import is_opaque
from mrt_lint.history.schema import ReplayedSchema, ReplayedTable, fold
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import CreateConstraint, CreateIndex, CreateTable, Delete, Insert, Op, Truncate, Update
from mrt_lint.model.values import UNKNOWN, Column, Name, SqlType, ValueFlow

_CHOOSES: Final = re.compile(r"\b(DISTINCT|GROUP\s+BY|CONFLICT|IGNORE|DUPLICATE|REPLACE|LIMIT|OVER)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A column that a statement fills with the unchanged values of another one, with both types."""

    column: str
    new: SqlType
    source: str
    source_column: str
    former: SqlType


def copied_values(case: MigrationCase, op: Insert | Update) -> Iterator[Copy]:
    """Yield what a statement copies unchanged, where the history shows both columns."""
    schema, target = _tables(case, op)
    for flow in op.flows if op.flows is not UNKNOWN and target is not None else ():
        source = _source(op, flow)
        table = schema.table(source) if source is not None else None
        former, new = (_type(case, op, *side) for side in ((table, flow.source), (target, flow.column)))
        if flow.copied and source is not None and former is not None and new is not None:
            yield Copy(column=str(flow.column), new=new, source=source, source_column=str(flow.source), former=former)


def doubled_keys(case: MigrationCase, op: Insert | Update, text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each source whose rows an INSERT … SELECT copies to a key, with the columns there, which are no key of its own."""
    if not isinstance(op, Insert) or not op.query or op.flows is UNKNOWN or _CHOOSES.search(text):
        return
    schema, target = _tables(case, op)
    flows = {fold(str(flow.column)): flow for flow in op.flows if flow.plain and readable(flow.source)}
    for key in {*map(_folded, target.known_keys()), *_later_keys(case, op)} if target is not None else ():
        filled = [flows[name] for name in sorted(key) if name in flows]
        sources = {_source(op, flow) for flow in filled}
        source = next(iter(sources), None)
        table = schema.table(source) if source is not None and len(sources) == 1 else None
        if not isinstance(table, ReplayedTable) or not table.complete or table.lost or len(filled) < len(key):
            continue
        columns = tuple(str(flow.source) for flow in filled)
        if not any(_folded(own) <= _folded(columns) for own in table.known_keys()):
            yield table.name, columns


def copied_key(case: MigrationCase, op: Op, source: str) -> tuple[str, ...]:
    """Return a key of the source that an INSERT … SELECT copies along, by which no two of its rows are alike."""
    schema, _ = _tables(case, op)
    table, flows = schema.table(source), getattr(op, "flows", UNKNOWN)
    copied = {fold(str(flow.source)) for flow in flows if flow.plain and readable(flow.source)} if flows is not UNKNOWN else set()
    keys = map(_folded, table.known_keys()) if isinstance(table, ReplayedTable) else ()
    return next((tuple(sorted(key)) for key in keys if key <= copied), ())


def found_several(case: MigrationCase, op: Update) -> Iterator[ValueFlow]:
    """Yield each value that a subquery finds which may find several: no key of its table is among the columns it is found by."""
    state = case.state_before(op)
    earlier = list(case.earlier(op))
    for flow in op.flows if op.flows is not UNKNOWN else ():
        table = state.schema.table(flow.table) if flow.found_by and readable(flow.table) else None
        if not isinstance(table, ReplayedTable) or not table.complete or table.lost:
            continue
        mine = [other for other in earlier if has_name((getattr(other, "table", UNKNOWN),), table.name)]
        # what this upgrade makes or clears may hold each once
        if any(isinstance(other, CreateTable | Delete | Truncate) for other in mine) or any(map(is_opaque, earlier)):
            continue
        given = _folded(tuple(inner for inner, _ in flow.found_by))
        if not any(_folded(key) <= given for key in table.known_keys()):
            yield flow


def found_none(case: MigrationCase, op: Update) -> Iterator[ValueFlow]:
    """Yield each value of a NOT NULL column that a subquery finds which may find none: no foreign key leads to its table."""
    _, target = _tables(case, op)
    if target is None or op.where is not False or not target.complete or op.flows is UNKNOWN:
        return
    for flow in op.flows:
        column = target.columns.get(fold(str(flow.column)))
        if not flow.found_by or not isinstance(column, Column) or is_nullable(column) is not False:
            continue
        outer = _folded(tuple(name for _, name in flow.found_by))
        held = [
            key
            for key in target.known_constraints("foreignkey")
            if isinstance(key.columns, tuple)
            and _folded(key.columns) & outer
            and has_name((flow.table or UNKNOWN,), key.referred_table)
        ]
        required = all(is_nullable(part) is False for name in outer if isinstance(part := target.columns.get(name), Column))
        if not (held and required):
            yield flow


def _tables(case: MigrationCase, op: Op) -> tuple[ReplayedSchema, ReplayedTable | None]:
    """Return the schema at an operation, and in it the table that it names."""
    schema, name = case.state_before(op).schema, getattr(op, "table", None)
    found = schema.table(name, getattr(op, "schema", None)) if readable(name) else None
    return schema, found if isinstance(found, ReplayedTable) else None


def _source(op: Insert | Update, flow: ValueFlow) -> str | None:
    """Return the table that a value is from: the one that is named, or the only one that is read."""
    if flow.table is not None:
        return flow.table if readable(flow.table) else None
    read = op.source_tables if isinstance(op, Insert) else (op.table, *op.source_tables)
    return read[0] if len(read) == 1 and readable(read[0]) else None


def _type(case: MigrationCase, op: Op, table: object, name: object) -> SqlType | None:
    column = table.columns.get(fold(name)) if isinstance(table, ReplayedTable) and isinstance(name, str) else None
    kind = for_dialect(column.type, case.dialect(op)) if isinstance(column, Column) else None
    return kind if isinstance(kind, SqlType) else None


def _later_keys(case: MigrationCase, op: Insert) -> Iterator[frozenset[str]]:
    """Yield the keys that upgrade() makes over a new table once it has filled it, unless it thinks of duplicates before."""
    state, upgrade = case.state_before(op), case.analysis(op).upgrade
    for other in upgrade[case.analysis(op).places.get(id(op), 0) :] if state.new_table else ():
        if not isinstance(other, CreateConstraint | CreateIndex) or not demands_unique(other):
            continue
        columns = other.columns
        if case.state_before(other).table is state.table and columns is not UNKNOWN and not thinks_of_duplicates(case, other):
            yield _folded(columns)


def _folded(columns: tuple[Name, ...]) -> frozenset[str]:
    return frozenset(map(fold, map(str, columns)))
