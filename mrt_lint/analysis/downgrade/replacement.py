"""What upgrade() puts in the place of what it takes away."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.downgrade.analysis import DowngradeAnalysis
from mrt_lint.analysis.downgrade.definition import differences, effective
from mrt_lint.analysis.downgrade.tracked_objects import ObjectEffect, TrackedObject, TrackedTable, readable
from mrt_lint.history.effects import effects_of
from mrt_lint.history.schema import fold, without_order
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AlterColumn, CreateConstraint, CreateIndex, DropConstraint, DropIndex, Op, RenameTable
from mrt_lint.model.values import UNKNOWN, Constraint, MaybeName, Name, Unknown


def makes_room(analysis: DowngradeAnalysis, op: Op) -> bool:
    """Return whether upgrade() removes what may have the name of a new object before it creates that."""
    made = _first_effect(analysis, op)
    if made is None or made.action != "made":
        return False
    place = analysis.places.get(id(op), 0)
    return analysis.dropped.get((id(made.namespace), made.key), place) < place


def was_unique(analysis: DowngradeAnalysis, op: CreateConstraint | CreateIndex) -> bool:
    """Return whether the columns of a new unique constraint or index, or some of them, were unique before.

    They are the table's primary key, what another unique object covers or what foreign keys point to, or upgrade() dropped a
    unique object on them; a constraint whose name could not be read may be any of the table's.
    """
    made = _first_effect(analysis, op)
    new = made.tracked if made is not None and made.action == "made" else None
    if new is None or not isinstance(new.table, TrackedTable):
        return False
    earlier = _before(analysis, op)
    mine = (other for other in earlier if analysis.state_before(other).table is new.table)
    if any(_is_nameless_drop(other) and _may_be_unique(analysis, other) for other in mine):
        return True
    wanted = _covered(new)
    if any(columns <= wanted for columns in _unique_before(analysis, new.table)):
        return True
    for effect in (effect for other in earlier for effect in analysis.effects[id(other)]):
        if effect.action == "dropped" and effect.tracked is not None and effect.tracked.table is new.table:
            former = effect.tracked if effect.tracked.columns else effect.namespace.now.get(effect.key)
            if former is not None and former.is_unique and _covered(former) and _covered(former) <= wanted:
                return True
    return False


def was_dropped_as_unique(analysis: DowngradeAnalysis, op: CreateConstraint | CreateIndex) -> bool:
    """Return whether what downgrade() makes unique again was so before upgrade(), but not after it.

    Then rows that were written in between may hold the same. A column that comes back holds NULL.
    """
    made = _first_effect(analysis, op)
    new = made.tracked if made is not None else None
    if made is None or new is None or not new.is_unique or not isinstance(new.table, TrackedTable) or not new.columns:
        return False
    columns = [new.table.columns_by_name.find(name) for name in map(without_order, new.columns)]
    wanted = frozenset(map(id, columns))
    still = (_covered(part) for part in analysis.simulated.unique_after_upgrade if part.table is new.table)
    if any(column is None or column.creator is not None for column in columns) or any(part and part <= wanted for part in still):
        return False
    dropped = (effect for other in analysis.upgrade for effect in analysis.effects[id(other)] if effect.action == "dropped")
    former = [
        (effect.key, effect.tracked) for effect in dropped if effect.tracked is not None and effect.tracked.table is new.table
    ]
    return any(
        _covered(old) == wanted if old.is_unique and old.columns else not old.columns and key == made.key for key, old in former
    )


def _unique_before(analysis: DowngradeAnalysis, table: TrackedTable) -> Iterator[frozenset[object]]:
    """Return the columns, as `_covered` does, of which no two rows of a table held the same before upgrade().

    MySQL allows foreign keys to point to columns that are not unique.
    """
    known = analysis.simulated.known_schema.table(table.origin)
    found: list[tuple[Name, ...] | Unknown] = list(known.known_keys()) if known is not None else []
    if analysis.simulated.dialect not in FAMILY:
        found += [key.referred_columns for _, key in analysis.simulated.known_schema.schema.references_to(table.origin)]
    for columns in found:
        if isinstance(columns, tuple) and columns and all(map(readable, columns)):
            objects = {name: table.columns_by_name.before.get(name) for name in (fold(str(name)) for name in columns)}
            yield frozenset(name if tracked is None else id(tracked) for name, tracked in objects.items())


def dropped_before(analysis: DowngradeAnalysis, op: Op) -> Iterator[Constraint]:
    """Return what is known of the constraints of a new one's table that upgrade() dropped before it."""
    table = analysis.state_before(op).table
    for effect in (effect for other in _before(analysis, op) for effect in analysis.effects[id(other)]):
        tracked = effect.tracked
        if (
            effect.action == "dropped"
            and tracked is not None
            and tracked.table is table
            and isinstance(tracked.definition, Constraint)
        ):
            yield tracked.definition


def find_untouched_change(analysis: DowngradeAnalysis, op: AlterColumn) -> str | None:
    """Return one clause on what an operation of downgrade() changes for good of a column, and upgrade() has not touched."""
    effects = [effect for effect in analysis.effects.get(id(op), ()) if effect.action != "moved"]
    column = effects[0].tracked if effects else None
    doubts = analysis.upgrade_doubts, analysis.downgrade_doubts
    is_open = any(one.concern_thing(thing) for one in doubts for thing in effects_of(op).changes)
    if column is None or not column.exists or is_open or analysis.refuses:
        return None
    touched = {effect.action for one in analysis.upgrade for effect in analysis.effects[id(one)] if effect.tracked is column}
    mine = {effect.action for effect in effects if column.settings[effect.action][1] is op} - touched
    found = differences(column.definition, effective(column)) if column.creator is None else ()
    return ", ".join(difference for field, difference in found if field in mine) or None


def names_of(analysis: DowngradeAnalysis, table: MaybeName) -> set[str]:
    """Return the names, folded, that a table has had so far in upgrade(), by the one it has in the end."""
    names = {fold(table)} if readable(table) else set()
    for op in reversed(analysis.upgrade):
        if isinstance(op, RenameTable) and readable(op.table) and readable(op.new_table) and fold(op.new_table) in names:
            names.add(fold(op.table))
    return names


def has_replacement(analysis: DowngradeAnalysis, op: DropConstraint) -> bool:
    """Return whether a constraint of the kind finally covers the columns of a dropped one, under any name.

    A foreign key points to the same table, too.
    """
    effect = _first_effect(analysis, op)
    dropped = effect.tracked if effect is not None else None
    if dropped is None or not isinstance(dropped.table, TrackedTable) or not dropped.covering:
        return False
    others = dropped.table.parts()
    return any(
        other.constraint_kind == dropped.constraint_kind
        and _covered(other) == _covered(dropped)
        and _target(other) == _target(dropped)
        for other in others
        if other is not None
    )


def _first_effect(analysis: DowngradeAnalysis, op: Op) -> ObjectEffect | None:
    return next((effect for effect in analysis.effects.get(id(op), ()) if effect.action in {"made", "dropped"}), None)


def _before(analysis: DowngradeAnalysis, op: Op) -> list[Op]:
    """Return the operations of upgrade() before one of them."""
    return analysis.upgrade[: analysis.places.get(id(op), 0)]


def _is_nameless_drop(op: Op) -> bool:
    if isinstance(op, DropIndex):
        return not readable(op.index)
    return isinstance(op, DropConstraint) and not readable(op.constraint) and op.kind in {"unique", "primary", None, UNKNOWN}


def _may_be_unique(analysis: DowngradeAnalysis, drop: Op) -> bool:
    """Return whether what is dropped without a name is a constraint, or an index in whose place downgrade() makes a unique one."""
    table = analysis.state_before(drop).table
    back = (other for other in analysis.operations["downgrade"] if isinstance(other, CreateIndex | CreateConstraint))
    return not isinstance(drop, DropIndex) or any(
        (isinstance(other, CreateConstraint) or other.unique is True) and analysis.state_before(other).table is table
        for other in back
    )


def _target(tracked: TrackedObject) -> str | None:
    """Return the table, folded, that a foreign key points to."""
    name = tracked.definition.referred_table if isinstance(tracked.definition, Constraint) else None
    return fold(name) if readable(name) else None


def _covered(tracked: TrackedObject) -> frozenset[object]:
    """Return the columns under a constraint or index by identity, so that one that was renamed is itself."""
    if tracked.covering:
        return frozenset(map(id, tracked.covering))
    columns = tracked.table.columns_by_name.now if isinstance(tracked.table, TrackedTable) else {}
    names = map(without_order, tracked.columns)
    return frozenset(id(columns[name]) if columns.get(name) is not None else name for name in names)
