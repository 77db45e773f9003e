"""A table that a migration uses although nothing before it makes it."""

from __future__ import annotations

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.history.schema import place
from mrt_lint.model.ops import CreateTable, DropTable, Op


def is_table_absent(case: MigrationCase, op: Op) -> bool:
    """Return whether the table of an upgrade operation provably is not there when it runs.

    The revisions before are read in full and make all tables that they use, and neither they nor this upgrade make that one.
    """
    name, table = getattr(op, "table", None), case.state_before(op).table
    history, parents = case.history, case.migration.parents
    if not readable(name) or not isinstance(table, TrackedTable) or table.creator is not None or history is None:
        return False
    key = place(getattr(op, "schema", None), name)
    if table.origin != key or not case.analysis(op).upgrade_doubts.is_clear:
        return False
    if history.may_be_made_in_parallel(str(case.migration.revision), "table", key[1]):
        return False
    known = case.known_schema(case.dialect(op))
    return bool(parents) and all(map(history.is_fully_read, parents)) and known.makes_all_but(key)


def is_made_by_later_downgrade(case: MigrationCase, op: Op) -> bool:
    """Return whether downgrade() of a later revision, which has run by then, makes the table that an operation drops."""
    revision = case.migration.revision
    if not isinstance(op, DropTable) or not readable(op.table) or case.history is None or not isinstance(revision, str):
        return False
    where = place(op.schema, op.table)
    later = (each for key, each in case.history.migrations.items() if case.history.is_before(revision, key))
    made = (other for each in later for other in each.downgrade_ops if isinstance(other, CreateTable))
    return any(readable(other.table) and place(other.schema, other.table) == where for other in made)
