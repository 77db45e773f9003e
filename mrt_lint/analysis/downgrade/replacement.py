"""What upgrade() puts in the place of what it takes away."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.downgrade.analysis import Ledger
from mrt_lint.analysis.downgrade.tracked_objects import Table, Thing, Touch, readable
from mrt_lint.history.schema import fold
from mrt_lint.model.ops import CreateConstraint, CreateIndex, DropConstraint, DropIndex, Op, RenameTable
from mrt_lint.model.values import UNKNOWN, Constraint, MaybeName


def makes_room(ledger: Ledger, op: Op) -> bool:
    """Tell whether upgrade() takes away what may stand in the place of a new thing before it makes it."""
    made = _touch(ledger, op)
    if made is None or made.action != "made":
        return False
    place = ledger.places.get(id(op), 0)
    return ledger.dropped.get((id(made.slots), made.key), place) < place


def was_unique(ledger: Ledger, op: CreateConstraint | CreateIndex) -> bool:
    """Tell whether the columns of a new unique thing, or some of them, were unique before.

    They are the table's primary key, or upgrade() dropped another unique thing on them; one whose name could not be read may be
    any of the table's.
    """
    made = _touch(ledger, op)
    new = made.thing if made is not None and made.action == "made" else None
    if new is None or not isinstance(new.table, Table):
        return False
    earlier = _before(ledger, op)
    if any(_is_nameless_drop(other) and ledger.moment(other).table is new.table for other in earlier):
        return True
    wanted = _covered(new)
    if _former_key(ledger, new.table) <= wanted:
        return True
    for touch in (touch for other in earlier for touch in ledger.touches[id(other)]):
        if touch.action == "dropped" and touch.thing is not None and touch.thing.table is new.table:
            former = touch.thing if touch.thing.columns else touch.slots.now.get(touch.key)
            if former is not None and _is_unique(former) and _covered(former) and _covered(former) <= wanted:
                return True
    return False


def _former_key(ledger: Ledger, table: Table) -> frozenset[object]:
    """Give the columns of a table's former primary key as `_covered` does; one that nothing covers where none is known."""
    known = ledger.world.past.table(table.origin)
    key = known.primary_key if known is not None else None
    if not isinstance(key, tuple) or not key or not all(map(readable, key)):
        return frozenset((UNKNOWN,))
    things = {name: table.columns_by_name.before.get(name) for name in (fold(str(name)) for name in key)}
    return frozenset(name if thing is None else id(thing) for name, thing in things.items())


def dropped_before(ledger: Ledger, op: Op) -> Iterator[Constraint]:
    """Give what is known of the constraints of a new one's table that upgrade() dropped before it."""
    table = ledger.moment(op).table
    for touch in (touch for other in _before(ledger, op) for touch in ledger.touches[id(other)]):
        thing = touch.thing
        if touch.action == "dropped" and thing is not None and thing.table is table and isinstance(thing.definition, Constraint):
            yield thing.definition


def names_of(ledger: Ledger, table: MaybeName) -> set[str]:
    """Give the names, folded, that a table has had so far in upgrade(), by the one it has in the end."""
    names = {fold(table)} if readable(table) else set()
    for op in reversed(ledger.upgrade):
        if isinstance(op, RenameTable) and readable(op.table) and readable(op.new_table) and fold(op.new_table) in names:
            names.add(fold(op.table))
    return names


def stands_in(ledger: Ledger, op: DropConstraint) -> bool:
    """Tell whether a constraint of the kind stands on the columns of a dropped one in the end, under whatever name.

    A foreign key points to the same table, too.
    """
    touch = _touch(ledger, op)
    dropped = touch.thing if touch is not None else None
    if dropped is None or not isinstance(dropped.table, Table) or not dropped.covering:
        return False
    others = (*dropped.table.constraints.now.values(), *dropped.table.anonymous)
    return any(
        _kind(other) == _kind(dropped) and _covered(other) == _covered(dropped) and _target(other) == _target(dropped)
        for other in others
        if other is not None
    )


def _touch(ledger: Ledger, op: Op) -> Touch | None:
    return next((touch for touch in ledger.touches.get(id(op), ()) if touch.action in {"made", "dropped"}), None)


def _before(ledger: Ledger, op: Op) -> tuple[Op, ...]:
    """Give the operations of upgrade() before one of them."""
    return ledger.upgrade[: ledger.places.get(id(op), 0)]


def _is_nameless_drop(op: Op) -> bool:
    if isinstance(op, DropIndex):
        return not readable(op.index)
    return isinstance(op, DropConstraint) and not readable(op.constraint) and op.kind in {"unique", "primary", None, UNKNOWN}


def _is_unique(thing: Thing) -> bool:
    if isinstance(thing.definition, Constraint):
        return thing.definition.kind in {"unique", "primary"}
    return isinstance(thing.definition, CreateIndex) and thing.definition.unique is True and thing.definition.where is None


def _kind(thing: Thing) -> str | None:
    return thing.definition.kind if isinstance(thing.definition, Constraint) else None


def _target(thing: Thing) -> str | None:
    """Give the table, folded, that a foreign key points to."""
    name = thing.definition.referred_table if isinstance(thing.definition, Constraint) else None
    return fold(name) if readable(name) else None


def _covered(thing: Thing) -> frozenset[object]:
    """Give the columns under a constraint or index by identity, so that one that was renamed is itself."""
    if thing.covering:
        return frozenset(map(id, thing.covering))
    columns = thing.table.columns_by_name.now if isinstance(thing.table, Table) else {}
    return frozenset(id(columns[name]) if columns.get(name) is not None else name for name in thing.columns)
