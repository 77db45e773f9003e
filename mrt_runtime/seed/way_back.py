"""What the downgrade of a migration does to rows, beside what its upgrade says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mrt_runtime.migration_file import parse_file, read_migration
from mrt_runtime.seed.code_reader import CodeReading, read_code
from mrt_runtime.seed.imported_values import Namespace

if TYPE_CHECKING:
    from mrt_lint.model.migration import Migration

CHANGES = re.compile(rb"\bUPDATE\b|\bDELETE\b|\.update\(|\.delete\(|\bsetattr\(|\.\w+\s*=[^=]", re.IGNORECASE)


@dataclass(frozen=True)
class WayBack:
    """A migration in both directions: what either says, and the files before it."""

    upgrade: CodeReading
    downgrade: CodeReading
    earlier: tuple[str, ...]
    dialect: str

    @cached_property
    def _migration(self) -> Migration | None:
        return read_migration(self.upgrade.file, self.dialect)

    def list_changes(self, table: str) -> set[str]:
        """Return which operations of the downgrade change rows of a table: "update", "delete"."""
        ops = self._migration.downgrade_ops if self._migration is not None else ()
        return {op.op for op in ops if op.op in {"update", "delete"} and may_be_of(op, table)}

    def inserts_into(self, table: str) -> bool:
        """Whether the upgrade inserts rows into a table, or may: those that the downgrade then deletes are mostly these."""
        ops = self._migration.upgrade_ops if self._migration is not None else ()
        return any(op.op in {"insert", "bulk_insert"} and may_be_of(op, table) for op in ops)


def may_be_of(op: object, table: str) -> bool:
    """Whether an operation is about a table, as far as its name can be read."""
    name = getattr(op, "table", None)
    return not isinstance(name, str) or name.lower() == table.lower()


def read_way_back(upgrade: CodeReading, earlier: tuple[str, ...], namespace: Namespace, dialect: str) -> WayBack | None:
    """Return a migration in both directions; None where its downgrade changes no rows. namespace: what its names stand for."""
    parsed = parse_file(upgrade.file)
    source = parsed[0].partition(b"def downgrade")[2] if parsed is not None else b""
    if not CHANGES.search(source):
        return None
    return WayBack(upgrade, read_code(upgrade.file, namespace, left_out="upgrade"), earlier, dialect)
