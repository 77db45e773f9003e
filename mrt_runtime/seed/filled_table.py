"""Tables whose rows the migrations write themselves: roles, states, languages. What an application writes there is not made up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mrt_runtime.compare.schema import Table, qualified
from mrt_runtime.migration_file import read_migration
from mrt_runtime.seed.table_order import parents_of

if TYPE_CHECKING:
    from mrt_lint.model.ops import Op

FILLS = re.compile(rb"insert|\badd(?:_all)?\(|\bsave_objects\(|\bCOPY\b", re.IGNORECASE)
MOST_COLUMNS = 5  # of a list


def find_filled_tables(files: Sequence[str], dialect: str) -> dict[str, bool]:
    """Return the tables, by their labels, that upgrades fill with rows of their own, not with those of other tables.

    True where the same upgrade makes the table.
    """
    found: dict[str, bool] = {}
    for file in files:
        source = Path(file).read_bytes().partition(b"def downgrade")[0] if Path(file).exists() else b""
        migration = read_migration(file, dialect) if FILLS.search(source) else None
        for label, is_made in _filled(migration.upgrade_ops) if migration is not None else ():
            found[label] = found.get(label, False) or is_made
    return found


def _filled(operations: Iterable[Op]) -> Iterator[tuple[str, bool]]:
    from mrt_lint.model.ops import BulkInsert, CreateTable, Insert  # noqa: PLC0415 slow to import

    made: set[str] = set()
    for op in operations:
        if isinstance(op, CreateTable | BulkInsert | Insert) and isinstance(op.table, str):
            label = qualified(op.table, op.schema if isinstance(op.schema, str) else None)
            if isinstance(op, CreateTable):
                made.add(label)
            elif not (isinstance(op, Insert) and op.source_tables):
                yield label, label in made


def is_list(table: Table, tables: Iterable[Table]) -> bool:
    """Whether a table may be a list of what others choose from: small, pointing at none, and pointed at."""
    return not table.foreign_keys and len(table.columns) <= MOST_COLUMNS and any(table.label in parents_of(one) for one in tables)
