"""What blocks an operation because it depends on what the operation removes: views, and what covers a column."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from mrt_lint.analysis.downgrade.held_column import find_fixed, find_holder
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, TrackedTable, readable
from mrt_lint.history.effects import type_of
from mrt_lint.history.function_body import sources
from mrt_lint.history.schema import QualifiedName, QualifiedObject, ReplayedTable, fold, object_place, place, without_order
from mrt_lint.history.sqlite_rebuild import rebuilds
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import (
    AlterColumn,
    CreateConstraint,
    CreateIndex,
    CreateObject,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropObject,
    DropTable,
    Op,
    Truncate,
)
from mrt_lint.model.values import UNSET, Column, Constraint

_VIEWS = frozenset({"view", "materialized view"})


def find_dependent(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause if something that is there still needs what an operation removes."""
    if getattr(op, "cascade", False):
        return None
    if reader := _find_reader(simulated, op):
        return f"view '{reader}' still reads it"
    if simulated.dialect == "sqlite":
        cover = _find_cover(simulated, op) if isinstance(op, DropColumn) else None
        return f"{cover} still covers column '{op.table}.{op.column}'" if isinstance(op, DropColumn) and cover else None
    if isinstance(op, DropColumn):
        return (_find_key_over(simulated, op) if simulated.dialect in FAMILY else None) or find_holder(simulated, op)
    # MySQL keeps an index even then (https://bugs.mysql.com/bug.php?id=106077)
    is_kept = simulated.dialect == "mysql" and isinstance(op, DropIndex | DropConstraint)
    return None if simulated.leaves_keys_unchecked(op) and not is_kept else _find_needed(simulated, op)


def _find_needed(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause if something that is there still needs a table, its rows, an index, a key, a type or another object."""
    if isinstance(op, AlterColumn) and simulated.dialect in FAMILY:
        return find_fixed(simulated, op)
    if isinstance(op, DropTable) and readable(op.table):
        return _find_child(simulated, place(op.schema, op.table), _together(op) if simulated.dialect != "mariadb" else ())
    if isinstance(op, Truncate) and readable(op.table) and simulated.dialect == "postgresql":
        return _find_child(simulated, place(op.schema, op.table), _together(op))
    if isinstance(op, DropIndex | DropConstraint):
        if simulated.dialect in FAMILY and (key := find_served_key(simulated, op)) is not None:
            return f"MySQL and MariaDB need it for {key} (error 1553)"
        return _find_referrer(simulated, op)
    if isinstance(op, DropObject) and readable(op.name) and simulated.dialect == "postgresql":
        return _find_content(simulated, fold(op.name)) if op.kind == "schema" else _find_typed_column(simulated, op)
    return None


def _together(op: DropTable | Truncate | DropObject) -> set[str]:
    """Return what goes in the same statement, which PostgreSQL takes as a whole."""
    return {fold(name) for name in op.together if readable(name)}


def _find_child(simulated: SimulatedSchema, key: QualifiedName, together: Collection[str] = ()) -> str | None:
    """Return one clause on a table whose foreign key points to one that is dropped, or truncated without it."""
    for child, reference in simulated.schema.references_to(key):
        where = place(child.schema, child.name)
        if where != key and where[1] not in together and simulated.is_sure_of_part(where, reference, where[1]):
            return f"a foreign key of table '{child.name}' still points to it"
    return None


def _find_typed_column(simulated: SimulatedSchema, op: DropObject) -> str | None:
    """Return one clause on a column that still has a type which is dropped."""
    key = object_place(op.kind, op.schema, str(op.name))
    if key[0] != "type" or not simulated.known_schema.with_types:
        return None
    for table in simulated.schema.tables():
        where = place(table.schema, table.name)
        for name, column in table.typed_columns:
            if _has_type(column, key) and simulated.is_sure_of_part(where, column, where[1], name):
                return f"column '{table.name}.{column.name}' still has that type"
    return None


def _has_type(column: Column, key: QualifiedObject) -> bool:
    thing = type_of(column)
    return thing is not None and thing.key == key


def _find_content(simulated: SimulatedSchema, schema: str) -> str | None:
    """Return one clause on a table that a schema still holds, which PostgreSQL does not drop then."""
    for where, table in simulated.schema.tables_by_place.items():
        if where[0] == schema and isinstance(table, ReplayedTable) and table.complete:
            former = simulated.known_schema.table(where)
            if former is None or simulated.known_schema.is_fully_read(where[1]):
                return f"table '{schema}.{table.name}' is still in it"
    return None


def find_served_key(simulated: SimulatedSchema, op: DropIndex | DropConstraint) -> str | None:
    """Return a foreign key for which MySQL and MariaDB need an index: none else begins with its columns.

    That the database once made one by itself for the key helps nothing: it is dropped in silence once another serves. Source:
    MySQL, “FOREIGN KEY Constraints” (https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html).
    """
    found = _dropped_index(simulated, op)
    if found is None:
        return None
    table, index, serving = found
    made = (other for other in simulated.statement_of(op) if isinstance(other, CreateIndex | CreateConstraint))
    serving += [_covered(other.definition if isinstance(other, CreateConstraint) else other) for other in made]
    for key in table.known_constraints("foreignkey"):
        columns = _covered(key)
        served = any(found[: len(columns)] == columns for found in serving)
        needs = columns and _covered(index)[: len(columns)] == columns and not served and not simulated.goes_in_statement(op, key)
        name = op.index if isinstance(op, DropIndex) else op.constraint
        if needs and simulated.is_sure_of_part(place(table.schema, table.name), key, fold(str(name))):
            return _key_named(key)
    return None


def _find_key_over(simulated: SimulatedSchema, op: DropColumn) -> str | None:
    """Return one clause on a foreign key for which MySQL and MariaDB keep a column, from it or to it, if its table stays.

    It may go in the same ALTER TABLE. Source: MySQL, “Foreign Key Errors” 1828 and 1829; MariaDB refuses with error 1553.
    """
    where = place(op.schema, op.table) if readable(op.table) else None
    table = simulated.schema.tables_by_place.get(where, None) if where is not None else None
    if where is None or not isinstance(table, ReplayedTable) or not readable(op.column):
        return None
    column = fold(op.column)
    for key in table.known_constraints("foreignkey"):
        is_sure = column in _covered(key) and simulated.is_sure_of_part(where, key, where[1], column)
        if is_sure and not simulated.goes_in_statement(op, key):
            return f"MySQL and MariaDB need it for {_key_named(key)} (errors 1828 and 1553)"
    for child, key in simulated.schema.references_to(where):
        source, referred = place(child.schema, child.name), key.referred_columns
        named = set(map(fold, filter(readable, referred))) if isinstance(referred, tuple) else set()
        if column in named and source != where and simulated.is_sure_of_part(source, key, source[1]):
            return f"a foreign key of table '{child.name}' still points to it"
    return None


def _key_named(key: Constraint) -> str:
    return f"foreign key '{key.name}'" if readable(key.name) else f"a foreign key on {', '.join(_covered(key))}"


def _find_referrer(simulated: SimulatedSchema, op: DropIndex | DropConstraint) -> str | None:
    """Return one clause on a foreign key that points to columns which nothing else than what is dropped keeps unique."""
    found = _dropped_index(simulated, op)
    if found is None:
        return None
    table, dropped, others = found
    where, covered = place(table.schema, table.name), _covered(dropped)
    for child, key in simulated.schema.references_to(where):
        columns = tuple(map(fold, filter(readable, key.referred_columns))) if isinstance(key.referred_columns, tuple) else ()
        is_served = any(other[: len(columns)] == columns for other in others)
        serves = (covered[: len(columns)] if simulated.dialect in FAMILY else covered) == columns
        source = place(child.schema, child.name)
        if columns and serves and not is_served and source != where and simulated.is_sure_of_part(source, key, source[1]):
            return f"a foreign key of table '{child.name}' still points to what it keeps unique"
    return None


def _dropped_index(
    simulated: SimulatedSchema, op: DropIndex | DropConstraint
) -> tuple[ReplayedTable, CreateIndex | Constraint, list[tuple[str, ...]]] | None:
    """Return the table, the index or key that is dropped, and the columns under each other one of the table."""
    name = op.index if isinstance(op, DropIndex) else op.constraint
    table = simulated.schema.tables_by_place.get(place(op.schema, op.table), None) if readable(op.table) else None
    if not readable(name) or not isinstance(table, ReplayedTable):
        return None
    keys = [key for key in table.known_constraints() if key.kind in {"primary", "unique"}]
    found = (table.indexes, table.constraints) if isinstance(op, DropIndex) else (table.constraints, table.indexes)
    is_one = simulated.dialect in FAMILY  # an index, a unique constraint, and what was made for a foreign key
    dropped = next((entries[fold(name)] for entries in found[: 1 + is_one] if fold(name) in entries), None)
    serves_itself = is_one and isinstance(op, DropIndex) and isinstance(dropped, Constraint) and dropped.is_reference
    is_key = serves_itself or (isinstance(dropped, Constraint) and dropped in keys)
    if not isinstance(dropped, CreateIndex | Constraint) or not (isinstance(dropped, CreateIndex) or is_key):
        return None
    return table, dropped, [_covered(other) for other in (*table.known_indexes(), *keys) if other is not dropped]


def _covered(entry: object) -> tuple[str, ...]:
    """Return the columns under an index or constraint, folded; empty if they are not known."""
    columns = entry.columns if isinstance(entry, Constraint | CreateIndex) else ()
    return tuple(fold(without_order(name)) for name in columns if readable(name)) if isinstance(columns, tuple) else ()


def _find_reader(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return a view that reads what an operation takes away, so that PostgreSQL or SQLite refuses.

    PostgreSQL (manual, Dependency Tracking) keeps what a view reads; SQLite cannot rebuild a table while a view reads it.
    """
    is_view = isinstance(op, DropObject) and op.kind in _VIEWS and simulated.dialect == "postgresql"
    name, column = getattr(op, "name" if is_view else "table", None), getattr(op, "column", None)
    is_rebuilt = simulated.dialect == "sqlite" and rebuilds(op)
    takes = isinstance(op, DropColumn) or (
        isinstance(op, AlterColumn) and op.type is not UNSET and simulated.dialect == "postgresql"
    )
    whole = is_rebuilt or is_view or (isinstance(op, DropTable) and simulated.dialect == "postgresql")
    together = _together(op) if isinstance(op, DropTable | DropObject) else set()
    if simulated.dialect not in {"postgresql", "sqlite"} or not readable(name) or not (whole or (takes and readable(column))):
        return None
    for view in _views(simulated):
        body = str(view.body)
        read = {fold(table) for _, table in sources(body)}
        if fold(str(view.name)) in together:
            continue
        if fold(name) in read and (whole or _reads_column(body, fold(name), fold(str(column)), is_alone=len(read) == 1)):
            return str(view.name)
    return None


def _reads_column(body: str, table: str, column: str, *, is_alone: bool) -> bool:
    """Return whether a query surely reads a column of a table, which it reads alone or names with the column.

    A view of all columns (*) reads those that were there when it was made, which may be before this one.
    """
    text = fold(body).replace('"', "")
    if is_alone and column in re.findall(r"\w+", text):
        return True
    named = re.findall(rf"\b(?:from|join|,)\s*(?:\w+\.)?{re.escape(table)}\s+(?:as\s+)?(\w+)", text)
    return any(re.search(rf"\b{re.escape(name)}\.{re.escape(column)}\b", text) for name in (table, *named))


def _views(simulated: SimulatedSchema) -> Iterator[CreateObject]:
    """Return the views that are there at that point and whose text is known."""
    for where, made in simulated.schema.objects_by_place.items():
        if where[0] != "view" or not isinstance(made, CreateObject) or not readable(made.body):
            continue
        if simulated.known_schema.object(where) is not made or simulated.known_schema.is_fully_read(where[2]):
            yield made


def _find_cover(simulated: SimulatedSchema, op: DropColumn) -> str | None:
    """Return an index, key or constraint over a column, which SQLite does not drop then (manual, ALTER TABLE DROP COLUMN).

    Batch mode leaves constraints out, but creates the indexes again, and fails with them.
    """
    table = simulated.table_of(op)
    if not isinstance(table, TrackedTable) or not readable(op.column):
        return None
    constraints: Iterable[TrackedObject | None] = () if op.batch else tuple(table.parts())
    indexes = simulated.indexes.now.items()
    left = (index for key, index in indexes if not (rebuilds(op) and (op.batch_number, key) in simulated.dropped_in_batch))
    for tracked in (*left, *constraints):
        if tracked is not None and tracked.table is table and tracked.mentions(fold(op.column)) and not _goes_along(tracked):
            return _called(tracked.definition)
    return None


def _goes_along(tracked: TrackedObject) -> bool:
    """Return whether a constraint is a part of the column's own definition; a unique one stays in the way even so."""
    definition = tracked.definition
    return definition is None or (isinstance(definition, Constraint) and bool(tracked.beside) and definition.kind != "unique")


def _called(definition: object) -> str:
    if isinstance(definition, CreateIndex):
        return f"index '{definition.index}'" if readable(definition.index) else "an index"
    name = definition.name if isinstance(definition, Constraint) else None
    return f"constraint '{name}'" if readable(name) else "a constraint"
