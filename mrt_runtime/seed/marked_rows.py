"""Old rows that new code marks in a new column by which the rollback deletes: `DELETE FROM t WHERE deleted_at IS NOT NULL`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mrt_runtime.compare.schema import Schema, Table, qualified
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.condition import read_condition
from mrt_runtime.seed.row_adjuster import holds_all
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.statement_conditions import find_changed
from mrt_runtime.seed.table_filler import TableFiller, insertable
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row
from mrt_runtime.seed.wanted_rows import find_meeting


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """A row of a table by its key, and what it held before it was marked."""

    label: str
    key: Row
    was: Row


def mark_old_rows(
    filler: TableFiller, old: Table, new: Table, keys: Mapping[str, Sequence[Row]], downgrade: CodeReading
) -> Iterator[MarkedRow]:
    """Mark a row for each condition on new columns alone by which the downgrade deletes, where no old row meets it.

    keys: of our rows, by the label of their table. It is the row that most others point at.
    """
    fresh = {column.name for column in new.columns} - {column.name for column in old.columns}
    if not fresh or new.name not in downgrade.words:
        return
    writer = filler.writer
    for condition, deletes in dict.fromkeys(find_changed(downgrade, new, writer.dialect.grammar)):
        asked = set(read_condition(condition, insertable(new), writer.dialect.grammar).columns)
        if not deletes or not asked or not asked <= fresh or writer.has_row(new, condition):
            continue
        plan = filler.planner.plan_table(new, start=0, count=10)
        values = next(find_meeting(filler, new, plan, condition), None)
        row = _find_row(filler, new, keys.get(old.label, ())) if values else None
        if values and row is not None:
            key = {name: row[name] for name in key_columns(new)}
            if writer.attempt(writer.update, new, key, values) is None:
                yield MarkedRow(new.label, key, {name: row[name] for name in values})


def unmark(writer: RowWriter, schema: Schema, marked: Sequence[MarkedRow]) -> None:
    """Write back what rows held before they were marked, as far as they are there."""
    tables = {table.label: table for table in schema.tables}
    for one in marked:
        writer.attempt(writer.update, tables[one.label], one.key, one.was)


def _find_row(filler: TableFiller, table: Table, keys: Sequence[Row]) -> Row | None:
    """Return the one of our rows that rows of most other tables point at; None where none is found by its key."""
    names = key_columns(table)
    rows = [row for row in filler.writer.read(table, insertable(table)) if set(names) <= row.keys()] if names else []
    ours = [row for row in rows if any(holds_all(row, key) for key in keys)]
    referring = list(_read_referring(filler, table)) if len(ours) > 1 else []
    return max(ours, key=lambda row: sum(_is_pointed_at(row, *one) for one in referring), default=None)


def _read_referring(filler: TableFiller, parent: Table) -> Iterator[tuple[dict[str, str], Sequence[Row]]]:
    """Yield each foreign key to a table, its columns by those that they point at, with what rows hold in it."""
    for table in filler.parents.tables.values():
        for key in table.foreign_keys:
            if qualified(key.referred_table, key.referred_schema) == parent.label:
                names = key.referred_columns or key_columns(parent)
                yield dict(zip(key.columns, names, strict=False)), list(filler.writer.read(table, key.columns))


def _is_pointed_at(row: Row, names: Mapping[str, str], there: Sequence[Row]) -> bool:
    wanted = {here: row.get(other) for here, other in names.items()}
    return any(holds_all(one, wanted) for one in there)
