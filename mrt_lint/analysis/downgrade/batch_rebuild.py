"""What batch mode loses when it rebuilds a table on SQLite, and whether it is restored in the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.analysis.downgrade.tracked_objects import TrackedObject, TrackedTable, readable
from mrt_lint.history.schema import QualifiedName, ReplayedSchema, ReplayedTable, fold, place
from mrt_lint.history.sqlite_rebuild import asked, collation, is_reordered, is_unnamed_check, is_unseen
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import CreateIndex, CreateObject, Op
from mrt_lint.model.values import UNKNOWN

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class RebuildLoss:
    """What batch mode lost when it rebuilt a table on SQLite.

    `what` is "index", "trigger", "collation" (of a column), "order" (of an index's columns), "check" or "autoincrement", which is
    lost or gained. `name` is its name, the condition for a CHECK; `former` is what it was before this migration.
    """

    op: Op
    table: TrackedTable
    what: str
    name: str
    former: object


def forget_unseen(simulated: SimulatedSchema, op: Op) -> None:
    """Remove what batch mode does not reflect, and so does not make again: triggers, and indexes with an expression."""
    table = simulated.table_of(op)
    for namespace in (simulated.indexes, simulated.objects) if table is not None else ():
        for key, tracked in list(namespace.now.items()):
            made = tracked.definition if tracked is not None and tracked.table is table else None
            if is_unseen(made) if isinstance(made, CreateIndex) else isinstance(made, CreateObject) and made.kind == "trigger":
                namespace.drop(key)


def lasting_losses(simulated: SimulatedSchema, table_of: Callable[[Op], TrackedObject | None]) -> Iterator[RebuildLoss]:
    """Yield what rebuilds have lost and nothing has brought back, the last time where it came and went."""
    known, final = simulated.known_schema.schema, simulated.schema
    found: dict[tuple[int, str, str], RebuildLoss] = {}
    for op, before, after in simulated.draft.rebuilt if simulated.known_schema.with_types else ():
        table, how = table_of(op), asked(op)
        if not isinstance(table, TrackedTable) or table.creator is not None or not readable(op.table):
            continue
        for key, loss in list(found.items()):  # it may come back by the options of a later rebuild
            if loss.table is table and (how.has_unknown_parts or (how.checks and loss.what == "check")):
                del found[key]
        if op.certain and not how.has_unknown_parts:
            losses = _losses(op, table, known, *(dict(_parts(schema, place(op.schema, op.table))) for schema in (before, after)))
            found |= {(id(table), loss.what, loss.name): loss for loss in losses}
    yield from (loss for loss in found.values() if loss.table.exists and not _is_back(loss, known, final))


_Parts: TypeAlias = dict[tuple[str, str], object]


def _losses(op: Op, table: TrackedTable, known: ReplayedSchema, before: _Parts, after: _Parts) -> Iterator[RebuildLoss]:
    former, columns = dict(_parts(known, table.origin)), table.columns_by_name.now
    for (what, name), value in before.items():
        lost = value != after.get((what, name)) and (what == "autoincrement" or former.get((what, name)) == value)
        goes_along = what == "check" and any(columns.get(word, table) is None for word in map(fold, _WORD.findall(name)))
        if lost and not goes_along:
            yield RebuildLoss(op, table, what, name, former.get((what, name)))


def _parts(schema: ReplayedSchema, where: QualifiedName) -> Iterator[tuple[tuple[str, str], object]]:
    """Yield what batch mode may lose of a table, by what it is and its name."""
    table = schema.tables_by_place.get(where, None)
    if not isinstance(table, ReplayedTable):
        return
    for index in table.known_indexes():
        if is_unseen(index) or is_reordered(index):
            yield ("index" if is_unseen(index) else "order", str(index.index)), index.columns
    for name, column in table.columns.items():
        if collation(column) is not None:
            yield ("collation", name), collation(column)
    for check in filter(is_unnamed_check, table.unnamed):
        yield ("check", check.condition if readable(check.condition) else "…"), True
    for _, made in schema.triggers(where):
        yield ("trigger", str(made.name)), True
    if table.complete and table.autoincrement is not UNKNOWN:
        yield ("autoincrement", ""), table.autoincrement


def _is_back(loss: RebuildLoss, known: ReplayedSchema, final: ReplayedSchema) -> bool:
    """Return whether all is finally as it was, or something else is in its place, or the table is gone."""
    former, table = known.tables_by_place.get(loss.table.origin, None), final.tables_by_place.get(loss.table.current_key, None)
    if not isinstance(table, ReplayedTable) or not isinstance(former, ReplayedTable):
        return True
    if loss.what == "autoincrement":
        return table.autoincrement is UNKNOWN or table.autoincrement == loss.former
    if loss.what == "check":
        checks, before = table.known_constraints("check"), tuple(former.known_constraints("check"))
        return any(check.condition == loss.name or check not in before for check in checks)
    if loss.what == "collation":
        column = table.columns.get(loss.name)
        return column is None or collation(column) is not None
    if loss.what == "trigger":
        return any(fold(str(made.name)) == fold(loss.name) for _, made in final.triggers(loss.table.current_key))
    index = table.indexes.get(fold(loss.name))
    return index is not None if loss.what == "index" else not isinstance(index, CreateIndex) or index.columns == loss.former
