"""What batch mode leaves behind where it makes a table anew on SQLite, and whether it stands again in the end."""

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


def rebuild(world: SimulatedSchema, op: Rebuilding) -> None:
    """Let a table be made anew: take away what batch mode does not see, and note what of it was there before this migration."""
    table, how = world.table_of(op), asked(op)
    if table is None:
        return
    if how.blind or how.checks:  # what was left behind before may come back with it
        world.losses = [loss for loss in world.losses if loss.table is not table or not (how.blind or loss.what == "check")]
    known = world.past.table(table.origin) if table.maker is None and world.past.with_types else None
    if known is not None and op.certain and not how.blind:
        _find_what_hangs_on(world, table, known)
        world.losses += [*_unseen_indexes(world, op, table), *_triggers(world, op, table), *_collations(world, op, table, known)]
        world.losses += [] if how.checks else _unnamed_checks(world, op, table, known)
    for key, thing in list(world.objects.now.items()):
        if thing is not None and thing.table is table and isinstance(key, tuple) and key[0] == "trigger":
            world.objects.drop(key)
    before, table.autoincrement = table.autoincrement, numbered(table.autoincrement, how) if op.certain else UNKNOWN
    if known is not None and known.complete and known.autoincrement is not UNKNOWN and before != table.autoincrement:
        world.losses.append(RebuildLoss(op, table, "autoincrement", "", partial(_is_numbered_as, table, known)))


def _find_what_hangs_on(world: SimulatedSchema, table: TrackedTable, known: KnownTable) -> None:
    """Let the indexes and triggers stand that the history knows of a table, unless they were touched before."""
    for index in known.known_indexes():
        if readable(index.index):
            world.indexes.look(place(index.schema, index.index))
    for where, made in world.past.schema.objects_by_place.items():
        if not isinstance(made, CreateObject) or made.kind != "trigger" or not readable(made.table) or not readable(made.name):
            continue
        key = ("trigger", fold(known.name), fold(made.name))
        if place(made.schema, made.table) == table.origin and where not in world.objects.now and key not in world.objects.now:
            world.objects.before[key] = world.objects.now[key] = TrackedObject(definition=made, table=table)


def _unseen_indexes(world: SimulatedSchema, op: Rebuilding, table: TrackedTable) -> Iterator[RebuildLoss]:
    slots = world.indexes
    for key, thing in list(slots.now.items()):
        if thing is None or thing.table is not table or not isinstance(thing.definition, CreateIndex):
            continue
        if is_unseen(thing.definition):
            slots.drop(key)
            if thing.maker is None:
                yield RebuildLoss(op, table, "index", str(thing.definition.index), partial(_holds_other_than, slots, key, None))
        elif is_reordered(thing.definition) and thing.maker is None:
            name = str(thing.definition.index)
            yield RebuildLoss(op, table, "order", name, partial(_holds_other_than, slots, key, thing))


def _triggers(world: SimulatedSchema, op: Rebuilding, table: TrackedTable) -> Iterator[RebuildLoss]:
    slots = world.objects
    for key, thing in list(slots.now.items()):
        if thing is not None and thing.table is table and thing.maker is None and isinstance(thing.definition, CreateObject):
            yield RebuildLoss(op, table, "trigger", str(thing.definition.name), partial(_holds_other_than, slots, key, None))


def _holds_other_than(slots: ObjectNamespace, key: Key, former: TrackedObject | None) -> bool:
    """Tell whether something else stands at a place in the end than once did."""
    return slots.now[key] is not former


def _unnamed_checks(world: SimulatedSchema, op: Rebuilding, table: TrackedTable, known: KnownTable) -> Iterator[RebuildLoss]:
    lost = {loss.name for loss in world.losses if loss.table is table and loss.what == "check"}
    columns = table.columns_by_name.now
    for check in filter(is_unnamed_check, known.unnamed):
        condition = check.condition if readable(check.condition) else "…"
        goes_along = any(columns.get(fold(word), check) is None for word in _WORD.findall(condition))
        if condition not in lost and not goes_along:
            yield RebuildLoss(op, table, "check", condition, partial(_has_new_check, table))


def _has_new_check(table: TrackedTable) -> bool:
    made = (*table.anonymous, *(thing for thing in table.constraints.now.values() if thing is not None))
    return any(
        thing.maker is not None and isinstance(thing.definition, Constraint) and thing.definition.kind == "check" for thing in made
    )


def _collations(world: SimulatedSchema, op: Rebuilding, table: TrackedTable, known: KnownTable) -> Iterator[RebuildLoss]:
    lost = {loss.name for loss in world.losses if loss.table is table and loss.what == "collation"}
    for key, column in known.columns.items():
        thing = table.columns_by_name.first(key) if collation(column) is not None and key not in lost else None
        if thing is not None and thing.standing:
            yield RebuildLoss(op, table, "collation", key, partial(_is_collated, thing))


def _is_collated(column: TrackedObject) -> bool:
    """Tell whether a column has been given a collation again, or is gone."""
    kind = column.settings["type"][0] if "type" in column.settings else None
    return not column.standing or (isinstance(kind, SqlType) and kind.collation is not None)


def _is_numbered_as(table: TrackedTable, known: KnownTable) -> bool:
    return table.autoincrement is UNKNOWN or table.autoincrement == known.autoincrement
