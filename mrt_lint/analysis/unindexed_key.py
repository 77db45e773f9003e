"""The foreign keys that no index serves."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import ReplayedTable
from mrt_lint.model.ops import AddColumn, CreateConstraint, CreateTable
from mrt_lint.model.values import UNKNOWN, Constraint, Name, Unknown


def unindexed_keys(case: MigrationCase, op: CreateTable | CreateConstraint | AddColumn) -> Iterator[Constraint]:
    """Return the foreign keys that an operation adds and whose columns no index begins with once this revision has run."""
    revision = case.migration.revision
    if case.history is None or not isinstance(revision, str) or not readable(op.table):
        return
    table = case.history.at(revision).table(op.table, op.schema)
    if not isinstance(table, ReplayedTable) or not table.complete or UNKNOWN in table.indexes.values():
        return
    keys = (*table.known_constraints("unique"), *table.known_constraints("primary"))
    covered = [*(index.columns for index in table.known_indexes()), *(key.columns for key in keys)]
    if UNKNOWN in covered:
        return
    for key in table.known_constraints("foreignkey"):
        if _adds(op, key) and not any(_begins_with(columns, key.columns) for columns in covered):
            yield key


def _adds(op: CreateTable | CreateConstraint | AddColumn, key: Constraint) -> bool:
    """Return whether an operation adds a foreign key of the table that it names."""
    if key.columns is UNKNOWN or isinstance(op, CreateTable):
        return key.columns is not UNKNOWN
    columns = (op.column,) if isinstance(op, AddColumn) else op.columns
    return columns == key.columns


def _begins_with(columns: tuple[Name, ...] | Unknown, key: tuple[Name, ...] | Unknown) -> bool:
    """Return whether an index serves a key: its first columns are the key's, in whatever order."""
    return columns is not UNKNOWN and key is not UNKNOWN and set(columns[: len(key)]) == set(key)
