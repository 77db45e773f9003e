"""Why a database refuses an operation at its position, in upgrade() or downgrade()."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from mrt_lint.analysis.downgrade.absent_objects import find_dropped_table, find_gone_object, find_missing_object
from mrt_lint.analysis.downgrade.conflict import Conflict, ConflictKind
from mrt_lint.analysis.downgrade.dependents import find_dependent
from mrt_lint.analysis.downgrade.existing_objects import find_existing_object
from mrt_lint.analysis.downgrade.refresh import find_unrefreshable
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.type_family import may_refer
from mrt_lint.history.effects import effects_of
from mrt_lint.history.schema import ReplayedTable, fold, place
from mrt_lint.model.ops import AddColumn, CreateConstraint, CreateTable, Op
from mrt_lint.model.values import UNKNOWN, Column, Name

_Reference: TypeAlias = tuple[ReplayedTable, tuple[Name, ...], ReplayedTable, tuple[Name, ...]]


def find_refusal(simulated: SimulatedSchema, op: Op) -> Conflict | None:
    """Return why an operation fails at its place; None if no reason is known."""
    if not op.certain or getattr(op, "if_exists", False) is not False:
        return None
    if gone := find_gone_object(simulated, op):
        return Conflict(ConflictKind.ABSENT, gone)
    if unrefreshable := find_unrefreshable(simulated, op):
        return Conflict(ConflictKind.UNREFRESHABLE, unrefreshable)
    dependent = find_dependent(simulated, op)
    return Conflict(ConflictKind.NEEDED, dependent) if dependent else None


def find_misfit(simulated: SimulatedSchema, op: Op) -> Conflict | None:
    """Return the conflict of a foreign key with the columns that it points to: of another type, or by then not unique."""
    for made, columns, there, pointed in _new_keys(simulated, op):
        for name, referred in zip(columns, pointed, strict=False):
            one, other = _type_of(made, name), _type_of(there, referred)
            if simulated.known_schema.with_types and not may_refer(one, other, simulated.dialect):
                target = f"'{there.name}.{referred}', to which its foreign key points, {other}"
                return Conflict(ConflictKind.MISFIT, f"column '{made.name}.{name}' is {one} by then, and {target}")
        if simulated.dialect == "postgresql" and not _is_keyed(there, pointed):
            by = ", ".join(map(str, pointed))
            clause = f"nothing keeps table '{there.name}' unique by {by} at that point"
            if _was_keyed(simulated, there, pointed):
                return Conflict(ConflictKind.ABSENT, clause)
            if _is_known_whole(simulated, there, pointed):
                return Conflict(ConflictKind.NO_KEY, clause)
    return None


def _new_keys(simulated: SimulatedSchema, op: Op) -> Iterator[_Reference]:
    """Yield each foreign key that an operation makes: its table and columns, and those that it points to."""
    if not isinstance(op, CreateTable | AddColumn | CreateConstraint) or not readable(op.table) or not op.certain:
        return
    mine = place(op.schema, op.table)
    if all(thing.kind != "table" or thing.place == mine for thing in effects_of(op).needs):
        return
    made, before = simulated.draft.made_by(op), simulated.schema.tables_by_place.get(mine, None)
    old = tuple(before.known_constraints()) if isinstance(before, ReplayedTable) and not isinstance(op, CreateTable) else ()
    for key in made.known_constraints("foreignkey"):
        there = simulated.schema.tables_by_place.get(place(key.referred_schema or op.schema, str(key.referred_table)), None)
        if key in old or not isinstance(there, ReplayedTable) or key.columns is UNKNOWN or key.referred_columns is UNKNOWN:
            continue
        yield made, key.columns, there, key.referred_columns or _primary(there)


def _primary(table: ReplayedTable) -> tuple[Name, ...]:
    return table.primary_key if isinstance(table.primary_key, tuple) else ()


def _is_keyed(table: ReplayedTable, names: tuple[Name, ...]) -> bool:
    """Return whether a table may have a key, or a unique index, of exactly these columns."""
    wanted = {fold(str(name)) for name in names}
    covered = [entry.columns for entry in table.known_constraints() if entry.kind in {"primary", "unique"}]
    covered += [entry.columns for entry in table.known_indexes() if entry.unique is not False]
    unclear = UNKNOWN in (*table.constraints.values(), *table.indexes.values()) or bool(table.lost)
    return unclear or any(columns is UNKNOWN or {fold(str(name)) for name in columns} == wanted for columns in covered)


def _is_known_whole(simulated: SimulatedSchema, table: ReplayedTable, names: tuple[Name, ...]) -> bool:
    """Return whether all keys of a table are known, and the columns that are asked for."""
    return table.complete and bool(names) and UNKNOWN not in names and simulated.known_schema.is_fully_read(fold(table.name))


def _was_keyed(simulated: SimulatedSchema, table: ReplayedTable, names: tuple[Name, ...]) -> bool:
    """Return whether a table certainly had such a key before this migration, which then is what has taken it away."""
    before = simulated.known_schema.table(place(table.schema, table.name))
    return before is not None and before.complete and bool(names) and _is_keyed(before, names)


def _type_of(table: ReplayedTable, name: Name) -> object:
    column = table.columns.get(fold(str(name)))
    return column.type if isinstance(column, Column) else None


def find_duplicate(simulated: SimulatedSchema, op: Op) -> Conflict | None:
    """Return the conflict if an operation of upgrade() makes what the earlier revisions, all of them read in full, have made."""
    return find_existing_object(simulated, op) if _is_surely_run(simulated, op) else None


def find_upgrade_conflict(simulated: SimulatedSchema, op: Op) -> Conflict | None:
    """Return why an operation of upgrade() finds not what it needs in the schema that earlier revisions leave.

    What a migration does not say is not known: of a table that no revision makes nothing is said, and nothing at all where a
    part of what ran before could not be read.
    """
    return next(filter(None, _conflicts(simulated, op)), None) if _is_surely_run(simulated, op) else None


def _is_surely_run(simulated: SimulatedSchema, op: Op) -> bool:
    """Return whether an operation runs under no condition, on a schema of which all that made it was read."""
    known_schema = simulated.known_schema
    return op.certain and known_schema.with_types and known_schema.is_fully_read()


def _conflicts(simulated: SimulatedSchema, op: Op) -> Iterator[Conflict | None]:
    if getattr(op, "if_exists", False) is False:
        absent = find_dropped_table(simulated, op) or find_missing_object(simulated, op, tables=False)
        yield Conflict(ConflictKind.ABSENT, absent) if absent else None
        yield find_refusal(simulated, op) or find_misfit(simulated, op)
