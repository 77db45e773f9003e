"""What batch mode loses when it rebuilds a table on SQLite, and whether it is restored in the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import Key, ObjectNamespace, RebuildLoss, TrackedObject, TrackedTable, readable
from mrt_lint.history.schema import ReplayedTable as KnownTable
from mrt_lint.history.schema import fold, place
from mrt_lint.history.sqlite_rebuild import Rebuilding, asked, collation, is_reordered, is_unnamed_check, is_unseen, numbered
from mrt_lint.model.ops import CreateIndex, CreateObject
from mrt_lint.model.values import UNKNOWN, Constraint, SqlType

_WORD = re.compile(r"\w+")


def rebuild(simulated: SimulatedSchema, op: Rebuilding) -> None:
    """Rebuild a table: remove what batch mode does not reflect, and record what of it existed before this migration."""
    table, how = simulated.table_of(op), asked(op)
    if table is None:
        return
    if how.has_unknown_parts or how.checks:  # what was left behind before may come back with it
        simulated.losses = [
            loss for loss in simulated.losses if loss.table is not table or not (how.has_unknown_parts or loss.what == "check")
        ]
    known = simulated.known_schema.table(table.origin) if table.creator is None and simulated.known_schema.with_types else None
    if known is not None and op.certain and not how.has_unknown_parts:
        _track_dependents(simulated, table, known)
        simulated.losses += [
            *_unseen_indexes(simulated, op, table),
            *_triggers(simulated, op, table),
            *_collations(simulated, op, table, known),
        ]
        simulated.losses += [] if how.checks else _unnamed_checks(simulated, op, table, known)
    for key, tracked in list(simulated.objects.now.items()):
        if tracked is not None and tracked.table is table and isinstance(key, tuple) and key[0] == "trigger":
            simulated.objects.drop(key)
    before, table.autoincrement = table.autoincrement, numbered(table.autoincrement, how) if op.certain else UNKNOWN
    if known is not None and known.complete and known.autoincrement is not UNKNOWN and before != table.autoincrement:
        simulated.losses.append(RebuildLoss(op, table, "autoincrement", "", partial(_is_numbered_as, table, known)))


def _track_dependents(simulated: SimulatedSchema, table: TrackedTable, known: KnownTable) -> None:
    """Track the indexes and triggers that the history knows of a table, unless an operation changed them before."""
    for index in known.known_indexes():
        if readable(index.index):
            simulated.indexes.find(place(index.schema, index.index))
    for where, made in simulated.known_schema.schema.objects_by_place.items():
        if not isinstance(made, CreateObject) or made.kind != "trigger" or not readable(made.table) or not readable(made.name):
            continue
        key = ("trigger", fold(known.name), fold(made.name))
        if (
            place(made.schema, made.table) == table.origin
            and where not in simulated.objects.now
            and key not in simulated.objects.now
        ):
            simulated.objects.before[key] = simulated.objects.now[key] = TrackedObject(definition=made, table=table)


def _unseen_indexes(simulated: SimulatedSchema, op: Rebuilding, table: TrackedTable) -> Iterator[RebuildLoss]:
    namespace = simulated.indexes
    for key, tracked in list(namespace.now.items()):
        if tracked is None or tracked.table is not table or not isinstance(tracked.definition, CreateIndex):
            continue
        if is_unseen(tracked.definition):
            namespace.drop(key)
            if tracked.creator is None:
                yield RebuildLoss(
                    op, table, "index", str(tracked.definition.index), partial(_holds_other_than, namespace, key, None)
                )
        elif is_reordered(tracked.definition) and tracked.creator is None:
            name = str(tracked.definition.index)
            yield RebuildLoss(op, table, "order", name, partial(_holds_other_than, namespace, key, tracked))


def _triggers(simulated: SimulatedSchema, op: Rebuilding, table: TrackedTable) -> Iterator[RebuildLoss]:
    namespace = simulated.objects
    for key, tracked in list(namespace.now.items()):
        if (
            tracked is not None
            and tracked.table is table
            and tracked.creator is None
            and isinstance(tracked.definition, CreateObject)
        ):
            yield RebuildLoss(op, table, "trigger", str(tracked.definition.name), partial(_holds_other_than, namespace, key, None))


def _holds_other_than(namespace: ObjectNamespace, key: Key, former: TrackedObject | None) -> bool:
    """Return whether another object than before has this name in the end."""
    return namespace.now[key] is not former


def _unnamed_checks(simulated: SimulatedSchema, op: Rebuilding, table: TrackedTable, known: KnownTable) -> Iterator[RebuildLoss]:
    lost = {loss.name for loss in simulated.losses if loss.table is table and loss.what == "check"}
    columns = table.columns_by_name.now
    for check in filter(is_unnamed_check, known.unnamed):
        condition = check.condition if readable(check.condition) else "…"
        # a CHECK of a column that the migration drops has to go
        goes_along = any(columns.get(fold(word), check) is None for word in _WORD.findall(condition))
        if condition not in lost and not goes_along:
            yield RebuildLoss(op, table, "check", condition, partial(_has_new_check, table))


def _has_new_check(table: TrackedTable) -> bool:
    made = (*table.unnamed, *(tracked for tracked in table.constraints.now.values() if tracked is not None))
    return any(
        tracked.creator is not None and isinstance(tracked.definition, Constraint) and tracked.definition.kind == "check"
        for tracked in made
    )


def _collations(simulated: SimulatedSchema, op: Rebuilding, table: TrackedTable, known: KnownTable) -> Iterator[RebuildLoss]:
    lost = {loss.name for loss in simulated.losses if loss.table is table and loss.what == "collation"}
    for key, column in known.columns.items():
        tracked = table.columns_by_name.original_object(key) if collation(column) is not None and key not in lost else None
        if tracked is not None and tracked.exists:
            yield RebuildLoss(op, table, "collation", key, partial(_is_collated, tracked))


def _is_collated(column: TrackedObject) -> bool:
    """Return whether a column has been given a collation again, or no longer exists."""
    kind = column.settings["type"][0] if "type" in column.settings else None
    return not column.exists or (isinstance(kind, SqlType) and kind.collation is not None)


def _is_numbered_as(table: TrackedTable, known: KnownTable) -> bool:
    return table.autoincrement is UNKNOWN or table.autoincrement == known.autoincrement
