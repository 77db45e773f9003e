"""Rows and values that a rollback did not lose: they are in a table or a column of another name. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from mrt_runtime.compare.rows import Rows, TableRows
from mrt_runtime.verdict import Failure


def find_elsewhere(losses: Iterable[Failure], before: Rows, after: Rows) -> dict[tuple[str, str | None], str]:
    """Return where the rows or values are that are missing under their own name: by table and column, the name that has them."""
    found = {}
    for loss in losses:
        old = before.tables.get(loss.table or "")
        name = _find_place(old, loss.column, before, after) if old is not None else None
        if old is not None and name is not None:
            found[old.table, loss.column] = name
    return found


def describe_elsewhere(failures: Sequence[Failure], found: dict[tuple[str, str | None], str]) -> Iterator[Failure]:
    """Yield the failures without those losses, and with the new place where something is said to be missing."""
    for failure in failures:
        name = found.get((failure.table or "", failure.column))
        if name is None:
            yield failure
        elif failure.kind != "data-loss":
            what = "values" if failure.column else "rows"
            is_missing = " missing " in failure.message
            yield replace(failure, message=f"{failure.message}: its {what} are in '{name}'") if is_missing else failure


def _find_place(old: TableRows, column: str | None, before: Rows, after: Rows) -> str | None:
    new = after.tables.get(old.table)
    if column is None:
        others = (table for label, table in after.tables.items() if label not in before.tables)
        same = (
            table for table in others if set(table.columns) == set(old.columns) and _holds(table, old.columns, old, old.columns)
        )
        return next((table.table for table in same), None) if new is None else None
    if new is None or column in new.columns:
        return None
    shared = [name for name in old.columns if name in new.columns]
    others_of_it = (name for name in new.columns if name not in old.columns)
    return next((f"{old.table}.{name}" for name in others_of_it if _holds(new, [*shared, name], old, [*shared, column])), None)


def _holds(new: TableRows, names: Sequence[str], old: TableRows, old_names: Sequence[str]) -> bool:
    """Whether each of the old rows is among the new ones, in these columns."""
    if old.hashed != new.hashed:
        return False
    return not Counter(map(repr, old.project(old_names))) - Counter(map(repr, new.project(names)))
