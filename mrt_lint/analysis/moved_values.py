"""What else belongs to values that move from a column to others: new tables, keys that point there, and tables that go."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import fold
from mrt_lint.model import ops
from mrt_lint.model.ops import DropColumn
from mrt_lint.model.values import Constraint


def first_release(case: MigrationCase, drop: DropColumn, targets: tuple[str, ...]) -> dict[str, str]:
    """Return what to do in a first release in place of a move, for a sentence, the column that stays, and what a rollback drops."""
    former = _former_name(case, drop)
    if former is not None and fold(former) in map(fold, targets):
        first = f"leave {former} as it is, add a column under another name and fill that"
        return {"first": first, "source": former, "then": "; downgrade() then only drops the new one"}
    made = {(fold(str(op.table)), fold(str(op.column))) for op in case.migration.upgrade_ops if isinstance(op, ops.AddColumn)}
    made |= {(fold(str(op.table)), "") for op in case.migration.upgrade_ops if isinstance(op, ops.CreateTable)}
    split = [tuple(map(fold, target.rpartition(".")[::2])) for target in targets]
    new = [
        target
        for target, (table, name) in zip(targets, split, strict=True)
        if not table or not {(table.rpartition(".")[2], name), (table.rpartition(".")[2], "")}.isdisjoint(made)
    ]
    added, there = _made_for(case, tuple(new)), [target for target in targets if target not in new]
    fills = " and ".join(there + ([] if not added else ["it" if len(added) == 1 else "them"]))
    first = f"add {' and '.join(added)} and fill {fills}" if added else f"fill {fills}"
    return {
        "first": first,
        "source": str(drop.column),
        "then": f"; downgrade() then only drops {' and '.join(added)}" * bool(added),
    }


def _former_name(case: MigrationCase, drop: DropColumn) -> str | None:
    """Return the name that a column had before upgrade(), if that renames it."""
    table, column = case.state_before(drop).table, case.tracked(drop)
    before = table.columns_by_name.before.items() if isinstance(table, TrackedTable) and column is not None else ()
    found = next((str(name) for name, tracked in before if tracked is column), None)
    return found if found is not None and found != fold(str(drop.column)) else None


def _made_for(case: MigrationCase, targets: tuple[str, ...]) -> list[str]:
    """Return what upgrade() makes to hold values, for a sentence: columns, and a new table with the keys that point to it."""
    found: dict[str, None] = {}
    made = {fold(op.table) for op in case.migration.upgrade_ops if isinstance(op, ops.CreateTable) and readable(op.table)}
    for target in targets:
        table, _, column = target.rpartition(".")
        if table and fold(table.rpartition(".")[2]) in made:
            found |= dict.fromkeys(_pointing_to(case, table.rpartition(".")[2]))
            found[f"table {table}"] = None
        else:
            found[target if table else column] = None
    return list(found)


def _pointing_to(case: MigrationCase, table: str) -> Iterator[str]:
    """Return the new columns of tables that were there from which foreign keys point to a table."""
    new = {(fold(str(op.table)), fold(str(op.column))) for op in case.migration.upgrade_ops if isinstance(op, ops.AddColumn)}
    for op in case.migration.upgrade_ops:
        keys: tuple[Constraint, ...] = ()
        if isinstance(op, ops.CreateForeignKey):
            keys = (op.definition,)
        elif isinstance(op, ops.AddColumn):
            keys = tuple(key if key.columns else _of(key, op.column) for key in op.definition.constraints)
        for key in keys:
            if key.is_reference and readable(key.referred_table) and fold(str(key.referred_table)) == fold(table):
                names = key.columns if isinstance(key.columns, tuple) else ()
                yield from (
                    str(name) for name in names if readable(name) and (fold(str(getattr(op, "table", ""))), fold(name)) in new
                )


def _of(key: Constraint, column: object) -> Constraint:
    return Constraint(kind=key.kind, columns=(str(column),), referred_table=key.referred_table)


def referred_and_dropped(case: MigrationCase, drop: DropColumn) -> str:
    """Return the table to which a dropped column refers by a foreign key, if upgrade() drops it, too; "" for none."""
    table = case.state_before(drop).table
    known = case.known_schema(case.dialect(drop)).table(table.origin) if isinstance(table, TrackedTable) else None
    gone = {fold(op.table): op.table for op in case.migration.upgrade_ops if isinstance(op, ops.DropTable) and readable(op.table)}
    for key in known.known_constraints("foreignkey") if known is not None else ():
        names = [fold(name) for name in key.columns if readable(name)] if isinstance(key.columns, tuple) else []
        if fold(str(drop.column)) in names and readable(key.referred_table) and fold(str(key.referred_table)) in gone:
            return gone[fold(str(key.referred_table))]
    return ""
