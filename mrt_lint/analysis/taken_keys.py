"""Keys of deleted rows that rows written since may have, so that inserting the deleted ones again fails."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.type_family import TYPE_FAMILIES
from mrt_lint.history.schema import ReplayedTable, fold
from mrt_lint.model.ops import Delete
from mrt_lint.model.values import Column, Name, SqlType


def taken_keys(case: MigrationCase, op: Delete) -> str:
    """Return a clause on the keys of an emptied table that rows written before the rollback may have, "" where none are known.

    SQLite numbers rows from 1 again once a table is empty, unless it has AUTOINCREMENT: https://www.sqlite.org/autoinc.html.
    """
    table = case.state_before(op).table
    known = case.known_schema(case.dialect(op)).table(table.origin) if isinstance(table, TrackedTable) else None
    primary = known.primary_key if known is not None else None
    numbered = known is None or not isinstance(primary, tuple) or _is_number(known, primary)
    if case.dialect(op) == "sqlite" and numbered and not (known is not None and known.autoincrement is True):
        key = str(primary[0]) if known is not None and isinstance(primary, tuple) and len(primary) == 1 else "key"
        return (
            f"; SQLite gives the {key} of deleted rows to new ones, so delete the rows first that have one of a kept row, or, "
            f"where nothing refers to it, leave {key} out of the INSERT"
        )
    keys = (
        [key for key in known.known_keys() if key != primary or not (numbered or _is_uuid(known, key))] if known is not None else []
    )
    listed = " or ".join(dict.fromkeys(", ".join(map(str, key)) for key in keys if all(map(readable, key))))
    return f"; rows written since may have the same {listed}: those have to go before" if listed else ""


def _is_uuid(table: ReplayedTable, key: tuple[Name, ...]) -> bool:
    """Return whether no two rows ever get the same value in a key."""
    column = table.columns.get(fold(str(key[0]))) if len(key) == 1 else None
    return isinstance(column, Column) and isinstance(column.type, SqlType) and TYPE_FAMILIES.get(column.type.name) == "uuid"


def _is_number(table: ReplayedTable, key: tuple[Name, ...]) -> bool:
    """Return whether a primary key is a number that the database may choose."""
    column = table.columns.get(fold(str(key[0]))) if len(key) == 1 else None
    if not isinstance(column, Column):
        return len(key) == 1
    return not isinstance(column.type, SqlType) or TYPE_FAMILIES.get(column.type.name) == "number"
