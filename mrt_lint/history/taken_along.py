"""What an operation takes along: the indexes of a table or materialized view, and with CASCADE all that hangs on what it drops.

Each is an operation of its own, so that code that follows or judges operations needs to know nothing more. Sources: PostgreSQL,
“Dependency Tracking” (https://www.postgresql.org/docs/current/ddl-depend.html); MySQL, “ALTER TABLE Statement”, on indexes of
dropped columns (https://dev.mysql.com/doc/refman/8.4/en/alter-table.html).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from mrt_lint.history.effects import function_of
from mrt_lint.history.function_body import sources
from mrt_lint.history.schema import (
    QualifiedName,
    ReplayedSchema,
    ReplayedTable,
    fold,
    given_name,
    object_place,
    place,
    without_order,
)
from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.lean import replace
from mrt_lint.model.ops import Op
from mrt_lint.model.values import UNKNOWN, Column, Constraint, SqlType

_OF_INDEX: Final = ("index", "table", "schema", "unique", "where", "using")
"""What an index keeps where a column is taken out of it."""
_NARROWED: Final[dict[str, type[Op]]] = {"unique": ops.CreateUniqueConstraint, "primary": ops.CreatePrimaryKey}
"""What makes a key again that MySQL takes a column out of."""
_WORD: Final = re.compile(r"\w+")
_TYPES_OF_EXTENSIONS: Final = {
    "citext": {"CITEXT"},
    "hstore": {"HSTORE"},
    "ltree": {"LTREE", "LQUERY", "LTXTQUERY"},
    "postgis": {"GEOMETRY", "GEOGRAPHY", "BOX2D", "BOX3D"},
    "postgis_raster": {"RASTER"},
    "vector": {"VECTOR", "HALFVEC", "SPARSEVEC"},
    "cube": {"CUBE"},
    "isn": {"ISBN", "ISBN13", "EAN13", "ISSN", "UPC"},
}
"""The column types that extensions bring, from their own documentation."""


def taken_along(schema: ReplayedSchema, op: Op, dialect: str) -> Iterator[Op]:
    """Yield an operation for each thing that the schema is known to lose with what an operation drops, the last dependent first."""
    along = _ALONG.get(type(op))
    if along is not None:
        yield from along(schema, op, dialect)


def _of(op: Op, what: str, made: type[Op], /, **fields: Any) -> Op:
    """Return an operation that belongs to another one, at the same place and under the same conditions."""
    return made(
        origin=op.origin,
        dialects=op.dialects,
        certain=op.certain,
        autocommit=op.autocommit,
        sql=True,
        along_with=what,
        **fields,
    )


def _with_table(schema: ReplayedSchema, op: ops.DropTable, dialect: str) -> Iterator[Op]:
    table = _table(schema, op.schema, op.table)
    what = f"table '{op.table}'"
    # MySQL and MariaDB take CASCADE here and do nothing (manual, "DROP TABLE Statement")
    if op.cascade and isinstance(op.table, str) and dialect not in FAMILY:
        yield from _readers(schema, op, what, op.table)
        yield from _referring(schema, op, what, place(op.schema, op.table), None)
    if table is not None:
        yield from _indexes(op, what, table)
        for name, key in _constraints(table, dialect):
            yield _of(op, what, ops.DropConstraint, table=op.table, schema=op.schema, constraint=name, kind=key.kind)


def _constraints(table: ReplayedTable, dialect: str) -> Iterator[tuple[str, Constraint]]:
    """Return the constraints of a table, each with its name, or with the one that the database gave it."""
    for key in table.known_constraints():
        name = key.name if key.name is not None else given_name(table.name, key, dialect)
        if isinstance(name, str):
            yield name, key


def _indexes(op: Op, what: str, table: ReplayedTable, column: str | None = None) -> Iterator[Op]:
    for index in table.indexes.values():
        if isinstance(index, ops.CreateIndex) and isinstance(index.index, str) and (column is None or _mentions(index, column)):
            yield _of(op, what, ops.DropIndex, index=index.index, table=table.name, schema=table.schema)


def _mentions(index: ops.CreateIndex, column: str) -> bool:
    parts = (index.where, *(index.columns if isinstance(index.columns, tuple) else ()))
    return any(isinstance(part, str) and column in map(fold, _WORD.findall(part)) for part in parts)


def _with_column(schema: ReplayedSchema, op: ops.DropColumn, dialect: str) -> Iterator[Op]:
    table = _table(schema, op.schema, op.table)
    if table is None or not isinstance(op.column, str) or dialect == "sqlite":  # SQLite refuses, and batch mode leaves them out
        return
    column, what = fold(op.column), f"column '{op.table}.{op.column}'"
    if op.cascade and dialect not in FAMILY:
        yield from _readers(schema, op, what, str(op.table), column)
        yield from _referring(schema, op, what, place(op.schema, str(op.table)), {column})
    yield from _narrowed(op, what, table, column, dialect) if dialect in FAMILY else _indexes(op, what, table, column)
    for name, key in _constraints(table, dialect):
        covered = [fold(str(part)) for part in (key.columns if isinstance(key.columns, tuple) else ())]
        is_narrowed = dialect == "mysql" and len(covered) > 1 and key.kind in _NARROWED
        if column in covered and (dialect not in FAMILY or is_narrowed or (key.kind == "primary" and covered == [column])):
            yield _of(op, what, ops.DropConstraint, table=op.table, schema=op.schema, constraint=name, kind=key.kind)
            if is_narrowed and isinstance(key.columns, tuple):
                left = tuple(part for part in key.columns if fold(str(part)) != column)
                yield _of(op, what, _NARROWED[key.kind], table=op.table, schema=op.schema, definition=replace(key, columns=left))


def _narrowed(op: Op, what: str, table: ReplayedTable, column: str, dialect: str) -> Iterator[Op]:
    """Yield what MySQL does to indexes over a column that goes: it takes the column out of them, and drops one over it alone.

    MariaDB refuses to, where that would make other columns unique.
    """
    for index in table.indexes.values():
        columns = index.columns if isinstance(index, ops.CreateIndex) else UNKNOWN
        if not isinstance(index, ops.CreateIndex) or columns is UNKNOWN or not isinstance(index.index, str):
            continue
        left = tuple(name for name in columns if not isinstance(name, str) or fold(without_order(name)) != column)
        if len(left) == len(columns) or (left and index.unique is not False and dialect == "mariadb"):
            continue
        yield _of(op, what, ops.DropIndex, index=index.index, table=table.name, schema=table.schema)
        if left:
            yield _of(op, what, ops.CreateIndex, **{field: getattr(index, field) for field in _OF_INDEX}, columns=left)


def _with_constraint(schema: ReplayedSchema, op: ops.DropConstraint, dialect: str) -> Iterator[Op]:
    table = _table(schema, op.schema, op.table)
    if not op.cascade or table is None or not isinstance(op.constraint, str) or dialect in FAMILY:
        return
    key = table.constraint(op.constraint)
    columns = {fold(str(name)) for name in key.columns} if isinstance(key, Constraint) and isinstance(key.columns, tuple) else None
    if columns is not None:
        yield from _referring(schema, op, f"constraint '{op.constraint}'", place(op.schema, str(op.table)), columns, whole=True)


def _with_object(schema: ReplayedSchema, op: ops.DropObject, dialect: str) -> Iterator[Op]:
    if not isinstance(op.name, str):
        return
    what = f"{op.kind} '{op.name}'"
    if op.kind == "materialized view":
        table = _table(schema, op.schema, op.name)
        yield from _indexes(op, what, table) if table is not None else ()
    if op.kind == "schema" and (op.cascade or dialect in FAMILY):
        yield from _contents(schema, op, what, fold(op.name))
    elif op.cascade:
        along = _CASCADES.get(object_place(op.kind, None, "")[0])
        yield from along(schema, op, what) if along is not None else ()


def _contents(schema: ReplayedSchema, op: ops.DropObject, what: str, name: str) -> Iterator[Op]:
    """Yield the drop of each table and object in a schema."""
    made = ((where, entry) for where, entry in schema.objects_by_place.items() if where[1] == name)
    for (family, _, _), entry in made:
        # triggers go with their tables
        if isinstance(entry, ops.CreateObject) and family != "trigger":
            yield _of(op, what, ops.DropObject, kind=entry.kind, name=entry.name, schema=op.name, cascade=True)
    for where, table in schema.tables_by_place.items():
        if where[0] == name and isinstance(table, ReplayedTable):
            yield _of(op, what, ops.DropTable, table=table.name, schema=op.name, cascade=True)


def _columns_of_type(schema: ReplayedSchema, op: ops.DropObject, what: str) -> Iterator[Op]:
    here = object_place(op.kind, op.schema, str(op.name))
    yield from _columns(
        schema,
        op,
        what,
        lambda kind: isinstance(kind.type_name, str) and object_place(op.kind, kind.schema, kind.type_name) == here,
    )


def _columns_of_extension(schema: ReplayedSchema, op: ops.DropObject, what: str) -> Iterator[Op]:
    names = _TYPES_OF_EXTENSIONS.get(fold(str(op.name)), set())
    yield from _columns(schema, op, what, lambda kind: kind.name.upper() in names)


def _columns(schema: ReplayedSchema, op: Op, what: str, wanted: Callable[[SqlType], bool]) -> Iterator[Op]:
    """Yield the drop of each column of a type that goes."""
    for table in schema.tables():
        for column in table.columns.values():
            kind = column.type if isinstance(column, Column) else None
            # an array of the type goes with it
            inner = kind.item if isinstance(kind, SqlType) and isinstance(kind.item, SqlType) else kind
            if isinstance(column, Column) and isinstance(inner, SqlType) and wanted(inner):
                yield _of(op, what, ops.DropColumn, table=table.name, schema=table.schema, column=column.name, cascade=True)


def _objects(schema: ReplayedSchema) -> Iterator[ops.CreateObject]:
    return (entry for _, entry in schema.objects_by_place.items() if isinstance(entry, ops.CreateObject))


def _triggers(schema: ReplayedSchema, op: ops.DropObject, what: str) -> Iterator[Op]:
    for entry in _objects(schema):
        runs = function_of(entry) if entry.kind == "trigger" else None
        if runs is not None and runs.name == fold(str(op.name)):
            yield _of(op, what, ops.DropObject, kind="trigger", name=entry.name, schema=entry.schema, table=entry.table)


def _views(schema: ReplayedSchema, op: ops.DropObject, what: str) -> Iterator[Op]:
    yield from _readers(schema, op, what, str(op.name))


def _readers(schema: ReplayedSchema, op: Op, what: str, name: str, column: str | None = None) -> Iterator[Op]:
    """Yield the drop of each view that reads a table or view, or a column of it as far as its text shows."""
    for entry in _objects(schema):
        if entry.kind not in {"view", "materialized view"}:
            continue
        read = {fold(table) for _, table in sources(entry.body)}
        reads_column = column is None or (read == {fold(name)} and column in map(fold, _WORD.findall(str(entry.body))))
        if fold(name) in read and reads_column and fold(str(entry.name)) != fold(name):
            yield _of(op, what, ops.DropObject, kind=entry.kind, name=entry.name, schema=entry.schema, cascade=True)


def _referring(
    schema: ReplayedSchema, op: Op, what: str, target: QualifiedName, columns: set[str] | None, *, whole: bool = False
) -> Iterator[Op]:
    """Yield the drop of each foreign key that points to a table: to one of some columns, or to all of them (`whole`)."""
    for table, key in schema.references_to(target):
        referred = {fold(str(name)) for name in key.referred_columns} if isinstance(key.referred_columns, tuple) else set()
        # PostgreSQL binds a foreign key to the one unique constraint that has exactly its columns
        hit = columns is None or (referred == columns if whole else bool(referred & columns))
        if hit and isinstance(key.name, str) and place(table.schema, table.name) != target:
            fields = {"table": table.name, "schema": table.schema, "constraint": key.name, "kind": "foreignkey"}
            yield _of(op, what, ops.DropConstraint, **fields)


def _table(schema: ReplayedSchema, where: object, name: object) -> ReplayedTable | None:
    if not isinstance(name, str) or where is UNKNOWN:
        return None
    found = schema.tables_by_place.get(place(where, name), UNKNOWN)  # type: ignore[arg-type]  # a schema's name or None
    return found if isinstance(found, ReplayedTable) else None


_ALONG: Final[dict[type[Op], Callable[..., Iterator[Op]]]] = {
    ops.DropTable: _with_table,
    ops.DropColumn: _with_column,
    ops.DropConstraint: _with_constraint,
    ops.DropObject: _with_object,
}
_CASCADES: Final[dict[str, Callable[..., Iterator[Op]]]] = {
    "type": _columns_of_type,
    "extension": _columns_of_extension,
    "function": _triggers,
    "view": _views,
}
TAKING: Final = tuple(_ALONG)
"""The operations that may take something along."""
