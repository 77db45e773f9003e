"""What seeding did."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mrt_runtime.compare.schema import Schema, Table
from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.seed.changed_row import ChangedRow
from mrt_runtime.seed.edge_row import EdgeRow
from mrt_runtime.seed.row_insertion import FilledTable
from mrt_runtime.seed.unique_key import key_columns
from mrt_runtime.seed.value import Row

if TYPE_CHECKING:
    from mrt_runtime.seed.migration_hints import MigrationHints


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What a call did: `rows` written in each table, and why tables (or one of their columns) could not be filled.

    `schema` is the catalogue that it was done for and `keys` how our rows are found again; both are for the next call.
    `edges` are the rows at the edge of their types; `without` names tables with the adjustment that took rows out which come back.
    `orphans` are the keys of rows that point at nothing, in columns which become foreign keys, `held` those of rows that
    hold before an upgrade what only its downgrade names, `changed` the rows whose values were adjusted.
    """

    rows: dict[str, int] = field(default_factory=dict)
    unseeded: dict[str, str] = field(default_factory=dict)
    schema: Schema | None = None
    keys: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    edges: dict[str, tuple[EdgeRow, ...]] = field(default_factory=dict)
    orphans: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    held: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    without: frozenset[tuple[str, Adjustment]] = frozenset()
    changed: dict[str, tuple[ChangedRow, ...]] = field(default_factory=dict)

    def without_tables(self, labels: Collection[str]) -> Seeded:
        """Return the same without what was done in these tables."""
        return replace(
            self,
            keys={label: rows for label, rows in self.keys.items() if label not in labels},
            edges={label: rows for label, rows in self.edges.items() if label not in labels},
            orphans={label: rows for label, rows in self.orphans.items() if label not in labels},
            held={label: rows for label, rows in self.held.items() if label not in labels},
            without=frozenset((label, adjustment) for label, adjustment in self.without if label not in labels),
            changed={label: rows for label, rows in self.changed.items() if label not in labels},
        )

    def follow(self, schema: Schema, hints: MigrationHints) -> Seeded:
        """Return the same of a later catalogue, by the names that tables have there."""
        labels = {table.label for table in schema.tables}
        return Seeded(
            unseeded={label: reason for label, reason in self.unseeded.items() if label in labels},
            schema=schema,
            keys=hints.follow(self.keys, labels),
            edges=hints.follow(self.edges, labels),
            orphans=hints.follow(self.orphans, labels),
            held=hints.follow(self.held, labels),
            changed=hints.follow(self.changed, labels),
        )

    def note(self, table: Table, filled: FilledTable) -> None:
        """Record what was inserted into a table."""
        label, names = table.label, key_columns(table)
        if filled.written:
            self.rows[label] = filled.written
        rows = [row for row in filled.rows if all(name in row for name in names)] if names else []
        self.keys[label] = tuple({name: row[name] for name in names} for row in rows)
        if filled.edges:
            self.edges[label] = (*self.edges.get(label, ()), *filled.edges)
        if filled.reason is None:
            self.unseeded.pop(label, None)
        else:
            self.unseeded[label] = filled.reason

    def note_key(self, table: Table, row: Row) -> Row:
        """Record a row that was inserted beside the others, and return its key, empty where the table has none."""
        key = {name: row[name] for name in key_columns(table)}
        self.keys[table.label] = (*self.keys.get(table.label, ()), *([key] if key else []))
        return key
