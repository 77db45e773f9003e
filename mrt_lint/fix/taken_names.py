"""The names that an operation takes: no second thing can be made under one of them while the first stands."""

from __future__ import annotations

from collections.abc import Hashable

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import fold, object_place, place
from mrt_lint.model.ops import AddColumn, CreateConstraint, CreateIndex, CreateObject, CreateTable, Op


def taken_names(op: Op) -> dict[Hashable, str]:
    """Give the places of what an operation makes, as far as its names can be read, each with what it is called in a sentence.

    The indexes and constraints of a table share their names: PostgreSQL and MySQL keep a unique constraint as an index of its name.
    """
    if isinstance(op, CreateObject):
        return {object_place(op.kind, op.schema, op.name): f"{op.kind} '{op.name}'"} if readable(op.name) else {}
    if not isinstance(op, CreateTable | AddColumn | CreateIndex | CreateConstraint) or not readable(op.table):
        return {}
    table = place(op.schema, op.table)
    if isinstance(op, CreateTable):
        made: dict[Hashable, str] = {("table", table): f"table '{op.table}'"}
        made.update((("column", table, fold(part.name)), f"column '{part.name}'") for part in op.columns if readable(part.name))
        parts = ((part.name, fold(part.name)) for part in op.constraints if readable(part.name))
        made.update((("part", table, key), f"constraint '{name}'") for name, key in parts)
        return made
    if isinstance(op, AddColumn):
        return {("column", table, fold(op.column)): f"column '{op.column}'"} if readable(op.column) else {}
    kind, name = ("index", op.index) if isinstance(op, CreateIndex) else ("constraint", op.constraint)
    return {("part", table, fold(name)): f"{kind} '{name}'"} if readable(name) else {}
