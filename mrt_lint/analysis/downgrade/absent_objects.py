"""Operations that need what does not exist at that point: it is dropped or renamed by then, not made yet, or never was made."""

from __future__ import annotations

from mrt_lint.analysis.downgrade.constraint_effects import unique_index
from mrt_lint.analysis.downgrade.effects import object_key
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, TrackedTable, readable
from mrt_lint.history.effects import Thing, effects_of
from mrt_lint.history.schema import ReplayedTable as KnownTable
from mrt_lint.history.schema import fold, place
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import (
    AlterColumn,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropObject,
    Op,
    RenameConstraint,
    ValidateConstraint,
)
from mrt_lint.model.values import UNKNOWN, Column, Constraint

ON_CONSTRAINTS = (DropConstraint, RenameConstraint, ValidateConstraint)
"""The operations on a constraint that is there."""
_FOREIGN = ("_alembic", "alembic_", "pg_", "sqlite_", "information_schema", "mysql")
"""How names begin that belong to Alembic or the database."""


def find_gone_object(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause if an operation needs what this migration has taken away, or not made yet, at that point."""
    if isinstance(op, DropIndex) and simulated.finds_index(op):
        return None
    is_batch = simulated.dialect == "sqlite" and op.batch  # its parts run together
    for thing in effects_of(op).needs:
        if is_batch and thing.kind == "column" and not isinstance(op, DropColumn | AlterColumn):
            continue
        clause = _gone(simulated, op, thing)
        if clause is not None:
            return clause
    return None


def _gone(simulated: SimulatedSchema, op: Op, thing: Thing) -> str | None:
    if not isinstance(thing.name, str):
        return None
    if thing.kind == "table":
        is_other = thing.place != _place_of(op)
        if is_other and simulated.dialect == "sqlite":  # which looks for the table of a key only when rows are written
            return None
        is_view = simulated.objects.now.get(("view", *thing.place)) is not None
        gone = simulated.tables.is_gone(thing.place) and not is_view
        return f"there is no table '{spelled(op, thing)}' at that point" if gone else None
    if thing.kind in {"column", "constraint"}:
        return _gone_part(simulated, op, thing)
    if thing.kind == "index":
        gone = simulated.indexes.was_dropped(simulated.index_key(simulated.owner_of(thing), thing.place))
        return f"index '{spelled(op, thing)}' no longer exists by then" if gone else None
    if isinstance(op, DropObject) and readable(op.name):
        gone = simulated.objects.was_dropped(object_key(simulated, op, op.name))
        return f"{op.kind} '{op.name}' no longer exists by then" if gone else None
    gone = simulated.dialect == "postgresql" and simulated.objects.is_gone(thing.key)
    return f"there is no {thing.kind} '{thing.name}' at that point" if gone else None


def _gone_part(simulated: SimulatedSchema, op: Op, thing: Thing) -> str | None:
    slot = simulated.slot(thing)
    if slot is None:
        return None
    if thing.kind == "constraint":
        gone = isinstance(op, DropConstraint) and slot[0].was_dropped(slot[1]) and unique_index(simulated, op) is None
        return f"constraint '{spelled(op, thing)}' no longer exists by then" if gone else None
    gone = slot[0].is_gone(slot[1])
    return f"column '{_owner_spelled(op, thing)}.{spelled(op, thing)}' no longer exists by then" if gone else None


def find_missing_object(simulated: SimulatedSchema, op: Op, *, tables: bool = True) -> str | None:
    """Return one clause on what an operation needs and no migration has made, None if nothing is known to be missing.

    Without `tables` a table that is missing is supposed to come from elsewhere.
    """
    if not op.certain or getattr(op, "if_exists", False) is not False or getattr(op, "schema", None) is UNKNOWN:
        return None
    if isinstance(op, DropIndex | DropConstraint | DropObject) and (clause := _not_there(simulated, op)) is not None:
        return clause
    for thing in effects_of(op).needs:
        own = thing.place == _place_of(op) if thing.kind == "table" else thing.owner == _place_of(op)
        is_asked = own and isinstance(thing.name, str) and (tables or thing.kind != "table")
        clause = _missing(simulated, op, thing, outside=not tables) if is_asked else None
        if clause is not None:
            return clause
    return None


def _not_there(simulated: SimulatedSchema, op: DropIndex | DropConstraint | DropObject) -> str | None:
    """Return one clause if nothing has the name of what is dropped, or something of another kind has it."""
    if isinstance(op, DropObject):
        return f"no migration makes a {op.kind} '{op.name}'" if _lacks_object(simulated, op) else None
    if isinstance(op, DropIndex) and op.table is None and readable(op.index):
        return f"no migration makes an index '{op.index}'" if _no_table_has(simulated, op) else None
    table, name = simulated.table_of(op), op.index if isinstance(op, DropIndex) else op.constraint
    if simulated.dialect in FAMILY or not isinstance(table, TrackedTable) or not readable(name):
        return None
    index, constraint = simulated.indexes.now.get(place(op.schema, name)), table.constraints.now.get(fold(name))
    if isinstance(op, DropIndex) and index is None and constraint is not None and _is_index(constraint):
        return f"'{name}' is a constraint of table '{op.table}', not an index of its own"
    if isinstance(op, DropConstraint) and constraint is None and index is not None and index.table is table and index.creator:
        return f"'{name}' is an index of table '{op.table}', not a constraint"
    return None


def _is_index(tracked: TrackedObject) -> bool:
    made = tracked.creator
    return isinstance(tracked.definition, Constraint) and tracked.definition.kind == "unique" and made is not None and made.certain


def _lacks_object(simulated: SimulatedSchema, op: DropObject) -> bool:
    """Return whether no migration makes a view or trigger of that name, on any table and in any schema."""
    if op.kind not in {"trigger", "view", "materialized view"} or not readable(op.name) or not _makes_tables(simulated):
        return False
    family, name = ("trigger" if op.kind == "trigger" else "view"), fold(op.name)
    known_schema = simulated.known_schema
    keys = (*simulated.objects.now, *(key for key, _ in known_schema.schema.objects_by_place.items()))
    if any(isinstance(key, tuple) and key[0] == family and key[-1] == name for key in keys):
        return False
    return known_schema.is_complete(name) and not known_schema.may_be_made_in_parallel(family, name)


def _no_table_has(simulated: SimulatedSchema, op: DropIndex) -> bool:
    """Return whether no table has an index of that name, nor one without a name that may bear it."""
    name, known_schema = str(op.index), simulated.known_schema
    if simulated.dialect in FAMILY or simulated.finds_index(op) or not _makes_tables(simulated):
        return False
    if not known_schema.is_complete(fold(name)) or known_schema.may_be_made_in_parallel("index", fold(name)):
        return False
    for where, known in known_schema.schema.tables_by_place.items():
        if known is not None:
            simulated.tables.find(where)
    tables = [table for table in simulated.tables.now.values() if isinstance(table, TrackedTable)]
    return all(_lacks_index(simulated, table, fold(name)) for table in tables)


def _missing(simulated: SimulatedSchema, op: Op, thing: Thing, *, outside: bool) -> str | None:
    """Return one clause if there is no such thing; where something `outside` of the history may make tables, it may add columns."""
    if thing.kind == "table":
        return _missing_table(simulated, op, thing)
    table = simulated.owner_of(thing)
    if table is None:
        return None
    if (why := _lost_before(simulated, table, thing)) is not None:
        return f"table '{_owner_spelled(op, thing)}' has no {thing.kind} '{spelled(op, thing)}': {why}"
    name = str(thing.name)
    lacks = thing.kind == "column" and _lacks_column(simulated, table, name, outside=outside)
    if not lacks and not (thing.kind == "index" and _lacks_index(simulated, table, name)):
        return None
    return f"table '{_owner_spelled(op, thing)}' has no {thing.kind} '{spelled(op, thing)}'"


def _lost_before(simulated: SimulatedSchema, table: TrackedTable, thing: Thing) -> str | None:
    """Return one clause if an earlier revision has dropped or renamed a thing, and this migration has not taken its name."""
    known, kind = simulated.known_schema.table(table.origin), "column" if thing.kind == "column" else "key"
    slot = simulated.slot(thing)
    if known is None or table.creator is not None or slot is None or (kind, thing.name) not in known.former_names:
        return None
    if thing.kind == "index" and fold(str(thing.name)) in known.indexes:
        return None  # MySQL keeps the index of a foreign key that was dropped
    if kind == "key" and simulated.dialect == "postgresql" and isinstance(known.constraint(str(thing.name)), Constraint):
        return None  # one without a name has been given the same again
    namespace, key = slot
    # MySQL numbers foreign keys without a name, by the highest number so far
    made_nameless = any(tracked.is_reference for tracked in table.unnamed) or any(
        isinstance(entry, Constraint) and entry.is_reference for entry in known.unnamed
    )
    if simulated.dialect in FAMILY and "_ibfk_" in str(thing.name) and made_nameless:
        return None
    if key in namespace.seen_in_upgrade or (key in namespace.now and namespace.now[key] is not namespace.before.get(key)):
        return None
    name = known.current_name(kind, str(thing.name))
    return "an earlier revision has dropped it" if name is None else f"an earlier revision has renamed it to '{name}'"


def _missing_table(simulated: SimulatedSchema, op: Op, thing: Thing) -> str | None:
    key = thing.place
    if any(str(word).startswith(_FOREIGN) for word in key):
        return None
    table = simulated.tables.now.get(key)
    is_new = key not in simulated.tables.now or (isinstance(table, TrackedTable) and table.creator is None and table.origin == key)
    is_spoken_of = key in simulated.tables.seen_in_upgrade or ("view", *key) in simulated.objects.now
    if isinstance(op, DropIndex) and simulated.finds_index(op):
        return None
    if is_spoken_of or not is_new or not _makes_tables(simulated) or not simulated.known_schema.is_absent(key):
        return None
    if simulated.known_schema.may_be_made_in_parallel("table", key[1]):
        return None
    return f"no migration before this one leaves a table '{spelled(op, thing)}'"


def find_dropped_table(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause if an earlier revision has dropped or renamed the table of an operation of upgrade()."""
    name, schema = getattr(op, "table", None), getattr(op, "schema", None)
    if not readable(name) or isinstance(op, CreateTable) or not effects_of(op).needs or simulated.view_of(op) is not None:
        return None
    key, known_schema = place(schema, name), simulated.known_schema
    table = simulated.tables.find(key)
    is_original = table is not None and table is simulated.tables.before.get(key) and table.exists
    if not is_original or known_schema.schema.tables_by_place.get(key, UNKNOWN) is not None:
        return None
    if known_schema.may_be_made_in_parallel("table", key[1]):
        return None
    # the name may be a view's by now
    return None if any(known_schema.views(key[1])) else f"an earlier revision has dropped or renamed table '{name}'"


def _makes_tables(simulated: SimulatedSchema) -> bool:
    """Return whether this migration or one before it made a table; a history of something else may know them from elsewhere."""
    before = (isinstance(table, KnownTable) for _, table in simulated.known_schema.schema.tables_by_place.items())
    return any(table is not None and table.creator is not None for table in simulated.tables.now.values()) or any(before)


def _lacks_column(simulated: SimulatedSchema, table: TrackedTable, column: str, *, outside: bool) -> bool:
    if column in table.columns_by_name.now:
        return False
    if table.creator is not None:
        return table.complete
    known, known_schema = simulated.known_schema.table(table.origin), simulated.known_schema
    is_known = known_schema.is_complete if outside else known_schema.is_fully_read
    if known is None or not known.complete or column in known.columns or not is_known(column, table.origin[1]):
        return False
    return not any(known_schema.may_be_made_in_parallel("column", name, column) for _, name in (table.current_key, table.origin))


def _lacks_index(simulated: SimulatedSchema, table: TrackedTable, index: str) -> bool:
    """Return whether a table has no index of a name, nor one without a name that may bear it."""
    known_schema, key = simulated.known_schema, simulated.index_key(table, (table.current_key[0], index))
    if (
        key in simulated.indexes.now
        or index in table.constraints.now
        or any(_may_be_an_index(simulated, tracked) for tracked in table.unnamed)
    ):
        return False
    if simulated.has_nameless_index or _may_have_another_name(simulated, table, index):
        return False
    if table.creator is not None:
        return table.complete
    if known_schema.index(key) is not None or not known_schema.lacks(table.origin, index, simulated.kind_of_index):
        return False
    return known_schema.is_complete(index, table.origin[1]) and not known_schema.may_be_made_in_parallel("index", index)


def _may_be_an_index(simulated: SimulatedSchema, tracked: TrackedObject) -> bool:
    """Return whether something without a name may be dropped as an index: MySQL's unique and foreign keys are indexes, too."""
    kind = tracked.definition.kind if isinstance(tracked.definition, Constraint) else None
    return kind is None or (kind in {"unique", "foreignkey"} and simulated.dialect in FAMILY)


def _may_have_another_name(simulated: SimulatedSchema, table: TrackedTable, index: str) -> bool:
    """Return whether a naming convention may have given this name to the index of a column with `index=True`."""
    columns = (tracked.definition for tracked in table.columns_by_name.now.values() if tracked is not None)
    known = simulated.known_schema.table(table.origin) if table.creator is None else None
    before = known.columns.values() if known is not None else ()
    return any(
        isinstance(column, Column) and column.index is not False and (not readable(column.name) or fold(column.name) in index)
        for column in (*columns, *before)
    )


def _place_of(op: Op) -> object:
    name = getattr(op, "table", None)
    return place(getattr(op, "schema", None), name) if readable(name) else None


def spelled(op: Op, thing: Thing) -> str:
    """Return the name of a thing as the operation writes it."""
    for field in ("table", "column", "index", "constraint", "new_table", "name"):
        name = getattr(op, field, None)
        if readable(name) and fold(name) == thing.name:
            return name
    return str(thing.name)


def _owner_spelled(op: Op, thing: Thing) -> str:
    name = getattr(op, "table", None)
    return (
        name if thing.owner == _place_of(op) and readable(name) else str(thing.owner[1] if isinstance(thing.owner, tuple) else "…")
    )
