"""Whether other rows could make a step pass that failed: each look costs a run of the migration."""

from __future__ import annotations

import re

from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.seeded import Seeded

COMPUTES = frozenset({"execute", "bulk_insert", "scalar", "scalars", "query", "Session", "sessionmaker"})
"""Words of a migration that does more than to change the schema."""


def may_help(
    adjustment: Adjustment, cause: str, code: CodeReading, *, before: Snapshot | None, seeded: Seeded | None, has_targets: bool
) -> bool:
    """Return whether a step that failed for this cause may pass with rows that are adjusted so.

    What only changes the schema reads no row of another table, and NULL is in its way only in a column that the cause names.
    """
    if adjustment is Adjustment.TARGETS:
        return has_targets
    if adjustment is Adjustment.ORPHANS:
        return seeded is not None and any(seeded.orphans.values())
    if adjustment is Adjustment.EDGES:
        return seeded is not None and any(seeded.edges.values())
    if code.statements or code.words & COMPUTES:
        return True
    words = set(re.findall(r"\w+", cause))
    tables = before.schema.tables if before is not None else ()
    return adjustment is Adjustment.NULLS and any(c.nullable and c.name in words for table in tables for c in table.columns)
