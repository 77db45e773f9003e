"""Rows that upgrade() deletes and downgrade() inserts again, and the tables whose rows go along with a truncated one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.row_copy import copy_of
from mrt_lint.analysis.selected_words import selected_words
from mrt_lint.analysis.sql_names import sql_name, sql_path
from mrt_lint.history.schema import QualifiedName, ReplayedTable, fold, place
from mrt_lint.model.ops import AddColumn, AlterColumn, BulkInsert, CreateTable, Delete, DropColumn, Insert, Op, Truncate
from mrt_lint.model.values import UNKNOWN, Column

_SHOWN: Final = 4


def come_back(case: MigrationCase, op: Delete | Truncate) -> bool:
    """Return whether the rows of an emptied table were copied to another one before, and downgrade() inserts them again."""
    analysis = case.analysis(op)
    if analysis.keeps_rows(op):
        return True
    earlier = list(case.earlier(op))
    table = case.state_before(op).table
    copies = (other for other in earlier if isinstance(other, Insert | BulkInsert) and holds_others(other))
    is_copied = any(case.state_before(other).table is not table for other in copies) and _is_read(case, op, earlier)
    back = (other for other in analysis.reverse.values() if isinstance(other, Insert | BulkInsert) and holds_others(other))
    return is_copied and any(analysis.state_before(other).table is table is not None for other in back)


def holds_others(op: Insert | BulkInsert) -> bool:
    """Return whether inserted rows are not in the migration itself: a query returns them, or Python works them out."""
    if isinstance(op, BulkInsert):
        return op.rows is UNKNOWN
    return op.query or op.flows is UNKNOWN or any(flow.source is UNKNOWN for flow in op.flows)


def _is_read(case: MigrationCase, op: Delete | Truncate, earlier: list[Op]) -> bool:
    """Return whether upgrade() reads a table before it empties it; what Core or an ORM reads shows no names."""
    read = selected_words(earlier)
    named = {fold(str(name)) for other in earlier if isinstance(other, Insert) for name in other.source_tables}
    reads = case.migration.upgrade.reads if case.migration.upgrade is not None else ()
    return fold(str(op.table)) in read | named or (not read and bool(reads))


def is_written_again(case: MigrationCase, op: Delete | Truncate) -> bool:
    """Return whether downgrade() inserts rows into the table of an operation, whatever they are."""
    analysis, table = case.analysis(op), case.state_before(op).table
    inserts = (other for other in analysis.reverse.values() if isinstance(other, Insert | BulkInsert))
    return any(analysis.state_before(other).table is table is not None for other in inserts)


def going_along(case: MigrationCase, op: Truncate) -> tuple[ReplayedTable, ...]:
    """Return the other tables that TRUNCATE … CASCADE empties, since their foreign keys point to one that goes."""
    table = case.state_before(op).table
    if not op.cascade or case.dialect(op) != "postgresql" or not isinstance(table, TrackedTable):
        return ()
    analysis = case.analysis(op)
    dropped = [
        effect.tracked.definition
        for other in takewhile(lambda other: other is not op, analysis.upgrade)
        for effect in analysis.effects[id(other)]
        if effect.action == "dropped" and effect.tracked is not None
    ]
    schema = case.known_schema("postgresql").schema
    found: dict[QualifiedName, ReplayedTable] = {}
    left = [table.origin]
    while left:
        for child, key in schema.references_to(left.pop()):
            where = place(child.schema, child.name)
            if where != table.origin and where not in found and not any(key is one for one in dropped):
                found[where] = child
                left.append(where)
    together = {fold(name) for name in op.together if readable(name)}
    return tuple(found[where] for where in sorted(found, key=str) if where[1] not in together)


def comes_back_along(case: MigrationCase, op: Delete | Truncate, other: ReplayedTable) -> bool:
    """Return whether upgrade() copies in SQL the rows of a table that goes along, and downgrade() inserts them again."""
    name, where = fold(other.name), place(other.schema, other.name)
    copies = (made for made in case.earlier(op) if isinstance(made, Insert | CreateTable))
    is_copied = any(name in {fold(str(read)) for read in made.source_tables} for made in copies)
    back = (made for made in case.analysis(op).reverse.values() if isinstance(made, Insert) and holds_others(made))
    return is_copied and any(readable(made.table) and place(made.schema, made.table) == where for made in back)


def kept_rows(case: MigrationCase, table: str, schema: str | None, others: tuple[ReplayedTable, ...]) -> str:
    """Return the statements that keep the rows of tables, the first ones in full."""
    dialect = case.target.dialect or "postgresql"
    names = [(schema, table), *((other.schema if readable(other.schema) else None, other.name) for other in others)]
    copies = [
        f"CREATE TABLE {copy_of(case, name, where, dialect)} AS SELECT * FROM {sql_path(where, name, dialect)}"
        for where, name in names[:_SHOWN]
    ]
    return "; ".join(copies) + (", and the others alike" if len(names) > _SHOWN else "")


def kept_when(case: MigrationCase, op: Delete) -> str:
    """Return when rows have to be copied that upgrade() deletes: before it drops columns of theirs, too."""
    table = case.state_before(op).table
    drops = (other for other in case.earlier(op) if isinstance(other, DropColumn))
    return "before their columns are dropped" if any(case.state_before(each).table is table for each in drops) else "first"


def inserted_again(case: MigrationCase, op: Delete, found: dict[str, str]) -> str:
    """Return the statement that inserts rows from their copy, with their columns where some of these change or come and go."""
    table = case.state_before(op).table
    both = (*case.migration.upgrade_ops, *case.migration.downgrade_ops)
    changes = (other for other in both if isinstance(other, AddColumn | DropColumn | AlterColumn))
    columns = "*"
    if any(case.state_before(other).table is table for other in changes):
        known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
        whole = known is not None and known.complete and all(isinstance(each, Column) for each in known.columns.values())
        given = known.columns.values() if known is not None and whole else ()
        columns = ", ".join(sql_name(str(each.name), case.dialect(op)) for each in given if isinstance(each, Column)) or "…"
    into = found["sql_table"] if columns == "*" else f"{found['sql_table']} ({columns})"
    return f"INSERT INTO {into} SELECT {columns} FROM {found['sql_backup']}"


def listed(tables: tuple[ReplayedTable, ...]) -> Iterator[str]:
    """Return the names of tables for a sentence, with how many more there are behind the first ones."""
    paths = [f"'{table.schema}.{table.name}'" if readable(table.schema) else f"'{table.name}'" for table in tables]
    yield from paths[:_SHOWN]
    if len(paths) > _SHOWN:
        yield f"{len(paths) - _SHOWN} more"
