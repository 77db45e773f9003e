"""Values that one upgrade carries from a column that it drops to another one, and those that downgrade() brings back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.downgrade.definition import is_same_value, setting_of
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, readable
from mrt_lint.analysis.every_row import takes_every_row
from mrt_lint.analysis.range_bounds import is_taken_out
from mrt_lint.analysis.selected_words import selected_words
from mrt_lint.analysis.type_change import loses_nothing
from mrt_lint.analysis.unfilled import brings_nothing
from mrt_lint.history.schema import fold
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import AddColumn, CreateTable, DropColumn, Insert, Op, Update
from mrt_lint.model.values import UNKNOWN, SqlType, ValueFlow

_TEXTS = frozenset({"VARCHAR", "TEXT"})
_IDENTIFIERS = {("UUID", ()), ("UNIQUEIDENTIFIER", ()), ("BINARY", (16,))}
_INTEGERS = frozenset({"SMALLINT", "INTEGER", "BIGINT"})


@dataclass(frozen=True, slots=True)
class DataMovement:
    """Where values went: the columns `to`.

    `computed` is True if Python computed them, so that their source is not visible; `chosen` if only which rows get which value
    hangs on the source; `whole` if they are kept there as they were, as far as can be seen; `respelled` if they are the identifiers
    that they were, which downgrade() writes as texts again; `returned` if they come back as they were. `through` is a column of
    this upgrade's own that held them in between, and is dropped as well.
    """

    to: tuple[str, ...]
    computed: bool = False
    chosen: bool = False
    whole: bool = False
    respelled: bool = False
    returned: bool = False
    through: str = ""


def movement(case: MigrationCase, drop: DropColumn) -> DataMovement | None:
    """Return where this upgrade carried the values of a column before it drops it; None if it did not.

    To a column that it added, or to one of the same name in another table. Values that were worked out in Python count where they
    fill such columns, Python reads the one that goes, and downgrade() does not work it out again.
    """
    if case.state_before(drop).table is None or not readable(drop.column):
        return None
    upgrade = case.operations("upgrade")
    before = upgrade[: next(place for place, op in enumerate(upgrade) if op is drop)]
    filling = (op for op in before if isinstance(op, (Update, Insert)))
    found = [filled for op in filling for filled in _filled(case, op, drop, before)]
    read = tuple(dict.fromkeys(target for target, flow in found if flow.source is not UNKNOWN))
    if read:
        passed = [target for target in read if _is_dropped(case, drop, target)]
        onward = [(target, flow) for target in passed for flow in _onward(case, drop, target)]
        ends = tuple(dict.fromkeys([target for target in read if target not in passed] + [str(flow.column) for _, flow in onward]))
        plain = all(flow.plain for _, flow in (*found, *onward) if flow.source is not UNKNOWN)
        plain = plain and _is_copied(case, drop, ends, upgrade if passed else before)
        is_back = (plain or _is_boolean(case, drop)) and is_refilled(case, drop)
        if is_back or not ends or _is_bound(case, drop, ends):
            return None
        is_respelled = not plain and not passed and _is_respelled(case, drop, read, before)
        return DataMovement(ends, whole=plain, respelled=is_respelled, through=passed[0] if passed else "")
    chosen = [target for op in before if isinstance(op, Update) for target in _chosen(case, op, drop, before)]
    if chosen:
        returned = _is_boolean(case, drop) and _is_chosen_again(case, drop, chosen, before)
        moved = DataMovement(tuple(dict.fromkeys(chosen)), chosen=True, returned=returned)
        return None if is_refilled(case, drop) else moved
    if found and _is_read(case, drop, before) and not is_refilled(case, drop):
        targets = tuple(dict.fromkeys(target for target, _ in found))
        # a row that Python copies keeps the name of the column
        alike = tuple(target for target in targets if fold(target.rpartition(".")[2]) == fold(drop.column))
        return DataMovement(alike or targets, computed=True, whole=bool(alike))
    return None


def _is_dropped(case: MigrationCase, drop: DropColumn, target: str) -> bool:
    """Return whether upgrade() drops a column of the same table again to which it has copied values."""
    table = case.state_before(drop).table
    drops = (op for op in case.operations("upgrade") if isinstance(op, DropColumn) and has_name((op.column,), target))
    return any(op is not drop and case.state_before(op).table is table for op in drops)


def _onward(case: MigrationCase, drop: DropColumn, target: str) -> Iterator[ValueFlow]:
    """Return what is filled from a column of the same table that held the values in between."""
    for op in case.operations("upgrade"):
        if isinstance(op, Update) and case.state_before(op).table is case.state_before(drop).table:
            for flow in _flows(op):
                if readable(flow.column) and has_name((flow.source,), target) and fold(flow.column) != fold(target):
                    yield replace(flow, plain=flow.plain and op.where is False)


def _is_copied(case: MigrationCase, drop: DropColumn, to: tuple[str, ...], before: tuple[Op, ...]) -> bool:
    """Return whether the columns that values were copied to hold them as they were: of the same type, or JSON."""
    source = case.tracked(drop)
    for target in to:
        table, _, column = target.rpartition(".")
        kinds = list(_types_of(before, table or str(drop.table), column))
        same = (_is_kept(setting_of(source, "type"), kind) for kind in kinds if source is not None)
        in_json = any(isinstance(kind, SqlType) and kind.name in {"JSON", "JSONB"} for kind in kinds)
        if not in_json and (False in same if table else not kinds or any(found is not True for found in same)):
            return False
    return True


def _is_boolean(case: MigrationCase, drop: DropColumn) -> bool:
    """Return whether a column holds two values only, which whatever is computed from them keeps apart."""
    kind = _former_type(case, drop)
    return isinstance(kind, SqlType) and (kind.name == "BOOLEAN" or (kind.name == "TINYINT" and kind.args == (1,)))


def _former_type(case: MigrationCase, drop: DropColumn) -> object:
    """Return the type of the column that goes, the one that downgrade() gives it where the history does not know it."""
    known = [setting_of(each, "type") for each in (case.tracked(drop), case.analysis(drop).successor(drop)) if each is not None]
    return next((kind for kind in known if kind is not UNKNOWN), UNKNOWN)


def _is_respelled(case: MigrationCase, drop: DropColumn, to: tuple[str, ...], before: tuple[Op, ...]) -> bool:
    """Return whether texts become UUIDs in every row, and downgrade() makes a text of each of those."""
    analysis, column = case.analysis(drop), fold(str(drop.column))
    kinds = [kind for target in to for kind in _types_of(before, str(drop.table), target)]
    are_ids = all(isinstance(kind, SqlType) and (kind.name, kind.args) in _IDENTIFIERS for kind in kinds)
    former = _former_type(case, drop)
    if len(to) != 1 or not kinds or not are_ids or not isinstance(former, SqlType) or former.name not in _TEXTS:
        return False
    there = [(op, flow) for op, flow in _whole_flows(case, drop, analysis.upgrade) if fold(str(flow.column)) == fold(to[0])]
    names, table = _names_again(case, drop), case.state_before(drop).table
    back = [(op, flow) for op, flow in _whole_flows(case, drop, analysis.reverse.values()) if fold(str(flow.column)) in names]
    is_there = bool(there) and all(fold(str(flow.source)) == column for _, flow in there)
    return is_there and table is not None and bool(back) and all(_is_left(case, flow, op, table) for op, flow in back)


def _is_bound(case: MigrationCase, drop: DropColumn, to: tuple[str, ...]) -> bool:
    """Return whether every value becomes a bound of a range, and downgrade() takes it out again."""
    analysis, names, column = case.analysis(drop), _names_again(case, drop), fold(str(drop.column))
    there = [flow for _, flow in _whole_flows(case, drop, analysis.upgrade) if fold(str(flow.source)) == column]
    back = [flow for _, flow in _whole_flows(case, drop, analysis.reverse.values()) if fold(str(flow.column)) in names]
    return len(to) == 1 and is_taken_out(_former_type(case, drop), there, back)


def _whole_flows(case: MigrationCase, drop: DropColumn, ops: Iterable[Op]) -> Iterator[tuple[Update, ValueFlow]]:
    """Return what UPDATEs of every row compute within the dropped column's table from columns, each with the UPDATE."""
    analysis, table = case.analysis(drop), case.state_before(drop).table
    for op in ops:
        if isinstance(op, Update) and op.certain and analysis.state_before(op).table is table and takes_every_row(analysis, op):
            yield from ((op, flow) for flow in _flows(op) if readable(flow.column) and readable(flow.source))


def _is_chosen_again(case: MigrationCase, drop: DropColumn, to: list[str], before: tuple[Op, ...]) -> bool:
    """Return whether nothing but a column's two values chooses those of another, by which downgrade() sets both again."""
    analysis, table = case.analysis(drop), case.state_before(drop).table
    alone = {fold(str(drop.column))}
    there = [op for op in before if isinstance(op, Update) and any(has_name(op.columns, target) for target in to)]
    if not all(set(map(fold, map(str, op.conditions))) <= alone for op in there if analysis.state_before(op).table is table):
        return False
    names = _names_again(case, drop)
    back = [
        op
        for op in analysis.reverse.values()
        if isinstance(op, Update) and analysis.state_before(op).table is table and any(has_name(op.columns, name) for name in names)
    ]
    again = analysis.successor(drop)
    has_default = again is not None and setting_of(again, "server_default") not in {None, UNKNOWN}
    by_target = [op for op in back if any(has_name(op.conditions, target) for target in to)]
    return len(by_target) + has_default > 1 and len(by_target) == len(back)


def _is_kept(former: object, new: object) -> bool | None:
    """Return whether values come into a column of a type as they were; one that is too long or too large for it is refused."""
    same = is_same_value(former, new)
    if same is not False or not isinstance(former, SqlType) or not isinstance(new, SqlType):
        return same
    names = {former.name, new.name}
    return names <= _TEXTS or names <= _INTEGERS or loses_nothing(former, new)


def _types_of(before: Iterable[Op], table: str, column: str) -> Iterator[object]:
    """Return the types that operations give to a column that they make."""
    for op in before:
        made = (op.definition,) if isinstance(op, AddColumn) else op.columns if isinstance(op, CreateTable) else ()
        if made and readable(op.table) and fold(op.table) == fold(table):  # type: ignore[attr-defined]  # both have it
            yield from (each.type for each in made if readable(each.name) and fold(each.name) == fold(column))


def _chosen(case: MigrationCase, op: Update, drop: DropColumn, before: tuple[Op, ...]) -> Iterator[str]:
    """Return the new columns whose values an UPDATE of the same table chooses by the column that goes."""
    is_same = case.state_before(op).table is case.state_before(drop).table
    if not is_same or not has_name(op.conditions, str(drop.column)) or op.columns is UNKNOWN or op.flows is UNKNOWN:
        return
    for column in op.columns:
        mine = [flow for flow in op.flows if readable(flow.column) and flow.column == column]
        target = _target(case, op, ValueFlow(column=column, source=column), drop, before)
        if target is not None and all(flow.source is not UNKNOWN for flow in mine):
            yield target


def _is_read(case: MigrationCase, drop: DropColumn, before: tuple[Op, ...]) -> bool:
    """Return whether upgrade() hands values of a column to Python: in a SELECT, or as an attribute or item of a row."""
    column = fold(str(drop.column))
    reads = case.migration.upgrade.reads if case.migration.upgrade is not None else ()
    return column in selected_words(before) or any(fold(name) == column for name in reads)


def _filled(case: MigrationCase, op: Op, drop: DropColumn, before: tuple[Op, ...]) -> Iterator[tuple[str, ValueFlow]]:
    """Return the columns that one operation fills in place of the dropped one, each with what its values come from."""
    same = case.state_before(op).table is case.state_before(drop).table
    if isinstance(op, Update) and not (same and has_name(op.columns, str(drop.column))):
        for flow in _flows(op):
            may_be_it = flow.source is UNKNOWN or _is_of(flow, case, op, drop)
            target = _target(case, op, flow, drop, before) if may_be_it else None
            if target is not None:
                yield target, replace(flow, plain=flow.plain and takes_every_row(case.analysis(drop), op))
    elif isinstance(op, Insert) and readable(op.table) and not same and has_name(op.columns, str(drop.column)):
        target = f"{op.table}.{drop.column}"
        if op.flows is UNKNOWN and readable(drop.table) and has_name(op.source_tables, drop.table):
            # a query of SQLAlchemy's, which takes a column of that name as it is
            yield target, ValueFlow(column=str(drop.column), source=str(drop.column), plain=True)
        for flow in op.flows if op.flows is not UNKNOWN else ():
            is_there = readable(flow.column) and fold(flow.column) == fold(str(drop.column))
            if is_there and (flow.source is UNKNOWN or _is_of(flow, case, op, drop)):
                # in a loop over rows each turn copies one of them
                yield target, replace(flow, plain=flow.plain or (op.query and op.repeated and flow.copied))


def is_refilled(case: MigrationCase, drop: DropColumn) -> bool:
    """Return whether downgrade() computes the values of a dropped column again, from what is left or in Python.

    A constant counts as computed, too, if another table determines which rows get it.
    """
    analysis, table = case.analysis(drop), case.state_before(drop).table
    names = _names_again(case, drop)
    for op in analysis.reverse.values():
        if (
            isinstance(op, Update)
            and table is not None
            and analysis.state_before(op).table is table
            and not brings_nothing(case, op, drop.column)
        ):
            mine = (flow for flow in _flows(op) if readable(flow.column) and fold(flow.column) in names)
            # `SET flag = true FROM other …`: which rows get the constant is the information
            if op.flows == () and op.source_tables and any(has_name(op.columns, name) for name in names):
                return True
            if any(_is_left(case, flow, op, table) for flow in mine):
                return True
    return False


def _names_again(case: MigrationCase, drop: DropColumn) -> set[str]:
    """Return the name of a dropped column, and the one under which downgrade() adds it before it gives it that name."""
    again = case.analysis(drop).successor(drop)
    made = again.creator if again is not None else None
    return {fold(str(drop.column)), *([fold(str(made.column))] if isinstance(made, AddColumn) else [])}


def moves_back(case: MigrationCase, drop: DropColumn) -> bool:
    """Return whether a column's values are copied as they are to one of the same type, and downgrade() copies all of them back."""
    analysis = case.analysis(drop)
    source, successor = case.tracked(drop), analysis.successor(drop)
    if source is None or successor is None or not readable(drop.column):
        return False
    column = fold(drop.column)
    there = {target for target, name in _copies(case, drop, analysis.upgrade) if name == column}
    there &= {name for target, name in _copies(case, drop, analysis.reverse.values()) if target == column}
    made = [op.definition.type for op in analysis.upgrade if isinstance(op, AddColumn) and fold(str(op.column)) in there]
    kinds = [setting_of(source, "type"), *made]
    return bool(there) and all(is_same_value(setting_of(successor, "type"), kind) is True for kind in kinds)


def _copies(case: MigrationCase, drop: DropColumn, ops: Iterable[Op]) -> Iterator[tuple[str, str]]:
    """Return what UPDATEs of every row copy within the dropped column's table: targets with their sources."""
    yield from ((fold(str(flow.column)), fold(str(flow.source))) for _, flow in _whole_flows(case, drop, ops) if flow.plain)


def _flows(op: Update) -> tuple[ValueFlow, ...]:
    if op.flows is not UNKNOWN:
        return op.flows
    return () if op.columns is UNKNOWN else tuple(ValueFlow(column=column, source=UNKNOWN) for column in op.columns)


def _target(case: MigrationCase, update: Update, flow: ValueFlow, drop: DropColumn, before: tuple[Op, ...]) -> str | None:
    """Return the column that a flow fills if it is one that may take the place of the dropped one."""
    if not readable(flow.column):
        return None
    table, name = case.state_before(update).table, fold(flow.column)
    added = (op for op in before if isinstance(op, AddColumn) and case.state_before(op).table is table)
    if any(readable(column.column) and fold(column.column) == name for column in added):
        return flow.column if table is case.state_before(drop).table or flow.source is not UNKNOWN else None
    elsewhere = table is not case.state_before(drop).table and readable(update.table)
    return f"{update.table}.{flow.column}" if elsewhere and name == fold(str(drop.column)) else None


def _is_of(flow: ValueFlow, case: MigrationCase, update: Update | Insert, drop: DropColumn) -> bool:
    """Return whether a flow comes from the dropped column."""
    if not readable(flow.source) or fold(flow.source) != fold(str(drop.column)):
        return False
    if readable(flow.table):
        return readable(drop.table) and fold(flow.table) == fold(drop.table)
    same = case.state_before(update).table is case.state_before(drop).table
    return same or (readable(drop.table) and has_name(update.source_tables, drop.table))


def _is_left(case: MigrationCase, flow: ValueFlow, op: Update, table: TrackedObject) -> bool:
    """Return whether a flow of downgrade() comes from something that downgrade() did not make itself."""
    source = flow.source
    if not readable(source) or (readable(flow.table) and flow.table != op.table) or (flow.table is None and op.source_tables):
        return True
    analysis = case.analysis(op)
    return not any(
        isinstance(other, AddColumn) and analysis.state_before(other).table is table and fold(str(other.column)) == fold(source)
        for other in analysis.reverse.values()
    )
